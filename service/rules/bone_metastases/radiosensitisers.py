"""Radiosensitisers before and after radiotherapy (RAO, radiothérapie §3.1, Tableau 6 and its box).

Two directions, one set of windows. What is given and what is irradiated are each a stretch of days, from an order or from
the record; a pair that comes closer than the drug's window is a conflict, and one card an order lists its conflicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mappings.dates import When, day
from mappings.facts import (
    Dosage,
    Drug,
    DrugOrder,
    Exposure,
    Facts,
    Order,
    RadiotherapyCourse,
    RadiotherapyOrder,
    Unavailable,
)
from mappings.readers.courses import reckoned_end
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, _
from service.rules.bone_metastases.bone_radiotherapy import as_act
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    URGENCY_NEEDS,
    Trigger,
    days_between,
    drug_order,
    is_urgent,
    on,
    planned_remarks,
    rule,
    that,
    unless_all,
)
from service.rules.offers import Offer, StartOn, UpdateOrder
from service.rules.outcome import Advice, Basis, Indicator, Outcome

RADIOTHERAPY_DRAFT = Trigger(
    _("draft order of external radiotherapy"),
    lambda order: isinstance(order, RadiotherapyOrder),
)
RADIOSENSITISER_DRAFT = drug_order(_("draft order of a radiosensitiser"), sets.RADIOSENSITISERS)

# --- windows ----------------------------------------------------------------------------------------------------------

SHORTEST_GEMCITABINE_DAYS = 8
"""The window of gemcitabine is never shortened below this, whatever the urgency (RAO, Tableau 6)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Days between a radiosensitiser and radiotherapy, the same before and after; None where the source has no figure."""

    days: int | None
    shortened: bool = False

    def looked_for(self, patient: Facts) -> int:
        """The days within which a conflict is looked for."""
        return settings_of(patient).radiosensitiser_days if self.days is None else self.days


WINDOWS: tuple[tuple[frozenset[str], Window], ...] = (
    (sets.GEMCITABINE, Window(28, shortened=True)),
    (sets.BEVACIZUMAB, Window(28)),
    (sets.BLEOMYCIN, Window(None)),
    (sets.SYSTEMIC_ANTIANGIOGENICS - sets.BEVACIZUMAB, Window(None)),
    (sets.DOXORUBICIN, Window(8)),
)
"""RAO Tableau 6 and §3.1; of a combination the strictest drug counts."""

NO_FIGURE = _(
    "strict interval, no figure in the referential, five half-lives in theory",
)


def window_of(drug: Drug | None) -> Window | None:
    """The window of a radiosensitiser; None for any other drug."""
    if drug is None:
        return None
    return next((window for concepts, window in WINDOWS if drug.is_any(concepts)), None)


# --- what is given, what is irradiated --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Giving:
    """A radiosensitiser that was, is or will be given.

    `first` is the planned day of what will be given; `last` is None while it goes on without a known end; `past` when the
    last dose is behind; `undated` when that dose has no date. `order` is the draft that orders it.
    """

    drug: Text
    window: Window
    basis: Basis
    first: When | None
    last: When | None
    past: bool = False
    ongoing: bool = False
    undated: bool = False
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Irradiation:
    """Radiotherapy that was, is or will be given; `last` is None where its end is not known, `order` the draft of it."""

    basis: Basis
    first: When | None
    last: When | None
    reckoned: bool = False
    under_way: bool = False
    undated: bool = False
    order: Order | None = None


def _last_planned(first: When | None, dosage: Dosage) -> When | None:
    """The last of the doses that an order plans; None where it goes on without an end."""
    if dosage.end is not None:
        return dosage.end
    if first is None or not dosage.repeating:
        return first
    if dosage.count is None or dosage.interval is None:
        return None
    days = int(dosage.interval.longest_days * (dosage.count - 1))
    return day(first.last + timedelta(days=days))


def _giving_of_entry(entry: Exposure) -> Giving | None:
    window = window_of(entry.drug)
    if window is None:
        return None
    if entry.planned:
        return Giving(entry.drug.name, window, entry, entry.first, _last_planned(entry.first, entry.dosage))
    if entry.ongoing:
        return Giving(entry.drug.name, window, entry, None, None, ongoing=True)
    if entry.last_dose is None and not entry.last_dose_undated:
        return None
    undated = entry.last_dose is None
    return Giving(entry.drug.name, window, entry, None, entry.last_dose, past=True, undated=undated)


def _giving_of_order(order: DrugOrder, window: Window) -> Giving:
    first = order.planned.when
    last = _last_planned(first, order.dosage)
    return Giving(order.name, window, order, first, last, order=order if order.draft else None)


def _irradiation_of_course(course: RadiotherapyCourse, today: date) -> Irradiation:
    end = course.planned_end if course.under_way else course.ended
    reckoned = course.last is None
    if course.under_way and end is not None and end.last < today:
        end = None  # still under way: it has not ended, whatever its fractions said
    elif not course.under_way and reckoned and end is not None and end.last > today:
        end = day(today)  # completed: it ended today at the latest, whatever its fractions said
    return Irradiation(
        as_act(course),
        course.first,
        end,
        reckoned=reckoned,
        under_way=course.under_way,
        undated=course.undated and end is None,
    )


def _irradiation_of_order(order: RadiotherapyOrder, today: date) -> Irradiation:
    """An order of the record that was begun, or has no dates, is under way until its end: stated, else reckoned."""
    start = order.planned.when
    volume = order.prescription.highest
    reckoned = order.planned.end is None
    end = order.planned.end or reckoned_end(start, volume.fractions if volume is not None else None)
    if order.draft:
        return Irradiation(order, start, end, reckoned=reckoned, order=order)
    if order.planned.assumed:
        return Irradiation(order, None, None, under_way=True)
    begun = start.last <= today
    return Irradiation(order, start, end, reckoned=reckoned, under_way=begun and (end is None or end.last >= today))


# --- conflicts --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conflict:
    """A drug and a radiotherapy that come too close.

    `gap` is the fewest days between them (None: a date is missing), `anchor` the act from which the window runs. `drug_first`
    tells the direction.
    """

    giving: Giving
    irradiation: Irradiation
    drug_first: bool
    gap: int | None = None
    anchor: When | None = None

    @property
    def undated(self) -> bool:
        """A completed act without a date: it may be too close."""
        return self.giving.undated or self.irradiation.undated

    @property
    def earliest(self) -> date | None:
        """The first day that respects the window."""
        days = self.giving.window.days
        return self.anchor.last + timedelta(days=days) if self.anchor is not None and days is not None else None

    def level(self, *, urgent: bool) -> Indicator:
        """Critical; for gemcitabine on an urgent order from 8 days on, and for an undated act, warning."""
        if self.undated or (urgent and self.shortened is not None and self.shortened >= SHORTEST_GEMCITABINE_DAYS):
            return Indicator.WARNING
        return Indicator.CRITICAL

    @property
    def shortened(self) -> int | None:
        """The days that are left of a window that may be shortened; None where it may not, or they are not known."""
        return self.gap if self.giving.window.shortened else None


def _conflict(giving: Giving, irradiation: Irradiation, patient: Facts) -> Conflict | None:
    """The conflict of a drug and a radiotherapy, if they come closer than the window."""
    window = giving.window.looked_for(patient)
    drug_first = _drug_first(giving, irradiation)
    if irradiation.undated:
        return Conflict(giving, irradiation, drug_first)
    if drug_first:
        if giving.last is None or irradiation.first is None:
            return Conflict(giving, irradiation, drug_first)
        gap = days_between(giving.last, irradiation.first)
        if gap >= window:
            return None
        return Conflict(giving, irradiation, drug_first, gap, giving.last)
    if irradiation.under_way:
        return Conflict(giving, irradiation, drug_first, None, irradiation.last)
    end = irradiation.last or irradiation.first
    if end is None or giving.first is None:
        return Conflict(giving, irradiation, drug_first)
    gap = days_between(end, giving.first)
    if gap >= window:
        return None
    known = gap if irradiation.last is not None else None  # from its begin it is longer than from its end
    return Conflict(giving, irradiation, drug_first, known, irradiation.last)


def _drug_first(giving: Giving, irradiation: Irradiation) -> bool:
    """The drug comes before the radiotherapy, or begins on the same day; without a planned day it was begun already."""
    if irradiation.under_way or irradiation.first is None:
        return False
    return giving.first is None or giving.first.first <= irradiation.first.first


def _conflicts(givings: Iterable[Giving], irradiations: Sequence[Irradiation], patient: Facts) -> list[Conflict]:
    found = (_conflict(giving, irradiation, patient) for giving in givings for irradiation in irradiations)
    return [conflict for conflict in found if conflict is not None]


END_UNKNOWN = _("neither an end nor fractions are stated: add them")


def _unknown_end(givings: Iterable[Giving], irradiations: Sequence[Irradiation]) -> tuple[Unavailable, ...]:
    """That radiotherapy before a drug has no known end: where its first day is no conflict, its last may be one."""
    open_ended = [irradiation for irradiation in irradiations if irradiation.last is None]
    if any(not _drug_first(giving, irradiation) for giving in givings for irradiation in open_ended):
        return (Unavailable(_("the end of the radiotherapy"), (END_UNKNOWN,)),)
    return ()


# --- in words ---------------------------------------------------------------------------------------------------------


def _line(conflict: Conflict) -> Text:
    """One conflict: what was or will be given, when the radiotherapy is, and the earliest date."""
    parts = [_giving_text(conflict), _irradiation_text(conflict), *_earliest_text(conflict)]
    said = parts[-1]
    for part in reversed(parts[:-1]):
        said = _("{first}; {then}", first=part, then=said)
    return said


def _giving_text(conflict: Conflict) -> Text:
    giving = conflict.giving
    if giving.undated:
        return _("{drug}: last dose not dated", drug=giving.drug)
    if giving.ongoing:
        return _(
            "{drug}: ongoing; the window runs from the last dose",
            drug=giving.drug,
        )
    if giving.past:
        return _("{drug}: last dose {last}", drug=giving.drug, last=on(giving.last))
    if giving.first is None:
        return _(
            "{drug}: planned, not dated; the window runs from its last dose",
            drug=giving.drug,
        )
    if conflict.drug_first and giving.last is None:
        return _(
            "{drug}: planned from {first} without an end; the window runs from its last dose",
            drug=giving.drug,
            first=giving.first,
        )
    if conflict.drug_first and giving.last != giving.first:
        return _(
            "{drug}: planned from {first}, last dose {last}",
            drug=giving.drug,
            first=giving.first,
            last=on(giving.last),
        )
    return _("{drug}: planned {first}", drug=giving.drug, first=on(giving.first))


def _irradiation_text(conflict: Conflict) -> Text:
    irradiation = conflict.irradiation
    if irradiation.undated and irradiation.first is not None:
        return _(
            "radiotherapy completed, begun {first}, its end not dated",
            first=irradiation.first,
        )
    if irradiation.undated:
        return _("radiotherapy completed, not dated")
    if irradiation.under_way:
        if irradiation.last is None:
            return _("radiotherapy under way, its end not known")
        return _("radiotherapy under way, {end}", end=_end_text(irradiation))
    if conflict.drug_first:
        return _("radiotherapy planned {first}", first=on(irradiation.first))
    if irradiation.last is None:
        return _(
            "radiotherapy from {first}, its end not known",
            first=irradiation.first,
        )
    if irradiation.reckoned or isinstance(irradiation.basis, Order):
        return _(
            "radiotherapy from {first}, {end}",
            first=irradiation.first,
            end=_end_text(irradiation),
        )
    return _("radiotherapy ended {last}", last=on(irradiation.last))


def _end_text(irradiation: Irradiation) -> Text:
    if irradiation.reckoned:
        return _("end reckoned {last}", last=on(irradiation.last))
    return _("end {last}", last=on(irradiation.last))


def _earliest_text(conflict: Conflict) -> Iterator[Text]:
    if conflict.giving.window.days is None:
        yield NO_FIGURE
        return
    if conflict.earliest is None:
        return
    if conflict.drug_first:
        yield _(
            "radiotherapy at the earliest {earliest} ({days} days)",
            earliest=conflict.earliest,
            days=conflict.giving.window.days,
        )
    else:
        yield _(
            "{drug} at the earliest {earliest} ({days} days)",
            drug=conflict.giving.drug,
            earliest=conflict.earliest,
            days=conflict.giving.window.days,
        )


SOMETIMES_FATAL = _(
    "Given too close together, they have caused severe, sometimes fatal toxicity.",
)


def _urgent_text(conflict: Conflict) -> Text | None:
    """Both dates of gemcitabine on an urgent order."""
    if conflict.shortened is None or conflict.anchor is None:
        return None
    return _(
        "Urgent: the window of {drug} may be shortened with the situation, never under 8 days: {eight}; 28 days: {full}.",
        drug=conflict.giving.drug,
        eight=conflict.anchor.last + timedelta(days=SHORTEST_GEMCITABINE_DAYS),
        full=conflict.earliest,
    )


def _summary(conflicts: Sequence[Conflict]) -> Text:
    drugs = tuple(dict.fromkeys(conflict.giving.drug for conflict in conflicts))
    windows = {conflict.giving.window for conflict in conflicts}
    days = next(iter(windows)).days if len(windows) == 1 else None
    before = {conflict.drug_first for conflict in conflicts}
    where = _("before RT")
    if before == {False}:
        where = _("after RT")
    elif len(before) > 1:
        where = _("around RT")
    if days is not None:
        return _(
            "Hold {drugs} {interval} {where}",
            drugs=drugs,
            interval=_interval(days),
            where=where,
        )
    if all(window.days is None for window in windows):
        return _(
            "Hold {drugs} {where}: strict interval, no figure",
            drugs=drugs,
            where=where,
        )
    return _(
        "Hold {drugs} {where}, each for its window",
        drugs=drugs,
        where=where,
    )


def _interval(days: int) -> Text:
    if days % 7 == 0:
        return _("{weeks} weeks", weeks=days // 7)
    return _("{days} days", days=days)


def _advice(order: Order, conflicts: Sequence[Conflict], patient: Facts) -> Advice:
    """One card of all conflicts of an order: a line each, the latest date, the most severe level."""
    urgent = is_urgent(order, patient)
    drafts = (one for conflict in conflicts for one in (conflict.giving.order, conflict.irradiation.order))
    both_dates = [text for conflict in conflicts if urgent and (text := _urgent_text(conflict))]
    return Advice(
        max((conflict.level(urgent=urgent) for conflict in conflicts), key=lambda level: level.rank),
        _summary(conflicts),
        (*both_dates, SOMETIMES_FATAL),
        tuple(basis for conflict in conflicts for basis in (conflict.giving.basis, conflict.irradiation.basis)),
        tuple(_moves(conflicts)),
        tuple(dict.fromkeys(remark for one in drafts if one is not None for remark in planned_remarks(one))),
        lines=tuple(_line(conflict) for conflict in conflicts),
    )


def _moves(conflicts: Sequence[Conflict]) -> Iterator[Offer]:
    """Each draft that has to wait, moved to the latest of its dates; none where one of its conflicts has no date."""
    waiting: dict[int, tuple[Order, list[date | None]]] = {}
    for conflict in conflicts:
        mover = conflict.irradiation.order if conflict.drug_first else conflict.giving.order
        if mover is not None:
            waiting.setdefault(mover.index, (mover, []))[1].append(conflict.earliest)
    for order, days in waiting.values():
        known = [one for one in days if one is not None]
        if len(known) == len(days) and max(known) > order.planned.when.first:
            yield UpdateOrder(order, (StartOn(max(known)),))


# --- the two rules ----------------------------------------------------------------------------------------------------


@rule(
    "radiosensitiser-before-radiotherapy",
    title=_(
        "A radiosensitiser is held for its window before radiotherapy",
    ),
    citations=(rao("radiotherapy", "§3.1, Tableau 6, box"),),
    trigger=RADIOTHERAPY_DRAFT,
    needs=("exposures", "orders", *URGENCY_NEEDS),
    severest=Indicator.CRITICAL,
    reading=_(
        "For bleomycin and anti-angiogenics other than bevacizumab the source asks for a strict interval without a "
        "figure: we look back for the days of the setting and give no date. Theory says five half-lives; Tableau 6 "
        "gives weeks and is used. Of two drafts the one that comes later has to wait, and one card speaks of the "
        "pair. Etoposide is compatible in Tableau 6, and not named in text or box: it is no radiosensitiser here.",
    ),
)
def radiosensitiser_before_radiotherapy(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """Radiotherapy ordered while a radiosensitiser is ongoing, was given, or is planned within its window."""
    exposures = patient.exposures.of(sets.RADIOSENSITISERS)
    irradiation = _irradiation_of_order(order, patient.today)
    recorded = (giving for entry in exposures.entries if (giving := _giving_of_entry(entry)) is not None)
    givings = [*recorded, *_drafted(patient)]
    conflicts = [
        conflict
        for conflict in _conflicts(givings, [irradiation], patient)
        if conflict.drug_first or not _triggers(conflict.giving.order)
    ]
    unknown_end = _unknown_end((giving for giving in givings if not _triggers(giving.order)), [irradiation])
    blocked = unless_all(
        that(
            _(
                "a radiosensitiser is ongoing, or was or will be given within its window of the radiotherapy",
            ),
            True if conflicts else (None if exposures.unsettled or unknown_end else False),
            exposures,
            *unknown_end,
        )
    )
    return blocked or _advice(order, conflicts, patient)


def _drafted(patient: Facts) -> Iterator[Giving]:
    for other in patient.orders:
        if other.draft and isinstance(other, DrugOrder) and (window := window_of(other.drug)) is not None:
            yield _giving_of_order(other, window)


def _triggers(order: Order | None) -> bool:
    """The other half of the pair has a card of its own."""
    return order is not None and order.triggers


@rule(
    "radiosensitiser-after-radiotherapy",
    title=_(
        "A radiosensitiser is held for its window after radiotherapy, and before planned radiotherapy",
    ),
    citations=(rao("radiotherapy", "§3.1, Tableau 6, box"),),
    trigger=RADIOSENSITISER_DRAFT,
    needs=("radiotherapies", "radiotherapy_orders", "orders", *URGENCY_NEEDS),
    severest=Indicator.CRITICAL,
    reading=_(
        "An end that is not stated is reckoned from start and fractions, five a week; without fractions no date is given.",
    ),
)
def radiosensitiser_after_radiotherapy(order: DrugOrder, patient: Facts) -> Outcome:
    """A radiosensitiser ordered while radiotherapy is under way, ended, or is planned within its window."""
    window = window_of(order.drug) or Window(None)
    irradiations = [_irradiation_of_course(course, patient.today) for course in patient.radiotherapies]
    irradiations += [_irradiation_of_order(other, patient.today) for other in patient.radiotherapy_orders]
    giving = _giving_of_order(order, window)
    conflicts = [
        conflict
        for conflict in _conflicts([giving], irradiations, patient)
        if not (conflict.drug_first and _triggers(conflict.irradiation.order))
    ]
    unknown_end = _unknown_end([giving], irradiations)
    unknown = {*patient.radiotherapies.gaps, *patient.radiotherapy_orders.gaps, *unknown_end}
    blocked = unless_all(
        that(
            _(
                "radiotherapy is under way, or ended or is planned within the window of the drug",
            ),
            True if conflicts else (None if unknown else False),
            patient.radiotherapies,
            patient.radiotherapy_orders,
            *unknown_end,
        )
    )
    return blocked or _advice(order, conflicts, patient)
