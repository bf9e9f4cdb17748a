"""What a record tells of a drug: given in a window, being taken, stopped, a course; exposures told one by one, by date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from support.reading import reader_at

from mappings.dates import read_when
from mappings.facts import Absent, Dosage, Drug, Exposure, ExposureKind, Exposures, Known, Phase, Stretch, Unavailable
from mappings.facts.drugs import UNDATED_LAST_DOSE
from mappings.readers.dosage import read_dosage
from mappings.readers.medications import identify
from mappings.wording import Text, _

TODAY = date(2026, 3, 31)
READER = reader_at(datetime(2026, 3, 31, tzinfo=UTC))
WHAT = _("exposure to an antiresorptive")
GAP = _("the orders could not be looked up")
WHAT = _("start or continuation")
DENOSUMAB = Drug(frozenset({"denosumab"}), _("denosumab"), identified=True)
PREDNISONE = Drug(frozenset({"prednisone"}), _("prednisone"), identified=True)


def told(source: str = "MedicationStatement/1", drug: Drug = DENOSUMAB, **dates: object) -> Exposure:
    """An exposure; its dates are told as texts."""
    read: dict[str, Any] = {
        name: read_when(value, UTC) if isinstance(value, str) else value for name, value in dates.items()
    }
    return replace(Exposure(ExposureKind.STATEMENT, drug, source, Dosage()), **read)


def given(on_day: str, source: str = "MedicationAdministration/1", **others: object) -> Exposure:
    """One dose that was given."""
    return told(source, first=on_day, last=on_day, last_dose=on_day, **others)


def record(*entries: Exposure, gaps: tuple[Text, ...] = ()) -> Exposures:
    return Exposures(WHAT, TODAY, entries, gaps)


# --- what is not said -------------------------------------------------------------------------------------------------


def identified(**concept: object) -> Drug:
    return identify(READER, {"medicationCodeableConcept": concept})


def test_an_entry_that_names_no_medication_is_not_identified_and_bears_no_name():
    drug = identified()
    assert (drug.identified, drug.named) == (False, False)


def test_a_drug_known_by_its_code_is_said_to_be_known_neither_by_its_name_nor_by_a_code_that_is_not_verified():
    drug = identified(coding=[{"system": "http://www.whocc.no/atc", "code": "M05BX04"}])
    assert (drug.identified, drug.by_name, drug.unverified_code) == (True, False, False)


def test_a_drug_that_is_none_of_ours_is_said_to_be_known_neither_by_its_name_nor_by_a_code_that_is_not_verified():
    drug = identified(text="Amoxicillin 1 g")
    assert (drug.named, drug.by_name, drug.unverified_code) == (True, False, False)


def test_an_order_without_instructions_is_open_neither_a_single_dose_nor_repeating_without_dose_or_route():
    dosage = read_dosage(READER, None, DENOSUMAB, None)
    assert (dosage.single, dosage.repeating) == (False, False)
    assert (dosage.dose_stated, dosage.route_stated, dosage.route_unverified) == (False, False, False)


# --- one exposure -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("iu", "a_week", "weekly"), [(50_000, "0.25", 12_500), (1_000, "7", 7_000), (None, "7", None), (1_000, None, None)]
)
def test_units_a_week_are_the_dose_times_the_doses_a_week_where_both_are_known(iu, a_week, weekly):
    dosage = Dosage(
        dose_iu=None if iu is None else Decimal(iu), doses_per_week=None if a_week is None else Decimal(a_week)
    )
    assert dosage.weekly_iu == weekly


@pytest.mark.parametrize(
    ("entry", "never"),
    [
        (told(first="2026-01-01"), True),
        (told(first="2026-01-01", ongoing=True), True),
        (told(first="2026-01-01", stopped=True), False),
        (told(first="2026-01-01", last="2026-02-01"), False),
        (told(first="2026-01-01", last_dose="2026-02-01"), False),
        (told(first="2026-01-01", last_dose_undated=True), False),
    ],
)
def test_an_exposure_never_ended_when_neither_a_stop_nor_a_dose_nor_an_end_is_on_record(entry, never):
    assert entry.never_ended is never


def test_an_open_exposure_that_is_uncertain_may_be_ongoing():
    open_one = told(certain=False)
    assert open_one.maybe_ongoing
    assert not told(certain=True).maybe_ongoing  # on hold
    assert not replace(open_one, ongoing=True).maybe_ongoing
    assert not replace(open_one, planned=True).maybe_ongoing
    assert not replace(open_one, stopped=True).maybe_ongoing


@pytest.mark.parametrize(
    ("entry", "touches"),
    [
        # ongoing, or never ended: from its first day on
        (told(ongoing=True), True),
        (told(ongoing=True, first="2026-02-10"), True),
        (told(ongoing=True, first="2026-02-11"), False),
        (told(ongoing=True, first="2026-02"), True),  # on one of the first ten days of February perhaps
        (told(ongoing=True, first="2025-01-01", last="2025-12-01"), True),
        (told(), True),
        (told(first="2026-02-10"), True),
        (told(first="2026-02-11"), False),
        (told(first="2026-02"), True),
        (told(first="2025-01-01"), True),
        # planned: not given yet
        (told(planned=True, first="2026-02-05"), False),
        # stopped without any date: from when it was recorded
        (told(stopped=True), True),
        (told(stopped=True, written="2026-01-10"), True),
        (told(stopped=True, written="2026-01-09"), False),
        (told(stopped=True, written="2026-01"), True),
        # between its first and its last date
        (told(stopped=True, first="2025-01-01"), False),
        (told(stopped=True, first="2025-01-01", last="2026-01-10"), True),
        (told(stopped=True, first="2025-01-01", last="2026-01-09"), False),
        (told(stopped=True, first="2025-01-01", last="2026-01"), True),
        (told(stopped=True, first="2025-01-01", last_dose="2026-01-10"), True),
        (told(stopped=True, first="2026-02-10", last="2026-05-01"), True),
        (told(stopped=True, first="2026-02-11", last="2026-05-01"), False),
        (told(stopped=True, first="2026-02", last="2026-05-01"), True),
        # stopped on a day that nobody wrote down: until it was recorded at the latest
        (told(stopped=True, first="2025-01-01", last_dose_undated=True), False),
        (told(stopped=True, first="2025-01-01", written="2026-01-10", last_dose_undated=True), True),
        (told(stopped=True, first="2025-01-01", written="2026-01-09", last_dose_undated=True), False),
        (told(stopped=True, first="2025-01-01", written="2026-01", last_dose_undated=True), True),
        (told(stopped=True, first="2026-01-10", written="2025-12-01", last_dose_undated=True), True),
        (told(stopped=True, first="2025-01-01", last="2025-12-01", written="2026-02-01"), False),
    ],
)
def test_an_exposure_touches_a_window_when_the_drug_may_have_been_given_on_a_day_of_it(entry, touches):
    assert entry.touches(date(2026, 1, 10), date(2026, 2, 10)) is touches


# --- all exposures ----------------------------------------------------------------------------------------------------


def test_the_exposures_to_one_drug_are_those_to_it_with_the_same_gaps():
    both = record(given("2026-03-01"), given("2026-03-02", drug=PREDNISONE), gaps=(GAP,))
    assert both.of(frozenset({"prednisone"})) == record(given("2026-03-02", drug=PREDNISONE), gaps=(GAP,))


def test_what_could_not_be_looked_up_is_named_before_an_open_exposure_and_that_before_an_undated_dose():
    uncertain, certain = told("MedicationRequest/7", certain=False), told("MedicationRequest/8")
    assert record(uncertain, gaps=(GAP,)).unavailable.why == (GAP,)
    (why,) = record(uncertain, certain).unavailable.why
    assert why.parameters["source"] == "MedicationRequest/7"
    assert record(certain).unavailable.why == (UNDATED_LAST_DOSE,)


def test_exposures_are_unsettled_by_a_gap_an_undated_dose_or_one_that_may_be_ongoing():
    dated = given("2026-03-01")
    assert not record(dated).unsettled
    assert record(dated, gaps=(GAP,)).unsettled
    assert record(dated, told(stopped=True, last_dose_undated=True)).unsettled
    assert record(dated, told(certain=False)).unsettled


def test_a_gap_or_an_undated_dose_makes_no_exposure_unknowable_but_never_hides_one():
    dated, undated, other = given("2026-03-01"), told(last_dose_undated=True), given("2024-03-01")
    assert record(other).in_last(120) is False
    assert record(other, gaps=(GAP,)).in_last(120) is None
    assert record(undated, other).in_last(120) is None
    assert record(other, undated).in_last(120) is None
    assert record(undated, dated).in_last(120) is True
    assert record(dated, gaps=(GAP,)).in_last(120) is True


def test_a_drug_that_is_only_planned_was_never_received():
    assert record(told(planned=True, first="2026-04-10")).ever is False
    assert record(told(stopped=True)).ever is True
    assert record().ever is False


@pytest.mark.parametrize(
    ("entry", "answer"),
    [
        (told(ongoing=True), True),
        (given("2025-12-01"), True),  # 120 days ago
        (given("2025-11-30"), False),
        (given("2025-11"), False),
        (given("2025-12"), True),
        (told(stopped=True), False),
        (told(stopped=True, last_dose_undated=True), None),
    ],
)
def test_on_treatment_is_ongoing_or_a_last_dose_of_the_last_120_days(entry, answer):
    assert record(entry).on_treatment is answer


def test_recent_exposures_come_the_ongoing_one_first_then_the_newest_dose():
    ongoing = told("MedicationStatement/1", ongoing=True)
    month, newest, older = given("2026-02", "m"), given("2026-02-20", "n"), given("2026-01-20", "o")
    old = given("2025-01-20")
    assert record(older, newest, old, ongoing, month).recent(120) == (ongoing, month, newest, older)


def test_recent_exposures_of_one_day_come_in_the_order_of_their_sources():
    assert [one.source for one in record(given("2026-03-01", "a"), given("2026-03-01", "b")).recent(30)] == ["b", "a"]


@pytest.mark.parametrize(
    ("entry", "phase"),
    [
        (given("2025-03-31"), Phase.CONTINUATION),  # 365 days ago
        (given("2025-03-30"), Phase.START),
        (told(ongoing=True, first="2020-01-01"), Phase.CONTINUATION),
        (told(planned=True, first="2026-03-31"), Phase.START),
    ],
)
def test_an_order_is_a_start_without_exposure_in_the_last_365_days(entry, phase):
    found = record(entry).phase(WHAT)
    assert isinstance(found, Known)
    assert found.value is phase


def test_a_gap_leaves_a_start_unknown_and_a_continuation_known():
    assert isinstance(record(gaps=(GAP,)).phase(WHAT), Unavailable)
    found = record(given("2026-03-01"), gaps=(GAP,)).phase(WHAT)
    assert isinstance(found, Known)
    assert found.value is Phase.CONTINUATION


def test_a_continuation_names_its_sources_and_is_uncertain_only_where_every_exposure_is():
    certain, uncertain = given("2026-03-01", "a"), given("2026-02-01", "b", certain=False)
    both, one, nameless = (
        record(certain, uncertain).phase(WHAT),
        record(uncertain).phase(WHAT),
        record(given("2026-03-01", "")).phase(WHAT),
    )
    assert isinstance(both, Known)
    assert (both.sources, both.remarks) == (("a", "b"), ())
    assert isinstance(one, Known)
    assert [remark.parameters["source"] for remark in one.remarks] == ["b"]
    assert isinstance(nameless, Known)
    assert nameless.sources == ()


def test_the_last_dose_is_the_newest_by_its_last_possible_day():
    month, within, older = given("2026-02", "a"), given("2026-02-20", "b"), given("2026-01-31", "c")
    found = record(older, month, within, told("d")).last_dose
    assert isinstance(found, Known)
    assert (found.value, found.sources, found.remarks) == (month, ("a",), ())


def test_a_last_dose_that_is_uncertain_is_said_to_be():
    found = record(given("2026-02-01", "", certain=False)).last_dose
    assert isinstance(found, Known)
    assert found.sources == ()
    assert len(found.remarks) == 1


def test_there_is_no_last_dose_where_none_is_dated_or_all_are_planned_and_none_is_known_beside_a_gap():
    assert isinstance(record(told(ongoing=True), given("2026-04-10", planned=True)).last_dose, Absent)
    assert isinstance(record(given("2026-03-01"), gaps=(GAP,)).last_dose, Unavailable)


def test_a_treatment_is_stopped_when_one_of_it_was_and_nothing_is_ongoing_or_planned():
    stopped, dose = told(stopped=True, last="2026-01-01"), given("2025-12-01")
    assert record(dose, stopped).stopped is True
    assert record(dose).stopped is False
    assert record(stopped, told(ongoing=True)).stopped is False
    assert record(stopped, told(planned=True, first="2026-04-10")).stopped is False
    assert record(stopped, gaps=(GAP,)).stopped is None
    assert record(stopped, told(ongoing=True), gaps=(GAP,)).stopped is False


# --- courses ----------------------------------------------------------------------------------------------------------


def course(first: str, last: str, latest: str | None = None) -> Stretch:
    return Stretch(*(date.fromisoformat(one) for one in (first, last, latest or last)))


def test_a_course_lasts_from_its_first_day_to_its_last_and_at_most_to_the_latest_possible():
    lasted = course("2024-01-01", "2024-12-31", "2025-01-31")
    assert (lasted.days, lasted.most_days) == (365, 396)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([told(planned=True, first="2026-04-10", last="2026-05-10")], None),
        ([told(first="2026-01-01")], None),  # open and uncertain, or on hold
        ([told(stopped=True)], None),
        # one that is ongoing reaches to today
        ([told(ongoing=True)], ("2026-03-31", "2026-03-31")),
        ([told(ongoing=True, first="2024-05-01", last_dose="2026-01-01")], ("2024-05-01", "2026-03-31")),
        ([told(ongoing=True, first="2024-05")], ("2024-05-01", "2026-03-31")),
        # one that ended
        ([given("2026-01-01")], ("2026-01-01", "2026-01-01")),
        ([given("2026-01")], ("2026-01-01", "2026-01-31")),
        ([told(stopped=True, first="2024-05", last="2025-01", written="2026-01-01")], ("2024-05-01", "2025-01-31")),
        ([told(stopped=True, first="2024-05-01", last_dose="2025-01-01")], ("2024-05-01", "2025-01-01")),
        ([told(stopped=True, last="2025-01-01")], ("2025-01-01", "2025-01-01")),
        ([told(first="2024-05-01", last="2027-01-01")], ("2024-05-01", "2026-03-31")),
        # one whose end is not dated: at the latest when it was recorded, today where that is not known either
        ([told(stopped=True, first="2024-05", written="2025-02")], ("2024-05-01", "2024-05-31", "2025-02-28")),
        ([told(stopped=True, first="2024-05-01")], ("2024-05-01", "2024-05-01", "2026-03-31")),
        ([told(stopped=True, first="2024-05-01", written="2024-04-01")], ("2024-05-01", "2024-05-01")),
        ([told(stopped=True, first="2026-03-01", written="2026-04-02")], ("2026-03-01", "2026-03-01", "2026-03-31")),
        # several
        ([given("2024-01-01"), given("2024-12-31")], ("2024-01-01", "2024-12-31")),  # 365 days
        ([given("2024-01-01"), given("2025-01-01")], ("2025-01-01", "2025-01-01")),
        ([given("2025-06-01"), given("2024-12-31"), given("2024-01-01")], ("2024-01-01", "2025-06-01")),
        ([told(first="2023-01-01", last="2025-01-01"), given("2024-01-01")], ("2023-01-01", "2025-01-01")),
        (
            [told(stopped=True, first="2023-01-01", written="2024-01-01"), given("2024-12-31")],
            ("2023-01-01", "2024-12-31"),
        ),
        (
            [told(stopped=True, first="2023-01-01", written="2024-06-01"), given("2023-06-01")],
            ("2023-01-01", "2023-06-01", "2024-06-01"),
        ),
    ],
)
def test_the_last_course_is_the_exposures_without_a_gap_of_more_than_a_year(entries, expected):
    assert record(*entries).last_course == (None if expected is None else course(*expected))
