"""The tokens that were taken, so that each is taken once; in the database, which all processes and machines share."""

from __future__ import annotations

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from service.ledger.database import Database
from service.ledger.tables import TAKEN_TOKENS

SWEPT_EVERY_SECONDS = 60


class StoreUnusable(Exception):
    """The database cannot be asked."""


class ReplayStore:
    """The table of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._swept = 0

    def first(self, token: str, *, expires: int, now: int) -> bool:
        """Whether this token was never taken before; it is from now on. Raises `StoreUnusable`."""
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
