"""The service as it is served, over sockets: what it refuses before anybody looks, and that nobody holds it up."""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import orjson
import pytest
import requests
from support.ehr import denosumab
from support.processes import osteocds_serve

SIGN = "/cds-services/bone-metastases-order-sign"
HEAD = f"POST {SIGN} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n".encode()
LIVE_SECONDS = 0.1
"""Within which it is told that the process lives, whatever the load."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("served")
    with osteocds_serve(folder, OSTEOCDS_ALLOW_UNAUTHENTICATED="1", OSTEOCDS_MAX_REQUEST_BYTES="1000000") as served:
        yield served


@contextmanager
def connected(base: str, *, buffer: int = 0) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", int(base.rpartition(":")[2])))
        yield connection


def exchanged(base: str, sent: bytes) -> bytes:
    """What comes until the other side closes, a reset included."""
    read = b""
    with connected(base) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                read += part
    return read


def status(base: str, target: str, *headers: str, method: str = "GET") -> int:
    lines = "\r\n".join((f"{method} {target} HTTP/1.1", "Host: here", "Connection: close", *headers))
    return int(exchanged(base, f"{lines}\r\n\r\n".encode())[9:12])


# --- one spelling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/metrics", "/health/live", "/health/ready", "/cds-services", "/metrics?x=//"])
def test_an_address_is_answered(base, target):
    assert status(base, target) == 200


@pytest.mark.parametrize(
    "target",
    [
        *(
            "//metrics",
            "///metrics",
            "/./metrics",
            "/../metrics",
            "/x/../metrics",
            "/metrics/..",
            "/metrics//",
            "/metrics/.",
        ),
        *("/%2e/metrics", "/%2e%2e/metrics", "/%6detrics", "/metrics%2f", "/%2fmetrics", "/metrics%3f", "/metrics%00"),
        *("//health/live", "/health//live", "/health/./live", "/%68ealth/live", "/health%2flive", "//health/ready"),
        *(
            "/health/live/..",
            "//cds-services",
            "/cds-services/..",
            "//",
            "/.",
            "/metrics;x",
            "/\\metrics",
            "/%5cmetrics",
        ),
    ],
)
def test_another_spelling_of_it_is_not(base, target):
    assert status(base, target) in {400, 404}


@pytest.mark.parametrize(
    "name", ["Script-Name", "SCRIPT_NAME", "X-Script-Name", "X-Forwarded-Prefix", "X-Original-URL"]
)
def test_no_header_says_where_the_service_is_mounted_or_what_is_asked(base, name):
    assert status(base, "/metrics", f"{name}: /metrics") == 200
    assert status(base, "/x/metrics", f"{name}: /x") == 404
    assert status(base, "/", f"{name}: /metrics", method="POST") == 405


# --- framing and length -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        HEAD + b"Content-Length: +2\r\n\r\n{}",
        HEAD + b"Content-Length: -2\r\n\r\n{}",
        HEAD + b"Content-Length: 0x2\r\n\r\n{}",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_a_request_whose_framing_is_broken_is_a_400_with_its_reason(base, sent):
    head, _, body = exchanged(base, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request")
    assert orjson.loads(body)["issue"][0]["code"] == "structure"


@pytest.mark.parametrize(("size", "expected"), [(1_000_000, 400), (1_000_001, 413), (5_000_000, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_a_413_chunked_or_not(base, size, expected, chunked):
    body = b"x" * size
    parts = iter([body[start : start + 100_000] for start in range(0, size, 100_000)])
    told = {"Content-Type": "application/json"}
    answer = requests.post(base + SIGN, data=parts if chunked else body, headers=told, timeout=30)
    assert answer.status_code == expected


def test_feedback_of_200_000_empty_items_is_a_413_of_few_words(base):
    body = b'{"feedback":[' + b"{}," * 199_999 + b"{}]}"
    told = {"Content-Type": "application/json"}
    answer = requests.post(f"{base}{SIGN}/feedback", data=body, headers=told, timeout=30)
    assert (answer.status_code, len(answer.json()["issue"]) <= 20, len(answer.content) < 5000) == (413, True, True)


@pytest.mark.parametrize(
    ("filler", "expected"), [(b"{},", 413), (b"[],", 413), (b"1,", 400), (b'"' + b"x" * 2000 + b'",', 400)]
)
def test_a_short_body_of_very_many_values_is_a_413(base, filler, expected):
    body = b"[" + filler * (900_000 // len(filler)) + b"1]"
    answer = requests.post(base + SIGN, data=body, headers={"Content-Type": "application/json"}, timeout=30)
    assert answer.status_code == expected


@pytest.mark.parametrize(
    ("origin", "listed"), [("https://browser.example.org", True), ("https://evil.example.org", False), ("", False)]
)
def test_a_page_that_may_call_can_read_why_it_is_refused_before_anybody_looks(tmp_path, origin, listed):
    settings = {"OSTEOCDS_CORS_ORIGINS": "https://browser.example.org", "OSTEOCDS_MAX_REQUEST_BYTES": "1000"}
    with osteocds_serve(tmp_path, OSTEOCDS_WORKERS="1", **settings) as served:
        headers = {"Content-Type": "application/json", **({"Origin": origin} if origin else {})}
        answer = requests.post(served + SIGN, data=b"x" * 1001, headers=headers, timeout=30)
    told = answer.headers.get("Access-Control-Allow-Origin")
    assert (answer.status_code, told) == (413, origin if listed else None)


# --- nobody holds it up -----------------------------------------------------------------------------------------------

SLOW = {
    "nothing": (b"", 0),
    "head": (HEAD, 0),
    "body": (HEAD + b"Content-Length: 900000\r\n\r\n" + b"{" * 9000, 0),
    "chunked body": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{    \r\n", 0),
    "reader": (b"GET /catalogue HTTP/1.1\r\nHost: here\r\n\r\n" * 3, 2048),
}


def live_seconds(base: str, times: int) -> list[float]:
    """How long it took to be told that the process lives, on a connection of its own each time."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        assert status(base, "/health/live") == 200
        took.append(time.perf_counter() - started)
    return took


def answered_hook(base: str, seconds: float = 20.0) -> int:
    """The status of a hook that comes again when it is told to: what slow clients asked for is a backlog at first."""
    until = time.monotonic() + seconds
    while True:
        answer = requests.post(base + SIGN, json=denosumab(), timeout=30)
        if answer.status_code != 503 or time.monotonic() > until:
            return answer.status_code
        time.sleep(float(answer.headers["Retry-After"]))


@pytest.mark.parametrize("slow", SLOW)
def test_two_hundred_slow_clients_hold_up_nobody(base, slow):
    sent, buffer = SLOW[slow]
    requests.get(f"{base}/catalogue", timeout=60)  # it is written once
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connected(base, buffer=buffer)).sendall(sent)
        assert answered_hook(base) == 200
        assert statistics.median(live_seconds(base, 40)) < LIVE_SECONDS
        for _ in range(5):
            assert answered_hook(base) == 200


def test_under_more_hooks_than_it_can_answer_it_tells_at_once_that_it_lives(base):
    with ThreadPoolExecutor(100) as ehrs:
        fired = [ehrs.submit(requests.post, base + SIGN, json=denosumab(), timeout=60) for _ in range(300)]
        took = live_seconds(base, 30)
        answers = [one.result() for one in fired]
    assert statistics.median(took) < 5 * LIVE_SECONDS, "the test fires from the same two cores"
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert all(answer.headers["Retry-After"] == "1" for answer in answers if answer.status_code == 503)
