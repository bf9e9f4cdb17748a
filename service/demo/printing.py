"""Cards for the eye of a person at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from mappings.wording import _, verbatim
from service.languages.render import Language, plain, render
from service.rules.guideline import EXTENSION
from service.rules.outcome import Indicator

MARKS = {"critical": "!!", "warning": " !", "info": " i"}

NO_CARD = _("no card")


def printed_card(card: Mapping[str, Any], language: Language, width: int = 100) -> Iterator[str]:
    """The lines of one card: indicator, summary, what to do and why, source, offers, rules."""
    indicator = Indicator(str(card["indicator"]))
    yield f"{MARKS[indicator.value]} [{render(indicator.said, language)}] {card['summary']}"
    for line in str(card.get("detail", "")).replace("**", "").replace("*", "").splitlines():
        if line.strip():
            bullet = "  " if line.startswith("- ") else ""
            yield from textwrap.wrap(line, width, initial_indent="      ", subsequent_indent="      " + bullet)
    source = _("Source: {label}", label=verbatim(card["source"]["label"]))
    yield f"      {plain(render(source, language))}"
    for suggestion in card.get("suggestions", ()):
        yield from textwrap.wrap(
            f"> {suggestion['label']}", width, initial_indent="      ", subsequent_indent="        "
        )
    rules = card.get("extension", {}).get(EXTENSION, {})
    unchecked = (render(_("{rule} (not checked)", rule=one), language) for one in rules.get("unchecked", ()))
    named = ", ".join((*rules.get("rules", ()), *unchecked))
    yield f"      ({named or card['source']['topic']['code']})"
