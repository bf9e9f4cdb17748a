"""Contraindications of cementoplasty as conditions: each is named by its words (RAO, radiologie interventionnelle Tableau 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mappings.facts import ActOrder, Diagnosis, Facts, Order
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import is_true
from service.rules.bone_metastases.stays import on_record
from service.rules.bone_metastases.wording import _
from service.rules.condition import Condition, Truth, condition, that
from service.rules.outcome import Basis


def _every(_one: Diagnosis, _order: ActOrder) -> bool:
    return True


def _diagnosed(
    name: Text, concepts: frozenset[str], counts: Callable[[Diagnosis, ActOrder], bool] = _every
) -> Condition:
    """An active condition of a kind, those that count for the act."""

    @condition(name, reads=("conditions",))
    def is_diagnosed(order: ActOrder, patient: Facts) -> Truth:
        def is_one(one: Diagnosis) -> bool:
            return one.active and one.is_any(concepts) and counts(one, order)

        return on_record(patient, is_one)

    return is_diagnosed


def _found(name: Text, finding: str) -> Condition:
    """A recorded finding of the bone that is treated."""

    @condition(name, reads=("finding",))
    def is_found(order: ActOrder, patient: Facts) -> Truth:
        fact = patient.finding(finding, order.regions)
        return that(is_true(fact), fact)

    return is_found


# --- absolute ---------------------------------------------------------------------------------------------------------


def _at_the_site(one: Diagnosis, order: ActOrder) -> bool:
    """Of the bone that is treated, or of a place that is not stated."""
    return not one.sites or not one.regions.isdisjoint(order.regions)


def _is_severe(one: Diagnosis, _order: ActOrder) -> bool:
    return one.is_any(sets.DISSEMINATED_INTRAVASCULAR_COAGULATION) or not one.severities.isdisjoint(sets.SEVERE)


general_infection = _diagnosed(_("sepsis or general infection"), sets.SEPSIS_OR_GENERAL_INFECTION)
skin_infection_at_the_site = _diagnosed(_("skin infection at the site"), sets.SKIN_INFECTION, _at_the_site)
severe_coagulation_disorder = _diagnosed(
    _("severe coagulation disorder"), sets.COAGULOPATHY | sets.DISSEMINATED_INTRAVASCULAR_COAGULATION, _is_severe
)


@condition(_("allergy to bone cement"), reads=("allergies",))
def allergy_to_cement(_order: Order, patient: Facts) -> Truth:
    """An allergy or intolerance to it that is not refuted."""
    return that(patient.allergies.any(lambda one: one.is_to(sets.BONE_CEMENT)), patient.allergies)


STABLE_FRACTURE = "asymptomatic-stable-fracture"


@condition(_("asymptomatic stable fracture"), reads=("finding",))
def asymptomatic_stable_fracture(order: ActOrder, patient: Facts) -> Truth:
    """The reason of the order, or recorded of the bone."""
    fact = patient.finding(STABLE_FRACTURE, order.regions)
    return that(STABLE_FRACTURE in order.reasons or is_true(fact), fact)


ABSOLUTE = (
    general_infection,
    skin_infection_at_the_site,
    allergy_to_cement,
    severe_coagulation_disorder,
    asymptomatic_stable_fracture,
)


# --- absolute at their worst, their extent not known ------------------------------------------------------------------


def _is_another_infection(one: Diagnosis, order: ActOrder) -> bool:
    """Neither general nor of the skin at the site."""
    return not one.is_any(sets.SEPSIS_OR_GENERAL_INFECTION) and not (
        one.is_any(sets.SKIN_INFECTION) and _at_the_site(one, order)
    )


another_infection = _diagnosed(
    _("an active infection"), sets.OTHER_INFECTION | sets.SKIN_INFECTION, _is_another_infection
)
coagulation_disorder_of_unknown_severity = _diagnosed(
    _("a coagulation disorder of unknown severity"),
    sets.COAGULOPATHY,
    lambda one, _order: not one.severities and not one.is_any(sets.DISSEMINATED_INTRAVASCULAR_COAGULATION),
)

POSSIBLY_ABSOLUTE = (another_infection, coagulation_disorder_of_unknown_severity)


# --- relative ---------------------------------------------------------------------------------------------------------

posterior_arch_involvement = _found(_("posterior arch involvement"), "posterior-arch-involvement")

RELATIVE = (
    _found(_("posterior wall involvement (when extensive)"), "posterior-wall-involvement"),
    _found(_("radiculopathy"), "radiculopathy"),
    _found(_("epidural extension"), "epidural-extension"),
    _found(_("breach of the joint"), "joint-breach"),
    posterior_arch_involvement,
    _diagnosed(_("radiculopathy"), sets.RADICULOPATHY),
    _diagnosed(_("spinal cord compression"), sets.SPINAL_CORD_COMPRESSION),
)


# --- what a card says of them -----------------------------------------------------------------------------------------


def names_of(found: Iterable[Condition], patient: Facts) -> tuple[Text, ...]:
    """The contraindications by name, each name once."""
    return tuple(dict.fromkeys(one.said(patient) for one in found))


def resting_on(found: Iterable[Condition], order: ActOrder, patient: Facts) -> tuple[Basis, ...]:
    """The order, and what tells of the contraindications."""
    return (order, *(basis for one in found for basis in one(order, patient).basis))


def not_looked_up(asked: Iterable[Condition], order: ActOrder, patient: Facts) -> tuple[Text, ...]:
    """The remark that names the contraindications of which nobody knows."""
    asked = tuple(asked)
    known = names_of((one for one in asked if one(order, patient).holds), patient)
    unknown = names_of((one for one in asked if one(order, patient).holds is None), patient)
    unknown = tuple(name for name in unknown if name not in known)
    return (_("Could not be looked up: {which}", which=unknown),) if unknown else ()
