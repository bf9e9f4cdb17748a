"""The quality indicators of this guideline: what its tumour board counts, by the tables and the limits that its rules decide by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial

from mappings.dates import When, day
from mappings.facts import Absent, Act, Exposure, ExposureKind, Facts, RadiotherapyCourse, Target, Unavailable
from mappings.facts.bones import SPINE, has_vertebra, includes, may_be_same
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.units import WEEK
from mappings.wording import Text
from service.rules.bone_metastases.conditions import antiresorptives, bone_metastasis
from service.rules.bone_metastases.courses import ADVISED_DAYS, ADVISED_YEARS
from service.rules.bone_metastases.dental_assessment import EXAMINATION
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.fractionation import SINGLE_FRACTION_GY
from service.rules.bone_metastases.healing import OPERATED_BONE
from service.rules.bone_metastases.skeletal_events import is_bone_metastasis_surgery
from service.rules.bone_metastases.wording import _
from service.rules.logic import both, either, negated
from service.rules.quality import Case, quality_indicator

FIRST_DOSES = _("first doses of an antiresorptive in patients with a bone metastasis")
EXAMINATION_UNDATED = _("a dental examination has no date, or one that leaves it open")
FIRST_DOSE_UNDATED = _("the day of the first dose is not on record")

# --- before the first dose --------------------------------------------------------------------------------------------


def _treated(patient: Facts) -> Iterator[tuple[When | None, bool, tuple[Text, ...], tuple[str, ...]]]:
    """The first dose, if there was one: its day, whether it counts for certain, what stands in the way, its resources."""
    exposures = antiresorptives(patient)
    told = [one for one in exposures.entries if not one.planned and not one.maybe_ongoing]
    # A request says that a drug was to be given; where there is better, it is not asked.
    given = [one for one in told if one.kind is not ExposureKind.REQUEST] or told
    metastasis = bone_metastasis(None, patient).holds
    if metastasis is False or not (given or exposures.gaps):
        return
    if not given:
        yield None, False, exposures.gaps, ()
        return
    days = [_first_day(one) for one in given]
    dated = [one for one in days if one is not None]
    first = min(dated, key=lambda when: when.first) if len(dated) == len(days) else None
    certain = metastasis is True and any(one.certain for one in given)
    sources = tuple(one.source for one, when in zip(given, days, strict=True) if first is None or when == first)
    yield first, certain, exposures.gaps, sources


def _first_day(one: Exposure) -> When | None:
    return min(
        (when for when in (one.first, one.last_dose) if when is not None), key=lambda when: when.first, default=None
    )


def _before_the_first_dose(
    patient: Facts, done: Callable[[Facts, date], tuple[bool | None, tuple[Text, ...]]]
) -> Iterator[Case]:
    """A case where an antiresorptive was given: whether something was done before it, as the record of that day tells."""
    for first, certain, gaps, sources in _treated(patient):
        if first is None or first.partial:
            yield Case(first, None, certain, (*gaps, FIRST_DOSE_UNDATED), sources)
            continue
        # What could not be read may hold an earlier first dose.
        met, why = done(patient, first.first)
        yield Case(first, None if gaps else met, certain, (*gaps, *why), sources)


def _seen_by_a_dentist(patient: Facts, by: date) -> tuple[bool | None, tuple[Text, ...]]:
    met = negated(EXAMINATION.missing(patient, patient.procedures, on=by))
    return met, (*patient.procedures.unavailable.why, EXAMINATION_UNDATED) if met is None else ()


def _vitamin_d_known(patient: Facts, by: date) -> tuple[bool | None, tuple[Text, ...]]:
    level = patient.on(by).vitamin_d
    if isinstance(level, Unavailable):
        return None, level.why
    return not isinstance(level, Absent), ()


@quality_indicator(
    "dentist-before-first-dose",
    title=_("Dental examination before the first dose"),
    of=FIRST_DOSES,
    met=_("a dental examination in the {dental_valid_days} before"),
    citations=(rao("systemic", "§2.3, box"),),
    reads={"exposures", "procedures", *bone_metastasis.reads},
)
def dentist_before_first_dose(patient: Facts) -> Iterator[Case]:
    """By procedures, as `dental-assessment-missing` asks."""
    return _before_the_first_dose(patient, _seen_by_a_dentist)


@quality_indicator(
    "vitamin-d-before-first-dose",
    title=_("25-OH vitamin D measured before the first dose"),
    of=FIRST_DOSES,
    met=_("a 25-OH vitamin D that was valid on the day of the dose"),
    citations=(rao("systemic", "§1, §2.3"),),
    reads={"exposures", "vitamin_d", *bone_metastasis.reads},
)
def vitamin_d_before_first_dose(patient: Facts) -> Iterator[Case]:
    """As `vitamin-d-unknown` asks."""
    return _before_the_first_dose(patient, _vitamin_d_known)


# --- local treatment --------------------------------------------------------------------------------------------------

SURGERY_UNDATED = _("the day of the surgery is not on record")
RADIOTHERAPY_UNDATED = _("the first day of a radiotherapy is not on record")


@quality_indicator(
    "radiotherapy-after-surgery",
    title=_(
        "Radiotherapy {days} to {most} days after surgery", days=OPERATED_BONE.days, most=OPERATED_BONE.longest_days
    ),
    of=_("operations on a bone metastasis, more than {most} days ago", most=OPERATED_BONE.longest_days),
    met=_(
        "radiotherapy of the bone began {days} to {most} days after",
        days=OPERATED_BONE.days,
        most=OPERATED_BONE.longest_days,
    ),
    citations=(rao("radiotherapy", "§1.4"),),
    reads={"procedures", "radiotherapies", *bone_metastasis.reads},
)
def radiotherapy_after_surgery(patient: Facts) -> Iterator[Case]:
    """Of each operation whose window is over; by `post-operative-radiotherapy`'s figures."""
    for act in patient.procedures:
        operated = is_bone_metastasis_surgery(act, patient)
        if operated is False:
            continue
        if act.dated is None:
            yield Case(None, None, counts=False, why=(SURGERY_UNDATED,), sources=(act.source,))
        elif (patient.today - act.dated.last).days > OPERATED_BONE.longest_days:
            met = patient.radiotherapies.any(partial(_began_in_time, surgery=act))
            undated = SURGERY_UNDATED if act.dated.partial else RADIOTHERAPY_UNDATED
            why = (*patient.radiotherapies.unavailable.why, undated) if met is None else ()
            yield Case(act.dated, met, operated is True, why, (act.source,))


def _began_in_time(course: RadiotherapyCourse, surgery: Act) -> bool | None:
    if course.target is Target.OTHER or not may_be_same(course.regions, surgery.regions) or surgery.dated is None:
        return False
    if course.first is None:
        # Where its end lies before the operation, so does its beginning.
        return False if course.last is not None and course.last.last <= surgery.dated.first else None
    fewest = (course.first.first - surgery.dated.last).days
    most = (course.first.last - surgery.dated.first).days
    if most < OPERATED_BONE.days or fewest > OPERATED_BONE.longest_days:
        return False
    return True if fewest >= OPERATED_BONE.days and most <= OPERATED_BONE.longest_days else None


FRACTIONS_UNKNOWN = _("its dose or its fractions are not on record")


@quality_indicator(
    "single-fraction-spine",
    title=_("Single fractions on the spine"),
    of=_("courses of radiotherapy of the spine for bone metastases, neither stereotactic nor curative"),
    met=_("given in one fraction of at most {gray} Gy", gray=SINGLE_FRACTION_GY),
    citations=(rao("radiotherapy", "§2.1, Tableau 5, box"),),
    reads={"radiotherapies", *bone_metastasis.reads},
    few_wanted=True,
)
def single_fraction_spine(patient: Facts) -> Iterator[Case]:
    """As `single-fraction` counts one fraction; a spine that is not said to be bone counts with a metastasis on record."""
    if patient.radiotherapies.gaps:
        yield Case(None, None, counts=False, why=patient.radiotherapies.gaps)
    for course in patient.radiotherapies:
        of_spine = includes(course.regions, SPINE) and (
            has_vertebra(course.regions) or not includes(course.regions, "pelvis")
        )
        if not of_spine or course.target is Target.OTHER or course.stereotactic or course.curative:
            continue
        metastasis = True if course.target is Target.BONE else bone_metastasis(None, patient).holds
        if metastasis is not False:
            met = _one_fraction(course)
            when = course.first or course.last
            yield Case(when, met, metastasis is True, () if met is not None else (FRACTIONS_UNKNOWN,), course.sources)


def _one_fraction(course: RadiotherapyCourse) -> bool | None:
    volume = course.highest
    once = None if volume is None or volume.fractions is None else volume.fractions == 1
    low = None if volume is None or volume.dose_gy is None else volume.dose_gy <= SINGLE_FRACTION_GY
    return both(once, low)


# --- two years --------------------------------------------------------------------------------------------------------

REASSESSED_WITHIN_WEEKS = 13
"""Weeks before and after two years within which a reassessment counts; a choice of ours."""


@quality_indicator(
    "two-year-reassessment",
    title=_("Reassessment after {years} years of an antiresorptive", years=ADVISED_YEARS),
    of=_(
        "courses of antiresorptives that reached {years} years, at least {weeks} weeks ago",
        years=ADVISED_YEARS,
        weeks=REASSESSED_WITHIN_WEEKS,
    ),
    met=_("a tumour board, or the end of the treatment, within {weeks} weeks of it", weeks=REASSESSED_WITHIN_WEEKS),
    citations=(rao("systemic", "§2.4"),),
    reads={"exposures", "procedures", "consultations", *bone_metastasis.reads},
)
def two_year_reassessment(patient: Facts) -> Iterator[Case]:
    """Of the latest course; its length is reckoned as `antiresorptive-two-years` does."""
    exposures = antiresorptives(patient)
    course, metastasis = exposures.last_course, bone_metastasis(None, patient).holds
    if metastasis is False:
        return
    if course is None or course.most_days < ADVISED_DAYS:
        if exposures.gaps:
            yield Case(None, None, counts=False, why=exposures.gaps)
        return
    due = course.first + timedelta(days=ADVISED_DAYS)
    until = due + timedelta(days=REASSESSED_WITHIN_WEEKS * WEEK)
    if until >= patient.today:
        return
    ended = None if course.last <= until < course.latest or exposures.gaps else course.latest <= until
    since = due - timedelta(days=REASSESSED_WITHIN_WEEKS * WEEK)
    boards = (
        acts.any(lambda act: _board_within(act, since, until)) for acts in (patient.procedures, patient.consultations)
    )
    met = either(ended, *boards)
    gaps = (*exposures.gaps, *patient.procedures.unavailable.why, *patient.consultations.unavailable.why)
    certain = metastasis is True and course.days >= ADVISED_DAYS
    sources = tuple(one.source for one in exposures.entries if not one.planned)
    yield Case(day(due), met, certain, gaps if met is None else (), sources)


def _board_within(act: Act, since: date, until: date) -> bool | None:
    if not act.is_any(sets.TUMOUR_BOARD):
        return False
    return None if act.dated is None else act.dated.within(since, until)


QUALITY = (
    dentist_before_first_dose,
    vitamin_d_before_first_dose,
    radiotherapy_after_surgery,
    single_fraction_spine,
    two_year_reassessment,
)
