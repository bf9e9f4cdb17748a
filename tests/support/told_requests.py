"""Hook requests for property tests: the records and orders of the scenarios, mixed two by two."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from support.scenario import NOW, SERVICES, WORLD, request_for, scenarios_of

from cds_hooks import HookResponse
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import HookAnswer, advise

TOLD = [scenario.told for rule in GUIDELINES[0].rules for scenario in scenarios_of(rule.id)]
ROOMY = replace(WORLD, max_cards=1000)
"""The card limit hides cards; a property speaks of all of them."""


def mixed(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A scenario with the record and the orders of another added; of a result told twice the first counts."""
    one, other = first.get("record") or {}, second.get("record") or {}
    record = {**other, **one}
    for name, items in other.items():
        if isinstance(items, list) and isinstance(one.get(name), list):
            record[name] = [*one[name], *(item for item in items if item not in one[name])]
        elif isinstance(items, dict) and isinstance(one.get(name), dict):
            record[name] = {**items, **one[name]}
    told = {name: first[name] for name in ("hook", "only", "order", "orders") if name in first}
    orders = [*_orders(first), *(order for order in _orders(second) if order not in _orders(first))]
    if orders and told.get("hook") != "patient-view":
        told.pop("order", None)
        told["orders"] = orders
    return {**told, "record": record}


def _orders(told: dict[str, Any]) -> list[Any]:
    return list(told.get("orders") or ([told["order"]] if "order" in told else []))


@st.composite
def told_requests(draw: st.DrawFn) -> dict[str, Any]:
    """A hook request with a complete prefetch, of one scenario or two."""
    told = draw(st.sampled_from(TOLD))
    if draw(st.booleans()):
        told = mixed(told, draw(st.sampled_from(TOLD)))
    return request_for({**told, "unavailable": ()})


def answer(request: dict[str, Any], language: Language = Language.ENGLISH) -> HookAnswer:
    return advise(
        copy.deepcopy(request), SERVICES[f"bone-metastases-{request['hook']}"], ROOMY, now=NOW, language=language
    )


def cards(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards of a request, without the uuids that are fresh each time."""
    return bare(answer(request).response)


def bare(response: HookResponse) -> list[dict[str, Any]]:
    written = json.dumps(response.to_json(), sort_keys=True)
    found: list[dict[str, Any]] = json.loads(re.sub(r'"uuid": "[^"]+"', '"uuid": ""', written))["cards"]
    return found


def bundles(request: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The entries of each searched Bundle of the prefetch."""
    return {key: value["entry"] for key, value in request["prefetch"].items() if "entry" in value}
