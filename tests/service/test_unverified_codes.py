"""Codes that no public source confirms are marked in the value sets, and every card that rests on one says so."""

from __future__ import annotations

from typing import Any

import pytest
from support.quirk import (
    ATC,
    DENOSUMAB,
    LOINC,
    SNOMED,
    WORLD,
    Resource,
    answer,
    cards,
    concept,
    condition,
    quantity,
    request,
    resource,
    result,
    rules,
    said,
    with_draft,
)

from mappings.vocabulary import valuesets
from service.languages.render import Language

HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NABM = "https://smt.esante.gouv.fr/terminologie-nabm"
ROUTE = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"
BEAM = "33195004"
VERIFIED = {(row.concept, row.system, row.code) for row in valuesets.rows() if row.status == "verified"}
UNVERIFIED = [row for row in valuesets.rows() if (row.concept, row.system, row.code) not in VERIFIED]


def test_there_are_codes_that_are_not_verified() -> None:
    assert len(UNVERIFIED) > 30


@pytest.mark.parametrize("row", UNVERIFIED, ids=lambda row: f"{row.concept} {row.code}")
def test_a_concept_known_by_an_unverified_code_alone_is_marked(row: valuesets.Row) -> None:
    assert row.concept in WORLD.terminology.recognise([{"system": row.system, "code": row.code}]).unverified


def the_card(given: list[dict[str, Any]], rule: str) -> dict[str, Any]:
    [card] = [card for card in given if rule in rules([card])]
    return card


def test_a_card_that_rests_on_a_result_says_so() -> None:
    given = cards(result("35365-6", quantity(12, "ng/mL"), id="odd"), order=DENOSUMAB)
    assert "Observation/odd Result was recognised by a code that is not verified" in said(
        [the_card(given, "vitamin-d-deficiency")]
    )


def test_a_clearance_computed_with_a_weight_says_so() -> None:
    inputs = [result("14682-9", quantity(400, "umol/L")), result("8335-2", quantity(50, "kg"), id="weight")]
    given = cards(*inputs, order={"drug": "zoledronic acid", "dose": "4 mg"})
    card = the_card(given, "zoledronate-renal-contraindication")
    assert "Observation/weight Result was recognised by a code that is not verified" in said([card])


def drafted(resource_: Resource, **told: Any) -> list[dict[str, Any]]:
    return with_draft(lambda _: {"status": "draft", "intent": "order", **resource_}, **told)


def test_a_card_about_a_drug_ordered_says_so() -> None:
    irradiated = resource(
        "Procedure", "rt", status="completed", code=concept(SNOMED, BEAM), performedDateTime="2026-03-28"
    )
    asked = request(irradiated, order=DENOSUMAB)
    doxorubicin = resource(
        "MedicationRequest", "odd", status="draft", intent="order", medicationCodeableConcept=concept(HCPCS, "J9000")
    )
    asked["context"]["draftOrders"]["entry"] = [{"resource": doxorubicin}]
    card = the_card(answer(asked), "radiosensitiser-after-radiotherapy")
    assert "Doxorubicin was identified by a code that is not verified" in card["detail"]
    french = the_card(answer(asked, Language.FRENCH), "radiosensitiser-after-radiotherapy")
    assert "code non vérifié" in french["detail"]


def test_a_card_about_a_drug_given_says_so() -> None:
    given = resource(
        "MedicationAdministration",
        "odd",
        status="completed",
        effectiveDateTime="2026-03-28",
        medicationCodeableConcept=concept(HCPCS, "J9000"),
    )
    card = the_card(cards(given, order={"act": "radiotherapy", "site": "femur"}), "radiosensitiser-before-radiotherapy")
    assert "not verified" in card["detail"]


@pytest.mark.parametrize(
    ("code", "rule"),
    [("392010000", "cementoplasty-haemostasis-unknown"), ("41747008", "bone-scan-routine-follow-up")],
)
def test_a_card_about_an_act_ordered_says_so(code: str, rule: str) -> None:
    given = drafted(resource("ServiceRequest", "odd", code=concept(SNOMED, code)))
    assert "was identified by a code that is not verified" in the_card(given, rule)["detail"]


def test_a_card_that_rests_on_a_condition_says_so() -> None:
    given = cards(condition((SNOMED, "366908006"), id="odd"))
    assert (
        "Pathological fracture was recognised by a code that is not verified"
        in the_card(given, "antiresorptive-not-started")["detail"]
    )


def test_a_card_that_rests_on_a_score_says_so() -> None:
    sins = resource(
        "Observation",
        "odd",
        status="final",
        effectiveDateTime="2026-03-28",
        code=concept("https://radelement.org", "RDES21"),
        valueInteger=9,
    )
    card = the_card(cards(sins, order={"act": "radiotherapy", "site": "lumbar spine"}), "spinal-instability")
    assert "Observation/odd Result was recognised by a code that is not verified" in said([card])


def test_a_card_about_a_route_says_so() -> None:
    def intravenous(draft: Resource) -> Resource:
        return {**draft, "dosageInstruction": [{"route": concept(ROUTE, "IV")}]}

    assert (
        "The route was recognised by a code that is not verified"
        in the_card(with_draft(intravenous), "antiresorptive-route")["detail"]
    )


def test_a_result_said_to_be_ordered_by_an_unverified_code_says_so() -> None:
    asked = resource("ServiceRequest", "odd", status="active", intent="order", code=concept(NABM, "0578"))
    card = the_card(cards(asked, order=DENOSUMAB), "calcium-unknown")
    assert "Calcium: ordered by a code that is not verified" in card["detail"]
    verified = resource("ServiceRequest", "sure", status="active", intent="order", code=concept(LOINC, "2000-8"))
    card = the_card(cards(asked, verified, order=DENOSUMAB), "calcium-unknown")
    assert "Calcium: ordered, await the result" in card["detail"]


def test_a_second_code_that_is_verified_verifies() -> None:
    both = {"coding": [{"system": HCPCS, "code": "J9000"}, {"system": ATC, "code": "L01DB01"}]}
    assert not WORLD.terminology.recognise(both["coding"]).unverified
