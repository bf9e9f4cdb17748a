"""Radiotherapy and systemic treatment together (RAO, radiothérapie §3, Tableau 6; chimiothérapie §2; chirurgie §3).

Two directions, one set of windows: an order of radiotherapy looks back and ahead at drugs, an order of a drug looks at
radiotherapy given, under way or planned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from mappings import concept_sets as sets
from mappings.dates import When
from mappings.facts import (
    Act,
    Collected,
    Drug,
    Exposure,
    Exposures,
    Facts,
    Order,
    RadiotherapyCourse,
    Target,
)
from mappings.facts.bones import SPINE, includes
from mappings.radiotherapy import reckoned_end
from mappings.wording import Text
from service.rules.citation import rao
from service.rules.offers import Offer, StartOn, UpdateOrder
from service.rules.outcome import Advice, Basis, CannotTell, Indicator, Outcome, Silence, unless_all
from service.rules.rule import Trigger, rule
from service.rules.situations import (
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    URGENCY_NEEDS,
    bone_metastasis_on_record,
    both,
    clearance_below,
    drug_order,
    either,
    is_bone_metastasis_surgery,
    is_urgent,
    planned_remarks,
    that,
)

RADIOTHERAPY_DRAFT = Trigger(
    Text("draft order of external radiotherapy", "prescription de radiothérapie externe"),
    lambda order: order.radiotherapy is not None,
)
RADIOSENSITISER_DRAFT = drug_order(
    Text("draft order of a radiosensitiser", "prescription d'un radiosensibilisant"), sets.RADIOSENSITISERS
)

LOOK_BACK_DAYS = 28
"""How far back a drug without a figure is looked for; a setting of ours."""

URGENT_GEMCITABINE_DAYS = 8
"""The window of gemcitabine is never shortened below this (RAO, Tableau 6)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Days between a radiosensitiser and radiotherapy, the same before and after; `figure` when the source gives it."""

    days: int
    figure: bool = True
    shortened: bool = False


WINDOWS: tuple[tuple[frozenset[str], Window], ...] = (
    (sets.GEMCITABINE, Window(28, shortened=True)),
    (sets.BEVACIZUMAB, Window(28)),
    (sets.BLEOMYCIN, Window(LOOK_BACK_DAYS, figure=False)),
    (sets.SYSTEMIC_ANTIANGIOGENICS - sets.BEVACIZUMAB, Window(LOOK_BACK_DAYS, figure=False)),
    (sets.DOXORUBICIN, Window(8)),
)
"""RAO Tableau 6 and §3.1; of a combination the strictest drug counts."""


def window_of(drug: Drug) -> Window | None:
    """The window of a radiosensitiser; None for any other drug."""
    return next((window for concepts, window in WINDOWS if drug.is_any(concepts)), None)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One drug and one radiotherapy that come too close.

    `gap` is the fewest days between them (None: not dated), `earliest` the first day of the order in question that
    respects the window, `other_earliest` that of another draft which is the one to move.
    """

    drug: Text
    window: Window
    gap: int | None
    line: Text
    earliest: date | None = None
    other_earliest: tuple[Order, date] | None = None
    undated: bool = False
    basis: tuple[Basis, ...] = ()

    def level(self, *, urgent: bool) -> Indicator:
        """Critical; for gemcitabine on an urgent order from 8 days on, and for an undated act, warning."""
        if self.undated:
            return Indicator.WARNING
        shortened = urgent and self.window.shortened and self.gap is not None
        if shortened and self.gap is not None and self.gap >= URGENT_GEMCITABINE_DAYS:
            return Indicator.WARNING
        return Indicator.CRITICAL


def _days_between(earlier: When, later: When) -> int:
    """The fewest days that may lie between two acts, partial dates read as intervals."""
    return (later.first - earlier.last).days


# --- radiotherapy ordered ---------------------------------------------------------------------------------------------


@rule(
    "radiosensitiser-before-radiotherapy",
    title=Text(
        "A radiosensitiser is held for its window before radiotherapy",
        "Un radiosensibilisant est suspendu pendant sa fenêtre avant la radiothérapie",
    ),
    citations=(rao("radiotherapy", "§3.1, Tableau 6, box"),),
    trigger=RADIOTHERAPY_DRAFT,
    needs=("exposures", "orders", "radiotherapy_orders", *URGENCY_NEEDS),
    severest=Indicator.CRITICAL,
    reading=Text(
        "For bleomycin and anti-angiogenics other than bevacizumab the source asks for a strict interval without a figure: we "
        "look 28 days back and give no date. Theory says five half-lives; Tableau 6 gives weeks and is used.",
        "Pour la bléomycine et les anti-angiogéniques autres que le bévacizumab la source demande un intervalle strict sans "
        "chiffre : nous regardons 28 jours en arrière sans donner de date. La théorie dit cinq demi-vies ; le Tableau 6 donne "
        "des semaines et est utilisé.",
    ),
)
def radiosensitiser_before_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """Radiotherapy ordered while a radiosensitiser is ongoing, was given, or is planned within its window."""
    exposures = patient.exposures.of(sets.RADIOSENSITISERS)
    conflicts = [*_given_before(order, exposures), *_drafted_before(order, patient)]
    blocked = unless_all(
        that(
            Text(
                "a radiosensitiser is ongoing, or was or will be given within its window of the radiotherapy",
                "un radiosensibilisant est en cours, ou a été ou sera donné dans sa fenêtre autour de la radiothérapie",
            ),
            True if conflicts else (None if exposures.gaps else False),
            exposures,
        )
    )
    if blocked:
        return blocked
    urgent = is_urgent(order, patient)
    return _conflict_advice(order, conflicts, _before_summary(conflicts), urgent=urgent)


def _given_before(order: Order, exposures: Exposures) -> Iterator[Conflict]:
    start = order.planned.when
    end = _end_of(order)
    for entry in exposures.entries:
        window = window_of(entry.drug)
        if window is None:
            continue
        if entry.planned:
            yield from _planned_around(entry, window, start, end)
        elif entry.ongoing:
            line = Text(
                "{drug}: ongoing; the window runs from the last dose",
                "{drug} : en cours ; la fenêtre court depuis la dernière dose",
                drug=entry.drug.name,
            )
            yield Conflict(entry.drug.name, window, None, line, basis=(entry,))
        elif entry.last_dose is not None:
            gap = _days_between(entry.last_dose, start)
            if gap < window.days:
                yield _last_dose_conflict(entry, entry.last_dose, window, gap, start)
        elif entry.last_dose_undated:
            line = Text("{drug}: last dose not dated", "{drug} : dernière dose non datée", drug=entry.drug.name)
            yield Conflict(entry.drug.name, window, None, line, undated=True, basis=(entry,))


def _end_of(order: Order) -> When:
    """The end of a radiotherapy order: its start and fractions at five a week, else its start."""
    volume = order.radiotherapy.highest if order.radiotherapy is not None else None
    end = reckoned_end(order.planned.when, volume.fractions if volume is not None else None)
    return end or order.planned.when


def _planned_around(entry: Exposure, window: Window, start: When, end: When) -> Iterator[Conflict]:
    if entry.first is None:
        return
    before, after = _days_between(entry.first, start), _days_between(end, entry.first)
    line = Text("{drug}: planned on {when}", "{drug} : prévu le {when}", drug=entry.drug.name, when=entry.first)
    if 0 <= before < window.days:
        earliest = entry.first.last + timedelta(days=window.days) if window.figure else None
        yield Conflict(entry.drug.name, window, before, line, earliest, basis=(entry,))
    elif before < 0 and after < window.days:
        yield Conflict(entry.drug.name, window, max(after, 0), line, basis=(entry,))


def _last_dose_conflict(entry: Exposure, last_dose: When, window: Window, gap: int, start: When) -> Conflict:
    if not window.figure:
        line = Text(
            "{drug}: last dose {last}, radiotherapy planned {start}; strict interval, no figure in the referential, five "
            "half-lives in theory",
            "{drug} : dernière dose {last}, radiothérapie prévue {start} ; intervalle strict, sans chiffre dans le référentiel, "
            "cinq demi-vies en théorie",
            drug=entry.drug.name,
            last=last_dose,
            start=start,
        )
        return Conflict(entry.drug.name, window, gap, line, basis=(entry,))
    earliest = last_dose.last + timedelta(days=window.days)
    line = Text(
        "{drug}: last dose {last}, radiotherapy planned {start}, earliest start {earliest} ({days} days)",
        "{drug} : dernière dose {last}, radiothérapie prévue {start}, début au plus tôt {earliest} ({days} jours)",
        drug=entry.drug.name,
        last=last_dose,
        start=start,
        earliest=earliest,
        days=window.days,
    )
    return Conflict(entry.drug.name, window, gap, line, earliest, basis=(entry,))


def _drafted_before(order: Order, patient: Facts) -> Iterator[Conflict]:
    """Drafts of a radiosensitiser that come before the radiotherapy, or on the same day."""
    start = order.planned.when
    for other in patient.orders:
        window = window_of(other.drug) if other.draft and other.drug is not None else None
        if window is None:
            continue
        gap = _days_between(other.planned.when, start)
        if not 0 <= gap < window.days:
            continue
        repeating = other.dosage.repeating
        earliest = None
        if window.figure and not repeating:
            earliest = other.planned.when.last + timedelta(days=window.days)
        line = Text(
            "{drug}: ordered from {when}; the window runs from its last dose",
            "{drug} : prescrit à partir du {when} ; la fenêtre court depuis sa dernière dose",
            drug=other.name,
            when=other.planned.when,
        )
        yield Conflict(other.name, window, gap, line, earliest, basis=(other,))


def _before_summary(conflicts: list[Conflict]) -> Text:
    drugs = tuple(dict.fromkeys(conflict.drug for conflict in conflicts))
    windows = {conflict.window for conflict in conflicts}
    window = next(iter(windows))
    if len(windows) == 1 and window.figure:
        return Text(
            "Hold {drugs} {interval} before RT",
            "{drugs} : à suspendre {interval} avant la radiothérapie",
            drugs=drugs,
            interval=_interval(window),
        )
    if not any(one.figure for one in windows):
        return Text(
            "Hold {drugs} before RT: strict interval, no figure",
            "{drugs} : à suspendre avant la radiothérapie, intervalle strict sans chiffre",
            drugs=drugs,
        )
    return Text(
        "Hold {drugs} before RT, each for its window",
        "{drugs} : à suspendre avant la radiothérapie, chacun sa fenêtre",
        drugs=drugs,
    )


def _interval(window: Window) -> Text:
    if window.days % 7 == 0:
        return Text("{weeks} weeks", "{weeks} semaines", weeks=window.days // 7)
    return Text("{days} days", "{days} jours", days=window.days)


SOMETIMES_FATAL = Text(
    "The combination has caused severe, sometimes fatal toxicity.",
    "L'association a causé des toxicités sévères, parfois mortelles.",
)


def _conflict_advice(order: Order, conflicts: list[Conflict], summary: Text, *, urgent: bool) -> Advice:
    """One card of all conflicts of an order: a line each, the latest earliest date, the most severe level."""
    indicator = max((conflict.level(urgent=urgent) for conflict in conflicts), key=lambda level: level.rank)
    detail = [*(conflict.line for conflict in conflicts), SOMETIMES_FATAL]
    shortened = [one for one in conflicts if urgent and one.window.shortened and one.gap is not None]
    if shortened and any((one.gap or 0) >= URGENT_GEMCITABINE_DAYS for one in shortened):
        detail.append(
            Text(
                "Urgent: the window of gemcitabine may be shortened with the situation, never under 8 days ({eight}); 28 days: {full}.",
                "Urgence : la fenêtre de la gemcitabine peut être raccourcie selon la situation, jamais sous 8 jours ({eight}) ; "
                "28 jours : {full}.",
                eight=_date_of(shortened, URGENT_GEMCITABINE_DAYS),
                full=_date_of(shortened, 28),
            )
        )
    offers: tuple[Offer, ...] = ()
    moved = tuple(UpdateOrder(one, (StartOn(day),)) for one, day in _others(conflicts))
    dated = [conflict.earliest for conflict in conflicts if conflict.other_earliest is None]
    latest = max((day for day in dated if day is not None), default=None)
    if latest is not None and None not in dated and latest > order.planned.when.first:
        offers = (UpdateOrder(order, (StartOn(latest),)),)
    offers = (*offers, *moved)
    basis = tuple(one for conflict in conflicts for one in conflict.basis)
    return Advice(indicator, summary, tuple(detail), basis, offers, planned_remarks(order))


def _others(conflicts: list[Conflict]) -> Iterator[tuple[Order, date]]:
    return (conflict.other_earliest for conflict in conflicts if conflict.other_earliest is not None)


def _date_of(conflicts: list[Conflict], days: int) -> date | str:
    """The day that lies so many days after the act that the window runs from."""
    dates = [one.earliest - timedelta(days=one.window.days - days) for one in conflicts if one.earliest is not None]
    return max(dates) if dates else "?"


# --- a radiosensitiser ordered ----------------------------------------------------------------------------------------


@rule(
    "radiosensitiser-after-radiotherapy",
    title=Text(
        "A radiosensitiser is held for its window after radiotherapy, and before planned radiotherapy",
        "Un radiosensibilisant est suspendu pendant sa fenêtre après une radiothérapie, et avant celle prévue",
    ),
    citations=(rao("radiotherapy", "§3.1, Tableau 6, box"),),
    trigger=RADIOSENSITISER_DRAFT,
    needs=("radiotherapies", "radiotherapy_orders", "orders", *URGENCY_NEEDS),
    severest=Indicator.CRITICAL,
)
def radiosensitiser_after_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """A radiosensitiser ordered while radiotherapy is under way, ended, or is planned within its window."""
    window = window_of(order.drug) if order.drug is not None else None
    if window is None:
        return Silence(Text("the drug has no window", "ce médicament n'a pas de fenêtre"))
    conflicts = list(_courses_around(order, window, patient.radiotherapies))
    for other in patient.radiotherapy_orders:
        conflicts += _planned_radiotherapy(order, window, other)
    gaps = bool(patient.radiotherapies.gaps or patient.radiotherapy_orders.gaps)
    blocked = unless_all(
        that(
            Text(
                "radiotherapy is under way, or ended or is planned within the window of the drug",
                "une radiothérapie est en cours, ou finie ou prévue dans la fenêtre du médicament",
            ),
            True if conflicts else (None if gaps else False),
            patient.radiotherapies,
            patient.radiotherapy_orders,
        )
    )
    if blocked:
        return blocked
    summary = Text(
        "Hold {drug} {interval} around RT",
        "{drug} : à suspendre {interval} autour de la radiothérapie",
        drug=order.name,
        interval=_interval(window),
    )
    if not window.figure:
        summary = Text(
            "Hold {drug} around RT: strict interval, no figure",
            "{drug} : à suspendre autour de la radiothérapie, intervalle strict sans chiffre",
            drug=order.name,
        )
    return _conflict_advice(order, conflicts, summary, urgent=is_urgent(order, patient))


def _courses_around(order: Order, window: Window, courses: Collected[RadiotherapyCourse]) -> Iterator[Conflict]:
    start = order.planned.when
    for course in courses:
        if course.undated:
            line = Text(
                "radiotherapy completed, not dated ({name})",
                "radiothérapie terminée, non datée ({name})",
                name=course.name,
            )
            yield Conflict(order.name, window, None, line, undated=True, basis=(_as_act(course),))
            continue
        end = course.planned_end if course.under_way else course.last
        if course.under_way and (end is None or end.last < start.first):
            # A course that is still under way has not ended, whatever its fractions said.
            line = Text("radiotherapy is under way ({name})", "radiothérapie en cours ({name})", name=course.name)
            earliest = None
            if end is not None and window.figure and end.last >= start.first:
                earliest = end.last + timedelta(days=window.days)
            yield Conflict(order.name, window, None, line, earliest, basis=(_as_act(course),))
            continue
        if end is None:
            continue
        gap = _days_between(end, start)
        if course.under_way or gap < window.days:
            earliest = end.last + timedelta(days=window.days) if window.figure else None
            yield Conflict(
                order.name, window, max(gap, 0), _after_line(order, end, earliest), earliest, basis=(_as_act(course),)
            )


def _after_line(order: Order, end: When, earliest: date | None) -> Text:
    if earliest is None:
        return Text(
            "radiotherapy ends {end}, {drug} planned {start}; strict interval, no figure in the referential",
            "radiothérapie finie {end}, {drug} prévu {start} ; intervalle strict, sans chiffre dans le référentiel",
            end=end,
            drug=order.name,
            start=order.planned.when,
        )
    return Text(
        "radiotherapy ends {end}, {drug} planned {start}, earliest {earliest}",
        "radiothérapie finie {end}, {drug} prévu {start}, au plus tôt {earliest}",
        end=end,
        drug=order.name,
        start=order.planned.when,
        earliest=earliest,
    )


def _as_act(course: RadiotherapyCourse) -> Act:
    source = course.sources[0] if course.sources else ""
    return Act(sets.RADIOTHERAPY, course.name, source, course.first, course.last, course.under_way)


def _planned_radiotherapy(order: Order, window: Window, other: Order) -> Iterator[Conflict]:
    """A radiotherapy order too close to the drug; of two drafts asked about, the radiotherapy has the card."""
    drug, radiotherapy = order.planned.when, other.planned.when
    if radiotherapy.first >= drug.first:
        gap = _days_between(drug, radiotherapy)
        if gap < window.days and not (other.draft and other.triggers):
            line = Text(
                "radiotherapy is planned on {when}", "une radiothérapie est prévue le {when}", when=radiotherapy
            )
            movable = other.draft and window.figure and not order.dosage.repeating
            moves = (other, drug.last + timedelta(days=window.days)) if movable else None
            yield Conflict(order.name, window, max(gap, 0), line, other_earliest=moves, basis=(other,))
        return
    end = _end_of(other)
    gap = _days_between(end, drug)
    if gap < window.days:
        earliest = end.last + timedelta(days=window.days) if window.figure else None
        yield Conflict(order.name, window, max(gap, 0), _after_line(order, end, earliest), earliest, basis=(other,))


# --- immunotherapy, tyrosine kinase inhibitors ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """A class of drugs beside bone radiotherapy, and how many days apart still count as together."""

    concepts: frozenset[str]
    days: int


IMMUNOTHERAPY = _Pair(sets.CHECKPOINT_INHIBITORS, 105)
TKI = _Pair(sets.TKIS_WITHOUT_ANTIANGIOGENICS, 14)


def _pair_trigger(pair: _Pair, name: Text) -> Trigger:
    return Trigger(
        name,
        lambda order: order.radiotherapy is not None or (order.drug is not None and order.is_any(pair.concepts)),
    )


def _concerns_bone(target: Target, patient: Facts) -> bool | None:
    """Bone; a target that is not stated counts with a bone metastasis on record."""
    if target is Target.UNSTATED:
        return bone_metastasis_on_record(patient)
    return target is Target.BONE


def _together(order: Order, patient: Facts, pair: _Pair) -> tuple[Silence | CannotTell | None, tuple[Basis, ...]]:
    """The other half of the pair, ordered, ongoing or close in time; or why there is none."""
    if order.radiotherapy is not None:
        return _drug_beside(order, patient, pair)
    return _bone_radiotherapy_beside(order, patient, pair.days)


def _drug_beside(order: Order, patient: Facts, pair: _Pair) -> tuple[Silence | CannotTell | None, tuple[Basis, ...]]:
    exposures = patient.exposures.of(pair.concepts)
    drafts = tuple(one for one in patient.orders if one.draft and one.drug is not None and one.is_any(pair.concepts))
    target = order.radiotherapy.target if order.radiotherapy is not None else Target.UNSTATED
    blocked = unless_all(
        that(
            Text(
                "the radiotherapy is of bone, or its target is not stated with a bone metastasis on record",
                "la radiothérapie porte sur l'os, ou sa cible n'est pas indiquée et une métastase osseuse est enregistrée",
            ),
            _concerns_bone(target, patient),
            patient.conditions,
        ),
        that(
            Text(
                "such a drug is ordered, ongoing or was given in the last {days} days",
                "un tel médicament est prescrit, en cours ou a été donné dans les {days} derniers jours",
                days=pair.days,
            ),
            True if drafts else _within(exposures, order.planned.when, pair.days),
            exposures,
        ),
    )
    return blocked, (*exposures.recent(pair.days), *drafts)


def _within(exposures: Exposures, planned: When, days: int) -> bool | None:
    """Ongoing, or the last dose at most so many days before the planned day."""

    def close(entry: Exposure) -> bool | None:
        if entry.ongoing:
            return True
        if entry.last_dose is not None:
            return _days_between(entry.last_dose, planned) <= days
        return None if entry.last_dose_undated else False

    return exposures.any(close)


def _bone_radiotherapy_beside(
    order: Order, patient: Facts, days: int
) -> tuple[Silence | CannotTell | None, tuple[Basis, ...]]:
    start = order.planned.when

    def close(course: RadiotherapyCourse) -> bool | None:
        if course.under_way:
            return _concerns_bone(course.target, patient)
        if course.last is None or _days_between(course.last, start) > days:
            return False
        return _concerns_bone(course.target, patient)

    def planned(other: Order) -> bool | None:
        if other.radiotherapy is None or abs(_days_between(start, other.planned.when)) > days:
            return False
        return _concerns_bone(other.radiotherapy.target, patient)

    courses, orders = patient.radiotherapies, patient.radiotherapy_orders
    blocked = unless_all(
        that(
            Text(
                "bone radiotherapy is under way, ended in the last {days} days or is planned in the next",
                "une radiothérapie osseuse est en cours, finie depuis moins de {days} jours ou prévue dans ce délai",
                days=days,
            ),
            either(courses.any(close), orders.any(planned)),
            courses,
            orders,
        )
    )
    found: list[Basis] = [_as_act(course) for course in courses if close(course)]
    found += [other for other in orders if planned(other)]
    return blocked, tuple(found)


@rule(
    "immunotherapy-with-radiotherapy",
    title=Text(
        "Immunotherapy and bone radiotherapy together: few data, tumour board",
        "Immunothérapie et radiothérapie osseuse ensemble : peu de données, RCP",
    ),
    citations=(rao("radiotherapy", "§3.1, Tableau 6"),),
    trigger=_pair_trigger(
        IMMUNOTHERAPY,
        Text(
            "draft order of radiotherapy, or of a checkpoint inhibitor",
            "prescription de radiothérapie, ou d'un inhibiteur de point de contrôle",
        ),
    ),
    needs=("exposures", "orders", "conditions", "radiotherapies", "radiotherapy_orders"),
    severest=Indicator.INFO,
    once=True,
)
def immunotherapy_with_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """Bone radiotherapy and a checkpoint inhibitor within 105 days."""
    blocked, basis = _together(order, patient, IMMUNOTHERAPY)
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Immunotherapy with radiotherapy: few data, tumour board (RCP-OOS)",
            "Immunothérapie avec radiothérapie : peu de données, RCP-OOS",
        ),
        (
            Text(
                "The first data on anti-PD-1 are reassuring; no routine combination. Tell the patient that data are lacking.",
                "Les premières données sur les anti-PD-1 sont rassurantes ; pas d'association de routine. Informer le patient que les "
                "données manquent.",
            ),
        ),
        basis,
    )


@rule(
    "tki-with-radiotherapy",
    title=Text(
        "A tyrosine kinase inhibitor and bone radiotherapy: a precaution interval, tumour board",
        "Inhibiteur de tyrosine kinase et radiothérapie osseuse : intervalle de précaution, RCP",
    ),
    citations=(rao("radiotherapy", "§3.1, Tableau 6"),),
    trigger=_pair_trigger(
        TKI,
        Text(
            "draft order of radiotherapy, or of a tyrosine kinase inhibitor",
            "prescription de radiothérapie, ou d'un inhibiteur de tyrosine kinase",
        ),
    ),
    needs=("exposures", "orders", "conditions", "radiotherapies", "radiotherapy_orders"),
    severest=Indicator.WARNING,
    once=True,
)
def tki_with_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """Bone radiotherapy and a tyrosine kinase inhibitor within 14 days."""
    blocked, basis = _together(order, patient, TKI)
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "TKI with radiotherapy: precaution interval, tumour board (RCP-OOS)",
            "TKI avec radiothérapie : intervalle de précaution, RCP-OOS",
        ),
        (Text("Few data: no routine combination.", "Peu de données : pas d'association de routine."),),
        basis,
    )


_STEREOTACTIC_PAIR = _Pair(sets.SYSTEMIC_ANTICANCER, 0)


def _is_ablative(order: Order) -> bool:
    prescribed = order.radiotherapy
    return prescribed is not None and (prescribed.stereotactic or prescribed.curative)


@rule(
    "stereotactic-with-systemic",
    title=Text(
        "Stereotactic or curative bone radiotherapy during systemic treatment: precaution",
        "Radiothérapie osseuse stéréotaxique ou curative sous traitement systémique : prudence",
    ),
    citations=(rao("radiotherapy", "§3.2, box"),),
    trigger=Trigger(
        Text(
            "draft order of stereotactic or curative radiotherapy, or of a systemic anticancer drug",
            "prescription de radiothérapie stéréotaxique ou curative, ou d'un anticancéreux systémique",
        ),
        lambda order: _is_ablative(order) or (order.drug is not None and order.is_any(sets.SYSTEMIC_ANTICANCER)),
    ),
    needs=("exposures", "orders", "conditions", "radiotherapies", "radiotherapy_orders"),
    severest=Indicator.INFO,
    once=True,
    yields_to=(
        "radiosensitiser-before-radiotherapy",
        "radiosensitiser-after-radiotherapy",
        "immunotherapy-with-radiotherapy",
        "tki-with-radiotherapy",
    ),
)
def stereotactic_with_systemic(order: Order, patient: Facts) -> Outcome:
    """Stereotactic or curative bone radiotherapy with a systemic anticancer drug ongoing, or the reverse."""
    if order.radiotherapy is not None:
        exposures = patient.exposures.of(sets.SYSTEMIC_ANTICANCER)
        drafts = tuple(
            one for one in patient.orders if one.draft and one.drug is not None and one.is_any(sets.SYSTEMIC_ANTICANCER)
        )
        blocked = unless_all(
            that(_OF_BONE, _concerns_bone(order.radiotherapy.target, patient), patient.conditions),
            that(
                Text(
                    "a systemic anticancer drug is ongoing or ordered",
                    "un anticancéreux systémique est en cours ou prescrit",
                ),
                True if drafts else exposures.ongoing,
                exposures,
            ),
        )
        basis: tuple[Basis, ...] = (*(entry for entry in exposures.entries if entry.ongoing), *drafts)
    else:
        courses, orders = patient.radiotherapies, patient.radiotherapy_orders

        def ablative_course(course: RadiotherapyCourse) -> bool | None:
            if not course.under_way or not course.stereotactic:
                return False
            return _concerns_bone(course.target, patient)

        def ablative_order(other: Order) -> bool | None:
            if not _is_ablative(other) or other.radiotherapy is None:
                return False
            return _concerns_bone(other.radiotherapy.target, patient)

        blocked = unless_all(
            that(
                Text(
                    "stereotactic or curative bone radiotherapy is under way or planned",
                    "une radiothérapie osseuse stéréotaxique ou curative est en cours ou prévue",
                ),
                either(courses.any(ablative_course), orders.any(ablative_order)),
                courses,
                orders,
            )
        )
        basis = tuple(_as_act(course) for course in courses if ablative_course(course))
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Stereotactic or curative RT with a systemic drug: few trials, precaution",
            "Radiothérapie stéréotaxique ou curative sous traitement systémique : peu d'essais, prudence",
        ),
        (
            Text(
                "The shorter course allows a shorter pause of the drug.",
                "Le traitement plus court permet une pause plus courte du médicament.",
            ),
        ),
        basis,
    )


_OF_BONE = Text(
    "the radiotherapy is of bone, or its target is not stated with a bone metastasis on record",
    "la radiothérapie porte sur l'os, ou sa cible n'est pas indiquée et une métastase osseuse est enregistrée",
)


# --- systemic drugs and the kidney ------------------------------------------------------------------------------------


def _known_severe_impairment(patient: Facts) -> Silence | CannotTell | None:
    return unless_all(clearance_below(patient, SEVERE_RENAL_IMPAIRMENT_BELOW))


@rule(
    "tki-severe-renal-impairment",
    title=Text(
        "Tyrosine kinase inhibitors are not advised in severe renal impairment",
        "Les inhibiteurs de tyrosine kinase sont déconseillés en insuffisance rénale sévère",
    ),
    citations=(rao("drugs", "§2"),),
    trigger=drug_order(
        Text("draft order of a tyrosine kinase inhibitor", "prescription d'un inhibiteur de tyrosine kinase"),
        sets.TYROSINE_KINASE_INHIBITORS,
    ),
    needs=("clearance",),
    severest=Indicator.WARNING,
    reading=Text("«Severe» is put at 30 mL/min, as in §2.4.", "«Sévère» est fixé à 30 mL/min, comme au §2.4."),
)
def tki_severe_renal_impairment(order: Order, patient: Facts) -> Outcome:
    """A tyrosine kinase inhibitor ordered with a clearance below 30 mL/min."""
    blocked = _known_severe_impairment(patient)
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "{drug}: not advised, creatinine clearance below 30 mL/min",
            "{drug} : déconseillé, clairance de la créatinine inférieure à 30 mL/min",
            drug=order.name,
        ),
        (
            Text(
                "Mild or moderate impairment needs no dose change; severe impairment is another matter.",
                "Une insuffisance légère ou modérée ne demande pas d'adaptation ; la sévère, si.",
            ),
        ),
        (patient.clearance,),
    )


@rule(
    "chemotherapy-severe-renal-impairment",
    title=Text(
        "Doses of chemotherapy are lowered in severe renal impairment",
        "Les doses de chimiothérapie sont réduites en insuffisance rénale sévère",
    ),
    citations=(rao("drugs", "§2"),),
    trigger=drug_order(Text("draft order of a cytotoxic", "prescription d'un cytotoxique"), sets.CYTOTOXICS),
    needs=("clearance",),
    severest=Indicator.WARNING,
)
def chemotherapy_severe_renal_impairment(order: Order, patient: Facts) -> Outcome:
    """A cytotoxic ordered with a clearance below 30 mL/min."""
    blocked = _known_severe_impairment(patient)
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "{drug}: creatinine clearance below 30 mL/min, lower the dose",
            "{drug} : clairance de la créatinine inférieure à 30 mL/min, réduire la dose",
            drug=order.name,
        ),
        (Text("A bisphosphonate is usually stopped.", "Un bisphosphonate est habituellement arrêté."),),
        (patient.clearance,),
    )


# --- after surgery of a bone metastasis -------------------------------------------------------------------------------

HEALING_DAYS = 21
"""3 weeks once healed, for systemic treatment and for other radiotherapy (RAO, chirurgie §3; the latter ours)."""

OPERATED_BONE_DAYS = 15
OPERATED_SPINE_DAYS = 14
"""15 days, for the spine 2 weeks (RAO, radiothérapie §1.3, §1.4)."""

URGENT_HEALING_DAYS = 15


@rule(
    "treatment-after-bone-surgery",
    title=Text(
        "After surgery of a bone metastasis, systemic treatment and radiotherapy wait for healing",
        "Après chirurgie d'une métastase osseuse, traitement systémique et radiothérapie attendent la cicatrisation",
    ),
    citations=(rao("surgery", "§3"), rao("radiotherapy", "§1.3, §1.4")),
    trigger=Trigger(
        Text("draft order of a cytotoxic or of radiotherapy", "prescription d'un cytotoxique ou de radiothérapie"),
        lambda order: order.radiotherapy is not None or (order.drug is not None and order.is_any(sets.CYTOTOXICS)),
    ),
    needs=("procedures", *URGENCY_NEEDS),
    severest=Indicator.WARNING,
    reading=Text(
        "Systemic treatment: 3 weeks, 15 days when urgent. Radiotherapy of the operated bone: 15 days, spine 14; other "
        "radiotherapy: 3 weeks (our reading). A target that is not stated counts as the operated bone.",
        "Traitement systémique : 3 semaines, 15 jours si urgent. Radiothérapie de l'os opéré : 15 jours, rachis 14 ; autre "
        "radiothérapie : 3 semaines (notre lecture). Une cible non indiquée compte comme l'os opéré.",
    ),
)
def treatment_after_bone_surgery(order: Order, patient: Facts) -> Outcome:
    """A cytotoxic or radiotherapy planned too soon after surgery of a bone metastasis."""
    planned = order.planned.when

    def too_soon(act: Act) -> bool | None:
        when = act.when or act.started
        near = (
            None
            if when is None
            else (when.first <= planned.last and _days_between(when, planned) < _healing_days(order, act))
        )
        return both(is_bone_metastasis_surgery(act, patient), near)

    surgeries = [act for act in patient.procedures if too_soon(act)]
    blocked = unless_all(
        that(
            Text(
                "surgery of a bone metastasis was too short a time before the planned start",
                "une chirurgie de métastase osseuse est trop proche du début prévu",
            ),
            patient.procedures.any(too_soon),
            *(surgeries[:1] or (patient.procedures,)),
        )
    )
    if blocked:
        return blocked
    surgery = max(
        surgeries, key=lambda act: (_day_of(act).last + timedelta(days=_healing_days(order, act)), act.source)
    )
    when, days = _day_of(surgery), _healing_days(order, surgery)
    earliest = when.last + timedelta(days=days)
    steps_down = (
        days == HEALING_DAYS and _days_between(when, planned) >= URGENT_HEALING_DAYS and is_urgent(order, patient)
    )
    detail = Text(
        "Surgery on {when}: {days} days on a healed scar, that is from {earliest}.",
        "Chirurgie le {when} : {days} jours sur cicatrice saine, soit à partir du {earliest}.",
        when=when,
        days=days,
        earliest=earliest,
    )
    urgent = Text(
        "Urgent: from 15 days on when healed and the surgeon agrees.",
        "Urgence : dès 15 jours si cicatrisé et accord du chirurgien.",
    )
    name = order.name if order.drug is not None else Text("radiotherapy", "radiothérapie")
    return Advice(
        Indicator.INFO if steps_down else Indicator.WARNING,
        Text(
            "{act}: wait for healing after bone surgery on {when}",
            "{act} : attendre la cicatrisation après la chirurgie osseuse du {when}",
            act=name,
            when=when,
        ),
        (detail, urgent) if days == HEALING_DAYS else (detail,),
        (surgery,),
        (UpdateOrder(order, (StartOn(earliest),)),),
        planned_remarks(order),
    )


def _day_of(act: Act) -> When:
    when = act.when or act.started
    return when if when is not None else When(date.min, date.min)


def _healing_days(order: Order, surgery: Act) -> int:
    prescribed = order.radiotherapy
    if prescribed is None:
        return HEALING_DAYS
    stated = prescribed.target is not Target.UNSTATED and bool(prescribed.regions) and bool(surgery.regions)
    if prescribed.target is Target.OTHER or (stated and prescribed.regions.isdisjoint(surgery.regions)):
        return HEALING_DAYS
    return OPERATED_SPINE_DAYS if includes(surgery.regions, SPINE) else OPERATED_BONE_DAYS


@rule(
    "procedure-under-systemic",
    title=Text(
        "Systemic treatment is no obstacle to a priority act on bone: check blood count and haemostasis",
        "Un traitement systémique n'empêche pas un geste osseux prioritaire : contrôler NFS et hémostase",
    ),
    citations=(rao("drugs", "§2"),),
    trigger=Trigger(
        Text(
            "draft order of interventional radiology or surgery on bone",
            "prescription de radiologie interventionnelle ou de chirurgie osseuse",
        ),
        lambda order: order.is_any(sets.INTERVENTIONAL_RADIOLOGY | sets.BONE_SURGERY),
    ),
    needs=("exposures",),
    severest=Indicator.INFO,
)
def procedure_under_systemic(order: Order, patient: Facts) -> Outcome:
    """An act on bone ordered with a cytotoxic in the last 21 days or an anti-angiogenic in the last 28."""
    settings = patient.settings
    cytotoxics = patient.exposures.of(sets.CYTOTOXICS)
    antiangiogenics = patient.exposures.of(sets.SYSTEMIC_ANTIANGIOGENICS)
    planned = order.planned.when
    blocked = unless_all(
        that(
            Text(
                "a cytotoxic ({cytotoxic} days) or an anti-angiogenic ({antiangiogenic} days) is ongoing or was given",
                "un cytotoxique ({cytotoxic} jours) ou un anti-angiogénique ({antiangiogenic} jours) est en cours ou a été donné",
                cytotoxic=settings.act_after_cytotoxic_days,
                antiangiogenic=settings.act_after_antiangiogenic_days,
            ),
            either(
                _within(cytotoxics, planned, settings.act_after_cytotoxic_days),
                _within(antiangiogenics, planned, settings.act_after_antiangiogenic_days),
            ),
            cytotoxics,
            antiangiogenics,
        )
    )
    if blocked:
        return blocked
    given = (
        *cytotoxics.recent(settings.act_after_cytotoxic_days),
        *antiangiogenics.recent(settings.act_after_antiangiogenic_days),
    )
    named = tuple(dict.fromkeys(entry.drug.name for entry in given))[:3]
    return Advice(
        Indicator.INFO,
        Text(
            "Act on bone under {drugs}: check blood count and haemostasis",
            "Geste osseux sous {drugs} : contrôler NFS et hémostase",
            drugs=named or (Text("systemic treatment", "traitement systémique"),),
        ),
        (
            Text(
                "Systemic treatment is no obstacle to a priority act: check blood count, haemostasis and the anti-angiogenic.",
                "Un traitement systémique n'empêche pas un geste prioritaire : contrôler NFS, hémostase et l'anti-angiogénique.",
            ),
        ),
        tuple(dict.fromkeys(given)),
    )
