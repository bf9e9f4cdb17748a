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
from service.population.exported_files import ID, LONGEST_LINE, TYPE, CannotGroup, NotAnExport, lines_of, readable

PATIENTS_OF_A_BUCKET = 500
"""About so many patients are screened, and written, at once; what was not finished is begun again."""

MOST_BUCKETS = 1_000
"""Beyond these the buckets hold more patients: each is some files of its own."""

BYTES_AT_ONCE = 64_000_000
"""Of lines as they are packed. DuckDB holds all that it divides among buckets, so that an export is divided in parts."""

MOST_MEDICATIONS_OF_A_PATIENT = 5_000

MEDICATIONS = "medications"
"""The folder of what an export holds of Medications, sorted by id, as Parquet."""

NOBODYS = "'Medication', 'Practitioner', 'PractitionerRole', 'Organization', 'Location', 'Device'"
"""Types whose resources belong to no patient."""

_ROW = """
    SELECT told[1] AS type, told[2] AS id,
        CASE WHEN told[1] = 'Patient' THEN told[2]
        ELSE regexp_extract(coalesce(told[3], told[4], told[5], ''), 'Patient/(ID)', 1) END AS patient,
        resource
    FROM (
        SELECT json::VARCHAR AS resource, json_extract_string(json, ['$.resourceType', '$.id', '$.subject.reference',
            '$.patient.reference', '$.individual.reference']) AS told
        FROM read_ndjson_objects($files, ignore_errors = true, maximum_object_size = $longest, hive_partitioning = false)
    )
""".replace("(ID)", f"({ID})")
"""A line is parsed once for all that is asked of it."""


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
        unreadable_in: dict[str, int] = {}
        known = 0
        if not _all_readable(connection, lines, raw):
            mended = [readable(path, folder / f"{number}.ndjson") for number, path in enumerate(lines)]
            unreadable_in = counted_in(source, {path: n for path, (_mended, n) in zip(lines, mended, strict=True)})
            known = sum(number for _path, number in mended)
            _write_rows(connection, [path for path, _number in mended], raw)
        connection.execute(f"CREATE VIEW resources AS SELECT * FROM {parquet(raw / '*.parquet')}")
        patients, resources, unreadable, nobodys = _one(
            connection,
            f"""SELECT count(DISTINCT nullif(patient, '')), count(type), count(*) FILTER (WHERE type IS NULL),
                count(*) FILTER (WHERE coalesce(patient, '') = '' AND type NOT IN ({NOBODYS})) FROM resources""",
        )
        if not patients:
            raise NotAnExport(Said(_("{path} holds no resource of a patient", path=str(source))))
        if unreadable > known:  # whose they are was not asked: of nobody would be told that they are missing
            raise NotAnExport(
                Said(_("{path} holds lines that DuckDB does not read: mend or leave them out", path=str(source)))
            )
        types = frozenset(
            name
            for (name,) in connection.execute("SELECT DISTINCT type FROM resources WHERE type IS NOT NULL").fetchall()
        )
        medications = folder / MEDICATIONS
        medications.mkdir(exist_ok=True)
        connection.execute(
            f"""COPY (SELECT id, resource FROM resources WHERE type = 'Medication' AND id IS NOT NULL ORDER BY id)
            TO {quoted(medications / "all.parquet")} (FORMAT parquet)"""
        )
        buckets = min(MOST_BUCKETS, -(-patients // patients_of_a_bucket))
        for part in sorted(raw.iterdir()):
            connection.execute(
                f"""COPY (SELECT patient, resource, hash(patient) % {buckets} AS bucket FROM {parquet(part)}
                WHERE patient <> '') TO {quoted(folder)} (FORMAT parquet, PARTITION_BY bucket, APPEND)"""
            )
            part.unlink()
        raw.rmdir()
    for path in folder.glob("*.ndjson"):
        path.unlink()
    filled = tuple(sorted(int(path.name.partition("=")[2]) for path in folder.glob("bucket=*")))
    return Export(folder, filled, patients, resources, unreadable, nobodys, types, unreadable_in)


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


def parquet(files: Path) -> str:
    """The table of Parquet files. What their folders are called is no column of it."""
    return f"read_parquet({quoted(files)}, hive_partitioning = false)"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    if row is None:
        raise ValueError(query)
    return row
