"""Answers to queries as clients send them: what holds nothing of what was asked for is a gap, and never "none"."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from support.quirk import DENOSUMAB, LOCAL, LOINC, Resource, answer, concept, quantity, request, resource, result, rules

from mappings.evidence import Evidence, newest_versions, typed

DEFICIENCY, UNKNOWN = "vitamin-d-deficiency", "vitamin-d-unknown"
VITAMIN_D, CALCIUM, GLUCOSE, RENAL_PANEL = "62292-8", "2000-8", "2345-7", "45066-8"
DEFICIENT = result(VITAMIN_D, quantity(12, "ng/mL"), id="deficient")
OF_CALCIUM = result(CALCIUM, quantity(2.3, "mmol/L"), id="calcium")


def prefetched(value: Any, key: str = "vitaminD", **others: Any) -> list[dict[str, Any]]:
    changed = request(order=DENOSUMAB)
    changed["prefetch"] |= {key: value, **others}
    return answer(changed)


def bundle(*resources: Any, **members: Any) -> Resource:
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **members}


def nested(inner: Resource, depth: int) -> Resource:
    return inner if depth == 0 else bundle(nested(inner, depth - 1), type="batch-response")


def assert_read(given: list[dict[str, Any]]) -> None:
    assert DEFICIENCY in rules(given)
    assert UNKNOWN not in rules(given) | rules(given, "unchecked")


def assert_a_gap(given: list[dict[str, Any]]) -> None:
    assert UNKNOWN not in rules(given)
    assert UNKNOWN in rules(given, "unchecked")


def assert_none(given: list[dict[str, Any]]) -> None:
    assert UNKNOWN in rules(given)


# --- what is read -----------------------------------------------------------------------------------------------------

READ = {
    "in a Bundle within a batch-response": nested(bundle(DEFICIENT), 1),
    "in Bundles seven deep": nested(bundle(DEFICIENT), 7),
    "beside an answered question of a batch": bundle(
        type="batch-response", entry=[{"response": {"status": "200 OK"}, "resource": bundle(DEFICIENT)}]
    ),
    "in Parameters": {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": bundle(DEFICIENT)}]},
    "an array of resources": [DEFICIENT],
    "an array of entries": [{"resource": DEFICIENT}],
    "entries that are resources": bundle(entry=[DEFICIENT]),
    "a Bundle in lower case": bundle(DEFICIENT, resourceType="bundle"),
    "a type in lower case": bundle({**DEFICIENT, "resourceType": "observation"}),
    "a type with blanks": bundle({**DEFICIENT, "resourceType": " OBSERVATION "}),
    "a total as a text": bundle(DEFICIENT, total="1"),
    "a total with a fraction of none": bundle(DEFICIENT, total=1.0),
}


@pytest.mark.parametrize("value", READ.values(), ids=READ)
def test_a_result_is_read_wherever_the_answer_holds_it(value: Any) -> None:
    assert_read(prefetched(value))


def report(**members: Any) -> Resource:
    whole = {"status": "final", "code": concept(LOINC, VITAMIN_D), "effectiveDateTime": "2026-03-28", **members}
    return resource("DiagnosticReport", "report", **whole)


HELD = {name: said for name, said in DEFICIENT.items() if name not in ("id", "subject", "effectiveDateTime")} | {
    "id": "r"
}
REFERS = [{"reference": "#r"}]


@pytest.mark.parametrize("key", ["vitaminD", "diagnosticReports"])
@pytest.mark.parametrize("kind", ["Observation", "observation"])
def test_a_result_that_a_report_contains_is_read_with_the_reports_date(key: str, kind: str) -> None:
    held = report(contained=[{**HELD, "resourceType": kind}], result=REFERS)
    given = prefetched(bundle(held), key)
    assert DEFICIENCY in rules(given)
    [card] = [card for card in given if DEFICIENCY in rules([card])]
    assert "DiagnosticReport/report" in card["extension"]["org.osteocds"]["resources"]


def test_a_result_that_a_panel_contains_is_read() -> None:
    panel = result(RENAL_PANEL, id="panel", contained=[HELD], hasMember=REFERS)
    assert_read(prefetched(bundle(panel)))


def test_two_reports_that_contain_results_of_one_id_keep_both() -> None:
    newer = {**report(contained=[HELD], effectiveDateTime="2026-03-29"), "id": "newer"}
    older = report(contained=[{**HELD, "valueQuantity": quantity(45, "ng/mL")}], effectiveDateTime="2026-01-01")
    for order in ((newer, older), (older, newer)):
        assert_read(prefetched(bundle(*order)))


@pytest.mark.parametrize("status", ["entered-in-error", "Cancelled"])
def test_what_a_report_in_error_contains_is_no_result(status: str) -> None:
    assert DEFICIENCY not in rules(prefetched(bundle(report(contained=[HELD], status=status))))


# --- what is a gap ----------------------------------------------------------------------------------------------------

LOCALLY_CODED = {**DEFICIENT, "code": concept(LOCAL, "Q7")}
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
GAPS = {
    "another type only": bundle(report()),
    "another type only, in a batch": nested(bundle(resource("Basic", "b")), 2),
    "one Bundle too deep": nested(bundle(DEFICIENT), 9),
    "a report whose results did not come": bundle(OF_CALCIUM, report(result=[{"reference": "Observation/elsewhere"}])),
    "a report whose results are only displayed": bundle(OF_CALCIUM, report(result=[{"display": "25-OH-D"}])),
    "a panel whose result is not contained": bundle(result(RENAL_PANEL, id="panel", hasMember=REFERS)),
    "a panel of which another result came": bundle(
        OF_CALCIUM,
        result(RENAL_PANEL, id="p", hasMember=[{"reference": "Observation/calcium"}, {"reference": "Observation/x"}]),
    ),
    "an unknown panel without results": bundle({**result("99999-9"), "id": "panel"}),
    "a type of an earlier version beside": bundle(OF_CALCIUM, resource("MedicationOrder", "m")),
    "a value in a part of unknown code": bundle(
        {
            **result(VITAMIN_D, id="whole"),
            "component": [{"code": concept(LOCAL, "Q7"), "valueQuantity": quantity(12, "ng/mL")}],
        }
    ),
    "a next page among several relations": bundle(OF_CALCIUM, link=[{"relation": ["self", "next"], "url": "x"}]),
    "a next page by the relation's address": bundle(
        OF_CALCIUM, link=[{"relation": "http://www.iana.org/assignments/link-relations/next", "url": "x"}]
    ),
    "a part of an answer, within a batch": bundle(
        type="batch-response", entry=[{"response": {"status": "206 Partial Content"}, "resource": bundle(OF_CALCIUM)}]
    ),
    "a Bundle that says it is a subset": bundle(OF_CALCIUM, meta={"tag": [{"code": "SUBSETTED"}]}),
    "a Bundle from which something was taken": bundle(OF_CALCIUM, meta={"security": [{"code": "redacted"}]}),
    "a total in text above": bundle(OF_CALCIUM, total="3"),
    "a total with a fraction": bundle(OF_CALCIUM, total=1.5),
    "a negative total": bundle(OF_CALCIUM, total=-1),
    "a total in words": bundle(OF_CALCIUM, total="several"),
    "a truth as a total": bundle(OF_CALCIUM, total=True),
    "a total within above": nested(bundle(OF_CALCIUM, total=2), 1),
    "a next page within": nested(bundle(OF_CALCIUM, link=[{"relation": "next", "url": "x"}]), 1),
    "a next page in capitals": bundle(OF_CALCIUM, link=[{"relation": "NEXT", "url": "x"}]),
    "a refused question of a batch": bundle(entry=[{"response": {"status": "404 Not Found"}}]),
    "an outcome of a batch": bundle(entry=[{"response": {"status": "200", "outcome": ERROR}, "resource": OF_CALCIUM}]),
    "the old wrapping of an error": {"response": {"status": "500"}, "resource": None},
    "an unknown search mode": bundle(entry=[{"search": {"mode": "perhaps"}, "resource": OF_CALCIUM}]),
    "an outcome of unknown severity": bundle({"resourceType": "OperationOutcome", "issue": [{"severity": "grave"}]}),
    "an outcome in lower case": {"resourceType": "operationoutcome"},
    "a parameter of parts": {"resourceType": "Parameters", "parameter": [{"name": "x", "part": []}]},
    "an array of texts": ["Observation/1"],
    "parameters that hold no resource": {
        "resourceType": "Parameters",
        "parameter": [{"name": "x", "valueString": "0"}],
    },
    "entries under another name": {"resourceType": "Bundle", "entries": [{"resource": OF_CALCIUM}]},
    "rules that nobody knows": bundle(OF_CALCIUM, implicitRules="urn:unknown"),
    "a modified entry": bundle(entry=[{"resource": OF_CALCIUM, "modifierExtension": [{"url": "urn:unknown"}]}]),
    "a modified match": bundle(
        entry=[{"resource": OF_CALCIUM, "search": {"mode": "match", "modifierExtension": [{"url": "urn:unknown"}]}}]
    ),
}


@pytest.mark.parametrize("value", GAPS.values(), ids=GAPS)
def test_what_cannot_be_told_is_a_gap_of_its_query(value: Any) -> None:
    assert_a_gap(prefetched(value))


def test_another_type_beside_the_one_asked_for_is_none_of_our_concern() -> None:
    assert_read(prefetched(bundle(DEFICIENT, resource("Practitioner", "p", subject=None))))


def test_an_empty_panel_hides_what_it_is_a_panel_of() -> None:
    panel = bundle(result(RENAL_PANEL, id="panel"))
    assert "renal-function-unknown" in rules(prefetched(panel, "creatinine"), "unchecked")
    assert_none(prefetched(panel))


def test_the_patient_who_is_not_in_the_answer_is_a_gap() -> None:
    results = (result("14682-9", quantity(80, "umol/L"), id="c"), result("29463-7", quantity(70, "kg"), id="w"))
    asked = request(*results, order={"drug": "zoledronic acid", "dose": "4 mg"})
    assert "renal-function-unknown" not in rules(answer(asked), "unchecked")
    asked["prefetch"]["patient"] = bundle()
    assert "renal-function-unknown" in rules(answer(asked), "unchecked")


# --- results under codes that we do not know --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [concept(LOCAL, "Q7"), concept(LOINC, "99999-9"), concept("http://snomed.info/sct", "1234567"), {"text": "Q7"}],
    ids=["local", "LOINC", "SNOMED CT", "text"],
)
def test_a_result_that_a_search_by_code_found_under_an_unknown_code_is_a_gap(code: Resource) -> None:
    unknown = {**DEFICIENT, "code": code}
    assert_a_gap(prefetched(bundle(unknown)))
    assert_a_gap(prefetched(bundle({**DEFICIENT, "id": "older", "effectiveDateTime": "2026-01-02"}, unknown)))


def test_a_known_result_of_something_else_is_no_gap() -> None:
    assert_none(prefetched(bundle(OF_CALCIUM)))


def test_a_client_that_sends_every_result_under_each_key_is_read() -> None:
    glucose = {**result(GLUCOSE, quantity(5, "mmol/L"), id="glucose")}
    assert_none(prefetched(bundle(OF_CALCIUM, glucose)))
    everything = bundle(DEFICIENT, glucose)
    assert_read(prefetched(everything, calcium=everything, albumin=everything))


def test_a_code_without_any_word_is_a_gap_beside_other_results_too() -> None:
    assert_a_gap(prefetched(bundle(OF_CALCIUM, LOCALLY_CODED)))
    named = {**LOCALLY_CODED, "code": {**concept(LOCAL, "Q7"), "text": "Glucose"}}
    assert_none(prefetched(bundle(OF_CALCIUM, named)))


# --- versions ---------------------------------------------------------------------------------------------------------


def version(updated: Any = None, number: Any = None, **members: Any) -> Resource:
    return {**DEFICIENT, "meta": {"lastUpdated": updated, "versionId": number}, **members}


NEWER = [
    (version("2026-03-28T10:00:00.9Z"), version("2026-03-28T10:00:00.10Z")),
    (version("2026-03-28T10:00:00.123456789012Z"), version("2026-03-28T10:00:00.123456789011Z")),
    (version("2026-03-28T10:00:00.1Z"), version("2026-03-28T10:00:00Z")),
    (version("2026-03-28T10:00:00+01:00"), version("2026-03-28T10:30:00+02:00")),
    (version("2026-03-28T23:30:00-05:00"), version("2026-03-29T04:00:00Z")),
    (version("2026-03-28T23:59:60Z"), version("2026-03-28T23:59:59.9Z")),
    (version("2026-03-28T10:00:00Z", "10"), version("2026-03-28T11:00:00+01:00", "9")),
    (version(None, "10"), version(None, "9")),
    (version(None, 10), version("2026-03-28T10:00:00Z", "9")),
    (version("some day", "10"), version("2026-03-28T10:00:00Z", "9")),
]


@pytest.mark.parametrize(("newer", "older"), NEWER)
def test_the_newer_version_is_told_by_instant_then_by_number(newer: Resource, older: Resource) -> None:
    assert newest_versions([newer, older]) == newest_versions([older, newer]) == [newer]


def test_the_order_of_arrival_never_decides_between_versions() -> None:
    versions = [version("2026-03-28T10:00:00Z", "3"), version(None, "2"), version("2026-03-29T10:00:00Z", "1")]
    kept = []
    for order in itertools.permutations(copy.deepcopy(versions)):
        evidence = Evidence("synthetic")
        for one in order:
            evidence.add({**one, "subject": None}, "urn:uuid:1")
        kept.append((evidence.of_type("Observation")[0][1]["meta"], evidence.find("urn:uuid:1")["meta"]))
    assert all(pair == kept[0] and pair[0] == pair[1] for pair in kept)


# --- types and references ---------------------------------------------------------------------------------------------


def test_a_type_is_spelled_as_fhir_does_and_an_unknown_one_is_left() -> None:
    held = {"resourceType": "medication_request", "contained": {"resourceType": "MEDICATION"}}
    assert typed(held) == {"resourceType": "MedicationRequest", "contained": [{"resourceType": "Medication"}]}
    assert typed({"resourceType": "MedicationOrder"}) == {"resourceType": "MedicationOrder"}


def test_a_reference_to_something_contained_that_is_not_there_leads_to_the_only_one_of_its_id() -> None:
    evidence = Evidence("synthetic")
    evidence.add({"resourceType": "Condition", "id": "c"})
    assert evidence.find({"reference": "#c"}) is not None
    evidence.add({"resourceType": "BodyStructure", "id": "c"})
    assert evidence.find({"reference": "#c"}) is None


def test_above_the_limit_of_a_type_the_rest_is_a_gap() -> None:
    evidence = Evidence("synthetic", most=2)
    for number in range(3):
        evidence.add({"resourceType": "Condition", "id": str(number)})
    assert len(evidence.of_type("Condition")) == 2
    assert evidence.overfull == {"Condition"}
