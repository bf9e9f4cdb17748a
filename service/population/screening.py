"""One patient screened: the rules of the view asked of the record, and those of orders as if each active order were signed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

import orjson

from cds_hooks import HookRequest
from mappings.evidence import Resource, reference_of
from mappings.facts import Facts
from mappings.queries import Reads
from mappings.readers.orders import ORDER_TYPES, is_order, open_order
from mappings.record import Record
from mappings.wording import _
from service.explain import explain, on_one_line
from service.languages.render import Language
from service.pipeline import HookAnswer, Known, advise
from service.population.board_sheet import sheet_of
from service.population.chart import NOT_READ, Chart
from service.rules.guideline import Guideline
from service.rules.outcome import Advice
from service.rules.quality import Case, QualityIndicator
from service.rules.rule import Hook
from service.services import Service
from service.world import World

COLUMNS = ("patient", "hook", "order", "rule", "outcome", "indicator", "because", "facts", "hints", "resources")
"""Of a finding, all texts; empty where they do not apply."""

MOST_ORDERS = 200
"""Active orders of one patient that are asked about; those beyond are told as a finding of their own."""

MOST_ORDERS_READ = 1_000_000
"""Orders of one patient that are read for all that is asked of them: each that is asked about is read beside all others."""

MOST_RESOURCES_NAMED = 200
"""In one finding; how many more there are is told."""

NOT_ASKED = "not asked"
"""The outcome of orders beyond `MOST_ORDERS`, and of a patient whose screening failed."""

CASE_COLUMNS = ("patient", "indicator", "month", "day", "counts", "met", "because", "resources")
"""Of a case of a quality indicator, all texts; `counts` is yes or may, `met` is yes, no or cannot tell."""

SHEET_COLUMNS = ("patient", "sheet")
"""The sheet of a patient for the board, as JSON."""

ScreenedRule = Mapping[str, str]
ScreenedCase = Mapping[str, str]

OF_THE_PATIENT, OF_AN_ORDER = Hook.PATIENT_VIEW.value, Hook.ORDER_SIGN.value
"""The hooks that a screen asks."""


@dataclass(frozen=True)
class Screened:
    """What a screen makes of one patient: the findings of the rules, the cases of the quality indicators, the board's sheets."""

    findings: Sequence[ScreenedRule]
    cases: Sequence[ScreenedCase] = ()
    sheets: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Screening:
    """What is asked of each patient: the services of the hooks, on one day, in one language."""

    services: Sequence[Service]
    world: World
    now: datetime
    language: Language

    def of(self, chart: Chart) -> Screened:
        """One patient: a finding a rule and, for the rules of orders, an order; and the cases of the indicators."""
        findings: list[ScreenedRule] = []
        cases: list[ScreenedCase] = []
        sheets: list[Mapping[str, str]] = []
        for guideline, hooks in self._by_guideline.items():
            record: Record | None = None
            if Hook.PATIENT_VIEW in hooks:
                viewed = hooks[Hook.PATIENT_VIEW]
                # Of a patient who is not exported, what is found besides would make an empty answer worth something.
                others = tuple(hooks.values()) if chart.knows_the_patient else ()
                answer = self.answer(viewed, chart, None, also=_read_besides(guideline, *others))
                record = answer.record
                findings += self._told(viewed, answer, chart.patient_id, None)
            if record is not None:
                cases += self._cases(guideline, record, chart.patient_id)
                sheets += self._sheets(guideline, record, chart)
            if Hook.ORDER_SIGN in hooks:
                findings += self._signed(hooks[Hook.ORDER_SIGN], chart, record)
        return Screened(findings, cases, sheets)

    @cached_property
    def _by_guideline(self) -> Mapping[Guideline, Mapping[Hook, Service]]:
        told: dict[Guideline, dict[Hook, Service]] = {}
        for service in self.services:
            told.setdefault(service.guideline, {})[service.hook] = service
        return told

    def _signed(self, service: Service, chart: Chart, record: Record | None) -> Iterator[ScreenedRule]:
        if any(map(chart.holds_unread, ORDER_TYPES)):
            yield not_asked(chart.patient_id, service.hook.value, because=on_one_line([NOT_READ], self.language))
        orders = list(active_orders(chart))
        most = min(MOST_ORDERS, max(1, MOST_ORDERS_READ // max(1, len(orders))))
        for place, order in enumerate(orders):
            if place < most:
                answer = self.answer(service, chart.without(order), order, record=record)
                yield from self._told(service, answer, chart.patient_id, order)
            else:
                yield not_asked(chart.patient_id, service.hook.value, reference_of(order))

    def answer(
        self,
        service: Service,
        chart: Chart,
        order: Resource | None,
        *,
        also: frozenset[Reads] = frozenset(),
        record: Record | None = None,
    ) -> HookAnswer:
        """What the hook answers, about one order that is being signed or about the patient.

        A `record` of the patient that holds all that the service may ask is read on, not again, where it can do without the
        order.
        """
        own = "" if order is None else reference_of(order)
        known = Known(record, own) if own and record is not None and record.can_do_without(own) else None
        request = hook_request(service.hook, chart.patient_id, order)
        is_plain = _PLAIN_ID.fullmatch(chart.patient_id) is not None
        return advise(
            as_it_is_read(request) if is_plain else request,
            service,
            self.world,
            now=self.now,
            language=self.language,
            record_server=chart,
            also=also,
            with_cards=False,
            known=known,
        )

    def _told(
        self, service: Service, answer: HookAnswer, patient: str, order: Resource | None
    ) -> Iterator[ScreenedRule]:
        asked = {one.rule.id: one.outcome for one in answer.outcomes}
        about = "" if order is None else reference_of(order)
        hook, language = service.hook.value, self.language
        for one in explain(answer, answer.rules):
            outcome = asked.get(one.rule)
            because, facts, hints = one.words(language)
            yield {
                "patient": patient,
                "hook": hook,
                "order": about,
                "rule": one.rule,
                "outcome": one.outcome,
                "indicator": outcome.indicator.value if isinstance(outcome, Advice) else "",
                "because": because,
                "facts": facts,
                "hints": hints,
                "resources": _named(one.resources),
            }

    def _cases(self, guideline: Guideline, record: Facts, patient: str) -> Iterator[ScreenedCase]:
        for indicator in guideline.quality:
            for case in cases_of(indicator, record):
                day = None if case.when is None or case.when.partial else case.when.first
                yield {
                    "patient": patient,
                    "indicator": indicator.id,
                    "month": "" if case.month is None else f"{case.month:%Y-%m}",
                    "day": "" if day is None else day.isoformat(),
                    "counts": "yes" if case.counts else "may",
                    "met": MET[case.met],
                    "because": on_one_line(dict.fromkeys(case.why), self.language),
                    "resources": _named(case.sources),
                }

    def _sheets(self, guideline: Guideline, record: Record, chart: Chart) -> Iterator[Mapping[str, str]]:
        told = sheet_of(guideline, record, chart, self.language, ended=record.ended)
        if told is not None:
            yield {"patient": chart.patient_id, "sheet": orjson.dumps(told).decode()}


def _named(resources: Sequence[str]) -> str:
    beyond = len(resources) - MOST_RESOURCES_NAMED
    return " ".join([*resources[:MOST_RESOURCES_NAMED], *([f"+{beyond}"] if beyond > 0 else [])])


MET = {True: "yes", False: "no", None: "cannot tell"}


def cases_of(indicator: QualityIndicator, record: Facts) -> Sequence[Case]:
    """The cases of one patient; a defect of ours is a case that may count, and takes nothing else down."""
    try:
        return list(indicator.cases(record))
    except Exception as error:  # noqa: BLE001 - as in asking a rule
        return [
            Case(None, None, counts=False, why=(_("a defect of the service ({error})", error=type(error).__name__),))
        ]


@lru_cache(maxsize=8)
def _read_besides(guideline: Guideline, *services: Service) -> frozenset[Reads]:
    """What the indicators, the sheet, and the rules of these services read: a record is looked up once for all of them.

    It then is what a client sends that prefetches all that discovery asks for.
    """
    reads = frozenset[Reads]() if guideline.sheet is None else guideline.sheet.reads
    if services and guideline.unidentified_matter is not None:
        reads |= guideline.unidentified_matter.reads
    rules = (one.reads for service in services for one in service.rules)
    return reads.union(*(one.reads for one in guideline.quality), *rules)


def active_orders(chart: Chart) -> Iterator[Resource]:
    """The orders on record that are active or planned, or may be; each once."""
    told = set()
    for resource_type in ORDER_TYPES:
        for one in chart.by_type.get(resource_type, ()):
            if is_order(one) and open_order(one).counts is not False:
                name = reference_of(one)
                if name not in told:
                    yield one
                if name:
                    told.add(name)


_PLAIN_ID = re.compile(r"[A-Za-z0-9-][A-Za-z0-9.-]{0,63}")


def as_it_is_read(request: Mapping[str, Any]) -> HookRequest:
    """What is read of a request of `hook_request`, whose patient has an id that a server of FHIR takes."""
    context = request["context"]
    orders = context.get("draftOrders", {}).get("entry", ())
    return HookRequest(request["hook"], request["hookInstance"], context["patientId"], draft_orders=tuple(orders))


def hook_request(hook: Hook, patient: str, order: Resource | None) -> dict[str, Any]:
    """The request that the hook would send of this patient, without prefetch; an order is a draft once more."""
    context: dict[str, Any] = {"userId": "Practitioner/screening", "patientId": patient}
    if order is not None:
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": {**order, "status": "draft"}}]}
    return {"hook": hook.value, "hookInstance": "screening", "context": context}


def not_asked(patient: str, hook: str = "", order: str = "", because: str = "") -> ScreenedRule:
    """The finding of a patient, or of an order, that no rule was asked about."""
    told = {"patient": patient, "hook": hook, "order": order, "outcome": NOT_ASKED, "because": because}
    return {name: told.get(name, "") for name in COLUMNS}
