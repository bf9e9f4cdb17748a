"""Feedback on cards (CDS Hooks 2.0.1, "Feedback")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from cds_hooks.errors import InvalidFeedback, TooMuchFeedback
from cds_hooks.hook_request import problems_of
from cds_hooks.schemas import MOST_FEEDBACK_ITEMS, FeedbackRequestSchema


@dataclass(frozen=True, slots=True)
class Feedback:
    """What became of one card.

    `comment` and `reason_display` were typed and may hold patient data. `spelling` names what was said in another way than the
    specification has it, in words of `SPELLINGS`.
    """

    card: str
    outcome: str
    outcome_timestamp: datetime
    accepted_suggestions: tuple[str, ...] = ()
    reason_system: str = ""
    reason_code: str = ""
    commented: bool = False
    reason_display: str = field(default="", repr=False)
    comment: str = field(default="", repr=False)
    spelling: tuple[str, ...] = ()


SPELLINGS = {
    "reasons": "`overrideReasons` stands for `overrideReason`",
    "reason-array": "the reason stands in an array",
    "reason-text": "the reason is a text, or has neither system nor code",
    "no-suggestion": "a card is accepted, and no suggestion is named",
}
"""How clients of today spell feedback otherwise; all of it is read."""


_SCHEMA = FeedbackRequestSchema()


def read_feedback(body: object) -> tuple[Feedback, ...]:
    """Read a feedback request: several cards and several hook instances may come in one.

    Raises `InvalidFeedback` with problems keyed like the body, `TooMuchFeedback` before any item of too many is looked at.
    """
    if not isinstance(body, dict):
        raise InvalidFeedback({"": "the body must be a JSON object with a feedback array"})
    items = body.get("feedback")
    if isinstance(items, list) and len(items) > MOST_FEEDBACK_ITEMS:
        raise TooMuchFeedback({"feedback": f"more than {MOST_FEEDBACK_ITEMS} items: send them in several requests"})
    try:
        loaded = _SCHEMA.load(body)
    except ValidationError as error:
        raise InvalidFeedback(problems_of(error)) from None
    return tuple(_one(item) for item in loaded["feedback"])


def _one(item: Mapping[str, Any]) -> Feedback:
    told = item.get("overrideReason") if _object(item.get("overrideReason")) else item.get("overrideReasons")
    reason = _object(told)
    coding = _object(reason.get("reason"))
    accepted = tuple(one["id"] for one in item.get("acceptedSuggestions") or ())
    spelled = {
        "reasons": bool(reason) and told is item.get("overrideReasons"),
        "reason-array": isinstance(told, list) and bool(told),
        "reason-text": bool(told or item.get("overrideReason")) and not (coding.get("code") and coding.get("system")),
        "no-suggestion": item["outcome"] == "accepted" and not accepted,
    }
    return Feedback(
        card=item["card"],
        outcome=item["outcome"],
        outcome_timestamp=item["outcomeTimestamp"],
        accepted_suggestions=accepted,
        reason_system=_short(coding.get("system")),
        reason_code=_short(coding.get("code")),
        commented=bool(reason.get("userComment")),
        reason_display=_text(coding.get("display")),
        comment=_text(reason.get("userComment")),
        spelling=tuple(name for name, so in spelled.items() if so),
    )


def _object(value: object) -> Mapping[str, Any]:
    """The object, or the first one of an array, which is how some EHRs send the reason."""
    several = value if isinstance(value, list) else [value]
    return next((one for one in several if isinstance(one, dict)), {})


def _short(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""


LONGEST_TEXT = 4000


def _text(value: object) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""
