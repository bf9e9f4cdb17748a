"""A bounded executor whose threads end with the process, whatever they wait for.

`ThreadPoolExecutor` waits for its threads when the interpreter ends: one that hangs in a name look-up would keep the process
from ending when it is told to.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeAlias, TypeVar

Found = TypeVar("Found")
_Work: TypeAlias = "tuple[Future[Any], Callable[[], Any]]"

IDLE_SECONDS = 30.0
"""How long a thread without work is kept."""


class DaemonThreads(Executor):
    """At most `most` threads, begun when they are needed; `waiting` more pieces of work may wait for one."""

    def __init__(self, most: int, *, waiting: int, name: str) -> None:
        self._most = most
        self._waiting = waiting
        self._name = name
        self._changed = threading.Condition()
        self._queue: deque[_Work] = deque()
        self._idle = 0
        self._threads = 0

    @property
    def is_idle(self) -> bool:
        """None of the threads works, and no work waits."""
        with self._changed:
            return self._idle == self._threads and not self._queue

    def submit(self, function: Callable[..., Found], /, *args: Any, **kwargs: Any) -> Future[Found]:
        """Have a thread call the function. The future is cancelled at once where no more work may wait."""
        future: Future[Found] = Future()
        with self._changed:
            if len(self._queue) >= self._idle and not self._begin_a_thread():
                waiting = len(self._queue) - self._idle
                if self._threads == 0 or waiting >= self._waiting:
                    future.cancel()
                    return future
            self._queue.append((future, lambda: function(*args, **kwargs)))
            self._changed.notify()
        return future

    def _begin_a_thread(self) -> bool:
        if self._threads >= self._most:
            return False
        try:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError:  # the machine has no thread left
            return False
        self._threads += 1
        return True

    def _run(self) -> None:
        while (work := self._next()) is not None:
            future, call = work
            if future.set_running_or_notify_cancel():
                try:
                    found = call()
                except BaseException as error:  # noqa: BLE001 - whoever waits for the future is told
                    future.set_exception(error)
                else:
                    future.set_result(found)
                    del found
            del work, future, call  # what was found is not kept until the next work comes

    def _next(self) -> _Work | None:
        """The next piece of work; None where none came for a while, and the thread ends."""
        with self._changed:
            self._idle += 1
            came = self._changed.wait_for(lambda: self._queue, IDLE_SECONDS)
            self._idle -= 1
            if not came:
                self._threads -= 1
                return None
            return self._queue.popleft()
