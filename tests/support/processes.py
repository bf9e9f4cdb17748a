"""`osteocds serve` as a process of its own, on a free port of loopback, with nothing of this environment's settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.demo.embedded_fhir import free_port, running


@contextmanager
def osteocds_serve(folder: Path, *under: str | Path, **settings: str) -> Iterator[str]:
    """Serve with these settings (variables) while the block lasts, and give the address; all that it keeps is in `folder`."""
    base = f"http://127.0.0.1:{free_port()}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")} | {
        "OSTEOCDS_PORT": base.rpartition(":")[2],
        "OSTEOCDS_DATABASE_URL": f"sqlite:///{folder}/osteocds.sqlite3",
        **settings,
    }
    command = [*under, sys.executable, "-m", "service.cli", "serve"]
    with running(command, base, start_seconds=60, environment=environment, ready="/health/ready", log=folder / "log"):
        yield base
