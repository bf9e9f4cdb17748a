"""Intervals of numbers, held against the numbers themselves: every small interval, on a grid finer than its ends."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from mappings.quantities import Bounds, bounded, exactly, written_number

GRID = [Decimal(number) / 4 for number in range(1, 25)]
ENDS = [None, Decimal(1), Decimal(2), Decimal(3)]


def holds(bounds: Bounds, number: Decimal) -> bool:
    above = bounds.low is None or bounds.low < number or (bounds.low == number and not bounds.low_open)
    return above and (bounds.high is None or number < bounds.high or (number == bounds.high and not bounds.high_open))


def numbers(bounds: Bounds) -> list[Decimal]:
    return [number for number in GRID if holds(bounds, number)]


INTERVALS = [
    bounds
    for low, high, low_open, high_open in itertools.product(ENDS, ENDS, (False, True), (False, True))
    if not (low is None and low_open) and not (high is None and high_open)
    if numbers(bounds := Bounds(low, high, low_open, high_open))
]


def settled(answers: list[bool]) -> bool | None:
    return answers[0] if len(set(answers)) == 1 else None


@pytest.mark.parametrize("limit", [Decimal("0.25"), *(Decimal(number) / 2 for number in range(2, 8)), Decimal(6)])
def test_a_comparison_is_answered_where_every_number_of_the_interval_answers_it_alike(limit):
    for bounds in INTERVALS:
        inside = numbers(bounds)
        ends = [bounds.low is None and limit <= GRID[0], bounds.high is None and limit >= GRID[-1]]
        if any(ends):  # the grid ends where the interval does not
            continue
        assert bounds.below(limit) is settled([number < limit for number in inside]), bounds
        assert bounds.at_most(limit) is settled([number <= limit for number in inside]), bounds
        assert bounds.above(limit) is settled([number > limit for number in inside]), bounds
        assert bounds.at_least(limit) is settled([number >= limit for number in inside]), bounds


def test_a_single_number_is_exact_and_an_interval_is_not():
    assert exactly(3).exact == 3
    assert [bounds.exact for bounds in INTERVALS if len(numbers(bounds)) > 1] == [None] * sum(
        len(numbers(bounds)) > 1 for bounds in INTERVALS
    )


CLOSED = Bounds(Decimal(1), Decimal(2))
OPEN = Bounds(Decimal(3), Decimal(5), low_open=True, high_open=True)
HALF = Bounds(None, Decimal(4), high_open=True)


def test_an_interval_is_shifted_end_by_end_and_an_open_end_stays_open():
    assert CLOSED.shifted(CLOSED) == Bounds(Decimal(2), Decimal(4))
    assert CLOSED.shifted(OPEN) == OPEN.shifted(CLOSED) == Bounds(Decimal(4), Decimal(7), low_open=True, high_open=True)
    assert CLOSED.shifted(HALF) == HALF.shifted(CLOSED) == Bounds(None, Decimal(6), high_open=True)
    assert (
        CLOSED.shifted(Bounds(Decimal(1), None)) == Bounds(Decimal(1), None).shifted(CLOSED) == Bounds(Decimal(2), None)
    )


def test_an_interval_is_scaled_and_turned_round_end_by_end():
    assert OPEN.scaled(Decimal(3)) == Bounds(Decimal(9), Decimal(15), low_open=True, high_open=True)
    assert HALF.scaled(Decimal(3)) == Bounds(None, Decimal(12), high_open=True)
    assert Bounds(Decimal(2), None, low_open=True).scaled(Decimal(3)) == Bounds(Decimal(6), None, low_open=True)
    assert Bounds(Decimal(1), Decimal(2), low_open=True).negated() == Bounds(Decimal(-2), Decimal(-1), high_open=True)
    assert HALF.negated() == Bounds(Decimal(-4), None, low_open=True)


def test_intervals_are_multiplied_end_by_end():
    assert CLOSED.times(OPEN) == OPEN.times(CLOSED) == Bounds(Decimal(3), Decimal(10), low_open=True, high_open=True)
    assert CLOSED.times(HALF) == HALF.times(CLOSED) == Bounds(None, Decimal(8), high_open=True)


def test_a_product_and_a_quotient_have_no_bound_where_a_factor_has_none():
    unbounded = Bounds(Decimal(1), None)
    assert unbounded.times(CLOSED) == CLOSED.times(unbounded) == Bounds(Decimal(1), None)
    assert unbounded.over(CLOSED) == Bounds(Decimal("0.5"), None)
    assert HALF.over(CLOSED) == Bounds(None, Decimal(4), high_open=True)


def test_an_interval_is_divided_by_the_opposite_ends_of_the_other():
    assert OPEN.over(CLOSED) == Bounds(Decimal("1.5"), Decimal(5), low_open=True, high_open=True)
    assert CLOSED.over(OPEN) == Bounds(Decimal("0.2"), Decimal(2) / 3, low_open=True, high_open=True)
    assert CLOSED.over(Bounds(Decimal(2), Decimal(4), high_open=True)) == Bounds(
        Decimal("0.25"), Decimal(1), low_open=True
    )
    assert CLOSED.over(HALF) == Bounds(Decimal("0.25"), None, low_open=True)
    assert CLOSED.over(Bounds(Decimal(2), None)) == Bounds(None, Decimal(1))


@pytest.mark.parametrize("divisor", [Decimal(0), Decimal("-0.5"), None])
def test_a_divisor_that_may_be_zero_leaves_no_upper_bound(divisor):
    assert CLOSED.over(Bounds(divisor, Decimal(4))) == Bounds(Decimal("0.25"), None)


@pytest.mark.parametrize(
    ("comparator", "expected"),
    [
        ("", Bounds(Decimal(2), Decimal(2))),
        ("<", Bounds(None, Decimal(2), high_open=True)),
        ("<=", Bounds(None, Decimal(2))),
        (">", Bounds(Decimal(2), None, low_open=True)),
        (">=", Bounds(Decimal(2), None)),
    ],
)
def test_a_comparator_leaves_one_side(comparator, expected):
    assert bounded(Decimal(2), comparator) == expected


def test_a_comparator_of_another_version_is_refused():
    with pytest.raises(ValueError, match="ad"):
        bounded(Decimal(2), "ad")


# --- numbers as people write them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(
            (text, 50000)
            for text in ("50000", "50 000", "50\u00a0000", "50\u202f000", "50'000", "50’000", "50_000", " 50000 ")
        ),
        *((text, 1_000_000) for text in ("1 000 000", "1,000,000", "1.000.000")),
        *((text, "50000.5") for text in ("50,000.5", "50.000,5", "50 000,5")),
        *(("1,7", "1.7"), ("1.7", "1.7"), ("0,266", "0.266"), ("1000,500", "1000.5"), ("0", 0)),
        *(
            (text, None)
            for text in ("", "mg", "1 00", "5 0000", "1,00,000", "1234 567", "1.000.00", "-4", "1e3", "½", "٣")
        ),
        ("1" * 65, None),
    ],
)
def test_a_number_is_read_as_people_write_it(text, number):
    assert written_number(text) == (None if number is None else Decimal(number))


@pytest.mark.parametrize("text", ["50,000", "50.000", "1,250", "999.999"])
def test_one_mark_before_three_figures_says_what_the_unit_says_and_else_nothing(text):
    assert written_number(text) is None
    assert written_number(text, mark_parts_thousands=True) == Decimal(text.replace(",", "").replace(".", ""))
    assert written_number(text, mark_parts_thousands=False) == Decimal(text.replace(",", "."))
