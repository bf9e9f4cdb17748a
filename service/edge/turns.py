"""Whose turn it is, of the threads of a worker: one computes at a time, and requests that have all they need go first.

One thread holds the interpreter. Where several want it they hand it to each other every moment, and each takes as long as all of
them together. So one has a turn until it is answered or waits for others. The next is that of a request that has waited for
nothing yet, which is soon done; where there is none, of the one that came first of those that go on after they waited, or read
what came. A turn that does not end is lost: who waits for it too long has it, and the other computes beside.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

NEW_SECONDS = 0.05
"""For how long a request that has waited for nothing waits for its turn, at most."""

GOING_ON_SECONDS = 0.5
"""For how long one does that goes on, or reads what came."""


class Turns:
    """Those of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Turn | None = None
        self._new: deque[Turn] = deque()
        self._others: deque[Turn] = deque()

    def take(self, *, new: bool) -> Turn:
        """A turn, once it comes; `new` has waited for nothing yet."""
        turn = Turn(self, new=new)
        with self._lock:
            if self._now is None:
                self._now = turn
                return turn
            self._queue_of(turn).append(turn)
        self._wait(turn)
        return turn

    def beside(self) -> Turn:
        """Of a request that computes so long that it is not waited for: it computes beside whoever has a turn."""
        return Turn(self, new=True)

    @contextmanager
    def reading(self) -> Iterator[Turn]:
        """A turn of what reads answers for a request that waits for them."""
        turn = self.take(new=False)
        try:
            yield turn
        finally:
            turn.end()

    def end(self, turn: Turn) -> None:
        """As `Turn.end`."""
        with self._lock:
            if self._now is turn:
                self._now = next((queue.popleft() for queue in (self._new, self._others) if queue), None)
                if self._now is not None:
                    self._now.comes.release()

    def let_new_pass(self, turn: Turn) -> None:
        """As `Turn.let_new_pass`."""
        with self._lock:
            if self._now is not turn or not self._new:
                return
            self._queue_of(turn).appendleft(turn)
            self._now = self._new.popleft()
            self._now.comes.release()
        self._wait(turn)

    def _queue_of(self, turn: Turn) -> deque[Turn]:
        return self._new if turn.new else self._others

    def _wait(self, turn: Turn) -> None:
        if turn.comes.acquire(timeout=NEW_SECONDS if turn.new else GOING_ON_SECONDS):
            return
        with self._lock:
            if turn in self._queue_of(turn):
                self._queue_of(turn).remove(turn)
                self._now = turn
            else:  # it came just now
                turn.comes.acquire()


class Turn:
    """What a thread has that computes."""

    def __init__(self, turns: Turns, *, new: bool) -> None:
        self._turns = turns
        self.new = new
        self.comes = threading.Lock()
        self.comes.acquire()

    def end(self) -> None:
        """It computes no more, and the next one does; nothing where the turn was lost, or has ended."""
        self._turns.end(self)

    def let_new_pass(self) -> None:
        """Wait until those that have waited for nothing yet have had theirs."""
        self._turns.let_new_pass(self)
