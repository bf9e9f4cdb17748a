"""Threads of a worker compute one at a time; who has waited for nothing goes first; who does not end holds nobody for long."""

from __future__ import annotations

import random
import threading
import time

import pytest

from service.edge.turns import GOING_ON_SECONDS, NEW_SECONDS, Turn, Turns


class Taking:
    """A thread that takes a turn, notes its name when it comes, and ends it."""

    def __init__(self, turns: Turns, name: str, noted: list[str], *, new: bool) -> None:
        self._turns, self._name, self._noted, self._new = turns, name, noted, new
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        turn = self._turns.take(new=self._new)
        self._noted.append(self._name)
        turn.end()

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


def queued(turns: Turns, names: str, noted: list[str]) -> list[Taking]:
    """Threads that wait in this order: an upper case letter is new, a lower case one goes on."""
    waiting = []
    for number, name in enumerate(names, 1):
        waiting.append(Taking(turns, name, noted, new=name.isupper()))
        until = time.monotonic() + 20
        while len(turns._new) + len(turns._others) < number and time.monotonic() < until:  # noqa: SLF001
            time.sleep(0.0005)
    return waiting


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody loses a turn on a machine that is slow."""
    monkeypatch.setattr("service.edge.turns.NEW_SECONDS", 20)
    monkeypatch.setattr("service.edge.turns.GOING_ON_SECONDS", 20)


@pytest.mark.usefixtures("patient")
def test_who_has_waited_for_nothing_goes_first_and_each_kind_in_its_order():
    turns, noted = Turns(), []
    first = turns.take(new=True)
    waiting = queued(turns, "aBcD", noted)
    first.end()
    for one in waiting:
        one.join()
    assert noted == ["B", "D", "a", "c"]


@pytest.mark.usefixtures("patient")
def test_who_reads_lets_new_ones_pass_and_goes_on_before_those_that_came_later():
    turns, noted = Turns(), []
    with turns.reading() as turn:
        waiting = queued(turns, "aBC", noted)
        turn.let_new_pass()
        assert noted == ["B", "C"]
        turn.let_new_pass()  # none waits
    for one in waiting:
        one.join()
    assert noted == ["B", "C", "a"]


@pytest.mark.parametrize(("new", "seconds"), [(True, NEW_SECONDS), (False, GOING_ON_SECONDS)], ids=["new", "goes on"])
def test_a_turn_that_does_not_end_is_lost_to_who_waits_for_it(new, seconds):
    turns = Turns()
    hangs = turns.take(new=True)
    began = time.monotonic()
    turn = turns.take(new=new)
    assert time.monotonic() - began >= 0.9 * seconds
    noted: list[str] = []
    waiting = queued(turns, "a", noted)
    hangs.end()
    hangs.let_new_pass()
    assert noted == [], "the one that was lost ends nobody's turn"
    turn.end()
    waiting[0].join()


def test_a_turn_that_has_ended_ends_no_other():
    turns = Turns()
    first = turns.take(new=True)
    first.end()
    second = turns.take(new=True)
    first.end()
    assert turns._now is second  # noqa: SLF001 - nobody else would be told


@pytest.mark.usefixtures("patient")
def test_of_many_threads_one_computes_and_all_have_their_turn():
    turns, lock = Turns(), threading.Lock()
    counts = {"now": 0, "most": 0, "turns": 0}

    def compute(turn: Turn) -> None:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
            counts["turns"] += 1
        with lock:
            counts["now"] -= 1
        turn.end()

    def run(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(200):
            turn = turns.take(new=chance.random() < 0.5)
            if not turn.new and chance.random() < 0.5:
                turn.let_new_pass()
            compute(turn)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert counts == {"now": 0, "most": 1, "turns": 12 * 200}


def test_who_computes_beside_holds_nobody():
    turns = Turns()
    beside = turns.beside()
    began = time.monotonic()
    turn = turns.take(new=True)
    assert time.monotonic() - began < NEW_SECONDS
    beside.end()
    assert turns._now is turn  # noqa: SLF001 - nobody else would be told
