"""What stands against stereotactic bone radiotherapy, recognised and relative (RAO, radiothérapie §2.2.1)."""

from __future__ import annotations

from functools import partial

from mappings.dates import days_before
from mappings.facts import Act, Diagnosis, Facts, RadiotherapyCourse, RadiotherapyOrder
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.units import MONTH
from service.rules.bone_metastases.bone_radiotherapy import (
    as_acts,
    history_of_irradiation,
    open_about_courses,
    same_bone,
)
from service.rules.bone_metastases.conditions import (
    SHORT_EXPECTANCY_DAYS,
    SHORT_EXPECTANCY_MONTHS,
    above,
    active_conditions,
    below,
    given_within,
    is_true,
)
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.spine_stability import spine_unstable
from service.rules.bone_metastases.stays import on_record
from service.rules.bone_metastases.urgency import irradiates_the_spine, is_recent
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_named, condition, holding, that
from service.rules.logic import both, either

# --- recognised -------------------------------------------------------------------------------------------------------


def _is_compression(one: Diagnosis) -> bool:
    return one.active and one.is_any(sets.SPINAL_CORD_COMPRESSION)


@condition(_("active spinal cord compression"), reads=("conditions", "procedures"))
def active_cord_compression(_order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Treated or not; what treated it is shown beside it."""
    recorded = on_record(patient, _is_compression)
    if not recorded.holds:
        return recorded
    active = [one for one in recorded.basis if isinstance(one, Diagnosis)]
    acts = (act for act in patient.procedures if any(_treated_by(act, one, patient) for one in active))
    return that(True, *active, *acts)


def treated_since(patient: Facts) -> bool | None:
    """Every active cord compression was decompressed after it began, or is older than an emergency and irradiated since."""
    active = active_conditions(patient, sets.SPINAL_CORD_COMPRESSION)
    return both(*(patient.procedures.any(partial(_treated_by, compression=one, patient=patient)) for one in active))


def decompressed_since(patient: Facts) -> bool | None:
    """Every active cord compression was decompressed after it began."""
    active = active_conditions(patient, sets.SPINAL_CORD_COMPRESSION)
    return both(*(patient.procedures.any(partial(_decompresses, compression=one)) for one in active))


def _treated_by(act: Act, compression: Diagnosis, patient: Facts) -> bool | None:
    since = days_before(patient.today, settings_of(patient).cord_compression_days)
    if is_recent(compression, since):
        return _decompresses(act, compression)
    return either(_decompresses(act, compression), both(irradiates_the_spine(act), _is_later(act, compression)))


def _decompresses(act: Act, compression: Diagnosis) -> bool | None:
    """A decompression that is later; None where a date is missing."""
    return both(act.is_any(sets.SPINAL_DECOMPRESSION), _is_later(act, compression))


def _is_later(act: Act, compression: Diagnosis) -> bool | None:
    begin, when = compression.begun, act.dated
    return None if begin is None or when is None else when.last >= begin.first


@condition(_("radionuclide therapy ongoing or within {radionuclide_days}"), reads=("procedures", "exposures"))
def radionuclide_therapy(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """As an act or as a drug: ongoing, or so short a time before the planned start."""
    planned, days = order.planned.when, settings_of(patient).radionuclide_days

    def done(act: Act) -> bool | None:
        if not act.is_any(sets.RADIONUCLIDE_THERAPY):
            return False
        if act.under_way or act.dated is None:
            return act.under_way or None
        return (planned.first - act.dated.last).days <= days

    drugs, given = (
        patient.exposures.of(sets.RADIOPHARMACEUTICALS),
        partial(given_within, planned=planned, days=days, today=patient.today),
    )
    holds = either(patient.procedures.any(done), drugs.any(given))
    if not holds:
        return that(holds, patient.procedures, drugs)
    return that(holds, *filter(done, patient.procedures), *filter(given, drugs.entries))


RECENT_RADIOTHERAPY_MONTHS = 3
RECENT_RADIOTHERAPY_DAYS = RECENT_RADIOTHERAPY_MONTHS * MONTH


@condition(
    _("the region irradiated less than {months} months before", months=RECENT_RADIOTHERAPY_MONTHS),
    reads=("radiotherapies", "conditions"),
)
def irradiated_recently(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Radiotherapy of the same bone or vertebra that is under way, or ended so short a time before the planned start."""

    def recent(course: RadiotherapyCourse) -> bool | None:
        if course.under_way:
            return same_bone(course, order)
        if course.ended is None:
            return None if same_bone(course, order) is not False else False
        if (order.planned.when.first - course.ended.last).days >= RECENT_RADIOTHERAPY_DAYS:
            return False
        return same_bone(course, order)

    courses = patient.radiotherapies
    holds = courses.any(recent)
    if holds is None or (holds is False and history_of_irradiation(patient)):
        return open_about_courses(order, patient, same_bone)
    return that(holds, *(as_acts(filter(recent, courses)) if holds else (courses,)))


@condition(_("life expectancy below {months} months", months=SHORT_EXPECTANCY_MONTHS), reads=("finding",))
def too_short_life_expectancy(_order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Recorded so."""
    expectancy = patient.finding("life-expectancy")
    return that(below(expectancy, SHORT_EXPECTANCY_DAYS), expectancy)


CONTRAINDICATIONS = (
    active_cord_compression,
    spine_unstable,
    radionuclide_therapy,
    irradiated_recently,
    too_short_life_expectancy,
)
contraindicated = any_named(_("a recognised contraindication is on record"), *CONTRAINDICATIONS)

TREATED = _("the compression was treated since")


@condition(
    _("it is known whether the compression was treated since, or it is not the only contraindication"),
    reads=contraindicated.reads,
)
def known_whether_treated(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """A compression that was treated makes a milder card, which an undated act cannot decide."""
    if holding(CONTRAINDICATIONS, order, patient) != (active_cord_compression,):
        return that(True)
    known = treated_since(patient) is not None
    return that(known or None, patient.procedures, text=TREATED)


# --- relative ---------------------------------------------------------------------------------------------------------

CANAL_NARROWED_PERCENT = 25
CORD_DISTANCE_MM = 5


@condition(_("MRI contraindicated"), reads=("finding",))
def mri_contraindicated(_order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Recorded so."""
    mri = patient.finding("mri-contraindicated")
    return that(is_true(mri), mri)


@condition(_("canal narrowed by more than {percent} %", percent=CANAL_NARROWED_PERCENT), reads=("finding",))
def canal_narrowed(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """At the level that is treated."""
    narrowing = patient.finding("canal-narrowing", order.prescription.regions)
    return that(above(narrowing, CANAL_NARROWED_PERCENT), narrowing)


@condition(_("tumour less than {distance} mm from the cord", distance=CORD_DISTANCE_MM), reads=("finding",))
def tumour_near_cord(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """At the level that is treated."""
    distance = patient.finding("tumour-cord-distance", order.prescription.regions)
    return that(below(distance, CORD_DISTANCE_MM), distance)


RELATIVE_CONTRAINDICATIONS = (mri_contraindicated, canal_narrowed, tumour_near_cord)
