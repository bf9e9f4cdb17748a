"""Which orders that could not be identified are told on the quiet card; all others are told in the explanation alone.

A card that every ultrasound and every local code raises would have the service switched off (rules.md, "Relevant order").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mappings.facts import Facts, Order, Unidentified
from service.rules.guideline import Guideline


def not_identified(orders: Iterable[Order]) -> tuple[Order, ...]:
    """The orders in question that say nothing that we understand."""
    return tuple(order for order in orders if order.triggers and not order.identified)


def may_matter(order: Order) -> bool:
    """It may be one that rules are about, as far as it alone can tell: it names nothing, or may name one of ours.

    A form that is still empty while it is being filled in is none.
    """
    if order.unidentified is Unidentified.BLANK:
        return not order.selecting
    return order.unidentified is not Unidentified.OTHER


def told(orders: Sequence[Order], guideline: Guideline, patient: Facts) -> tuple[Order, ...]:
    """Those to be told: of a patient whom the guideline is about, or of whom that cannot be known; one of ours always."""
    doubtful = [order for order in not_identified(orders) if may_matter(order)]
    asked = guideline.unidentified_matter
    if asked is None:
        return tuple(doubtful)
    return tuple(
        order
        for order in doubtful
        if order.unidentified is Unidentified.OURS or asked(order, patient).holds is not False
    )
