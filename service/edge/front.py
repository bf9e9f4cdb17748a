"""What stands before the application: reads each request whole, within bounds, and hands it to a worker.

Bodies are read in the event loop, so that a slow client holds no thread; so many requests may be in work, and what comes
beyond them is told at once to come again. Whether the service lives is answered here, whatever the workers do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import orjson

from cds_hooks import operation_outcome
from service.edge.worker import head_of
from service.edge.workers import Busy, Lost, Workers, WorkersFailed

Scope: TypeAlias = Mapping[str, Any]
Message: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]
Tell: TypeAlias = Callable[[int, float, Mapping[str, Any]], None]
"""What is told of a request: status, seconds, and what the application said of it (`service.edge.worker.TOLD`)."""

OfOrigin: TypeAlias = Callable[[str], Mapping[str, str]]

LIVE = b"/health/live"
BODY_SECONDS = 30.0
"""How long a client may take to send a body."""

LINGERING_SECONDS = 2.0
"""How long more of a refused body is read and thrown away, so that its sender reads why."""

RETRY_AFTER_SECONDS = 1
BODIES_AT_ONCE = 8
"""Bodies of the largest size that are held at most, those still coming in included."""


class Front:
    """The ASGI application before the workers.

    As many requests are answered at once as the workers have threads, and `waiting` more may wait for one; a body may have
    `max_body_bytes`. `tell` is told of each request, `turned_away` of the status of each that no worker was asked about, and
    `of_origin` gives the headers with which a page of an origin may read why.
    """

    def __init__(
        self,
        workers: Workers,
        *,
        waiting: int,
        max_body_bytes: int,
        tell: Tell | None = None,
        turned_away: Callable[[int], None] = lambda _status: None,
        of_origin: OfOrigin = lambda _origin: {},
    ) -> None:
        self._workers = workers
        self._most_in_work = workers.threads + waiting
        self.in_work = 0
        self._max_body_bytes = max_body_bytes
        self._bytes_held = 0
        self._tell = tell
        self._turned_away = turned_away
        self._of_origin = of_origin

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
            self._turned_away(refused.status)
            self._let_go(body)
            origin = next((value for name, value in scope["headers"] if name == b"origin"), b"").decode("latin-1")
            headers = [(name.lower().encode(), one.encode("latin-1")) for name, one in self._of_origin(origin).items()]
            await _refuse(send, body, refused, headers)

        try:
            await asyncio.wait_for(self._read(body, scope), BODY_SECONDS)
            if body.gone:
                return
            head, answer = await self._answered(scope, body.taken())
            told |= head["told"]
            tell(head["status"])
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"]]
            await _answer(send, head["status"], headers, answer)
        except _Refused as refused:
            await refuse(refused)
        except TimeoutError:
            await refuse(_Refused(408, "timeout", f"the body took longer than {BODY_SECONDS:.0f} s"))
        except asyncio.CancelledError:  # told to stop, the server has waited long enough
            await refuse(_Refused(503, "transient", "the service is being stopped: try again in a moment"))
        finally:
            self._let_go(body)

    def _let_go(self, body: _Body) -> None:
        self._bytes_held -= body.length
        body.forget()

    async def _live(self, receive: Receive, send: Send) -> None:
        """The process begins and ends (ASGI, "Lifespan Protocol")."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._workers.begin()
                except WorkersFailed:
                    await send({"type": "lifespan.startup.failed", "message": "the workers did not come up"})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._workers.end()
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

    async def _answered(self, scope: Scope, body: bytes) -> tuple[dict[str, Any], bytes]:
        if self.in_work >= self._most_in_work:
            raise _busy()
        self.in_work += 1
        try:
            return await self._workers.answer(head_of(scope), body)
        except Busy:
            raise _busy() from None
        except Lost:
            raise _Refused(503, "transient", "the answer was lost: try again in a moment") from None
        finally:
            self.in_work -= 1


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
        self._held = bytearray()
        self.length = 0
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
        if self.length + len(part) > self._most:
            raise self.too_long()
        self._held += part
        self.length += len(part)
        return len(part)

    def taken(self) -> bytes:
        """All of it, which is not held here any more."""
        whole = bytes(self._held)
        self._held.clear()
        return whole

    def forget(self) -> None:
        """Hold nothing more of it."""
        self._held.clear()
        self.length = 0

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


async def _refuse(send: Send, body: _Body, refused: _Refused, more: Headers) -> None:
    """Tell why, with `more` headers, and end the connection; what is still coming is thrown away for a while."""
    told = orjson.dumps(operation_outcome(refused.code, {"": refused.problem}))
    headers = [
        (b"content-type", b"application/fhir+json"),
        (b"content-length", str(len(told)).encode()),
        (b"connection", b"close"),
        *_GUARDED,
        *more,
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
