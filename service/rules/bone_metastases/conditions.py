"""Conditions on the record that rules of several chapters share (the specification, "Words used by every rule")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from mappings.dates import When, completed_years, day, days_before
from mappings.facts import (
    ADULT_YEARS,
    KIDNEY_FAILURE_BELOW,
    Act,
    CorrectedCalcium,
    Diagnosis,
    Exposure,
    Exposures,
    Fact,
    Facts,
    Finding,
    Known,
    Order,
    Person,
    Phase,
    known,
)
from mappings.quantities import Bounds
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.units import MONTH
from mappings.wording import Text
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import both, negated
from service.rules.outcome import Advice

# --- the person ------------------------------------------------------------------------------------------------------


def is_adult(patient: Facts) -> bool | None:
    """Of age by every reading of the birth date; None where it is not known."""

    def of_age(person: Person) -> bool | None:
        if person.birth is None:
            return None
        youngest, oldest = (completed_years(born, patient.today) for born in (person.birth.last, person.birth.first))
        return None if youngest < ADULT_YEARS <= oldest else youngest >= ADULT_YEARS

    return patient.person.test(of_age) if isinstance(patient.person, Known) else None


# --- bone metastasis --------------------------------------------------------------------------------------------------


def is_bone_metastasis(one: Diagnosis) -> bool:
    """An active condition of that kind; one that is only suspected is none."""
    return one.active and not one.suspected and one.is_any(sets.BONE_METASTASIS)


@condition(_("a bone metastasis is on record"), reads=("conditions",))
def bone_metastasis(_order: Order | None, patient: Facts) -> Truth:
    """An active bone metastasis."""
    found = [one for one in patient.conditions if is_bone_metastasis(one)]
    return that(patient.conditions.any(is_bone_metastasis), *(found[:1] or (patient.conditions,)))


@condition(_("a bone metastasis or a lung cancer is on record"), reads=("conditions",))
def cancer_on_record(_order: Order | None, patient: Facts) -> Truth:
    """An active one: an order that could not be identified matters to such a patient."""
    found = patient.conditions.any(
        lambda one: is_bone_metastasis(one) or (one.active and not one.suspected and one.is_any(sets.LUNG_CANCER))
    )
    return that(found, patient.conditions)


FEW_BONE_METASTASES = (Decimal(1), Decimal(5))
"""1 to 5 bone metastases recorded as a number (ONC; RAO §2.4 speaks of the oligometastatic situation)."""


@condition(
    _(
        "{low} to {high} bone metastases are recorded as a number",
        low=FEW_BONE_METASTASES[0],
        high=FEW_BONE_METASTASES[1],
    ),
    reads=("finding",),
)
def few_bone_metastases(_order: Order | None, patient: Facts) -> Truth:
    """So few bone metastases are recorded as a number."""
    low, high = FEW_BONE_METASTASES
    count = patient.finding("bone-metastasis-count")
    return that(
        count.test(
            lambda found: None if found.bounds is None else both(found.bounds.at_least(low), found.bounds.at_most(high))
        ),
        count,
    )


def active_conditions(patient: Facts, concepts: frozenset[str]) -> tuple[Diagnosis, ...]:
    """The active conditions of a kind."""
    return tuple(one for one in patient.conditions if one.active and one.is_any(concepts))


# --- the primary, the end of life --------------------------------------------------------------------------------------


@condition(_("a cancer other than of the lung is on record, and no lung cancer"), reads=("conditions",))
def other_primary(_order: Order | None, patient: Facts) -> Truth:
    """For whom the referential was not written."""
    lung = patient.conditions.any(lambda one: one.is_any(sets.LUNG_CANCER))
    other = patient.conditions.any(lambda one: one.active and not one.suspected and one.is_any(sets.OTHER_PRIMARY))
    return that(both(negated(lung), other), patient.conditions)


@condition(_("the primary is not a prostate cancer"), reads=("conditions",))
def no_prostate_primary(order: Order | None, patient: Facts) -> Truth:
    """A prostate cancer is the primary where no lung cancer is on record; what cannot be looked up silences nothing."""
    prostate = any(one.active and not one.suspected and one.is_any(sets.PROSTATE_CANCER) for one in patient.conditions)
    return that(not (prostate and other_primary(order, patient).holds), patient.conditions)


def milder_for_another_primary(advice: Advice, order: Order | None, patient: Facts) -> Advice:
    """The same advice one level milder where another cancer than of the lung is the primary."""
    if other_primary(order, patient).holds is not True:
        return advice
    return replace(advice, indicator=advice.indicator.milder)


@condition(
    _("it is not the end of life (recorded expectancy, or palliative care without an anticancer drug)"),
    reads=("finding", "conditions", "procedures", "exposures", "orders"),
)
def not_end_of_life(_order: Order | None, patient: Facts) -> Truth:
    """Only what is known silences a card: a short expectancy, or palliative care with no anticancer drug given or planned."""
    expectancy = patient.finding("life-expectancy")
    if at_most(expectancy, SHORT_EXPECTANCY_DAYS):
        return that(False, expectancy)
    cared_for = _palliative_care(patient)
    if cared_for is None or _treated_against_cancer(patient) is not False:
        return that(True)
    return that(False, cared_for)


def _palliative_care(patient: Facts) -> Diagnosis | Act | None:
    """On record in the last days: an active condition, dated then or not at all, or an act of then."""
    since = days_before(patient.today, settings_of(patient).palliative_care_days)

    def lately(*dates: When | None) -> bool:
        return any(when.within(since, patient.today) for when in dates if when is not None)

    for one in active_conditions(patient, sets.PALLIATIVE_CARE):
        if lately(one.onset, one.recorded) or (one.onset is None and one.recorded is None):
            return one
    return next(
        (act for act in patient.procedures if act.is_any(sets.PALLIATIVE_CARE) and lately(act.started, act.when)), None
    )


def _treated_against_cancer(patient: Facts) -> bool | None:
    """A systemic anticancer drug is ongoing, planned or drafted."""
    given = patient.exposures.of(sets.SYSTEMIC_ANTICANCER).any(lambda entry: entry.ongoing or entry.planned)
    return True if orders_of(patient, sets.SYSTEMIC_ANTICANCER) else given


# --- recorded findings ------------------------------------------------------------------------------------------------


def at_least(fact: Fact[Finding], limit: Decimal | int) -> bool | None:
    """A recorded number is at least the limit."""
    return fact.test(lambda found: None if found.bounds is None else found.bounds.at_least(Decimal(limit)))


def above(fact: Fact[Finding], limit: Decimal | int) -> bool | None:
    """A recorded number is strictly above the limit."""
    return fact.test(lambda found: None if found.bounds is None else found.bounds.above(Decimal(limit)))


def below(fact: Fact[Finding], limit: Decimal | int) -> bool | None:
    """A recorded number is strictly below the limit."""
    return fact.test(lambda found: None if found.bounds is None else found.bounds.below(Decimal(limit)))


def at_most(fact: Fact[Finding], limit: Decimal | int) -> bool | None:
    """A recorded number is the limit or less."""
    return fact.test(lambda found: None if found.bounds is None else found.bounds.at_most(Decimal(limit)))


def is_true(fact: Fact[Finding]) -> bool | None:
    """A recorded yes or no is yes."""
    return fact.test(lambda found: found.flag)


SHORT_EXPECTANCY_MONTHS = 3
"""Life expectancy in months, up to which it is short (ESMO, cited in RAO, traitement osseux systémique §2.2)."""

SHORT_EXPECTANCY_DAYS = SHORT_EXPECTANCY_MONTHS * MONTH
"""The same in days, as the finding is read."""


@condition(
    _("life expectancy is not recorded as {months} months or less", months=SHORT_EXPECTANCY_MONTHS), reads=("finding",)
)
def no_short_life_expectancy(_order: Order | None, patient: Facts) -> Truth:
    """Longer, or not recorded."""
    expectancy = patient.finding("life-expectancy")
    return that(negated(at_most(expectancy, SHORT_EXPECTANCY_DAYS)), expectancy)


# --- antiresorptives --------------------------------------------------------------------------------------------------


def antiresorptives(patient: Facts) -> Exposures:
    """Exposure to any antiresorptive."""
    return patient.exposures.of(sets.ANTIRESORPTIVES)


def same_drug(concepts: frozenset[str]) -> frozenset[str]:
    """The concepts of the antiresorptive that these name one of: its products differ in strength alone."""
    families = (one for one in (sets.DENOSUMAB, sets.ZOLEDRONIC_ACID) if not one.isdisjoint(concepts))
    return concepts.union(*families)


def phase_of(order: Order, patient: Facts) -> Fact[Phase]:
    """Whether the order starts or continues an antiresorptive; one dose of another one, as for hypercalcaemia, leaves it a start."""
    others = sets.ANTIRESORPTIVES - same_drug(order.concepts)
    return antiresorptives(patient).phase(_("start or continuation of the antiresorptive"), once=others)


@condition(
    _("no antiresorptive in the last {start_free_days}, or one single dose of another (a start)"),
    reads=("exposures",),
)
def is_start(order: Order, patient: Facts) -> Truth:
    """The order starts an antiresorptive."""
    phase = phase_of(order, patient)
    return that(phase.test(lambda value: value is Phase.START), phase)


def starts(order: Order, patient: Facts) -> bool:
    """Known to be a start; an unavailable exposure is neither start nor continuation."""
    return is_start(order, patient).holds is True


@condition(_("the patient is on an antiresorptive"), reads=("exposures",))
def on_antiresorptive(order: Order | None, patient: Facts) -> Truth:
    """Ongoing, or the last dose within the setting's days.

    An entry that is open and has no date of the last year is uncertain: an order is told that nobody could check; the
    chart, of which nothing was asked, leaves it out.
    """
    exposures = antiresorptives(patient)
    return that(exposures.surely_on_treatment if order is None else exposures.on_treatment, exposures)


def days_between(earlier: When, later: When) -> int:
    """The fewest days that may lie between two acts, partial dates read as intervals."""
    return (later.first - earlier.last).days


def given_within(entry: Exposure, planned: When, days: int, today: date) -> bool | None:
    """Ongoing, or the last dose at most so many days before the planned day, or planned as near to it; undated: for today."""
    if entry.planned:
        return abs(days_between(entry.first or day(today), planned)) <= days
    if entry.ongoing:
        return True
    if entry.last_dose is not None:
        return days_between(entry.last_dose, planned) <= days
    return None if entry.last_dose_undated or entry.maybe_ongoing else False


# --- osteonecrosis of the jaw -----------------------------------------------------------------------------------------


def may_be_jaw_osteonecrosis(one: Diagnosis, patient: Facts) -> bool | None:
    """An inflammation of the jaws; a drug-related necrosis without a site, on or after an antiresorptive."""
    if one.is_any(sets.POSSIBLE_OSTEONECROSIS_OF_JAW):
        return True
    if not one.is_any(sets.OSTEONECROSIS_WITH_JAW_SITE):
        return False
    return antiresorptives(patient).ever


def possible_jaw_osteonecrosis(patient: Facts, which: Callable[[Diagnosis], bool]) -> bool | None:
    """A diagnosis of those that are asked for may be an osteonecrosis of the jaw."""
    return patient.conditions.any(lambda one: which(one) and may_be_jaw_osteonecrosis(one, patient))


# --- kidney and calcium -----------------------------------------------------------------------------------------------

SEVERE_RENAL_IMPAIRMENT_BELOW = KIDNEY_FAILURE_BELOW
"""mL/min: bisphosphonates are contraindicated below it (RAO, traitement osseux systémique §2.4)."""


@condition(_("creatinine clearance is below {limit} mL/min", limit=SEVERE_RENAL_IMPAIRMENT_BELOW), reads=("clearance",))
def severe_renal_impairment(_order: Order | None, patient: Facts) -> Truth:
    """Creatinine clearance below the limit of bisphosphonates."""
    clearance = patient.clearance
    return that(clearance.test(lambda value: value.bounds.below(SEVERE_RENAL_IMPAIRMENT_BELOW)), clearance)


def approximation(patient: Facts) -> tuple[Text, ...]:
    """That an eGFR stands in for the clearance, and what a Cockcroft-Gault clearance still needs."""
    clearance = patient.clearance
    if not isinstance(clearance, Known) or not clearance.value.approximate:
        return ()
    return (
        _(
            "An eGFR is used as an approximation of creatinine clearance; for Cockcroft-Gault add: {missing}.",
            missing=patient.clearance_inputs_missing,
        ),
    )


def settled_by_albumin(
    holds: bool | None,  # noqa: FBT001 - a truth
    calcium: Fact[CorrectedCalcium],
    fulfils: Callable[[Bounds], bool | None],
) -> Truth:
    """A truth about calcium; one that an uncorrected value does not fulfil stays open when albumin could not be looked up.

    It is open only where some plausible albumin would fulfil it.
    """
    if holds is not False or not isinstance(calcium, Known) or calcium.value.albumin_unavailable is None:
        return that(holds, calcium)
    if calcium.value.possible is None or fulfils(calcium.value.possible) is False:
        return that(holds, calcium)
    return that(None, calcium.value.albumin_unavailable)


@condition(_("calcium is above its upper limit"), reads=("calcium",))
def calcium_is_high(_order: Order | None, patient: Facts) -> Truth:
    """Above the limit of the laboratory, else ours: nothing then offers calcium or vitamin D."""
    calcium = patient.calcium

    def above(bounds: Bounds) -> bool | None:
        return bounds.above(known(calcium).value.upper_limit)

    return settled_by_albumin(calcium.test(lambda value: value.high), calcium, above)


@condition(
    _("it is ordered for hypercalcaemia (calcium of {for_hypercalcaemia_from} mmol/L or more, or the reason)"),
    reads=("calcium",),
)
def for_hypercalcaemia(order: Order, patient: Facts) -> Truth:
    """By its reasons, or by the calcium as far as it is known."""
    calcium = patient.calcium
    limit = settings_of(patient).for_hypercalcaemia_from
    high = calcium.test(lambda value: value.bounds.at_least(limit)) is True
    return that(high or not order.reasons.isdisjoint(sets.HYPERCALCAEMIA), calcium)


def supplements_on_record(patient: Facts, concepts: frozenset[str]) -> tuple[Exposure, ...]:
    """The supplements of a kind that go on; an old open entry of an active list counts."""
    return tuple(entry for entry in patient.exposures.of(concepts).entries if entry.ongoing or entry.unconfirmed)


# --- orders -----------------------------------------------------------------------------------------------------------


def orders_of(patient: Facts, concepts: frozenset[str]) -> tuple[Order, ...]:
    """The drafts and open orders of a kind."""
    return tuple(order for order in patient.orders if order.is_any(concepts))


@condition(_("no tumour board is ordered"), reads=("orders",))
def no_tumour_board_ordered(_order: Order | None, patient: Facts) -> Truth:
    """A tumour board is neither drafted nor ordered; one that is ordered is not asked for again."""
    return that(not orders_of(patient, sets.TUMOUR_BOARD))
