"""Records that no single search answers: drugs behind references, and more results than a page holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hospital import Hospital, Stay, hospital
from patients import Patient, spoken
from support.ehr import said
from support.scenario import BASE, NOW

from service.demo.synthetic import told_record
from service.gathering.gather import MORE_PAGES
from service.gathering.problems import TRUNCATED

DENOSUMAB = {"drug": "Xgeva", "dose": "120 mg", "route": "subcutaneous", "every": "1 month"}
PAGE = 200
"""`_count` of the searches."""


@pytest.fixture(scope="module")
def here(fhir_base) -> Iterator[Hospital]:
    with hospital(fhir_base) as opened:
        yield opened


def linked() -> Patient:
    """Mrs Yew is on denosumab and prednisone, and more denosumab is ordered: each drug stands in a Medication of its own."""
    told = {
        "vitamin D": "38 ng/mL 40 days ago",
        "calcium": "2.35 mmol/L 1 days ago",
        "albumin": "40 g/L 1 days ago",
        "medications": [
            {"drug": "Xgeva", "dose": "120 mg", "days ago": 28},
            {"drug": "prednisone", "kind": "statement", "start": 40, "every": "1 day"},
            {"drug": "cholecalciferol", "kind": "statement", "start": 60, "every": "1 month", "dose": "50000 IU"},
            {"drug": "calcium carbonate", "kind": "statement", "start": 60, "every": "1 day"},
        ],
    }
    record = told_record("yew", NOW.date(), BASE | told)
    draft = record.order(DENOSUMAB)
    drugs = []
    for user in [*record.resources, draft]:
        if "medicationCodeableConcept" in user:
            drug = {
                "resourceType": "Medication",
                "id": f"{user['id']}-drug",
                "code": user.pop("medicationCodeableConcept"),
            }
            user["medicationReference"] = {"reference": f"Medication/{drug['id']}"}
            drugs.append(drug)
    return Patient("yew", "Mrs Yew", (*drugs, *record.resources), (draft,), {})


def test_drugs_behind_references_are_looked_up(here):
    with here.admits(linked()) as stay:
        beside = [key for key in here.templates["order-sign"] if not key.startswith("medication")]
        requests = [stay.request("order-sign", *keys) for keys in ([], beside, here.templates["order-sign"])]
        assert [spoken(stay.cards(request)) for request in requests] == [{"info": ["jaw-osteonecrosis-cofactors"]}] * 3


def test_a_drug_behind_a_reference_that_nobody_can_follow_is_said(here):
    with here.admits(linked()) as stay:
        request = stay.request("order-sign", *here.templates["order-sign"])
        del request["fhirServer"]
        [card] = stay.cards(request)
    assert card["source"]["topic"]["code"] == "not-identified"
    assert "MedicationRequest/yew-" in said([card])


def long() -> Patient:
    """Mr Zelkova's calcium was measured daily, and only the newest, which is stored last, is low."""
    told = {
        "sex": "male",
        "calcium": [*(f"2.40 mmol/L {days} days ago" for days in range(2, PAGE + 32)), "1.90 mmol/L 1 days ago"],
        "albumin": "40 g/L 1 days ago",
        "vitamin D": "38 ng/mL 40 days ago",
        "medications": [
            {"drug": "Xgeva", "dose": "120 mg", "days ago": 28},
            {"drug": "calcium with vitamin D", "kind": "statement", "start": 60, "every": "1 day"},
        ],
    }
    record = told_record("zelkova", NOW.date(), BASE | told)
    draft = record.order(DENOSUMAB)
    return Patient("zelkova", "Mr Zelkova", tuple(record.resources), (draft,), {})


@pytest.fixture(scope="module")
def long_stay(here) -> Iterator[Stay]:
    with here.admits(long()) as stay:
        yield stay


PAGED = pytest.mark.parametrize("fhir_base", ["hapi", "sekmet"], indirect=True)


@PAGED
def test_more_results_than_a_page_holds_are_read_to_the_end(long_stay):
    every_key = long_stay.hospital.templates["order-sign"]
    requests = [long_stay.request("order-sign", *keys) for keys in ([], every_key)]
    assert [spoken(long_stay.cards(request)) for request in requests] == [{"critical": ["hypocalcaemia"]}] * 2


@PAGED
def test_a_first_page_alone_is_not_taken_for_the_record(long_stay):
    request = long_stay.request("order-sign", *long_stay.hospital.templates["order-sign"])
    del request["fhirServer"]
    cards = long_stay.cards(request)
    assert "hypocalcaemia" in spoken(cards)["unchecked"]
    assert MORE_PAGES.message in said(cards)


@pytest.mark.parametrize("fhir_base", ["medplum"], indirect=True)
def test_a_page_that_links_to_no_next_is_not_taken_for_the_record(long_stay):
    request = long_stay.request("order-sign")
    request["prefetch"] = dict.fromkeys(set(long_stay.hospital.templates["order-sign"]) - {"calcium"})
    cards = long_stay.cards(request)
    assert "hypocalcaemia" in spoken(cards)["unchecked"]
    assert TRUNCATED.message in said(cards)
