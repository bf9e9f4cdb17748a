"""A card in its language: summary, markdown, source, suggestions, links, and what programs may want to know of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from cds_hooks import LONGEST_SUMMARY, Card, Coding, Source
from mappings.wording import Text, _, _n, asides
from service.cards.calendar_link import calendar_links
from service.cards.composed import Composed
from service.cards.override_reasons import override_reasons
from service.cards.score_links import Pages, score_link
from service.cards.suggestions import Ordering, suggestions
from service.cards.topics import COULD_NOT_BE_CHECKED, NOT_IDENTIFIED, TOPIC_SYSTEM, UNCHECKED_NAME
from service.languages.render import Language, plain, sentence
from service.languages.render import render as rendered
from service.rules.citation import Citation, cited_shortly
from service.rules.guideline import EXTENSION, Guideline, versions
from service.rules.outcome import Indicator

SOURCE_WITHOUT_CITATION = _("OsteoCDS")
RESULTS_HEADING = _("Based on")
ITEMS_HEADING = _("To do")
UNCHECKED_HEADING = _("Not checked")
WHY_HEADING = _("Why")


def written(
    composed: Composed,
    guideline: Guideline,
    ordering: Ordering,
    selection_behavior: str,
    pages: Pages,
) -> Card:
    """The card in its language, with its suggestions, and links to the catalogue, its questionnaires and the calendar."""
    language = ordering.language
    offered = suggestions(composed.offers, ordering)
    topic = Coding(TOPIC_SYSTEM, composed.topic, rendered(composed.topic_name, language))
    return Card(
        summary=shortened(plain(sentence(composed.summary, language))),
        indicator=composed.indicator.value,
        source=Source(
            _source_label(composed, language), topic, _catalogue_address(composed, guideline, language, pages.address)
        ),
        detail=_detail(composed, language),
        suggestions=tuple(offered),
        selection_behavior=selection_behavior,
        links=(
            *(score_link(asked, ordering, pages) for asked in composed.links if pages.address),
            *calendar_links(composed.rules, guideline, pages, language),
        ),
        override_reasons=override_reasons(language) if composed.rules else (),
        extension={EXTENSION: _extension(composed, guideline, language)},
    )


def _extension(composed: Composed, guideline: Guideline, language: Language) -> dict[str, Any]:
    """What programs, and those who run them, may want to know of a card."""
    members: dict[str, Any] = {
        "rules": list(composed.rules),
        "unchecked": list(composed.unchecked),
        "resources": list(composed.resources),
        "notShown": list(composed.not_shown),
        "technical": list(_technical(composed.texts, language)),
        "version": versions(guideline),
    }
    return {name: value for name, value in members.items() if value}


def for_audience(cards: tuple[Card, ...], audience: str) -> tuple[Card, ...]:
    """The cards as a client gets them that shows their extension to everyone, or to clinicians (`World.card_audience`)."""
    return cards if audience == "everyone" else tuple(map(_without_technical, cards))


def _without_technical(card: Card) -> Card:
    """For clinicians: without what is said to those who run the systems."""
    ours = {name: value for name, value in card.extension.get(EXTENSION, {}).items() if name != "technical"}
    return replace(card, extension={**card.extension, EXTENSION: ours} if ours else {})


def _technical(texts: Iterable[Text], language: Language) -> Iterator[dict[str, Any]]:
    """For each sentence that has more to tell: the resources that it is about, and what may be done about it."""
    for text in dict.fromkeys(texts):
        aside = asides(text)
        if aside.sources or aside.hints:
            row = {
                "said": plain(sentence(text, language)),
                "resources": list(aside.sources),
                "hints": [plain(rendered(hint, language)) for hint in aside.hints],
            }
            yield {name: value for name, value in row.items() if value}


def _catalogue_address(composed: Composed, guideline: Guideline, language: Language, address: str) -> str:
    """The page of the card's first rule, else the catalogue; empty where nobody knows the address of the service."""
    if not address:
        return ""
    rules = (*composed.rules, *composed.unchecked, *composed.not_shown)
    place = f"{guideline.id}/{rules[0]}" if rules else guideline.id
    return f"{address}/catalogue/{place}?lang={language.value}"


def told_plainly(rules: Iterable[str], indicator: Indicator, language: Language) -> Card:
    """Stands for what could not be written because of a defect of ours: it names the rules, for silence would be worse."""
    ids = tuple(dict.fromkeys(rules))
    summary = _(
        "Advice that cannot be shown, because of a defect of the service",
    )
    detail = _(
        "Look these rules up in the catalogue of the service, check them yourself, and tell those who run it: {rules}.",
        rules=", ".join(ids),
    )
    return Card(
        summary=plain(sentence(summary, language)),
        indicator=indicator.value,
        source=Source(
            rendered(SOURCE_WITHOUT_CITATION, language),
            Coding(TOPIC_SYSTEM, COULD_NOT_BE_CHECKED, rendered(UNCHECKED_NAME, language)),
        ),
        detail=sentence(detail, language),
        override_reasons=override_reasons(language),
        extension={EXTENSION: {"unchecked": list(ids)}} if ids else {},
    )


def shortened(summary: str) -> str:
    """Fewer than 140 characters; only words of the record can make a summary longer."""
    return summary if len(summary) <= LONGEST_SUMMARY else summary[: LONGEST_SUMMARY - 1].rstrip() + "…"


def _source_label(composed: Composed, language: Language) -> str:
    return _cited(composed.citations, language) if composed.citations else rendered(SOURCE_WITHOUT_CITATION, language)


@lru_cache(maxsize=1024)
def _cited(citations: tuple[Citation, ...], language: Language) -> str:
    """The citations of rules as a card prints them; there are few, and they come again and again."""
    return plain(sentence(cited_shortly(citations), language))


def _detail(composed: Composed, language: Language) -> str:
    """Short markdown: what to do, in a paragraph and in lists, then what it rests on; the source is the card's own."""
    of_items = _n("Missing", "Missing", len(composed.items)) if composed.items_missing else ITEMS_HEADING
    headings = {COULD_NOT_BE_CHECKED: UNCHECKED_HEADING}
    told = (_without_its_order(sentence(text, language), composed, language) for text in composed.detail)
    paragraph = [" ".join(dict.fromkeys(map(_ended, told)))]
    results = _beside(composed.results, (*composed.lines, *composed.items), language)
    listed = _bullets(None, composed.lines, language)
    listed += _bullets(headings.get(composed.topic, of_items), composed.items, language)
    parts = [*paragraph, *listed]
    quiet = composed.topic in (COULD_NOT_BE_CHECKED, NOT_IDENTIFIED)
    parts += _bullets(WHY_HEADING if quiet else RESULTS_HEADING, results, language)
    if composed.notes:
        notes = dict.fromkeys(_ended(sentence(note, language)) for note in composed.notes)
        parts.append(" ".join(f"*{note}*" for note in notes))
    return "\n\n".join(part for part in parts if part)


_AFTER_A_NAME = re.compile(r"[ \u00a0\u202f]?[:,] ")


def _without_its_order(words: str, composed: Composed, language: Language) -> str:
    """A sentence of the detail without the order before a colon or a comma, where the summary begins with it already."""
    summary = sentence(composed.summary, language)
    for name in dict.fromkeys(sentence(text, language) for text in composed.about):
        if summary.startswith(name) and words.startswith(name) and (sign := _AFTER_A_NAME.match(words, len(name))):
            return words[sign.end() :][:1].upper() + words[sign.end() + 1 :]
    return words


def _beside(results: tuple[Text, ...], told: tuple[Text, ...], language: Language) -> tuple[Text, ...]:
    """The results without those with which a line of the card begins."""
    said = tuple(sentence(line, language) for line in told)
    return tuple(one for one in results if not any(line.startswith(sentence(one, language)) for line in said))


def _ended(words: str) -> str:
    """With a full stop, so that sentences can follow each other."""
    return words if words.endswith((".", "!", "?", "…")) else words + "."


def _bullets(heading: Text | None, texts: tuple[Text, ...], language: Language) -> list[str]:
    if not texts:
        return []
    listed = "\n".join(dict.fromkeys(f"- {sentence(text, language)}" for text in texts))
    return [listed if heading is None else f"**{rendered(heading, language)}**\n\n{listed}"]
