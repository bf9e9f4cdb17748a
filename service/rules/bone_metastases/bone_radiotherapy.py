"""What the rules about bone radiotherapy share: triggers, what is treated, earlier courses of the region."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeAlias

from mappings.facts import (
    Act,
    Diagnosis,
    Facts,
    Prescription,
    RadiotherapyCourse,
    RadiotherapyOrder,
    Target,
    Unavailable,
    Volume,
)
from mappings.facts.bones import SPINE, has_vertebra, includes, with_neighbours
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import bone_metastasis
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import negated
from service.rules.naming import act_at
from service.rules.outcome import Basis, Indicator
from service.rules.rule import Trigger

# --- which orders -----------------------------------------------------------------------------------------------------

TARGET = _("target of the radiotherapy")


@condition(
    _("the target is bone, or is not stated with a bone metastasis on record"),
    reads=("conditions", "radiotherapy_orders"),
)
def of_bone(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Of bone; a target that is not stated counts with a bone metastasis on record, one not looked up cannot be told.

    The volumes that an order refers to come with the radiotherapy orders.
    """
    treatment = order.prescription
    if treatment.target is not Target.UNSTATED:
        return that(treatment.target is Target.BONE)
    if treatment.unresolved:
        return that(None, Unavailable(TARGET, treatment.unresolved))
    return bone_metastasis(order, patient)


def _bone_radiotherapy(name: Text, asks: Callable[[Prescription], bool], *, must_be_known: bool = True) -> Trigger:
    return Trigger(
        name,
        lambda order: order.prescription.target is not Target.OTHER and asks(order.prescription),
        kind=RadiotherapyOrder,
        scope=of_bone,
        must_be_known=must_be_known,
    )


BONE_RADIOTHERAPY = _bone_radiotherapy(_("draft order of bone radiotherapy"), lambda _prescription: True)
STEREOTACTIC = _bone_radiotherapy(
    _("draft order of stereotactic bone radiotherapy"), lambda prescribed: prescribed.stereotactic
)
STEREOTACTIC_WHATEVER_ITS_TARGET = _bone_radiotherapy(
    _("draft order of stereotactic bone radiotherapy, or of a target that could not be looked up"),
    lambda prescribed: prescribed.stereotactic,
    must_be_known=False,
)
ABLATIVE = _bone_radiotherapy(
    _("draft order of stereotactic or ablative bone radiotherapy"),
    lambda prescribed: prescribed.stereotactic or prescribed.curative,
)

# --- what is treated --------------------------------------------------------------------------------------------------


def highest_volume(order: RadiotherapyOrder) -> Volume:
    """The volume with the highest dose, or an empty one."""
    return order.prescription.highest or Volume(None, None)


def treatment(order: RadiotherapyOrder) -> Text:
    """The radiotherapy with its bone and side, as a summary names it."""
    return act_at(order)


TARGET_NOT_STATED = _("The target is not stated: it is read as bone, because a bone metastasis is on record")


def target_remarks(order: RadiotherapyOrder) -> tuple[Text, ...]:
    """That a target which is not stated was read as bone."""
    return (TARGET_NOT_STATED,) if order.prescription.target is Target.UNSTATED else ()


def is_spine(order: RadiotherapyOrder) -> bool:
    """The order says that the spine is treated; a pelvis of which the sacrum may be meant is the pelvis."""
    regions = order.prescription.regions
    return includes(regions, SPINE) and (has_vertebra(regions) or not includes(regions, "pelvis"))


@condition(_("the target is the spine"))
def spine_target(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """The spine is treated; a volume that could not be looked up leaves it open."""
    treatment = order.prescription
    if not treatment.regions and treatment.unresolved:
        return that(None, Unavailable(TARGET, treatment.unresolved))
    return that(is_spine(order))


@condition(_("the target is the spine, or no bone is named"))
def spine_or_unnamed_target(order: RadiotherapyOrder, _patient: Facts) -> Truth:
    """The order names the spine, or no bone: a score of the spine then applies to it. A volume not looked up leaves it open."""
    treated = order.prescription
    if not treated.regions and treated.unresolved:
        return that(None, Unavailable(TARGET, treated.unresolved))
    return that(is_spine(order) or not treated.regions)


# --- earlier radiotherapy of the region -------------------------------------------------------------------------------

EARLIER_RADIOTHERAPY = _("earlier radiotherapy")
REGION_UNKNOWN = Unavailable(EARLIER_RADIOTHERAPY, (_("the region of an earlier radiotherapy is not known"),))
END_NOT_DATED = Unavailable(EARLIER_RADIOTHERAPY, (_("the end of an earlier radiotherapy of the region is not dated"),))


def same_bone(course: RadiotherapyCourse, order: RadiotherapyOrder) -> bool | None:
    """The course was of the vertebra or bone that the order treats; None where one of them is not stated."""
    return _of(order.prescription.regions, course)


def same_region(course: RadiotherapyCourse, order: RadiotherapyOrder) -> bool | None:
    """The same, a vertebra on either side included: a field takes it in (RAO §2.1)."""
    return _of(with_neighbours(order.prescription.regions), course)


def _of(regions: frozenset[str], course: RadiotherapyCourse) -> bool | None:
    if course.target is Target.OTHER:
        return False
    if not course.regions or not regions:
        return None
    return not course.regions.isdisjoint(regions)


SameRegion: TypeAlias = Callable[[RadiotherapyCourse, RadiotherapyOrder], bool | None]
"""`same_bone`, or `same_region`."""


def earlier_courses(order: RadiotherapyOrder, patient: Facts) -> list[RadiotherapyCourse]:
    """The courses that certainly were of the region, newest first."""
    found = [course for course in patient.radiotherapies if same_region(course, order)]
    return sorted(
        found, key=lambda course: (course.last.last if course.last else date.max, course.sources), reverse=True
    )


def history_of_irradiation(patient: Facts) -> tuple[Diagnosis, ...]:
    """A recorded history of irradiation that no course on record explains: neither its region nor its date is known."""
    if patient.radiotherapies.entries:
        return ()
    return tuple(one for one in patient.conditions if one.is_any(sets.HISTORY_OF_IRRADIATION))


def open_about_courses(order: RadiotherapyOrder, patient: Facts, same: SameRegion = same_region) -> Truth:
    """Unknown: the courses could not be read, one may not have been given, or an end or a region is missing.

    Where only the region of an earlier course is, the card would be info at most (`stereotactic-contraindication`).
    """
    courses = patient.radiotherapies
    if courses.gaps or any(same(one.entry, order) is not False for one in courses.uncertain):
        return that(None, courses)
    if any(course.ended is None and not course.under_way and same(course, order) for course in courses):
        return that(None, END_NOT_DATED)
    return that(None, REGION_UNKNOWN, *history_of_irradiation(patient), severest=Indicator.INFO)


@condition(_("the region was irradiated before"), reads=("radiotherapies", "conditions"))
def already_irradiated(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """By the record or by the order's own word; an unknown region leaves it open."""
    if order.prescription.reirradiation:
        return that(True, order)
    courses = patient.radiotherapies
    holds = courses.any(lambda course: same_region(course, order))
    if holds is None or (holds is False and history_of_irradiation(patient)):
        return open_about_courses(order, patient)
    return that(holds, courses)


@condition(_("it is a first irradiation"), reads=already_irradiated.reads)
def first_irradiation(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Not irradiated before, by `already_irradiated`."""
    again = already_irradiated(order, patient)
    return that(negated(again.holds), *again.basis, severest=again.severest)


def as_act(course: RadiotherapyCourse) -> Act:
    """A course as an act, so that a card can name it with its date."""
    source = course.sources[0] if course.sources else ""
    return Act(
        sets.RADIOTHERAPY if course.stereotactic else sets.RADIOTHERAPY - sets.STEREOTACTIC_RADIOTHERAPY,
        course.name,
        source,
        course.first,
        course.last,
        course.under_way,
        unverified_code=course.unverified_code,
    )


def as_acts(courses: Iterable[RadiotherapyCourse]) -> tuple[Basis, ...]:
    """The courses, so that a card can rest on them."""
    return tuple(as_act(course) for course in courses)
