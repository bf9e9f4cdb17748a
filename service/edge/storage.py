"""Feedback, stored: what became of each card. SQLite in a file by default; any database of SQLAlchemy by its URL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, String, Table, create_engine, insert, select, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from cds_hooks import Feedback
from mappings.wording import Said, _
from service.edge.tables import MadeOnce

_METADATA = MetaData()

FEEDBACK = Table(
    "feedback",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("service", String(200), nullable=False),
    Column("card", String(512), nullable=False, index=True),
    Column("outcome", String(20), nullable=False),
    Column("outcome_timestamp", DateTime(timezone=True), nullable=False),
    Column("accepted_suggestions", String, nullable=False),
    Column("reason_system", String(200), nullable=False),
    Column("reason_code", String(200), nullable=False),
    Column("commented", Boolean, nullable=False),
)
"""One row a card and feedback, times in UTC; comments are not kept, they may name the patient."""


class FeedbackStore:
    """The feedback table of one database. Raises `sqlalchemy.exc.SQLAlchemyError` where the database cannot be used."""

    def __init__(self, database_url: str) -> None:
        """Connects to nothing yet. Raises `ValueError` for a URL that SQLAlchemy cannot use, without the URL's password."""
        try:
            self.engine = _engine(database_url)
        except (ArgumentError, ImportError) as error:
            told = _(
                "OSTEOCDS_DATABASE_URL takes an SQLAlchemy URL whose driver is installed ({error})",
                error=type(error).__name__,
            )
            raise ValueError(Said(told)) from None
        self._table = MadeOnce(self.engine, FEEDBACK)

    def store(self, service: str, feedback: Iterable[Feedback], *, received_at: datetime) -> int:
        """Store what one request said; the number of rows."""
        rows = [
            {
                "received_at": received_at.astimezone(UTC),
                "service": service,
                "card": one.card,
                "outcome": one.outcome,
                "outcome_timestamp": one.outcome_timestamp,
                "accepted_suggestions": " ".join(one.accepted_suggestions),
                "reason_system": one.reason_system,
                "reason_code": one.reason_code,
                "commented": one.commented,
            }
            for one in feedback
        ]
        self._table.make()
        if rows:
            with self.engine.begin() as connection:
                connection.execute(insert(FEEDBACK), rows)
        return len(rows)

    def rows(self) -> list[dict[str, object]]:
        """Everything stored, in the order of arrival."""
        self._table.make()
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(select(FEEDBACK).order_by(FEEDBACK.c.id))]  # noqa: SLF001

    def ping(self) -> None:
        """Ask the database anything."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))


def _engine(database_url: str) -> Engine:
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        # One connection, for one thread at a time: each connection would be a database of its own.
        one = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
        return create_engine(url, connect_args={"check_same_thread": False}, **one)
    return create_engine(url, pool_pre_ping=True)
