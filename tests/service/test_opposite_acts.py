"""No two rules advise opposite acts about one order: to remove it and to change it, or to change one thing of it in two ways.

Which rules offer to remove or to change an order is declared by what they offer over all scenarios; a rule that does neither
cannot be opposed to another about it. What is left, every pair of those that do, is tried: on every scenario, and on the order
and record of one joined with the record of the other, both ways round. This is an enumeration, not a proof over all records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import combinations, permutations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.scenario import NOW, WORLD, Scenario, answer_to, request_for, run, scenarios_of

from mappings.wording import _
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import HookAnswer, advise
from service.rules.bone_metastases.calcium import calcium_is_low, phosphate_is_low
from service.rules.bone_metastases.triggers import ANTIRESORPTIVE
from service.rules.guideline import Chapter
from service.rules.offers import DeleteOrder, SetDose, SetInstruction, UpdateOrder
from service.rules.outcome import Advice, Failure, Indicator
from service.rules.rule import Rule
from service.rules.rule import rule as declared
from service.rules.say import warning
from service.services import published

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


Acting = Mapping[str, tuple[Scenario, ...]]
Run = Callable[[Any], HookAnswer]


@cache
def acting() -> Acting:
    return acting_of(SCENARIOS, run)


def acting_of(scenarios: Iterable[Scenario], run: Run) -> Acting:
    """The rules that remove or change an order, and the scenarios in which they do, at most three."""
    found: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        if scenario.rule in {rule for by_rule in acts(run(scenario.told)).values() for rule in by_rule}:
            found.setdefault(scenario.rule, []).append(scenario)
    return {rule: tuple(several[:3]) for rule, several in found.items()}


def opposites_of_pairs(acting: Acting, run: Run) -> dict[frozenset[str], str]:
    """The pairs opposed on the order and record of one joined with the record of the other, with the first place each."""
    found: dict[frozenset[str], str] = {}
    for rule, other in permutations(acting, 2):
        for scenario in acting[rule][:1]:
            record = joined(scenario.told.get("record") or {}, acting[other][0].told.get("record") or {})
            try:
                answer = run({**scenario.told, "record": record})
            except ValueError:
                continue  # two records that no patient can have
            for pair in opposites(answer):
                found.setdefault(pair, f"{scenario.name} / {acting[other][0].name}")
    return found


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
    found = opposites_of_pairs(acting(), run)
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


# --- a pair that is planted -------------------------------------------------------------------------------------------


def planted(name: str, condition: Any, act: Callable[[Any], Any]) -> Rule:
    @declared(
        name,
        title=_("Planted"),
        citations=RULES[0].citations,
        trigger=ANTIRESORPTIVE,
        when=(condition,),
        severest=Indicator.WARNING,
    )
    def says(order: Any, _patient: Any) -> Any:
        return warning(_("Planted"), _("Planted."), rests_on=(), offers=(act(order),))

    return says


def to_dose(milligrams: Decimal) -> Callable[[Any], UpdateOrder]:
    return lambda order: UpdateOrder(order, (SetDose(milligrams),))


@pytest.mark.parametrize(
    ("act", "other", "found"),
    [
        (DeleteOrder, to_dose(Decimal(60)), True),
        (to_dose(Decimal(90)), to_dose(Decimal(60)), True),
        (DeleteOrder, DeleteOrder, False),
        (to_dose(Decimal(60)), to_dose(Decimal(60)), False),
    ],
    ids=["remove and change", "two doses", "remove twice", "one dose twice"],
)
def test_a_planted_pair_of_opposite_acts_is_found_where_their_records_are_joined(act, other, found):
    """One speaks on low calcium, one on low phosphate: no scenario of either alone shows that they are opposed."""
    module = ModuleType("planted")
    vars(module).update(
        one=planted("planted-one", calcium_is_low, act), other=planted("planted-other", phosphate_is_low, other)
    )
    guideline = replace(GUIDELINES[0], chapters=(*GUIDELINES[0].chapters, Chapter("planted", _("Planted"), module)))
    services = published([guideline], split=False, terminology=WORLD.terminology)

    def run_planted(told: Any) -> HookAnswer:
        request = request_for(told)
        return advise(request, services[f"{guideline.id}-{request['hook']}"], WORLD, now=NOW, language=Language.ENGLISH)

    denosumab = {"drug": "denosumab", "dose": "120 mg"}
    low = {"calcium": "1.85 mmol/L today", "albumin": "40 g/L today"}
    scenarios = [
        Scenario("planted-one", {"name": "low calcium", "order": denosumab, "record": low}),
        Scenario(
            "planted-other", {"name": "low phosphate", "order": denosumab, "record": {"phosphate": "0.50 mmol/L today"}}
        ),
    ]
    assert not any(pair for one in scenarios for pair in opposites(run_planted(one.told)))
    pairs = acting_of(scenarios, run_planted)
    assert set(pairs) == {"planted-one", "planted-other"}
    assert (frozenset(pairs) in opposites_of_pairs(pairs, run_planted)) is found


@pytest.mark.parametrize("pair", EXCEPTIONS, ids=lambda pair: " ".join(sorted(pair)))
def test_an_exception_is_told_with_its_reason(pair):
    document = (Path(__file__).parents[2] / "docs/change-impact.md").read_text(encoding="utf-8")
    assert pair <= {rule.id for rule in RULES}
    row = next(line for line in document.splitlines() if all(f"`{rule}`" in line for rule in pair))
    assert EXCEPTIONS[pair] in row
