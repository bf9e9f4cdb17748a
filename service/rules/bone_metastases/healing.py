"""How long systemic treatment and radiotherapy wait after surgery of a bone metastasis: a table that decides and prints.

RAO, chirurgie §3 and radiothérapie §1.3, §1.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from mappings.dates import When
from mappings.facts import Act, ActOrder, Facts, Order, RadiotherapyOrder, Target
from mappings.facts.bones import SPINE, includes, may_be_same
from mappings.vocabulary.units import WEEK
from mappings.wording import Text
from service.rules.bone_metastases.conditions import days_between
from service.rules.bone_metastases.skeletal_events import is_bone_metastasis_surgery
from service.rules.bone_metastases.wording import _
from service.rules.logic import both
from service.rules.naming import lasting, on


@dataclass(frozen=True, slots=True)
class Healing:
    """Days of healing before a treatment may begin, as a range where the source gives one.

    On an urgent order `urgent_days` are enough once healed; None where the source has no such exception.
    """

    days: int
    most_days: int | None = None
    urgent_days: int | None = None
    of: Text | None = None

    @property
    def longest_days(self) -> int:
        """The end of the range."""
        return self.days if self.most_days is None else self.most_days

    @property
    def said(self) -> Text:
        """How long it is, as the source says it, and of which bone."""
        return self._interval if self.of is None else _("{interval} ({bone})", interval=self._interval, bone=self.of)

    @property
    def _interval(self) -> Text:
        if self.most_days is None:
            return lasting(self.days)
        if self.days % WEEK or self.most_days % WEEK:
            return _("{low} to {high}", low=lasting(self.days), high=lasting(self.most_days))
        return _("{low} to {high} weeks", low=self.days // WEEK, high=self.most_days // WEEK)


URGENT_DAYS = 15
"""Days that are enough on an urgent order, once healed and if the surgeon agrees (RAO, chirurgie §3)."""

HEALED = Healing(21, urgent_days=URGENT_DAYS)
"""Systemic treatment (RAO, chirurgie §3); other radiotherapy than of the operated bone, a reading of ours."""

OPERATED_BONE = Healing(15, 21)
OPERATED_SPINE = Healing(14, 21, of=_("spine"))
"""Radiotherapy of the operated bone (RAO, radiothérapie §1.3, §1.4)."""


def healing_before(order: Order, surgery: Act | ActOrder) -> Healing:
    """What an order waits for; radiotherapy whose target is not stated counts as of the operated bone."""
    if not isinstance(order, RadiotherapyOrder):
        return HEALED
    prescribed = order.prescription
    if prescribed.target is Target.OTHER or not may_be_same(prescribed.regions, surgery.regions):
        return HEALED
    return OPERATED_SPINE if includes(surgery.regions, SPINE) else OPERATED_BONE


@dataclass(frozen=True, slots=True)
class Wait:
    """An operation on a bone metastasis, done or ordered for a day, and the day for which a treatment after it is planned."""

    surgery: Act | ActOrder
    operated: When
    planned: When
    healing: Healing

    @property
    def days(self) -> int:
        """The fewest days between the operation and the treatment."""
        return days_between(self.operated, self.planned)

    @property
    def too_short(self) -> bool:
        """The treatment is planned after the operation and before it has healed."""
        return self.operated.first <= self.planned.last and self.days < self.healing.days

    @property
    def long_enough_when_urgent(self) -> bool:
        """An urgent order may begin."""
        return self.healing.urgent_days is not None and self.days >= self.healing.urgent_days

    @property
    def earliest(self) -> date:
        """The first day on which the treatment may begin."""
        return self.operated.last + timedelta(days=self.healing.days)

    @property
    def source(self) -> str:
        """The operation's resource."""
        return self.surgery.reference if isinstance(self.surgery, ActOrder) else self.surgery.source

    def said(self) -> Iterator[Text]:
        """The earliest day and the interval; the operation; from when an urgent order may begin."""
        yield _(
            "Not before {earliest}: {interval}, on a healed scar.", earliest=self.earliest, interval=self.healing.said
        )
        if self.healing.urgent_days is not None:
            yield _("Urgent: from {days} days on when healed and the surgeon agrees.", days=self.healing.urgent_days)
        if isinstance(self.surgery, ActOrder):
            yield _("Surgery is ordered for {when}.", when=self.operated)
        else:
            yield _("Surgery {when}.", when=on(self.operated))


def wait_after(surgery: Act | ActOrder, order: Order) -> Wait | None:
    """How long the order waits after an operation; None where that is not dated."""
    when = _operated(surgery)
    return None if when is None else Wait(surgery, when, order.planned.when, healing_before(order, surgery))


def _operated(surgery: Act | ActOrder) -> When | None:
    return surgery.dated if isinstance(surgery, Act) else surgery.planned.when


def planned_too_soon(surgery: Act, order: Order, patient: Facts) -> bool | None:
    """The order does not wait for the healing of this operation on a bone metastasis; an undated one leaves it open."""
    wait = wait_after(surgery, order)
    return both(is_bone_metastasis_surgery(surgery, patient), None if wait is None else wait.too_short)


def ordered_too_soon(surgery: Order, order: Order, patient: Facts) -> bool | None:
    """The same of an operation that is ordered; one without a planned day counts from today."""
    if not isinstance(surgery, ActOrder):
        return False
    operates = is_bone_metastasis_surgery(surgery, patient)
    if operates is False:
        return False
    wait = wait_after(surgery, order)
    return both(operates, wait is not None and wait.too_short)


def waits_too_short(order: Order, patient: Facts) -> tuple[Wait, ...]:
    """The operations on a bone metastasis, done or ordered, whose healing the order does not wait for."""
    done = (act for act in patient.procedures if planned_too_soon(act, order, patient))
    ordered = (one for one in patient.orders if ordered_too_soon(one, order, patient))
    waits = (wait_after(one, order) for one in (*done, *ordered) if isinstance(one, Act | ActOrder))
    return tuple(wait for wait in waits if wait is not None)
