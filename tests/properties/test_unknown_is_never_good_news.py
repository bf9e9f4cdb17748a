"""An unknown value is never good news: a rule that advised still does, or says that it could not be checked.

One status, flag or modifier of one entry of a scenario is replaced by a value that no table holds. Exposures are another
matter: a possible one counts, and is said (`rules.md`, "Exposure"; `tests/mappings/test_exposures.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from support.scenario import NOW, SERVICES, WORLD, Scenario, request_for, scenarios_of

from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import advise

MOST_SCENARIOS = 4
STATUSES = ("status", "clinicalStatus", "verificationStatus", "intent")
INVENTED = "zorglub"
ODD: dict[str, Any] = {
    **dict.fromkeys(STATUSES, INVENTED),
    "modifierExtension": [{"url": "urn:invented", "valueCode": INVENTED}],
    "implicitRules": "urn:invented",
    "doNotPerform": INVENTED,
}
OF_DRUGS = ("MedicationAdministration", "MedicationStatement", "MedicationRequest")
OF_CALCIUM = {"hypercalcaemia", "hypercalcaemic-crisis", "hypocalcaemia", "supplement-while-hypercalcaemia"}


def stood_in_for(scenario: Scenario, changed: str) -> set[str]:
    """A measured calcium of the same day stands in for a corrected one of the laboratory that cannot be used."""
    is_sent = "corrected calcium" in str(scenario.told.get("record"))
    return OF_CALCIUM if is_sent and changed.startswith("Observation") else set()


SILENCED = {"denosumab-dose", "supplementation-missing", "spinal-instability"}
"""Silent beside what asks to remove the order: where that may be, they say nothing of how to give it."""


def said(request: dict[str, Any]) -> tuple[set[str], set[str], set[str]]:
    """The rules that advise, those that could not be checked, and the topics."""
    service = SERVICES[f"bone-metastases-{request['hook']}"]
    answer = advise(request, service, WORLD, now=NOW, language=Language.ENGLISH).response.to_json()
    ours = [(card["source"]["topic"]["code"], card["extension"]["org.osteocds"]) for card in answer["cards"]]
    advising = {rule for _, told in ours for rule in told.get("rules", ())}
    return advising, {rule for _, told in ours for rule in told.get("unchecked", ())}, {topic for topic, _ in ours}


def entries(request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each resource of the record once, and each draft."""
    yield from dict(_copies(request)).items()
    for entry in request["context"].get("draftOrders", {}).get("entry", ()):
        yield "draft", entry["resource"]


def with_odd(request: dict[str, Any], place: str, resource: dict[str, Any], field: str) -> dict[str, Any]:
    """The request, with an invented value in every copy of one resource."""
    changed = copy.deepcopy(request)
    for name, one in (*_copies(changed), *entries(changed)):
        if (name == place) and one["id"] == resource["id"] and one["resourceType"] == resource["resourceType"]:
            one[field] = ODD[field]
    return changed


def _copies(request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for bundle in request["prefetch"].values():
        for entry in (bundle or {}).get("entry", ()):
            yield f"{entry['resource']['resourceType']}/{entry['resource']['id']}", entry["resource"]


def odd_requests(scenario: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    request = request_for(scenario.told)
    for place, resource in entries(request):
        if place != "draft" and resource["resourceType"] in OF_DRUGS:
            continue
        for field in ODD:
            if field in resource or field in ("modifierExtension", "implicitRules"):
                yield f"{place} {field}", with_odd(request, place, resource, field)


RULES = sorted(rule.id for rule in GUIDELINES[0].rules)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_advised_still_does_or_says_that_it_could_not_be_checked(rule):
    told = [one for one in scenarios_of(rule) if not one.told.get("unavailable") and not one.told.get("missing")]
    speaking = [one for one in told if rule in said(request_for(one.told))[0]][:MOST_SCENARIOS]
    for scenario in speaking:
        before, _, _ = said(request_for(scenario.told))
        for changed, request in odd_requests(scenario):
            advising, unchecked, topics = said(request)
            if changed.startswith("draft") and "not-identified" in topics:
                continue
            lost = before - advising - unchecked - SILENCED - stood_in_for(scenario, changed)
            assert not lost, (scenario.name, changed, lost, topics)
