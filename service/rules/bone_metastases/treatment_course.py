"""Starting, continuing and stopping an antiresorptive (RAO, traitement osseux systémique §2.2, §2.4 and box)."""

from __future__ import annotations

from mappings.facts import ActOrder, DrugOrder, Facts, Known, Order, Unavailable, known
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import CTX, CTX_BEFORE_HOUR, FASTING
from mappings.wording import Text
from service.rules.bone_metastases.checklist import already_ordered, too_old
from service.rules.bone_metastases.conditions import (
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    SHORT_EXPECTANCY_MONTHS,
    antiresorptives,
    bone_metastasis,
    is_start,
    no_short_life_expectancy,
    orders_of,
    severe_renal_impairment,
)
from service.rules.bone_metastases.courses import (
    ADVISED_YEARS,
    denosumab,
    denosumab_ended_lately,
    denosumab_goes_on,
    denosumab_is_late,
    denosumab_is_stopped,
    first_exposures,
    latest_course,
    no_zoledronate_since,
    shorter_than_advised,
    treated_as_long_as_advised,
    treatment_ended,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.prerequisites import PREREQUISITES_READ, missing_prerequisites
from service.rules.bone_metastases.skeletal_events import skeletal_event, skeletal_events
from service.rules.bone_metastases.triggers import ANTIRESORPTIVE
from service.rules.bone_metastases.wording import _
from service.rules.condition import Condition, Truth, any_of, condition, that
from service.rules.logic import either, negated
from service.rules.naming import on
from service.rules.offers import OrderAnalyte, SetInstruction, UpdateOrder
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import ORDERING, VIEWING, Trigger, rule
from service.rules.say import info, warning


def none_to_come(text: Text, concepts: frozenset[str]) -> Condition:
    """The condition that none of these drugs is drafted, ordered or planned."""

    @condition(text, reads=("orders", "exposures"))
    def none_ordered(_order: Order | None, patient: Facts) -> Truth:
        planned = any(entry.planned for entry in patient.exposures.of(concepts).entries)
        return that(not planned and not orders_of(patient, concepts))

    return none_ordered


no_antiresorptive_to_come = none_to_come(_("none is ordered or planned"), sets.ANTIRESORPTIVES)


# --- start ------------------------------------------------------------------------------------------------------------


@condition(_("no antiresorptive was ever given"), reads=("exposures",))
def never_treated(_order: Order | None, patient: Facts) -> Truth:
    """No exposure at any time, not even a possible one."""
    exposures = antiresorptives(patient)
    return that(negated(exposures.ever), exposures)


worth_starting = any_of(
    _(
        "life expectancy is not recorded as {months} months or less, or a skeletal event is on record",
        months=SHORT_EXPECTANCY_MONTHS,
    ),
    no_short_life_expectancy,
    skeletal_event,
)


@rule(
    "antiresorptive-not-started",
    title=_("An antiresorptive is started as soon as a bone metastasis is found"),
    citations=(rao("systemic", "§2.2, box"),),
    when=(bone_metastasis, never_treated, no_antiresorptive_to_come, worth_starting),
    reads=PREREQUISITES_READ,
    severest=Indicator.WARNING,
    reading=_(
        "ESMO asks for a life expectancy above {months} months, the box sets no limit: both are said. After a skeletal "
        "event the expectancy does not count.",
        months=SHORT_EXPECTANCY_MONTHS,
    ),
)
def antiresorptive_not_started(_order: None, patient: Facts) -> Outcome:
    """A warning after a skeletal event, else info; with the prerequisites that are still missing."""
    metastasis = bone_metastasis(None, patient)
    detail = [
        _(
            "Start as soon as a bone metastasis is found when life expectancy is above {months} months (ESMO; the "
            "referential sets no limit), and after any skeletal event whatever the expectancy.",
            months=SHORT_EXPECTANCY_MONTHS,
        )
    ]
    if missing := tuple(missing_prerequisites(patient)):
        detail.append(_("Prerequisites still missing: {missing}.", missing=missing))
    if skeletal_event(None, patient).holds:
        return warning(
            _("Bone metastasis with a skeletal event: no antiresorptive started"),
            *detail,
            rests_on=(*metastasis.basis, *skeletal_events(patient)[:1]),
        )
    return info(
        _("Bone metastasis: no antiresorptive started"),
        *detail,
        rests_on=(*metastasis.basis, *too_old(patient.finding("life-expectancy"))),
    )


# --- denosumab, late or stopped ---------------------------------------------------------------------------------------


@rule(
    "denosumab-overdue",
    title=_("Denosumab is given regularly: it has no inertia"),
    citations=(rao("systemic", "§2.4"),),
    when=(bone_metastasis, denosumab_is_late, denosumab_goes_on),
    severest=Indicator.WARNING,
)
def denosumab_overdue(_order: None, patient: Facts) -> Outcome:
    """When the last dose was."""
    last = known(denosumab(patient).last_dose)
    return warning(
        _("Denosumab is overdue: last dose {when}", when=on(last.value.last_dose)),
        _("Monthly and regular: the effect is lost quickly when a dose is late."),
        rests_on=(last.value, *bone_metastasis(None, patient).basis),
        remarks=last.remarks,
    )


@rule(
    "denosumab-discontinued",
    title=_("Stopping denosumab calls for zoledronic acid against the rebound"),
    citations=(rao("systemic", "§2.4"),),
    when=(
        bone_metastasis,
        denosumab_is_stopped,
        denosumab_ended_lately,
        no_zoledronate_since,
        none_to_come(_("no zoledronic acid is ordered or planned"), sets.ZOLEDRONIC_ACID),
    ),
    reads=severe_renal_impairment.reads,
    severest=Indicator.WARNING,
)
def denosumab_discontinued(_order: None, patient: Facts) -> Outcome:
    """Zoledronic acid against the rebound; in severe renal impairment none is proposed."""
    clearance = patient.clearance
    if severe_renal_impairment(None, patient).holds:
        proposal = _(
            "Clearance below {limit} mL/min: no infusion of zoledronic acid is proposed; specialist advice.",
            limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
        )
    else:
        proposal = _(
            "One or more infusions of zoledronic acid at the end of treatment (expert agreement), CTX follow-up, "
            "specialist advice.",
        )
    stopped = (entry for entry in denosumab(patient).entries if entry.stopped)
    shown = [clearance] if isinstance(clearance, Known) else []
    unread = isinstance(clearance, Unavailable)
    return warning(
        _("Denosumab stopped: risk of rebound"),
        proposal,
        rests_on=(*stopped, *shown, *bone_metastasis(None, patient).basis),
        remarks=[_("Renal function could not be looked up.")] if unread else (),
    )


# --- duration ---------------------------------------------------------------------------------------------------------


@condition(_("no osteonecrosis of the jaw is on record"), reads=("conditions",))
def no_jaw_osteonecrosis(_order: Order | None, patient: Facts) -> Truth:
    """Neither active nor past: it is a reason to have stopped."""
    found = patient.conditions.any(lambda one: one.is_any(sets.OSTEONECROSIS_OF_JAW))
    return that(negated(found), patient.conditions)


@condition(_("no hypocalcaemia is on record"), reads=("calcium", "conditions"))
def no_hypocalcaemia(_order: Order | None, patient: Facts) -> Truth:
    """Neither an active condition nor a calcium below its lower limit."""
    diagnosed = patient.conditions.any(lambda one: one.active and one.is_any(sets.HYPOCALCAEMIA))
    measured = patient.calcium.test(lambda value: value.low)
    return that(negated(either(diagnosed, measured)), patient.calcium, patient.conditions)


@condition(
    _("no clearance below {limit} mL/min is on record", limit=SEVERE_RENAL_IMPAIRMENT_BELOW),
    reads=severe_renal_impairment.reads,
)
def no_severe_renal_impairment(_order: Order | None, patient: Facts) -> Truth:
    """At or above the limit of bisphosphonates, or not measured."""
    severe = severe_renal_impairment(None, patient)
    return that(negated(severe.holds), *severe.basis)


@rule(
    "antiresorptive-stopped-early",
    title=_(
        "An antiresorptive is continued for at least {years} years, then case by case",
        years=ADVISED_YEARS,
    ),
    citations=(rao("systemic", "box"),),
    when=(
        bone_metastasis,
        treatment_ended,
        no_antiresorptive_to_come,
        shorter_than_advised,
        no_jaw_osteonecrosis,
        no_hypocalcaemia,
        no_severe_renal_impairment,
    ),
    severest=Indicator.INFO,
    reading=_(
        "Oligometastatic: {years} years, then stopping is considered (§2.4); else at least {years} years (box): each in "
        "its situation.",
        years=ADVISED_YEARS,
    ),
)
def antiresorptive_stopped_early(_order: None, patient: Facts) -> Outcome:
    """How long it was given, from when to when, and for how long at least it is advised."""
    course = latest_course(patient)
    if course.days == course.most_days:
        summary = _(
            "Antiresorptive stopped after {days} days: at least {years} years are advised",
            days=course.days,
            years=ADVISED_YEARS,
        )
        given = _(
            "Given from {first} to {last}. At least {years} years, then case by case.",
            first=course.first,
            last=course.last,
            years=ADVISED_YEARS,
        )
    else:
        summary = _(
            "Antiresorptive stopped after {days} days at most: at least {years} years are advised",
            days=course.most_days,
            years=ADVISED_YEARS,
        )
        given = _(
            "Given since {first}, last dose not dated. At least {years} years, then case by case.",
            first=course.first,
            years=ADVISED_YEARS,
        )
    return info(summary, given, rests_on=(*first_exposures(patient), *bone_metastasis(None, patient).basis))


CONTINUES = _("the order continues an antiresorptive")


@condition(
    _("a bone metastasis is on record; of an order: it continues an antiresorptive"),
    reads=bone_metastasis.reads | is_start.reads,
)
def continues_or_is_viewed(order: DrugOrder | None, patient: Facts) -> Truth:
    """Of an order that it is no start; of a patient who is viewed that a bone metastasis is on record."""
    if order is None:
        metastasis = bone_metastasis(None, patient)
        return that(metastasis.holds, *metastasis.basis, text=bone_metastasis.text)
    start = is_start(order, patient)
    return that(negated(start.holds), *start.basis, text=CONTINUES)


@rule(
    "antiresorptive-two-years",
    title=_("After {years} years an antiresorptive is reassessed", years=ADVISED_YEARS),
    citations=(rao("systemic", "§2.4"), rao("general", "§3")),
    trigger=ANTIRESORPTIVE,
    hooks=ORDERING | VIEWING,
    when=(treated_as_long_as_advised, continues_or_is_viewed),
    reads=("orders",),
    severest=Indicator.INFO,
)
def antiresorptive_two_years(order: DrugOrder | None, patient: Facts) -> Outcome:
    """What to weigh, and the offer of a CTX that is not ordered yet."""
    return info(
        _(
            "Antiresorptive since {first}: reassess after {years} years",
            first=latest_course(patient).first,
            years=ADVISED_YEARS,
        ),
        _(
            "With specialist advice, weigh new bone events, fracture risk and CTX ({fasting}) against hypocalcaemia and jaw "
            "osteonecrosis, which rises sharply after 24 months; tobacco and alcohol count.",
            fasting=FASTING,
        ),
        rests_on=(*first_exposures(patient), *(bone_metastasis(None, patient).basis if order is None else ())),
        offers=[OrderAnalyte(CTX)] if already_ordered(patient, CTX) is None else (),
    )


# --- CTX --------------------------------------------------------------------------------------------------------------

CTX_DRAFT = Trigger(_("draft order of CTX"), lambda order: CTX.id in order.analytes, kind=ActOrder)


@condition(_("the order does not yet say: {fasting}", fasting=FASTING))
def sampling_is_unsaid(order: ActOrder, _patient: Facts) -> Truth:
    """The instruction, in either language, lacks the fast or the hour."""
    said = order.instruction.casefold()
    return that(not (any(word in said for word in ("fasting", "jeun")) and str(CTX_BEFORE_HOUR) in said))


@rule(
    "ctx-sampling",
    title=_("CTX is sampled {how}", how=FASTING),
    citations=(rao("general", "§3"),),
    trigger=CTX_DRAFT,
    when=(sampling_is_unsaid,),
    severest=Indicator.INFO,
)
def ctx_sampling(order: ActOrder, _patient: Facts) -> Outcome:
    """How CTX is sampled, as an instruction of the order."""
    return info(
        _("CTX: sample {how}", how=FASTING),
        _("Resorption markers vary with food and with the hour."),
        rests_on=[order],
        offers=[UpdateOrder(order, (SetInstruction(FASTING),))],
    )
