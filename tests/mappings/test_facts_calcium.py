"""Calcium corrected for albumin: which calcium, which albumin, and what the card is told of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from mappings.clock import Clock
from mappings.dates import When, day
from mappings.facts import Absent, CorrectedCalcium, Fact, Known, Measurement, Unavailable
from mappings.quantities import Bounds, exactly
from mappings.readers.corrected_calcium import corrected_calcium
from mappings.readers.newest import Reading
from mappings.wording import Amount, Text, _

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Europe/Paris"))
TODAY = NOW.date()
NO_ANSWER = (_("the server did not answer"),)


def ago(days: int) -> When:
    return day(TODAY - timedelta(days=days))


def at(hour: int) -> When:
    return When(TODAY, TODAY, NOW.replace(hour=hour))


def reading(value: str | Bounds, when: When | None, unit: str = "mmol/L", **members: object) -> Reading[Measurement]:
    bounds = value if isinstance(value, Bounds) else exactly(Decimal(value))
    source = f"Observation/{unit[0]}{value}" if isinstance(value, str) else "Observation/bound"
    shown = Amount(bounds.high or bounds.low or Decimal(0), unit)
    measurement = Measurement(bounds, unit, when or day(date.min), source, shown, **members)
    return Reading(source, when, measurement)


def albumin(value: str | Bounds, when: When | None) -> Reading[Measurement]:
    return reading(value, when, "g/L")


def unusable(when: When | None, *, undatable: bool = False) -> Reading[Measurement]:
    problem = _("Observation/odd cannot be used")
    return Reading("Observation/odd", when, problem=problem, undatable=undatable)


def corrected(
    total: list[Reading[Measurement]],
    sent: list[Reading[Measurement]] | None = None,
    albumins: list[Reading[Measurement]] | None = None,
    *,
    valid_days: int = 30,
    **gaps: tuple[Text, ...],
) -> Fact[CorrectedCalcium]:
    return corrected_calcium(
        Clock(NOW),
        total,
        sent or [],
        albumins or [],
        calcium_gaps=gaps.get("calcium_gaps", ()),
        albumin_gaps=gaps.get("albumin_gaps", ()),
        valid_days=valid_days,
        albumin_valid_days=30,
        albumin_window_days=7,
        usual_limits=(Decimal("2.20"), Decimal("2.60")),
    )


def value(fact: Fact[CorrectedCalcium]) -> CorrectedCalcium:
    assert isinstance(fact, Known), fact
    return fact.value


# --- the formula ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grams", "expected"),
    [("20", "2.90"), ("30", "2.65"), ("40", "2.40"), ("48", "2.20")],
)
def test_calcium_rises_by_a_fortieth_for_each_gram_of_albumin_under_forty(grams, expected):
    found = value(corrected([reading("2.40", ago(1))], albumins=[albumin(grams, ago(1))]))
    assert found.bounds.exact == Decimal(expected)
    assert found.corrected
    assert found.albumin is not None


def test_an_albumin_that_is_only_a_bound_gives_a_bound():
    low = Bounds(None, Decimal(20), high_open=True)
    found = value(corrected([reading("2.40", ago(1))], albumins=[albumin(low, ago(1))]))
    assert found.bounds == Bounds(Decimal("2.90"), None, low_open=True)


def test_without_an_albumin_the_measured_calcium_is_used_and_called_uncorrected():
    found = value(corrected([reading("2.40", ago(1))]))
    assert (found.bounds.exact, found.corrected, found.albumin, found.possible) == (Decimal("2.40"), False, None, None)


# --- which albumin ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calcium_ago", "albumin_ago", "counts"),
    [(2, 9, True), (2, 10, False), (12, 5, True), (12, 4, False)],
)
def test_the_albumin_is_from_within_seven_days_of_the_calcium_before_or_after(calcium_ago, albumin_ago, counts):
    found = value(corrected([reading("2.40", ago(calcium_ago))], albumins=[albumin("20", ago(albumin_ago))]))
    assert found.corrected is counts


def test_an_albumin_of_which_the_month_alone_is_known_counts_where_one_of_its_days_lies_within():
    month = When(date(2026, 3, 1), date(2026, 3, 31))
    for calcium_ago in (30, 0):
        assert value(corrected([reading("2.40", ago(calcium_ago))], albumins=[albumin("20", month)])).corrected


def test_a_calcium_of_which_the_month_alone_is_known_is_corrected_by_an_albumin_about_any_of_its_days():
    month = When(date(2026, 3, 1), date(2026, 3, 31))
    for days_ago in (30, 0):
        assert value(corrected([reading("2.40", month)], albumins=[albumin("20", ago(days_ago))])).corrected


def test_the_newest_albumin_of_the_window_corrects():
    found = value(corrected([reading("2.40", ago(3))], albumins=[albumin("20", ago(5)), albumin("30", ago(1))]))
    assert found.bounds.exact == Decimal("2.65")


@pytest.mark.parametrize(
    ("calcium", "counts"),
    [
        ("2.50", "20"),  # 3.00, high, rather than 2.00, low only where nothing corrects it
        ("2.30", "50"),  # 2.05 is low: hypocalcaemia comes before a high value
        ("3.40", "20"),  # 3.90 is a crisis, which comes first
    ],
)
def test_of_two_albumins_of_one_day_the_one_that_gives_the_more_severe_card_corrects(calcium, counts):
    pair = [albumin(grams, ago(1)) for grams in (("20", "40") if counts == "20" else ("25", "50"))]
    for albumins in (pair, pair[::-1]):
        found = value(corrected([reading(calcium, ago(1))], albumins=albumins))
        assert found.albumin is not None
        assert found.albumin.bounds.exact == Decimal(counts)


def test_an_albumin_without_a_date_leaves_open_how_the_calcium_is_corrected():
    found = value(corrected([reading("2.40", ago(1))], albumins=[albumin("20", None)]))
    assert not found.corrected
    assert found.albumin_unavailable is not None


def test_where_albumin_could_not_be_looked_up_the_calcium_may_be_what_any_plausible_albumin_makes_of_it():
    found = value(corrected([reading("2.40", ago(1))], albumin_gaps=NO_ANSWER))
    assert (found.bounds.exact, found.corrected) == (Decimal("2.40"), False)
    assert found.albumin_unavailable is not None
    assert found.albumin_unavailable.why == NO_ANSWER
    assert found.possible == Bounds(Decimal("1.65"), Decimal("3.275"))  # albumin from 5 to 70 g/L


# --- which calcium ----------------------------------------------------------------------------------------------------


def test_a_corrected_value_of_the_laboratory_is_used_as_it_was_sent():
    found = value(corrected([reading("2.40", ago(3))], [reading("2.75", ago(3))], [albumin("20", ago(3))]))
    assert (found.bounds.exact, found.corrected, found.albumin) == (Decimal("2.75"), True, None)


def test_a_calcium_of_later_the_same_day_is_newer_than_the_corrected_one_of_the_laboratory():
    found = value(corrected([reading("2.40", at(8))], [reading("2.75", at(7))]))
    assert found.bounds.exact == Decimal("2.40")


def test_a_total_calcium_dated_ahead_does_not_take_the_place_of_the_corrected_one():
    found = value(corrected([reading("2.40", ago(-40))], [reading("2.75", ago(3))]))
    assert found.bounds.exact == Decimal("2.75")


@pytest.mark.parametrize("undatable", [True, False])
def test_a_total_calcium_whose_date_cannot_be_read_may_be_the_newest_and_one_without_a_date_is_not(undatable):
    fact = corrected([unusable(None, undatable=undatable)], [reading("2.75", ago(3))])
    assert isinstance(fact, Unavailable if undatable else Known)


@pytest.mark.parametrize(
    ("sent_when", "hidden"),
    [(ago(1), True), (ago(3), False), (ago(2), True), (ago(-40), False)],
)
def test_a_corrected_value_that_cannot_be_used_hides_a_measured_one_that_is_no_newer(sent_when, hidden):
    fact = corrected([reading("2.40", ago(2))], [unusable(sent_when)])
    assert isinstance(fact, Unavailable if hidden else Known)


def test_a_newer_corrected_value_that_cannot_be_used_hides_an_older_measured_one_whatever_came_before_it():
    sent = [reading("2.75", ago(9)), unusable(ago(1))]
    for readings in (sent, sent[::-1]):
        assert isinstance(corrected([reading("2.40", ago(2))], readings), Unavailable)


def test_a_calcium_that_is_newer_than_the_corrected_value_that_counts_is_used():
    month = When(date(2026, 3, 1), date(2026, 3, 31))
    sent = [reading("2.90", ago(20)), reading("2.75", month)]  # either may be the newest: the more severe counts
    assert value(corrected([reading("2.40", ago(10))], sent)).bounds.exact == Decimal("2.40")


def test_where_neither_calcium_can_be_used_the_measured_one_is_named():
    fact = corrected([Reading("x", ago(1), problem=NO_ANSWER[0])], [unusable(ago(1))])
    assert isinstance(fact, Unavailable)
    assert fact.why == NO_ANSWER


def test_a_calcium_that_is_too_old_is_shown_measured_or_corrected_by_the_laboratory():
    total, sent = reading("2.40", ago(40)), reading("2.75", ago(40))
    for fact, number in (
        (corrected([total]), "2.40"),
        (corrected([], [sent]), "2.75"),
        (corrected([total], [sent]), "2.40"),
    ):
        assert isinstance(fact, Absent)
        assert fact.stale is not None
        assert fact.stale.parameters["reported"].value == Decimal(number)


def test_a_corrected_value_that_cannot_be_used_is_never_called_not_measured():
    assert isinstance(corrected([], [unusable(ago(1))]), Unavailable)
    assert isinstance(corrected([reading("2.40", ago(40))], [unusable(ago(1))]), Unavailable)


def test_no_calcium_at_all_is_absent_and_calcium_that_could_not_be_looked_up_is_not():
    assert isinstance(corrected([], albumins=[albumin("20", ago(1))]), Absent)
    assert isinstance(corrected([], calcium_gaps=NO_ANSWER), Unavailable)


@pytest.mark.parametrize(("days_ago", "known"), [(7, True), (8, False)])
def test_a_crisis_asks_for_a_calcium_of_the_last_seven_days(days_ago, known):
    for total, sent in (([reading("3.60", ago(days_ago))], []), ([], [reading("3.60", ago(days_ago))])):
        fact = corrected(total, sent, valid_days=7)
        assert isinstance(fact, Known if known else Absent)


def test_the_fact_is_called_corrected_calcium_whether_it_is_known_or_not():
    facts = (corrected([]), corrected([], calcium_gaps=NO_ANSWER), corrected([reading("2.40", ago(1))]))
    assert [fact.what.message for fact in (*facts, corrected([], [reading("2.40", ago(1))]))] == [
        "corrected calcium"
    ] * 4


def test_a_crisis_does_not_ask_for_an_albumin_as_recent_as_its_calcium():
    found = value(corrected([reading("3.40", ago(5))], albumins=[albumin("30", ago(12))], valid_days=7))
    assert found.bounds.exact == Decimal("3.65")


# --- two results of one moment ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "chosen"),
    [
        ("3.51", "1.50", "3.51"),  # a crisis before hypocalcaemia
        ("3.50", "2.19", "2.19"),  # 3.5 is none yet
        ("2.61", "2.19", "2.19"),  # hypocalcaemia before a high value
        ("2.61", "2.50", "2.61"),
        ("2.19", "2.50", "2.19"),
        ("3.60", "3.70", "3.70"),  # further out is worse
        ("2.00", "2.10", "2.00"),
        ("2.70", "2.80", "2.80"),
    ],
)
@pytest.mark.parametrize("sent", [True, False])
def test_of_two_results_of_one_moment_the_more_severe_counts(one, other, chosen, sent):
    for pair in ((one, other), (other, one)):
        readings = [reading(number, ago(1)) for number in pair]
        found = value(corrected([], readings) if sent else corrected(readings))
        assert found.bounds.exact == Decimal(chosen)


def test_hypocalcaemia_proved_by_an_albumin_counts_before_a_lower_calcium_that_none_corrects():
    month = When(date(2026, 3, 1), date(2026, 3, 31))
    calcium = [reading("2.30", month), reading("2.00", ago(0))]  # 2.10 corrected; no albumin of the last 7 days
    for readings in (calcium, calcium[::-1]):
        found = value(corrected(readings, albumins=[albumin("48", ago(20))]))
        assert (found.bounds.exact, found.corrected) == (Decimal("2.10"), True)


def test_an_uncorrected_hypocalcaemia_counts_before_a_high_value_that_an_albumin_corrects():
    month = When(date(2026, 3, 1), date(2026, 3, 31))
    calcium = [reading("2.50", month), reading("2.00", ago(0))]  # 3.00 corrected
    for readings in (calcium, calcium[::-1]):
        assert value(corrected(readings, albumins=[albumin("20", ago(20))])).bounds.exact == Decimal("2.00")


def test_the_severity_of_two_measured_results_is_that_of_their_corrected_values():
    calcium = [reading("2.20", ago(1)), reading("2.30", ago(1))]
    found = value(corrected(calcium, albumins=[albumin("10", ago(1))]))  # 2.95 and 3.05
    assert found.bounds.exact == Decimal("3.05")


def test_a_calcium_above_the_limit_of_its_own_laboratory_counts_before_a_greater_one_that_is_not():
    high, normal = reading("2.55", ago(1), upper_limit=Decimal("2.50")), reading("2.58", ago(1))
    for pair in ([high, normal], [normal, high]):
        assert value(corrected(pair)).bounds.exact == Decimal("2.55")


@pytest.mark.parametrize(
    ("bound", "severe"),
    [
        (Bounds(Decimal("3.6"), None, low_open=True), True),  # > 3.6: a crisis
        (Bounds(None, Decimal("2.0"), high_open=True), True),  # < 2.0: low
        (Bounds(Decimal("2.3"), None, low_open=True), False),  # > 2.3: settles nothing
    ],
)
def test_a_bound_counts_beside_a_number_of_one_moment_by_what_it_settles(bound, severe):
    high = reading("2.65", ago(1))
    for pair in ([high, reading(bound, ago(1))], [reading(bound, ago(1)), high]):
        assert (value(corrected(pair)).bounds == bound) is severe


# --- the reference range ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lower", "upper", "limits"),
    [
        (None, None, ("2.20", "2.60")),
        ("2.15", "2.55", ("2.15", "2.55")),
        ("2.15", None, ("2.15", "2.60")),
        (None, "2.55", ("2.20", "2.55")),
        ("2.60", None, ("2.20", "2.60")),  # with the upper limit of ours it would be empty
        (None, "2.10", ("2.20", "2.60")),
    ],
)
@pytest.mark.parametrize("sent", [True, False])
def test_the_limits_are_those_of_the_result_that_is_used_and_ours_where_it_has_none(lower, upper, limits, sent):
    ends = {"lower_limit": lower and Decimal(lower), "upper_limit": upper and Decimal(upper)}
    readings = [reading("2.40", ago(1), **ends)]
    found = value(corrected([], readings) if sent else corrected(readings))
    assert (found.lower_limit, found.upper_limit) == tuple(Decimal(limit) for limit in limits)


# --- what a card says of it -------------------------------------------------------------------------------------------


def test_the_card_names_the_calcium_and_the_albumin_that_it_was_reckoned_from():
    fact = corrected([reading("2.40", ago(1))], albumins=[albumin("20", ago(1))])
    assert isinstance(fact, Known)
    assert fact.sources == ("Observation/m2.40", "Observation/g20")


@pytest.mark.parametrize(
    ("calcium_preliminary", "albumin_preliminary", "said"),
    [(True, False, ["Observation/m2.40"]), (False, True, ["Observation/g20"])],
)
def test_the_card_says_which_of_the_two_is_preliminary(calcium_preliminary, albumin_preliminary, said):
    total = reading("2.40", ago(1), preliminary=calcium_preliminary)
    fact = corrected([total], albumins=[reading("20", ago(1), "g/L", preliminary=albumin_preliminary)])
    assert isinstance(fact, Known)
    assert [remark.parameters["source"] for remark in fact.remarks] == said


def test_a_preliminary_corrected_value_is_said_to_be_preliminary():
    fact = corrected([], [reading("2.75", ago(1), preliminary=True)])
    assert isinstance(fact, Known)
    assert [remark.message for remark in fact.remarks] == ["{source} is preliminary"]
