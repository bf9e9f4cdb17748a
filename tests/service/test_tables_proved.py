"""The dose and level tables, proved about the rules themselves for every number that a result can have.

A whole answer is reckoned from a scenario's record with one result replaced by a symbol (`symbolic.py`). What it says is
then compared with the table as `rules.md` has it: total (each number has its row), disjoint (one row only), and monotone
(a worse result is never milder).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import z3
from support.reading import SCORES
from support.scenario import Scenario, answer_to

from mappings.facts import Fact, Facts, Known, VitaminD
from mappings.quantities import Bounds, exactly
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.findings import KINDS
from service.evaluate import evaluate_orders, evaluate_patient
from service.guidelines import GUIDELINES
from service.impact.symbolic import Path, Symbol, paths, possible, renamed
from service.rules.bone_metastases.doses import TABLE_2
from service.rules.outcome import Advice, Failure, Silence

LEVELS = ("silent", "info", "warning", "critical")


class WithSymbol:
    """A record in which one result is a symbol; what its conditions answer is its own."""

    def __init__(self, record: Facts, fact: str, number: Symbol) -> None:
        self._record, self._fact = record, fact
        self._bounds = Bounds(number, number)  # type: ignore[arg-type]  # it reckons as a Decimal does
        self.asked: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._record, name)
        return self._replaced(found) if name.removeprefix("crisis_") == self._fact else found

    def result(self, analyte: Analyte) -> Fact[Any]:
        found = self._record.result(analyte)
        return self._replaced(found) if analyte.id == self._fact else found

    def finding(self, name: str, regions: frozenset[str] = frozenset()) -> Fact[Any]:
        found = self._record.finding(name, regions)
        return self._replaced(found) if name == self._fact else found

    def _replaced(self, fact: Fact[Any]) -> Fact[Any]:
        assert isinstance(fact, Known), f"{self._fact} must be on the record that the proof starts from"
        if isinstance(fact.value, VitaminD):
            measurement = replace(fact.value.measurement, bounds=self._bounds)
            return replace(fact, value=VitaminD(measurement))
        return replace(fact, value=replace(fact.value, bounds=self._bounds))


def levels(told: dict[str, Any], fact: str) -> Callable[[Symbol], dict[str, str]]:
    """What each rule says (its indicator) about the order of a scenario, as a function of one of its results."""
    advised = answer_to(Scenario("", told))
    assert advised.record is not None
    orders, record = advised.orders, advised.record

    def code(number: Symbol) -> dict[str, str]:
        facts: Any = WithSymbol(record, fact, number)
        answered = (
            evaluate_orders(advised.rules, GUIDELINES[0], orders, facts)
            if orders
            else evaluate_patient(advised.rules, facts)
        )
        assert not [one for one in answered if isinstance(one.outcome, Failure)], answered
        said = {one.rule.id: one.outcome for one in answered if not isinstance(one.outcome, Silence)}
        return {rule: one.indicator.value if isinstance(one, Advice) else "cannot tell" for rule, one in said.items()}

    return code


@dataclass(frozen=True, eq=False)
class Table:
    """One table: what it is about, the record that it is proved from, and its rows.

    `rows` are (first number, whether it belongs to the row, what the rules of the table say), from the lowest; `worse` is
    the direction in which the result is worse: both ways from a middle that is normal, or none. `doses_too_low_apart`
    leaves out the `info` about a dose that is too low, which goes away as the clearance falls to it.
    """

    name: str
    told: Mapping[str, Any]
    fact: str
    domain: tuple[str, str]
    rows: tuple[tuple[str, bool, Mapping[str, str]], ...]
    worse: str = "lower"
    doses_too_low_apart: bool = False
    whole: bool = False

    @property
    def rules(self) -> frozenset[str]:
        return frozenset(rule for _, _, said in self.rows for rule in said)


NONE: dict[str, str] = {}
DENOSUMAB = {"drug": "denosumab", "dose": "120 mg", "route": "subcutaneous", "every": "28 days"}
ZOLEDRONATE = {"drug": "zoledronic acid", "dose": "4 mg", "route": "intravenous", "over": "15 min", "every": "28 days"}
ON_DENOSUMAB = {"medications": [{"drug": "denosumab", "days ago": 30}]}
RADIOTHERAPY = {"act": "radiotherapy", "site": "femur"}
SPINE = {"act": "radiotherapy", "site": "L3"}
STEREOTACTIC = {"act": "radiotherapy", "site": "L3", "technique": "stereotactic"}


def deficiency(deep: str, low: str, insufficient: str, high: str, toxic: str, start: bool) -> tuple[Any, ...]:  # noqa: FBT001
    return (
        ("0", True, {"vitamin-d-deficiency": "critical" if start else "warning"}),
        (deep, True, {"vitamin-d-deficiency": "warning"}),
        (low, True, {"vitamin-d-insufficiency": "info"}),
        (insufficient, True, NONE),
        (high, False, {"vitamin-d-excess": "info"}),
        (toxic, False, {"vitamin-d-excess": "warning"}),
    )


TABLES = [
    *(
        Table(
            f"25-OH vitamin D in {unit}, {phase}",
            {"order": DENOSUMAB, "record": {"vitamin D": f"{limits[2]} {unit} today", **record}},
            "vitamin_d",
            ("0", limits[5]),
            deficiency(*limits[:5], start=phase == "start"),
            worse="both",
        )
        for unit, limits in (
            ("ng/mL", ("10", "20", "30", "70", "150", "200")),
            ("nmol/L", ("25", "50", "75", "175", "375", "500")),
        )
        for phase, record in (("start", {}), ("continuation", ON_DENOSUMAB))
    ),
    *(
        Table(
            f"calcium, {name}",
            {"order": DENOSUMAB, "record": {"calcium": "2.4 mmol/L today", **record}},
            "calcium",
            ("1", "5"),
            (
                ("1", True, {"hypocalcaemia": "critical"}),
                (severe, True, {"hypocalcaemia": "warning"}),
                ("2.20", True, NONE),
                ("2.60", False, {"hypercalcaemia": "info"}),
                ("3.5", False, {"hypercalcaemic-crisis": "critical"}),
            ),
            worse="both",
        )
        for name, record, severe in (
            ("corrected", {"albumin": "40 g/L today"}, "2.00"),
            ("uncorrected", {}, "1.75"),
        )
    ),
    Table(
        "clearance and denosumab",
        {"order": DENOSUMAB, "record": {"clearance": "50 mL/min today"}},
        "clearance",
        ("1", "250"),
        (("1", True, {"denosumab-severe-renal-impairment": "warning"}), ("30", True, NONE)),
    ),
    Table(
        "clearance and pamidronic acid",
        {"order": {"drug": "pamidronic acid", "dose": "90 mg"}, "record": {"clearance": "50 mL/min today"}},
        "clearance",
        ("1", "250"),
        (("1", True, {"bisphosphonate-severe-renal-impairment": "critical"}), ("30", True, NONE)),
    ),
    *(
        Table(
            f"clearance and zoledronic acid {dose} mg",
            {"order": ZOLEDRONATE | {"dose": f"{dose} mg"}, "record": {"clearance": "50 mL/min today"}},
            "clearance",
            ("1", "250"),
            (
                ("1", True, {"zoledronate-renal-contraindication": "critical"}),
                *(
                    (
                        low,
                        closed,
                        NONE if dose == right else {"zoledronate-renal-dose": "warning" if dose > right else "info"},
                    )
                    for low, closed, right in (
                        *(("30", True, "3.0"), ("40", True, "3.3"), ("50", True, "3.5"), ("60", False, "4.0")),
                    )
                ),
            ),
            doses_too_low_apart=True,
        )
        for dose in ("3.0", "3.3", "3.5", "4.0")
    ),
    Table(
        "Mirels score of the femur",
        {"order": RADIOTHERAPY, "record": {"findings": {"mirels-score": {"value": 7, "site": "femur"}}}},
        "mirels-score",
        ("4", "12"),
        (
            ("4", True, NONE),
            ("8", True, {"mirels-borderline": "info"}),
            ("9", True, {"mirels-high": "warning"}),
        ),
        worse="higher",
        whole=True,
    ),
    Table(
        "SINS and radiotherapy of the spine",
        {"order": SPINE, "record": {"findings": {"sins-score": {"value": 3, "site": "L3"}}}},
        "sins-score",
        ("0", "18"),
        (("0", True, NONE), ("7", True, {"spinal-instability": "warning"})),
        worse="higher",
        whole=True,
    ),
    Table(
        "SINS and stereotactic radiotherapy",
        {"order": STEREOTACTIC, "record": {"findings": {"sins-score": {"value": 3, "site": "L3"}}}},
        "sins-score",
        ("0", "18"),
        (
            ("0", True, NONE),
            ("7", True, {"spinal-instability": "warning"}),
            ("13", True, {"spinal-instability": "warning", "stereotactic-contraindication": "critical"}),
        ),
        worse="higher",
        whole=True,
    ),
    *(
        Table(
            f"dose of the cord in {fractions}",
            {
                "order": STEREOTACTIC | {"dose": dose, "fractions": fractions},
                "record": {"findings": {"cord-dmax": {"value": "5 Gy", "site": "L3"}}},
            },
            "cord-dmax",
            ("0", "100"),
            (
                ("0", True, NONE),
                *((("12", False, {"cord-dose-limit": "warning"}),) if fractions == 1 else ()),
                (limit, False, {"cord-dose-limit": "critical"}),
            ),
            worse="higher",
        )
        for fractions, dose, limit in (
            *((1, "18 Gy", "14"), (2, "20 Gy", "17"), (3, "27 Gy", "20.3"), (4, "28 Gy", "23"), (5, "30 Gy", "25.3")),
        )
    ),
    *(
        Table(
            f"{finding} and ablation",
            {"order": STEREOTACTIC | {"dose": "27 Gy", "fractions": 3}, "record": {"findings": {finding: value}}},
            finding,
            domain,
            ((domain[0], True, NONE), (limit, closed, {"stereotactic-eligibility": "warning"})),
            worse="higher",
            whole=whole,
        )
        for finding, value, domain, limit, closed, whole in (
            ("bone-metastasis-count", 2, ("0", "500"), "5", False, True),
            ("metastatic-site-count", 2, ("0", "50"), "3", False, True),
            ("largest-lesion", "2 cm", ("0", "60"), "5", True, False),
        )
    ),
    Table(
        "life expectancy and stereotactic radiotherapy",
        {"order": STEREOTACTIC, "record": {"findings": {"life-expectancy": "200 d"}}},
        "life-expectancy",
        ("0", "20000"),
        (("0", True, {"stereotactic-contraindication": "critical"}), ("90", True, NONE)),
    ),
    Table(
        "canal narrowing and stereotactic radiotherapy",
        {"order": STEREOTACTIC, "record": {"findings": {"canal-narrowing": {"value": "10 %", "site": "L3"}}}},
        "canal-narrowing",
        ("0", "100"),
        (("0", True, NONE), ("25", False, {"stereotactic-relative-contraindication": "warning"})),
        worse="higher",
    ),
    Table(
        "tumour to cord and stereotactic radiotherapy",
        {"order": STEREOTACTIC, "record": {"findings": {"tumour-cord-distance": {"value": "10 mm", "site": "L3"}}}},
        "tumour-cord-distance",
        ("0", "100"),
        (("0", True, {"stereotactic-relative-contraindication": "warning"}), ("5", True, NONE)),
    ),
    *(
        Table(
            f"{fact} and cementoplasty",
            {
                "order": {"act": "cementoplasty"},
                "record": {"platelets": "200 10*9/L today", "prothrombin": "90 % today"},
            },
            fact,
            domain,
            ((domain[0], True, {"cementoplasty-bleeding-risk": "critical"}), ("50", False, NONE)),
        )
        for fact, domain in (("platelets", ("1", "3000")), ("prothrombin", ("1", "200")))
    ),
    Table(
        "life expectancy and surgery",
        {
            "order": {"act": "preventive osteosynthesis of the femur"},
            "record": {"findings": {"life-expectancy": "200 d"}},
        },
        "life-expectancy",
        ("0", "20000"),
        (("0", True, {"surgery-short-life-expectancy": "warning"}), ("42", True, NONE)),
    ),
    Table(
        "bone metastases, oligometastatic",
        {"record": {"findings": {"bone-metastasis-count": 3}}},
        "bone-metastasis-count",
        ("0", "500"),
        (("0", True, NONE), ("1", True, {"oligometastatic-bone-disease": "info"}), ("6", True, NONE)),
        worse="",
        whole=True,
    ),
]


@cache
def found_for(table: Table) -> list[Path[dict[str, str]]]:
    return paths("x", *table.domain, levels(dict(table.told), table.fact), whole=table.whole)


def number_of(table: Table, name: str = "x") -> Any:
    return z3.Int(name) if table.whole else z3.Real(name)


def rows_of(table: Table, number: Any) -> list[tuple[Any, Mapping[str, str]]]:
    """The rows as conditions on the number; the last one ends with the domain."""
    ends = [(low, closed) for low, closed, _ in table.rows[1:]]
    last = (table.domain[1], False)
    found = []
    for (low, closed, said), (high, next_closed) in zip(table.rows, [*ends, last], strict=True):
        lower = number >= z3.RealVal(low) if closed else number > z3.RealVal(low)
        upper = number < z3.RealVal(high) if next_closed else number <= z3.RealVal(high)
        found.append((z3.And(lower, upper), said))
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_number_has_its_row_and_no_other(table):
    found, number = found_for(table), number_of(table)
    for path in found:
        said = {rule: level for rule, level in path.answer.items() if rule in table.rules}
        for row, expected in rows_of(table, number):
            if said != expected:
                assert not possible(path.condition, row), f"{said} where the table says {expected}"
    within = z3.And(number >= z3.RealVal(table.domain[0]), number <= z3.RealVal(table.domain[1]))
    assert not possible(within, *(z3.Not(path.condition) for path in found)), "a number without an answer"
    assert not possible(within, *(z3.Not(row) for row, _ in rows_of(table, number))), "a number without a row"
    for (row, _), (other, _) in itertools.combinations(rows_of(table, number), 2):
        assert not possible(row, other), "a number with two rows"


def rank(table: Table, said: Mapping[str, str]) -> int:
    return max((LEVELS.index(level) for rule, level in said.items() if rule in table.rules), default=0)


@pytest.mark.parametrize("table", [one for one in TABLES if one.worse], ids=lambda table: table.name)
def test_a_worse_result_is_never_milder(table):
    """Of two numbers x and y, x worse, it is not possible that y has the stricter answer."""
    x, y = number_of(table), number_of(table, "y")
    for first, second in itertools.permutations(found_for(table), 2):
        milder, stricter = rank(table, first.answer), rank(table, second.answer)
        if milder >= stricter or (table.doses_too_low_apart and stricter == LEVELS.index("info")):
            continue
        both = (first.condition, renamed(second.condition, x, y))
        match table.worse:
            case "lower":
                assert not possible(*both, x < y)
            case "higher":
                assert not possible(*both, x > y)
            case "both":  # on each side of the normal row, further out is worse
                [normal] = [renamed(row, x, z3.Real("m")) for row, said in rows_of(table, x) if not said]
                assert not possible(*both, normal, z3.Real("m") > y, x < y)
                assert not possible(*both, normal, z3.Real("m") < y, x > y)


# --- doses of zoledronic acid -----------------------------------------------------------------------------------------


def test_tableau_2_gives_one_dose_from_30_on_and_none_below_for_every_clearance():
    found = paths("c", "0", "1000", lambda number: TABLE_2.of(Bounds(number, number)))  # type: ignore[arg-type]  # as above
    clearance = z3.Real("c")
    for path in found:
        assert len(path.answer) <= 1
        assert not possible(path.condition, clearance < 30 if path.answer else clearance >= 30)
    for first, second in itertools.permutations([path for path in found if path.answer], 2):
        if max(first.answer) > max(second.answer):
            lower = [first.condition, renamed(second.condition, clearance, z3.Real("d")), clearance < z3.Real("d")]
            assert not possible(*lower), "a lower clearance has a higher dose"


def test_the_doses_of_an_interval_of_clearances_are_those_of_the_clearances_in_it():
    """Every interval whose ends are at, or a little beside, a limit of the table; the grid is finer than any report."""
    grid = [limit + Decimal(step) / 1000 for limit in TABLE_2.limits for step in range(-4, 5)]
    for low, high in itertools.combinations(sorted(grid), 2):
        for low_open, high_open in itertools.product((False, True), repeat=2):
            within = [low, high, *(one + Decimal("0.0005") for one in grid), *grid]
            inside = [
                one
                for one in within
                if (low < one or (low == one and not low_open)) and (one < high or (one == high and not high_open))
            ]
            doses = [TABLE_2.of(exactly(one)) for one in inside]
            assert TABLE_2.of(Bounds(low, high, low_open, high_open)) == frozenset().union(*doses)
            settled = min(doses[0]) if doses and all(one and one == doses[0] for one in doses) else None
            assert TABLE_2.settled(Bounds(low, high, low_open, high_open)) == settled


# --- scores -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", SCORES.values(), ids=lambda score: score.id)
def test_every_way_to_fill_in_a_score_has_one_meaning_and_more_points_mean_no_less(score):
    lowest, highest = KINDS[score.finding].lowest, KINDS[score.finding].highest
    totals = {
        sum(answer.points for answer in answers)
        for answers in itertools.product(*(question.answers for question in score.questions))
    }
    firsts = [band.first for band in score.bands]
    assert (min(totals), max(totals)) == (lowest, highest)
    assert firsts[0] == min(totals)
    assert firsts == sorted(set(firsts)), "a total has one band"
    assert set(firsts) <= set(range(min(totals), max(totals) + 1))
