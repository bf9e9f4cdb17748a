"""The clock of one request. Time is passed in: nothing below the application asks the machine what day it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mappings.dates import When, read_when

FUTURE_TOLERANCE = timedelta(hours=24)
"""A result dated further ahead than this is not used (`rules.md`, "Newest valid result")."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment of the request; its zone decides what a day is."""

    now: datetime
    tolerance: timedelta = FUTURE_TOLERANCE

    def at_the_end_of(self, day: date) -> Clock:
        """The clock of the last moment of another day, for which the next day is the future."""
        return Clock(datetime.combine(day, time.max, self.now.tzinfo), timedelta())

    @property
    def today(self) -> date:
        """The calendar day of the request."""
        return self.now.date()

    def read(self, text: object) -> When:
        """A FHIR date in the zone of the request. Raises `mappings.dates.UnreadableDate`."""
        return read_when(text, self.now.tzinfo or UTC)

    def too_far_ahead(self, when: When) -> bool:
        """Further in the future than is tolerated (24 h), however it is read."""
        limit = self.now + self.tolerance
        if when.instant is not None:
            return when.instant > limit
        return when.first > limit.date()
