"""Bundles and references as real clients send them: whose resource it is, what belongs to it, and what is none."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from support.quirk import (
    ATC,
    DENOSUMAB,
    ICD_10,
    PATIENT,
    SNOMED,
    ZOLEDRONATE,
    Resource,
    answer,
    concept,
    condition,
    quantity,
    record,
    request,
    resource,
    result,
    rules,
    said,
)

from mappings.evidence import Evidence, ForeignResource

VITAMIN_D = "62292-8"
DEFICIENCY, UNKNOWN = "vitamin-d-deficiency", "vitamin-d-unknown"
DEFICIENT = result(VITAMIN_D, quantity(12, "ng/mL"), id="deficient")
UUID = "urn:uuid:6b0e3f6a-0000-4000-8000-00000000000"


def asked(**told: Any) -> Resource:
    return request(DEFICIENT, order=DENOSUMAB, **told)


def prefetched(value: Any, key: str = "vitaminD") -> list[dict[str, Any]]:
    """The answer when a prefetch key of an otherwise complete request holds this."""
    changed = request(order=DENOSUMAB)
    changed["prefetch"][key] = value
    return answer(changed)


def searchset(*entries: Any, **members: Any) -> Resource:
    return {"resourceType": "Bundle", "type": "searchset", "entry": list(entries), **members}


# --- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference",
    [
        f"Patient/{PATIENT}",
        f"https://ehr.example.org/fhir/Patient/{PATIENT}",
        f"Patient/{PATIENT}/_history/2",
        PATIENT,
        f"urn:uuid:{PATIENT}",
    ],
)
def test_the_patient_is_recognised_in_every_form_of_reference(reference: str) -> None:
    assert DEFICIENCY in rules(prefetched(searchset({"resource": DEFICIENT | {"subject": {"reference": reference}}})))


def test_a_subject_by_the_full_url_of_the_patients_entry_is_the_patient() -> None:
    changed = request(order=DENOSUMAB)
    patient = changed["prefetch"]["patient"]
    changed["prefetch"]["patient"] = searchset({"fullUrl": f"{UUID}1", "resource": patient})
    there = DEFICIENT | {"subject": {"reference": f"{UUID}1"}}
    changed["prefetch"]["vitaminD"] = searchset(
        {"fullUrl": f"{UUID}1", "resource": patient}, {"fullUrl": f"{UUID}2", "resource": there}
    )
    given = answer(changed)
    assert DEFICIENCY in rules(given)


def test_a_resource_without_a_subject_is_taken_for_the_patients() -> None:
    alone = {name: member for name, member in DEFICIENT.items() if name != "subject"}
    assert DEFICIENCY in rules(prefetched(searchset({"resource": alone})))


@pytest.mark.parametrize("reference", ["Patient/another", f"{UUID}9", f"Group/{PATIENT}"])
def test_another_patients_result_is_dropped_and_the_answer_is_not_trusted(reference: str) -> None:
    given = prefetched(searchset({"resource": DEFICIENT | {"subject": {"reference": reference}}}))
    assert DEFICIENCY not in rules(given)
    assert UNKNOWN in rules(given, "unchecked")
    assert UNKNOWN not in rules(given)
    assert "another patient" in said(given)
    assert "12" not in said(given).partition("Why")[0].replace("120", "")


def test_another_patients_resource_never_enters_the_evidence() -> None:
    evidence = Evidence(PATIENT)
    with pytest.raises(ForeignResource):
        evidence.add(DEFICIENT | {"subject": {"reference": "Patient/another"}})
    assert list(evidence.of_type("Observation")) == []


# --- contained, urn:uuid and absolute references ----------------------------------------------------------------------


def test_a_medication_that_the_bundle_carries_under_a_uuid_is_found() -> None:
    changed = request(order=DENOSUMAB)
    taken = resource("MedicationStatement", "taken", status="active", effectivePeriod={"start": "2026-01-05"}) | {
        "medicationReference": {"reference": f"{UUID}3"}
    }
    drug = {"resourceType": "Medication", "id": "m", "code": concept(ATC, "M05BX04")}
    changed["prefetch"]["medicationStatements"] = searchset(
        {"fullUrl": f"{UUID}2", "resource": taken}, {"fullUrl": f"{UUID}3", "resource": drug}
    )
    given = answer(changed)
    assert UNKNOWN not in rules(given) | rules(given, "unchecked")


def test_orders_contained_in_a_bill_are_no_orders() -> None:
    bill = resource(
        "ExplanationOfBenefit",
        "bill",
        patient={"reference": f"Patient/{PATIENT}"},
        contained=[
            {
                "resourceType": "ServiceRequest",
                "id": "referral",
                "status": "active",
                "intent": "order",
                "code": concept("http://loinc.org", VITAMIN_D),
            }
        ],
    )
    del bill["subject"]
    assert record(bill).orders.entries == ()
    changed = request(order=DENOSUMAB, under={"serviceRequests": bill})
    assert "25-OH vitamin D: not measured" in said(answer(changed))


@pytest.mark.parametrize("reference", ["#reason", "Condition/reason", "https://ehr.example.org/fhir/Condition/reason"])
def test_a_reason_is_found_contained_or_gathered(reference: str) -> None:
    contained = reference == "#reason"
    metastasis = condition((ICD_10, "C79.5"), id="reason")
    osteoporosis_strength = {"drug": "denosumab", "dose": "60 mg"}
    changed = request(*([] if contained else [metastasis]), order=osteoporosis_strength, only=True)
    draft = changed["context"]["draftOrders"]["entry"][0]["resource"]
    draft["reasonReference"] = [{"reference": reference}]
    if contained:
        draft["contained"] = [metastasis]
    assert UNKNOWN in rules(answer(changed))


# --- entries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", ["information", "warning"])
def test_a_remark_of_the_server_among_the_entries_is_no_result_and_no_fault(severity: str) -> None:
    remark = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "processing"}]}
    entry = {"resource": remark, "search": {"mode": "outcome"}}
    given = prefetched(searchset({"resource": DEFICIENT}, entry))
    assert DEFICIENCY in rules(given)
    assert rules(given, "unchecked") == set()


def test_an_error_of_the_server_among_the_entries_makes_the_answer_unavailable() -> None:
    error = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    given = prefetched(searchset({"resource": error}))
    assert UNKNOWN in rules(given, "unchecked")
    assert UNKNOWN not in rules(given)


@pytest.mark.parametrize("severity", ["information", "warning"])
@pytest.mark.parametrize("code", ["suppressed", "forbidden", "incomplete", "too-costly"])
def test_a_remark_that_not_all_is_shown_makes_what_was_not_found_unavailable(severity: str, code: str) -> None:
    remark = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}
    given = prefetched(searchset({"resource": remark, "search": {"mode": "outcome"}}))
    assert UNKNOWN in rules(given, "unchecked")
    assert UNKNOWN not in rules(given)


@pytest.mark.parametrize("entry", [None, {}, {"fullUrl": f"{UUID}1"}, {"resource": None}, {"resource": {}}, "x"])
def test_an_entry_that_cannot_be_read_makes_its_fact_unavailable_never_missing(entry: Any) -> None:
    given = prefetched(searchset(entry))
    assert UNKNOWN not in rules(given)
    assert UNKNOWN in rules(given, "unchecked")


def test_a_bundle_without_total_type_and_search_mode_is_read() -> None:
    assert DEFICIENCY in rules(prefetched({"resourceType": "Bundle", "entry": [{"resource": DEFICIENT}]}))


def test_a_total_beyond_the_entries_without_a_next_page_is_not_the_whole_answer() -> None:
    given = prefetched(searchset(total=3))
    assert UNKNOWN in rules(given, "unchecked")


@pytest.mark.parametrize(
    "value",
    [
        {},
        "<html><body>Apache Tomcat</body></html>",
        {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]},
        {"resourceType": "Patient", "id": "another"},
        [],
    ],
    ids=["empty object", "a page of HTML", "OperationOutcome", "another patient", "array"],
)
def test_a_prefetch_that_is_none_is_never_a_missing_result(value: Any) -> None:
    given = prefetched(value)
    assert UNKNOWN in rules(given, "unchecked")
    assert "25-OH vitamin D: not measured" not in said(given)


OF_TODAY = result("1989-3", quantity(12, "ng/mL"), id="contained")


@pytest.mark.parametrize("kind", ["List", "Composition", "Encounter", "DocumentReference", "MeasureReport"])
def test_a_result_that_something_else_contains_leaves_open_what_the_others_say(kind: str) -> None:
    older = result("1989-3", quantity(40, "ng/mL"), "2026-01-05")
    holds = {"resourceType": kind, "id": "holder", "contained": [OF_TODAY]}
    given = prefetched({"resourceType": "Bundle", "entry": [{"resource": older}, {"resource": holds}]})
    assert UNKNOWN in rules(given, "unchecked")


@pytest.mark.parametrize(
    "value",
    [
        {"resourceType": "Parameters", "parameter": [{"modifierExtension": [{"url": "x"}], "resource": searchset()}]},
        {"resourceType": "Bundle", "contained": [OF_TODAY]},
        {"resourceType": "Bundle", "entry": [], "link": [{"rel": "next", "href": "https://ehr.example.org/next"}]},
    ],
    ids=["a modifier of a parameter", "contained in a Bundle", "a link in another form"],
)
def test_an_answer_that_may_hold_more_is_never_a_missing_result(value: Any) -> None:
    assert UNKNOWN in rules(prefetched(value), "unchecked")


def test_null_says_that_there_is_none() -> None:
    assert UNKNOWN in rules(prefetched(None))


def test_a_prefetch_wrapped_as_before_version_two_is_read() -> None:
    wrapped = {"response": {"status": "200 OK"}, "resource": searchset({"resource": DEFICIENT})}
    assert DEFICIENCY in rules(prefetched(wrapped))


def test_the_same_resource_under_two_keys_is_one() -> None:
    changed = asked()
    changed["prefetch"]["calcium"]["entry"].append({"resource": copy.deepcopy(DEFICIENT)})
    assert DEFICIENCY in rules(answer(changed))


# --- identifiers ------------------------------------------------------------------------------------------------------


def test_ids_of_two_hundred_characters_are_read_and_named() -> None:
    long = "eQ3.-" * 40
    assert len(long) == 200
    given = answer(request(DEFICIENT | {"id": long}, order=DENOSUMAB))
    [card] = [card for card in given if DEFICIENCY in rules([card])]
    assert f"Observation/{long}" in card["extension"]["org.osteocds"]["resources"]


def test_resources_without_an_id_are_read_each() -> None:
    first = {name: member for name, member in DEFICIENT.items() if name != "id"}
    second = first | {"effectiveDateTime": "2026-03-30", "valueQuantity": quantity(35, "ng/mL")}
    given = prefetched(searchset({"resource": first}, {"resource": second}))
    assert DEFICIENCY not in rules(given)
    assert "35" in said(given)


def test_a_reference_to_a_resource_of_another_kind_leads_nowhere() -> None:
    changed = request(order=ZOLEDRONATE)
    draft = changed["context"]["draftOrders"]["entry"][0]["resource"]
    del draft["medicationCodeableConcept"]
    draft["medicationReference"] = {"reference": "#x"}
    draft["contained"] = [condition((SNOMED, "94222008"), id="x")]
    assert rules(answer(changed)) == set()
