"""Skeletal events, and the acts on bone that are among them (RAO, contexte général §4; the specification, "Skeletal event")."""

from __future__ import annotations

from functools import partial

from mappings.facts import Act, ActOrder, Diagnosis, Facts, Order
from mappings.vocabulary import concept_sets as sets
from service.rules.bone_metastases.conditions import bone_metastasis
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import either


@condition(_("a skeletal event is on record"), reads=("conditions", "procedures"))
def skeletal_event(_order: Order | None, patient: Facts) -> Truth:
    """A skeletal event at any time."""
    recorded = patient.conditions.any(_is_skeletal_event)
    done = patient.procedures.any(partial(_treats_a_skeletal_event, patient=patient))
    return that(either(recorded, done), patient.conditions, patient.procedures)


EVENTS = sets.PATHOLOGICAL_FRACTURE | sets.SPINAL_CORD_COMPRESSION | sets.HYPERCALCAEMIA
OF_BONE = sets.ANY_BONE | sets.BONE_METASTASIS


def _is_skeletal_event(one: Diagnosis) -> bool:
    return not one.suspected and one.is_any(EVENTS)


def _treats_a_skeletal_event(act: Act, patient: Facts) -> bool | None:
    return is_bone_radiotherapy(act) or is_bone_metastasis_surgery(act, patient)


def skeletal_events(patient: Facts) -> tuple[Diagnosis | Act, ...]:
    """The skeletal events on record, for a card that rests on them."""
    recorded = tuple(one for one in patient.conditions if _is_skeletal_event(one))
    done = tuple(act for act in patient.procedures if _treats_a_skeletal_event(act, patient))
    return (*recorded, *done)


def is_bone_radiotherapy(act: Act) -> bool:
    """External radiotherapy of a bone, by its site or its reason."""
    return act.is_any(sets.RADIOTHERAPY) and not (act.sites | act.reasons).isdisjoint(OF_BONE)


def is_bone_metastasis_surgery(act: Act | ActOrder, patient: Facts) -> bool | None:
    """Surgery of a bone metastasis, done or ordered (`treatment-after-bone-surgery`).

    Surgery of bone, decompression of the spine included, for a bone metastasis or a pathological fracture, a preventive
    fixation, or one without a reason (or for cord compression) in a patient with a bone metastasis on record.
    """
    if act.is_any(sets.PREVENTIVE_FIXATION):
        return True
    if not act.is_any(sets.BONE_SURGERY) or act.for_another_reason:
        return False
    if not act.reasons or not act.reasons.isdisjoint(sets.SPINAL_CORD_COMPRESSION):
        return bone_metastasis(None, patient).holds
    return not act.reasons.isdisjoint(sets.BONE_METASTASIS | sets.PATHOLOGICAL_FRACTURE)
