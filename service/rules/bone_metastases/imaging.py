"""Nuclear imaging and biopsy of bone (RAO, médecine nucléaire; histologie)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mappings.dates import add_months, days_before
from mappings.facts import Act, ActOrder, Exposure, Facts, Order
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import active_conditions, bone_metastasis
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _, _c
from service.rules.condition import Truth, condition, that
from service.rules.logic import either
from service.rules.naming import named, planned_remarks
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


@condition(_("an FDG PET was done in the last {fdg_pet_valid_days} days"), reads=("procedures", "imaging"))
def fdg_pet_done(_order: Order | None, patient: Facts) -> Truth:
    """Among procedures or imaging."""
    sources = (patient.procedures, patient.imaging)
    return that(either(*(acts.any(lambda act: is_recent_fdg_pet(act, patient)) for acts in sources)), *sources)


@rule(
    "bone-scan-after-fdg-pet",
    title=_("After an FDG PET a bone scintigraphy is not indicated for staging"),
    citations=(rao("nuclear", "§1.1, box"),),
    trigger=BONE_SCINTIGRAPHY,
    when=(fdg_pet_done,),
    severest=Indicator.WARNING,
    reading=_("A PET whose tracer is not coded does not count as an FDG PET."),
)
def bone_scan_after_fdg_pet(_order: ActOrder, patient: Facts) -> Outcome:
    """The FDG PET that were done."""
    return warning(
        _("Bone scintigraphy after FDG PET: not indicated for staging"),
        _("It is less sensitive than the FDG PET that was done."),
        rests_on=(
            act for acts in (patient.procedures, patient.imaging) for act in acts if is_recent_fdg_pet(act, patient)
        ),
    )


# --- flare ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FlarePeriod:
    """Calendar months after the start of a systemic treatment in which a flare mimics progression, with their words."""

    months: int
    words: Text
    ordinal: Text

    def end(self, patient: Facts) -> date | None:
        """The day from which no flare is feared; None where no systemic drug still ongoing has a dated start.

        It is reckoned from the earliest start; renewed orders of one drug are one treatment.
        """
        drugs = [entry.drug for entry in ongoing_systemic(patient) if entry.first is not None]
        courses = [patient.exposures.of(drug.concepts).last_course for drug in drugs]
        starts = [course.first for course in courses if course is not None]
        return add_months(min(starts), self.months) if starts else None


FLARE = FlarePeriod(6, _c("a number in words", "six"), _c("an ordinal number in words", "sixth"))
"""RAO §1.2, §2."""


def ongoing_systemic(patient: Facts) -> tuple[Exposure, ...]:
    """The systemic anticancer drugs that are ongoing."""
    return tuple(entry for entry in patient.exposures.of(sets.SYSTEMIC_ANTICANCER).entries if entry.ongoing)


@condition(
    _(
        "it is planned less than {months} months after the start of a systemic treatment still ongoing",
        months=FLARE.words,
    ),
    reads=("exposures",),
)
def within_flare_period(order: ActOrder, patient: Facts) -> Truth:
    """Before the end of the period; what is not dated, or could not be looked up, may have begun lately."""
    exposures = patient.exposures.of(sets.SYSTEMIC_ANTICANCER)
    end = FLARE.end(patient)
    if end is not None and order.planned.when.first >= end:
        return that(False, exposures)  # noqa: FBT003 - a truth
    if exposures.gaps or any(entry.first is None for entry in ongoing_systemic(patient)):
        return that(None, exposures)
    return that(end is not None, exposures)


@rule(
    "bone-scan-flare",
    title=_("In the first {months} months of a systemic treatment a flare mimics progression", months=FLARE.words),
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
            "A flare mimics progression: plan the scintigraphy after the {month} month (from {day}).",
            month=FLARE.ordinal,
            day=FLARE.end(patient),
        )
    else:
        advice = _("A flare mimics progression: read the PET with the whole context.")
    return info(
        _(
            "{act} within {months} months of a systemic treatment: beware of a flare",
            act=named(order),
            months=FLARE.words,
        ),
        advice,
        _("Do not stop the drug for a flare."),
        rests_on=ongoing_systemic(patient),
        remarks=planned_remarks(order),
    )


# --- follow-up --------------------------------------------------------------------------------------------------------


@condition(_("no reason names new bone pain or a clinical question"))
def asks_no_question(order: ActOrder, _patient: Facts) -> Truth:
    """Its reasons are the cancer, its bone metastases or their follow-up; one that could not be read leaves it open."""
    return that(None if order.reasons_unresolved else not order.asks_a_question)


@rule(
    "bone-scan-routine-follow-up",
    title=_("No routine bone scintigraphy in the follow-up of known bone metastases"),
    citations=(rao("nuclear", "§1.2, box"),),
    trigger=BONE_SCINTIGRAPHY,
    when=(bone_metastasis, asks_no_question),
    severest=Indicator.INFO,
    reading=_("A reason other than the cancer, its bone metastases or their follow-up counts as a clinical question."),
)
def bone_scan_routine_follow_up(order: ActOrder, patient: Facts) -> Outcome:
    """What it is for."""
    return info(
        _("Bone scintigraphy: not routine in follow-up of bone metastases"),
        _("For new bone pain or a clinical question only: name it as the reason."),
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
        _("Metastases of the femurs otherwise lie outside the field."),
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


@rule(
    "bone-biopsy-handling",
    title=_("A bone biopsy is taken, fixed and decalcified so that molecular tests stay possible"),
    citations=(rao("histology", "§1, §2, §4, box"),),
    trigger=BONE_BIOPSY,
    when=(),
    reads=("conditions", "exposures"),
    severest=Indicator.INFO,
    reading=_("The box names EDTA, the text EDTA or formic acid: both are said."),
)
def bone_biopsy_handling(order: ActOrder, patient: Facts) -> Outcome:
    """How it is handled, and what to search for; every order of a bone biopsy is told."""
    inhibitors = ongoing_inhibitors(patient)
    histologies = sets.LUNG_ADENOCARCINOMA | sets.LUNG_SQUAMOUS_CARCINOMA
    unread = patient.exposures.gaps and not inhibitors
    return info(
        _("Bone biopsy: sampling and decalcification"),
        _(
            "Periphery of the lesion, two 14 G cores of about 1 cm; formalin at least 6 hours; decalcification with "
            "EDTA or formic acid, never a strong acid; one core a cassette.",
        ),
        *molecular_search(order, patient),
        rests_on=(order, *(one for one in patient.conditions if one.is_any(histologies)), *inhibitors),
        remarks=[_("Whether a tyrosine kinase inhibitor is taken could not be looked up")] if unread else (),
    )
