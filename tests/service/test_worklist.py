"""`osteocds worklist`: the patients of a screen by urgency, one page each, as a file that any browser shows and prints."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from justhtml import JustHTML
from selenium.webdriver import Chrome
from support.accessibility import violations_in_every_mode
from support.scenario import BASE, NOW, SERVICES, SETTINGS

from service.cli import main
from service.demo.synthetic import told_record
from service.languages.render import Language
from service.population.screen import Screen
from service.population.worklist import NotScreened, worklist
from service.rules.bone_metastases.board_sheet import RECENT_DAYS

TYPES = sorted({query.resource_type for service in SERVICES.values() for query in service.queries})
NAME = "Alder <script>alert(1)</script>"
PATIENTS: Mapping[str, Mapping[str, Any]] = {
    "in-order": {"only": ["lung cancer"], "name": "Elm, Agnes"},
    "critical": {
        "name": NAME,
        "calcium": "3.6 mmol/L today",
        "albumin": "40 g/L today",
        "findings": {"mirels-score": {"value": 9, "site": "femur"}, "sins-score": {"value": 8, "site": "lumbar spine"}},
        "procedures": [
            {"act": "dental examination", "days ago": 20},
            {"act": "radiotherapy", "site": "L3", "days ago": 90, "dose": "30 Gy", "fractions": 10},
        ],
        "medications": [
            {"drug": "Xgeva", "days ago": 60},
            {"drug": "Xgeva", "days ago": 30},
            {"drug": "apixaban", "kind": "statement", "start": 100},
        ],
    },
    "overdue": {"medications": [{"drug": "denosumab", "days ago": 44}]},
    "told": {},
}


def screened(folder: Path, language: Language, *, without: str = "") -> Path:
    lines = []
    for patient, told in PATIENTS.items():
        record = {"conditions": told["only"]} if "only" in told else {**BASE, **told}
        lines += told_record(patient, NOW.date(), {**record, "name": told.get("name", "")}).resources
    lines += [{"resourceType": name, "id": "x", "subject": {"reference": "Patient/in-order"}} for name in TYPES]
    source = folder / "export.ndjson"
    source.write_bytes(b"\n".join(orjson.dumps(one) for one in lines if one["resourceType"] != without))
    Screen(source, folder / "out", SETTINGS, NOW, language).run()
    return folder / "out"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[Language, Path]:
    return {one: screened(tmp_path_factory.mktemp(one.value), one) for one in Language}


def sheet(page: str, patient: str) -> str:
    """The words of one patient's sheet."""
    found = [one for one in page.split("<article")[1:] if f">{patient}<" in one or f"{patient} ·" in one]
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def test_the_most_urgent_stands_first_and_who_needs_nothing_is_not_there(results: Mapping[Language, Path]) -> None:
    page = worklist(results[Language.ENGLISH])
    places = [page.index(one) for one in ("Alder", ">overdue<", ">told<")]
    assert places == sorted(places)
    assert "Agnes" not in page
    assert "3 patients" in page


def test_a_sheet_holds_what_a_board_asks_for(results: Mapping[Language, Path]) -> None:
    told = sheet(worklist(results[Language.ENGLISH]), "critical")
    for expected in (
        "critical Hypercalcaemic crisis",
        "Lung cancer",
        "Bone metastasis",
        "Mirels",
        "SINS",
        "30 Gy in 10 fractions",
        "Denosumab: first dose",
        "Corrected calcium: 3.6",
        "Dental examination",
        "Apixaban: ongoing",
        "Orthopantomogram",
    ):
        assert expected.casefold() in told.casefold(), (expected, told)


@pytest.mark.parametrize(
    ("told", "expected", "not_expected"),
    [
        (
            {
                "medications": [
                    *({"drug": "Xgeva", "kind": "administration", "days ago": ago} for ago in (150, 120, 90)),
                    {"drug": "Xgeva", "kind": "request", "start": 1},
                ]
            },
            ("ongoing since 30 Mar 2026, last dose 31 Dec 2025", "Denosumab: 3 doses recorded, the last 31 Dec 2025"),
            (),
        ),
        (
            {"procedures": [{"act": "radiotherapy", "site": "L3", "days ago": 90, "dose": "30 Gy"}]},
            ("30 Gy, fractions not on record",),
            ("dose not on record",),
        ),
        (
            {
                "procedures": [
                    *({"act": "dental examination", "days ago": ago} for ago in range(10, 80, 10)),
                    {"act": "tooth extraction", "days ago": 100},
                ]
            },
            ("extraction (21 Dec 2025)", "2 earlier ones on record"),
            (),
        ),
        (
            {"medications": [{"drug": "enoxaparin", "kind": "administration", "days ago": 1}]},
            ("Antithrombotics Enoxaparin: given 30 Mar 2026",),
            (),
        ),
        (
            {"medications": [{"drug": "enoxaparin", "kind": "administration", "days ago": RECENT_DAYS}]},
            ("Antithrombotics Enoxaparin: given",),
            (),
        ),
        (
            {"medications": [{"drug": "enoxaparin", "kind": "administration", "days ago": RECENT_DAYS + 1}]},
            (),
            ("Enoxaparin",),
        ),
        (
            {"medications": [{"drug": "apixaban", "kind": "statement", "status": "unknown"}]},
            ("Apixaban: last dose not dated", "(apixaban) is uncertain"),
            (),
        ),
    ],
    ids=[
        "doses before a renewal",
        "a dose without fractions",
        "an old extraction",
        "given yesterday",
        "given in the last days",
        "given before them",
        "not known",
    ],
)
def test_nothing_that_a_board_must_know_is_left_out_for_something_newer(
    told: Mapping[str, Any], expected: tuple[str, ...], not_expected: tuple[str, ...], tmp_path: Path
) -> None:
    lines = list(told_record("one", NOW.date(), {**BASE, **told}).resources)
    lines += [{"resourceType": name, "id": "x", "subject": {"reference": "Patient/nobody"}} for name in TYPES]
    source = tmp_path / "export.ndjson"
    source.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    Screen(source, tmp_path / "out", SETTINGS, NOW, Language.ENGLISH).run()
    (page,) = worklist(tmp_path / "out", patients=["one"]).split("<article")[1:]
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for one in expected:
        assert one.casefold() in words.casefold(), (one, words)
    for one in not_expected:
        assert one not in words, (one, words)


def test_the_same_in_french(results: Mapping[Language, Path]) -> None:
    page = worklist(results[Language.FRENCH])
    assert '<html lang="fr">' in page
    told = sheet(page, "critical")
    for expected in ("critique", "Ce que disent les règles", "Ce qui manque", "30 Gy en 10 fractions"):
        assert expected in told, expected


def test_what_a_record_says_is_never_markup_and_the_page_needs_no_script(results: Mapping[Language, Path]) -> None:
    page = worklist(results[Language.ENGLISH])
    assert "<script" not in page
    assert "Alder &lt;script&gt;" in page
    assert "http" not in page
    JustHTML(page, strict=True)


def test_patients_of_a_list_are_there_whatever_the_rules_say_and_who_was_not_screened_is_named(
    results: Mapping[Language, Path],
) -> None:
    page = worklist(results[Language.ENGLISH], patients=["in-order", "nobody"])
    assert "Agnes" in page
    assert "Alder" not in page
    assert "No rule advises anything." in page
    assert "No record of these patients was screened: nobody" in page


def test_those_beyond_the_most_are_counted(results: Mapping[Language, Path]) -> None:
    page = worklist(results[Language.ENGLISH], most=1)
    assert page.count("<article") == 1
    assert "2 more are not shown" in page


def test_what_was_not_exported_is_said_and_never_taken_for_none(tmp_path: Path) -> None:
    page = worklist(screened(tmp_path, Language.ENGLISH, without="Procedure"), patients=["critical"])
    told = sheet(page, "critical")
    assert "Could not be looked up: the export holds nothing of this kind".casefold() in told.casefold()
    assert "What could not be told" in told


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotScreened, match="run osteocds screen"):
        worklist(tmp_path)


@pytest.mark.parametrize("table", ["findings", "sheets"])
def test_results_that_are_not_whole_are_named(table: str, results: Mapping[Language, Path], tmp_path: Path) -> None:
    copied = tmp_path / "results"
    shutil.copytree(results[Language.ENGLISH], copied)
    (copied / f"{table}.parquet").write_bytes(b"cut off")
    with pytest.raises(NotScreened, match=rf"{table}\.parquet cannot be read"):
        worklist(copied)


def test_the_command_writes_one_file(results: Mapping[Language, Path], tmp_path: Path) -> None:
    names = tmp_path / "today.txt"
    names.write_text("overdue\n", encoding="utf-8")
    out = tmp_path / "list.html"
    told = ["worklist", str(results[Language.ENGLISH]), "--out", str(out), "--patients", str(names)]
    answer = CliRunner().invoke(main, told)
    assert answer.exit_code == 0, answer.output
    assert out.read_text(encoding="utf-8").count("<article") == 1


@pytest.mark.parametrize("language", Language)
def test_the_page_has_no_violation_in_any_mode(
    chromium: Chrome, results: Mapping[Language, Path], tmp_path: Path, language: Language
) -> None:
    path = tmp_path / "list.html"
    path.write_text(worklist(results[language]), encoding="utf-8")
    chromium.get(path.as_uri())
    assert violations_in_every_mode(chromium) == {}


def test_a_sheet_says_that_the_patient_is_dead_or_has_another_record(tmp_path: Path) -> None:
    replaced = {"active": False, "link": [{"type": "replaced-by", "other": {"reference": "Patient/told"}}]}
    people = [{"id": "dead", "deceasedBoolean": True}, {"id": "replaced", **replaced}, {"id": "told"}]
    lines = [{"resourceType": "Patient", **one} for one in people]
    (tmp_path / "export.ndjson").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    counts = Screen(tmp_path / "export.ndjson", tmp_path / "out", SETTINGS, NOW, Language.ENGLISH).run()
    assert [one["patients"] for one in counts["not in use"]] == [1, 1]
    assert "Of 1 patient no rule says anything" in (tmp_path / "out/summary.html").read_text(encoding="utf-8")
    page = worklist(tmp_path / "out", patients=["dead", "replaced", "told"])
    assert "deceased" in sheet(page, "dead")
    assert "replaced this" in sheet(page, "replaced")
    assert "deceased" not in sheet(page, "told")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_of_patients_is_read_as_an_editor_saved_it(
    encoding: str, results: Mapping[Language, Path], tmp_path: Path
) -> None:
    (tmp_path / "today.txt").write_bytes("told\r\noverdue\r\n".encode(encoding))
    command = ["worklist", str(results[Language.ENGLISH]), "--out", str(tmp_path / "list.html")]
    answer = CliRunner().invoke(main, [*command, "--patients", str(tmp_path / "today.txt")])
    assert answer.exit_code == 0, answer.output
    page = (tmp_path / "list.html").read_text(encoding="utf-8")
    assert "2 patients" in page
    assert "No record of these patients" not in page
