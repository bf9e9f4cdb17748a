"""Recorded findings: what is read, in which unit, and which of several counts (`rules.md`, "Recorded findings")."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from support.reading import reader_at

from mappings.facts import Absent, Known, Unavailable
from mappings.readers.findings import FindingReading, newest_finding, read_finding, shown_finding
from mappings.vocabulary.code_systems import FINDING as FINDING_SYSTEM
from mappings.vocabulary.findings import KINDS
from mappings.wording import Amount, _

READER = reader_at(datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland")))
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
FEMUR = frozenset({"femur"})
VALID_DAYS = 90
FIRST_VALID_DAY, DAY_BEFORE_IT = "2025-12-31", "2025-12-30"
GAP = _("the server did not answer")


def coded(system, *codes):
    return {"coding": [{"system": system, "code": code} for code in codes]}


def quantity(value, unit="", **members):
    return {"value": value, **({"unit": unit} if unit else {}), **members}


def read(
    name, source="Observation/1", *, regions=FEMUR, code=None, on="2026-03-30", **members
) -> FindingReading | None:
    resource = {"status": "final", "code": code or coded(FINDING_SYSTEM, name), "effectiveDateTime": on, **members}
    return read_finding(READER, resource, resource, source, name, regions)


def number(name, value, unit="", **members) -> Decimal | None:
    """The exact value that rules see; None where the finding is unusable."""
    reading = read(name, valueQuantity=quantity(value, unit, **members))
    assert reading is not None
    assert (reading.problem is None) == (reading.found is not None)
    return reading.found and reading.found.bounds.exact


def newest(name, *readings, gaps=(), of_a_site=False):
    return newest_finding(READER.clock, name, readings, gaps, valid_days=VALID_DAYS, of_a_site=of_a_site)


@pytest.mark.parametrize("system", [FINDING_SYSTEM, f"{FINDING_SYSTEM}/", FINDING_SYSTEM.upper()])
def test_our_own_system_is_known_by_each_of_its_spellings(system):
    reading = read("cord-dmax", code=coded(system, "cord-dmax"), valueQuantity=quantity(23, "Gy", code="Gy"))
    assert reading is not None
    assert reading.found is not None


# --- units and ranges -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "days"),
    [
        *(("d", 1), ("day", 1), ("days", 1), ("jour", 1), ("jours", 1)),
        *(("wk", 7), ("week", 7), ("weeks", 7), ("semaine", 7), ("semaines", 7)),
        *(("mo", 30), ("month", 30), ("months", 30), ("mois", 30)),
        *(("a", 365), ("year", 365), ("years", 365), ("an", 365), ("ans", 365)),
        *(("Months", 30), ("Mois", 30)),
    ],
)
def test_a_life_expectancy_is_read_in_days(unit, days):
    assert number("life-expectancy", 2, unit) == 2 * days


@pytest.mark.parametrize(
    ("name", "told", "unit", "canonical", "canonical_unit"),
    [
        ("largest-lesion", "2.5", "cm", "2.5", "cm"),
        ("largest-lesion", "25", "mm", "2.5", "cm"),
        ("tumour-cord-distance", "4", "mm", "4", "mm"),
        ("tumour-cord-distance", "0.4", "cm", "4", "mm"),
        ("cord-dmax", "13.5", "Gy", "13.5", "Gy"),
        ("cord-dmax", "1350", "cGy", "13.5", "Gy"),
        ("cortical-lysis-axial", "30", "%", "30", "%"),
        ("cortical-lysis-axial", "30", "percent", "30", "%"),
        *(("bone-metastasis-count", "3", unit, "3", "1") for unit in ("", "1", "{count}", "{score}", "score")),
    ],
)
def test_a_number_is_read_in_the_unit_of_its_finding(name, told, unit, canonical, canonical_unit):
    reading = read(name, valueQuantity=quantity(told, unit))
    assert (reading.found.bounds.exact, reading.found.unit) == (Decimal(canonical), canonical_unit)


@pytest.mark.parametrize(("name", "unit"), [("life-expectancy", ""), ("largest-lesion", "in"), ("cord-dmax", "%")])
def test_a_number_in_no_unit_of_its_finding_is_unusable(name, unit):
    assert number(name, 12, unit) is None


def test_what_is_no_number_is_unusable():
    assert number("canal-narrowing", "a quarter", "%") is None


@pytest.mark.parametrize(
    ("name", "unit", "least", "most"),
    [
        ("mirels-score", "1", 4, 12),
        ("sins-score", "1", 0, 18),
        ("life-expectancy", "d", 0, 10_000),
        ("bone-metastasis-count", "1", 0, 10_000),
        ("metastatic-site-count", "1", 0, 10_000),
        ("largest-lesion", "cm", 0, 60),
        ("canal-narrowing", "%", 0, 100),
        ("tumour-cord-distance", "mm", 0, 500),
        ("cord-dmax", "Gy", 0, 200),
        ("cord-dmax-cumulated-eqd2", "Gy", 0, 400),
        ("cord-dmax-new-eqd2", "Gy", 0, 400),
        ("cortical-lysis-axial", "%", 0, 100),
        ("cortical-lysis-circumferential", "%", 0, 100),
    ],
)
def test_a_number_out_of_the_range_of_its_finding_is_unusable(name, unit, least, most):
    read_as = [number(name, value, unit) for value in (least - 1, least, most, most + 1)]
    assert read_as == [None, least, most, None]


COUNTED = ("mirels-score", "sins-score", "bone-metastasis-count", "metastatic-site-count")


@pytest.mark.parametrize("name", COUNTED)
def test_points_and_counts_are_whole(name):
    assert (number(name, "5.5"), number(name, "5.0")) == (None, 5)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.factors and name not in COUNTED])
def test_what_is_measured_need_not_be_whole(name):
    assert number(name, "5.5", KINDS[name].unit) == Decimal("5.5")


@pytest.mark.parametrize(
    "written", [{"valueInteger": 8}, {"valueString": "8"}, {"valueQuantity": None, "valueInteger": 8}]
)
def test_a_score_may_be_a_bare_number(written):
    assert read("mirels-score", **written).found.bounds.exact == 8


def test_a_comparator_is_a_bound_and_one_of_no_fhir_release_that_is_read_is_unusable():
    bound = read("canal-narrowing", valueQuantity=quantity(25, "%", comparator="<")).found
    assert bound.bounds.exact is None
    assert (bound.bounds.below(Decimal(25)), bound.reported) == (True, Amount(Decimal(25), "%", "<"))
    assert number("canal-narrowing", 25, "%", comparator="ad") is None


@pytest.mark.parametrize(
    ("written", "shown"),
    [({"unit": "months", "code": "mo"}, "months"), ({"code": "mo"}, "mo"), ({"unit": "mois"}, "mois")],
)
def test_a_number_is_shown_as_it_was_recorded(written, shown):
    reading = read("life-expectancy", valueQuantity={"value": 5, **written})
    assert reading.found.bounds.exact == 150
    assert reading.found.reported == Amount(Decimal(5), shown)


# --- yes or no, and the response of the disease -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "flag"),
    [
        *(({"valueBoolean": said}, said) for said in (True, False)),
        *(({"valueString": said}, True) for said in ("Oui", "yes", "true", "Y")),
        *(({"valueString": said}, False) for said in ("Non", "no", "false", "N")),
        ({"valueCodeableConcept": coded(SNOMED, "373066001")}, True),
        ({"valueCodeableConcept": coded(SNOMED, "373067005")}, False),
        ({"valueCodeableConcept": coded(LOINC, "LA33-6")}, True),
        ({"valueCodeableConcept": coded(LOINC, "LA32-8")}, False),
    ],
)
def test_a_yes_or_no_is_read_however_it_is_written(written, flag):
    reading = read("epidural-extension", **written)
    assert (reading.found.flag, reading.problem) == (flag, None)


@pytest.mark.parametrize(
    "written", [{"valueString": "doubtful"}, {"valueCodeableConcept": coded(SNOMED, "261665006")}, {"valueInteger": 1}]
)
def test_what_is_neither_yes_nor_no_is_unusable(written):
    reading = read("epidural-extension", **written)
    assert reading.found is None
    assert "correct it" in reading.problem.message


def test_a_yes_or_no_may_stand_under_a_public_code():
    code = coded(LOINC, "99999-9")
    reading = read("epidural-extension", code=code, valueCodeableConcept=coded(LOINC, "LA33-6"))
    assert reading.found.flag is True


@pytest.mark.parametrize(
    ("written", "response"),
    [
        ({"valueCodeableConcept": coded(FINDING_SYSTEM, "progression")}, "progression"),
        ({"valueCodeableConcept": coded(FINDING_SYSTEM, "a-local-note", "stable")}, "stable"),
        ({"valueString": "Stable"}, "stable"),
        ({"valueCodeableConcept": coded(SNOMED, "268910001")}, "good"),  # condition improved
        ({"valueCodeableConcept": coded(SNOMED, "271299001")}, "progression"),  # condition worsened
    ],
)
def test_the_response_of_the_disease_is_read_from_our_codes_words_and_public_codes(written, response):
    reading = read("disease-response", **written)
    assert (reading.found.code, reading.problem) == (response, None)


def test_a_public_code_of_another_value_is_a_response_that_no_rule_knows_and_an_unknown_one_is_unusable():
    other = read("disease-response", valueCodeableConcept=coded(SNOMED, "709137006"))  # undetermined
    unknown = read("disease-response", valueCodeableConcept=coded(SNOMED, "1"))
    assert (other.found.code, other.problem) == ("other", None)
    assert unknown.found is None
    assert unknown.problem is not None


# --- what is a finding ------------------------------------------------------------------------------------------------


def test_a_public_code_with_an_answer_in_words_is_no_number():
    words = {"valueCodeableConcept": coded(SNOMED, "170969009")}  # poor prognosis
    assert read("life-expectancy", code=coded(LOINC, "75889-6"), **words) is None
    both = {"coding": [*coded(LOINC, "75889-6")["coding"], *coded(FINDING_SYSTEM, "life-expectancy")["coding"]]}
    for own in (coded(FINDING_SYSTEM, "life-expectancy"), both):
        assert read("life-expectancy", code=own, **words).problem is not None


def test_a_public_code_with_a_number_is_a_finding():
    reading = read("life-expectancy", code=coded(LOINC, "75889-6"), valueQuantity=quantity(2, "mo"))
    assert reading.found.bounds.exact == 60


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered", "unknown"])
def test_a_status_that_never_counts_is_no_finding(status):
    assert read("mirels-score", status=status, valueInteger=9) is None


@pytest.mark.parametrize(
    ("status", "preliminary"), [("final", False), ("amended", False), ("corrected", False), ("preliminary", True)]
)
def test_a_preliminary_finding_counts_and_says_so(status, preliminary):
    reading = read("mirels-score", status=status, valueInteger=9)
    assert (reading.problem, reading.found.preliminary) == (None, preliminary)
    assert not reading.found.unverified_code


def test_a_status_of_no_fhir_release_makes_it_unusable():
    reading = read("mirels-score", status="done", valueInteger=9)
    assert reading.found is None
    assert "correct it" in reading.problem.message


def test_what_carries_no_value_is_no_finding():
    assert read("mirels-score", dataAbsentReason=coded("http://example.org", "unknown")) is None


@pytest.mark.parametrize(
    ("on", "undated"),
    [(None, True), ("yesterday", False)],
)
def test_a_finding_without_a_date_that_can_be_read_has_no_value_and_says_so(on, undated):
    reading = read("mirels-score", on=on, valueInteger=9)
    assert (reading.found, reading.when, reading.undatable) == (None, None, not undated)
    assert reading.problem is not None
    assert reading.problem.parameters["source"] == "Observation/1"


def test_a_finding_dated_after_tomorrow_is_not_used_and_reported():
    assert read("mirels-score", on="2026-04-01", valueInteger=9).problem is None
    reading = read("mirels-score", on="2026-04-02", valueInteger=9)
    assert (reading.found, reading.problem) == (None, None)
    assert READER.clock.too_far_ahead(reading.when)


# --- which of several counts ------------------------------------------------------------------------------------------


def score(value, on, source="Observation/1", **members) -> FindingReading:
    return read("mirels-score", source, on=on, valueInteger=value, **members)


UNUSABLE = 99


def value_of(fact) -> Decimal:
    assert isinstance(fact, Known)
    return fact.value.bounds.exact


def test_the_newest_finding_counts():
    fact = newest("mirels-score", score(9, "2026-03-01", "Observation/9"), score(7, "2026-03-20", "Observation/7"))
    assert (value_of(fact), fact.sources, fact.remarks) == (7, ("Observation/7",), ())


def test_a_finding_counts_for_ninety_days():
    assert value_of(newest("mirels-score", score(9, FIRST_VALID_DAY))) == 9
    assert isinstance(newest("mirels-score", score(9, DAY_BEFORE_IT)), Absent)


def test_the_newest_of_the_findings_that_are_too_old_is_shown_and_of_one_day_the_severest():
    fact = newest(
        "mirels-score", *(score(value, on) for value, on in ((12, "2025-11-01"), (9, "2025-12-01"), (10, "2025-12-01")))
    )
    assert isinstance(fact, Absent)
    assert fact.stale.parameters["value"].value == 10
    assert fact.stale.parameters["when"].first.isoformat() == "2025-12-01"
    assert newest("mirels-score", score(UNUSABLE, DAY_BEFORE_IT)).stale is None


@pytest.mark.parametrize(
    ("name", "members", "shown"),
    [
        ("mirels-score", {"valueInteger": 9}, Amount(Decimal(9), "")),
        ("radiculopathy", {"valueBoolean": True}, _("yes")),
        ("radiculopathy", {"valueBoolean": False}, _("no")),
        ("disease-response", {"valueCodeableConcept": coded(FINDING_SYSTEM, "good")}, _("good")),
        (
            "disease-response",
            {"code": coded(LOINC, "88040-1"), "valueCodeableConcept": coded(SNOMED, "260415000")},
            None,
        ),
    ],
)
def test_a_finding_is_shown_in_the_language_of_the_card(name, members, shown):
    value = shown_finding(read(name, **members).found).parameters["value"]
    assert value == (shown or _("neither complete nor good"))


def test_a_finding_of_a_month_counts_while_any_day_of_it_may_and_says_that_its_date_is_partial():
    fact = newest("mirels-score", score(9, "2025-12"))
    assert value_of(fact) == 9
    assert [remark.message for remark in fact.remarks] == ["the date of {source} is partial"]


def test_no_finding_is_absent_and_where_we_could_not_look_unavailable():
    assert isinstance(newest("mirels-score"), Absent)
    fact = newest("mirels-score", gaps=(GAP,))
    assert isinstance(fact, Unavailable)
    assert fact.why == (GAP,)


def test_a_newest_finding_that_is_unusable_hides_an_older_one():
    unusable = score(UNUSABLE, "2026-03-20")
    fact = newest("mirels-score", score(9, "2026-03-01"), unusable)
    assert isinstance(fact, Unavailable)
    assert fact.why == (unusable.problem,)


def test_an_unusable_finding_that_is_older_or_too_old_hides_nothing():
    assert value_of(newest("mirels-score", score(UNUSABLE, "2026-03-01"), score(9, "2026-03-20"))) == 9
    assert isinstance(newest("mirels-score", score(UNUSABLE, DAY_BEFORE_IT)), Absent)


def test_a_finding_whose_date_cannot_be_read_may_be_the_newest():
    fact = newest("mirels-score", score(9, "2026-03-20"), score(7, "yesterday"))
    assert isinstance(fact, Unavailable)


def test_a_finding_without_a_date_hides_nothing_that_is_dated_and_counts_for_nothing_alone():
    undated = score(7, None, "Observation/7")
    assert value_of(newest("mirels-score", undated, score(9, "2026-03-20"))) == 9
    for others in ((), (score(9, DAY_BEFORE_IT),), (score(UNUSABLE, DAY_BEFORE_IT),)):
        fact = newest("mirels-score", undated, *others)
        assert isinstance(fact, Unavailable)
        assert fact.why == (undated.problem,)


def worst(name, *told):
    """Of values of one day, the one that counts."""
    readings = [read(name, **one) for one in told]
    facts = [newest(name, *order) for order in (readings, readings[::-1])]
    assert facts[0] == facts[1], "the order of the readings decides"
    return facts[0].value


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.factors])
def test_of_two_numbers_of_one_day_the_worse_counts(name):
    told = [{"valueQuantity": quantity(value, KINDS[name].unit)} for value in (5, 7)]
    small_is_worse = name in {"life-expectancy", "tumour-cord-distance"}
    assert worst(name, *told).bounds.exact == (5 if small_is_worse else 7)


@pytest.mark.parametrize(
    ("name", "first", "second", "comparator"),
    [
        ("canal-narrowing", (20, "<"), (30, ">"), ">"),
        ("canal-narrowing", (30, "<"), (20, ">"), "<"),
        ("tumour-cord-distance", (2, "<"), (3, ">"), "<"),
        ("tumour-cord-distance", (3, "<"), (2, ">"), ">"),
    ],
)
def test_of_two_bounds_of_one_day_the_one_with_the_worse_end_counts(name, first, second, comparator):
    unit = KINDS[name].unit
    told = [{"valueQuantity": quantity(value, unit, comparator=sign)} for value, sign in (first, second)]
    assert worst(name, *told).reported.comparator == comparator


def test_a_yes_counts_before_a_no_of_the_same_day():
    assert worst("epidural-extension", {"valueBoolean": False}, {"valueBoolean": True}).flag is True


def remarks(reading, **asked):
    return [remark.message for remark in newest("mirels-score", reading, **asked).remarks]


def test_a_finding_without_a_body_site_says_so_where_a_site_is_asked_about():
    without = [f"{'{what}'}: recorded without a body site"]
    assert remarks(score(9, "2026-03-20", regions=frozenset()), of_a_site=True) == without
    assert remarks(score(9, "2026-03-20", regions=frozenset())) == []
    assert remarks(score(9, "2026-03-20"), of_a_site=True) == []


def test_what_makes_a_finding_less_certain_is_said():
    assert remarks(score(9, "2026-03-20", status="preliminary")) == ["{what} is preliminary"]
    resource = {"status": "final", "code": {}, "effectiveDateTime": "2026-03-20", "valueInteger": 9}
    unverified = read_finding(READER, resource, resource, "Observation/1", "mirels-score", FEMUR, unverified=True)
    assert remarks(unverified) == ["{source} was recognised by a code that is not verified"]


def test_a_finding_that_no_reference_names_has_no_source():
    assert newest("mirels-score", score(9, "2026-03-20", source="")).sources == ()
