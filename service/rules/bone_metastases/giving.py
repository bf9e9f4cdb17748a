"""How an antiresorptive is given: dose, interval, route, infusion (RAO, traitement osseux systémique §2.1, §2.4)."""

from __future__ import annotations

from decimal import Decimal

from mappings.facts import DrugOrder, Facts, Interval
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Amount, _
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.requests import BY_INTRAVENOUS_ROUTE, BY_SUBCUTANEOUS_ROUTE, MONTHLY, paracetamol
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    ANTIRESORPTIVE,
    DENOSUMAB,
    ZOLEDRONATE,
    Condition,
    bone_metastasis,
    either,
    few_bone_metastases,
    negated,
    orders_of,
    planned_remarks,
    rule,
    that,
    too_old,
    unless_all,
)
from service.rules.offers import (
    Offer,
    SetDose,
    SetInfusionMinutes,
    UpdateOrder,
)
from service.rules.outcome import Advice, Indicator, Outcome, Silence

DENOSUMAB_MG = Decimal(120)
"""Monthly dose in bone metastases (RAO §2.1, §2.4)."""

DOSE_TOLERANCE_MG = Decimal("0.05")

SHORTEST_INFUSION_MINUTES = Decimal(20)
"""At least 20 to 30 min (RAO §2.4)."""

OFFERED_INFUSION_MINUTES = 30


@rule(
    "denosumab-dose",
    title=_("Denosumab in bone metastases is 120 mg"),
    citations=(rao("systemic", "§2.1, §2.4"),),
    trigger=DENOSUMAB,
    needs=("conditions",),
    severest=Indicator.WARNING,
    problem="denosumab-giving",
    about_giving=True,
)
def denosumab_dose(order: DrugOrder, patient: Facts) -> Outcome:
    """Denosumab at another dose than 120 mg with a bone metastasis on record."""
    stated = order.dosage.dose_mg
    dose = stated if stated is not None or order.drug is None else order.drug.strength_mg
    if dose is None:
        return Silence(_("no dose is stated"))
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        that(
            _("the dose ordered is not 120 mg"),
            abs(dose - DENOSUMAB_MG) > DOSE_TOLERANCE_MG,
        ),
        metastasis,
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{drug} {dose}: 120 mg a month in bone metastases",
            drug=order.name,
            dose=Amount(dose, "mg"),
        ),
        (_("120 mg subcutaneously once a month."),),
        (order, *metastasis.basis),
        (UpdateOrder(order, (SetDose(DENOSUMAB_MG),)),),
    )


NO_INTERVAL = Silence(_("no interval is stated"))


def _spaced(interval: Interval, patient: Facts) -> Condition:
    longest = settings_of(patient).longest_monthly_interval_days
    return that(
        _(
            "the interval ordered is longer than {days} days",
            days=longest,
        ),
        interval.longest_days > longest,
    )


@rule(
    "denosumab-interval",
    title=_("Denosumab is given every month, not spaced"),
    citations=(rao("systemic", "§2.4, box"),),
    trigger=DENOSUMAB,
    needs=(),
    severest=Indicator.WARNING,
    problem="denosumab-giving",
    about_giving=True,
)
def denosumab_interval(order: DrugOrder, patient: Facts) -> Outcome:
    """Denosumab ordered at an interval of more than 35 days."""
    interval = order.dosage.interval
    if interval is None:
        return NO_INTERVAL
    blocked = unless_all(_spaced(interval, patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{drug} {interval}: give it monthly, no data support spacing",
            drug=order.name,
            interval=interval.text,
        ),
        (
            _(
                "Regular dosing keeps the blockade: denosumab has no inertia.",
            ),
        ),
        (order,),
        (UpdateOrder(order, (MONTHLY,)),),
    )


@rule(
    "antiresorptive-route",
    title=_(
        "Denosumab is given subcutaneously, zoledronic acid intravenously",
    ),
    citations=(rao("systemic", "§2.1, §2.4"),),
    trigger=ANTIRESORPTIVE,
    needs=(),
    severest=Indicator.WARNING,
    problem="denosumab-giving",
    about_giving=True,
    reading=_(
        "A route in words, or with a code that we do not hold, does not decide.",
    ),
)
def antiresorptive_route(order: DrugOrder, _patient: Facts) -> Outcome:
    """Denosumab by a route other than subcutaneous, or zoledronic acid other than intravenous."""
    if order.is_any(sets.DENOSUMAB):
        right, name = "route_subcutaneous", _("subcutaneous")
    elif order.is_any(sets.ZOLEDRONIC_ACID):
        right, name = "route_intravenous", _("intravenous")
    else:
        return Silence(_("the drug has several routes"))
    routes = order.dosage.routes & sets.ROUTES
    blocked = unless_all(
        that(
            _(
                "the route ordered is known and is not {right}",
                right=name,
            ),
            bool(routes) and right not in routes,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _("{drug}: the route is {right}", drug=order.name, right=name),
        (
            _(
                "Ordered by another route ({route}).",
                route=order.dosage.route_text,
            ),
        ),
        (order,),
        (UpdateOrder(order, (BY_SUBCUTANEOUS_ROUTE if right == "route_subcutaneous" else BY_INTRAVENOUS_ROUTE,)),),
        (ROUTE_UNVERIFIED,) if order.dosage.route_unverified else (),
    )


ROUTE_UNVERIFIED = _("The route was recognised by a code that is not verified")


@rule(
    "zoledronate-interval",
    title=_(
        "Three-monthly zoledronic acid suits the oligometastatic situation or a complete or good response",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    needs=("finding", "conditions"),
    severest=Indicator.INFO,
    about_giving=True,
    reading=_(
        "The trial dosed every 3 weeks and the source calls it monthly: 21 to 35 days count as monthly.",
    ),
)
def zoledronate_interval(order: DrugOrder, patient: Facts) -> Outcome:
    """Zoledronic acid spaced without an oligometastatic situation or a good response on record."""
    interval = order.dosage.interval
    if interval is None:
        return NO_INTERVAL
    response, count = patient.finding("disease-response"), patient.finding("bone-metastasis-count")
    recorded = patient.conditions.any(lambda one: one.active and one.is_any(sets.OLIGOMETASTATIC_DISEASE))
    blocked = unless_all(
        _spaced(interval, patient),
        that(
            _("no oligometastatic situation is recorded"),
            negated(either(few_bone_metastases(patient), recorded)),
            count,
            patient.conditions,
        ),
        that(
            _("no complete or good response is recorded"),
            negated(response.test(lambda found: found.code in {"complete", "good"})),
            response,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "{drug} {interval}: monthly unless oligometastatic or in good response",
            drug=order.name,
            interval=interval.text,
        ),
        (
            _(
                "Three-monthly suits the oligometastatic situation (2 years, then consider stopping, specialist "
                "advice) or a "
                "complete or good response; else monthly.",
            ),
        ),
        (order, *too_old(count, response)),
    )


@rule(
    "oligometastatic-antiresorptive",
    title=_(
        "In the oligometastatic situation: three-monthly zoledronic acid for 2 years, then consider stopping",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ANTIRESORPTIVE,
    needs=("finding",),
    severest=Indicator.INFO,
)
def oligometastatic_antiresorptive(order: DrugOrder, patient: Facts) -> Outcome:
    """Denosumab, or monthly zoledronic acid, ordered with 1 to 5 bone metastases recorded."""
    interval, longest = order.dosage.interval, settings_of(patient).longest_monthly_interval_days
    monthly = interval is not None and interval.longest_days <= longest
    count = patient.finding("bone-metastasis-count")
    blocked = unless_all(
        that(
            _("denosumab or monthly zoledronic acid is ordered"),
            order.is_any(sets.DENOSUMAB) or (order.is_any(sets.ZOLEDRONIC_ACID) and monthly),
        ),
        that(
            _(
                "1 to 5 bone metastases are recorded as a number",
            ),
            few_bone_metastases(patient),
            count,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "{drug}, oligometastatic situation: three-monthly zoledronic acid is an option",
            drug=order.name,
        ),
        (
            _(
                "Oligometastatic situation: three-monthly zoledronic acid for 2 years, then consider stopping "
                "(specialist advice).",
            ),
        ),
        (count,),
    )


@rule(
    "zoledronate-infusion",
    title=_(
        "Zoledronic acid is infused over at least 20 to 30 minutes",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    needs=(),
    severest=Indicator.WARNING,
    about_giving=True,
    reading=_(
        "The trial that §2.1 reports infused over 15 minutes; §2.4 asks for at least 20 to 30: 20 is the limit.",
    ),
)
def zoledronate_infusion(order: DrugOrder, _patient: Facts) -> Outcome:
    """Zoledronic acid whose order gives an infusion time below 20 minutes."""
    minutes = order.dosage.infusion_minutes
    if minutes is None:
        return Silence(_("no infusion time is stated"))
    blocked = unless_all(
        that(
            _(
                "the order gives an infusion time below 20 minutes",
            ),
            minutes < SHORTEST_INFUSION_MINUTES,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{drug} over {minutes}: infuse over at least 20 to 30 minutes",
            drug=order.name,
            minutes=Amount(minutes, "min"),
        ),
        (_("A fast infusion harms the kidney."),),
        (order,),
        (UpdateOrder(order, (SetInfusionMinutes(OFFERED_INFUSION_MINUTES),)),),
    )


@rule(
    "zoledronate-first-infusion",
    title=_(
        "Paracetamol around the first infusion of zoledronic acid",
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    needs=("exposures", "orders", "allergies", "conditions"),
    severest=Indicator.INFO,
    about_giving=True,
)
def zoledronate_first_infusion(order: DrugOrder, patient: Facts) -> Outcome:
    """Zoledronic acid ordered for a patient who never had it."""
    exposures = patient.exposures.of(sets.ZOLEDRONIC_ACID)
    ever = exposures.ever
    blocked = unless_all(
        that(
            _("zoledronic acid was never given"),
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
        offers = (paracetamol(order.planned.when.first),)
    return Advice(
        Indicator.INFO,
        _(
            "{drug}, first infusion: prevent the flu-like syndrome",
            drug=order.name,
        ),
        (
            _(
                "Flu-like syndrome in 20 %: paracetamol 1 g × 3 that day and the next. It is no allergy and usually "
                "does not recur.",
            ),
        ),
        (),
        offers,
        planned_remarks(order) if offers else (),
    )
