"""Days on which several drafts respect the rules together: a plain search, whose answer the hook itself confirms.

Drafts are placed one after the other, each on the day nearest to the planned one on which nothing binds it beside those that
are placed; then the same in every other sequence, and once more on the earliest day instead. What a draft alone is told whatever
the day counts for nothing. Where no sequence places all, the rules in the way are named and set aside, and the search goes on
without them. A plan that keeps distances is found so; that there is none is not proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import permutations
from typing import TypeAlias

from mappings.facts import Order
from mappings.wording import Text
from service.calendar.asking import Asking, Key
from service.rules.naming import act_at

MOST_ASKED = 1_200
"""Times that the rules are asked beyond which no further sequence is begun."""

MOST_ROUNDS = 3
"""Times that rules which no day respects are set aside."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A draft on its day among the others, and the days around it that are free too, both ends included.

    `before` and `after` are the rules that bind on the days beside; `last` is None where no rule does within the days looked at.
    """

    name: Text
    day: date
    planned: date
    first: date
    last: date | None
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """The drafts on their days, in the sequence of these; none where none were found within the bounds.

    `conflicts` are rules that no day of these respects, each with the draft that it is about: they were set aside. `still` are
    those that speak on these days as on every other. `checked` where the hook, fired for these days and those at the edges,
    says the same.
    """

    orders: tuple[Placed, ...]
    conflicts: tuple[tuple[str, Text], ...]
    still: tuple[tuple[str, Text], ...]
    checked: bool

    @property
    def as_planned(self) -> bool:
        """Nothing has to be moved."""
        return bool(self.orders) and all(one.day == one.planned for one in self.orders)


def together(orders: Sequence[Order], asking: Asking, ahead: int) -> Together | None:
    """Days for all of these, from today until so many days ahead; None for fewer than two."""
    if len(orders) < 2:
        return None
    search = _Search(tuple(sorted(orders, key=_planned)), asking, ahead)
    set_aside: dict[Key, None] = {}
    for _round in range(MOST_ROUNDS):
        placed = search.placed()
        if placed is not None:
            return search.plan(placed, tuple(set_aside))
        if not search.least_in_the_way:
            break
        set_aside |= dict.fromkeys(search.least_in_the_way)
        search = search.without(search.least_in_the_way)
    return Together((), tuple(search.named(set_aside)), (), checked=False)


def _planned(order: Order) -> date:
    return order.planned.when.first


_Step: TypeAlias = tuple[tuple[tuple[int, date], ...], int]
"""Drafts on their days, and the one that is placed next."""


@dataclass(slots=True)
class _Search:
    """`borne` is how urgent a rule may be of a draft: as it is of the draft alone whatever the day; any where it is set aside."""

    orders: tuple[Order, ...]
    asking: Asking
    ahead: int
    borne: dict[Key, float] = field(default_factory=dict)
    least_in_the_way: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        if not self.borne:
            for key, rank in (told for order in self.orders for told in self._alone(order).items()):
                self.borne[key] = max(rank, self.borne.get(key, rank))

    def without(self, rules: Sequence[Key]) -> _Search:
        """The same, with rules set aside."""
        return _Search(self.orders, self.asking, self.ahead, self.borne | dict.fromkeys(rules, float("inf")))

    @property
    def days(self) -> list[date]:
        """Those that are looked at."""
        return [self.asking.record.today + timedelta(days=after) for after in range(self.ahead + 1)]

    def _alone(self, order: Order) -> dict[Key, float]:
        """What the draft is told on every day, the others left out."""
        others = frozenset(one.index for one in self.orders) - {order.index}
        speaking = [self.asking.speaking({order.index: when}, others) for when in self.days]
        return {key: min(one[key] for one in speaking) for key in speaking[0] if all(key in one for one in speaking)}

    def binding(self, days: dict[int, date]) -> tuple[Key, ...]:
        """The rules that bind drafts on these days, those without a day left out."""
        left_out = frozenset(one.index for one in self.orders if one.index not in days)
        said = self.asking.speaking(days, left_out)
        return tuple(key for key, rank in said.items() if rank > self.borne.get(key, -1))

    def placed(self) -> dict[int, date] | None:
        """A day for each draft, or none; then `least_in_the_way` are the fewest rules that would have to be set aside."""
        failed: set[_Step] = set()
        for nearest in (True, False):
            for sequence in permutations(self.orders):
                found = self._in_sequence(sequence, self._candidates(nearest), failed)
                if found is not None:
                    return found
                if self.asking.asked > MOST_ASKED:
                    return None
        return None

    def _candidates(self, nearest: bool) -> Callable[[Order], list[date]]:  # noqa: FBT001 - one of two ways
        def by(order: Order) -> list[date]:
            return sorted(self.days, key=lambda one: abs(one - _planned(order))) if nearest else self.days

        return by

    def _in_sequence(
        self, sequence: Sequence[Order], candidates: Callable[[Order], list[date]], failed: set[_Step]
    ) -> dict[int, date] | None:
        days: dict[int, date] = {}
        for order in sequence:
            which = (tuple(sorted(days.items())), order.index)
            free = None if which in failed else self._free(order, candidates(order), days)
            if free is None:
                failed.add(which)
                return None
            days[order.index] = free
        return days

    def _free(self, order: Order, candidates: Sequence[date], days: dict[int, date]) -> date | None:
        """The first of the candidates that is free; where none is, what was least in the way is remembered."""
        fewest: tuple[Key, ...] = ()
        for when in candidates:
            binding = self.binding({**days, order.index: when})
            if not binding:
                return when
            if not fewest or len(binding) < len(fewest):
                fewest = binding
        if not self.least_in_the_way or len(fewest) < len(self.least_in_the_way):
            self.least_in_the_way = fewest
        return None

    # --- the plan -------------------------------------------------------------------------------------------------

    def plan(self, days: dict[int, date], set_aside: Sequence[Key]) -> Together:
        """The drafts on these days, with the days around that are free too."""
        placed, edges = [], [days]
        for order in sorted(self.orders, key=lambda one: days[one.index]):
            first, before = self._until(order, days, -1)
            last, after = self._until(order, days, 1)
            ends = (first, last if after else None, before, after)
            placed.append(Placed(act_at(order), days[order.index], _planned(order), *ends))
            around = {first, last} | ({first - _DAY} if before else set()) | ({last + _DAY} if after else set())
            edges += [{**days, order.index: when} for when in sorted(around)]
        checked = all(self.asking.fired(one) == self.asking.speaking(one) for one in edges)
        still = [key for key in self.asking.speaking(days) if key not in set_aside]
        return Together(tuple(placed), tuple(self.named(set_aside)), tuple(self.named(still)), checked)

    def _until(self, order: Order, days: dict[int, date], step: int) -> tuple[date, tuple[str, ...]]:
        """The last free day in a direction, and the rules that bind on the one after; none at the end of the days."""
        free = days[order.index]
        end = self.days[0] if step < 0 else self.days[-1]
        while free != end:
            beside = free + step * _DAY
            if binding := self.binding({**days, order.index: beside}):
                return free, tuple(sorted({rule for rule, _about in binding}))
            free = beside
        return free, ()

    def named(self, rules: Iterable[Key]) -> Iterator[tuple[str, Text]]:
        """Each rule with the name of the draft that it is about."""
        names = {one.index: act_at(one) for one in self.orders}
        return ((rule, names[about]) for rule, about in rules if about in names)


_DAY = timedelta(days=1)
