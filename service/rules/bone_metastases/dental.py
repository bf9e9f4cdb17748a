"""Teeth and jaw before and during an antiresorptive (RAO, traitement osseux systémique §2.3, §2.4 and box; ONC)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from mappings.dates import When
from mappings.facts import Act, DrugOrder, Exposure, Exposures, Facts, Order, RadiotherapyCourse
from mappings.vocabulary import concept_sets as sets
from service.rules.bone_metastases.bone_radiotherapy import as_act
from service.rules.bone_metastases.conditions import (
    active_conditions,
    antiresorptives,
    bone_metastasis,
    days_between,
    is_start,
    may_be_jaw_osteonecrosis,
    not_end_of_life,
    on_antiresorptive,
    orders_of,
    possible_jaw_osteonecrosis,
)
from service.rules.bone_metastases.dental_assessment import EXAMINATION, REVIEWS, no_examination
from service.rules.bone_metastases.documents import ONC, rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.stays import on_record
from service.rules.bone_metastases.triggers import ANTIRESORPTIVE, DENOSUMAB
from service.rules.bone_metastases.urgency import URGENCY, with_urgency
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_of, condition, holding, that
from service.rules.logic import either
from service.rules.naming import MOST_IN_A_SENTENCE, a_time, named, on, planned_remarks
from service.rules.offers import StartOn, UpdateOrder
from service.rules.outcome import Advice, Basis, Indicator, Outcome
from service.rules.rule import ORDERING, VIEWING, Trigger, rule
from service.rules.say import critical, info, warning

TOOTH_EXTRACTION_DRAFT = Trigger(
    _("draft order of a tooth extraction"), lambda order: order.is_any(sets.TOOTH_EXTRACTION)
)


def antiresorptives_taken(patient: Facts) -> tuple[Exposure, ...]:
    """Those that the patient is on, the newest first."""
    return antiresorptives(patient).recent(settings_of(patient).on_treatment_days)


# --- the dental assessment --------------------------------------------------------------------------------------------


@rule(
    "dental-assessment-missing",
    title=_("A dental assessment with orthopantomogram precedes an antiresorptive"),
    citations=(rao("systemic", "§2.3, box"), ONC),
    trigger=ANTIRESORPTIVE,
    when=(
        is_start,
        any_of(
            _("no dental examination, or no orthopantomogram, in the last {dental_valid_days} is on record"),
            *REVIEWS,
        ),
    ),
    reads=("orders", *URGENCY),
    severest=Indicator.WARNING,
)
def dental_assessment_missing(order: DrugOrder, patient: Facts) -> Outcome:
    """What is missing of the assessment, and is not ordered yet."""
    missing = [REVIEWS[one] for one in holding(REVIEWS, order, patient)]
    advice = warning(
        _("{drug}: dental assessment with orthopantomogram first", drug=order.name),
        _("Have the teeth examined before the first dose."),
        _("With denosumab, osteonecrosis of the jaw: 0.9 % when the dentist was seen before, 10 % after."),
        offers=(review.offer for review in missing if not review.ordered(patient)),
        items=(review.line(patient) for review in missing),
    )
    return with_urgency(advice, order, patient)


HEALING_WEEKS = 3
"""No start before (RAO §2.3: 3 weeks to 1 month)."""

HEALING = timedelta(weeks=HEALING_WEEKS)


# --- infection and dental treatment -----------------------------------------------------------------------------------

TREATMENT_OR_EXTRACTION = sets.DENTAL_TREATMENT | sets.TOOTH_EXTRACTION


@condition(_("a dental infection is active"), reads=("conditions",))
def dental_infection(_order: Order | None, patient: Facts) -> Truth:
    """As the conditions tell it."""
    return on_record(patient, lambda one: one.active and one.is_any(sets.DENTAL_INFECTION_ACTIVE))


@condition(_("dental treatment is ordered"), reads=("orders",))
def dental_treatment_ordered(_order: Order | None, patient: Facts) -> Truth:
    """A draft or open order of dental treatment, an extraction included."""
    return that(patient.orders.any(lambda one: one.is_any(TREATMENT_OR_EXTRACTION)), patient.orders)


@rule(
    "dental-restoration-pending",
    title=_("Dental infection and pending dental treatment are dealt with before an antiresorptive"),
    citations=(rao("systemic", "§2.3"),),
    trigger=ANTIRESORPTIVE,
    when=(
        is_start,
        any_of(
            _("a dental infection is active, or dental treatment is ordered"),
            dental_infection,
            dental_treatment_ordered,
        ),
    ),
    reads=URGENCY,
    severest=Indicator.WARNING,
)
def dental_restoration_pending(order: DrugOrder, patient: Facts) -> Outcome:
    """The teeth first; an extraction that is ordered is named, with the earliest first dose after it."""
    extractions = orders_of(patient, sets.TOOTH_EXTRACTION)
    rests_on: tuple[Basis, ...] = (
        *(dental_infection(order, patient).basis if dental_infection(order, patient).holds else ()),
        *orders_of(patient, TREATMENT_OR_EXTRACTION),
    )
    if not extractions:
        advice = warning(
            _("{drug}: treat the teeth first", drug=order.name),
            _("Treat the teeth before the first dose."),
            rests_on=rests_on,
        )
        return with_urgency(advice, order, patient)
    last = max(extractions, key=lambda one: (one.planned.when.last, one.index))
    earliest = last.planned.when.last + HEALING
    too_early = not order.planned.assumed and order.planned.when.first < earliest
    advice = warning(
        _(
            "{drug}: {act} ordered, first dose not before {earliest}",
            drug=order.name,
            act=named(last),
            earliest=earliest,
        ),
        _(
            "Give the first dose from {earliest} on, {weeks} weeks after the extraction ({when}), once it has healed.",
            earliest=earliest,
            weeks=HEALING_WEEKS,
            when=last.planned.when,
        ),
        rests_on=rests_on,
        # Told of a first dose that is planned too early, and of no later one: so the calendar knows from which day on it may be.
        lines=(_("{drug}: planned {first}", drug=order.name, first=on(order.planned.when)),) if too_early else (),
        remarks=planned_remarks(last),
    )
    return with_urgency(advice, order, patient)


# --- tooth extraction -------------------------------------------------------------------------------------------------


def _is_recent_extraction(act: Act, order: DrugOrder, patient: Facts) -> bool | None:
    """An extraction so few days before the planned first dose; one without a date cannot tell."""
    if not act.is_any(sets.TOOTH_EXTRACTION):
        return False
    when, planned = act.dated, order.planned.when
    if when is None:
        return None
    return days_between(when, planned) < settings_of(patient).extraction_wait_days and when.first <= planned.last


@condition(
    _("a tooth was extracted less than {extraction_wait_days} before the planned first dose"),
    reads=("procedures",),
)
def recent_extraction(order: DrugOrder, patient: Facts) -> Truth:
    """The days are those to the planned date of the order, and one after it does not count."""
    found = patient.procedures.any(partial(_is_recent_extraction, order=order, patient=patient))
    return that(found, patient.procedures)


def _latest_extraction(order: DrugOrder, patient: Facts) -> tuple[When, Act]:
    """The latest of the recent extractions, with its date."""
    dated = [
        (act.dated, act)
        for act in patient.procedures
        if act.dated is not None and _is_recent_extraction(act, order, patient)
    ]
    return max(dated, key=lambda one: (one[0].last, one[1].source))


@rule(
    "dental-extraction-recent",
    title=_(
        "After a tooth extraction an antiresorptive starts once healed, not before {weeks} weeks to 1 month",
        weeks=HEALING_WEEKS,
    ),
    citations=(rao("systemic", "§2.3"),),
    trigger=ANTIRESORPTIVE,
    when=(is_start, recent_extraction),
    reads=URGENCY,
    severest=Indicator.WARNING,
    reading=_(
        "Three weeks to one month is read as: not before {first} days; from then on, until {extraction_wait_days}, only when healed "
        "and the dentist agrees.",
        first=HEALING.days,
    ),
)
def dental_extraction_recent(order: DrugOrder, patient: Facts) -> Outcome:
    """Healing first: the start is moved to its earliest day where it is planned before."""
    when, extraction = _latest_extraction(order, patient)
    earliest = when.last + HEALING
    detail = _("Start only once healed and with the dentist's agreement: extraction on {when}.", when=when)
    offers: list[UpdateOrder] = []
    if order.planned.when.first < earliest:
        detail = _(
            "Start not before {earliest} ({weeks} weeks after the extraction on {when}), then only once healed and with the "
            "dentist's agreement.",
            when=when,
            earliest=earliest,
            weeks=HEALING_WEEKS,
        )
        offers.append(UpdateOrder(order, (StartOn(earliest),)))
    partial_date = (_("The date of the extraction is partial"),) if when.partial else ()
    advice = warning(
        _("{drug}: tooth extraction on {when}, wait for healing", drug=order.name, when=when),
        detail,
        rests_on=[extraction],
        offers=offers,
        remarks=(*planned_remarks(order), *partial_date),
    )
    return with_urgency(advice, order, patient)


@rule(
    "dental-extraction-on-treatment",
    title=_("Extractions are avoided on an antiresorptive; conservative treatment is preferred"),
    citations=(rao("systemic", "§2.3"),),
    trigger=TOOTH_EXTRACTION_DRAFT,
    when=(on_antiresorptive,),
    severest=Indicator.WARNING,
)
def dental_extraction_on_treatment(_order: Order, patient: Facts) -> Outcome:
    """Which antiresorptive, and why to avoid it."""
    taken = antiresorptives_taken(patient)
    return warning(
        _("Tooth extraction on {drug}: avoid it, treat conservatively", drug=taken[0].drug.name),
        _("Prefer conservative treatment: an extraction exposes to osteonecrosis of the jaw (1 to 2 % in cancer)."),
        rests_on=taken,
    )


# --- osteonecrosis of the jaw -----------------------------------------------------------------------------------------


@condition(
    _("an osteonecrosis of the jaw is active, or a diagnosis that may be one"), reads=("conditions", "exposures")
)
def jaw_osteonecrosis_or_possible(_order: Order | None, patient: Facts) -> Truth:
    """As the conditions tell it."""
    sure = patient.conditions.any(lambda one: one.active and one.is_any(sets.OSTEONECROSIS_OF_JAW))
    return that(either(sure, possible_jaw_osteonecrosis(patient, lambda one: one.active)), patient.conditions)


@condition(_("an antiresorptive is being ordered"))
def antiresorptive_ordered(order: DrugOrder | None, _patient: Facts) -> Truth:
    """The rule is asked about a draft, whose trigger has settled what it is."""
    return that(order is not None)


@rule(
    "osteonecrosis-of-jaw",
    title=_("Osteonecrosis of the jaw is referred to a specialised centre"),
    citations=(rao("systemic", "§2.3"),),
    trigger=ANTIRESORPTIVE,
    hooks=ORDERING | VIEWING,
    when=(
        jaw_osteonecrosis_or_possible,
        any_of(
            _("an antiresorptive is being ordered, or the patient is on one"), antiresorptive_ordered, on_antiresorptive
        ),
    ),
    severest=Indicator.CRITICAL,
    reading=_(
        "That no further dose is given before the specialist's advice is our reading. Codes that may be one (inflammation of "
        "the jaws; a drug-related necrosis without a site, on or after an antiresorptive) count one level milder."
    ),
)
def osteonecrosis_of_jaw(order: DrugOrder | None, patient: Facts) -> Outcome:
    """Critical where a dose is being ordered, a warning on treatment; one level milder where it is only possible."""
    sure = active_conditions(patient, sets.OSTEONECROSIS_OF_JAW)
    if not sure:
        return _possible_osteonecrosis(order, patient)
    refer = _("Refer to a specialised centre before any further dose.")
    if order is not None:
        return critical(
            _("{drug}: osteonecrosis of the jaw, refer to a specialised centre before any dose", drug=order.name),
            refer,
            rests_on=sure,
        )
    taken = antiresorptives_taken(patient)
    return warning(
        _("Osteonecrosis of the jaw on {drug}: refer to a specialised centre", drug=taken[0].drug.name),
        refer,
        rests_on=(*sure, *taken),
    )


def _possible_osteonecrosis(order: DrugOrder | None, patient: Facts) -> Advice:
    found = [one for one in patient.conditions if one.active and may_be_jaw_osteonecrosis(one, patient)]
    look = _("Have the jaw examined; if it is an osteonecrosis, refer to a specialised centre before any further dose.")
    if order is not None:
        return warning(
            _("{drug}: osteonecrosis of the jaw possible, check before the dose", drug=order.name), look, rests_on=found
        )
    taken = antiresorptives_taken(patient)
    return info(
        _("Osteonecrosis of the jaw possible on {drug}: have the jaw examined", drug=taken[0].drug.name),
        look,
        rests_on=(*found, *taken),
    )


# --- cofactors --------------------------------------------------------------------------------------------------------


COFACTOR_DRUGS = sets.SYSTEMIC_CORTICOSTEROIDS | sets.SYSTEMIC_ANTIANGIOGENICS


def _cofactor_drugs(patient: Facts) -> Exposures:
    return patient.exposures.of(COFACTOR_DRUGS)


def _is_of_head_and_neck(course: RadiotherapyCourse) -> bool:
    """Told by orders too: a course that an order alone records, as completed, was given."""
    return not course.sites.isdisjoint(sets.HEAD_NECK)


@condition(
    _("a systemic corticosteroid or anti-angiogenic is ongoing or was given in the last {cofactor_days}"),
    reads=("exposures",),
)
def cofactor_drug(_order: Order | None, patient: Facts) -> Truth:
    """The systemic ones alone."""
    drugs = _cofactor_drugs(patient)
    return that(drugs.in_last(settings_of(patient).cofactor_days), drugs)


def _is_brachytherapy_of_head_and_neck(act: Act) -> bool:
    return act.is_any(sets.BRACHYTHERAPY) and not act.sites.isdisjoint(sets.HEAD_NECK)


@condition(_("head-and-neck radiotherapy or brachytherapy is on record"), reads=("radiotherapies", "procedures"))
def head_and_neck_radiotherapy(_order: Order | None, patient: Facts) -> Truth:
    """At any time."""
    external = patient.radiotherapies.any(_is_of_head_and_neck)
    inside = patient.procedures.any(_is_brachytherapy_of_head_and_neck)
    return that(either(external, inside), patient.radiotherapies, patient.procedures)


@rule(
    "jaw-osteonecrosis-cofactors",
    title=_("Corticosteroids, anti-angiogenics and head-and-neck radiotherapy add to the jaw risk of denosumab"),
    citations=(rao("systemic", "§2.4"),),
    trigger=DENOSUMAB,
    when=(
        any_of(
            _(
                "a systemic corticosteroid or anti-angiogenic (ongoing or in the last {cofactor_days}) or head-and-neck "
                "radiotherapy is on record"
            ),
            cofactor_drug,
            head_and_neck_radiotherapy,
        ),
    ),
    severest=Indicator.INFO,
)
def jaw_osteonecrosis_cofactors(order: DrugOrder, patient: Facts) -> Outcome:
    """The cofactors by name, the newest first, three at most in the summary."""
    given = _cofactor_drugs(patient).recent(settings_of(patient).cofactor_days)
    courses = tuple(as_act(course) for course in patient.radiotherapies if _is_of_head_and_neck(course))
    implants = tuple(act for act in patient.procedures if _is_brachytherapy_of_head_and_neck(act))
    cofactors = list(dict.fromkeys(entry.drug.name for entry in given))
    if courses or implants:
        cofactors.append(_("head-and-neck radiotherapy"))
    return info(
        _(
            "{drug}: added risk of jaw osteonecrosis ({cofactors})",
            drug=order.name,
            cofactors=tuple(cofactors[:MOST_IN_A_SENTENCE]),
        ),
        _("Weigh the added risk before treating."),
        rests_on=(*given, *courses, *implants),
    )


# --- on treatment -----------------------------------------------------------------------------------------------------


@condition(_("no dental review is ordered yet"), reads=("orders",))
def no_review_ordered(_order: Order | None, patient: Facts) -> Truth:
    """No draft or active order asks for a dental examination."""
    return that(not EXAMINATION.ordered(patient))


@rule(
    "dental-follow-up-due",
    title=_("A dental review every six months on an antiresorptive"),
    citations=(rao("systemic", "§2.3, box"),),
    when=(bone_metastasis, on_antiresorptive, no_examination, no_review_ordered, not_end_of_life),
    severest=Indicator.INFO,
    reading=_("The companion page ONC says every year; the referential wins."),
)
def dental_follow_up_due(_order: None, patient: Facts) -> Outcome:
    """Which antiresorptive, and that no examination was found."""
    taken = antiresorptives_taken(patient)
    return info(
        _("{drug}: dental review is due", drug=taken[0].drug.name),
        _(
            "Have the teeth reviewed: no dental examination found in the last {time}.",
            time=a_time(settings_of(patient).dental_valid_days),
        ),
        rests_on=(*taken, *bone_metastasis(None, patient).basis),
    )
