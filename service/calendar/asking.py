"""What the rules say of drafts on other days than they are planned on: asked of the rules, and of the hook itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from mappings.clock import Clock
from mappings.dates import When, day
from mappings.evidence import reference_of
from mappings.facts import DrugOrder, Order, Planned
from mappings.record import Record
from service.cards.silencing import silenced
from service.cards.suggestions import Ordering, started_on
from service.evaluate import RuleOutcome, evaluate_orders, triggered
from service.languages.render import Language
from service.pipeline import HookAnswer, advise
from service.rules.outcome import Advice, Indicator, Silence
from service.services import Service
from service.world import World

Key: TypeAlias = tuple[str, int]
"""A rule, and the index of the draft that it is about."""

Speaking: TypeAlias = Mapping[Key, int]
"""Rules that warn, cannot tell or fail, each with the draft that it is about, and how urgent they are."""

Days: TypeAlias = Mapping[int, date]
"""The days of drafts, by their index."""


class OutOfTime(Exception):
    """The rules are asked no more: the record is so large, or the drafts are so many, that it took too long."""


@dataclass(slots=True)
class Asking:
    """An answered request, asked again with its drafts on other days. What was asked is known, and not asked again.

    `drafts_asked` counts how often the rules were asked, each time once for each draft. Whoever asks has `in_time` tell whether
    there is time for one more question; where there is none, it ends with `OutOfTime`.
    """

    answer: HookAnswer
    record: Record
    body: Mapping[str, Any]
    service: Service
    world: World
    now: datetime
    known: dict[tuple[object, ...], Speaking] = field(default_factory=dict)
    drafts_asked: int = 0
    in_time: Callable[[], bool] = lambda: True

    def speaking(self, days: Days, without: frozenset[int] = frozenset()) -> Speaking:
        """What the rules say with these drafts on these days, the others as they are planned, and `without` some of them."""
        which = (tuple(sorted(days.items())), without)
        if which not in self.known:
            self._must_be_in_time()
            drafts = tuple(
                on_day(one, days[one.index]) if one.index in days else one
                for one in self.answer.orders
                if one.index not in without
            )
            record = self.record.ordering(drafts)
            rules = triggered(self.service.rules, self.service.guideline, drafts)
            outcomes = evaluate_orders(rules, self.service.guideline, drafts, record)
            self.drafts_asked += len(drafts)
            self.known[which] = _told(silenced(outcomes, self.service.guideline.policy))
        return self.known[which]

    def fired(self, days: Days) -> Speaking | None:
        """What the hook itself says with these drafts on these days; None where one of them cannot be moved."""
        body: dict[str, Any] | None = dict(self.body)
        references = {one.index: one.reference for one in self.answer.orders}
        for index, when in days.items():
            if body is None or not references[index]:
                return None
            body = _with_draft_on(body, references[index], when, self._ordering())
        if body is None:
            return None
        self._must_be_in_time()
        return _told(advise(body, self.service, self.world, now=self.now, language=Language.ENGLISH).outcomes)

    def _must_be_in_time(self) -> None:
        if not self.in_time():
            raise OutOfTime

    def _ordering(self) -> Ordering:
        return Ordering(self.answer.request.patient_id, Clock(self.now), Language.ENGLISH, {})


def _told(outcomes: Sequence[RuleOutcome]) -> Speaking:
    return {
        (one.rule.id, one.order.index): _urgency(one.outcome)
        for one in outcomes
        if one.order is not None and not _passes(one.outcome)
    }


MOST_LINES = 99


def _urgency(outcome: object) -> int:
    """How urgent it is, and of one level how much it names; one that cannot tell, or failed, may be as urgent as any.

    A rule that holds one drug whatever the day may hold another one on some days only.
    """
    if not isinstance(outcome, Advice):
        return Indicator.CRITICAL.rank * (MOST_LINES + 1) + MOST_LINES
    return outcome.indicator.rank * (MOST_LINES + 1) + min(MOST_LINES, len(outcome.lines) + len(outcome.items))


def _passes(outcome: object) -> bool:
    if isinstance(outcome, Advice):
        return outcome.indicator is Indicator.INFO
    return isinstance(outcome, Silence)


def on_day(order: Order, when: date) -> Order:
    """The order with its planned day moved, and what is planned after it as far."""
    days = when - order.planned.when.first
    planned = Planned(day(when), assumed=False, end=_later(order.planned.end, days))
    if isinstance(order, DrugOrder):
        dosage = replace(order.dosage, first=_later(order.dosage.first, days), end=_later(order.dosage.end, days))
        return replace(order, planned=planned, dosage=dosage)
    return replace(order, planned=planned)


def _later(when: When | None, days: timedelta) -> When | None:
    return None if when is None else When(when.first + days, when.last + days)


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
