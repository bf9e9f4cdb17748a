"""What stays text, and why."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.wording import Text
from service.rules.citation import Citation


@dataclass(frozen=True, slots=True)
class NotEncoded:
    """A statement of the documents that no rule computes, with the reason."""

    id: str
    citation: Citation
    statement: Text
    why: Text


NOT_ENCODED: tuple[NotEncoded, ...] = ()
