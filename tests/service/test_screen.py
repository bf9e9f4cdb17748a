"""`osteocds screen`: an export of many records gives what the hooks give for each of them, stopped and begun again or not."""

from __future__ import annotations

import gzip
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from support.scenario import NOW, PATIENT, SERVICES, SETTINGS, WORLD, request_for, scenarios_of

from mappings.shapes import maps
from service.cli import main
from service.explain import explain
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import advise
from service.population.chart import Chart
from service.population.export import connected, grouped
from service.population.exported_files import LONGEST_LINE, CannotGroup, NotAnExport
from service.population.screen import AnotherScreen, Screen
from service.population.screening import active_orders, hook_request
from service.population.summary import printed

TYPES = sorted({query.resource_type for service in SERVICES.values() for query in service.queries})
NOBODY = "of-every-type"


def resources_of(told: Mapping[str, Any], patient: str) -> list[dict[str, Any]]:
    """What the record of a scenario holds, as another patient's, with its drafts as active orders."""
    request = request_for(told)
    held = [
        entry["resource"]
        for bundle in request["prefetch"].values()
        for entry in maps((bundle or {}).get("entry"))
        if entry["resource"]["resourceType"] in TYPES
    ]
    drafts = maps(request["context"].get("draftOrders", {}).get("entry"))
    told_once = [request["prefetch"]["patient"], *held, *({**one["resource"], "status": "active"} for one in drafts)]
    lines = dict.fromkeys(json.dumps(one).replace(PATIENT, patient) for one in told_once)
    return [json.loads(line) for line in lines]


def cohort() -> Iterator[list[dict[str, Any]]]:
    """Patients of examples of all rules, and one who has a resource of each type, so that all types are exported."""
    every = [{"resourceType": name, "id": NOBODY, "subject": {"reference": f"Patient/{NOBODY}"}} for name in TYPES]
    yield every
    available = (one.told for rule in GUIDELINES[0].rules for one in scenarios_of(rule.id)[:1])
    usable = (told for told in available if not told.get("unavailable"))
    for number, told in enumerate(islice(usable, 40)):
        yield resources_of(told, f"patient-{number}")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    lines: dict[str, list[str]] = {}
    for record in cohort():
        for one in record:
            lines.setdefault(one["resourceType"], []).append(json.dumps(one))
    for number, (name, of_type) in enumerate(lines.items()):
        told = "\n".join(reversed(of_type)).encode()
        if number % 2:
            (folder / f"{name}.ndjson.gz").write_bytes(gzip.compress(told))
        else:
            (folder / f"{name}.ndjson").write_bytes(told)
    return folder


def screen(source: Path, out: Path, **others: Any) -> Screen:
    return Screen(source, out, SETTINGS, NOW, Language.ENGLISH, **others)


def findings(out: Path) -> list[tuple[str, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT * FROM read_parquet($path)", {"path": str(out / "findings.parquet")}
        ).fetchall()


def test_finds_what_the_hooks_say_of_the_same_patients(export: Path, tmp_path: Path) -> None:
    counts = screen(export, tmp_path).run()
    found = {(row[0], row[1], row[2], row[3]): row[4:7] for row in findings(tmp_path)}

    asked = 0
    for record in islice(cohort(), 1, None):
        patient = next(one["id"] for one in record if one["resourceType"] == "Patient")
        for service in SERVICES.values():
            if service.hook.value == "order-select":
                continue
            for order in [None] if service.hook.value == "patient-view" else list(orders_of(record)):
                request = hook_request(service.hook, patient, order)
                request["prefetch"] = {
                    query.key: bundle(
                        one for one in record if one["resourceType"] == query.resource_type and one is not order
                    )
                    for query in service.queries
                    if not query.is_read
                } | {"patient": next(one for one in record if one["resourceType"] == "Patient")}
                answer = advise(request, service, WORLD, now=NOW, language=Language.ENGLISH)
                about = "" if order is None else f"{order['resourceType']}/{order['id']}"
                for one in explain(answer, answer.rules):
                    assert found[patient, service.hook.value, about, one.rule][0] == one.outcome, (patient, one)
                    asked += 1
    assert asked > 500
    assert counts["patients"] == 41
    assert counts["unreadable"] == 0


def orders_of(record: list[dict[str, Any]]) -> Iterator[Any]:
    yield from active_orders(Chart("", record, frozenset(), WORLD.terminology))


def bundle(resources: Iterator[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


BEGUN = """
import sys
from pathlib import Path
from support.scenario import NOW, SETTINGS
from service.languages.render import Language
from service.population.screen import Screen
Screen(Path(sys.argv[1]), Path(sys.argv[2]), SETTINGS, NOW, Language.ENGLISH, patients_of_a_bucket=4).run()
"""


def test_goes_on_after_kill_9_without_loss_or_repetition(export: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command = [sys.executable, "-c", BEGUN, str(export), str(killed)]
    with subprocess.Popen(command, env={"PYTHONPATH": ":".join(sys.path)}) as process:
        parts = killed / ".work" / "parts"
        while not list(parts.glob("[0-9]")) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    done = {path.name for path in parts.iterdir() if path.name.isdecimal()}
    # Killed between its last table and its name: whole, and yet to be screened again.
    shutil.copytree(parts / min(done), parts / f"{min(done)}.1")
    seen: list[tuple[int, int]] = []
    screen(export, killed, patients_of_a_bucket=4).run(lambda now_done, of_all: seen.append((now_done, of_all)))

    screen(export, whole).run()
    assert seen[0][0] == len(done) > 0
    assert findings(killed) == findings(whole)
    assert not (killed / ".work").exists()


def test_several_processes_find_the_same(export: Path, tmp_path: Path) -> None:
    screen(export, tmp_path / "one", patients_of_a_bucket=10).run()
    screen(export, tmp_path / "two", patients_of_a_bucket=10, workers=2).run()
    assert findings(tmp_path / "one") == findings(tmp_path / "two")


def test_a_type_that_was_not_exported_is_never_taken_for_none(tmp_path: Path) -> None:
    source = tmp_path / "export"
    source.mkdir()
    patient = {"resourceType": "Patient", "id": "alone", "gender": "female", "birthDate": "1950-01-01"}
    order = {
        "resourceType": "MedicationRequest",
        "id": "first",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/alone"},
        "medicationCodeableConcept": {"text": "Xgeva 120 mg"},
    }
    (source / "some.ndjson").write_text("\n".join(map(json.dumps, (order, patient))), encoding="utf-8")
    counts = screen(source, tmp_path / "out").run()
    of_calcium = [row for row in findings(tmp_path / "out") if row[3] == "hypocalcaemia"]
    assert [row[4] for row in of_calcium] == ["cannot tell"]
    assert "the export holds nothing of this kind" in of_calcium[0][6]
    assert counts["types"] == ["MedicationRequest", "Patient"]


def test_what_cannot_be_read_or_is_nobodys_is_counted(tmp_path: Path) -> None:
    source = tmp_path / "export.ndjson"
    lines = [
        '{"resourceType": "Patient", "id": "one"}',
        '{"resourceType": "Observation", "id": "whose"}',
        '{"resourceType": "Observation", "subject": ',
        '{"resourceType": "Medication", "id": "nobodys, as all are"}',
    ]
    source.write_text("\n".join(lines), encoding="utf-8")
    counts = screen(source, tmp_path / "out").run()
    assert (counts["patients"], counts["unreadable"], counts["nobodys"]) == (1, 1, 1)
    told = "\n".join(printed(counts, Language.ENGLISH))
    assert (
        "1 line could not be read\nof these in export.ndjson: 1\n1 resource names no patient, and was left out" in told
    )


@pytest.mark.parametrize(
    "broken",
    [
        b'"valueQuantity": {"value": 1e999}}',
        b'"x": ' + b"[" * 3000 + b"]" * 3000 + b"}",
        b'"valueQuantity": {"value": NaN}}',
        '"note": "dosé"}'.encode("latin-1"),
        b'"note": "a\tb"}',
        b'"valueQuantity": {"va\n',
        b'"x": "' + b"y" * LONGEST_LINE + b'"}',
    ],
    ids=["infinite", "deep", "not a number", "Latin-1", "a raw tabulator", "ends early", "too long"],
)
def test_a_resource_that_cannot_be_read_is_unknown_of_its_patient_and_stops_nobody_elses_screen(
    broken: bytes, tmp_path: Path
) -> None:
    source = tmp_path / "export.ndjson"
    drug = '"medicationCodeableConcept": {"text": "Xgeva 120 mg"}, "status": "active", "intent": "order"'
    lines = [
        line.replace("PATIENT", patient)
        for patient in ("one", "other")
        for line in (
            '{"resourceType": "Patient", "id": "PATIENT"}',
            '{"resourceType": "MedicationRequest", "id": "m-PATIENT", "subject": {"reference": "Patient/PATIENT"}, '
            + drug
            + "}",
        )
    ]
    lines.append('{"resourceType": "Observation", "id": "p", "subject": {"reference": "Patient/other"}}')
    of_one = b'{"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/one"}, ' + broken
    source.write_bytes("\n".join(lines).encode() + b"\n" + of_one)
    screen(source, tmp_path / "out").run()
    of_calcium = {row[0]: (row[4], row[6]) for row in findings(tmp_path / "out") if row[3] == "hypocalcaemia"}
    assert of_calcium["one"][0] == "cannot tell"
    assert "a resource of this kind of this patient that cannot be read" in of_calcium["one"][1]
    assert of_calcium["other"][0] == "silent"


def test_a_file_that_was_cut_off_is_refused_and_named(tmp_path: Path) -> None:
    source = tmp_path / "export"
    source.mkdir()
    (source / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": "one"}', encoding="utf-8")
    whole = gzip.compress(b"".join(b'{"resourceType": "Condition", "id": "%d"}\n' % number for number in range(5_000)))
    (source / "Condition.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CannotGroup, match=r"Condition\.ndjson\.gz"):
        screen(source, tmp_path / "out").run()


@pytest.mark.parametrize(
    ("name", "held", "said"),
    [
        ("Condition.ndjson", b'{"resourceType": "Condition"}\n{"resourceType": "Cond', "was cut off"),
        ("Condition.ndjson", '{"resourceType": "Condition", "note": "é'.encode()[:-1], "was cut off"),
        ("Condition.ndjson", gzip.compress(b'{"resourceType": "Condition"}'), r"name it Condition\.ndjson\.gz"),
        ("Condition.ndjson", '{"resourceType": "Condition"}'.encode("utf-16"), "not UTF-8"),
        ("Condition.001.ndjson.zst", b"packed", "packed otherwise than by gzip, or not whole"),
        ("Condition.ndjson.part", b'{"resourceType": "Condition"}', "not whole"),
        ("Condition.json", b'{"resourceType": "Bundle", "entry": [', "not JSON"),
    ],
    ids=[
        "cut off",
        "cut off in a character",
        "gzip without its name",
        "UTF-16",
        "another packing",
        "not fetched whole",
        "a Bundle cut off",
    ],
)
def test_a_file_of_which_it_is_not_known_what_is_lacking_is_refused_and_named(
    name: str, held: bytes, said: str, tmp_path: Path
) -> None:
    source = tmp_path / "export"
    source.mkdir()
    (source / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": "one"}', encoding="utf-8")
    (source / name).write_bytes(held)
    with pytest.raises(NotAnExport, match=said) as refused:
        screen(source, tmp_path / "out").run()
    assert str(source / name) in str(refused.value)


def test_a_line_that_is_no_resource_is_counted_with_its_file(tmp_path: Path) -> None:
    source = tmp_path / "export.ndjson"
    source.write_text('{"resourceType": "Patient", "id": "one"}\n[1]\n"two"\n\nnull\n{"a": 1}\n{"b', encoding="utf-8")
    with pytest.raises(NotAnExport, match="cut off"):
        screen(source, tmp_path / "out").run()
    source.write_text(source.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    counts = screen(source, tmp_path / "out").run()
    assert counts["unreadable"] == 5
    assert counts["unreadable in"] == [{"file": "export.ndjson", "lines": 5}]


def test_an_id_that_fhir_would_not_allow_is_no_half_of_another(tmp_path: Path) -> None:
    source = tmp_path / "export.ndjson"
    told = [{"resourceType": "Patient", "id": one} for one in ("one", "one_other", "one" * 30)]
    told.append({"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/one_other/_history/2"}})
    told.append({"resourceType": "Condition", "id": "d", "subject": {"reference": f"Patient/{'one' * 30}"}})
    source.write_text("\n".join(map(json.dumps, told)), encoding="utf-8")
    assert screen(source, tmp_path / "out").run()["patients"] == 3
    assert {row[0] for row in findings(tmp_path / "out")} == {one["id"] for one in told[:3]}


def test_an_order_that_could_not_be_identified_is_told_beside_the_rules_and_is_none_of_them(tmp_path: Path) -> None:
    source = tmp_path / "export.ndjson"
    mystery = {
        "resourceType": "MedicationRequest",
        "id": "mystery",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/one"},
        "medicationCodeableConcept": {},
    }
    told = [{"resourceType": "Patient", "id": "one"}, mystery]
    source.write_text("\n".join(map(json.dumps, told)), encoding="utf-8")
    counts = screen(source, tmp_path / "out").run()
    assert "not-identified" not in {one["rule"] for one in counts["rules"]}
    for one in counts["rules"]:
        assert one["asked"] == one["advises"] + one["silent"] + one["cannot_tell"] + one["failed"], one
    assert sum(one["times"] for one in counts["not identified"]) == 1
    assert counts["not identified"][0]["because"] == "It names nothing that is ordered"
    assert any("not identified" in line for line in printed(counts, Language.ENGLISH))
    assert "Orders that could not be identified" in (tmp_path / "out" / "summary.html").read_text(encoding="utf-8")


def test_what_a_system_hides_in_the_folder_is_no_part_of_the_export(tmp_path: Path) -> None:
    source = tmp_path / "export"
    (source / ".trash").mkdir(parents=True)
    (source / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": "one"}', encoding="utf-8")
    (source / "._Patient.ndjson").write_bytes(b"\0\5\x16\7")
    (source / ".trash" / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": "gone"}', encoding="utf-8")
    counts = screen(source, tmp_path / "out").run()
    assert (counts["patients"], counts["unreadable"]) == (1, 0)


def test_what_is_exported_twice_is_screened_once_in_its_newest_version(export: Path, tmp_path: Path) -> None:
    screen(export, tmp_path / "once").run()
    twice = tmp_path / "export"
    twice.mkdir()
    older: list[str] = []
    for path in export.iterdir():
        held = path.read_bytes() if path.suffix == ".ndjson" else gzip.decompress(path.read_bytes())
        for name in ("first", "second"):
            (twice / f"{path.name.partition('.')[0]}.{name}.ndjson").write_bytes(held)
        for resource in map(json.loads, held.splitlines()):
            if resource["resourceType"] == "MedicationRequest":
                versions = {"old": "2026-01-01T00:00:00Z", "new": "2026-01-02T00:00:00Z"}
                told = {name: {**resource, "meta": {"lastUpdated": day}} for name, day in versions.items()}
                older.append(json.dumps(told["new"] | {"id": f"new-{resource['id']}", "status": "completed"}))
                older.append(json.dumps(told["old"] | {"id": f"new-{resource['id']}", "status": "active"}))
    screen(twice, tmp_path / "twice").run()
    assert findings(tmp_path / "twice") == findings(tmp_path / "once")
    (twice / "MedicationRequest.third.ndjson").write_text("\n".join(older), encoding="utf-8")
    screen(twice, tmp_path / "newest").run()
    of_orders = [row[2] for row in findings(tmp_path / "newest")]
    assert of_orders
    assert not any(one.startswith("MedicationRequest/new-") for one in of_orders)


def test_what_a_bundle_is_to_create_has_no_id_yet_and_is_found_by_its_name(tmp_path: Path) -> None:
    source = tmp_path / "bundles"
    source.mkdir()
    order = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "urn:uuid:6a1f0f0e-0000-4000-8000-000000000001"},
        "medicationCodeableConcept": {"text": "Xgeva 120 mg"},
    }
    entries = [
        {"fullUrl": "urn:uuid:6a1f0f0e-0000-4000-8000-000000000001", "resource": {"resourceType": "Patient"}},
        {"fullUrl": "urn:uuid:6a1f0f0e-0000-4000-8000-000000000002", "resource": order},
    ]
    told = [{**one, "request": {"method": "POST", "url": one["resource"]["resourceType"]}} for one in entries]
    document = {"resourceType": "Bundle", "type": "transaction", "entry": told}
    (source / "one.json").write_text(json.dumps(document), encoding="utf-8")
    assert screen(source, tmp_path / "out").run()["patients"] == 1
    asked = {(row[0], row[3]) for row in findings(tmp_path / "out") if row[2]}
    assert ("6a1f0f0e-0000-4000-8000-000000000001", "hypocalcaemia") in asked


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_line_longer_than_any_resource_is_counted_and_ends_no_screen(tmp_path: Path, *, packed: bool) -> None:
    one, other = '{"resourceType": "Patient", "id": "one"}', '{"resourceType": "Patient", "id": "other"}'
    long = '{"resourceType": "DocumentReference", "subject": {"reference": "Patient/one"}, "x": "'
    too_long, beyond = (long + "y" * round(times * LONGEST_LINE) + '"}' for times in (1.2, 2.1))
    told = f"{one}\n{beyond}\n{other}\n{too_long}".encode()
    source = tmp_path / f"export.ndjson{'.gz' if packed else ''}"
    source.write_bytes(gzip.compress(told, 1) if packed else told)
    counts = screen(source, tmp_path / "out").run()
    assert (counts["patients"], counts["unreadable"], counts["types"]) == (2, 2, ["Patient"])
    assert {row[0] for row in findings(tmp_path / "out")} == {"one", "other"}


def test_a_screen_that_failed_before_anybody_was_screened_is_begun_anew_with_what_was_mended(tmp_path: Path) -> None:
    source = tmp_path / "export"
    source.mkdir()
    patients = b'{"resourceType": "Patient", "id": "one"}'
    (source / "some.ndjson.gz").write_bytes(gzip.compress(patients * 100)[:-20])
    with pytest.raises(CannotGroup):
        screen(source, tmp_path / "out").run()
    (source / "some.ndjson.gz").write_bytes(gzip.compress(patients))
    assert screen(source, tmp_path / "out").run()["patients"] == 1
    (source / "more.ndjson").write_bytes(patients)
    with pytest.raises(AnotherScreen, match="name another folder, or delete this one"):
        screen(source, tmp_path / "out").run()


@pytest.mark.parametrize("below", ["", "results"])
def test_results_never_lie_in_the_export_that_they_are_of(below: str, tmp_path: Path) -> None:
    source = tmp_path / "export"
    source.mkdir()
    (source / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": "one"}', encoding="utf-8")
    with pytest.raises(AnotherScreen, match="lies in the export"):
        screen(source, source / below).run()
    assert [one.name for one in source.iterdir()] == ["Patient.ndjson"]


def test_bundles_are_an_export_whose_full_urls_are_followed(tmp_path: Path) -> None:
    source = tmp_path / "bundles"
    source.mkdir()
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "one"}},
        {
            "fullUrl": "urn:uuid:2",
            "resource": {
                "resourceType": "MedicationRequest",
                "id": "two",
                "status": "active",
                "intent": "order",
                "subject": {"reference": "urn:uuid:1"},
                "medicationReference": {"reference": "urn:uuid:3"},
            },
        },
        {"fullUrl": "urn:uuid:3", "resource": {"resourceType": "Medication", "id": "three", "code": {"text": "Xgeva"}}},
    ]
    document = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (source / "one.json").write_text(json.dumps(document), encoding="utf-8")
    screen(source, tmp_path / "out").run()
    asked = {row[3] for row in findings(tmp_path / "out") if row[2] == "MedicationRequest/two"}
    assert "hypocalcaemia" in asked


def test_another_screen_is_not_written_over(export: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ndjson"
    other.write_text('{"resourceType": "Patient", "id": "one"}', encoding="utf-8")
    screen(other, tmp_path / "out").run()
    with pytest.raises(AnotherScreen, match="another screen"):
        screen(export, tmp_path / "out").run()


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "nothing"
    source.mkdir()
    with pytest.raises(NotAnExport, match="holds no export"):
        screen(source, tmp_path / "out").run()


def test_the_command_says_what_came_of_it(tmp_path: Path) -> None:
    source = tmp_path / "export.ndjson"
    source.write_text('{"resourceType": "Patient", "id": "one"}', encoding="utf-8")
    arguments = ["screen", str(source), "--out", str(tmp_path / "out"), "--as-of", NOW.isoformat(), "--workers", "1"]
    english = CliRunner().invoke(main, arguments)
    assert english.exit_code == 0, english.output
    assert "antiresorptive-not-started" in english.output
    assert (tmp_path / "out" / "findings.csv").exists()


SORTED = "COPY (SELECT md5(range::VARCHAR) AS one, range FROM range(1000000) ORDER BY ALL) TO '{}' (FORMAT parquet)"


def test_what_memory_does_not_hold_is_written_into_the_folder_of_the_screen_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    work = tmp_path / "work"
    work.mkdir()
    asked = SORTED.format(work / "sorted.parquet")
    with connected(work / "spilled", memory_limit="40MB", threads=1) as connection:
        connection.execute(asked)
        assert (work / "spilled").exists()
    assert [path.name for path in work.iterdir()] == ["sorted.parquet"]
    with connected(None, memory_limit="40MB", threads=1) as connection, pytest.raises(duckdb.Error, match="Memory"):
        connection.execute(asked)
    assert not list(elsewhere.iterdir())


def test_an_export_is_divided_in_parts_into_no_more_buckets_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "export.ndjson"
    patients = [f"Patient/{n}" for n in range(50)]
    with source.open("w", encoding="utf-8") as lines:
        for n in range(260_000):
            one = {"resourceType": "Observation", "id": f"{n}", "subject": {"reference": patients[n % 50]}}
            lines.write(json.dumps(one) + "\n")
    monkeypatch.setattr("service.population.export.MOST_BUCKETS", 3)
    monkeypatch.setattr("service.population.export.BYTES_AT_ONCE", 1)
    export = grouped(source, tmp_path / "grouped", memory="1GB", patients_of_a_bucket=10)
    assert export.buckets == (0, 1, 2)
    assert len(list((tmp_path / "grouped" / "bucket=0").iterdir())) > 1
    found = dict(told for bucket in export.buckets for told in export.patients_of(bucket))
    assert {patient: len(resources) for patient, resources in found.items()} == {str(n): 5_200 for n in range(50)}


def test_a_size_of_memory_that_is_none_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "export.ndjson"
    source.write_text('{"resourceType": "Patient", "id": "one"}', encoding="utf-8")
    with pytest.raises(CannotGroup, match="Memory"):
        screen(source, tmp_path / "out", memory="many").run()
