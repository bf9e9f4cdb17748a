"""`osteocds diff`: what other settings, or another version, change: of a cohort, and proved without one."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import z3
from click.testing import CliRunner
from support.scenario import NOW, SERVICES, SETTINGS, WORLD, request_for, scenarios_of

from service.cli import main
from service.demo.scenario import told_request
from service.guidelines import GUIDELINES
from service.impact.intervals import Interval, intervals, shown
from service.impact.regions import proved
from service.impact.sides import Installed, NoSide, ScreenedBefore, side_of
from service.languages.render import Language
from service.pipeline import advise
from service.settings import InvalidSetting

GUIDELINE = GUIDELINES[0]
DENOSUMAB = {"drug": "denosumab", "dose": "120 mg"}
PATIENTS = {"low": "1.85", "between": "1.95", "mild": "2.10", "usual": "2.40"}
"""Corrected calcium in mmol/L; severe below 2.00 as it is, below 1.90 as it is changed."""

CHANGED = "severe_hypocalcaemia_below=1.90"
AS_OF = ["--as-of", NOW.isoformat()]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    lines: dict[str, list[str]] = {}
    for patient, calcium in PATIENTS.items():
        record = {"calcium": f"{calcium} mmol/L today", "albumin": "40 g/L today"}
        told = {"order": DENOSUMAB, "record": record}
        written, request = told_request(told, NOW.date(), GUIDELINE.taken_for_granted, patient=patient)
        drafts = [entry["resource"] | {"status": "active"} for entry in request["context"]["draftOrders"]["entry"]]
        for one in (*written.resources, *drafts):
            lines.setdefault(one["resourceType"], []).append(json.dumps(one))
    for name, of_type in lines.items():
        (folder / f"{name}.ndjson").write_text("\n".join(of_type))
    return folder


def diff(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["diff", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.output


# --- of a cohort ------------------------------------------------------------------------------------------------------


def changes(folder: Path) -> list[dict[str, str]]:
    with (folder / "changes.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_who_gains_or_loses_which_advice_is_counted_and_listed(export, tmp_path):
    text = diff("--new", CHANGED, "--on", export, "--out", tmp_path / "out", "--workers", 1, *AS_OF)
    assert "something changes for 1 of 4 patients" in text
    row = next(line.split() for line in text.splitlines() if line.startswith("hypocalcaemia "))
    assert row == ["hypocalcaemia", "less", "urgent", "1", "1"]
    [change] = changes(tmp_path / "out")
    told = {name: change[name] for name in ("patient", "hook", "rule", "change", "was", "becomes")}
    assert told == {
        "patient": "between",
        "hook": "order-sign",
        "rule": "hypocalcaemia",
        "change": "less urgent",
        "was": "critical",
        "becomes": "warning",
    }
    assert change["order"].startswith("MedicationRequest/")


def test_two_screens_are_compared_as_they_lie_and_the_other_way_round(export, tmp_path):
    diff("--new", CHANGED, "--on", export, "--out", tmp_path / "out", "--workers", 1, *AS_OF)
    folders = tmp_path / "out" / "new", tmp_path / "out" / "old"
    text = diff("--old", folders[0], "--new", folders[1], "--out", tmp_path / "again")
    assert "more urgent" in text
    [change] = changes(tmp_path / "again")
    assert (change["was"], change["becomes"]) == ("warning", "critical")
    same = diff("--old", folders[0], "--new", folders[0], "--out", tmp_path / "same")
    assert "something changes for 0 of 4 patients" in same
    other = json.loads((folders[1] / "screen.json").read_text())
    (folders[1] / "screen.json").write_text(json.dumps(other | {"as of": "2020-01-01"}))
    refused = diff("--old", folders[0], "--new", folders[1], "--out", tmp_path / "no", code=1)
    assert "the two screens are not of one moment" in refused


def test_another_installation_screens_the_cohort_itself(export, tmp_path):
    text = diff("--old", sys.executable, "--new", CHANGED, "--on", export, "--out", tmp_path, "--workers", 1, *AS_OF)
    assert "something changes for 1 of 4 patients" in text


# --- sides ------------------------------------------------------------------------------------------------------------


def test_a_side_is_settings_a_file_of_them_a_folder_or_a_program(tmp_path):
    clinical = SETTINGS.clinical
    assert side_of("", clinical) is clinical
    told: Any = side_of("unstable_sins=12, dental_valid_days=200", clinical)
    assert (told[GUIDELINE.id].unstable_sins, told[GUIDELINE.id].dental_valid_days) == (12, 200)
    (tmp_path / "settings.toml").write_text("severe_hypocalcaemia_below = 1.90\n")
    told = side_of(str(tmp_path / "settings.toml"), clinical)
    assert told[GUIDELINE.id].severe_hypocalcaemia_below == Decimal("1.90")
    (tmp_path / "findings.parquet").write_bytes(b"")
    assert side_of(str(tmp_path), clinical) == ScreenedBefore(tmp_path)
    assert side_of(sys.executable, clinical) == Installed(Path(sys.executable).with_name("osteocds"))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("no/such/thing", "is nothing to compare"),
        ("unstable_sinz=12", "is it unstable_sins?"),
        ("unstable_sins=12,13", "is no name=figure"),
        ("unstable_sins=many", "takes a number"),
        ("unstable_sins=1.5", "takes a whole number"),
        ("severe_hypocalcaemia_below=99", "within its limits"),
    ],
)
def test_what_is_no_side_is_refused_and_says_what_to_name(told, said):
    with pytest.raises((NoSide, InvalidSetting), match=said.replace("?", r"\?")):
        side_of(told, SETTINGS.clinical)


def test_a_file_that_is_no_toml_is_named(tmp_path):
    (tmp_path / "settings.toml").write_text("a = [")
    with pytest.raises(InvalidSetting, match=r"settings\.toml is no TOML"):
        side_of(str(tmp_path / "settings.toml"), SETTINGS.clinical)


def test_results_that_cannot_be_read_and_a_program_that_leaves_none_are_named(export, tmp_path):
    diff("--new", CHANGED, "--on", export, "--out", tmp_path / "one", "--workers", 1, *AS_OF)
    (tmp_path / "one" / "new" / "findings.parquet").write_bytes(b"cut off")
    sides = ("--old", tmp_path / "one" / "old", "--new", tmp_path / "one" / "new")
    assert "findings.parquet cannot be read" in diff(*sides, "--out", tmp_path / "two", code=1)
    told = diff(
        "--old", shutil.which("true"), "--on", export, "--out", tmp_path / "three", "--workers", 1, *AS_OF, code=1
    )
    assert "left no results of a screen" in told


def test_what_lacks_a_folder_or_a_cohort_is_refused(export):
    assert "name a folder for the results" in diff("--new", CHANGED, "--on", export, code=1)


# --- intervals --------------------------------------------------------------------------------------------------------

X, N = z3.Real("x"), z3.Int("n")


@pytest.mark.parametrize(
    ("number", "condition", "expected"),
    [
        (X, z3.And(X >= 1, X < 2), ["[1, 2["]),
        (X, z3.And(X > 1, X <= 2), ["]1, 2]"]),
        (X, z3.Or(z3.And(X >= 0, X < 1), z3.And(X > 3, X < 4), X == 7), ["[0, 1[", "]3, 4[", "7"]),
        (X, z3.And(X >= 0, X <= 2, X != 1), ["[0, 1[", "]1, 2]"]),
        (X, z3.And(3 * X > 1, X < 1), ["]1/3, 1["]),
        (N, z3.And(N > 3, N < 7), ["[4, 6]"]),
        (N, z3.Or(N == 2, N == 9), ["2", "9"]),
        (X, z3.And(X > 1, X < 1), []),
    ],
    ids=lambda one: "" if not isinstance(one, list) else " ".join(one) or "nowhere",
)
def test_a_condition_is_the_intervals_on_which_it_holds(number, condition, expected):
    found = list(intervals(number, condition))
    assert [str(one) for one in found] == expected
    for one in found:
        assert one.low <= one.witness <= one.high


def test_a_condition_without_bounds_is_refused():
    with pytest.raises(ValueError, match="not bounded"):
        list(intervals(X, X > 1))


# --- proved -----------------------------------------------------------------------------------------------------------


def changed_by(**figures: Any) -> Any:
    return proved(GUIDELINE, GUIDELINE.settings, replace(GUIDELINE.settings, **figures))


def answer(told: dict[str, Any], settings: Any, rule: str) -> str:
    """What a rule answers of a scenario, by the pipeline."""
    request = request_for(told)
    world = replace(WORLD, clinical={GUIDELINE.id: settings})
    service = SERVICES[f"bone-metastases-{request['hook']}"]
    outcomes = advise(request, service, world, now=NOW, language=Language.ENGLISH).outcomes
    [outcome] = [one.outcome for one in outcomes if one.rule.id == rule]
    return getattr(getattr(outcome, "indicator", None), "value", "")


def test_the_region_of_a_limit_is_exact_and_its_witness_and_ends_are_true():
    proof = changed_by(severe_hypocalcaemia_below=Decimal("1.90"))
    assert proof.settings == (("severe_hypocalcaemia_below", "2.00", "1.90"),)
    assert proof.not_proved == ()
    [region] = {(one.rule, one.number, str(one.where), one.before, one.after) for one in proof.regions}
    assert region == ("hypocalcaemia", "calcium", "[1.9, 2[", "critical", "warning")
    one = proof.regions[0]
    example = next(each for each in scenarios_of("hypocalcaemia") if each.name == one.example)
    changed = replace(GUIDELINE.settings, severe_hypocalcaemia_below=Decimal("1.90"))
    for calcium, differ in (
        (one.where.witness, True),
        (Fraction("1.8999"), False),
        (Fraction("1.9"), True),
        (Fraction(2), False),
    ):
        record = {**example.told["record"], "calcium": f"{float(calcium)} mmol/L today", "albumin": "40 g/L today"}
        told = {**example.told, "record": record}
        before, after = (answer(told, settings, "hypocalcaemia") for settings in (GUIDELINE.settings, changed))
        assert (before != after) is differ, calcium


def test_whole_numbers_and_days_have_whole_regions():
    proof = changed_by(unstable_sins=12)
    assert {(one.rule, one.number, str(one.where), one.before, one.after) for one in proof.regions} == {
        ("stereotactic-contraindication", "sins-score", "12", "silent", "critical")
    }
    days = changed_by(crisis_valid_days=9)
    assert {(one.rule, str(one.where)) for one in days.regions} >= {("hypercalcaemic-crisis", "[8, 9]")}


def test_without_a_change_nothing_changes():
    assert changed_by().settings == ()


def test_the_command_tells_the_region_in_both_languages_and_needs_no_cohort():
    text = diff("--new", CHANGED)
    assert "severe_hypocalcaemia_below: 2.00 becomes 1.90" in text
    assert "hypocalcaemia: calcium in [1.9, 2[: critical becomes warning" in text
    assert "witness" in text
    assert "the settings are the same" in diff()


def test_a_change_that_no_example_shows_is_not_told_as_none():
    told = diff("--new", "finding_valid_days=180")
    assert "nowhere" in told
    assert told.strip().endswith("does not mean that it changes nothing: compare on a cohort (--on).")
    assert "does not mean" not in diff("--new", CHANGED)


def test_a_number_is_shown_as_a_decimal_or_a_fraction():
    assert [shown(Fraction(one)) for one in ("2", "1.9", "1/3")] == ["2", "1.9", "1/3"]
    assert str(Interval(Fraction(1), Fraction(1), low_closed=True, high_closed=True, witness=Fraction(1))) == "1"
