"""Days on which several drafts respect the rules together, the best that there are; the hook itself confirms them.

What a draft alone is told whatever the day counts for nothing. Where no plan respects all the rest, the rules in the way are
named and borne where they are least urgent, at last everywhere, and days are sought again (`service.calendar.placing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations

from mappings.facts import Order
from mappings.wording import Text
from service.calendar.asking import Asking, Days, Key
from service.calendar.placing import BoundReached, Placing
from service.rules.naming import act_at

MOST_ASKED = 10_000
"""Times that the rules are asked in one search, each of one draft; at this bound it ends, and that is told. Some 1.5 s."""

MOST_ROUNDS = 4
"""Searches, each bearing the rules that were in the way of those before."""


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
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Together:
    """The drafts on their days, in the sequence of these; none where none were found within the bounds.

    `conflicts` are rules that speak of the drafts beside each other on whatever days, each with the draft that it is about; such
    a rule binds the days on which it is more urgent than on others. `still` are those that speak of a draft whatever its day.
    `checked` where the hook, fired for these days and those at the edges, says the same. `complete` where every sequence was
    tried: no other plan is better, or there is none; else the search ended at its bound.
    """

    orders: tuple[Placed, ...]
    conflicts: tuple[tuple[str, Text], ...]
    still: tuple[tuple[str, Text], ...]
    checked: bool
    complete: bool

    @property
    def as_planned(self) -> bool:
        """Nothing has to be moved."""
        return bool(self.orders) and all(one.day == one.planned for one in self.orders)


def together(orders: Sequence[Order], asking: Asking, ahead: int) -> Together | None:
    """Days for all of these, from today until so many days ahead; None for fewer than two."""
    if len(orders) < 2:
        return None
    drafts = _Drafts(tuple(sorted(orders, key=_planned)), asking, ahead)
    set_aside: dict[Key, None] = {}
    complete = True
    # Two that no days respect are found first: of more, what is in the way of some days may be in the way of no plan.
    for some in (*combinations(drafts.orders, 2), *((drafts.orders,) if len(orders) > 2 else ())):
        for _round in range(MOST_ROUNDS):
            placing = drafts.placing(some)
            complete = complete and placing.complete
            if placing.found is not None or not placing.in_the_way:
                break
            set_aside |= dict.fromkeys(placing.in_the_way)
            drafts = drafts.bearing(placing.in_the_way)
    if placing.found is None:
        return Together((), tuple(drafts.named(set_aside)), (), checked=False, complete=complete)
    return drafts.plan(placing.found, tuple(set_aside), complete=complete)


def _planned(order: Order) -> date:
    return order.planned.when.first


@dataclass(slots=True)
class _Drafts:
    """`borne` is how urgent a rule may be of a draft: as it is whatever the day, of the draft alone or beside others."""

    orders: tuple[Order, ...]
    asking: Asking
    ahead: int
    borne: dict[Key, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.borne:
            for key, rank in (told for order in self.orders for told in self._alone(order).items()):
                self.borne[key] = max(rank, self.borne.get(key, rank))

    def bearing(self, rules: Sequence[Key]) -> _Drafts:
        """The same, these rules borne as urgent as they are at least; where that did not help, however urgent."""
        known = self.asking.known.values()
        least = {key: min(said[key] for said in known if key in said) for key in rules}
        more = {key: rank if rank > self.borne.get(key, -1) else float("inf") for key, rank in least.items()}
        return _Drafts(self.orders, self.asking, self.ahead, self.borne | more)

    @property
    def days(self) -> list[date]:
        """Those that are looked at."""
        return [self.asking.record.today + timedelta(days=after) for after in range(self.ahead + 1)]

    def _alone(self, order: Order) -> dict[Key, float]:
        """What the draft is told on every day, the others left out."""
        others = frozenset(one.index for one in self.orders) - {order.index}
        speaking = [self.asking.speaking({order.index: when}, others) for when in self.days]
        return {key: min(one[key] for one in speaking) for key in speaking[0] if all(key in one for one in speaking)}

    def binding(self, days: Days) -> tuple[Key, ...]:
        """The rules that bind drafts on these days, those without a day left out."""
        left_out = frozenset(one.index for one in self.orders if one.index not in days)
        said = self.asking.speaking(days, left_out)
        return tuple(key for key, rank in said.items() if rank > self.borne.get(key, -1))

    def placing(self, orders: Sequence[Order]) -> Placing:
        """A search for the days of some of them, the others left out, which has ended."""
        begun = self.asking.drafts_asked

        def binding(days: Days) -> tuple[Key, ...]:
            if self.asking.drafts_asked - begun >= MOST_ASKED:
                raise BoundReached
            return self.binding(days)

        return Placing({one.index: _planned(one) for one in orders}, self.days, binding).search()

    # --- the plan -------------------------------------------------------------------------------------------------

    def plan(self, days: Days, set_aside: Sequence[Key], *, complete: bool) -> Together:
        """The drafts on these days, with the days around that are free too."""
        placed, edges = [], [days]
        for order in sorted(self.orders, key=lambda one: days[one.index]):
            first, before = self._until(order, days, -1)
            last, after = self._until(order, days, 1)
            ends = (first, last if after else None, before, after)
            placed.append(Placed(act_at(order), days[order.index], _planned(order), *ends, order.reference))
            around = {first, last} | ({first - _DAY} if before else set()) | ({last + _DAY} if after else set())
            edges += [{**days, order.index: when} for when in sorted(around)]
        checked = all(self.asking.fired(one) == self.asking.speaking(one) for one in edges)
        said = self.asking.speaking(days)
        conflicts = [key for key in set_aside if key in said]
        still = [key for key in said if key not in set_aside]
        return Together(tuple(placed), tuple(self.named(conflicts)), tuple(self.named(still)), checked, complete)

    def _until(self, order: Order, days: Days, step: int) -> tuple[date, tuple[str, ...]]:
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
