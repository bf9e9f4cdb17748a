"""Feedback on cards (CDS Hooks 2.0.1, "Feedback")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from cds_hooks.errors import InvalidFeedback
from cds_hooks.hook_request import flat
from cds_hooks.schemas import FeedbackRequestSchema


@dataclass(frozen=True, slots=True)
class Feedback:
    """What became of one card. The comment itself may hold patient data and is not kept; that there was one is."""

    card: str
    outcome: str
    outcome_timestamp: datetime
    accepted_suggestions: tuple[str, ...] = ()
    reason_system: str = ""
    reason_code: str = ""
    commented: bool = False


_SCHEMA = FeedbackRequestSchema()


def read_feedback(body: object) -> tuple[Feedback, ...]:
    """Read a feedback request: several cards and several hook instances may come in one.

    Raises `InvalidFeedback` with problems keyed like the body.
    """
    if not isinstance(body, dict):
        raise InvalidFeedback({"": "the body must be a JSON object with a feedback array"})
    try:
        loaded = _SCHEMA.load(body)
    except ValidationError as error:
        raise InvalidFeedback(flat(error.messages)) from error
    return tuple(_one(item) for item in loaded["feedback"])


def _one(item: Mapping[str, Any]) -> Feedback:
    reason = _object(item.get("overrideReason")) or _object(item.get("overrideReasons"))
    coding = _object(reason.get("reason"))
    return Feedback(
        card=item["card"],
        outcome=item["outcome"],
        outcome_timestamp=item["outcomeTimestamp"],
        accepted_suggestions=tuple(one["id"] for one in item.get("acceptedSuggestions") or ()),
        reason_system=_short(coding.get("system")),
        reason_code=_short(coding.get("code")),
        commented=bool(reason.get("userComment")),
    )


def _object(value: object) -> Mapping[str, Any]:
    """The object, or the first one of an array, which is how some EHRs send the reason."""
    several = value if isinstance(value, list) else [value]
    return next((one for one in several if isinstance(one, dict)), {})


def _short(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""
