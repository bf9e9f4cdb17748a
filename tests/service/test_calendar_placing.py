"""The days of several drafts: the best plan by what a plan costs, held against all plans that there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from service.calendar.asking import Days, Key
from service.calendar.placing import BoundReached, Placing, worth

TODAY = date(2026, 3, 31)
AHEAD = 11
DRAFTS = 3

Windows = Mapping[int, tuple[int, int]]
Distances = Mapping[tuple[int, int], int]


def on(day: int) -> date:
    return TODAY + timedelta(days=day)


DAYS = [on(day) for day in range(AHEAD)]
some_day = st.integers(0, AHEAD - 1)
windows = st.fixed_dictionaries({index: st.tuples(some_day, some_day) for index in range(DRAFTS)})
pairs = st.sampled_from([(one, other) for one in range(DRAFTS) for other in range(DRAFTS) if one != other])


def rules(closed: Windows, apart: Distances) -> set[tuple[int, ...]]:
    """Days of all drafts, or of some (the others -1), on which nothing binds: outside what is closed, and apart."""

    def agree(days: tuple[int, ...]) -> bool:
        placed = {index: day for index, day in enumerate(days) if day >= 0}
        return not any(closed[index][0] <= day <= closed[index][1] for index, day in placed.items()) and not any(
            one in placed and other in placed and 0 <= placed[other] - placed[one] < distance
            for (one, other), distance in apart.items()
        )

    return {days for days in product(range(-1, AHEAD), repeat=DRAFTS) if agree(days)}


def placing(planned: Mapping[int, int], free: set[tuple[int, ...]], most: int = 100_000) -> Placing:
    asked = 0

    def binding(days: Days) -> tuple[Key, ...]:
        nonlocal asked
        asked += 1
        if asked > most:
            raise BoundReached
        told = tuple((days[index] - TODAY).days if index in days else -1 for index in range(DRAFTS))
        return () if told in free else (("a-rule", 0),)

    return Placing({index: on(day) for index, day in planned.items()}, DAYS, binding).search()


def cost(days: tuple[int, ...], planned: Mapping[int, int]) -> tuple[int, int, int]:
    return worth([(max(0, planned[at] - day), max(0, day - planned[at])) for at, day in enumerate(days)])


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries({index: st.integers(-3, AHEAD + 2) for index in range(DRAFTS)}),
    windows,
    st.dictionaries(pairs, st.integers(1, 7), max_size=4),
)
def test_no_plan_of_all_that_there_are_is_better(planned: dict[int, int], closed: Windows, apart: Distances) -> None:
    free = rules(closed, apart)
    all_plans = [cost(days, planned) for days in free if -1 not in days]
    found = placing(planned, free)
    assert found.complete
    if not all_plans:
        assert found.found is None
        assert found.in_the_way
    else:
        assert found.found is not None
        days = tuple((found.found[index] - TODAY).days for index in range(DRAFTS))
        assert days in free
        assert cost(days, planned) == min(all_plans)


NOTHING_CLOSED = dict.fromkeys(range(DRAFTS), (1, 0))


def test_the_sequence_that_has_the_shortest_longest_delay_is_taken() -> None:
    """The first on its planned day delays the second by 7 days; the second on its own delays the first by 3."""
    free = rules({**NOTHING_CLOSED, 2: (0, 9)}, {(0, 1): 7, (1, 0): 3})
    found = placing({0: 0, 1: 0, 2: 10}, free)
    assert found.found == {0: on(3), 1: on(0), 2: on(10)}


def test_nothing_is_brought_forward_where_a_delay_will_do() -> None:
    free = rules(NOTHING_CLOSED, {(0, 1): 5, (1, 0): 5})
    assert placing({0: 1, 1: 4, 2: 0}, free).found == {0: on(1), 1: on(6), 2: on(0)}
    closed = rules({0: (5, 10), 1: (6, 10), 2: (1, 0)}, {(0, 1): 5, (1, 0): 5})
    assert placing({0: 1, 1: 4, 2: 0}, closed).found == {0: on(0), 1: on(5), 2: on(0)}


def test_a_search_that_reaches_its_bound_says_that_it_is_not_complete_and_keeps_what_it_found() -> None:
    free = rules(NOTHING_CLOSED, {(0, 1): 7, (1, 0): 3})
    planned = {0: 0, 1: 0, 2: 10}
    nothing = placing(planned, free, most=2)
    assert (nothing.found, nothing.complete) == (None, False)
    bounded = (placing(planned, free, most) for most in range(3, 1000))
    assert not next(one for one in bounded if one.found).complete
    assert placing(planned, free).complete
