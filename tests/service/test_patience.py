"""How long requests wait for a worker: a burst is borne, a queue that stands is not, and what is beyond is told soon."""

from __future__ import annotations

from collections import deque

import pytest

from service.edge.patience import INTERVAL_SECONDS, MOST_SECONDS, TARGET_SECONDS, Patience

SERVED_IN = 0.01
"""Seconds that one answer takes, one after the other."""


class Queue:
    """Requests that come evenly and are answered one after the other, as the front has them wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.patience = Patience(lambda: self.now)
        self.waits: list[float] = []
        self.told: list[float] = []
        self._waiting: deque[float] = deque()
        self._free = self._due = 0.0

    def bear(self, seconds: float, share: float) -> None:
        """So much of what can be answered comes for so long."""
        until = self.now + seconds
        while self.now < until:
            if self.now >= self._due:
                self._waiting.append(self.now)
                self._due = self.now + SERVED_IN / share
            while self._waiting and self.now - self._waiting[0] > self.patience.seconds:
                self.told.append(self.now - self._waiting.popleft())
                self.patience.gave_up()
            if self._waiting and self.now >= self._free:
                waited = self.now - self._waiting.popleft()
                self.waits.append(waited)
                self.patience.waited(waited)
                self._free = self.now + SERVED_IN
            self.now += 0.001

    def burst(self, requests: int) -> None:
        """So many come at once."""
        self._waiting.extend([self.now] * requests)


@pytest.fixture
def queue() -> Queue:
    return Queue()


def test_below_what_can_be_answered_nobody_is_told_to_come_again(queue):
    queue.bear(60, 0.8)
    assert queue.told == []


def test_a_burst_is_answered_whole(queue):
    queue.bear(5, 0.5)
    queue.burst(20)
    queue.bear(5, 0.5)
    assert queue.told == []
    assert max(queue.waits) > 6 * TARGET_SECONDS


@pytest.mark.parametrize("share", [1.5, 2, 5])
def test_beyond_it_the_surplus_is_told_within_two_targets_and_the_others_wait_no_longer(queue, share):
    queue.bear(2, share)  # until it is known that the queue stands
    queue.waits.clear()
    queue.told.clear()
    queue.bear(60, share)
    assert len(queue.told) / (len(queue.told) + len(queue.waits)) == pytest.approx(1 - 1 / share, abs=0.05)
    assert max(queue.told) <= 2 * TARGET_SECONDS + 0.002
    assert sorted(queue.waits)[int(0.99 * len(queue.waits))] <= 2 * TARGET_SECONDS + 0.002


def test_after_it_everybody_is_answered_again(queue):
    queue.bear(20, 3)
    queue.bear(3 * INTERVAL_SECONDS, 0.5)
    assert queue.patience.seconds == MOST_SECONDS
    queue.told.clear()
    queue.burst(12)
    queue.bear(5, 0.5)
    assert queue.told == []


def test_one_slow_answer_after_a_pause_is_no_queue_that_stands(queue):
    queue.patience.waited(5)
    queue.now += 3600
    queue.patience.waited(5)
    queue.now += INTERVAL_SECONDS / 2
    assert queue.patience.seconds == MOST_SECONDS
