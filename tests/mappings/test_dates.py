"""Dates as records write them, FHIR and nearly so."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from mappings.dates import UnreadableDate, read_when

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("written", "day", "hour"),
    [
        ("2024-01-10T08:00:00+01:00", date(2024, 1, 10), 8),
        ("2024-01-10 08:00:00+01", date(2024, 1, 10), 8),  # as a database prints it: blank, hours alone
        ("2024-01-10T08:00:00+0100", date(2024, 1, 10), 8),
        ("2024-01-10T23:30:00Z", date(2024, 1, 11), 0),
        ("2024-01-10T08:00", date(2024, 1, 10), 8),
    ],
)
def test_a_date_and_time_is_read_in_the_zone_of_the_request(written, day, hour):
    when = read_when(written, PARIS)
    assert (when.first, when.last) == (day, day)
    assert when.instant is not None
    assert when.instant.hour == hour


@pytest.mark.parametrize(
    "written", ["2024-01-10T08:00:00+1", "2024-01-10T08:00:00+01:", "10/01/2024", "20240110", 20240110]
)
def test_what_may_mean_another_day_is_not_read(written):
    with pytest.raises(UnreadableDate):
        read_when(written, PARIS)


@pytest.mark.parametrize("written", ["0001-01-01", "0001-01-01T00:00:00Z", "0001", "1753-01-01", "1799-12-31"])
def test_the_empty_date_of_a_program_is_no_date(written):
    with pytest.raises(UnreadableDate):
        read_when(written, PARIS)


def test_the_earliest_date_is_one_on_which_nobody_living_was_born():
    assert read_when("1800-01-01", PARIS).first == date(1800, 1, 1)
