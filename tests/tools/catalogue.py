"""Write the catalogue: `make catalogue`. A test holds its files current.

`catalogue.json`, in `service/catalogue`, is what every rule says in its scenarios, from which the page is made;
`catalogue.en.md` and `catalogue.fr.md` are the same to be read, printed and signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from support.scenario import Scenario, answer_to, scenarios_of

from mappings.facts import ClinicalSettings, setting_texts
from mappings.record import Record
from mappings.wording import Text
from service.catalogue.entries import SAID, Entry, catalogue
from service.guidelines import GUIDELINES
from service.languages.render import Language, sentence
from service.rules.outcome import Advice, Outcome, Silence
from service.rules.rule import Rule


class Traced:
    """Clinical settings that remember which of them were read."""

    def __init__(self) -> None:
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(ClinicalSettings(), name)


def settings_read(rule: Rule, scenario: Scenario) -> set[str]:
    """The settings on which a rule's answer to a scenario rests, directly or through its facts."""
    advised = answer_to(scenario)
    if advised.record is None:
        return set()
    traced, record = Traced(), advised.record
    # The same record once more, under settings that only look like settings: no caller of the service needs that.
    watched = Record(record._evidence, record._drafts, record._reader.clock, record._reader.terminology, traced)  # type: ignore[arg-type]  # noqa: SLF001
    for one in advised.outcomes:
        if one.rule is rule:
            rule.statement(one.order, watched)
    return traced.read


def answers_of(rule: Rule, scenario: Scenario) -> Iterator[Outcome]:
    """What the rule itself answers, also where other advice then silences it."""
    advised = answer_to(scenario)
    if advised.record is not None:
        yield from (rule.statement(one.order, advised.record) for one in advised.outcomes if one.rule is rule)


def both(text: Text) -> dict[str, str]:
    return {language.value: sentence(text, language) for language in Language}


def said(rule: Rule) -> dict[str, Any]:
    """Conditions, cards, settings and scenarios of one rule, each once, in the order of its scenarios."""
    conditions: dict[str, dict[str, str]] = {}
    cards: dict[tuple[str, str], dict[str, Any]] = {}
    settings: set[str] = set()
    for scenario in scenarios_of(rule.id):
        settings |= settings_read(rule, scenario)
        for answer in answers_of(rule, scenario):
            if isinstance(answer, Silence):
                conditions.setdefault(answer.because.message, both(answer.because))
            if isinstance(answer, Advice):
                key = (answer.indicator.value, answer.summary.message)
                cards.setdefault(key, _card(answer, scenario, rule))
    return {
        "conditions": list(conditions.values()),
        "cards": [cards[key] for key in sorted(cards, key=lambda key: ("critical", "warning", "info").index(key[0]))],
        "settings": [name for name in setting_texts() if name in settings],
        "scenarios": [
            {"en": one.told["name"], "fr": one.told["nom"], "expect": one.told["expect"]}
            for one in scenarios_of(rule.id)
        ],
    }


def _card(advice: Advice, scenario: Scenario, rule: Rule) -> dict[str, Any]:
    card: dict[str, Any] = {"indicator": advice.indicator.value}
    for language in Language:
        texts = (*advice.detail, *advice.lines, *advice.items)
        card[language.value] = {
            "summary": sentence(advice.summary, language),
            "detail": "\n\n".join(sentence(text, language) for text in texts),
            "offers": _offers(scenario, rule, language),
        }
    return card


def _offers(scenario: Scenario, rule: Rule, language: Language) -> list[str]:
    """The suggestions of the card in which the rule speaks alone; of a merged one nobody could tell whose they are."""
    for card in answer_to(scenario, language).response.cards:
        if card.extension.get("org.osteocds", {}).get("rules") == [rule.id]:
            return [suggestion.label for suggestion in card.suggestions]
    return []


WORDS = {
    Language.ENGLISH: {
        "title": "Catalogue of the rules",
        "intro": "Generated; do not edit. The statements are in our words; settings are choices of ours, not the referential's.",
        "source": "Source",
        "reading": "Our reading",
        "triggers": "Triggered by",
        "facts": "Facts read",
        "conditions": "Conditions",
        "settings": "Settings",
        "offers": "Offers",
        "scenarios": "Scenarios",
        "not encoded": "What is not computed",
        "header": "| Statement | Source | Reason |",
        "colon": ":",
        "semicolon": "; ",
    },
    Language.FRENCH: {
        "title": "Catalogue des règles",
        "intro": "Fichier généré ; ne pas modifier. Les énoncés sont écrits avec nos mots ; les paramètres sont nos "
        "choix, pas ceux du référentiel.",
        "source": "Source",
        "reading": "Notre lecture",
        "triggers": "Déclenchée par",
        "facts": "Faits lus",
        "conditions": "Conditions",
        "settings": "Paramètres",
        "offers": "Propose",
        "scenarios": "Scénarios",
        "not encoded": "Ce qui n'est pas calculé",
        "header": "| Énoncé | Source | Raison |",
        "colon": " :",
        "semicolon": " ; ",
    },
}


def to_read(language: Language) -> str:
    """The catalogue as markdown."""
    words, whole = WORDS[language], catalogue(language, ClinicalSettings())
    parts = [f"# {words['title']}", words["intro"]]
    for chapter in whole.chapters:
        parts.append(f"## {chapter.title}")
        for entry in chapter.entries:
            parts += _entry(entry, words)
    rows = [f"| {one.statement} | {one.source} | {one.why} |" for one in whole.not_encoded]
    parts += [f"## {words['not encoded']}", "\n".join((words["header"], "|---|---|---|", *rows))]
    return "\n\n".join(parts) + "\n"


def _entry(entry: Entry, words: dict[str, str]) -> Iterator[str]:
    yield f"### {entry.statement}"
    yield f"`{entry.id}`"
    said_once = [f"- {words['source']}{words['colon']} {entry.source}"]
    if entry.reading:
        said_once.append(f"- {words['reading']}{words['colon']} {entry.reading}")
    said_once.append(f"- {words['triggers']}{words['colon']} {words['semicolon'].join(entry.triggers)}")
    if entry.facts:
        said_once.append(f"- {words['facts']}{words['colon']} {', '.join(entry.facts)}")
    said_once += _listed(words["conditions"] + words["colon"], entry.conditions)
    said_once += _listed(
        words["settings"] + words["colon"],
        (f"{text}{words['colon']} {value} (`{name}`)" for name, text, value in entry.settings),
    )
    yield "\n".join(said_once)
    for card in entry.cards:
        yield f"> **{card.level}**{words['colon']} {card.summary}"
        detail = card.detail.replace("\n\n", "\n>\n> ")
        if detail:
            yield f"> {detail}"
        if card.offers:
            yield f"> {words['offers']}{words['colon']} {words['semicolon'].join(card.offers)}"
    rows = "\n".join(f"| {name.replace('|', '/')} | {outcome} |" for name, _, outcome in entry.scenarios)
    yield f"| {words['scenarios']} | |\n|---|---|\n{rows}"


def _listed(heading: str, lines: Iterable[str]) -> list[str]:
    listed = [f"  - {line}" for line in lines]
    return [f"- {heading}", *listed] if listed else []


def said_by_all() -> bytes:
    """`service/catalogue/catalogue.json` as it should be."""
    content = {rule.id: said(rule) for rule in GUIDELINES[0].rules}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def path_of(language: Language) -> Path:
    """Where the catalogue of a language lies."""
    return SAID.with_name(f"catalogue.{language.value}.md")


if __name__ == "__main__":
    SAID.write_bytes(said_by_all())
    for language in Language:
        path_of(language).write_text(to_read(language), encoding="utf-8")
