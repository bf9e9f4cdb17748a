"""A scenario in words: a record, an order, and what one rule says; a file of `tests/scenarios` a rule.

- name: 29.9 mL/min is below the bound            # a sentence
  nom: 29,9 mL/min est sous la borne              # the same in French, for the catalogue
  order: {drug: zoledronic acid, dose: 4 mg}      # or a list `orders`; absent: patient-view
  hook: order-select                              # absent: order-sign with orders, patient-view without;
                                                  # an order may then be told `selected: false`
  record:                                         # on top of BASE: lung cancer and bone metastasis, nothing else
    clearance: 29.9 mL/min 2 days ago
  unavailable: [creatinine]                       # prefetch keys that the EHR could not look up
  expect: critical                                # info | warning | critical | silent | cannot tell
  because: ...                                    # a part of the reason of a silence, in English (optional)
  offers: [delete]                                # labels (parts of them), each must be there; [] means none
  says: [contraindicated]                         # parts of summary or detail, in English
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from service.demo.synthetic import SyntheticRecord, told_record
from service.evaluate import RuleOutcome
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import HookAnswer, advise
from service.rules.outcome import Advice, CannotTell, Failure
from service.services import published
from service.settings import read_settings
from service.world import World

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland"))
"""Off UTC, at the end of a month, in the days of another date in Europe: bad handling of zones shows."""

PATIENT = "synthetic-1"
BASE = {"conditions": ["lung cancer", "bone metastasis"]}
SCENARIOS = Path(__file__).parents[1] / "scenarios"
SETTINGS = replace(read_settings({}), timezone=ZoneInfo("Pacific/Auckland"))
WORLD = World.from_settings(SETTINGS, ThreadPoolExecutor(max_workers=1))
SERVICES = published(GUIDELINES, split=False, terminology=WORLD.terminology)


@dataclass(frozen=True, eq=False)
class Scenario:
    """One scenario of the rule that its file is named after."""

    rule: str
    told: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.told["name"])


@cache
def scenarios_of(rule: str) -> tuple[Scenario, ...]:
    """The scenarios of one rule's file, the same objects each time."""
    path = SCENARIOS / f"{rule}.yaml"
    if not path.exists():
        return ()
    return tuple(Scenario(rule, told) for told in yaml.safe_load(path.read_text(encoding="utf-8")))


def request_for(told: dict[str, Any], hook: str | None = None) -> dict[str, Any]:
    """The hook request of a scenario: its record as a complete prefetch, its orders as drafts."""
    record, request = record_and_hook(told, PATIENT, hook)
    prefetch = prefetch_of(record.resources, request["hook"])
    for key in told.get("unavailable") or []:
        assert key in prefetch, f"no prefetch key {key}; there are {sorted(prefetch)}"
        prefetch[key] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
        prefetch = _without(prefetch, key, record.resources, request["hook"])
    return {**request, "prefetch": prefetch}


def record_and_hook(
    told: dict[str, Any], patient: str, hook: str | None = None
) -> tuple[SyntheticRecord, dict[str, Any]]:
    """The record that is told, and the request of its hook without any prefetch."""
    base = {} if told.get("only") else BASE
    record = told_record(patient, NOW.date(), {**base, **(told.get("record") or {})})
    orders = told.get("orders") or ([told["order"]] if "order" in told else [])
    drafts = [record.order(order) for order in orders]
    hook = hook or told.get("hook") or ("order-sign" if drafts else "patient-view")
    context: dict[str, Any] = {"userId": "Practitioner/1", "patientId": patient}
    if hook != "patient-view":
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft} for draft in drafts]}
    if hook == "order-select":
        chosen = [draft for draft, order in zip(drafts, orders, strict=True) if _selected(order)]
        context["selections"] = [f"{draft['resourceType']}/{draft['id']}" for draft in chosen]
    return record, {"hook": hook, "hookInstance": "0d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b", "context": context}


def _selected(order: Any) -> bool:
    """In order-select a draft is selected unless it is told `selected: false`."""
    return not isinstance(order, dict) or order.get("selected", True)


def prefetch_of(resources: list[dict[str, Any]], hook: str) -> dict[str, Any]:
    """A complete prefetch: every key of the service answered, each resource under the first key of its type and code."""
    keys = SERVICES[f"bone-metastases-{hook}"].description.prefetch
    prefetch: dict[str, Any] = {}
    for key, template in keys.items():
        if template.startswith("Patient/"):
            prefetch[key] = next(one for one in resources if one["resourceType"] == "Patient")
            continue
        entries = [{"resource": one} for one in resources if answers(one, template)]
        prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
    return prefetch


def answers(resource: dict[str, Any], template: str) -> bool:
    """The resource is found by a prefetch template: its type, and for Observations one of the template's codes."""
    resource_type, _, parameters = template.partition("?")
    if resource["resourceType"] != resource_type:
        return False
    if "code=" not in parameters:
        return True
    concepts = [resource.get("code"), *(one.get("code") for one in resource.get("component", ()))]
    codings = [coding for concept in concepts if concept for coding in concept.get("coding", ())]
    return any(f"{coding.get('system')}|{coding.get('code')}" in parameters for coding in codings)


def _without(prefetch: dict[str, Any], key: str, resources: list[dict[str, Any]], hook: str) -> dict[str, Any]:
    """The prefetch without the resources of a key that could not be looked up, wherever they stand."""
    template = SERVICES[f"bone-metastases-{hook}"].description.prefetch[key]
    gone = [one["id"] for one in resources if answers(one, template)]
    for value in prefetch.values():
        if "entry" in value:
            value["entry"] = [entry for entry in value["entry"] if entry["resource"]["id"] not in gone]
            value["total"] = len(value["entry"])
    return prefetch


@cache
def answer_to(scenario: Scenario, language: Language = Language.ENGLISH) -> HookAnswer:
    """The whole answer to a scenario; each is computed once a test run."""
    return run(scenario.told, language)


def run(told: dict[str, Any], language: Language = Language.ENGLISH) -> HookAnswer:
    """The whole answer to a scenario."""
    request = request_for(told)
    service = SERVICES[f"bone-metastases-{request['hook']}"]
    return advise(request, service, WORLD, now=NOW, language=language)


def outcome_word(answered: list[RuleOutcome]) -> str:
    """What a rule answered, in the words of a scenario: its most severe answer over all orders."""
    order = ["critical", "warning", "info", "failed", "cannot tell", "silent"]
    words = ["silent"]
    for one in answered:
        match one.answer:
            case Advice() as advice:
                words.append(advice.indicator.value)
            case CannotTell():
                words.append("cannot tell")
            case Failure():
                words.append("failed")
    return min(words, key=order.index)
