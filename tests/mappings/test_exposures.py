"""Exposures: whether a medication resource says that a drug was given, is being taken, was stopped, or is planned.

The day of the request is 31 March 2026; 365 days before it is 31 March 2025.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.reading import reader_at

from mappings.dates import When, day
from mappings.facts import Drug, Exposure
from mappings.readers.exposures import administration, confirmed, request, statement
from mappings.wording import verbatim

Json = dict[str, Any]
READER = reader_at(datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland")))
TODAY = day(date(2026, 3, 31))
YEAR = When(date(2026, 1, 1), date(2026, 12, 31))
LONG_AGO = "2019-01-05"
DRUG = Drug(frozenset({"denosumab"}), verbatim("denosumab"), identified=True)

MONTHLY = {"timing": {"repeat": {"period": 1, "periodUnit": "mo"}}}
SIX_DOSES = {"timing": {"repeat": {"count": 6}}}
ONCE = {"timing": {"code": {"text": "once"}}}


def on(written: str) -> When:
    return day(date.fromisoformat(written))


def lasting(weeks: int) -> Json:
    return {"timing": {"repeat": {"boundsDuration": {"value": weeks, "unit": "wk"}}}}


def bounded(**ends: str) -> Json:
    return {"timing": {"repeat": {"boundsPeriod": ends}}}


def maybe_given(**members: Any) -> Exposure | None:
    told = {"status": "completed", **members}
    return administration(READER, told, "MedicationAdministration/1", DRUG)


def given(**members: Any) -> Exposure:
    exposure = maybe_given(**members)
    assert exposure is not None
    return exposure


def maybe_taken(*dosage: Json, **members: Any) -> Exposure | None:
    told = {"status": "active", "dosage": list(dosage), **members}
    return statement(READER, told, "MedicationStatement/1", DRUG)


def taken(*dosage: Json, **members: Any) -> Exposure:
    exposure = maybe_taken(*dosage, **members)
    assert exposure is not None
    return exposure


def maybe_ordered(*dosage: Json, **members: Any) -> Exposure | None:
    told = {"status": "active", "intent": "order", "dosageInstruction": list(dosage), **members}
    return request(READER, told, "MedicationRequest/1", DRUG)


def ordered(*dosage: Json, **members: Any) -> Exposure:
    exposure = maybe_ordered(*dosage, **members)
    assert exposure is not None
    return exposure


# --- what is an exposure ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "certain", "none"),
    [
        (maybe_given, ("completed", "in-progress", "on-hold", "stopped"), ("not-done", "entered-in-error")),
        (
            maybe_taken,
            ("active", "completed", "on-hold", "stopped"),
            ("not-taken", "intended", "entered-in-error", "cancelled"),
        ),
        (maybe_ordered, ("active", "on-hold", "completed", "stopped"), ("draft", "cancelled", "entered-in-error")),
    ],
)
def test_the_status_says_whether_it_is_an_exposure_and_whether_it_is_a_certain_one(
    read: Callable[..., Exposure | None], certain: tuple[str, ...], none: tuple[str, ...]
):
    dates = {"effectiveDateTime": "2026-03-01", "authoredOn": "2026-03-01"}
    for status in certain:
        exposure = read(status=status, **dates)
        assert exposure is not None
        assert exposure.certain, status
    for status in ("unknown", "sent", ""):
        exposure = read(status=status, **dates)
        assert exposure is not None
        assert not exposure.certain, status
    for status in none:
        assert read(status=status, **dates) is None, status


@pytest.mark.parametrize("intent", ["proposal", "option", "directive"])
def test_what_was_only_proposed_is_no_exposure(intent):
    assert maybe_ordered(intent=intent) is None


def test_what_was_ordered_not_to_be_given_is_no_exposure():
    assert maybe_ordered(doNotPerform=True) is None
    assert maybe_ordered(doNotPerform=False) is not None


# --- administrations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"effectiveDateTime": "2026-03-02"},
        {"effectivePeriod": {"start": "2026-03-01", "end": "2026-03-02"}},
        {"effectivePeriod": {"start": "2026-03-02"}},
        {"occurenceDateTime": "2026-03-02"},  # FHIR R5, as it spells it
        {"occurencePeriod": {"start": "2026-03-01", "end": "2026-03-02"}},
    ],
)
def test_an_administration_is_a_dose_on_its_last_day(members):
    exposure = given(**members)
    assert (exposure.last, exposure.last_dose, exposure.last_dose_undated) == (
        on("2026-03-02"),
        on("2026-03-02"),
        False,
    )


def test_an_administration_covers_the_days_of_its_period():
    assert given(effectivePeriod={"start": "2026-03-01", "end": "2026-03-02"}).first == on("2026-03-01")
    assert given(effectiveDateTime="2026-03-02").first == on("2026-03-02")


def test_an_administration_of_today_or_of_a_day_that_may_lie_behind_was_given():
    assert given(effectiveDateTime="2026-03-31").last_dose == TODAY
    assert given(effectiveDateTime="2026").last_dose == YEAR


@pytest.mark.parametrize("dated", [{"effectiveDateTime": "2026-04-01"}, {"effectivePeriod": {"start": "2026-04-01"}}])
def test_a_date_ahead_of_an_administration_is_its_plan_where_it_is_not_over_and_else_says_nothing(dated):
    for status in ("completed", "stopped", "unknown"):
        exposure = given(status=status, **dated)
        assert (exposure.first, exposure.last_dose, exposure.last_dose_undated) == (None, None, True)
    for status in ("in-progress", "on-hold"):
        ahead = given(status=status, **dated)
        assert (ahead.planned, ahead.ongoing, ahead.first, ahead.last_dose) == (True, False, on("2026-04-01"), None)


@pytest.mark.parametrize("member", ["effectivePeriod", "occurencePeriod"])
@pytest.mark.parametrize("end", [{}, {"end": "9999-12-31"}, {"end": "2026-02-01"}])
def test_an_administration_in_progress_with_an_open_period_goes_on(member, end):
    exposure = given(status="in-progress", **{member: {"start": "2026-03-01", **end}})
    assert (exposure.ongoing, exposure.certain, exposure.first) == (True, True, on("2026-03-01"))
    assert (exposure.last, exposure.last_dose, exposure.last_dose_undated) == (None, None, False)


@pytest.mark.parametrize(("start", "sure"), [("2025-03-31", True), ("2025-03-30", False)])
def test_an_administration_in_progress_that_began_more_than_365_days_ago_is_uncertain(start, sure):
    exposure = given(status="in-progress", effectivePeriod={"start": start})
    assert (exposure.ongoing, exposure.certain, exposure.maybe_ongoing) == (sure, sure, not sure)
    until = given(status="in-progress", effectivePeriod={"start": start, "end": "2026-04-02"})
    assert (until.ongoing, until.certain, until.last) == (True, True, on("2026-04-02"))


def test_an_open_period_is_one_dose_where_it_is_over_undated_on_hold_and_uncertain_with_an_unknown_status():
    started = {"effectivePeriod": {"start": "2026-03-01"}}
    for status in ("completed", "stopped"):
        assert given(status=status, **started).last_dose == on("2026-03-01")
        ahead = {"effectivePeriod": {"start": "2026-03-01", "end": "2026-05-01"}}
        assert given(status=status, **ahead).last_dose == on("2026-03-01")
    assert given(status="on-hold", **started).last_dose_undated
    assert given(status="unknown", **started).maybe_ongoing


def test_an_administration_without_a_date_is_a_dose_that_is_not_dated():
    exposure = given()
    assert (exposure.last_dose, exposure.last_dose_undated, exposure.first) == (None, True, None)


# --- ongoing, stopped, planned: statements and orders alike -----------------------------------------------------------


def test_what_is_active_without_a_past_end_is_ongoing_and_gives_no_last_dose():
    for exposure in (taken(effectivePeriod={"start": "2026-01-05"}), ordered(authoredOn="2026-01-05")):
        assert (exposure.ongoing, exposure.stopped, exposure.planned) == (True, False, False)
        assert (exposure.first, exposure.last) == (on("2026-01-05"), None)
        assert (exposure.last_dose, exposure.last_dose_undated, exposure.certain) == (None, False, True)


def test_what_is_on_hold_is_neither_ongoing_nor_stopped():
    for exposure in (taken(MONTHLY, status="on-hold"), ordered(MONTHLY, status="on-hold")):
        assert (exposure.ongoing, exposure.stopped) == (False, False)


def test_what_has_an_unknown_status_may_be_ongoing():
    for exposure in (taken(MONTHLY, status="unknown"), ordered(MONTHLY, status="unknown")):
        assert (exposure.ongoing, exposure.certain) == (True, False)


def test_a_date_that_cannot_be_read_makes_it_uncertain():
    assert not taken(MONTHLY, effectivePeriod={"start": "2026-01-05", "end": "mars"}).certain
    assert not ordered(MONTHLY, authoredOn="hier").certain


@pytest.mark.parametrize(
    ("end", "ongoing"), [("2026-03-30", False), ("2026-03-31", True), ("2026-03", True), ("2026-02", False)]
)
def test_an_active_treatment_goes_on_until_the_last_day_on_which_it_may_have_ended(end, ongoing):
    bounds = {"start": "2026-01-05", "end": end}
    for exposure in (
        taken(effectivePeriod=bounds),
        taken(MONTHLY, effectivePeriod=bounds),
        ordered({"timing": {"repeat": {"period": 1, "periodUnit": "mo", "boundsPeriod": bounds}}}),
    ):
        assert (exposure.ongoing, exposure.stopped) == (ongoing, not ongoing)


def test_a_treatment_that_ended_had_its_last_dose_on_the_day_of_its_end():
    bounds = {"start": "2026-01-05", "end": "2026-03-02"}
    for exposure in (taken(effectivePeriod=bounds, status="completed"), ordered(bounded(**bounds), status="completed")):
        assert (exposure.last, exposure.last_dose, exposure.last_dose_undated) == (
            on("2026-03-02"),
            on("2026-03-02"),
            False,
        )


@pytest.mark.parametrize(
    ("end", "last_dose"), [("2026-03-31", TODAY), ("2026", YEAR), ("2026-04-01", None), ("2027", None)]
)
def test_a_last_dose_never_lies_ahead(end, last_dose):
    bounds = {"start": "2026-01-05", "end": end}
    for exposure in (taken(effectivePeriod=bounds, status="stopped"), ordered(bounded(**bounds), status="stopped")):
        assert (exposure.last_dose, exposure.last_dose_undated) == (last_dose, last_dose is None)


@pytest.mark.parametrize("status", ["completed", "stopped"])
@pytest.mark.parametrize(
    ("written", "undated"), [("2025-03-31", True), ("2025", True), ("2025-03-30", False), (None, True)]
)
def test_the_last_dose_of_what_ended_on_no_date_is_undated_when_it_was_written_in_the_last_365_days(
    status, written, undated
):
    exposures = [
        taken(MONTHLY, status=status, dateAsserted=written),
        ordered(MONTHLY, status=status, authoredOn=written),
    ]
    exposures.append(taken(MONTHLY, status=status, effectivePeriod={"start": written}))
    for exposure in exposures:
        assert (exposure.last_dose, exposure.last_dose_undated) == (None, undated)
        assert (exposure.stopped, exposure.ongoing, exposure.certain) == (True, False, True)


def test_what_began_long_ago_and_was_written_lately_as_ended_has_an_undated_last_dose():
    exposure = taken(status="completed", effectivePeriod={"start": LONG_AGO}, dateAsserted="2026-03-01")
    assert (exposure.written, exposure.last_dose_undated) == (on("2026-03-01"), True)


def test_what_ended_long_ago_on_no_date_is_certain():
    exposure = taken(status="completed", effectivePeriod={"start": LONG_AGO})
    assert (exposure.certain, exposure.stopped, exposure.last_dose_undated) == (True, True, False)


@pytest.mark.parametrize(
    ("start", "sure"), [("2025-03-31", True), ("2025", True), ("2025-03-30", False), ("2024", False)]
)
def test_an_open_treatment_without_a_date_in_the_last_365_days_is_uncertain_and_not_ongoing(start, sure):
    for exposure in (taken(effectivePeriod={"start": start}), ordered(authoredOn=start)):
        assert (exposure.ongoing, exposure.certain) == (sure, sure)


def test_an_open_treatment_without_any_date_is_uncertain():
    for exposure in (taken(), ordered()):
        assert (exposure.ongoing, exposure.certain) == (False, False)


def test_an_open_treatment_that_was_written_lately_is_ongoing_however_long_ago_it_began():
    exposure = taken(effectivePeriod={"start": LONG_AGO}, dateAsserted="2026-03-01")
    assert (exposure.ongoing, exposure.certain) == (True, True)


@pytest.mark.parametrize("line", [MONTHLY, SIX_DOSES, bounded(start=LONG_AGO, end="2027-01-05")])
def test_a_treatment_with_a_frequency_a_number_of_doses_or_an_end_ahead_is_ongoing_however_long_ago_it_began(line):
    for exposure in (taken(line, effectivePeriod={"start": LONG_AGO}), ordered(line, authoredOn=LONG_AGO)):
        assert (exposure.ongoing, exposure.certain) == (True, True)


@pytest.mark.parametrize(
    ("period", "end"),
    [
        ({"start": "2026-01-05", "end": "2026-03-02"}, "2026-03-02"),
        ({"end": "2026-05-01"}, "2026-05-01"),
        *(({"start": "2026-01-05", "end": end}, None) for end in ("2025-12-31", "9999-12-31", "1900-01-01")),
        ({"start": "2026-01-05"}, None),
    ],
)
def test_the_validity_of_an_order_ends_it(period, end):
    exposure = ordered(MONTHLY, authoredOn="2026-01-05", dispenseRequest={"validityPeriod": period})
    over = end == "2026-03-02"
    assert exposure.last == (None if end is None else on(end))
    assert (exposure.ongoing, exposure.stopped) == (not over, over)
    own = bounded(start="2026-01-05", end="2026-02-02")
    assert ordered(own, dispenseRequest={"validityPeriod": period}).last == on("2026-02-02")


def test_what_begins_after_today_is_planned_unless_it_is_said_to_have_ended():
    for read in (
        lambda status: taken(MONTHLY, status=status, effectivePeriod={"start": "2026-04-01"}),
        lambda status: ordered(bounded(start="2026-04-01"), status=status, authoredOn="2026-03-01"),
        lambda status: ordered(MONTHLY, status=status, authoredOn="2026-04-01"),
    ):
        ahead = read("active")
        assert (ahead.planned, ahead.ongoing, ahead.first) == (True, False, on("2026-04-01"))
        assert not read("stopped").planned


@pytest.mark.parametrize("start", ["2026-03-31", "2026"])
def test_what_begins_today_or_may_have_begun_is_not_planned(start):
    for exposure in (taken(MONTHLY, effectivePeriod={"start": start}), ordered(MONTHLY, authoredOn=start)):
        assert (exposure.planned, exposure.ongoing) == (False, True)


# --- statements -------------------------------------------------------------------------------------------------------


def test_a_statement_of_a_single_day_is_a_dose_of_that_day():
    for status in ("active", "completed"):
        assert taken(status=status, effectiveDateTime="2026-03-02").last_dose == on("2026-03-02")
    assert taken(status="completed", effectiveDateTime="2026-03-02").last == on("2026-03-02")
    assert taken(effectiveDateTime="2026-03-02").last is None


def test_a_single_date_of_a_repeated_treatment_is_no_dose_but_its_beginning():
    exposure = taken(MONTHLY, effectiveDateTime="2026-03-02")
    assert (exposure.first, exposure.last_dose, exposure.ongoing) == (on("2026-03-02"), None, True)
    assert taken(MONTHLY, status="completed", effectiveDateTime="2026-03-02").last == on("2026-03-02")


def test_an_end_counts_before_the_single_date_of_a_statement():
    exposure = taken(bounded(start="2026-02-02", end="2026-03-16"), effectiveDateTime="2026-03-02", status="completed")
    assert (exposure.last, exposure.last_dose) == (on("2026-03-16"), on("2026-03-16"))


def test_the_beginning_and_the_end_of_a_statement_count_before_those_of_its_dosage():
    line = bounded(start="2026-02-02", end="2026-03-16")
    of_line = taken(line)
    assert (of_line.first, of_line.last) == (on("2026-02-02"), on("2026-03-16"))
    own = taken(line, effectivePeriod={"start": "2026-01-05", "end": "2026-03-02"})
    assert (own.first, own.last) == (on("2026-01-05"), on("2026-03-02"))


def test_a_duration_is_counted_from_the_beginning_of_a_statement_else_from_the_day_of_writing():
    begun = taken(lasting(2), effectivePeriod={"start": "2026-03-02"}, dateAsserted="2026-01-05")
    assert begun.last == on("2026-03-16")
    assert taken(lasting(2), dateAsserted="2026-01-05").last == on("2026-01-19")


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_of_one_dose_was_given_on_its_day():
    exposure = ordered(ONCE, authoredOn="2026-03-02")
    assert (exposure.last_dose, exposure.last, exposure.last_dose_undated) == (
        on("2026-03-02"),
        on("2026-03-02"),
        False,
    )
    assert (exposure.ongoing, exposure.planned) == (False, False)


def test_an_order_of_one_dose_on_a_day_ahead_is_planned_and_no_dose():
    exposure = ordered(ONCE, authoredOn="2026-04-01")
    assert (exposure.planned, exposure.last_dose) == (True, None)


def test_an_order_of_one_dose_without_a_date_is_an_undated_dose():
    exposure = ordered(ONCE)
    assert (exposure.last_dose, exposure.last_dose_undated) == (None, True)


def test_an_order_begins_on_the_day_that_its_dosage_says_before_that_of_writing():
    exposure = ordered(bounded(start="2026-03-16"), authoredOn="2026-03-02")
    assert (exposure.first, exposure.written) == (on("2026-03-16"), on("2026-03-02"))


def test_an_order_that_is_a_plan_is_planned_unless_it_is_said_to_have_ended():
    plan = ordered(MONTHLY, intent="plan", authoredOn="2026-03-02")
    assert (plan.planned, plan.ongoing) == (True, False)
    assert not ordered(MONTHLY, intent="plan", status="completed", authoredOn="2026-03-02").planned


def test_an_open_order_is_stopped_only_when_its_status_says_so():
    assert ordered(status="stopped", authoredOn="2026-03-02").stopped
    assert not ordered(status="completed", authoredOn="2026-03-02").stopped


# --- open entries of an old list ---------------------------------------------------------------------------------------

OLD_LIST = taken(effectivePeriod={"start": LONG_AGO})


@pytest.mark.parametrize(
    ("other", "goes_on"),
    [
        (given(effectiveDateTime="2025-03-31"), True),  # 365 days ago
        (given(effectiveDateTime="2025-03-30"), False),
        (given(effectiveDateTime="2026-03-01", status="unknown"), False),
        (taken(MONTHLY, effectivePeriod={"start": "2026-02-01"}), True),
        (taken(MONTHLY, effectivePeriod={"start": LONG_AGO}), False),  # without a date of the year it says nothing new
        (taken(effectivePeriod={"start": "2026-02-01"}, status="stopped"), False),
    ],
)
def test_an_open_entry_of_an_old_list_goes_on_where_a_record_of_the_year_confirms_it(other, goes_on):
    assert OLD_LIST.unconfirmed
    first, _other = confirmed([OLD_LIST, other], TODAY.last)
    assert (first.ongoing, first.certain, first.unconfirmed) == (goes_on, goes_on, not goes_on)


def test_another_drug_confirms_nothing_and_what_is_on_hold_is_not_unconfirmed():
    other = replace(given(effectiveDateTime="2026-03-01"), drug=replace(DRUG, concepts=frozenset({"gemcitabine"})))
    assert confirmed([OLD_LIST, other], TODAY.last)[0].unconfirmed
    assert not taken(effectivePeriod={"start": LONG_AGO}, status="on-hold").unconfirmed
