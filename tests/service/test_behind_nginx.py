"""Two replicas behind nginx, as the compose file has them: TLS, whole bodies, and one replica for the other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from support.ehr import denosumab
from support.processes import osteocds_serve

from service.demo.embedded_fhir import ServerMissingError, free_port

ROOT = Path(__file__).parents[2]
WRITTEN = (ROOT / "deploy/nginx/nginx.conf").read_text(encoding="utf-8")
HOOK = "/cds-services/bone-metastases-order-sign"


def nginx() -> str:
    """Debian's, which is not on the path of everybody."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise ServerMissingError("nginx is not installed; 1.18 or newer is needed.")
    return found


@contextmanager
def in_front_of(replicas: list[str], folder: Path) -> Iterator[requests.Session]:
    """nginx with our configuration, but for places, ports and names; a session that trusts its certificate, and its address."""
    certificate = [sys.executable, ROOT / "deploy/nginx/certificate.py", folder, "localhost"]
    subprocess.run(certificate, check=True)  # noqa: S603 - a program of ours
    port = free_port()
    told = WRITTEN.replace("listen 8443", f"listen 127.0.0.1:{port}").replace("/etc/osteocds/tls", str(folder))
    told = told.replace("/var/cache/nginx/", f"{folder}/").replace("worker_processes auto", "worker_processes 1")
    for name, replica in zip(("osteocds-a:8080", "osteocds-b:8080"), replicas, strict=True):
        assert told.count(f"server {name} ") == 1
        told = told.replace(name, replica.removeprefix("http://"))
    (folder / "nginx.conf").write_text(told + "\ndaemon off;\n", encoding="utf-8")
    command = [nginx(), "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process, requests.Session() as session:  # noqa: S603 - Debian's
        session.trust_env = False
        session.verify = str(folder / "certificate.pem")
        session.base = f"https://localhost:{port}"  # type: ignore[attr-defined]  # for these tests
        retry = requests.adapters.Retry(connect=40, backoff_factor=0.1, backoff_max=0.5)
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retry))
        try:
            yield session
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("nginx")
    place.chmod(0o755)
    for parent in (place.parent, place.parent.parent):  # nginx works as another user than root
        parent.chmod(0o755)
    return place


@pytest.fixture(scope="module")
def replicas(folder) -> Iterator[list[str]]:
    settings = {"OSTEOCDS_ALLOW_UNAUTHENTICATED": "1", "OSTEOCDS_WORKERS": "1"}
    with ExitStack() as running:
        homes = [folder / "a", folder / "b"]
        for home in homes:
            home.mkdir()
        yield [running.enter_context(osteocds_serve(home, **settings)) for home in homes]


@pytest.fixture(scope="module")
def session(replicas, folder) -> Iterator[requests.Session]:
    with in_front_of(replicas, folder) as session:
        yield session


def answered(replica: str) -> float:
    told = requests.get(f"{replica}/metrics", timeout=30).text
    return sum(map(float, re.findall(r'^osteocds_requests_total\{.*status="200"\} (\S+)', told, re.MULTILINE)))


def test_a_hook_is_answered_over_tls_by_both_replicas(session, replicas):
    for _number in range(6):
        answer = session.post(session.base + HOOK, json=denosumab(), timeout=60)
        assert answer.status_code == 200
        assert answer.json()["cards"]
    assert all(answered(replica) for replica in replicas)


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
    with osteocds_serve(home, OSTEOCDS_ALLOW_UNAUTHENTICATED="1", OSTEOCDS_WORKERS="1") as left:
        gone = f"http://127.0.0.1:{free_port()}"
        with in_front_of([gone, left], front) as session:
            statuses = {session.post(session.base + HOOK, json=denosumab(), timeout=60).status_code for _ in range(6)}
    assert statuses == {200}
