"""The front's side of the processes that compute: which of them is asked, and that there are always enough of them.

The front is a process of its own, so that what it alone does, to read, to refuse and to tell that the service lives, waits
for no computing. It hands each request to the worker with the fewest; each worker has a connection a thread.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import socket
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar

from service.edge import exchange
from service.edge.patience import Patience
from service.edge.worker import ALIVE, ASKED, LARGE, WAITS, Build, process

LOG = logging.getLogger("osteocds")

Found = TypeVar("Found")

HUNG_SECONDS = 30.0
"""How long a worker may say nothing before another takes its place."""

BEGINNING_SECONDS = 120.0
"""How long one may take to begin, on a machine that is busy."""

ASKED_EVERY_SECONDS = 5.0
LOOKED_AT_EVERY_SECONDS = 0.5

NEW_AT_ONCE = 2
"""Requests that a worker has been given and that have waited for nothing yet: one computes, the next is there when it is done.
Those that wait for others, such as FHIR servers, or did, do not count: a new one goes before them (`turns.py`)."""

HEARD_EVERY_SECONDS = 0.02
"""How often a worker is asked for a word, which it gives in turn with those that go on after they waited: as late as they are."""

LATEST_SECONDS = 1.0
"""A worker that is later with its word gets nothing more to do until it gives one: it is held up."""

COMPUTES_SECONDS = 0.5
"""A request that is longer in work at a stretch waits for something that it has not told."""

WAITING_SECONDS = 10.0
"""How long a request of a burst may wait."""

ENDING_SECONDS = 2.0
"""How long workers may take to end: what waits for the ledger is written."""


class Busy(Exception):
    """No thread came free in time."""


class Lost(Exception):
    """The worker ended while it answered, or takes too long."""


class WorkersFailed(Exception):
    """The workers could not begin."""


class Process(Protocol):
    """What is used of `multiprocessing.Process`."""

    @property
    def pid(self) -> int | None:
        """Its number."""

    def is_alive(self) -> bool:
        """Whether it runs."""

    def kill(self) -> None:
        """End it at once."""

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended."""


Start: TypeAlias = Callable[[Build, socket.socket, Sequence[socket.socket]], Process]


PRELOADED = f"{__package__}.preloaded"


def copied(build: Build, control: socket.socket, places: Sequence[socket.socket]) -> Process:
    """A new process that works: a copy of one that has loaded what workers need (`service.edge.preloaded`).

    Not of this one: its threads and connections would come along.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    began = context.Process(target=process, args=(build, control, places), name="worker")
    began.start()
    return began


@dataclass(eq=False)
class _Place:
    """A thread of a worker, as a connection."""

    worker: _Worker
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    computes: bool = False
    is_new: bool = False
    """It computes, and has waited for nothing yet."""
    timer: asyncio.TimerHandle | None = None

    async def exchanged(
        self, head: dict[str, Any], body: bytes, turned: Callable[[_Place, bool], None]
    ) -> exchange.Message:
        """Send a request and read its answer; `turned` is told when it waits for others, and when it does no more.

        Raises `exchange.Ended`.
        """
        try:
            for piece in exchange.packed(head, body):
                self.writer.write(piece)
        except (OSError, RuntimeError):  # closed
            raise exchange.Ended from None
        while True:
            told, answer = await exchange.received(self.reader)
            if WAITS not in told:
                return told, answer
            turned(self, not told[WAITS])


@dataclass(eq=False)
class _Waiting:
    """Somebody who waits for a place, since when."""

    turn: asyncio.Future[_Place]
    large: bool
    since: float


@dataclass(eq=False)
class _Worker:
    """A process, from its start on."""

    process: Process
    control: asyncio.StreamWriter
    heard: float
    begun: bool = False
    ready: bool = False
    retired: bool = False
    idle: list[_Place] = field(default_factory=list)
    places: list[_Place] = field(default_factory=list)
    asked: float = 0
    awaited: float | None = None
    """Since when a word of it is awaited."""
    late: float = 0.0
    """Seconds that the last one took."""
    large: bool = False
    """A large body is in work."""

    @property
    def busy(self) -> int:
        return len(self.places) - len(self.idle)

    def able(self, now: float, *, large: bool) -> bool:
        """It may be given a request: it has a place, computes few that are new, and is not held up."""
        if not self.ready or not self.idle or (large and self.large) or self.new >= NEW_AT_ONCE:
            return False
        return self.is_late(now) < LATEST_SECONDS

    def is_late(self, now: float) -> float:
        """By how many seconds, as far as is known."""
        return max(self.late, 0.0 if self.awaited is None else now - self.awaited)

    @property
    def computing(self) -> int:
        return sum(place.computes for place in self.places)

    @property
    def new(self) -> int:
        """Requests that it computes, and that have waited for nothing yet."""
        return sum(place.is_new for place in self.places)

    def close(self) -> None:
        """Have it end, and let go of it."""
        for writer in (self.control, *(place.writer for place in self.places)):
            writer.close()
        self.ready = False


class Workers:
    """`processes` of `threads` each, that call what `build` makes; it is called in each of them.

    A worker is given `NEW_AT_ONCE` requests; its other threads wait for others, or go on after they did. It has one body of more
    than `large_bytes` in work at once: in memory a body is many times its length. An answer may take `answer_seconds`.
    """

    def __init__(
        self,
        build: Build,
        *,
        processes: int,
        threads: int,
        large_bytes: int,
        answer_seconds: float,
        start: Start = copied,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._build = build
        self._processes = processes
        self.threads = processes * threads
        self._threads_each = threads
        self._large_bytes = large_bytes
        self.answer_seconds = answer_seconds
        self._start_process = start
        self._clock = clock
        self._workers: list[_Worker] = []
        self._waiting: deque[_Waiting] = deque()
        self._patience = Patience(clock)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._renewal_asked = False
        self._renewing: asyncio.Task[None] | None = None

    # --- answers ------------------------------------------------------------------------------------------------------

    async def answer(self, head: dict[str, Any], body: bytes) -> exchange.Message:
        """The head and the body of the answer to a request (`service.edge.worker.head_of`). Raises `Busy`, `Lost`."""
        large = len(body) > self._large_bytes
        ahead = sum(not one.large for one in self._waiting)
        if not large and self._patience.refuses(ahead, self._late()):
            self._patience.told()
            raise Busy
        # Nobody passes those that wait, but for large bodies, which wait for each other.
        place = None if ahead else self._taken(large=large)
        if place is None:
            place = await self._turn(large=large)
        else:
            self._patience.waited(0, self._late())
        # Whether or not somebody still waits for it: the thread is free once it has answered.
        asked = self._task(self._asked(place, head, body, large=large))
        try:
            answer = await asyncio.wait_for(asyncio.shield(asked), self.answer_seconds)
        except TimeoutError:
            raise Lost from None
        if answer is None:
            raise Lost
        return answer

    async def _asked(self, place: _Place, head: dict[str, Any], body: bytes, *, large: bool) -> exchange.Message | None:
        """What a place answers; nothing where it is lost meanwhile."""
        worker = place.worker
        self._turned(place, computes=True)
        try:
            told = head | {LARGE: large}
            answer = await place.exchanged(told, body, lambda place, computes: self._turned(place, computes=computes))
        except exchange.Ended:
            worker.places.remove(place)
            place.writer.close()
            answer = None
        else:
            worker.idle.append(place)
        finally:
            self._turned(place, computes=False, gives=False)
        if large:
            worker.large = False
        if worker.retired and not worker.busy:
            worker.close()
        self._give()
        return answer

    def _turned(self, place: _Place, *, computes: bool, gives: bool = True) -> None:
        """A request begins to compute, or waits for others meanwhile, or is answered."""
        place.computes = computes
        place.is_new = place.is_new and computes
        if place.timer is not None:
            place.timer.cancel()
            place.timer = None
        if computes:
            loop = asyncio.get_running_loop()
            place.timer = loop.call_later(COMPUTES_SECONDS, partial(self._turned, place, computes=False))
        elif gives:
            self._give()

    def _taken(self, *, large: bool) -> _Place | None:
        """A place of the worker that computes the fewest requests, of those the one that was asked longest ago."""
        now = self._clock()
        able = [one for one in self._workers if one.able(now, large=large)]
        if not able:
            return None
        worker = min(able, key=lambda one: (one.computing, one.busy, one.asked))
        worker.asked = now
        worker.large = worker.large or large
        place = worker.idle.pop()
        place.computes = place.is_new = True
        return place

    def _late(self) -> float:
        """How late (seconds) those go on that have waited for others, in the worker where they are soonest."""
        now = self._clock()
        return min((one.is_late(now) for one in self._workers if one.ready), default=0.0)

    async def _turn(self, *, large: bool) -> _Place:
        """A place, once there is one. Raises `Busy` where that takes too long. A large body waits for others."""
        waiting = _Waiting(asyncio.get_running_loop().create_future(), large, self._clock())
        self._waiting.append(waiting)
        try:
            return await asyncio.wait_for(waiting.turn, WAITING_SECONDS)
        except TimeoutError:
            self._patience.told()
            raise Busy from None
        finally:
            with suppress(ValueError):  # given
                self._waiting.remove(waiting)

    def _give(self) -> None:
        """Give what came free to those that wait, in their order; a large body is passed over while it has to wait."""
        for waiting in tuple(self._waiting):
            if waiting.turn.done():
                continue
            place = self._taken(large=waiting.large)
            if place is None and not waiting.large:
                return
            if place is not None:
                self._waiting.remove(waiting)
                waiting.turn.set_result(place)
                if not waiting.large:
                    self._patience.waited(self._clock() - waiting.since, self._late())

    # --- processes ----------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start them, and wait until they are ready. Raises `WorkersFailed` where one does not come up."""
        for _ in range(self._processes):
            await self._start()
        while not all(one.ready for one in self._workers):
            if any(not self._lives(one) for one in self._workers):
                await self.end()
                raise WorkersFailed
            await asyncio.sleep(LOOKED_AT_EVERY_SECONDS / 10)
        self._task(self._watch())

    async def end(self) -> None:
        """End them, once they have written what waits for the ledger; those that take too long are killed."""
        for task in self._tasks:
            task.cancel()
        workers, self._workers = self._workers, []
        for one in workers:
            one.close()
        await asyncio.to_thread(_join, [one.process for one in workers])

    def renew(self) -> None:
        """Replace each worker soon, one after the other, once another is ready; what it has in work is answered.

        May be called by a handler of signals.
        """
        self._renewal_asked = True

    async def _renew(self) -> None:
        LOG.info("the workers are renewed")
        for old in tuple(self._workers):
            new = await self._start()
            while not new.ready:
                if not self._lives(new):
                    LOG.error("a new worker does not come up: the old ones are kept")
                    return
                await asyncio.sleep(LOOKED_AT_EVERY_SECONDS / 10)
            old.retired, old.ready = True, False
            if not old.busy:
                old.close()

    async def _start(self) -> _Worker:
        ours, theirs = zip(*(socket.socketpair() for _ in range(1 + self._threads_each)), strict=True)
        began = self._start_process(self._build, theirs[0], theirs[1:])
        for one in theirs:
            one.close()
        reader, control = await asyncio.open_connection(sock=ours[0])
        worker = _Worker(began, control, self._clock())
        worker.places = [_Place(worker, *(await asyncio.open_connection(sock=one))) for one in ours[1:]]
        worker.idle = list(worker.places)
        self._workers.append(worker)
        self._task(self._listen(worker, reader))
        self._task(self._ask(worker))
        return worker

    async def _ask(self, worker: _Worker) -> None:
        """Ask it for a word now and then, to know how late it is."""
        while not worker.control.is_closing():
            if worker.ready and worker.awaited is None:
                worker.awaited = self._clock()
                worker.control.write(ASKED)
            await asyncio.sleep(HEARD_EVERY_SECONDS)

    async def _listen(self, worker: _Worker, reader: asyncio.StreamReader) -> None:
        """Hear that it lives."""
        with suppress(OSError):
            while await reader.read(1) == ALIVE:
                worker.heard = self._clock()
                if worker.awaited is not None:
                    worker.late, worker.awaited = worker.heard - worker.awaited, None
                    self._give()
                if not worker.ready and not worker.begun:
                    worker.ready = worker.begun = True
                    LOG.info("worker process [%d] has started", worker.process.pid)
                    self._give()
        worker.ready = False  # at once: it is gone

    async def _watch(self) -> None:
        """Look after them, whatever goes wrong meanwhile."""
        looked = asked = self._clock()
        while True:
            await asyncio.sleep(LOOKED_AT_EVERY_SECONDS)
            now = self._clock()
            if now - looked > ASKED_EVERY_SECONDS:  # this process was held still: they could not be heard
                for one in self._workers:
                    one.heard = now
            looked = now
            asks = now - asked > ASKED_EVERY_SECONDS
            asked = now if asks else asked
            try:
                await self._look(asks=asks)
            except Exception as error:  # noqa: BLE001 - such as a machine that has no room for a process now
                LOG.error("a worker could not be looked after: %s", type(error).__name__)

    async def _look(self, *, asks: bool) -> None:
        """Replace those that ended, have lost their threads, or hang; renew all where that was asked for."""
        if self._renewal_asked and (self._renewing is None or self._renewing.done()):
            self._renewal_asked = False
            self._renewing = self._task(self._renew())
        for one in tuple(self._workers):
            if not self._lives(one):
                self._bury(one)
            elif asks and not one.control.is_closing():
                one.control.write(ASKED)
        while sum(not one.retired for one in self._workers) < self._processes:
            await self._start()

    def _lives(self, worker: _Worker) -> bool:
        most = HUNG_SECONDS if worker.begun else BEGINNING_SECONDS
        return worker.process.is_alive() and bool(worker.places) and self._clock() - worker.heard < most

    def _bury(self, worker: _Worker) -> None:
        worker.close()
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        if worker.retired:
            LOG.info("worker process [%d] has ended", worker.process.pid)
        else:
            LOG.error("worker process [%d] has died; another takes its place", worker.process.pid)

    def _task(self, work: Coroutine[Any, Any, Found]) -> asyncio.Task[Found]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _join(processes: Sequence[Process]) -> None:
    """Wait until they have ended; those that take too long are killed."""
    until = time.monotonic() + ENDING_SECONDS
    for one in processes:
        one.join(max(0.0, until - time.monotonic()))
        one.kill()
        one.join()
