"""How soon `/health/live` answers while the service is kept busy: `make liveness`.

Under each load a probe asks every few milliseconds, on a connection of its own as orchestrators do, and the load comes from
another process. The machine decides the milliseconds; the goal is 100 ms for all of them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from rich.console import Console
from rich.table import Table
from support.processes import osteocds_serve
from support.scenario import request_for
from tools.asking import ask_at_once, post
from tools.bench import ORDER_SIGN, REQUESTS

EVERY_SECONDS = 0.02
GOAL_MS = 100
SLOW_CONNECTIONS = 200
LARGE_BYTES = 9_000_000
HOOK = REQUESTS["order-sign of denosumab, full prefetch"]


def large_body(length: int = LARGE_BYTES) -> bytes:
    """A hook of so many bytes: the same record, with the same laboratory result many times."""
    body = request_for(HOOK)
    observations: list[dict[str, Any]] = body["prefetch"]["calcium"]["entry"]
    one = orjson.dumps(observations[0])
    times = (length - len(orjson.dumps(body))) // (len(one) + 1)
    observations.extend(observations[:1] * times)
    return orjson.dumps(body)


def keep_busy(host: str, port: int, at_once: int, request: bytes, seconds: float, told: Any) -> None:
    """So many hooks at once for so long, from a process of its own."""
    seen, times = ask_at_once(host, port, at_once, request, seconds)
    told.put((dict(seen), times))


@contextmanager
def slow_connections(host: str, port: int, count: int) -> Iterator[None]:
    """A third each say nothing, send half of a head, and send half of a body."""
    begun = (b"", b"POST / HTTP/1.1\r\nHost: h", post(host, ORDER_SIGN, b"{" + b" " * 999)[:-500])
    with ExitStack() as stack:
        for number in range(count):
            stack.enter_context(socket.create_connection((host, port), timeout=30)).sendall(begun[number % 3])
        yield


def probe(host: str, port: int, seconds: float) -> list[float]:
    """Milliseconds of each call of `/health/live`."""
    asked = f"GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    took = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.perf_counter()
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(asked)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("it does not say that it lives")
        took.append(1000 * (time.perf_counter() - started))
        time.sleep(EVERY_SECONDS)
    return took


def memory_of(parent_port: int) -> str:
    """Megabytes at most, of all processes of the service together, where this machine tells."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            if f"OSTEOCDS_PORT={parent_port}\0".encode() in environment:
                lines = (folder / "status").read_text().splitlines()
                total += int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
        except (OSError, StopIteration):
            continue
    return f"{total // 1024}"


def main() -> int:
    """Print a row a load; exit code 1 where one of a hundred answers took longer than the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="of each load")
    chosen = parser.parse_args()
    columns = (
        "load",
        "asked",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "most ms",
        "hooks/s",
        "hook p50",
        "p99 ms",
        "answered",
        "MB",
    )
    table = Table(*columns, title=f"/health/live under load (goal: {GOAL_MS} ms)")
    late = False
    hook = orjson.dumps(request_for(HOOK))
    loads = [(0, hook, 0), (0, hook, SLOW_CONNECTIONS), *((many, hook, 0) for many in (1, 8, 32, 64))]
    loads += [(64, hook, SLOW_CONNECTIONS), (8, large_body(), 0)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {"OSTEOCDS_ALLOW_UNAUTHENTICATED": "1", "OSTEOCDS_LOG_LEVEL": "error"}
        with osteocds_serve(Path(folder), **environment) as base:
            host, port = str(urlsplit(base).hostname), int(urlsplit(base).port or 0)
            for at_once, body, slow in loads:
                told: Any = multiprocessing.Queue()
                request = post(host, ORDER_SIGN, body)
                arguments = (host, port, at_once, request, chosen.seconds, told)
                with slow_connections(host, port, slow):
                    load = multiprocessing.Process(target=keep_busy, args=arguments)
                    load.start()
                    time.sleep(1)
                    took = probe(host, port, chosen.seconds - 2)
                    seen, times = told.get(timeout=120)
                    load.join()
                cuts = statistics.quantiles(took, n=100)
                late = late or cuts[98] > GOAL_MS
                name = f"{at_once} hooks of {len(body) / 1e6:.2f} MB, {slow} slow connections"
                hooks = (
                    [f"{1000 * one:.0f}" for one in statistics.quantiles(times, n=100)] if len(times) > 1 else [""] * 99
                )
                figures = (*(f"{cuts[cut]:.1f}" for cut in (49, 94, 98)), f"{max(took):.1f}")
                rate = f"{len(times) / chosen.seconds:.0f}"
                table.add_row(name, str(len(took)), *figures, rate, hooks[49], hooks[98], str(seen), memory_of(port))
    Console(width=200).print(table)
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
