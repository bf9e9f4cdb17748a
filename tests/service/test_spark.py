"""A screen on Spark gives what one on this machine gives, byte for byte, also where an executor is killed in the middle."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.scenario import NOW, SETTINGS

from service.languages.render import Language
from service.population.screen import Screen
from service.population.spark import SparkFailed, screen_on_spark
from service.population.synthesis import synthesize

NUMBER = 240
SECONDS = 300
TWO_EXECUTORS = "local-cluster[2,1,1024]"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic patients, one of them with an order that names a Medication; lines that are no JSON, a file that is packed."""
    folder = tmp_path_factory.mktemp("cohort")
    synthesize(NUMBER, 3, NOW.date(), folder)
    order = {
        "resourceType": "MedicationRequest",
        "id": "of-medication",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/synthetic-0000001"},
        "medicationReference": {"reference": "Medication/m"},
    }
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "Xgeva"}}
    of_another = (
        '{"resourceType": "Observation", "subject": {"reference": "Patient/synthetic-0000002"}, "note": "dosé"}'
    )
    broken = [
        '{"resourceType": "Observation", "subject": ',
        of_another,
        '{"resourceType": "Patient", "id": "third", "x": ',
    ]
    joined = json.dumps({**order, "id": "joined"}) + json.dumps({"resourceType": "Patient", "id": "fourth"})
    half = json.dumps({**order, "id": "half", "note": [{"text": "\ud83d"}]})
    others = [
        *(joined, half, json.dumps({**order, "id": "after"}) + " ,", "{'resourceType': 'Procedure'}", "\t\r"),
        json.dumps({**order, "id": "control", "note": "?"}).replace("?", "\t") + "\r",
        json.dumps({**order, "id": "array", "subject": [order["subject"]]}) + "\r",
        json.dumps({"resourceType": "Device", "subject": {"identifier": {"value": "0123"}}}),
    ]
    (folder / "name=a (1).ndjson").write_text("\n".join([*others, ""]), encoding="utf-8")
    lines = [json.dumps(order), *broken, "", json.dumps(medication), json.dumps(order)]
    (folder / "others.ndjson").write_bytes("\n".join(lines).encode("latin-1"))
    procedures = folder / "Procedure.ndjson"
    (folder / "Procedure.ndjson.gz").write_bytes(gzip.compress(procedures.read_bytes()))
    procedures.unlink()
    return folder


EXECUTOR, DRIVER = b"CoarseGrainedExecutorBackend", b"SparkSubmit"


def of_spark(what: bytes, ancestor: int) -> list[int]:
    """The processes of Spark's executors, or of its driver, that descend from a process."""
    parents: dict[int, int] = {}
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if what in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue

    def descends(process: int) -> bool:
        while process > 1:
            if process == ancestor:
                return True
            process = parents.get(process, 0)
        return False

    return [one for one in found if descends(one)]


def test_an_executor_that_is_killed_costs_nothing_of_what_is_found(cohort: Path, tmp_path: Path) -> None:
    out, local = tmp_path / "spark", tmp_path / "local"
    command = [sys.executable, "-m", "service", "screen", str(cohort), "--out", str(out), "--as-of", NOW.isoformat()]
    command += ["--engine", "spark", "--master", TWO_EXECUTORS]
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "OSTEOCDS_TIMEZONE": "Pacific/Auckland",
    }
    killed, drivers = None, dict[str, bool]()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, cwd=tmp_path, stdout=log, stderr=log)
        try:
            until = time.monotonic() + SECONDS
            while process.poll() is None and time.monotonic() < until:
                # One task is done, and others are not.
                if killed is None and list((out / ".work" / "spark").glob("_temporary/0/task_*")):
                    killed = of_spark(EXECUTOR, process.pid)[0]
                    os.kill(killed, signal.SIGKILL)
                doing = "writing" if (out / "findings.parquet").exists() else "screening"
                drivers[doing] = drivers.get(doing, False) or bool(of_spark(DRIVER, process.pid))
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0, (tmp_path / "log").read_text(encoding="utf-8", errors="replace")[-3000:]
    assert killed is not None, "no executor was killed"
    assert drivers == {"screening": True, "writing": False}, "Spark holds memory while DuckDB sorts"

    Screen(cohort, local, SETTINGS, NOW, Language.ENGLISH).run()
    for name in ("findings.csv", "cases.csv", "indicators.csv", "summary.json", "summary.html"):
        assert (out / name).read_bytes() == (local / name).read_bytes(), name
    assert not (out / ".work").exists()


def test_without_pyspark_it_is_said_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(SparkFailed, match="pip install"):
        screen_on_spark(tmp_path, [tmp_path], tmp_path, "local", (), frozenset())
