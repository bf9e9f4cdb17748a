"""The ledger of one process: its database, what it takes of feedback, what it is told of each answer, and its receipts."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from cds_hooks import Feedback
from service.edge.callers import Caller
from service.edge.worker import waiting
from service.languages.render import Language
from service.ledger import fingerprints
from service.ledger.answered import Answered
from service.ledger.database import WHY, Database, Unusable, why_unusable
from service.ledger.feedback import FeedbackStore
from service.ledger.fingerprints import Pseudonyms, read_key
from service.ledger.receipts import last_request_of, receipt_of
from service.ledger.signing import read_keys
from service.ledger.writing import Counted, Writer
from service.pipeline import HookAnswer
from service.services import Service
from service.settings import InvalidSetting, Settings

LOG = logging.getLogger("osteocds")

MOST_AT_ONCE = 4
"""Threads of a process that use the database at once, beside the one that writes answers."""

TURN_SECONDS = 5.0
"""How long feedback, or a receipt, waits for its turn at a slow database; at one that failed just before it waits no more."""


class Ledger:
    """The ledger of one process. Raises `ValueError` for a database or a key that cannot be used."""

    def __init__(self, settings: Settings, counted: Counted) -> None:
        try:
            pseudonyms = Pseudonyms(read_key(settings.patient_key))
        except (ValueError, OSError) as error:
            raise InvalidSetting(f"OSTEOCDS_PATIENT_KEY names no file with a key: {error}") from None
        self.database = Database(settings.database_url)
        try:
            self.keys = read_keys(settings.receipt_key)
        except (ValueError, OSError) as error:
            raise InvalidSetting(f"OSTEOCDS_RECEIPT_KEY names no file with a key to sign with: {error}") from None
        self._feedback = FeedbackStore(self.database, texts="texts" in settings.ledger_keeps)
        self._waiting = BoundedSemaphore(max(1, min(MOST_AT_ONCE, settings.threads // 2)))
        self._fails = False
        self.writer = Writer(self.database, counted, pseudonyms, retention=settings.retention)
        self._counted = counted
        self._settings = settings
        self._of_settings: dict[tuple[str, str], str] = {}

    def prepare(self) -> None:
        """Make the tables, or bring them up, before anybody needs them; what is wrong is for the log."""
        try:
            self.database.prepare()
        except SQLAlchemyError as error:
            LOG.error("the database cannot be used: %s", WHY[why_unusable(error)])
        self.database.dispose()

    def take(self, service: Service, feedback: Sequence[Feedback], caller: Caller, now: datetime) -> None:
        """Store feedback durably. Raises `SQLAlchemyError` where that could not be done."""
        with self._turn():
            self._feedback.store(service.id, feedback, received_at=now, client=caller.name)

    def receipt(self, hook_instance: str, client: str | None, page: int, now: datetime) -> dict[str, Any] | None:
        """The receipt of what a client was answered, or all were where it is None; None where the ledger has nothing of it.

        Raises `SQLAlchemyError` where the ledger cannot be read.
        """
        with self._turn():
            return receipt_of(self.database, hook_instance, issued=now, client=client, page=page)

    def request(self, hook_instance: str, client: str | None) -> tuple[bytes, datetime] | None:
        """The last request of it that is kept, and the clock of its answer; as of `receipt`."""
        with self._turn():
            return last_request_of(self.database, hook_instance, client)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """At most half of the threads, and few, wait for a database that is slow or fails: the others go on answering hooks."""
        with waiting():
            if not self._waiting.acquire(timeout=0 if self._fails else TURN_SECONDS):
                raise Unusable("locked")
            try:
                yield
                self._fails = False
            except SQLAlchemyError:
                self._fails = True
                raise
            finally:
                self._waiting.release()

    def note(
        self,
        advised: HookAnswer,
        service: Service,
        caller: Caller,
        body: Any,
        language: Language,
        now: datetime,
        took_seconds: float,
    ) -> None:
        """Hand one answer over, once it is sent. A defect of ours here costs the row, not the answer."""
        guideline = service.guideline
        try:
            request = fingerprints.without_token(body)
            answered = Answered(
                service=service,
                client=caller.name,
                hook_instance=advised.request.hook_instance,
                patient_id=advised.request.patient_id,
                language=language,
                as_of=now,
                took_seconds=took_seconds,
                public_url=self._settings.public_url,
                outcomes=advised.outcomes,
                cards=advised.response.cards,
                settings=caller.world.clinical[guideline.id],
                fingerprints=fingerprints.of_answer(
                    body, request, guideline, self._settings.concept_maps, self._settings_of(service, caller)
                ),
                fhir_calls=len(advised.fhir_calls),
                keeps_facts="facts" in self._settings.ledger_keeps,
                request=request.decode() if "requests" in self._settings.ledger_keeps else "",
                shadow=caller.shadow,
            )
            self.writer.put(answered)
        except Exception as error:  # noqa: BLE001 - the cards matter more
            LOG.error("defect of the service: %s while noting an answer", type(error).__name__)
            self._counted.dropped("defect", 1)

    def _settings_of(self, service: Service, caller: Caller) -> str:
        key = (caller.name, service.guideline.id)
        found = self._of_settings.get(key)
        if found is None:
            timezone = str(self._settings.timezone)
            found = fingerprints.of_settings(caller.world, service.guideline, timezone, caller.messaging_client)
            self._of_settings[key] = found
        return found
