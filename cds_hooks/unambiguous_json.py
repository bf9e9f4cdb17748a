"""JSON as it came over the wire, of which each member of an object stands once.

Of a member that stands twice most parsers keep the last and pass the first over (RFC 8259, section 4): two lists of orders would
be one. Who looked at the request before us may have kept the other.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


class Ambiguous(ValueError):
    """A member of an object stands twice."""


def read_json(told: bytes) -> object:
    """The value that a JSON text says, in UTF-8.

    Raises `orjson.JSONDecodeError` where it is none, or is nested too deeply, and `Ambiguous` where it may be read in two ways.
    """
    value = orjson.loads(told)
    if _may_hold_one_twice(told, value):
        try:
            json.loads(told.decode(), object_pairs_hook=_once, parse_int=str, parse_float=str)
        except RecursionError:
            raise orjson.JSONDecodeError("it is nested too deeply", "", 0) from None
    return value


def _may_hold_one_twice(told: bytes, value: object) -> bool:
    """By the quotes: a member that was passed over is missing in the value, with its quotes. Takes a fraction of parsing."""
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:  # nested more deeply than it writes (254)
        return True
    return told.count(b'"') + told.count(b"\\u0022") != written.count(b'"')


def _once(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) < len(members):
        raise Ambiguous("a member stands twice")
