"""What makes a bone metastasis complicated for radiotherapy, and which indication the record states (RAO, radiothérapie §2.1)."""

from __future__ import annotations

from mappings.dates import days_before
from mappings.facts import Act, ActOrder, Diagnosis, Facts, Order, RadiotherapyOrder
from mappings.facts.bones import may_be_same
from mappings.vocabulary import concept_sets as sets
from service.rules.bone_metastases.bone_radiotherapy import spine_target
from service.rules.bone_metastases.bone_scores import recorded_fracture_risk
from service.rules.bone_metastases.conditions import is_true
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.skeletal_events import is_bone_metastasis_surgery
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

    found = tuple(one for one in patient.conditions if counts(one))
    if not order.reasons.isdisjoint(concepts):
        return that(True, *found)  # noqa: FBT003 - a truth
    return that(patient.conditions.any(counts), *(found or (patient.conditions,)))


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


@condition(_("spine target"))
def spine(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """The spine is treated."""
    return that(spine_target(order, patient).holds)


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

complicated = any_named(_("the bone metastasis is complicated"), *COMPLICATIONS)


@condition(_("it is known whether the bone metastasis is complicated"), reads=complicated.reads)
def known_whether_complicated(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """One of the complications is on record, or every one of them is known not to be."""
    truth = complicated(order, patient)
    return truth if truth.holds is None else that(True, *truth.basis)  # noqa: FBT003 - a truth


# --- indications that are no complication -----------------------------------------------------------------------------

fracture_risk = any_of(_("risk of fracture"), pathological_fracture, recorded_fracture_risk)


@condition(_("pain is the reason of the order"))
def pain(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """Bone pain, neuropathic pain, pain."""
    return that(not order.reasons.isdisjoint(sets.PAIN))
