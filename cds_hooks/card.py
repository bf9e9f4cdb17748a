"""Cards and what hangs on them (CDS Hooks 2.0.1, "CDS Service Response")."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RELATIVE_REFERENCE = re.compile(r"^[A-Z][A-Za-z]+/[A-Za-z0-9._-]+(?![\s\S])")
"""What an action may name a resource by; the ids of real EHRs are longer than FHIR has them, and hold `_`."""


def fresh_uuid() -> str:
    """A new UUID: cards and suggestions need one for feedback to name them."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Coding:
    """A code with its system; `display` is required for an override reason."""

    system: str
    code: str
    display: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(system=self.system, code=self.code, display=self.display)


@dataclass(frozen=True, slots=True)
class Source:
    """The primary source of a card's guidance; `topic` is stable, so that an EHR can respect an override."""

    label: str
    topic: Coding
    url: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(label=self.label, url=self.url, topic=self.topic.to_json())


@dataclass(frozen=True, slots=True)
class Action:
    """`create` or `update` with the complete resource, or `delete` with the reference of the draft."""

    type: str
    description: str
    resource: Mapping[str, Any] | None = None
    resource_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(
            type=self.type, description=self.description, resource=self.resource, resourceId=self.resource_id
        )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Actions that are taken together in one click."""

    label: str
    actions: tuple[Action, ...]
    uuid: str = field(default_factory=fresh_uuid)

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(label=self.label, uuid=self.uuid, actions=[action.to_json() for action in self.actions])


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a card: `absolute`, or `smart` to launch an app."""

    label: str
    url: str
    type: str = "absolute"

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(label=self.label, url=self.url, type=self.type)


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `summary` has fewer than 140 characters; `detail` is GitHub-flavoured markdown without HTML."""

    summary: str
    indicator: str
    source: Source
    detail: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    selection_behavior: str = "any"
    override_reasons: tuple[Coding, ...] = ()
    links: tuple[Link, ...] = ()
    extension: Mapping[str, Any] = field(default_factory=dict)
    uuid: str = field(default_factory=fresh_uuid)

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(
            uuid=self.uuid,
            summary=self.summary,
            detail=self.detail,
            indicator=self.indicator,
            source=self.source.to_json(),
            suggestions=[suggestion.to_json() for suggestion in self.suggestions],
            selectionBehavior=self.selection_behavior if self.suggestions else "",
            overrideReasons=[reason.to_json() for reason in self.override_reasons],
            links=[link.to_json() for link in self.links],
            extension=self.extension,
        )


@dataclass(frozen=True, slots=True)
class HookResponse:
    """The answer to a hook: cards, possibly none."""

    cards: tuple[Card, ...] = ()
    extension: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire; `cards` is there even when it is empty."""
        return {"cards": [card.to_json() for card in self.cards], **_filled(extension=self.extension)}


def filled(value: Any) -> Any:
    """A copy of a JSON value without what has no value: CDS Hooks forbids null, empty texts, arrays and objects."""
    if isinstance(value, Mapping):
        members = {name: filled(inner) for name, inner in value.items()}
        return {name: inner for name, inner in members.items() if inner not in _EMPTY}
    if isinstance(value, list):
        return [inner for inner in map(filled, value) if inner not in _EMPTY]
    return value


_EMPTY: tuple[object, ...] = (None, "", [], {})


def _filled(**members: Any) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value not in _EMPTY}
