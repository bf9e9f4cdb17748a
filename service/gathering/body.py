"""The body of a FHIR server's answer: read as it arrives, bounded in bytes and in what it holds, before it is held."""

from __future__ import annotations

import codecs

from cds_hooks import read_json
from service.gathering.outbound import Room
from service.gathering.problems import BUSY, NO_JSON, TOO_LARGE, FhirProblem

MOST_BYTES = 8_000_000
"""Of one answer, once it is decoded; a usual page of 200 resources has less than a megabyte."""
MOST_NODES = 200_000
"""Values and members of one answer, each of which takes some 100 bytes once it is read; a resource has some 50."""
PART = 65_536
"""Bytes that are read at a time."""
_BEFORE_A_NODE = (b"{", b"[", b",")
"""Before each value and each member of JSON stands one of these; within texts they are counted too."""


class Body:
    """The body of an answer that is being read.

    In parts, since the allocator keeps large blocks for each thread once they are freed.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taken = 0
        self._parts = [bytearray()]
        self.size = self.nodes = 0

    def room_for_more(self) -> int:
        """The bytes that may come next. Raises `FhirProblem` where there is no room for them."""
        if self._taken < self.size + PART:
            if not self._room.take(PART):
                raise FhirProblem(BUSY)
            self._taken += PART
        return PART

    def take(self, part: bytes) -> None:
        """What came. Raises `FhirProblem` where it is too much."""
        self.size += len(part)
        self.nodes += sum(map(part.count, _BEFORE_A_NODE))
        if self.size > MOST_BYTES or self.nodes > MOST_NODES:
            raise FhirProblem(TOO_LARGE)
        if len(self._parts[-1]) + len(part) > PART:
            self._parts.append(bytearray())
        self._parts[-1] += part

    def read(self) -> object:
        """The JSON that it is. Raises `FhirProblem` where it is none, or may be read in two ways."""
        try:
            return read_json(b"".join(self._parts).removeprefix(codecs.BOM_UTF8))
        except ValueError:
            raise FhirProblem(NO_JSON) from None

    def close(self) -> None:
        """What it holds is not needed any more."""
        self._parts.clear()
        self._room.give_back(self._taken)
