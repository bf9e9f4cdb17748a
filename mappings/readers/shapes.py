"""Raw FHIR JSON, read leniently: what has the wrong shape is as if it were not there.

Real records hold objects where R4 has arrays, texts where it has objects, and nulls anywhere; nothing here raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NOTHING: Mapping[str, Any] = {}


def a_map(value: object) -> Mapping[str, Any]:
    """The value where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else NOTHING


def maps(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects of an array; a single object is an array of one (R4 arrays are often sent so)."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def a_text(value: object) -> str:
    """The value where it is a text, stripped, else the empty text."""
    return value.strip() if isinstance(value, str) else ""


def codings(concept: object) -> list[Mapping[str, Any]]:
    """The codings of a CodeableConcept."""
    return list(maps(a_map(concept).get("coding")))


def shown_words(concept: object) -> str:
    """The words of a CodeableConcept for a person: its text, else a display; "" where it has codes only. At most 80 letters."""
    mapping = a_map(concept)
    said = (mapping.get("text"), *(coding.get("display") for coding in maps(mapping.get("coding"))))
    return next((text[:80] for one in said if (text := a_text(one))), "")


def shown_name(concept: object) -> str:
    """How a CodeableConcept is shown to a person: its words, else a code. At most 80 characters."""
    codes = (a_text(coding.get("code")) for coding in maps(a_map(concept).get("coding")))
    return shown_words(concept) or next((code[:80] for code in codes if code), "")
