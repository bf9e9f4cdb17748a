"""Radiosensitisers and radiotherapy that come too close (RAO, radiothérapie §3.1, Tableau 6 and its box).

What is given and what is irradiated are each a stretch of days, from an order or from the record; a pair of them is a
conflict where it comes closer than the drug's window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from mappings.dates import When, day
from mappings.facts import (
    Dosage,
    DrugOrder,
    Exposure,
    Facts,
    Order,
    RadiotherapyCourse,
    RadiotherapyOrder,
    reckoned_end,
)
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.bone_radiotherapy import as_act
from service.rules.bone_metastases.conditions import days_between
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.windows import TABLE_6, Window
from service.rules.logic import either
from service.rules.outcome import Basis, Indicator

# --- what is given ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Giving:
    """A radiosensitiser that was, is or will be given.

    `first` is the planned day of what will be given; `last` is None while it goes on without a known end; `past` when the
    last dose is behind; `undated` when that dose has no date. `draft` is the order of this request that orders it.
    """

    drug: Text
    window: Window
    basis: Basis
    first: When | None
    last: When | None
    past: bool = False
    ongoing: bool = False
    undated: bool = False
    draft: Order | None = None


def given_on_record(entry: Exposure) -> Giving | None:
    """A radiosensitiser of the record; None where the entry tells of no dose."""
    name, window = entry.drug.name, TABLE_6.of(entry.drug)
    if entry.planned:
        return Giving(name, window, entry, entry.first, _last_planned(entry.first, entry.dosage))
    if entry.ongoing:
        return Giving(name, window, entry, None, None, ongoing=True)
    if entry.last_dose is None and not entry.last_dose_undated:
        return None
    return Giving(name, window, entry, None, entry.last_dose, past=True, undated=entry.last_dose is None)


def given_by(order: DrugOrder) -> Giving:
    """What an order of a radiosensitiser will give."""
    first = order.planned.when
    last = _last_planned(first, order.dosage)
    return Giving(order.name, TABLE_6.of(order.drug), order, first, last, draft=order if order.draft else None)


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


# --- what is irradiated -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Irradiation:
    """Radiotherapy that was, is or will be given; `draft` is the order of this request that orders it.

    `last` is None where its end is not known; it then is `not_before` that day, where that is known.
    """

    basis: Basis
    first: When | None
    last: When | None
    not_before: When | None = None
    reckoned: bool = False
    under_way: bool = False
    undated: bool = False
    draft: Order | None = None


def irradiated_by_course(course: RadiotherapyCourse, today: date) -> Irradiation:
    """A course of the record."""
    end = course.planned_end if course.under_way else course.ended
    reckoned = course.last is None
    not_before = day(today) if course.under_way else course.first
    if course.under_way and end is not None and end.last < today:
        end = None  # still under way: it has not ended, whatever its fractions said
    elif not course.under_way and reckoned and end is not None and end.last > today:
        end = day(today)  # completed: it ended today at the latest, whatever its fractions said
    return Irradiation(
        as_act(course),
        course.first,
        end,
        not_before,
        reckoned=reckoned,
        under_way=course.under_way,
        undated=course.undated and end is None and course.first is None,
    )


def irradiated_by_order(order: RadiotherapyOrder, today: date) -> Irradiation:
    """An order of the record that was begun, or has no dates, is under way until its end: stated, else reckoned."""
    start = order.planned.when
    volume = order.prescription.highest
    reckoned = order.planned.end is None
    end = order.planned.end or reckoned_end(start, volume.fractions if volume is not None else None)
    if order.draft:
        return Irradiation(order, start, end, start, reckoned=reckoned, draft=order)
    if order.planned.assumed:
        return Irradiation(order, None, None, day(today), under_way=True)
    under_way = start.last <= today and (end is None or end.last >= today)
    return Irradiation(order, start, end, start, reckoned=reckoned, under_way=under_way)


# --- how they come too close ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """A radiosensitiser and a radiotherapy, whichever comes first."""

    giving: Giving
    irradiation: Irradiation

    @property
    def drug_first(self) -> bool:
        """The drug begins before the radiotherapy, or on the same day; without a planned day it was begun already."""
        giving, irradiation = self.giving, self.irradiation
        if irradiation.under_way or irradiation.first is None:
            return False
        return giving.first is None or giving.first.first <= irradiation.first.first

    @property
    def undated(self) -> bool:
        """A completed act without a date: it may be too close."""
        return self.giving.undated or self.irradiation.undated

    @property
    def end_unknown(self) -> bool:
        """The radiotherapy comes first and its end is not known: the days are reckoned from its begin."""
        return not self.drug_first and not self.irradiation.undated and self.irradiation.last is None

    @property
    def anchor(self) -> When | None:
        """The act from which the window runs, the last dose or the end of the radiotherapy; None where it is not known."""
        if self.irradiation.undated:
            return None
        return self.giving.last if self.drug_first else self.irradiation.last

    @property
    def gap(self) -> int | None:
        """The fewest days between them; None where a date is missing."""
        return None if self.anchor is None else self._days_to(self.anchor)

    def _days_to(self, earlier: When | None) -> int | None:
        """The days from the act before to the act after; None where a date is missing."""
        later = self.irradiation.first if self.drug_first else self.giving.first
        return None if earlier is None or later is None else days_between(earlier, later)

    def too_close(self, patient: Facts) -> bool:
        """Fewer days than the window lie between them, or nobody can count them.

        Where the end of the radiotherapy is not known, as many more as a course may last.
        """
        window = self.giving.window.looked_for(patient)
        if not self.end_unknown:
            return self.gap is None or self.gap < window
        irradiation = self.irradiation
        days = self._days_to(irradiation.first or irradiation.not_before)
        return days is None or days <= window + settings_of(patient).longest_course_days

    def _surely_too_close(self, patient: Facts) -> bool:
        """Whenever the radiotherapy ends, it ends less than the window before the drug."""
        days = self._days_to(self.irradiation.not_before)
        return days is not None and days < self.giving.window.looked_for(patient)

    @property
    def earliest(self) -> date | None:
        """The first day that respects the window; None where the source has no figure, or the act before has no date."""
        return _days_after(self.anchor, self.giving.window.days)

    @property
    def earliest_when_urgent(self) -> date | None:
        """The first day that respects the window as far as urgency may shorten it; None where it may not, or nobody knows."""
        return None if self.gap is None else _days_after(self.anchor, self.giving.window.shortest)

    @property
    def waiting(self) -> Order | None:
        """The draft that has to wait: the one that comes later; None where that is no draft."""
        return self.irradiation.draft if self.drug_first else self.giving.draft

    def level(self, patient: Facts, *, urgent: bool) -> Indicator:
        """Critical; a warning for an act whose date or end is not known, and on an urgent order that keeps the shortened window."""
        kept = urgent and self.giving.window.kept_when_urgent(self.gap)
        open_end = self.end_unknown and not self._surely_too_close(patient)
        return Indicator.WARNING if self.undated or kept or open_end else Indicator.CRITICAL


def _days_after(anchor: When | None, days: int | None) -> date | None:
    return None if anchor is None or days is None else anchor.last + timedelta(days=days)


# --- the pairs that an order's card speaks of -------------------------------------------------------------------------


def pairs_of_radiotherapy(order: RadiotherapyOrder, patient: Facts) -> tuple[Pair, ...]:
    """The ordered radiotherapy with each radiosensitiser on record or drafted.

    A drug that comes after and is ordered in this request has a card of its own; of an order that a draft replaces, what
    was planned is none.
    """
    irradiation = irradiated_by_order(order, patient.today)
    replaced = frozenset().union(*(one.replaces for one in patient.orders))
    entries = patient.exposures.of(sets.RADIOSENSITISERS).entries
    recorded = map(given_on_record, (one for one in entries if not (one.planned and one.source in replaced)))
    givings = (*(giving for giving in recorded if giving is not None), *map(given_by, _drafts(patient)))
    pairs = (Pair(giving, irradiation) for giving in givings)
    return tuple(pair for pair in pairs if pair.drug_first or not _has_a_card(pair.giving.draft))


def _drafts(patient: Facts) -> Iterator[DrugOrder]:
    for order in patient.orders:
        if order.draft and isinstance(order, DrugOrder) and order.is_any(sets.RADIOSENSITISERS):
            yield order


def pairs_of_drug(order: DrugOrder, patient: Facts) -> tuple[Pair, ...]:
    """The ordered radiosensitiser with each radiotherapy on record or drafted.

    Radiotherapy that comes after and is ordered in this request has a card of its own.
    """
    giving = given_by(order)
    irradiations = (
        *(irradiated_by_course(course, patient.today) for course in patient.radiotherapies),
        *(irradiated_by_order(other, patient.today) for other in patient.radiotherapy_orders),
    )
    pairs = (Pair(giving, irradiation) for irradiation in irradiations)
    return tuple(pair for pair in pairs if not (pair.drug_first and _has_a_card(pair.irradiation.draft)))


def radiotherapy_may_be_too_close(order: DrugOrder, patient: Facts) -> bool:
    """Radiotherapy that could not be looked up, or that may or may not count, may be too close to the drug that is ordered."""
    giving, today = given_by(order), patient.today
    courses = patient.radiotherapies.any(
        lambda course: Pair(giving, irradiated_by_course(course, today)).too_close(patient)
    )
    orders = patient.radiotherapy_orders.any(
        lambda other: Pair(giving, irradiated_by_order(other, today)).too_close(patient)
    )
    return either(courses, orders) is None


def _has_a_card(draft: Order | None) -> bool:
    return draft is not None and draft.triggers


def conflicts_among(pairs: Iterable[Pair], patient: Facts) -> tuple[Pair, ...]:
    """Those that come too close."""
    return tuple(pair for pair in pairs if pair.too_close(patient))


def earliest_starts(conflicts: Iterable[Pair]) -> Iterator[tuple[Order, date]]:
    """Each draft that has to wait, with the latest of its dates; none where one of its conflicts has no date."""
    waiting: dict[int, tuple[Order, list[date | None]]] = {}
    for conflict in conflicts:
        if conflict.waiting is not None:
            waiting.setdefault(conflict.waiting.index, (conflict.waiting, []))[1].append(conflict.earliest)
    for order, days in waiting.values():
        known = [one for one in days if one is not None]
        if len(known) == len(days) and max(known) > order.planned.when.first:
            yield order, max(known)


def most_severe(conflicts: Iterable[Pair], patient: Facts, *, urgent: bool) -> Indicator:
    """The highest level among conflicts."""
    return max((conflict.level(patient, urgent=urgent) for conflict in conflicts), key=lambda level: level.rank)
