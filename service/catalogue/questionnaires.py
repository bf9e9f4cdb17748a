"""The scores as FHIR R4 Questionnaires, with their calculation (SDC calculated expressions) and points (ordinalValue)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from mappings.vocabulary.code_systems import SNOMED_CT
from mappings.vocabulary.scores import ANSWERS, SIDES, Question, Score
from mappings.wording import Text
from service.languages.render import Language, render, sentence

ORDINAL_VALUE = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"


@lru_cache(maxsize=8)
def questionnaire(score: Score, language: Language) -> dict[str, Any]:
    """The Questionnaire of a score in one language: its questions, the site, and the total, reckoned by the form."""
    return {
        "resourceType": "Questionnaire",
        "id": score.id,
        "language": language.value,
        "url": score.canonical,
        "name": score.id.capitalize(),
        "title": render(score.title, language),
        "status": "active",
        "subjectType": ["Patient"],
        "purpose": render(score.about, language),
        "description": render(score.source, language),
        "item": [
            *(_question(question, language) for question in score.questions),
            *_places(score, language),
            _total(score, language),
        ],
    }


def _question(question: Question, language: Language) -> dict[str, Any]:
    return {
        "linkId": question.code,
        "text": sentence(question.text, language),
        "type": "choice",
        "required": True,
        "answerOption": [
            {
                "valueCoding": {
                    "extension": [{"url": ORDINAL_VALUE, "valueDecimal": answer.points}],
                    "system": ANSWERS,
                    "code": answer.code,
                    "display": sentence(answer.text, language),
                }
            }
            for answer in question.answers
        ],
    }


def _places(score: Score, language: Language) -> Iterator[dict[str, Any]]:
    """Where, and which side: a score of no stated bone would be taken for that of any."""
    if score.site is not None:
        yield _place(score.site.code, score.site.text, score.site.sites, language)
        if score.site.side is not None:
            yield _place(score.site.side_code, score.site.side, SIDES, language)


def _place(code: str, asked: Text, answers: Iterable[tuple[str, Text]], language: Language) -> dict[str, Any]:
    return {
        "linkId": code,
        "text": sentence(asked, language),
        "type": "choice",
        "required": True,
        "answerOption": [
            {"valueCoding": {"system": SNOMED_CT, "code": answer, "display": sentence(text, language)}}
            for answer, text in answers
        ],
    }


def _total(score: Score, language: Language) -> dict[str, Any]:
    """Empty until every question is answered."""
    asked = " or ".join(f"linkId = '{question.code}'" for question in score.questions)
    answers = f"%resource.item.where({asked}).answer.value"
    expression = f"iif({answers}.count() = {len(score.questions)}, {answers}.ordinal().sum(), {{}})"
    return {
        "extension": [
            {"url": CALCULATED, "valueExpression": {"language": "text/fhirpath", "expression": expression}},
        ],
        "linkId": score.finding,
        "text": render(score.title, language),
        "type": "integer",
        "readOnly": True,
    }
