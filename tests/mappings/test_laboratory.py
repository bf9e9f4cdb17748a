"""Results one by one and beside each other: how a value is read, which result counts, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.reading import reader_at

from mappings.dates import When, day
from mappings.facts import Absent, Fact, Known, Measurement, Person, Unavailable, VitaminD
from mappings.quantities import Bounds, decimal_of, exactly
from mappings.readers.newest import Reading
from mappings.readers.observations import (
    Severity,
    amount_of,
    higher_is_worse,
    lower_is_worse,
    newest_result,
    read_result,
    shown_in_formula,
    sum_of_fractions,
    vitamin_d_fact,
    vitamin_d_severity,
)
from mappings.vocabulary.analytes import ALBUMIN, CALCIUM, COCKCROFT, INR, PLATELETS, Analyte
from mappings.wording import Amount, Text, _, verbatim

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Europe/Paris"))
READER = reader_at(NOW)
TODAY = NOW.date()
SOURCE = "Observation/1"
GAP = _("the server did not answer")


def read(
    analyte: Analyte = CALCIUM, *, unverified: bool = False, person: Person | None = None, **members: Any
) -> Reading[Measurement] | None:
    whole = {"status": "final", "effectiveDateTime": "2026-03-28", **members}
    observation = {name: member for name, member in whole.items() if member is not None}
    return read_result(READER, observation, observation, SOURCE, analyte, unverified=unverified, person=person)


def quantity(value: object = "2.3", unit: str | None = "mmol/L", **members: Any) -> dict[str, Any]:
    return {"valueQuantity": {"value": value, "unit": unit, **members}}


def measured(reading: Reading[Measurement] | None) -> Measurement:
    assert reading is not None
    assert reading.found is not None, reading.problem
    return reading.found


def problem(reading: Reading[Measurement] | None) -> str:
    assert reading is not None
    assert reading.found is None
    assert reading.problem is not None
    return reading.problem.parameters["why"].message


# --- one result -------------------------------------------------------------------------------------------------------


def test_a_result_is_read_with_its_value_its_unit_its_day_and_its_source():
    found = measured(read(**quantity("9.2", "mg/dL")))
    assert float(found.bounds.exact or 0) == pytest.approx(2.2955, rel=1e-4)
    assert (found.unit, found.when, found.source) == ("mmol/L", day(date(2026, 3, 28)), SOURCE)
    assert found.reported == Amount(Decimal("9.2"), "mg/dL")
    assert (found.preliminary, found.unverified_code, found.per_body_surface) == (False, False, False)


def test_what_makes_a_result_less_certain_is_kept_with_it():
    assert measured(read(**quantity(), status="preliminary")).preliminary
    assert measured(read(**quantity(), unverified=True)).unverified_code
    assert measured(read(COCKCROFT, **quantity(45, "mL/min/{1.73_m2}"))).per_body_surface


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered", "unknown"])
def test_a_result_in_a_status_that_never_counts_is_none(status):
    assert read(**quantity(), status=status) is None


@pytest.mark.parametrize("status", [None, "", "done", 1])
def test_a_status_that_is_none_of_fhir_leaves_a_dated_result_that_cannot_be_used(status):
    found = read(**quantity(), status=status)
    assert "status" in problem(found)
    assert found is not None
    assert (found.when, found.undatable) == (day(date(2026, 3, 28)), False)


def test_a_date_that_cannot_be_read_may_be_the_newest():
    found = read(**quantity(), effectiveDateTime="yesterday")
    assert "date cannot be read" in problem(found)
    assert found is not None
    assert (found.when, found.undatable) == (None, True)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"valueQuantity": {"unit": "mmol/L"}},
        {"valueQuantity": {}},
        {"valueQuantity": []},
        {"valueString": ""},
        {"dataAbsentReason": {"text": "haemolysed"}},
        {"valueQuantity": {}, "interpretation": [{"text": "low"}]},
    ],
)
def test_a_result_that_carries_no_value_is_none(members):
    assert read(**members) is None


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"valueQuantity": "2.3"}, "not a number with a unit"),
        ({"valueQuantity": {"value": "low", "unit": "mmol/L"}}, "not a number"),
        ({"valueBoolean": True}, "not a number with a unit"),
        ({"valueCodeableConcept": {"coding": [{"code": "low"}]}}, "not a number with a unit"),
        ({"valueCodeableConcept": "2.3 mmol/L"}, "not a number with a unit"),
        ({"valueString": "2.3"}, "it has no unit"),
        ({"valueInteger": 2}, "it has no unit"),
        ({"valueQuantity": {"value": 2.3, "unit": "mmol/kg"}}, "unit «{unit}» is not one"),
        ({"valueQuantity": {"value": 2.3, "unit": "mmol/L", "comparator": "ad"}}, "comparator"),
        ({"valueQuantity": {"value": 9.2, "unit": "mmol/L"}}, "not plausible"),
        ({"valueQuantity": {"value": 92, "unit": "mg/dL"}}, "not plausible"),
        ({"valueRange": {"low": {"value": 2.2, "unit": "mmol/L"}}}, "half a range"),
        ({"valueRange": {"low": 2.2, "high": {"value": 2.4, "unit": "mmol/L"}}}, "half a range"),
    ],
)
def test_a_value_that_cannot_be_used_says_why(members, why):
    assert why in problem(read(**members))


@pytest.mark.parametrize(
    ("comparator", "expected"),
    [
        (None, exactly(Decimal("2.3"))),
        ("<", Bounds(None, Decimal("2.3"), high_open=True)),
        (">=", Bounds(Decimal("2.3"), None)),
    ],
)
def test_a_comparator_makes_the_value_a_bound(comparator, expected):
    found = measured(read(**quantity(comparator=comparator)))
    assert found.bounds == expected
    assert found.reported.comparator == (comparator or "")


def test_a_range_is_an_interval_and_is_shown_as_one():
    low, high = {"value": 2.2, "unit": "mmol/L"}, {"value": 2.4, "code": "mmol/L"}
    found = measured(read(valueRange={"low": low, "high": high}))
    said = measured(read(valueRange={"low": {**low, "comparator": ">="}, "high": {**high, "comparator": "<="}}))
    assert said.bounds == found.bounds == Bounds(Decimal("2.2"), Decimal("2.4"))
    assert found.reported == Amount(Decimal("2.2"), "mmol/L", to=Decimal("2.4"))


@pytest.mark.parametrize("members", [{"valueInteger": 2}, {"valueDecimal": 2}, {"valueString": "2"}])
def test_a_number_without_a_unit_is_read_where_the_analyte_has_none(members):
    assert measured(read(INR, **members)).bounds.exact == 2


@pytest.mark.parametrize(
    ("text", "low", "high", "opened"),
    [
        ("120 G/L", "120", "120", False),
        ("1 200 G/L", "1200", "1200", False),
        (" 120,5 G/L ", "120.5", "120.5", False),
        ("<50 G/L", None, "50", True),
        ("<= 50 G/L", None, "50", False),
        ("≤ 50 G/L", None, "50", False),
        ("≥50 G/L", "50", None, False),
        ("> 50 G/L", "50", None, True),
        ("Inférieur à 50 G/L", None, "50", True),
        ("inférieure à 50 G/L", None, "50", True),
        ("infe\u0301rieur à 50 G/L", None, "50", True),  # the accent as a letter of its own
        ("supérieur à 50 G/L", "50", None, True),
        ("less than 50 G/L", None, "50", True),
        ("more than 50 G/L", "50", None, True),
        ("Greater than 50 G/L", "50", None, True),
        ("120 G/L".ljust(100), "120", "120", False),
    ],
)
@pytest.mark.parametrize("name", ["valueString", "valueCodeableConcept"])
def test_a_number_in_words_is_read_with_its_bound(text, low, high, opened, name):
    bounds = measured(read(PLATELETS, **{name: text if name == "valueString" else {"text": text}})).bounds
    assert (bounds.low, bounds.high) == (low and Decimal(low), high and Decimal(high))
    assert (bounds.low_open or bounds.high_open) is opened


@pytest.mark.parametrize("number", ["120 000", "120\u202f000", "120'000", "120’000"])
def test_blanks_and_marks_part_thousands_in_a_text(number):
    assert measured(read(PLATELETS, valueString=f"{number} /mm3")).bounds.exact == 120


@pytest.mark.parametrize("text", ["12 5 G/L", "1 2 G/L", "120 00 /mm3", "1.2.3 G/L"])
def test_two_numbers_in_a_text_are_never_one(text):
    assert problem(read(PLATELETS, valueString=text))


def test_a_text_is_read_before_a_concept_beside_it():
    found = read(PLATELETS, valueString="120 G/L", valueCodeableConcept={"text": "normal"})
    assert measured(found).bounds.exact == 120


@pytest.mark.parametrize("text", ["120 G/L".ljust(101), "see comment", "between 120 and 130 G/L", "120-130"])
def test_prose_is_not_read_as_a_number(text):
    assert problem(read(PLATELETS, valueString=text))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, Decimal(2)),
        (2.3, Decimal("2.3")),
        (" 2.30 ", Decimal("2.30")),
        (Decimal("2.3"), Decimal("2.3")),
        (1e14, Decimal(10) ** 14),
        ("1e-14", Decimal("1e-14")),
        (0, Decimal(0)),
        (1e15, None),
        ("1e-15", None),
        (True, None),
        (None, None),
        ("", None),
        ("2,3", None),
        ("NaN", None),
        ("Infinity", None),
        ([2], None),
    ],
)
def test_a_number_is_the_decimal_that_was_written(value, expected):
    assert decimal_of(value) == expected


# --- the day of a result ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"effectiveInstant": "2026-03-27"}, "2026-03-27"),
        ({"effectivePeriod": {"start": "2026-03-25", "end": "2026-03-27"}}, "2026-03-27"),
        ({"effectivePeriod": {"start": "2026-03-25"}}, "2026-03-25"),
        ({"effectiveTiming": {"event": ["2026-03-25", "2026-03-27", "2026-03-26"]}}, "2026-03-27"),
        ({"issued": "2026-03-27"}, "2026-03-27"),
        ({"effectivePeriod": {}, "issued": "2026-03-27"}, "2026-03-27"),
        ({"effectivePeriod": "2026", "issued": "2026-03-27"}, "2026-03-27"),
        ({"effectiveTiming": {"event": []}, "issued": "2026-03-27"}, "2026-03-27"),
        ({"effectiveTiming": {"event": 3}, "issued": "2026-03-27"}, "2026-03-27"),
        ({"effectiveTiming": "daily", "issued": "2026-03-27"}, "2026-03-27"),
        ({"effectiveInstant": "2026-03-26", "issued": "2026-03-27"}, "2026-03-26"),
        ({"effectivePeriod": {"end": "2026-03-26"}, "issued": "2026-03-27"}, "2026-03-26"),
    ],
)
def test_a_result_is_of_the_day_of_the_sample_else_of_the_day_that_it_was_issued(members, expected):
    found = read(**quantity(), effectiveDateTime=None, **members)
    assert measured(found).when == day(date.fromisoformat(expected))


def test_the_last_event_of_several_is_the_one_whose_last_possible_day_is_the_latest():
    found = read(**quantity(), effectiveDateTime=None, effectiveTiming={"event": ["2026-03", "2026-03-27"]})
    assert measured(found).when == When(date(2026, 3, 1), date(2026, 3, 31))


def test_a_result_without_a_date_has_none():
    found = read(**quantity(), effectiveDateTime=None)
    assert found is not None
    assert (found.when, found.undatable, found.problem) == (None, False, None)


# --- the reference range of a result ----------------------------------------------------------------------------------


def limits(*ranges: Any) -> tuple[Decimal | None, Decimal | None]:
    found = measured(read(**quantity(), referenceRange=list(ranges)))
    return found.lower_limit, found.upper_limit


LOW, HIGH = {"value": 2.1, "unit": "mmol/L"}, {"value": 2.5, "unit": "mmol/L"}
BOTH = (Decimal("2.1"), Decimal("2.5"))
NORMAL = {"coding": [{"code": "normal"}]}
CRITICAL = {"coding": [{"code": "critical"}]}


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([], (None, None)),
        ([{"low": LOW, "high": HIGH}], BOTH),
        ([{"low": LOW}], (Decimal("2.1"), None)),
        ([{"high": HIGH}], (None, Decimal("2.5"))),
        ([{"text": "2.1 to 2.5"}], (None, None)),
        ([{"text": "adults"}, {"low": LOW, "high": HIGH}], BOTH),
        (["2.1 to 2.5", {"low": LOW, "high": HIGH}], BOTH),
        ([{"low": LOW, "high": HIGH, "type": NORMAL}], BOTH),
        ([{"low": LOW, "high": HIGH, "type": {"text": "usual"}}], BOTH),
        ([{"low": LOW, "high": HIGH, "type": {"coding": []}}], BOTH),
        ([{"low": LOW, "high": HIGH, "type": {"coding": "normal"}}], BOTH),
        ([{"low": LOW, "high": HIGH, "type": "normal"}], BOTH),
        ([{"low": LOW, "high": HIGH, "type": CRITICAL}], (None, None)),
        ([{"low": HIGH, "high": HIGH, "type": CRITICAL}, {"low": LOW, "high": HIGH}], BOTH),
        ([{"low": HIGH, "high": LOW}], (None, None)),
        ([{"low": LOW, "high": LOW}], (None, None)),
        ([{"low": HIGH, "high": LOW}, {"low": LOW, "high": HIGH}], BOTH),
        ([{"low": LOW, "high": HIGH}, {"low": {"value": 1.9}, "high": {"value": 2.9}}], (None, None)),  # they differ
        ([{"low": LOW, "high": HIGH}, {"low": LOW, "high": HIGH, "type": NORMAL}], BOTH),
        ([{"low": LOW}, {"high": HIGH}], BOTH),
    ],
)
def test_the_limits_are_those_of_the_normal_ranges_where_they_agree(ranges, expected):
    assert limits(*ranges) == expected


WOMAN_OF_65 = Person("female", day(date(1960, 6, 1)), "Patient/1")
MALE, FEMALE, PREGNANT = ({"coding": [{"code": code}]} for code in ("248153007", "248152002", "77386006"))


def age(low: int | None = None, high: int | None = None, unit: str = "a") -> dict[str, Any]:
    ends = {"low": low, "high": high}
    return {"age": {end: {"value": years, "code": unit} for end, years in ends.items() if years is not None}}


@pytest.mark.parametrize(
    "told",
    [
        *({"type": {"text": "normal range"}}, {"type": {"text": "Valeurs de référence"}}, {"type": "normal"}),
        *({"text": "2,1 à 2,5 mmol/L"}, {"text": "Adults"}, {"text": "Normale (femme)"}, {"appliesTo": [FEMALE]}),
        *({"appliesTo": {"text": "adulte"}}, {"appliesTo": [FEMALE, {"text": "adultes"}]}, age(18), age(high=65)),
        *(age(18, 99), age(216, 1200, "mo"), {"appliesTo": [FEMALE], **age(50)}),
        {"appliesTo": [{"coding": [{"system": "http://hl7.org/fhir/administrative-gender", "code": "female"}]}]},
    ],
)
def test_a_range_of_healthy_adults_of_the_patients_sex_and_age_gives_the_limits(told):
    other = {"low": {"value": 1.6}, "high": {"value": 3.2}, "type": {"text": "critical"}}
    found = measured(read(**quantity(), person=WOMAN_OF_65, referenceRange=[other, {"low": LOW, "high": HIGH, **told}]))
    assert (found.lower_limit, found.upper_limit, found.limits_disagree) == (*BOTH, False)


@pytest.mark.parametrize(
    "told",
    [
        *(
            {"type": {"coding": [{"code": code}]}}
            for code in ("therapeutic", "treatment", "pre-puberty", "LL", "normale")
        ),
        *({"type": {"text": words}} for words in ("Critical", "Valeur d'alerte", "panic", "cible", "thérapeutique")),
        {"type": {"coding": [{"display": "Critical"}]}},
        {"type": {"coding": [{"code": "normal"}], "text": "Critical"}},
        *({"text": words} for words in ("Grossesse", "Enfant < 2 ans", "Critical range", "Hommes", "n" * 201, 3)),
        *({"appliesTo": [one]} for one in (PREGNANT, MALE, {"text": "dialysés"}, {}, {"coding": [{"code": "2106-3"}]})),
        *({"appliesTo": [FEMALE, PREGNANT]}, {"appliesTo": "female"}, {"appliesTo": [FEMALE, MALE]}),
        *(age(high=17), age(66), age(18, 64), age(18, 99, "fortnight"), {"age": {}, "text": "x"}, {"age": "adult"}),
        {"modifierExtension": [{"url": "http://example.org/unknown"}]},
    ],
)
def test_a_range_of_another_kind_age_sex_or_population_or_of_one_that_we_do_not_know_gives_none(told):
    found = measured(read(**quantity(), person=WOMAN_OF_65, referenceRange=[{"low": LOW, "high": HIGH, **told}]))
    assert (found.lower_limit, found.upper_limit) == (None, None)


@pytest.mark.parametrize("person", [None, Person(None, None, ""), Person("female", day(date(2009, 6, 1)), "")])
def test_a_range_of_an_age_is_not_used_where_the_patient_is_not_known_to_be_an_adult(person):
    found = measured(read(**quantity(), person=person, referenceRange=[{"low": LOW, "high": HIGH, **age(15)}]))
    assert (found.lower_limit, found.upper_limit) == (None, None)


def test_ranges_that_fit_and_differ_are_told_to():
    ranges = [{"low": LOW, "high": HIGH}, {"low": LOW, "high": {"value": 2.6}, "appliesTo": [FEMALE]}]
    assert measured(read(**quantity(), person=WOMAN_OF_65, referenceRange=ranges)).limits_disagree
    assert not measured(read(**quantity(), referenceRange=ranges)).limits_disagree


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [(None, (None, None)), ("2.1 to 2.5", (None, None)), ({"low": LOW, "high": HIGH}, BOTH)],
)
def test_a_reference_range_outside_of_an_array_is_read_and_a_text_is_none(ranges, expected):
    found = measured(read(**quantity(), referenceRange=ranges))
    assert (found.lower_limit, found.upper_limit) == expected


def test_a_unit_that_is_prose_is_shown_cut():
    found = read(**quantity(unit="u" * 50))
    assert found is not None
    assert found.problem is not None
    assert found.problem.parameters["why"].parameters["unit"] == "u" * 40


@pytest.mark.parametrize(
    ("low", "expected"),
    [
        ({"value": 2.1}, "2.1"),  # in the unit of the result
        ({"value": 21, "unit": "dmol/kL"}, None),
        ({"value": 4.2, "unit": "meq/L"}, "2.1"),  # in its own
        ({"value": 4.2, "code": "meq/L"}, "2.1"),
        ({"value": "low", "unit": "mmol/L"}, None),
        ({"value": 1, "unit": "mmol/L"}, "1"),
        ({"value": 0.99, "unit": "mmol/L"}, None),  # implausible
        (2.1, None),
    ],
)
def test_a_limit_is_read_in_its_own_unit_else_in_that_of_the_result(low, expected):
    assert limits({"low": low, "high": {"value": 2.5}}) == (expected and Decimal(expected), Decimal("2.5"))


# --- which result counts ----------------------------------------------------------------------------------------------


def ago(days: int) -> When:
    return day(TODAY - timedelta(days=days))


def at(hour: int) -> When:
    return When(TODAY, TODAY, NOW.replace(hour=hour))


def reading(value: int | str | Bounds, when: When | None, unit: str = "g/L", **members: Any) -> Reading[Measurement]:
    bounds = value if isinstance(value, Bounds) else exactly(Decimal(value))
    source = f"Observation/{bounds.exact}"
    by_name = members.pop("by_name", False)
    shown = Amount(bounds.exact or Decimal(0), unit)
    measurement = Measurement(bounds, unit, when or day(date.min), source, shown, **members)
    return Reading(source, when, measurement, by_name=by_name)


def unusable(when: When | None, name: str = "odd", **members: bool) -> Reading[Measurement]:
    return Reading(name, when, problem=verbatim(f"{name} cannot be used"), **members)


def chosen(*readings: Reading[Measurement], gaps: Sequence[Text] = (), valid_days: int = 30) -> Fact[Measurement]:
    return newest_result(READER.clock, ALBUMIN, readings, tuple(gaps), severity=lower_is_worse, valid_days=valid_days)


def value(fact: Fact[Measurement]) -> Decimal | None:
    assert isinstance(fact, Known), fact
    return fact.value.bounds.exact


def why(fact: Fact[Measurement]) -> list[str]:
    assert isinstance(fact, Unavailable), fact
    return [text.message for text in fact.why]


def shown(fact: Fact[Measurement]) -> Decimal | None:
    assert not isinstance(fact, Known), fact
    text = fact.stale if isinstance(fact, Absent) else fact.shown
    return None if text is None else text.parameters["reported"].value


@pytest.mark.parametrize(("days_ago", "known"), [(29, True), (30, True), (31, False)])
def test_a_result_as_old_as_its_limit_counts_and_one_day_more_is_too_old(days_ago, known):
    fact = chosen(reading(38, ago(days_ago)))
    assert isinstance(fact, Known if known else Absent)
    if not known:
        assert shown(fact) == 38
        assert fact.sources == ("Observation/38",)


def test_a_partial_date_is_too_old_only_when_every_day_of_it_is():
    assert isinstance(chosen(reading(38, When(date(2026, 2, 1), date(2026, 3, 1)))), Known)
    assert isinstance(chosen(reading(38, When(date(2026, 2, 1), date(2026, 2, 28)))), Absent)


def test_the_newest_result_counts_whatever_the_order_in_which_they_come():
    old, new = reading(20, ago(3)), reading(38, ago(2))
    assert value(chosen(old, new)) == value(chosen(new, old)) == 38


def test_of_one_day_the_later_hour_counts():
    assert value(chosen(reading(20, at(7)), reading(38, at(8)))) == 38


def test_of_one_moment_the_more_severe_counts():
    assert value(chosen(reading(38, at(8)), reading(20, at(8)))) == 20


def test_a_fact_is_called_by_its_analyte():
    assert [fact.what.message for fact in (chosen(), chosen(gaps=[GAP]), chosen(reading(38, ago(1))))] == [
        "albumin"
    ] * 3


def test_of_no_result_there_is_nothing_to_show():
    fact = chosen()
    assert (shown(fact), fact.sources) == (None, ())


def test_what_could_not_be_looked_up_leaves_the_newest_unknown_and_shown():
    fact = chosen(reading(38, ago(2)), reading(20, ago(5)), gaps=[GAP])
    assert why(fact) == [GAP.message]
    assert shown(fact) == 38


def test_the_newest_that_cannot_be_used_shows_the_one_before():
    fact = chosen(reading(20, ago(9)), reading(38, ago(5)), unusable(ago(2)))
    assert why(fact) == ["odd cannot be used"]
    assert shown(fact) == 38
    assert fact.sources == ("odd",)


def test_one_of_the_newest_that_cannot_be_used_leaves_the_fact_open():
    assert why(chosen(reading(38, ago(2)), unusable(ago(2)))) == ["odd cannot be used"]


def test_an_older_one_that_cannot_be_used_is_passed_over():
    assert value(chosen(reading(38, ago(2)), unusable(ago(3)))) == 38
    assert isinstance(chosen(unusable(ago(31))), Absent)


def test_of_the_results_shown_the_newest_by_its_last_possible_day_is_taken():
    month = When(date(2026, 2, 1), date(2026, 2, 28))
    for readings in ([reading(20, month), reading(38, ago(35))], [reading(38, ago(35)), reading(20, month)]):
        assert shown(chosen(*readings)) == 20  # 28 February, and 24 February


def test_a_result_dated_ahead_is_passed_over_and_said():
    ahead = reading(20, ago(-2))
    for before, end in (([reading(38, ago(2))], Known), ([], Absent), ([unusable(ago(2))], Unavailable)):
        fact = chosen(ahead, *before)
        assert isinstance(fact, end)
        assert [remark.parameters["source"] for remark in fact.remarks] == ["Observation/20"]


# --- results without a date -------------------------------------------------------------------------------------------


def test_a_result_without_a_date_makes_the_fact_unavailable_alone_or_beside_one_that_is_too_old():
    for others in ([], [reading(38, ago(31))]):
        [said] = why(chosen(reading(20, None), *others))
        assert "has no date" in said


def test_a_result_without_a_date_is_never_newer_than_a_dated_one():
    assert value(chosen(reading(20, None), reading(38, ago(2)))) == 38
    assert value(chosen(unusable(None), reading(38, ago(2)))) == 38


def test_a_result_without_a_date_that_cannot_be_used_says_its_own_reason():
    assert why(chosen(unusable(None))) == ["odd cannot be used"]


def test_a_date_that_cannot_be_read_leaves_open_which_is_the_newest():
    assert why(chosen(unusable(None, undatable=True), reading(38, ago(2)))) == ["odd cannot be used"]
    assert why(chosen(unusable(None, undatable=True))) == ["odd cannot be used"]  # said once


def test_a_reason_is_said_once():
    assert why(chosen(unusable(ago(2)), unusable(ago(2)), gaps=[GAP, GAP])) == [GAP.message, "odd cannot be used"]


# --- results that only their name tells -------------------------------------------------------------------------------


def test_a_result_told_by_its_name_hides_a_coded_one_only_where_it_is_newer():
    for days_ago, hidden in ((1, True), (2, False), (3, False)):
        fact = chosen(unusable(ago(days_ago), by_name=True), reading(38, ago(2)))
        assert isinstance(fact, Unavailable if hidden else Known)


def test_a_result_told_by_its_name_is_newer_only_than_all_coded_ones():
    coded = [reading(38, ago(1)), reading(20, ago(5))]
    for readings in (coded, coded[::-1]):
        assert value(chosen(unusable(ago(3), by_name=True), *readings)) == 38


def test_of_thousands_told_by_their_names_each_is_held_against_the_coded_ones_once():
    names = [unusable(ago(days % 29 + 2), f"named {days}", by_name=True) for days in range(3000)]
    coded = [reading(38, ago(days % 28 + 1)) for days in range(3000)]
    assert value(chosen(*names, *coded)) == 38


def test_a_result_told_by_its_name_alone_is_not_called_missing():
    assert why(chosen(unusable(ago(2), by_name=True))) == ["odd cannot be used"]


def test_a_coded_result_that_cannot_be_used_does_not_silence_one_told_by_its_name():
    fact = chosen(unusable(ago(2), "named", by_name=True), unusable(ago(2), "coded"))
    assert why(fact) == ["named cannot be used", "coded cannot be used"]


# --- what is said of a result -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "when", "said"),
    [
        ({}, ago(2), []),
        ({"preliminary": True}, ago(2), ["{source} is preliminary"]),
        ({"unverified_code": True}, ago(2), ["{source} was recognised by a code that is not verified"]),
        ({}, When(date(2026, 3, 1), date(2026, 3, 31)), ["the date of {source} is partial"]),
    ],
)
def test_a_card_says_what_makes_the_result_less_certain(members, when, said):
    fact = chosen(reading(38, when, **members))
    assert isinstance(fact, Known)
    assert [remark.message for remark in fact.remarks] == said
    assert fact.sources == ("Observation/38",)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (exactly(3), Amount(Decimal(3), "g/L")),
        (Bounds(Decimal(3), Decimal(4)), Amount(Decimal(3), "g/L", to=Decimal(4))),
        (Bounds(None, Decimal(4)), Amount(Decimal(4), "g/L", "<=")),
        (Bounds(None, Decimal(4), high_open=True), Amount(Decimal(4), "g/L", "<")),
        (Bounds(Decimal(3), None), Amount(Decimal(3), "g/L", ">=")),
        (Bounds(Decimal(3), None, low_open=True), Amount(Decimal(3), "g/L", ">")),
        (Bounds(None, None), Amount(Decimal(0), "g/L", ">=")),  # nothing is known but that it is not negative
    ],
)
def test_a_computed_quantity_is_shown_as_a_value_a_range_or_a_bound(bounds, expected):
    assert amount_of(bounds, "g/L") == expected


@pytest.mark.parametrize(
    ("bounds", "reported", "expected"),
    [
        (exactly(38), Amount(Decimal(38), "g/L"), None),
        (Bounds(Decimal(38), None), Amount(Decimal(38), "g/L", ">="), None),
        (Bounds(None, Decimal(38)), Amount(Decimal(38), "g/L", "<="), None),
        (exactly(Decimal("2.2955")), Amount(Decimal("9.2"), "mg/dL"), Amount(Decimal("2.30"), "g/L")),
        (
            Bounds(None, Decimal("2.2955"), high_open=True),
            Amount(Decimal("9.2"), "mg/dL", "<"),
            Amount(Decimal("2.30"), "g/L", "<"),
        ),
        (
            Bounds(Decimal("2.2955"), None, low_open=True),
            Amount(Decimal("9.2"), "mg/dL", ">"),
            Amount(Decimal("2.30"), "g/L", ">"),
        ),
    ],
)
def test_a_formula_shows_its_own_unit_and_beside_it_what_was_reported_in_another(bounds, reported, expected):
    found = shown_in_formula(Measurement(bounds, "g/L", ago(1), SOURCE, reported))
    if expected is None:
        assert found == reported
        return
    assert isinstance(found, Text)
    assert found.parameters == {"converted": expected, "reported": reported}


@pytest.mark.parametrize(
    ("bounds", "point"),
    [
        (exactly(3), 3),
        (Bounds(Decimal(3), Decimal(4)), 3),
        (Bounds(Decimal(3), None), 3),
        (Bounds(None, Decimal(4)), 4),
        (exactly(0), 0),
    ],
)
def test_results_of_one_moment_are_ordered_by_their_value_or_the_bound_that_is_known(bounds, point):
    found = Measurement(bounds, "g/L", ago(1), SOURCE, Amount(Decimal(0), "g/L"))
    assert (higher_is_worse(found), lower_is_worse(found)) == ((point,), (-point,))


# --- 25-OH vitamin D --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (("9.9", "ng/mL"), ("19.9", "ng/mL")),
        (("24.9", "nmol/L"), ("10", "ng/mL")),  # deep deficiency, though the figure is greater
        (("19.9", "ng/mL"), ("20", "ng/mL")),
        (("49.9", "nmol/L"), ("29", "ng/mL")),
        (("19.9", "ng/mL"), ("151", "ng/mL")),  # deficiency before toxicity
        (("151", "ng/mL"), ("29", "ng/mL")),
        (("29.9", "ng/mL"), ("71", "ng/mL")),
        (("74.9", "nmol/L"), ("71", "ng/mL")),
        (("71", "ng/mL"), ("50", "ng/mL")),
        (("176", "nmol/L"), ("50", "ng/mL")),
        (("12", "ng/mL"), ("15", "ng/mL")),  # of one level the lower
        (("30", "ng/mL"), ("70", "ng/mL")),
    ],
)
def test_of_two_vitamin_d_results_of_one_moment_the_more_severe_by_tableau_1_counts(worse, better):
    def severity(number: str, unit: str) -> Severity:
        return vitamin_d_severity(measured_in(number, unit))

    assert severity(*worse) > severity(*better)


def measured_in(number: str, unit: str) -> Measurement:
    return measured(reading(number, ago(1), unit))


def fraction(
    value: int | str | Bounds, when: When | None = None, unit: str = "ng/mL", **members: Any
) -> Reading[Measurement]:
    return reading(value, when or ago(2), unit, **members)


def values(readings: list[Reading[Measurement]]) -> list[Decimal | None]:
    return [None if one.found is None else one.found.bounds.exact for one in readings]


def test_d2_and_d3_of_one_sample_are_summed():
    [summed] = sum_of_fractions([], [fraction(8)], [fraction(5)])
    assert measured(summed).bounds.exact == 13
    assert measured(summed).reported == Amount(Decimal(13), "ng/mL")


def test_a_d3_alone_counts_as_the_whole_and_a_d2_alone_does_not():
    assert values(sum_of_fractions([], [fraction(8)], [])) == [8]
    assert values(sum_of_fractions([], [], [fraction(8)])) == []


def test_fractions_of_other_samples_are_not_summed():
    assert values(sum_of_fractions([], [fraction(8, ago(2))], [fraction(5, ago(3))])) == [8]
    assert values(sum_of_fractions([], [fraction(8, at(7))], [fraction(5, at(8))])) == [8]
    assert values(sum_of_fractions([], [fraction(8, at(7))], [fraction(4, at(8)), fraction(5, at(7))])) == [13]


def test_a_fraction_of_some_day_of_a_month_is_not_of_the_sample_of_its_first_or_last_day():
    month = When(date(2026, 3, 1), date(2026, 3, 31))
    for edge in (month.first, month.last):
        assert values(sum_of_fractions([], [fraction(8, day(edge))], [fraction(5, month)])) == [8]


def test_fractions_without_a_date_are_of_no_known_sample():
    undated = [reading(number, None, "ng/mL") for number in (8, 5, 20)]
    assert values(sum_of_fractions([], undated[:1], undated[1:2])) == [8]
    assert values(sum_of_fractions(undated[2:], undated[:1], [])) == [20, 8]


def test_a_fraction_beside_the_total_of_its_sample_says_nothing_new():
    assert values(sum_of_fractions([fraction(20)], [fraction(8)], [fraction(5)])) == [20]
    assert values(sum_of_fractions([fraction(20, ago(9))], [fraction(8)], [fraction(5)])) == [20, 13]


def test_a_d2_under_its_limit_of_detection_may_be_anything_from_zero_to_it():
    [summed] = sum_of_fractions([], [fraction(8)], [fraction(Bounds(None, Decimal(4), high_open=True))])
    assert measured(summed).bounds == Bounds(Decimal(8), Decimal(12), high_open=True)
    [above] = sum_of_fractions([], [fraction(8)], [fraction(Bounds(Decimal(4), None, low_open=True))])
    assert measured(above).bounds == Bounds(Decimal(12), None, low_open=True)


def test_a_fraction_that_cannot_be_used_leaves_no_sum():
    [no_d3] = sum_of_fractions([], [unusable(ago(2), "d3")], [fraction(5)])
    [no_d2] = sum_of_fractions([], [fraction(8)], [unusable(ago(2), "d2")])
    [two_units] = sum_of_fractions([], [fraction(8)], [fraction(5, unit="nmol/L")])
    assert [one.found for one in (no_d3, no_d2, two_units)] == [None] * 3
    assert [one.problem and one.problem.message for one in (no_d3, no_d2, two_units)] == [
        "d3 cannot be used",
        "d2 cannot be used",
        "D2 and D3 are in different units",
    ]


@pytest.mark.parametrize("member", ["preliminary", "unverified_code"])
def test_a_sum_is_as_uncertain_as_either_of_its_fractions(member):
    plain, uncertain = fraction(8), fraction(5, **{member: True})
    for d3, d2, expected in ((plain, uncertain, True), (uncertain, plain, True), (plain, plain, False)):
        [summed] = sum_of_fractions([], [d3], [d2])
        assert getattr(measured(summed), member) is expected


def test_a_vitamin_d_that_is_known_is_told_in_the_words_of_tableau_1_and_an_absent_one_stays_absent():
    told = vitamin_d_fact(chosen(fraction(8)))
    assert isinstance(told, Known)
    assert told.value == VitaminD(measured(fraction(8)))
    assert told.sources == ("Observation/8",)
    assert isinstance(vitamin_d_fact(chosen()), Absent)
