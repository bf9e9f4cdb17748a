"""How an antiresorptive is given: dose, interval, route, infusion (RAO, traitement osseux systémique §2.1, §2.4)."""

from __future__ import annotations

from decimal import Decimal

from mappings import concept_sets as sets
from mappings.facts import Facts, Interval, Order
from mappings.wording import Amount, Text
from service.rules.citation import rao
from service.rules.offers import (
    Offer,
    OrderParacetamol,
    SetDose,
    SetInfusionMinutes,
    SetMonthly,
    SetRoute,
    UpdateOrder,
)
from service.rules.outcome import Advice, Condition, Indicator, Outcome, Silence, unless_all
from service.rules.rule import rule
from service.rules.situations import (
    ANTIRESORPTIVE,
    DENOSUMAB,
    ZOLEDRONATE,
    bone_metastasis,
    either,
    few_bone_metastases,
    negated,
    orders_of,
    planned_remarks,
    that,
    too_old,
)

DENOSUMAB_MG = Decimal(120)
"""Monthly dose in bone metastases (RAO §2.1, §2.4)."""

DOSE_TOLERANCE_MG = Decimal("0.05")

SHORTEST_INFUSION_MINUTES = Decimal(20)
"""At least 20 to 30 min (RAO §2.4)."""

OFFERED_INFUSION_MINUTES = 30


@rule(
    "denosumab-dose",
    title=Text("Denosumab in bone metastases is 120 mg", "Le dénosumab dans les métastases osseuses est de 120 mg"),
    citations=(rao("systemic", "§2.1, §2.4"),),
    trigger=DENOSUMAB,
    needs=("conditions",),
    severest=Indicator.WARNING,
    problem="denosumab-giving",
    about_giving=True,
)
def denosumab_dose(order: Order, patient: Facts) -> Outcome:
    """Denosumab at another dose than 120 mg with a bone metastasis on record."""
    stated = order.dosage.dose_mg
    dose = stated if stated is not None or order.drug is None else order.drug.strength_mg
    if dose is None:
        return Silence(Text("no dose is stated", "aucune dose n'est indiquée"))
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        that(
            Text("the dose ordered is not 120 mg", "la dose prescrite n'est pas 120 mg"),
            abs(dose - DENOSUMAB_MG) > DOSE_TOLERANCE_MG,
        ),
        metastasis,
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "{drug} {dose}: 120 mg a month in bone metastases",
            "{drug} {dose} : 120 mg par mois dans les métastases osseuses",
            drug=order.name,
            dose=Amount(dose, "mg"),
        ),
        (Text("120 mg subcutaneously once a month.", "120 mg par voie sous-cutanée une fois par mois."),),
        (order, *metastasis.basis),
        (UpdateOrder(order, (SetDose(DENOSUMAB_MG),)),),
    )


NO_INTERVAL = Silence(Text("no interval is stated", "aucun intervalle n'est indiqué"))


def _spaced(interval: Interval, patient: Facts) -> Condition:
    longest = patient.settings.longest_monthly_interval_days
    return that(
        Text(
            "the interval ordered is longer than {days} days",
            "l'intervalle prescrit dépasse {days} jours",
            days=longest,
        ),
        interval.longest_days > longest,
    )


@rule(
    "denosumab-interval",
    title=Text("Denosumab is given every month, not spaced", "Le dénosumab est donné chaque mois, sans l'espacer"),
    citations=(rao("systemic", "§2.4, box"),),
    trigger=DENOSUMAB,
    needs=(),
    severest=Indicator.WARNING,
    problem="denosumab-giving",
    about_giving=True,
)
def denosumab_interval(order: Order, patient: Facts) -> Outcome:
    """Denosumab ordered at an interval of more than 35 days."""
    interval = order.dosage.interval
    if interval is None:
        return NO_INTERVAL
    blocked = unless_all(_spaced(interval, patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "{drug} {interval}: give it monthly, no data support spacing",
            "{drug} {interval} : à donner chaque mois, aucune donnée ne permet de l'espacer",
            drug=order.name,
            interval=interval.text,
        ),
        (
            Text(
                "Regular dosing keeps the blockade: denosumab has no inertia.",
                "Un rythme régulier maintient le blocage : le dénosumab n'a pas d'inertie.",
            ),
        ),
        (order,),
        (UpdateOrder(order, (SetMonthly(),)),),
    )


@rule(
    "antiresorptive-route",
    title=Text(
        "Denosumab is given subcutaneously, zoledronic acid intravenously",
        "Le dénosumab est donné par voie sous-cutanée, l'acide zolédronique par voie intraveineuse",
    ),
    citations=(rao("systemic", "§2.1, §2.4"),),
    trigger=ANTIRESORPTIVE,
    needs=(),
    severest=Indicator.WARNING,
    problem="denosumab-giving",
    about_giving=True,
    reading=Text(
        "A route in words, or with a code that we do not hold, does not decide.",
        "Une voie en mots, ou avec un code inconnu de nous, ne décide pas.",
    ),
)
def antiresorptive_route(order: Order, _patient: Facts) -> Outcome:
    """Denosumab by a route other than subcutaneous, or zoledronic acid other than intravenous."""
    if order.is_any(sets.DENOSUMAB):
        right, en, fr = "route_subcutaneous", "subcutaneous", "sous-cutanée"
    elif order.is_any(sets.ZOLEDRONIC_ACID):
        right, en, fr = "route_intravenous", "intravenous", "intraveineuse"
    else:
        return Silence(Text("the drug has several routes", "ce médicament a plusieurs voies"))
    routes = order.dosage.routes & sets.ROUTES
    blocked = unless_all(
        that(
            Text(
                "the route ordered is known and is not {right}",
                "la voie prescrite est connue et n'est pas {right}",
                right=Text(en, fr),
            ),
            bool(routes) and right not in routes,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text("{drug}: the route is {right}", "{drug} : la voie est {right}", drug=order.name, right=Text(en, fr)),
        (
            Text(
                "Ordered by another route ({route}).",
                "Prescrit par une autre voie ({route}).",
                route=order.dosage.route_text,
            ),
        ),
        (order,),
        (UpdateOrder(order, (SetRoute(right),)),),
        (ROUTE_UNVERIFIED,) if order.dosage.route_unverified else (),
    )


ROUTE_UNVERIFIED = Text(
    "The route was recognised by a code that is not verified", "La voie est reconnue par un code non vérifié"
)


@rule(
    "zoledronate-interval",
    title=Text(
        "Three-monthly zoledronic acid suits the oligometastatic situation or a complete or good response",
        "L'acide zolédronique trimestriel convient à la situation oligométastatique ou à une réponse complète ou bonne",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    needs=("finding", "conditions"),
    severest=Indicator.INFO,
    about_giving=True,
    reading=Text(
        "The trial dosed every 3 weeks and the source calls it monthly: 21 to 35 days count as monthly.",
        "L'essai dosait toutes les 3 semaines et la source dit mensuel : 21 à 35 jours comptent comme mensuels.",
    ),
)
def zoledronate_interval(order: Order, patient: Facts) -> Outcome:
    """Zoledronic acid spaced without an oligometastatic situation or a good response on record."""
    interval = order.dosage.interval
    if interval is None:
        return NO_INTERVAL
    response, count = patient.finding("disease-response"), patient.finding("bone-metastasis-count")
    recorded = patient.conditions.any(lambda one: one.active and one.is_any(sets.OLIGOMETASTATIC_DISEASE))
    blocked = unless_all(
        _spaced(interval, patient),
        that(
            Text("no oligometastatic situation is recorded", "aucune situation oligométastatique n'est enregistrée"),
            negated(either(few_bone_metastases(patient), recorded)),
            count,
            patient.conditions,
        ),
        that(
            Text("no complete or good response is recorded", "aucune réponse complète ou bonne n'est enregistrée"),
            negated(response.test(lambda found: found.code in {"complete", "good"})),
            response,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "{drug} {interval}: monthly unless oligometastatic or in good response",
            "{drug} {interval} : mensuel, sauf situation oligométastatique ou bonne réponse",
            drug=order.name,
            interval=interval.text,
        ),
        (
            Text(
                "Three-monthly suits the oligometastatic situation (2 years, then consider stopping, specialist "
                "advice) or a "
                "complete or good response; else monthly.",
                "Le rythme trimestriel convient à la situation oligométastatique (2 ans, puis envisager l'arrêt, avis "
                "spécialisé) ou à une réponse complète ou bonne ; sinon mensuel.",
            ),
        ),
        (order, *too_old(count, response)),
    )


@rule(
    "oligometastatic-antiresorptive",
    title=Text(
        "In the oligometastatic situation: three-monthly zoledronic acid for 2 years, then consider stopping",
        "En situation oligométastatique : acide zolédronique trimestriel 2 ans, puis envisager l'arrêt",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ANTIRESORPTIVE,
    needs=("finding",),
    severest=Indicator.INFO,
)
def oligometastatic_antiresorptive(order: Order, patient: Facts) -> Outcome:
    """Denosumab, or monthly zoledronic acid, ordered with 1 to 5 bone metastases recorded."""
    interval, longest = order.dosage.interval, patient.settings.longest_monthly_interval_days
    monthly = interval is not None and interval.longest_days <= longest
    count = patient.finding("bone-metastasis-count")
    blocked = unless_all(
        that(
            Text("denosumab or monthly zoledronic acid is ordered", "dénosumab ou acide zolédronique mensuel prescrit"),
            order.is_any(sets.DENOSUMAB) or (order.is_any(sets.ZOLEDRONIC_ACID) and monthly),
        ),
        that(
            Text(
                "1 to 5 bone metastases are recorded as a number",
                "1 à 5 métastases osseuses sont enregistrées en nombre",
            ),
            few_bone_metastases(patient),
            count,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "{drug}, oligometastatic situation: three-monthly zoledronic acid is an option",
            "{drug}, situation oligométastatique : acide zolédronique trimestriel possible",
            drug=order.name,
        ),
        (
            Text(
                "Oligometastatic situation: three-monthly zoledronic acid for 2 years, then consider stopping "
                "(specialist advice).",
                "Situation oligométastatique : acide zolédronique trimestriel pendant 2 ans, puis envisager l'arrêt "
                "(avis spécialisé).",
            ),
        ),
        (count,),
    )


@rule(
    "zoledronate-infusion",
    title=Text(
        "Zoledronic acid is infused over at least 20 to 30 minutes",
        "L'acide zolédronique est perfusé en au moins 20 à 30 minutes",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    needs=(),
    severest=Indicator.WARNING,
    about_giving=True,
    reading=Text(
        "The trial that §2.1 reports infused over 15 minutes; §2.4 asks for at least 20 to 30: 20 is the limit.",
        "L'essai rapporté au §2.1 perfusait en 15 minutes ; le §2.4 demande au moins 20 à 30 : 20 est la limite.",
    ),
)
def zoledronate_infusion(order: Order, _patient: Facts) -> Outcome:
    """Zoledronic acid whose order gives an infusion time below 20 minutes."""
    minutes = order.dosage.infusion_minutes
    if minutes is None:
        return Silence(Text("no infusion time is stated", "aucune durée de perfusion n'est indiquée"))
    blocked = unless_all(
        that(
            Text(
                "the order gives an infusion time below 20 minutes",
                "la prescription indique une perfusion de moins de 20 minutes",
            ),
            minutes < SHORTEST_INFUSION_MINUTES,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "{drug} over {minutes}: infuse over at least 20 to 30 minutes",
            "{drug} en {minutes} : perfuser en au moins 20 à 30 minutes",
            drug=order.name,
            minutes=Amount(minutes, "min"),
        ),
        (Text("A fast infusion harms the kidney.", "Une perfusion rapide est néphrotoxique."),),
        (order,),
        (UpdateOrder(order, (SetInfusionMinutes(OFFERED_INFUSION_MINUTES),)),),
    )


@rule(
    "zoledronate-first-infusion",
    title=Text(
        "Paracetamol around the first infusion of zoledronic acid",
        "Paracétamol autour de la première perfusion d'acide zolédronique",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    needs=("exposures", "orders", "allergies", "conditions"),
    severest=Indicator.INFO,
    about_giving=True,
)
def zoledronate_first_infusion(order: Order, patient: Facts) -> Outcome:
    """Zoledronic acid ordered for a patient who never had it."""
    exposures = patient.exposures.of(sets.ZOLEDRONIC_ACID)
    ever = exposures.ever
    blocked = unless_all(
        that(
            Text("zoledronic acid was never given", "l'acide zolédronique n'a jamais été donné"),
            None if ever is None else not ever,
            exposures,
        )
    )
    if blocked:
        return blocked
    offers: tuple[Offer, ...] = ()
    safe = (
        patient.allergies.any(lambda one: not one.concepts.isdisjoint(sets.PARACETAMOL_ALLERGY)) is False
        and patient.conditions.any(
            lambda one: one.active and one.is_any(sets.SEVERE_LIVER_DISEASE | sets.PARACETAMOL_ALLERGY)
        )
        is False
    )
    if safe and not orders_of(patient, sets.PARACETAMOL):
        offers = (OrderParacetamol(order.planned.when.first),)
    return Advice(
        Indicator.INFO,
        Text(
            "{drug}, first infusion: prevent the flu-like syndrome",
            "{drug}, première perfusion : prévenir le syndrome pseudo-grippal",
            drug=order.name,
        ),
        (
            Text(
                "Flu-like syndrome in 20 %: paracetamol 1 g × 3 that day and the next. It is no allergy and usually "
                "does not recur.",
                "Syndrome pseudo-grippal dans 20 % des cas : paracétamol 1 g × 3 le jour même et le lendemain. Ce n'est pas "
                "une allergie, et il ne récidive habituellement pas.",
            ),
        ),
        (),
        offers,
        planned_remarks(order) if offers else (),
    )
