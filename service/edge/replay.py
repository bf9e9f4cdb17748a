"""The tokens that were taken, so that each is taken once; in the database, which all processes and machines share."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, String, Table, delete, insert
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from service.edge.tables import MadeOnce

_METADATA = MetaData()
TAKEN = Table(
    "taken_tokens",
    _METADATA,
    Column("token", String(64), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)
"""A hash of issuer and `jti`, and the moment (seconds since 1970) from which the token is refused for its age anyway."""

SWEPT_EVERY_SECONDS = 60


class StoreUnusable(Exception):
    """The database cannot be asked."""


class ReplayStore:
    """The table of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = MadeOnce(engine, TAKEN)
        self._swept = 0

    def first(self, token: str, *, expires: int, now: int) -> bool:
        """Whether this token was never taken before; it is from now on. Raises `StoreUnusable`."""
        try:
            self._table.make()
            with self._engine.begin() as connection:
                if now - self._swept >= SWEPT_EVERY_SECONDS:
                    self._swept = now
                    connection.execute(delete(TAKEN).where(TAKEN.c.expires < now))
                connection.execute(insert(TAKEN), {"token": token, "expires": expires})
        except IntegrityError:
            return False
        except SQLAlchemyError:
            raise StoreUnusable from None
        return True
