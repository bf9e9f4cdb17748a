"""Drafts that revise an order on record: no start, and nothing that removes them as drafts."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses
from support.ehr import actions, denosumab, draft, ehr, rules, said, with_member
from support.fhir_site import BASE, SITE_EHR
from support.scenario import PATIENT, request_for

Resource = dict[str, Any]
START = "dental-assessment-missing"
ATC = "http://www.whocc.no/atc"
DENOSUMAB = {"coding": [{"system": ATC, "code": "M05BX04"}]}
PARACETAMOL = {"coding": [{"system": ATC, "code": "N02BE01"}]}
BEFORE: Resource = {
    "resourceType": "MedicationRequest",
    "id": "before",
    "status": "active",
    "intent": "order",
    "subject": {"reference": f"Patient/{PATIENT}"},
    "authoredOn": "2026-01-05",
    "medicationCodeableConcept": DENOSUMAB,
    "dosageInstruction": [{"timing": {"repeat": {"frequency": 1, "period": 28, "periodUnit": "d"}}}],
    "identifier": [{"system": "urn:pharmacy", "value": "17"}],
}
LOW = {"vitamin D": "12 ng/mL today"}


@pytest.fixture(scope="module")
def client():
    return ehr()


def revising(before: Resource | None = None, **members: Any) -> Resource:
    """A denosumab order of a patient with low vitamin D, and what is on record of an order before it."""
    asked = denosumab(LOW)
    draft(asked).update(members)
    if before is not None:
        asked["prefetch"]["medicationRequests"]["entry"].append({"resource": before})
    return asked


def is_offered_to_be_removed(cards):
    return any(action["type"] == "delete" for action in actions(cards))


def test_a_draft_that_revises_nothing_is_a_start_and_can_be_removed(client):
    cards = client.cards(revising())
    assert START in rules(cards)
    assert is_offered_to_be_removed(cards)


TO_BEFORE = {"reference": "MedicationRequest/before"}


@pytest.mark.parametrize(
    "members",
    [
        {"id": "before"},
        {"priorPrescription": TO_BEFORE},
        {"priorPrescription": {"reference": "MedicationRequest/before/_history/3"}},
        {"priorPrescription": {"identifier": {"system": "urn:pharmacy", "value": "17"}}},
        {"replaces": [TO_BEFORE]},
        {"basedOn": [TO_BEFORE]},
        {"contained": [BEFORE | {"id": "b"}], "priorPrescription": {"reference": "#b"}},
    ],
    ids=repr,
)
@pytest.mark.parametrize("status", ["active", "on-hold"])
def test_a_draft_that_revises_an_order_is_no_start_and_is_not_removed(client, members, status):
    cards = client.cards(revising(BEFORE | {"status": status}, **members))
    assert START not in rules(cards)
    assert "vitamin-d-deficiency" in rules(cards)
    assert not is_offered_to_be_removed(cards)


@pytest.mark.parametrize("status", ["draft", "cancelled", "entered-in-error"])
@pytest.mark.parametrize(
    "members", [{"id": "before"}, {"priorPrescription": TO_BEFORE}, {"basedOn": [TO_BEFORE]}], ids=repr
)
def test_a_draft_of_what_was_never_signed_is_a_start(client, status, members):
    cards = client.cards(revising(BEFORE | {"status": status}, **members))
    assert START in rules(cards)
    assert is_offered_to_be_removed(cards)


def test_a_draft_based_on_an_order_of_another_drug_or_that_has_ended_can_be_removed(client):
    for before in (
        BEFORE | {"medicationCodeableConcept": PARACETAMOL},
        BEFORE | {"status": "completed", "authoredOn": "2019"},
    ):
        assert is_offered_to_be_removed(client.cards(revising(before, basedOn=[TO_BEFORE])))


@pytest.mark.parametrize("name", ["priorPrescription", "replaces", "basedOn"])
def test_an_order_before_that_is_not_to_be_had_leaves_the_start_open(client, name):
    cards = client.cards(revising(**{name: TO_BEFORE}))
    assert START in rules(cards, "unchecked")
    assert START not in rules(cards)
    assert "an order that a draft of the request replaces could not be looked up" in said(cards)
    assert not is_offered_to_be_removed(cards)


def test_what_a_draft_replaces_and_is_no_order_is_no_order_that_was_found(client):
    asked = revising(replaces=[{"reference": "Condition/some"}])
    some = {"resourceType": "Condition", "id": "some", "code": {"text": "some"}}
    asked["prefetch"]["conditions"]["entry"].append({"resource": some})
    assert START in rules(client.cards(asked), "unchecked")


@pytest.mark.parametrize("reference", ["CarePlan/plan", "ServiceRequest/plan"])
def test_a_plan_that_a_draft_is_based_on_is_no_order_before(client, reference):
    assert START in rules(client.cards(revising(basedOn=[{"reference": reference}])))


@pytest.mark.parametrize(("entries", "calls"), [([{"resource": BEFORE}], 1), ([], 1)])
def test_an_order_before_is_asked_for_once(entries, calls):
    asked = revising(priorPrescription=TO_BEFORE) | {"fhirServer": BASE}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        answer = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        network.post(f"{BASE}/MedicationRequest/_search", body=json.dumps(answer))
        cards = SITE_EHR.cards(asked)
        assert len(network.calls) == calls
    assert START not in rules(cards)
    assert (START in rules(cards, "unchecked")) == (not entries)


def test_an_irrelevant_order_asks_for_no_order_before():
    asked = revising(priorPrescription=TO_BEFORE, medicationCodeableConcept=PARACETAMOL) | {"fhirServer": BASE}
    with responses.RequestsMock() as network:
        assert SITE_EHR.cards(asked) == []
        assert len(network.calls) == 0


def test_a_draft_of_another_drug_that_takes_the_place_of_an_order_is_not_removed(client):
    told = {"order": {"drug": "zoledronic acid", "dose": "4 mg"}, "record": {"clearance": "20 mL/min today"}}
    asked = request_for(told)
    assert is_offered_to_be_removed(client.cards(asked))
    asked["prefetch"]["medicationRequests"]["entry"].append({"resource": BEFORE})
    place = ("context", "draftOrders", "entry")
    changed = with_member(asked, *place, value=[{"resource": draft(asked) | {"priorPrescription": TO_BEFORE}}])
    cards = client.cards(changed)
    assert "zoledronate-renal-contraindication" in rules(cards)
    assert not is_offered_to_be_removed(cards)
