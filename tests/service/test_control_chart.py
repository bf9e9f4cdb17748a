"""The control chart of overrides: what it finds, how soon, and how often it cries wolf, by seeded simulation."""

from __future__ import annotations

import random

import pytest

from service.ledger.control_chart import RARE, REFERENCE, WINDOW, control_chart, fewest

HALF = [True, False] * (REFERENCE // 2)


def answers(rng: random.Random, rate: float, number: int) -> list[bool]:
    return [rng.random() < rate for _ in range(number)]


def simulated() -> random.Random:
    return random.Random(20260331)


def test_there_is_no_chart_before_the_usual_rate_is_known() -> None:
    assert control_chart(HALF).usual is None
    assert control_chart([*HALF, True]).usual == pytest.approx(0.5)


@pytest.mark.parametrize("one", [True, False])
def test_a_rule_that_is_always_answered_alike_gives_no_alarm(*, one: bool) -> None:
    assert control_chart([one] * 1000).alarms == ()


def test_overrides_in_a_row_give_an_alarm_and_the_chart_begins_anew() -> None:
    chart = control_chart([*HALF, *[True] * 16])
    first = next(place for place, part in enumerate(chart.line) if part >= 1)
    assert first == 7
    assert chart.alarms == (REFERENCE + first, REFERENCE + 2 * first + 1)
    assert chart.line[first + 1] == chart.line[0]


def test_fewer_overrides_than_usual_give_no_alarm() -> None:
    assert control_chart([*HALF, *[False] * 500]).alarms == ()


@pytest.mark.parametrize("before", [0, 10, 50, 90, 100])
@pytest.mark.parametrize("cards", [1, 8, WINDOW])
def test_so_many_overrides_are_rare_and_one_fewer_is_not(before: int, cards: int) -> None:
    """Against rates drawn from what the reference leaves possible, and as many cards at each."""
    rng, drawn = simulated(), 20_000
    number = fewest(before, REFERENCE, cards)
    rates = (rng.betavariate(before + 1, REFERENCE - before + 1) for _ in range(drawn))
    counts = [sum(answers(rng, rate, cards)) for rate in rates]
    near = 4 * (RARE / drawn) ** 0.5
    assert sum(count >= number for count in counts) / drawn < RARE + near
    assert sum(count >= number - 1 for count in counts) / drawn > RARE - near


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_rate_that_stays_gives_fewer_than_one_alarm_in_a_thousand_answers(rate: float) -> None:
    rng = simulated()
    charts = [control_chart(answers(rng, rate, REFERENCE + 1000)) for _ in range(300)]
    assert sum(len(chart.alarms) for chart in charts) < 300


@pytest.mark.parametrize(("usual_for", "within_20", "on_average"), [(0, 0.88, 14), (200, 0.85, 17)])
def test_a_rate_that_goes_from_50_to_90_percent_is_found_within_20_answers(
    usual_for: int, within_20: float, on_average: int
) -> None:
    """Where the shift comes at once, and where the chart went on for a while at the usual rate."""
    rng = simulated()
    waited = []
    for _ in range(1000):
        usual, after = answers(rng, 0.5, REFERENCE + usual_for), answers(rng, 0.9, 100)
        found = [place - len(usual) + 1 for place in control_chart(usual + after).alarms if place >= len(usual)]
        waited.append(found[0] if found else len(after))
    assert sum(waited) / len(waited) < on_average
    assert sum(one <= 20 for one in waited) > within_20 * len(waited)
