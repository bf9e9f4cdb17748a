"""Surgery of bone metastases of the limbs (RAO, chirurgie; radiothérapie §1.4)."""

from __future__ import annotations

from decimal import Decimal

from mappings.dates import When, days_before
from mappings.facts import Act, ActOrder, Facts, Order, RadiotherapyCourse, RadiotherapyOrder, Target
from mappings.facts.bones import SPINE, includes, may_be_same
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, _, _c
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.imaged import CT, RADIOGRAPHS, imaged, imaging_line
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    IN_ANY_CASE,
    Condition,
    Trigger,
    bone_metastasis,
    both,
    either,
    is_bone_metastasis_surgery,
    named,
    negated,
    rule,
    that,
    unless_all,
)
from service.rules.outcome import Advice, Indicator, Outcome


def _for_bone_metastases(order: Order, patient: Facts) -> Condition:
    if order.is_any(sets.PREVENTIVE_FIXATION) or not order.reasons.isdisjoint(
        sets.BONE_METASTASIS | sets.PATHOLOGICAL_FRACTURE
    ):
        return IN_ANY_CASE
    return bone_metastasis(patient)


ORTHOPAEDIC_ORDER = Trigger(
    _("draft order of orthopaedic surgery"),
    lambda order: (
        isinstance(order, ActOrder) and order.is_any(sets.LIMB_SURGERY) and not includes(order.regions, SPINE)
    ),
    in_scope=_for_bone_metastases,
    needs=frozenset({"conditions"}),
)
ACETABULUM_ORDER = Trigger(
    _("draft order of surgery of the acetabulum"),
    lambda order: (
        isinstance(order, ActOrder)
        and (
            order.is_any(sets.ACETABULUM_SURGERY - sets.CEMENTOPLASTY)
            or (order.is_any(sets.LIMB_SURGERY) and includes(order.regions, "acetabulum"))
        )
    ),
    in_scope=_for_bone_metastases,
    needs=frozenset({"conditions"}),
)

SIX_WEEKS_DAYS = Decimal(42)
"""Life expectancy below which surgery brings nothing (RAO §1)."""


@rule(
    "surgery-short-life-expectancy",
    title=_(
        "Surgery brings nothing when life expectancy is below 6 weeks",
    ),
    citations=(rao("surgery", "§1"),),
    trigger=ORTHOPAEDIC_ORDER,
    needs=("finding",),
    severest=Indicator.WARNING,
)
def surgery_short_life_expectancy(order: Order, patient: Facts) -> Outcome:
    """Orthopaedic surgery ordered with a recorded life expectancy below 6 weeks."""
    expectancy = patient.finding("life-expectancy")
    blocked = unless_all(
        that(
            _(
                "life expectancy is recorded below 6 weeks",
            ),
            expectancy.test(lambda found: None if found.bounds is None else found.bounds.below(SIX_WEEKS_DAYS)),
            expectancy,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "{act}: no benefit expected, life expectancy below 6 weeks",
            act=named(order),
        ),
        (_("Analgesia and radiotherapy instead."),),
        (expectancy,),
    )


@rule(
    "surgery-imaging",
    title=_(
        "Radiographs of the whole bone and CT precede surgery",
    ),
    citations=(rao("surgery", "§3"),),
    trigger=ORTHOPAEDIC_ORDER,
    needs=("imaging", "procedures", "orders"),
    severest=Indicator.INFO,
)
def surgery_imaging(order: ActOrder, patient: Facts) -> Outcome:
    """Radiographs or CT of the bone missing within the setting's days."""
    missing = {modality: negated(imaged(patient, order, modality)) for modality in (RADIOGRAPHS, CT)}
    blocked = unless_all(
        that(
            _(
                "radiographs or CT of the bone are missing in the last {days} days",
                days=settings_of(patient).imaging_valid_days,
            ),
            either(*missing.values()),
            patient.imaging,
            patient.procedures,
        )
    )
    if blocked:
        return blocked
    lacking = tuple(modality for modality, holds in missing.items() if holds)
    wanted = {
        RADIOGRAPHS: _(
            "Radiographs: the whole bone with the joints on both sides.",
        ),
        CT: _(
            "CT: bone window, unenhanced, centred on the lesion.",
        ),
    }
    return Advice(
        Indicator.INFO,
        _(
            "{act}: imaging missing: {which}",
            act=named(order),
            which=tuple(modality.name for modality in lacking),
        ),
        tuple(wanted[modality] for modality in lacking),
        (order,),
        items=tuple(imaging_line(patient, order, modality) for modality in lacking),
    )


PLAN_UNTIL_DAYS = 15
DUE_UNTIL_DAYS = 21
"""Radiotherapy between 15 days and 3 weeks after surgery, on a healed scar (RAO, radiothérapie §1.4)."""


def _of(when: When | None) -> Text:
    if when is None:
        return _("undated")
    if when.partial:
        return _c("of a month or year, after a noun", "{when}", when=when)
    return _c("of a day, after a noun", "{when}", when=when)


@rule(
    "post-operative-radiotherapy",
    title=_(
        "The operated bone is irradiated between 15 days and 3 weeks after surgery",
    ),
    citations=(rao("radiotherapy", "§1.4"),),
    patient_view=True,
    needs=("procedures", "conditions", "radiotherapies", "radiotherapy_orders"),
    severest=Indicator.INFO,
)
def post_operative_radiotherapy(_order: Order | None, patient: Facts) -> Outcome:
    """Surgery of a bone metastasis in the last 60 days, and no radiotherapy since or planned."""
    since = days_before(patient.today, settings_of(patient).post_operative_days)

    def recent(act: Act) -> bool | None:
        when = act.dated
        in_time = None if when is None else when.within(since, patient.today)
        return both(is_bone_metastasis_surgery(act, patient), in_time)

    def untreated(act: Act) -> bool | None:
        return both(recent(act), negated(_irradiated_since(act, patient)))

    surgeries = sorted(
        (act for act in patient.procedures if untreated(act)), key=lambda act: (_age(act, patient), act.source)
    )
    blocked = unless_all(
        that(
            _(
                "a bone metastasis was operated on in the last {days} days, without radiotherapy since or planned",
                days=settings_of(patient).post_operative_days,
            ),
            patient.procedures.any(untreated),
            patient.procedures,
            patient.radiotherapies,
            patient.radiotherapy_orders,
        )
    )
    if blocked:
        return blocked
    surgery = surgeries[0]
    days = _age(surgery, patient)
    when = surgery.dated
    if when is not None and when.partial:
        state = _("date of surgery partial: plan it, or it is due")
    elif days < PLAN_UNTIL_DAYS:
        state = _("plan it")
    elif days <= DUE_UNTIL_DAYS:
        state = _("due now")
    else:
        state = _("overdue")
    return Advice(
        Indicator.INFO,
        _(
            "Post-operative radiotherapy of the bone: {state} (surgery {when})",
            state=state,
            when=_of(when),
        ),
        (
            _(
                "The whole operated bone, between 15 days and 3 weeks after surgery, on a healed scar.",
            ),
        ),
        (surgery,),
    )


def _age(act: Act, patient: Facts) -> int:
    """Days since the act; the fewest that a partial date allows."""
    when = act.dated
    return 0 if when is None else (patient.today - min(when.last, patient.today)).days


def _irradiated_since(surgery: Act, patient: Facts) -> bool | None:
    """Radiotherapy of the bone, or of a bone that is not stated, since the surgery, under way, or planned."""
    operated = surgery.dated

    def of_the_bone(target: Target, regions: frozenset[str]) -> bool:
        return target is not Target.OTHER and may_be_same(regions, surgery.regions)

    def given_since(course: RadiotherapyCourse) -> bool | None:
        if not of_the_bone(course.target, course.regions):
            return False
        end = course.last or course.first
        if course.under_way or operated is None:
            return True
        return None if end is None else end.last >= operated.first

    return either(
        patient.radiotherapies.any(given_since),
        patient.radiotherapy_orders.any(
            lambda order: (
                isinstance(order, RadiotherapyOrder)
                and of_the_bone(order.prescription.target, order.prescription.regions)
            )
        ),
    )


@rule(
    "acetabular-order",
    title=_(
        "Acetabulum: medical treatment and radiotherapy first, then cementoplasty or ablation, surgery last",
    ),
    citations=(rao("surgery", "§2.4"),),
    trigger=ACETABULUM_ORDER,
    needs=("procedures", "radiotherapies"),
    severest=Indicator.INFO,
)
def acetabular_order(order: Order, patient: Facts) -> Outcome:
    """Surgery of the acetabulum ordered without radiotherapy or percutaneous treatment of the pelvis on record."""

    def of_the_pelvis(regions: frozenset[str]) -> bool:
        return not regions or includes(regions, "pelvis")

    irradiated = patient.radiotherapies.any(
        lambda course: course.target is not Target.OTHER and of_the_pelvis(course.regions)
    )
    treated = patient.procedures.any(
        lambda act: act.is_any(sets.INTERVENTIONAL_RADIOLOGY) and of_the_pelvis(act.regions)
    )
    blocked = unless_all(
        that(
            _(
                "neither radiotherapy nor percutaneous treatment of the pelvis is on record",
            ),
            negated(either(irradiated, treated)),
            patient.radiotherapies,
            patient.procedures,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Surgery of the acetabulum: radiotherapy and percutaneous treatment come first",
        ),
        (
            _(
                "Medical treatment and radiotherapy, then cementoplasty or ablation, surgery last.",
            ),
        ),
        (order,),
    )
