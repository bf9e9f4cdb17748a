"""A process that computes answers: threads that each take one request of the front after another, and call the application."""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

import orjson

from cds_hooks import operation_outcome
from service.edge import exchange
from service.edge.turns import Turn, Turns

Wsgi: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

TOLD = "osteocds.told"
"""Where the WSGI environment holds what the application says of a request, for its line in the log."""

ASKED, ALIVE = b"?", b"!"
"""What the front asks a process, and what one says that has begun and is not hung."""

WAITS = "waits"
"""The member of a message that is no answer: whether the request waits for others from now on."""

LARGE = "large"
"""The member of a request's head: its body is large, and what is computed of it takes seconds."""

GIVES_WAY = 10
"""By how much (nice) a worker lets the front go first where all processors are busy: who asks whether the service lives, or
is refused, does not wait for computing."""

CLOSING_SECONDS = 0.5
"""How long the end of a worker waits for what is still to be noted of answers that are sent."""

COLLECTED_BYTES = 4_000_000
"""Of bodies, after which the young objects are looked through for what circles keep: errors that libraries have a name for where
they raise them, with all that was at work then. By the number of objects alone that would come after gigabytes of bodies."""

LOG = logging.getLogger("osteocds")


@dataclass(frozen=True, slots=True)
class Application:
    """What a worker calls for each request, and what it does before it ends."""

    answer: Wsgi
    at_the_end: Callable[[], None] = lambda: None


Build: TypeAlias = Callable[[], Application]


def process(build: Build, control: socket.socket, places: Sequence[socket.socket]) -> None:
    """The whole of a worker process."""
    # Whoever stops the service may tell all its processes: the front ends them, once what it has taken is answered.
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, signal.SIG_IGN)
    with suppress(OSError):  # a sandbox that lets no process give way lets it compute all the same
        os.nice(GIVES_WAY)
    work(build, control, places)


def work(build: Build, control: socket.socket, places: Sequence[socket.socket]) -> None:
    """A worker: it begins, says so, answers, and ends when the front closes `control` or is gone.

    Each of the `places` is a connection on which a thread takes one request after another.
    """
    application = build()
    at_work = answer_at(application.answer, places)
    with control, suppress(OSError):
        control.sendall(ALIVE)
        while control.recv(1):
            _TURNS.take(new=False).end()  # as late as those that go on after they waited
            control.sendall(ALIVE)
    until = time.monotonic() + CLOSING_SECONDS
    for one in at_work:
        one.acquire(timeout=max(0.0, until - time.monotonic()))
    application.at_the_end()


def answer_at(application: Wsgi, places: Sequence[socket.socket]) -> list[threading.Lock]:
    """Begin a thread a place; they end with the process, or with the connection. Each holds its lock while it is at work."""
    at_work = [threading.Lock() for _ in places]
    for place, lock in zip(places, at_work, strict=True):
        threading.Thread(target=_answer_on, args=(application, place, lock), name="request", daemon=True).start()
    return at_work


def _answer_on(application: Wsgi, place: socket.socket, at_work: threading.Lock) -> None:
    _HERE.place = place
    with place, place.makefile("rb") as requests, suppress(exchange.Ended, OSError):
        while True:
            head, body = exchange.read(requests)
            with at_work:
                _HERE.turn = _TURNS.beside() if head.get(LARGE) else _TURNS.take(new=True)
                told: dict[str, Any] = {}
                environ = _environ(head, body) | {TOLD: told}
                length = len(body)
                del body
                status, headers, answer, close = _called(application, environ)
                del environ
                try:
                    for piece in exchange.packed({"status": status, "headers": headers, "told": told}, answer):
                        place.sendall(piece)
                finally:
                    _closed(close)
                    _HERE.turn.end()
                del answer, close  # nothing of a request is kept until the next comes
                _HELD.came(length)


class _Held:
    """How much came since circles were looked for."""

    _bytes = 0

    def came(self, length: int) -> None:
        """A body of this length was answered, and nothing of it is wanted any more."""
        self._bytes += length
        if self._bytes > COLLECTED_BYTES:
            self._bytes = 0
            gc.collect(1)


_HELD = _Held()
_HERE = threading.local()
_TURNS = Turns()
reading = _TURNS.reading


@contextmanager
def waiting() -> Iterator[None]:
    """Tell the front that the request of this thread computes nothing while the block lasts: it waits for others."""
    place: socket.socket | None = getattr(_HERE, "place", None)
    if place is None:  # a thread that answers no request of the front
        yield
        return
    _tell(place, waits=True)
    _HERE.turn.end()
    try:
        yield
    finally:
        _tell(place, waits=False)
        _HERE.turn = _TURNS.take(new=False)


@contextmanager
def waiting_for_a_moment() -> Iterator[None]:
    """Let others compute while the block lasts, which is too soon over to tell the front of it."""
    turn: Turn | None = getattr(_HERE, "turn", None)
    if turn is None:
        yield
        return
    turn.end()
    try:
        yield
    finally:
        _HERE.turn = _TURNS.take(new=turn.new)


def _tell(place: socket.socket, *, waits: bool) -> None:
    with suppress(OSError):  # the front is gone, and the answer will find that
        place.sendall(exchange.packed({WAITS: waits}, b"")[0])


def _called(
    application: Wsgi, environ: dict[str, Any]
) -> tuple[int, list[tuple[str, str]], bytes, Callable[[], object]]:
    """The answer of the application, whole, and what closes it. It answers its own errors; one around it is told here."""
    status, headers = 500, list[tuple[str, str]]()

    def start_response(line: str, fields: list[tuple[str, str]], _error: object = None) -> None:
        nonlocal status, headers
        status = int(line.partition(" ")[0])
        headers = [(name.lower(), value) for name, value in fields]

    try:
        answer = application(environ, start_response)
        close = getattr(answer, "close", lambda: None)
        try:
            return status, headers, b"".join(answer), close
        except BaseException:
            close()
            raise
    except Exception as error:  # noqa: BLE001 - the thread goes on
        _log_defect(error)
        told = operation_outcome("exception", {"": "a defect of the service; its log names the place"})
        return 500, [("content-type", "application/fhir+json")], orjson.dumps(told), lambda: None


def _closed(close: Callable[[], object]) -> None:
    """The answer is sent, and who waited for it is gone: what goes wrong now is told in the log alone."""
    try:
        close()
    except Exception as error:  # noqa: BLE001 - as above
        _log_defect(error)


def _log_defect(error: Exception) -> None:
    LOG.error("defect of the service: %s around its application", type(error).__name__)


def head_of(scope: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker is told of a request, from its ASGI scope."""
    server, client = scope.get("server"), scope.get("client")
    return {
        "method": scope["method"],
        "path": scope["raw_path"].decode("latin-1"),
        "query": scope["query_string"].decode("latin-1"),
        "version": scope["http_version"],
        "scheme": scope.get("scheme", "http"),
        "server": server or ("localhost", None),
        "client": client[0] if client else "",
        "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
    }


def _environ(head: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """The request as WSGI (PEP 3333) has it. Nothing that a client sends decides where the application is mounted."""
    host, port = head["server"]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(head["path"].encode("latin-1")).decode("latin-1"),
        "RAW_URI": head["path"],
        "QUERY_STRING": head["query"],
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or ""),
        "SERVER_PROTOCOL": f"HTTP/{head['version']}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": head["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if head["client"]:
        environ["REMOTE_ADDR"] = head["client"]
    for name, value in head["headers"]:
        # A name with an underscore would pass for another, with a hyphen.
        if "_" in name or name in ("content-length", "transfer-encoding"):
            continue
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
