"""Results that are missing before an act or a dose: what asks for them already, and the line of a checklist."""

from __future__ import annotations

from typing import Any

from mappings.facts import Absent, ActOrder, Fact, Facts
from mappings.vocabulary.analytes import Analyte
from mappings.wording import Text
from service.rules.bone_metastases.wording import _


def already_ordered(patient: Facts, analyte: Analyte) -> ActOrder | None:
    """The draft or active order that asks for the analyte, one by a verified code first; unread orders do not count."""
    asking = [order for order in patient.orders if isinstance(order, ActOrder) and analyte.id in order.analytes]
    return min(asking, key=lambda order: order.unverified_code, default=None)


def missing_result(fact: Fact[Any], what: Text, *, ordered: ActOrder | None) -> Text:
    """A line of a checklist: the result that is missing, the one that is too old, and whether it is ordered already."""
    if ordered is not None and ordered.unverified_code:
        return _("{what}: ordered by a code that is not verified, make sure and await the result", what=what)
    if ordered is not None:
        return _("{what}: ordered, await the result", what=what)
    if isinstance(fact, Absent) and fact.stale is not None:
        return _("{what}: too old", what=what)
    return _("{what}: not measured", what=what)


def too_old(*facts: object) -> tuple[Absent, ...]:
    """Those of which an old value is known: it counts as none, and the card that speaks for want of it shows it."""
    return tuple(one for one in facts if isinstance(one, Absent) and one.stale is not None)
