"""What `make load` counts and writes: nothing that is wrong passes as held, and the FHIR server fails as often as it says."""

from __future__ import annotations

import asyncio
import random
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from support.ehr import denosumab
from tools import load_fhir
from tools.load_phases import FAULTY, PREFETCHED, SETTLING_SECONDS, STEADY, Hook, Phase
from tools.load_report import lines_of, write

WHEN = datetime(2026, 3, 31, tzinfo=UTC)


def hook(
    kind: str = PREFETCHED,
    *,
    status: int = 200,
    became: str = "held",
    took: float | None = 10.0,
    began: float = SETTLING_SECONDS,
) -> Hook:
    return Hook(kind, status, 20.0, "i", "p", became, began, took)


STEADILY = Phase("80 %", 10, 8, 10, [hook(), hook(STEADY, took=250), hook(FAULTY, took=1600)], [300.0] * 20)
BEYOND = Phase("200 %", 10, 20, 10, [hook(), hook(status=503, became="", took=None)], [300.0] * 20, shed_times=[20.0])


def failing(phase: Phase) -> list[str]:
    return [one.what for one in lines_of(phase) if one.holds is False]


def test_what_holds_is_said_to_hold():
    assert failing(STEADILY) == []
    assert failing(replace(BEYOND, hooks=[*BEYOND.hooks, hook(STEADY, took=250)])) == []


@pytest.mark.parametrize(
    ("added", "told"),
    [
        (hook(status=500, became=""), "errors"),
        (hook(status=0, became=""), "errors"),
        (hook(became="lost"), "critical cards lost that the record held"),
        (hook(FAULTY, became="told"), "critical cards lost that the record held"),
        (hook(took=51), "record prefetched"),
        (hook(STEADY, took=501), "FHIR server of 200 ms"),
        (hook(status=503, became=""), "told to come again (503)"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_one_that_is_wrong_is_told(added, told):
    assert failing(replace(STEADILY, hooks=[*STEADILY.hooks, added])) == [told]


def test_before_a_surplus_is_known_for_one_its_times_are_told_apart():
    slow = hook(took=400, began=SETTLING_SECONDS - 0.1)
    beyond = replace(BEYOND, hooks=[*BEYOND.hooks, hook(STEADY, took=250), slow])
    assert failing(beyond) == []
    assert [one.found for one in lines_of(beyond) if "first 6 s" in one.what] == ["99 % within 400 ms"]
    assert failing(replace(beyond, hooks=[*beyond.hooks, replace(slow, status=500)])) == ["errors"]
    assert failing(replace(STEADILY, hooks=[*STEADILY.hooks, slow])) == ["record prefetched"]


def test_a_card_that_could_not_tell_is_none_that_was_lost_where_the_fhir_server_was_silent():
    told = replace(STEADILY, hooks=[*STEADILY.hooks, hook(FAULTY, became="told")], silent=frozenset({"p"}))
    assert failing(told) == []


def test_memory_that_grows_and_a_503_that_comes_late_are_told():
    grown = replace(STEADILY, megabytes=[300.0 + 4 * second for second in range(20)])
    assert failing(grown) == ["memory, of all processes"]
    late = replace(BEYOND, hooks=[*BEYOND.hooks, hook(STEADY, took=250)], shed_times=[20.0] * 9 + [60.0])
    assert failing(late) == ["the 503"]


def test_the_report_names_commit_machine_and_date_and_has_its_picture(tmp_path):
    assert not write(STEADILY, [STEADILY, replace(BEYOND, hooks=[hook(took=80)])], WHEN, tmp_path)
    told = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert all(f"\n- {name}: " in told for name in ("Capacity", "Commit", "Machine"))
    assert "- Date: 2026-03-31" in told
    assert "| record prefetched | 99 % within 50 ms | 80 ms | **does not hold** |" in told
    assert ET.parse(tmp_path / "load.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own


def test_the_fhir_server_is_slow_one_time_in_twenty_and_silent_one_time_in_two_hundred(monkeypatch):
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(load_fhir.asyncio, "sleep", sleep)
    request = denosumab()
    server = load_fhir.fhir_server(load_fhir.bundles_of(request), b"synthetic-1", random.Random(1))
    answers: list[bytes] = []

    async def asked(path: str, body: bytes) -> None:
        came = iter([{"type": "http.request", "body": body}, {"type": "http.disconnect"}])

        async def receive():
            return next(came)

        async def send(message):
            answers.append(message.get("body", b""))

        await server({"path": path, "query_string": b""}, receive, send)

    async def all_of_them() -> None:
        for number in range(4000):
            await asked("/faulty/MedicationStatement/_search", b"patient=Patient%%2Fp%d" % number)
        slept_of_faulty.extend(slept)
        await asked("/steady/MedicationStatement/_search", b"patient=p7")
        await asked("/silent", b"")

    slept_of_faulty: list[float] = []
    asyncio.run(all_of_them())
    assert slept_of_faulty.count(load_fhir.SLOW_SECONDS) == pytest.approx(200, rel=0.25)
    assert 4000 - len(slept_of_faulty) == pytest.approx(20, abs=12)
    assert slept[-1] == load_fhir.FHIR_SECONDS
    assert len(orjson.loads(answers[-1])) == 4000 - len(slept_of_faulty)
    assert b"synthetic-1" not in b"".join(answers)
