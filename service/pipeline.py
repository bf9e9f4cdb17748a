"""START HERE. A hook request flows straight down: validate, gather, map, evaluate, card, respond.

`advise` is the whole of it; each step is a pure transformation of the one before, except the second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from cds_hooks import Card, HookRequest, HookResponse, PreconditionFailed, read_hook_request
from mappings.clock import Clock
from mappings.evidence import Evidence
from mappings.facts import NotUnderstood, Order
from mappings.queries import ALWAYS, Reads, queries_for
from mappings.readers.reader import Reader
from mappings.record import Record
from mappings.wording import Said, Text, _
from service.cards.calendar_link import calendar_of
from service.cards.compose import compose, limited
from service.cards.composed import Composed
from service.cards.quiet_cards import ended_cards
from service.cards.score_links import NO_PAGES, Pages
from service.cards.silencing import silenced, unasked
from service.cards.suggestions import Ordering
from service.cards.written import told_plainly, written
from service.evaluate import RuleOutcome, evaluate_orders, evaluate_patient, triggered
from service.gathering.drafts import Drafts
from service.gathering.fhir_server import open_server
from service.gathering.gather import gather, new_evidence
from service.gathering.problems import FhirProblem
from service.gathering.record_server import Call, RecordServer
from service.gathering.stays import look_up_stays
from service.languages.render import Language
from service.rules.guideline import Guideline, Rounding
from service.rules.outcome import Advice, Indicator, Silence
from service.rules.rule import Rule
from service.rules.unidentified import may_matter, not_identified, told
from service.services import Service
from service.world import World

LOG = logging.getLogger("osteocds")

Steps: TypeAlias = tuple[tuple[str, float, float], ...]
"""A name of a step, and when it began and ended (seconds of `time.monotonic`); what begins again has several."""


class Stopwatch:
    """Notes when each step of a request ends, which is when the next one begins."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._ended: list[tuple[str, float, float]] = []

    def ends(self, step: str) -> None:
        """It ends now."""
        now = time.monotonic()
        self._ended.append((step, self._since, now))
        self._since = now

    @property
    def steps(self) -> Steps:
        """Those that have ended."""
        return tuple(self._ended)


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """The answer to a hook, and what every rule said on the way, for the explanation, the metrics and the tests."""

    request: HookRequest
    response: HookResponse
    outcomes: tuple[RuleOutcome, ...]
    rules: tuple[Rule, ...]
    orders: tuple[Order, ...]
    record: Record | None
    rounding: Rounding
    told: tuple[Order, ...] = ()
    """The orders that could not be identified, and are told on the quiet card."""

    fhir_calls: tuple[Call, ...] = ()
    """The HTTP requests that were made to the FHIR server."""

    steps: Steps = ()
    """How long each step took. To map is to read what the orders say; facts of the record are read when a rule asks for them."""


@dataclass(frozen=True, slots=True)
class Known:
    """The record of a patient that holds all that the service may ask, and the reference of its order that is being signed."""

    record: Record
    order: str


def advise(  # noqa: PLR0913 - all but the first three have a usual value
    body: object,
    service: Service,
    world: World,
    *,
    now: datetime,
    language: Language,
    pages: Pages = NO_PAGES,
    record_server: RecordServer | None = None,
    also: frozenset[Reads] = frozenset(),
    with_cards: bool = True,
    known: Known | None = None,
) -> HookAnswer:
    """Answer one hook request; cards link to the `pages` of the service.

    `record_server` answers the searches where the record is not on the FHIR server that the request names. What is `also`
    read is looked up besides what the rules ask. Whoever wants what the rules say and no card of it goes without them, and
    may give what is `known` of the patient, which is not looked up and read again then.

    A `body` that was read already is not read again.

    Raises `InvalidHookRequest` for a body that is none, and `PreconditionFailed` where nothing could be looked up.
    """
    watch = Stopwatch()
    request = body if isinstance(body, HookRequest) else read_hook_request(body, service.hook)
    watch.ends("validate")
    clock = Clock(now)
    evidence = new_evidence(request, world.max_resources)
    server, not_asked = _server(request, world) if record_server is None else (record_server, None)
    drafts = Drafts(request, evidence, clock, world.terminology)
    drafts.look_up(server)
    watch.ends("gather")
    orders = drafts.read()
    watch.ends("map")
    rules = _rules_asked(service, orders)
    record, outcomes, unidentified = None, NOTHING_ASKED, NONE_IN_DOUBT
    needs = _needs(service.guideline, rules, orders)
    if also:
        needs = also.union(needs or ALWAYS)
    watch.ends("evaluate")
    if needs is not None:
        if known is None:
            _gather_needs(request, needs, evidence, server, not_asked, world)
        else:
            known.record.held_without(known.order, evidence)
        drafts.look_up_revised(server)
        if known is None and server is not None and (also or any("conditions" in rule.reads for rule in rules)):
            look_up_stays(Reader(clock, world.terminology, evidence.find), evidence, server)
        watch.ends("gather")
        orders = drafts.read_again()
        if known is None:
            record = Record(evidence, orders, clock, world.terminology, world.clinical[service.guideline.id])
        else:
            record = known.record.signing(known.order, orders, evidence)
        watch.ends("map")
        outcomes = _asked(service, rules, orders, record)
        _check_precondition(request, outcomes, evidence)
        outcomes = (
            silenced(outcomes, service.guideline.policy) if record.ended is None else unasked(outcomes, record.ended)
        )
        unidentified = _unidentified(orders, service.guideline, record)
        watch.ends("evaluate")
    ordering = _ordering(request, drafts, clock, language, world)
    if pages.address and world.keeps_requests and world.calendar_links:
        pages = replace(pages, calendar=calendar_of(request.hook_instance))
    cards: tuple[Card, ...] = ()
    if with_cards:
        cards = _cards(outcomes, service.guideline, record, ordering, world, orders, unidentified, pages)
    rounding = service.guideline.rounding_of(record)
    watch.ends("card")
    return HookAnswer(
        request,
        HookResponse(cards),
        outcomes,
        rules,
        orders,
        record,
        rounding,
        unidentified,
        () if server is None else server.calls,
        watch.steps,
    )


NOTHING_ASKED: tuple[RuleOutcome, ...] = ()
NONE_IN_DOUBT: tuple[Order, ...] = ()


# --- the rules --------------------------------------------------------------------------------------------------------


def _rules_asked(service: Service, orders: Sequence[Order]) -> tuple[Rule, ...]:
    """The rules of the service that this request may make speak."""
    if not service.hook.is_about_orders:
        return service.rules
    return triggered(service.rules, service.guideline, orders)


def _asked(service: Service, rules: Sequence[Rule], orders: Sequence[Order], record: Record) -> tuple[RuleOutcome, ...]:
    if not service.hook.is_about_orders:
        return evaluate_patient(rules, record)
    return evaluate_orders(rules, service.guideline, orders, record)


def _needs(guideline: Guideline, rules: Sequence[Rule], orders: Sequence[Order]) -> frozenset[Reads] | None:
    """What must be looked up for the rules, and for orders that could not be identified; None where there is nothing to ask."""
    in_doubt = any(may_matter(order) for order in not_identified(orders))
    if not rules and not in_doubt:
        return None
    reads = _reads_of(tuple(rules))
    if in_doubt and guideline.unidentified_matter is not None:
        return reads | guideline.unidentified_matter.reads
    return reads


@lru_cache(maxsize=256)
def _reads_of(rules: tuple[Rule, ...]) -> frozenset[Reads]:
    """What the rules read; the orders of a ward ask the same rules again and again."""
    return ALWAYS.union(*(rule.reads for rule in rules))


def _unidentified(orders: Sequence[Order], guideline: Guideline, record: Record) -> tuple[Order, ...]:
    """The orders that could not be identified and are told; all of them where a defect of ours leaves that open."""
    try:
        return told(orders, guideline, record)
    except Exception as error:  # noqa: BLE001 - as in composing cards
        _log_defect(error, "asking whether orders that are not identified matter")
        return not_identified(orders)


# --- the cards --------------------------------------------------------------------------------------------------------


def _cards(
    outcomes: Sequence[RuleOutcome],
    guideline: Guideline,
    record: Record | None,
    ordering: Ordering,
    world: World,
    orders: Sequence[Order],
    unidentified: Sequence[Order],
    pages: Pages,
) -> tuple[Card, ...]:
    """The outcomes as cards. A defect of ours in one of them takes the others down no more than one in a rule does."""
    if not outcomes and not unidentified:
        return ()
    try:
        if outcomes and record is not None and record.ended is not None:
            composed = ended_cards(outcomes, record.ended)
        else:
            aside = set_aside(record, guideline, orders) if outcomes else ()
            composed = compose(outcomes, guideline, unidentified, record, aside)
    except Exception as error:  # noqa: BLE001 - what the rules advise must not be lost; it is told on a card
        _log_defect(error, "composing cards")
        spoke = [one for one in outcomes if not isinstance(one.outcome, Silence)]
        levels = [one.outcome.indicator for one in spoke if isinstance(one.outcome, Advice)]
        worst = max(levels, key=lambda indicator: indicator.rank, default=Indicator.INFO)
        return (told_plainly([one.rule.id for one in spoke], worst, ordering.language),)
    return tuple(_written(card, guideline, ordering, world, pages) for card in limited(composed, world.max_cards))


def set_aside(record: Record | None, guideline: Guideline, orders: Sequence[Order]) -> Sequence[NotUnderstood]:
    """What of the record was not understood, or is uncertain, for the quiet card."""
    if record is None:
        return ()
    try:
        doubts = [doubt for doubt in guideline.doubts if all(record.has_read(fact) for fact in doubt.reads)]
        return (*record.not_understood(), *(one for doubt in doubts for one in doubt.says(orders, record)))
    except Exception as error:  # noqa: BLE001 - the rules' cards must not be lost with the quiet one
        _log_defect(error, "telling what was not understood")
        return ()


def _written(card: Composed, guideline: Guideline, ordering: Ordering, world: World, pages: Pages) -> Card:
    try:
        return written(card, guideline, ordering, world.selection_behavior, pages)
    except Exception as error:  # noqa: BLE001 - as above
        _log_defect(error, f"writing the card of {', '.join(card.rules) or card.topic}")
        return told_plainly((*card.rules, *card.unchecked), card.indicator, ordering.language)


def _log_defect(error: Exception, doing: str) -> None:
    """The exception's type only: its message may hold what a patient's record says."""
    LOG.error("defect of the service: %s while %s", type(error).__name__, doing)


# --- the FHIR server --------------------------------------------------------------------------------------------------


def _server(request: HookRequest, world: World) -> tuple[RecordServer | None, Text | None]:
    """The request's FHIR server, or why it may not be asked; neither where the request names none."""
    if not request.fhir_server:
        return None, None
    try:
        server = open_server(
            request.fhir_server,
            world.allowlist,
            world.outbound,
            world.deadline_seconds,
            patient_id=request.patient_id,
            authorization=request.authorization,
            missing_types=world.missing_resource_types,
        )
    except FhirProblem as problem:
        return None, problem.why
    return server, None


def _gather_needs(
    request: HookRequest,
    needs: frozenset[Reads],
    evidence: Evidence,
    server: RecordServer | None,
    not_asked: Text | None,
    world: World,
) -> None:
    """Look up what is needed, and nothing else."""
    queries = queries_for(needs, world.terminology)
    gather(request, queries, evidence, server, world.terminology)
    if not_asked is not None:
        for query in queries:
            if query.key not in evidence.answered:
                evidence.gaps.setdefault(query.key, (not_asked,))


def _check_precondition(request: HookRequest, outcomes: Sequence[RuleOutcome], evidence: Evidence) -> None:
    """412 where nothing was prefetched, there is no FHIR server to ask, and no rule could speak without the record."""
    nothing_known = not evidence.answered and not evidence.gaps and not request.fhir_server
    if outcomes and nothing_known and not any(isinstance(one.outcome, Advice) for one in outcomes):
        raise PreconditionFailed(
            {
                "prefetch": Said(
                    _(
                        "the data of the service's prefetch templates (GET /cds-services) was not sent, and there is no "
                        "fhirServer to ask for it"
                    )
                )
            }
        )


def _ordering(request: HookRequest, drafts: Drafts, clock: Clock, language: Language, world: World) -> Ordering:
    return Ordering(
        request.patient_id,
        clock,
        language,
        drafts.changeable,
        single_action=world.single_action,
        encounter_id=request.encounter_id,
    )
