"""Feedback, stored durably before it is acknowledged: what became of each card, joined to it by its uuid."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from cds_hooks import Feedback
from service.ledger.database import Database
from service.ledger.tables import FEEDBACK, LONGEST_ID, LONGEST_NAME, harmless

_UUID = re.compile(r"(?:urn:uuid:)?\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.IGNORECASE)


def plain_card(card: str) -> str:
    """A card as the ledger names it: a uuid in small letters, without what some clients put around it; others as they came."""
    found = _UUID.fullmatch(card.strip())
    return found[1].lower() if found else harmless(card, LONGEST_ID)


def _card_spelled(said: str, card: str) -> list[str]:
    if not _UUID.fullmatch(card):
        return ["card-no-uuid"]
    return ["card"] if said != card else []


class FeedbackStore:
    """The feedback of one database. `texts` keeps comments and displays, which are typed and may name the patient."""

    def __init__(self, database: Database, *, texts: bool = False) -> None:
        self._database = database
        self._texts = texts

    def store(self, service: str, feedback: Iterable[Feedback], *, received_at: datetime, client: str = "") -> int:
        """Store what one request said, all or nothing; the number of rows. It is on the disk when this returns.

        What says the same of the same card again, with the same time, is stored too, and marked as a duplicate. Raises
        `SQLAlchemyError` where it could not be stored.
        """
        rows = [self._row(service, one, received_at, client) for one in feedback]
        with self._database.begin() as connection:
            for row in rows:
                if not _first(connection, row):
                    connection.execute(insert(FEEDBACK), row | {"duplicate": True})
        return len(rows)

    def _row(self, service: str, one: Feedback, received_at: datetime, client: str) -> dict[str, Any]:
        card = plain_card(one.card)
        spelling = (*one.spelling, *_card_spelled(one.card, card))
        return {
            "received_at": received_at,
            "service": service,
            "card": card,
            "outcome": one.outcome,
            "outcome_timestamp": one.outcome_timestamp,
            "accepted_suggestions": " ".join(harmless(said, LONGEST_ID) for said in one.accepted_suggestions),
            "reason_system": harmless(one.reason_system, LONGEST_NAME),
            "reason_code": harmless(one.reason_code, LONGEST_NAME),
            "commented": one.commented,
            "client": harmless(client, LONGEST_NAME),
            "duplicate": False,
            "spelling": " ".join(spelling),
            "reason_display": harmless(one.reason_display) if self._texts else None,
            "comment": harmless(one.comment) if self._texts else None,
        }

    def rows(self) -> list[dict[str, Any]]:
        """Everything stored, in the order of arrival."""
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(select(FEEDBACK).order_by(FEEDBACK.c.id)).mappings()]


def _first(connection: Connection, row: dict[str, Any]) -> bool:
    """Insert the row unless one says the same; the database decides, whatever others insert at the same moment."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    first = dialect.insert(FEEDBACK).values(row).on_conflict_do_nothing().returning(FEEDBACK.c.id)
    return connection.execute(first).first() is not None
