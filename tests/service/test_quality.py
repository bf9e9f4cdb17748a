"""The quality indicators: what is counted, what could not be told, and in which month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.scenario import BASE, NOW, SERVICES, SETTINGS

from mappings.clock import Clock
from mappings.dates import When, day
from service.demo.synthetic import told_record
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.population.screen import Screen
from service.rules.quality import Case, quality_indicator

PATIENT = "counted"
TODAY = NOW.date()
EXPORTED = sorted({query.resource_type for service in SERVICES.values() for query in service.queries})
DOSES = [{"drug": "Xgeva", "days ago": 100}, {"drug": "Xgeva", "days ago": 72}]
FIXED = {"act": "internal fixation of the femur", "site": "femur", "reason": "bone metastasis"}


def cases(told: Mapping[str, Any], folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, list[tuple[str, ...]]]:
    """The cases of one patient by indicator (month, counts, met), in a screen of that patient alone."""
    record = told_record(PATIENT, TODAY, {**BASE, **told})
    others = [{"resourceType": name, "id": "x", "subject": {"reference": "Patient/other"}} for name in EXPORTED]
    held = [one for one in (*record.resources, *others) if one["resourceType"] not in without]
    source = folder / "export.ndjson"
    source.write_bytes(b"\n".join(map(orjson.dumps, held)))
    Screen(source, folder / "out", SETTINGS, NOW, Language.ENGLISH).run()
    found: dict[str, list[tuple[str, ...]]] = {}
    for line in (folder / "out" / "cases.csv").read_text(encoding="utf-8").splitlines()[1:]:
        patient, indicator, month, _day, counts, met, *_others = line.replace('"', "").split(",")
        if patient == PATIENT:
            found.setdefault(indicator, []).append((month, counts, met))
    return found


def month(days_ago: int) -> str:
    return f"{TODAY - timedelta(days=days_ago):%Y-%m}"


def test_a_type_that_was_not_exported_makes_what_it_decides_unknown(tmp_path: Path) -> None:
    told = {"medications": DOSES, "vitamin D": "38 ng/mL 110 days ago"}
    found = cases(told, tmp_path, without=("Procedure",))
    assert found["dentist-before-first-dose"] == [(month(100), "yes", "cannot tell")]
    assert found["vitamin-d-before-first-dose"] == [(month(100), "yes", "yes")]


def test_doses_that_could_not_be_looked_up_may_count(tmp_path: Path) -> None:
    found = cases({}, tmp_path, without=("MedicationAdministration",))
    assert found["dentist-before-first-dose"] == [("", "may", "cannot tell")]
    assert found["two-year-reassessment"] == [("", "may", "cannot tell")]


def test_a_patient_without_a_metastasis_is_no_case(tmp_path: Path) -> None:
    assert cases({"conditions": ["lung cancer"], "medications": DOSES}, tmp_path) == {}


@pytest.mark.parametrize(
    ("sample", "met"),
    [("280 days ago", "yes"), ("281 days ago", "no"), ("100 days ago", "yes"), ("99 days ago", "no")],
)
def test_vitamin_d_counts_from_the_days_that_it_is_valid_to_the_day_of_the_dose(
    sample: str, met: str, tmp_path: Path
) -> None:
    found = cases({"medications": DOSES, "vitamin D": f"38 ng/mL {sample}"}, tmp_path)
    assert found["vitamin-d-before-first-dose"] == [(month(100), "yes", met)]


@pytest.mark.parametrize(("after", "met"), [(14, "no"), (15, "yes"), (21, "yes"), (22, "no")])
def test_radiotherapy_after_surgery_counts_within_the_days_of_the_table(after: int, met: str, tmp_path: Path) -> None:
    irradiated = {"act": "radiotherapy", "site": "femur", "days ago": 60 - after}
    found = cases({"procedures": [{**FIXED, "days ago": 60}, irradiated]}, tmp_path)
    assert found["radiotherapy-after-surgery"] == [(month(60), "yes", met)]


def test_what_cannot_be_told_is_said_of_the_date_that_is_not_whole(tmp_path: Path) -> None:
    operated = {**FIXED, "on": f"{TODAY - timedelta(days=60):%Y-%m}"}
    irradiated = {"act": "radiotherapy", "site": "femur", "days ago": 40}
    found = cases({"procedures": [operated, irradiated]}, tmp_path)
    assert [met for _month, _counts, met in found["radiotherapy-after-surgery"]] == ["cannot tell"]
    told = (tmp_path / "out" / "cases.csv").read_text(encoding="utf-8")
    assert "The day of the surgery is not on record" in told
    assert "The first day of a radiotherapy" not in told


@pytest.mark.parametrize(("operated", "counted"), [(21, []), (22, [(month(22), "yes", "no")])])
def test_an_operation_counts_once_its_window_is_over(operated: int, counted: list[Any], tmp_path: Path) -> None:
    found = cases({"procedures": [{**FIXED, "days ago": operated}]}, tmp_path)
    assert found.get("radiotherapy-after-surgery", []) == counted


def test_radiotherapy_of_another_bone_is_not_that_of_the_operated_one(tmp_path: Path) -> None:
    irradiated = {"act": "radiotherapy", "site": "humerus", "days ago": 42}
    found = cases({"procedures": [{**FIXED, "days ago": 60}, irradiated]}, tmp_path)
    assert found["radiotherapy-after-surgery"] == [(month(60), "yes", "no")]


@pytest.mark.parametrize(
    ("treatment", "met"),
    [
        ({"dose": "8 Gy", "fractions": 1}, "yes"),
        ({"dose": "10 Gy", "fractions": 1}, "yes"),
        ({"dose": "12 Gy", "fractions": 1}, "no"),
        ({"dose": "20 Gy", "fractions": 5}, "no"),
        ({}, "cannot tell"),
    ],
    ids=["8 Gy once", "10 Gy once", "12 Gy once", "20 Gy in five", "not stated"],
)
def test_one_fraction_on_the_spine_is_counted_as_the_rule_counts_it(
    treatment: Mapping[str, Any], met: str, tmp_path: Path
) -> None:
    course = {"act": "radiotherapy", "site": "L3", "days ago": 90, **treatment}
    found = cases({"procedures": [course]}, tmp_path)
    assert found["single-fraction-spine"] == [(month(90), "yes", met)]


def test_the_month_of_a_partial_date_cannot_always_be_told() -> None:
    assert Case(None, None).month is None
    assert Case(day(TODAY), None).month == TODAY.replace(day=1)
    assert Case(When(TODAY.replace(month=1, day=1), TODAY.replace(month=12, day=31)), None).month is None


def test_the_clock_of_an_earlier_day_has_no_tolerance_of_the_next() -> None:
    earlier = Clock(NOW).at_the_end_of(TODAY)
    assert not earlier.too_far_ahead(day(TODAY))
    assert earlier.too_far_ahead(day(TODAY + timedelta(days=1)))


def test_an_indicator_that_reads_what_there_is_not_is_refused() -> None:
    some = GUIDELINES[0].quality[0]
    with pytest.raises(ValueError, match="unknown facts"):
        quality_indicator(
            "x", title=some.title, of=some.of, met=some.met, citations=some.citations, reads=("nothing",)
        )(lambda _patient: ())


@pytest.mark.parametrize(
    ("days_ago", "met"),
    [(170 - 91, "yes"), (170 - 92, "no"), (170 + 91, "yes"), (170 + 92, "no")],
)
def test_a_reassessment_counts_within_thirteen_weeks_of_two_years(days_ago: int, met: str, tmp_path: Path) -> None:
    told = {
        "procedures": [{"act": "tumour board", "days ago": days_ago}],
        "medications": [{"drug": "zoledronic acid", "kind": "statement", "start": 900, "every": "1 month"}],
    }
    assert cases(told, tmp_path)["two-year-reassessment"] == [(month(170), "yes", met)]
