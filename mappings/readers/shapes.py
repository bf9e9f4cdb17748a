"""Coded concepts of raw FHIR JSON, read leniently: their codings, and their words for a person. Nothing here raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.code_systems import LONGEST_SYSTEM, named_code
from mappings.vocabulary.concepts import code_of
from mappings.vocabulary.letters import on_one_line

LONGEST_NAME = 80
"""Characters of a name that a person is shown."""


def codings(concept: object) -> list[Mapping[str, Any]]:
    """The codings of a CodeableConcept, of several, of a lone Coding, or of a code that stands in the place of one."""
    if isinstance(concept, dict):
        if concept.get("modifierExtension"):  # which nobody knows, and which may turn it round
            return []
        inner = concept.get("coding")
        if isinstance(inner, list):
            return [coding for coding in inner if isinstance(coding, dict) and "modifierExtension" not in coding]
        if isinstance(inner, dict):
            return [inner]
        if ("code" in concept or "display" in concept) and "value" not in concept:  # a Quantity has a code too
            return [concept]
        if reference_of_r5 := concept.get("concept"):
            return codings(reference_of_r5) if isinstance(reference_of_r5, dict) else []
        return []
    if isinstance(concept, list):
        return [coding for one in concept if not isinstance(one, list) for coding in codings(one)]
    return [{"code": concept.strip()}] if isinstance(concept, str) and _is_code(concept) else []


def _is_code(said: str) -> bool:
    """One word with a figure in it, as codes are; anything else that stands for a concept is its text."""
    return len(said) <= _LONGEST_CODE and len(said.split()) == 1 and any(sign.isdigit() for sign in said)


_LONGEST_CODE = 64


def texts(concept: object) -> list[str]:
    """What a concept says in words: its text, then its displays; a concept that is a text says itself."""
    if isinstance(concept, str):
        text = a_text(concept)
        return [text] if text and not _is_code(text) else []
    several = [one for one in maps(concept) if not one.get("modifierExtension")]
    said = [a_text(one.get("text")) for one in several]
    said += [a_text(a_map(one["concept"]).get("text")) for one in several if "concept" in one]
    said += [a_text(coding.get("display")) for coding in codings(concept)]
    return [text for text in said if text]


def shown_words(concept: object) -> str:
    """The words of a CodeableConcept for a person: its text, else a display; "" where it has codes only. At most 80 letters."""
    return next((shown for text in texts(concept) if (shown := printable(text))), "")


def shown_name(concept: object) -> str:
    """How a CodeableConcept is shown to a person: its words, else a code with its system's name. At most 80 characters."""
    return shown_words(concept) or next((shown for coding in codings(concept) if (shown := shown_code(coding))), "")


def shown_beside(ours: object, concept: object) -> str:
    """How a CodeableConcept is shown where `ours` may name it too: its words; a code only where we have no name either."""
    return shown_words(concept) or ("" if ours else shown_name(concept))


def shown_code(coding: Mapping[str, Any]) -> str:
    """A code with its system's name: `ATC L01DB06`; "" where there is none."""
    code = code_of(coding).strip()
    return printable(named_code(a_text(coding.get("system"))[:LONGEST_SYSTEM], code[:LONGEST_NAME])) if code else ""


def printable(text: str, longest: int = LONGEST_NAME) -> str:
    """A text without the signs that steer a terminal or hide in a line, its blanks made one, at most so long."""
    return on_one_line(text[: 4 * longest])[:longest]
