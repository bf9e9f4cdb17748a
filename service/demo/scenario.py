"""A scenario in words: a record and orders, told as a clinician would, as a hook request that a service answers.

- name: 29.9 mL/min is below the bound            # a sentence
  nom: 29,9 mL/min est sous la borne              # the same in French, for the catalogue
  order: {drug: zoledronic acid, dose: 4 mg}      # or a list `orders`; absent: patient-view
  hook: order-select                              # absent: order-sign with orders, patient-view without;
                                                  # an order may then be told `selected: false`
  record:                                         # on top of what the guideline takes for granted, unless told `only`
    clearance: 29.9 mL/min 2 days ago
  unavailable: [creatinine]                       # prefetch keys that the EHR could not look up
  expect: critical                                # info | warning | critical | silent | cannot tell
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mappings.vocabulary.concepts import Terminology
from service.demo.synthetic import SyntheticRecord, told_record
from service.rules.rule import Hook
from service.services import Service

PATIENT = "synthetic-1"
HOOK_INSTANCE = "0d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b"


def hook_of(told: Mapping[str, Any]) -> str:
    """The hook that a scenario is about."""
    return str(told.get("hook") or ("order-sign" if "order" in told or told.get("orders") else "patient-view"))


def told_request(
    told: Mapping[str, Any],
    today: date,
    taken_for_granted: Mapping[str, Any],
    *,
    patient: str = PATIENT,
    hook: str = "",
    terminology: Terminology | None = None,
) -> tuple[SyntheticRecord, dict[str, Any]]:
    """The record that is told, in the words of a terminology, and the request of its hook without any prefetch."""
    base = {} if told.get("only") else taken_for_granted
    record = told_record(patient, today, {**base, **(told.get("record") or {})}, terminology)
    orders = told.get("orders") or ([told["order"]] if "order" in told else [])
    drafts = [record.order(order) for order in orders]
    hook = hook or hook_of(told)
    chosen = [draft for draft, order in zip(drafts, orders, strict=True) if _selected(order)]
    context = context_of(Hook(hook), patient, drafts, chosen)
    return record, {"hook": hook, "hookInstance": HOOK_INSTANCE, "context": context}


def context_of(
    hook: Hook, patient: str, drafts: Sequence[Mapping[str, Any]], chosen: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The context of a hook, with the drafts where it is about orders; some of them are chosen while they are selected."""
    context: dict[str, Any] = {"userId": "Practitioner/1", "patientId": patient}
    if hook.is_about_orders:
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft} for draft in drafts]}
    if hook.value == "order-select":
        context["selections"] = [f"{draft.get('resourceType')}/{draft.get('id')}" for draft in chosen]
    return context


def _selected(order: Any) -> bool:
    """In order-select a draft is selected unless it is told `selected: false`."""
    return not isinstance(order, dict) or bool(order.get("selected", True))


def with_prefetch(
    request: Mapping[str, Any], record: SyntheticRecord, service: Service, unavailable: list[str]
) -> dict[str, Any]:
    """The request with a complete prefetch: every key of the service answered, each resource under the keys that ask for it.

    A key that is `unavailable` holds an OperationOutcome, and its resources stand nowhere else. Raises `KeyError` for one that
    the service does not have.
    """
    templates = service.description.prefetch
    gone = {one["id"] for key in unavailable for one in record.resources if is_asked_for(one, templates[key])}
    kept = [one for one in record.resources if one["id"] not in gone]
    prefetch: dict[str, Any] = {}
    for key, template in templates.items():
        if key in unavailable:
            prefetch[key] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
        elif template.startswith("Patient/"):
            prefetch[key] = next(one for one in record.resources if one["resourceType"] == "Patient")
        else:
            entries = [{"resource": one} for one in kept if is_asked_for(one, template)]
            prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
    return {**request, "prefetch": prefetch}


def without_empty_answers(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with null, which is an empty answer too, for each key that found nothing: shorter to read."""
    answers = {key: answer if answer.get("total", 1) else None for key, answer in request["prefetch"].items()}
    return {**request, "prefetch": answers}


def is_asked_for(resource: Mapping[str, Any], template: str) -> bool:
    """The resource is found by a prefetch template: its type, and for Observations one of the template's codes."""
    resource_type, _, parameters = template.partition("?")
    if resource["resourceType"] != resource_type:
        return False
    if "code=" not in parameters:
        return True
    concepts = [resource.get("code"), *(one.get("code") for one in resource.get("component", ()))]
    codings = [coding for concept in concepts if concept for coding in concept.get("coding", ())]
    return any(f"{coding.get('system')}|{coding.get('code')}" in parameters for coding in codings)
