"""The tokens that were taken, so that each is taken once: where all processes and machines look, in Redis or in the database."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from service.ledger.database import Database
from service.ledger.tables import TAKEN_TOKENS

SWEPT_EVERY_SECONDS = 60


class StoreUnusable(Exception):
    """The store cannot be asked."""


class ReplayStore(Protocol):
    """Where tokens are remembered."""

    def first(self, token: str, *, expires: int, now: int) -> bool:
        """Whether this token was never taken before; it is from now on, until `expires`. Raises `StoreUnusable`."""


class TokensInDatabase:
    """The table of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept = 0

    def first(self, token: str, *, expires: int, now: int) -> bool:
        """As `ReplayStore` has it."""
        try:
            with self._database.begin() as connection:
                if now - self._swept >= SWEPT_EVERY_SECONDS:
                    self._swept = now
                    connection.execute(delete(TAKEN_TOKENS).where(TAKEN_TOKENS.c.expires < now))
                connection.execute(insert(TAKEN_TOKENS), {"token": token, "expires": expires})
        except IntegrityError:
            return False
        except SQLAlchemyError:
            raise StoreUnusable from None
        return True
