"""What speaks for surgery of a long bone before its radiotherapy, besides Mirels (RAO, radiothérapie §1.2)."""

from __future__ import annotations

from mappings.facts import Act, ActOrder, Facts, Order, RadiotherapyOrder
from mappings.facts.bones import LONG_BONES, bones_of
from mappings.vocabulary import concept_sets as sets
from service.rules.bone_metastases.complicated_bone import may_be_of_the_bone
from service.rules.bone_metastases.conditions import above
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import both, either, negated


@condition(_("the target is a long bone"))
def long_bone_target(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """By the bones that the prescription names, or by the site of the order."""
    named = bones_of(order.prescription.regions)
    return that(not named.isdisjoint(LONG_BONES) or not order.sites.isdisjoint(sets.LONG_BONE))


ORTHOPAEDIC = sets.ORTHOPAEDIC_CONSULTATION | sets.ORTHOPAEDIC_SPECIALTY


@condition(
    _("no orthopaedic consultation, order or surgery of that bone is on record"),
    reads=("procedures", "consultations", "orders"),
)
def nothing_orthopaedic(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Surgery of another bone is none; one whose bone is not named may be."""

    def counts(one: Act | Order) -> bool:
        return one.is_any(ORTHOPAEDIC) or (one.is_any(sets.BONE_SURGERY) and may_be_of_the_bone(one, order))

    found = either(patient.procedures.any(counts), patient.consultations.any(counts), patient.orders.any(counts))
    return that(negated(found), patient.procedures, patient.consultations, patient.orders)


@condition(_("no fixation of that bone is drafted, ordered or done"), reads=("procedures", "orders"))
def no_fixation(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Surgery of another bone is none; one whose bone is not named leaves it open."""

    def fixes(one: Act | Order) -> bool | None:
        if not one.is_any(sets.BONE_SURGERY):
            return False
        regions = one.regions if isinstance(one, Act | ActOrder) else frozenset[str]()
        if not regions or not order.prescription.regions:
            return None
        return not regions.isdisjoint(order.prescription.regions)

    found = either(patient.procedures.any(fixes), patient.orders.any(fixes))
    return that(negated(found), patient.procedures, patient.orders)


AXIAL_LYSIS_PERCENT, CIRCUMFERENTIAL_LYSIS_PERCENT = 30, 50
"""Cortical lysis on CT beyond which fixation is supported (RAO §1.2)."""


@condition(
    _(
        "cortical lysis is above {axial} % axial and above {circumferential} % circumferential",
        axial=AXIAL_LYSIS_PERCENT,
        circumferential=CIRCUMFERENTIAL_LYSIS_PERCENT,
    ),
    reads=("finding",),
)
def marked_cortical_lysis(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Both criteria of CT, of the bone treated."""
    axial = patient.finding("cortical-lysis-axial", order.prescription.regions)
    around = patient.finding("cortical-lysis-circumferential", order.prescription.regions)
    holds = both(above(axial, AXIAL_LYSIS_PERCENT), above(around, CIRCUMFERENTIAL_LYSIS_PERCENT))
    return that(holds, axial, around)
