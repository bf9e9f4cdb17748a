"""`osteocds serve`, a front and two workers: one service to whoever asks, whichever worker answers, and when one dies."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey
from prometheus_client.mmap_dict import MmapedDict
from sqlalchemy import func, select
from support.ehr import denosumab, without
from support.fhir_socket import UNBOUNDED, Slow
from support.fhir_socket import serving as serving_fhir
from support.held_by_processes import held_still, with_those_below
from tools.liveness import large_body

from service.demo.embedded_fhir import free_port, running
from service.ledger.database import Database
from service.ledger.feedback import FeedbackStore
from service.ledger.tables import ANSWERS

ORDER_SIGN = "/cds-services/bone-metastases-order-sign"
FIRED = 'osteocds_requests_total{client="",service="bone-metastases-order-sign",status="200"}'
REFUSED = 'osteocds_requests_total{client="",service="bone-metastases-order-sign",status="412"}'
TIMED = 'osteocds_request_seconds_count{service="bone-metastases-order-sign"}'
ADVISED = 'osteocds_rule_answers_total{answer="advises",rule="vitamin-d-unknown"}'
IN_PROGRESS = "osteocds_requests_in_progress"


@dataclass(frozen=True)
class Serving:
    """A running `osteocds serve`, and the folder where it keeps everything."""

    base: str
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder}/feedback.sqlite3"

    @property
    def front(self) -> int:
        """The process that listens."""
        return int(re.findall(r"Started server process \[(\d+)\]", self.log.read_text())[0])

    def workers(self) -> list[int]:
        """The processes that compute, the dead ones included, in the order of their start."""
        return [int(pid) for pid in re.findall(r"worker process \[(\d+)\] has started", self.log.read_text())]

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> requests.Response:
        # A connection of its own, so that any worker may take it.
        own = {"Connection": "close", **(headers or {})}
        return requests.post(self.base + path, json=body, headers=own, timeout=30)

    def metrics(self) -> dict[str, float]:
        text = requests.get(f"{self.base}/metrics", headers={"Connection": "close"}, timeout=30).text
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in lines}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(true) -> None:
    deadline = time.monotonic() + 120  # a worker that begins on a busy machine takes its time
    while not true():
        assert time.monotonic() < deadline, "it did not come to be within 120 s"
        time.sleep(0.05)


@pytest.fixture
def silent_fhir_server():
    """A FHIR base where a call is taken and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/fhir"


@pytest.fixture
def serving(tmp_path, silent_fhir_server):
    with running_service(tmp_path, silent_fhir_server) as here:
        yield here


@contextmanager
def running_service(
    folder: Path, fhir_base: str, workers: int = 2, seconds: int = 60, **settings: str
) -> Iterator[Serving]:
    base = f"http://127.0.0.1:{free_port()}"
    here = Serving(base, folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")} | {
        "OSTEOCDS_PORT": base.rpartition(":")[2],
        "OSTEOCDS_WORKERS": str(workers),
        "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1",
        "OSTEOCDS_DATABASE_URL": here.database_url,
        "OSTEOCDS_FHIR_BASES": fhir_base,
        "OSTEOCDS_DEADLINE_SECONDS": str(seconds),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        **settings,
    }
    environment.pop("XDG_RUNTIME_DIR", None)
    command = [sys.executable, "-m", "service.cli", "serve"]
    with running(command, base, start_seconds=60, environment=environment, ready="/health/ready", log=here.log):
        assert len(here.workers()) == workers
        yield here


def fire(serving: Serving, times: int, status: int = 200) -> None:
    body = denosumab() if status == 200 else denosumab() | {"prefetch": {}}
    for _ in range(times):
        assert serving.post(ORDER_SIGN, body).status_code == status


def feedback(*cards: str) -> dict[str, object]:
    item = {"outcome": "accepted", "outcomeTimestamp": "2026-03-30T20:15:00Z"}
    return {"feedback": [item | {"card": card} for card in cards]}


def test_whichever_worker_is_asked_for_metrics_it_tells_the_sum_of_all(serving):
    fire(serving, 4)
    fire(serving, 2, status=412)
    counted = {int(one.stem.rpartition("_")[2]) for one in serving.folder.glob("osteocds-metrics-*/counter_*.db")}
    assert counted >= set(serving.workers())  # both have answered: the one that was asked longest ago is asked
    for _ in range(4):
        measured = serving.metrics()
        assert [measured[name] for name in (FIRED, REFUSED, TIMED, ADVISED)] == [4, 2, 4, 4]
        assert measured[IN_PROGRESS] == 0


def test_while_no_worker_does_anything_it_tells_that_it_lives_and_holds_what_comes(serving):
    """The front shares nothing with those that compute: what they do cannot hold it up."""
    with ThreadPoolExecutor(8) as ehrs:
        with held_still(serving.workers()):
            fired = [ehrs.submit(serving.post, ORDER_SIGN, denosumab()) for _ in range(8)]
            for _ in range(50):
                assert requests.get(f"{serving.base}/health/live", timeout=2).json() == {"status": "live"}
            assert not any(one.done() for one in fired)
        assert [one.result().status_code for one in fired] == [200] * 8


def test_a_worker_that_is_killed_leaves_its_counts_and_costs_only_what_it_was_answering(serving, silent_fhir_server):
    slow = without(denosumab(), "prefetch") | {"fhirServer": silent_fhir_server}
    fire(serving, 2)
    with ThreadPoolExecutor(4) as ehrs:
        asked = [ehrs.submit(serving.post, ORDER_SIGN, slow) for _ in range(4)]
        wait_until(lambda: serving.metrics()[IN_PROGRESS] == 4)
        victims = serving.workers()
        left = 4
        for victim, answering in [(pid, in_progress_of(serving, pid)) for pid in victims]:
            assert answering >= 1
            os.kill(victim, signal.SIGKILL)
            left -= answering
            wait_until(lambda: sum(not one.done() for one in asked) == left)  # noqa: B023 - called at once
        wait_until(lambda: len(serving.workers()) == 4)
        for one in asked:
            assert (one.result().status_code, one.result().headers["Retry-After"]) == (503, "1")
            assert diagnostics(one.result()) == "the answer was lost: try again in a moment"
    fire(serving, 2)
    assert (serving.metrics()[IN_PROGRESS], serving.metrics()[FIRED]) == (0, 4)


def in_progress_of(serving: Serving, worker: int) -> int:
    """How many requests a worker is answering, as it counts them in its own file."""
    (file,) = serving.folder.glob(f"osteocds-metrics-*/gauge_livesum_{worker}.db")
    values = MmapedDict.read_all_values_from_file(str(file))
    return int(sum(value for name, value, *_others in values if f'"{IN_PROGRESS}"' in name))


def test_a_worker_that_is_told_to_stop_goes_on_until_the_service_ends_it(serving):
    """A service manager may tell every process at once; what was accepted is still answered."""
    for worker in serving.workers():
        os.kill(worker, signal.SIGTERM)
        os.kill(worker, signal.SIGINT)
    fire(serving, 4)
    assert all(alive(worker) for worker in serving.workers())


def test_where_every_process_is_told_to_stop_what_was_taken_is_answered_and_noted(tmp_path):
    """As some service managers do, and `kill` of a group."""
    told = Event()

    def answer_then(call: Slow) -> None:
        told.wait()
        call.found()

    with (
        serving_fhir(answer_then) as fhir,
        running_service(tmp_path, fhir.base) as here,
        ThreadPoolExecutor(4) as ehrs,
        ending(told),
    ):
        slow = without(denosumab(), "prefetch") | {"fhirServer": fhir.base}
        asked = [ehrs.submit(here.post, ORDER_SIGN, slow) for _ in range(4)]
        wait_until(lambda: here.metrics()[IN_PROGRESS] == 4)
        _, *others = with_those_below(here.front)
        for one in (here.front, *others):
            os.kill(one, signal.SIGTERM)
        wait_until(lambda: "Shutting down" in here.log.read_text())
        assert not any(ended(one) for one in others)
        told.set()
        assert [one.result().status_code for one in asked] == [200] * 4
        wait_until(lambda: not any(map(alive, here.workers())))
        with Database(here.database_url).begin() as connection:
            assert connection.scalar(select(func.count()).select_from(ANSWERS)) == 4


def ended(process: int) -> bool:
    """It runs no more, though its parent may not have asked for it yet."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@contextmanager
def ending(event: Event) -> Iterator[None]:
    """Set it in the end, whatever happens."""
    try:
        yield
    finally:
        event.set()


def test_workers_are_renewed_without_losing_a_request_or_a_count(serving):
    old = serving.workers()
    with ThreadPoolExecutor(4) as ehrs:
        os.kill(serving.front, signal.SIGHUP)
        given: list[int] = []
        wait_until(lambda: any(given.append(one) for one in answered(serving, ehrs)) or not any(map(alive, old)))
    assert Counter(given) == {200: len(given)}
    assert len(given) >= 4
    assert len(serving.workers()) == 4
    wait_until(lambda: serving.metrics()[FIRED] == len(given))  # an answer is counted once it is sent


def answered(serving: Serving, ehrs: ThreadPoolExecutor) -> Iterator[int]:
    return ehrs.map(lambda _number: serving.post(ORDER_SIGN, denosumab()).status_code, range(4))


def diagnostics(answer: requests.Response) -> str:
    said: str = answer.json()["issue"][0]["diagnostics"]
    return said


def test_feedback_from_two_workers_lies_in_one_table_and_nothing_is_lost(serving):
    sent = [str(uuid.uuid4()) for _ in range(400)]
    requests_to_send = [feedback(*sent[start : start + 2]) for start in range(0, 400, 2)]
    with ThreadPoolExecutor(16) as ehrs:
        given = list(ehrs.map(lambda body: serving.post(f"{ORDER_SIGN}/feedback", body).status_code, requests_to_send))
    assert Counter(given) == {200: 200}
    assert Counter(row["card"] for row in FeedbackStore(Database(serving.database_url)).rows()) == Counter(sent)


def test_a_token_is_taken_once_by_two_workers(tmp_path, silent_fhir_server):
    key = ECKey.generate_key("P-384", {"kid": "ec", "use": "sig"})
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}), encoding="utf-8")
    (tmp_path / "clients.toml").write_text('[a]\nissuer = "urn:ehr"\njwks = "keys.json"\naudiences = ["urn:us"]\n')

    def token() -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": "urn:ehr", "aud": "urn:us", "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
        return {
            "Authorization": f"Bearer {jwt.encode({'alg': 'ES384', 'kid': 'ec'}, claims, key, algorithms=['ES384'])}"
        }

    registered = {"OSTEOCDS_ALLOW_UNAUTHENTICATED": "0", "OSTEOCDS_CLIENTS": str(tmp_path / "clients.toml")}
    with running_service(tmp_path, silent_fhir_server, **registered) as serving:
        taken = token()
        # They are asked in turns.
        for bearer, status in ((taken, 200), (taken, 401), (taken, 401), (token(), 200), (taken, 401), (taken, 401)):
            assert serving.post(ORDER_SIGN, denosumab(), headers=bearer).status_code == status
        raced = [token()] * 2 + [token()] * 8
        with ThreadPoolExecutor(10) as ehrs:
            given = list(
                ehrs.map(lambda bearer: serving.post(ORDER_SIGN, denosumab(), headers=bearer).status_code, raced)
            )
        assert (given[:2].count(200), given[2:].count(200)) == (1, 1)
        assert serving.post(ORDER_SIGN, denosumab()).status_code == 401
    log = serving.log.read_text()
    assert "it comes a second time (jti)" in log
    assert taken["Authorization"].removeprefix("Bearer ") not in log


def test_when_it_has_stopped_only_its_database_is_left(tmp_path, request):
    def left() -> set[str]:
        return {one.name for one in tmp_path.iterdir()}

    assert left() == set()
    serving = request.getfixturevalue("serving")
    fire(serving, 1)
    assert any(name.startswith("osteocds-metrics-") for name in left())
    os.kill(serving.front, signal.SIGTERM)
    wait_until(lambda: "Finished server process" in serving.log.read_text())
    wait_until(lambda: left() <= {"log", "feedback.sqlite3"})


def test_told_to_stop_it_ends_within_ten_seconds_whatever_a_fhir_server_does(serving, silent_fhir_server):
    slow = without(denosumab(), "prefetch") | {"fhirServer": silent_fhir_server}
    with ThreadPoolExecutor(4) as ehrs:
        hanging = [ehrs.submit(serving.post, ORDER_SIGN, slow) for _request in range(4)]
        wait_until(lambda: serving.metrics()[IN_PROGRESS] == 4)
        started = time.monotonic()
        os.kill(serving.front, signal.SIGTERM)
        wait_until(lambda: not any(alive(worker) for worker in serving.workers()))
        assert time.monotonic() - started < 10
        assert [one.result().status_code for one in hanging] == [503] * 4


MOST_GROWTH = 45
"""Megabytes: by 500 MB that come, or by a bomb that becomes 600."""


@pytest.mark.parametrize("fault", ["chunks without end", "no length and no end", "a gzip bomb", "many members"])
def test_an_answer_without_end_takes_no_memory_to_speak_of(tmp_path, fault):
    with serving_fhir(UNBOUNDED[fault][0]) as fhir, running_service(tmp_path, fhir.base, workers=1, seconds=5) as here:
        fire(here, 5)
        before = peak_of(here.workers()[0])
        body = without(denosumab(), "prefetch") | {"fhirServer": fhir.base}
        with ThreadPoolExecutor(4) as ehrs:
            answers_of = list(ehrs.map(lambda _number: here.post(ORDER_SIGN, body), range(8)))
        assert {answer.status_code for answer in answers_of} == {200}
        assert peak_of(here.workers()[0]) - before < MOST_GROWTH


def test_eight_large_bodies_at_once_take_little_more_memory_than_one(tmp_path, silent_fhir_server):
    """In memory a body is many times its length."""
    body = large_body(1_900_000)
    longest = {"OSTEOCDS_MAX_REQUEST_BYTES": "2000000"}
    with running_service(tmp_path, silent_fhir_server, workers=1, **longest) as here, ThreadPoolExecutor(8) as ehrs:
        (worker,) = here.workers()

        def sent(_number: int) -> int:
            told = {"Content-Type": "application/json"}
            return requests.post(here.base + ORDER_SIGN, data=body, headers=told, timeout=120).status_code

        fire(here, 20)
        before = peak_of(worker)
        assert sent(1) == 200
        of_one = peak_of(worker) - before
        assert set(ehrs.map(sent, range(8))) <= {200, 503}
        assert peak_of(worker) - before < 2 * of_one + ALLOCATED


REFUSALS = {
    "no hook request": ("POST", ORDER_SIGN, b'{"hook": "order-sign", "a": "%s"}', 400),
    "feedback that is none": ("POST", f"{ORDER_SIGN}/feedback", b'{"feedback": [{}], "a": "%s"}', 400),
    "no JSON": ("POST", ORDER_SIGN, b'"%s', 400),
    "another method": ("PUT", ORDER_SIGN, b'"%s"', 405),
    "no service": ("POST", "/cds-services/none", b'"%s"', 404),
}


def test_bodies_that_are_refused_leave_nothing_behind(tmp_path, silent_fhir_server):
    """Nobody needs to be known to be refused."""
    with running_service(tmp_path, silent_fhir_server, workers=1) as here:
        (worker,) = here.workers()

        def refused(method: str, path: str, body: bytes, status: int) -> None:
            told = {"Content-Type": "application/json"}
            sent = requests.request(method, here.base + path, data=body % (b"a" * 4_500_000), headers=told, timeout=60)
            assert sent.status_code == status

        for one in REFUSALS.values():
            refused(*one)
        before = peak_of(worker)
        for one in REFUSALS.values():
            for _ in range(8):
                refused(*one)
        assert peak_of(worker) - before < 5 * ALLOCATED


ALLOCATED = 8
"""Megabytes: what an allocator may take beside."""


def peak_of(process: int) -> int:
    """The most memory that a process had, in megabytes."""
    told = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", told)[0]) // 1024
