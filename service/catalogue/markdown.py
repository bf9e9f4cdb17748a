"""The catalogue as markdown: a file to be read, printed and signed. `osteocds catalogue` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mappings.facts import FactSettings
from service.catalogue.entries import Entry, catalogue
from service.languages.render import Language
from service.rules.guideline import Guideline

WORDS = {
    Language.ENGLISH: {
        "title": "Catalogue of the rules",
        "intro": "Generated; do not edit. The statements are in our words; settings are choices of ours, not the guideline's.",
        "source": "Source",
        "reading": "Our reading",
        "triggers": "Triggered by",
        "facts": "Facts read",
        "conditions": "Conditions",
        "settings": "Settings",
        "elsewhere": "Elsewhere",
        "changes": "Changes",
        "version": "Version",
        "offers": "Offers",
        "examples": "Examples",
        "notes": "On every card",
        "not computed": "What is not computed",
        "header": "| Statement | Source | Reason |",
        "colon": ":",
        "semicolon": "; ",
    },
    Language.FRENCH: {
        "title": "Catalogue des règles",
        "intro": "Fichier généré\u202f; ne pas modifier. Les énoncés sont écrits avec nos mots\u202f; les paramètres sont nos "
        "choix, pas ceux du référentiel.",
        "source": "Source",
        "reading": "Notre lecture",
        "triggers": "Déclenchée par",
        "facts": "Faits lus",
        "conditions": "Conditions",
        "settings": "Paramètres",
        "elsewhere": "Ailleurs",
        "changes": "Changements",
        "version": "Version",
        "offers": "Propose",
        "examples": "Exemples",
        "notes": "Sur chaque carte",
        "not computed": "Ce qui n’est pas calculé",
        "header": "| Énoncé | Source | Raison |",
        "colon": "\u202f:",
        "semicolon": "\u202f; ",
    },
}


def catalogue_to_read(guideline: Guideline, language: Language, settings: FactSettings) -> str:
    """The catalogue of a guideline as markdown."""
    words, whole = WORDS[language], catalogue(guideline, language, settings)
    parts = [f"# {words['title']}", f"{whole.about}. {words['intro']}"]
    parts.append(f"{words['version']}{words['colon']} {whole.version}")
    if whole.changes:
        parts.append(f"## {words['changes']}")
        for version, said in whole.changes:
            parts += [f"### {version}", "\n".join(f"- {one}" for one in said)]
    for chapter in whole.chapters:
        parts.append(f"## {chapter.title}")
        for entry in chapter.entries:
            parts += _entry(entry, words)
    if whole.notes:
        parts += [f"## {words['notes']}", "\n".join(f"- {one.statement} ({one.source})" for one in whole.notes)]
    rows = [f"| {one.statement} | {one.source} | {one.why} |" for one in whole.not_computed]
    parts += [f"## {words['not computed']}", "\n".join((words["header"], "|---|---|---|", *rows))]
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
    said_once += _listed(words["elsewhere"] + words["colon"], entry.elsewhere)
    said_once += _listed(
        words["changes"] + words["colon"],
        (f"{version}{words['colon']} {said}" for version, all_said in entry.changes for said in all_said),
    )
    yield "\n".join(said_once)
    for card in entry.cards:
        yield f"> **{card.level}**{words['colon']} {card.summary}"
        detail = card.detail.replace("\n\n", "\n>\n> ")
        if detail:
            yield f"> {detail}"
        if card.offers:
            yield f"> {words['offers']}{words['colon']} {words['semicolon'].join(card.offers)}"
    rows = "\n".join(f"| {name.replace('|', '/')} | {outcome} |" for name, _, outcome in entry.examples)
    yield f"| {words['examples']} | |\n|---|---|\n{rows}"


def _listed(heading: str, lines: Iterable[str]) -> list[str]:
    listed = [f"  - {line}" for line in lines]
    return [f"- {heading}", *listed] if listed else []
