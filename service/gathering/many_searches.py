"""The searches of one request: sent by one thread, which reads each once it is answered.

A thread a search would cost more than the search itself: each that wakes takes turns with all others at the interpreter. So one
thread sends what can be sent at once, and reads what came, one after the other. Where one answer keeps it, since it comes drop
by drop or has further pages, the others get threads of their own: none waits for another.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from service.gathering.daemon_threads import DaemonThreads
from service.gathering.record_server import Pages

if TYPE_CHECKING:
    from service.gathering.outbound import Reading, ReadingTurn
    from service.gathering.sent_ahead import Sent

STUCK_SECONDS = 0.1
"""How long one answer may keep the thread from the others."""

LONGEST_SECONDS = 60.0
"""How long a socket is waited for at a time."""

_HERE = threading.local()


@dataclass(eq=False)
class Search:
    """A search to be made: `send` sends its first request, or nothing where it cannot; `make` makes all of it from there."""

    send: Callable[[], Sent | None]
    make: Callable[[Sent | None], Pages]
    future: Future[Pages]
    sent: Sent | None = None


TimeLeft: TypeAlias = Callable[[], float]


class ManySearches:
    """Those of one request to one base, until its deadline."""

    def __init__(
        self,
        searches: Sequence[Search],
        threads: DaemonThreads,
        time_left: TimeLeft,
        busy: Exception,
        reading: Reading,
    ) -> None:
        """`busy` is what becomes of a search for which there is no thread; answers are read within `reading`."""
        self._searches = searches
        self._threads = threads
        self._time_left = time_left
        self._busy = busy
        self._reading = reading
        self._turn: ReadingTurn | None = None
        self._lock = threading.Lock()
        self._awaited: dict[int, Search] = {}
        self._reads_since: float | None = None

    def begin(self) -> None:
        """Have a thread send and read them; each is cancelled where there is none."""
        if self._threads.submit(self._run).cancelled():
            for one in self._searches:
                one.future.cancel()

    def not_kept(self) -> None:
        """Give the others threads of their own, where one answer keeps the thread of all for long."""
        with self._lock:
            stuck = self._reads_since is not None and time.monotonic() - self._reads_since > STUCK_SECONDS
        if stuck:
            self.part()

    def _run(self) -> None:
        begun = [one for one in self._searches if not one.future.cancelled()]
        for one in begun:
            with suppress(Exception):  # what cannot be sent ahead is asked as ever, and says itself what is wrong
                one.sent = one.send()
        with self._lock:
            self._awaited = {one.sent.fileno(): one for one in begun if one.sent is not None and _begins(one)}
        apart = [one for one in begun if one.sent is None]
        # The last one that has no connection yet would leave this thread with nothing to do.
        own = apart.pop() if apart and not self._awaited else None
        for one in apart:
            self._apart(one)
        if own is not None:
            self._made(own)
        while (ready := self._ready()) is not None:
            with self._reading() as self._turn:
                for number in ready:
                    self._read(number)
                    self._turn.let_new_pass()

    def _ready(self) -> list[int] | None:
        """The sockets on which answers have come; at the deadline, all that are left. None where none is left."""
        with self._lock:
            awaited = list(self._awaited)
        if not awaited:
            return None
        waiting = select.poll()
        for number in awaited:
            waiting.register(number, select.POLLIN)
        left = self._time_left()
        return [number for number, _ in waiting.poll(1000 * min(left, LONGEST_SECONDS))] if left > 0 else awaited

    def _read(self, number: int) -> None:
        with self._lock:
            search = self._awaited.pop(number, None)
            self._reads_since = None if search is None else time.monotonic()
        if search is None:
            return
        _HERE.others = self
        try:
            self._made(search)
        finally:
            _HERE.others = None
            with self._lock:
                self._reads_since = None

    def part(self) -> None:
        """Give the others threads of their own, and let somebody else compute meanwhile."""
        if self._turn is not None:
            self._turn.end()
        with self._lock:
            others, self._awaited = list(self._awaited.values()), {}
        for one in others:
            self._apart(one)

    def _apart(self, search: Search) -> None:
        if not self._threads.submit(self._made, search).cancelled():
            return
        if search.sent is None:
            search.future.cancel()
        else:
            search.sent.let_go()
            search.future.set_exception(self._busy)

    @staticmethod
    def _made(search: Search) -> None:
        if not (search.future.running() or _begins(search)):
            return
        try:
            found = search.make(search.sent)
        except BaseException as error:  # noqa: BLE001 - whoever waits for the future is told
            # Without where it was raised, from where the future itself is seen: a circle, which would keep what was found.
            search.future.set_exception(error.with_traceback(None))
        else:
            search.future.set_result(found)


def _begins(search: Search) -> bool:
    """It is begun, unless nobody waits for it any more."""
    begins = search.future.set_running_or_notify_cancel()
    if not begins and search.sent is not None:
        search.sent.let_go()
    return begins


def before_waiting() -> None:
    """Say that this thread is to wait for what was not sent ahead: the others that it was to read are given to other threads."""
    others: ManySearches | None = getattr(_HERE, "others", None)
    if others is not None:
        others.part()
