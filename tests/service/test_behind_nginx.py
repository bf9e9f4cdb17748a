"""Two replicas behind nginx, as the compose file has them: TLS, whole bodies, and one replica for the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from support.ehr import denosumab
from support.processes import osteocds_serve
from support.replicas import WRITTEN, in_front_of, reachable_by_others, replicas

from service.demo.embedded_fhir import free_port

HOOK = "/cds-services/bone-metastases-order-sign"
SETTINGS = {"OSTEOCDS_ALLOW_UNAUTHENTICATED": "1", "OSTEOCDS_WORKERS": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return reachable_by_others(tmp_path_factory.mktemp("nginx"))


@pytest.fixture(scope="module")
def bases(folder) -> Iterator[list[str]]:
    with replicas([folder / "a", folder / "b"], SETTINGS) as both:
        yield [one.base for one in both]


@pytest.fixture(scope="module")
def session(bases, folder) -> Iterator[requests.Session]:
    with in_front_of(bases, folder) as session:
        yield session


def answered(base: str) -> float:
    told = requests.get(f"{base}/metrics", timeout=30).text
    return sum(map(float, re.findall(r'^osteocds_requests_total\{.*status="200"\} (\S+)', told, re.MULTILINE)))


def test_a_hook_is_answered_over_tls_by_both_replicas(session, bases):
    for _number in range(6):
        answer = session.post(session.base + HOOK, json=denosumab(), timeout=60)
        assert answer.status_code == 200
        assert answer.json()["cards"]
    assert all(answered(base) for base in bases)


def test_a_body_beyond_the_bound_of_the_service_is_refused_before_it(session):
    most = int(re.search(r"client_max_body_size (\d+);", WRITTEN)[1])  # type: ignore[index]  # it is there
    answer = session.post(session.base + HOOK, data=b" " * (most + 1), timeout=60)
    assert answer.status_code == 413


def test_what_is_measured_is_not_shown_outside(session):
    assert session.get(session.base + "/metrics", timeout=60).status_code == 404
    assert session.get(session.base + "/cds-services", timeout=60).status_code == 200


def test_while_a_replica_is_gone_the_other_answers_for_it(folder, tmp_path):
    home, front = tmp_path / "home", folder / "front"
    for place in (home, front):
        place.mkdir()
    with osteocds_serve(home, **SETTINGS) as left:
        gone = f"http://127.0.0.1:{free_port()}"
        with in_front_of([gone, left], front) as session:
            statuses = {session.post(session.base + HOOK, json=denosumab(), timeout=60).status_code for _ in range(6)}
    assert statuses == {200}


def test_while_no_replica_answers_it_is_told_to_come_again_as_the_service_says_it(folder):
    front = folder / "nobody"
    front.mkdir()
    gone = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    with in_front_of(gone, front) as session:
        answer = session.post(session.base + HOOK, json=denosumab(), timeout=60)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.headers["Content-Type"] == "application/fhir+json"
    assert answer.json()["issue"][0]["code"] == "transient"
