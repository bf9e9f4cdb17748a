"""On which days what is drafted respects the rules, and which rule binds it: a plain search over the days, by asking the rules.

Each draft is moved from day to day while the others stay as they are planned. A rule whose answer the day decides binds the days
on which it warns, cannot tell or fails; one that speaks whatever the day is binds those on which it is more urgent than on
others. Then days are sought on which all of them agree (`service.calendar.together`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from mappings.facts import Order
from mappings.wording import Text, _
from service.calendar.asking import Asking
from service.calendar.together import Together, together
from service.pipeline import HookAnswer
from service.rules.calendar import Entry, Kind, Lane
from service.rules.naming import act_at
from service.services import Service
from service.world import World

DAYS = 90
"""Days from today that are looked at."""

MOST_ORDERS = 4
"""Drafts that are moved; the others stay where they are, and that is told."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days, both ends included, on which the same rules bind; none where the order respects all of them.

    `last` is None where it goes on beyond the days that are looked at.
    """

    first: date
    last: date | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Movable:
    """One draft: its stretches in order; `checked` where the hook, fired for the first and last free days, says the same.

    `always` are the rules that speak of it, not of the others, whatever the day is.
    """

    name: Text
    planned: date
    stretches: tuple[Stretch, ...]
    always: tuple[str, ...]
    checked: bool
    reference: str = ""

    @property
    def free(self) -> tuple[Stretch, ...]:
        """Those on which no rule binds."""
        return tuple(one for one in self.stretches if not one.rules)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The drafts that were moved, the names of those that were not, and days for all that were; None of fewer than two."""

    orders: tuple[Movable, ...]
    left: tuple[Text, ...]
    together: Together | None = None


def sequence(
    answer: HookAnswer,
    body: Mapping[str, Any],
    service: Service,
    world: World,
    *,
    now: datetime,
    in_time: Callable[[], bool] = lambda: True,
) -> Schedule:
    """The days of each draft of an answered request; `body` is the request, for the hooks that check it.

    Raises `OutOfTime` where there is no time for one more question before all are asked.
    """
    drafts = [order for order in answer.orders if order.draft and order.identified and order.triggers]
    if answer.record is None or not service.hook.is_about_orders:
        return Schedule((), tuple(act_at(order) for order in drafts))
    asking = Asking(answer, answer.record, body, service, world, now, in_time=in_time)
    moved = drafts[:MOST_ORDERS]
    return Schedule(
        tuple(_days_of(order, asking) for order in moved),
        tuple(act_at(order) for order in drafts[MOST_ORDERS:]),
        together(moved, asking, DAYS),
    )


def with_earliest(lanes: Iterable[Lane], schedule: Schedule) -> Iterator[Lane]:
    """The lanes, with the earliest day of each draft that is planned too early: that of the plan for all, where there is one.

    Without a plan the others stay as they are planned, and what a lane has marked itself stays.
    """
    plan = () if schedule.together is None else schedule.together.orders
    days = {one.reference: (one.name, one.day) for one in plan if one.day > one.planned}
    if not plan:
        alone = [(one, one.free[0].first) for one in schedule.orders if one.free]
        days = {one.reference: (one.name, first) for one, first in alone if first > one.planned}
    placed = {one.reference for one in plan}
    for lane in lanes:
        kept = [entry for entry in lane.entries if entry.kind is not Kind.EARLIEST or entry.source not in placed]
        marked = {entry.source for entry in kept if entry.kind is Kind.EARLIEST} | {""}
        planned = dict.fromkeys(entry.source for entry in kept if entry.kind is Kind.PLANNED)
        for reference in planned:
            if reference in days and reference not in marked:
                name, first = days[reference]
                kept.append(Entry(Kind.EARLIEST, _("{order}: earliest", order=name), first, first, source=reference))
        yield replace(lane, entries=tuple(kept))


def _days_of(order: Order, asking: Asking) -> Movable:
    today = asking.record.today
    days = [today + timedelta(days=ahead) for ahead in range(DAYS + 1)]
    speaking = [asking.speaking({order.index: when}) for when in days]
    whenever = {key: min(one[key] for one in speaking) for key in speaking[0] if all(key in one for one in speaking)}
    binding = [
        frozenset(key[0] for key, rank in one.items() if key not in whenever or rank > whenever[key])
        for one in speaking
    ]
    always = {rule for rule, about in whenever if about == order.index}
    stretches = tuple(_stretches(days, binding))
    edges = {stretches[0].first} | {one.first for one in stretches[1:]}
    edges |= {one.last for one in stretches if one.last is not None}
    said = dict(zip(days, speaking, strict=True))
    checked = all(asking.fired({order.index: when}) == said[when] for when in edges)
    name, planned = act_at(order), order.planned.when.first
    return Movable(name, planned, stretches, tuple(sorted(always)), checked, order.reference)


def _stretches(days: Sequence[date], binding: Sequence[frozenset[str]]) -> Iterator[Stretch]:
    begin = 0
    for place in range(1, len(days) + 1):
        if place == len(days) or binding[place] != binding[begin]:
            last = None if place == len(days) else days[place - 1]
            yield Stretch(days[begin], last, tuple(sorted(binding[begin])))
            begin = place
