"""A FHIR server over real sockets that answers, drips, hangs or breaks as a test says; and an EHR that names it.

The servers are ours, on loopback.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.ehr import Ehr, authorization, denosumab, ehr, without

DEADLINE = 0.6
SOON = 2.0
"""Well after the deadline and well before what the slow servers would take."""

NOTHING = json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": []}).encode()


@dataclass(frozen=True)
class Call:
    """What a call asked; a connection and its handler outlive it."""

    path: str
    headers: Message


class Slow(BaseHTTPRequestHandler):
    """A FHIR server that answers as the test says, and notes the calls."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:
        with self.server.counting(self):
            try:
                self.server.reply(self)
            except OSError:  # the service hung up, as it should
                self.close_connection = True

    def found(self, body: bytes = NOTHING, **headers: str) -> None:
        """A whole answer."""
        self.send_response(200)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, reply: Callable[[Slow], None]) -> None:
        super().__init__(("127.0.0.1", 0), Slow)
        self.reply = reply
        self.calls: list[Call] = []
        self.running = self.most = 0
        self._lock = threading.Lock()

    def handle_error(self, *_args: object) -> None:
        """Nothing: connections break off in these tests."""

    @contextmanager
    def counting(self, call: Slow) -> Iterator[None]:
        with self._lock:
            self.calls.append(Call(call.path, call.headers))
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            yield
        finally:
            with self._lock:
                self.running -= 1

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/fhir"


@contextmanager
def serving(reply: Callable[[Slow], None]) -> Iterator[Server]:
    server = Server(reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def client_of(server: Server, **settings: object) -> Ehr:
    return ehr(fhir_bases=(server.base,), **({"deadline_seconds": DEADLINE} | settings))


def asking(server: Server, request: dict | None = None) -> dict:
    request = without(request or denosumab(), "prefetch")
    return request | {"fhirServer": server.base, "fhirAuthorization": authorization()}


def timed(client: Ehr, request: dict) -> tuple[list, float]:
    started = time.monotonic()
    cards = client.cards(request)
    return cards, time.monotonic() - started


def drip(call: Slow, chunk: bytes = b" ", pause: float = 0.1) -> None:
    """A body that never ends, a little at a time: no single read ever times out."""
    call.send_response(200)
    call.send_header("Content-Length", "100000")
    call.end_headers()
    for _ in range(100):
        call.wfile.write(chunk)
        time.sleep(pause)


def drip_chunks(call: Slow) -> None:
    call.send_response(200)
    call.send_header("Transfer-Encoding", "chunked")
    call.end_headers()
    for _ in range(100):
        call.wfile.write(b"1\r\n \r\n")
        time.sleep(0.1)


def drip_headers(call: Slow) -> None:
    call.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(60):
        call.wfile.write(b"X-Header-%d: x\r\n" % number)
        time.sleep(0.1)


def sleep(call: Slow) -> None:
    time.sleep(5)
    call.found()


def never(call: Slow) -> None:
    call.rfile.read(1)


SLOW = {
    "sleeps": sleep,
    "drips": drip,
    "drips chunks": drip_chunks,
    "drips headers": drip_headers,
    "never answers": never,
}
