"""Diagnoses of a stay: which Conditions they are, and which period dates them."""

from __future__ import annotations

from typing import Any

import pytest
from support.quirk import ICD_10, condition, record, resource, words

from mappings.evidence import ForeignResource

OF_A_STAY = {"category": [{"coding": [{"code": "encounter-diagnosis"}]}]}
TO_STAY = {"encounter": {"reference": "Encounter/stay"}}


def stay(**members: Any) -> dict[str, Any]:
    whole = {"status": "finished", "period": {"start": "2026-02-01", "end": "2026-02-09"}}
    return resource("Encounter", "stay", **{**whole, **members})


def coded(**members: Any) -> dict[str, Any]:
    return condition((ICD_10, "A41.9"), **{**OF_A_STAY, **TO_STAY, **members})


def read(*resources: dict[str, Any]) -> Any:
    [one] = record(*resources).conditions
    return one.stay


def days(found: Any) -> tuple[str, str]:
    return str(found.first.first), str(found.last.last)


@pytest.mark.parametrize(
    "category",
    [
        {"category": [{"coding": [{"system": "http://x", "code": "encounter-diagnosis"}]}]},
        {"category": {"coding": [{"code": "Encounter_Diagnosis"}]}},
        *(
            {"category": [{"text": text}]}
            for text in ("Encounter diagnosis", "Entlassdiagnose", "Diagnostic de sortie")
        ),
        {"category": [{"coding": [{"system": "urn:local", "code": "DP"}, {"code": "encounter-diagnosis"}]}]},
    ],
    ids=repr,
)
def test_a_diagnosis_of_a_stay_is_dated_by_its_encounter(category):
    assert days(read(coded(**category), stay())) == ("2026-02-01", "2026-02-09")


@pytest.mark.parametrize(
    "members",
    [
        {"category": None},
        {"category": [{"coding": [{"code": "problem-list-item"}]}]},
        {"category": [{"coding": [{"code": "problem-list-item"}]}, {"coding": [{"code": "encounter-diagnosis"}]}]},
        {"category": [{"text": "something"}]},
        {"onsetDateTime": "2026-01-02"},
        {"onsetPeriod": {"start": "2026-01"}},
        {"recordedDate": "2026-01-02"},
        {"assertedDate": "2026-01-02"},
    ],
    ids=repr,
)
def test_a_problem_and_what_has_a_date_of_its_own_are_not(members):
    assert read(coded(**members), stay()) is None


@pytest.mark.parametrize(
    ("told", "encounter"),
    [
        ({"encounter": None, "context": {"reference": "Encounter/stay"}}, stay()),
        ({"encounter": {"reference": "https://ehr.example.org/fhir/Encounter/stay/_history/2"}}, stay()),
        ({"encounter": {"reference": "#s"}, "contained": [stay(id="s")]}, None),
        ({"encounter": None}, stay(diagnosis=[{"condition": {"reference": "Condition/condition"}}])),
        ({}, stay(period=None, actualPeriod={"start": "2026-02-01", "end": "2026-02-09"})),
    ],
    ids=["STU3", "absolute", "contained", "named by it", "R5"],
)
def test_the_encounter_is_found(told, encounter):
    found = read(coded(**told), *([] if encounter is None else [encounter]))
    assert days(found) == ("2026-02-01", "2026-02-09")


@pytest.mark.parametrize(
    "status", ["arrived", "triaged", "in-progress", "onleave", "finished", "completed", "discharged"]
)
def test_a_stay_without_an_end_is_open_until_today(status):
    found = read(coded(), stay(status=status, period={"start": "2026-02-01"}))
    assert (days(found), found.is_open) == (("2026-02-01", "2026-03-31"), True)


def test_a_stay_without_a_start_is_dated_by_its_end():
    found = read(coded(), stay(period={"end": "2026-02"}))
    assert (found.first, str(found.last.last)) == (None, "2026-02-28")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"period": None}, "is not dated"),
        ({"period": {}}, "is not dated"),
        ({"period": "2026"}, "is not dated"),
        ({"period": {"start": "2026-02-01", "end": "soon"}}, "is not dated"),
        ({"period": {"start": "2026-02-01", "end": "2025-02-01"}}, "is not dated"),
        ({"status": "cancelled"}, "is not dated"),
        ({"status": "planned"}, "is not dated"),
        ({"status": "entered-in-error"}, "is not dated"),
        ({"status": "invented"}, "is not dated"),
        ({"status": None}, "is not dated"),
        ({"id": "another"}, "could not be looked up"),
        ({"resourceType": "Location"}, "could not be looked up"),
    ],
    ids=repr,
)
def test_a_period_that_is_not_to_be_had_is_said(members, why):
    found = read(coded(), stay(**members))
    assert found.last is None
    assert why in words([found.why])


def test_a_diagnosis_of_no_encounter_is_said_not_to_be_dated():
    assert read(coded(encounter=None)).why is not None


def test_an_encounter_of_another_patient_is_not_among_the_evidence():
    with pytest.raises(ForeignResource):
        record(coded(), stay(subject={"reference": "Patient/other"}))
