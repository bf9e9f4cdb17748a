"""Dates as records write them, FHIR and nearly so; their order, windows of days, calendar months, and the request's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from support.reading import reader_at

from mappings.clock import Clock
from mappings.dates import (
    EmptyDate,
    UnreadableDate,
    When,
    add_months,
    completed_years,
    day,
    days_before,
    later_than_all,
    newest_of,
    read_when,
)

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2024, 1, 10, 12, tzinfo=PARIS)
TENTH = day(NOON.date())
JANUARY = When(date(2024, 1, 1), date(2024, 1, 31))


def at(moment: datetime) -> When:
    """A result of a day with its time."""
    return When(moment.date(), moment.date(), moment)


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "day", "hour"),
    [
        ("2024-01-10T08:00:00+01:00", date(2024, 1, 10), 8),
        ("2024-01-10 08:00:00+01", date(2024, 1, 10), 8),  # as a database prints it: blank, hours alone
        ("2024-01-10T08:00:00+0100", date(2024, 1, 10), 8),
        ("2024-01-10T23:30:00Z", date(2024, 1, 11), 0),
        ("2024-01-10t23:30:00z", date(2024, 1, 11), 0),
        ("2024-01-10T08:00", date(2024, 1, 10), 8),
    ],
)
def test_a_date_and_time_is_read_in_the_zone_of_the_request(written, day, hour):
    when = read_when(written, PARIS)
    assert (when.first, when.last) == (day, day)
    assert when.instant is not None
    assert when.instant.hour == hour


@pytest.mark.parametrize(
    ("fraction", "microsecond"),
    [("", 0), (".5", 500_000), (",25", 250_000), (".123456789", 123_456), (".12345678901234567890", 123_456)],
)
def test_a_fraction_of_a_second_is_read_to_the_microsecond(fraction, microsecond):
    when = read_when(f"2024-01-10T08:00:00{fraction}+01:00", PARIS)
    assert when.instant == datetime(2024, 1, 10, 8, microsecond=microsecond, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("ahead", "says"),
    [("2024-01-11", True), ("2024", True), ("2024-01-12", False), ("2024-02", False), ("2124-01-10", False)],
)
def test_a_date_ahead_says_nothing_of_what_is_over(ahead, says):
    reader = reader_at(NOON)
    assert reader.lies_ahead(reader.date(ahead)) is not says
    assert not reader.lies_ahead(None)


def test_a_leap_second_is_the_second_after_it():
    when = read_when("2016-12-31T23:59:60.5Z", PARIS)
    assert when.instant == datetime(2017, 1, 1, 1, 0, 0, 500_000, tzinfo=PARIS)
    assert when.first == date(2017, 1, 1)


@pytest.mark.parametrize(
    "written",
    [
        *("2024-01-10T08:00:61Z", f"2024-01-10T08:00:00.{'0' * 60}Z"),
        *("2024-01-10T08:00:00+1", "2024-01-10T08:00:00+01:", "10/01/2024", "20240110", 20240110, None),
        *("2024-13", "2024-02-30", "2024-00-10", "2024-01-10T25:00:00Z"),
    ],
)
def test_what_may_mean_another_day_is_not_read(written):
    with pytest.raises(UnreadableDate):
        read_when(written, PARIS)


@pytest.mark.parametrize(
    "written",
    [
        *("0000", "0001-01-01", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1753-01-01", "1900-01-01"),
        *("1904-12-31", "2999", "2999-01-01", "9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"),
        *("1970-01-01T00:00:00Z", "1970-01-01T00:00", "1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00.000-05:00"),
    ],
)
def test_the_empty_date_of_a_program_says_nothing(written):
    with pytest.raises(EmptyDate):
        read_when(written, PARIS)
    assert not reader_at(NOON).cannot_read(written)


@pytest.mark.parametrize("written", ["1905-01-01", "1970-01-01", "1970-01-01T00:00:01Z", "1970", "2998-12-31"])
def test_a_date_that_a_person_may_have_written_is_read(written):
    assert read_when(written, PARIS).first.isoformat()[:4] == written[:4]


@pytest.mark.parametrize(
    ("start", "end", "read_end"),
    [
        ("2024-01-10", "2024-01-09", None),
        ("2024-01-10", "1900-01-01", None),
        ("2024-01-10T08:00:00Z", "2024-01-10T07:59:59Z", None),
        ("2024-01-10", "9999-12-31", None),
        ("2024-01-10", "2024-01-10", TENTH),
        ("2024-01", "2024-01-10", TENTH),
        ("1900-01-01", "2024-01-10", TENTH),
    ],
)
def test_a_period_that_ends_before_it_starts_has_no_end_and_its_start_stands(start, end, read_end):
    reader = reader_at(NOON)
    assert reader.period({"start": start, "end": end}) == (reader.date(start), read_end)


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-01", date(2024, 1, 1), date(2024, 1, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        (" 2024-01-10 ", date(2024, 1, 10), date(2024, 1, 10)),
    ],
)
def test_a_date_covers_all_the_days_that_it_may_mean(written, first, last):
    when = read_when(written, PARIS)
    assert (when.first, when.last, when.instant) == (first, last, None)
    assert when.partial is (first != last)


# --- order and windows ------------------------------------------------------------------------------------------------


def test_a_date_is_certainly_before_another_when_its_last_day_is():
    assert TENTH.certainly_before(day(date(2024, 1, 11)))
    assert not TENTH.certainly_before(TENTH)
    assert not TENTH.certainly_before(day(date(2024, 1, 9)))
    assert TENTH.certainly_before(JANUARY)
    assert not JANUARY.certainly_before(day(date(2024, 1, 31)))


def test_two_results_of_one_day_are_ordered_by_their_times():
    noon, one = at(NOON), at(NOON + timedelta(hours=1))
    assert noon.certainly_before(one)
    assert not noon.certainly_before(noon)
    assert not one.certainly_before(noon)
    assert not noon.certainly_before(TENTH)
    assert not TENTH.certainly_before(one)


@pytest.mark.parametrize(
    ("first", "last", "inside"),
    [
        (date(2023, 12, 1), date(2024, 1, 1), True),
        (date(2023, 12, 1), date(2023, 12, 31), False),
        (date(2024, 1, 31), date(2024, 2, 28), True),
        (date(2024, 2, 1), date(2024, 2, 28), False),
        (date(2024, 1, 10), date(2024, 1, 20), True),
    ],
)
def test_a_date_is_within_a_window_when_any_day_of_it_is_both_ends_included(first, last, inside):
    assert JANUARY.within(first, last) is inside


def test_the_newest_dates_are_those_that_no_other_is_certainly_later_than():
    ninth, eleventh = day(date(2024, 1, 9)), day(date(2024, 1, 11))
    assert newest_of([]) == []
    assert newest_of([TENTH, ninth, TENTH]) == [True, False, True]
    assert newest_of([TENTH, JANUARY]) == [True, True]
    assert newest_of([JANUARY, TENTH, eleventh]) == [True, False, True]
    assert newest_of([JANUARY, day(date(2024, 1, 31)), day(date(2024, 2, 1))]) == [False, False, True]


def test_of_results_of_one_day_the_latest_time_is_newest_and_one_without_a_time_may_be():
    noon, one = at(NOON), at(NOON + timedelta(hours=1))
    assert newest_of([noon, one, one]) == [False, True, True]
    assert newest_of([noon, TENTH, one]) == [False, True, True]


DATES = (
    *(at(NOON + timedelta(hours=hours)) for hours in (-25, -1, 0, 1, 25)),
    *(day(date(2024, 1, number)) for number in (9, 10, 11)),
    *(JANUARY, When(date(2024, 1, 1), date(2024, 12, 31))),
)


@pytest.mark.parametrize("others", [(), *product(DATES), *product(DATES, repeat=2), DATES])
def test_a_date_is_later_than_all_others_where_each_of_them_is_certainly_before_it(others):
    assert later_than_all(DATES, others) == [all(other.certainly_before(one) for other in others) for one in DATES]


# --- calendar ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "years"), [(date(2026, 3, 30), 65), (date(2026, 3, 31), 66), (date(2026, 4, 1), 66), (date(2026, 2, 28), 65)]
)
def test_a_year_of_age_is_completed_on_the_birthday(on, years):
    assert completed_years(date(1960, 3, 31), on) == years


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 1, 15), 1, date(2026, 2, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 0, date(2026, 1, 15)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 3, 15), 24, date(2028, 3, 15)),
    ],
)
def test_months_are_calendar_months_that_end_on_their_last_day(start, months, end):
    assert add_months(start, months) == end


def test_days_are_counted_back_to_the_first_day_of_the_calendar_at_most():
    assert days_before(date(2026, 3, 1), 1) == date(2026, 2, 28)
    assert days_before(date(2026, 3, 1), 99_999_999) == date.min


# --- the clock of a request -------------------------------------------------------------------------------------------


def test_today_is_the_day_of_the_request_in_its_own_zone():
    clock = Clock(datetime(2024, 1, 10, 0, 30, tzinfo=PARIS))
    assert clock.today == date(2024, 1, 10)
    assert clock.read("2024-01-09T23:15:00Z").first == date(2024, 1, 10)
    assert clock.read("2024-01-10T00:15:00").instant == datetime(2024, 1, 9, 23, 15, tzinfo=UTC)


def test_a_request_without_a_zone_is_in_universal_time():
    assert Clock(NOON.replace(tzinfo=None)).read("2024-01-10T12:00:00").instant == NOON.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "too_far"),
    [
        (at(NOON - timedelta(hours=1)), False),
        (at(NOON + timedelta(hours=24)), False),
        (at(NOON + timedelta(hours=24, seconds=1)), True),
        (TENTH, False),
        (day(date(2024, 1, 11)), False),
        (day(date(2024, 1, 12)), True),
        (JANUARY, False),
        (When(date(2024, 2, 1), date(2024, 2, 29)), True),
    ],
)
def test_more_than_24_hours_ahead_however_it_is_read_is_too_far(when, too_far):
    assert Clock(NOON).too_far_ahead(when) is too_far
