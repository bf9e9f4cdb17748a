"""A screen reads a patient once for all hooks: what an order's hook is given so is what it would read of the record itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import pytest
from support.scenario import NOW, SERVICES, WORLD
from test_screen import TYPES, cohort

from cds_hooks import read_hook_request
from mappings.clock import Clock
from mappings.evidence import NOT_ASKED, Evidence
from mappings.record import OF_ORDERS, Record
from service.languages.render import Language
from service.population.chart import Chart
from service.population.screening import Screened, Screening, as_it_is_read, hook_request
from service.rules.rule import Hook

Resource = dict[str, Any]

SCREENING = Screening(tuple(SERVICES.values()), WORLD, NOW, Language.ENGLISH)


def screened(resources: list[Resource]) -> Screened:
    patient = next(one["subject"]["reference"] for one in resources if "subject" in one).partition("/")[2]
    return SCREENING.of(Chart(patient, resources, frozenset(TYPES), WORLD.terminology))


def order_of(resources: list[Resource]) -> Resource | None:
    found = (one for one in resources if one["resourceType"] in OF_ORDERS and one.get("status") == "active")
    return next(found, None)


def referring(member: str, kind: str) -> Callable[[list[Resource]], None]:
    """A resource of a type that refers to an order."""

    def change(resources: list[Resource]) -> None:
        order = order_of(resources)
        holder = next((one for one in resources if one["resourceType"] == kind and one is not order), None)
        if order is not None and holder is not None:
            holder[member] = [{"reference": f"{order['resourceType']}/{order['id']}"}]

    return change


def twice(resources: list[Resource]) -> None:
    if (order := order_of(resources)) is not None:
        resources.append({**order, "priority": "stat"})


def without_id(resources: list[Resource]) -> None:
    if (order := order_of(resources)) is not None:
        del order["id"]


def without_patient(resources: list[Resource]) -> None:
    resources[:] = [one for one in resources if one["resourceType"] != "Patient"]


def of_another(resources: list[Resource]) -> None:
    if (order := order_of(resources)) is not None:
        order["patient"] = {"reference": "Patient/another"}


def replacing(reference: Mapping[str, str]) -> Callable[[list[Resource]], None]:
    def change(resources: list[Resource]) -> None:
        if (order := order_of(resources)) is not None:
            order["priorPrescription"] = reference

    return change


ODD: dict[str, Callable[[list[Resource]], None]] = {
    "as it is": lambda _resources: None,
    "an order twice": twice,
    "an order without id": without_id,
    "no patient": without_patient,
    "another patient's order": of_another,
    "an order replaces one that is not there": replacing({"reference": "MedicationRequest/gone"}),
    "an order replaces what is no order": replacing({"reference": "Condition/some"}),
    "an order replaces itself": replacing({"reference": "MedicationRequest/synthetic-order-1"}),
    "a procedure based on an order": referring("basedOn", "Procedure"),
    "a diagnosis that is its own reason": referring("reasonReference", "ServiceRequest"),
    "an administration of an order": referring("request", "MedicationAdministration"),
    "a statement based on an order": referring("basedOn", "MedicationStatement"),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_order_is_told_of_a_shared_record_what_it_is_told_of_its_own(
    odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [record for record in islice(cohort(), 1, None) if order_of(record) is not None]
    for record in records:
        ODD[odd](record)
    shared = [screened(record) for record in records]
    monkeypatch.setattr(Record, "can_do_without", lambda _self, _order: False)
    assert sum(len(one.findings) for one in shared) > 500
    for record, one in zip(records, shared, strict=True):
        assert one == screened(record)


def test_most_orders_are_asked_of_a_shared_record(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    asked = Record.can_do_without

    def can_do_without(self: Record, order: str) -> bool:
        told.append(asked(self, order))
        return told[-1]

    monkeypatch.setattr(Record, "can_do_without", can_do_without)
    for record in islice(cohort(), 1, None):
        screened(record)
    assert len(told) > 20
    assert all(told)


ORDER = {"resourceType": "ServiceRequest", "id": "order", "status": "active", "intent": "order"}
NOT_SPARED: dict[str, list[Resource]] = {
    "something refers to it": [
        ORDER,
        {
            "resourceType": "Procedure",
            "id": "act",
            "status": "completed",
            "reasonReference": [{"reference": "ServiceRequest/order"}],
        },
    ],
    "it is there twice": [ORDER, ORDER | {"priority": "stat"}],
    "it is not there": [],
}


@pytest.mark.parametrize("case", NOT_SPARED)
def test_an_order_is_not_done_without_where(case: str) -> None:
    evidence = Evidence("one", answered={"patient", "serviceRequests", "medicationRequests"})
    record = Record(evidence, (), Clock(NOW), WORLD.terminology, WORLD.clinical["bone-metastases"])
    evidence.add({**ORDER, "id": "other"})
    for one in NOT_SPARED[case]:
        evidence.add(one)
    assert record.procedures is not None
    assert record.can_do_without("ServiceRequest/other")
    assert not record.can_do_without("ServiceRequest/order")
    evidence.gaps["patient"] = (NOT_ASKED,)
    assert not record.can_do_without("ServiceRequest/other")


@pytest.mark.parametrize("hook", [Hook.PATIENT_VIEW, Hook.ORDER_SIGN])
def test_a_request_that_is_made_is_what_would_be_read_of_it(hook: Hook) -> None:
    order = None if hook is Hook.PATIENT_VIEW else {"resourceType": "ServiceRequest", "id": "order"}
    request = hook_request(hook, "a-1.b", order)
    assert as_it_is_read(request) == read_hook_request(request, hook.value)
