"""Very many orders beside a large record: as many as can be checked are, one of each kind first, and the others are told."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenario import NOW, SERVICES, WORLD

from service.gathering import drafts
from service.languages.render import Language
from service.pipeline import HookAnswer, advise

OF_PATIENT = {"subject": {"reference": "Patient/one"}}
SIGNED = next(one for one in SERVICES.values() if one.hook.value == "order-sign")


def of_drug(index: int, words: str) -> dict[str, Any]:
    told = {"resourceType": "MedicationRequest", "id": f"d{index}", "status": "draft", "intent": "order"}
    return told | OF_PATIENT | {"medicationCodeableConcept": {"text": words}}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def answered(*orders: dict[str, Any]) -> HookAnswer:
    metastasis = {"resourceType": "Condition", "id": "bone", "code": {"text": "Bone metastases"}} | OF_PATIENT
    calcium = {
        "resourceType": "Observation",
        "id": "calcium",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "1994-3"}]},
        "effectiveDateTime": f"{NOW:%Y-%m-%d}",
        "valueQuantity": {"value": 0.8, "unit": "mmol/L"},
    }
    held = {"Condition": metastasis, "Observation": calcium | OF_PATIENT}
    prefetch = {
        query.key: {"resourceType": "Patient", "id": "one"}
        if query.is_read
        else bundle(*(one for kind, one in held.items() if kind == query.resource_type))
        for query in SIGNED.queries
    }
    context = {"userId": "Practitioner/one", "patientId": "one", "draftOrders": bundle(*orders)}
    request = {"hook": "order-sign", "hookInstance": "many", "context": context, "prefetch": prefetch}
    return advise(request, SIGNED, WORLD, now=NOW, language=Language.ENGLISH)


def test_of_more_orders_than_can_be_checked_one_of_each_is_and_the_others_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["Zometa 4 mg"] * 6 + ["Xgeva 120 mg"] * 4
    orders = [of_drug(index, name) for index, name in enumerate(names)]
    asked = {one.order.index for one in answered(*orders).outcomes if one.order is not None}
    assert asked == set(range(10))

    monkeypatch.setattr(drafts, "MOST_BESIDE_ORDERS", 9)  # three beside calcium, metastasis and patient
    few = answered(*orders)
    identified = [order.index for order in few.orders if order.identified]
    assert identified == [0, 1, 6]
    told = {order.index: order.unidentified_because for order in few.told}
    assert set(told) == set(range(10)) - {0, 1, 6}
    assert set(told.values()) == {drafts.TOO_MUCH}
    assert few.response.cards[0].indicator == "critical"
    assert any("so not checked" in f"{card.summary} {card.detail}" for card in few.response.cards)
