"""The documents are true: links lead somewhere, words of the glossary exist, rooms are named, pictures are current."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections import Counter
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from tools.pictures import STEPS, pictures

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TREE = subprocess.run(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],  # noqa: S607 - as developers have it
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout
DOCUMENTS = sorted(ROOT / name for name in set(TREE.split("\0")) if name and (ROOT / name).exists())
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
LINKS = [
    (document, link)
    for document in DOCUMENTS
    for link in sorted(
        set(LINK.findall(re.sub(r"```.*?```|`[^`]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)))
    )
]
CODE = re.compile(r"`([\w./]+)`")


def rows(text: str, columns: int) -> list[list[str]]:
    """The rows of the tables of a document that have so many columns, without heads."""
    found = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return [row for row in found if len(row) == columns and "---" not in row[0] and CODE.search(row[-1] + row[0])]


# --- links ------------------------------------------------------------------------------------------------------------


def headings(document: Path) -> set[str]:
    """The anchors of a document's headings."""
    lines = [line for line in document.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize(("document", "link"), LINKS, ids=[f"{one.relative_to(ROOT)}: {link}" for one, link in LINKS])
def test_a_link_leads_somewhere(document, link):
    if link.startswith("https://"):
        return
    name, _, anchor = link.partition("#")
    target = document if not name else document.parent / name
    assert target.exists()
    assert not anchor or anchor in headings(target)


def test_the_documents_are_found():
    names = {str(one.relative_to(ROOT)) for one in DOCUMENTS}
    assert names >= {"README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md", "docs/GLOSSARY.md", "tests/quirks.md"}


# --- glossary ---------------------------------------------------------------------------------------------------------

GLOSSARY = rows((DOCS / "GLOSSARY.md").read_text(encoding="utf-8"), 3)


@pytest.mark.parametrize("row", GLOSSARY, ids=lambda row: row[0])
def test_a_word_of_the_glossary_names_what_there_is(row):
    _word, what, where = row
    assert what
    (name,) = CODE.findall(where)
    if "/" in name:
        assert (ROOT / name).exists()
    else:
        assert exists(name), f"{name} is no more"


def exists(name: str) -> bool:
    """A module, or what a module or a class of it has."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            if is_dataclass(found) and attribute in found.__dataclass_fields__:
                return attribute == parts[-1]
            found = getattr(found, attribute, None)
            if found is None:
                return False
        return True
    return False


def test_a_word_that_the_code_lost_would_be_missed():
    assert exists("service.rules.guideline.Policy.checklist")
    assert not exists("service.rules.guideline.Policy.prerequisite")
    assert not exists("service.rules.guidelines")


def test_the_glossary_has_each_word_once_and_the_words_that_people_ask_for():
    words = [row[0] for row in GLOSSARY]
    assert sorted(set(words)) == sorted(words)
    assert set(words) >= {
        *("rule", "condition", "fact", "known", "absent", "unavailable", "analyte", "concept", "evidence", "gap"),
        *("outcome", "advice", "silence", "cannot tell", "card", "checklist", "offer", "suggestion", "note", "ledger"),
        *("example", "scenario", "guideline", "chapter", "trigger", "hook", "order", "policy", "reader"),
    }


# --- architecture -----------------------------------------------------------------------------------------------------

ARCHITECTURE = (DOCS / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_room_is_named_and_every_room_that_is_named_is_there():
    named = {CODE.findall(row[0])[0].rstrip("/") for row in rows(ARCHITECTURE, 2)}
    rooms = {
        str(path.parent.relative_to(ROOT))
        for package in ("cds_hooks", "mappings", "service")
        for path in (ROOT / package).rglob("__init__.py")
    }
    guidelines = {room for room in rooms if room.startswith("service/rules/")}
    assert named == rooms - guidelines - {"mappings/vocabulary/valuesets"}


def test_the_rooms_of_the_tests_are_named():
    named = set(re.findall(r"`(tests/\w+)/`", ARCHITECTURE))
    rooms = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert named == {room for room in rooms if not room.endswith("__pycache__")}


def test_the_contracts_are_those_of_the_linter():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    said = CODE.findall(ARCHITECTURE.partition("## What may import what")[2])
    for contract in contracts:
        ordered = [name for layer in contract.get("layers", ()) for name in layer.split(" | ")]
        if "containers" in contract:
            start = said.index(ordered[0])
            assert said[start : start + len(ordered)] == ordered, contract["name"]
        named = {*contract.get("source_modules", ()), *contract.get("protected_modules", ()), *ordered}
        assert named <= set(said), contract["name"]


def test_the_six_steps_are_those_of_the_picture():
    told = re.findall(r"^  \d (\w+) +(\S+)", ARCHITECTURE, re.MULTILINE)
    assert told == [(name, room) for name, room, _given, _does in STEPS]
    assert all((ROOT / room).is_dir() for _name, room in told)


# --- threat model -----------------------------------------------------------------------------------------------------

THREATS = (DOCS / "threat-model.md").read_text(encoding="utf-8")
LINES = rows(THREATS, 3)
WRITTEN_TESTS = Counter(
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[1])
def test_a_line_of_the_threat_model_is_about_an_attacker_and_names_the_one_test_that_proves_it(line):
    attacker, _holds, proved_by = line
    assert re.search(rf"^{attacker}\. ", THREATS, re.MULTILINE)
    assert [WRITTEN_TESTS[name] for name in proved_by.strip("`").split("`, `")] == [1] * (proved_by.count("`") // 2)


def test_every_attacker_of_the_threat_model_is_met():
    assert {line[0] for line in LINES} == set(re.findall(r"^(\d)\. ", THREATS, re.MULTILINE)) >= {"1"}


def test_the_security_policy_says_how_to_report_what_is_supported_and_what_is_in_scope():
    policy = (ROOT / ".github/SECURITY.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\*\*(\w+[\w ]*)\.?\*\*", policy, re.MULTILINE)) >= {
        *("Report", "Supported", "In scope", "Out of scope")
    }


# --- decisions, changes, pictures, forms ------------------------------------------------------------------------------


def test_decisions_are_numbered_without_a_gap():
    numbers = re.findall(r"^## (\d+)\. ", (DOCS / "DECISIONS.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


def test_the_changelog_tells_each_reader_of_each_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\[.+?\].*)$", changelog, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", one) for one in versions[1:])
    for version in re.split(r"^## \[", changelog, flags=re.MULTILINE)[1:]:
        readers = re.findall(r"^### For the (.+)$", version, re.MULTILINE)
        assert set(readers) <= {"integrator", "oncologist", "safety officer", "next engineer"}
        for line in re.findall(r"^- (.+)$", version, re.MULTILINE):
            assert re.match(r"(?:Added|Changed|Deprecated|Removed|Fixed|Security)(?:, breaking)?: ", line), line


@pytest.mark.parametrize("path", pictures(), ids=lambda path: path.name)
def test_a_picture_is_current_and_a_drawing(path):
    assert path.read_text(encoding="utf-8") == pictures()[path], "run `make pictures`, look at what it changed"
    assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own drawing


@pytest.mark.parametrize("path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem)
def test_a_form_is_one_that_asks_for_no_patient_data(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        return
    assert {"name", "description", "body"} <= form.keys()
    assert "no patient data" in form["body"][0]["attributes"]["value"]
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in asked}) == len(asked)
    assert any(part.get("validations", {}).get("required") for part in asked)
