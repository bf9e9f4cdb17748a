"""The EHRs of `make load`, as locust runs them: each fires hooks that it chooses at random, and looks at what comes back.

The record of each hook holds a calcium that is critical for its order. What became of a hook is one line of the file
that LOAD_TOLD names: its kind, status, milliseconds, hookInstance, patient, and whether the critical card was there
("held"), or a card said that its rule could not be checked ("told"), or neither ("lost"), and how many seconds after the
first it was fired.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from pathlib import Path
from typing import Any

import gevent
import orjson
from locust import FastHttpUser, task
from locust.contrib.fasthttp import ResponseContextManager

ORDER_SIGN = "/cds-services/bone-metastases-order-sign"
RULE = "hypocalcaemia"
PATIENT, HOOK_INSTANCE = b"synthetic-1", b"00000000-0000-0000-0000-000000000000"
"""What the prepared bodies say in the place of who and which it is."""

BODIES = {path.stem: path.read_bytes() for path in sorted(Path(os.environ["LOAD_BODIES"]).glob("*.json"))}
SHARES = orjson.loads(os.environ["LOAD_SHARES"])
"""How often each kind is chosen, of the sum of them all."""

RATE = float(os.environ["LOAD_RATE"])
"""Hooks a second that one user fires at random moments, whatever becomes of them; 0: the next once the last is answered."""

BEGAN = time.monotonic()
TOLD = Path(os.environ["LOAD_TOLD"]).open("ab", buffering=0)  # noqa: SIM115 - as long as the process
CHANCE = random.Random(os.environ["LOAD_SEED"])


class Ehr(FastHttpUser):
    """One EHR, with a connection of its own."""

    def on_start(self) -> None:
        """Begin the clock of its hooks, and wait for the first."""
        self._due = time.monotonic()
        gevent.sleep(self.wait_time())

    def wait_time(self) -> float:
        """Seconds until the next hook: as in a Poisson process, so that a slow answer does not thin out what comes."""
        if not RATE:
            return self._told_to_wait
        self._due += CHANCE.expovariate(RATE)
        return max(0.0, self._due - time.monotonic())

    _told_to_wait = 0.0

    @task
    def fire(self) -> None:
        """One hook."""
        (kind,) = CHANCE.choices(list(SHARES), list(SHARES.values()))
        patient, hook_instance = f"p{CHANCE.getrandbits(60)}", str(uuid.uuid4())
        body = BODIES[kind].replace(PATIENT, patient.encode()).replace(HOOK_INSTANCE, hook_instance.encode())
        began = time.monotonic()
        headers = {"Content-Type": "application/json"}
        with self.client.post(ORDER_SIGN, data=body, headers=headers, name=kind, catch_response=True) as answer:
            took = time.monotonic() - began
            became = what_became(answer)
            self._told_to_wait = 1.0 if answer.status_code == 503 else 0.0
            if answer.status_code == 503:
                answer.success()  # it is counted, and is no error of ours
            elif became == "lost":
                answer.failure("the critical card is lost")
        line = kind, answer.status_code, round(1000 * took, 2), hook_instance, patient, became, round(began - BEGAN, 3)
        TOLD.write(orjson.dumps(line) + b"\n")


def what_became(answer: ResponseContextManager) -> str:
    """What became of the critical card of a hook; nothing where it was not answered."""
    if answer.status_code != 200:
        return ""
    cards: list[dict[str, Any]] = orjson.loads(answer.content)["cards"]
    ours = [card.get("extension", {}).get("org.osteocds", {}) for card in cards]
    if any(
        card["indicator"] == "critical" and RULE in one.get("rules", ()) for card, one in zip(cards, ours, strict=True)
    ):
        return "held"
    return "told" if any(RULE in one.get("unchecked", ()) for one in ours) else "lost"
