"""Every rule against its scenario file, through the whole pipeline: prefetch in, cards out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from support.scenario import SCENARIOS, Scenario, answer_to, outcome_word, scenarios_of

from service.guidelines import GUIDELINES
from service.languages.render import Language, sentence
from service.rules.outcome import Advice, Silence

RULES = [rule.id for rule in GUIDELINES[0].rules]
ALL = [scenario for rule in RULES for scenario in scenarios_of(rule)]


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: f"{scenario.rule}: {scenario.name}")
def test_the_rule_says_what_its_scenario_expects(scenario: Scenario) -> None:
    told = scenario.told
    advised = answer_to(scenario)
    answered = [one for one in advised.outcomes if one.rule.id == scenario.rule]
    assert outcome_word(answered) == told["expect"], [one.outcome for one in answered]
    cards = [
        card.to_json()
        for card in advised.response.cards
        if scenario.rule in card.extension.get("org.osteocds", {}).get("rules", ())
    ]
    unchecked = [
        card
        for card in advised.response.cards
        if scenario.rule in card.extension.get("org.osteocds", {}).get("unchecked", ())
    ]
    assert bool(cards) == (told["expect"] in {"info", "warning", "critical"})
    assert bool(unchecked) == (told["expect"] == "cannot tell")
    labels = [suggestion["label"] for card in cards for suggestion in card.get("suggestions", ())]
    if "offers" in told:
        for part in told["offers"]:
            assert any(part.lower() in label.lower() for label in labels), labels
        assert len(labels) >= len(told["offers"])
        if not told["offers"]:
            assert labels == []
    for part in told.get("not offered", ()):
        assert not any(part.lower() in label.lower() for label in labels), labels
    text = " ".join(f"{card['summary']} {card['detail']}" for card in cards)
    text += " ".join(f"{card.summary} {card.detail}" for card in unchecked)
    text = re.sub("[\u00a0\u202f]", " ", text)
    for part in told.get("says", ()):
        assert part.lower() in text.lower(), text
    for part in told.get("does not say", ()):
        assert part.lower() not in text.lower(), text
    if "because" in told:
        reasons = [
            sentence(one.outcome.because, Language.ENGLISH) for one in answered if isinstance(one.outcome, Silence)
        ]
        assert any(told["because"].lower() in reason.lower() for reason in reasons), reasons


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_scenario_that_fires_one_silent_one_absent_and_one_unavailable(rule: str) -> None:
    expected = {scenario.told["expect"] for scenario in scenarios_of(rule)}
    declared = next(one for one in GUIDELINES[0].rules if one.id == rule)
    assert expected & {"info", "warning", "critical"}, "no scenario in which it fires"
    assert "silent" in expected, "no scenario in which it stays silent"
    if declared.reads:
        assert any(scenario.told.get("unavailable") for scenario in scenarios_of(rule)), (
            "no scenario with data unavailable"
        )


def test_every_scenario_has_a_name_in_both_languages() -> None:
    unnamed = [f"{rule}: {one.name}" for rule in RULES for one in scenarios_of(rule) if not one.told.get("nom")]
    assert unnamed == [], "give them a `nom` beside their `name`: the catalogue is read in French too"


WORDS = {
    *("name", "nom", "hook", "order", "orders", "only", "record", "unavailable"),
    *("expect", "because", "offers", "not offered", "says", "does not say"),
}


def test_every_word_of_a_scenario_is_one_that_is_read() -> None:
    unread = {word: one.name for one in ALL for word in one.told if word not in WORDS}
    unread |= {word: one.name for one in ALL for word in words_in(one.told) if not isinstance(word, str)}
    assert unread == {}, "without quotes `on` is a truth value in YAML"


def words_in(told: object) -> Iterator[object]:
    if isinstance(told, dict):
        yield from told
    for inner in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from words_in(inner)


def test_every_scenario_file_is_named_after_a_rule() -> None:
    assert {path.stem for path in SCENARIOS.glob("*.yaml")} <= set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_never_more_severe_than_it_declares_and_as_severe_in_some_scenario(rule: str) -> None:
    declared = next(one for one in GUIDELINES[0].rules if one.id == rule)
    reached = [
        one.outcome.indicator.rank
        for scenario in scenarios_of(rule)
        for one in answer_to(scenario).outcomes
        if one.rule.id == rule and isinstance(one.outcome, Advice)
    ]
    assert max(reached) == declared.severest.rank
