"""Requests of a worker that have waited for others go on in turns; one that hangs keeps nobody for long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.edge import exchange
from service.edge.turns import GOING_ON_SECONDS
from service.edge.worker import answer_at, waiting, waiting_for_a_moment

HEAD = {
    "method": "POST",
    "path": "/",
    "query": "",
    "version": "1.1",
    "scheme": "http",
    "server": ("localhost", None),
    "client": "",
    "headers": [],
}
REQUESTS = 6


@contextmanager
def answering(computes: Callable[[str], None]) -> Iterator[list[socket.socket]]:
    """Connections to threads that wait until all of them do, and then compute; `computes` is told who asks."""
    all_wait = threading.Barrier(REQUESTS)

    def application(environ, start_response):
        with waiting():
            all_wait.wait(20)
        computes(environ["QUERY_STRING"])
        start_response("200 OK", [])
        return [b"done"]

    pairs = [socket.socketpair() for _ in range(REQUESTS)]
    answer_at(application, [theirs for _, theirs in pairs])
    try:
        yield [ours for ours, _ in pairs]
    finally:
        for ours, _ in pairs:
            ours.close()


def ask(place: socket.socket, who: str) -> None:
    for piece in exchange.packed(HEAD | {"query": who}, b""):
        place.sendall(piece)


def answer_on(place: socket.socket) -> bytes:
    with place.makefile("rb") as answers:
        while True:
            told, body = exchange.read(answers)
            if "status" in told:
                return body


def test_those_that_have_waited_go_on_one_at_a_time():
    at_once, most, lock = 0, 0, threading.Lock()

    def computes(_who):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.02)
        with lock:
            at_once -= 1

    with answering(computes) as places:
        for place in places:
            ask(place, "any")
        assert [answer_on(place) for place in places] == [b"done"] * REQUESTS
    assert most == 1


def test_what_waits_for_a_moment_lets_another_compute_meanwhile():
    waits, answered = threading.Event(), threading.Event()

    def application(environ, start_response):
        if environ["QUERY_STRING"] == "waits":
            with waiting_for_a_moment():
                waits.set()
                assert answered.wait(20)
        start_response("200 OK", [])
        return [b"done"]

    pairs = [socket.socketpair() for _ in range(2)]
    answer_at(application, [theirs for _, theirs in pairs])
    waiter, other = (ours for ours, _ in pairs)
    with waiter, other:
        ask(waiter, "waits")
        assert waits.wait(20)
        ask(other, "")
        assert answer_on(other) == b"done"
        answered.set()
        assert answer_on(waiter) == b"done"


def test_one_that_hangs_keeps_the_others_for_a_moment_only():
    released = threading.Event()

    def computes(who):
        if who == "hangs":
            released.wait(30)

    with answering(computes) as places:
        for place, who in zip(places, ["hangs", *["any"] * (REQUESTS - 1)], strict=True):
            ask(place, who)
        began = time.monotonic()
        assert [answer_on(place) for place in places[1:]] == [b"done"] * (REQUESTS - 1)
        assert time.monotonic() - began < 20 * GOING_ON_SECONDS
        released.set()
        assert answer_on(places[0]) == b"done"
