"""The card of a lack of vitamin D: how and when it is corrected (RAO, traitement osseux systémique §1 box)."""

from __future__ import annotations

from typing import Any

from mappings.facts import DrugOrder, Exposure, Facts, Known, known
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import (
    calcium_is_high,
    orders_of,
    phase_of,
    starts,
    supplements_on_record,
)
from service.rules.bone_metastases.requests import VITAMIN_D_IU, vitamin_d
from service.rules.bone_metastases.urgency import URGENCY, with_urgency
from service.rules.bone_metastases.vitamin_d_levels import Correction
from service.rules.bone_metastases.vitamin_d_loading import loading_ordered, maintained, without_correcting
from service.rules.bone_metastases.wording import _
from service.rules.offers import Offer, OrderDrugs
from service.rules.outcome import Advice, Basis, Indicator
from service.rules.say import advise, info

CORRECTION = ("exposures", "orders", "calcium", *URGENCY)
"""What the card reads beside the level."""


def correct_vitamin_d(
    order: DrugOrder, patient: Facts, correction: Correction, indicator: Indicator, *deletion: Offer
) -> Advice:
    """A deficiency is corrected first at a start, and without interrupting on continuation; later with high calcium."""
    if calcium_is_high(order, patient).holds:
        return correct_later(order, patient)
    start = starts(order, patient)
    scheme = scheme_said(correction)
    if not start:
        summary = _("{drug}: correct vitamin D without interrupting treatment", drug=order.name)
        return advise(indicator, summary, scheme, **_parts(order, patient, correction, *deletion))
    advice = advise(
        indicator,
        _("{drug}: correct vitamin D first", drug=order.name),
        scheme,
        _("Started before correction, an antiresorptive exposes to deep, lasting hypocalcaemia."),
        **_parts(order, patient, correction, *deletion),
    )
    return with_urgency(advice, order, patient)


def correct_beside_treatment(order: DrugOrder, patient: Facts, correction: Correction) -> Advice:
    """An insufficiency is corrected from the first dose on; later with high calcium."""
    if calcium_is_high(order, patient).holds:
        return correct_later(order, patient)
    return info(
        _("{drug}: correct vitamin D along with the treatment", drug=order.name),
        scheme_said(correction),
        _("Begin it with the treatment: nothing to wait for."),
        **_parts(order, patient, correction),
    )


def scheme_said(correction: Correction) -> Text:
    """The doses that correct a lack."""
    return _(
        "{dose} IU cholecalciferol weekly × {weeks}, then monthly, by mouth with a meal.",
        dose=VITAMIN_D_IU,
        weeks=correction.weeks,
    )


def _parts(order: DrugOrder, patient: Facts, correction: Correction, *deletion: Offer) -> dict[str, Any]:
    """What both cards rest on, offer and remark."""
    sample = known(patient.vitamin_d).value.when
    return {
        "rests_on": _level_and_supplements(patient),
        "offers": (*_correction_offered(patient, correction), *deletion),
        "remarks": (*map(_not_correcting, without_correcting(patient, sample)), *phase_remarks(order, patient)),
    }


def correct_later(order: DrugOrder, patient: Facts) -> Advice:
    """While calcium is high nothing is given, and the antiresorptive neither delayed nor deleted."""
    return info(
        _("{drug}: vitamin D is low, correct it only once calcium is normal", drug=order.name),
        _("Correct vitamin D once calcium is normal; no calcium or vitamin D until then."),
        rests_on=(*_level_and_supplements(patient), patient.calcium),
        remarks=phase_remarks(order, patient),
    )


def _level_and_supplements(patient: Facts) -> tuple[Basis, ...]:
    return (patient.vitamin_d, *supplements_on_record(patient, sets.VITAMIN_D_SUPPLEMENTS))


def _correction_offered(patient: Facts, correction: Correction) -> tuple[OrderDrugs, ...]:
    """Where no vitamin D is drafted, and no loading runs or is ordered; a maintenance that is there is not ordered twice."""
    if any(order.draft for order in orders_of(patient, sets.VITAMIN_D_SUPPLEMENTS)) or loading_ordered(patient):
        return ()
    return (vitamin_d(correction.weeks, patient.today, maintenance=not maintained(patient)),)


def _not_correcting(entry: Exposure) -> Text:
    return _("on record, but no complete loading regimen since the sample: {drug}", drug=entry.drug.name)


def phase_remarks(order: DrugOrder, patient: Facts) -> tuple[Text, ...]:
    """What must be said of a start or continuation, and that it could not be told."""
    phase = phase_of(order, patient)
    if isinstance(phase, Known):
        return phase.remarks
    return (
        _("Start or continuation could not be told: the medication history was not available; nothing is deleted."),
    )
