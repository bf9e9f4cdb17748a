"""START HERE. A hook request flows straight down: validate, gather, map, evaluate, card, respond.

`advise` is the whole of it; each step is a pure transformation of the one before, except the second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cds_hooks import Card, HookRequest, HookResponse, PreconditionFailed, read_hook_request
from mappings.clock import Clock
from mappings.evidence import Evidence, Resource, bare_id, local_reference, reference_of
from mappings.facts import Order
from mappings.queries import queries_for
from mappings.readers.not_understood import NotUnderstood
from mappings.readers.orders import courses_of_orders, is_order, read_order, unreadable_order
from mappings.readers.shapes import a_map, a_text
from mappings.record import Record
from mappings.vocabulary.concepts import Terminology
from mappings.wording import _
from service.cards.compose import Composed, compose, limited, silence, told_plainly, written
from service.cards.suggestions import Ordering
from service.evaluate import Answered, evaluate, triggered
from service.gathering.fhir_server import NOT_LISTED, FhirServer
from service.gathering.gather import fetch_medications, gather, new_evidence, unresolved_medications
from service.languages.render import Language
from service.rules.outcome import Advice, Indicator, Silence
from service.rules.rule import Rule
from service.services import Service
from service.world import World

LOG = logging.getLogger("osteocds")


@dataclass(frozen=True, slots=True)
class Advised:
    """The answer to a hook, and what every rule said on the way, for the explanation, the metrics and the tests."""

    response: HookResponse
    answers: tuple[Answered, ...]
    rules: tuple[Rule, ...]
    orders: tuple[Order, ...]
    record: Record | None


def advise(
    body: object,
    service: Service,
    world: World,
    *,
    now: datetime,
    language: Language,
    public_url: Callable[[], str] = str,
) -> Advised:
    """Answer one hook request; `public_url` is asked for the address of the service where a card links to its pages.

    Raises `InvalidHookRequest` for a body that is none, and `PreconditionFailed` where nothing could be looked up.
    """
    request = read_hook_request(body, service.hook)
    clock = Clock(now)
    evidence, server = new_evidence(request), _server(request, world)
    drafts = Drafts(request, evidence, clock, world.terminology)
    _look_up_medications(request, evidence, server, world)
    orders = drafts.read()
    rules = triggered(service.rules, orders, patient_view=service.patient_view)
    record = None
    if rules:
        _gather_needs(request, rules, evidence, server, world)
        orders = drafts.read_again()
        record = Record(evidence, orders, clock, world.terminology, world.clinical)
    answers = evaluate(rules, orders, record, patient_view=service.patient_view) if record is not None else ()
    _check_precondition(request, answers, evidence)
    spoken = silence(answers)
    ordering = _ordering(request, orders, clock, language, world)
    cards = _cards(spoken, orders, record, ordering, world, public_url)
    return Advised(HookResponse(cards), spoken, rules, orders, record)


# --- the cards --------------------------------------------------------------------------------------------------------


def _cards(
    spoken: Sequence[Answered],
    orders: Sequence[Order],
    record: Record | None,
    ordering: Ordering,
    world: World,
    public_url: Callable[[], str],
) -> tuple[Card, ...]:
    """The answers as cards. A defect of ours in one of them takes the others down no more than one in a rule does."""
    unidentified = [order for order in orders if order.triggers and not order.identified]
    try:
        composed = compose(spoken, unidentified, record, _set_aside(record))
    except Exception as error:  # noqa: BLE001 - what the rules advise must not be lost; it is told on a card
        _log_defect(error, "composing cards")
        told = [one for one in spoken if not isinstance(one.answer, Silence)]
        levels = [one.answer.indicator for one in told if isinstance(one.answer, Advice)]
        worst = max(levels, key=lambda indicator: indicator.rank, default=Indicator.INFO)
        return (told_plainly([one.rule.id for one in told], worst, ordering.language),)
    return tuple(_written(card, ordering, world, public_url) for card in limited(composed, world.max_cards))


def _set_aside(record: Record | None) -> Sequence[NotUnderstood]:
    """What of the record was not understood, for the quiet card."""
    try:
        return record.not_understood() if record is not None else ()
    except Exception as error:  # noqa: BLE001 - the rules' cards must not be lost with the quiet one
        _log_defect(error, "telling what was not understood")
        return ()


def _written(card: Composed, ordering: Ordering, world: World, public_url: Callable[[], str]) -> Card:
    try:
        return written(card, ordering.language, ordering, world.selection_behavior, public_url)
    except Exception as error:  # noqa: BLE001 - as above
        _log_defect(error, f"writing the card of {', '.join(card.rules) or card.topic}")
        return told_plainly((*card.rules, *card.unchecked), card.indicator, ordering.language)


def _log_defect(error: Exception, doing: str) -> None:
    """The exception's type only: its message may hold what a patient's record says."""
    LOG.error("defect of the service: %s while %s", type(error).__name__, doing)


# --- the FHIR server --------------------------------------------------------------------------------------------------


def _server(request: HookRequest, world: World) -> FhirServer | None:
    """The request's FHIR server; None where it names none, or one that may not be called."""
    if not request.fhir_server or not world.allowlist.permits(request.fhir_server):
        return None
    return FhirServer(
        request.fhir_server,
        world.session,
        time.monotonic() + world.deadline_seconds,
        request.authorization,
        world.missing_resource_types,
    )


def _gather_needs(
    request: HookRequest, rules: Sequence[Rule], evidence: Evidence, server: FhirServer | None, world: World
) -> None:
    """Look up what the rules need, and nothing else."""
    needs = frozenset().union(*(rule.needs for rule in rules))
    queries = queries_for(needs, world.terminology)
    gather(request, queries, evidence, server, world.executor)
    if server is None and request.fhir_server:
        for query in queries:
            if query.key not in evidence.answered:
                evidence.gaps.setdefault(query.key, (NOT_LISTED,))


def _check_precondition(request: HookRequest, answers: Sequence[Answered], evidence: Evidence) -> None:
    """412 where nothing was prefetched, there is no FHIR server to ask, and no rule could speak without the record."""
    nothing_known = not evidence.answered and not evidence.gaps and not request.fhir_server
    if answers and nothing_known and not any(isinstance(one.answer, Advice) for one in answers):
        raise PreconditionFailed(
            {
                "prefetch": "the data of the service's prefetch templates (GET /cds-services) was not sent, and there is "
                "no fhirServer to ask for it"
            }
        )


# --- draft orders -----------------------------------------------------------------------------------------------------


def _look_up_medications(request: HookRequest, evidence: Evidence, server: FhirServer | None, world: World) -> None:
    """Ask for the medications behind references of the drafts: without them no rule can know that it is meant."""
    if server is not None:
        wanted = {
            reference
            for entry in request.draft_orders
            for reference in unresolved_medications(a_map(entry.get("resource")), evidence)
        }
        fetch_medications(wanted, evidence, server, world.executor)


class Drafts:
    """The drafts of the hook as orders, as far as the evidence tells."""

    def __init__(self, request: HookRequest, evidence: Evidence, clock: Clock, terminology: Terminology) -> None:
        self._request = request
        self._evidence = evidence
        self._clock = clock
        self._terminology = terminology
        self._orders: tuple[Order, ...] = ()
        self._looked_up: list[tuple[object, Resource | None]] = []

    def read(self) -> tuple[Order, ...]:
        """Every draft that is an order, and those that cannot be read as one."""
        read: list[Order] = []
        self._looked_up = []
        chosen = _selected(self._request)
        for index, entry in enumerate(self._request.draft_orders):
            draft, triggers = a_map(entry.get("resource")), index in chosen
            if is_order(draft):
                order = read_order(
                    draft, self._clock, self._find, self._terminology, index=index, draft=True, triggers=triggers
                )
                order = replace(order, selecting=self._request.selections is not None)
                of_another = _of_another_patient(draft, self._request.patient_id)
                read.append(_unidentified(order) if of_another else order)
            elif unreadable := unreadable_order(draft, index=index, triggers=triggers, clock=self._clock):
                read.append(unreadable)
        self._orders = courses_of_orders(read)
        return self._orders

    def read_again(self) -> tuple[Order, ...]:
        """The same once reasons and body structures were gathered; nothing is read where none was waited for."""
        if all(self._evidence.find(reference) is found for reference, found in self._looked_up):
            return self._orders
        return self.read()

    def _find(self, reference: object) -> Resource | None:
        found = self._evidence.find(reference)
        self._looked_up.append((reference, found))
        return found


def _selected(request: HookRequest) -> frozenset[int]:
    """The drafts that were selected, by typed reference, `fullUrl` or the bare id of some clients.

    All of them where the hook has no selections, and where those that it has name none of the drafts: rules that stay
    silent because a name was spelled otherwise would be silent for no reason of the patient's.
    """
    everything = frozenset(range(len(request.draft_orders)))
    if request.selections is None:
        return everything
    wanted = {*request.selections, *(local_reference(selection) for selection in request.selections)}
    found = {index for index, entry in enumerate(request.draft_orders) if not wanted.isdisjoint(_names(entry))}
    return frozenset(found) if found or not wanted else everything


def _names(entry: Mapping[str, object]) -> set[str]:
    """The names by which a selection may mean an entry of the drafts."""
    draft = a_map(entry.get("resource"))
    return {reference_of(draft), a_text(entry.get("fullUrl")), a_text(draft.get("id"))} - {""}


def _of_another_patient(draft: Resource, patient_id: str) -> bool:
    reference = local_reference(draft.get("subject") or draft.get("patient"))
    return reference.startswith("Patient/") and bare_id(reference) != patient_id


ANOTHER_PATIENTS_ORDER = _(
    "it names another patient than the request: check the order's subject",
)


def _unidentified(order: Order) -> Order:
    return replace(order, identified=False, concepts=frozenset(), unidentified_because=ANOTHER_PATIENTS_ORDER)


def _ordering(
    request: HookRequest, orders: Sequence[Order], clock: Clock, language: Language, world: World
) -> Ordering:
    drafts = {order.index: a_map(request.draft_orders[order.index].get("resource")) for order in orders}
    return Ordering(
        request.patient_id,
        clock,
        language,
        drafts,
        single_action=world.single_action,
        encounter_id=request.encounter_id,
    )
