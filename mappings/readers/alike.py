"""What many resources have alike, read once: their codes, statuses and words, without the members of their own.

In a record, and in those of a ward or a cohort, the same diagnoses, acts and drugs come again and again, and differ by their
ids, dates and subjects. What is read of the rest is remembered by its JSON, which decides it alone; so much of it, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar, cast

import orjson

from mappings.clock import Clock
from mappings.readers.reader import Reader
from mappings.vocabulary.concepts import Terminology

T = TypeVar("T")

REMEMBERED = 512
"""Readings of a kind that a process remembers: eight times as many make a screen no faster, and a worker 60 MB larger."""

LONGEST = 2048
"""Bytes of JSON that are remembered; what is longer is read anew."""

OF_ITS_OWN = frozenset(
    {"id", "meta", "text", "language", "identifier", "subject", "patient", "encounter", "context", "note"}
    | {"recorder", "asserter", "performer", "participant", "requester", "informationSource", "location"}
)
"""Members that no reader of `once` asks for, and that deny nothing; `meta` but for its profiles."""

_REFERS = b'"reference"'


def once(*own: str) -> Callable[[Callable[[Reader, Mapping[str, Any]], T]], Callable[[Reader, Mapping[str, Any]], T]]:
    """Remember what a reader makes of JSON: it reads none of these members, and neither the clock nor other resources.

    What refers to other resources is read anew, as theirs decide too. What is read is given to many: it is frozen, or copied.
    """
    left_out = OF_ITS_OWN.union(own)

    def remembering(read: Callable[[Reader, Mapping[str, Any]], T]) -> Callable[[Reader, Mapping[str, Any]], T]:
        @lru_cache(maxsize=REMEMBERED)
        def of_json(terminology: Terminology, told: bytes) -> T:
            return read(reader_of_json(terminology), orjson.loads(told))

        def reading(reader: Reader, resource: Mapping[str, Any]) -> T:
            told = as_json(resource, left_out)
            return read(reader, resource) if told is None else of_json(reader.terminology, told)

        return reading

    return remembering


def as_json(resource: Mapping[str, Any], left_out: frozenset[str] = frozenset()) -> bytes | None:
    """A resource, or a part of one, as JSON without some members; None where that cannot be remembered."""
    rest = {name: member for name, member in resource.items() if name not in left_out}
    if (meta := resource.get("meta")) is not None:
        if not isinstance(meta, dict):
            return None
        if "profile" in meta:
            rest["meta"] = {"profile": meta["profile"]}
    try:
        told = orjson.dumps(rest)
    except (TypeError, ValueError):  # a number beyond any, or a text that is none: what is no JSON is not remembered
        return None
    return None if len(told) > LONGEST or _REFERS in told else told


@lru_cache(maxsize=8)
def reader_of_json(terminology: Terminology) -> Reader:
    """A reader that knows no other resource, and no time: there is no clock to ask by mistake."""
    return Reader(cast("Clock", None), terminology, lambda _reference: None)
