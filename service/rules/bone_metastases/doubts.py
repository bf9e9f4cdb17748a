"""What the quiet card says of facts that are uncertain, whatever the rules made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mappings.facts import Facts, Known, NotUnderstood, Order
from mappings.vocabulary import concept_sets as sets
from mappings.wording import of_resource
from service.rules.bone_metastases.conditions import phase_of
from service.rules.guideline import doubt


@doubt(reads=("exposures",))
def uncertain_continuation(orders: Sequence[Order], patient: Facts) -> Iterator[NotUnderstood]:
    """The uncertain exposures by which an order of an antiresorptive counts as a continuation."""
    told: dict[str, NotUnderstood] = {}
    for order in orders:
        if order.triggers and order.is_any(sets.ANTIRESORPTIVES):
            phase = phase_of(order, patient)
            if isinstance(phase, Known):
                for source, remark in zip(phase.sources, phase.remarks, strict=False):
                    told[source] = NotUnderstood(source, of_resource(source), remark)
    yield from told.values()
