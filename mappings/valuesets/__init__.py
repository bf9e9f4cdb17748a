"""The code lists that recognise a concept: what is in this folder, where it comes from and how it is rebuilt.

`python -m mappings.valuesets --from FOLDER` rebuilds every generated file from a folder that holds `codes.csv` and
`codes_fr_bdpm.csv` (concept, group, system, code, display, status, evidence). It is repeatable: the same sources give
the same bytes.

| file | kept | what |
|---|---|---|
| `<group>.csv` | generated | one file a group of the sources |
| `<group>-near-miss.csv` | generated | the deny list: codes that look like the concept and must not be taken for it |
| `additions.csv`, `additions-near-miss.csv` | by hand | concepts that a rule names and the sources lack |
| `corrections.csv` | by hand | what is wrong in the sources, applied by the import, each with its reason |
| `drug_names.csv` | by hand | names that identify a drug in free text; `deny` rows are phrases about something else |
| `gaps.csv` | by hand | concepts without a trustworthy code, and how they are read instead |
| `lab-unit.csv` | generated | UCUM units met in practice; no codings, so not part of the look-up |

Columns of a value set: concept, system (the canonical URI), code, match, display, status, evidence.

- `match` is `exact` or `prefix`. A prefix row matches every code that begins with it; the longest row wins. Prefix rows
  are the ATC classes (fewer than seven characters; not L01XX, which is mixed) and all ICD-10 and ICD-9-CM rows:
  these classifications are strict hierarchies, and national versions only append characters.
- `status` is `verified` (the code with this meaning was found in a public source and its check digit is right),
  `doubtful` (sources disagree, or only a weak one) or `from-memory`. No licence holder has checked any of them.
- `evidence` names public sources, shortened, and after `NOTE:` what a reader of the code must know.

LOINC is used under the LOINC licence, SNOMED CT under its affiliate licence, ATC with the permission of its owner for
non-commercial use; CPT and HCPCS codes are listed without descriptors.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent

COLUMNS = ("concept", "system", "code", "match", "display", "status", "evidence")

NEAR_MISS = "-near-miss"
"""Ending of the name of a deny list."""

NO_VALUE_SETS = frozenset({"bones", "corrections", "drug_names", "gaps", "lab-unit"})
"""Files of this folder that hold no codings to recognise."""


class Row(NamedTuple):
    """One code of one concept; `denies` on a deny list."""

    concept: str
    system: str
    code: str
    match: str
    display: str
    status: str
    evidence: str
    denies: bool


def value_set_files() -> list[Path]:
    """Every value set of the folder, in the order of their names."""
    return sorted(path for path in FOLDER.glob("*.csv") if path.stem not in NO_VALUE_SETS)


def rows() -> Iterator[Row]:
    """Every row of every value set."""
    for path in value_set_files():
        denies = path.stem.endswith(NEAR_MISS)
        for values in table(path.name):
            concept, system, code, match, display, status, evidence = values
            yield Row(concept, system, code, match, display, status, evidence, denies)


def table(name: str) -> Iterator[list[str]]:
    """The rows of one file of the folder, without its header."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        next(reader)
        yield from reader
