"""On which days what is drafted respects the rules, and which rule binds it: a plain search over the days, by asking the rules.

Each draft is moved from day to day while the others stay as they are planned. A rule whose answer the day decides binds the days
on which it warns, cannot tell or fails; one that speaks whatever the day is binds those on which it is more urgent than on
others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from mappings.clock import Clock
from mappings.dates import When, day
from mappings.evidence import reference_of
from mappings.facts import DrugOrder, Order, Planned
from mappings.record import Record
from mappings.wording import Text
from service.cards.silencing import silenced
from service.cards.suggestions import Ordering, started_on
from service.evaluate import RuleOutcome, evaluate_orders, triggered
from service.languages.render import Language
from service.pipeline import HookAnswer, advise
from service.rules.naming import act_at
from service.rules.outcome import Advice, Indicator, Silence
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
    reference: str
    planned: date
    stretches: tuple[Stretch, ...]
    always: tuple[str, ...]
    checked: bool

    @property
    def free(self) -> tuple[Stretch, ...]:
        """Those on which no rule binds."""
        return tuple(one for one in self.stretches if not one.rules)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The drafts that were moved, and the names of those that were not."""

    orders: tuple[Movable, ...]
    left: tuple[Text, ...]


def sequence(answer: HookAnswer, body: Mapping[str, Any], service: Service, world: World, *, now: datetime) -> Schedule:
    """The days of each draft of an answered request; `body` is the request, for the hooks that check it."""
    drafts = [order for order in answer.orders if order.draft and order.identified and order.triggers]
    if answer.record is None or not service.hook.is_about_orders:
        return Schedule((), tuple(act_at(order) for order in drafts))
    search = _Search(answer, answer.record, body, service, world, now)
    moved = [search.days_of(order) for order in drafts[:MOST_ORDERS]]
    found = tuple(one for one in moved if one.stretches)
    return Schedule(found, tuple(act_at(order) for order in drafts[MOST_ORDERS:]))


Speaking: TypeAlias = Mapping[tuple[str, int], int]
"""Rules, each with the draft that it is about, and how urgent they are."""


@dataclass(frozen=True, slots=True)
class _Search:
    answer: HookAnswer
    record: Record
    body: Mapping[str, Any]
    service: Service
    world: World
    now: datetime

    def days_of(self, order: Order) -> Movable:
        today = self.record.today
        days = [today + timedelta(days=ahead) for ahead in range(DAYS + 1)]
        speaking = [self._speaking(order, when) for when in days]
        whenever = {
            key: min(one[key] for one in speaking) for key in speaking[0] if all(key in one for one in speaking)
        }
        binding = [
            frozenset(key[0] for key, rank in one.items() if key not in whenever or rank > whenever[key])
            for one in speaking
        ]
        always = {rule for rule, about in whenever if about == order.index}
        stretches = tuple(_stretches(days, binding))
        moved = Movable(
            act_at(order), order.reference, order.planned.when.first, stretches, tuple(sorted(always)), checked=False
        )
        return replace(moved, checked=self._confirmed(moved, dict(zip(days, speaking, strict=True))))

    def _speaking(self, order: Order, when: date) -> Speaking:
        """The rules that warn, cannot tell or fail with this order on that day, each with the draft that it is about."""
        drafts = tuple(_on(one, when) if one.index == order.index else one for one in self.answer.orders)
        record = self.record.ordering(drafts)
        rules = triggered(self.service.rules, self.service.guideline, drafts)
        outcomes = evaluate_orders(rules, self.service.guideline, drafts, record)
        return _told(silenced(outcomes, self.service.guideline.policy))

    def _confirmed(self, moved: Movable, speaking: Mapping[date, Speaking]) -> bool:
        """The hook itself, fired with the draft on the edges of its free days, and on the days beside them, says the same."""
        edges = {moved.stretches[0].first} | {one.first for one in moved.stretches[1:]}
        edges |= {one.last for one in moved.stretches if one.last is not None}
        return bool(moved.reference) and all(self._fired(moved.reference, when) == speaking[when] for when in edges)

    def _fired(self, reference: str, when: date) -> Speaking | None:
        body = _with_draft_on(self.body, reference, when, self._ordering())
        if body is None:
            return None
        fired = advise(body, self.service, self.world, now=self.now, language=Language.ENGLISH)
        return _told(fired.outcomes)

    def _ordering(self) -> Ordering:
        return Ordering(self.answer.request.patient_id, Clock(self.now), Language.ENGLISH, {})


def _told(outcomes: Sequence[RuleOutcome]) -> Speaking:
    return {
        (one.rule.id, one.order.index): _rank(one.outcome)
        for one in outcomes
        if one.order is not None and not _passes(one.outcome)
    }


def _rank(outcome: object) -> int:
    """How urgent it is; one that cannot tell, or failed, may be as urgent as any."""
    return outcome.indicator.rank if isinstance(outcome, Advice) else Indicator.CRITICAL.rank


def _passes(outcome: object) -> bool:
    if isinstance(outcome, Advice):
        return outcome.indicator is Indicator.INFO
    return isinstance(outcome, Silence)


def _on(order: Order, when: date) -> Order:
    """The order with its planned day moved, and what is planned after it as far."""
    days = when - order.planned.when.first
    planned = Planned(day(when), assumed=False, end=_later(order.planned.end, days))
    if isinstance(order, DrugOrder):
        dosage = replace(order.dosage, first=_later(order.dosage.first, days), end=_later(order.dosage.end, days))
        return replace(order, planned=planned, dosage=dosage)
    return replace(order, planned=planned)


def _later(when: When | None, days: timedelta) -> When | None:
    return None if when is None else When(when.first + days, when.last + days)


def _stretches(days: Sequence[date], binding: Sequence[frozenset[str]]) -> Iterator[Stretch]:
    begin = 0
    for place in range(1, len(days) + 1):
        if place == len(days) or binding[place] != binding[begin]:
            last = None if place == len(days) else days[place - 1]
            yield Stretch(days[begin], last, tuple(sorted(binding[begin])))
            begin = place


def _with_draft_on(body: Mapping[str, Any], reference: str, when: date, ordering: Ordering) -> dict[str, Any] | None:
    """The request with one draft moved; None where it is not among the drafts, or cannot be moved."""
    context = body["context"]
    moved = False
    entries = []
    for entry in context["draftOrders"]["entry"]:
        resource = entry.get("resource", {})
        if reference_of(resource) == reference:
            changed = started_on(resource, when, ordering)
            if changed is None:
                return None
            entries.append({**entry, "resource": changed})
            moved = True
        else:
            entries.append(entry)
    drafts = {**context["draftOrders"], "entry": entries}
    return {**body, "context": {**context, "draftOrders": drafts}} if moved else None
