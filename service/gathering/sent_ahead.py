"""Requests that are sent before anybody waits for their answers, on connections that stand: one thread can then wait for many.

`requests` sends and waits in one call. Here its adapter sends first (`StandingConnections.send_ahead`), and its usual call, made
within `answering`, finds the request sent already, on the connection that it is given: all that it does with an answer, a
timeout or a connection that was closed is as ever. What has to be connected first is not sent ahead: that can hang.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import BadStatusLine, HTTPResponse
from typing import Any, cast

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from service.gathering.record_server import Call

SENDING_SECONDS = 0.2
"""For how long sending may wait: a request is a few kilobytes, for which a connection without other work has room."""

_HERE = threading.local()


@dataclass(eq=False)
class Sent:
    """A request whose answer is on its way, and the pool that its connection goes back to."""

    request: PreparedRequest
    connection: _SentOnce
    pool: HTTPConnectionPool
    call: Call
    _taken: bool = field(default=False, init=False)

    def fileno(self) -> int:
        """Of the socket on which the answer comes; -1 once it is closed."""
        return -1 if self.connection.sock is None else int(self.connection.sock.fileno())

    def take(self) -> HTTPConnection:
        """The connection, for whom the answer is."""
        self._taken = True
        return self.connection

    def let_go(self) -> None:
        """Nobody reads the answer: close the connection, unless it was taken."""
        if not self._taken:
            self._taken = True
            self.connection.is_sent = False
            self.connection.close()
            self.pool._put_conn(self.connection)  # noqa: SLF001 - as its pool does


@contextmanager
def answering(sent: Sent | None) -> Iterator[None]:
    """The next request of this thread to that pool is the one that was sent."""
    _HERE.sent = sent
    try:
        yield
    finally:
        _HERE.sent = None
        if sent is not None:
            sent.let_go()


def sent_here() -> Sent | None:
    """The next request of this thread, where it is sent already."""
    sent: Sent | None = getattr(_HERE, "sent", None)
    return sent


MOST_BEFORE_AN_ANSWER = 20
"""Informational responses that are passed over before an answer."""


class _Answer(HTTPResponse):
    """The answer itself, not what may come before it (RFC 9110, 15.2).

    `http.client` takes a 103 for the answer, and what then follows for the answer to the next request on the connection: it may
    be about another patient.
    """

    def begin(self) -> None:
        """Read its status and headers."""
        for _ in range(MOST_BEFORE_AN_ANSWER):
            super().begin()
            if self.status >= HTTPStatus.OK:
                return
            if self.status == HTTPStatus.SWITCHING_PROTOCOLS:
                break
            self.headers = self.msg = None  # type: ignore[assignment]  # else `begin` takes the status for read
        raise BadStatusLine("no answer")


class _SentOnce(HTTPConnection):
    response_class = _Answer
    is_sent = False

    def request(self, *request: Any, **how: Any) -> None:
        """Send a request, unless this one was sent."""
        if self.is_sent:
            self.is_sent = False
        else:
            super().request(*request, **how)


class _SentOnceOverTls(_SentOnce, HTTPSConnection):
    pass


class _GivesWhatIsSent(HTTPConnectionPool):
    ConnectionCls = _SentOnce

    def _get_conn(self, timeout: float | None = None) -> HTTPConnection:
        sent = sent_here()
        if sent is None or sent.pool is not self:
            return cast("HTTPConnection", super()._get_conn(timeout))
        _HERE.sent = None
        return sent.take()


class _GivesWhatIsSentOverTls(_GivesWhatIsSent, HTTPSConnectionPool):
    ConnectionCls = _SentOnceOverTls


class StandingConnections(HTTPAdapter):
    """The adapter of requests, which sends ahead where a connection stands."""

    def init_poolmanager(self, *sizes: Any, **settings: Any) -> None:
        """As requests has it, with pools that give what is sent."""
        super().init_poolmanager(*sizes, **settings)
        self.poolmanager.pool_classes_by_scheme = {"http": _GivesWhatIsSent, "https": _GivesWhatIsSentOverTls}

    def get_connection_with_tls_context(self, *request: Any, **settings: Any) -> Any:
        """As requests has it; for a request that was sent, where it was sent."""
        sent = sent_here()
        return super().get_connection_with_tls_context(*request, **settings) if sent is None else sent.pool

    def send_ahead(self, request: PreparedRequest, call: Call, *, verify: bool | str) -> Sent | None:
        """Send a request, which is told of as `call`; None where no connection stands, or the server has closed it."""
        pool: Any = self.get_connection_with_tls_context(request, verify=verify)
        with suppress(queue.Empty):
            connection: _SentOnce | None = pool.pool.get_nowait()
            if connection is not None:
                sent = Sent(request, connection, pool, call)
                if connection.is_connected and _is_sent(sent, request, self.request_url(request, None)):
                    return sent
                sent.let_go()
        return None


def _is_sent(sent: Sent, request: PreparedRequest, url: str) -> bool:
    connection = sent.connection
    connection.timeout = SENDING_SECONDS
    try:
        connection.request(
            str(request.method),
            url,
            body=cast("str | None", request.body),
            headers=request.headers,
            preload_content=False,
            decode_content=False,
        )
    except (OSError, HTTPError):
        return False
    connection.is_sent = True
    return True
