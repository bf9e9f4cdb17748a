"""A worse result never gives a milder card, for the order that it is about.

Milder is reckoned over the cards of the rules that speak of the result's danger, whichever of them speaks and whatever it
is merged with. Left out is what speaks against the other danger: a dose of zoledronic acid that is *too low* for the
clearance is an `info`, which goes away as the clearance falls to it. A crisis of calcium makes an order urgent and so, as
the referential has it, the cards of *other* results milder: only the rules of calcium are asked about calcium.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenario import request_for, scenarios_of
from support.told_requests import cards, mixed

LEVELS = ("", "info", "warning", "critical")
RENAL = frozenset(
    [
        *("zoledronate-renal-contraindication", "bisphosphonate-severe-renal-impairment", "zoledronate-renal-dose"),
        *("denosumab-severe-renal-impairment", "chemotherapy-severe-renal-impairment", "tki-severe-renal-impairment"),
    ]
)
DEFICIENCY = frozenset(["vitamin-d-deficiency", "vitamin-d-insufficiency", "vitamin-d-correction-under-way"])
EXCESS = frozenset(["vitamin-d-excess"])
HIGH_CALCIUM = frozenset(["hypercalcaemia", "hypercalcaemic-crisis", "supplement-while-hypercalcaemia"])
LOW_CALCIUM = frozenset(["hypocalcaemia"])
CONFLICTING = ("vitamin D", "25-OH vitamin D3", "calcium", "corrected calcium", "albumin")
KIDNEY = ("creatinine", "clearance", "Cockcroft-Gault clearance", "measured clearance", "eGFR", "weight")


def severity(told: dict[str, Any], results: dict[str, str], rules: frozenset[str], *, lowest: int = 0) -> int:
    record = {
        name: value
        for name, value in (told.get("record") or {}).items()
        if name not in CONFLICTING + KIDNEY + ("results", "sex", "born")
    }
    request = request_for({**told, "unavailable": (), "record": {**record, **results}})
    found = (
        LEVELS.index(card["indicator"])
        for card in cards(request)
        if not rules.isdisjoint(card["extension"]["org.osteocds"].get("rules", ()))
    )
    level = max(found, default=0)
    return level if level > lowest else 0


def told_of(rules: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    """The scenarios of these rules that have an order."""
    told = [scenario.told for rule in sorted(rules) for scenario in scenarios_of(rule)]
    return st.sampled_from([one for one in told if "order" in one or "orders" in one])


def two(low: str, high: str, places: int, *limits: str) -> st.SearchStrategy[tuple[Any, Any]]:
    """Two results that a laboratory may report, the lower first; often at a limit or a step beside it."""
    step = Decimal(1).scaleb(-places)
    near = [Decimal(limit) + offset * step for limit in limits for offset in (-1, 0, 1)]
    value = st.decimals(low, high, places=places)
    value = value | st.sampled_from(near) if near else value
    return st.tuples(value, value).map(sorted).map(tuple)


@pytest.mark.parametrize(
    ("rules", "results", "levels"),
    [
        (RENAL, ("clearance", ("90 mL/min", "10 mL/min")), {0, 2, 3}),
        (DEFICIENCY, ("vitamin D", ("40 ng/mL", "5 ng/mL")), {0, 1, 2, 3}),
        (EXCESS, ("vitamin D", ("40 ng/mL", "180 ng/mL")), {0, 2}),
        (LOW_CALCIUM, ("calcium", ("2.4 mmol/L", "1.8 mmol/L")), {0, 2, 3}),
        (HIGH_CALCIUM, ("calcium", ("2.4 mmol/L", "3.8 mmol/L")), {0, 1, 2, 3}),
    ],
)
def test_the_scenarios_drawn_from_reach_more_than_one_level(rules, results, levels):
    name, values = results
    told = [scenario.told for rule in sorted(rules) for scenario in scenarios_of(rule)]
    reached = {
        severity(one, {name: f"{value} today"}, rules, lowest=1 if rules is RENAL else 0)
        for one in told[::3]
        if "order" in one or "orders" in one
        for value in values
    }
    assert reached <= levels
    assert len(reached) >= 2


CLEARANCES = two("5", "130", 1, "30", "40", "50", "60")


@given(told=told_of(RENAL), values=CLEARANCES, name=st.sampled_from(["clearance", "measured clearance", "eGFR"]))
def test_a_lower_clearance_is_never_milder(told, values, name):
    unit = "mL/min/{1.73_m2}" if name == "eGFR" else "mL/min"
    worse, better = (severity(told, {name: f"{value} {unit} 2 days ago"}, RENAL, lowest=1) for value in values)
    assert worse >= better


@given(told=told_of(RENAL), values=two("20", "900", 0), weight=st.integers(35, 130))
def test_a_higher_creatinine_is_never_milder(told, values, weight):
    kilograms = {"weight": f"{weight} kg 2 days ago"}
    better, worse = (
        severity(told, {"creatinine": f"{value} umol/L 2 days ago", **kilograms}, RENAL, lowest=1) for value in values
    )
    assert worse >= better


@given(told=told_of(DEFICIENCY), values=two("2", "69", 1, "10", "20", "30"), days=st.integers(0, 170))
def test_a_lower_vitamin_d_is_never_milder(told, values, days):
    worse, better = (severity(told, {"vitamin D": f"{value} ng/mL {days} days ago"}, DEFICIENCY) for value in values)
    assert worse >= better


@given(
    told=told_of(DEFICIENCY | EXCESS),
    values=two("4", "500", 0, "25", "50", "75", "175", "375"),
    days=st.integers(0, 170),
)
def test_a_lower_vitamin_d_in_moles_is_never_milder_and_a_higher_one_is_none_either(told, values, days):
    results = [{"vitamin D": f"{value} nmol/L {days} days ago"} for value in values]
    assert severity(told, results[0], DEFICIENCY) >= severity(told, results[1], DEFICIENCY)
    assert severity(told, results[1], EXCESS) >= severity(told, results[0], EXCESS)


ALBUMIN = st.none() | st.integers(15, 60)


@pytest.mark.parametrize(("rules", "worst_first"), [(LOW_CALCIUM, True), (HIGH_CALCIUM, False)], ids=["low", "high"])
@given(
    told=told_of(LOW_CALCIUM | HIGH_CALCIUM),
    values=two("1.0", "5.0", 2, "2.20", "2.60", "3.50"),
    albumin=ALBUMIN,
    days=st.integers(0, 29),
)
def test_a_calcium_further_out_is_never_milder(told, rules, worst_first, values, albumin, days):
    beside = {} if albumin is None else {"albumin": f"{albumin} g/L {days} days ago"}
    lower, higher = (
        severity(told, {"calcium": f"{value} mmol/L {days} days ago", **beside}, rules) for value in values
    )
    assert lower >= higher if worst_first else higher >= lower


@given(told=told_of(RENAL), other=told_of(RENAL | DEFICIENCY), values=CLEARANCES)
def test_a_lower_clearance_is_never_milder_with_several_orders_either(told, other, values):
    both = mixed(told, other)
    worse, better = (severity(both, {"clearance": f"{value} mL/min 2 days ago"}, RENAL, lowest=1) for value in values)
    assert worse >= better
