"""What an export lacks, and says or shows that it lacks, is not taken for none; what it is called is no part of it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.scenario import NOW, SETTINGS

from service.impact.differences import compared
from service.languages.render import Language
from service.population import export
from service.population import screen as screens
from service.population.exported_files import LONE_SURROGATE, CannotGroup, NotAnExport, readable, told_of
from service.population.screen import Screen
from service.population.worklist import worklist

PATIENT = {"resourceType": "Patient", "id": "one"}
OTHER = {"resourceType": "Patient", "id": "other"}


def order(patient: str = "Patient/one") -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": "order",
        "status": "active",
        "intent": "order",
        "subject": {"reference": patient},
        "medicationCodeableConcept": {"text": "Xgeva 120 mg"},
    }


def calcium(**others: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "calcium",
        "status": "final",
        "effectiveDateTime": NOW.date().isoformat(),
        "code": {"coding": [{"system": "http://loinc.org", "code": "17861-6"}]},
        "valueQuantity": {"value": 1.5, "system": "http://unitsofmeasure.org", "code": "mmol/L"},
        "subject": {"reference": "Patient/one"},
    } | others


def lines(*resources: Mapping[str, Any]) -> str:
    return "".join(json.dumps(one) + "\n" for one in resources)


def bundle(*resources: Mapping[str, Any], **others: Any) -> str:
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries} | others)


def screened(folder: Path, files: Mapping[str, str], out: Path | None = None, **others: Any) -> Mapping[str, Any]:
    source = folder / "export"
    source.mkdir(exist_ok=True)
    for name, told in files.items():
        (source / name).write_text(told, encoding="utf-8")
    return Screen(source, out or folder / "out", SETTINGS, NOW, Language.ENGLISH, **others).run()


def outcome(out: Path, rule: str, patient: str = "one") -> str:
    query = (
        "SELECT outcome FROM read_parquet($file, hive_partitioning = false) WHERE rule = $rule AND patient = $patient"
    )
    asked = {"file": str(out / "findings.parquet"), "rule": rule, "patient": patient}
    with duckdb.connect() as connection:
        (found,) = connection.execute(query, asked).fetchall()
    return str(found[0])


@pytest.mark.parametrize("name", ["patient=other", "rule=x", "it's"])
def test_what_a_folder_or_a_file_is_called_is_no_part_of_what_it_holds(name: str, tmp_path: Path) -> None:
    out = tmp_path / name / "results"
    source = tmp_path / name
    source.mkdir()
    counts = screened(source, {f"{name}.ndjson": lines(PATIENT, order(), calcium()), "b.ndjson": "{\n"}, out)
    assert (counts["patients"], counts["unreadable"]) == (1, 1)
    assert outcome(out, "hypocalcaemia") == "advises"
    assert "hypocalcaemia" in (out / "findings.csv").read_text(encoding="utf-8")
    assert "Xgeva" in worklist(out) or "enosumab" in worklist(out)
    assert compared(out, out, source / "changes", memory="100MB").patients == 1


def test_a_type_of_nobody_is_exported_of_nobody(tmp_path: Path) -> None:
    nobodys = calcium(subject={"identifier": {"value": "0123"}})
    counts = screened(tmp_path, {"all.ndjson": lines(PATIENT, order(), nobodys)})
    assert (counts["nobodys"], counts["types"]) == (1, ["MedicationRequest", "Patient"])
    assert outcome(tmp_path / "out", "hypocalcaemia") == "cannot tell"


def test_the_one_subject_in_an_array_is_the_subject(tmp_path: Path) -> None:
    counts = screened(
        tmp_path, {"all.ndjson": lines(PATIENT, order(), calcium(subject=[{"reference": "Patient/one"}]))}
    )
    assert counts["nobodys"] == 0
    assert outcome(tmp_path / "out", "hypocalcaemia") == "advises"


FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
HIDDEN = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "suppressed"}]}
SAID = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
DELETED = [{"request": {"method": "DELETE", "url": "Observation/calcium"}}]
NEXT = {"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param({"errors.ndjson": lines(FAILED)}, "errors.ndjson says that not everything", id="failed"),
        pytest.param({"errors.ndjson": lines(HIDDEN) + "{\n"}, "errors.ndjson says that not everything", id="hidden"),
        pytest.param({"b.json": bundle(FAILED)}, "says that not everything", id="failed search"),
        pytest.param({"b.json": bundle(OTHER, link=[NEXT])}, "b.json is one page of a search", id="page"),
        pytest.param({"b.json": bundle(type="history", entry=DELETED)}, "b.json tells what was deleted", id="history"),
        pytest.param(
            {"deleted.ndjson": bundle(type="transaction", entry=DELETED) + "\n"},
            "deleted.ndjson holds Bundles as lines",
            id="deleted",
        ),
        pytest.param({"b.ndjson": bundle(OTHER) + "\n"}, "b.ndjson holds Bundles as lines", id="Bundle as a line"),
    ],
)
def test_an_export_that_says_that_it_lacks_some_is_refused(
    files: Mapping[str, str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(NotAnExport, match=words):
        screened(tmp_path, {"all.ndjson": lines(PATIENT, order())} | dict(files))


@pytest.mark.parametrize(
    "last", [{"relation": "self", "url": NEXT["url"]}, {"relation": "previous", "url": "https://ehr.example.org/x"}]
)
def test_pages_of_a_search_that_are_all_there_are_screened(last: Mapping[str, str], tmp_path: Path) -> None:
    pages = {"1.json": bundle(PATIENT, SAID, link=[NEXT]), "2.json": bundle(order(), calcium(), link=[last])}
    assert screened(tmp_path, pages)["patients"] == 1
    assert outcome(tmp_path / "out", "hypocalcaemia") == "advises"


def created(patient: Mapping[str, Any]) -> str:
    entries = [
        {"fullUrl": "urn:uuid:patient-1", "resource": {"resourceType": "Patient"} | patient},
        {
            "fullUrl": "urn:uuid:order-1",
            "resource": {k: v for k, v in order("urn:uuid:patient-1").items() if k != "id"},
        },
    ]
    return bundle(type="transaction", entry=[{**one, "request": {"method": "POST"}} for one in entries])


def test_two_patients_to_whom_bundles_give_one_name_are_not_made_one(tmp_path: Path) -> None:
    one, other = created({"birthDate": "1950-01-01"}), created({"birthDate": "1960-01-01"})
    with pytest.raises(NotAnExport, match=r"a\.json and .*b\.json name different patients alike"):
        screened(tmp_path, {"a.json": one, "b.json": other})
    assert screened(tmp_path, {"a.json": one, "b.json": one})["patients"] == 1


def test_a_line_of_two_resources_is_unreadable_of_both_patients(tmp_path: Path) -> None:
    joined = lines(PATIENT, OTHER) + lines(order(), {**order("Patient/other"), "id": "another"})
    last = json.dumps(calcium()) + json.dumps(calcium(subject={"reference": "Patient/other"})) + "\n"
    counts = screened(tmp_path, {"all.ndjson": joined + last})
    assert (counts["patients"], counts["unreadable"]) == (2, 1)
    assert {outcome(tmp_path / "out", "hypocalcaemia", one) for one in ("one", "other")} == {"cannot tell"}
    assert len(told_of(json.dumps(PATIENT) + json.dumps(OTHER))) == 2


@pytest.mark.parametrize(
    ("text", "lone"),
    [
        (r"\ud83d", True),
        (r"\ude00", True),
        (r"\ud83d\ude00", False),
        (r"\\ud83d", False),
        (r"\\\ud83d", True),
        (r"\uD83D\uDE00 \uDE00", True),
    ],
)
def test_half_a_sign_makes_a_line_unreadable_and_is_counted(text: str, *, lone: bool, tmp_path: Path) -> None:
    source = tmp_path / "some.ndjson"
    source.write_text(f'{{"resourceType": "Patient", "id": "one", "name": [{{"text": "{text}"}}]}}\n', encoding="utf-8")
    assert readable(source, tmp_path / "mended.ndjson").unreadable == lone
    assert (re.search(LONE_SURROGATE, source.read_text(encoding="utf-8")) is not None) == lone


def test_buckets_hold_fewer_patients_who_have_much_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patients = [{"resourceType": "Patient", "id": f"p{number}"} for number in range(20)]
    results = [
        calcium(id=f"{number}-{one['id']}", subject={"reference": f"Patient/{one['id']}"})
        for number in range(20)
        for one in patients
    ]
    files = {"all.ndjson": lines(*patients, *results)}
    screened(tmp_path, files)
    monkeypatch.setattr(export, "BYTES_OF_A_BUCKET", 20_000)
    monkeypatch.setattr(export, "BYTES_DIVIDED_AT_ONCE", 10_000)
    grouped = export.grouped(tmp_path / "export", tmp_path / "grouped", memory="200MB", patients_of_a_bucket=500)
    assert len(grouped.buckets) > 5
    found = {patient: len(held) for one in grouped.buckets for patient, held in grouped.patients_of(one)}
    assert found == dict.fromkeys((one["id"] for one in patients), 21)
    screened(tmp_path, files, tmp_path / "again")
    assert (tmp_path / "again/findings.csv").read_bytes() == (tmp_path / "out/findings.csv").read_bytes()


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotGroup, match="10kB of memory are too little for this export"):
        screened(tmp_path, {"all.ndjson": lines(PATIENT)}, memory="10kB")


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (BrokenProcessPool(), CannotGroup),
        (duckdb.IOException("no space left on the disk"), CannotGroup),
        (RuntimeError(screens.INTERRUPTED), KeyboardInterrupt),
    ],
    ids=["killed", "disk", "Ctrl-C"],
)
def test_what_ends_a_screen_is_said(
    error: Exception, becomes: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_asked: object, **_others: object) -> None:
        raise error

    monkeypatch.setattr(screens, "grouped", fails)
    with pytest.raises(becomes):
        screened(tmp_path, {"all.ndjson": lines(PATIENT)})


LEFT = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from service.population import bucket

def asked(path):
    Path(path).write_text(str(__import__("os").getpid()))
    time.sleep(600)

if __name__ == "__main__":
    bucket.begin = print
    with ProcessPoolExecutor(1, mp_context=get_context("fork"), initializer=bucket.begin_a_process) as pool:
        pool.submit(asked, sys.argv[1]).result()
"""


def test_the_processes_of_a_screen_that_is_killed_end_with_it(tmp_path: Path) -> None:
    told = tmp_path / "process"
    command = [sys.executable, "-c", LEFT, str(told)]
    with subprocess.Popen(command, env={"PYTHONPATH": ":".join(sys.path)}, stdout=subprocess.DEVNULL) as process:
        while not (told.exists() and told.read_text(encoding="utf-8")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    left = Path(f"/proc/{told.read_text(encoding='utf-8')}/stat")
    while left.exists() and left.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)


def test_a_screen_of_two_processes_finds_what_one_finds_in_buckets_by_size(tmp_path: Path) -> None:
    files = {"all.ndjson": lines(PATIENT, OTHER, order(), calcium())}
    screened(tmp_path, files)
    screened(tmp_path, files, tmp_path / "two", workers=2, patients_of_a_bucket=1)
    assert (tmp_path / "two/findings.csv").read_bytes() == (tmp_path / "out/findings.csv").read_bytes()


def compared_rows(folder: Path, old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> set[tuple[Any, ...]]:
    """What becomes of findings (patient, hook, order, rule, outcome, indicator)."""
    names = ("patient", "hook", "order", "rule", "outcome", "indicator", "because")
    for side, rows in (("old", old), ("new", new)):
        (folder / side).mkdir()
        (folder / side / "screen.json").write_text('{"as of": "now", "source": "export"}', encoding="utf-8")
        told = folder / f"{side}.json"
        told.write_text(lines(*(dict(zip(names, (*row, ""), strict=True)) for row in rows)), encoding="utf-8")
        with duckdb.connect() as connection:
            connection.read_json(str(told)).write_parquet(str(folder / side / "findings.parquet"))
    compared(folder / "old", folder / "new", folder / "out", memory="100MB")
    query = "SELECT patient, change, was, becomes FROM read_csv($file, all_varchar = true)"
    with duckdb.connect() as connection:
        return set(connection.execute(query, {"file": str(folder / "out/changes.csv")}).fetchall())


def test_a_patient_or_an_order_that_was_not_asked_about_loses_nothing(tmp_path: Path) -> None:
    view, sign = "patient-view", "order-sign"
    advised = [("one", view, "", "r", "advises", "info"), ("two", sign, "M/1", "r", "advises", "info")]
    others = [("two", sign, "M/2", "r", "advises", "info"), ("three", view, "", "r", "advises", "info")]
    unasked = [("one", "", "", "", "not asked", ""), ("two", sign, "M/1", "", "not asked", "")]
    assert compared_rows(tmp_path, advised + others, unasked) == {
        ("one", "can no longer be told", "info", "cannot tell"),
        ("two", "can no longer be told", "info", "cannot tell"),
        ("two", "loses", "info", "silent"),
        ("three", "loses", "info", "silent"),
    }
