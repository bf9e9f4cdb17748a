"""Systemic treatment beside bone radiotherapy, the kidney and surgery (RAO, radiothérapie §3; chimiothérapie §2; chirurgie §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from mappings.facts import Act, DrugOrder, Exposure, Facts, Order, RadiotherapyCourse, RadiotherapyOrder, Target
from mappings.facts.bones import SPINE, includes, may_be_same
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, _
from service.rules.bone_metastases.bone_radiotherapy import as_act
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    URGENCY_NEEDS,
    Condition,
    Trigger,
    approximation,
    bone_metastasis_on_record,
    both,
    clearance_below,
    days_between,
    drug_order,
    either,
    given_within,
    is_bone_metastasis_surgery,
    is_urgent,
    on,
    planned_remarks,
    rule,
    that,
    unless_all,
)
from service.rules.offers import StartOn, UpdateOrder
from service.rules.outcome import Advice, Basis, CannotTell, Indicator, Outcome, Silence

# --- immunotherapy, tyrosine kinase inhibitors, stereotactic radiotherapy ---------------------------------------------


def _of_bone(target: Target, patient: Facts) -> bool | None:
    """Bone; a target that is not stated counts with a bone metastasis on record."""
    return bone_metastasis_on_record(patient) if target is Target.UNSTATED else target is Target.BONE


def _bone_is_treated(order: Order, patient: Facts) -> Condition:
    target = order.prescription.target if isinstance(order, RadiotherapyOrder) else Target.OTHER
    return that(
        _(
            "the radiotherapy is of bone, or its target is not stated with a bone metastasis on record",
        ),
        _of_bone(target, patient),
        patient.conditions,
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """The other half of a pair: why there is none, or what it is, and the drugs that both halves name."""

    blocked: Silence | CannotTell | None
    basis: tuple[Basis, ...] = ()
    drugs: tuple[Text, ...] = ()


def _drugs_beside(order: Order, patient: Facts, concepts: frozenset[str], days: int) -> _Beside:
    """Such a drug ordered, ongoing, or given or planned so near to the radiotherapy that is ordered."""
    planned = order.planned.when
    text = _(
        "such a drug is ordered, ongoing, or given or planned within {days} days",
        days=days,
    )
    return _drugs(order, patient, concepts, text, lambda entry: given_within(entry, planned, days, patient.today))


def _drugs(
    order: Order, patient: Facts, concepts: frozenset[str], text: Text, counts: Callable[[Exposure], bool | None]
) -> _Beside:
    """Such drugs, drafted or on record as far as they count, beside the radiotherapy of bone that is ordered."""
    exposures = patient.exposures.of(concepts)
    drafts = tuple(one for one in patient.orders if one.draft and isinstance(one, DrugOrder) and one.is_any(concepts))
    found = tuple(entry for entry in exposures.entries if counts(entry))
    blocked = unless_all(
        _bone_is_treated(order, patient), that(text, True if drafts else exposures.any(counts), exposures)
    )
    names = dict.fromkeys((*(one.name for one in drafts), *(entry.drug.name for entry in found)))
    return _Beside(blocked, (*found, *drafts), tuple(names))


def _radiotherapy_beside(order: Order, patient: Facts, days: int) -> _Beside:
    """Bone radiotherapy under way, ended or planned so near to the drug that is ordered; an undated one leaves it open."""
    start = order.planned.when

    def close(course: RadiotherapyCourse) -> bool | None:
        if course.under_way:
            return True
        return None if course.ended is None else days_between(course.ended, start) <= days

    text = _(
        "bone radiotherapy is under way, ended in the last {days} days or is planned in the next",
        days=days,
    )
    return _irradiation(
        order,
        patient,
        text,
        close,
        lambda other: other.planned.assumed or abs(days_between(start, other.planned.when)) <= days,
    )


def _irradiation(
    order: Order,
    patient: Facts,
    text: Text,
    given: Callable[[RadiotherapyCourse], bool | None],
    planned: Callable[[Order], bool | None],
) -> _Beside:
    """Radiotherapy of bone, given or ordered as far as it counts, beside the drug that is ordered."""

    def course_counts(course: RadiotherapyCourse) -> bool | None:
        return both(given(course), _of_bone(course.target, patient))

    def order_counts(other: Order) -> bool | None:
        if not isinstance(other, RadiotherapyOrder):
            return False
        return both(planned(other), _of_bone(other.prescription.target, patient))

    courses, orders = patient.radiotherapies, patient.radiotherapy_orders
    blocked = unless_all(that(text, either(courses.any(course_counts), orders.any(order_counts)), courses, orders))
    found: list[Basis] = [as_act(course) for course in courses if course_counts(course)]
    found += [other for other in orders if order_counts(other)]
    return _Beside(blocked, tuple(found), (order.name,))


def _beside(order: Order, patient: Facts, concepts: frozenset[str], days: int) -> _Beside:
    if isinstance(order, RadiotherapyOrder):
        return _drugs_beside(order, patient, concepts, days)
    return _radiotherapy_beside(order, patient, days)


PAIR_NEEDS = ("exposures", "orders", "conditions", "radiotherapies", "radiotherapy_orders")


def _pair_trigger(concepts: frozenset[str], name: Text) -> Trigger:
    return Trigger(
        name,
        lambda order: isinstance(order, RadiotherapyOrder) or (isinstance(order, DrugOrder) and order.is_any(concepts)),
    )


@rule(
    "immunotherapy-with-radiotherapy",
    title=_(
        "Immunotherapy and bone radiotherapy together: few data, tumour board",
    ),
    citations=(rao("radiotherapy", "§3.1, Tableau 6"),),
    trigger=_pair_trigger(
        sets.CHECKPOINT_INHIBITORS,
        _(
            "draft order of radiotherapy, or of a checkpoint inhibitor",
        ),
    ),
    needs=PAIR_NEEDS,
    severest=Indicator.INFO,
)
def immunotherapy_with_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """Bone radiotherapy and a checkpoint inhibitor within the setting's days."""
    beside = _beside(order, patient, sets.CHECKPOINT_INHIBITORS, settings_of(patient).immunotherapy_days)
    if beside.blocked:
        return beside.blocked
    return Advice(
        Indicator.INFO,
        _(
            "{drugs} with radiotherapy: few data, tumour board (RCP-OOS)",
            drugs=beside.drugs,
        ),
        (
            _(
                "The first data on anti-PD-1 are reassuring; no routine combination. Tell the patient that data are "
                "lacking.",
            ),
        ),
        beside.basis,
        remarks=planned_remarks(order),
    )


@rule(
    "tki-with-radiotherapy",
    title=_(
        "A tyrosine kinase inhibitor and bone radiotherapy: a precaution interval, tumour board",
    ),
    citations=(rao("radiotherapy", "§3.1, Tableau 6"),),
    trigger=_pair_trigger(
        sets.TKIS_WITHOUT_ANTIANGIOGENICS,
        _(
            "draft order of radiotherapy, or of a tyrosine kinase inhibitor",
        ),
    ),
    needs=PAIR_NEEDS,
    severest=Indicator.WARNING,
)
def tki_with_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """Bone radiotherapy and a tyrosine kinase inhibitor within the setting's days."""
    beside = _beside(order, patient, sets.TKIS_WITHOUT_ANTIANGIOGENICS, settings_of(patient).tki_days)
    if beside.blocked:
        return beside.blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{drugs} with radiotherapy: precaution interval, tumour board (RCP-OOS)",
            drugs=beside.drugs,
        ),
        (_("Few data: no routine combination."),),
        beside.basis,
        remarks=planned_remarks(order),
    )


def _is_ablative(order: Order) -> bool:
    return isinstance(order, RadiotherapyOrder) and (order.prescription.stereotactic or order.prescription.curative)


@rule(
    "stereotactic-with-systemic",
    title=_(
        "Stereotactic or curative bone radiotherapy during systemic treatment: precaution",
    ),
    citations=(rao("radiotherapy", "§3.2, box"),),
    trigger=Trigger(
        _(
            "draft order of stereotactic or curative radiotherapy, or of a systemic anticancer drug",
        ),
        lambda order: _is_ablative(order) or (isinstance(order, DrugOrder) and order.is_any(sets.SYSTEMIC_ANTICANCER)),
    ),
    needs=PAIR_NEEDS,
    severest=Indicator.INFO,
    yields_to=(
        "radiosensitiser-before-radiotherapy",
        "radiosensitiser-after-radiotherapy",
        "immunotherapy-with-radiotherapy",
        "tki-with-radiotherapy",
    ),
)
def stereotactic_with_systemic(order: Order, patient: Facts) -> Outcome:
    """Stereotactic or curative bone radiotherapy with a systemic anticancer drug ongoing, or the reverse."""
    beside = (
        _systemic_beside(order, patient) if isinstance(order, RadiotherapyOrder) else _ablation_beside(order, patient)
    )
    if beside.blocked:
        return beside.blocked
    return Advice(
        Indicator.INFO,
        _(
            "Stereotactic or curative RT with {drugs}: few trials, precaution",
            drugs=beside.drugs,
        ),
        (
            _(
                "The shorter course allows a shorter pause of the drug.",
            ),
        ),
        beside.basis,
    )


def _systemic_beside(order: Order, patient: Facts) -> _Beside:
    """A systemic anticancer drug that is ongoing or drafted."""
    text = _("a systemic anticancer drug is ongoing or ordered")
    return _drugs(order, patient, sets.SYSTEMIC_ANTICANCER, text, lambda entry: entry.ongoing)


def _ablation_beside(order: Order, patient: Facts) -> _Beside:
    """Stereotactic or curative bone radiotherapy that is under way or planned."""
    text = _(
        "stereotactic or curative bone radiotherapy is under way or planned",
    )
    return _irradiation(
        order,
        patient,
        text,
        lambda course: course.under_way and (course.stereotactic or course.curative),
        _is_ablative,
    )


# --- systemic drugs and the kidney ------------------------------------------------------------------------------------


@rule(
    "tki-severe-renal-impairment",
    title=_(
        "Tyrosine kinase inhibitors are not advised in severe renal impairment",
    ),
    citations=(rao("drugs", "§2"),),
    trigger=drug_order(
        _("draft order of a tyrosine kinase inhibitor"),
        sets.TYROSINE_KINASE_INHIBITORS,
    ),
    needs=("clearance", "clearance_inputs_missing"),
    severest=Indicator.WARNING,
    reading=_("«Severe» is put at 30 mL/min, as in §2.4."),
)
def tki_severe_renal_impairment(order: Order, patient: Facts) -> Outcome:
    """A tyrosine kinase inhibitor ordered with a clearance below 30 mL/min."""
    blocked = unless_all(clearance_below(patient, SEVERE_RENAL_IMPAIRMENT_BELOW))
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{drug}: not advised, creatinine clearance below 30 mL/min",
            drug=order.name,
        ),
        approximation(patient),
        (patient.clearance,),
    )


@rule(
    "chemotherapy-severe-renal-impairment",
    title=_(
        "Doses of chemotherapy are lowered in severe renal impairment",
    ),
    citations=(rao("drugs", "§2"),),
    trigger=drug_order(_("draft order of a cytotoxic"), sets.CYTOTOXICS),
    needs=("clearance", "clearance_inputs_missing"),
    severest=Indicator.WARNING,
)
def chemotherapy_severe_renal_impairment(order: Order, patient: Facts) -> Outcome:
    """A cytotoxic ordered with a clearance below 30 mL/min."""
    blocked = unless_all(clearance_below(patient, SEVERE_RENAL_IMPAIRMENT_BELOW))
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{drug}: creatinine clearance below 30 mL/min, lower the dose",
            drug=order.name,
        ),
        (
            _("A bisphosphonate is usually stopped."),
            *approximation(patient),
        ),
        (patient.clearance,),
    )


# --- after surgery of a bone metastasis -------------------------------------------------------------------------------

HEALING_DAYS = 21
"""3 weeks once healed, for systemic treatment and for other radiotherapy (RAO, chirurgie §3; the latter ours)."""

OPERATED_BONE_DAYS = 15
OPERATED_SPINE_DAYS = 14
"""15 days, for the spine 2 weeks (RAO, radiothérapie §1.3, §1.4)."""

URGENT_HEALING_DAYS = 15

INTERVALS = {
    HEALING_DAYS: _("3 weeks"),
    OPERATED_BONE_DAYS: _("15 days to 3 weeks"),
    OPERATED_SPINE_DAYS: _("2 to 3 weeks (spine)"),
}


@rule(
    "treatment-after-bone-surgery",
    title=_(
        "After surgery of a bone metastasis, systemic treatment and radiotherapy wait for healing",
    ),
    citations=(rao("surgery", "§3"), rao("radiotherapy", "§1.3, §1.4")),
    trigger=Trigger(
        _("draft order of a cytotoxic or of radiotherapy"),
        lambda order: (
            isinstance(order, RadiotherapyOrder) or (isinstance(order, DrugOrder) and order.is_any(sets.CYTOTOXICS))
        ),
    ),
    needs=("procedures", *URGENCY_NEEDS),
    severest=Indicator.WARNING,
    reading=_(
        "Systemic treatment: 3 weeks, 15 days when urgent. Radiotherapy of the operated bone: 15 days, spine 14; other "
        "radiotherapy: 3 weeks (our reading). A target that is not stated counts as the operated bone.",
    ),
)
def treatment_after_bone_surgery(order: Order, patient: Facts) -> Outcome:
    """A cytotoxic or radiotherapy planned too soon after surgery of a bone metastasis."""
    planned = order.planned.when

    def too_soon(act: Act) -> bool | None:
        when = act.dated
        near = (
            None
            if when is None
            else (when.first <= planned.last and days_between(when, planned) < _healing_days(order, act))
        )
        return both(is_bone_metastasis_surgery(act, patient), near)

    blocked = unless_all(
        that(
            _(
                "surgery of a bone metastasis was too short a time before the planned start",
            ),
            patient.procedures.any(too_soon),
            patient.procedures,
        )
    )
    if blocked:
        return blocked
    healed = [
        (when.last + timedelta(days=_healing_days(order, act)), act, when)
        for act in patient.procedures
        if too_soon(act) and (when := act.dated) is not None
    ]
    earliest, surgery, when = max(healed, key=lambda one: (one[0], one[1].source))
    days = _healing_days(order, surgery)
    steps_down = is_urgent(order, patient) and all(
        days_between(operated, planned) >= URGENT_HEALING_DAYS for _earliest, _act, operated in healed
    )
    detail = _(
        "Surgery {when}: {interval} on a healed scar, not before {earliest}.",
        when=on(when),
        interval=INTERVALS[days],
        earliest=earliest,
    )
    urgent = _(
        "Urgent: from 15 days on when healed and the surgeon agrees.",
    )
    name = order.name if isinstance(order, DrugOrder) else _("radiotherapy")
    return Advice(
        Indicator.INFO if steps_down else Indicator.WARNING,
        _(
            "{act}: wait for healing after bone surgery ({when})",
            act=name,
            when=when,
        ),
        (detail, urgent) if days == HEALING_DAYS else (detail,),
        (surgery,),
        (UpdateOrder(order, (StartOn(earliest),)),),
        planned_remarks(order),
    )


def _healing_days(order: Order, surgery: Act) -> int:
    if not isinstance(order, RadiotherapyOrder):
        return HEALING_DAYS
    prescribed = order.prescription
    if prescribed.target is Target.OTHER or not may_be_same(prescribed.regions, surgery.regions):
        return HEALING_DAYS
    return OPERATED_SPINE_DAYS if includes(surgery.regions, SPINE) else OPERATED_BONE_DAYS


@rule(
    "procedure-under-systemic",
    title=_(
        "Systemic treatment is no obstacle to a priority act on bone: check blood count and haemostasis",
    ),
    citations=(rao("drugs", "§2"),),
    trigger=Trigger(
        _(
            "draft order of interventional radiology or surgery on bone",
        ),
        lambda order: order.is_any(sets.INTERVENTIONAL_RADIOLOGY | sets.BONE_SURGERY),
    ),
    needs=("exposures",),
    severest=Indicator.INFO,
)
def procedure_under_systemic(order: Order, patient: Facts) -> Outcome:
    """An act on bone ordered with a cytotoxic in the last 21 days or an anti-angiogenic in the last 28."""
    settings = settings_of(patient)
    cytotoxics = patient.exposures.of(sets.CYTOTOXICS)
    antiangiogenics = patient.exposures.of(sets.SYSTEMIC_ANTIANGIOGENICS)
    planned = order.planned.when
    blocked = unless_all(
        that(
            _(
                "a cytotoxic ({cytotoxic} days) or an anti-angiogenic ({antiangiogenic} days) is ongoing or was given",
                cytotoxic=settings.act_after_cytotoxic_days,
                antiangiogenic=settings.act_after_antiangiogenic_days,
            ),
            either(
                cytotoxics.any(
                    lambda entry: given_within(entry, planned, settings.act_after_cytotoxic_days, patient.today)
                ),
                antiangiogenics.any(
                    lambda entry: given_within(entry, planned, settings.act_after_antiangiogenic_days, patient.today)
                ),
            ),
            cytotoxics,
            antiangiogenics,
        )
    )
    if blocked:
        return blocked
    given = tuple(
        entry
        for exposures, days in (
            (cytotoxics, settings.act_after_cytotoxic_days),
            (antiangiogenics, settings.act_after_antiangiogenic_days),
        )
        for entry in exposures.entries
        if given_within(entry, planned, days, patient.today)
    )
    named = tuple(dict.fromkeys(entry.drug.name for entry in given))[:3]
    return Advice(
        Indicator.INFO,
        _(
            "Act on bone under {drugs}: check blood count and haemostasis",
            drugs=named,
        ),
        (
            _(
                "Systemic treatment is no obstacle to a priority act: check blood count, haemostasis and the "
                "anti-angiogenic.",
            ),
        ),
        tuple(dict.fromkeys(given)),
    )
