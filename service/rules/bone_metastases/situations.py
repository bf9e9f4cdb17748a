"""The definitions that several rules share (`rules.md`, "Words used by every rule"), as conditions on the facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from mappings.dates import When, day, days_before
from mappings.facts import (
    Absent,
    Act,
    CorrectedCalcium,
    Diagnosis,
    Exposure,
    Exposures,
    Fact,
    Facts,
    Known,
    Order,
    Phase,
    Unavailable,
)
from mappings.quantities import Bounds
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, _, _c
from service.rules.outcome import Advice, Basis, Condition
from service.rules.rule import Trigger

CRISIS_ABOVE = Decimal("3.5")
"""mmol/L: acute hypercalcaemic crisis (RAO, contexte général §4)."""

SEVERE_RENAL_IMPAIRMENT_BELOW = Decimal(30)
"""mL/min: bisphosphonates are contraindicated below it (RAO, traitement osseux systémique §2.4)."""


def that(text: Text, holds: bool | None, *basis: Basis) -> Condition:  # noqa: FBT001 - the truth is the point
    """A condition in words, whether it holds, and what it rests on."""
    return Condition(text, holds, basis)


def negated(holds: bool | None) -> bool | None:  # noqa: FBT001 - a truth value
    """Not; unknown stays unknown."""
    return None if holds is None else not holds


def either(*holds: bool | None) -> bool | None:
    """Or, of three-valued truths."""
    if any(one is True for one in holds):
        return True
    return None if any(one is None for one in holds) else False


def both(*holds: bool | None) -> bool | None:
    """And, of three-valued truths."""
    if any(one is False for one in holds):
        return False
    return None if any(one is None for one in holds) else True


def is_absent(fact: Fact[Any]) -> bool | None:
    """Looked for and not there; None where we could not look."""
    if isinstance(fact, Unavailable):
        return None
    return isinstance(fact, Absent)


# --- which orders -----------------------------------------------------------------------------------------------------


def osteoporosis_form(order: Order) -> bool:
    """Denosumab 60 mg or zoledronic acid 5 mg by product or dose, with nothing that speaks for the oncology strength."""
    strengths = {value for value in (order.dosage.dose_mg, order.drug.strength_mg if order.drug else None) if value}
    if order.is_any(frozenset({"denosumab_120mg", "zoledronic_acid_4mg"})):
        return False
    if order.is_any(sets.DENOSUMAB):
        return strengths == {60}
    if order.is_any(sets.ZOLEDRONIC_ACID):
        return strengths == {5}
    return False


IN_ANY_CASE = Condition(_("the order is in scope"), holds=True)


def for_bone_metastases(order: Order, patient: Facts) -> Condition:
    """Not recognisably for osteoporosis (chapter A); conditions that could not be looked up leave it open."""
    if not osteoporosis_form(order) or not order.reasons.isdisjoint(sets.BONE_METASTASIS) or order.reasons_unresolved:
        return IN_ANY_CASE
    return bone_metastasis(patient)


def drug_order(name: Text, concepts: frozenset[str]) -> Trigger:
    """A draft order of one of these drugs."""
    return Trigger(name, lambda order: order.drug is not None and order.is_any(concepts))


def antiresorptive_order(name: Text, concepts: frozenset[str]) -> Trigger:
    """A draft order of one of these antiresorptives for bone metastases (chapter A)."""
    return Trigger(
        name,
        lambda order: order.drug is not None and order.is_any(concepts),
        in_scope=for_bone_metastases,
        needs=frozenset({"conditions"}),
    )


ANTIRESORPTIVE = antiresorptive_order(
    _(
        "draft order of an antiresorptive for bone metastases",
    ),
    sets.ANTIRESORPTIVES,
)
ZOLEDRONATE = antiresorptive_order(
    _(
        "draft order of zoledronic acid for bone metastases",
    ),
    sets.ZOLEDRONIC_ACID,
)
DENOSUMAB = antiresorptive_order(
    _("draft order of denosumab for bone metastases"),
    sets.DENOSUMAB,
)
OTHER_BISPHOSPHONATE = antiresorptive_order(
    _(
        "draft order of another bisphosphonate for bone metastases",
    ),
    sets.BONE_METASTASIS_BISPHOSPHONATES - sets.ZOLEDRONIC_ACID,
)
ANY_RELEVANT = Trigger(
    _("any relevant order"),
    lambda _order: True,
    needs=frozenset({"conditions"}),
    any_relevant=True,
)


# --- the record -------------------------------------------------------------------------------------------------------


def bone_metastasis_on_record(patient: Facts) -> bool | None:
    """An active condition of that kind; one that is only suspected is none."""
    return patient.conditions.any(_is_bone_metastasis)


def _is_bone_metastasis(one: Diagnosis) -> bool:
    return one.active and not one.suspected and one.is_any(sets.BONE_METASTASIS)


def bone_metastasis(patient: Facts) -> Condition:
    """As a condition of a rule."""
    found = tuple(one for one in patient.conditions if _is_bone_metastasis(one))
    return that(
        _("a bone metastasis is on record"),
        bone_metastasis_on_record(patient),
        *(found[:1] or (patient.conditions,)),
    )


FEW_BONE_METASTASES = (Decimal(1), Decimal(5))
"""1 to 5 bone metastases recorded as a number (ONC; RAO §2.4 speaks of the oligometastatic situation)."""


def few_bone_metastases(patient: Facts) -> bool | None:
    """1 to 5 bone metastases are recorded as a number."""
    low, high = FEW_BONE_METASTASES
    return patient.finding("bone-metastasis-count").test(
        lambda found: None if found.bounds is None else both(found.bounds.at_least(low), found.bounds.at_most(high))
    )


def active_conditions(patient: Facts, concepts: frozenset[str]) -> tuple[Diagnosis, ...]:
    """The active conditions of a kind."""
    return tuple(one for one in patient.conditions if one.active and one.is_any(concepts))


def antiresorptives(patient: Facts) -> Exposures:
    """Exposure to any antiresorptive."""
    return patient.exposures.of(sets.ANTIRESORPTIVES)


def phase_of(patient: Facts) -> Fact[Phase]:
    """Start or continuation."""
    return antiresorptives(patient).phase


def is_start(patient: Facts) -> Condition:
    """The order starts an antiresorptive."""
    phase = phase_of(patient)
    return that(
        _(
            "no antiresorptive in the last {days} days (a start)",
            days=patient.settings.start_free_days,
        ),
        phase.test(lambda value: value is Phase.START),
        phase,
    )


def starts(patient: Facts) -> bool:
    """Known to be a start; an unavailable exposure is neither start nor continuation."""
    phase = phase_of(patient)
    return isinstance(phase, Known) and phase.value is Phase.START


def on_antiresorptive(patient: Facts) -> Condition:
    """Ongoing, or the last dose within the setting's days."""
    exposures = antiresorptives(patient)
    return that(
        _("the patient is on an antiresorptive"),
        exposures.on_treatment,
        exposures,
    )


def clearance_below(patient: Facts, limit: Decimal = SEVERE_RENAL_IMPAIRMENT_BELOW) -> Condition:
    """Creatinine clearance below a limit in mL/min."""
    clearance = patient.clearance
    return that(
        _(
            "creatinine clearance is below {limit} mL/min",
            limit=limit,
        ),
        clearance.test(lambda value: value.bounds.below(limit)),
        clearance,
    )


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


def calcium_is_high(patient: Facts) -> bool:
    """Known to be above its upper limit: nothing then offers calcium or vitamin D."""
    calcium = patient.calcium
    return isinstance(calcium, Known) and calcium.value.high is True


def already_ordered(patient: Facts, analyte: str) -> Order | None:
    """The draft or active order that asks for the analyte, one by a verified code first; unread orders do not count."""
    asking = [order for order in patient.orders if analyte in order.analytes]
    return min(asking, key=lambda order: order.unverified_code, default=None)


def missing_result(fact: Fact[Any], what: Text, *, ordered: Order | None) -> Text:
    """A line of a checklist: the result that is missing, the one that is too old, and whether it is ordered already."""
    if ordered is not None and ordered.unverified_code:
        return _(
            "{what}: ordered by a code that is not verified, make sure and await the result",
            what=what,
        )
    if ordered is not None:
        return _("{what}: ordered, await the result", what=what)
    if isinstance(fact, Absent) and fact.stale is not None:
        return _("{what}: too old", what=what)
    return _("{what}: not measured", what=what)


def too_old(*facts: object) -> tuple[Absent, ...]:
    """Those of which an old value is known: it counts as none, and the card that speaks for want of it shows it."""
    return tuple(one for one in facts if isinstance(one, Absent) and one.stale is not None)


def orders_of(patient: Facts, concepts: frozenset[str]) -> tuple[Order, ...]:
    """The drafts and open orders of a kind."""
    return tuple(order for order in patient.orders if order.is_any(concepts))


def no_tumour_board_ordered(patient: Facts) -> Condition:
    """A tumour board is neither drafted nor ordered; one that is ordered is not asked for again."""
    return that(_("no tumour board is ordered"), not orders_of(patient, sets.TUMOUR_BOARD))


def on(when: When | None) -> Text:
    """A date after a verb: «on» it in French where the day is known, «in» it where the record has only a month or a year."""
    if when is None:
        return _("undated")
    if when.partial:
        return _c("in a month or year, after a verb", "{when}", when=when)
    return _c("on a day, after a verb", "{when}", when=when)


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


def supplements_on_record(patient: Facts, concepts: frozenset[str]) -> tuple[Exposure, ...]:
    """The ongoing supplements of a kind."""
    return tuple(entry for entry in patient.exposures.of(concepts).entries if entry.ongoing)


ACTS: tuple[tuple[frozenset[str], Text], ...] = (
    (sets.STEREOTACTIC_RADIOTHERAPY, _("stereotactic radiotherapy")),
    (sets.RADIOTHERAPY, _("radiotherapy")),
    (sets.KYPHOPLASTY, _("kyphoplasty")),
    (sets.VERTEBROPLASTY, _("vertebroplasty")),
    (sets.CEMENTOPLASTY, _("cementoplasty")),
    (sets.ABLATION, _("bone ablation")),
    (sets.INTERVENTIONAL_RADIOLOGY, _("interventional radiology")),
    (sets.ACETABULUM_SURGERY, _("surgery of the acetabulum")),
    (sets.PREVENTIVE_FIXATION, _("preventive fixation")),
    (sets.TUMOUR_SPINE_SURGERY | sets.SPINAL_DECOMPRESSION, _("spine surgery")),
    (sets.BONE_SURGERY, _("bone surgery")),
    (sets.BONE_BIOPSY, _("bone biopsy")),
    (sets.BONE_SCINTIGRAPHY, _("bone scintigraphy")),
    (sets.FDG_PET, _("FDG PET")),
    (sets.TOOTH_EXTRACTION, _("tooth extraction")),
    (sets.DENTAL_TREATMENT, _("dental treatment")),
    (sets.CTX, _("CTX")),
)
"""What the acts that the rules speak of are called on a card, in both languages."""

DIAGNOSES: tuple[tuple[frozenset[str], Text], ...] = (
    (sets.SPINAL_CORD_COMPRESSION, _("spinal cord compression")),
    (sets.BONE_METASTASIS, _("bone metastasis")),
    (sets.LUNG_ADENOCARCINOMA, _("adenocarcinoma of the lung")),
    (sets.LUNG_SQUAMOUS_CARCINOMA, _("squamous cell carcinoma of the lung")),
    (sets.SMALL_CELL_LUNG_CANCER, _("small cell lung cancer")),
    (sets.LUNG_CANCER, _("lung cancer")),
    (sets.PATHOLOGICAL_FRACTURE, _("pathological fracture")),
    (sets.OSTEONECROSIS_OF_JAW, _("osteonecrosis of the jaw")),
    (sets.DENTAL_INFECTION_ACTIVE, _("dental infection")),
    (sets.HYPERCALCAEMIA, _("hypercalcaemia")),
    (sets.HYPOCALCAEMIA, _("hypocalcaemia")),
    (sets.OSTEOMALACIA, _("osteomalacia")),
    (sets.SEVERE_LIVER_DISEASE, _("severe liver disease")),
    (sets.SEPSIS_OR_GENERAL_INFECTION, _("sepsis or general infection")),
    (sets.SKIN_INFECTION, _("skin infection")),
    (sets.OTHER_INFECTION, _("infection")),
    (sets.DISSEMINATED_INTRAVASCULAR_COAGULATION, _("disseminated intravascular coagulation")),
    (sets.COAGULOPATHY, _("coagulation disorder")),
    (sets.NEUROPATHIC_PAIN, _("neuropathic pain")),
    (sets.RADICULOPATHY, _("radiculopathy")),
    (sets.OLIGOMETASTATIC_DISEASE, _("oligometastatic disease")),
    (sets.HISTORY_OF_IRRADIATION, _("history of radiotherapy")),
)
"""What the conditions that the rules speak of are called where the record gives a code without words."""


def called(entry: Act | Diagnosis) -> Text | str:
    """The record's own words for an act or a condition; ours where it gives codes only; else where it stands."""
    ours = ACTS if isinstance(entry, Act) else DIAGNOSES
    return entry.name or next((name for concepts, name in ours if entry.is_any(concepts)), entry.source)


def named(order: Order) -> Text:
    """The drug or act of an order as a card names it; the record's own words where it is none of ours."""
    if order.drug is not None:
        return order.name
    return next((name for concepts, name in ACTS if order.is_any(concepts)), order.name)


def planned_remarks(order: Order) -> tuple[Text, ...]:
    """That today was taken for the planned date, or that it is partial, on a card that reckons with it."""
    if order.planned.when.partial:
        return (_("The planned date is partial"),)
    if not order.planned.assumed:
        return ()
    return (_("No planned date is stated: today was taken"),)


# --- emergencies and urgency ------------------------------------------------------------------------------------------

URGENCY_NEEDS = ("crisis_calcium", "conditions", "procedures")
"""What `is_urgent` reads; rules with the urgency exception declare it."""


CRISIS = _("calcium is above 3.5 mmol/L")


def hypercalcaemic_crisis_calcium(patient: Facts) -> Condition:
    """Corrected (or uncorrected) calcium above 3.5 mmol/L.

    An uncorrected value decides when it is above; below it, an albumin that could not be looked up leaves it open.
    """
    calcium = patient.crisis_calcium
    holds = calcium.test(lambda value: value.bounds.above(CRISIS_ABOVE))
    return settled_by_albumin(that(CRISIS, holds, calcium), calcium, lambda bounds: bounds.above(CRISIS_ABOVE))


def settled_by_albumin(
    condition: Condition, calcium: Fact[CorrectedCalcium], holds: Callable[[Bounds], bool | None]
) -> Condition:
    """A condition on calcium; one that an uncorrected value does not fulfil stays open when albumin could not be looked up.

    It is open only where some plausible albumin would fulfil it.
    """
    if condition.holds is not False or not isinstance(calcium, Known) or calcium.value.albumin_unavailable is None:
        return condition
    if calcium.value.possible is None or holds(calcium.value.possible) is False:
        return condition
    return that(condition.text, None, calcium.value.albumin_unavailable)


CORD_COMPRESSION = _(
    "active spinal cord compression or cauda equina syndrome of the last {days} days or undated, neither decompressed nor "
    "irradiated since",
)


def untreated_cord_compression(patient: Facts) -> Condition:
    """Chapter G: an active cord compression of the last 30 d (or undated), without decompression or radiotherapy since."""
    days = patient.settings.cord_compression_days
    since = days_before(patient.today, days)
    text = CORD_COMPRESSION.with_(days=days)
    compressions = [one for one in active_conditions(patient, sets.SPINAL_CORD_COMPRESSION) if _recent(one, since)]
    if not compressions:
        return that(text, None if patient.conditions.gaps else False, patient.conditions)
    untreated = [
        (one, negated(patient.procedures.any(partial(_treats, compression=one, recent=since)))) for one in compressions
    ]
    holds = either(*(truth for _, truth in untreated))
    shown = next((one for one, truth in untreated if truth is holds), compressions[0])
    return that(text, holds, shown, patient.procedures) if holds is None else that(text, holds, shown)


def _recent(one: Diagnosis, since: date) -> bool:
    dates = [when for when in (one.onset, one.recorded) if when is not None]
    return not dates or any(when.last >= since for when in dates)


def _treats(act: Act, compression: Diagnosis, recent: date) -> bool | None:
    """A decompression, or radiotherapy that may be of the spine, not earlier than the compression.

    An undated act ends no alert. An undated compression is treated by an act of the last days; an older one leaves it open.
    """
    decompresses = act.is_any(sets.SPINAL_DECOMPRESSION)
    irradiates = act.is_any(sets.RADIOTHERAPY) and (
        not act.sites or not act.sites.isdisjoint(sets.SPINE) or not act.sites.isdisjoint(sets.BONE_UNSPECIFIED)
    )
    if not decompresses and not irradiates:
        return False
    begin = compression.onset or compression.recorded
    when = act.dated
    if act.under_way or when is None:
        return act.under_way
    if begin is None:
        return True if when.last >= recent else None
    return when.last >= begin.first


def is_urgent(order: Order, patient: Facts) -> bool:
    """The order says so, or the patient has a skeletal emergency; what cannot be known does not make it urgent."""
    return (
        order.urgent
        or hypercalcaemic_crisis_calcium(patient).holds is True
        or untreated_cord_compression(patient).holds is True
    )


EXCEPTION_USED = _(
    "Urgent: the exception «unless urgent» of the referential is used.",
)


def with_urgency(advice: Advice, order: Order, patient: Facts) -> Advice:
    """The same advice one level milder for an urgent order, saying that the exception is used."""
    if not is_urgent(order, patient):
        return advice
    return replace(advice, indicator=advice.indicator.milder, detail=(EXCEPTION_USED, *advice.detail))


def skeletal_event(patient: Facts) -> bool | None:
    """A skeletal event at any time (RAO, contexte général §4; `rules.md`, "Skeletal event")."""
    recorded = patient.conditions.any(_is_skeletal_event)
    done = patient.procedures.any(partial(_treats_a_skeletal_event, patient=patient))
    return either(recorded, done)


def _is_skeletal_event(one: Diagnosis) -> bool:
    return not one.suspected and one.is_any(
        sets.PATHOLOGICAL_FRACTURE | sets.SPINAL_CORD_COMPRESSION | sets.HYPERCALCAEMIA
    )


def _treats_a_skeletal_event(act: Act, patient: Facts) -> bool | None:
    return is_bone_radiotherapy(act) or is_bone_metastasis_surgery(act, patient)


def skeletal_events(patient: Facts) -> tuple[Diagnosis | Act, ...]:
    """The skeletal events on record, for a card that rests on them."""
    recorded = tuple(one for one in patient.conditions if _is_skeletal_event(one))
    done = tuple(act for act in patient.procedures if _treats_a_skeletal_event(act, patient))
    return (*recorded, *done)


def is_bone_radiotherapy(act: Act) -> bool:
    """External radiotherapy of a bone, by its site or its reason."""
    return act.is_any(sets.RADIOTHERAPY) and not (act.sites | act.reasons).isdisjoint(
        sets.ANY_BONE | sets.BONE_METASTASIS
    )


def is_bone_metastasis_surgery(act: Act, patient: Facts) -> bool | None:
    """Surgery of a bone metastasis (`rules.md`, `treatment-after-bone-surgery`).

    Surgery of bone, decompression of the spine included, for a bone metastasis or a pathological fracture, a preventive
    fixation, or one without a reason (or for cord compression) in a patient with a bone metastasis on record.
    """
    if act.is_any(sets.PREVENTIVE_FIXATION):
        return True
    if not act.is_any(sets.BONE_SURGERY):
        return False
    if not act.reasons or not act.reasons.isdisjoint(sets.SPINAL_CORD_COMPRESSION):
        return bone_metastasis_on_record(patient)
    return not act.reasons.isdisjoint(sets.BONE_METASTASIS | sets.PATHOLOGICAL_FRACTURE)
