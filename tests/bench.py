"""How fast the service answers, beside a bare Flask and marshmallow view in the same run: `make bench`.

The machine decides the milliseconds; the ratios are what is compared. The bare view reads the same request through the
same schema and sends the same answer back through the schema of answers: the least that a CDS service does. Both are
driven through WSGI in one process, in turns, so that a busy machine slows both. Then the service alone is asked over
HTTP, through the server that `osteocds serve` starts.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from flask import Flask, Response, request
from rich.console import Console
from rich.table import Table

from cds_hooks import HookRequestSchema, HookResponseSchema
from service.app import create_app
from tests.scenario import NOW, SETTINGS, request_for

ORDER_SIGN = "/cds-services/bone-metastases-order-sign"
RECORD = {
    "25-OH vitamin D": "12 ng/mL 5 days ago",
    "calcium": "2.31 mmol/L 5 days ago",
    "albumin": "38 g/L 5 days ago",
    "phosphate": "1.1 mmol/L 5 days ago",
    "creatinine": "80 umol/L 5 days ago",
    "weight": "70 kg 5 days ago",
    "acts": [{"act": "dental examination", "days ago": 10}, {"act": "orthopantomogram", "days ago": 10}],
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
    answer = b"".join(app(environ, lambda status, _headers: statuses.append(status)))
    if not statuses[0].startswith("200"):
        raise RuntimeError(statuses[0])
    return answer


@dataclass
class Timed:
    """The seconds of each request."""

    seconds: list[float] = field(default_factory=list)

    def ask(self, call: Callable[[], object], times: int) -> None:
        for _ in range(times):
            started = time.perf_counter()
            call()
            self.seconds.append(time.perf_counter() - started)

    @property
    def a_second(self) -> float:
        return len(self.seconds) / sum(self.seconds)

    def quantile(self, percent: int) -> float:
        """Milliseconds."""
        return 1000 * statistics.quantiles(self.seconds, n=100)[percent - 1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--per-round", type=int, default=25)
    chosen = parser.parse_args()
    ours = create_app(replace(SETTINGS, database_url="sqlite://"), now=lambda: NOW)
    table = Table("request", "view", "requests/s", "p50 ms", "p99 ms", "of the bare view")
    for name, told in REQUESTS.items():
        body = orjson.dumps(request_for(told))
        bare = bare_view(orjson.loads(called(ours, body)))
        called(bare, body)
        timed = {"service": Timed(), "bare": Timed()}
        for _ in range(chosen.rounds):
            timed["service"].ask(lambda body=body: called(ours, body), chosen.per_round)
            timed["bare"].ask(lambda body=body, bare=bare: called(bare, body), chosen.per_round)
        for view, one in timed.items():
            ratio = f"{one.a_second / timed['bare'].a_second:.2f}"
            figures = (f"{one.a_second:.0f}", f"{one.quantile(50):.2f}", f"{one.quantile(99):.2f}")
            table.add_row(name, view, *figures, ratio)
    Console().print(table)


if __name__ == "__main__":
    main()
