"""What the front and a worker send each other: one message a request, and one an answer, each a head (JSON) and a body."""

from __future__ import annotations

import struct
from asyncio import IncompleteReadError, StreamReader
from collections.abc import Mapping
from typing import Any, BinaryIO, TypeAlias

import orjson

Message: TypeAlias = tuple[dict[str, Any], bytes]

_LENGTHS = struct.Struct("!IQ")


class Ended(Exception):
    """The other side is gone."""


def packed(head: Mapping[str, Any], body: bytes) -> tuple[bytes, bytes]:
    """A message as it is sent, in two pieces, so that the body is not copied."""
    told = orjson.dumps(head)
    return _LENGTHS.pack(len(told), len(body)) + told, body


async def received(stream: StreamReader) -> Message:
    """The next message of a stream. Raises `Ended`."""
    try:
        head, body = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
        return orjson.loads(await stream.readexactly(head)), await stream.readexactly(body)
    except (IncompleteReadError, OSError):
        raise Ended from None


def read(file: BinaryIO) -> Message:
    """The next message of a file. Raises `Ended`."""
    lengths = _read(file, _LENGTHS.size)
    head, body = _LENGTHS.unpack(lengths)
    return orjson.loads(_read(file, head)), _read(file, body)


def _read(file: BinaryIO, length: int) -> bytes:
    try:
        came = file.read(length)
    except OSError:
        raise Ended from None
    if len(came) < length:
        raise Ended
    return came
