"""The catalogue: every rule as a clinician reads, checks and signs it, in both languages.

What a rule declares is taken from the rule; what it says is taken from its scenarios, and kept in `catalogue.json`, which
`make catalogue` writes and the tests hold current.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from mappings.facts import FactSettings, setting_texts
from mappings.wording import Text, _
from service.guidelines import GUIDELINES
from service.languages.render import Language, render, sentence
from service.rules.citation import cited
from service.rules.rule import Hook, Rule

SAID = Path(__file__).parent / "catalogue.json"
"""What the rules say in their scenarios: conditions, cards, settings that were read, scenarios."""

FACTS: dict[str, Text] = {
    "person": _("sex and age"),
    "vitamin_d": _("25-OH vitamin D"),
    "calcium": _("corrected calcium"),
    "crisis_calcium": _("corrected calcium of the last days"),
    "clearance": _("creatinine clearance"),
    "clearance_inputs_missing": _("what a clearance still needs"),
    "exposures": _("medication history"),
    "conditions": _("conditions"),
    "procedures": _("acts done"),
    "radiotherapies": _("radiotherapy given"),
    "radiotherapy_orders": _("radiotherapy ordered"),
    "consultations": _("consultations"),
    "imaging": _("imaging and reports"),
    "orders": _("drafts and active orders"),
    "allergies": _("allergies"),
    "finding": _("recorded findings and scores"),
}
"""What each fact that a rule may declare is called."""

OUTCOMES: dict[str, Text] = {
    "critical": _("critical"),
    "warning": _("warning"),
    "info": _("info"),
    "silent": _("silent"),
    "cannot tell": _("cannot tell"),
}
"""What a rule answers in a scenario."""

PATIENT_VIEW = _("view of the patient")


@dataclass(frozen=True, slots=True)
class SaidCard:
    """One card that the rule gives in a scenario; `level` is its indicator in words."""

    indicator: str
    level: str
    summary: str
    detail: str
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule in one language; of a scenario its name, the outcome's code and its name."""

    id: str
    statement: str
    source: str
    reading: str
    triggers: tuple[str, ...]
    facts: tuple[str, ...]
    conditions: tuple[str, ...]
    settings: tuple[tuple[str, str, str], ...]
    cards: tuple[SaidCard, ...]
    scenarios: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ChapterEntries:
    """The rules of one module."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class NotComputed:
    """A statement that stays text."""

    statement: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole of it in one language."""

    chapters: tuple[ChapterEntries, ...]
    not_computed: tuple[NotComputed, ...]

    @property
    def count(self) -> int:
        """How many rules there are."""
        return sum(len(chapter.entries) for chapter in self.chapters)


@cache
def _said() -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(SAID.read_bytes())
    return said


@cache
def catalogue(language: Language, settings: FactSettings) -> Catalogue:
    """The catalogue in one language, with the settings of a site."""
    chapters = tuple(
        ChapterEntries(sentence(one.title, language), tuple(_entry(rule, language, settings) for rule in one.rules))
        for one in GUIDELINES[0].chapters
    )
    left = tuple(
        NotComputed(sentence(one.says, language), render(cited((one.citation,)), language), sentence(one.why, language))
        for one in GUIDELINES[0].ledger.stays_text
    )
    return Catalogue(chapters, left)


def _entry(rule: Rule, language: Language, settings: FactSettings) -> Entry:
    said = _said().get(rule.id, {"conditions": [], "cards": [], "settings": [], "scenarios": []})
    texts = setting_texts(settings)
    return Entry(
        id=rule.id,
        statement=sentence(rule.title, language),
        source=render(cited(rule.citations), language),
        reading=sentence(rule.reading, language) if rule.reading is not None else "",
        triggers=tuple(sentence(text, language) for text in _triggers(rule)),
        facts=tuple(sentence(text, language) for text in _facts(rule)),
        conditions=tuple(one[language.value] for one in said["conditions"]),
        settings=tuple(
            (name, sentence(texts[name], language), str(getattr(settings, name))) for name in said["settings"]
        ),
        cards=tuple(
            SaidCard(
                one["indicator"],
                render(OUTCOMES[one["indicator"]], language),
                one[language.value]["summary"],
                one[language.value]["detail"],
                tuple(one[language.value]["offers"]),
            )
            for one in said["cards"]
        ),
        scenarios=tuple(
            (one[language.value], one["expect"], render(OUTCOMES[one["expect"]], language)) for one in said["scenarios"]
        ),
    )


def _facts(rule: Rule) -> Iterator[Text]:
    """What the rule reads, by the name of the fact or of the analyte."""
    named = {read if isinstance(read, str) else read.id: read for read in rule.reads}
    for _name, read in sorted(named.items()):
        yield FACTS[read] if isinstance(read, str) else read.name


def _triggers(rule: Rule) -> Iterator[Text]:
    if rule.trigger is not None:
        yield rule.trigger.name
    if Hook.PATIENT_VIEW in rule.hooks:
        yield PATIENT_VIEW
