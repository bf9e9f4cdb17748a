"""The database of the ledger: SQLite in a file by default, PostgreSQL by its URL; durable, bounded in its waits, migrated."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import NullPool, QueuePool

from mappings.wording import Said, _
from service.ledger.tables import LEDGER, REVISIONS, VERSION_TABLE

LOG = logging.getLogger("osteocds")

BUSY_SECONDS = 5.0
"""How long what writes waits for a lock, and a thread for its turn."""

PROBE_SECONDS = 2.0
"""How long the question whether the database can be written waits for a lock."""

MIGRATION_SECONDS = 60.0
"""How long a process that starts, or `osteocds migrate`, waits for another one that is migrating."""

CONNECT_SECONDS = 3
"""How long a server may take to answer that it is there; whole seconds, at least 2 (libpq, `connect_timeout`)."""

STATEMENT_SECONDS = 10.0
"""How long a statement of the running service may take in PostgreSQL."""

BACKENDS = ("sqlite", "postgresql")

MIGRATION_LOCK = 0x05_7E_0C_D5
"""The advisory lock of PostgreSQL under which one process migrates."""

_VERSION = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


class Unusable(SQLAlchemyError):
    """The database cannot be used; `why` is one of the words of `WHY`."""

    def __init__(self, why: str) -> None:
        super().__init__(WHY[why])
        self.why = why


WHY = {
    "deleted": Said(_("its file is gone; a new one is made")),
    "corrupt": Said(_("its file is damaged, or no database")),
    "read-only": Said(_("it is read-only")),
    "no-rights": Said(_("its user has no right to write there")),
    "locked": Said(_("another program keeps it locked")),
    "full": Said(_("its disk is full")),
    "old": Said(_("it is of an older version: run `osteocds migrate`")),
    "new": Said(_("it is of a newer version of OsteoCDS")),
    "unreachable": Said(_("it cannot be reached")),
}
"""What may be wrong with a database, in words for those who run it."""


def why_unusable(error: BaseException) -> str:
    """The word of `WHY` for an error of the database."""
    if isinstance(error, Unusable):
        return error.why
    if isinstance(error, NoConnection):
        return "locked"
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _OF_SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, "unreachable")
    return _OF_POSTGRESQL.get(getattr(cause, "sqlstate", None) or "", "unreachable")


_OF_SQLITE = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_FULL: "full",
}
"""Result codes, https://www.sqlite.org/rescode.html."""

_OF_POSTGRESQL = {
    "25006": "read-only",
    "42501": "no-rights",
    "53100": "full",
    "55P03": "locked",
    "57014": "locked",
    "40P01": "locked",
    "XX001": "corrupt",
    "XX002": "corrupt",
}
"""SQLSTATE codes, https://www.postgresql.org/docs/15/errcodes-appendix.html."""


def is_of_the_rows(error: BaseException) -> bool:
    """The rows are to blame, not the database: another try would fail too."""
    return isinstance(error, IntegrityError | DataError) or not isinstance(error, SQLAlchemyError | OSError)


Place: TypeAlias = tuple[int, int] | None
"""What tells one file from another that has taken its place, its device and inode; None where there is none."""

NO_FILE = (0, 0)
"""The place of a database that is no file of ours."""


class Database:
    """One database. What it raises is a `sqlalchemy.exc.SQLAlchemyError`; `why_unusable` says it in a word."""

    def __init__(self, database_url: str) -> None:
        """Connects to nothing yet. Raises `ValueError` for a URL that SQLAlchemy cannot use, without the URL's password."""
        try:
            url = _url(database_url)
            self._engine = _engine(url, BUSY_SECONDS)
            self._fresh = self._engine if _in_memory(url) else _engine(url, PROBE_SECONDS, poolclass=NullPool)
        except (ArgumentError, ImportError) as error:
            told = _(
                "OSTEOCDS_DATABASE_URL takes an SQLAlchemy URL of SQLite, or of PostgreSQL with its driver installed "
                "(pip install osteocds[postgresql]; {error})",
                error=type(error).__name__,
            )
            raise ValueError(Said(told)) from None
        self._url = url
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._made: Place = None
        self._last: Place = None
        self.recreated = 0

    @property
    def is_sqlite(self) -> bool:
        """It is a file, or in memory."""
        return _is_sqlite(self._url)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes: committed durably when this ends, rolled back where it raises."""
        with self._noticing():
            made = self._make()
            with self._taking_turns(BUSY_SECONDS), self._engine.begin() as connection:
                yield connection
            if self._place() != made:
                raise Unusable("deleted")

    @contextmanager
    def read(self, *, briefly: bool = False) -> Iterator[Connection]:
        """A transaction that only reads, all as it was at one moment, and may take its time unless it is to be brief."""
        with self._noticing():
            self._make()
            with self._engine.connect().execution_options(osteocds_reads=True) as connection, connection.begin():
                if not self.is_sqlite:
                    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
                    if not briefly:
                        connection.execute(text("SET LOCAL statement_timeout = 0"))
                yield connection

    def probe(self) -> None:
        """Raise `SQLAlchemyError` where it cannot be written now, whatever open connections still believe.

        A file that is gone is told once; the next use makes a new one.
        """
        with self._noticing():
            if self._last is not None and self._place() is None:
                self._lost()
                raise Unusable("deleted")
            self._make()
            with self._taking_turns(PROBE_SECONDS), self._fresh.connect() as connection:
                # Rolled back: it takes what writing takes, and changes nothing.
                connection.execute(update(_VERSION).values(version_num=REVISIONS[-1]))
                for table in LEDGER.sorted_tables:
                    connection.execute(select(table).limit(1))
                    if not self.is_sqlite and not connection.scalar(
                        select(func.has_table_privilege(table.name, "INSERT"))
                    ):
                        raise Unusable("no-rights")
                connection.rollback()

    def migrate(self) -> None:
        """Bring the tables to what this version needs, whatever the database; other processes may do so at the same moment."""
        with self._noticing(), self._lock:
            self._bring_up(even_old=True, wait_seconds=MIGRATION_SECONDS)

    def prepare(self) -> None:
        """At the start, before anybody needs it: as `migrate`, but what is old of a server is left to its owner."""
        with self._noticing(), self._lock:
            self._bring_up(even_old=self.is_sqlite, wait_seconds=MIGRATION_SECONDS)

    def dispose(self) -> None:
        """Close the connections that nobody uses."""
        self._engine.dispose()

    def _make(self) -> Place:
        """Make sure that the database is there with its tables; the place where it is."""
        here = self._place()
        if here is None or here != self._made:
            with _held(self._lock, BUSY_SECONDS):
                here = self._place()
                if here is None or here != self._made:
                    if self._last is not None and here != self._last:
                        self._lost()
                    here = self._bring_up(even_old=self.is_sqlite, wait_seconds=BUSY_SECONDS)
        return here

    def _lost(self) -> None:
        """The file is gone, or another one is in its place: what was written into the old one is lost with it."""
        LOG.error("the file of the database is gone; a new one is made")
        self.recreated += 1
        self._made = self._last = None
        self._engine.dispose()

    def _place(self) -> Place:
        if not self.is_sqlite or _in_memory(self._url) or "uri" in self._url.query:
            return NO_FILE
        try:
            told = Path(str(self._url.database)).stat()
        except OSError:
            return None
        return told.st_dev, told.st_ino

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """After an error that may last, the next use begins anew: with new connections, and with a look at the tables."""
        try:
            yield
        except DBAPIError as error:
            if not is_of_the_rows(error) and why_unusable(error) != "locked" and not _in_memory(self._url):
                self._made = None
                self._engine.dispose()
            raise

    @contextmanager
    def _taking_turns(self, seconds: float) -> Iterator[None]:
        """One thread of a process writes a file of SQLite at a time: those that wait for its lock are not served in order."""
        if not self.is_sqlite or _in_memory(self._url):
            yield
            return
        with _held(self._turn, seconds):
            yield

    # --- migrations ---------------------------------------------------------------------------------------------------

    def _bring_up(self, *, even_old: bool, wait_seconds: float) -> Place:
        """Bring the tables up; the place where they are then."""
        self._bring_tables_up(even_old=even_old, wait_seconds=wait_seconds)
        self._made = self._last = here = self._place()
        return here

    def _bring_tables_up(self, *, even_old: bool, wait_seconds: float) -> None:
        """Those of a server's database that is old only where `even_old`: its owner decides when."""
        with self._engine.connect().execution_options(osteocds_reads=True) as connection:
            if _revision(connection) == REVISIONS[-1]:
                return
        with self._fresh.connect() as connection:
            _wait(connection, wait_seconds)
            with connection.begin():
                _lock(connection, wait_seconds)
                revision = _revision(connection)
                if revision is None and not inspect(connection).has_table("feedback"):
                    LEDGER.create_all(connection)
                    _VERSION.create(connection)
                    connection.execute(insert(_VERSION).values(version_num=REVISIONS[-1]))
                elif revision is not None and revision not in REVISIONS:
                    raise Unusable("new")
                elif revision != REVISIONS[-1]:
                    if not even_old:
                        raise Unusable("old")
                    _upgrade(connection)


@contextmanager
def _held(lock: threading.Lock, seconds: float) -> Iterator[None]:
    """The lock, waited for no longer than so many seconds. Raises `Unusable`."""
    if not lock.acquire(timeout=seconds):
        raise Unusable("locked")
    try:
        yield
    finally:
        lock.release()


def _revision(connection: Connection) -> str | None:
    """What the database says that it is; None where it says nothing."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    said = connection.execute(select(_VERSION.c.version_num)).scalar()
    return None if said is None else str(said)


def _wait(connection: Connection, seconds: float) -> None:
    if connection.dialect.name == "sqlite":
        # Before the transaction, which SQLAlchemy would begin by itself.
        raw: Any = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def _lock(connection: Connection, seconds: float) -> None:
    """Let one process migrate at a time; in SQLite the transaction, which writes from its beginning, is the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(f"SET LOCAL lock_timeout = {int(seconds * 1000)}"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))


def _upgrade(connection: Connection) -> None:
    # Only where there is something to do: it takes half a second to load.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", f"{__package__}:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


# --- engines ----------------------------------------------------------------------------------------------------------


def _url(database_url: str) -> URL:
    url = make_url(database_url)
    if url.get_backend_name() not in BACKENDS or url.get_dialect().is_async:
        raise ArgumentError
    return url


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _in_memory(url: URL) -> bool:
    return _is_sqlite(url) and url.database in (None, "", ":memory:")


_SILENT = {"hide_parameters": True}
"""No error of SQLAlchemy, and no line of its log, holds what a statement was given, which is of patients."""


def _engine(url: URL, wait_seconds: float, **options: Any) -> Engine:
    if _in_memory(url):
        # One connection, for one thread at a time: each connection would be a database of its own.
        one = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
        engine = create_engine(url, connect_args={"check_same_thread": False}, **_SILENT, **one)
        _as_sqlite(engine)
    elif _is_sqlite(url):
        pool = options or {"pool_timeout": BUSY_SECONDS}
        engine = create_engine(url, connect_args={"timeout": wait_seconds}, **_SILENT, **pool)
        _as_sqlite(engine)
    else:
        pool = options or {"pool_pre_ping": True, "pool_timeout": BUSY_SECONDS}
        engine = create_engine(url, connect_args=_within_bounds(url), **_SILENT, **pool)
        _as_postgresql(engine, wait_seconds)
    return engine


def _within_bounds(url: URL) -> dict[str, Any]:
    """Arguments for drivers that libpq is in: a server that says nothing is given up, as one that is not there."""
    if url.get_dialect().driver not in ("psycopg", "psycopg2"):
        return {}
    bounds = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": int(STATEMENT_SECONDS * 1000)}
    return {name: value for name, value in bounds.items() if name not in url.query}


def _as_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def settle(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins, not the driver, which would not begin before DDL
        with contextlib.suppress(sqlite3.OperationalError):  # read-only, or locked: that is found out when it is used
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("osteocds_reads", False)
        # A transaction that writes takes its lock at once, and so waits for it; later it would fail without waiting.
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _as_postgresql(engine: Engine, wait_seconds: float) -> None:
    @event.listens_for(engine, "handle_error")
    def say_the_code_alone(context: ExceptionContext) -> None:
        """What the server says of an error quotes the row that it refuses."""
        code = getattr(context.original_exception, "sqlstate", None)
        if code:
            context.original_exception.args = (f"SQLSTATE {code}",)
            if context.sqlalchemy_exception is not None:
                context.sqlalchemy_exception.args = (f"SQLSTATE {code}",)

    @event.listens_for(engine, "connect")
    def settle(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(wait_seconds * 1000)}")
            cursor.execute(f"SET statement_timeout = {int(STATEMENT_SECONDS * 1000)}")
            cursor.execute("SELECT current_setting('synchronous_commit')")
            if cursor.fetchone()[0] in ("off", "local"):
                cursor.execute("SET synchronous_commit = on")
        connection.commit()
