"""The service over real HTTP: in a thread, on a free port of loopback, with the tests' clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from http.server import HTTPServer
from threading import Thread
from typing import Any

from flask import Flask
from support.scenario import NOW, SETTINGS
from werkzeug.serving import WSGIRequestHandler, make_server

from service.edge.app import create_app


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug's name
        """Write no line for a request."""


@contextmanager
def served(
    now: Callable[[], datetime] = lambda: NOW,
    port: int = 0,
    prepare: Callable[[Flask], object] | None = None,
    **settings: Any,
) -> Iterator[str]:
    """Serve with these settings (of `service.settings.Settings`) while the block lasts, and give the address.

    `prepare` has the application before it is served, to hear what it is asked.
    """
    chosen = {"database_url": "sqlite://", "public_url": "http://localhost", **settings}
    app = create_app(replace(SETTINGS, **chosen), now=now)
    if prepare is not None:
        prepare(app)
    with in_a_thread(make_server("127.0.0.1", port, app, threaded=True, request_handler=_Silent)) as address:
        yield address


@contextmanager
def in_a_thread(server: HTTPServer) -> Iterator[str]:
    """Have a server of loopback answer while the block lasts, and give its address."""
    thread = Thread(target=partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
