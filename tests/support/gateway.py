"""What stands before a server: passes calls on, and changes, refuses or delays them as a test says. On loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode

import requests
from support.serving import in_a_thread

PASSED = ("Authorization", "Accept", "Accept-Language", "Content-Type")
RETURNED = ("Content-Type", "Content-Language")


@dataclass
class Call:
    """One call; a test may change it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def address(self) -> str:
        """The path without the parameters."""
        return self.path.partition("?")[0]

    @property
    def is_search(self) -> bool:
        return self.address.endswith("/_search")

    @property
    def resource_type(self) -> str:
        """What is searched for, or read, below a base of one segment."""
        return [*self.address.strip("/").split("/"), "", ""][1]

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode() if self.is_search else self.path.partition("?")[2]))

    def without(self, *names: str) -> None:
        """Without these parameters."""
        kept = urlencode({name: value for name, value in self.parameters.items() if name not in names})
        if self.is_search:
            self.body = kept.encode()
        elif "?" in self.path:
            self.path = f"{self.address}?{kept}"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


Before: TypeAlias = Callable[[Call], "Reply | None"]
After: TypeAlias = Callable[[Call, Reply], Reply]


def pass_on(_call: Call) -> None:
    """As it came."""


def unchanged(_call: Call, reply: Reply) -> Reply:
    return reply


class Gateway(ThreadingHTTPServer):
    """A gateway before an upstream: an address without a path."""

    daemon_threads = True
    ahead = 0.0
    """Seconds by which its clock is ahead."""

    passed: tuple[str, ...] = PASSED
    """Headers that it passes on."""

    def __init__(self, upstream: str, port: int, host: str) -> None:
        super().__init__((host, port), _Handler)
        self.upstreams = [upstream]
        self.before: Before = pass_on
        self.after: After = unchanged
        self._next = 0

    @property
    def address(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def upstream(self) -> str:
        """One after the other."""
        self._next += 1
        return self.upstreams[self._next % len(self.upstreams)]

    def handle_error(self, *_args: object) -> None:
        """Nothing: who asked may be gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name in self.server.passed if (value := self.headers.get(name)) is not None}
        call = Call(self.command, self.path, headers, body)
        reply = self.server.before(call) or self.pass_on(call)
        reply = self.server.after(call, reply)
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_DELETE(self) -> None:
        self.answer()

    def pass_on(self, call: Call) -> Reply:
        upstream = self.server.upstream()
        with requests.Session() as session:
            session.trust_env = False
            session.headers.clear()
            got = session.request(
                call.method, upstream + call.path, data=call.body or None, headers=call.headers, timeout=60
            )
        # Links and locations name who stands before it.
        body = got.content.replace(upstream.encode(), self.server.address.encode())
        return Reply(got.status_code, {name: got.headers[name] for name in RETURNED if name in got.headers}, body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.server.ahead)

    def log_message(self, *_args: object) -> None:
        """Nothing."""


@contextmanager
def gateway(upstream: str, port: int = 0, host: str = "127.0.0.1") -> Iterator[Gateway]:
    """A gateway that passes everything on, until a test says something else."""
    server = Gateway(upstream, port, host)
    with in_a_thread(server):
        yield server
