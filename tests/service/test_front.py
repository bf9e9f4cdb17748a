"""The front of the application, over sockets: what it lets through, what it refuses, and that a slow client stops nobody."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
import requests
import uvicorn

import service.edge.workers
from service.demo.embedded_fhir import free_port
from service.edge import front as fronts
from service.edge import server
from service.edge.front import Front
from service.edge.worker import ALIVE, Application, work
from service.edge.workers import Process, Workers, WorkersFailed

MOST = 1000
THREADS, WAITING = 2, 2
LARGE = 800
LONG = 20_000_000
"""Bytes of an answer that no buffer of the machine holds."""
HEAD = b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"


class Echo:
    """A WSGI application that tells what it was given; one that begins with `wait` waits until the test lets it go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.long = self.fails = False
        self.asked: list[bytes] = []

    def __call__(self, environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
        body = environ["wsgi.input"].read()  # type: ignore[attr-defined]  # PEP 3333 has it a stream
        self.asked.append(body)
        if self.fails:
            raise ValueError(body)
        if body.startswith(b"wait"):
            assert self.go_on.wait(20)
        if self.long:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b" " * LONG]
        told = {name: value for name, value in environ.items() if isinstance(value, str)}
        start_response("200 OK", [("Content-Type", "application/json"), ("X-Told", "é")])
        return [json.dumps(told | {"body": body.decode("latin-1")}).encode()]


@pytest.fixture
def echo() -> Echo:
    return Echo()


class InThisProcess(threading.Thread):
    """A worker whose application the test can reach: a thread in place of a process."""

    pid = 0

    def kill(self) -> None:
        """It ends with its connections."""


def started(build: Callable[[], Application], control: socket.socket, places: Sequence[socket.socket]) -> Process:
    # Those of the caller are closed, as a process has its own.
    own = [one.dup() for one in (control, *places)]
    thread = InThisProcess(target=work, args=(build, own[0], own[1:]), daemon=True)
    thread.start()
    return thread


@pytest.fixture
def workers(echo: Echo) -> Workers:
    return Workers(
        lambda: Application(echo),
        processes=1,
        threads=THREADS,
        large_bytes=LARGE,
        answer_seconds=60,
        start=started,
    )


@pytest.fixture
def front(workers: Workers) -> Front:
    return Front(workers, waiting=WAITING, max_body_bytes=MOST)


@pytest.fixture
def base(front: Front, echo: Echo) -> Iterator[str]:
    """The front around the echo, on a port of this machine."""
    port = free_port()
    config = uvicorn.Config(
        front, port=port, http=server.BoundedHttp, loop="uvloop", ws="none", lifespan="on", log_level="warning"
    )
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    wait_until(lambda: serving.started)
    yield f"http://127.0.0.1:{port}"
    echo.go_on.set()
    serving.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it did not come to be within 20 s"
        time.sleep(0.01)


@contextmanager
def connected(base: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])), timeout=20) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side closes, a reset included."""
    read = b""
    try:
        while part := connection.recv(65536):
            read += part
    except ConnectionResetError:
        pass
    return read


def exchanged(base: str, sent: bytes) -> bytes:
    with connected(base) as connection:
        connection.sendall(sent)
        return read_all(connection)


def diagnostics(answer: requests.Response) -> str:
    assert answer.headers["Content-Type"] == "application/fhir+json"
    said: str = answer.json()["issue"][0]["diagnostics"]
    return said


# --- what passes ------------------------------------------------------------------------------------------------------


def test_a_request_comes_through_as_wsgi_has_it(base):
    answer = requests.post(
        f"{base}/caf%C3%A9/a%2Fb?x=%20y&x=z",
        data=b"\x00body",
        headers={"X-One": "1", "Accept-Language": "fr"},
        timeout=20,
    )
    told = answer.json()
    assert answer.headers["X-Told"] == "é"
    assert told["PATH_INFO"].encode("latin-1").decode() == "/café/a/b"
    assert {name: told[name] for name in ("REQUEST_METHOD", "QUERY_STRING", "SCRIPT_NAME", "HTTP_X_ONE", "body")} == {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "x=%20y&x=z",
        "SCRIPT_NAME": "",
        "HTTP_X_ONE": "1",
        "body": "\x00body",
    }
    assert told["HTTP_ACCEPT_LANGUAGE"] == "fr"
    assert told["REMOTE_ADDR"] == "127.0.0.1"


def test_a_header_sent_twice_is_one_list_and_one_with_an_underscore_is_none(base):
    head = HEAD + b"X-Two: a\r\nX-Two: b\r\nX_Two: c\r\nScript_Name: /other\r\nScript-Name: /other\r\n"
    told = exchanged(base, head + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
    environ = json.loads(told.partition(b"\r\n\r\n")[2])
    assert environ["HTTP_X_TWO"] == "a,b"
    assert environ["SCRIPT_NAME"] == ""


def test_a_chunked_body_is_put_together(base):
    answer = requests.post(f"{base}/echo", data=iter([b"one ", b"two"]), timeout=20)
    assert (answer.json()["body"], answer.json()["CONTENT_LENGTH"]) == ("one two", "7")


def test_two_requests_on_one_connection_are_both_answered(base):
    one = HEAD + b"Content-Length: 3\r\n\r\none"
    two = HEAD + b"Content-Length: 3\r\nConnection: close\r\n\r\ntwo"
    told = exchanged(base, one + two)
    assert (told.count(b"HTTP/1.1 200 OK"), b'"body": "one"' in told, b'"body": "two"' in told) == (2, True, True)


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
"""What Java's client, and `curl --http2`, send with a request over plain HTTP."""

LAST = HEAD + b"Connection: close\r\nContent-Length: 4\r\n\r\nlast"
A_REQUEST_WITHIN = b"POST /other HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("body", [b"body", A_REQUEST_WITHIN], ids=["a body", "a body that reads as a request"])
@pytest.mark.parametrize("offer", [OFFER, OFFER.replace(b"h2c", b"websocket")], ids=["h2c", "websocket"])
@pytest.mark.parametrize("cut", [0, 1, -1, None], ids=["in the head", "before the body", "in the body", "nowhere"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_a_request_that_offers_another_protocol_is_read_whole_and_nothing_of_it_is_another(
    base, echo, body, offer, cut, chunked
):
    head = (
        HEAD + offer + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)) + b"\r\n\r\n"
    )
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    place = {0: 20, 1: len(head), -1: len(head) + 2, None: 0}[cut]
    sent = head + framed + LAST
    with connected(base) as connection:
        for part in filter(None, (sent[:place], sent[place:])):
            connection.sendall(part)
            time.sleep(0.05)  # in segments of their own
        told = read_all(connection)
    assert told.count(b"HTTP/1.1 200 OK") == 2
    assert echo.asked == [body, b"last"]


def test_many_that_offer_another_protocol_are_each_answered(base, echo):
    one = HEAD + OFFER + b"Content-Length: 3\r\n\r\none"
    assert exchanged(base, one * 200 + LAST).count(b"HTTP/1.1 200 OK") == 201
    assert echo.asked == [b"one"] * 200 + [b"last"]


def test_what_comes_after_a_body_is_no_header(base):
    after = b"Authorization: Bearer x\r\nX-One: 1\r\nContent-Type: text/plain\r\n\r\n"
    told = exchanged(base, HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n" + after)
    environ = json.loads(told.partition(b"\r\n\r\n")[2])
    assert (environ["body"], environ["CONTENT_TYPE"]) == ("one", "application/json")
    assert not {"HTTP_AUTHORIZATION", "HTTP_X_ONE"} & environ.keys()


@pytest.mark.parametrize(("requests_sent", "answered"), [(1, 1), (3, 3)])
def test_a_client_that_has_sent_all_and_says_so_is_answered(base, requests_sent, answered):
    with connected(base) as connection:
        connection.sendall((HEAD + b"Content-Length: 3\r\n\r\none") * requests_sent)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection).count(b"HTTP/1.1 200 OK") == answered


@pytest.mark.parametrize(
    "sent", [b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\none"], ids=["nothing", "a head", "a part"]
)
def test_a_client_that_ends_in_the_midst_is_let_go(base, echo, sent):
    with connected(base) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b""
    assert echo.asked == []


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "status"), [(MOST - 1, 200), (MOST, 200), (MOST + 1, 413), (100 * MOST, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_have_so_many_bytes(base, size, status, chunked):
    body = b"x" * size
    answer = requests.post(f"{base}/echo", data=iter([body]) if chunked else body, timeout=20)
    assert answer.status_code == status
    if status == 413:
        assert diagnostics(answer) == f"the body has more than {MOST} bytes"


def test_bodies_on_their_way_may_have_so_many_bytes_together(base, monkeypatch):
    monkeypatch.setattr(fronts, "BODIES_AT_ONCE", 2)
    with ExitStack() as stack:
        for _ in range(2):
            connection = stack.enter_context(connected(base))
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 900)
        time.sleep(0.3)  # they must have come in
        answer = requests.post(f"{base}/echo", data=b"x" * 300, timeout=20)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert requests.post(f"{base}/echo", data=b"x" * 100, timeout=20).status_code == 200
    wait_until(lambda: requests.post(f"{base}/echo", data=b"x" * 300, timeout=20).status_code == 200)


@pytest.mark.parametrize("framing", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_bodies_are_counted_while_they_come(base, monkeypatch, framing):
    """None of them is over the bound when it begins."""
    monkeypatch.setattr(fronts, "BODIES_AT_ONCE", 2)
    chunked = b"chunked" in framing
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(base)) for _ in range(5)]
        for connection in connections:
            connection.sendall(HEAD + framing)
        time.sleep(0.3)  # they must have begun
        for connection in connections:
            connection.sendall(b"384\r\n" + b"x" * 900 if chunked else b"x" * 900)
        time.sleep(0.3)
        assert sum(refused_at_once(connection) for connection in connections) == 3


def refused_at_once(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return connection.recv(100).startswith(b"HTTP/1.1 503")
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    "sent",
    [
        b"no http at all\r\n\r\n",
        b"CONNECT here:80 HTTP/1.1\r\nHost: here\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcdeXX\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabcde\r\n",
        HEAD + b"Content-Length: nine\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        HEAD + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        HEAD + b"".join(b"X-Many: %d\r\n" % number for number in range(10_000)) + b"\r\n",
    ],
    ids=[
        "no HTTP",
        "a tunnel",
        "long chunk",
        "no size",
        "no length",
        "length and chunks",
        "two lengths",
        "header",
        "URL",
        "headers",
    ],
)
def test_broken_or_endless_framing_is_a_bad_request(base, sent):
    assert exchanged(base, sent).startswith(b"HTTP/1.1 400 Bad Request")


def test_beyond_so_many_requests_in_work_the_client_is_told_at_once_to_come_again(base, front, echo):
    with ThreadPoolExecutor(THREADS + WAITING) as clients:
        waiting = [
            clients.submit(requests.post, f"{base}/echo", data=b"wait", timeout=30) for _ in range(THREADS + WAITING)
        ]
        wait_until(lambda: front.in_work == THREADS + WAITING)
        answer = requests.post(f"{base}/echo", data=b"", timeout=20)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert diagnostics(answer) == "the service is busy: try again in a moment"
        assert requests.get(f"{base}/health/live", timeout=20).json() == {"status": "live"}
        echo.go_on.set()
        assert [one.result().status_code for one in waiting] == [200] * (THREADS + WAITING)
    assert requests.post(f"{base}/echo", data=b"", timeout=20).status_code == 200


def test_a_worker_has_one_large_body_in_work_and_small_ones_beside_it(base, front, echo):
    large = b"wait".ljust(LARGE + 1)
    with ThreadPoolExecutor(2) as clients:
        asked = [clients.submit(requests.post, f"{base}/echo", data=large, timeout=30) for _ in range(2)]
        wait_until(lambda: front.in_work == 2)
        for _ in range(10):  # a second thread is free for them, and none for the other large one
            assert requests.post(f"{base}/echo", data=b"x" * LARGE, timeout=20).status_code == 200
        assert echo.asked.count(large) == 1
        echo.go_on.set()
        assert [one.result().status_code for one in asked] == [200, 200]


def test_who_waits_too_long_for_a_thread_is_told_to_come_again(base, echo, monkeypatch):
    monkeypatch.setattr(service.edge.workers, "WAITING_SECONDS", 0.2)
    with ThreadPoolExecutor(THREADS) as clients:
        asked = [clients.submit(requests.post, f"{base}/echo", data=b"wait", timeout=30) for _ in range(THREADS)]
        wait_until(lambda: len(echo.asked) == THREADS)
        answer = requests.post(f"{base}/echo", data=b"", timeout=20)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        echo.go_on.set()
        assert [one.result().status_code for one in asked] == [200] * THREADS


def test_an_answer_that_takes_too_long_is_given_up_and_its_thread_is_free_once_it_came(base, workers, echo):
    workers.answer_seconds = 0.2
    for _ in range(THREADS):
        answer = requests.post(f"{base}/echo", data=b"wait", timeout=20)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert diagnostics(answer) == "the answer was lost: try again in a moment"
    workers.answer_seconds = 20
    echo.go_on.set()
    assert [requests.post(f"{base}/echo", data=b"x", timeout=20).status_code for _ in range(4)] == [200] * 4


def test_an_error_around_the_application_is_a_500_that_tells_nothing(base, echo):
    echo.fails = True
    answer = requests.post(f"{base}/echo", data=b"secret", timeout=20)
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    echo.fails = False
    assert requests.post(f"{base}/echo", data=b"x", timeout=20).status_code == 200


# --- workers that do not work -----------------------------------------------------------------------------------------


class Silent(InThisProcess):
    """A worker that says that it has begun, or not even that, and nothing more."""

    def __init__(self, control: socket.socket, places: Sequence[socket.socket], *, begins: bool) -> None:
        super().__init__(target=self.kill_is_awaited, daemon=True)
        self.killed = threading.Event()
        self.own = [one.dup() for one in (control, *places)]
        if begins:
            self.own[0].sendall(ALIVE)

    def kill_is_awaited(self) -> None:
        self.killed.wait(20)
        for one in self.own:
            one.close()

    def kill(self) -> None:
        self.killed.set()


def of_silent(begun: list[Silent], *, begins: bool) -> Workers:
    def start(_build: object, control: socket.socket, places: Sequence[socket.socket]) -> Process:
        begun.append(Silent(control, places, begins=begins))
        begun[-1].start()
        return begun[-1]

    return Workers(
        lambda: Application(Echo()), processes=1, threads=2, large_bytes=LARGE, answer_seconds=60, start=start
    )


def test_a_worker_that_hangs_is_killed_and_another_takes_its_place(monkeypatch):
    for name, seconds in (("HUNG_SECONDS", 0.5), ("ASKED_EVERY_SECONDS", 0.1), ("LOOKED_AT_EVERY_SECONDS", 0.05)):
        monkeypatch.setattr(service.edge.workers, name, seconds)
    begun: list[Silent] = []

    async def run() -> None:
        workers = of_silent(begun, begins=True)
        await workers.begin()
        while len(begun) < 3:  # noqa: ASYNC110 - the test's own waiting
            await asyncio.sleep(0.05)
        await workers.end()

    asyncio.run(asyncio.wait_for(run(), 20))
    assert all(one.killed.is_set() for one in begun)


def test_where_no_worker_comes_up_the_start_fails(monkeypatch):
    monkeypatch.setattr(service.edge.workers, "BEGINNING_SECONDS", 0.2)
    begun: list[Silent] = []
    with pytest.raises(WorkersFailed):
        asyncio.run(of_silent(begun, begins=False).begin())
    assert [one.killed.is_set() for one in begun] == [True]


# --- slow clients -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [HEAD, HEAD + b"Content-Length: 900\r\n\r\n{"], ids=["head", "body"])
def test_two_hundred_slow_clients_stop_nobody(base, begun):
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connected(base)).sendall(begun)
        for _ in range(20):
            assert requests.post(f"{base}/echo", data=b"quick", timeout=20).json()["body"] == "quick"


def test_a_body_that_takes_too_long_is_told_so(base, monkeypatch):
    monkeypatch.setattr(fronts, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(fronts, "LINGERING_SECONDS", 0.2)
    told = exchanged(base, HEAD + b"Content-Length: 900\r\n\r\n{")
    assert told.startswith(b"HTTP/1.1 408 Request Timeout")


def test_a_head_that_takes_too_long_ends_the_connection(base, monkeypatch):
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    assert exchanged(base, HEAD) == b""


def test_a_connection_that_is_kept_is_not_ended_by_the_time_for_a_head(base, monkeypatch):
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    with requests.Session() as session:
        assert session.post(f"{base}/echo", data=b"one", timeout=20).status_code == 200
        time.sleep(0.5)
        assert session.post(f"{base}/echo", data=b"two", timeout=20).json()["body"] == "two"


@pytest.mark.parametrize("ends", [b"", b"Connection: close\r\n"], ids=["kept", "closed"])
def test_an_answer_that_nobody_reads_is_dropped_with_its_connection(base, echo, monkeypatch, ends):
    monkeypatch.setattr(server, "ANSWER_SECONDS", 0.3)
    echo.long = True
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", int(base.rpartition(":")[2])))
        connection.sendall(HEAD + ends + b"Content-Length: 0\r\n\r\n")
        time.sleep(1.5)
        assert len(read_all(connection)) < LONG


def test_a_long_answer_that_is_read_slowly_and_within_the_time_comes_whole(base, echo):
    echo.long = True
    with connected(base) as connection:
        connection.sendall(HEAD + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.5)
        assert len(read_all(connection)) > LONG
