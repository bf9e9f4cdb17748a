"""What holds of a recorded score however it was recorded: its answers give its total, and it is one of a known bone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from mappings.evidence import Resource
from mappings.readers.shapes import codings
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.scores import QUESTIONS, Question, Score
from mappings.wording import Text, _


def incomplete(score: Score, source: str) -> Text:
    """Why a score is unusable whose answers do not give its total."""
    return _(
        "{source} ({what}) is incomplete, or its total is not that of its answers: fill it again",
        source=source,
        what=score.title,
    )


def of_no_known_bone(score: Score, source: str) -> Text:
    """Why a score is unusable that states a site, or a side, which nobody can compare with that of an order."""
    return _(
        "{source} ({what}): its bone or side is not one that is known, so it may be that of another bone: correct it",
        source=source,
        what=score.title,
    )


def points_of(score: Score, answers: Mapping[str, Mapping[str, Any]]) -> list[int | None]:
    """The points of each question, of its answer as an element with a `valueCoding`; None where it has none that is known."""
    return [
        _points(question, codings(a_map(answers.get(question.code)).get("valueCoding"))) for question in score.questions
    ]


def contradicts_itself(score: Score, observation: Resource, total: Decimal | None) -> bool:
    """An Observation of a score carries answers in its components, and they are not all there or add up to something else."""
    answers: dict[str, list[Mapping[str, Any]]] = {}
    for component in maps(observation.get("component")):
        for coding in codings(component.get("code")):
            if a_text(coding.get("system")) == QUESTIONS:
                answers[a_text(coding.get("code"))] = codings(component.get("valueCodeableConcept"))
    if not answers:
        return False
    points = [_points(question, answers.get(score.question_code(question), ())) for question in score.questions]
    return None in points or sum(one or 0 for one in points) != total


def _points(question: Question, said: Iterable[Mapping[str, Any]]) -> int | None:
    codes = {a_text(coding.get("code")) for coding in said}
    return next((one.points for one in question.answers if one.code in codes), None)
