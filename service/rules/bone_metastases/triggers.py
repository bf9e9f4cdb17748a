"""Which orders the rules are about: kinds of orders that several chapters share."""

from __future__ import annotations

from mappings.facts import DrugOrder, Facts, Order
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import bone_metastasis
from service.rules.bone_metastases.wording import _
from service.rules.condition import Condition, Truth, condition, that
from service.rules.rule import Trigger


def osteoporosis_form(order: Order) -> bool:
    """An osteoporosis strength by product or dose, with nothing that speaks for the oncology one (chapter A)."""
    if not isinstance(order, DrugOrder) or order.is_any(sets.BONE_METASTASIS_PRODUCTS):
        return False
    strengths = {value for value in (order.dosage.dose_mg, order.drug.strength_mg) if value}
    return any(
        order.is_any(drug) and strengths == {milligrams} and (not route or order.dosage.routes <= {route})
        for drug, milligrams, route in sets.OSTEOPOROSIS_STRENGTHS
    )


def osteoporosis_product(order: DrugOrder) -> bool:
    """The product of the order is one of osteoporosis, whatever dose is ordered of it: its strength is another."""
    return order.is_any(sets.OSTEOPOROSIS_PRODUCTS) or (
        not order.is_any(sets.BONE_METASTASIS_PRODUCTS)
        and any(order.is_any(drug) and order.drug.strength_mg == mg for drug, mg, _route in sets.OSTEOPOROSIS_STRENGTHS)
    )


@condition(_("the order is in scope"), reads=("conditions",))
def for_bone_metastases(order: Order, patient: Facts) -> Truth:
    """Not recognisably for osteoporosis (chapter A); conditions that could not be looked up leave it open."""
    if not osteoporosis_form(order) or not order.reasons.isdisjoint(sets.BONE_METASTASIS) or order.reasons_unresolved:
        return that(True)
    return bone_metastasis(order, patient)


def drug_order(name: Text, concepts: frozenset[str], scope: Condition | None = None) -> Trigger:
    """A draft order of one of these drugs."""
    return Trigger(name, lambda order: order.is_any(concepts), kind=DrugOrder, scope=scope)


ANTIRESORPTIVE = drug_order(
    _("draft order of an antiresorptive for bone metastases"), sets.ANTIRESORPTIVES, for_bone_metastases
)
ZOLEDRONATE = drug_order(
    _("draft order of zoledronic acid for bone metastases"), sets.ZOLEDRONIC_ACID, for_bone_metastases
)
DENOSUMAB = drug_order(_("draft order of denosumab for bone metastases"), sets.DENOSUMAB, for_bone_metastases)
OTHER_BISPHOSPHONATE = drug_order(
    _("draft order of another bisphosphonate for bone metastases"),
    sets.BONE_METASTASIS_BISPHOSPHONATES - sets.ZOLEDRONIC_ACID,
    for_bone_metastases,
)
ANY_RELEVANT = Trigger(_("any relevant order"), lambda _order: True, any_relevant=True)
