"""Starting, continuing and stopping an antiresorptive (RAO, traitement osseux systémique §2.2, §2.4 and box)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mappings.facts import ActOrder, DrugOrder, Facts, Order, known
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import CTX, CTX_BEFORE_HOUR, FASTING
from mappings.wording import Text
from service.rules.bone_metastases.calcium import calcium_is_low
from service.rules.bone_metastases.checklist import already_ordered, too_old
from service.rules.bone_metastases.conditions import (
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    SHORT_EXPECTANCY_DAYS,
    SHORT_EXPECTANCY_MONTHS,
    antiresorptives,
    at_most,
    bone_metastasis,
    is_start,
    milder_for_another_primary,
    no_prostate_primary,
    no_short_life_expectancy,
    not_end_of_life,
    orders_of,
    possible_jaw_osteonecrosis,
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
    no_denosumab_planned_soon,
    no_zoledronate_since,
    shorter_than_advised,
    treated_as_long_as_advised,
    treatment_ended,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.prerequisites import PREREQUISITES_READ, missing_prerequisites
from service.rules.bone_metastases.skeletal_events import skeletal_event, skeletal_events
from service.rules.bone_metastases.triggers import ANTIRESORPTIVE
from service.rules.bone_metastases.two_at_once import another_antiresorptive, other_drafts, others_given, overlap_of
from service.rules.bone_metastases.vitamin_d import calcium_not_high
from service.rules.bone_metastases.wording import _
from service.rules.condition import Condition, Truth, any_of, basis_of, condition, that
from service.rules.logic import either, negated
from service.rules.naming import a_time, on
from service.rules.offers import OrderAnalyte, SetInstruction, UpdateOrder
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import ORDERING, VIEWING, Trigger, rule
from service.rules.say import critical, info, warning


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


lives_on_or_had_an_event = any_of(
    _("it is not the end of life, or a skeletal event is on record"), not_end_of_life, skeletal_event
)


@rule(
    "antiresorptive-not-started",
    title=_("An antiresorptive is started as soon as a bone metastasis is found"),
    citations=(rao("systemic", "§2.2, box"),),
    when=(
        bone_metastasis,
        never_treated,
        no_antiresorptive_to_come,
        worth_starting,
        no_prostate_primary,
        lives_on_or_had_an_event,
    ),
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
        advice = warning(
            _("Bone metastasis with a skeletal event: no antiresorptive started"),
            *detail,
            rests_on=(*metastasis.basis, *skeletal_events(patient)[:1]),
        )
    else:
        advice = info(
            _("Bone metastasis: no antiresorptive started"),
            *detail,
            rests_on=(*metastasis.basis, *too_old(patient.finding("life-expectancy"))),
        )
    return milder_for_another_primary(advice, None, patient)


# --- a short expectancy, two at once ----------------------------------------------------------------------------------


@condition(
    _("life expectancy is recorded as {months} months or less", months=SHORT_EXPECTANCY_MONTHS), reads=("finding",)
)
def short_life_expectancy(_order: Order | None, patient: Facts) -> Truth:
    """Recorded, and short."""
    expectancy = patient.finding("life-expectancy")
    return that(at_most(expectancy, SHORT_EXPECTANCY_DAYS), expectancy)


@condition(_("no skeletal event is on record"), reads=skeletal_event.reads)
def no_skeletal_event(_order: Order | None, patient: Facts) -> Truth:
    """At no time."""
    event = skeletal_event(None, patient)
    return that(negated(event.holds), *event.basis)


@rule(
    "antiresorptive-short-expectancy",
    title=_(
        "An antiresorptive is advised when life expectancy is above {months} months, or after a skeletal event",
        months=SHORT_EXPECTANCY_MONTHS,
    ),
    citations=(rao("systemic", "§2.2"),),
    trigger=ANTIRESORPTIVE,
    when=(short_life_expectancy, is_start, no_skeletal_event, calcium_not_high),
    severest=Indicator.INFO,
)
def antiresorptive_short_expectancy(order: DrugOrder, patient: Facts) -> Outcome:
    """To be weighed again, which the expectancy on record shows."""
    return info(
        _(
            "{drug}: weigh the start, life expectancy is recorded as {months} months or less",
            drug=order.name,
            months=SHORT_EXPECTANCY_MONTHS,
        ),
        _(
            "Weigh the start: advised when life expectancy is above {months} months, and whatever it is after a skeletal event.",
            months=SHORT_EXPECTANCY_MONTHS,
        ),
        rests_on=short_life_expectancy(order, patient).basis,
    )


@rule(
    "two-antiresorptives",
    title=_("One antiresorptive at a time: zoledronic acid or denosumab"),
    citations=(rao("systemic", "§2.4"),),
    trigger=ANTIRESORPTIVE,
    when=(another_antiresorptive,),
    reads=("exposures", "orders"),
    severest=Indicator.CRITICAL,
    reading=_(
        "At once means both drafted, or one ongoing, planned or given in the last {both_antiresorptives_days} and not stopped; a bisphosphonate "
        "of osteoporosis counts too. The levels are our reading, and which one goes is the prescriber's choice.",
    ),
)
def two_antiresorptives(order: DrugOrder, patient: Facts) -> Outcome:
    """Critical where both are drafted, else a warning that names the one on record."""
    if drafted := other_drafts(order, patient):
        pair = tuple(sorted({order.name, *(one.name for one in drafted)}, key=lambda name: name.message))
        return critical(
            _("{drugs} ordered together: one or the other", drugs=pair),
            _("Keep one of the orders."),
            *overlap_of(order, (one.drug for one in drafted), patient),
            rests_on=others_given(order, patient),
        )
    given = others_given(order, patient)
    if given[0].drug.name == order.name:
        return warning(
            _("{drug}: another strength of it is on record: one or the other", drug=order.name),
            _("Stop the one on record if this order replaces it, else do not give both."),
            rests_on=given,
        )
    return warning(
        _("{drug} with {other} on record: one or the other", drug=order.name, other=given[0].drug.name),
        _("Stop {other} on record if this order replaces it, else do not give both.", other=given[0].drug.name),
        *overlap_of(order, (entry.drug for entry in given), patient),
        rests_on=given,
    )


# --- denosumab, late or stopped ---------------------------------------------------------------------------------------


@condition(_("no osteonecrosis of the jaw is on record, not even a possible one"), reads=("conditions", "exposures"))
def no_jaw_osteonecrosis(_order: Order | None, patient: Facts) -> Truth:
    """Neither active nor past: it is a reason to have stopped."""
    found = patient.conditions.any(lambda one: one.is_any(sets.OSTEONECROSIS_OF_JAW))
    possible = possible_jaw_osteonecrosis(patient, lambda _one: True)
    return that(negated(either(found, possible)), patient.conditions)


@condition(_("no hypocalcaemia is on record"), reads=("calcium", "conditions"))
def no_hypocalcaemia(_order: Order | None, patient: Facts) -> Truth:
    """Neither an active condition nor a calcium below its lower limit."""
    diagnosed = patient.conditions.any(lambda one: one.active and one.is_any(sets.HYPOCALCAEMIA))
    measured = calcium_is_low(None, patient)
    return that(negated(either(diagnosed, measured.holds)), *measured.basis, patient.conditions)


@condition(
    _("no clearance below {limit} mL/min is on record", limit=SEVERE_RENAL_IMPAIRMENT_BELOW),
    reads=severe_renal_impairment.reads,
)
def no_severe_renal_impairment(_order: Order | None, patient: Facts) -> Truth:
    """At or above the limit of bisphosphonates, or not measured."""
    severe = severe_renal_impairment(None, patient)
    return that(negated(severe.holds), *severe.basis)


AGAINST_AN_INFUSION: Mapping[Condition, Text] = MappingProxyType(
    {
        no_jaw_osteonecrosis: _("osteonecrosis of the jaw, or a possible one"),
        no_hypocalcaemia: _("hypocalcaemia"),
        no_severe_renal_impairment: _("clearance below {limit} mL/min", limit=SEVERE_RENAL_IMPAIRMENT_BELOW),
    }
)
"""What speaks against zoledronic acid where it does not hold (RAO §2.3, §2.4; the specification, `denosumab-discontinued`)."""


AGAINST_A_DOSE = (no_jaw_osteonecrosis, no_hypocalcaemia)
"""What speaks against the next dose of denosumab where it does not hold (RAO §2.3)."""


@rule(
    "denosumab-overdue",
    title=_("Denosumab is given regularly: it has no inertia"),
    citations=(rao("systemic", "§2.4"),),
    when=(bone_metastasis, denosumab_is_late, denosumab_goes_on, no_denosumab_planned_soon, not_end_of_life),
    reads={read for one in AGAINST_A_DOSE for read in one.reads},
    severest=Indicator.WARNING,
)
def denosumab_overdue(_order: None, patient: Facts) -> Outcome:
    """When the last dose was; where something on record speaks against the next one, that comes first."""
    last = known(denosumab(patient).last_dose)
    against = [one for one in AGAINST_A_DOSE if one(None, patient).holds is False]
    if against:
        act = _(
            "Settle first: {reasons}. The effect is lost quickly when a dose is late.",
            reasons=tuple(AGAINST_AN_INFUSION[one] for one in against),
        )
    else:
        act = _("Give it, then go on monthly: the effect is lost quickly when a dose is late.")
    return warning(
        _("Denosumab is overdue: last dose {when}", when=on(last.value.last_dose)),
        act,
        rests_on=(last.value, *basis_of(against, None, patient), *bone_metastasis(None, patient).basis),
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
        not_end_of_life,
    ),
    reads={read for one in AGAINST_AN_INFUSION for read in one.reads},
    severest=Indicator.WARNING,
)
def denosumab_discontinued(_order: None, patient: Facts) -> Outcome:
    """Zoledronic acid against the rebound; where something on record speaks against it none is proposed."""
    against = [said for one, said in AGAINST_AN_INFUSION.items() if one(None, patient).holds is False]
    not_known = [said for one, said in AGAINST_AN_INFUSION.items() if one(None, patient).holds is None]
    stopped = (entry for entry in denosumab(patient).entries if entry.stopped)
    shown = basis_of((one for one in AGAINST_AN_INFUSION if one(None, patient).holds is False), None, patient)
    if against:
        summary = _("Denosumab stopped: risk of rebound, specialist advice")
        proposal = _("Ask for specialist advice; no infusion is proposed: {reasons}.", reasons=tuple(against))
    else:
        summary = _("Denosumab stopped: risk of rebound")
        proposal = _(
            "Plan one or more infusions of zoledronic acid at the end of treatment (expert agreement), CTX follow-up, "
            "specialist advice.",
        )
    return warning(
        summary,
        proposal,
        rests_on=(*stopped, *shown, *bone_metastasis(None, patient).basis),
        remarks=[_("Could not be looked up: {what}.", what=tuple(not_known))] if not_known else (),
    )


# --- duration ---------------------------------------------------------------------------------------------------------


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
        not_end_of_life,
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
    if course.days == course.most_days == 0:
        summary = _("Antiresorptive stopped after one dose: at least {years} years are advised", years=ADVISED_YEARS)
    elif course.days == course.most_days:
        summary = _(
            "Antiresorptive stopped after {time}: at least {years} years are advised",
            time=a_time(course.days),
            years=ADVISED_YEARS,
        )
    else:
        summary = _(
            "Antiresorptive stopped after {time} at most: at least {years} years are advised",
            time=a_time(course.most_days),
            years=ADVISED_YEARS,
        )
    return info(
        summary,
        _("Consider going on: at least {years} years, then case by case.", years=ADVISED_YEARS),
        rests_on=(*first_exposures(patient), *bone_metastasis(None, patient).basis),
        beside=[summary],
    )


CONTINUES = _("the order continues an antiresorptive")


@condition(
    _("a bone metastasis is on record; of an order: it continues an antiresorptive"),
    reads=bone_metastasis.reads | is_start.reads | not_end_of_life.reads,
)
def continues_or_is_viewed(order: DrugOrder | None, patient: Facts) -> Truth:
    """Of an order that it is no start; of a patient who is viewed that a bone metastasis is on record, and life goes on."""
    if order is None:
        if not_end_of_life(None, patient).holds is False:
            return not_end_of_life(None, patient)
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
            "Reassess with specialist advice: new bone events, fracture risk and CTX ({fasting}) against hypocalcaemia and jaw "
            "osteonecrosis, which rises sharply after 24 months; take tobacco and alcohol into account.",
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
        _("Tell the patient: {how}. Resorption markers vary with food and with the hour.", how=FASTING),
        rests_on=[order],
        offers=[UpdateOrder(order, (SetInstruction(FASTING),))],
    )
