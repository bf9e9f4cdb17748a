"""Renal function and antiresorptives (RAO, traitement osseux systémique §2.3, §2.4, Tableau 2; chimiothérapie §2)."""

from __future__ import annotations

from decimal import Decimal

from mappings.facts import Clearance, DrugOrder, Exposure, Exposures, Facts, Known, Order, Unavailable, known
from mappings.quantities import Bounds
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import CREATININE
from mappings.wording import Amount, Text, _
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    ANTIRESORPTIVE,
    DENOSUMAB,
    IN_ANY_CASE,
    OTHER_BISPHOSPHONATE,
    ROWS,
    SETTLES_NOTHING,
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    URGENCY_NEEDS,
    ZOLEDRONATE,
    Trigger,
    already_ordered,
    approximation,
    clearance_below,
    for_bone_metastases,
    is_absent,
    is_start,
    rule,
    that,
    unless_all,
    with_urgency,
)
from service.rules.offers import DeleteOrder, OrderAnalyte, SetDose, UpdateOrder
from service.rules.outcome import Advice, CannotTell, Indicator, Outcome, Silence

DOSE_TOLERANCE_MG = Decimal("0.05")
"""Two doses within it are the same dose (`rules.md`, `zoledronate-renal-dose`)."""

CREATININE_ORDERED = _("Creatinine is ordered: await the result.")

TABLE_2: tuple[tuple[Decimal, bool, Decimal], ...] = (
    (Decimal(60), False, Decimal("4.0")),
    (Decimal(50), True, Decimal("3.5")),
    (Decimal(40), True, Decimal("3.3")),
    (Decimal(30), True, Decimal("3.0")),
)
"""RAO Tableau 2, from above: (lower end in mL/min, whether it belongs to the row, dose of zoledronic acid in mg).

The rows are written in whole numbers (50-60, 40-49, 30-39); they are read as half-open bands, and 60 exactly is 3.5 mg.
"""


def doses_for(bounds: Bounds) -> frozenset[Decimal]:
    """The doses of Tableau 2 for every clearance that the bounds allow; empty below 30 mL/min."""
    doses = set()
    upper: Decimal | None = None
    upper_in = False
    for lower, lower_in, dose in TABLE_2:
        all_under = bounds.below(lower) if lower_in else bounds.at_most(lower)
        all_over = upper is not None and (bounds.above(upper) if upper_in else bounds.at_least(upper))
        if all_under is not True and all_over is not True:
            doses.add(dose)
        upper, upper_in = lower, not lower_in
    return frozenset(doses)


@rule(
    "renal-function-unknown",
    title=_(
        "Renal function is known before an antiresorptive: every dose of a bisphosphonate, the first of denosumab",
    ),
    citations=(rao("systemic", "§2.3, §2.4"),),
    trigger=ANTIRESORPTIVE,
    needs=("clearance", "clearance_inputs_missing", "creatinine", "exposures", "orders", *URGENCY_NEEDS),
    severest=Indicator.WARNING,
    prerequisite=True,
)
def renal_function_unknown(order: Order, patient: Facts) -> Outcome:
    """No creatinine clearance by any route, for a bisphosphonate or at the start of denosumab."""
    start = is_start(patient)
    asks = True if order.is_any(sets.BONE_METASTASIS_BISPHOSPHONATES) else start.holds
    missing = patient.clearance_inputs_missing
    blocked = unless_all(
        that(
            _("no creatinine clearance is available by any route"),
            is_absent(patient.clearance),
            patient.clearance,
        ),
        that(
            _(
                "creatinine, weight, sex or age is missing for a computation",
            ),
            bool(missing),
        ),
        that(
            _(
                "a bisphosphonate is ordered, or denosumab is started",
            ),
            asks,
            *start.basis,
        ),
    )
    if blocked:
        return blocked
    ordered = already_ordered(patient, "creatinine")
    offers = () if ordered or isinstance(patient.result(CREATININE), Known) else (OrderAnalyte(ROWS["creatinine"]),)
    advice = Advice(
        Indicator.WARNING,
        _(
            "{drug}: creatinine clearance needed before the dose",
            drug=order.name,
        ),
        (
            _(
                "Creatinine and Cockcroft-Gault clearance before the dose. Missing: {missing}.",
                missing=missing,
            ),
            *((CREATININE_ORDERED,) if ordered else ()),
        ),
        (patient.clearance, patient.result(CREATININE)),
        offers,
        items=(
            _(
                "creatinine clearance: cannot be computed, missing {missing}{ordered}",
                missing=missing,
                ordered=_(" (ordered, await the result)") if ordered else "",
            ),
        ),
    )
    return with_urgency(advice, order, patient)


@rule(
    "zoledronate-renal-contraindication",
    title=_(
        "Zoledronic acid is contraindicated below a clearance of 30 mL/min",
    ),
    citations=(rao("systemic", "§2.4"), rao("drugs", "§2")),
    trigger=ZOLEDRONATE,
    needs=("clearance", "clearance_inputs_missing"),
    severest=Indicator.CRITICAL,
    reading=_(
        "Exactly 30 mL/min is allowed: the text says less than 30 and Tableau 2 begins at 30.",
    ),
)
def zoledronate_renal_contraindication(order: Order, patient: Facts) -> Outcome:
    """Zoledronic acid ordered with a clearance below 30 mL/min."""
    blocked = unless_all(clearance_below(patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.CRITICAL,
        _(
            "{drug}: contraindicated, creatinine clearance below 30 mL/min",
            drug=order.name,
        ),
        (
            _(
                "Denosumab is not limited by renal function, but below 30 mL/min adynamic bone is possible: "
                "specialist advice.",
            ),
            *approximation(patient),
        ),
        (patient.clearance,),
        (DeleteOrder(order),),
    )


BISPHOSPHONATE_ONGOING = _("a bisphosphonate is ongoing")


@rule(
    "bisphosphonate-severe-renal-impairment",
    title=_(
        "A bisphosphonate is contraindicated, and usually stopped, below a clearance of 30 mL/min",
    ),
    citations=(rao("drugs", "§2"),),
    trigger=OTHER_BISPHOSPHONATE,
    patient_view=True,
    needs=("clearance", "clearance_inputs_missing", "exposures"),
    severest=Indicator.CRITICAL,
    reading=_(
        "The source says a GFR below 30 here and a Cockcroft clearance in §2.4: Cockcroft decides.",
    ),
)
def bisphosphonate_severe_renal_impairment(order: Order | None, patient: Facts) -> Outcome:
    """Another bisphosphonate ordered, or any one ongoing in `patient-view`, with a clearance below 30 mL/min."""
    if order is not None:
        blocked = unless_all(clearance_below(patient))
        if blocked:
            return blocked
        return Advice(
            Indicator.CRITICAL,
            _(
                "{drug}: contraindicated, creatinine clearance below 30 mL/min",
                drug=order.name,
            ),
            (_USUALLY_STOPPED, *approximation(patient)),
            (patient.clearance,),
            (DeleteOrder(order),),
        )
    ongoing = patient.exposures.of(sets.ALL_BISPHOSPHONATES)
    blocked = unless_all(that(BISPHOSPHONATE_ONGOING, ongoing.ongoing, ongoing), clearance_below(patient))
    if blocked:
        return blocked
    taken = next(entry for entry in ongoing.entries if entry.ongoing)
    return Advice(
        Indicator.WARNING,
        _(
            "{drug}: creatinine clearance below 30 mL/min, usually stopped",
            drug=taken.drug.name,
        ),
        (_USUALLY_STOPPED, *approximation(patient)),
        (patient.clearance, taken),
    )


_USUALLY_STOPPED = _(
    "In severe renal impairment bisphosphonates are contraindicated; one that is running is usually stopped.",
)


@rule(
    "denosumab-severe-renal-impairment",
    title=_(
        "Denosumab below a clearance of 30 mL/min needs specialist advice",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=DENOSUMAB,
    needs=("clearance", "clearance_inputs_missing"),
    severest=Indicator.WARNING,
)
def denosumab_severe_renal_impairment(order: Order, patient: Facts) -> Outcome:
    """Denosumab ordered with a clearance below 30 mL/min."""
    blocked = unless_all(clearance_below(patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{drug}: clearance below 30 mL/min, adynamic bone possible: specialist advice",
            drug=order.name,
        ),
        (
            _(
                "No dose change for renal function, but an antiresorptive harms an adynamic bone. Watch calcium closely.",
            ),
            *approximation(patient),
        ),
        (patient.clearance,),
    )


@rule(
    "zoledronate-renal-dose",
    title=_(
        "The dose of zoledronic acid follows creatinine clearance",
    ),
    citations=(rao("systemic", "Tableau 2"),),
    trigger=ZOLEDRONATE,
    needs=("clearance", "clearance_inputs_missing"),
    severest=Indicator.WARNING,
    about_giving=True,
    reading=_(
        "Today's clearance is used at every order, although the table's column says initial. Bands: above 60, 50 to "
        "60, 40 to "
        "less than 50, 30 to less than 40 mL/min.",
    ),
)
def zoledronate_renal_dose(order: DrugOrder, patient: Facts) -> Outcome:
    """Zoledronic acid ordered at another dose than Tableau 2 gives for the clearance."""
    clearance = patient.clearance
    blocked = unless_all(
        that(
            _("creatinine clearance is at least 30 mL/min"),
            clearance.test(lambda value: bool(doses_for(value.bounds))),
            clearance,
        )
    )
    if blocked:
        return blocked
    clearance = known(clearance)
    doses = doses_for(clearance.value.bounds)
    ordered = order.dosage.dose_mg
    only = next(iter(doses)) if len(doses) == 1 else None
    given = only if clearance.value.bounds.at_least(SEVERE_RENAL_IMPAIRMENT_BELOW) else None  # "<40" may be below 30
    if ordered is None:
        if given is None:
            return _unsettled(clearance)
        return _dose_advice(order, patient, clearance, given, Indicator.INFO, _NO_DOSE)
    if only is not None and abs(ordered - only) <= DOSE_TOLERANCE_MG:
        return Silence(_("the dose is that of Tableau 2"), (clearance,))
    if ordered > max(doses) + DOSE_TOLERANCE_MG:
        return _dose_advice(order, patient, clearance, given, Indicator.WARNING, _TOO_HIGH)
    if ordered < min(doses) - DOSE_TOLERANCE_MG:
        return _dose_advice(order, patient, clearance, given, Indicator.INFO, _TOO_LOW)
    return _unsettled(clearance)


_NO_DOSE = _(
    "{drug} without a readable dose: {dose} for this clearance",
)
_TOO_HIGH = _(
    "{drug} {ordered}: above the dose for this clearance ({dose})",
)
_TOO_LOW = _(
    "{drug} {ordered}: below the dose for this clearance ({dose})",
)


def _unsettled(clearance: Known[Clearance]) -> CannotTell:
    return CannotTell((Unavailable(clearance.what, (SETTLES_NOTHING,), sources=clearance.sources),), (clearance,))


def _dose_advice(
    order: DrugOrder,
    patient: Facts,
    clearance: Known[Clearance],
    dose: Decimal | None,
    indicator: Indicator,
    summary: Text,
) -> Advice:
    doses = sorted(doses_for(clearance.value.bounds))
    shown = Amount(doses[0], "mg", to=None if len(doses) == 1 else doses[-1])
    ordered = "" if order.dosage.dose_mg is None else Amount(order.dosage.dose_mg, "mg")
    offers = () if dose is None or clearance.value.approximate else (UpdateOrder(order, (SetDose(dose),)),)
    return Advice(
        indicator,
        summary.with_(drug=order.name, ordered=ordered, dose=shown),
        (
            _(
                "Tableau 2: above 60 mL/min 4.0 mg; 50 to 60: 3.5; 40 to less than 50: 3.3; 30 to less than 40: 3.0.",
            ),
            *approximation(patient),
        ),
        (clearance,),
        offers,
    )


# --- nephrotoxic drugs together ---------------------------------------------------------------------------------------

_BISPHOSPHONATE_DRAFT = Trigger(
    _(
        "draft order of a bisphosphonate for bone metastases, or of cisplatin, carboplatin, oxaliplatin or pemetrexed",
    ),
    lambda order: (
        isinstance(order, DrugOrder)
        and order.is_any(sets.BONE_METASTASIS_BISPHOSPHONATES | sets.PLATINUMS_AND_PEMETREXED)
    ),
    in_scope=lambda order, patient: (
        IN_ANY_CASE if order.is_any(sets.PLATINUMS_AND_PEMETREXED) else for_bone_metastases(order, patient)
    ),
    needs=frozenset({"conditions"}),
)


@rule(
    "cumulative-nephrotoxicity",
    title=_(
        "A bisphosphonate together with a platinum or pemetrexed is nephrotoxic cumulatively",
    ),
    citations=(rao("drugs", "§2, box"),),
    trigger=_BISPHOSPHONATE_DRAFT,
    needs=("exposures", "orders"),
    severest=Indicator.WARNING,
    once=True,
)
def cumulative_nephrotoxicity(_order: Order, patient: Facts) -> Outcome:
    """Both kinds of drug: one ordered, the other ordered, ongoing or given recently."""
    bisphosphonate = patient.exposures.of(sets.BONE_METASTASIS_BISPHOSPHONATES)
    nephrotoxic = patient.exposures.of(sets.PLATINUMS_AND_PEMETREXED)
    drafts = tuple(one for one in patient.orders if one.draft and isinstance(one, DrugOrder))
    bisphosphonate_drafts = tuple(one for one in drafts if one.is_any(sets.BONE_METASTASIS_BISPHOSPHONATES))
    nephrotoxic_drafts = tuple(one for one in drafts if one.is_any(sets.PLATINUMS_AND_PEMETREXED))
    settings = settings_of(patient)
    bisphosphonates_planned = _planned_within(bisphosphonate, settings.nephrotoxic_drug_days)
    nephrotoxic_planned = _planned_within(nephrotoxic, settings.nephrotoxic_bisphosphonate_days)
    blocked = unless_all(
        that(
            _(
                "a bisphosphonate is ordered, ongoing or was given in the last {days} days",
                days=settings.nephrotoxic_bisphosphonate_days,
            ),
            True
            if bisphosphonate_drafts or bisphosphonates_planned
            else bisphosphonate.in_last(settings.nephrotoxic_bisphosphonate_days),
            bisphosphonate,
        ),
        that(
            _(
                "cisplatin, carboplatin, oxaliplatin or pemetrexed is ordered, ongoing or was given in the last {days} days",
                days=settings.nephrotoxic_drug_days,
            ),
            True if nephrotoxic_drafts or nephrotoxic_planned else nephrotoxic.in_last(settings.nephrotoxic_drug_days),
            nephrotoxic,
        ),
    )
    if blocked:
        return blocked
    bisphosphonates_given = (
        *bisphosphonate.recent(settings.nephrotoxic_bisphosphonate_days),
        *bisphosphonates_planned,
    )
    nephrotoxic_given = (*nephrotoxic.recent(settings.nephrotoxic_drug_days), *nephrotoxic_planned)
    first = bisphosphonate_drafts[0].name if bisphosphonate_drafts else bisphosphonates_given[0].drug.name
    others = {one.name for one in nephrotoxic_drafts} | {one.drug.name for one in nephrotoxic_given}
    return Advice(
        Indicator.WARNING,
        _(
            "{drugs}: cumulative renal toxicity, check renal function",
            drugs=(first, *sorted(others, key=lambda name: name.message)),
        ),
        (_("Renal function before each course."),),
        (*bisphosphonates_given, *nephrotoxic_given),
    )


def _planned_within(exposures: Exposures, days: int) -> tuple[Exposure, ...]:
    """Orders of the record that begin in the next days, or state no day, so today (`rules.md`, "Draft order", "Planned date")."""
    return tuple(
        entry
        for entry in exposures.entries
        if entry.planned and (entry.first is None or (entry.first.first - exposures.today).days <= days)
    )
