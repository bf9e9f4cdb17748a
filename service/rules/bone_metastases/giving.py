"""How an antiresorptive is given: dose, interval, route, infusion (RAO, traitement osseux systémique §2.1, §2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mappings.facts import Allergy, Diagnosis, DrugOrder, Facts, Known, Order, Unavailable
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import WEIGHT
from mappings.wording import Amount, Text
from service.rules.bone_metastases.checklist import too_old
from service.rules.bone_metastases.conditions import (
    bone_metastasis,
    few_bone_metastases,
    is_adult,
    milder_for_another_primary,
    orders_of,
    other_primary,
)
from service.rules.bone_metastases.courses import ADVISED_YEARS
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.doses import (
    CHANGE_THE_PRODUCT,
    DENOSUMAB_DOSE,
    DENOSUMAB_MG,
    DENOSUMAB_TOLERANCE_MG,
)
from service.rules.bone_metastases.requests import (
    BY_INTRAVENOUS_ROUTE,
    BY_SUBCUTANEOUS_ROUTE,
    MONTHLY,
    PARACETAMOL_GRAMS,
    PARACETAMOL_TIMES_A_DAY,
    paracetamol,
)
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.triggers import ANTIRESORPTIVE, DENOSUMAB, ZOLEDRONATE, osteoporosis_product
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import either, negated
from service.rules.naming import planned_remarks
from service.rules.offers import SetDose, SetInfusionMinutes, SetRoute, UpdateOrder
from service.rules.outcome import Basis, Indicator, Outcome
from service.rules.rule import rule
from service.rules.say import info, warning

# --- dose and interval of denosumab -----------------------------------------------------------------------------------


DOSE_UNREADABLE = Unavailable(_("dose of the order"), (_("it is stated in a way that cannot be read in mg"),))
INTERVAL_UNREADABLE = Unavailable(_("interval of the order"), (_("it is stated in a way that has no one meaning"),))


def dose_of_denosumab(order: DrugOrder) -> Decimal | None:
    """The dose of the order, in mg; the strength of its product where it states none."""
    return order.dosage.dose_mg if order.dosage.dose_stated else order.drug.strength_mg


@condition(_("a dose is stated"))
def dose_stated(order: DrugOrder, _patient: Facts) -> Truth:
    """By the order or by its product; one that cannot be read cannot be compared."""
    if order.dosage.dose_unreadable:
        return that(None, DOSE_UNREADABLE)
    return that(dose_of_denosumab(order) is not None)


@condition(_("the dose ordered is not {dose}", dose=DENOSUMAB_DOSE))
def other_dose(order: DrugOrder, _patient: Facts) -> Truth:
    """Another dose of denosumab than the one for bone metastases."""
    dose = dose_of_denosumab(order)
    if order.dosage.dose_unreadable:
        return that(None, DOSE_UNREADABLE)
    return that(dose is not None and abs(dose - DENOSUMAB_MG) > DENOSUMAB_TOLERANCE_MG)


@rule(
    "denosumab-dose",
    title=_("Denosumab in bone metastases is {dose}", dose=DENOSUMAB_DOSE),
    citations=(rao("systemic", "§2.1, §2.4"),),
    trigger=DENOSUMAB,
    when=(dose_stated, other_dose, bone_metastasis),
    severest=Indicator.WARNING,
    reading=_(
        "A difference of up to {tolerance} is none: 1.7 mL of 70 mg/mL is 119 mg.",
        tolerance=Amount(DENOSUMAB_TOLERANCE_MG, "mg"),
    ),
)
def denosumab_dose(order: DrugOrder, patient: Facts) -> Outcome:
    """The right dose instead; of the osteoporosis product no dose is offered, another product is asked for."""
    ordered = Amount(dose_of_denosumab(order) or Decimal(0), "mg")
    other_product = osteoporosis_product(order)
    return warning(
        _("{drug} {ordered}: {dose} a month in bone metastases", drug=order.name, ordered=ordered, dose=DENOSUMAB_DOSE),
        *((CHANGE_THE_PRODUCT,) if other_product else ()),
        _("Give {dose} subcutaneously once a month.", dose=DENOSUMAB_DOSE),
        rests_on=(order, *bone_metastasis(order, patient).basis),
        offers=() if other_product else [UpdateOrder(order, (SetDose(DENOSUMAB_MG),))],
    )


def interval_said(order: DrugOrder) -> Text | str:
    """The interval of the order, as it is printed."""
    return "" if order.dosage.interval is None else order.dosage.interval.text


@condition(_("an interval is stated"))
def interval_stated(order: DrugOrder, _patient: Facts) -> Truth:
    """The order says how often; in a way that has no one meaning, it cannot be compared."""
    return (
        that(None, INTERVAL_UNREADABLE) if order.dosage.interval_unreadable else that(order.dosage.interval is not None)
    )


@condition(_("the interval ordered is longer than {longest_monthly_interval_days}"))
def spaced(order: DrugOrder, patient: Facts) -> Truth:
    """Less often than monthly."""
    if order.dosage.interval_unreadable:
        return that(None, INTERVAL_UNREADABLE)
    interval = order.dosage.interval
    return that(interval is not None and interval.longest_days > settings_of(patient).longest_monthly_interval_days)


@rule(
    "denosumab-interval",
    title=_("Denosumab is given every month, not spaced"),
    citations=(rao("systemic", "§2.4, box"),),
    trigger=DENOSUMAB,
    when=(interval_stated, spaced),
    reads=other_primary.reads,
    severest=Indicator.WARNING,
)
def denosumab_interval(order: DrugOrder, patient: Facts) -> Outcome:
    """Once a month instead, of the right product; one level milder where another cancer than of the lung is the primary."""
    advice = warning(
        _(
            "{drug} {interval}: give it monthly, no data support spacing",
            drug=order.name,
            interval=interval_said(order),
        ),
        _("Give it once a month: denosumab has no inertia, regular dosing keeps the blockade."),
        beside=[
            _(
                "Do not space it ({interval}): no data support that, regular dosing keeps the blockade.",
                interval=interval_said(order),
            )
        ],
        rests_on=[order],
        offers=() if osteoporosis_product(order) else [UpdateOrder(order, (MONTHLY,))],
    )
    return milder_for_another_primary(advice, order, patient)


# --- route ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """The one route of a drug: its concept, its name, and how an order is changed to it."""

    drug: frozenset[str]
    concept: str
    name: Text
    change: SetRoute


ROUTES = (
    Route(sets.DENOSUMAB, "route_subcutaneous", _("subcutaneous"), BY_SUBCUTANEOUS_ROUTE),
    Route(sets.ZOLEDRONIC_ACID, "route_intravenous", _("intravenous"), BY_INTRAVENOUS_ROUTE),
)
"""RAO §2.1, §2.4; the other bisphosphonates have several routes."""


ROUTES_ORDERED = {
    "route_intramuscular": _("intramuscular"),
    "route_intravenous": _("intravenous"),
    "route_oral": _("oral"),
    "route_subcutaneous": _("subcutaneous"),
}
"""What a route is called that the order gives as a code alone."""


def route_of(order: DrugOrder) -> Route | None:
    """The route of the drug that is ordered; None where it has several."""
    return next((route for route in ROUTES if order.is_any(route.drug)), None)


@condition(_("the drug has one route"))
def one_route(order: DrugOrder, _patient: Facts) -> Truth:
    """Denosumab and zoledronic acid."""
    return that(route_of(order) is not None)


@condition(_("the route ordered is known and is not the one of the drug"))
def other_route(order: DrugOrder, _patient: Facts) -> Truth:
    """By codes that we hold, or else by its words; what neither tells does not decide."""
    route, ordered = route_of(order), order.dosage.routes & sets.ROUTES
    if route is None:
        return that(False)
    words = _("the route ordered is known and is not {right}", right=route.name)
    return that(bool(ordered) and route.concept not in ordered, text=words)


@rule(
    "antiresorptive-route",
    title=_("Denosumab is given subcutaneously, zoledronic acid intravenously"),
    citations=(rao("systemic", "§2.1, §2.4"),),
    trigger=ANTIRESORPTIVE,
    when=(one_route, other_route),
    severest=Indicator.WARNING,
    reading=_("A route that neither a code of ours nor its words name does not decide."),
)
def antiresorptive_route(order: DrugOrder, _patient: Facts) -> Outcome:
    """The route of the drug, instead of the one ordered."""
    route = next(route for route in ROUTES if order.is_any(route.drug))
    unverified = [_("The route was recognised by a code that is not verified")] if order.dosage.route_unverified else ()
    ordered = order.dosage.route_text or tuple(ROUTES_ORDERED[one] for one in sorted(order.dosage.routes & sets.ROUTES))
    detail = _("Give it by the {right} route; ordered: {route}.", right=route.name, route=ordered)
    return warning(
        _("{drug}: the route is {right}", drug=order.name, right=route.name),
        detail,
        beside=[detail],
        rests_on=[order],
        offers=[UpdateOrder(order, (route.change,))],
        remarks=unverified,
    )


# --- interval of zoledronic acid --------------------------------------------------------------------------------------


@condition(_("no oligometastatic situation is recorded"), reads=("finding", "conditions"))
def not_oligometastatic(_order: Order | None, patient: Facts) -> Truth:
    """Neither few bone metastases by number, nor oligometastatic disease as a condition."""
    few = few_bone_metastases(None, patient)
    recorded = patient.conditions.any(lambda one: one.active and one.is_any(sets.OLIGOMETASTATIC_DISEASE))
    return that(negated(either(few.holds, recorded)), *few.basis, patient.conditions)


@condition(_("no complete or good response is recorded"), reads=("finding",))
def no_good_response(_order: Order | None, patient: Facts) -> Truth:
    """Of the disease, as a recorded finding."""
    response = patient.finding("disease-response")
    return that(negated(response.test(lambda found: found.code in {"complete", "good"})), response)


@condition(_("denosumab or monthly zoledronic acid is ordered"))
def not_spaced_zoledronate(order: DrugOrder, patient: Facts) -> Truth:
    """Denosumab at any interval; zoledronic acid at one that is stated, and monthly."""
    if order.is_any(sets.DENOSUMAB) or not order.is_any(sets.ZOLEDRONIC_ACID):
        return that(order.is_any(sets.DENOSUMAB))
    stated = interval_stated(order, patient)
    return stated if stated.holds is None else that(stated.holds and not spaced(order, patient).holds)


@rule(
    "zoledronate-interval",
    title=_("Three-monthly zoledronic acid suits the oligometastatic situation or a complete or good response"),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    when=(interval_stated, spaced, not_oligometastatic, no_good_response),
    severest=Indicator.INFO,
    reading=_(
        "The trial dosed every 3 weeks and the source calls it monthly: up to {longest_monthly_interval_days} count as monthly."
    ),
)
def zoledronate_interval(order: DrugOrder, patient: Facts) -> Outcome:
    """When three-monthly suits, and the findings that are too old to tell."""
    findings = (*few_bone_metastases(order, patient).basis, *no_good_response(order, patient).basis)
    return info(
        _(
            "{drug} {interval}: monthly unless oligometastatic or in good response",
            drug=order.name,
            interval=interval_said(order),
        ),
        _(
            "Give it monthly; three-monthly suits the oligometastatic situation ({years} years, then consider stopping, "
            "specialist advice) or a complete or good response.",
            years=ADVISED_YEARS,
        ),
        rests_on=(order, *too_old(*findings)),
    )


@rule(
    "oligometastatic-antiresorptive",
    title=_(
        "In the oligometastatic situation: three-monthly zoledronic acid for {years} years, then consider stopping",
        years=ADVISED_YEARS,
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ANTIRESORPTIVE,
    when=(not_spaced_zoledronate, few_bone_metastases),
    severest=Indicator.INFO,
)
def oligometastatic_antiresorptive(order: DrugOrder, patient: Facts) -> Outcome:
    """Three-monthly zoledronic acid as an option."""
    return info(
        _("{drug}, oligometastatic situation: three-monthly zoledronic acid is an option", drug=order.name),
        _(
            "Consider three-monthly zoledronic acid for {years} years, then stopping (specialist advice).",
            years=ADVISED_YEARS,
        ),
        rests_on=few_bone_metastases(order, patient).basis,
    )


# --- infusion of zoledronic acid --------------------------------------------------------------------------------------

INFUSION_MINUTES = (20, 30)
"""At least 20 to 30 min (RAO §2.4): the shortest infusion that is not remarked on, and the one that is offered."""


@condition(_("an infusion time is stated"))
def infusion_time_stated(order: DrugOrder, _patient: Facts) -> Truth:
    """The order gives it, or a rate and a volume."""
    return that(order.dosage.infusion_minutes is not None)


@condition(_("the order gives an infusion time below {limit} minutes", limit=INFUSION_MINUTES[0]))
def fast_infusion(order: DrugOrder, _patient: Facts) -> Truth:
    """Faster than the source allows."""
    minutes = order.dosage.infusion_minutes
    return that(minutes is not None and minutes < INFUSION_MINUTES[0])


@condition(_("zoledronic acid was never given"), reads=("exposures",))
def first_infusion(_order: Order | None, patient: Facts) -> Truth:
    """No exposure to it at any time."""
    exposures = patient.exposures.of(sets.ZOLEDRONIC_ACID)
    return that(negated(exposures.ever), exposures)


@dataclass(frozen=True, slots=True)
class AboutParacetamol:
    """What is said of paracetamol to this patient, and whether it may be offered."""

    says: Text
    offered: bool = False
    basis: tuple[Basis, ...] = ()


def about_paracetamol(patient: Facts) -> AboutParacetamol:
    """No dose with an allergy or severe liver disease on record, one by weight below the limit; else it is offered where safe.

    Safe: an adult of a known weight, no paracetamol given or ordered, neither allergy nor severe liver disease, all of it
    looked for.
    """
    allergies = [one for one in patient.allergies if _is_allergy(one)]
    speaking_against = [one for one in patient.conditions if _speaks_against(one)]
    if allergies or speaking_against:
        return AboutParacetamol(
            _("No paracetamol: an allergy to it or severe liver disease is on record; ask for advice."),
            basis=tuple(speaking_against),
        )
    heavy = patient.result(WEIGHT).test(
        lambda weight: weight.bounds.at_least(Decimal(settings_of(patient).paracetamol_kilograms))
    )
    if isinstance(patient.result(WEIGHT), Known) and heavy is False:
        return AboutParacetamol(
            _(
                "Paracetamol that day and the next, its dose adapted to the weight (below {kilograms} kg).",
                kilograms=settings_of(patient).paracetamol_kilograms,
            ),
            basis=(patient.result(WEIGHT),),
        )
    if is_adult(patient) is False:
        return AboutParacetamol(_("Paracetamol that day and the next, its dose adapted to age and weight."))
    taken = patient.exposures.of(sets.PARACETAMOL).any(
        lambda entry: entry.ongoing or entry.planned or entry.maybe_ongoing
    )
    looked_for = patient.allergies.any(_is_allergy) is False and patient.conditions.any(_speaks_against) is False
    ordered = orders_of(patient, sets.PARACETAMOL)
    if taken or ordered:
        return AboutParacetamol(
            _(
                "Paracetamol {grams} g × {times} that day and the next: it is on record or ordered already, add none.",
                **PARACETAMOL_DOSE,
            )
        )
    return AboutParacetamol(
        _("Paracetamol {grams} g × {times} that day and the next.", **PARACETAMOL_DOSE),
        offered=bool(looked_for and taken is False and heavy and is_adult(patient)),
    )


PARACETAMOL_DOSE = {"grams": PARACETAMOL_GRAMS, "times": PARACETAMOL_TIMES_A_DAY}
"""The dose, as the sentences name it."""


def _is_allergy(one: Allergy) -> bool | None:
    return one.is_to(sets.PARACETAMOL_ALLERGY)


AGAINST_PARACETAMOL = sets.SEVERE_LIVER_DISEASE | sets.PARACETAMOL_ALLERGY


def _speaks_against(one: Diagnosis) -> bool:
    return one.active and one.is_any(AGAINST_PARACETAMOL)


@rule(
    "zoledronate-infusion",
    title=_(
        "Zoledronic acid is infused over at least {shortest} to {longest} minutes",
        shortest=INFUSION_MINUTES[0],
        longest=INFUSION_MINUTES[1],
    ),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    when=(infusion_time_stated, fast_infusion),
    severest=Indicator.WARNING,
    reading=_(
        "The trial that §2.1 reports infused over 15 minutes; §2.4 asks for at least {shortest} to {longest}: {shortest} is "
        "the limit.",
        shortest=INFUSION_MINUTES[0],
        longest=INFUSION_MINUTES[1],
    ),
)
def zoledronate_infusion(order: DrugOrder, _patient: Facts) -> Outcome:
    """A longer infusion instead."""
    shortest, longest = INFUSION_MINUTES
    return warning(
        _(
            "{drug} over {minutes}: infuse over at least {shortest} to {longest} minutes",
            drug=order.name,
            minutes=Amount(order.dosage.infusion_minutes or Decimal(0), "min"),
            shortest=shortest,
            longest=longest,
        ),
        _(
            "Infuse over {longest} minutes: a fast infusion harms the kidney.",
            longest=longest,
        ),
        rests_on=[order],
        offers=[UpdateOrder(order, (SetInfusionMinutes(longest),))],
    )


@rule(
    "zoledronate-first-infusion",
    title=_("Paracetamol around the first infusion of zoledronic acid"),
    citations=(rao("systemic", "§2.4"),),
    trigger=ZOLEDRONATE,
    when=(first_infusion,),
    reads=("orders", "allergies", "conditions", "person", WEIGHT),
    severest=Indicator.INFO,
    reading=_("Paracetamol is offered to an adult of {paracetamol_kilograms} kg or more alone."),
)
def zoledronate_first_infusion(order: DrugOrder, patient: Facts) -> Outcome:
    """The flu-like syndrome and paracetamol against it, offered where nothing speaks against it."""
    about = about_paracetamol(patient)
    return info(
        _("{drug}, first infusion: prevent the flu-like syndrome", drug=order.name),
        about.says,
        _("Flu-like syndrome in 20 %: it is no allergy and usually does not recur."),
        rests_on=about.basis,
        offers=[paracetamol(order.planned.when.first)] if about.offered else (),
        remarks=planned_remarks(order) if about.offered else (),
    )
