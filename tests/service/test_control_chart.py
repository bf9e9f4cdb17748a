"""The control chart of overrides: what it finds, how soon, and how often it cries wolf, by seeded simulation."""

from __future__ import annotations

import random

import pytest

from service.ledger.control_chart import LIMIT, REFERENCE, control_chart


def answers(rng: random.Random, rate: float, number: int) -> list[bool]:
    return [rng.random() < rate for _ in range(number)]


def test_there_is_no_chart_before_the_usual_rate_is_known() -> None:
    assert control_chart([True, False] * (REFERENCE // 2)).usual is None
    assert control_chart([True, False] * (REFERENCE // 2) + [True]).usual == pytest.approx(0.5)


@pytest.mark.parametrize("one", [True, False])
def test_a_rule_that_is_always_answered_alike_gives_no_alarm(*, one: bool) -> None:
    assert control_chart([one] * 1000).alarms == ()


def test_overrides_in_a_row_give_an_alarm_at_the_limit_and_the_chart_begins_anew() -> None:
    chart = control_chart([True, False] * (REFERENCE // 2) + [True] * 22)
    first = next(place for place, total in enumerate(chart.sums) if total >= LIMIT)
    assert first == 10
    assert chart.alarms == (REFERENCE + first, REFERENCE + 2 * first + 1)
    assert chart.sums[first + 1] == chart.sums[0]


def test_fewer_overrides_than_usual_give_no_alarm() -> None:
    assert control_chart([True, False] * (REFERENCE // 2) + [False] * 500).alarms == ()


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.7])
def test_a_rate_that_stays_gives_fewer_than_one_alarm_in_a_thousand_answers(rate: float) -> None:
    rng = random.Random(20260331)  # noqa: S311 - a simulation
    charts = [control_chart(answers(rng, rate, REFERENCE + 1000)) for _ in range(200)]
    assert sum(len(chart.alarms) for chart in charts) < 200


def test_a_rate_that_goes_from_50_to_90_percent_is_found_within_20_answers() -> None:
    rng = random.Random(20260331)  # noqa: S311 - a simulation
    waited = []
    for _ in range(1000):
        usual, after = answers(rng, 0.5, REFERENCE), answers(rng, 0.9, 100)
        alarms = control_chart(usual + after).alarms
        waited.append(alarms[0] - REFERENCE + 1 if alarms else len(after))
    assert sum(waited) / len(waited) < 20
    assert sum(one <= 20 for one in waited) > 0.75 * len(waited)
