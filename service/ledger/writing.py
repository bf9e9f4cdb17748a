"""Answers into the ledger, behind the requests: a bounded queue, and one thread that writes what waits in it, in batches.

Nothing here makes an answer wait or fail. What cannot be written is tried again; what then no longer fits into the queue is
dropped, and counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Table, insert
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import SQLAlchemyError

from service.ledger.answered import Answered, Rows, rows_of
from service.ledger.database import WHY, Database, is_of_the_rows, why_unusable
from service.ledger.fingerprints import Pseudonyms
from service.ledger.retention import purge
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FACTS, OUTCOMES, REQUESTS

LOG = logging.getLogger("osteocds")

MOST_WAITING = 2000
"""Answers that may wait; each holds some kilobytes."""

MOST_BYTES_WAITING = 64 * 1024 * 1024
"""Bytes of stored requests that may wait."""

BATCH = 100
"""Answers that are written in one transaction."""

GATHERING_SECONDS = 0.2
"""How long answers are gathered before they are written."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0
"""How long the writer waits before it tries again; twice as long each time."""

FLUSH_SECONDS = 1.5
"""How long the end of the process waits for what is still to be written: short enough for the 10 s of a container's stop."""

LATE_SECONDS = 5.0
"""How old the oldest answer is that waits, before somebody looks at it beside the writer."""

IDLE_SECONDS = 30.0
"""How long the thread waits for work before it ends; the next answer starts another."""

PURGED_EVERY = timedelta(days=1)


class Counted(Protocol):
    """What is counted of the ledger."""

    def written(self, table: str, rows: int) -> None:
        """So many rows were written."""

    def dropped(self, why: str, answers: int) -> None:
        """So many answers are not in the ledger: the queue was full, their rows were refused, the process ended."""

    def failed(self, why: str) -> None:
        """The database could not be used; a word of `service.ledger.database.WHY`."""

    def lag(self, seconds: float, waiting: int) -> None:
        """How old the oldest answer is that was not written yet, and how many wait."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The rows of an answer, since when they wait, and the bytes of its request, where that is stored."""

    since: float
    rows: Rows
    size: int


class Writer:
    """The queue and its thread. `retention` is how long answers are kept; without it for ever."""

    def __init__(
        self,
        database: Database,
        counted: Counted,
        pseudonyms: Pseudonyms,
        *,
        retention: timedelta | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._counted = counted
        self._pseudonyms = pseudonyms
        self._retention = retention
        self._purged: datetime | None = None
        self._now = now
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._is_late = False
        self._told = ""

    def put(self, answered: Answered) -> None:
        """Hand an answer over, once it is sent; it never waits for the database.

        Its rows are made here and now, by the thread that has answered: they are a tenth of its size, and the writer, one thread
        beside all those that answer, could not make the rows of all.
        """
        size = len(answered.request)
        if self._takes(size):
            rows = rows_of(answered, self._pseudonyms.of(answered.client, answered.patient_id))
            with self._changed:
                if self._takes(size):
                    self._waiting.append(_Waiting(self._now(), rows, size))
                    self._bytes += size
                    if self._thread is None:
                        self._thread = threading.Thread(target=self._write_on, name="ledger", daemon=True)
                        self._thread.start()
                    elif len(self._waiting) in (1, BATCH):
                        self._changed.notify_all()
                    if not self._is_late and self._lag() > LATE_SECONDS:
                        self._is_late = True
                        threading.Thread(target=self._tell_of_the_lag, name="ledger-lag", daemon=True).start()
                    return
        self._counted.dropped("full", 1)

    def _takes(self, size: int) -> bool:
        full = len(self._waiting) >= MOST_WAITING or (size > 0 and self._bytes + size > MOST_BYTES_WAITING)
        return not full and not self._ending

    def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Write what waits, within so many seconds; what is left is dropped."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)
        with self._changed:
            left = len(self._waiting)
            self._waiting.clear()
        if left:
            self._counted.dropped("ended", left)
        self._database.dispose()

    def flush(self, seconds: float) -> bool:
        """Wait until nothing waits; whether that came to be in time."""
        deadline = self._now() + seconds
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, max(0.0, deadline - self._now()))

    def _lag(self) -> float:
        return self._now() - self._waiting[0].since if self._waiting else 0.0

    def _tell_of_the_lag(self) -> None:
        """While the writer waits for a database that says nothing, which may be for ever, how late it is is told all the same."""
        with self._changed:
            while (lag := self._lag()) > LATE_SECONDS and not self._ending:
                self._counted.lag(lag, len(self._waiting))
                self._changed.wait_for(lambda: self._ending, LATE_SECONDS)
            self._is_late = False

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _write_on(self) -> None:
        failures = 0
        while True:
            self._purge_now_and_then()
            batch = self._next_batch()
            if batch is None:
                return
            if self._tried(batch):
                failures = 0
                continue
            pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**failures)
            failures = min(failures + 1, 10)
            with self._changed:
                if self._ending:
                    return
                self._changed.wait_for(lambda: self._ending, pause)

    def _next_batch(self) -> list[_Waiting] | None:
        """The oldest that wait, left in the queue until they are written; None where the thread ends."""
        with self._changed:
            if not self._waiting:
                self._changed.wait_for(lambda: bool(self._waiting) or self._ending, IDLE_SECONDS)
            if not self._waiting:
                self._thread = None
                return None
            if not self._ending:
                self._changed.wait_for(lambda: self._ending or len(self._waiting) >= BATCH, GATHERING_SECONDS)
            return [self._waiting[place] for place in range(min(BATCH, len(self._waiting)))]

    def _tried(self, batch: Sequence[_Waiting]) -> bool:
        """Whether the batch is dealt with: written, or dropped as far as its rows are to blame."""
        try:
            self._write([one.rows for one in batch])
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever one answer brings
            if not is_of_the_rows(error):
                self._failed(error)
                self._counted.lag(self._now() - batch[0].since, len(self._waiting))
                return False
            if not self._each_alone(batch):
                return False
        self._done(len(batch))
        return True

    def _each_alone(self, batch: Sequence[_Waiting]) -> bool:
        """Write the answers one by one, and drop those that cannot be; False where the database is to blame after all."""
        for place, one in enumerate(batch):
            try:
                self._write([one.rows])
            except Exception as error:  # noqa: BLE001 - as above
                if not is_of_the_rows(error):
                    self._failed(error)
                    self._done(place)
                    return False
                LOG.error("an answer cannot be written into the ledger: %s", type(error).__name__)
                self._counted.dropped("refused", 1)
        return True

    def _done(self, answers: int) -> None:
        with self._changed:
            for _ in range(min(answers, len(self._waiting))):
                self._bytes -= self._waiting.popleft().size
            oldest = self._waiting[0].since if self._waiting else None
            waiting = len(self._waiting)
            self._changed.notify_all()
        self._counted.lag(0.0 if oldest is None else self._now() - oldest, waiting)

    def _failed(self, error: BaseException) -> None:
        why = why_unusable(error)
        self._counted.failed(why)
        if why != self._told:
            self._told = why
            LOG.error("the ledger cannot be written: %s", WHY[why])

    def _write(self, rows: Sequence[Rows]) -> None:
        with self._database.begin() as connection:
            written = _insert(connection, rows)
        for table, count in written.items():
            self._counted.written(table, count)
        if self._told:
            self._told = ""
            LOG.warning("the ledger is written again")

    # --- what is too old ----------------------------------------------------------------------------------------------

    def _purge_now_and_then(self) -> None:
        now = datetime.now(UTC)  # noqa: TID251 - how old rows are is a matter of the machine's clock
        if self._retention is None or self._ending or (self._purged is not None and now - self._purged < PURGED_EVERY):
            return
        try:
            purge(self._database, now - self._retention, unless=lambda: self._ending)
        except SQLAlchemyError as error:
            self._failed(error)
        self._purged = now


def _insert(connection: Connection, rows: Sequence[Rows]) -> dict[str, int]:
    """Insert the rows of some answers; how many went into each table."""
    keys = connection.execute(
        insert(ANSWERS).returning(ANSWERS.c.id, sort_by_parameter_order=True), [one.answer for one in rows]
    ).scalars()
    written = {"answers": len(rows)}
    joined = list(zip(keys, rows, strict=True))
    for table, of_an_answer in (
        (CARDS, [{**row, "answer": key} for key, one in joined for row in one.cards]),
        (CARD_RULES, [row for one in rows for row in one.card_rules]),
        (OUTCOMES, [{**row, "answer": key} for key, one in joined for row in one.outcomes]),
        (FACTS, [{**row, "answer": key} for key, one in joined for row in one.facts]),
        (REQUESTS, [{**row, "answer": key} for key, one in joined for row in one.requests]),
    ):
        if of_an_answer:
            _put(connection, table, of_an_answer)
            written[table.name] = len(of_an_answer)
    return written


def _put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows as they are: there are dozens an answer, and SQLAlchemy would look at each value of each."""
    statement, order = _statement(table, connection.dialect)
    given: Any = rows if order is None else [tuple(map(row.__getitem__, order)) for row in rows]
    connection.exec_driver_sql(statement, given)


@cache
def _statement(table: Table, dialect: Dialect) -> tuple[str, Sequence[str] | None]:
    """What the driver is given, and the columns in their order, where it takes them in an order."""
    compiled = insert(table).compile(dialect=dialect)
    return str(compiled), compiled.positiontup
