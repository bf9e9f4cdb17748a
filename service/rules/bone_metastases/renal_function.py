"""Renal function and antiresorptives (RAO, traitement osseux systémique §2.3, §2.4, Tableau 2; chimiothérapie §2)."""

from __future__ import annotations

from mappings.facts import Absent, Clearance, DrugOrder, Fact, Facts, Known, Measurement, Order, Unavailable, known
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import COCKCROFT, CREATININE
from service.rules.bone_metastases.checklist import already_ordered
from service.rules.bone_metastases.conditions import (
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    approximation,
    bone_metastasis,
    for_hypercalcaemia,
    is_adult,
    is_start,
    severe_renal_impairment,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.doses import CHANGE_THE_PRODUCT, TABLE_2, ordered_dose
from service.rules.bone_metastases.nephrotoxicity import bisphosphonate_use, nephrotoxic_use
from service.rules.bone_metastases.triggers import (
    ANTIRESORPTIVE,
    DENOSUMAB,
    OTHER_BISPHOSPHONATE,
    ZOLEDRONATE,
    drug_order,
    for_bone_metastases,
    osteoporosis_product,
)
from service.rules.bone_metastases.urgency import URGENCY, with_urgency
from service.rules.bone_metastases.wording import _
from service.rules.condition import SETTLES_NOTHING, Truth, any_of, condition, is_absent, that
from service.rules.offers import DeleteOrder, OrderAnalyte, SetDose, UpdateOrder
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import ORDERING, VIEWING, rule
from service.rules.say import advise, critical, info, warning

# --- renal function is known ------------------------------------------------------------------------------------------


@condition(_("no creatinine clearance is available by any route"), reads=("clearance",))
def no_clearance(_order: Order | None, patient: Facts) -> Truth:
    """Neither reported, computed nor measured, and no eGFR."""
    return that(is_absent(patient.clearance), patient.clearance)


@condition(_("creatinine, weight, sex or age is missing for a computation"), reads=("clearance_inputs_missing",))
def not_computable(_order: Order | None, patient: Facts) -> Truth:
    """A Cockcroft-Gault computation lacks an input."""
    return that(bool(patient.clearance_inputs_missing))


@condition(_("a bisphosphonate is ordered"))
def bisphosphonate_ordered(order: DrugOrder, _patient: Facts) -> Truth:
    """The order is of a bisphosphonate for bone metastases."""
    return that(order.is_any(sets.BONE_METASTASIS_BISPHOSPHONATES))


@rule(
    "renal-function-unknown",
    title=_("Renal function is known before an antiresorptive: every dose of a bisphosphonate, the first of denosumab"),
    citations=(rao("systemic", "§2.3, §2.4"),),
    trigger=ANTIRESORPTIVE,
    when=(
        no_clearance,
        not_computable,
        any_of(_("a bisphosphonate is ordered, or denosumab is started"), bisphosphonate_ordered, is_start),
    ),
    reads=(CREATININE, "orders", "person", *URGENCY),
    severest=Indicator.WARNING,
)
def renal_function_unknown(order: DrugOrder, patient: Facts) -> Outcome:
    """What a clearance still needs; creatinine, where it is missing and is not ordered yet."""
    missing, creatinine = patient.clearance_inputs_missing, patient.result(CREATININE)
    ordered = already_ordered(patient, CREATININE) is not None
    advice = warning(
        _("{drug}: creatinine clearance needed before the dose", drug=order.name),
        _("Assess renal function before the dose.")
        if is_adult(patient) is False
        else _("Compute the Cockcroft-Gault clearance before the dose."),
        *([_("Creatinine is ordered: await the result.")] if ordered else ()),
        rests_on=(creatinine,)
        if _is_the_same_old_value(patient.clearance, creatinine)
        else (patient.clearance, creatinine),
        offers=() if ordered or isinstance(creatinine, Known) else [OrderAnalyte(CREATININE)],
        items=[
            _(
                "creatinine clearance: cannot be computed, missing {missing}{ordered}",
                what=COCKCROFT.name,
                missing=missing,
                ordered=_(" (ordered, await the result)") if ordered else "",
            )
        ],
    )
    return with_urgency(advice, order, patient)


def _is_the_same_old_value(clearance: Fact[Clearance], creatinine: Fact[Measurement]) -> bool:
    """What is too old for a clearance is the creatinine: it is shown once."""
    if not isinstance(clearance, Absent) or not isinstance(creatinine, Absent):
        return False
    return clearance.stale is not None and clearance.stale == creatinine.stale


# --- severe renal impairment ------------------------------------------------------------------------------------------

CONTRAINDICATED_BY_CLEARANCE = _(
    "{drug}: contraindicated, creatinine clearance below {limit} mL/min", limit=SEVERE_RENAL_IMPAIRMENT_BELOW
)
WEIGH_IN_HYPERCALCAEMIA = _("Weigh benefit against risk, as it is for hypercalcaemia (product information).")


@condition(_("a bisphosphonate is ordered or ongoing"), reads=("exposures",))
def bisphosphonate_in_use(order: DrugOrder | None, patient: Facts) -> Truth:
    """The order is one; without an order, any bisphosphonate is being taken, one for osteoporosis included."""
    if order is not None:
        return that(True)
    bisphosphonates = patient.exposures.of(sets.ALL_BISPHOSPHONATES)
    return that(bisphosphonates.any(lambda entry: entry.ongoing), bisphosphonates)


@rule(
    "zoledronate-renal-contraindication",
    title=_(
        "Zoledronic acid is contraindicated below a clearance of {limit} mL/min", limit=SEVERE_RENAL_IMPAIRMENT_BELOW
    ),
    citations=(rao("systemic", "§2.4"), rao("drugs", "§2")),
    trigger=ZOLEDRONATE,
    when=(severe_renal_impairment,),
    reads=("clearance_inputs_missing", *for_hypercalcaemia.reads),
    severest=Indicator.CRITICAL,
    reading=_(
        "Exactly {limit} mL/min is allowed: the text says less than {limit} and Tableau 2 begins at {limit}.",
        limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
    ),
)
def zoledronate_renal_contraindication(order: DrugOrder, patient: Facts) -> Outcome:
    """To be removed, unless it is for hypercalcaemia; what speaks for denosumab and against it."""
    kept = for_hypercalcaemia(order, patient).holds is True
    return critical(
        CONTRAINDICATED_BY_CLEARANCE.with_(drug=order.name),
        WEIGH_IN_HYPERCALCAEMIA if kept else _("Do not give it: remove the order."),
        _(
            "Denosumab is not limited by renal function, but below {limit} mL/min adynamic bone is possible: specialist advice.",
            limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
        ),
        *approximation(patient),
        rests_on=(patient.clearance, *((patient.calcium,) if kept else ())),
        offers=() if kept else [DeleteOrder(order)],
    )


@rule(
    "bisphosphonate-severe-renal-impairment",
    title=_(
        "A bisphosphonate is contraindicated, and usually stopped, below a clearance of {limit} mL/min",
        limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
    ),
    citations=(rao("drugs", "§2"),),
    trigger=OTHER_BISPHOSPHONATE,
    hooks=ORDERING | VIEWING,
    when=(bisphosphonate_in_use, severe_renal_impairment),
    reads=("clearance_inputs_missing", *for_hypercalcaemia.reads),
    severest=Indicator.CRITICAL,
    reading=_(
        "The source says a GFR below {limit} here and a Cockcroft clearance in §2.4: Cockcroft decides.",
        limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
    ),
)
def bisphosphonate_severe_renal_impairment(order: DrugOrder | None, patient: Facts) -> Outcome:
    """An order is to be removed, unless it is for hypercalcaemia; one that is ongoing is a warning."""
    if order is not None:
        kept = for_hypercalcaemia(order, patient).holds is True
        return critical(
            CONTRAINDICATED_BY_CLEARANCE.with_(drug=order.name),
            WEIGH_IN_HYPERCALCAEMIA if kept else _("Do not give it: remove the order."),
            *approximation(patient),
            rests_on=(patient.clearance, *((patient.calcium,) if kept else ())),
            offers=() if kept else [DeleteOrder(order)],
        )
    taken = next(entry for entry in patient.exposures.of(sets.ALL_BISPHOSPHONATES).entries if entry.ongoing)
    return warning(
        _(
            "{drug}: creatinine clearance below {limit} mL/min, usually stopped",
            drug=taken.drug.name,
            limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
        ),
        _(
            "Stop {drug}, as is usual: bisphosphonates are contraindicated in severe renal impairment.",
            drug=taken.drug.name,
        ),
        *approximation(patient),
        rests_on=(patient.clearance, taken),
    )


@rule(
    "denosumab-severe-renal-impairment",
    title=_(
        "Denosumab below a clearance of {limit} mL/min needs specialist advice", limit=SEVERE_RENAL_IMPAIRMENT_BELOW
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=DENOSUMAB,
    when=(severe_renal_impairment,),
    reads=("clearance_inputs_missing",),
    severest=Indicator.WARNING,
)
def denosumab_severe_renal_impairment(order: DrugOrder, patient: Facts) -> Outcome:
    """Specialist advice: the dose stays, the bone may be adynamic."""
    return warning(
        _(
            "{drug}: clearance below {limit} mL/min, adynamic bone possible: specialist advice",
            drug=order.name,
            limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
        ),
        _("Ask for specialist advice and watch calcium: an antiresorptive harms an adynamic bone. No dose change."),
        *approximation(patient),
        rests_on=[patient.clearance],
    )


# --- dose of zoledronic acid ------------------------------------------------------------------------------------------


@condition(_("creatinine clearance is at least {limit} mL/min", limit=TABLE_2.limits[0]), reads=("clearance",))
def clearance_has_a_dose(_order: Order | None, patient: Facts) -> Truth:
    """Tableau 2 has a dose for it, or may have."""
    return that(patient.clearance.test(lambda value: bool(TABLE_2.of(value.bounds))), patient.clearance)


@condition(_("the dose ordered is missing or is not that of Tableau 2"), reads=("clearance",))
def dose_is_to_change(order: DrugOrder, patient: Facts) -> Truth:
    """Open where the clearance is known, but does not settle the dose."""
    clearance = patient.clearance
    if not isinstance(clearance, Known):
        return that(None, clearance)
    to_change = ordered_dose(order, clearance.value).is_to_change
    if to_change is None:
        return that(None, Unavailable(clearance.what, (SETTLES_NOTHING,), sources=clearance.sources), clearance)
    return that(to_change, clearance)


@rule(
    "zoledronate-renal-dose",
    title=_("The dose of zoledronic acid follows creatinine clearance"),
    citations=(rao("systemic", "Tableau 2"),),
    trigger=ZOLEDRONATE,
    when=(clearance_has_a_dose, dose_is_to_change),
    reads=("clearance_inputs_missing", *for_hypercalcaemia.reads, *bone_metastasis.reads),
    severest=Indicator.WARNING,
    reading=_(
        "Today's clearance is used at every order, although the table's column says initial. Bands: {bands}. The table is for "
        "monthly treatment: for hypercalcaemia, or a single dose without a bone metastasis, nothing is offered.",
        bands=TABLE_2.ranges(),
    ),
)
def zoledronate_renal_dose(order: DrugOrder, patient: Facts) -> Outcome:
    """The dose of Tableau 2: a warning when the one ordered is above it; no dose is offered from an eGFR."""
    clearance = known(patient.clearance)
    dose = ordered_dose(order, clearance.value)
    said = dose.said(order.name)
    table = _("Tableau 2: {rows}.", rows=TABLE_2.said())
    if not _is_for_monthly_treatment(order, patient):
        product_information = _("See the product information for hypercalcaemia: Tableau 2 is for monthly treatment.")
        return info(said, product_information, table, *approximation(patient), rests_on=[clearance])
    other_product = osteoporosis_product(order)
    dose_offered = None if clearance.value.approximate or other_product else dose.right
    return advise(
        Indicator.WARNING if dose.too_high else Indicator.INFO,
        said,
        CHANGE_THE_PRODUCT if other_product else _("Give the dose of Tableau 2 for this clearance."),
        table,
        *approximation(patient),
        rests_on=[clearance],
        offers=() if dose_offered is None else [UpdateOrder(order, (SetDose(dose_offered),))],
    )


def _is_for_monthly_treatment(order: DrugOrder, patient: Facts) -> bool:
    """Not for hypercalcaemia, and no single dose where no bone metastasis is on record."""
    if for_hypercalcaemia(order, patient).holds:
        return False
    return not (order.dosage.single and bone_metastasis(order, patient).holds is False)


# --- nephrotoxic drugs together ---------------------------------------------------------------------------------------

NEPHROTOXIC = drug_order(
    _("draft order of a bisphosphonate for bone metastases, or of cisplatin, carboplatin, oxaliplatin or pemetrexed"),
    sets.BONE_METASTASIS_BISPHOSPHONATES | sets.PLATINUMS_AND_PEMETREXED,
    for_bone_metastases,
)


@condition(
    _("a bisphosphonate is ordered, ongoing or was given in the last {nephrotoxic_bisphosphonate_days}"),
    reads=("exposures", "orders"),
)
def on_bisphosphonate(_order: Order | None, patient: Facts) -> Truth:
    """Drafted, planned, ongoing or given recently."""
    use = bisphosphonate_use(patient)
    return that(use.holds, use.exposures)


@condition(
    _(
        "cisplatin, carboplatin, oxaliplatin or pemetrexed is ordered, ongoing or was given in the last "
        "{nephrotoxic_drug_days}"
    ),
    reads=("exposures", "orders"),
)
def on_nephrotoxic_drug(_order: Order | None, patient: Facts) -> Truth:
    """Drafted, planned, ongoing or given recently."""
    use = nephrotoxic_use(patient)
    return that(use.holds, use.exposures)


@rule(
    "cumulative-nephrotoxicity",
    title=_("A bisphosphonate together with a platinum or pemetrexed is nephrotoxic cumulatively"),
    citations=(rao("drugs", "§2, box"),),
    trigger=NEPHROTOXIC,
    when=(on_bisphosphonate, on_nephrotoxic_drug),
    severest=Indicator.WARNING,
    once=True,
)
def cumulative_nephrotoxicity(_order: DrugOrder, patient: Facts) -> Outcome:
    """Which drugs of both kinds come together."""
    bisphosphonates, others = bisphosphonate_use(patient), nephrotoxic_use(patient)
    names = (bisphosphonates.names[0], *sorted(set(others.names), key=lambda name: name.message))
    return warning(
        _("{drugs}: cumulative renal toxicity, check renal function", drugs=names),
        _("Check creatinine and clearance before each course."),
        rests_on=(*bisphosphonates.drafts, *others.drafts, *bisphosphonates.entries, *others.entries),
    )
