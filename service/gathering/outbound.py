"""What leads out of the process: for each FHIR base threads and a breaker of its own, so that none costs another its answers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

from service.gathering.allowlist import Base
from service.gathering.breaker import Breaker, State
from service.gathering.daemon_threads import DaemonThreads

if TYPE_CHECKING:
    import requests

SEARCHES_AT_ONCE = 16
"""Searches of one request that run beside each other: a few more than the widest hook has, so that none waits for another."""

MOST_BASES = 16
"""FHIR bases below one listed address (the tenants of a gateway) that have threads of their own at a time."""

Watch: TypeAlias = Callable[[str, State | None, State | None], None]
"""Is told below which listed address a breaker changes, its state before (None: it is new) and after (None: it is gone)."""

Waiting: TypeAlias = Callable[[], AbstractContextManager[None]]
"""What a request enters while it waits for searches, and leaves when it goes on."""


class ReadingTurn(Protocol):
    """The turn of a thread that reads answers."""

    def let_new_pass(self) -> None:
        """Let requests go first that have waited for nothing yet: called between one answer and the next."""

    def end(self) -> None:
        """Let others compute: this one waits."""


class _Alone:
    """Nobody else takes turns."""

    def let_new_pass(self) -> None:
        pass

    def end(self) -> None:
        pass


Reading: TypeAlias = Callable[[], AbstractContextManager[ReadingTurn]]
"""What answers are read within that have come."""


@dataclass(frozen=True)
class Turns:
    """How the threads of a process take turns."""

    waiting: Waiting = nullcontext
    reading: Reading = lambda: nullcontext(_Alone())


NO_TURNS = Turns()


MOST_BYTES_AT_ONCE = 16_000_000
"""Of the answers of one base that are being read, together; what several usual requests read at once is a tenth of it."""


class Room:
    """So many bytes for what is being read."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take so many bytes, where there are as many."""
        with self._lock:
            there = size <= self._free
            self._free -= size if there else 0
            return there

    def give_back(self, size: int) -> None:
        """They are not needed any more."""
        with self._lock:
            self._free += size


@dataclass(frozen=True)
class Bulkhead:
    """What one FHIR base has for itself; `listed` is the listed address below which it lies."""

    listed: str
    threads: DaemonThreads
    breaker: Breaker
    room: Room
    turns: Turns = NO_TURNS


class Outbound:
    """The bulkheads of a process, shared by all its requests.

    So many as `MOST_BASES` below each listed address: the one that was used longest ago, and has nothing to do, makes place.
    """

    def __init__(
        self,
        connect: Callable[[], requests.Session],
        requests_at_once: int,
        watch: Watch = lambda *_: None,
        turns: Turns = NO_TURNS,
    ) -> None:
        """`connect` makes the session of all, when something outside is first to be asked."""
        self._connect = connect
        self._session: requests.Session | None = None
        self._most_threads = SEARCHES_AT_ONCE * requests_at_once
        self._watch = watch
        self._turns = turns
        self._lock = threading.Lock()
        self._bulkheads: dict[str, OrderedDict[str, Bulkhead]] = {}

    @property
    def session(self) -> requests.Session:
        """The session of all requests."""
        with self._lock:
            if self._session is None:
                self._session = self._connect()
            return self._session

    def bulkhead(self, base: Base) -> Bulkhead | None:
        """That of a base; None where none makes place for it."""
        with self._lock:
            below = self._bulkheads.setdefault(base.listed, OrderedDict())
            held = below.get(base.name)
            if held is None:
                if len(below) >= MOST_BASES and not self._make_place(base.listed, below):
                    return None
                held = below[base.name] = self._new(base.listed)
            below.move_to_end(base.name)
            return held

    def _new(self, listed: str) -> Bulkhead:
        self._watch(listed, None, State.CLOSED)
        return Bulkhead(
            listed,
            DaemonThreads(self._most_threads, waiting=self._most_threads, name="fhir"),
            Breaker(partial(self._watch, listed)),
            Room(MOST_BYTES_AT_ONCE),
            self._turns,
        )

    def _make_place(self, listed: str, below: OrderedDict[str, Bulkhead]) -> bool:
        idle = next((name for name, one in below.items() if one.threads.is_idle), None)
        if idle is not None:
            self._watch(listed, below.pop(idle).breaker.state, None)
        return idle is not None
