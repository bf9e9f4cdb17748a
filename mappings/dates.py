"""FHIR dates as intervals of calendar days in the zone of the request's clock.

`rules.md`, "Days": whole calendar days in the zone of the request's clock; a partial date is an interval.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

LONGEST_DATE = 64
"""Characters of a date; a longer text is none, whatever it begins with."""

_FHIR_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)
_FHIR_DATE_TIME = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt ](?P<minute>\d{2}:\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"\s?(?P<offset>[Zz]|[+-]\d{2}(?::?\d{2})?)?\Z",
    re.ASCII,
)

EARLIEST_YEAR = 1905
EMPTY_FROM_YEAR = 2999
"""Years before the one and from the other on are what programs write for no date (`rules.md`, "Dates that say nothing")."""

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The empty date-time of programs that count seconds from it (`rules.md`, "Dates that say nothing")."""


class UnreadableDate(ValueError):
    """A date that is neither a FHIR date nor a FHIR dateTime nor a near miss that can only mean one day."""


class EmptyDate(UnreadableDate):
    """A date that says nothing: a program wrote it for none. It is no date, rather than one that cannot be read."""


@dataclass(frozen=True, slots=True)
class When:
    """A day, or an interval of days where the record says only a year or a month.

    `instant` is set when the record states a time: two results of one day are then ordered by it.
    """

    first: date
    last: date
    instant: datetime | None = None

    @property
    def partial(self) -> bool:
        """The record gave a year or a month only."""
        return self.first != self.last

    def certainly_before(self, other: When) -> bool:
        """Every reading of this date is earlier than every reading of the other."""
        if self.instant is not None and other.instant is not None:
            return self.instant < other.instant
        return self.last < other.last

    def ends_before(self, start: When) -> bool:
        """As the end of a period, it lies before its start however both are read."""
        if self.instant is not None and start.instant is not None:
            return self.instant < start.instant
        return self.last < start.first

    def within(self, first: date, last: date) -> bool:
        """Any day of it falls inside the window, both ends included."""
        return self.first <= last and self.last >= first


def newest_of(dates: Sequence[When]) -> list[bool]:
    """For each date, whether none of the others is certainly later; in one pass, records may hold thousands."""
    if not dates:
        return []
    latest_day = max(when.first for when in dates)
    latest_instant = max((when.instant for when in dates if when.instant is not None), default=None)
    return [
        when.last >= latest_day and (when.instant is None or latest_instant is None or when.instant >= latest_instant)
        for when in dates
    ]


def later_than_all(dates: Sequence[When], others: Sequence[When]) -> list[bool]:
    """For each date, whether every one of the others is certainly before it; in one pass too."""
    latest_day = max((other.last for other in others), default=date.min)
    latest_instant = max((other.instant for other in others if other.instant is not None), default=None)
    latest_day_alone = max((other.last for other in others if other.instant is None), default=None)

    def is_later(when: When) -> bool:
        if when.instant is None:
            return not others or latest_day < when.last
        return (latest_instant is None or latest_instant < when.instant) and (
            latest_day_alone is None or latest_day_alone < when.last
        )

    return [is_later(when) for when in dates]


def day(value: date) -> When:
    """A `When` that is one whole day."""
    return When(value, value)


def read_when(text: object, zone: tzinfo) -> When:
    """Read a FHIR `date`, `dateTime` or `instant` into the days that it covers in `zone`.

    A dateTime without a zone (invalid in R4, but sent) is read in `zone`. A leap second (`:60`) is the second after it, and a
    fraction of any number of digits is read to the microsecond. Raises `EmptyDate` for a date that says nothing, and
    `UnreadableDate`.
    """
    if not isinstance(text, str) or len(text) > LONGEST_DATE:
        raise UnreadableDate("a date is a short text")
    return _read_when(text, zone)


@lru_cache(maxsize=4096)
def _read_when(text: str, zone: tzinfo) -> When:
    """One date is read several times in a request, and the days of a ward are few."""
    text = text.strip()
    told = _FHIR_DATE.match(text) or _FHIR_DATE_TIME.match(text)
    if told is None:
        raise UnreadableDate("not a FHIR date or dateTime")
    if not EARLIEST_YEAR <= int(text[:4]) < EMPTY_FROM_YEAR:
        raise EmptyDate("an empty date")
    try:
        when = _read_date(told) if told.re is _FHIR_DATE else _read_date_time(told, zone)
    except (ValueError, OverflowError) as error:
        raise UnreadableDate("not a day of the calendar") from error
    if _is_epoch(text, when):
        raise EmptyDate("an empty date")
    return when


def _is_epoch(text: str, when: When) -> bool:
    """The first midnight of 1970, in universal time or in the time that is told; a plain day of it may be a real one."""
    if when.instant is None:
        return False
    told_midnight = text.startswith("1970-01-01") and text[11:16] == "00:00" and when.instant.second == 0
    return told_midnight or when.instant == _UNIX_EPOCH


def _read_date(told: re.Match[str]) -> When:
    year_text, month_text, day_text = told.groups()
    year = int(year_text)
    if month_text is None:
        return When(date(year, 1, 1), date(year, 12, 31))
    month = int(month_text)
    if day_text is None:
        return When(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
    return day(date(year, month, int(day_text)))


def _read_date_time(told: re.Match[str], zone: tzinfo) -> When:
    second = told["second"] or "00"
    leap = second == "60"
    fraction = (told["fraction"] or "")[:6].ljust(6, "0")
    offset = (told["offset"] or "").upper()
    instant = datetime.fromisoformat(f"{told['day']}T{told['minute']}:{'59' if leap else second}.{fraction}{offset}")
    instant += timedelta(seconds=leap)
    local = instant.replace(tzinfo=zone) if instant.tzinfo is None else instant.astimezone(zone)
    return When(local.date(), local.date(), local)


def completed_years(birth: date, on: date) -> int:
    """Completed years of age on a day."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def add_months(start: date, months: int) -> date:
    """The same day of a later (or earlier) month, or that month's last day: calendar months, `rules.md` "Days"."""
    month_index = start.year * 12 + start.month - 1 + months
    year, month = divmod(month_index, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


@lru_cache(maxsize=1024)
def days_before(today: date, days: int) -> date:
    """The day that lies `days` days before today; the first day of the calendar where that would lie before it."""
    try:
        return today - timedelta(days=days)
    except OverflowError:
        return date.min
