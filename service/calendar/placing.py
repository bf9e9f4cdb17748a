"""A day for each of several drafts, of all plans the best: every sequence is tried, within a bound of questions.

The best brings drafts forward by the fewest days in total; of such, its longest delay is the shortest, then its delays in total.
A day before the planned one may be too early for what the rules do not know, the next cycle of a drug or a bed; and of two
treatments none should wait long so that the other need not wait at all.

Drafts are placed one after the other, each on a day on which nothing binds it beside those that are placed: the planned one, or
one at which a stretch of free days begins or ends. Where rules keep distances between days, or take stretches of days, one of
the best plans has only such days: else drafts could move on, together, and be no worse. What cannot be better than the best plan
that is known is not followed. A draft is taken to have no more free days beside more others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from service.calendar.asking import Days, Key

Binding: TypeAlias = Callable[[Days], tuple[Key, ...]]
"""The rules that bind drafts on these days, the others left out."""


Cost: TypeAlias = tuple[int, int]
"""Days by which a draft is brought forward, and by which it is delayed."""


def worth(costs: Sequence[Cost]) -> tuple[int, int, int]:
    """What a plan costs: days forward in total, the longest delay, the delays in total; the less the better."""
    delays = [delay for _forward, delay in costs]
    return sum(forward for forward, _delay in costs), max(delays), sum(delays)


class BoundReached(Exception):
    """The rules were asked as often as they may be."""


@dataclass(slots=True)
class Placing:
    """A search for the days of drafts, `planned` by their index; `days` are those that they may have, in their order.

    `binding` may raise `BoundReached`. Afterwards `found` holds the days, None where there are none; `complete` where every
    sequence was tried, so that no other plan is better, or there is none; `in_the_way` the fewest rules that take all days of a
    draft.
    """

    planned: Mapping[int, date]
    days: Sequence[date]
    binding: Binding
    found: dict[int, date] | None = None
    complete: bool = False
    in_the_way: tuple[Key, ...] = ()
    _seen: set[frozenset[tuple[int, date]]] = field(default_factory=set)
    _stuck: list[tuple[frozenset[tuple[int, date]], int]] = field(default_factory=list)

    def search(self) -> Placing:
        """Try every sequence, or end at the bound."""
        try:
            self._place({})
        except BoundReached:
            return self
        self.complete = True
        return self

    def _cost(self, index: int, when: date) -> Cost:
        delay = (when - self.planned[index]).days
        return max(0, -delay), max(0, delay)

    def _of(self, days: Days) -> list[Cost]:
        return [self._cost(*one) for one in days.items()]

    def _place(self, placed: dict[int, date]) -> None:
        """Place each of those that are left next to these."""
        left = [index for index in self.planned if index not in placed]
        if not left:
            self.found = placed
            return
        which = frozenset(placed.items())
        if which in self._seen or any(beside <= which and index in left for beside, index in self._stuck):
            return
        self._seen.add(which)
        least: dict[int, Cost] = {}
        for index in left:
            first = self._cheapest(index, placed)
            if first is None:
                self._stuck.append((self._narrowed(index, placed), index))
                return
            least[index] = first
        for index in left:
            others = [least[one] for one in left if one != index]
            for when in self._edges(index, placed):
                at_least = [*self._of({**placed, index: when}), *others]
                if self.found is not None and worth(at_least) >= worth(self._of(self.found)):
                    break
                self._place({**placed, index: when})

    def _cheapest_first(self, index: int) -> list[int]:
        """The places of the days, the cheapest of the draft first."""
        return sorted(range(len(self.days)), key=lambda place: self._cost(index, self.days[place]))

    def _cheapest(self, index: int, placed: dict[int, date]) -> Cost | None:
        """What a draft costs at least beside those that are placed; None where it has no free day."""
        fewest: tuple[Key, ...] = ()
        for place in self._cheapest_first(index):
            binding = self.binding({**placed, index: self.days[place]})
            if not binding:
                return self._cost(index, self.days[place])
            fewest = binding if not fewest or len(binding) < len(fewest) else fewest
        if not self.in_the_way or len(fewest) < len(self.in_the_way):
            self.in_the_way = fewest
        return None

    def _narrowed(self, index: int, placed: dict[int, date]) -> frozenset[tuple[int, date]]:
        """Those of the placed ones that leave a draft no free day."""
        for one in placed:
            fewer = {other: when for other, when in placed.items() if other != one}
            if self._cheapest(index, fewer) is None:
                return self._narrowed(index, fewer)
        return frozenset(placed.items())

    def _edges(self, index: int, placed: dict[int, date]) -> Iterator[date]:
        """The planned day, where it is free, and those at which free stretches begin or end, the cheapest first."""

        def free(place: int) -> bool:
            return 0 <= place < len(self.days) and not self.binding({**placed, index: self.days[place]})

        for place in self._cheapest_first(index):
            when = self.days[place]
            if free(place) and (when == self.planned[index] or not (free(place - 1) and free(place + 1))):
                yield when
