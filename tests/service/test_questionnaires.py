"""Mirels and SINS: as FHIR Questionnaires, and as evidence for the rules; how they are read: `mappings/test_scores.py`."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from fhirpathpy import evaluate
from fhirpathpy.models import models
from support.ehr import Ehr, ehr, rules, said
from support.published_scores import PUBLISHED, TEN, response
from support.reading import SCORES
from support.scenario import request_for

from service.catalogue.questionnaires import CALCULATED, ORDINAL_VALUE

Resource = dict[str, Any]

PLACES = {"mirels": ["bone", "side"], "sins": ["bone"]}
"""The questions without points: the score is that of one bone."""

FEMUR = {"act": "radiotherapy", "site": "left femur", "dose": "30 Gy", "fractions": 10}
SPINE = {"act": "radiotherapy", "site": "L3", "dose": "30 Gy", "fractions": 10}


@cache
def summing_to(score: str, total: int) -> dict[str, str]:
    """Answers with this total: each question as low as the others allow."""
    for answers in product(*(points.items() for points in PUBLISHED[score].values())):
        if sum(points for _, points in answers) == total:
            return {question: code for question, (code, _) in zip(PUBLISHED[score], answers, strict=True)}
    raise AssertionError(f"{score} has no answers that add up to {total}")


# --- the FHIR Questionnaires ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> Ehr:
    return ehr()


def questionnaire(client: Ehr, name: str, language: str) -> Resource:
    answer = client.get(f"/questionnaires/{name}?lang={language}", headers={"Accept": "application/fhir+json"})
    assert answer.status_code == 200
    assert answer.mimetype == "application/fhir+json"
    body: Resource = answer.get_json()
    return body


def options(item: Resource) -> dict[str, Any]:
    """The points of an item's answers, by code."""
    codings = [option["valueCoding"] for option in item["answerOption"]]
    return {coding["code"]: coding["extension"][0]["valueDecimal"] for coding in codings}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", SCORES)
def test_it_is_a_valid_fhir_questionnaire(client: Ehr, name: str, language: str) -> None:
    resource = questionnaire(client, name, language)
    Questionnaire.model_validate(resource)
    assert resource["url"] == f"urn:osteocds:questionnaire:{name}"
    assert resource["language"] == language
    identifiers = [item["linkId"] for item in resource["item"]]
    assert identifiers == [*PUBLISHED[name], *PLACES[name], f"{name}-score"]
    assert all(item["required"] for item in resource["item"][:-1])


@pytest.mark.parametrize("name", SCORES)
def test_it_differs_between_languages_in_its_words_only(client: Ehr, name: str) -> None:
    english, french = (questionnaire(client, name, language) for language in ("en", "fr"))
    assert _wordless(english) == _wordless(french)
    assert english["item"][0]["text"] != french["item"][0]["text"]


def _wordless(value: Any) -> Any:
    if isinstance(value, dict):
        words = {"text", "display", "title", "purpose", "description", "language"}
        return {name: _wordless(inner) for name, inner in value.items() if name not in words}
    return [_wordless(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SCORES)
def test_each_answer_carries_its_published_points(client: Ehr, name: str) -> None:
    items = questionnaire(client, name, "en")["item"]
    asked = {item["linkId"]: item for item in items}
    assert {question: options(asked[question]) for question in PUBLISHED[name]} == PUBLISHED[name]
    assert all(asked[question]["required"] for question in PUBLISHED[name])
    urls = {
        extension["url"]
        for question in PUBLISHED[name]
        for option in asked[question]["answerOption"]
        for extension in option["valueCoding"]["extension"]
    }
    assert urls == {ORDINAL_VALUE}


@pytest.mark.parametrize("name", SCORES)
def test_a_form_that_calculates_gives_the_total_once_every_question_is_answered(client: Ehr, name: str) -> None:
    items = questionnaire(client, name, "en")["item"]
    [calculation] = items[-1]["extension"]
    assert calculation["url"] == CALCULATED
    expression = calculation["valueExpression"]["expression"]
    asked = [item for item in items if item["linkId"] in PUBLISHED[name]]
    filled = [
        {"linkId": item["linkId"], "answer": [{"valueCoding": item["answerOption"][0]["valueCoding"]}]}
        for item in items[:-1]
    ]
    points = sum(max(options(item).values()) for item in asked)
    worst = [
        {
            "linkId": item["linkId"],
            "answer": [{"valueCoding": max((o["valueCoding"] for o in item["answerOption"]), key=_points)}],
        }
        for item in asked
    ]
    assert calculated(expression, worst) == [points]
    assert calculated(expression, filled) == [
        sum(_points(one["answer"][0]["valueCoding"]) for one in filled[: len(asked)])
    ]
    assert calculated(expression, worst[1:]) == []
    assert calculated(expression, [filled[-1], *worst[1:]]) == [], "the bone is no answer of the score"


def _points(coding: Resource) -> int:
    return int(coding["extension"][0]["valueDecimal"])


def calculated(expression: str, items: list[Resource]) -> Any:
    """The expression, by an engine that is not ours; `ordinal()` as SDC defines it."""
    filled = {"resourceType": "QuestionnaireResponse", "item": items}
    ordinal = {"fn": lambda codings: [_points(coding) for coding in codings], "arity": {0: []}}
    return evaluate(
        filled, expression, {"resource": filled}, models["r4"], {"userInvocationTable": {"ordinal": ordinal}}
    )


def test_an_unknown_questionnaire_is_not_found_and_the_others_are_named(client: Ehr) -> None:
    answer = client.get("/questionnaires/tokuhashi")
    assert answer.status_code == 404
    assert "/questionnaires/mirels" in answer.get_json()["issue"][0]["diagnostics"]


def test_what_the_synthetic_records_write_is_valid_fhir() -> None:
    QuestionnaireResponse.model_validate(response(score="mirels", answers=TEN, bone="femur", total=10))


# --- from the record to the card --------------------------------------------------------------------------------------


def cards(order: Resource, **record: Any) -> list[Resource]:
    return ehr().cards(request_for({"order": order, "record": record}))


def without_sources(found: list[Resource]) -> list[tuple[Any, ...]]:
    return [
        (card["indicator"], rules([card]), rules([card], "unchecked"), card["summary"], card["detail"])
        for card in found
    ]


@pytest.mark.parametrize("total", range(4, 13))
def test_a_mirels_response_gives_the_same_cards_as_the_recorded_score(total: int) -> None:
    filled = {"score": "mirels", "answers": summing_to("mirels", total), "bone": "femur", "days ago": 3}
    recorded = {"mirels-score": {"value": str(total), "site": "femur", "days ago": 3}}
    from_response = cards(FEMUR, questionnaires=[filled])
    assert without_sources(from_response) == without_sources(cards(FEMUR, findings=recorded))
    spoken = {7: [], 8: ["mirels-borderline"], 9: ["mirels-high"]}[min(max(total, 7), 9)]
    assert rules(from_response) == spoken


@pytest.mark.parametrize("total", range(19))
def test_a_sins_response_gives_the_same_cards_as_the_recorded_score(total: int) -> None:
    filled = {"score": "sins", "answers": summing_to("sins", total), "bone": "lumbar spine", "days ago": 3}
    recorded = {"sins-score": {"value": str(total), "site": "lumbar spine", "days ago": 3}}
    from_response = cards(SPINE, questionnaires=[filled])
    assert without_sources(from_response) == without_sources(cards(SPINE, findings=recorded))
    assert rules(from_response) == (["spinal-instability"] if total >= 7 else [])


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (6, []),
        (7, ["spinal-instability"]),
        (12, ["spinal-instability"]),
        (13, ["spinal-instability", "stereotactic-contraindication"]),
    ],
)
def test_a_sins_response_tells_a_potential_instability_from_a_contraindication_of_stereotaxy(
    total: int, expected: list[str]
) -> None:
    filled = {"score": "sins", "answers": summing_to("sins", total), "bone": "lumbar spine"}
    order = {**SPINE, "technique": "stereotactic", "dose": "27 Gy", "fractions": 3}
    spoken = rules(cards(order, questionnaires=[filled]))
    assert sorted(name for name in spoken if name == "spinal-instability" or "contraindication" in name) == expected


def test_a_response_about_another_bone_does_not_count() -> None:
    filled = {"score": "mirels", "answers": TEN, "bone": "humerus"}
    assert rules(cards(FEMUR, questionnaires=[filled])) == ["fracture-risk-before-radiotherapy"]


def test_a_response_that_names_no_bone_counts_and_the_card_says_so() -> None:
    found = cards(FEMUR, questionnaires=[{"score": "mirels", "answers": TEN}])
    assert rules(found) == ["mirels-high"]
    assert "without a body site" in said(found)


@pytest.mark.parametrize(
    "unusable",
    [{"answers": {"site": "lower-limb"}}, {"answers": TEN, "total": 8}, {"answers": TEN, "undated": True}],
    ids=["incomplete", "contradicting total", "undated"],
)
def test_an_unusable_response_is_told_as_not_checked_and_never_as_missing(unusable: Resource) -> None:
    found = cards(FEMUR, questionnaires=[{"score": "mirels", "bone": "femur", **unusable}])
    assert rules(found) == []
    assert {"mirels-high", "mirels-borderline"} <= set(rules(found, "unchecked"))
    assert "QuestionnaireResponse/" in said(found)


@pytest.mark.parametrize(("days_ago", "spoken"), [(90, ["mirels-high"]), (91, ["fracture-risk-before-radiotherapy"])])
def test_a_response_is_valid_for_ninety_days(days_ago: int, spoken: list[str]) -> None:
    filled = {"score": "mirels", "answers": TEN, "bone": "femur", "days ago": days_ago}
    assert rules(cards(FEMUR, questionnaires=[filled])) == spoken


@pytest.mark.parametrize(
    ("response_days", "score_days", "spoken"), [(2, 5, ["mirels-high"]), (5, 2, ["mirels-borderline"])]
)
def test_of_a_response_and_a_recorded_score_the_newer_counts(
    response_days: int, score_days: int, spoken: list[str]
) -> None:
    filled = {"score": "mirels", "answers": TEN, "bone": "femur", "days ago": response_days}
    recorded = {"mirels-score": {"value": "8", "site": "femur", "days ago": score_days}}
    assert rules(cards(FEMUR, questionnaires=[filled], findings=recorded)) == spoken
