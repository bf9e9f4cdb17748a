"""Counters and timings for Prometheus, without anything of a patient."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from mappings.wording import Text, Verbatim
from service.edge.logs import rules_of
from service.gathering.breaker import State
from service.pipeline import HookAnswer
from service.rules.outcome import CannotTell
from service.rules.unidentified import not_identified

MOST_MISSED = 1000
"""Pairs of a missing fact and a reason that one process tells apart."""


class LedgerMetrics:
    """What is counted of the ledger (`service.ledger.writing.Counted`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Counter("osteocds_ledger_rows", "Rows written into the ledger", ["table"], registry=registry)
        self._dropped = Counter(
            "osteocds_ledger_dropped", "Answers that are not in the ledger", ["why"], registry=registry
        )
        self._failures = Counter(
            "osteocds_ledger_failures", "Times that the database could not be used", ["why"], registry=registry
        )
        self._lag = Gauge(
            "osteocds_ledger_lag_seconds",
            "Age of the oldest answer that is not in the ledger yet",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._waiting = Gauge(
            "osteocds_ledger_waiting",
            "Answers that wait to be written into the ledger",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def written(self, table: str, rows: int) -> None:
        """So many rows were written."""
        self._rows.labels(table).inc(rows)

    def dropped(self, why: str, answers: int) -> None:
        """So many answers are not in the ledger."""
        self._dropped.labels(why).inc(answers)

    def failed(self, why: str) -> None:
        """The database could not be used."""
        self._failures.labels(why).inc()

    def lag(self, seconds: float, waiting: int) -> None:
        """How old the oldest answer is that was not written yet, and how many wait."""
        self._lag.set(seconds)
        self._waiting.set(waiting)


class FrontMetrics:
    """What the front counts, of requests that no worker was asked about."""

    def __init__(self) -> None:
        self._turned_away = Counter(
            "osteocds_turned_away",
            "Requests that were refused before the application was asked: too long, too slow, too many",
            ["status"],
            registry=CollectorRegistry(),
        )

    def turned_away(self, status: int) -> None:
        """One more was refused with this status."""
        self._turned_away.labels(str(status)).inc()


class CallerMetrics:
    """What is counted of who calls."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._redis_failures = Counter(
            "osteocds_redis_failures",
            "Times that Redis did not answer, or was not asked since it had not",
            registry=registry,
        )
        self._unchecked = Counter(
            "osteocds_unchecked_tokens",
            "Tokens of which nobody could tell whether they were taken before, refused or allowed",
            ["outcome"],
            registry=registry,
        )
        self._limited = Counter(
            "osteocds_rate_limited",
            "Requests beyond those that a client may send a minute",
            ["client"],
            registry=registry,
        )

    def redis_failed(self) -> None:
        """Redis did not answer."""
        self._redis_failures.inc()

    def unchecked(self, outcome: str) -> None:
        """A token could not be checked for a second use, and was refused or allowed."""
        self._unchecked.labels(outcome).inc()

    def limited(self, client: str) -> None:
        """A client has sent too many requests."""
        self._limited.labels(client).inc()


class Metrics:
    """What one process measures. Workers that share a folder (`service.edge.server`) all show the sum of theirs."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "osteocds_requests", "Hook requests", ["client", "service", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "osteocds_request_seconds", "Time to answer a hook", ["service"], registry=self._registry
        )
        self.in_progress = Gauge(
            "osteocds_requests_in_progress",
            "Hook requests that are being answered",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._steps = Histogram(
            "osteocds_step_seconds", "Time that a step of a request takes", ["step"], registry=self._registry
        )
        self._cards = Counter(
            "osteocds_cards", "Cards shown, by each rule that they show", ["rule", "indicator"], registry=self._registry
        )
        self._cannot_tell = Counter(
            "osteocds_cannot_tell",
            "Rules that could not tell, by what they missed",
            ["fact", "why"],
            registry=self._registry,
        )
        self._fhir = Histogram(
            "osteocds_fhir_call_seconds",
            "Time of a call to a FHIR server, until it ended or nobody waited for it any more",
            ["base", "outcome"],
            registry=self._registry,
        )
        Gauge(
            "osteocds_version",
            "1 for the version that runs",
            ["version", "python"],
            registry=self._registry,
            multiprocess_mode="max",
        ).labels(version("osteocds"), platform.python_version()).set(1)
        self._answers = Counter(
            "osteocds_rule_answers", "Answers of rules", ["rule", "answer"], registry=self._registry
        )
        self._unidentified = Counter(
            "osteocds_unidentified_orders",
            "Drafts that could not be identified, told on a card or not",
            ["why", "told"],
            registry=self._registry,
        )
        self.ledger = LedgerMetrics(self._registry)
        self.callers = CallerMetrics(self._registry)
        self._breakers = Gauge(
            "osteocds_fhir_breakers",
            "FHIR bases by the state of their circuit breaker: one that is open did not answer lately, and is not asked",
            ["base", "state"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._children: dict[tuple[str, type], Any] = {}
        self._of_service: dict[tuple[str, str], tuple[Any, Any]] = {}
        self._missed: set[tuple[str, str]] = set()

    def count(self, service_id: str, client: str, answer: HookAnswer, seconds: float) -> None:
        """Count an answer and its time, what every rule answered, and the orders that no rule could be asked about."""
        of_service = self._of_service.get((service_id, client))
        if of_service is None:
            of_service = self.seconds.labels(service_id), self.requests.labels(client, service_id, "200")
            self._of_service[service_id, client] = of_service
        time_taken, answered = of_service
        time_taken.observe(seconds)
        answered.inc()
        self._count_times(answer)
        for card in answer.response.cards:
            for shown in rules_of(card):
                self._cards.labels(shown, card.indicator).inc()
        for order in not_identified(answer.orders):
            why = order.unidentified.name.lower() if order.unidentified is not None else "unreadable"
            self._unidentified.labels(why.replace("_", "-"), "yes" if order in answer.told else "no").inc()
        for one in answer.outcomes:
            key = one.rule.id, type(one.outcome)
            child = self._children.get(key)
            if child is None:
                child = self._children[key] = self._answers.labels(one.rule.id, one.word.replace(" ", "-"))
            child.inc()
            if isinstance(one.outcome, CannotTell):
                for fact in one.outcome.missing:
                    self._cannot_tell.labels(
                        *self._known(named(fact.what), named(fact.why[0]) if fact.why else "")
                    ).inc()

    def _count_times(self, answer: HookAnswer) -> None:
        """Of the steps, and of the calls; one that still goes on has taken as long as the request waited."""
        taken: dict[str, float] = {}
        for step, began, ended in answer.steps:
            taken[step] = taken.get(step, 0.0) + ended - began
        for step, seconds in taken.items():
            self._steps.labels(step).observe(seconds)
        over = answer.steps[-1][2] if answer.steps else 0.0
        for call in answer.fhir_calls:
            ended = over if call.ended is None else call.ended
            self._fhir.labels(call.base, call.outcome.replace(" ", "-")).observe(max(0.0, ended - call.began))

    def _known(self, fact: str, why: str) -> tuple[str, str]:
        """These labels, or others once there are too many, which the words of our own sentences never are."""
        labels = fact, why
        if labels not in self._missed:
            if len(self._missed) >= MOST_MISSED:
                return "other", "other"
            self._missed.add(labels)
        return labels

    def breaker_changed(self, base: str, before: State | None, after: State | None) -> None:
        """One of the FHIR bases below a listed address is in another state; None where it was, or is, none of ours."""
        if before is not None:
            self._breakers.labels(base, before.value).dec()
        if after is not None:
            self._breakers.labels(base, after.value).inc()

    def exposition(self) -> bytes:
        """Everything measured, in the text format of Prometheus (`prometheus_client.CONTENT_TYPE_LATEST`)."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        _forget_the_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the library has no types here
        return generate_latest(shared)


def _forget_the_dead(folder: Path) -> None:
    """Forget what workers that ended were doing; what they have counted stays."""
    for file in folder.glob("gauge_live*.db"):
        process = re.search(r"_(\d+)\.db\Z", file.name)
        if process is not None and not _is_alive(int(process[1])):
            with suppress(FileNotFoundError):  # another worker, which is asked too, forgets it
                mark_process_dead(int(process[1]), str(folder))  # type: ignore[no-untyped-call]  # no types in the library


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def named(text: Text) -> str:
    """A sentence of ours as a label: its message, without what its parameters say, which may be the record's."""
    return "{words}" if isinstance(text, Verbatim) else text.message
