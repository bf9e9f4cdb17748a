"""What makes a bone metastasis complicated for radiotherapy, and which indication the record states (RAO, radiothérapie §2.1)."""

from __future__ import annotations

from mappings.dates import days_before
from mappings.facts import Act, ActOrder, Diagnosis, Facts, Order, RadiotherapyOrder
from mappings.facts.bones import SPINE, includes, may_be_same
from mappings.vocabulary import concept_sets as sets
from service.rules.bone_metastases.bone_radiotherapy import spine_target
from service.rules.bone_metastases.bone_scores import recorded_fracture_risk
from service.rules.bone_metastases.conditions import (
    SHORT_EXPECTANCY_DAYS,
    SHORT_EXPECTANCY_MONTHS,
    at_most,
    is_true,
)
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.skeletal_events import is_bone_metastasis_surgery
from service.rules.bone_metastases.stays import on_record
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_named, any_of, condition, that
from service.rules.logic import both


def may_be_of_the_bone(one: Diagnosis | Act | Order, order: RadiotherapyOrder) -> bool:
    """Of the bone treated, or of a bone that is not named."""
    regions = one.regions if isinstance(one, Diagnosis | Act | ActOrder) else frozenset[str]()
    return may_be_same(regions, order.prescription.regions)


def _active(concepts: frozenset[str], order: RadiotherapyOrder, patient: Facts) -> Truth:
    """An active condition of the bone that is treated, or the reason of the order."""

    def counts(one: Diagnosis) -> bool:
        return one.active and one.is_any(concepts) and may_be_of_the_bone(one, order)

    recorded = on_record(patient, counts)
    if not _reasons_of_the_bone(order).isdisjoint(concepts):
        return that(True, *(recorded.basis if recorded.holds else ()))
    return recorded


def _reasons_of_the_bone(order: RadiotherapyOrder) -> frozenset[str]:
    """The reasons of the order; a fracture of a vertebra is none of another bone."""
    regions = order.prescription.regions
    return order.reasons - sets.VERTEBRAL_FRACTURE if regions and not includes(regions, SPINE) else order.reasons


# --- complications ----------------------------------------------------------------------------------------------------


@condition(_("spinal cord compression"), reads=("conditions",))
def cord_compression(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Active, of the bone treated, or the reason of the order."""
    return _active(sets.SPINAL_CORD_COMPRESSION, order, patient)


@condition(_("epidural extension"), reads=("finding",))
def epidural_extension(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Recorded of the bone treated."""
    epidural = patient.finding("epidural-extension", order.prescription.regions)
    return that(is_true(epidural), epidural)


@condition(_("pathological fracture"), reads=("conditions",))
def pathological_fracture(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Active, of the bone treated, or the reason of the order."""
    return _active(sets.PATHOLOGICAL_FRACTURE, order, patient)


@condition(_("neuropathic pain"), reads=("conditions",))
def neuropathic_pain(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Active, of the bone treated, or the reason of the order."""
    return _active(sets.NEUROPATHIC_PAIN, order, patient)


@condition(_("spine target (toxicity to the organs in front)"))
def spine(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """The spine is treated; more than three vertebrae are of it too."""
    return spine_target(order, patient)


@condition(_("post-operative"), reads=("conditions", "procedures"))
def post_operative(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """After surgery of a bone metastasis of the bone that is treated, within the setting's days."""
    since = days_before(patient.today, settings_of(patient).post_operative_days)

    def counts(act: Act) -> bool | None:
        when = act.dated
        recent = when is not None and when.within(since, patient.today)
        return both(recent and may_be_of_the_bone(act, order), is_bone_metastasis_surgery(act, patient))

    found = tuple(act for act in patient.procedures if counts(act))
    return that(patient.procedures.any(counts), *(found or (patient.procedures,)))


COMPLICATIONS = (
    cord_compression,
    epidural_extension,
    pathological_fracture,
    recorded_fracture_risk,
    neuropathic_pain,
    spine,
    post_operative,
)


@condition(
    _("life expectancy is recorded as {months} months or less", months=SHORT_EXPECTANCY_MONTHS), reads=("finding",)
)
def short_expectancy(_order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Recorded so; the source keeps one fraction for it."""
    expectancy = patient.finding("life-expectancy")
    return that(at_most(expectancy, SHORT_EXPECTANCY_DAYS), expectancy)


complicated = any_named(_("the bone metastasis is complicated"), *COMPLICATIONS)


@condition(
    _("it is known whether the bone metastasis is complicated"), reads=(*complicated.reads, *short_expectancy.reads)
)
def known_whether_complicated(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """One of the complications is on record, or every one of them is known not to be; a short expectancy decides alone."""
    truth = short_expectancy(order, patient)
    if truth.holds:
        return truth
    truth = complicated(order, patient)
    return truth if truth.holds is None else that(True, *truth.basis)


# --- indications that are no complication -----------------------------------------------------------------------------

fracture_risk = any_of(_("risk of fracture"), pathological_fracture, recorded_fracture_risk)


@condition(_("pain is the reason of the order"))
def pain(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Bone pain, neuropathic pain, pain."""
    return that(not order.reasons.isdisjoint(sets.PAIN))
