"""Tables of the database, made where they are not there yet."""

from __future__ import annotations

import threading

from sqlalchemy import Table
from sqlalchemy.engine import Engine
from sqlalchemy.schema import CreateIndex, CreateTable


class MadeOnce:
    """One table of one database, which is made when it is first needed."""

    def __init__(self, engine: Engine, table: Table) -> None:
        """Connects to nothing yet."""
        self._engine = engine
        self._table = table
        self._lock = threading.Lock()
        self._is_there = False

    def make(self) -> None:
        """Make the table, unless it is there; other processes may be making it at the same moment."""
        with self._lock:
            if not self._is_there:
                with self._engine.begin() as connection:
                    connection.execute(CreateTable(self._table, if_not_exists=True))
                    for index in self._table.indexes:
                        connection.execute(CreateIndex(index, if_not_exists=True))
                self._is_there = True
