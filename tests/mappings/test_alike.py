"""What many resources have alike is read once: never what is their own, the day's, or another resource's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from support.scenario import NOW, WORLD

from mappings.clock import Clock
from mappings.dates import day
from mappings.evidence import Evidence, ForeignResource
from mappings.facts import Drug
from mappings.readers.alike import LONGEST, REMEMBERED, once
from mappings.readers.dosage import read_dosage
from mappings.readers.reader import Reader
from mappings.record import Record
from mappings.wording import verbatim

Resource = dict[str, Any]

CODE = {"coding": [{"system": "http://snomed.info/sct", "code": "94222008"}], "text": "bone metastasis"}
CONDITION: Resource = {"resourceType": "Condition", "id": "one", "subject": {"reference": "Patient/one"}, "code": CODE}
ACT: Resource = {"resourceType": "Procedure", "id": "act", "status": "completed", "code": {"text": "act"}}


def reader() -> Reader:
    return Reader(Clock(NOW), WORLD.terminology, lambda _reference: None)


def record(*resources: Resource) -> Record:
    evidence = Evidence("one", answered={"patient", "conditions", "procedures", "encounters"})
    for one in resources:
        evidence.add(one)
    return Record(evidence, (), Clock(NOW), WORLD.terminology, WORLD.clinical["bone-metastases"])


def test_is_read_once_whatever_is_its_own() -> None:
    asked: list[Resource] = []

    @once("recordedDate")
    def read(_reader: Reader, resource: Resource) -> str:
        asked.append(dict(resource))
        return str(resource["code"]["text"])

    for number in range(3):
        own = {"id": f"{number}", "recordedDate": f"202{number}", "meta": {"versionId": f"{number}"}}
        assert read(reader(), CONDITION | own) == "bone metastasis"
    assert asked == [{"resourceType": "Condition", "code": CODE}]


@pytest.mark.parametrize(
    "member",
    [
        {"status": "unknown"},
        {"meta": {"profile": ["http://hl7.org/fhir/us/mcode/some"]}},
        {"modifierExtension": [{"url": "http://some"}]},
        {"wasNotGiven": True},
    ],
    ids=str,
)
def test_what_decides_is_told_apart(member: Resource) -> None:
    read = once()(lambda _reader, resource: {**resource})
    assert read(reader(), CONDITION) == {"resourceType": "Condition", "code": CODE}
    assert read(reader(), CONDITION | member) == {"resourceType": "Condition", "code": CODE} | member


@pytest.mark.parametrize(
    "member",
    [
        {"reasonReference": [{"reference": "Condition/another"}]},
        {"code": {"text": "a" * LONGEST}},
        {"valueDecimal": float},
        {"count": 10**30},
        {"text": "\ud800", "code": {"text": "\ud800"}},
        {"meta": "none"},
    ],
    ids=["refers to another", "is long", "is no JSON", "is a number beyond any", "is half a sign", "has odd meta"],
)
def test_is_read_anew_where_it(member: Resource) -> None:
    given: list[Resource] = []
    read = once()(lambda _reader, resource: given.append(resource))
    for _time in range(2):
        read(reader(), CONDITION | member)
    assert given == [CONDITION | member] * 2


def test_remembers_no_more_than_so_many() -> None:
    asked: list[str] = []
    read = once()(lambda _reader, resource: asked.append(resource["code"]["text"]))
    for number in (*range(REMEMBERED + 1), 0):
        read(reader(), {"code": {"text": f"{number}"}})
    assert asked.count("0") == 2


def test_diagnoses_that_are_alike_keep_what_is_their_own() -> None:
    other = CONDITION | {"id": "other", "recordedDate": "2026-01-02", "abatementDateTime": "2026-02-03"}
    one, two = record(CONDITION, other).conditions
    assert (one.source, one.recorded, one.active) == ("Condition/one", None, True)
    assert two.source == "Condition/other"
    assert two.recorded is not None
    assert not two.active


def test_acts_that_are_alike_keep_what_is_their_own() -> None:
    dated = ACT | {"id": "dated", "performedDateTime": "2026-01-02"}
    ahead = ACT | {"id": "ahead", "performedDateTime": "2027-01-02"}
    told = {one.source: one.when and str(one.when.first) for one in record(ACT, dated, ahead).procedures}
    assert told == {"Procedure/act": None, "Procedure/dated": "2026-01-02", "Procedure/ahead": None}


def test_an_act_has_the_reasons_that_it_refers_to() -> None:
    refers = ACT | {"reasonReference": [{"reference": "Condition/one"}]}
    (without,) = record(refers).procedures
    (with_it,) = record(refers, CONDITION).procedures
    assert not without.reasons
    assert with_it.reasons


@pytest.mark.parametrize(
    ("timing", "first", "end"),
    [
        ({"repeat": {"frequency": 1, "period": 4, "periodUnit": "wk"}}, None, None),
        ({"repeat": {"boundsPeriod": {"start": "2026-01-02"}}}, "2026-01-02", None),
        ({"repeat": {"boundsDuration": {"value": 7, "code": "d"}}}, None, "2026-02-08"),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "count": 3}}, None, "2026-02-03"),
        ({"event": ["2026-01-02"]}, "2026-01-02", None),
    ],
    ids=["undated", "a period", "a duration", "a count", "an event"],
)
def test_dosage_lines_that_are_alike_keep_their_dates(timing: Resource, first: str | None, end: str | None) -> None:
    drug, lines = Drug(frozenset(), verbatim("some"), identified=True), [{"timing": timing}]
    read_dosage(reader(), lines, drug, day(date(2025, 5, 5)))
    found = read_dosage(reader(), lines, drug, day(date(2026, 2, 1)))
    assert (found.first and str(found.first.first)) == first
    assert (found.end and str(found.end.first)) == end


def test_allergies_that_are_alike_keep_where_they_come_from() -> None:
    evidence = Evidence("one", answered={"allergies", "patient"})
    for name in ("one", "two"):
        evidence.add({"resourceType": "AllergyIntolerance", "id": name, "code": {"text": "zoledronic acid"}})
    found = Record(evidence, (), Clock(NOW), WORLD.terminology, WORLD.clinical["bone-metastases"]).allergies
    assert [one.entry.source for one in found.uncertain] + [one.source for one in found] == [
        "AllergyIntolerance/one",
        "AllergyIntolerance/two",
    ]


@pytest.mark.parametrize("patient", ["one?two", "one/two"])
def test_a_patient_whose_id_no_reference_can_hold_has_no_resources(patient: str) -> None:
    evidence = Evidence(patient)
    with pytest.raises(ForeignResource):
        evidence.add(CONDITION | {"subject": {"reference": f"Patient/{patient}"}})
