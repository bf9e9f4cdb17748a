"""Cards for the eye of a person at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

MARKS = {"critical": "!!", "warning": " !", "info": " i"}


def printed_card(card: Mapping[str, Any], width: int = 100) -> Iterator[str]:
    """The lines of one card: indicator, summary, reasons, citation, offers."""
    indicator = str(card["indicator"])
    yield f"{MARKS[indicator]} [{indicator}] {card['summary']}"
    for line in str(card.get("detail", "")).replace("**", "").replace("*", "").splitlines():
        if line.strip():
            bullet = "  " if line.startswith("- ") else ""
            yield from textwrap.wrap(line, width, initial_indent="      ", subsequent_indent="      " + bullet)
    for suggestion in card.get("suggestions", ()):
        yield from textwrap.wrap(
            f"> {suggestion['label']}", width, initial_indent="      ", subsequent_indent="        "
        )
    rules = card.get("extension", {}).get("org.osteocds", {})
    named = ", ".join((*rules.get("rules", ()), *(f"{one} (not checked)" for one in rules.get("unchecked", ()))))
    yield f"      ({named or card['source']['topic']['code']})"
