"""No two rules advise opposite acts about one order: to remove it and to change it, or to change one thing of it in two ways.

Which rules offer to remove or to change an order is declared by what they offer over all scenarios; a rule that does neither
cannot be opposed to another about it. What is left, every pair of those that do, is tried: on every scenario, and on the order
and record of one joined with the record of the other, both ways round. This is an enumeration, not a proof over all records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import pytest
from support.scenario import Scenario, answer_to, run, scenarios_of

from service.guidelines import GUIDELINES
from service.pipeline import HookAnswer
from service.rules.offers import DeleteOrder, SetInstruction, UpdateOrder
from service.rules.outcome import Advice, Failure

RULES = GUIDELINES[0].rules
SCENARIOS = [scenario for rule in RULES for scenario in scenarios_of(rule.id)]

WAIT_OR_REMOVE = "both say not to give it today"
LATER = "both say to wait, the later day respects both"
NO_SUPPLEMENT = "no vitamin D now comes first; which one is for later"

EXCEPTIONS: Mapping[frozenset[str], str] = {
    frozenset({"bisphosphonate-severe-renal-impairment", "dental-extraction-recent"}): WAIT_OR_REMOVE,
    frozenset({"bisphosphonate-severe-renal-impairment", "vitamin-d-correction-under-way"}): WAIT_OR_REMOVE,
    frozenset({"dental-extraction-recent", "vitamin-d-deficiency"}): WAIT_OR_REMOVE,
    frozenset({"dental-extraction-recent", "zoledronate-renal-contraindication"}): WAIT_OR_REMOVE,
    frozenset({"vitamin-d-correction-under-way", "zoledronate-renal-contraindication"}): WAIT_OR_REMOVE,
    frozenset({"dental-extraction-recent", "vitamin-d-correction-under-way"}): LATER,
    frozenset({"radiosensitiser-after-radiotherapy", "treatment-after-bone-surgery"}): LATER,
    frozenset({"supplement-while-hypercalcaemia", "vitamin-d-prefer-d3"}): NO_SUPPLEMENT,
    frozenset({"vitamin-d-excess", "vitamin-d-prefer-d3"}): NO_SUPPLEMENT,
}
"""Pairs that offer two acts about one order, each with the reason why these are not opposite."""

Acts = dict[int, dict[str, list[Any]]]


def acts(answer: HookAnswer) -> Acts:
    """What each rule offers to do with each order, by the order's index: what a card would show, after the policy."""
    found: Acts = {}
    for one in answer.outcomes:
        assert not isinstance(one.outcome, Failure)
        if isinstance(one.outcome, Advice):
            for offer in one.outcome.offers:
                if isinstance(offer, DeleteOrder | UpdateOrder):
                    found.setdefault(offer.order.index, {}).setdefault(one.rule.id, []).append(offer)
    return found


def opposed(one: Any, other: Any) -> bool:
    """To remove and to change; or two figures of one thing. Instructions are added, and never stand against each other."""
    if isinstance(one, DeleteOrder) or isinstance(other, DeleteOrder):
        return type(one) is not type(other)
    changes = {type(change): change for change in one.changes if not isinstance(change, SetInstruction)}
    return any(type(change) in changes and changes[type(change)] != change for change in other.changes)


def opposites(answer: HookAnswer) -> Iterator[frozenset[str]]:
    for by_rule in acts(answer).values():
        for (rule, own), (other, others) in combinations(by_rule.items(), 2):
            if any(opposed(one, each) for one in own for each in others):
                yield frozenset({rule, other})


@cache
def acting() -> dict[str, tuple[Scenario, ...]]:
    """The rules that remove or change an order, and the scenarios in which they do, at most three."""
    found: dict[str, list[Scenario]] = {}
    for scenario in SCENARIOS:
        if scenario.rule in {rule for by_rule in acts(answer_to(scenario)).values() for rule in by_rule}:
            found.setdefault(scenario.rule, []).append(scenario)
    return {rule: tuple(several[:3]) for rule, several in found.items()}


def joined(one: Any, other: Any) -> Any:
    """What is told of both records; where they tell of one thing, that of the first."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        both = {name: joined(one[name], other[name]) if name in one else other[name] for name in other}
        return {**one, **both}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(each for each in other if each not in one)]
    return one


def test_on_no_scenario_do_two_rules_advise_opposite_acts():
    found = {pair for scenario in SCENARIOS for pair in opposites(answer_to(scenario))}
    assert found <= EXCEPTIONS.keys()


def test_neither_do_they_where_the_records_of_any_two_are_joined():
    found: dict[frozenset[str], str] = {}
    for rule, other in permutations(acting(), 2):
        for scenario in acting()[rule][:1]:
            record = joined(scenario.told.get("record") or {}, acting()[other][0].told.get("record") or {})
            try:
                answer = run({**scenario.told, "record": record})
            except ValueError:
                continue  # two records that no patient can have
            for pair in opposites(answer):
                found.setdefault(pair, f"{scenario.name} / {acting()[other][0].name}")
    assert found.keys() <= EXCEPTIONS.keys(), found
    assert found.keys() >= {pair for pair, why in EXCEPTIONS.items() if why != NO_SUPPLEMENT}


def test_there_are_rules_that_remove_and_rules_that_change_an_order():
    """So that what is tried above is not nothing."""
    kinds = {
        type(offer)
        for several in acting().values()
        for scenario in several
        for by_rule in acts(answer_to(scenario)).values()
        for offers in by_rule.values()
        for offer in offers
    }
    assert kinds == {DeleteOrder, UpdateOrder}
    assert len(acting()) >= 10


@pytest.mark.parametrize("pair", EXCEPTIONS, ids=lambda pair: " ".join(sorted(pair)))
def test_an_exception_is_told_with_its_reason(pair):
    document = (Path(__file__).parents[2] / "docs/change-impact.md").read_text(encoding="utf-8")
    assert pair <= {rule.id for rule in RULES}
    row = next(line for line in document.splitlines() if all(f"`{rule}`" in line for rule in pair))
    assert EXCEPTIONS[pair] in row
