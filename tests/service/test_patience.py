"""How long requests wait for a worker: a burst is borne, a queue that stands is not, and what is beyond is told soon."""

from __future__ import annotations

from collections import deque

import pytest

from service.edge.patience import BURST_INTERVALS, INTERVAL_SECONDS, SHORT_SECONDS, TARGET_SECONDS, Patience

SERVED_IN = 0.01
"""Seconds that one answer takes, one after the other."""


class Queue:
    """Requests that come evenly and are answered one after the other, as the front has them wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.patience = Patience(lambda: self.now)
        self.waits: list[float] = []
        self.told = 0
        self._waiting: deque[float] = deque()
        self._free = self._due = 0.0

    def bear(self, seconds: float, share: float) -> None:
        """So much of what can be answered comes for so long."""
        until = self.now + seconds
        while self.now < until:
            if self.now >= self._due:
                self._comes()
                self._due = self.now + SERVED_IN / share
            if self._waiting and self.now >= self._free:
                waited = self.now - self._waiting.popleft()
                self.waits.append(waited)
                self.patience.waited(waited, 0.0)
                self._free = self.now + SERVED_IN
            self.now += 0.001

    def _comes(self) -> None:
        if self.patience.refuses(len(self._waiting), 0.0):
            self.patience.told()
            self.told += 1
        else:
            self._waiting.append(self.now)

    def burst(self, requests: int) -> None:
        """So many come at once."""
        for _ in range(requests):
            self._comes()


@pytest.fixture
def queue() -> Queue:
    return Queue()


def test_below_what_can_be_answered_nobody_is_told_to_come_again(queue):
    queue.bear(60, 0.8)
    assert queue.told == 0


def test_a_burst_is_answered_whole(queue):
    queue.bear(5, 0.5)
    queue.burst(40)
    queue.bear(5, 0.5)
    assert queue.told == 0
    assert max(queue.waits) > TARGET_SECONDS


def test_a_queue_that_stands_and_is_short_is_answered_whole(queue):
    queue.burst(
        round(0.8 * TARGET_SECONDS / SERVED_IN)
    )  # as many clients, each of which asks again once it is answered
    queue.bear(60, 1)
    assert queue.told == 0
    assert min(queue.waits[100:]) > TARGET_SECONDS / 2


@pytest.mark.parametrize("share", [1.5, 2, 5])
def test_beyond_it_the_surplus_is_told_when_it_comes_and_the_others_wait_for_little(queue, share):
    queue.bear(5, share)  # until it is known that the queue stands
    queue.waits.clear()
    queue.told = 0
    queue.bear(60, share)
    assert queue.told / (queue.told + len(queue.waits)) == pytest.approx(1 - 1 / share, abs=0.05)
    assert sorted(queue.waits)[int(0.99 * len(queue.waits))] <= SHORT_SECONDS + 3 * SERVED_IN


def test_after_it_everybody_is_answered_again(queue):
    queue.bear(20, 3)
    queue.bear(5 * INTERVAL_SECONDS, 0.5)
    assert not queue.patience.refuses(1000, 0.0)
    queue.told = 0
    queue.burst(12)
    queue.bear(5, 0.5)
    assert queue.told == 0


def test_one_slow_answer_after_a_pause_is_no_queue_that_stands(queue):
    queue.patience.waited(5, 0.0)
    queue.now += 3600
    queue.patience.waited(5, 0.0)
    queue.now += INTERVAL_SECONDS / 2
    assert not queue.patience.refuses(1000, 0.0)


def late_for(queue: Queue, seconds: float, late: float) -> None:
    """Who comes is answered at once; those that go on after they waited for others are so late."""
    until = queue.now + seconds
    while queue.now < until:
        queue.patience.waited(0, late)
        queue.now += 0.05


def test_those_that_go_on_late_make_a_queue_that_stands_too(queue):
    late_for(queue, 3 * INTERVAL_SECONDS, 0.8 * TARGET_SECONDS)
    assert not queue.patience.refuses(0, 0.8 * TARGET_SECONDS)
    late_for(queue, 3 * INTERVAL_SECONDS, 1.1 * TARGET_SECONDS)
    assert queue.patience.refuses(0, 1.1 * TARGET_SECONDS)
    assert not queue.patience.refuses(0, 0.9 * TARGET_SECONDS), "it may be a burst"
    late_for(queue, (BURST_INTERVALS + 1) * INTERVAL_SECONDS, 1.1 * TARGET_SECONDS)
    assert queue.patience.refuses(0, 1.1 * SHORT_SECONDS)
    assert not queue.patience.refuses(0, 0.9 * SHORT_SECONDS)


def test_what_a_large_burst_left_keeps_nobody_who_would_wait_no_longer_than_the_target(queue):
    queue.burst(120)
    queue.bear(BURST_INTERVALS * INTERVAL_SECONDS, 0.2)
    queue.told = 0
    queue.burst(round(0.8 * TARGET_SECONDS / SERVED_IN))
    assert queue.told == 0
