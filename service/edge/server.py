"""uvicorn around the front, for `osteocds serve`, which begins and ends the workers; all of it ends gracefully."""

from __future__ import annotations

import gc
import logging
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import httptools
import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cds_hooks import operation_outcome
from service.edge import logs
from service.edge.front import Front, OfOrigin, Tell
from service.edge.one_processor import keep_to_one_processor
from service.edge.worker import Application, Build
from service.edge.workers import Workers
from service.settings import Settings

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport

LOG = logging.getLogger("osteocds")

KEEP_ALIVE_SECONDS = 75
GRACEFUL_SECONDS = 7
"""How long requests in work may still take when the service is told to stop."""

ANSWERED_SECONDS = 30.0
"""How long an answer may take beside the searches of FHIR servers."""

HEAD_SECONDS = 10.0
"""How long a client may take to send the head of a request."""

ANSWER_SECONDS = 30.0
"""How long a client may leave an answer unread before the connection is dropped with it."""

INVALID = "Invalid HTTP request received."

OPEN_FILES = 65_536
COLLECTED_EVERY = (50_000, 2, 1000)
"""Allocations, and collections of younger objects, between those of the garbage collector. A request leaves few cycles, and its
record is large: to look through it again and again holds all threads up."""

SWITCH_SECONDS = 0.0005
"""How long a busy thread of a worker keeps the interpreter from the others: those that read answers of FHIR servers, within
their deadline, wait for each thread that computes."""

LARGE = 8
"""A body of more than one part in so many of the longest is large: a worker has one of them in work."""

MOST_HEAD_BYTES = 64 * 1024
BACKLOG = 128


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, with bounds to the bytes of a request's head, to the time that it takes, and to that of an answer.

    All that a client sends is HTTP/1.1. The parser would leave the body of a request unread that offers another protocol too
    (`Upgrade: h2c`, as Java's client does), and would take it for the next request, where a proxy sees one.
    """

    _in_head = False
    _head_bytes = 0
    _head_timer: TimerHandle | None = None
    _answer_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A connection is there: a request is awaited."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._head_is_there()
        self._answer_is_read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of what the client sends; what offers another protocol is read again without the offer (RFC 9110, 7.8)."""
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offered:
                if self.parser.get_method() == b"CONNECT":
                    self.send_400_response(INVALID)
                    return
                data = self._head_without_offer() + data[offered.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as in uvicorn
            except httptools.HttpParserError:
                self.logger.warning(INVALID)
                self.send_400_response(INVALID)
                return
            else:
                return

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """The client sends no more (RFC 9112, 9.6). What it has sent whole is answered; True keeps the connection until then."""
        if self.cycle is None or self.cycle.more_body or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join((*lines, b"", b""))

    def _should_upgrade(self) -> bool:
        """The request at hand offers another protocol: it is not answered, since it is read again."""
        return True

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._end)

    def on_url(self, url: bytes) -> None:
        """A part of its address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers; what comes after the body is none (RFC 9110, 6.5.1): a proxy has not looked at it."""
        self._count(name + value)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there, and the body may follow."""
        self._in_head = False
        self._head_is_there()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """More of answers is there than the client has read."""
        super().pause_writing()
        self._answer_is_to_be_read()

    def resume_writing(self) -> None:
        """The client reads on."""
        self._answer_is_read()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """An answer was handed over; where the connection ends with it, it ends only once it is read."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._answer_is_to_be_read()

    def timeout_keep_alive_handler(self) -> None:
        """No other request came."""
        super().timeout_keep_alive_handler()
        self._answer_is_to_be_read()

    def send_400_response(self, msg: str) -> None:
        """The framing of a request is broken: told as any other error is."""
        told = orjson.dumps(
            operation_outcome("structure", {"": f"{msg[:-1]}: its framing is broken, or its head too long"})
        )
        head = {"content-type": "application/fhir+json", "content-length": len(told), "connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{lines}\r\n".encode() + told)
        self.transport.close()
        self._answer_is_to_be_read()

    def _answer_is_to_be_read(self) -> None:
        if self._answer_timer is None and self.transport.get_write_buffer_size():
            self._answer_timer = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def _answer_is_read(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _count(self, part: bytes) -> None:
        self._head_bytes += len(part)
        if self._head_bytes > MOST_HEAD_BYTES:
            raise ValueError("the head of the request is too long")  # the parser makes 400 of it

    def _head_is_there(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()


def run(settings: Settings) -> None:
    """Serve until told to stop. Raises what `create_app` raises for settings that cannot work, before any worker."""
    # The workers' allocator (glibc) would keep memory for each thread that ever read a large answer.
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")
    with _metrics_of_all_processes():
        # Not before: prometheus_client looks for the shared folder once, when it is first imported.
        from service.edge import cors  # noqa: PLC0415
        from service.edge.app import create_app  # noqa: PLC0415
        from service.edge.callers import at_start  # noqa: PLC0415
        from service.edge.metrics import FrontMetrics  # noqa: PLC0415

        logs.begin(settings)
        extensions = create_app(settings).extensions
        extensions["osteocds.ledger"].prepare()
        if told := at_start(settings):
            LOG.warning(told)
        _allow_connections()
        tell = logs.told_of_request if settings.access_log else None
        serve(
            settings,
            partial(_application, settings),
            tell=tell,
            turned_away=FrontMetrics().turned_away,
            of_origin=partial(cors.told, extensions[cors.LISTED]),
        )


def serve(
    settings: Settings,
    build: Build,
    *,
    tell: Tell | None = None,
    turned_away: Callable[[int], None] = lambda _status: None,
    of_origin: OfOrigin = lambda _origin: {},
) -> None:
    """Serve what `build` makes in each worker, until told to stop."""
    workers = Workers(
        build,
        processes=settings.workers,
        threads=settings.threads,
        large_bytes=settings.max_request_bytes // LARGE,
        answer_seconds=settings.deadline_seconds + ANSWERED_SECONDS,
    )
    front = Front(
        workers,
        waiting=settings.workers * settings.waiting,
        max_body_bytes=settings.max_request_bytes,
        tell=tell,
        turned_away=turned_away,
        of_origin=of_origin,
    )
    config = uvicorn.Config(
        front,
        host=settings.host,
        port=settings.port,
        http=BoundedHttp,
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level=settings.log_level.lower(),
        server_header=False,
        backlog=BACKLOG,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    # uvicorn ends gracefully, and then raises the signal again: there is something to do after it.
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, lambda _signal, _frame: None)
    signal.signal(signal.SIGHUP, lambda _signal, _frame: workers.renew())
    ready_to_serve()
    uvicorn.Server(config).run(sockets=[config.bind_socket()])


def _allow_connections() -> None:
    """Let many slow clients be connected: the usual bound of 1024 open files would let them keep others out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _application(settings: Settings) -> Application:
    """What one worker serves."""
    from service.edge.app import create_app  # noqa: PLC0415 - as in `run`

    logs.begin(settings)
    app = create_app(settings)
    ready_to_serve()
    if settings.pinned:
        keep_to_one_processor()
    return Application(app.wsgi_app, app.extensions["osteocds.ledger"].writer.close)


def ready_to_serve() -> None:
    """Set this process as one that serves: what is loaded stays, so the garbage collector need not look at it again."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_EVERY)


@contextmanager
def _metrics_of_all_processes() -> Iterator[None]:
    """Let the processes count in files of one folder, an empty one at each start, so that whichever is asked tells the sum."""
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="osteocds-metrics-")
    try:
        yield
    finally:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
        shutil.rmtree(folder, ignore_errors=True)
