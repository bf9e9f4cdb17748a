"""How long requests may wait for a worker: as long as need be in a burst, hardly at all while more comes than can be answered.

Controlled delay (CoDel, RFC 8289), as servers have it (B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015, and folly's `Codel`): a
burst makes a queue that goes away by itself, so that somebody soon waits for nothing. Where nobody did for a while, the queue
stands, and whoever joins it only adds to what all wait for. Who has waited twice the target then is told to come again. That
goes on while many are told so, though those who are not find short queues then.
"""

from __future__ import annotations

import time
from collections.abc import Callable

TARGET_SECONDS = 0.025
TARGET_STRETCHES = 2
"""What everybody may wait: the time of so many stretches of computing as they are of late, and at least so many seconds."""

WEIGHT = 1 / 20
"""Of the newest stretch in their mean."""

INTERVAL_SECONDS = 0.5
"""For how long each request has to wait longer than the target before the queue is one that stands."""

MANY = 1 / 10
"""Of those that came in an interval."""

MOST_SECONDS = 10.0
"""How long a request of a burst may wait."""


class Patience:
    """What is known of the waits of late."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = float("-inf")
        self._stands = False
        self._stretch = 0.0
        self._least = float("inf")
        self._came = self._told = 0

    @property
    def seconds(self) -> float:
        """How long a request may wait now."""
        return 2 * self.target if self._stands else MOST_SECONDS

    @property
    def target(self) -> float:
        """Seconds that everybody may wait. On a machine that is slow or shared all takes longer, without more coming."""
        return max(TARGET_SECONDS, TARGET_STRETCHES * self._stretch)

    def computed(self, seconds: float) -> None:
        """A request has computed for so long at a stretch."""
        self._stretch += WEIGHT * (seconds - self._stretch)

    def waited(self, seconds: float) -> None:
        """A request has waited so long, and is answered now."""
        self._turn()
        self._least = min(self._least, seconds)
        self._came += 1

    def gave_up(self) -> None:
        """A request has waited as long as it may, and is told to come again."""
        self._turn()
        self._came += 1
        self._told += 1

    def _turn(self) -> None:
        """Judge the interval that has ended, if one has."""
        now = self._clock()
        if now < self._ends:
            return
        judged = now < self._ends + INTERVAL_SECONDS and self._came > 0  # else nobody came for a while
        goes_on = self._stands and self._told > MANY * self._came
        self._stands = judged and (goes_on or self._least > self.target)
        self._ends = now + INTERVAL_SECONDS
        self._least = float("inf")
        self._came = self._told = 0
