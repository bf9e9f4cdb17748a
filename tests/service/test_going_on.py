"""Requests of a worker that have waited for others go on in turns; one that hangs keeps nobody for long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.edge import exchange
from service.edge.worker import GIVES_WAY_SECONDS, GOING_ON_AT_ONCE, GOING_ON_SECONDS, answer_at, gives_way, waiting

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


def test_those_that_have_waited_go_on_in_turns():
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
    assert most == GOING_ON_AT_ONCE


def test_what_is_read_lets_those_go_first_that_have_waited_for_nothing():
    began, released, gave_way = threading.Event(), threading.Event(), []

    def application(_environ, start_response):
        began.set()
        released.wait(20)
        start_response("200 OK", [])
        return [b"done"]

    def read():
        while not released.is_set():
            before = time.monotonic()
            gives_way()
            gave_way.append(time.monotonic() - before)

    ours, theirs = socket.socketpair()
    with ours:
        answer_at(application, [theirs])
        ask(ours, "any")
        assert began.wait(20)
        reading = threading.Thread(target=read)
        reading.start()
        time.sleep(0.1)
        released.set()
        assert answer_on(ours) == b"done"
        reading.join()
    assert gave_way[0] >= GIVES_WAY_SECONDS * 0.9
    assert len(gave_way) > 1, "for a moment at a time"


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
