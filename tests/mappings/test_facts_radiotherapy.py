"""Dose a fraction, the volume of a prescription that counts, and when a course ended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mappings.dates import When, day
from mappings.facts import Prescription, RadiotherapyCourse, Target, Volume

START, END, PLANNED_END = (day(date(2026, 3, one)) for one in (2, 13, 16))


def volume(gray: int | None, fractions: int | None = None, gray_a_fraction: int | None = None) -> Volume:
    dose, each = (None if one is None else Decimal(one) for one in (gray, gray_a_fraction))
    return Volume(dose, fractions, each)


@pytest.mark.parametrize(
    ("told", "gray"),
    [
        (volume(30, 10), 3),
        (volume(30, 10, 4), 4),  # what is stated wins
        (volume(None, 10), None),
        (volume(30), None),
        (volume(30, 0), None),
    ],
)
def test_gray_a_fraction_is_stated_or_the_dose_over_its_fractions(told, gray):
    assert told.gray_a_fraction == gray


@pytest.mark.parametrize(
    ("volumes", "highest"),
    [
        ((volume(20, 5), volume(30, 10), volume(8, 1)), volume(30, 10)),
        ((volume(30, 10), volume(30, 5)), volume(30, 5)),  # of one dose, the fewer fractions
        ((volume(30, 5), volume(30, 10)), volume(30, 5)),
        ((volume(30, 10), volume(30)), volume(30)),
        ((volume(30, 1), volume(30)), volume(30)),
        ((volume(None, 10), volume(20, 5)), volume(20, 5)),
        ((volume(None), volume(None, 10)), volume(None, 10)),
        ((volume(None), volume(None, None, 3)), volume(None, None, 3)),
        ((volume(None),), None),
        ((), None),
    ],
)
def test_the_volume_with_the_highest_dose_counts_or_the_first_that_states_anything(volumes, highest):
    assert Prescription(Target.BONE, frozenset(), volumes=volumes).highest == highest


def course(*, last: When | None = None, planned_end: When | None = None, under_way: bool = False) -> RadiotherapyCourse:
    return RadiotherapyCourse(
        ("Procedure/1",),
        "radiotherapy",
        Target.BONE,
        frozenset(),
        frozenset(),
        START,
        last,
        under_way,
        undated=False,
        stereotactic=False,
        curative=False,
        planned_end=planned_end,
        unverified_code=False,
    )


@pytest.mark.parametrize(
    ("told", "ended"),
    [
        (course(last=END), END),
        (course(planned_end=PLANNED_END), PLANNED_END),
        (course(last=END, planned_end=PLANNED_END), END),
        (course(last=END, planned_end=PLANNED_END, under_way=True), None),
        (course(), None),
    ],
)
def test_a_course_ended_on_its_stated_end_else_on_the_planned_one_and_not_while_it_is_under_way(told, ended):
    assert told.ended == ended
