"""What became of every statement of the documents of a guideline, at work in a rule or named with the reason why it stays text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.wording import Mark, Text
from service.rules.citation import Citation, Document


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the documents, in our words: the rules that it is at work in, or the entry that says why it stays text."""

    id: str
    citation: Citation
    says: str
    rules: tuple[str, ...]
    stays_text: str


@dataclass(frozen=True, slots=True)
class StaysText:
    """A statement, or several, that no rule computes, with the reason."""

    id: str
    citation: Citation
    says: Text
    why: Text


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements in the order of the documents, and what stays text."""

    statements: tuple[Statement, ...]
    stays_text: tuple[StaysText, ...]


def read_statements(path: Path, documents: Iterable[Document], mark: Mark) -> Statements:
    """The statements of a file `statements.yaml`; `mark` is that of the sentences that are shown.

    Raises `KeyError` for a document or a reason that it does not have.
    """
    told = _told(path)
    known = {document.id: document for document in documents}

    def citation(at: Mapping[str, Any]) -> Citation:
        return Citation(known[at["document"]], at.get("chapter", ""), at.get("places", ""))

    return Statements(
        tuple(
            Statement(one["id"], citation(place), one["says"], tuple(one.get("rules", ())), one.get("stays_text", ""))
            for place in told["statements"]
            for one in place["statements"]
        ),
        tuple(
            StaysText(
                one["id"],
                citation(one["at"]),
                mark(one["says"]),
                mark(told["reasons"][one["why"]] if "why" in one else one["because"]),
            )
            for one in told["stays_text"]
        ),
    )


def sentences_of(path: Path) -> Iterable[str]:
    """Every sentence of such a file that is shown, and so translated."""
    told = _told(path)
    yield from told["reasons"].values()
    for one in told["stays_text"]:
        yield one["says"]
        if "because" in one:
            yield one["because"]


def _told(path: Path) -> Any:
    """The file as YAML has it."""
    import yaml  # noqa: PLC0415 - an answer needs no statements: only the catalogue and the messages read it

    return yaml.safe_load(path.read_text(encoding="utf-8"))
