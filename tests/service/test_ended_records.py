"""The deceased, and records that were replaced: the chart is silent, an order gets one card, and the doubtful is told."""

from __future__ import annotations

from typing import Any

import pytest
from support.ehr import denosumab, ehr, rules, said, topics
from support.quirk import ATC, concept
from support.scenario import request_for

CHART = {"hook": "patient-view", "record": {"conditions": ["bone metastasis"], "calcium": "3.8 mmol/L today"}}
LOW = {"vitamin D": "5 ng/mL today"}

ENDED: dict[str, tuple[dict[str, Any], str]] = {
    "dead": ({"deceasedBoolean": True}, "the patient is recorded as deceased"),
    "dead in words": ({"deceasedBoolean": "TRUE"}, "the patient is recorded as deceased"),
    "dead on a day": ({"deceasedDateTime": "2026-03-31T10:00:00+02:00"}, "the patient is recorded as deceased"),
    "dead today": ({"deceasedDateTime": "2026-03-30"}, "the patient is recorded as deceased"),
    "dead this year": ({"deceasedDateTime": "2026"}, "the patient is recorded as deceased"),
    "dead although not": (
        {"deceasedBoolean": False, "deceasedDateTime": "2026-01-01"},
        "the patient is recorded as deceased",
    ),
    "replaced": (
        {"link": [{"type": "seealso"}, {"type": "replaced-by", "other": {"reference": "Patient/new"}}]},
        "another record has replaced this one",
    ),
    "replaced as before R4": ({"link": {"type": "REPLACE"}}, "another record has replaced this one"),
    "inactive": ({"active": False}, "is no longer in use"),
    "inactive in words": ({"active": "no"}, "is no longer in use"),
}
IN_USE: dict[str, dict[str, Any]] = {
    "nothing said": {},
    "alive": {"deceasedBoolean": False},
    "active": {"active": True},
    "it replaces another": {"link": [{"type": "replaces"}]},
    "linked": {"link": [{"type": "seealso"}, {"type": "refer"}]},
}
DOUBTFUL: dict[str, dict[str, Any]] = {
    "a word": {"deceasedBoolean": "perhaps"},
    "an extension alone": {"_deceasedBoolean": {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}},
    "an extension of the day": {"_deceasedDateTime": {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}},
    "ahead": {"deceasedDateTime": "2026-04-09"},
    "no day": {"deceasedDateTime": "unknown"},
    "another member": {"deceasedString": "yes"},
    "an unknown link": {"link": [{"type": "merged"}]},
    "a link of no type": {"link": [{"other": {"reference": "Patient/new"}}]},
    "an unknown use": {"active": "archived"},
    "an extension of the use": {"_active": {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}},
    "an unknown modifier": {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
}


@pytest.fixture(scope="module")
def client():
    return ehr()


def of(request: dict[str, Any], patient: dict[str, Any]) -> dict[str, Any]:
    request["prefetch"]["patient"].update(patient)
    return request


@pytest.mark.parametrize("name", ENDED)
def test_the_chart_of_an_ended_record_is_silent(client, name):
    assert rules(client.cards(request_for(CHART)))
    assert client.cards(of(request_for(CHART), ENDED[name][0])) == []


@pytest.mark.parametrize("name", ENDED)
@pytest.mark.parametrize("hook", ["order-sign", "order-select"])
def test_an_order_on_an_ended_record_gets_one_card_that_says_so(client, name, hook):
    patient, why = ENDED[name]
    [card] = client.cards(of(denosumab(LOW, hook), patient))
    assert (card["indicator"], topics([card])) == ("info", ["could-not-be-checked"])
    assert why in card["summary"]
    assert "Denosumab" in card["summary"]
    assert "suggestions" not in card
    assert "vitamin-d-deficiency" in rules([card], "unchecked")


def test_several_orders_share_the_card(client):
    told = {"orders": [{"drug": "denosumab", "dose": "120 mg"}, {"act": "radiotherapy", "site": "femur"}]}
    [card] = client.cards(of(request_for(told), {"deceasedBoolean": True}))
    assert {"denosumab", "radiotherapy"} <= set(card["summary"].lower().replace(",", "").replace(":", "").split())


def test_an_order_that_no_rule_is_about_stays_silent(client):
    request = denosumab()
    order = request["context"]["draftOrders"]["entry"][0]["resource"]
    order["medicationCodeableConcept"] = concept(ATC, "N02BE01")
    assert client.cards(of(request, {"deceasedBoolean": True})) == []


def test_an_order_out_of_scope_stays_silent(client):
    told = {"order": {"drug": "denosumab", "dose": "60 mg"}, "record": {"conditions": []}}
    assert client.cards(request_for(told)) == []
    assert client.cards(of(request_for(told), {"deceasedBoolean": True})) == []


@pytest.mark.parametrize("name", IN_USE)
def test_a_record_in_use_is_read_as_ever(client, name):
    cards = client.cards(of(denosumab(LOW), IN_USE[name]))
    assert rules(cards) == rules(client.cards(denosumab(LOW)))
    assert "the patient's record" not in said(cards)


@pytest.mark.parametrize("name", DOUBTFUL)
@pytest.mark.parametrize("chart", [True, False])
def test_what_cannot_be_read_of_it_ends_nothing_and_is_told(client, name, chart):
    request = request_for(CHART) if chart else denosumab(LOW)
    before = rules(client.cards(request))
    cards = client.cards(of(request, DOUBTFUL[name]))
    assert rules(cards) == before
    assert "could not be read" in said([card for card in cards if topics([card]) == ["not-identified"]])
    assert client.cards(of(request, {"deceasedBoolean": True}))[1:] == [], "death is told beside it"


def test_the_patient_is_asked_for_whatever_is_ordered(client):
    for service in client.get("/cds-services").get_json()["services"]:
        assert service["prefetch"]["patient"] == "Patient/{{context.patientId}}"
