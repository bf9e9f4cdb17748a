"""Which drafts that are none of ours, or say nothing, have a quiet card (`rules.md`, "Relevant order").

The drafts are written in the shapes of published examples of order entry: French prescriptions by UCD, substance and virtual
drug with the name in `display`, hospital and insurer orders by RxNorm, HCPCS, CPT, SNOMED CT and local codes, lines of text.
"""

from __future__ import annotations

from typing import Any

import pytest
from support.ehr import ehr
from support.scenario import run

from service.explain import explain
from service.guidelines import GUIDELINES
from service.pipeline import HookAnswer

FRENCH = "http://data.esante.gouv.fr/ansm/medicament/"
DRUGS = {
    "virtual drug, unknown system": ("http://virtual-drugs.example", "MV00000557", "PARACETAMOL 500 mg gélule"),
    "virtual drug of another class": (
        "http://virtual-drugs.example",
        "MV00001070",
        "FLUINDIONE 20 mg comprimé quadrisécable",
    ),
    "UCD with a label": (f"{FRENCH}UCD", "3400892100001", "AMOXICILLINE 1G CPR"),
    "UCD of a heparin": (f"{FRENCH}UCD", "3400892100002", "LOVENOX 4000UI SRG0,4ML"),
    "substance": (f"{FRENCH}codeSMS", "100000000001", "méthylprednisolone"),
    "RxNorm brand": ("http://www.nlm.nih.gov/research/umls/rxnorm", "209431", "Tylenol"),
    "local code": ("https://hospital.example/formulary", "4711", "SERUM PHY 0.9% 500ML"),
    "no system": ("", "77", "Oméprazole 20 mg"),
    "a class of which no order is asked anything": ("https://hospital.example/formulary", "4712", "AVK"),
}
ACTS = {
    "HCPCS": ("http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "E0424", "Stationary oxygen system"),
    "CPT": ("http://www.ama-assn.org/go/cpt", "93000", "Electrocardiogram"),
    "SNOMED CT": ("http://snomed.info/sct", "40701008", "Echocardiography"),
    "LOINC": ("http://loinc.org", "2951-2", "Sodium"),
    "local code": ("https://hospital.example/acts", "ECHO-ABD", "Échographie abdominale"),
    "two letters": ("https://hospital.example/acts", "VS", "VS"),
}
RECORDS: dict[str, dict[str, Any]] = {
    "bone metastasis": {"record": {"conditions": ["bone metastasis"]}, "only": True},
    "no cancer": {"record": {}, "only": True},
    "conditions that could not be looked up": {"record": {}, "only": True, "unavailable": ["conditions"]},
}
every_record = pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)


def coded(system: str, code: str, display: str) -> dict[str, Any]:
    return {
        "coding": [
            {"system": system, "code": code, "display": display} if system else {"code": code, "display": display}
        ]
    }


def drug(concept: dict[str, Any]) -> dict[str, Any]:
    return {"order": {"drug": "denosumab", "members": {"medicationCodeableConcept": concept}}}


def act(code: dict[str, Any]) -> dict[str, Any]:
    return {"order": {"act": "CTX", "members": {"code": code}}}


def topics(answer: HookAnswer) -> list[str]:
    return [card.source.topic.code for card in answer.response.cards]


@every_record
@pytest.mark.parametrize("written", DRUGS.values(), ids=DRUGS)
def test_a_drug_that_is_known_by_name_to_be_another_has_no_card(
    written: tuple[str, str, str], record: dict[str, Any]
) -> None:
    assert topics(run({**record, **drug(coded(*written))})) == []


@every_record
@pytest.mark.parametrize("written", ACTS.values(), ids=ACTS)
def test_an_act_that_is_known_to_be_another_has_no_card(written: tuple[str, str, str], record: dict[str, Any]) -> None:
    assert topics(run({**record, **act(coded(*written))})) == []


MAY_BE_OURS = {
    "a misspelled drug": drug({"text": "Denosumap 120 mg"}),
    "a class without words": drug({"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BA"}]}),
    "a code without words": drug({"coding": [{"system": "https://hospital.example/formulary", "code": "4711"}]}),
    "a class in words": drug({"text": "Bisphosphonate IV"}),
    "chemotherapy without a drug": drug({"text": "Chimiothérapie C3"}),
    "a radiotherapy word alone": act({"text": "RT T8"}),
    "nothing": act({}),
}


@pytest.mark.parametrize("told", MAY_BE_OURS.values(), ids=MAY_BE_OURS)
@pytest.mark.parametrize(("record", "shown"), [("bone metastasis", True), ("no cancer", False)])
def test_one_that_may_be_ours_or_names_nothing_is_told_of_a_patient_with_cancer(
    told: dict[str, Any], record: str, *, shown: bool
) -> None:
    assert topics(run({**RECORDS[record], **told})) == (["not-identified"] if shown else [])


@every_record
@pytest.mark.parametrize(
    "told",
    [
        *(act(code) for code in ({}, {"coding": [{}]})),
        *(
            drug(code)
            for code in ({}, {"coding": [{}]}, {"coding": [{"system": "urn:x", "display": ""}]}, {"text": " "})
        ),
    ],
    ids=repr,
)
def test_a_form_that_is_still_empty_is_silent_while_it_is_filled_in(
    told: dict[str, Any], record: dict[str, Any]
) -> None:
    assert topics(run({**record, **told, "hook": "order-select"})) == []


def test_what_no_card_tells_is_told_in_the_explanation() -> None:
    rules = GUIDELINES[0].rules
    quiet, told = (run({**RECORDS["bone metastasis"], **act({"text": text})}) for text in ("Échographie", "RT T8"))
    assert [one.outcome for one in explain(quiet, rules) if one.rule == "not-identified"] == ["not told"]
    assert [one.outcome for one in explain(told, rules) if one.rule == "not-identified"] == ["told"]


def test_what_no_card_tells_is_counted_and_names_no_patient() -> None:
    client = ehr()
    request = {
        "hook": "order-sign",
        "hookInstance": "5f0c9e1a-8a5d-4a57-9a0b-3d7b6a0a0006",
        "context": {
            "userId": "Practitioner/1",
            "patientId": "patient-1",
            "draftOrders": {
                "resourceType": "Bundle",
                "entry": [{"resource": {"resourceType": "ServiceRequest", "id": "o", "code": {"text": "Échographie"}}}],
            },
        },
    }
    assert client.cards(request) == []
    text = client.get("/metrics").text
    assert 'osteocds_unidentified_orders_total{told="no",why="other"} 1.0' in text
    assert "chographie" not in text
