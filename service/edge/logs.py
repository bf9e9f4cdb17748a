"""What the service writes to stderr: one line an event, as JSON or to read, with the fields of a closed list and no others.

Nothing that a client, a record or a FHIR server says gets into a line, whatever a library has to say and at whatever level.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any, TypeAlias

import orjson
import structlog

from cds_hooks import Card
from service.pipeline import HookAnswer
from service.rules.guideline import EXTENSION
from service.settings import Settings

LOG = logging.getLogger("osteocds")

FIELDS = (
    *("time", "level", "event", "logger", "error", "outcome", "status", "took_ms", "route", "service", "client"),
    *("hook_instance", "cards", "rules", "fhir_calls", "fhir_ms"),
)
"""Those that a line may have, in this order."""

LONGEST_VALUE = 500
"""Signs of one value; what is longer is cut."""

OURS = "osteocds"
SPEAK = frozenset({OURS, "uvicorn.error"})
"""Loggers whose words are shown: ours, and those of uvicorn, which speak of processes. What others say may hold an address, a
value or a parameter, so that of them only the name, and the kind of the error, is shown, from a warning on."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Event: TypeAlias = MutableMapping[str, Any]


def begin(settings: Settings) -> None:
    """Have this process write all that is logged, by whatever library, to stderr in this form; nothing is written beside it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_without_words_of_others)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(allow=FIELDS),
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            ],
            processors=[bounded, _as_json if settings.log_json else structlog.processors.LogfmtRenderer()],
            use_get_message=True,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # what could not be logged would be printed, with its values
    threading.excepthook = _of_a_thread
    sys.unraisablehook = _of_nobody


def told_of_request(status: int, seconds: float, told: Mapping[str, Any]) -> None:
    """The line of one request: `told` is what the application knew of it, nothing where it was not asked."""
    line = {"outcome": outcome(status), "status": status, "took_ms": round(seconds * 1000, 1), **told}
    LOG.info("request", extra=line)


def outcome(status: int) -> str:
    """What became of a request: answered, refused (what is wrong lies in it), shed (no room for it), failed (the service did)."""
    if status == 503:
        return "shed"
    return "answered" if status < 400 else "refused" if status < 500 else "failed"


def hook_instance(told: object) -> str:
    """A `hookInstance` as it may be logged: a UUID as it is; of anything else, which may say anything, a hash."""
    if isinstance(told, str) and _UUID.fullmatch(told):
        return told
    return "sha256:" + hashlib.sha256(str(told).encode("utf-8", "replace")).hexdigest()[:16]


def of_answer(advised: HookAnswer) -> dict[str, Any]:
    """How many cards an answer has, the rules (or the topic, of a quiet card) that they show, and what FHIR servers were asked.

    `fhir_calls` counts HTTP requests, `fhir_ms` is the sum of the times of those that were answered, which run side by side.
    """
    cards = advised.response.cards
    shown = [rule for card in cards for rule in rules_of(card)]
    calls = advised.fhir_calls
    seconds = sum(call.ended - call.began for call in calls if call.ended is not None)
    return {
        "cards": len(cards),
        "rules": " ".join(shown),
        "fhir_calls": len(calls),
        "fhir_ms": round(seconds * 1000, 1),
    }


def rules_of(card: Card) -> list[str]:
    """The rules that a card shows, or the topic of a quiet one."""
    rules: list[str] = card.extension.get(EXTENSION, {}).get("rules") or [card.source.topic.code]
    return rules


def bounded(_logger: Any, _method: str, event: Event) -> Event:
    """A structlog processor: fields of the list alone, each value a number or one short line of signs that can be printed."""
    return {name: _harmless(event[name]) for name in FIELDS if name in event}


def _harmless(value: object) -> object:
    if isinstance(value, int | float):
        return value
    return "".join(sign if sign.isprintable() else "?" for sign in str(value)[:LONGEST_VALUE])


def _without_words_of_others(record: logging.LogRecord) -> bool:
    """A filter of a handler: which records are written, those of others without their words and values."""
    error = record.exc_info[0] if record.exc_info else None
    if error is not None:
        record.error = error.__name__
    record.exc_info = record.exc_text = record.stack_info = None
    if record.name in SPEAK:
        return True
    record.msg, record.args = "something that a library logs, and that is not shown", ()
    return record.levelno >= logging.WARNING


def _of_a_thread(ended: threading.ExceptHookArgs) -> None:
    LOG.error("a thread has ended with an error", extra={"error": ended.exc_type.__name__})


def _of_nobody(ended: sys.UnraisableHookArgs) -> None:
    LOG.error("an error that nobody could be told", extra={"error": ended.exc_type.__name__})


def _as_json(_logger: Any, _method: str, event: Event) -> str:
    return orjson.dumps(event).decode()
