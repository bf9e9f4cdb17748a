"""How the generated value sets are made from their sources; pure, so that a test can compare without writing."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mappings.vocabulary.valuesets import COLUMNS, FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SOURCES = ("codes.csv", "codes_fr_bdpm.csv")
SECOND_EDITION = "codes/codes_*.csv"
"""The files of the second edition, beside the first: what they repeat of it stays as it was."""

ONE_SOURCE = frozenset({"codes_rxnorm_one_source.csv", "codes_medicabase.csv"})
"""Files that rest on one weak source each: whatever a row says of itself, it is doubtful."""

ATC = "http://www.whocc.no/atc"
SUBSTANCE_LENGTH = 7
"""Characters of an ATC code that names a substance; shorter codes are classes."""

HIERARCHIES = frozenset(
    {
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://hl7.org/fhir/sid/icd-9-cm",
        "https://smt.esante.gouv.fr/terminologie-cim-10",
    }
)
NO_DESCRIPTORS = frozenset(
    {"http://www.ama-assn.org/go/cpt", "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"}
)
"""Code systems whose descriptors we may not ship (CPT) or need not (HCPCS)."""

SOURCES_NAMED = 1
"""How many public sources of a code are named; the others are counted."""


PREFIX_NOTE = re.compile(r"^(?:ATC )?prefix(?: [A-Z]\d\w*\*| match on \w+)?(?:;|$)")
"""A note that only says what the `match` column says."""


NOTED_PREFIX = re.compile(r"NOTE: (?:local; )?prefix(?:;|$)")
"""A row that is a prefix in a system whose rows are not all prefixes (the German procedure codes)."""

INDEX_NUMBERS = re.compile(r"(?:find_string|read_file) ids? \d[\d, ]*|\bids? \d{8,}(?:, \d{8,})*")
"""Citations by the number of a search index, which say nothing to a reader."""


class ImportProblem(ValueError):
    """The sources or the hand-kept files contradict each other; the message says where."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row of the sources, on its way."""

    concept: str
    group: str
    system: str
    code: str
    match: str
    display: str
    status: str
    evidence: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What may occur once: a concept's code in a system."""
        return self.concept, self.system, self.code


def rebuild(sources: Path) -> dict[str, str]:
    """The text of every generated file by its name.

    Raises `ImportProblem` for a correction that meets no row, and for an addition that the sources have by now.
    """
    files_read = [*(sources / name for name in SOURCES), *sorted(sources.glob(SECOND_EDITION))]
    corrected = _corrected([_prepared(row, path.name) for path in files_read for row in _read(path)])
    unique = {row.key: row for row in reversed(corrected)}
    _refuse_needless_additions(unique)
    files: dict[str, list[SourceRow]] = defaultdict(list)
    for row in unique.values():
        files[row.group].append(row)
    return {f"{group}.csv": _written(rows) for group, rows in sorted(files.items())}


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _prepared(row: dict[str, str], file: str) -> SourceRow:
    system, code = row["system"].strip(), row["code"].strip()
    return SourceRow(
        concept=row["concept"].strip(),
        group=row["group"].strip(),
        system=system,
        code=code,
        match=_match(system, code, row["evidence"]),
        display=_display(system, row["display"]),
        status="doubtful" if file in ONE_SOURCE else row["status"].strip(),
        evidence=_evidence(row["evidence"]) or "from memory",
    )


def _match(system: str, code: str, evidence: str) -> str:
    if system in HIERARCHIES or (system == ATC and len(code) < SUBSTANCE_LENGTH) or NOTED_PREFIX.search(evidence):
        return "prefix"
    return "exact"


def _display(system: str, display: str) -> str:
    if system in NO_DESCRIPTORS:
        return ""
    without_packaging = display.split(" | ", maxsplit=1)[0]
    without_marks = re.sub(r"\*\*\* SU\d+ \*\*\* ?| \[CI[SP]\d*\]", "", without_packaging)
    return " ".join(without_marks.split())


def _evidence(evidence: str) -> str:
    sources, *notes = re.split(r"(?:^|; *)NOTE: *", evidence)
    named = list(dict.fromkeys(name for part in sources.split(";") if (name := _source_name(part))))
    more = len(named) - SOURCES_NAMED + sum(int(count) for count in re.findall(r"\+(\d+) other repos?", sources))
    short = "; ".join(named[:SOURCES_NAMED]) + (f" +{more} more" if more > 0 else "")
    unlike_notes = dict.fromkeys(_without_index_numbers(PREFIX_NOTE.sub("", note)).strip(" ;") for note in notes)
    return "; ".join([part for part in (short, *(f"NOTE: {note}" for note in unlike_notes if note)) if part])


def _source_name(part: str) -> str:
    part = part.strip()
    if not part or re.fullmatch(r"\+\d+ other repos?", part):
        return ""
    if cited := re.match(r"(?:find_string|read_file)(?: file)? ids? [\d, ]+(?:\((?P<what>.+)\))?", part):
        return (cited["what"] or "a public repository").split(" (")[0].rstrip(")")
    part = _without_index_numbers(part)
    repository = re.match(r"([\w.-]+)[+/]([\w.-]+)(?=[: ]|$)", part)
    if repository:
        return f"{repository[1]}/{repository[2]}"
    return re.sub(r" \(.*", "", part)[:70].strip()


def _without_index_numbers(text: str) -> str:
    """Numbers of a search index say nothing to a reader."""
    return INDEX_NUMBERS.sub("a public file ", text).strip()


def _corrected(rows: list[SourceRow]) -> list[SourceRow]:
    for line in _read(FOLDER / "corrections.csv"):
        concept, system, code, change = line["concept"], line["system"], line["code"], line["change"]
        met = [
            index
            for index, row in enumerate(rows)
            if row.concept == concept and system in ("*", row.system) and code in ("*", row.code)
        ]
        if not met:
            raise ImportProblem(f"corrections.csv: no row of the sources is {concept} {system} {code}; remove the line")
        if change not in ("concept", "group", "match", "status"):
            raise ImportProblem(f"corrections.csv: {change!r} is no change (concept, group, match, status)")
        for index in met:
            note = f"{rows[index].evidence}; NOTE: corrected by us: {line['reason']}".removeprefix("; ")
            rows[index] = replace(rows[index], evidence=note, **{change: line["value"]})
    return rows


def _refuse_needless_additions(known: Iterable[tuple[str, str, str]]) -> None:
    keys = set(known)
    for name in ("additions.csv", "additions-near-miss.csv"):
        for line in _read(FOLDER / name):
            if (line["concept"], line["system"], line["code"]) in keys:
                raise ImportProblem(f"{name}: the sources now have {line['concept']} {line['code']}; remove the line")


def _written(rows: list[SourceRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda row: row.key):
        writer.writerow([getattr(row, column) for column in COLUMNS])
    return text.getvalue()
