"""The calendar of a patient: what was done, is given and is planned, with the windows of the rules, on one axis of days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mappings.facts import Facts
from mappings.queries import Reads
from mappings.wording import Text


class Kind(StrEnum):
    """What an entry of a calendar is."""

    DONE = "done"
    """It was done or given, or is under way."""

    PLANNED = "planned"
    """It is drafted or ordered."""

    WINDOW = "window"
    """Days that a rule keeps free, or within which it counts."""

    STOP = "stop"
    """The last day of a drug before an act."""

    EARLIEST = "earliest"
    """The first day on which an order respects the windows."""

    RESULT = "result"
    """A result of that day."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stretch of days; `last` is None where its end is not known. `note` is what a reader should know of it."""

    kind: Kind
    name: Text | str
    first: date
    last: date | None
    note: Text | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """The entries of one kind of treatment or result; `gaps` say what of it could not be looked up, `undated` what has no day."""

    title: Text
    entries: tuple[Entry, ...]
    gaps: tuple[Text, ...] = ()
    undated: tuple[Text | str, ...] = ()


CalendarSays = Callable[[Facts], Iterable[Lane]]


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a guideline tells the calendar of a patient, and the facts that it reads.

    `rules` are those whose cards are about days, so that they may link to the calendar.
    """

    reads: frozenset[Reads]
    says: CalendarSays
    rules: frozenset[str] = frozenset()

    def of(self, patient: Facts) -> Iterator[Lane]:
        """The lanes that hold something, or of which something is not known."""
        return (lane for lane in self.says(patient) if lane.entries or lane.gaps or lane.undated)
