"""What the reading of a resource needs beside it: the clock of the request, the code lists, and the other resources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from mappings.clock import Clock
from mappings.dates import EmptyDate, UnreadableDate, When
from mappings.evidence import Resource, local_reference
from mappings.readers.shapes import codings
from mappings.shapes import a_map, maps
from mappings.vocabulary.concepts import Recognised, Terminology

Finder: TypeAlias = Callable[[object], Resource | None]
"""The resource that a reference leads to, where it was gathered."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Handed to every function that reads a resource. What it is asked for is read leniently: it never raises."""

    clock: Clock
    terminology: Terminology
    find: Finder

    def date(self, raw: object) -> When | None:
        """A FHIR date in the zone of the request; None where there is none, or none that can be read."""
        if raw is None:
            return None
        try:
            return self.clock.read(raw)
        except UnreadableDate:
            return None

    def cannot_read(self, *dates: object) -> bool:
        """One of these dates is there and cannot be read."""
        return any(self.states(raw) and self.date(raw) is None for raw in dates)

    def states(self, raw: object) -> bool:
        """A date is there, readable or not; one that says nothing is none (`rules.md`, "Dates that say nothing")."""
        if raw is None:
            return False
        try:
            self.clock.read(raw)
        except EmptyDate:
            return False
        except UnreadableDate:
            return True
        return True

    def period(self, raw: object) -> tuple[When | None, When | None]:
        """Start and end of a Period; an end before the start is none (`rules.md`, "Dates that say nothing")."""
        told = a_map(raw)
        if not told:
            return None, None
        start, end = self.date(told.get("start")), self.date(told.get("end"))
        if start is not None and end is not None and end.ends_before(start):
            return start, None
        return start, end

    def lies_ahead(self, when: When | None) -> bool:
        """More than 24 h ahead: of what is said to be over, such a date says nothing."""
        return when is not None and self.clock.too_far_ahead(when)

    def recognise(self, concept: object) -> Recognised:
        """What the codings of a CodeableConcept stand for."""
        return self.terminology.recognise(codings(concept))

    def referred(self, holder: Resource, reference: object) -> Resource | None:
        """The resource that a reference of `holder` leads to: contained, or gathered."""
        if local_reference(reference).startswith("#"):
            return contained(holder, reference)
        return self.find(reference)


def contained(holder: Resource, reference: object) -> Resource | None:
    """The resource within `holder` that a `#` reference leads to; None for any other reference."""
    local = local_reference(reference)
    if not local.startswith("#"):
        return None
    return next((one for one in maps(holder.get("contained")) if one.get("id") == local[1:]), None)
