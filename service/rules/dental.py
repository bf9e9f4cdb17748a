"""Teeth and jaw before and during an antiresorptive (RAO, traitement osseux systémique §2.3, §2.4 and box; ONC)."""

from __future__ import annotations

from datetime import date, timedelta

from mappings import concept_sets as sets
from mappings.dates import When, days_before
from mappings.facts import Act, Collected, Facts, Order, RadiotherapyCourse
from mappings.wording import Text
from service.rules.bone_radiotherapy import as_act
from service.rules.citation import ONC, rao
from service.rules.offers import OrderDental, StartOn, UpdateOrder
from service.rules.outcome import Advice, Indicator, Outcome, unless_all
from service.rules.rule import Trigger, rule
from service.rules.situations import (
    ANTIRESORPTIVE,
    DENOSUMAB,
    URGENCY_NEEDS,
    active_conditions,
    antiresorptives,
    bone_metastasis,
    either,
    is_start,
    negated,
    on_antiresorptive,
    orders_of,
    planned_remarks,
    that,
    with_urgency,
)

HEALING_DAYS = 21
"""3 weeks: no start before (RAO §2.3)."""

TOOTH_EXTRACTION_DRAFT = Trigger(
    Text("draft order of a tooth extraction", "prescription d'une extraction dentaire"),
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
    since = days_before(patient.today, patient.settings.dental_valid_days)
    return negated(either(*(_done_since(acts, concepts, since, patient.today) for acts in collections)))


def _dental_ordered(patient: Facts, act: str) -> bool:
    wanted = sets.ORTHOPANTOMOGRAM if act == "orthopantomogram" else sets.DENTAL_EXAMINATION | sets.DENTAL_REQUEST
    return bool(orders_of(patient, wanted))


REVIEWS = {
    "examination": Text("dental examination", "examen dentaire"),
    "orthopantomogram": Text("orthopantomogram", "orthopantomogramme"),
}


def _missing_review(patient: Facts, act: str) -> Text:
    """A line of the checklist."""
    if _dental_ordered(patient, act):
        return Text("{act}: ordered, not done yet", "{act} : prescrit, pas encore fait", act=REVIEWS[act])
    return Text(
        "{act}: none in {days} days",
        "{act} : aucun en {days} jours",
        act=REVIEWS[act],
        days=patient.settings.dental_valid_days,
    )


@rule(
    "dental-assessment-missing",
    title=Text(
        "A dental assessment with orthopantomogram precedes an antiresorptive",
        "Un bilan dentaire avec orthopantomogramme précède un antirésorptif",
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
            Text(
                "no dental examination, or no orthopantomogram, in the last {days} days is on record",
                "aucun examen dentaire, ou aucun orthopantomogramme, n'est enregistré dans les {days} derniers jours",
                days=patient.settings.dental_valid_days,
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
        Text(
            "{drug}: dental assessment with orthopantomogram first",
            "{drug} : bilan dentaire avec orthopantomogramme d'abord",
            drug=order.name,
        ),
        (
            Text(
                "With denosumab, osteonecrosis of the jaw: 0.9 % when the dentist was seen before, 10 % after.",
                "Sous dénosumab, ostéonécrose de la mâchoire : 0,9 % si le dentiste est vu avant, 10 % après.",
            ),
        ),
        (),
        tuple(OrderDental(act) for act in missing if not _dental_ordered(patient, act)),
        items=tuple(_missing_review(patient, act) for act in missing),
    )
    return with_urgency(advice, order, patient)


@rule(
    "dental-restoration-pending",
    title=Text(
        "Dental infection and pending dental treatment are dealt with before an antiresorptive",
        "Infection dentaire et soins dentaires en attente sont traités avant un antirésorptif",
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
            Text(
                "a dental infection is active, or dental treatment is ordered",
                "une infection dentaire est active, ou des soins dentaires sont prescrits",
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
        Text("{drug}: treat the teeth first", "{drug} : soigner les dents d'abord", drug=order.name),
        (
            Text(
                "Dental restoration comes before the first dose.",
                "La remise en état bucco-dentaire précède la première dose.",
            ),
        ),
        (*infections, *treatments),
    )
    return with_urgency(advice, order, patient)


@rule(
    "dental-extraction-recent",
    title=Text(
        "After a tooth extraction an antiresorptive starts once healed, not before 3 weeks to 1 month",
        "Après une extraction dentaire l'antirésorptif débute une fois cicatrisé, pas avant 3 semaines à 1 mois",
    ),
    citations=(rao("systemic", "§2.3"),),
    trigger=ANTIRESORPTIVE,
    needs=("exposures", *URGENCY_NEEDS),
    severest=Indicator.WARNING,
    reading=Text(
        "Three weeks to one month is read as: not before 21 days; from 21 to 30 days only when healed and the dentist agrees.",
        "Trois semaines à un mois est lu : pas avant 21 jours ; de 21 à 30 jours seulement si cicatrisé et avec l'accord du dentiste.",
    ),
)
def dental_extraction_recent(order: Order, patient: Facts) -> Outcome:
    """Start of an antiresorptive less than 31 days after a tooth extraction."""
    planned = order.planned.when
    wait = patient.settings.extraction_wait_days

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
            Text(
                "a tooth was extracted less than {days} days before the planned first dose",
                "une dent a été extraite moins de {days} jours avant la première dose prévue",
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
        detail = Text(
            "Extraction on {when}: not before {earliest} (3 weeks), then only when healed and the dentist agrees.",
            "Extraction le {when} : pas avant le {earliest} (3 semaines), puis seulement si cicatrisé et accord du dentiste.",
            when=extraction,
            earliest=earliest,
        )
    else:
        detail = Text(
            "Extraction on {when}: only when healed and the dentist agrees.",
            "Extraction le {when} : seulement si cicatrisé et accord du dentiste.",
            when=extraction,
        )
    remarks = list(planned_remarks(order))
    if extraction.partial:
        remarks.append(Text("The date of the extraction is partial", "La date de l'extraction est partielle"))
    advice = Advice(
        Indicator.WARNING,
        Text(
            "{drug}: tooth extraction on {when}, wait for healing",
            "{drug} : extraction dentaire le {when}, attendre la cicatrisation",
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
    title=Text(
        "Extractions are avoided on an antiresorptive; conservative treatment is preferred",
        "Sous antirésorptif les extractions sont évitées ; le traitement conservateur est privilégié",
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
    taken = antiresorptives(patient).recent(patient.settings.on_treatment_days)
    return Advice(
        Indicator.WARNING,
        Text(
            "Tooth extraction on {drug}: avoid it, treat conservatively",
            "Extraction dentaire sous {drug} : l'éviter, traitement conservateur",
            drug=taken[0].drug.name,
        ),
        (
            Text(
                "On an antiresorptive an extraction exposes to osteonecrosis of the jaw (1 to 2 % in cancer).",
                "Sous antirésorptif une extraction expose à l'ostéonécrose de la mâchoire (1 à 2 % en cancérologie).",
            ),
        ),
        taken,
    )


@rule(
    "osteonecrosis-of-jaw",
    title=Text(
        "Osteonecrosis of the jaw is referred to a specialised centre",
        "Une ostéonécrose de la mâchoire est adressée à un centre spécialisé",
    ),
    citations=(rao("systemic", "§2.3"),),
    trigger=ANTIRESORPTIVE,
    patient_view=True,
    needs=("conditions", "exposures"),
    severest=Indicator.CRITICAL,
    reading=Text(
        "That no further dose is given before the specialist's advice is our reading.",
        "Ne plus donner de dose avant l'avis spécialisé est notre lecture.",
    ),
)
def osteonecrosis_of_jaw(order: Order | None, patient: Facts) -> Outcome:
    """An active osteonecrosis of the jaw, on an order of an antiresorptive or on treatment."""
    found = active_conditions(patient, sets.OSTEONECROSIS_OF_JAW)
    active = that(
        Text("an osteonecrosis of the jaw is active", "une ostéonécrose de la mâchoire est active"),
        patient.conditions.any(lambda one: one.active and one.is_any(sets.OSTEONECROSIS_OF_JAW)),
        patient.conditions,
    )
    blocked = unless_all(active) if order is not None else unless_all(active, on_antiresorptive(patient))
    if blocked:
        return blocked
    detail = (
        Text(
            "Refer to a specialised centre before any further dose.",
            "Adresser à un centre spécialisé avant toute nouvelle dose.",
        ),
    )
    if order is not None:
        summary = Text(
            "{drug}: osteonecrosis of the jaw, refer to a specialised centre before any dose",
            "{drug} : ostéonécrose de la mâchoire, adresser à un centre spécialisé avant toute dose",
            drug=order.name,
        )
        return Advice(Indicator.CRITICAL, summary, detail, found)
    taken = antiresorptives(patient).recent(patient.settings.on_treatment_days)
    summary = Text(
        "Osteonecrosis of the jaw on {drug}: refer to a specialised centre",
        "Ostéonécrose de la mâchoire sous {drug} : adresser à un centre spécialisé",
        drug=taken[0].drug.name,
    )
    return Advice(Indicator.WARNING, summary, detail, (*found, *taken))


@rule(
    "jaw-osteonecrosis-cofactors",
    title=Text(
        "Corticosteroids, anti-angiogenics and head-and-neck radiotherapy add to the jaw risk of denosumab",
        "Corticoïdes, anti-angiogéniques et radiothérapie tête et cou ajoutent au risque maxillaire du dénosumab",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=DENOSUMAB,
    needs=("exposures", "radiotherapies"),
    severest=Indicator.INFO,
)
def jaw_osteonecrosis_cofactors(order: Order, patient: Facts) -> Outcome:
    """Denosumab with a systemic corticosteroid or anti-angiogenic, or after head-and-neck radiotherapy."""
    days = patient.settings.cofactor_days
    drugs = patient.exposures.of(sets.SYSTEMIC_CORTICOSTEROIDS | sets.SYSTEMIC_ANTIANGIOGENICS)
    courses = tuple(course for course in patient.radiotherapies if _of_head_and_neck(course))
    blocked = unless_all(
        that(
            Text(
                "a systemic corticosteroid or anti-angiogenic (ongoing or in the last {days} days) or head-and-neck "
                "radiotherapy is on record",
                "corticoïde ou anti-angiogénique systémique (en cours ou dans les {days} derniers jours) ou radiothérapie tête "
                "et cou enregistré",
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
        named = (*named, Text("head-and-neck radiotherapy", "radiothérapie tête et cou"))
    return Advice(
        Indicator.INFO,
        Text(
            "{drug}: added risk of jaw osteonecrosis ({cofactors})",
            "{drug} : risque accru d'ostéonécrose de la mâchoire ({cofactors})",
            drug=order.name,
            cofactors=named[:3],
        ),
        (Text("To weigh in the decision to treat.", "À peser dans la décision de traiter."),),
        (*given, *(as_act(course) for course in courses)),
    )


def _of_head_and_neck(course: RadiotherapyCourse) -> bool:
    """Told by orders too: a course that an order alone records, as completed, was given."""
    return not course.sites.isdisjoint(sets.HEAD_NECK)


@rule(
    "dental-follow-up-due",
    title=Text(
        "A dental review every six months on an antiresorptive",
        "Une revue dentaire tous les six mois sous antirésorptif",
    ),
    citations=(rao("systemic", "§2.3, box"),),
    patient_view=True,
    needs=("exposures", "procedures", "orders", "conditions"),
    severest=Indicator.INFO,
    reading=Text(
        "The companion page ONC says every year; the referential wins.",
        "La page ONC dit chaque année ; le référentiel l'emporte.",
    ),
)
def dental_follow_up_due(_order: Order | None, patient: Facts) -> Outcome:
    """On an antiresorptive, without a dental examination in the last 183 days."""
    days = patient.settings.dental_valid_days
    done = _done_since(patient.procedures, sets.DENTAL_EXAMINATION, days_before(patient.today, days), patient.today)
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        metastasis,
        on_antiresorptive(patient),
        that(
            Text(
                "no dental examination in the last {days} days",
                "pas d'examen dentaire dans les {days} derniers jours",
                days=days,
            ),
            negated(done),
            patient.procedures,
        ),
        that(
            Text("no dental review is ordered yet", "aucune revue dentaire n'est déjà prescrite"),
            not _dental_ordered(patient, "examination"),
        ),
    )
    if blocked:
        return blocked
    taken = antiresorptives(patient).recent(patient.settings.on_treatment_days)
    return Advice(
        Indicator.INFO,
        Text(
            "{drug}: six-monthly dental review is due",
            "{drug} : revue dentaire semestrielle à faire",
            drug=taken[0].drug.name,
        ),
        (
            Text(
                "No dental examination found in the last {days} days.",
                "Aucun examen dentaire trouvé dans les {days} derniers jours.",
                days=days,
            ),
        ),
        (*taken, *metastasis.basis),
    )
