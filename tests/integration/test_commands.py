"""The commands as a person runs them: processes of their own, on real servers, and none left behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests
from patients import PATIENTS
from support.ehr import check_hook_answer, conform, rules
from support.scenario import NOW

from service.demo.embedded_fhir import free_port, running
from service.demo.run import DEMO_PATIENTS, demo_record, hook_request
from service.guidelines import GUIDELINES

ROOT = Path(__file__).parent.parent.parent
OSTEOCDS = [sys.executable, "-m", "service.cli"]
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/[\w-]+")
PROCESSES = Path("/proc")
SECONDS_TO_END = 20


def environment(**settings: str) -> dict[str, str]:
    """This environment with settings of the service, and with a mark by which a process started in it is found."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")}
    return ours | {"PYTHONUNBUFFERED": "1", "TEST_MARK": uuid4().hex} | settings


def left_behind(marked: dict[str, str]) -> list[str]:
    """The processes that were started in this environment and are still there, a moment later."""
    mark = f"TEST_MARK={marked['TEST_MARK']}".encode()
    deadline = time.monotonic() + SECONDS_TO_END
    while (
        found := [one for one in PROCESSES.glob("[0-9]*") if mark in environ_of(one)]
    ) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [one.name for one in found]


def environ_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:  # another's, or it has just ended
        return b""


def answers(address: str) -> bool:
    try:
        requests.get(address, timeout=30)
    except requests.ConnectionError:
        return False
    return True


@pytest.mark.usefixtures("sekmet_base")  # where the demo's FHIR server is not installed it says so
def test_the_demo_prints_each_patient_with_the_order_and_the_cards_and_leaves_nothing_behind():
    here = environment()
    done = subprocess.run(
        [*OSTEOCDS, "demo"], cwd=ROOT, env=here, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed, _, _ = done.stdout.partition("\nStopped.")
    started, *told = re.split(r"\n=+\n", printed)
    assert len(told) == len(DEMO_PATIENTS)
    for demo, story in zip(DEMO_PATIENTS, told, strict=True):
        assert story.startswith(demo.who.message)
        for order in demo.orders:
            ordered = f"{order['drug']} {order['dose']}" if "drug" in order else ""
            assert f"order-sign: {ordered}" in story.replace("\u00a0", " ")
        check_cards_are_printed(story, next(one for one in PATIENTS if one.id == demo.id).expected)
    addresses = ADDRESS.findall(started)
    assert len(addresses) == 2
    assert not any(answers(address) for address in addresses)
    assert left_behind(here) == []


def check_cards_are_printed(story, expected):
    """Each card with its indicator, its reasons, its citation, and the rules that the same patient's story expects."""
    [by_indicator] = expected.values()
    cards = re.split(r"\n(?=.{2} \[(?:critical|warning|info)\] )", story)[1:]
    printed = {indicator: set() for indicator in by_indicator}
    for card in cards:
        indicator = re.match(r".{2} \[(\w+)\] \S", card)[1]
        printed.setdefault(indicator, set()).update(re.search(r"\n {6}\((.+)\)\s*\Z", card)[1].split(", "))
        assert re.search(r"\] .+\n      \S.+\n(?:.*\n)*      Source: \S", card)
    assert printed == {indicator: set(ids) for indicator, ids in by_indicator.items()}
    assert ("\n      Based on\n      - " in story) == bool(cards)
    assert ("nothing to say" in story) == (not cards)


@pytest.fixture
def terminal() -> Iterator[None]:
    """Programs are started as from a terminal: one that runs in the background of a shell inherits that Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sekmet_base", "terminal")
@pytest.mark.parametrize(("told", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_the_demo_that_is_kept_running_ends_with_its_servers_when_it_is_told_to(told, status):
    here = environment(OSTEOCDS_PORT=str(free_port()), OSTEOCDS_DEMO_FHIR_PORT=str(free_port()))
    with subprocess.Popen(
        [*OSTEOCDS, "demo", "--keep"], cwd=ROOT, env=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        try:
            lines = list(iter(demo.stdout.readline, "Stop with Ctrl-C.\n"))
            said = "".join(lines)
            addresses = sorted(set(ADDRESS.findall(said)))
            assert {urlsplit(address).port for address in addresses} == {
                int(here["OSTEOCDS_PORT"]),
                int(here["OSTEOCDS_DEMO_FHIR_PORT"]),
            }
            assert all(answers(address) for address in addresses)
            assert all(f"  {patient.id} " in said for patient in DEMO_PATIENTS)
            check_what_it_offers(said)
            check_another_is_refused(here)
            demo.send_signal(told)
            assert demo.wait(SECONDS_TO_END) == status
        finally:
            demo.kill()
    assert not any(answers(address) for address in addresses)
    assert left_behind(here) == []


def check_what_it_offers(said):
    """The page answers, and the command fires a hook that gets cards."""
    [page] = re.findall(r"^Open: (http\S+/try)$", said, re.MULTILINE)
    assert "demo-alder" in requests.get(page, headers={"Accept": "text/html"}, timeout=30).text
    [command] = re.findall(r"^Fire a hook: (curl .*)$", said, re.MULTILINE)
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=60, check=True)
    check_hook_answer(json.loads(done.stdout))
    assert "denosumab-discontinued" in rules(json.loads(done.stdout)["cards"])


def check_another_is_refused(here):
    """Beside the one that runs no other is started, on either of its ports."""
    for name in ("OSTEOCDS_PORT", "OSTEOCDS_DEMO_FHIR_PORT"):
        elsewhere = {"OSTEOCDS_PORT": "0", "OSTEOCDS_DEMO_FHIR_PORT": "0", name: here[name]}
        done = subprocess.run(
            [*OSTEOCDS, "demo", "--keep"],
            cwd=ROOT,
            env=here | elsewhere,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert f"another OsteoCDS is running at http://127.0.0.1:{here[name]}: stop it" in done.stderr
        assert f"{name}={int(here[name]) + 1}" in done.stderr


def test_what_else_holds_a_port_is_told_apart_from_one_of_ours():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*OSTEOCDS, "demo", "--keep"],
            cwd=ROOT,
            env=environment(OSTEOCDS_PORT=str(port)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert f"something else listens at http://127.0.0.1:{port}" in done.stderr


def test_the_demo_shows_a_rule_of_every_chapter():
    [guideline] = GUIDELINES
    shown = {
        rule
        for patient in PATIENTS
        if patient.id in {one.id for one in DEMO_PATIENTS}
        for expected in patient.expected.values()
        for ids in expected.values()
        for rule in ids
    }
    for chapter in guideline.chapters:
        assert shown & {rule.id for rule in chapter.rules}, chapter.topic
    assert all(demo_record(patient, NOW.date()).name for patient in DEMO_PATIENTS)


def test_serve_answers_health_discovery_and_hooks_until_it_is_told_to_end(sekmet_base, tmp_path):
    base = f"http://127.0.0.1:{free_port()}"
    here = environment(
        OSTEOCDS_PORT=base.rpartition(":")[2],
        OSTEOCDS_FHIR_BASES=sekmet_base,
        OSTEOCDS_ALLOW_UNAUTHENTICATED="1",
        OSTEOCDS_DATABASE_URL=f"sqlite:///{tmp_path}/feedback.sqlite3",
    )
    subprocess.run([*OSTEOCDS, "load-demo-patients", sekmet_base], cwd=ROOT, env=here, check=True, capture_output=True)
    birch = next(one for one in DEMO_PATIENTS if one.id == "demo-birch")
    request = hook_request(birch, demo_record(birch, NOW.date()), sekmet_base)
    with running([*OSTEOCDS, "serve"], base, start_seconds=60, environment=here, ready="/health/ready") as process:
        assert requests.get(f"{base}/health/live", timeout=30).json() == {"status": "live"}
        conform(requests.get(f"{base}/cds-services", timeout=30).json(), "Services")
        answer = requests.post(f"{base}/cds-services/bone-metastases-order-sign", json=request, timeout=30)
        check_hook_answer(answer.json())
        assert rules(answer.json()["cards"]) == ["zoledronate-renal-contraindication"]
        process.terminate()
        assert process.wait(SECONDS_TO_END) == 0
    assert not answers(f"{base}/health/live")
    assert left_behind(here) == []
