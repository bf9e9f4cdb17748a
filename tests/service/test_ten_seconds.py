"""A card is read in ten seconds: over all scenarios its detail begins with the act, and is short before what it rests on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from support.scenario import answer_to, scenarios_of

from cds_hooks import Card
from service.guidelines import GUIDELINES
from service.languages.render import Language

RULES = [rule.id for rule in GUIDELINES[0].rules]
QUIET = {"could-not-be-checked", "not-identified", "not-shown"}
BASIS = re.compile(r"\*\*(?:Based on|D’après le dossier)\*\*")
REMARK = re.compile(r"^\*[^*].*$", re.MULTILINE)
WORD = re.compile(r"\S*\w\S*")
MOST = 60

LONG = {
    "cementoplasty-antithrombotics": "one line a drug, with its stop date and its relay",
    "cementoplasty-haemostasis-unknown": "a checklist of seven lines, each a thing to do",
    "fractionation-advice": "the rows of Tableau 5 that can be meant, with their schemes",
    "radiosensitiser-before-radiotherapy": "one line a drug, with three dates",
    "radiosensitiser-after-radiotherapy": "one line a course, with three dates",
    "re-irradiation-interval": "a date, the earlier dose and three limits of the cord",
    "stereotactic-contraindication": "each contraindication by its name, with what joins it about the earlier course",
    "spinal-instability": "joined by what contraindicates the stereotactic treatment",
    "bone-biopsy-handling": "what is to be told to who takes it, and to who fixes it",
    "stereotactic-dose": "the ranges for a site that is not known",
    "vitamin-d-unknown": "a checklist of seven lines, each a thing to do",
    "calcium-unknown": "the same checklist, where vitamin D is known",
}
"""Rules whose card may be longer, with the reason."""

ACTS = frozenset(
    [
        "Avis",
        "Bilan",
        "Cholécalciférol",
        "Calcium",
        "Consigne",
        "Corticoïde",
        "Fixation",
        "Gemcitabine",
        "Ne",
        "Ni",
        "Paracétamol",
        "Pas",
        "Première",
        "Périphérie",
        "Radiographies",
        "Radiothérapie",
        "Remise",
        "S’en",
        "Schéma",
        "Soins",
        "Urgence",
        "Vitamine",
    ]
)
"""First words that are no infinitive and say the act: a drug, an opinion, an examination, what is held."""

ACT_LATER = {
    "radiosensitiser-before-radiotherapy": "the drug or the radiotherapy that waits heads its line",
    "radiosensitiser-after-radiotherapy": "the drug or the radiotherapy that waits heads its line",
    "spinal-cord-compression": "nothing is left to do where all is drafted",
    "stereotactic-contraindication": "a cord that was decompressed or irradiated: first that it was",
}
"""Rules whose card may begin with another word, with the reason."""


def cards_of(rule: str, language: Language) -> Iterator[Card]:
    """The cards of a rule's scenarios that hold advice."""
    for scenario in scenarios_of(rule):
        yield from (
            card for card in answer_to(scenario, language).response.cards if card.source.topic.code not in QUIET
        )


def before_the_basis(card: Card) -> str:
    return REMARK.sub("", BASIS.split(card.detail)[0])


def rules_of(card: Card) -> list[str]:
    rules: list[str] = card.extension["org.osteocds"]["rules"]
    return rules


def is_an_act(word: str) -> bool:
    """A French infinitive, or a word that names an act."""
    return word in ACTS or (word != "Entre" and re.fullmatch(r"\w+(?:er|ir|re|oir)", word) is not None)


@pytest.mark.parametrize("rule", RULES)
def test_the_detail_is_short_and_begins_with_the_act(rule: str) -> None:
    for language in Language:
        for card in cards_of(rule, language):
            words = WORD.findall(before_the_basis(card).replace("*", ""))
            assert len(words) <= MOST or LONG.keys() & set(rules_of(card)), (len(words), rules_of(card), card.detail)
            if language is Language.FRENCH and words:
                act = is_an_act(words[0].strip(",;:."))
                assert act or rules_of(card)[0] in ACT_LATER, (words[0], rules_of(card), card.detail)


@pytest.mark.parametrize("rule", RULES)
def test_no_heading_stands_before_the_act_and_no_summary_is_cut(rule: str) -> None:
    for language in Language:
        for scenario in scenarios_of(rule):
            for card in answer_to(scenario, language).response.cards:
                assert not card.detail.startswith(("**", "- ")), card.detail
                assert not card.summary.endswith("…"), card.summary


WORDS_RUNNING = 7
"""More than «le jour même et le lendemain», which is said of two things."""


@pytest.mark.parametrize("rule", RULES)
def test_rules_that_share_a_card_do_not_say_the_same_in_other_sentences(rule: str) -> None:
    """No run of so many words stands twice in the paragraph."""
    for language in Language:
        for card in cards_of(rule, language):
            words = re.findall(r"\w+(?:[’.,]\w+)*", card.detail.partition("\n\n")[0].lower())
            runs = Counter(zip(*(words[start:] for start in range(WORDS_RUNNING)), strict=False))
            assert all(times == 1 for times in runs.values()), card.detail


@pytest.mark.parametrize("rule", RULES)
def test_the_detail_does_not_name_again_what_the_summary_begins_with(rule: str) -> None:
    for language in Language:
        for card in cards_of(rule, language):
            name = re.split(r"\u202f?[:,]", card.summary)[0]
            again = re.compile(rf"(?:^|[.!?…] ){re.escape(name)}\u202f?[:,] ", re.MULTILINE)
            assert not again.search(before_the_basis(card)), (card.summary, card.detail)


@pytest.mark.parametrize("rule", RULES)
def test_no_card_of_an_order_says_what_another_said(rule: str) -> None:
    """In answers to one order; another order of the same kind has its own list."""
    for scenario in scenarios_of(rule):
        if "orders" in scenario.told:
            continue
        for language in Language:
            said: set[str] = set()
            for card in answer_to(scenario, language).response.cards:
                body = before_the_basis(card)
                sentences = set(re.findall(r"[^.!?…\n*-][^.!?…\n*]{12,}[.!?…](?= |$)", body, re.MULTILINE))
                assert not sentences & said, (sorted(sentences & said), card.detail)
                said |= sentences


@pytest.mark.parametrize("rule", RULES)
def test_its_source_is_short_and_nothing_is_said_twice_on_it(rule: str) -> None:
    for language in Language:
        for card in cards_of(rule, language):
            assert len(card.source.label) < 140
            assert "**Source**" not in card.detail
            assert not re.search(r"RAO (?:2023,? )?§", card.detail)
            lines = [line for line in card.detail.splitlines() if line.startswith("- ")]
            assert sorted(set(lines)) == sorted(lines)
            sentences = re.findall(r"[^.!?…\n*]{12,}[.!?…]", card.detail)
            assert sorted(set(sentences)) == sorted(sentences), card.detail


def test_the_exceptions_are_of_rules_that_there_are() -> None:
    assert {*LONG, *ACT_LATER} <= set(RULES)
