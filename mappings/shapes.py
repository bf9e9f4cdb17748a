"""The shapes of JSON, read leniently: what has the wrong one is as if it were not there.

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
