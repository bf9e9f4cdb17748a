"""Nuclear imaging and biopsy of bone (RAO, médecine nucléaire; histologie)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from mappings.dates import When, add_months, days_before
from mappings.facts import Act, ActOrder, Diagnosis, Exposure, Facts, Order
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import active_conditions, bone_metastasis, no_prostate_primary
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import either, negated
from service.rules.naming import act_at, named, planned_remarks
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import Trigger, rule
from service.rules.say import info, warning


def _examination(name: Text, concepts: frozenset[str]) -> Trigger:
    """A draft order of one of these acts."""
    return Trigger(name, lambda order: order.is_any(concepts), kind=ActOrder)


BONE_SCINTIGRAPHY = _examination(_("draft order of bone scintigraphy"), sets.BONE_SCINTIGRAPHY)
FDG_PET = _examination(_("draft order of FDG PET"), sets.FDG_PET)
SCINTIGRAPHY_OR_PET = _examination(
    _("draft order of bone scintigraphy or FDG PET"), sets.BONE_SCINTIGRAPHY | sets.FDG_PET
)
BONE_BIOPSY = _examination(_("draft order of a bone biopsy"), sets.BONE_BIOPSY)


# --- staging ----------------------------------------------------------------------------------------------------------


def is_recent_fdg_pet(act: Act, patient: Facts) -> bool | None:
    """An FDG PET done within the setting's days; None where it is not dated."""
    if not act.is_any(sets.FDG_PET):
        return False
    since = days_before(patient.today, settings_of(patient).fdg_pet_valid_days)
    return None if act.dated is None else act.dated.within(since, patient.today)


@condition(_("an FDG PET was done in the last {fdg_pet_valid_days}"), reads=("procedures", "imaging"))
def fdg_pet_done(_order: Order | None, patient: Facts) -> Truth:
    """Among procedures or imaging."""
    sources = (patient.procedures, patient.imaging)
    return that(either(*(acts.any(lambda act: is_recent_fdg_pet(act, patient)) for acts in sources)), *sources)


@condition(_("no reason names new bone pain or a clinical question"))
def asks_no_question(order: ActOrder, _patient: Facts) -> Truth:
    """Its reasons are the cancer, its metastases, staging or follow-up; one that could not be read leaves it open."""
    if order.asks_a_question:
        return that(False)
    return that(None if order.reasons_unresolved else True)


@rule(
    "bone-scan-after-fdg-pet",
    title=_("After an FDG PET a bone scintigraphy is not indicated for staging"),
    citations=(rao("nuclear", "§1.1, box"),),
    trigger=BONE_SCINTIGRAPHY,
    when=(fdg_pet_done, asks_no_question, no_prostate_primary),
    severest=Indicator.WARNING,
    reading=_(
        "A PET whose tracer is not coded does not count as an FDG PET. Silent where a reason is none of the cancer, its "
        "metastases, staging and follow-up, and in prostate cancer, where FDG is less sensitive (§2)."
    ),
)
def bone_scan_after_fdg_pet(_order: ActOrder, patient: Facts) -> Outcome:
    """The FDG PET that were done."""
    return warning(
        _("Bone scintigraphy: not indicated for staging after the FDG PET"),
        _("Do without it for staging: it is less sensitive than the FDG PET that was done."),
        rests_on=(
            act for acts in (patient.procedures, patient.imaging) for act in acts if is_recent_fdg_pet(act, patient)
        ),
    )


def _first_recorded(one: Diagnosis) -> When | None:
    """The earlier of its onset and its record; None where neither is dated."""
    dates = [when for when in (one.onset, one.recorded) if when is not None]
    return min(dates, key=lambda when: when.first, default=None)


@condition(_("a lung cancer was first recorded in the last {newly_diagnosed_days}"), reads=("conditions",))
def newly_diagnosed(_order: ActOrder, patient: Facts) -> Truth:
    """The earliest date of all lung cancers on record; one that is not dated at all is not new."""
    since = days_before(patient.today, settings_of(patient).newly_diagnosed_days)

    def counts(one: Diagnosis) -> bool:
        return one.active and not one.suspected and one.is_any(sets.LUNG_CANCER)

    found = [one for one in patient.conditions if counts(one)]
    dates = [when for one in found if (when := _first_recorded(one)) is not None]
    if not dates:
        return that(None if patient.conditions.any(counts) is None else False, patient.conditions)
    first = min(dates, key=lambda when: when.first)
    return that(first.within(since, patient.today), *found[:1])


@condition(_("no bone metastasis is on record"), reads=("conditions",))
def no_bone_metastasis(order: ActOrder, patient: Facts) -> Truth:
    """Neither as a condition nor as a reason."""
    recorded = bone_metastasis(order, patient)
    is_reason = not order.reasons.isdisjoint(sets.BONE_METASTASIS)
    return that(negated(either(is_reason, recorded.holds)), patient.conditions)


ANY_PET = sets.FDG_PET | sets.PET_WITHOUT_TRACER


@condition(
    _("no PET was done in the last {fdg_pet_valid_days}, or is ordered"), reads=("procedures", "imaging", "orders")
)
def no_pet(_order: ActOrder, patient: Facts) -> Truth:
    """With FDG, or whose tracer is not stated."""
    since = days_before(patient.today, settings_of(patient).fdg_pet_valid_days)

    def done(act: Act) -> bool | None:
        if not act.is_any(ANY_PET):
            return False
        return None if act.dated is None else act.dated.within(since, patient.today)

    sources = (patient.procedures, patient.imaging)
    found = either(*(acts.any(done) for acts in sources), patient.orders.any(lambda other: other.is_any(ANY_PET)))
    return that(negated(found), *sources, patient.orders)


@rule(
    "bone-scan-staging",
    title=_("FDG PET stages a lung cancer better than bone scintigraphy"),
    citations=(rao("nuclear", "box"),),
    trigger=BONE_SCINTIGRAPHY,
    when=(newly_diagnosed, no_bone_metastasis, no_pet),
    severest=Indicator.INFO,
)
def bone_scan_staging(_order: ActOrder, patient: Facts) -> Outcome:
    """What to order instead."""
    return info(
        _("Bone scintigraphy: FDG PET is more sensitive to stage a lung cancer"),
        _("Consider an FDG PET instead, femurs included."),
        rests_on=active_conditions(patient, sets.LUNG_CANCER)[:1],
    )


# --- flare ------------------------------------------------------------------------------------------------------------


FLARE_MONTHS = 6
"""Calendar months after the start of a systemic treatment in which a flare mimics progression (RAO §1.2, §2)."""


def flare_end(patient: Facts) -> date | None:
    """The day from which no flare is feared; None where no systemic drug still ongoing has a dated start.

    It is reckoned from the earliest start; renewed orders of one drug are one treatment.
    """
    drugs = [entry.drug for entry in ongoing_systemic(patient) if entry.first is not None]
    courses = [patient.exposures.of(drug.concepts).last_course for drug in drugs]
    starts = [course.first for course in courses if course is not None]
    return add_months(min(starts), FLARE_MONTHS) if starts else None


def ongoing_systemic(patient: Facts) -> tuple[Exposure, ...]:
    """The systemic anticancer drugs that are ongoing."""
    return tuple(entry for entry in patient.exposures.of(sets.SYSTEMIC_ANTICANCER).entries if entry.ongoing)


@condition(
    _(
        "it is planned less than {months} months after the start of a systemic treatment still ongoing",
        months=FLARE_MONTHS,
    ),
    reads=("exposures",),
)
def within_flare_period(order: ActOrder, patient: Facts) -> Truth:
    """Before the end of the period; what is not dated, or could not be looked up, may have begun lately."""
    exposures = patient.exposures.of(sets.SYSTEMIC_ANTICANCER)
    end = flare_end(patient)
    if end is not None and order.planned.when.first >= end:
        return that(False, exposures)
    if exposures.gaps or any(entry.first is None for entry in ongoing_systemic(patient)):
        return that(None, exposures)
    return that(end is not None, exposures)


@rule(
    "bone-scan-flare",
    title=_("In the first {months} months of a systemic treatment a flare mimics progression", months=FLARE_MONTHS),
    citations=(rao("nuclear", "§1.2, §2"), rao("drugs", "box")),
    trigger=SCINTIGRAPHY_OR_PET,
    when=(within_flare_period,),
    severest=Indicator.INFO,
    reading=_("Renewed orders of one drug are one treatment: it starts with the first of them."),
)
def bone_scan_flare(order: ActOrder, patient: Facts) -> Outcome:
    """A scintigraphy is planned later; a PET is read with care."""
    if order.is_any(sets.BONE_SCINTIGRAPHY):
        advice = _(
            "Plan the scintigraphy after {months} months (from {day}): a flare mimics progression.",
            months=FLARE_MONTHS,
            day=flare_end(patient),
        )
    else:
        advice = _("Read the PET with the whole context: a flare mimics progression.")
    return info(
        _(
            "{act} within {months} months of a systemic treatment: beware of a flare",
            act=named(order),
            months=FLARE_MONTHS,
        ),
        advice,
        _("Do not stop the drug for a flare."),
        rests_on=ongoing_systemic(patient),
        remarks=planned_remarks(order),
    )


# --- follow-up --------------------------------------------------------------------------------------------------------


@rule(
    "bone-scan-routine-follow-up",
    title=_("No routine bone scintigraphy in the follow-up of known bone metastases"),
    citations=(rao("nuclear", "§1.2, box"),),
    trigger=BONE_SCINTIGRAPHY,
    when=(bone_metastasis, asks_no_question, no_prostate_primary),
    severest=Indicator.INFO,
    reading=_(
        "A reason other than the cancer, its metastases, staging or follow-up counts as a clinical question. Silent in "
        "prostate cancer (our reading)."
    ),
)
def bone_scan_routine_follow_up(order: ActOrder, patient: Facts) -> Outcome:
    """What it is for."""
    return info(
        _("Bone scintigraphy: not routine in follow-up of bone metastases"),
        _("Keep the scan for new bone pain or a clinical question, and name it as the reason."),
        rests_on=bone_metastasis(order, patient).basis,
    )


# --- FDG PET ----------------------------------------------------------------------------------------------------------


@condition(_("a lung cancer is on record"), reads=("conditions",))
def lung_cancer(order: ActOrder, patient: Facts) -> Truth:
    """An active condition, or a reason of the order."""
    is_reason = not order.reasons.isdisjoint(sets.LUNG_CANCER)
    recorded = patient.conditions.any(lambda one: one.active and one.is_any(sets.LUNG_CANCER))
    return that(is_reason or recorded, patient.conditions)


@rule(
    "fdg-pet-coverage",
    title=_("An FDG PET in lung cancer includes at least the femurs"),
    citations=(rao("nuclear", "box"),),
    trigger=FDG_PET,
    when=(lung_cancer,),
    severest=Indicator.INFO,
)
def fdg_pet_coverage(_order: ActOrder, patient: Facts) -> Outcome:
    """How far the field goes."""
    return info(
        _("FDG PET: include at least the femurs"),
        _("Ask for the femurs: their metastases otherwise lie outside the field."),
        rests_on=active_conditions(patient, sets.LUNG_CANCER)[:1],
    )


# --- biopsy -----------------------------------------------------------------------------------------------------------


def ongoing_inhibitors(patient: Facts) -> tuple[Exposure, ...]:
    """The tyrosine kinase inhibitors that are ongoing."""
    return tuple(entry for entry in patient.exposures.of(sets.TYROSINE_KINASE_INHIBITORS).entries if entry.ongoing)


def has_histology(order: ActOrder, patient: Facts, histology: frozenset[str]) -> bool:
    """The histology is on record, or a reason of the order."""
    recorded = patient.conditions.any(lambda one: one.is_any(histology))
    return bool(recorded) or not order.reasons.isdisjoint(histology)


def molecular_search(order: ActOrder, patient: Facts) -> Iterator[Text]:
    """What to search for, by histology: for each where neither is known; resistance under an inhibitor (RAO §4, box)."""
    adenocarcinoma = has_histology(order, patient, sets.LUNG_ADENOCARCINOMA)
    squamous = has_histology(order, patient, sets.LUNG_SQUAMOUS_CARCINOMA)
    unknown = not adenocarcinoma and not squamous
    inhibitors = ongoing_inhibitors(patient)
    if adenocarcinoma or unknown:
        yield _("Adenocarcinoma: all biomarkers, EGFR, ALK and KRAS first.")
    if unknown or (squamous and not inhibitors):
        yield _("Squamous carcinoma: no molecular search.")
    if inhibitors:
        yield _("{drug} is ongoing: look for resistance mutations.", drug=inhibitors[0].drug.name)


CANCERS = sets.LUNG_CANCER | sets.OTHER_PRIMARY | sets.BONE_METASTASIS | sets.METASTASIS_SITE_UNSTATED


@condition(_("a cancer or a bone metastasis is on record, or among its reasons"), reads=("conditions",))
def of_a_cancer(order: ActOrder, patient: Facts) -> Truth:
    """One that is suspected counts: the biopsy is to tell."""
    recorded = patient.conditions.any(lambda one: one.is_any(CANCERS))
    return that(either(not order.reasons.isdisjoint(CANCERS), recorded), patient.conditions)


INFECTION_REASONS = sets.SEPSIS_OR_GENERAL_INFECTION | sets.SKIN_INFECTION | sets.OTHER_INFECTION


@condition(_("no infection is among its reasons"))
def no_infection_among_reasons(order: ActOrder, _patient: Facts) -> Truth:
    """A reason that could not be looked up leaves it open."""
    if not order.reasons.isdisjoint(INFECTION_REASONS):
        return that(False)
    return that(None if order.reasons_unresolved else True)


@rule(
    "bone-biopsy-handling",
    title=_("A bone biopsy is taken, fixed and decalcified so that molecular tests stay possible"),
    citations=(rao("histology", "§1, §2, §3, §4, box"),),
    trigger=BONE_BIOPSY,
    when=(of_a_cancer, no_infection_among_reasons),
    reads=("exposures",),
    severest=Indicator.INFO,
    reading=_(
        "The box names EDTA, the text EDTA or formic acid: both are said. A biopsy for an infection is left alone: a culture "
        "bears no formalin."
    ),
)
def bone_biopsy_handling(order: ActOrder, patient: Facts) -> Outcome:
    """How it is handled, and what to search for, of a cancer that is known or suspected."""
    inhibitors = ongoing_inhibitors(patient)
    histologies = sets.LUNG_ADENOCARCINOMA | sets.LUNG_SQUAMOUS_CARCINOMA
    unread = patient.exposures.gaps and not inhibitors
    return info(
        _("{act}: how to sample, fix and decalcify", act=act_at(order)),
        _(
            "Periphery of the lesion, two 14 G cores of about 1 cm; formalin at least 6 hours; decalcification with "
            "EDTA or formic acid, never a strong acid; one core a cassette.",
        ),
        *molecular_search(order, patient),
        _("PD-L1 can be relied on."),
        rests_on=(order, *(one for one in patient.conditions if one.is_any(histologies)), *inhibitors),
        remarks=[_("Whether a tyrosine kinase inhibitor is taken could not be looked up")] if unread else (),
    )
