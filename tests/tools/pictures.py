"""Draw the pictures of the documents: `make pictures`. A test holds them current.

A card is drawn from a real answer, as an EHR shows it, and the six steps of a request from the table below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SHOWN = ROOT / "tests/hooks/denosumab-start/response.json"

FONT = "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif\""
COLOURS = {"info": "#2563a8", "warning": "#b26a00", "critical": "#b3261e"}
INK, QUIET, RULE, PAPER = "#1b2733", "#5a6875", "#d7dee5", "#ffffff"


@dataclass
class Drawing:
    """Shapes on white paper with a border, so that a dark page shows them too."""

    width: int
    shapes: list[str] = field(default_factory=list)

    def add(self, shape: str) -> None:
        self.shapes.append(shape)

    def text(self, x: float, y: float, words: str, size: int = 14, *, fill: str = INK, style: str = "") -> None:
        self.add(f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}"{style}>{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, *, fill: str = PAPER, stroke: str = RULE) -> None:
        self.add(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}" stroke="{stroke}"/>'
        )

    def svg(self, height: float, title: str) -> str:
        """The whole picture."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{height:g}" '
            f'viewBox="0 0 {self.width} {height:g}" role="img" {FONT}>'
        )
        paper = f'<rect width="{self.width}" height="{height:g}" rx="8" fill="#f3f6f9"/>'
        return "\n".join([head, f"<title>{escape(title)}</title>", paper, *self.shapes, "</svg>\n"])


BOLD = ' font-weight="600"'
ITALIC = ' font-style="italic"'


# --- a card -----------------------------------------------------------------------------------------------------------


def card_picture(card: dict[str, Any]) -> str:
    """A card as an EHR shows it: level, summary, detail, source, suggestions, and the ways to put it aside."""
    drawing = Drawing(760)
    colour = COLOURS[card["indicator"]]
    left, y = 44, 52
    drawing.text(left, y, card["summary"], 18, style=BOLD)
    drawing.add(f'<circle cx="708" cy="{y - 6}" r="12" fill="{colour}"/>')
    drawing.text(703.5, y, "i" if card["indicator"] == "info" else "!", 16, fill=PAPER, style=BOLD)
    y += 10
    for words, style, indent, space in _paragraphs(card["detail"]):
        y += space
        for line in wrap(words, 92 - indent // 4):
            y += 20
            drawing.text(left + indent, y, line, style=style)
    y += 26
    for suggestion in card.get("suggestions", ()):
        drawing.box(left, y, 9 * len(suggestion["label"]) + 28, 32, fill=colour, stroke=colour)
        drawing.text(left + 14, y + 21, suggestion["label"], fill=PAPER, style=BOLD)
        y += 40
    drawing.box(left, y, 92, 32)
    drawing.text(left + 14, y + 21, "Override", fill=QUIET)
    y += 50
    body = [
        f'<rect x="16" y="16" width="728" height="{y - 16}" rx="6" fill="{PAPER}" stroke="{RULE}"/>',
        f'<path d="M16 22a6 6 0 0 1 6 -6h2v{y - 16}h-2a6 6 0 0 1 -6 -6z" fill="{colour}"/>',
    ]
    drawing.shapes[:0] = body
    return drawing.svg(y + 16, f"A card: {card['summary']}")


def _paragraphs(markdown: str) -> Iterator[tuple[str, str, int, int]]:
    """Each paragraph or item of a detail: its words, style, indent, and the space before it."""
    for block in markdown.split("\n\n"):
        for number, line in enumerate(block.split("\n")):
            words = re.sub(r"\\([^\w\s])", r"\1", line)
            space = 0 if number else 10
            if match := re.fullmatch(r"\*\*(.+)\*\*", words):
                yield match[1], BOLD, 0, space
            elif words.startswith("- "):
                yield "• " + words[2:], "", 10, space // 5
            elif match := re.fullmatch(r"\*([^*].*[^*])\*", words):
                yield match[1], ITALIC, 0, space
            else:
                yield words.replace("**", ""), "", 0, space


# --- the six steps ----------------------------------------------------------------------------------------------------

STEPS = (
    ("validate", "cds_hooks", "JSON", "a hook request, or what is wrong with it"),
    ("gather", "service/gathering", "HookRequest", "prefetch first, then the FHIR server, within one deadline"),
    ("map", "mappings", "Evidence", "codes, units, dates: known, absent or unavailable"),
    ("evaluate", "service/rules", "Record", "each rule advises, is silent, cannot tell, or failed"),
    ("card", "service/cards", "outcomes", "few cards, in order, translated, with suggestions"),
    ("respond", "cds_hooks", "cards", "JSON, checked against the schema"),
)
"""Each step: its name, the room it is in, what it is given, what it does."""


def steps_picture() -> str:
    """The six steps of a hook request, from the EHR and back."""
    drawing = Drawing(760)
    y = 16
    for number, (name, room, _given, does) in enumerate(STEPS, start=1):
        drawing.box(16, y, 728, 46)
        drawing.add(f'<circle cx="44" cy="{y + 23}" r="13" fill="{COLOURS["info"]}"/>')
        drawing.text(40, y + 28, str(number), fill=PAPER, style=BOLD)
        drawing.text(70, y + 28, name, 15, style=BOLD)
        drawing.text(160, y + 28, room, 13, fill=QUIET, style=' font-family="ui-monospace, monospace"')
        drawing.text(312, y + 28, does, 14)
        if number < len(STEPS):
            following = STEPS[number][2]
            drawing.add(f'<path d="M44 {y + 46}v20m-4 -6l4 6l4 -6" fill="none" stroke="{QUIET}" stroke-width="1.5"/>')
            drawing.text(70, y + 61, following, 12, fill=QUIET)
        y += 68
    return drawing.svg(y - 6, "The six steps of a hook request")


def pictures() -> dict[Path, str]:
    """Every picture, by its file."""
    card = json.loads(SHOWN.read_text(encoding="utf-8"))["cards"][0]
    return {DOCS / "card.svg": card_picture(card), DOCS / "six-steps.svg": steps_picture()}


if __name__ == "__main__":
    for path, picture in pictures().items():
        path.write_text(picture, encoding="utf-8")
