"""The ledger of one process: its database, what it takes of feedback, and what it is told of each answer."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.exc import SQLAlchemyError

from service.edge.callers import Caller
from service.languages.render import Language
from service.ledger import fingerprints
from service.ledger.answered import Answered
from service.ledger.database import WHY, Database, why_unusable
from service.ledger.feedback import FeedbackStore
from service.ledger.fingerprints import Pseudonyms, read_key
from service.ledger.writing import Counted, Writer
from service.pipeline import HookAnswer
from service.services import Service
from service.settings import InvalidSetting, Settings

LOG = logging.getLogger("osteocds")


class Ledger:
    """The ledger of one process. Raises `ValueError` for a database or a key that cannot be used."""

    def __init__(self, settings: Settings, counted: Counted) -> None:
        try:
            pseudonyms = Pseudonyms(read_key(settings.patient_key))
        except (ValueError, OSError) as error:
            raise InvalidSetting(f"OSTEOCDS_PATIENT_KEY names no file with a key: {error}") from None
        self.database = Database(settings.database_url)
        self.feedback = FeedbackStore(self.database, texts="texts" in settings.ledger_keeps)
        self.writer = Writer(self.database, counted, pseudonyms, retention=settings.retention)
        self._settings = settings
        self._of_settings: dict[tuple[str, str], str] = {}
        self._keeps_requests = "requests" in settings.ledger_keeps

    def prepare(self) -> None:
        """Make the tables, or bring them up, before anybody needs them; what is wrong is for the log."""
        try:
            self.database.probe()
        except SQLAlchemyError as error:
            LOG.error("the database cannot be used: %s", WHY[why_unusable(error)])  # noqa: TRY400 - no address, no password
        self.database.dispose()

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
        """Hand one answer over; all that is costly happens in the writer."""
        guideline = service.guideline
        self.writer.put(
            Answered(
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
                fingerprints={
                    "request_fingerprint": fingerprints.of_request(body),
                    "rules_fingerprint": fingerprints.of_rules(guideline),
                    "value_sets_fingerprint": fingerprints.of_value_sets(guideline, self._settings.concept_maps),
                    "settings_fingerprint": self._settings_of(service, caller),
                },
                keeps_facts="facts" in self._settings.ledger_keeps,
                request=_without_token(body) if self._keeps_requests else "",
            )
        )

    def _settings_of(self, service: Service, caller: Caller) -> str:
        key = (caller.name, service.guideline.id)
        found = self._of_settings.get(key)
        if found is None:
            timezone = str(self._settings.timezone)
            found = fingerprints.of_settings(caller.world, service.guideline, timezone)
            self._of_settings[key] = found
        return found


def _without_token(body: dict[str, Any]) -> str:
    kept = {name: value for name, value in body.items() if name != "fhirAuthorization"}
    return orjson.dumps(kept).decode()
