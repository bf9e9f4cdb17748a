"""A FHIR server over real sockets that answers, drips, hangs or breaks as a test says; and an EHR that names it.

The servers are ours, on loopback.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from support.ehr import Ehr, authorization, denosumab, ehr, without
from support.serving import in_a_thread

from service.gathering.body import MOST_BYTES, MOST_NODES

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

    def __init__(self, reply: Callable[[Slow], None], port: int = 0, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), Slow)
        self.scheme, self.host = ("http", "127.0.0.1") if context is None else ("https", "localhost")
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
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
        return f"{self.scheme}://{self.host}:{self.server_port}/fhir"


Reply: TypeAlias = Callable[[Slow], None]


@contextmanager
def serving(reply: Callable[[Slow], None], port: int = 0, *, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """The server, over TLS where there is a `context` for it."""
    server = Server(reply, port, context)
    with in_a_thread(server):
        yield server


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


# --- broken servers ---------------------------------------------------------------------------------------------------


def hang_up(call: Slow) -> None:
    call.close_connection = True
    call.connection.shutdown(socket.SHUT_RDWR)


def hang_up_amid_the_body(call: Slow) -> None:
    call.send_response(200)
    call.send_header("Content-Length", "100000")
    call.end_headers()
    call.wfile.write(NOTHING)
    hang_up(call)


def no_http(call: Slow) -> None:
    call.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    hang_up(call)


def broken_gzip(call: Slow) -> None:
    call.found(b"this is no gzip", Content_Encoding="gzip")


def long_header(call: Slow) -> None:
    call.found(X_Long="x" * 100_000)


def says_before(line: str, times: int = 1) -> Reply:
    """An answer after so many responses that are none; each comes by itself."""

    def reply(call: Slow) -> None:
        for _ in range(times):
            call.wfile.write(f"HTTP/1.1 {line}\r\nLink: </x>\r\n\r\n".encode())
            call.wfile.flush()
            time.sleep(0.01)
        call.found(json.dumps({"resourceType": "Bundle", "asked": call.path}).encode())

    return reply


BROKEN = {
    "speaks another protocol": says_before("101 Switching Protocols"),
    "says much before its answer": says_before("103 Early Hints", 40),
    "hangs up": hang_up,
    "hangs up amid the body": hang_up_amid_the_body,
    "speaks no HTTP": no_http,
    "sends broken gzip": broken_gzip,
    "sends a header without end": long_header,
}


# --- answers that hold too much ---------------------------------------------------------------------------------------


def bomb(window: int, inside: int = 600) -> bytes:
    """A Bundle of that many megabytes of blanks."""
    packed = zlib.compressobj(9, zlib.DEFLATED, window)
    parts = [packed.compress(b'{"resourceType":"Bundle","entry":[')]
    parts += [packed.compress(b" " * 1_000_000) for _ in range(inside)]
    return b"".join((*parts, packed.compress(b"]}"), packed.flush()))


GZIP, ZLIB, DEFLATE = (bomb(window) for window in (31, 15, -15))
"""By the windows of zlib."""


def chunked(chunk: bytes, times: int) -> Reply:
    def reply(call: Slow) -> None:
        call.send_response(200)
        call.send_header("Transfer-Encoding", "chunked")
        call.end_headers()
        for _ in range(times):
            call.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        call.wfile.write(b"0\r\n\r\n")

    return reply


def lies(length: str) -> Reply:
    def reply(call: Slow) -> None:
        call.close_connection = True
        call.found(**{"Content-Length": length})

    return reply


def endless(call: Slow) -> None:
    call.send_response(200)
    call.end_headers()
    call.close_connection = True
    for _ in range(500):
        call.wfile.write(b" " * 1_000_000)


def found(body: bytes, **headers: str) -> Reply:
    return lambda call: call.found(body, **headers)


LARGE, NO_JSON, GONE = "too large", "did not answer with FHIR JSON", "could not be reached"
UNBOUNDED: Mapping[str, tuple[Reply, str]] = {
    "a gzip bomb": (found(GZIP, Content_Encoding="gzip"), LARGE),
    "a zlib bomb": (found(ZLIB, Content_Encoding="deflate"), LARGE),
    "a deflate bomb": (found(DEFLATE, Content_Encoding="deflate"), LARGE),
    "a bomb in a bomb": (found(gzip.compress(GZIP), Content_Encoding="gzip, gzip"), NO_JSON),
    "brotli": (found(b"\x0b\x02\x80", Content_Encoding="br"), NO_JSON),
    "an unknown encoding": (found(NOTHING, Content_Encoding="x"), NO_JSON),
    "chunks without end": (chunked(b" " * 1_000_000, 500), LARGE),
    "no length and no end": (endless, LARGE),
    "a length beyond all": (lies("9" * 5000), LARGE),
    "a length that is too large": (lies(str(MOST_BYTES + 1)), LARGE),
    "two lengths": (found(NOTHING, Content_Length="10"), GONE),
    "a length that is too long for what comes": (lies("4000"), GONE),
    "a length that is too short for what comes": (lies("10"), NO_JSON),
    "deep arrays": (found(b'{"entry":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), NO_JSON),
    "deep objects": (found(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), NO_JSON),
    "many values": (found(b"[" + b"0," * MOST_NODES + b"0]"), LARGE),
    "many members": (found(b"{%s}" % b",".join(b'"%d":0' % n for n in range(MOST_NODES + 1))), LARGE),
    "many empty objects": (found(b"[" + b"{}," * MOST_NODES + b"0]"), LARGE),
}
