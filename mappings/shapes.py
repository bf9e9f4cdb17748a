"""The shapes of JSON, read leniently: what has the wrong one is as if it were not there.

Real records hold objects where R4 has arrays, texts where it has objects, and nulls anywhere; nothing here raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NOTHING: Mapping[str, Any] = {}


def a_map(value: object) -> Mapping[str, Any]:
    """The value where it is a JSON object, or the only one of an array, else an empty one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, dict) else NOTHING


def maps(value: object) -> Sequence[Mapping[str, Any]]:
    """The objects of an array; a single object is an array of one (R4 arrays are often sent so)."""
    if value is None:
        return ()
    if isinstance(value, dict):
        return (value,)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else ()


def a_text(value: object) -> str:
    """The value where it is a text, stripped, else the empty text."""
    return value.strip() if isinstance(value, str) else ""
