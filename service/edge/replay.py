"""The tokens that were taken, so that each is taken once: where all processes and machines look, in Redis or in the database."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from service.edge.worker import waiting_for_a_moment
from service.ledger.database import Database
from service.ledger.tables import TAKEN_TOKENS

SWEPT_EVERY_SECONDS = 60


class StoreUnusable(Exception):
    """The store cannot be asked."""


class ReplayStore(Protocol):
    """Where tokens are remembered."""

    def first(self, token: str, *, expires: int, now: int, request: str = "") -> bool:
        """Whether this token was never taken before, but with this same `request`; it is from now on, until `expires`.

        Without a request (empty) every second use is one too many. Raises `StoreUnusable`.
        """


class TokensInDatabase:
    """The table of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept = 0

    def first(self, token: str, *, expires: int, now: int, request: str = "") -> bool:
        """As `ReplayStore` has it; a row of its own tells with which request it was taken."""
        rows = [{"token": one, "expires": expires} for one in (token, request) if one]
        try:
            with waiting_for_a_moment(), self._database.begin() as connection:
                if now - self._swept >= SWEPT_EVERY_SECONDS:
                    self._swept = now
                    connection.execute(delete(TAKEN_TOKENS).where(TAKEN_TOKENS.c.expires < now))
                connection.execute(insert(TAKEN_TOKENS), rows)
        except IntegrityError:
            return bool(request) and self._holds(request)
        except SQLAlchemyError:
            raise StoreUnusable from None
        return True

    def _holds(self, token: str) -> bool:
        try:
            with waiting_for_a_moment(), self._database.read(briefly=True) as connection:
                return connection.execute(select(TAKEN_TOKENS).where(TAKEN_TOKENS.c.token == token)).first() is not None
        except SQLAlchemyError:
            raise StoreUnusable from None
