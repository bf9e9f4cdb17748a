"""Replicas of the service as processes, and nginx before them, as the compose file has them: each may be restarted or killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from service.demo.embedded_fhir import ServerMissingError, free_port, running

ROOT = Path(__file__).parents[2]
WRITTEN = (ROOT / "deploy/nginx/nginx.conf").read_text(encoding="utf-8")
SERVE = ("-m", "service.cli", "serve")
"""What a site runs."""

SERVE_AT_THE_CLOCK_OF_TESTS = ("-m", "support.replicas")
STOPPING_SECONDS = 20


class Replica:
    """One of them, at an address that it keeps; all that it keeps itself is in `folder`."""

    def __init__(self, folder: Path, settings: Mapping[str, str], command: Sequence[str] = SERVE) -> None:
        folder.mkdir()
        self.base = f"http://127.0.0.1:{free_port()}"
        self.log = folder / "log"
        self._command = [sys.executable, *command]
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")} | {
            "OSTEOCDS_PORT": self.base.rpartition(":")[2],
            "OSTEOCDS_DATABASE_URL": f"sqlite:///{folder}/osteocds.sqlite3",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
            **settings,
        }
        self._running = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin it, and wait until it takes hooks."""
        server = running(
            self._command,
            self.base,
            start_seconds=120,
            stop_seconds=STOPPING_SECONDS,
            environment=self._environment,
            ready="/health/live",
            log=self.log,
        )
        self._process = self._running.enter_context(server)

    def stop(self) -> None:
        """Tell it to stop (SIGTERM), as an update does, and wait until it has."""
        self._running.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """End it at once (SIGKILL), and with it what it was answering."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.stop()


@contextmanager
def replicas(
    homes: Sequence[Path], settings: Mapping[str, str], command: Sequence[str] = SERVE
) -> Iterator[list[Replica]]:
    """One in each of these folders, which are made, while the block lasts."""
    all_of_them = [Replica(home, settings, command) for home in homes]
    with ExitStack() as stopping:
        for one in all_of_them:
            stopping.callback(one.stop)
            one.start()
        yield all_of_them


def nginx() -> str:
    """Debian's, which is not on the path of everybody."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise ServerMissingError("nginx is not installed; 1.18 or newer is needed.")
    return found


@contextmanager
def in_front_of(bases: Sequence[str], folder: Path) -> Iterator[requests.Session]:
    """nginx with our configuration, but for places, ports and names; a session that trusts its certificate, and its address.

    Here names have one address for good, and Debian's nginx may be older than one that can look them up again.
    """
    certificate = [sys.executable, ROOT / "deploy/nginx/certificate.py", folder, "localhost"]
    subprocess.run(certificate, check=True)
    port = free_port()
    told = WRITTEN.replace("listen 8443", f"listen 127.0.0.1:{port}").replace("/etc/osteocds/tls", str(folder))
    told = told.replace("/var/cache/nginx/", f"{folder}/").replace("worker_processes auto", "worker_processes 1")
    assert told.count("    resolver 127.0.0.11 valid=2s ipv6=off;\n") == 1
    told = told.replace("    resolver 127.0.0.11 valid=2s ipv6=off;\n", "")
    for name, base in zip(("osteocds-a:8080", "osteocds-b:8080"), bases, strict=True):
        assert told.count(f"server {name} resolve ") == 1
        told = told.replace(f"{name} resolve", base.removeprefix("http://"))
    (folder / "nginx.conf").write_text(told + "\ndaemon off;\n", encoding="utf-8")
    command = [nginx(), "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process, requests.Session() as session:
        session.trust_env = False
        session.verify = str(folder / "certificate.pem")
        session.base = f"https://localhost:{port}"  # type: ignore[attr-defined]  # for these tests
        retry = requests.adapters.Retry(connect=40, backoff_factor=0.1, backoff_max=0.5)
        session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=32, max_retries=retry))
        try:
            yield session
        finally:
            process.terminate()
            process.wait(10)


def reachable_by_others(place: Path) -> Path:
    """The folder, which other users than root may read: nginx works as one of them."""
    place.chmod(0o755)
    for parent in (place.parent, place.parent.parent):
        parent.chmod(0o755)
    return place


def _serve_at_the_clock_of_tests() -> None:
    from functools import partial  # noqa: PLC0415 - only where this is the process

    from service.edge.server import serve  # noqa: PLC0415 - as above
    from service.settings import read_settings  # noqa: PLC0415 - as above

    settings = read_settings(os.environ)
    serve(settings, partial(_application, settings))


def _application(settings):
    from support.scenario import NOW  # noqa: PLC0415 - as above

    from service.edge.app import create_app  # noqa: PLC0415 - as above
    from service.edge.worker import Application  # noqa: PLC0415 - as above

    app = create_app(settings, now=lambda: NOW)
    return Application(app.wsgi_app, app.extensions["osteocds.ledger"].writer.close)


if __name__ == "__main__":
    _serve_at_the_clock_of_tests()
