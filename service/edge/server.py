"""uvicorn around the application, for `osteocds serve`: workers that share one address, and end gracefully."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from service.edge.front import Front
from service.settings import Settings

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport

KEEP_ALIVE_SECONDS = 75
GRACEFUL_SECONDS = 8
"""How long requests in work may still take when the service is told to stop."""

HEAD_SECONDS = 10.0
"""How long a client may take to send the head of a request."""

HUNG_SECONDS = 30
"""How long a worker may say nothing, while it starts included, before another takes its place."""

MOST_HEAD_BYTES = 64 * 1024
BACKLOG = 128


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol, with a bound to the bytes of a request's head and to the time that it takes."""

    _head_bytes = 0
    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A connection is there: a request is awaited."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._head_is_there()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_bytes = 0
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._end)

    def on_url(self, url: bytes) -> None:
        """A part of its address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there, and the body may follow."""
        self._head_is_there()
        super().on_headers_complete()

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
    with _metrics_of_all_workers():
        # Not before: prometheus_client looks for the shared folder once, when it is first imported.
        from service.edge.app import create_app  # noqa: PLC0415

        create_app(settings).extensions["osteocds.ledger"].prepare()
        config = uvicorn.Config(
            partial(_front, settings),
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            http=BoundedHead,
            loop="uvloop",
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="info",
            server_header=False,
            backlog=BACKLOG,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            timeout_worker_healthcheck=HUNG_SECONDS,
        )
        Multiprocess(config, sockets=[config.bind_socket()]).run()


def _front(settings: Settings) -> Front:
    """What one worker serves."""
    from service.edge.app import create_app  # noqa: PLC0415 - as in `run`

    application: Any = create_app(settings)
    front = Front(
        application.wsgi_app,
        threads=settings.threads,
        waiting=settings.waiting,
        max_body_bytes=settings.max_request_bytes,
        at_the_end=application.extensions["osteocds.ledger"].writer.close,
    )
    # What is loaded stays: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    return front


@contextmanager
def _metrics_of_all_workers() -> Iterator[None]:
    """Let the workers count in files of one folder, an empty one at each start, so that whichever is asked tells the sum."""
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="osteocds-metrics-")
    try:
        yield
    finally:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
        shutil.rmtree(folder, ignore_errors=True)
