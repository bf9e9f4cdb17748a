"""The demo's FHIR R4 server: `sekmet-fhir` on loopback, for as long as a `with` block lasts.

`running` starts and stops any FHIR server that is one process; `embedded_fhir` is `running` for sekmet-fhir.
"""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from mappings.wording import Said, Text, _

LOG_TAIL_CHARACTERS = 2000

INSTALL = "python3 -m venv .venv-sekmet && .venv-sekmet/bin/pip install sekmet-fhir==0.1.1"
"""How the demo's FHIR server is installed beside a package of ours; pyproject.toml names the same version."""

# `sekmet serve`, ended by the end of its standard input: a pipe whose other end only we hold.
_SEKMET_SERVE = """
import os, signal, sys, threading

def end_with_standard_input():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end_with_standard_input, daemon=True).start()
from sekmet.cli import app
app(["serve", "--config", sys.argv[1]])
"""


class EmbeddedFhirError(Exception):
    """A FHIR server of ours is not there; its words are `Said`."""


class ServerMissingError(EmbeddedFhirError):
    """What the server needs is not installed on this machine."""


class ServerFailedError(EmbeddedFhirError):
    """The server was started and did not come up; the message ends with the tail of its log."""


@contextmanager
def embedded_fhir(
    executable: Path, *, port: int = 0, start_seconds: float = 60, log: Path | None = None
) -> Iterator[str]:
    """Run sekmet-fhir on a port of 127.0.0.1, a free one unless it is named; give its FHIR base, `http://127.0.0.1:PORT/fhir`.

    It starts empty, keeps its records in a temporary folder, stores them as they come (no validation), answers no order
    with results of its own (its simulator is off), and ends with the block, or with this process however that ends.

    :param executable: the `sekmet` command of the virtual environment that holds sekmet-fhir.
    :param log: the file that keeps what it writes; without one it is lost when the server ends.
    :raises ServerMissingError: there is no such command.
    :raises ServerFailedError: it ended at once, or did not answer `/metadata` within `start_seconds`.
    """
    if not executable.exists():
        missing = _(
            "The demo's FHIR server is not installed: no {file}. In a clone run `make install`, elsewhere `{install}`.",
            file=str(executable),
            install=INSTALL,
        )
        raise ServerMissingError(Said(missing))
    port = port or free_port()
    base = f"http://127.0.0.1:{port}/fhir"
    with tempfile.TemporaryDirectory(prefix="osteocds-fhir-") as folder:
        settings = Path(folder, "settings.yaml")
        settings.write_text(
            json.dumps(
                {
                    "base_url": base,
                    "host": "127.0.0.1",
                    "port": port,
                    "data_dir": folder,
                    "log_inbound": False,
                    "simulator": {"enabled": False},
                    "validation": {"inbound": "off"},
                }
            )
        )
        # Not resolved: the environment's Python is a link, and is the environment's only under its own name.
        python = executable.absolute().with_name("python")
        command = [str(python), "-I", "-c", _SEKMET_SERVE, str(settings)]
        # sekmet-fhir lets SEKMET_PORT and others override its settings.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEKMET_")}
        with running(command, base, start_seconds=start_seconds, environment=environment, log=log):
            yield base


def free_port() -> int:
    """Name a TCP port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str],
    base: str,
    *,
    start_seconds: float,
    stop_seconds: float = 10,
    environment: Mapping[str, str] | None = None,
    ready: str = "/metadata",
    log: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command`, a server, while the block lasts; enter the block, with its process, when `ready` under its base answers.

    The process is terminated at the end, and killed when it is still there `stop_seconds` later. Its standard input is
    a pipe that ends when we end: a command that ends with it is never left behind, not even when we are killed. What it
    writes is appended to `log`.

    :raises ServerFailedError: it ended at once, or did not answer within `start_seconds`.
    """
    with (
        tempfile.TemporaryFile() if log is None else log.open("a+b") as written,
        subprocess.Popen(  # noqa: S603 - the callers' own commands, no shell, nothing from outside
            command, stdin=subprocess.PIPE, stdout=written, stderr=written, env=environment, start_new_session=True
        ) as process,
    ):
        try:
            failure = wait_until_ready(base + ready, start_seconds, process)
            if failure:
                failed = _(
                    "The server at {address} {failure}. Its log ends:\n{log}",
                    address=base,
                    failure=failure,
                    log=_tail(written.fileno()),
                )
                raise ServerFailedError(Said(failed))
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(stop_seconds)
            process.kill()


def wait_until_ready(url: str, seconds: float, process: subprocess.Popen[bytes] | None = None) -> Text | None:
    """Wait for an answer that is fine, while the server's process lasts; None when it came, else what went wrong."""
    deadline = time.monotonic() + seconds
    with requests.Session() as session:
        session.trust_env = False  # a site's proxy does not reach our loopback
        while (left := deadline - time.monotonic()) > 0:
            if process is not None and process.poll() is not None:
                return _("ended with status {status}", status=str(process.returncode))
            with suppress(requests.RequestException):
                if session.get(url, timeout=left).ok:
                    return None
            time.sleep(0.1)
    return _("did not answer within {seconds} s", seconds=f"{seconds:g}")


def _tail(log: int) -> str:
    size = os.fstat(log).st_size
    text = os.pread(log, LOG_TAIL_CHARACTERS, max(0, size - LOG_TAIL_CHARACTERS))
    return text.decode(errors="replace")
