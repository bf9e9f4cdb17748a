"""Creatinine clearance at the edges of age and plausibility; its routes are told in the scenarios of renal function."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from mappings.dates import When, day
from mappings.facts import Absent, ClearanceMethod, Fact, Known, Measurement, Person, Unavailable
from mappings.quantities import Bounds, exactly
from mappings.readers.clearance import ADULT_AGE, AGE, CREATININE, WHAT, RenalInputs, clearance, missing_inputs
from mappings.wording import Amount, _

TODAY = date(2026, 3, 31)
NONE: Absent = Absent(WHAT)
NAME = _("name")


def result(value: Bounds | int, unit: str = "umol/L") -> Known[Measurement]:
    bounds = value if isinstance(value, Bounds) else exactly(value)
    shown = Amount(bounds.high or bounds.low or Decimal(0), unit)
    return Known(NAME, Measurement(bounds, unit, day(TODAY), "Observation/1", shown))


def person(first: date, last: date | None = None, sex: str = "female") -> Known[Person]:
    return Known(NAME, Person(sex, When(first, last or first), "Patient/1"))


def inputs(
    who: Known[Person], creatinine: Fact[Measurement] = NONE, kilograms: int = 60, **others: Fact[Measurement]
) -> RenalInputs:
    routes: dict[str, Fact[Measurement]] = {"cockcroft": NONE, "measured": NONE, "egfr": NONE, **others}
    return RenalInputs(creatinine=creatinine, weight=result(kilograms, "kg"), person=who, **routes)


@pytest.mark.parametrize(
    ("first", "last", "missing"),
    [
        (date(2026, 4, 1), None, AGE),  # born tomorrow
        (date(2026, 3, 31), None, ADULT_AGE),  # born today
        (date(2026, 1, 1), date(2026, 12, 31), ADULT_AGE),  # some day of this year
        (date(2008, 3, 31), None, None),  # 18 today
        (date(2008, 4, 1), None, ADULT_AGE),
        (date(2008, 1, 1), date(2008, 12, 31), ADULT_AGE),  # 18, or not yet
        (date(1886, 4, 1), None, None),  # 139
        (date(1886, 3, 31), None, AGE),  # 140
        (date(1886, 1, 1), date(1886, 12, 31), AGE),  # 140, or not yet
    ],
)
def test_an_age_that_the_formula_does_not_hold_for_is_missing(first, last, missing):
    told = missing_inputs(inputs(person(first, last), creatinine=result(80)), TODAY)
    assert told == (() if missing is None else (missing,))


def test_creatinine_itself_is_named_when_it_is_missing():
    assert missing_inputs(inputs(person(date(1960, 1, 1))), TODAY) == (CREATININE,)


def test_a_clearance_of_which_one_age_alone_gives_an_implausible_one_is_not_used():
    oldest = inputs(person(date(1887, 1, 1), date(1887, 12, 31)), creatinine=result(60), kilograms=40)
    youngest = inputs(person(date(2007, 1, 1), date(2007, 12, 31), "male"), creatinine=result(72), kilograms=120)
    for told in (oldest, youngest):
        found = clearance(told, TODAY)
        assert isinstance(found, Unavailable)
        assert "not plausible" in found.why[0].message


def test_a_creatinine_that_is_only_a_bound_gives_a_bound():
    bound = Bounds(None, Decimal(100), high_open=True)
    found = clearance(inputs(person(date(1966, 3, 31)), creatinine=result(bound)), TODAY)
    assert isinstance(found, Known)
    assert found.value.bounds == Bounds(Decimal("49.92"), None, low_open=True)  # (140 - 60) × 60 × 1.04 / 100


@pytest.mark.parametrize(("sex", "expected"), [("female", "62.40"), ("male", "73.80")])
def test_the_factor_is_that_of_the_sex(sex, expected):
    found = clearance(inputs(person(date(1966, 3, 31), sex=sex), creatinine=result(80)), TODAY)
    assert isinstance(found, Known)
    assert found.value.bounds.exact == Decimal(expected)


def test_beside_a_creatinine_that_could_not_be_read_the_best_known_route_is_shown():
    unreadable = Unavailable(CREATININE, (_("x"),))
    shown = Unavailable(CREATININE, (_("x"),), _("its own"))
    routes = {"cockcroft": result(41, "mL/min"), "egfr": result(42, "mL/min")}
    who = person(date(1960, 1, 1))
    first, own = (clearance(inputs(who, creatinine=cause, **routes), TODAY) for cause in (unreadable, shown))
    assert isinstance(first, Unavailable)
    assert isinstance(own, Unavailable)
    assert first.shown is not None
    assert first.shown.parameters["value"] == Amount(Decimal(41), "mL/min")
    assert own.shown == _("its own")


@pytest.mark.parametrize(
    ("reported_on", "method"),
    [
        (date(2026, 3, 31), ClearanceMethod.REPORTED_COCKCROFT),
        (date(2026, 3, 30), ClearanceMethod.COMPUTED_COCKCROFT),
    ],
)
def test_a_reported_clearance_counts_unless_the_creatinine_is_newer(reported_on, method):
    reported = result(41, "mL/min")
    reported = replace(reported, value=replace(reported.value, when=day(reported_on)))
    found = clearance(inputs(person(date(1966, 3, 31)), creatinine=result(80), cockcroft=reported), TODAY)
    assert isinstance(found, Known)
    assert found.value.method is method
