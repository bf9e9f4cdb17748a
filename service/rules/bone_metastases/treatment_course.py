"""Starting, continuing and stopping an antiresorptive (RAO, traitement osseux systémique §2.2, §2.4 and box)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from mappings.facts import ActOrder, Course, Exposure, Exposures, Facts, Known, Order, Unavailable, known
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import PHOSPHATE
from mappings.wording import Text, _
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    ANTIRESORPTIVE,
    ROWS,
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    Condition,
    Trigger,
    already_ordered,
    antiresorptives,
    bone_metastasis,
    both,
    either,
    is_absent,
    is_start,
    negated,
    on,
    orders_of,
    rule,
    skeletal_event,
    skeletal_events,
    that,
    too_old,
    unless_all,
)
from service.rules.offers import Offer, OrderAnalyte, SetInstruction, UpdateOrder
from service.rules.outcome import Advice, Indicator, Outcome, Silence

SHORT_EXPECTANCY_DAYS = Decimal(90)
"""3 months (ESMO, cited in RAO §2.2), a month counted as 30 days."""

TWO_YEARS_DAYS = 730
"""At least 2 years are advised (RAO box); reassessment after them (RAO §2.4)."""

CTX_DRAFT = Trigger(_("draft order of CTX"), lambda order: isinstance(order, ActOrder) and "ctx" in order.analytes)

NO_DATED_COURSE = Silence(_("no dose is dated"))

FASTING = _("fasting, before 9 in the morning")


@rule(
    "antiresorptive-not-started",
    title=_(
        "An antiresorptive is started as soon as a bone metastasis is found",
    ),
    citations=(rao("systemic", "§2.2, box"),),
    patient_view=True,
    needs=(
        "conditions",
        "exposures",
        "orders",
        "finding",
        "procedures",
        "imaging",
        "vitamin_d",
        "calcium",
        "phosphate",
        "clearance",
    ),
    severest=Indicator.WARNING,
    about_course=True,
    reading=_(
        "ESMO asks for a life expectancy above 3 months, the box sets no limit: both are said. After a skeletal event the "
        "expectancy does not count.",
    ),
)
def antiresorptive_not_started(_order: Order | None, patient: Facts) -> Outcome:
    """A bone metastasis on record, and never an antiresorptive."""
    exposures = antiresorptives(patient)
    event = skeletal_event(patient)
    expectancy = patient.finding("life-expectancy")
    short = expectancy.test(lambda found: None if found.bounds is None else found.bounds.at_most(SHORT_EXPECTANCY_DAYS))
    planned = bool(orders_of(patient, sets.ANTIRESORPTIVES)) or any(entry.planned for entry in exposures.entries)
    blocked = unless_all(
        bone_metastasis(patient),
        that(
            _("no antiresorptive was ever given"),
            negated(exposures.ever),
            exposures,
        ),
        that(_("none is ordered or planned"), not planned),
        that(
            _(
                "life expectancy is not recorded as 3 months or less, or a skeletal event is on record",
            ),
            either(negated(short), event),
            expectancy,
            patient.procedures,
        ),
    )
    if blocked:
        return blocked
    missing = _missing_prerequisites(patient)
    detail = [
        _(
            "Start as soon as a bone metastasis is found when life expectancy is above 3 months (ESMO; the "
            "referential sets no "
            "limit), and after any skeletal event whatever the expectancy.",
        )
    ]
    if missing:
        detail.append(_("Prerequisites still missing: {missing}.", missing=missing))
    if event:
        summary = _(
            "Bone metastasis with a skeletal event: no antiresorptive started",
        )
        basis = (*bone_metastasis(patient).basis, *skeletal_events(patient)[:1])
        return Advice(Indicator.WARNING, summary, tuple(detail), basis)
    summary = _("Bone metastasis: no antiresorptive started")
    return Advice(Indicator.INFO, summary, tuple(detail), (*bone_metastasis(patient).basis, *too_old(expectancy)))


def _missing_prerequisites(patient: Facts) -> tuple[Text, ...]:
    """What would be missing before a first dose; only what is known to be missing."""
    checks = (
        (is_absent(patient.vitamin_d), _("25-OH vitamin D")),
        (is_absent(patient.calcium), _("calcium")),
        (is_absent(patient.result(PHOSPHATE)), _("phosphate")),
        (is_absent(patient.clearance), _("creatinine clearance")),
        (_never_since(patient, sets.DENTAL_EXAMINATION), _("dental examination")),
        (_never_since(patient, sets.ORTHOPANTOMOGRAM), _("orthopantomogram")),
    )
    return tuple(name for missing, name in checks if missing)


def _never_since(patient: Facts, concepts: frozenset[str]) -> bool | None:
    limit = settings_of(patient).dental_valid_days

    def recent(acts: object) -> bool | None:
        return acts.any(  # type: ignore[attr-defined, no-any-return]
            lambda act: act.is_any(concepts) and (act.when is None or (patient.today - act.when.last).days <= limit)
        )

    return negated(either(recent(patient.procedures), recent(patient.imaging)))


# --- denosumab, late or stopped ---------------------------------------------------------------------------------------


@rule(
    "denosumab-overdue",
    title=_("Denosumab is given regularly: it has no inertia"),
    citations=(rao("systemic", "§2.4"),),
    patient_view=True,
    needs=("conditions", "exposures"),
    severest=Indicator.WARNING,
    problem="antiresorptive-course",
)
def denosumab_overdue(_order: Order | None, patient: Facts) -> Outcome:
    """Denosumab given and not stopped, its last dose 36 to 365 days ago."""
    denosumab = patient.exposures.of(sets.DENOSUMAB)
    last = denosumab.last_dose
    overdue, within = settings_of(patient).overdue_after_days, settings_of(patient).stopped_within_days
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        metastasis,
        that(
            _(
                "the last dose of denosumab is {overdue} to {within} days ago",
                overdue=overdue,
                within=within,
            ),
            last.test(lambda entry: _days_ago(entry, patient, overdue, within)),
            last,
        ),
        that(_("denosumab is not stopped"), negated(denosumab.stopped), denosumab),
    )
    if blocked:
        return blocked
    last = known(last)
    return Advice(
        Indicator.WARNING,
        _(
            "Denosumab is overdue: last dose {when}",
            when=on(last.value.last_dose),
        ),
        (
            _(
                "Monthly and regular: the effect is lost quickly when a dose is late.",
            ),
        ),
        (last.value, *metastasis.basis),
        remarks=last.remarks,
    )


def _days_ago(entry: Exposure, patient: Facts, first: int, last: int) -> bool | None:
    """Any day of the last dose falls that many days before today; None where it is not dated."""
    dose = entry.last_dose
    if dose is None:
        return None
    return (patient.today - dose.last).days <= last and (patient.today - dose.first).days >= first


@rule(
    "denosumab-discontinued",
    title=_(
        "Stopping denosumab calls for zoledronic acid against the rebound",
    ),
    citations=(rao("systemic", "§2.4"),),
    patient_view=True,
    needs=("conditions", "exposures", "clearance", "orders"),
    severest=Indicator.WARNING,
    problem="antiresorptive-course",
    about_course=True,
)
def denosumab_discontinued(_order: Order | None, patient: Facts) -> Outcome:
    """Denosumab stopped in the last 365 days, and no zoledronic acid since the last dose nor ordered."""
    denosumab = patient.exposures.of(sets.DENOSUMAB)
    zoledronate = patient.exposures.of(sets.ZOLEDRONIC_ACID)
    within = settings_of(patient).stopped_within_days
    since = _newest_dose(denosumab)
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        metastasis,
        that(_("denosumab is stopped"), denosumab.stopped, denosumab),
        that(
            _(
                "its last dose or stop is in the last {within} days",
                within=within,
            ),
            denosumab.any(lambda entry: _ended_within(entry, patient, within)),
            denosumab,
        ),
        that(
            _("no zoledronic acid was given since"),
            negated(zoledronate.any(lambda entry: _given_since(entry, since))),
            zoledronate,
        ),
        that(
            _("no zoledronic acid is ordered or planned"),
            not orders_of(patient, sets.ZOLEDRONIC_ACID) and not any(entry.planned for entry in zoledronate.entries),
        ),
    )
    if blocked:
        return blocked
    clearance = patient.clearance
    severe = clearance.test(lambda value: value.bounds.below(SEVERE_RENAL_IMPAIRMENT_BELOW))
    if severe:
        proposal = _(
            "Clearance below 30 mL/min: no infusion of zoledronic acid is proposed; specialist advice.",
        )
    else:
        proposal = _(
            "One or more infusions of zoledronic acid at the end of treatment (expert agreement), CTX follow-up, "
            "specialist advice.",
        )
    stopped = tuple(entry for entry in denosumab.entries if entry.stopped)
    remarks: tuple[Text, ...] = ()
    if isinstance(clearance, Unavailable):
        remarks = (_("Renal function could not be looked up."),)
    return Advice(
        Indicator.WARNING,
        _("Denosumab stopped: risk of rebound"),
        (proposal,),
        (*stopped, *((clearance,) if isinstance(clearance, Known) else ()), *metastasis.basis),
        remarks=remarks,
    )


def _newest_dose(exposures: Exposures) -> date | None:
    """The first day that the last dose may have been, as far as one is dated."""
    return max((entry.last_dose.first for entry in exposures.entries if entry.last_dose is not None), default=None)


def _ended_within(entry: Exposure, patient: Facts, days: int) -> bool:
    """A dated dose or end in the window, or an undated end that was written in the last year."""
    if entry.last_dose is None:
        return entry.last_dose_undated
    return (patient.today - entry.last_dose.last).days <= days


def _given_since(entry: Exposure, since: date | None) -> bool | None:
    """Going on, or a dose not certainly before that day; None where one of the two is not dated."""
    if entry.ongoing:
        return True
    if entry.last_dose is None:
        return None if entry.last_dose_undated else False
    return None if since is None else entry.last_dose.last >= since


# --- duration ---------------------------------------------------------------------------------------------------------


@rule(
    "antiresorptive-stopped-early",
    title=_(
        "An antiresorptive is continued for at least 2 years, then case by case",
    ),
    citations=(rao("systemic", "box"),),
    patient_view=True,
    needs=("conditions", "exposures", "orders", "calcium", "clearance"),
    severest=Indicator.INFO,
    problem="antiresorptive-course",
    about_course=True,
    reading=_(
        "Oligometastatic: 2 years, then stopping is considered (§2.4); else at least 2 years (box): each in its "
        "situation.",
    ),
)
def antiresorptive_stopped_early(_order: Order | None, patient: Facts) -> Outcome:
    """Stopped, or given more than 120 days ago with nothing ongoing or planned, after less than 2 years."""
    exposures = antiresorptives(patient)
    course = exposures.last_course
    planned = bool(orders_of(patient, sets.ANTIRESORPTIVES)) or any(entry.planned for entry in exposures.entries)
    reasons = _reasons_to_stop(patient)
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        metastasis,
        that(
            _(
                "an antiresorptive was stopped, or its last dose is more than {days} days ago",
                days=settings_of(patient).on_treatment_days,
            ),
            either(exposures.stopped, both(_dosed(exposures), negated(exposures.on_treatment))),
            exposures,
        ),
        that(_("none is ordered or planned"), not planned),
        that(
            _("the course lasted less than 730 days"),
            _shorter(course),
            exposures,
        ),
        *reasons,
    )
    if blocked or course is None:
        return blocked or NO_DATED_COURSE
    return Advice(
        Indicator.INFO,
        _(
            "Antiresorptive stopped after {days} days: at least 2 years are advised",
            days=course.days,
        )
        if course.days == course.most_days
        else _(
            "Antiresorptive stopped after {days} days at most: at least 2 years are advised",
            days=course.most_days,
        ),
        (
            _(
                "Given from {first} to {last}. At least 2 years, then case by case.",
                first=course.first,
                last=course.last,
            )
            if course.days == course.most_days
            else _(
                "Given since {first}, last dose not dated. At least 2 years, then case by case.",
                first=course.first,
            ),
        ),
        (*_given(exposures), *metastasis.basis),
    )


def _given(exposures: Exposures) -> tuple[Exposure, ...]:
    """The first few exposures, for the card."""
    return tuple(entry for entry in exposures.entries if not entry.planned)[:3]


def _dosed(exposures: Exposures) -> bool | None:
    """A dose on a known day is on record; an open order without a date is none."""
    return exposures.any(lambda entry: entry.last_dose is not None)


def _shorter(course: Course | None) -> bool | None:
    """Less than two years; unknown where nothing is dated, or where an end that is not dated may lie on either side."""
    if course is None or course.days < TWO_YEARS_DAYS <= course.most_days:
        return None
    return course.days < TWO_YEARS_DAYS


def _two_years(course: Course | None, exposures: Exposures) -> bool | None:
    """At least two years; a gap, or an end that is not dated, may hide them."""
    if course is not None and course.days >= TWO_YEARS_DAYS:
        return True
    return None if exposures.gaps or (course is not None and course.most_days >= TWO_YEARS_DAYS) else False


def _reasons_to_stop(patient: Facts) -> tuple[Condition, ...]:
    """No jaw osteonecrosis, no hypocalcaemia, no clearance below 30 on record."""
    calcium, clearance = patient.calcium, patient.clearance
    low = calcium.test(lambda value: value.low)
    hypocalcaemia = either(patient.conditions.any(lambda one: one.active and one.is_any(sets.HYPOCALCAEMIA)), low)
    return (
        that(
            _("no osteonecrosis of the jaw is on record"),
            negated(patient.conditions.any(lambda one: one.is_any(sets.OSTEONECROSIS_OF_JAW))),
            patient.conditions,
        ),
        that(
            _("no hypocalcaemia is on record"),
            negated(hypocalcaemia),
            calcium,
            patient.conditions,
        ),
        that(
            _("no clearance below 30 mL/min is on record"),
            negated(clearance.test(lambda value: value.bounds.below(SEVERE_RENAL_IMPAIRMENT_BELOW))),
            clearance,
        ),
    )


@rule(
    "antiresorptive-two-years",
    title=_("After 2 years an antiresorptive is reassessed"),
    citations=(rao("systemic", "§2.4"), rao("general", "§3")),
    trigger=ANTIRESORPTIVE,
    patient_view=True,
    needs=("conditions", "exposures", "orders"),
    severest=Indicator.INFO,
)
def antiresorptive_two_years(order: Order | None, patient: Facts) -> Outcome:
    """At least 730 days from the first to the last exposure, without a gap of more than 365."""
    exposures = antiresorptives(patient)
    course = exposures.last_course
    conditions = [
        that(
            _("antiresorptives were given for 730 days or more"),
            _two_years(course, exposures),
            exposures,
        )
    ]
    metastasis = bone_metastasis(patient)
    if order is None:
        conditions.append(metastasis)
    else:
        start = is_start(patient)
        conditions.append(
            that(
                _("the order continues an antiresorptive"),
                negated(start.holds),
                *start.basis,
            )
        )
    blocked = unless_all(*conditions)
    if blocked or course is None:
        return blocked or NO_DATED_COURSE
    offers: tuple[Offer, ...] = () if already_ordered(patient, "ctx") else (OrderAnalyte(ROWS["ctx"]),)
    return Advice(
        Indicator.INFO,
        _(
            "Antiresorptive since {first}: reassess after 2 years",
            first=course.first,
        ),
        (
            _(
                "With specialist advice, weigh new bone events, fracture risk and CTX ({fasting}) against hypocalcaemia and jaw "
                "osteonecrosis, which rises sharply after 24 months; tobacco and alcohol count.",
                fasting=FASTING,
            ),
        ),
        (*_given(exposures), *(metastasis.basis if order is None else ())),
        offers,
    )


@rule(
    "ctx-sampling",
    title=_("CTX is sampled fasting, before 9 in the morning"),
    citations=(rao("general", "§3"),),
    trigger=CTX_DRAFT,
    needs=(),
    severest=Indicator.INFO,
)
def ctx_sampling(order: ActOrder, _patient: Facts) -> Outcome:
    """A draft order of CTX that does not say it already."""
    said = order.instruction.casefold()
    blocked = unless_all(
        that(
            _(
                "the order does not yet say: {fasting}",
                fasting=FASTING,
            ),
            not (any(word in said for word in ("fasting", "jeun")) and "9" in said),
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _("CTX: sample fasting, before 9 in the morning"),
        (
            _(
                "Resorption markers vary with food and with the hour.",
            ),
        ),
        (order,),
        (UpdateOrder(order, (SetInstruction(FASTING),)),),
    )
