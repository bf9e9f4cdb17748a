"""How long antiresorptives were given, and when denosumab ended (RAO, traitement osseux systémique §2.4 and box)."""

from __future__ import annotations

from datetime import date, timedelta

from mappings.dates import days_before
from mappings.facts import Exposure, Exposures, FactNotKnownError, Facts, Order, Stretch
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.units import YEAR
from service.rules.bone_metastases.conditions import antiresorptives, orders_of
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import both, either, negated
from service.rules.naming import MOST_IN_A_SENTENCE, a_time

# --- how long ----------------------------------------------------------------------------------------------------------

ADVISED_YEARS = 2
"""Years: given at least so long (RAO box), then reassessed (RAO §2.4)."""

ADVISED_DAYS = ADVISED_YEARS * YEAR
"""The same in days, by which courses are compared."""


def latest_course(patient: Facts) -> Stretch:
    """The latest course of antiresorptives. Raises `FactNotKnownError` unless conditions have established that one is dated."""
    course = antiresorptives(patient).last_course
    if course is None:
        raise FactNotKnownError("no dose of an antiresorptive is dated")
    return course


def first_exposures(patient: Facts) -> tuple[Exposure, ...]:
    """The first few exposures to antiresorptives, for a card."""
    return tuple(entry for entry in antiresorptives(patient).entries if not entry.planned)[:MOST_IN_A_SENTENCE]


@condition(
    _("an antiresorptive was stopped, or its last dose is more than {on_treatment_days} ago"), reads=("exposures",)
)
def treatment_ended(_order: Order | None, patient: Facts) -> Truth:
    """Recorded as stopped, or dosed on a known day and no longer on treatment; an open order without a date is no dose."""
    exposures = antiresorptives(patient)
    dosed = exposures.any(lambda entry: entry.last_dose is not None)
    return that(either(exposures.stopped, both(dosed, negated(exposures.surely_on_treatment))), exposures)


@condition(_("the course lasted less than {time}", time=a_time(ADVISED_DAYS)), reads=("exposures",))
def shorter_than_advised(_order: Order | None, patient: Facts) -> Truth:
    """Unknown where nothing is dated, or where an end that is not dated may lie on either side."""
    exposures = antiresorptives(patient)
    course = exposures.last_course
    if course is None or course.days < ADVISED_DAYS <= course.most_days:
        return that(None, exposures)
    return that(course.days < ADVISED_DAYS, exposures)


@condition(_("antiresorptives were given for {time} or more", time=a_time(ADVISED_DAYS)), reads=("exposures",))
def treated_as_long_as_advised(_order: Order | None, patient: Facts) -> Truth:
    """A gap, or an end that is not dated, may hide them."""
    exposures = antiresorptives(patient)
    course = exposures.last_course
    if course is not None and course.days >= ADVISED_DAYS:
        return that(True, exposures)
    hidden = bool(exposures.gaps) or (course is not None and course.most_days >= ADVISED_DAYS)
    return that(None if hidden else False, exposures)


# --- denosumab, late or stopped ---------------------------------------------------------------------------------------


def denosumab(patient: Facts) -> Exposures:
    """Exposure to denosumab."""
    return patient.exposures.of(sets.DENOSUMAB)


@condition(_("the last dose of denosumab is {overdue_after_days} to {stopped_within_days} ago"), reads=("exposures",))
def denosumab_is_late(_order: Order | None, patient: Facts) -> Truth:
    """Any day that the last dose may have been falls in the window."""
    settings = settings_of(patient)
    first = days_before(patient.today, settings.stopped_within_days)
    last = days_before(patient.today, settings.overdue_after_days)
    dose = denosumab(patient).last_dose

    def late(entry: Exposure) -> bool | None:
        return None if entry.last_dose is None else entry.last_dose.within(first, last)

    return that(dose.test(late), dose)


@condition(_("no dose of denosumab is planned within {planned_dose_days}"), reads=("exposures", "orders"))
def no_denosumab_planned_soon(_order: Order | None, patient: Facts) -> Truth:
    """Neither by a medication order nor by another; one that is planned without a day leaves it open."""
    until = patient.today + timedelta(days=settings_of(patient).planned_dose_days)
    exposures = denosumab(patient)

    def soon(entry: Exposure) -> bool | None:
        if not entry.planned:
            return False
        return None if entry.first is None else entry.first.first <= until

    ordered = any(
        not one.planned.assumed and one.planned.when.within(patient.today, until)
        for one in orders_of(patient, sets.DENOSUMAB)
    )
    return that(negated(either(ordered, exposures.any(soon))), exposures)


@condition(_("denosumab is stopped"), reads=("exposures",))
def denosumab_is_stopped(_order: Order | None, patient: Facts) -> Truth:
    """Recorded as stopped, and none ongoing or planned."""
    exposures = denosumab(patient)
    return that(exposures.stopped, exposures)


@condition(_("denosumab is not stopped"), reads=denosumab_is_stopped.reads)
def denosumab_goes_on(_order: Order | None, patient: Facts) -> Truth:
    """No stop is recorded."""
    stopped = denosumab_is_stopped(None, patient)
    return that(negated(stopped.holds), *stopped.basis)


@condition(_("its last dose or stop is in the last {stopped_within_days}"), reads=("exposures",))
def denosumab_ended_lately(_order: Order | None, patient: Facts) -> Truth:
    """A dated dose or end in the window, or an undated end that was written in the last year."""
    exposures = denosumab(patient)
    since = days_before(patient.today, settings_of(patient).stopped_within_days)

    def ended(entry: Exposure) -> bool:
        return entry.last_dose_undated if entry.last_dose is None else entry.last_dose.last >= since

    return that(exposures.any(ended), exposures)


@condition(_("no zoledronic acid was given since"), reads=("exposures",))
def no_zoledronate_since(_order: Order | None, patient: Facts) -> Truth:
    """None is ongoing, nor given since the last dose of denosumab; one of the two that is not dated leaves it open."""
    zoledronate = patient.exposures.of(sets.ZOLEDRONIC_ACID)
    since = _newest_dose(denosumab(patient))
    return that(negated(zoledronate.any(lambda entry: _given_since(entry, since))), zoledronate)


def _newest_dose(exposures: Exposures) -> date | None:
    """The first day that the last dose may have been, as far as one is dated."""
    return max((entry.last_dose.first for entry in exposures.entries if entry.last_dose is not None), default=None)


def _given_since(entry: Exposure, since: date | None) -> bool | None:
    """Going on, or a dose not certainly before that day; None where one of the two is not dated."""
    if entry.ongoing:
        return True
    if entry.last_dose is None:
        return None if entry.last_dose_undated else False
    return None if since is None else entry.last_dose.last >= since
