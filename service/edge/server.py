"""gunicorn around the application, for `osteocds serve`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from service.settings import Settings


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings: workers, threads, address; the application is made in each worker."""

    def __init__(self, settings: Settings, make: Callable[[Settings], Flask]) -> None:
        self._settings = settings
        self._make = make
        super().__init__()

    def load_config(self) -> None:
        """Our settings in gunicorn's words."""
        settings = self._settings
        options: dict[str, Any] = {
            "bind": f"{settings.host}:{settings.port}",
            "workers": settings.workers,
            "threads": settings.threads,
            "worker_class": "gthread",
            "keepalive": 75,
            "accesslog": None,
            "proc_name": "osteocds",
            "child_exit": _worker_ended,
            # It would lie in the home directory, one for all services of a user, where a container may not write.
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The WSGI application of a worker."""
        return self._make(self._settings)


def run(settings: Settings) -> None:
    """Serve until told to stop. Raises what `create_app` raises for settings that cannot work, before any worker."""
    with _metrics_of_all_workers():
        # Not before: prometheus_client looks for the shared folder once, when it is first imported.
        from service.edge.app import create_app  # noqa: PLC0415

        create_app(settings)
        Server(settings, create_app).run()


@contextmanager
def _metrics_of_all_workers() -> Iterator[None]:
    """Let the workers count in files of one folder, an empty one at each start, so that whichever is asked tells the sum."""
    parent = os.getpid()
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="osteocds-metrics-")
    try:
        yield
    finally:
        # A worker that ends comes through here too, being a fork; the others still count.
        if os.getpid() == parent:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]
            shutil.rmtree(folder, ignore_errors=True)


def _worker_ended(_arbiter: Any, worker: Any) -> None:
    """Forget what a worker was doing; what it has counted stays."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - as above

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library has no types here
