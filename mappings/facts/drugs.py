"""Drugs: what they are, how they are given, and what the patient received of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from mappings.dates import When, days_before
from mappings.facts.fact_settings import DEFAULTS, FactSettings
from mappings.facts.three_valued import Absent, Fact, Known, Unavailable, any_of
from mappings.values import value
from mappings.wording import Text, _

T = TypeVar("T")


@dataclass(frozen=True, slots=True)  # read once of many resources
class Drug:
    """A medication as far as it could be identified.

    `identified` is false when neither code nor name says what it is; `named` when it bears a name that is none of ours;
    `unresolved` says why it could not be looked up.
    `possible` are those of a class code: it may be any of them. `denied`: the words that name it say that it is not given.
    `strength_mg` and `strength_iu` are those of one piece of the product (a tablet, a vial) and `millilitres` its volume;
    `mg_per_ml` and `iu_per_ml` its concentration, which says nothing of a piece.
    """

    concepts: frozenset[str]
    name: Text
    identified: bool
    by_name: bool = False
    named: bool = False
    unverified_code: bool = False
    unresolved: Text | None = None
    strength_mg: Decimal | None = None
    millilitres: Decimal | None = None
    strength_iu: Decimal | None = None
    mg_per_ml: Decimal | None = None
    iu_per_ml: Decimal | None = None
    possible: frozenset[str] = frozenset()
    denied: bool = False

    def is_any(self, concepts: frozenset[str]) -> bool:
        """One of these concepts."""
        return not self.concepts.isdisjoint(concepts)


@value
class Interval:
    """The time between two doses. `longest_days` counts a month as 31 days, so that "monthly" is never above 31."""

    longest_days: Decimal
    text: Text


@value
class Dosage:
    """What a medication order or statement says about giving the drug, as far as it could be read.

    `dose_mg` and `dose_iu` take the high end of a range, `mg_a_day` adds the dosage lines up; `dose_stated` is set when
    there is a dose, readable or not (words that repeat the strength of the product state none), and `dose_unreadable`
    where one is stated that is neither milligrams nor international units for us. `interval_unreadable`: how often is
    stated in a way that has no one meaning. `single` is one dose; `repeating` has a frequency; neither is an open order.
    """

    dose_mg: Decimal | None = None
    dose_ml: Decimal | None = None
    dose_iu: Decimal | None = None
    dose_stated: bool = False
    dose_unreadable: bool = False
    interval: Interval | None = None
    interval_unreadable: bool = False
    doses_per_week: Decimal | None = None
    mg_a_day: Decimal | None = None
    count: int | None = None
    single: bool = False
    repeating: bool = False
    first: When | None = None
    end: When | None = None
    routes: frozenset[str] = frozenset()
    route_stated: bool = False
    route_text: str = ""
    """The record's words for the route; empty where it gives a code alone."""

    route_unverified: bool = False
    infusion_minutes: Decimal | None = None

    @property
    def weekly_iu(self) -> Decimal | None:
        """International units a week, where dose and frequency are known."""
        if self.dose_iu is None or self.doses_per_week is None:
            return None
        return self.dose_iu * self.doses_per_week


class ExposureKind(StrEnum):
    """The resource that tells of an exposure."""

    ADMINISTRATION = "administration"
    STATEMENT = "statement"
    REQUEST = "request"


@value
class Exposure:
    """One resource that says that the patient received, takes or may have taken a drug (`rules.md`, "Exposure").

    `first` and `last` are the days that it covers, as far as they are dated (`last` is None while it is ongoing or where
    its end is not dated); `written` is when it was recorded. `certain` is false for a status that is unknown or invalid,
    and for an open order without any date in the last year: `unconfirmed` where it says that it goes on. `planned` begins
    in the future: no exposure yet.
    """

    kind: ExposureKind
    drug: Drug
    source: str
    dosage: Dosage
    certain: bool = True
    ongoing: bool = False
    unconfirmed: bool = False
    stopped: bool = False
    planned: bool = False
    first: When | None = None
    last: When | None = None
    written: When | None = None
    last_dose: When | None = None
    last_dose_undated: bool = False

    @property
    def never_ended(self) -> bool:
        """Neither a dose nor an end is on record: on hold, or open and uncertain."""
        return not self.stopped and self.last is None and self.last_dose is None and not self.last_dose_undated

    @property
    def is_one_dose(self) -> bool:
        """One dose, on a day that is known."""
        one_day = self.first is None or self.first == self.last_dose
        return self.certain and self.last_dose is not None and one_day and not (self.ongoing or self.dosage.repeating)

    @property
    def maybe_ongoing(self) -> bool:
        """Open, but without any date of the last year: not ongoing by the definition, and not stopped either."""
        return self.never_ended and not (self.ongoing or self.planned or self.certain)

    @property
    def goes_on(self) -> bool | None:
        """It is being taken now; None where it is open and nobody can tell."""
        return None if self.maybe_ongoing else self.ongoing

    def touches(self, first: date, last: date) -> bool:
        """May the drug have been given on any day of the window? What is not dated may have been."""
        if self.planned:
            return False
        if self.ongoing:
            return self.first is None or self.first.first <= last
        covered = [when for when in (self.first, self.last, self.last_dose) if when is not None]
        if self.never_ended:
            return self.first is None or self.first.first <= last
        if not covered:
            return self.written is None or self.written.last >= first
        begin = min(when.first for when in covered)
        end = max(when.last for when in covered)
        if self.last_dose_undated and self.written is not None:
            end = max(end, self.written.last)
        return begin <= last and end >= first


@value
class Stretch:
    """A stretch of treatment: exposures without a gap of more than a year.

    `latest` is later than `last` where the end of an exposure is not dated: it then lies anywhere between them.
    """

    first: date
    last: date
    latest: date

    @property
    def days(self) -> int:
        """Days from the first exposure to the last that is dated."""
        return (self.last - self.first).days

    @property
    def most_days(self) -> int:
        """Days from the first exposure to the latest day that the last may have been."""
        return (self.latest - self.first).days


class Phase(StrEnum):
    """Start: none of the drugs in the last `start_free_days`. Continuation: any, an uncertain one included."""

    START = "start"
    CONTINUATION = "continuation"


@value
class Exposures:
    """All exposures that could be read, and the gaps where more of them may be.

    A gap makes "never received" unknowable, never "received". Questions answer True, False or None (cannot be known).
    """

    what: Text
    today: date
    entries: tuple[Exposure, ...]
    gaps: tuple[Text, ...] = ()
    settings: FactSettings = DEFAULTS
    _told: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, key: Hashable, reckon: Callable[[], T]) -> T:
        """What is asked of them for each order of a request, reckoned once a key: many orders may meet many exposures."""
        if key not in self._told:
            self._told[key] = reckon()
        told: T = self._told[key]
        return told

    def of(self, concepts: frozenset[str]) -> Exposures:
        """Those to one of these drugs, with the same gaps."""
        return self.once(concepts, lambda: self._of(concepts))

    def _of(self, concepts: frozenset[str]) -> Exposures:
        entries = tuple([entry for entry in self.entries if not concepts.isdisjoint(entry.drug.concepts)])
        return Exposures(self.what, self.today, entries, self.gaps, self.settings)

    @property
    def unavailable(self) -> Unavailable:
        """The gaps, as a fact that could not be looked up; without gaps, the entries that cannot tell."""
        open_ones = tuple(
            _(
                "{source} ({drug}) is open and has no date of the last year: whether it goes on is uncertain",
                source=entry.source,
                drug=entry.drug.name,
            )
            for entry in self.entries
            if entry.maybe_ongoing
        )
        undated = dict.fromkeys(undated_last_dose(entry) for entry in self.entries if entry.last_dose_undated)
        return Unavailable(self.what, self.gaps or open_ones or tuple(undated) or (UNDATED_LAST_DOSE,))

    @property
    def unsettled(self) -> bool:
        """There is a gap, or an entry that cannot tell when its last dose was."""
        return bool(self.gaps) or any(entry.last_dose_undated or entry.maybe_ongoing for entry in self.entries)

    def any(self, predicate: Callable[[Exposure], bool | None]) -> bool | None:
        """Is there one? None when a gap, or an entry that cannot tell, may hide one."""
        return any_of(self.entries, predicate, self.gaps)

    @property
    def ever(self) -> bool | None:
        """Received at any time, or possibly received."""
        return self.any(lambda entry: not entry.planned)

    @property
    def ongoing(self) -> bool | None:
        """Being taken now; None where only an entry that is open and uncertain says so."""
        return self.any(lambda entry: entry.goes_on)

    def in_last(self, days: int) -> bool | None:
        """Ongoing, or the last dose at most so many days ago; None where a last dose is not dated, or nobody can tell."""
        return self.any(lambda entry: self._in_last(entry, days))

    def recent(self, days: int) -> tuple[Exposure, ...]:
        """Those that are ongoing or whose last dose was at most so many days ago, the newest first."""
        found = (entry for entry in self.entries if self._in_last(entry, days))
        return tuple(sorted(found, key=_newness, reverse=True))

    def _in_last(self, entry: Exposure, days: int) -> bool | None:
        if entry.ongoing:
            return True
        if entry.last_dose is not None and entry.last_dose.within(days_before(self.today, days), self.today):
            return True
        return None if entry.last_dose_undated or entry.maybe_ongoing else False

    @property
    def on_treatment(self) -> bool | None:
        """On the drug: ongoing, or the last dose at most `on_treatment_days` ago."""
        return self.in_last(self.settings.on_treatment_days)

    @property
    def surely_on_treatment(self) -> bool | None:
        """The same where what is open and uncertain does not count: nobody asked, so nobody is told of it."""
        days = self.settings.on_treatment_days
        return self.any(lambda entry: False if entry.maybe_ongoing else self._in_last(entry, days))

    def phase(self, what: Text, *, once: frozenset[str] = frozenset()) -> Fact[Phase]:
        """Start or continuation of a treatment with these drugs, as a card calls it; a gap leaves a start unknowable.

        One single dose of a drug of `once` leaves it a start.
        """
        return self.once(("phase", what, once), lambda: self._phase(what, once))

    def _phase(self, what: Text, once: frozenset[str]) -> Fact[Phase]:
        since = days_before(self.today, self.settings.start_free_days)
        touching = tuple(entry for entry in self.entries if entry.touches(since, self.today))
        if touching and not _one_dose(touching, once):
            sources = tuple(entry.source for entry in touching if entry.source)
            certain = any(entry.certain for entry in touching)
            remarks = () if certain else tuple(uncertain_remark(entry) for entry in touching)
            return Known(what, Phase.CONTINUATION, sources, remarks)
        if self.gaps:
            return Unavailable(what, self.gaps)
        return Known(what, Phase.START)

    @property
    def last_dose(self) -> Fact[Exposure]:
        """The exposure with the newest dated dose; absent where none is dated."""
        dosed = [entry for entry in self.entries if entry.last_dose is not None and not entry.planned]
        if self.gaps:
            return self.unavailable
        if not dosed:
            return Absent(LAST_DOSE)
        newest = max(dosed, key=lambda entry: (entry.last_dose.last if entry.last_dose else date.min, entry.source))
        remarks = () if newest.certain else (uncertain_remark(newest),)
        return Known(LAST_DOSE, newest, (newest.source,) if newest.source else (), remarks)

    @property
    def stopped(self) -> bool | None:
        """A statement or a repeating request stopped, completed or ended, and nothing ongoing or planned."""
        if any(entry.ongoing or entry.planned for entry in self.entries):
            return False
        if self.gaps:
            return None
        return any(entry.stopped for entry in self.entries)

    @property
    def last_course(self) -> Stretch | None:
        """The latest course: exposures linked by gaps within `course_gap_days`; None where nothing is dated."""
        spans = sorted(span for span in map(self._span, self.entries) if span is not None)
        if not spans:
            return None
        first, last, latest = spans[0]
        for begin, end, possible_end in spans[1:]:
            if (begin - latest).days > self.settings.course_gap_days:
                first = begin
            last, latest = max(last, end), max(latest, possible_end)
        return Stretch(first, last, latest)

    def _span(self, entry: Exposure) -> tuple[date, date, date] | None:
        """First day, last dated day, and the latest day that the last dose may have been."""
        if entry.planned or (entry.never_ended and not entry.ongoing):
            return None
        dated = [when for when in (entry.first, entry.last, entry.last_dose) if when is not None]
        if entry.ongoing:
            return (min((when.first for when in dated), default=self.today), self.today, self.today)
        if not dated:
            return None
        begin, end = min(when.first for when in dated), min(max(when.last for when in dated), self.today)
        if entry.last is not None or entry.last_dose is not None:
            return (begin, end, end)
        written = self.today if entry.written is None else min(entry.written.last, self.today)
        return (begin, end, max(end, written))


def _one_dose(entries: tuple[Exposure, ...], drugs: frozenset[str]) -> bool:
    """One single dose of one of the drugs, however many resources tell of it."""
    return all(entry.drug.is_any(drugs) and entry.is_one_dose for entry in entries) and (
        len({entry.last_dose for entry in entries}) == 1
        and bool(frozenset.intersection(*(one.drug.concepts for one in entries)))
    )


def _newness(entry: Exposure) -> tuple[bool, date, str]:
    return entry.ongoing, entry.last_dose.last if entry.last_dose is not None else date.min, entry.source


LAST_DOSE = _("last dose")
UNDATED_LAST_DOSE = _("its last dose is not dated")


def undated_last_dose(entry: Exposure) -> Text:
    """Why nobody can tell how long ago a drug was given."""
    return _("{drug}: its last dose is not dated", drug=entry.drug.name)


def uncertain_remark(entry: Exposure) -> Text:
    """That an exposure counts although the record is not sure of it, or of which drug of a class it was."""
    if entry.drug.possible:
        return _(
            "{source}: it names a class ({drug}), not the drug: it counts as a possible exposure to each of the class",
            source=entry.source,
            drug=entry.drug.name,
        )
    if entry.drug.denied:
        return _(
            "{source}: its words say that it is stopped or not given ({drug}): it counts as a possible exposure",
            source=entry.source,
            drug=entry.drug.name,
        )
    return _(
        "{source} ({drug}) is uncertain (status or date) and counts as possible exposure",
        source=entry.source,
        drug=entry.drug.name,
    )
