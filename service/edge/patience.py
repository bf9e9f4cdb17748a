"""Who is told at once to come again, while more comes than can be answered: those that would make a queue longer that stands.

Controlled delay (CoDel, RFC 8289), as servers have it (B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015, and folly's `Codel`): a
burst makes a queue that goes away by itself, so that somebody soon waits for little. Where nobody did for a while, the queue
stands, and whoever makes it longer only adds to what all wait for. Who would is told so when it comes, not once it has waited:
then it can ask another replica, and nobody waits in vain. That goes on while anybody is told so; where it goes on for seconds, it
is no burst, and the others need wait for little.
"""

from __future__ import annotations

import time
from collections.abc import Callable

TARGET_SECONDS = 0.25
"""What everybody may wait. A card that comes a quarter of a second later is better than none: much less, and clients that are
answered one after the other, as always, would be told to come again."""

SHORT_SECONDS = 0.02
"""What those may wait that come where the queue does not go away though others are told to come again. As long as somebody always
waits, all is answered that can be: a longer wait would gain nobody an answer."""

BURST_INTERVALS = 4
"""For how many intervals it may still be what a large burst left."""

WEIGHT = 1 / 20
"""Of the newest in a mean."""

INTERVAL_SECONDS = 0.5
"""For how long each request has to wait longer than the target before the queue is one that stands."""


class Patience:
    """What is known of the waits of late."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = float("-inf")
        self._stands = 0  # for so many intervals
        self._gap = self._served = 0.0
        self._least = float("inf")
        self._came = self._refused = 0

    def refuses(self, before: int, late: float) -> bool:
        """Whether who comes now, behind so many, is told to come again. So late (seconds) are those that go on."""
        self._turn()
        bar = SHORT_SECONDS if self._stands > BURST_INTERVALS else TARGET_SECONDS
        return self._stands > 0 and before * self._gap + late > bar

    def waited(self, seconds: float, late: float) -> None:
        """A request has waited so long, and is answered now; what it leaves to others will be so late."""
        self._turn()
        self._least = min(self._least, seconds + late)
        self._came += 1
        now = self._clock()
        if seconds > 0:  # it stood in a queue, and how soon the next is answered is how fast that goes
            self._gap += WEIGHT * (now - max(self._served, now - seconds) - self._gap)
        self._served = now

    def told(self) -> None:
        """A request is told to come again."""
        self._turn()
        self._refused += 1

    def _turn(self) -> None:
        """Judge the interval that has ended, if one has."""
        now = self._clock()
        if now < self._ends:
            return
        judged = now < self._ends + INTERVAL_SECONDS and self._came > 0  # else nobody came for a while
        stands = judged and ((self._stands > 0 and self._refused > 0) or self._least > TARGET_SECONDS)
        self._stands = self._stands + 1 if stands else 0
        self._ends = now + INTERVAL_SECONDS
        self._least = float("inf")
        self._came = self._refused = 0
