"""The catalogue as markdown: a file to be read, printed and signed. `osteocds catalogue` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mappings.facts import FactSettings
from mappings.wording import _
from service.catalogue.entries import RuleEntry, catalogue
from service.languages.render import COLONS, SEMICOLONS, Language, render
from service.rules.guideline import Guideline

WORDS = {
    "title": _("Catalogue of the rules"),
    "intro": _(
        "Generated; do not edit. The statements are in our words; settings are choices of ours, not the guideline's."
    ),
    "source": _("Source"),
    "reading": _("Our reading"),
    "triggers": _("Triggered by"),
    "facts": _("Facts read"),
    "conditions": _("Conditions"),
    "settings": _("Settings"),
    "elsewhere": _("Elsewhere"),
    "changes": _("Changes"),
    "version": _("Version"),
    "offers": _("Offers"),
    "examples": _("Examples"),
    "notes": _("On every card"),
    "not computed": _("What is not computed"),
    "statement": _("Statement"),
    "reason": _("Reason"),
}
"""What the catalogue says itself: headings, and the marks before what it lists."""


def catalogue_to_read(guideline: Guideline, language: Language, settings: FactSettings) -> str:
    """The catalogue of a guideline as markdown."""
    words, whole = words_in(language), catalogue(guideline, language, settings)
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
    header = f"| {words['statement']} | {words['source']} | {words['reason']} |"
    rows = [f"| {one.statement} | {one.source} | {one.why} |" for one in whole.not_computed]
    parts += [f"## {words['not computed']}", "\n".join((header, "|---|---|---|", *rows))]
    return "\n\n".join(parts) + "\n"


def words_in(language: Language) -> dict[str, str]:
    """The words of the catalogue in a language, with its signs."""
    signs = {"colon": COLONS[language], "semicolon": SEMICOLONS[language]}
    return {name: render(text, language) for name, text in WORDS.items()} | signs


def _entry(entry: RuleEntry, words: dict[str, str]) -> Iterator[str]:
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
    rows = "\n".join(f"| {name.replace('|', '/')} | {outcome} |" for name, _outcome, outcome in entry.examples)
    yield f"| {words['examples']} | |\n|---|---|\n{rows}"


def _listed(heading: str, lines: Iterable[str]) -> list[str]:
    listed = [f"  - {line}" for line in lines]
    return [f"- {heading}", *listed] if listed else []
