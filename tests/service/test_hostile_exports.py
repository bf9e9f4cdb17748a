"""Exports that are written to mislead or to hurt whoever screens them: nothing of them is lost unseen."""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from support.scenario import NOW, SETTINGS

from service.cli import main
from service.languages.render import Language
from service.languages.terminal import failure
from service.ledger.spreadsheets import BEGINS_A_FORMULA
from service.population import bucket, exported_files, screening
from service.population.exported_files import MOST_TOLD_OF_A_LINE, NOBODYS_LINE, NotAnExport, told_of
from service.population.screen import Screen
from service.population.screening import MOST_RESOURCES_NAMED
from service.population.worklist import NotScreened, worklist

AS_OF = "2026-11-22T09:00"


def patient(name: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name}


def order(name: str, of: str = "one", **others: Any) -> dict[str, Any]:
    told = {"resourceType": "MedicationRequest", "id": name, "subject": {"reference": f"Patient/{of}"}}
    drug = {"medicationCodeableConcept": {"text": "Xgeva 120 mg"}, "status": "active", "intent": "order"}
    return told | drug | others


def screened(source: Path, out: Path, *lines: dict[str, Any] | str) -> list[dict[str, str]]:
    """The findings of a file of these lines."""
    source.parent.mkdir(parents=True, exist_ok=True)
    told = (one if isinstance(one, str) else json.dumps(one) for one in lines)
    source.write_text("".join(f"{one}\n" for one in told), encoding="utf-8")
    Screen(source, out, SETTINGS, NOW, Language.ENGLISH).run()
    return found_in(out)


def found_in(out: Path) -> list[dict[str, str]]:
    with (out / "findings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(order("m", note=[{"text": "\ud800"}])),
        json.dumps(order("m"))[:-1] + ', "status": "completed"}',
        json.dumps(order("m"))[:-1] + ', "resource\\u0054ype": "MedicationRequest"}',
        json.dumps(order("m", note=[{"text": "\ud800"}])).replace("resourceType", "resource\\u0054ype"),
        '{"resourceType": null, ' + json.dumps(order("m"))[1:],
        json.dumps(order("m")) + "\x0c",
    ],
    ids=[
        "half a sign",
        "a member twice",
        "its type twice",
        "half a sign, its type written otherwise",
        "no type and one",
        "a form feed",
    ],
)
def test_an_order_that_may_be_read_in_two_ways_or_not_at_all_is_never_taken_for_none(line: str, tmp_path: Path) -> None:
    found = screened(tmp_path / "export.ndjson", tmp_path / "out", patient("one"), order("known", "other"), line)
    of_orders = [one for one in found if one["patient"] == "one" and one["hook"] == "order-sign"]
    assert of_orders
    assert "\x0c" in line or [(one["outcome"], "cannot be read" in one["because"]) for one in of_orders] == [
        ("not asked", True)
    ]


def test_a_line_that_is_missing_though_it_should_be_there_stops_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exported_files, "_is_json_all_the_same", lambda _text: True)
    with pytest.raises(NotAnExport, match="lines that DuckDB does not read"):
        screened(tmp_path / "export.ndjson", tmp_path / "out", patient("one"), order("m", note=[{"text": "\ud800"}]))


@pytest.mark.parametrize("name", ["a[1].ndjson", "a*.ndjson", "a?.ndjson", "a{b,c}.ndjson", "a\\b.ndjson"])
def test_a_file_is_never_read_in_the_place_of_another(name: str, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    for one in ("a1.ndjson", name):
        (tmp_path / "export" / one).write_text(json.dumps(patient("one")), encoding="utf-8")
    with pytest.raises(NotAnExport, match="stands for several files"):
        Screen(tmp_path / "export", tmp_path / "out", SETTINGS, NOW, Language.ENGLISH).run()
    with pytest.raises(NotAnExport, match="stands for several files"):
        Screen(tmp_path / "export" / "a1.ndjson", tmp_path / name, SETTINGS, NOW, Language.ENGLISH).run()
    with pytest.raises(NotScreened):
        worklist(tmp_path / name)


def test_the_names_of_folders_are_no_members_of_a_record(tmp_path: Path) -> None:
    source = tmp_path / "json=1" / "patient=2" / "export.ndjson"
    found = screened(source, tmp_path / "patient=evil" / "rule=none", patient("one"), order("m"))
    assert {one["patient"] for one in found} == {"one"}
    assert len({one["rule"] for one in found}) > 1


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("/nowhere"),
        lambda path: path.mkdir(),
    ],
    ids=["a pipe", "a device", "a link to nothing", "a folder"],
)
@pytest.mark.parametrize("name", ["b.ndjson", "b.ndjson.gz", "b.json"])
def test_what_is_no_file_is_refused_and_never_waited_for(
    name: str, make: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "a.ndjson").write_text(json.dumps(patient("one")), encoding="utf-8")
    make(tmp_path / "export" / name)
    with pytest.raises(NotAnExport, match="is no file"):
        Screen(tmp_path / "export", tmp_path / "out", SETTINGS, NOW, Language.ENGLISH).run()


def test_no_cell_is_reckoned_by_a_spreadsheet_and_the_tables_hold_it_as_it_was(tmp_path: Path) -> None:
    hostile = [f"{sign}1+1" for sign in BEGINS_A_FORMULA]
    found = screened(tmp_path / "export.ndjson", tmp_path / "out", *map(patient, hostile))
    assert {one["patient"] for one in found} == {f"'{one}" for one in hostile}
    with duckdb.connect() as connection:
        path = {"path": str(tmp_path / "out" / "findings.parquet")}
        told = connection.execute("SELECT DISTINCT patient FROM read_parquet($path)", path).fetchall()
    assert {one for (one,) in told} == set(hostile)
    cells = [cell for file in (tmp_path / "out").glob("*.csv") for cell in cells_of(file)]
    assert not [cell for cell in cells if cell.startswith(BEGINS_A_FORMULA)]


def cells_of(file: Path) -> list[str]:
    with file.open(encoding="utf-8", newline="") as opened:
        return [cell for row in csv.reader(opened) for cell in row]


def test_what_a_line_that_is_no_json_says_is_found_without_looking_at_any_sign_twice() -> None:
    """Else a line of some megabytes took minutes."""
    whose = told_of('{"subject": {"x": 1, "patient": {"reference": "https://a/Patient/p", "x')
    assert [one.partition(',"of"')[0] for one in whose] == ['{"subject":{"reference":"Patient/p"}']
    assert told_of('"subject":{' * 500_000) == [NOBODYS_LINE]
    assert told_of('"subject":{' * 150 + '"reference":"' + "/" * 5_000_000) == [NOBODYS_LINE]


@pytest.mark.parametrize(("types", "told"), [(100, 100), (101, 0)])
def test_a_line_of_many_patients_and_types_is_of_any_type_for_each_of_them(types: int, told: int) -> None:
    """Else some megabytes would stand for as many gigabytes."""
    patients = [f'"subject":{{"reference":"Patient/p{number}"}}' for number in range(MOST_TOLD_OF_A_LINE // 100)]
    named = [f'"resourceType":"A{"a" * number}"' for number in range(50)]
    named += [f'"resourceType":"B{"b" * number}"' for number in range(types - 50)]
    lines = told_of(",".join((*patients, *named)))
    assert [one.partition(',"of"')[0] for one in lines] == ["{" + one for one in patients]
    assert [one.count("resourceType") for one in lines] == [told] * len(patients)


def test_of_very_many_orders_those_that_there_is_time_for_are_asked_about_and_the_others_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening, "MOST_ORDERS_READ", 1_200)
    orders = [order(f"m{number:03}") for number in range(300)]
    found = screened(tmp_path / "export.ndjson", tmp_path / "out", patient("one"), *orders)
    assert len({one["order"] for one in found if one["outcome"] not in {"not asked", "told"}} - {""}) == 4
    assert len([one for one in found if one["outcome"] == "not asked"]) == 296


def test_a_finding_names_so_many_resources_and_counts_the_others(tmp_path: Path) -> None:
    given = [
        order(f"a{number}", resourceType="MedicationAdministration", effectiveDateTime="0005", status="completed")
        for number in range(MOST_RESOURCES_NAMED + 50)
    ]
    screened(tmp_path / "export.ndjson", tmp_path / "out", patient("one"), *given)
    named = [cell for cell in cells_of(tmp_path / "out" / "cases.csv") if "MedicationAdministration/a" in cell]
    assert {(len(cell.split()), cell.split()[-1]) for cell in named} == {(MOST_RESOURCES_NAMED + 1, "+50")}


def test_a_defect_that_one_patient_meets_costs_nobody_else_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bucket.Chart

    def chart(name: str, *others: Any) -> Any:
        if name == "one":
            raise KeyError(name)
        return whole(name, *others)

    monkeypatch.setattr(bucket, "Chart", chart)
    found = screened(tmp_path / "export.ndjson", tmp_path / "out", patient("one"), patient("other"))
    assert [(one["outcome"], one["because"]) for one in found if one["patient"] == "one"] == [("not asked", "KeyError")]
    assert len([one for one in found if one["patient"] == "other"]) > 1


def test_what_is_written_of_patients_is_read_by_whoever_ran_the_command_alone(tmp_path: Path) -> None:
    source, out = tmp_path / "export.ndjson", tmp_path / "out"
    source.write_text("\n".join(map(json.dumps, (patient("one"), order("m")))), encoding="utf-8")
    for told in (
        ["screen", str(source), "--out", str(out), "--as-of", AS_OF, "--workers", "2"],
        ["worklist", str(out)],
        ["diff", "--on", str(source), "--out", str(out / "diff"), "--as-of", AS_OF, "--workers", "1"],
    ):
        answer = CliRunner().invoke(main, told)
        assert answer.exit_code == 0, answer.output
    written = [out, *out.rglob("*")]
    assert {"findings.csv", "summary.html", "worklist.html", "changes.csv"} <= {path.name for path in written}
    assert not [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_the_name_of_a_file_steers_no_terminal() -> None:
    assert failure(ValueError("a\x1b]0;owned\x07\u202eb\nc")).message == "a ]0;owned  b\nc"


@pytest.mark.parametrize("told", ["[]", "{}", '{"language": "en", "as of": 1}', "null", '{"language": []}'])
def test_results_that_somebody_else_wrote_end_in_a_sentence(told: str, tmp_path: Path) -> None:
    screened(tmp_path / "export.ndjson", tmp_path / "out", patient("one"))
    (tmp_path / "out" / "screen.json").write_text(told, encoding="utf-8")
    answer = CliRunner().invoke(main, ["worklist", str(tmp_path / "out")])
    assert (answer.exit_code, answer.output[:7]) == (1, "Error: ")
    assert isinstance(answer.exception, SystemExit)


@pytest.mark.parametrize("sheet", ["1", "[1]", "[1,", '{"sections": 1}'])
def test_so_do_tables(sheet: str, tmp_path: Path) -> None:
    screened(tmp_path / "export.ndjson", tmp_path / "out", patient("one"), order("m"))
    with duckdb.connect() as connection:
        target = str(tmp_path / "out" / "sheets.parquet")
        connection.execute(f"COPY (SELECT 'one' AS patient, '{sheet}' AS sheet) TO '{target}' (FORMAT parquet)")
    names = tmp_path / "names"
    names.write_text("one", encoding="utf-8")
    answer = CliRunner().invoke(main, ["worklist", str(tmp_path / "out"), "--patients", str(names)])
    assert isinstance(answer.exception, SystemExit), answer.exception
