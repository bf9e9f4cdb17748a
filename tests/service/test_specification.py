"""The specification beside the rules is true: its ids, indicators and settings are those of the code; its changes are told."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from service.guidelines import GUIDELINES
from service.rules.outcome import Indicator

GUIDELINE = GUIDELINES[0]
PAGE = (GUIDELINE.folder / "SPECIFICATION.md").read_text(encoding="utf-8")
RULES = {rule.id: rule for rule in GUIDELINE.rules}

AWAITED: frozenset[str] = frozenset(
    {
        "two-antiresorptives",
        "antiresorptive-short-expectancy",
        "hypophosphataemia",
        "spinal-instability-unknown",
        "cementoplasty-tumour-control",
        "surgery-life-expectancy",
        "surgery-primary-unknown",
        "bone-scan-staging",
    }
)
"""Rules of the page that the code may lack while they are written; whatever is there is held to the page."""

AWAITED_LEVELS: frozenset[str] = frozenset({"vitamin-d-insufficiency"})
"""Rules whose indicator the page changed, and the code may not yet."""


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def table(column: str) -> dict[str, str]:
    """What the tables of the page that have such a column say in it, by the id or the name in their first column."""
    found: dict[str, str] = {}
    head: list[str] = []
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            head = []
        elif not head:
            head = cells(line)
        elif column in head and (name := re.fullmatch(r"`([\w-]+)`", cells(line)[0])):
            assert name[1] not in found, f"{name[1]} stands twice"
            found[name[1]] = cells(line)[head.index(column)]
    return found


LEVELS = table("indicator")


def severest(said: str) -> Indicator:
    """The most urgent indicator that a cell names."""
    return max((level for level in Indicator if re.search(rf"\b{level.value}\b", said)), key=lambda level: level.rank)


def test_the_page_has_every_rule_and_no_other() -> None:
    assert RULES.keys() - LEVELS.keys() == set()
    assert LEVELS.keys() - RULES.keys() <= AWAITED


@pytest.mark.parametrize("rule", sorted(LEVELS.keys() & RULES.keys()))
def test_a_rule_is_as_severe_at_most_as_the_page_says(rule: str) -> None:
    if rule in AWAITED_LEVELS and RULES[rule].severest is not severest(LEVELS[rule]):
        return
    assert RULES[rule].severest is severest(LEVELS[rule])


def test_the_settings_are_those_of_the_code_with_their_defaults_and_words() -> None:
    said = {one.name: (str(one.default), one.metadata["text"].message) for one in fields(GUIDELINE.settings)}
    defaults, words = table("default"), table("what it is")
    assert {name: (defaults[name], words[name]) for name in defaults} == said


def test_a_change_is_told_of_rules_that_there_are_and_of_every_new_one() -> None:
    told = {rule for change in GUIDELINE.changes for rule in change.rules}
    assert told <= LEVELS.keys()
    assert {rule for change in GUIDELINE.changes if change.new for rule in change.rules} == AWAITED


def test_the_first_number_of_the_version_is_the_edition_of_the_page() -> None:
    assert "second edition" in PAGE.partition("\n## ")[0]
    assert GUIDELINE.version.split(".")[0] == "2"
    assert {change.version.split(".")[0] for change in GUIDELINE.changes} == {"2"}


@pytest.mark.parametrize("voice", GUIDELINE.elsewhere, ids=lambda voice: f"{voice.rules[0]} {voice.year}")
def test_another_voice_is_newer_or_beside_the_referential_and_says_how_it_was_read(voice) -> None:
    assert 2018 < voice.year < 2027
    assert voice.excerpt is ("excerpt" in voice.line.message)
    assert set(voice.rules) <= RULES.keys()
