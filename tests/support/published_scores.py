"""Mirels and SINS as they were published, and synthetic responses to their questionnaires."""

from __future__ import annotations

from typing import Any

from support.scenario import NOW

from service.demo.synthetic import SyntheticRecord

PUBLISHED: dict[str, dict[str, dict[str, int]]] = {
    # Mirels 1989, table 1; RAO radiotherapy, Tableau 3.
    "mirels": {
        "site": {"upper-limb": 1, "lower-limb": 2, "trochanteric": 3},
        "size": {"under-third": 1, "third-to-two-thirds": 2, "over-two-thirds": 3},
        "type": {"blastic": 1, "mixed": 2, "lytic": 3},
        "pain": {"mild": 1, "moderate": 2, "functional": 3},
    },
    # Fisher 2010, table 1.
    "sins": {
        "location": {"junctional": 3, "mobile": 2, "semi-rigid": 1, "rigid": 0},
        "pain": {"mechanical": 3, "not-mechanical": 1, "none": 0},
        "lesion": {"lytic": 2, "mixed": 1, "blastic": 0},
        "alignment": {"subluxation": 4, "deformity": 2, "normal": 0},
        "collapse": {"over-half": 3, "under-half": 2, "involved": 1, "none": 0},
        "posterolateral": {"bilateral": 3, "unilateral": 1, "none": 0},
    },
}
TEN = {"site": "lower-limb", "size": "over-two-thirds", "type": "lytic", "pain": "moderate"}
"""A Mirels score of 10 points."""


def response(**told: Any) -> dict[str, Any]:
    """The QuestionnaireResponse of a `score`, as `SyntheticRecord.questionnaire` tells it."""
    return SyntheticRecord("synthetic-1", NOW.date()).questionnaire(told)
