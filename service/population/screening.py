"""One patient screened: the rules of the view asked of the record, and those of orders as if each active order were signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mappings.evidence import Resource, reference_of
from mappings.readers.orders import ORDER_TYPES, is_order, open_order
from service.explain import Explained, explain, on_one_line
from service.languages.render import Language
from service.pipeline import HookAnswer, advise
from service.population.chart import Chart
from service.rules.outcome import Advice
from service.rules.rule import Hook
from service.services import Service
from service.world import World

COLUMNS = ("patient", "hook", "order", "rule", "outcome", "indicator", "because", "facts", "hints", "resources")
"""Of a finding, all texts; empty where they do not apply."""

MOST_ORDERS = 200
"""Active orders of one patient that are asked about; those beyond are told as a finding of their own."""

NOT_ASKED = "not asked"
"""The outcome of orders beyond `MOST_ORDERS`, and of a patient whose screening failed."""

ScreenedRule = Mapping[str, str]

OF_THE_PATIENT, OF_AN_ORDER = Hook.PATIENT_VIEW.value, Hook.ORDER_SIGN.value
"""The hooks that a screen asks."""


@dataclass(frozen=True)
class Screening:
    """What is asked of each patient: the services of the hooks, on one day, in one language."""

    services: Sequence[Service]
    world: World
    now: datetime
    language: Language

    def of(self, chart: Chart) -> Iterator[ScreenedRule]:
        """The findings of one patient: a row a rule and, for the rules of orders, an order."""
        for service in self.services:
            if service.hook is Hook.PATIENT_VIEW:
                yield from self._asked(service, chart, chart.patient_id, None)
            elif service.hook is Hook.ORDER_SIGN:
                yield from self._signed(service, chart)

    def _signed(self, service: Service, chart: Chart) -> Iterator[ScreenedRule]:
        for place, order in enumerate(active_orders(chart)):
            if place < MOST_ORDERS:
                yield from self._asked(service, chart.without(order), chart.patient_id, order)
            else:
                yield _finding(chart.patient_id, service.hook, reference_of(order), "", NOT_ASKED)

    def answer(self, service: Service, chart: Chart, order: Resource | None) -> HookAnswer:
        """What the hook answers, about one order that is being signed or about the patient."""
        request = hook_request(service.hook, chart.patient_id, order)
        return advise(request, service, self.world, now=self.now, language=self.language, record_server=chart)

    def _asked(self, service: Service, chart: Chart, patient: str, order: Resource | None) -> Iterator[ScreenedRule]:
        answer = self.answer(service, chart, order)
        asked = {one.rule.id: one.outcome for one in answer.outcomes}
        about = "" if order is None else reference_of(order)
        for one in explain(answer, answer.rules):
            outcome = asked.get(one.rule)
            indicator = outcome.indicator.value if isinstance(outcome, Advice) else ""
            yield _finding(patient, service.hook, about, one.rule, one.outcome, indicator, **self._words(one))

    def _words(self, one: Explained) -> dict[str, str]:
        return {
            "because": on_one_line(one.because, self.language),
            "facts": on_one_line(one.facts, self.language),
            "hints": on_one_line(one.hints, self.language),
            "resources": " ".join(one.resources),
        }


def active_orders(chart: Chart) -> Iterator[Resource]:
    """The orders on record that are active or planned, or may be."""
    for resource_type in ORDER_TYPES:
        for one in chart.by_type.get(resource_type, ()):
            if is_order(one) and open_order(one).counts is not False:
                yield one


def hook_request(hook: Hook, patient: str, order: Resource | None) -> dict[str, Any]:
    """The request that the hook would send of this patient, without prefetch; an order is a draft once more."""
    context: dict[str, Any] = {"userId": "Practitioner/screening", "patientId": patient}
    if order is not None:
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": {**order, "status": "draft"}}]}
    return {"hook": hook.value, "hookInstance": "screening", "context": context}


def _finding(
    patient: str, hook: Hook, order: str, rule: str, outcome: str, indicator: str = "", **words: str
) -> ScreenedRule:
    given = {
        "patient": patient,
        "hook": hook.value,
        "order": order,
        "rule": rule,
        "outcome": outcome,
        "indicator": indicator,
    }
    return {name: (given | words).get(name, "") for name in COLUMNS}
