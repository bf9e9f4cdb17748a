"""A real `osteocds serve` that is killed at any moment: what was acknowledged is there. One that is told to stop writes all."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import select
from support.ehr import denosumab

from service.demo.embedded_fhir import free_port, running
from service.ledger.database import Database
from service.ledger.tables import ANSWERS, FEEDBACK

ORDER_SIGN = "/cds-services/bone-metastases-order-sign"


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """The address of a service with two workers, and its processes, the front first."""
    base, log = f"http://127.0.0.1:{free_port()}", folder / f"log-{uuid.uuid4().hex}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")} | {
        "OSTEOCDS_PORT": base.rpartition(":")[2],
        "OSTEOCDS_DATABASE_URL": database_url,
        "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1",
        "TMPDIR": str(folder),
    }
    command = [sys.executable, "-m", "service.cli", "serve"]
    with running(command, base, start_seconds=120, environment=environment, ready="/health/ready", log=log):
        deadline = time.monotonic() + 60
        while len(pids := re.findall(r"(?:server|worker) process \[(\d+)\]", log.read_text())) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield base, [int(pid) for pid in pids]


def acknowledged(base: str, until: threading.Event, given: list[str]) -> None:
    """Send feedback until told to stop, and note what was acknowledged."""
    with requests.Session() as session:
        while not until.is_set():
            card = str(uuid.uuid4())
            item = {"card": card, "outcome": "accepted", "outcomeTimestamp": "2026-03-31T09:30:00Z"}
            try:
                answer = session.post(f"{base}{ORDER_SIGN}/feedback", json={"feedback": [item]}, timeout=30)
            except requests.RequestException:
                return
            if answer.status_code == 200:
                given.append(card)


def held(database_url: str, column) -> list[str]:
    database = Database(database_url)
    with database.read() as connection:
        found = list(connection.execute(select(column)).scalars())
    database.dispose()
    return found


@pytest.mark.parametrize("after_seconds", [0.7, 1.9])
def test_feedback_that_was_acknowledged_survives_kill_9(database_url, tmp_path, after_seconds):
    given: list[list[str]] = [[] for _ in range(8)]
    with serving(database_url, tmp_path) as (base, processes):
        stop = threading.Event()
        ehrs = [threading.Thread(target=acknowledged, args=(base, stop, list_)) for list_ in given]
        for ehr in ehrs:
            ehr.start()
        time.sleep(after_seconds)
        for process in reversed(processes):  # the front last: without it the others end by themselves
            os.kill(process, signal.SIGKILL)
        stop.set()
        for ehr in ehrs:
            ehr.join()
    sent = {card for list_ in given for card in list_}
    assert len(sent) > 5
    stored = held(database_url, FEEDBACK.c.card)
    assert sent <= set(stored)
    assert len(stored) == len(set(stored))


def test_what_was_answered_is_written_before_a_service_that_is_told_to_stop_ends(database_url, tmp_path):
    ids = [str(uuid.uuid4()) for _ in range(30)]
    with serving(database_url, tmp_path) as (base, (front, *_workers)):
        for hook_instance in ids:
            answer = requests.post(
                base + ORDER_SIGN,
                json=denosumab() | {"hookInstance": hook_instance},
                headers={"Connection": "close"},
                timeout=60,
            )
            assert answer.status_code == 200
        os.kill(front, signal.SIGTERM)
    assert sorted(held(database_url, ANSWERS.c.hook_instance)) == sorted(ids)
