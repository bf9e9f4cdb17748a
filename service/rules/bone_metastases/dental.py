"""Teeth and jaw before and during an antiresorptive (RAO, traitement osseux systémique §2.3, §2.4 and box; ONC)."""

from __future__ import annotations

from datetime import date, timedelta

from mappings.dates import When, days_before
from mappings.facts import Act, Collected, Facts, Order, RadiotherapyCourse
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, _
from service.rules.bone_metastases.bone_radiotherapy import as_act
from service.rules.bone_metastases.documents import ONC, rao
from service.rules.bone_metastases.requests import DENTAL_EXAMINATION, ORTHOPANTOMOGRAM
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    ANTIRESORPTIVE,
    DENOSUMAB,
    URGENCY_NEEDS,
    Trigger,
    active_conditions,
    antiresorptives,
    bone_metastasis,
    either,
    is_start,
    negated,
    on_antiresorptive,
    orders_of,
    planned_remarks,
    rule,
    that,
    unless_all,
    with_urgency,
)
from service.rules.offers import StartOn, UpdateOrder
from service.rules.outcome import Advice, Indicator, Outcome

HEALING_DAYS = 21
"""3 weeks: no start before (RAO §2.3)."""

TOOTH_EXTRACTION_DRAFT = Trigger(
    _("draft order of a tooth extraction"),
    lambda order: order.is_any(sets.TOOTH_EXTRACTION),
)


def _done_since(acts: Collected[Act], concepts: frozenset[str], since: date, today: date) -> bool | None:
    """Done within the window; an act without a date cannot tell."""

    def counts(act: Act) -> bool | None:
        if not act.is_any(concepts):
            return False
        when = act.dated
        return None if when is None else when.within(since, today)

    return acts.any(counts)


def _missing_within(patient: Facts, concepts: frozenset[str], *collections: Collected[Act]) -> bool | None:
    """Not done within the setting's days, as far as the resources that tell of it could be read."""
    since = days_before(patient.today, settings_of(patient).dental_valid_days)
    return negated(either(*(_done_since(acts, concepts, since, patient.today) for acts in collections)))


def _dental_ordered(patient: Facts, act: str) -> bool:
    wanted = sets.ORTHOPANTOMOGRAM if act == "orthopantomogram" else sets.DENTAL_EXAMINATION | sets.DENTAL_REQUEST
    return bool(orders_of(patient, wanted))


REVIEWS = {
    "examination": _("dental examination"),
    "orthopantomogram": _("orthopantomogram"),
}


def _missing_review(patient: Facts, act: str) -> Text:
    """A line of the checklist."""
    if _dental_ordered(patient, act):
        return _("{act}: ordered, not done yet", act=REVIEWS[act])
    return _(
        "{act}: none in {days} days",
        act=REVIEWS[act],
        days=settings_of(patient).dental_valid_days,
    )


@rule(
    "dental-assessment-missing",
    title=_(
        "A dental assessment with orthopantomogram precedes an antiresorptive",
    ),
    citations=(rao("systemic", "§2.3, box"), ONC),
    trigger=ANTIRESORPTIVE,
    needs=("procedures", "imaging", "exposures", "orders", *URGENCY_NEEDS),
    severest=Indicator.WARNING,
    prerequisite=True,
)
def dental_assessment_missing(order: Order, patient: Facts) -> Outcome:
    """Start of an antiresorptive without a dental examination or an orthopantomogram within the limit."""
    examination = _missing_within(patient, sets.DENTAL_EXAMINATION, patient.procedures)
    orthopantomogram = _missing_within(patient, sets.ORTHOPANTOMOGRAM, patient.procedures, patient.imaging)
    blocked = unless_all(
        is_start(patient),
        that(
            _(
                "no dental examination, or no orthopantomogram, in the last {days} days is on record",
                days=settings_of(patient).dental_valid_days,
            ),
            either(examination, orthopantomogram),
            patient.procedures,
            patient.imaging,
        ),
    )
    if blocked:
        return blocked
    missing = [act for act, holds in (("examination", examination), ("orthopantomogram", orthopantomogram)) if holds]
    advice = Advice(
        Indicator.WARNING,
        _(
            "{drug}: dental assessment with orthopantomogram first",
            drug=order.name,
        ),
        (
            _(
                "With denosumab, osteonecrosis of the jaw: 0.9 % when the dentist was seen before, 10 % after.",
            ),
        ),
        (),
        tuple(
            {"examination": DENTAL_EXAMINATION, "orthopantomogram": ORTHOPANTOMOGRAM}[act]
            for act in missing
            if not _dental_ordered(patient, act)
        ),
        items=tuple(_missing_review(patient, act) for act in missing),
    )
    return with_urgency(advice, order, patient)


@rule(
    "dental-restoration-pending",
    title=_(
        "Dental infection and pending dental treatment are dealt with before an antiresorptive",
    ),
    citations=(rao("systemic", "§2.3"),),
    trigger=ANTIRESORPTIVE,
    needs=("exposures", "orders", *URGENCY_NEEDS),
    severest=Indicator.WARNING,
)
def dental_restoration_pending(order: Order, patient: Facts) -> Outcome:
    """Start of an antiresorptive with an active dental infection or an open order of dental treatment."""
    infections = active_conditions(patient, sets.DENTAL_INFECTION_ACTIVE)
    treatments = orders_of(patient, sets.DENTAL_TREATMENT | sets.TOOTH_EXTRACTION)
    blocked = unless_all(
        is_start(patient),
        that(
            _(
                "a dental infection is active, or dental treatment is ordered",
            ),
            either(
                patient.conditions.any(lambda one: one.active and one.is_any(sets.DENTAL_INFECTION_ACTIVE)),
                True if treatments else (None if patient.orders.gaps else False),
            ),
            patient.conditions,
            patient.orders,
        ),
    )
    if blocked:
        return blocked
    advice = Advice(
        Indicator.WARNING,
        _("{drug}: treat the teeth first", drug=order.name),
        (
            _(
                "Dental restoration comes before the first dose.",
            ),
        ),
        (*infections, *treatments),
    )
    return with_urgency(advice, order, patient)


@rule(
    "dental-extraction-recent",
    title=_(
        "After a tooth extraction an antiresorptive starts once healed, not before 3 weeks to 1 month",
    ),
    citations=(rao("systemic", "§2.3"),),
    trigger=ANTIRESORPTIVE,
    needs=("exposures", *URGENCY_NEEDS),
    severest=Indicator.WARNING,
    reading=_(
        "Three weeks to one month is read as: not before 21 days; from 21 to 30 days only when healed and the dentist agrees.",
    ),
)
def dental_extraction_recent(order: Order, patient: Facts) -> Outcome:
    """Start of an antiresorptive less than 31 days after a tooth extraction."""
    planned = order.planned.when
    wait = settings_of(patient).extraction_wait_days

    def recent(act: Act) -> bool | None:
        if not act.is_any(sets.TOOTH_EXTRACTION):
            return False
        when = act.dated
        return None if when is None else _days_apart(when, planned) < wait and when.first <= planned.last

    extractions = sorted(
        (act for act in patient.procedures if recent(act)),
        key=lambda act: (_day_of(act).last, act.source),
        reverse=True,
    )
    blocked = unless_all(
        is_start(patient),
        that(
            _(
                "a tooth was extracted less than {days} days before the planned first dose",
                days=wait,
            ),
            patient.procedures.any(recent),
            patient.procedures,
        ),
    )
    if blocked:
        return blocked
    extraction = _day_of(extractions[0])
    earliest = extraction.last + timedelta(days=HEALING_DAYS)
    too_early = planned.first < earliest
    if too_early:
        detail = _(
            "Extraction on {when}: not before {earliest} (3 weeks), then only when healed and the dentist agrees.",
            when=extraction,
            earliest=earliest,
        )
    else:
        detail = _(
            "Extraction on {when}: only when healed and the dentist agrees.",
            when=extraction,
        )
    remarks = list(planned_remarks(order))
    if extraction.partial:
        remarks.append(_("The date of the extraction is partial"))
    advice = Advice(
        Indicator.WARNING,
        _(
            "{drug}: tooth extraction on {when}, wait for healing",
            drug=order.name,
            when=extraction,
        ),
        (detail,),
        (extractions[0],),
        (UpdateOrder(order, (StartOn(earliest),)),) if too_early else (),
        tuple(remarks),
    )
    return with_urgency(advice, order, patient)


def _day_of(act: Act) -> When:
    when = act.dated
    return when if when is not None else When(date.min, date.min)


def _days_apart(earlier: When, later: When) -> int:
    """The fewest days that may lie between two dates, partial ones read as intervals."""
    return (later.first - earlier.last).days


@rule(
    "dental-extraction-on-treatment",
    title=_(
        "Extractions are avoided on an antiresorptive; conservative treatment is preferred",
    ),
    citations=(rao("systemic", "§2.3"),),
    trigger=TOOTH_EXTRACTION_DRAFT,
    needs=("exposures",),
    severest=Indicator.WARNING,
)
def dental_extraction_on_treatment(_order: Order, patient: Facts) -> Outcome:
    """A tooth extraction ordered for a patient on an antiresorptive."""
    blocked = unless_all(on_antiresorptive(patient))
    if blocked:
        return blocked
    taken = antiresorptives(patient).recent(settings_of(patient).on_treatment_days)
    return Advice(
        Indicator.WARNING,
        _(
            "Tooth extraction on {drug}: avoid it, treat conservatively",
            drug=taken[0].drug.name,
        ),
        (
            _(
                "On an antiresorptive an extraction exposes to osteonecrosis of the jaw (1 to 2 % in cancer).",
            ),
        ),
        taken,
    )


@rule(
    "osteonecrosis-of-jaw",
    title=_(
        "Osteonecrosis of the jaw is referred to a specialised centre",
    ),
    citations=(rao("systemic", "§2.3"),),
    trigger=ANTIRESORPTIVE,
    patient_view=True,
    needs=("conditions", "exposures"),
    severest=Indicator.CRITICAL,
    reading=_(
        "That no further dose is given before the specialist's advice is our reading.",
    ),
)
def osteonecrosis_of_jaw(order: Order | None, patient: Facts) -> Outcome:
    """An active osteonecrosis of the jaw, on an order of an antiresorptive or on treatment."""
    found = active_conditions(patient, sets.OSTEONECROSIS_OF_JAW)
    active = that(
        _("an osteonecrosis of the jaw is active"),
        patient.conditions.any(lambda one: one.active and one.is_any(sets.OSTEONECROSIS_OF_JAW)),
        patient.conditions,
    )
    blocked = unless_all(active) if order is not None else unless_all(active, on_antiresorptive(patient))
    if blocked:
        return blocked
    detail = (
        _(
            "Refer to a specialised centre before any further dose.",
        ),
    )
    if order is not None:
        summary = _(
            "{drug}: osteonecrosis of the jaw, refer to a specialised centre before any dose",
            drug=order.name,
        )
        return Advice(Indicator.CRITICAL, summary, detail, found)
    taken = antiresorptives(patient).recent(settings_of(patient).on_treatment_days)
    summary = _(
        "Osteonecrosis of the jaw on {drug}: refer to a specialised centre",
        drug=taken[0].drug.name,
    )
    return Advice(Indicator.WARNING, summary, detail, (*found, *taken))


@rule(
    "jaw-osteonecrosis-cofactors",
    title=_(
        "Corticosteroids, anti-angiogenics and head-and-neck radiotherapy add to the jaw risk of denosumab",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=DENOSUMAB,
    needs=("exposures", "radiotherapies"),
    severest=Indicator.INFO,
)
def jaw_osteonecrosis_cofactors(order: Order, patient: Facts) -> Outcome:
    """Denosumab with a systemic corticosteroid or anti-angiogenic, or after head-and-neck radiotherapy."""
    days = settings_of(patient).cofactor_days
    drugs = patient.exposures.of(sets.SYSTEMIC_CORTICOSTEROIDS | sets.SYSTEMIC_ANTIANGIOGENICS)
    courses = tuple(course for course in patient.radiotherapies if _of_head_and_neck(course))
    blocked = unless_all(
        that(
            _(
                "a systemic corticosteroid or anti-angiogenic (ongoing or in the last {days} days) or head-and-neck "
                "radiotherapy is on record",
                days=days,
            ),
            either(drugs.in_last(days), patient.radiotherapies.any(_of_head_and_neck)),
            drugs,
            patient.radiotherapies,
        )
    )
    if blocked:
        return blocked
    given = drugs.recent(days)
    named = tuple(dict.fromkeys(entry.drug.name for entry in given))
    if courses:
        named = (*named, _("head-and-neck radiotherapy"))
    return Advice(
        Indicator.INFO,
        _(
            "{drug}: added risk of jaw osteonecrosis ({cofactors})",
            drug=order.name,
            cofactors=named[:3],
        ),
        (_("To weigh in the decision to treat."),),
        (*given, *(as_act(course) for course in courses)),
    )


def _of_head_and_neck(course: RadiotherapyCourse) -> bool:
    """Told by orders too: a course that an order alone records, as completed, was given."""
    return not course.sites.isdisjoint(sets.HEAD_NECK)


@rule(
    "dental-follow-up-due",
    title=_(
        "A dental review every six months on an antiresorptive",
    ),
    citations=(rao("systemic", "§2.3, box"),),
    patient_view=True,
    needs=("exposures", "procedures", "orders", "conditions"),
    severest=Indicator.INFO,
    reading=_(
        "The companion page ONC says every year; the referential wins.",
    ),
)
def dental_follow_up_due(_order: Order | None, patient: Facts) -> Outcome:
    """On an antiresorptive, without a dental examination in the last 183 days."""
    days = settings_of(patient).dental_valid_days
    done = _done_since(patient.procedures, sets.DENTAL_EXAMINATION, days_before(patient.today, days), patient.today)
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        metastasis,
        on_antiresorptive(patient),
        that(
            _(
                "no dental examination in the last {days} days",
                days=days,
            ),
            negated(done),
            patient.procedures,
        ),
        that(
            _("no dental review is ordered yet"),
            not _dental_ordered(patient, "examination"),
        ),
    )
    if blocked:
        return blocked
    taken = antiresorptives(patient).recent(settings_of(patient).on_treatment_days)
    return Advice(
        Indicator.INFO,
        _(
            "{drug}: six-monthly dental review is due",
            drug=taken[0].drug.name,
        ),
        (
            _(
                "No dental examination found in the last {days} days.",
                days=days,
            ),
        ),
        (*taken, *metastasis.basis),
    )
