"""How the service bears load, for ten minutes at 80 % of what it can, five at half and two at twice of it: `make load`.

A FHIR server of ours (`load_fhir.py`) takes 200 ms for an answer; another base of it is slow one time in twenty and
silent one time in two hundred. EHRs (`load_hooks.py`, run by locust) fire hooks whose records hold a critical
calcium: in their prefetch, on the steady base, on the faulty one. First some at once, each after the last: what is
answered then is the capacity. Then at random moments, as many a second as a share of it. Table and picture are
written to `docs/performance/` (`load_report.py`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import orjson
import requests
from rich.console import Console
from rich.markdown import Markdown
from support.held_by_processes import mebibytes, processor_seconds, with_those_below
from support.scenario import BASE, SERVICES
from tools.bench import RECORD
from tools.load_phases import FAULTY, PREFETCHED, STEADY, Hook, Phase
from tools.load_report import DOCS, write

from service.demo.embedded_fhir import free_port, running
from service.demo.scenario import PATIENT, told_request, with_prefetch

HERE = Path(__file__).parent
TOLD = {"order": {"drug": "denosumab", "dose": "120 mg"}, "record": {**RECORD, "calcium": "1.8 mmol/L 5 days ago"}}
SHARES = {PREFETCHED: 60, STEADY: 20, FAULTY: 20}
"""How many hooks of a hundred come so."""

AT_ONCE = 32
"""Hooks in work a processor while the capacity is measured: so many that some compute while others wait for the FHIR server."""

EHRS = 300
"""Connections that hooks come on while so many a second come."""

SEED = "1"
LEAST_SECONDS = 10.0


def bodies(folder: Path, fhir: str) -> None:
    """The hooks of each kind, of today, in files."""
    today = datetime.now(UTC).date()  # noqa: TID251 - the service asks the clock too
    record, request = told_request(TOLD, today, BASE, patient=PATIENT, hook="order-sign")
    request["hookInstance"] = "00000000-0000-0000-0000-000000000000"
    whole = with_prefetch(request, record, SERVICES["bone-metastases-order-sign"], [])
    (folder / f"{PREFETCHED}.json").write_bytes(orjson.dumps(whole))
    for base in (STEADY, FAULTY):
        (folder / f"{base}.json").write_bytes(orjson.dumps(request | {"fhirServer": f"{fhir}/{base}"}))


def processors() -> tuple[frozenset[int], frozenset[int]]:
    """Those of the service, and those of who asks it and whom it asks, which at a site are other machines. Of one, the same."""
    allowed = sorted(os.sched_getaffinity(0))
    half = len(allowed) // 2
    return frozenset(allowed[half:]), frozenset(allowed[:half] or allowed)


@contextmanager
def on(these: frozenset[int]) -> Iterator[None]:
    """Whoever is begun in the block runs on these processors, and so do we meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, these)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def fhir_server(folder: Path) -> Iterator[str]:
    """The FHIR server of the record that is prefetched; its address."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tools.load_fhir", str(folder / f"{PREFETCHED}.json"), PATIENT, str(port)]
    with running(command, base, start_seconds=60):
        yield base


@contextmanager
def service(folder: Path, fhir: str, its_processors: frozenset[int]) -> Iterator[tuple[str, int]]:
    """`osteocds serve` as a site runs it, a worker a processor, but for who may call and SQLite in a folder of its own.

    Its address and process."""
    base = f"http://127.0.0.1:{free_port()}"
    ours = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")} | {
        "OSTEOCDS_PORT": base.rpartition(":")[2],
        "OSTEOCDS_DATABASE_URL": f"sqlite:///{folder}/osteocds.sqlite3",
        "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1",
        "OSTEOCDS_FHIR_BASES": ",".join(f"{fhir}/{one}" for one in (STEADY, FAULTY)),
        "OSTEOCDS_LOG_JSON": "1",
        "OSTEOCDS_ACCESS_LOG": "1",
        "OSTEOCDS_WORKERS": str(len(its_processors)),
    }
    command = [sys.executable, "-m", "service.cli", "serve"]
    with ExitStack() as opened:
        serving = running(command, base, start_seconds=60, environment=ours, ready="/health/ready", log=folder / "log")
        with on(its_processors):
            process = opened.enter_context(serving)
        yield base, process.pid


@contextmanager
def watched(pid: int, megabytes: list[float]) -> Iterator[None]:
    """Note the memory once a second while the block lasts."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1):
            megabytes.append(sum(map(mebibytes, with_those_below(pid))))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


def processors_taken(pid: int) -> float:
    """Seconds of processors that a process and those below it have taken so far."""
    return sum(map(processor_seconds, with_those_below(pid)))


def loaded(phase: Phase, folder: Path, base: str, pid: int, *, ehrs: int) -> Phase:
    """Have locust fire for the time of the phase; the phase with what became of each hook, and what the log says of it."""
    told, log = folder / f"{phase.name}.jsonl", folder / "log"
    environment = os.environ | {
        "LOAD_BODIES": str(folder),
        "LOAD_SHARES": orjson.dumps(SHARES).decode(),
        "LOAD_RATE": str(phase.offered / ehrs),
        "LOAD_TOLD": str(told),
        "LOAD_SEED": SEED,
    }
    command = [
        sys.executable,
        "-m",
        "locust",
        "--locustfile",
        str(HERE / "load_hooks.py"),
        "--headless",
        "--only-summary",
    ]
    command += ["--host", base, "--users", str(ehrs), "--spawn-rate", str(ehrs), "--run-time", f"{phase.seconds:.0f}s"]
    command += ["--stop-timeout", "15", "--exit-code-on-error", "0", "--loglevel", "WARNING"]
    before, taken = log.stat().st_size, processors_taken(pid)
    with watched(pid, phase.megabytes), (folder / "locust.log").open("ab") as said:
        subprocess.run(command, env=environment, stdout=said, stderr=said, check=True)
    with log.open("rb") as lines:
        lines.seek(before)
        said_of_requests = [orjson.loads(line) for line in lines if b'"took_ms"' in line]
    took = {line["hook_instance"]: line["took_ms"] for line in said_of_requests if "hook_instance" in line}
    hooks = [Hook(*orjson.loads(line)) for line in told.read_bytes().splitlines()]
    return replace(
        phase,
        processors=(processors_taken(pid) - taken) / phase.seconds,
        hooks=[replace(one, service_milliseconds=took.get(one.instance)) for one in hooks],
        shed_times=sorted(
            line["took_ms"] for line in said_of_requests if line["status"] == HTTPStatus.SERVICE_UNAVAILABLE
        ),
    )


def measured(seconds: float) -> tuple[Phase, list[Phase]]:
    """The phase of the capacity, and those at a share of it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        bodies(folder, "")
        of_service, of_others = processors()
        at_once = AT_ONCE * len(of_service)
        with on(of_others), fhir_server(folder) as fhir:
            bodies(folder, fhir)
            with service(folder, fhir, of_service) as (base, pid):
                loaded(Phase("warming", LEAST_SECONDS), folder, base, pid, ehrs=at_once)
                capacity = loaded(Phase("capacity", max(LEAST_SECONDS, seconds / 10)), folder, base, pid, ehrs=at_once)
                able = len(capacity.answered) / capacity.seconds
                phases = [
                    loaded(Phase(name, lasts, share * able, able), folder, base, pid, ehrs=EHRS)
                    for name, share, lasts in (
                        ("80 %", 0.8, seconds),
                        ("50 %", 0.5, max(LEAST_SECONDS, seconds / 2)),
                        ("200 %", 2.0, max(LEAST_SECONDS, seconds / 5)),
                    )
                ]
            silent = frozenset(requests.get(f"{fhir}/silent", timeout=30).json())
        return capacity, [replace(one, silent=silent) for one in phases]


def main() -> int:
    """Measure, write the report; exit code 1 where a line of it does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="at 80 %%; half of it at 50 %%, a fifth at 200 %%")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the report is written")
    chosen = parser.parse_args()
    capacity, phases = measured(chosen.seconds)
    holds = write(capacity, phases, datetime.now(UTC), chosen.folder)  # noqa: TID251 - a tool asks the clock
    Console().print(Markdown((chosen.folder / "README.md").read_text(encoding="utf-8")))
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
