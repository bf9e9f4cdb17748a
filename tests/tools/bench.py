"""How fast the service answers, beside a bare Flask and marshmallow view in the same run: `make bench`.

The machine decides the milliseconds; the ratios are what is compared, and the microseconds of the processor where the machine
is busy. The bare view reads the same request through the same schema and sends the same answer back through the schema of
answers: the least that a CDS service does. Both are driven in turns, so that a busy machine slows both: first through WSGI in
one process, then over HTTP, each behind the front and the server of `osteocds serve`, with one worker.

No FHIR server is named in those requests, and none is called. Then eight clients ask at once, and sixteen whose record is
left to a FHIR server that takes 50 ms an answer, all through one worker. Last comes what a short command costs: the processor
time of a whole `osteocds check`, from the start of Python to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from flask import Flask, Response, request
from rich.console import Console
from rich.table import Table
from support.scenario import NOW, SETTINGS, request_for
from tools.asking import ask_at_once, post

from cds_hooks import HookRequestSchema, HookResponseSchema
from service.demo.embedded_fhir import free_port, running
from service.edge.app import create_app
from service.edge.one_processor import keep_to_one_processor
from service.edge.server import ready_to_serve, serve
from service.edge.worker import Application
from service.settings import Settings

ORDER_SIGN = "/cds-services/bone-metastases-order-sign"
RECORD = {
    "25-OH vitamin D": "12 ng/mL 5 days ago",
    "calcium": "2.31 mmol/L 5 days ago",
    "albumin": "38 g/L 5 days ago",
    "phosphate": "1.1 mmol/L 5 days ago",
    "creatinine": "80 umol/L 5 days ago",
    "weight": "70 kg 5 days ago",
    "procedures": [{"act": "dental examination", "days ago": 10}, {"act": "orthopantomogram", "days ago": 10}],
    "medications": [{"drug": "osimertinib", "kind": "statement", "status": "active", "start": 100}],
}
REQUESTS = {
    "order-sign of denosumab, full prefetch": {"order": {"drug": "denosumab", "dose": "120 mg"}, "record": RECORD},
    "irrelevant order, full prefetch": {"order": {"drug": "paracetamol"}, "record": RECORD},
}


def bare_view(answer: dict[str, Any]) -> Flask:
    """Flask and marshmallow with nothing between them: the request is read, a prepared answer is checked and sent."""
    app = Flask("bare")
    read, written = HookRequestSchema(), HookResponseSchema()

    @app.post(ORDER_SIGN)
    def invoke() -> Response:
        read.load(orjson.loads(request.get_data(cache=False)))
        problems = written.validate(answer)
        if problems:
            raise ValueError(problems)
        return Response(orjson.dumps(answer), mimetype="application/json")

    @app.get("/")
    def ready() -> Response:
        return Response("ready")

    return app


def called(app: Flask, body: bytes) -> bytes:
    """One request through WSGI."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": ORDER_SIGN,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    }
    statuses: list[str] = []
    sent: Any = app(environ, lambda status, _headers: statuses.append(status))
    answer = b"".join(sent)
    getattr(sent, "close", lambda: None)()
    if not statuses[0].startswith("200"):
        raise RuntimeError(statuses[0])
    return answer


@dataclass
class Timed:
    """The seconds of each request, by the clock and of the processor for the thread that asks."""

    seconds: list[float] = field(default_factory=list)
    of_processor: list[float] = field(default_factory=list)

    def ask(self, call: Callable[[], object], times: int) -> None:
        for _ in range(times):
            started, worked = time.perf_counter(), time.thread_time()
            call()
            self.of_processor.append(time.thread_time() - worked)
            self.seconds.append(time.perf_counter() - started)

    @property
    def a_second(self) -> float:
        return len(self.seconds) / sum(self.seconds)

    def quantile(self, percent: int) -> float:
        """Milliseconds."""
        return 1000 * statistics.quantiles(self.seconds, n=100)[percent - 1]

    @property
    def least_microseconds(self) -> float:
        """Of the processor, the first percentile: what a machine with nothing else to do takes."""
        return 1e6 * statistics.quantiles(self.of_processor, n=100)[0]


MOST_AT_ONCE = 16
"""Clients that ask at once, and threads of the worker that answers them."""

FHIR_SECONDS = 0.05
"""How long the FHIR server takes for an answer."""


def fhir_server(body: bytes) -> Callable[..., Awaitable[None]]:
    """A FHIR server (ASGI) with the record that a request has prefetched: each search finds all there is of its type."""
    record = [one["resource"] for held in orjson.loads(body)["prefetch"].values() for one in held.get("entry", ())]
    of_type = {one["resourceType"]: [] for one in record}
    for one in record:
        if one not in of_type[one["resourceType"]]:
            of_type[one["resourceType"]].append(one)
    patient = orjson.loads(body)["prefetch"]["patient"]

    async def answer(scope: Any, _receive: Any, send: Any) -> None:
        parts = scope["path"].strip("/").split("/")
        await asyncio.sleep(FHIR_SECONDS)
        entries = [{"resource": one} for one in of_type.get(parts[0], ())]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
        told = orjson.dumps(patient if parts[0] == "Patient" else bundle)
        headers = [(b"content-type", b"application/fhir+json"), (b"content-length", str(len(told)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})

    return answer


def served(view: str, body: bytes, port: int, fhir_base: str) -> None:
    """Serve the service, the bare view, both behind the front and the server of `osteocds serve`, or the FHIR server."""
    if view == "fhir":
        uvicorn.run(fhir_server(body), port=port, loop="uvloop", access_log=False, log_level="warning")
        return
    logging.basicConfig(level=logging.ERROR)
    settings = replace(
        SETTINGS,
        host="127.0.0.1",
        port=port,
        workers=1,
        database_url="sqlite://",
        threads=MOST_AT_ONCE,
        fhir_bases=(fhir_base,) if fhir_base else (),
    )
    serve(settings, partial(application, view, body, settings))


def application(view: str, body: bytes, settings: Settings) -> Application:
    """The service, or the bare view that answers as it does."""
    ours = create_app(settings, now=lambda: NOW)
    app = ours if view == "service" else bare_view(orjson.loads(called(ours, body)))
    ready_to_serve()
    keep_to_one_processor()
    return Application(app.wsgi_app)


@contextmanager
def serving(view: str, request_name: str, fhir_base: str = "") -> Iterator[tuple[int, int]]:
    """The port and the id of a process of its own that serves the view."""
    port = free_port()
    command = [sys.executable, "-m", "tests.tools.bench", "--serve", view, request_name, str(port), fhir_base]
    with running(command, f"http://127.0.0.1:{port}", start_seconds=60, ready="/") as process:
        yield port, process.pid


def connected(port: int) -> HTTPConnection:
    """A connection to a server of this machine."""
    return HTTPConnection("127.0.0.1", port)


def asked(connection: HTTPConnection, body: bytes) -> None:
    """One request over HTTP, on a connection that stays open."""
    connection.request("POST", ORDER_SIGN, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(answer.status)


def in_turns(calls: dict[str, Callable[[], object]], rounds: int, per_round: int) -> dict[str, Timed]:
    """Every view asked in turns, after a few calls that are not counted."""
    for call in calls.values():
        for _ in range(per_round):
            call()
    timed = {view: Timed() for view in calls}
    for _ in range(rounds):
        for view, call in calls.items():
            timed[view].ask(call, per_round)
    return timed


def of_processor(pid: int) -> float:
    """Milliseconds that a process, and those that it began, have taken of the processor, user and system (Linux, proc(5))."""
    ticks, left = 0, [str(pid)]
    while left:
        one = left.pop()
        ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()[11:13]))
        left += Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii").split()
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


def add_busy_rows(table: Table, seconds: float) -> None:
    """Many clients at one worker: with the record in the request, and with a FHIR server that holds it."""
    name, told = next(iter(REQUESTS.items()))
    whole = request_for(told)
    prefetched = orjson.dumps(whole)
    with serving("fhir", name) as (fhir_port, _):
        base = f"http://127.0.0.1:{fhir_port}"
        bare = orjson.dumps({**{key: held for key, held in whole.items() if key != "prefetch"}, "fhirServer": base})
        for record, body, clients in (("prefetched", prefetched, 8), ("of the FHIR server", bare, MOST_AT_ONCE)):
            with serving("service", name, base) as (port, pid):
                asked(connected(port), body)
                before = of_processor(pid)
                seen, times = ask_at_once("127.0.0.1", port, clients, post("127.0.0.1", ORDER_SIGN, body), seconds)
                each = (of_processor(pid) - before) / len(times)
            if set(seen) != {"200"}:
                raise RuntimeError(dict(seen))
            quantiles = (f"{Timed(times).quantile(percent):.1f}" for percent in (50, 90, 99))
            table.add_row(record, str(clients), f"{len(times) / seconds:.0f}", *quantiles, f"{each:.1f}")


def add_rows(table: Table, name: str, timed: dict[str, Timed]) -> None:
    for view, one in timed.items():
        ratio = f"{one.a_second / timed['bare'].a_second:.2f}"
        least = f"{one.least_microseconds:.0f}"
        quantiles = f"{one.quantile(50):.2f}", f"{one.quantile(99):.2f}"
        row = (name, view, f"{one.a_second:.0f}", *quantiles, ratio, least)
        table.add_row(*row[: len(table.columns)])


def started(body: bytes, times: int, folder: Path) -> list[float]:
    """The seconds of the processor, user and system, that each `osteocds check` of a request takes, the shortest first.

    The first one, which compiles what an installed package has compiled, is not counted.
    """
    request_file = folder / "request.json"
    request_file.write_bytes(body)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "service", "check", str(request_file), "--as-of", NOW.isoformat()]
    seconds = []
    for _ in range(times + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            command, env=environment | {"PYTHONPYCACHEPREFIX": str(folder)}, stdout=subprocess.DEVNULL, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return sorted(seconds[1:])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--per-round", type=int, default=25)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10, help="of each load of many clients")
    parser.add_argument("--serve", nargs=4, metavar=("VIEW", "REQUEST", "PORT", "FHIR"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        view, name, port, fhir_base = chosen.serve
        served(view, orjson.dumps(request_for(REQUESTS[name])), int(port), fhir_base)
        return
    columns = ("request", "view", "requests/s", "p50 ms", "p99 ms", "of the bare view", "CPU µs")
    through_wsgi = Table(*columns, title="Through WSGI, in this process")
    over_http = Table(*columns[:-1], title="Over HTTP, one worker, one connection")
    start = Table("request", "least CPU s", "median CPU s", title="A whole `osteocds check`")
    ours = create_app(replace(SETTINGS, database_url="sqlite://"), now=lambda: NOW)
    ready_to_serve()
    for name, told in REQUESTS.items():
        body = orjson.dumps(request_for(told))
        bare = bare_view(orjson.loads(called(ours, body)))
        views = {"service": partial(called, ours, body), "bare": partial(called, bare, body)}
        add_rows(through_wsgi, name, in_turns(views, chosen.rounds, chosen.per_round))
        with serving("service", name) as service, serving("bare", name) as beside:
            views = {
                view: partial(asked, connected(port), body)
                for view, (port, _) in (("service", service), ("bare", beside))
            }
            add_rows(over_http, name, in_turns(views, chosen.rounds, chosen.per_round))
        with tempfile.TemporaryDirectory() as folder:
            least, *others = started(body, chosen.starts, Path(folder))
        start.add_row(name, f"{least:.2f}", f"{statistics.median((least, *others)):.2f}")
    busy = Table(
        "record", "clients", "requests/s", "p50 ms", "p90 ms", "p99 ms", "CPU ms", title="Full request, one busy worker"
    )
    add_busy_rows(busy, chosen.seconds)
    for table in (through_wsgi, over_http, busy, start):
        Console().print(table)


if __name__ == "__main__":
    main()
