"""What a card about local treatment once said, or left unsaid, and what would have hurt."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.scenario import run

from service.languages.render import Language

UNDER_WARFARIN = {"medications": [{"drug": "warfarin", "kind": "statement", "start": 100}]}
CEMENT = {"act": "vertebroplasty", "site": "L3", "start in": 10}
NAILED = {"act": "preventive osteosynthesis of the femur", "site": "right femur", "start in": 3}
IRRADIATED = {"act": "radiotherapy", "site": "right femur", "dose": "20 Gy", "fractions": 5, "start in": 12}
URGENT = {"act": "radiotherapy", "site": "L3", "dose": "20 Gy", "fractions": 5, "priority": "urgent"}


def said(told: dict[str, Any], language: Language = Language.ENGLISH) -> str:
    cards = run(told, language).response.cards
    return re.sub("[\u00a0\u202f]", " ", "\n".join(f"{card.summary}\n{card.detail}" for card in cards))


def offered(told: dict[str, Any]) -> list[str]:
    return [one.label for card in run(told).response.cards for one in card.suggestions]


@pytest.mark.parametrize(
    ("language", "stopped", "the_day_before"),
    [
        (
            Language.ENGLISH,
            "warfarin: stop 5 days before (by 5 Apr 2026)",
            "last injection of the heparin the day before",
        ),
        (
            Language.FRENCH,
            "warfarine : arrêter 5 jours avant (au plus tard le 5 avr. 2026)",
            "dernière injection d’HBPM la veille",
        ),
    ],
)
def test_the_day_before_is_the_heparins_never_the_vitamin_k_antagonists(language, stopped, the_day_before):
    text = said({"order": CEMENT, "record": UNDER_WARFARIN}, language)
    assert stopped.casefold() in text.casefold(), text
    assert the_day_before in text
    assert not re.search(r"warfarine?[^.;]*(?:the day before|la veille)", text, re.IGNORECASE), text


@pytest.mark.parametrize(
    "told", [{"orders": [NAILED, IRRADIATED]}, {"order": IRRADIATED, "record": {"orders": [NAILED]}}]
)
def test_an_operation_that_is_planned_is_seen_by_the_radiotherapy_after_it(told):
    # 2026-04-03 + 15 = 2026-04-18
    assert "wait until 18 Apr 2026" in said(told)


@pytest.mark.parametrize(
    "record",
    [
        {"medications": [{"drug": "gemcitabine", "days ago": 3}]},
        {"medications": [{"drug": "bevacizumab", "days ago": 3}]},
        {
            "procedures": [
                {"act": "internal fixation of the spine", "site": "L3", "reason": "bone metastasis", "days ago": 5}
            ]
        },
    ],
    ids=["gemcitabine", "bevacizumab", "surgery"],
)
def test_no_offer_delays_urgent_radiotherapy(record):
    told = {"order": URGENT, "record": record}
    calm = {"order": {name: value for name, value in URGENT.items() if name != "priority"}, "record": record}
    assert any("start on" in label for label in offered(calm))
    assert not any("start on" in label for label in offered(told))
    assert re.search(r"(?:at the earliest|Not before|days on) \d+ Apr 2026", said(told)), said(told)


def test_the_emergency_of_the_patient_makes_the_radiotherapy_urgent():
    record = {
        "conditions": ["bone metastasis", {"name": "spinal cord compression", "days ago": 1}],
        "medications": [{"drug": "gemcitabine", "days ago": 10}],
    }
    order = {name: value for name, value in URGENT.items() if name != "priority"}
    assert offered({"order": order, "record": record}) == []
