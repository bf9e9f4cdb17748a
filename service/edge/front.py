"""What stands before the application: reads each request whole, within bounds, and hands it to a thread.

Bodies are read in the event loop, so that a slow client holds no thread; so many requests may be in work, and what comes
beyond them is told at once to come again. Whether the process lives is answered here, whatever the threads do.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

import orjson

from cds_hooks import operation_outcome
from service.gathering.daemon_threads import DaemonThreads

Scope: TypeAlias = Mapping[str, Any]
Message: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Wsgi: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Headers: TypeAlias = list[tuple[bytes, bytes]]
Tell: TypeAlias = Callable[[int, float, Mapping[str, Any]], None]
"""What is told of a request: status, seconds, and what the application said of it (`TOLD`)."""

TOLD = "osteocds.told"
"""Where the WSGI environment holds what the application says of a request, for its line in the log."""

LIVE = b"/health/live"
BODY_SECONDS = 30.0
"""How long a client may take to send a body."""

LINGERING_SECONDS = 2.0
"""How long more of a refused body is read and thrown away, so that its sender reads why."""

RETRY_AFTER_SECONDS = 1
BODIES_AT_ONCE = 8
"""Bodies of the largest size that one process holds at most, those still coming in included."""


class Front:
    """The ASGI application around the WSGI one.

    `threads` requests are answered at once and `waiting` more may wait for a thread; a body may have `max_body_bytes`.
    `at_the_end` is called when the requests in work are answered, before the process ends; `tell` is told of each request.
    """

    def __init__(
        self,
        application: Wsgi,
        *,
        threads: int,
        waiting: int,
        max_body_bytes: int,
        at_the_end: Callable[[], None] = lambda: None,
        tell: Tell | None = None,
    ) -> None:
        self._application = application
        self._most_in_work = threads + waiting
        self._threads = DaemonThreads(threads, waiting=self._most_in_work, name="request")
        self.in_work = 0
        self._max_body_bytes = max_body_bytes
        self._bytes_held = 0
        self._at_the_end = at_the_end
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        if scope["raw_path"] == LIVE and scope["method"] in ("GET", "HEAD"):
            await _answer(send, 200, _LIVE_HEADERS, b'{"status":"live"}')
            return
        await self._respond(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(receive, self._max_body_bytes)
        told: dict[str, Any] = {}
        began = time.perf_counter()

        def tell(status: int) -> None:
            if self._tell is not None:
                self._tell(status, time.perf_counter() - began, told)

        async def refuse(refused: _Refused) -> None:
            tell(refused.status)
            self._let_go(body)
            await _refuse(send, body, refused)

        try:
            await asyncio.wait_for(self._read(body, scope), BODY_SECONDS)
            if body.gone:
                return
            status, headers, answer = await self._in_a_thread(scope, bytes(body.held), told)
            tell(status)
            await _answer(send, status, headers, answer)
        except _Refused as refused:
            await refuse(refused)
        except TimeoutError:
            await refuse(_Refused(408, "timeout", f"the body took longer than {BODY_SECONDS:.0f} s"))
        except asyncio.CancelledError:  # told to stop, the server has waited long enough
            await refuse(_Refused(503, "transient", "the service is being stopped: try again in a moment"))
        finally:
            self._let_go(body)

    def _let_go(self, body: _Body) -> None:
        self._bytes_held -= len(body.held)
        body.held.clear()

    async def _live(self, receive: Receive, send: Send) -> None:
        """The process begins and ends (ASGI, "Lifespan Protocol")."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.to_thread(self._at_the_end)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _read(self, body: _Body, scope: Scope) -> None:
        if (announced := _content_length(scope)) > self._max_body_bytes:
            raise body.too_long()
        most_held = BODIES_AT_ONCE * self._max_body_bytes
        if self._bytes_held + announced > most_held:
            raise _busy()
        while body.more:
            came = await body.read_on()  # not within the sum, which others change meanwhile
            self._bytes_held += came
            if self._bytes_held > most_held:
                raise _busy()

    async def _in_a_thread(self, scope: Scope, body: bytes, told: dict[str, Any]) -> tuple[int, Headers, bytes]:
        if self.in_work >= self._most_in_work:
            raise _busy()
        self.in_work += 1
        try:
            environ = _environ(scope, body) | {TOLD: told}
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, environ)
        finally:
            self.in_work -= 1

    def _run(self, environ: dict[str, Any]) -> tuple[int, Headers, bytes]:
        """The WSGI application, whose answers are whole."""
        status, headers = 500, Headers()

        def start_response(line: str, fields: list[tuple[str, str]], _error: object = None) -> None:
            nonlocal status, headers
            status = int(line.partition(" ")[0])
            headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]

        answer = self._application(environ, start_response)
        try:
            return status, headers, b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()


class _Refused(Exception):
    """The request is not handed on."""

    def __init__(self, status: int, code: str, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.code = code
        self.problem = problem


def _busy() -> _Refused:
    return _Refused(503, "throttled", "the service is busy: try again in a moment")


class _Body:
    """A body on its way."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self.held = bytearray()
        self.more = True
        self.gone = False

    async def read_on(self) -> int:
        """Take the next part; how many bytes it has. Raises `_Refused` where the body is too long."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.more, self.gone = False, True
            return 0
        part = message.get("body", b"")
        self.more = message.get("more_body", False)
        if len(self.held) + len(part) > self._most:
            raise self.too_long()
        self.held += part
        return len(part)

    def too_long(self) -> _Refused:
        return _Refused(413, "too-long", f"the body has more than {self._most} bytes")

    async def throw_away(self) -> None:
        while self.more:
            message = await self._receive()
            self.more = message["type"] != "http.disconnect" and message.get("more_body", False)


GUARDS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""What an answer says to browsers unless it says something else: it is no page, and no page may frame it."""

_GUARDED = [(name.lower().encode(), value.encode()) for name, value in GUARDS.items()]
_LIVE_HEADERS = [(b"content-type", b"application/json"), *_GUARDED]


async def _answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    if not any(name == b"content-length" for name, _ in headers):
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, body: _Body, refused: _Refused) -> None:
    """Tell why, and end the connection; what is still coming is thrown away for a while."""
    told = orjson.dumps(operation_outcome(refused.code, {"": refused.problem}))
    headers = [
        (b"content-type", b"application/fhir+json"),
        (b"content-length", str(len(told)).encode()),
        (b"connection", b"close"),
        *_GUARDED,
    ]
    if refused.status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": told, "more_body": True})
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(body.throw_away(), LINGERING_SECONDS)
    await send({"type": "http.response.body", "body": b""})


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:MOST_DIGITS])
    return 0


MOST_DIGITS = 18


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The request as WSGI (PEP 3333) has it. Nothing that a client sends decides where the application is mounted."""
    server = scope.get("server") or ("localhost", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "RAW_URI": scope["raw_path"].decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or ""),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.get("client"):
        environ["REMOTE_ADDR"] = scope["client"][0]
    for name, value in scope["headers"]:
        # A name with an underscore would pass for another, with a hyphen.
        if b"_" in name or name in (b"content-length", b"transfer-encoding"):
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        said = value.decode("latin-1")
        environ[key] = f"{environ[key]},{said}" if key in environ else said
    return environ
