"""SINS and the surgical opinion that it asks for, before a treatment of the spine and in the chart (RAO, radiothérapie §1.2)."""

from __future__ import annotations

from datetime import date

from mappings.dates import days_before
from mappings.facts import Act, ActOrder, Fact, Facts, Finding, Known, Order, RadiotherapyOrder, Target
from mappings.facts.bones import SPINE, includes
from mappings.vocabulary import concept_sets as sets
from service.rules.bone_metastases.bone_radiotherapy import of_bone, spine_or_unnamed_target, spine_target
from service.rules.bone_metastases.bone_scores import SINS_LEVELS, sins_in_force
from service.rules.bone_metastases.conditions import bone_metastasis
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.urgency import untreated_cord_compression
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, is_absent, that
from service.rules.logic import both, either, negated
from service.rules.rule import Trigger

# --- which orders -----------------------------------------------------------------------------------------------------


@condition(_("the target is bone, or the act is on bone"), reads=of_bone.reads)
def on_bone(order: ActOrder, patient: Facts) -> Truth:
    """Radiotherapy of bone, by its own scope; a cementoplasty always is."""
    return of_bone(order, patient) if isinstance(order, RadiotherapyOrder) else that(True)


def _treats_bone(order: ActOrder) -> bool:
    if isinstance(order, RadiotherapyOrder):
        return order.prescription.target is not Target.OTHER
    return order.is_any(sets.CEMENTOPLASTY)


SPINE_TREATMENT = Trigger(
    _("draft order of bone radiotherapy, or of cementoplasty"),
    _treats_bone,
    kind=ActOrder,
    scope=on_bone,
    must_be_known=True,
)

# --- the score and its opinion ----------------------------------------------------------------------------------------


def regions_treated(order: Order | None) -> frozenset[str]:
    """The bones that an order treats; none in the chart."""
    if isinstance(order, RadiotherapyOrder):
        return order.prescription.regions
    return order.regions if isinstance(order, ActOrder) else frozenset()


def sins_at(order: Order | None, patient: Facts) -> Fact[Finding]:
    """The newest recorded SINS of the bone treated; in the chart of any."""
    return patient.finding("sins-score", regions_treated(order))


@condition(_("the spine is treated, or no bone is named"))
def spine_may_be_treated(order: Order | None, patient: Facts) -> Truth:
    """The spine, or a bone that is not named; the chart is asked about whatever was scored."""
    if isinstance(order, RadiotherapyOrder):
        return spine_or_unnamed_target(order, patient)
    regions = regions_treated(order)
    return that(not regions or includes(regions, SPINE))


@condition(_("the spine is treated"))
def spine_is_treated(order: ActOrder, patient: Facts) -> Truth:
    """The order names a part of the spine."""
    if isinstance(order, RadiotherapyOrder):
        return spine_target(order, patient)
    return that(includes(order.regions, SPINE))


@condition(_("SINS is {points} or more", points=SINS_LEVELS.middle), reads=("finding",))
def sins_asks_for_opinion(order: Order | None, patient: Facts) -> Truth:
    """The second level or the third."""
    sins = sins_at(order, patient)
    return that(SINS_LEVELS.at_least_middle(sins), sins)


@condition(_("no SINS is recorded"), reads=("finding",))
def no_sins(order: ActOrder, patient: Facts) -> Truth:
    """Of the bone treated."""
    sins = sins_at(order, patient)
    return that(is_absent(sins), sins)


SURGICAL_CONSULTATION = sets.ORTHOPAEDIC_CONSULTATION | sets.ORTHOPAEDIC_SPECIALTY | sets.NEUROSURGERY


def _operates_on_the_spine(one: Act | Order) -> bool:
    regions = one.regions if isinstance(one, Act | ActOrder) else frozenset[str]()
    return one.is_any(sets.BONE_SURGERY) and includes(regions, SPINE)


def operated_since(since: date, patient: Facts) -> bool | None:
    """The spine was operated on since that day; None where the operation may be earlier or later, or could not be read."""

    def counts(act: Act) -> bool | None:
        if not _operates_on_the_spine(act):
            return False
        return None if act.dated is None else act.dated.last >= since

    return patient.procedures.any(counts)


def opinion_since(since: date, patient: Facts) -> bool | None:
    """A surgeon was consulted, or operated on the spine, since that day, or is about to."""

    def consulted(act: Act) -> bool | None:
        if not act.is_any(SURGICAL_CONSULTATION):
            return False
        return None if act.dated is None else act.dated.last >= since

    def ordered(order: Order) -> bool:
        return order.is_any(SURGICAL_CONSULTATION) or _operates_on_the_spine(order)

    return either(
        patient.orders.any(ordered),
        operated_since(since, patient),
        patient.procedures.any(consulted),
        patient.consultations.any(consulted),
    )


OPINION_READS = ("procedures", "consultations", "orders")


@condition(
    _("no surgical consultation, order or operation of the spine since the score"), reads=("finding", *OPINION_READS)
)
def no_opinion_since_the_score(order: Order | None, patient: Facts) -> Truth:
    """Neither orthopaedic nor neurosurgical; asked once a score is known."""
    sins = sins_at(order, patient)
    if not isinstance(sins, Known):
        return that(True)
    seen = opinion_since(sins.value.when.first, patient)
    return that(negated(seen), patient.procedures, patient.consultations, patient.orders)


@condition(
    _("no surgical consultation, order or operation of the spine in {surgical_opinion_days}"), reads=OPINION_READS
)
def no_recent_opinion(_order: ActOrder, patient: Facts) -> Truth:
    """Within the setting's days."""
    seen = opinion_since(days_before(patient.today, settings_of(patient).surgical_opinion_days), patient)
    return that(negated(seen), patient.procedures, patient.consultations, patient.orders)


@condition(_("the order is for a bone metastasis"), reads=("conditions",))
def for_metastasis(order: ActOrder, patient: Facts) -> Truth:
    """By its reason, else because one is on record."""
    if not order.reasons.isdisjoint(sets.BONE_METASTASIS):
        return that(True)
    return bone_metastasis(order, patient)


@condition(_("no untreated cord compression is on record"), reads=untreated_cord_compression.reads)
def no_cord_compression(_order: ActOrder, patient: Facts) -> Truth:
    """Its own card asks for a surgeon; where nobody knows, the score is asked for all the same."""
    return that(untreated_cord_compression(None, patient).holds is not True)


@condition(_("SINS {unstable_sins} or more, not operated since"), reads=("finding", "procedures"))
def spine_unstable(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """The spine is treated, or no bone is named; the third level, and no operation of the spine since the score."""
    sins = sins_at(order, patient)
    high = both(spine_or_unnamed_target(order, patient).holds, sins_in_force(patient).is_high(sins))
    if not high or not isinstance(sins, Known):
        return that(high, sins)
    operated = operated_since(sins.value.when.first, patient)
    return that(negated(operated), sins, *((patient.procedures,) if operated is None else ()))
