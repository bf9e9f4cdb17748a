"""What would have hurt a patient: each line is one act that a card once led to, and that no card leads to any more."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenario import run

ZOLEDRONATE = {"drug": "zoledronic acid", "dose": "4 mg"}
ADULT = {"weight": "60 kg 5 days ago"}
STOPPED = {"drug": "denosumab", "kind": "statement", "status": "stopped", "start": 400, "end": 100}
BONE = ["lung cancer", "bone metastasis"]


def cards(orders: list[dict[str, Any]] | None = None, **record: Any) -> list[dict[str, Any]]:
    told: dict[str, Any] = {"record": record} | ({"orders": orders} if orders else {})
    return [card.to_json() for card in run(told).response.cards]


def labels(answer: list[dict[str, Any]]) -> str:
    return " | ".join(one["label"] for card in answer for one in card.get("suggestions", ())).lower()


def words(answer: list[dict[str, Any]]) -> str:
    return " | ".join(f"{card['summary']} {card['detail']}" for card in answer).lower()


@pytest.mark.parametrize(
    "record",
    [
        ADULT
        | {
            "medications": [{"drug": "paracetamol", "kind": "statement", "dose": "1 g", "every": "6 hours", "start": 9}]
        },
        ADULT | {"born": "2010-01-01"},
        {"weight": "45 kg 5 days ago"},
        ADULT | {"allergies": ["paracetamol"]},
        ADULT | {"conditions": [*BONE, "hepatic failure"]},
    ],
    ids=["taken already", "a child", "light", "allergic", "with a failing liver"],
)
def test_paracetamol_is_not_offered(record):
    answer = cards([ZOLEDRONATE], **record)
    assert "flu-like syndrome" in words(answer)
    assert "paracetamol" not in labels(answer)
    assert "paracetamol" in labels(cards([ZOLEDRONATE], **ADULT))


def test_no_dose_of_zoledronic_acid_is_offered_to_a_dialysed_person():
    answer = cards([ZOLEDRONATE], conditions=[*BONE, "dialysis"], clearance="45 mL/min 2 days ago")
    assert "contraindicated" in words(answer)
    assert "dose" not in labels(answer)


@pytest.mark.parametrize("jaw", ["osteonecrosis of the jaw", "osteonecrosis jaw possible"])
def test_zoledronic_acid_is_not_proposed_beside_an_osteonecrosis_of_the_jaw(jaw):
    answer = cards(conditions=[*BONE, jaw], medications=[STOPPED])
    assert "risk of rebound" in words(answer)
    assert "zoledronic" not in words(answer)
    assert "zoledronic" in words(cards(medications=[STOPPED]))


def test_no_card_says_to_reduce_the_dose_of_a_cytotoxic_that_may_be_contraindicated():
    answer = cards([{"drug": "cisplatin"}, {"drug": "pemetrexed"}], clearance="27 mL/min 2 days ago")
    [card] = [one for one in answer if "pemetrexed" in one["summary"].lower() and "30" in one["summary"]]
    assert "check the contraindication" in card["summary"]
    assert "cisplatin" in card["summary"].lower()
    assert "reduce" not in words([card])


@pytest.mark.parametrize(
    ("orders", "record", "indicator"),
    [
        ([{"drug": "denosumab", "dose": "120 mg"}, ZOLEDRONATE], {}, "critical"),
        ([ZOLEDRONATE], {"medications": [{"drug": "Xgeva", "days ago": 28}]}, "warning"),
    ],
)
def test_two_antiresorptives_at_once_are_seen(orders, record, indicator):
    [card] = [one for one in cards(orders, **record) if "one or the other" in one["summary"]]
    assert card["indicator"] == indicator


@pytest.mark.parametrize(
    "order", [{"drug": "Prolia", "dose": "60 mg", "every": "6 months"}, {"drug": "Aclasta", "dose": "5 mg"}]
)
def test_no_click_changes_the_dose_of_a_product_of_another_strength(order):
    answer = cards([order], clearance="80 mL/min 2 days ago")
    assert "change the product" in words(answer)
    assert "change " not in labels(answer)
