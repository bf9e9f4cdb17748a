"""Every card of every scenario is read in both languages, as a clinician would, and no rule reads more than it declares."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.scenario import Scenario, answer_to, request_for, scenarios_of

from cds_hooks import Card
from mappings.facts import Fact, Facts, Measurement
from mappings.queries import Reads
from mappings.vocabulary.analytes import Analyte
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.rules.condition import unless_all

ALL = [scenario for rule in GUIDELINES[0].rules for scenario in scenarios_of(rule.id)]
ENGLISH = frozenset(["the", "and", "with", "without", "of", "before", "after", "on", "from", "not", "none", "yet"])
FRENCH = frozenset(
    [
        "le",
        "la",
        "les",
        "et",
        "avec",
        "sans",
        "du",
        "des",
        "avant",
        "après",
        "sur",
        "depuis",
        "pas",
        "aucun",
        "aucune",
        "au",
        "aux",
    ]
)
UNTYPOGRAPHIC = re.compile(
    r"(?<=\w)'(?=\w)|[ \u00a0][;:!?»]|«[ \u00a0]|\w[;!?]|[^\W\d_]:|\d \d{3}(?!\d)"
    r"|\d (?:mg|g|mL|mmol|UI|Gy|%|jours|semaines|mois|heures)\b"
    r"|\d - \d|\b\d{4,}\u00a0(?:mg|UI)|\b\d{4} à \d{4}\u00a0"
)
"""A keyboard's apostrophe, a wide or a missing space before a sign, a breaking space in a number or before its unit, thousands
that are not set apart, a hyphen for a minus."""

JARGON = re.compile(
    r"(?:Observation|Medication|Procedure|Condition|Request|Response)\w*/|FHIR|[Pp]refetch|Quantity|LOINC|UCUM|SNOMED|mapp"
)
"""What the extension of a card may hold, and a clinician need not read."""

FRENCH_FIGURE = re.compile(r"\d\.\d")
ENGLISH_FIGURE = re.compile(r"\d,\d(?!\d\d)")
ENGLISH_DATE = re.compile(r"\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}")
FRENCH_DATE = re.compile(r"\d (?:janv\.|févr\.|mars|avr\.|mai|juin|juil\.|août|sept\.|oct\.|nov\.|déc\.) \d{4}")
RECORD_WORDS = re.compile(r"\b[A-Z][A-Za-z]+/[\w.-]+|§ ?[\d.]+|10\*9|\b(?:ICD|CIM)-(?:10|9-CM) [A-Z]?\d+\.\d\b")


def said_by(card: Card, record: frozenset[str]) -> str:
    """The words of a card that are ours: what the record calls things, and references, are left out."""
    text = f"{card.summary}\n{card.detail}\n" + "\n".join(one.label for one in card.suggestions)
    text += "\n" + "\n".join(reason.display for reason in card.override_reasons) + "\n" + card.source.label
    text = RECORD_WORDS.sub("§", re.sub("[\u00a0\u202f]", " ", text))
    for words in sorted(record, key=len, reverse=True):
        text = re.sub(re.escape(words), "§", text, flags=re.IGNORECASE)
    return text


def words_of_the_record(resource: Any) -> frozenset[str]:
    """What a request calls things: displays and texts of more than one word."""
    match resource:
        case dict():
            below = [words_of_the_record(value) for value in resource.values()]
            named = [value for name, value in resource.items() if name in {"display", "text"} and " " in str(value)]
            return frozenset(named).union(*below)
        case list():
            return frozenset().union(*(words_of_the_record(value) for value in resource))
    return frozenset()


def rule_ids(card: Card) -> dict[str, Any]:
    return {name: card.extension.get("org.osteocds", {}).get(name, ()) for name in ("rules", "unchecked", "notShown")}


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: f"{scenario.rule}: {scenario.name}")
def test_its_cards_read_well_in_both_languages(scenario: Scenario) -> None:
    cards = {language: answer_to(scenario, language).response.cards for language in Language}
    english, french = cards[Language.ENGLISH], cards[Language.FRENCH]
    assert [rule_ids(card) for card in english] == [rule_ids(card) for card in french]
    assert [card.indicator for card in english] == [card.indicator for card in french]
    record = words_of_the_record(request_for(scenario.told))
    for card in (*english, *french):
        said = said_by(card, record)
        assert 0 < len(card.summary) < 140
        assert not re.search(r"[{}]|None|\(\)|  |\.\.|: *$| ,", said), said
        assert not JARGON.search(f"{card.summary} {card.detail}"), card.detail
    for card in english:
        said = said_by(card, record)
        words = set(re.findall(r"[a-zà-ÿ]+", said.lower()))
        assert len(words & FRENCH) <= 1, (sorted(words & FRENCH), said)
        assert not FRENCH_DATE.search(said), said
        assert not ENGLISH_FIGURE.search(said), said
    for card in french:
        said = said_by(card, record)
        words = set(re.findall(r"[a-zà-ÿ]+", said.lower()))
        assert not words & ENGLISH - {"on"}, (sorted(words & ENGLISH), said)
        assert not ENGLISH_DATE.search(said), said
        assert not FRENCH_FIGURE.search(said), said
        typed = f"{card.summary}\n{card.detail}\n{card.source.label}\n" + "\n".join(
            one.label for one in card.suggestions
        )
        for words_told in record:
            typed = typed.replace(words_told, "§")
        assert not (found := UNTYPOGRAPHIC.search(typed)), (found, typed)


class Declared:
    """Facts of which only some may be touched."""

    def __init__(self, facts: Facts, declared: frozenset[Reads]) -> None:
        self._facts = facts
        self._allowed = declared | {"today", "settings"}
        self.asked: dict[Any, Any] = {}

    def result(self, analyte: Analyte) -> Fact[Measurement]:
        assert analyte in self._allowed, f"{analyte} is not among the facts that the rule declares"
        return self._facts.result(analyte)

    def __getattr__(self, name: str) -> Any:
        assert name in self._allowed, f"{name} is not among the facts that the rule declares"
        return getattr(self._facts, name)


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: f"{scenario.rule}: {scenario.name}")
def test_no_rule_touches_a_fact_that_it_does_not_declare(scenario: Scenario) -> None:
    advised = answer_to(scenario)
    for one in advised.outcomes:
        assert advised.record is not None
        # `Declared` only looks like facts, so that it can refuse the others.
        facts: Any = Declared(advised.record, one.rule.reads)
        if unless_all(one.rule.when, one.order, facts) is None:
            one.rule.statement(one.order, facts)
