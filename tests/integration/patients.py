"""The patients of `patients.yaml`: what is on record, what is ordered, and the rules that must speak at each hook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fhir_loading import Resource, with_prefix, without_prefix
from support.ehr import contents, ehr
from support.scenario import BASE, NOW, prefetch_of

from service.demo.run import DEMO_PATIENTS, demo_record
from service.demo.synthetic import told_record

PUBLIC_URL = "https://osteocds.example.org"
"""Where the service of the tests says that its pages are, whatever its port."""

Expected = Mapping[str, Sequence[str]]
"""The rules that speak, by indicator."""


@dataclass(frozen=True, eq=False)
class Patient:
    """One integration patient; `record` begins with the Patient and lists what is referenced before what refers to it."""

    id: str
    who: str
    record: tuple[Resource, ...]
    drafts: tuple[Resource, ...]
    expected: Mapping[str, Expected]

    def request(self, hook: str, prefix: str = "") -> dict[str, Any]:
        """The hook request of an EHR whose record was loaded with this prefix, without prefetch and FHIR server."""
        context: dict[str, Any] = {"userId": "Practitioner/1", "patientId": f"{prefix}{self.id}"}
        if hook != "patient-view":
            drafts = [with_prefix(draft, prefix) for draft in self.drafts]
            context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft} for draft in drafts]}
        if hook == "order-select":
            context["selections"] = [f"{draft['resourceType']}/{prefix}{draft['id']}" for draft in self.drafts]
        return {"hook": hook, "hookInstance": "0d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b", "context": context}


def _patient(told: Mapping[str, Any]) -> Patient:
    if "demo" in told:
        demo = next(one for one in DEMO_PATIENTS if one.id == told["demo"])
        record, orders, who = demo_record(demo, NOW.date()), list(demo.orders), demo.who.message
    else:
        base = {} if told.get("only") else BASE
        record = told_record(told["id"], NOW.date(), {**base, **(told.get("record") or {})})
        orders, who = told.get("orders") or ([told["order"]] if "order" in told else []), told["who"]
    drafts = tuple(record.order(order) for order in orders)
    return Patient(record.patient_id, who, tuple(record.resources), drafts, told["expect"])


PATIENTS = tuple(
    _patient(told) for told in yaml.safe_load(Path(__file__).with_name("patients.yaml").read_text(encoding="utf-8"))
)
CASES = [(patient, hook) for patient in PATIENTS for hook in patient.expected]
NAMES = [f"{patient.id} {hook}" for patient, hook in CASES]


@cache
def cards_of_the_story(patient: Patient, hook: str) -> list[dict[str, Any]]:
    """The cards for the record as it is told, with no server between: what every server's cards must be."""
    request = patient.request(hook) | {"prefetch": prefetch_of(list(patient.record), hook)}
    return plain(_EHR.cards(request))


def plain(cards: list[dict[str, Any]], prefix: str = "") -> list[dict[str, Any]]:
    """Cards without what differs between two answers that say the same: fresh uuids, the ids of a load."""
    return contents(json.loads(without_prefix(json.dumps(cards), prefix)))


def spoken(cards: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The rules that speak by the indicator of their card, and under `unchecked` those that could not be checked."""
    rules: dict[str, list[str]] = {}
    for card in cards:
        ours = card.get("extension", {}).get("org.osteocds", {})
        rules.setdefault(card["indicator"], []).extend(ours.get("rules", ()))
        rules.setdefault("unchecked", []).extend(ours.get("unchecked", ()))
    return {indicator: sorted(ids) for indicator, ids in rules.items() if ids}


_EHR = ehr(public_url=PUBLIC_URL)
