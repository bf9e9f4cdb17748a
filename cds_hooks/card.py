"""Cards and what hangs on them (CDS Hooks 2.0.1, "CDS Service Response")."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError, validate

END = r"(?![\s\S])"
"""The end of a text in a pattern: OpenAPI takes patterns of ECMA 262, which has no `\\Z`."""

UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}" + END)
RELATIVE_REFERENCE = re.compile(r"^[A-Z][A-Za-z]+/[A-Za-z0-9._-]+" + END)
"""What an action may name a resource by; the ids of real EHRs are longer than FHIR has them, and hold `_`."""

INDICATORS = ("info", "warning", "critical")
SELECTION_BEHAVIORS = ("at-most-one", "any")
ACTION_TYPES = ("create", "update", "delete")
LINK_TYPES = ("absolute", "smart")
LONGEST_SUMMARY = 139
"""A summary has fewer than 140 characters."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
PLAIN_URL = re.compile(
    rf"https?://(?:{_LABEL}\.){{1,8}}[a-z]{{2,24}}(?::\d{{1,5}})?(?:/[!-~]*|[?#][!-~]+)?{END}", re.ASCII
)
"""Of URLs the plainest, which are nearly all: the expression that knows every URL takes longer to build than a card to write."""

_URL = validate.URL(require_tld=False, schemes={"http", "https"})


class InvalidCard(ValueError):
    """A card, or a part of one, that CDS Hooks does not allow; a defect of whoever made it."""


def _require(holds: object, what: str) -> None:
    if not holds:
        raise InvalidCard(what)


@lru_cache(maxsize=256)
def _is_url(url: str) -> bool:
    if PLAIN_URL.match(url):
        return True
    try:
        _URL(url)
    except ValidationError:
        return False
    return True


_READY: list[str] = []
_MADE_AT_ONCE = 64
os.register_at_fork(after_in_child=_READY.clear)


def fresh_uuid() -> str:
    """A new UUID (RFC 9562, version 4): cards and suggestions need one for feedback to name them.

    Randomness for several is read at once, since a thread that reads it lets go of the interpreter, and waits for the others.
    """
    try:
        return _READY.pop()
    except IndexError:
        read = os.urandom(16 * _MADE_AT_ONCE)
        made = [str(uuid.UUID(bytes=read[place : place + 16], version=4)) for place in range(0, len(read), 16)]
        fresh = made.pop()
        _READY.extend(made)
        return fresh


@dataclass(frozen=True, slots=True)
class Coding:
    """A code with its system; `display` is required for an override reason."""

    system: str
    code: str
    display: str = ""

    def __post_init__(self) -> None:
        _require(self.system.strip() and self.code.strip(), "a coding has a system and a code")

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(system=self.system, code=self.code, display=self.display)


@dataclass(frozen=True, slots=True)
class Source:
    """The primary source of a card's guidance; `topic` is stable, so that an EHR can respect an override."""

    label: str
    topic: Coding
    url: str = ""

    def __post_init__(self) -> None:
        _require(self.label.strip(), "a source has a label")
        _require(not self.url or _is_url(self.url), "the url of a source is an address")

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

    def __post_init__(self) -> None:
        _require(self.description.strip(), "an action has a description")
        if self.type == "delete":
            _require(not self.resource and RELATIVE_REFERENCE.match(self.resource_id), "a delete names its resource")
        else:
            _require(self.type in ACTION_TYPES, "an action creates, updates or deletes")
            _require(self.resource and not self.resource_id, "a create or an update carries its resource")

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

    def __post_init__(self) -> None:
        _require(self.label.strip(), "a suggestion has a label")
        _require(UUID.match(self.uuid), "the uuid of a suggestion is one")

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(label=self.label, uuid=self.uuid, actions=[action.to_json() for action in self.actions])


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a card: `absolute`, or `smart` to launch an app."""

    label: str
    url: str
    type: str = "absolute"

    def __post_init__(self) -> None:
        _require(self.label.strip(), "a link has a label")
        _require(_is_url(self.url), "the url of a link is an address")
        _require(self.type in LINK_TYPES, "a link is absolute or smart")

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire, without empty members."""
        return _filled(label=self.label, url=self.url, type=self.type)


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `summary` has fewer than 140 characters; `detail` is GitHub-flavoured markdown without HTML.

    It checks itself when it is made, so that what is made can be sent. Raises `InvalidCard`.
    """

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

    def __post_init__(self) -> None:
        _require(
            self.summary.strip() and len(self.summary) <= LONGEST_SUMMARY,
            f"a summary has 1 to {LONGEST_SUMMARY} characters",
        )
        _require(not self.detail or self.detail.strip(), "a detail is not blank")
        _require(self.indicator in INDICATORS, "an indicator is info, warning or critical")
        _require(self.selection_behavior in SELECTION_BEHAVIORS, "selectionBehavior is at-most-one or any")
        _require(all(reason.display.strip() for reason in self.override_reasons), "an override reason has a display")
        _require(UUID.match(self.uuid), "the uuid of a card is one")

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
            overrideReasons=_reasons_json(self.override_reasons),
            links=[link.to_json() for link in self.links],
            extension=self.extension,
        )


@lru_cache(maxsize=64)
def _reasons_json(reasons: tuple[Coding, ...]) -> list[dict[str, Any]]:
    """The same few reasons stand on every card of a language."""
    return [reason.to_json() for reason in reasons]


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
