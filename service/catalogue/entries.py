"""The catalogue: every rule as a clinician reads, checks and signs it: what it declares, and what it says in its examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from mappings.facts import FactSettings, setting_texts
from mappings.wording import Text, _
from service.catalogue.examples import Example, Showroom, at_thresholds, examples_of, showroom
from service.languages.render import Language, figure, render, sentence
from service.rules.citation import cited
from service.rules.condition import settings_named, under
from service.rules.guideline import EXTENSION, Guideline
from service.rules.outcome import Advice, Indicator
from service.rules.rule import MOMENTS, Rule
from service.rules.voices import changes_of

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
    **{indicator.value: indicator.said for indicator in Indicator},
    "silent": _("silent"),
    "cannot tell": _("cannot tell"),
}
"""What a rule answers in an example."""


@dataclass(frozen=True, slots=True)
class SaidCard:
    """One card that the rule gives in an example; `level` is its indicator in words."""

    indicator: str
    level: str
    summary: str
    detail: str
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One rule in one language; of an example its name, the outcome's code and its name.

    `thresholds` are the examples that show where the answer changes, `others` the rest; `documents` are those of its source
    that everybody can read, with their addresses.
    """

    id: str
    statement: str
    source: str
    reading: str
    triggers: tuple[str, ...]
    facts: tuple[str, ...]
    conditions: tuple[str, ...]
    settings: tuple[tuple[str, str, str], ...]
    cards: tuple[SaidCard, ...]
    examples: tuple[tuple[str, str, str], ...]
    elsewhere: tuple[str, ...] = ()
    changes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    thresholds: tuple[tuple[str, str, str], ...] = ()
    documents: tuple[tuple[str, str], ...] = ()

    @property
    def others(self) -> tuple[tuple[str, str, str], ...]:
        """The examples that are behind a click."""
        return tuple(one for one in self.examples if one not in self.thresholds)


@dataclass(frozen=True, slots=True)
class ChapterEntries:
    """The rules of one module."""

    title: str
    entries: tuple[RuleEntry, ...]


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """What cards say besides their rules."""

    statement: str
    source: str


@dataclass(frozen=True, slots=True)
class NotComputed:
    """A statement that stays text."""

    statement: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole of it in one language; `about` says what guideline it is of, `version` of which version of it.

    `changes` are those that are about all rules; those of a rule stand with it.
    """

    about: str
    version: str
    chapters: tuple[ChapterEntries, ...]
    notes: tuple[NoteEntry, ...]
    not_computed: tuple[NotComputed, ...]
    changes: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def count(self) -> int:
        """How many rules there are."""
        return sum(len(chapter.entries) for chapter in self.chapters)

    @property
    def words(self) -> str:
        """All that its rules and its list of what is not computed say, a line each."""
        entries = (one for chapter in self.chapters for one in chapter.entries)
        said = [line for one in entries for line in _lines(one)]
        return "\n".join([*said, *(line for one in self.not_computed for line in (one.statement, one.source, one.why))])


def _lines(one: RuleEntry) -> Iterator[str]:
    yield from (one.statement, one.source, one.reading, *one.triggers, *one.facts, *one.conditions, *one.elsewhere)
    yield from (line for card in one.cards for line in (card.summary, *card.detail.split("\n"), *card.offers))
    yield from (name for name, _outcome, _words in one.examples)


@cache
def catalogue(guideline: Guideline, language: Language, settings: FactSettings) -> Catalogue:
    """The catalogue of a guideline in one language, with the settings of a site."""
    chapters = tuple(
        ChapterEntries(
            sentence(chapter.title, language),
            tuple(entry(rule, guideline, language, settings) for rule in chapter.rules),
        )
        for chapter in guideline.chapters
    )
    left = tuple(
        NotComputed(sentence(one.says, language), render(cited((one.citation,)), language), sentence(one.why, language))
        for one in guideline.statements.stays_text
    )
    notes = tuple(
        NoteEntry(sentence(note.title, language), render(cited(note.citations), language)) for note in guideline.notes
    )
    return Catalogue(
        sentence(guideline.about, language), guideline.version, chapters, notes, left, _changes("", guideline, language)
    )


def _changes(rule: str, guideline: Guideline, language: Language) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """By version, what changed of a rule; of all rules for an empty id."""
    found = changes_of(rule, guideline.changes)
    return tuple((version, tuple(sentence(text, language) for text in texts)) for version, texts in found.items())


def entry(rule: Rule, guideline: Guideline, language: Language, settings: FactSettings) -> RuleEntry:
    """One rule, from what it declares and from its examples."""
    examples = examples_of(rule, guideline)
    room, texts = showroom(guideline, settings), setting_texts(settings)
    read = {name for one in rule.when for name in one.settings} | (
        settings_named(rule.reading) if rule.reading else set()
    )
    cards: dict[tuple[str, str], SaidCard] = {}
    for example in examples:
        for outcome, settings_read in room.outcomes(example):
            read |= settings_read
            if isinstance(outcome, Advice):
                key = (outcome.indicator.value, outcome.summary.message)
                if key not in cards:
                    cards[key] = _card(outcome, example, room, language)
    return RuleEntry(
        id=rule.id,
        statement=sentence(rule.title, language),
        source=render(cited(rule.citations), language),
        reading=sentence(under(settings, rule.reading), language) if rule.reading is not None else "",
        triggers=tuple(sentence(text, language) for text in _triggers(rule)),
        facts=tuple(sentence(text, language) for text in _facts(rule)),
        conditions=tuple(sentence(one.under(settings), language) for one in rule.when),
        settings=tuple(
            (name, sentence(text, language), figure(getattr(settings, name), language))
            for name, text in texts.items()
            if name in read
        ),
        cards=tuple(cards[key] for key in sorted(cards, key=lambda key: -Indicator(key[0]).rank)),
        examples=_shown(examples, language),
        elsewhere=tuple(sentence(voice.line, language) for voice in guideline.elsewhere if rule.id in voice.rules),
        changes=_changes(rule.id, guideline, language),
        thresholds=_shown(at_thresholds(examples), language),
        documents=tuple(
            (sentence(document.short or document.title, language), document.address)
            for document in dict.fromkeys(one.document for one in rule.citations)
            if document.address
        ),
    )


def _shown(examples: Iterable[Example], language: Language) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.name(language), one.expected, render(OUTCOMES[one.expected], language)) for one in examples)


def _card(advice: Advice, example: Example, room: Showroom, language: Language) -> SaidCard:
    texts = (*advice.detail, *advice.lines, *advice.items)
    return SaidCard(
        advice.indicator.value,
        render(OUTCOMES[advice.indicator.value], language),
        sentence(advice.summary, language),
        "\n\n".join(sentence(text, language) for text in texts),
        _offers(example, room, language),
    )


def _offers(example: Example, room: Showroom, language: Language) -> tuple[str, ...]:
    """The suggestions of the card in which the rule speaks alone; of a merged one nobody could tell whose they are."""
    for card in room.answer(example, language).response.cards:
        if card.extension.get(EXTENSION, {}).get("rules") == [example.rule.id]:
            return tuple(suggestion.label for suggestion in card.suggestions)
    return ()


def _facts(rule: Rule) -> Iterator[Text]:
    """What the rule reads, by the name of the fact or of the analyte."""
    named = {read if isinstance(read, str) else read.id: read for read in rule.reads}
    for _name, read in sorted(named.items()):
        yield FACTS[read] if isinstance(read, str) else read.name


def _triggers(rule: Rule) -> Iterator[Text]:
    if rule.trigger is not None:
        yield rule.trigger.name
    yield from (said for hook, said in MOMENTS.items() if hook in rule.hooks)
