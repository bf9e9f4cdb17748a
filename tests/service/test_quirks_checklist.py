"""The checklist of quirks and its tests name each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CHECKLIST = (TESTS / "quirks.md").read_text(encoding="utf-8")
ROWS = [line for line in CHECKLIST.splitlines() if line.startswith("|") and "test_" in line]


def named(text: str) -> set[str]:
    return set(re.findall(r"\btest_\w+", text))


def written(pattern: str) -> set[str]:
    """The tests of these files."""
    files = [path.read_text(encoding="utf-8") for path in TESTS.rglob(pattern)]
    return {name for text in files for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_every_row_says_what_we_do_and_names_a_test_that_exists(row: str) -> None:
    holds, we_do, tests = (cell.strip() for cell in row.strip("|").split("|"))
    assert holds
    assert we_do
    assert named(tests) <= written("test_*.py")


def test_every_test_of_a_quirk_is_in_a_row() -> None:
    subjects = {"laboratory", "medications", "conditions", "procedures", "bundles"}
    assert set().union(*(written(f"test_quirks_{subject}.py") for subject in subjects)) <= named(CHECKLIST)
