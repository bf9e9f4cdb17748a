"""What a site exported, grouped by patient: NDJSON of FHIR Bulk Data (plain or gzipped, any file in any order), or Bundles.

DuckDB reads the lines, finds whose each is, and writes them into buckets of patients on disk, so that memory stays bounded
whatever the size of the export.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from cds_hooks import read_json
from mappings.evidence import Resource
from mappings.shapes import a_map, a_text, maps
from mappings.wording import Said, _
from service.population.exported_files import (
    DOCUMENTS_AS_LINES,
    ID,
    LONGEST_LINE,
    TOLD_OF_THE_EXPORT,
    TYPE,
    CannotGroup,
    NotAnExport,
    lines_of,
    readable,
    refuse_what_is_not_all,
)

PATIENTS_OF_A_BUCKET = 500
"""About so many patients are screened, and written, at once; what was not finished is begun again."""

MOST_BUCKETS = 1_000
"""Beyond these the buckets hold more patients: each is some files of its own."""

BYTES_AT_ONCE = 64_000_000
"""Of lines as they are packed, in a file of them."""

BYTES_DIVIDED_AT_ONCE = 256_000_000
"""Of lines. DuckDB holds all that it divides among buckets, so that an export is divided in parts."""

BYTES_OF_A_BUCKET = 64_000_000
"""Of lines, about: where patients have much on record, buckets hold fewer of them."""

MOST_MEDICATIONS_OF_A_PATIENT = 5_000

MEDICATIONS = "medications"
"""The folder of what an export holds of Medications, sorted by id, as Parquet."""

NOBODYS = "'Medication', 'Practitioner', 'PractitionerRole', 'Organization', 'Location', 'Device'"
"""Types whose resources belong to no patient."""

_ROW = """
    SELECT told[1] AS type, told[2] AS id,
        CASE WHEN told[1] = 'Patient' THEN told[2]
        ELSE regexp_extract(coalesce(told[3], told[4], told[5], told[6], told[7], ''), 'Patient/(ID)', 1) END AS patient,
        resource, CASE WHEN told[1] IN (OF_THE_EXPORT) THEN filename END AS file
    FROM (
        SELECT filename, json::VARCHAR AS resource, json_extract_string(json, ['$.resourceType', '$.id', '$.subject.reference',
            '$.patient.reference', '$.individual.reference', '$.subject[0].reference', '$.patient[0].reference']) AS told
        FROM read_ndjson_objects($files, ignore_errors = true, maximum_object_size = $longest, filename = true,
            hive_partitioning = false)
    )
""".replace("(ID)", f"({ID})").replace("OF_THE_EXPORT", TOLD_OF_THE_EXPORT)
"""A line is parsed once for all that is asked of it. Some senders write the one subject as an array."""


class Unreadable(dict[str, Any]):
    """Stands for a resource of a patient that is no JSON that we read; it holds its `resourceType` alone."""


def read_line(line: str) -> list[Resource]:
    """The resource of a line that has a patient. Where it cannot be read, one `Unreadable` of each type that it names.

    Where it names none, one of the type "": it may be of any.

    DuckDB and Spark take more for JSON than we do: a number beyond any float, lists in lists a thousand deep, a member that
    stands twice, of which each reads another.
    """
    try:
        told = read_json(line.encode())
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return [Unreadable(resourceType=one) for one in dict.fromkeys(re.findall(TYPE, line)) or ("",)]
    return [told]


@dataclass(frozen=True)
class Export:
    """An export as it was grouped: in `folder`, by bucket; `types` are those that it holds of anybody.

    Lines that are `unreadable`, and `nobodys` resources, which name no patient and are no Medication, are screened nowhere.
    """

    folder: Path
    buckets: tuple[int, ...]
    patients: int
    resources: int
    unreadable: int
    nobodys: int
    types: frozenset[str]
    unreadable_in: Mapping[str, int] = field(default_factory=dict)
    """Of which files they are, and how many of each."""

    def patients_of(self, bucket: int) -> Iterator[tuple[str, list[Resource]]]:
        """The patients of a bucket in the order of their ids, each with all its resources, and the Medications they name."""
        look_up = medications_of(self.folder)
        rows = of_this_process().execute(
            f"""SELECT patient, list(resource) FROM {parquet(self.folder / f"bucket={bucket}" / "*.parquet")}
            GROUP BY patient ORDER BY patient"""
        )
        while found := rows.fetchmany(50):
            for patient, resources in found:
                resources.sort()
                read = [resource for one in resources for resource in read_line(one)]
                yield patient, with_medications(read, look_up)


LookUp = Callable[[Sequence[str]], Sequence[tuple[str, str]]]
"""Of ids of Medications, those that there are, each with its resource as JSON."""


def medications_of(folder: Path) -> LookUp | None:
    """The Medications of an export, which belong to nobody and lie below `folder`; None where it holds none."""
    held = parquet(folder / MEDICATIONS / "*.parquet")
    connection = of_this_process()
    if _one(connection, f"SELECT count(*) FROM {held}") == (0,):
        return None
    asked = f"SELECT id, resource FROM {held} WHERE id IN (SELECT unnest($ids)) ORDER BY ALL"
    return lambda ids: connection.execute(asked, {"ids": list(ids)}).fetchall()


def with_medications(resources: Sequence[Resource], look_up: LookUp | None) -> list[Resource]:
    """The resources of a patient with the Medications that they refer to, and those that these are mixed of."""
    if look_up is None:
        return list(resources)
    found: dict[str, list[Resource]] = {}
    wanted = _medications_in(resources)
    while (missing := wanted - found.keys()) and len(found) < MOST_MEDICATIONS_OF_A_PATIENT:
        rows = look_up(sorted(missing))
        if not rows:
            break
        for name, resource in rows:
            found.setdefault(name, []).extend(read_line(resource))
        wanted |= _medications_in([one for name, _resource in rows for one in found[name]])
    return [*resources, *(one for versions in found.values() for one in versions)]


def _medications_in(resources: Sequence[Resource]) -> set[str]:
    """The ids of the Medications that resources name."""
    references = (
        reference
        for one in resources
        for holder in (one, *maps(one.get("ingredient")))
        for member in ("medicationReference", "itemReference", "medication", "item")
        for reference in (a_map(holder.get(member)), a_map(a_map(holder.get(member)).get("reference")))
    )
    named = (a_text(one.get("reference")).partition("/_history")[0].rpartition("Medication/") for one in references)
    return {name for _before, separator, name in named if separator and name}


MOST_FILES_NAMED = 20
"""Of those with lines that cannot be read."""


def counted_in(source: Path, numbers: Mapping[Path, int]) -> dict[str, int]:
    """How many lines cannot be read of which file, as it is called in the export; of the first files by name."""
    told = {str(path.relative_to(source)) if path != source else path.name: n for path, n in numbers.items() if n}
    return dict(sorted(told.items())[:MOST_FILES_NAMED])


def grouped(source: Path, folder: Path, *, memory: str, patients_of_a_bucket: int) -> Export:
    """Group an export by patient into `folder`.

    Raises `NotAnExport` where it holds no patient, and `CannotGroup` where DuckDB fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = lines_of(source, folder)
    with connected(folder / SPILLED, memory_limit=memory, preserve_insertion_order=False) as connection:
        raw = folder / "lines"
        known, further, unreadable_in = 0, 0, dict[str, int]()
        known_as = {str(folder / DOCUMENTS_AS_LINES): str(source)}
        if not _all_readable(connection, lines, raw):
            mended = [readable(path, folder / f"{number}.ndjson") for number, path in enumerate(lines)]
            unreadable_in = counted_in(source, {path: one.unreadable for path, one in zip(lines, mended, strict=True)})
            known_as |= {str(one.path): str(path) for path, one in zip(lines, mended, strict=True)}
            known, further = sum(one.unreadable for one in mended), sum(one.further for one in mended)
            _write_rows(connection, [one.path for one in mended], raw)
        connection.execute(f"CREATE VIEW resources AS SELECT * FROM {parquet(raw / '*.parquet')}")
        told = connection.execute("SELECT DISTINCT file, resource FROM resources WHERE file IS NOT NULL ORDER BY ALL")
        some = (row for rows in iter(lambda: told.fetchmany(1_000), []) for row in rows)
        refuse_what_is_not_all((known_as.get(file, file), line) for file, line in some)
        patients, resources, unreadable, nobodys, size = _one(
            connection,
            f"""SELECT count(DISTINCT nullif(patient, '')), count(type), count(*) FILTER (WHERE type IS NULL),
                count(*) FILTER (WHERE coalesce(patient, '') = '' AND type NOT IN ({NOBODYS})),
                coalesce(sum(strlen(resource)) FILTER (WHERE patient <> ''), 0) FROM resources""",
        )
        if not patients:
            raise NotAnExport(Said(_("{path} holds no resource of a patient", path=str(source))))
        if unreadable - further > known:  # whose they are was not asked: of nobody would be told that they are missing
            raise NotAnExport(
                Said(_("{path} holds lines that DuckDB does not read: mend or leave them out", path=str(source)))
            )
        types = frozenset(
            name
            for (name,) in connection.execute(
                f"SELECT DISTINCT type FROM resources WHERE type IS NOT NULL AND (patient <> '' OR type IN ({NOBODYS}))"
            ).fetchall()
        )
        medications = folder / MEDICATIONS
        medications.mkdir(exist_ok=True)
        connection.execute(
            f"""COPY (SELECT id, resource FROM resources WHERE type = 'Medication' AND id IS NOT NULL ORDER BY id)
            TO {quoted(medications / "all.parquet")} (FORMAT parquet)"""
        )
        wanted = max(-(-patients // patients_of_a_bucket), -(-int(size) // BYTES_OF_A_BUCKET))
        _divide(connection, raw, folder, buckets=min(MOST_BUCKETS, patients, wanted))
        raw.rmdir()
    for path in folder.glob("*.ndjson"):
        path.unlink()
    filled = tuple(sorted(int(path.name.partition("=")[2]) for path in folder.glob("bucket=*")))
    return Export(folder, filled, patients, resources, unreadable - further, nobodys, types, unreadable_in)


def _divide(connection: duckdb.DuckDBPyConnection, raw: Path, folder: Path, *, buckets: int) -> None:
    """Write the rows of the files in `raw` into buckets of patients, part by part; what was divided is deleted."""
    for part in sorted(raw.iterdir()):
        rows = parquet(part, "file_row_number = true")
        parts = connection.execute(
            f"""SELECT min(file_row_number), max(file_row_number) FROM (SELECT file_row_number,
                sum(strlen(resource)) OVER (ORDER BY file_row_number) // {BYTES_DIVIDED_AT_ONCE} AS place FROM {rows})
            GROUP BY place ORDER BY place"""
        ).fetchall()
        for first, last in parts:
            connection.execute(
                f"""COPY (SELECT patient, resource, hash(patient) % {buckets} AS bucket FROM {rows}
                WHERE patient <> '' AND file_row_number BETWEEN {first} AND {last})
                TO {quoted(folder)} (FORMAT parquet, PARTITION_BY bucket, APPEND)"""
            )
        part.unlink()


class LineTooLong(ValueError):
    """A line of a file is so long that DuckDB does not pass over it."""


def _write_rows(connection: duckdb.DuckDBPyConnection, lines: Sequence[Path], target: Path) -> None:
    """A row a line of the files, in Parquet files below `target`. Raises `LineTooLong`, and `CannotGroup`."""
    shutil.rmtree(target, ignore_errors=True)
    asked = {"files": [str(path) for path in lines], "longest": LONGEST_LINE}
    try:
        connection.execute(
            f"COPY ({_ROW}) TO {quoted(target)} (FORMAT parquet, FILE_SIZE_BYTES {BYTES_AT_ONCE})", asked
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:  # such as a gzip file that was cut off: whose lines are lacking nobody knows
        why = str(error).partition("\n")[0]
        raise (LineTooLong if '"maximum_object_size"' in why else CannotGroup)(why) from None


def _all_readable(connection: duckdb.DuckDBPyConnection, lines: Sequence[Path], target: Path) -> bool:
    """Write a row a line of the files; whether all of them could be read."""
    try:
        _write_rows(connection, lines, target)
    except LineTooLong:
        return False
    return _one(connection, f"SELECT count(*) FILTER (WHERE type IS NULL) FROM {parquet(target / '*.parquet')}") == (0,)


def of_this_process() -> duckdb.DuckDBPyConnection:
    """A connection to the one DuckDB of this process, which computes in one thread: making one takes longer than a patient."""
    return _of_this_process().cursor()


@cache
def _of_this_process() -> duckdb.DuckDBPyConnection:
    return connected(None, threads=1)


SPILLED = "spilled"
"""The folder of what DuckDB holds no more in memory; it holds what records say, and is deleted with what it lies in."""


def connected(spilled: Path | None, **choices: str | float | bool | list[str]) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory, with these choices of its configuration. Raises `CannotGroup` for one that it does not take.

    What memory does not hold is written into the folder `spilled`; without one nothing is, where DuckDB would write it into
    the folder that the command is given in.
    """
    try:
        return duckdb.connect(config=choices | {"temp_directory": "" if spilled is None else str(spilled)})
    except duckdb.Error as error:
        raise CannotGroup(str(error).partition("\n")[0]) from None


def quoted(path: Path) -> str:
    """A path as SQL has it."""
    return "'" + str(path).replace("'", "''") + "'"


def parquet(files: Path, *choices: str) -> str:
    """The table of Parquet files. What their folders are called is no column of it."""
    return f"read_parquet({', '.join((quoted(files), 'hive_partitioning = false', *choices))})"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    if row is None:
        raise ValueError(query)
    return row
