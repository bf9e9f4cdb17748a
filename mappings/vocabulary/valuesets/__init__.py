"""The code lists that recognise a concept, read from the CSV files of this folder, and of those that guidelines bring.

`README.md` beside them says where they come from, what their columns mean, how codes are compared and how they are rebuilt
(`python -m mappings.vocabulary.valuesets --from FOLDER`).
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FOLDER = Path(__file__).parent

COLUMNS = ("concept", "system", "code", "match", "display", "status", "evidence")

NEAR_MISS = "-near-miss"
"""Ending of the name of a deny list."""

NO_VALUE_SETS = frozenset({"bones", "corrections", "drug_names", "gaps", "lab-unit"})
"""Files of this folder that hold no codings to recognise."""


class CodeRow(NamedTuple):
    """One code of one concept; `denies` on a deny list."""

    concept: str
    system: str
    code: str
    match: str
    display: str
    status: str
    evidence: str
    denies: bool


def value_set_files(folder: Path = FOLDER) -> list[Path]:
    """Every value set of a folder, in the order of their names."""
    return sorted(path for path in folder.glob("*.csv") if path.stem not in NO_VALUE_SETS)


def rows(*folders: Path) -> Iterator[CodeRow]:
    """Every row of every value set of the folders; of this one where none is named."""
    for folder in folders or (FOLDER,):
        for path in value_set_files(folder):
            denies = path.stem.endswith(NEAR_MISS)
            for concept, system, code, match, display, status, evidence in table(path.name, folder):
                yield CodeRow(concept, system, code, match, display, status, evidence, denies)


def unread(*folders: Path) -> Iterator[tuple[list[str], bool]]:
    """The lines of every value set of the folders, and whether the file denies what they stand for; see `read`.

    A line is a row, and its first columns are not quoted: concept, system and code can be had by `split`, which is what makes
    a start short. Of what is asked, few rows are ever read whole.
    """
    for folder in folders:
        for path in value_set_files(folder):
            with path.open(encoding="utf-8", newline="") as lines:
                next(lines)
                yield list(lines), path.stem.endswith(NEAR_MISS)


def read(lines: Iterable[str]) -> Iterator[list[str]]:
    """The columns of lines."""
    return csv.reader(lines)


@lru_cache(maxsize=1)
def groups() -> Mapping[str, frozenset[str]]:
    """The groups of each concept of this folder: the names of its files, those kept by hand left out."""
    found: dict[str, set[str]] = {}
    for path in value_set_files():
        if not path.stem.startswith("additions"):
            for row in table(path.name):
                found.setdefault(row[0], set()).add(path.stem.removesuffix("-product"))
    return {concept: frozenset(names) for concept, names in found.items()}


def table(name: str, folder: Path = FOLDER) -> Iterator[list[str]]:
    """The rows of one file of a folder, without its header."""
    with (folder / name).open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        next(reader)
        yield from reader
