"""A circuit breaker: a FHIR base that does not answer is left alone for a while, and costs nobody a deadline meanwhile.

The pattern is that of M. Nygard, "Release It!" (2nd edition, 2018, "Circuit Breaker"). Here a whole hook request is what
succeeds or fails, and what tries a base again: its searches run beside each other, so that one of them tells little. The
libraries that we looked at (pybreaker, purgatory, circuitbreaker) count calls, and let every caller try at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

MOST_FAILURES = 3
"""Requests in a row that found no answer at all, after which the base is left alone."""

OPEN_SECONDS = 10.0
"""How long it is left alone before one request tries it again."""


class State(Enum):
    """What a breaker does with the next request."""

    CLOSED = "closed"
    """It passes."""
    OPEN = "open"
    """It is told that the base did not answer lately."""
    HALF_OPEN = "half-open"
    """One request tries the base, and the others are told as above."""


class Breaker:
    """The breaker of one base, shared by the threads of a process. `changed` is told each change of state, as from and to."""

    def __init__(self, changed: Callable[[State, State], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._changed = changed
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._tried_from = 0.0
        self._trial: object = None
        self.state = State.CLOSED

    def admits(self, request: object) -> bool:
        """The request (any object that stands for it) may ask the base."""
        with self._lock:
            if self.state is State.CLOSED or self._trial is request:
                return True
            if self._clock() < self._tried_from:
                return False
            self._try(request)
            return True

    def answered(self) -> None:
        """The base gave an answer, if only an error."""
        with self._lock:
            self._failures = 0
            self._trial = None
            self._become(State.CLOSED)

    def unanswered(self) -> None:
        """A request found no answer at all."""
        with self._lock:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                self._trial = None
                self._tried_from = self._clock() + OPEN_SECONDS
                self._become(State.OPEN)

    def _try(self, request: object) -> None:
        """Let one request try; where it never tells what it found, another one tries in its turn."""
        self._trial = request
        self._tried_from = self._clock() + OPEN_SECONDS
        self._become(State.HALF_OPEN)

    def _become(self, state: State) -> None:
        before, self.state = self.state, state
        if before is not state:
            self._changed(before, state)
