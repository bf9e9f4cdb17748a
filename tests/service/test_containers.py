"""What the drafts of a hook hold in containers: read as orders, told, or irrelevant; never silently no order."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from support.ehr import actions, contents, draft, ehr, rules, said, topics, with_member
from support.scenario import PATIENT, request_for

from mappings.readers.containers import HOLDERS, MOST_LEVELS, ORDERS_NOTHING
from mappings.readers.orders import DRAFTED

Resource = dict[str, Any]

CONTRAINDICATED = "zoledronate-renal-contraindication"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
ATC = "http://www.whocc.no/atc"
DRUG = {"coding": [{"system": ATC, "code": "M05BA08"}]}
ANTIBIOTIC = {"coding": [{"system": ATC, "code": "J01CA04"}]}
ORDER: Resource = {
    "resourceType": "MedicationRequest",
    "id": "z",
    "status": "draft",
    "intent": "order",
    "subject": SUBJECT,
    "medicationCodeableConcept": DRUG,
}
TO_THE_ORDER = {"reference": "#z"}


@pytest.fixture(scope="module")
def client():
    return ehr()


def request(*drafts: Resource, hook: str = "order-sign", selections: Any = None) -> Resource:
    """The drafts of a patient in whom zoledronic acid is contraindicated."""
    told = {"order": {"drug": "zoledronic acid", "dose": "4 mg"}, "record": {"clearance": "20 mL/min today"}}
    asked = request_for(told, hook)
    asked["context"]["draftOrders"]["entry"] = [{"resource": copy.deepcopy(one)} for one in drafts]
    return asked if selections is None else with_member(asked, "context", "selections", value=selections)


def holder(resource_type: str, **members: Any) -> Resource:
    return {"resourceType": resource_type, "id": "holder", "status": "draft", "subject": SUBJECT, **members}


def with_order(resource_type: str, **members: Any) -> Resource:
    return holder(resource_type, contained=[ORDER], **members)


MODIFIED = {"modifierExtension": [{"url": "urn:unknown", "valueBoolean": True}]}
TAKING = {"resourceType": "MedicationStatement", "status": "active", "medicationCodeableConcept": DRUG}
HOLDING: dict[str, Resource] = {
    "a group": with_order("RequestGroup", action=[{"resource": TO_THE_ORDER}]),
    "a group of groups": with_order("RequestGroup", action=[{"action": [{"action": [{"resource": TO_THE_ORDER}]}]}]),
    "a group that contains without naming": with_order("RequestGroup"),
    "R5's group": with_order("RequestOrchestration", action=[{"resource": TO_THE_ORDER}]),
    "a group's action in a code": holder("RequestGroup", action=[{"code": [DRUG], "title": "perfusion"}]),
    "a group's action in words": holder("RequestGroup", action=[{"title": "Zometa 4 mg"}]),
    "a plan": with_order("CarePlan", activity=[{"reference": TO_THE_ORDER}]),
    "R5's plan": with_order("CarePlan", activity=[{"plannedActivityReference": TO_THE_ORDER}]),
    "a plan's activity": holder(
        "CarePlan", activity=[{"detail": {"kind": "MedicationRequest", "productCodeableConcept": DRUG}}]
    ),
    "a plan's activity of a code": holder(
        "CarePlan", activity=[{"detail": {"kind": "MedicationRequest", "code": DRUG}}]
    ),
    "a plan's activity of no kind": holder("CarePlan", activity=[{"detail": {"status": "scheduled", "code": DRUG}}]),
    "a plan's product by reference": holder(
        "CarePlan",
        contained=[{"resourceType": "Medication", "id": "m", "code": DRUG}],
        activity=[{"detail": {"productReference": {"reference": "#m"}}}],
    ),
    "a plan that contains a group": holder(
        "CarePlan",
        contained=[ORDER, holder("RequestGroup", id="g", action=[{"resource": TO_THE_ORDER}])],
        activity=[{"reference": {"reference": "#g"}}],
    ),
    "a task's focus": with_order("Task", focus=TO_THE_ORDER),
    "a task's input": with_order("Task", input=[{"type": {"text": "order"}, "valueReference": TO_THE_ORDER}]),
    "a task's code": holder("Task", code=DRUG),
    "a task's input in words": holder("Task", input=[{"valueString": "Zometa"}]),
    "a list": with_order("List", entry=[{"item": TO_THE_ORDER}]),
    "a document": with_order("Composition", section=[{"section": [{"entry": [TO_THE_ORDER]}]}]),
    "guidance": with_order("GuidanceResponse", result=TO_THE_ORDER),
    "parameters": holder("Parameters", parameter=[{"name": "order", "resource": ORDER}]),
    "parts of parameters": holder("Parameters", parameter=[{"part": [{"part": [{"resource": ORDER}]}]}]),
    "a Bundle": holder("Bundle", entry=[{"resource": ORDER}]),
    "an entry as an object": holder("Bundle", entry={"resource": ORDER}),
    "a resource in the place of its entry": holder("Bundle", entry=[ORDER]),
    "a Bundle in a Bundle": holder("Bundle", entry=[{"resource": holder("Bundle", entry=[{"resource": ORDER}])}]),
    "a group in a Bundle": holder("Bundle", entry=[{"resource": with_order("RequestGroup")}]),
    "a dispense": holder("MedicationDispense", status="preparation", medicationCodeableConcept=DRUG),
    "a dispense handed over": holder("MedicationDispense", status="completed", medicationCodeableConcept=DRUG),
    "an appointment that contains it": holder("Appointment", contained=[ORDER | {"id": "o"}]),
    "a claim that contains it": holder("Claim", contained=[ORDER | {"id": "o"}], prescription={"reference": "#o"}),
    "a dispense contained": holder(
        "RequestGroup", contained=[{"resourceType": "MedicationDispense", "medicationCodeableConcept": DRUG}]
    ),
    "a statement": TAKING,
    "an administration": holder("MedicationAdministration", status="in-progress", medicationCodeableConcept=DRUG),
    "a parameter's code": holder("Parameters", parameter=[{"name": "drug", "valueCodeableConcept": DRUG}]),
    "a parameter's words": holder("Parameters", parameter=[{"name": "drug", "valueString": "Zometa 4 mg"}]),
    "a plan in words": holder("CarePlan", description="Zometa 4 mg toutes les 4 semaines"),
    "R5's medication": holder("MedicationRequest", medication={"concept": DRUG}),
    "R5's dispense": holder("MedicationDispense", status="preparation", medication={"concept": DRUG}),
    "R5's administration": holder("MedicationAdministration", status="in-progress", medication={"concept": DRUG}),
    "R5's statement": holder("MedicationStatement", status="recorded", medication={"concept": DRUG}),
    "R5's reference": holder(
        "MedicationRequest",
        contained=[{"resourceType": "Medication", "id": "m", "code": DRUG}],
        medication={"reference": {"reference": "#m"}},
    ),
}


@pytest.mark.parametrize("sent", HOLDING.values(), ids=HOLDING)
def test_what_a_container_holds_is_an_order(client, sent):
    cards = client.cards(request(sent))
    assert CONTRAINDICATED in rules(cards)
    assert "not-identified" not in topics(cards)


@pytest.mark.parametrize("name", [name for name, sent in HOLDING.items() if "Zometa" not in repr(sent)])
def test_what_holds_an_antibiotic_is_irrelevant(client, name):
    assert client.cards(request(_with(HOLDING[name], DRUG, ANTIBIOTIC))) == []


def _with(value: Any, old: Any, new: Any) -> Any:
    """The value with one part replaced wherever it stands."""
    if value == old:
        return copy.deepcopy(new)
    if isinstance(value, dict):
        return {name: _with(member, old, new) for name, member in value.items()}
    return [_with(member, old, new) for member in value] if isinstance(value, list) else value


ELSEWHERE = {"resource": {"reference": "MedicationRequest/z"}}


def test_a_container_that_refers_to_another_draft_adds_no_order(client):
    alone = contents(client.cards(request(ORDER)))
    for drafts in (
        (ORDER, holder("RequestGroup", action=[ELSEWHERE])),
        (holder("RequestGroup", action=[ELSEWHERE]), ORDER),
    ):
        assert contents(client.cards(request(*drafts))) == alone


@pytest.mark.parametrize(
    "reference", ["MedicationRequest/z", "https://ehr.example.org/fhir/MedicationRequest/z/_history/1"]
)
def test_what_a_container_refers_to_is_found_in_the_prefetch(client, reference):
    asked = request(holder("RequestGroup", action=[{"resource": {"reference": reference}}]))
    asked["prefetch"]["medicationRequests"]["entry"].append({"resource": ORDER})
    assert CONTRAINDICATED in rules(client.cards(asked))


def test_what_a_container_refers_to_is_found_under_its_full_url(client):
    uuid = "urn:uuid:2f1d0a4e-0000-4000-8000-000000000002"
    asked = request(ORDER, holder("List", entry=[{"item": {"reference": uuid}}]))
    asked["context"]["draftOrders"]["entry"][0]["fullUrl"] = uuid
    assert contents(client.cards(asked)) == contents(client.cards(request(ORDER)))


@pytest.mark.parametrize(
    "sent",
    [
        holder("RequestGroup", action=[ELSEWHERE]),
        holder("RequestGroup", action=[{"resource": {"reference": "#nowhere"}}]),
        holder("RequestGroup", action=[{"definitionCanonical": "http://example.org/ActivityDefinition/zoledronate"}]),
        holder("Task", focus={"identifier": {"value": "4711"}}),
        holder("List", entry=[{"item": {}}]),
        holder("RequestGroup", contained=[ORDER], modifierExtension=[{"url": "urn:unknown", "valueBoolean": True}]),
        holder("RequestGroup", contained=[{"resourceType": "MedicationOrder", "medicationCodeableConcept": DRUG}]),
        holder("Bundle", entry=[{"resource": None}]),
        with_order("RequestGroup", action=[{"resource": TO_THE_ORDER, **MODIFIED}]),
        with_order("Task", input=[{"valueReference": TO_THE_ORDER, **MODIFIED}]),
        with_order("List", entry=[{"item": TO_THE_ORDER, **MODIFIED}]),
        holder("CarePlan", activity=[{"detail": {"productCodeableConcept": DRUG}, **MODIFIED}]),
        holder("Bundle", entry=[{"resource": ORDER, **MODIFIED}]),
        holder("RequestGroup", instantiatesCanonical=["http://example.org/PlanDefinition/zoledronate"]),
        holder("CarePlan", instantiatesUri=["http://example.org/zoledronate"]),
        holder("PlanDefinition"),
        holder("Basic"),
    ],
    ids=repr,
)
def test_what_may_hold_an_order_that_cannot_be_read_is_told(client, sent):
    assert topics(client.cards(request(sent))) == ["not-identified"]


WITHDRAWN: dict[str, Resource] = {
    "a revoked group": with_order("RequestGroup") | {"status": "revoked"},
    "a completed task": with_order("Task", focus=TO_THE_ORDER) | {"status": "completed"},
    "a rejected task": with_order("Task", focus=TO_THE_ORDER) | {"status": "rejected"},
    "what is not to be done": with_order("RequestGroup", doNotPerform=True),
    "an activity that is not to be done": holder(
        "CarePlan", activity=[{"detail": {"doNotPerform": True, "productCodeableConcept": DRUG}}]
    ),
    "STU3's prohibition": holder(
        "CarePlan", activity=[{"detail": {"prohibited": True, "productCodeableConcept": DRUG}}]
    ),
    "a cancelled activity": holder(
        "CarePlan", activity=[{"detail": {"status": "cancelled", "productCodeableConcept": DRUG}}]
    ),
    "what a list took out": holder("List", entry=[{"deleted": True, "item": {"reference": "MedicationRequest/gone"}}]),
    "a dispense that was refused": holder("MedicationDispense", status="declined", medicationCodeableConcept=DRUG),
    "an administration that was not done": holder(
        "MedicationAdministration", status="NOT_DONE", medicationCodeableConcept=DRUG
    ),
    "a statement of what is not taken": TAKING | {"status": "not-taken"},
    "nothing within": holder("CarePlan"),
    "a diet in a plan": holder("CarePlan", activity=[{"detail": {"kind": "NutritionOrder", "code": {"text": "diet"}}}]),
    "a visit in a plan": holder("CarePlan", activity=[{"reference": {"reference": "Appointment/1"}}]),
    "a questionnaire to fill in": holder("Task", focus={"reference": "Questionnaire/1"}),
}


@pytest.mark.parametrize("sent", WITHDRAWN.values(), ids=WITHDRAWN)
def test_what_orders_nothing_is_silent(client, sent):
    assert client.cards(request(sent)) == []


def test_what_a_list_took_out_is_no_order(client):
    assert client.cards(request(with_order("List", entry=[{"item": TO_THE_ORDER, "deleted": True}]))) == []


def test_every_type_of_r4_is_in_one_table_or_told():
    for resource_type in ORDERS_NOTHING:
        get_fhir_model_class(resource_type)
    assert ORDERS_NOTHING.isdisjoint(HOLDERS.keys() | DRAFTED.keys())
    assert HOLDERS.keys().isdisjoint(DRAFTED)


@pytest.mark.parametrize("resource_type", sorted(ORDERS_NOTHING - {"Patient"}))
def test_what_a_rule_could_not_be_about_is_silent(client, resource_type):
    assert client.cards(request({"resourceType": resource_type, "id": "one", "status": "draft"})) == []


# --- whose orders, and which are selected -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        with_order("RequestGroup") | {"contained": [ORDER | {"subject": {"reference": "Patient/other"}}]},
        holder(
            "CarePlan", subject={"reference": "Patient/other"}, activity=[{"detail": {"productCodeableConcept": DRUG}}]
        ),
        holder("Task", code=DRUG, **{"for": {"reference": "Patient/other"}}) | {"subject": None},
    ],
    ids=["contained", "within", "a task"],
)
def test_an_order_for_another_patient_within_a_container_is_told(client, sent):
    cards = client.cards(request(sent))
    assert topics(cards) == ["not-identified"]
    assert "another patient" in said(cards)


def test_an_order_that_names_no_patient_is_the_patients(client):
    nobodys = {name: member for name, member in ORDER.items() if name != "subject"}
    assert CONTRAINDICATED in rules(client.cards(request(nobodys)))


def test_two_drafts_of_one_id_are_both_read(client):
    other = ORDER | {"medicationCodeableConcept": ANTIBIOTIC}
    for drafts in ((ORDER, other), (other, ORDER)):
        assert CONTRAINDICATED in rules(client.cards(request(*drafts)))


@pytest.mark.parametrize("selection", ["RequestGroup/holder", "holder", "MedicationRequest/z"])
def test_a_container_that_is_selected_selects_what_it_holds(client, selection):
    beside = ORDER | {"id": "beside", "medicationCodeableConcept": ANTIBIOTIC}
    for sent in (
        [with_order("RequestGroup", action=[{"resource": TO_THE_ORDER}]), beside],
        [holder("RequestGroup", action=[ELSEWHERE]), ORDER, beside],
    ):
        cards = client.cards(request(*sent, hook="order-select", selections=[selection]))
        assert CONTRAINDICATED in rules(cards)


@pytest.mark.parametrize("beside", [holder("NutritionOrder"), with_order("RequestGroup", id="other", status="revoked")])
def test_what_another_container_holds_is_not_selected(client, beside):
    sent = [with_order("RequestGroup"), beside | {"id": "beside"}]
    selections = [f"{beside['resourceType']}/beside"]
    assert client.cards(request(*sent, hook="order-select", selections=selections)) == []


# --- what is offered --------------------------------------------------------------------------------------------------


def test_only_what_was_sent_as_an_entry_is_offered_to_be_removed_or_changed(client):
    for sent, offered in ((ORDER, ["delete"]), (HOLDING["a Bundle"], ["delete"]), (HOLDING["a group"], [])):
        cards = client.cards(request(sent))
        assert [one["type"] for one in actions(cards) if one["type"] != "create"] == offered


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_a_circle_of_containers_ends(client):
    one = with_order("RequestGroup", action=[{"resource": {"reference": "CarePlan/plan"}}])
    other = holder("CarePlan", activity=[{"reference": {"reference": "RequestGroup/holder"}}]) | {"id": "plan"}
    assert CONTRAINDICATED in rules(client.cards(request(one, other)))
    selections = ["CarePlan/plan"]
    assert CONTRAINDICATED in rules(client.cards(request(one, other, hook="order-select", selections=selections)))


def test_bundles_are_followed_so_deep_and_what_lies_deeper_is_told(client):
    for levels, told in ((MOST_LEVELS, False), (MOST_LEVELS + 1, False), (MOST_LEVELS + 2, True)):
        nested = ORDER
        for _level in range(levels):
            nested = holder("Bundle", entry=[{"resource": nested}])
        cards = client.cards(request(nested))
        assert ("not-identified" in topics(cards)) == told
        assert (CONTRAINDICATED in rules(cards)) != told


def test_more_orders_than_a_request_may_hold_are_told_and_answered_in_seconds(client):
    many = [ORDER | {"id": f"z{place}", "medicationCodeableConcept": ANTIBIOTIC} for place in range(2000)]
    began = time.perf_counter()
    cards = client.cards(request(holder("RequestGroup", contained=many)))
    assert time.perf_counter() - began < 20
    assert "RequestGroup: it holds more orders than are read" in said(cards)


def test_what_many_references_lead_to_is_told_once_each_and_answered_in_seconds(client):
    actions_ = [{"resource": {"reference": f"MedicationRequest/z{place}"}} for place in range(2000)]
    began = time.perf_counter()
    assert topics(client.cards(request(holder("RequestGroup", action=actions_)))) == ["not-identified"]
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize("garbage", [None, 12, "x", [], {}, [None, 12], {"reference": 5}, {"kind": []}], ids=repr)
@pytest.mark.parametrize("resource_type", sorted(HOLDERS))
def test_no_garbage_within_a_container_is_a_defect(client, resource_type, garbage):
    members = ("contained", "entry", "parameter", "action", "activity", "focus", "input", "section", "result", "status")
    for name in members:
        for value in (garbage, [garbage], [{"detail": garbage, "resource": garbage, "item": garbage, "part": garbage}]):
            assert client.fire(request(holder(resource_type) | {name: value})).status_code == 200


def test_the_drafts_of_these_tests_are_read(client):
    assert CONTRAINDICATED in rules(client.cards(request(ORDER)))
    assert draft(request(ORDER)) == ORDER
