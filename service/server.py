"""gunicorn around the application, for `osteocds serve`."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from service.app import create_app
from service.settings import Settings


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings: workers, threads, address; the application is made in each worker."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The WSGI application of a worker."""
        return create_app(self._settings)


def run(settings: Settings) -> None:
    """Serve until told to stop. Raises what `create_app` raises for settings that cannot work, before any worker."""
    create_app(settings)
    Server(settings).run()
