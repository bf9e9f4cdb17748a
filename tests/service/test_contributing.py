"""CONTRIBUTING is true: what its lists name exists, and what the code makes one touch is in its lists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from mappings.queries import queries_for, query_table
from mappings.vocabulary.analytes import PHOSPHATE
from mappings.vocabulary.concepts import Terminology
from service.guidelines import GUIDELINES

ROOT = Path(__file__).parents[2]
PACKAGES = ("cds_hooks", "mappings", "service")
SECTIONS = {
    title: [line for line in text.splitlines() if line.startswith("- `")]
    for title, text in re.findall(
        r"^## An? (\w+)\n(.*?)(?=^## |\Z)",
        (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
}
LINES = [(title, line) for title, lines in SECTIONS.items() for line in lines]


def named(line: str) -> list[str]:
    """The files that a line names, a name of yours as a star."""
    return [re.sub(r"<[^>]+>", "*", one) for one in re.findall(r"`([\w./<> -]+\.\w+|Makefile)`", line)]


def listed(title: str) -> set[str]:
    """The files of a list."""
    return {name for line in SECTIONS[title] for name in named(line)}


def left_out(title: str, needed: set[str]) -> list[str]:
    """The files that one would have to touch, and the list does not name."""
    return sorted(path for path in needed if not any(fnmatch(path, name) for name in listed(title)))


@cache
def files() -> tuple[Path, ...]:
    return tuple(
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*"))
        if path.suffix in {".py", ".csv", ".yaml", ".po", ".html"}
    )


def holding(pattern: str) -> set[str]:
    """The files of the packages that hold the pattern."""
    sought = re.compile(pattern)
    return {str(path.relative_to(ROOT)) for path in files() if sought.search(path.read_text(encoding="utf-8"))}


def saying(names: set[str], strings: set[str]) -> Iterator[str]:
    """The modules whose code, not its words, has one of these names or strings."""
    for path in files():
        if path.suffix == ".py":
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            used |= {node.id for node in nodes if isinstance(node, ast.Name)}
            said = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
            if names & used or strings & said:
                yield str(path.relative_to(ROOT))


def of_a_guideline(path: str) -> bool:
    return any((ROOT / path).is_relative_to(guideline.folder) for guideline in GUIDELINES)


# --- what is named exists ---------------------------------------------------------------------------------------------


def test_there_is_a_list_for_everything_that_is_added():
    assert set(SECTIONS) == {"rule", "drug", "code", "analyte", "language", "hook", "column", "guideline"}
    assert all(len(lines) >= 3 for lines in SECTIONS.values())


@pytest.mark.parametrize(("title", "line"), LINES, ids=[f"{title}: {line[2:60]}" for title, line in LINES])
def test_a_line_names_files_that_there_are_and_says_what_for(title, line):
    path, _colon, what_for = line.partition(": ")
    assert named(path), line
    assert what_for.rstrip().endswith(".")
    beside = [(ROOT / name).parent.relative_to(ROOT) for name in named(path)]
    for name in named(line):
        folders = [Path(), *beside] if "/" not in name else [Path()]
        assert any(list(ROOT.glob(str(folder / name))) for folder in folders), f"{title}: no {name}"


@pytest.mark.parametrize(
    "folder", [ROOT / "tests/gout", *(guideline.folder for guideline in GUIDELINES)], ids=lambda one: one.name
)
def test_a_guideline_is_made_of_the_files_of_its_list(folder):
    patterns = {name.partition("/*/")[2] for name in listed("guideline") if "/*/" in name}
    held = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    brought = {path for path in held if path.startswith("valuesets/")}
    assert [path for path in held - brought if not any(fnmatch(path, pattern) for pattern in patterns)] == []
    missing = {pattern for pattern in patterns if not any(fnmatch(path, pattern) for path in held)}
    assert missing <= ({"catalogue.*.md", "SPECIFICATION.md"} if folder.name == "gout" else set()), (
        "nobody signs the guideline of the tests"
    )


# --- what is needed is named ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", GUIDELINES[0].rules, ids=lambda rule: rule.id)
def test_a_rule_is_written_where_the_list_says(rule):
    needed = {path for path in holding(rf"[\"\[, ]{rule.id}[\",\]]") if of_a_guideline(path)}
    told = [
        path
        for folder in ("service/rules/*/examples", "tests/scenarios")
        for path in ROOT.glob(f"{folder}/{rule.id}.yaml")
    ]
    assert told
    assert left_out("rule", needed | {str(path.relative_to(ROOT)) for path in told}) == []


@pytest.mark.parametrize("drug", ["ramucirumab", "lazertinib", "gemcitabine"])
def test_a_drug_is_written_where_the_list_says(drug):
    generated = {path for path in holding(rf"(?m)^{drug},") if path.endswith(".csv")}
    needed = holding(rf"\b{drug}\b") - generated - {"mappings/vocabulary/valuesets/drug-fr.csv"}
    assert left_out("drug", {path for path in needed if not of_a_guideline(path)}) == []


def test_an_analyte_is_written_where_the_list_says():
    said = set(saying({"PHOSPHATE"}, {"phosphate", *PHOSPHATE.concepts})) | holding(r"(?m)^msgid \"phosphate\"$")
    needed = said - {"service/demo/run.py"}  # its patients have one
    assert left_out("analyte", {path for path in needed if not of_a_guideline(path)}) == []


def test_an_analyte_is_asked_for_as_soon_as_it_has_its_row():
    toy = replace(PHOSPHATE, id="toy", query="toy")
    terminology = Terminology.shipped(analytes=(toy,))
    assert query_table(terminology)["toy"].template.startswith("Observation?")
    assert [query.key for query in queries_for(frozenset({toy}), terminology)] == ["toy"]


def test_a_language_is_written_where_the_list_says():
    needed = set(saying({"FRENCH"}, {"fr"}))
    needed |= {path for path in holding(r"french|\blang ==|[À-ÖØ-öø-ÿ]") if path.endswith(".html")}
    needed |= {str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("fr.po")}
    assert left_out("language", needed) == []


def test_a_hook_is_written_where_the_list_says():
    names = {"PATIENT_VIEW", "ORDER_SELECT", "ORDER_SIGN", "ORDERING", "VIEWING", "ORDER_HOOKS"}
    needed = set(saying(names, {"patient-view", "order-select", "order-sign"}))
    assert left_out("hook", needed) == []


def test_no_module_outside_of_a_guideline_knows_it_but_the_one_that_the_list_names():
    modules = "|".join(guideline.folder.name for guideline in GUIDELINES)
    needed = {
        path for path in holding(rf"import.*rules\.(?:{modules})|rules\.(?:{modules}).* import") if path.endswith(".py")
    }
    assert left_out("guideline", needed) == []
