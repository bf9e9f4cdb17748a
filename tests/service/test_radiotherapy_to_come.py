"""Radiotherapy and surgery that are still to come, however the record tells them, and those that a draft takes the place of.

`rules.md`, chapter B: radiotherapy given, under way or planned, by a Procedure or a ServiceRequest. Today is 2026-03-31.
"""

from __future__ import annotations

from typing import Any

import pytest
from support.ehr import ehr, rules
from support.scenario import PATIENT, request_for

Resource = dict[str, Any]

BEFORE, AFTER = "radiosensitiser-before-radiotherapy", "radiosensitiser-after-radiotherapy"
SNOMED, ATC = "http://snomed.info/sct", "http://www.whocc.no/atc"
BEAM, RIB, GEMCITABINE = "33195004", "113197003", "L01BC05"
GEMCITABINE_TODAY = {"order": {"drug": "gemcitabine", "dose": "1800 mg", "count": 1, "start in": 0}}
NAILING = "86975004"


@pytest.fixture(scope="module")
def client():
    return ehr()


def concept(code: str, system: str = SNOMED) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def act(kind: str, id_: str, **members: Any) -> Resource:
    subject = {"reference": f"Patient/{PATIENT}"}
    named = {"code": concept(BEAM), "bodySite": [concept(RIB)]}
    return {"resourceType": kind, "id": id_, "subject": subject, **named, **members}


def ordered(id_: str = "ordered", day: str = "2026-04-08", **members: Any) -> Resource:
    """Radiotherapy ordered for a day."""
    return act("ServiceRequest", id_, **{"status": "active", "intent": "order", "occurrenceDateTime": day, **members})


def done(status: str, **members: Any) -> Resource:
    """A Procedure of radiotherapy, 8 to 21 April."""
    return act(
        "Procedure", "done", status=status, performedPeriod={"start": "2026-04-08", "end": "2026-04-21"}, **members
    )


def gemcitabine(id_: str, day: str, status: str) -> Resource:
    """One dose of gemcitabine that is ordered for a day."""
    timing = {"event": [day]}
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": status,
        "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "medicationCodeableConcept": concept(GEMCITABINE, ATC),
        "dosageInstruction": [{"timing": timing}],
    }


def asked(*record: Resource, drafts: tuple[Resource, ...] = (), told: Any = None) -> Any:
    request = request_for(told or GEMCITABINE_TODAY)
    for one in record:
        key = f"{one['resourceType'][0].lower()}{one['resourceType'][1:]}s"
        request["prefetch"][key]["entry"].append({"resource": one})
    request["context"]["draftOrders"]["entry"] += [{"resource": one} for one in drafts]
    return request


@pytest.mark.parametrize("status", ["preparation", "PREPARATION", "planned"])
def test_a_procedure_that_is_still_to_be_done_is_planned_radiotherapy(client, status):
    assert AFTER in rules(client.cards(asked(done(status))))


def test_planned_radiotherapy_is_looked_at_from_its_planned_day(client):
    far = act("Procedure", "far", status="preparation", performedDateTime="2026-05-20")
    assert AFTER not in rules(client.cards(asked(far)))


@pytest.mark.parametrize("status", ["preparation", "not-done", "entered-in-error"])
def test_an_order_of_which_nothing_was_done_stands(client, status):
    """A session that was missed, or a plan that is being made, does not make the order vanish."""
    carried = done(status, basedOn=[{"reference": "ServiceRequest/ordered"}])
    assert AFTER in rules(client.cards(asked(ordered(), carried)))


def test_an_order_that_was_begun_is_told_by_what_was_done(client):
    given = act(
        "Procedure",
        "given",
        status="completed",
        performedPeriod={"start": "2025-04-08", "end": "2025-04-21"},
        basedOn=[{"reference": "ServiceRequest/ordered"}],
    )
    assert AFTER not in rules(client.cards(asked(ordered(), given)))


def test_the_line_of_a_planned_order_says_its_day(client):
    card = next(one for one in client.cards(asked(ordered())) if AFTER in one["extension"]["org.osteocds"]["rules"])
    assert "planned (8 Apr 2026)" in card["detail"]
    assert "undated" not in card["detail"]


def test_surgery_that_is_still_to_be_done_is_planned_surgery(client):
    nailing = {"code": concept(NAILING), "bodySite": [concept("71341001")], "reasonCode": [concept("94222008")]}
    surgery = act("Procedure", "nailing", status="preparation", performedDateTime="2026-04-02", **nailing)
    told = {"order": {"drug": "cisplatin", "dose": "100 mg", "count": 1, "start in": 8}}
    assert "treatment-after-bone-surgery" in rules(client.cards(asked(surgery, told=told)))


@pytest.mark.parametrize(("code", "is_told"), [("C79.5", True), ("S72.0", False), ("M16.1", False), ("M79.6", True)])
def test_surgery_for_an_injury_or_arthrosis_is_no_surgery_of_a_metastasis(client, code, is_told):
    why = {"reasonCode": [concept(code, "http://hl7.org/fhir/sid/icd-10")]}
    nailing = {"code": concept(NAILING), "bodySite": [concept("71341001")], **why}
    surgery = act("Procedure", "nailing", status="completed", performedDateTime="2026-03-29", **nailing)
    told = {"order": {"drug": "cisplatin", "dose": "100 mg", "count": 1, "start in": 0}}
    assert ("treatment-after-bone-surgery" in rules(client.cards(asked(surgery, told=told)))) is is_told


# --- what a draft takes the place of ----------------------------------------------------------------------------------

LATER = "2026-05-20"


@pytest.mark.parametrize("by", [{"id": "ordered"}, {"replaces": [{"reference": "ServiceRequest/ordered"}]}], ids=repr)
def test_radiotherapy_that_a_draft_puts_off_is_looked_at_on_its_new_day(client, by):
    draft = ordered("draft", LATER, status="draft") | by
    assert not {BEFORE, AFTER} & set(rules(client.cards(asked(ordered(), drafts=(draft,)))))
    assert AFTER in rules(client.cards(asked(ordered(), drafts=(ordered("draft", LATER, status="draft"),))))


def test_radiotherapy_that_was_begun_is_not_taken_back_by_an_order_that_replaces_it(client):
    begun = ordered(day="2026-03-27")
    draft = ordered("draft", LATER, status="draft", replaces=[{"reference": "ServiceRequest/ordered"}])
    assert AFTER in rules(client.cards(asked(begun, drafts=(draft,))))


@pytest.mark.parametrize(
    "by", [{"id": "before"}, {"priorPrescription": {"reference": "MedicationRequest/before"}}], ids=repr
)
def test_a_radiosensitiser_that_a_draft_puts_off_is_looked_at_on_its_new_day(client, by):
    told = {"order": {"act": "radiotherapy", "site": "rib", "start in": 0}}
    before = gemcitabine("before", "2026-04-05", "active")
    later = gemcitabine("draft", "2026-07-20", "draft")
    assert BEFORE not in rules(client.cards(asked(before, drafts=(later | by,), told=told)))
    assert BEFORE in rules(client.cards(asked(before, drafts=(later,), told=told)))
