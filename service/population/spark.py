"""A screen on Spark, where one machine is too small: Spark groups the lines by patient, and the same code screens them.

Spark's own reader finds whose a line is and sorts the lines of a patient, as DuckDB does on one machine; a task screens its
patients one after the other, and what it writes counts once it is whole, whichever executor is lost.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from mappings.wording import Said, _
from service.population.bucket import TABLES, begin, rows_of, screened
from service.population.export import (
    MEDICATIONS,
    NOBODYS,
    Export,
    counted_in,
    medications_of,
    read_line,
    with_medications,
)
from service.population.exported_files import (
    DOCUMENTS_AS_LINES,
    ID,
    LONE_SURROGATE,
    LONGEST_LINE,
    MOST_TOLD_OF_A_LINE,
    NO_NUMBER,
    OF_A_PATIENT,
    OWN_ID,
    PATIENT_AND_ID,
    SUBJECT,
    TOLD_OF_THE_EXPORT,
    TYPE,
    NotAnExport,
    refuse_what_is_not_all,
)

PATIENTS_OF_A_TASK = 2_000
SECONDS_TO_END = 30

Asked = tuple[Any, ...]
"""What a process is begun with, but for the types that were exported."""


class SparkFailed(ValueError):
    """Spark is not there, or could not do it; the message says what to do."""


def screen_on_spark(
    source: Path, files: Sequence[Path], folder: Path, master: str, asked: Asked, also_exported: frozenset[str]
) -> Export:
    """Write what comes of all patients of the `files` (NDJSON) of a source into `folder`, a row of JSON each, by table.

    Raises `SparkFailed`, and `NotAnExport` where they hold no patient.
    """
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415 - for this engine alone
        from pyspark.sql import SparkSession  # noqa: PLC0415 - as above
    except ImportError as error:
        raise SparkFailed(
            Said(_("this needs Spark: pip install {extra}", extra="'osteocds[population,spark]'"))
        ) from error
    builder = (
        SparkSession.builder.appName("osteocds screen")
        .master(master)
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", str(sys.stderr.isatty()).lower())
        .config("spark.pyspark.python", sys.executable)
        .config("spark.executorEnv.PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    )
    try:
        session = builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise SparkFailed(Said(_("Spark could not be started ({error})", error=type(error).__name__))) from error
    try:
        return _screened(session, source, files, folder, asked, also_exported)
    finally:
        _end(session)


def _end(session: Any) -> None:
    """End Spark with its JVM, which would hold the memory that it took until this process ends."""
    context, gateway = type(session.sparkContext), session.sparkContext._gateway  # noqa: SLF001 - there is no other way
    session.stop()
    if gateway.proc is not None:  # spark-submit began the JVM otherwise, and ends it
        gateway.shutdown()
        gateway.proc.terminate()
        try:
            gateway.proc.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            gateway.proc.kill()
        context._gateway = context._jvm = None  # noqa: SLF001 - else the next session asks a JVM that is gone


def _screened(
    session: Any, source: Path, files: Sequence[Path], folder: Path, asked: Asked, also_exported: frozenset[str]
) -> Export:
    from pyspark import StorageLevel  # noqa: PLC0415 - for this engine alone

    # On disk: in memory it would fill the heap, and still be written where that is too small.
    lines = _lines(session, files).persist(StorageLevel.DISK_ONLY)
    counts = lines.selectExpr(
        "count(distinct nullif(patient, '')) AS patients",
        "count(type) AS resources",
        "count_if(type IS NULL AND place = 0) AS unreadable",
        f"count_if(type IS NOT NULL AND coalesce(patient, '') = '' AND type NOT IN ({NOBODYS})) AS nobodys",
        f"collect_set(CASE WHEN patient <> '' OR type IN ({NOBODYS}) THEN type END) AS types",
    ).first()
    told = lines.where(f"type IN ({TOLD_OF_THE_EXPORT})").select("file", "resource").distinct().sort("file", "resource")
    as_lines = {folder.parent / DOCUMENTS_AS_LINES: source}
    refuse_what_is_not_all(
        (str(as_lines.get(path, path)), line)
        for path, line in ((_path_of(row["file"]), row["resource"]) for row in told.toLocalIterator())
    )
    if not counts["patients"]:
        raise NotAnExport(Said(_("{path} holds no resource of a patient", path=str(files[0].parent))))
    of_medications = lines.where("type = 'Medication' AND id IS NOT NULL").select("id", "resource")
    of_medications.sort("id", "resource").write.mode("overwrite").parquet(str(folder.parent / MEDICATIONS))
    types = frozenset(counts["types"])
    tasks = max(session.sparkContext.defaultParallelism * 2, -(-counts["patients"] // PATIENTS_OF_A_TASK))
    of_patients = lines.where("patient <> ''").select("patient", "resource")
    grouped = of_patients.repartition(tasks, "patient").sortWithinPartitions("patient", "resource")
    found = grouped.rdd.mapPartitions(_task((*asked, types | also_exported), folder.parent))
    written = session.createDataFrame(found, "name string, row string", verifySchema=False)
    written.write.mode("overwrite").partitionBy("name").parquet(str(folder))
    unreadable_in = counted_in(source, _unreadable_in(lines)) if counts["unreadable"] else {}
    return Export(
        folder,
        (),
        counts["patients"],
        counts["resources"],
        counts["unreadable"],
        counts["nobodys"],
        types,
        unreadable_in,
    )


def _unreadable_in(lines: Any) -> dict[Path, int]:
    """How many lines cannot be read of which file."""
    rows = lines.where("type IS NULL AND place = 0").groupBy("file").count().collect()
    return {_path_of(row["file"]): row["count"] for row in rows}


def _path_of(address: str) -> Path:
    return Path(unquote(urlsplit(address).path))


# As `told_of` writes it.
NAMED = f"""array_distinct(concat(regexp_extract_all(value, r'{SUBJECT}', 1),
    regexp_extract_all(value, r'{PATIENT_AND_ID}', 1)))"""
TYPES = f"array_distinct(regexp_extract_all(value, r'{TYPE}', 1))"
UNREADABLE = f"""concat('{{"of":[', CASE WHEN cardinality({NAMED}) * cardinality({TYPES}) > {MOST_TOLD_OF_A_LINE} THEN ''
    ELSE array_join(transform({TYPES}, one -> concat('{{"resourceType":"', one, '"}}')), ',') END, '],{NO_NUMBER}')"""
OF_WHOM = f"""CASE WHEN cardinality({NAMED}) > 0 THEN {NAMED}
    WHEN value RLIKE r'{OF_A_PATIENT}' THEN array(regexp_extract(value, r'{OWN_ID}', 1)) ELSE array('') END"""
IS_JSON = f"""octet_length(value) <= {LONGEST_LINE} AND is_valid_utf8(value) AND NOT value RLIKE r'{LONE_SURROGATE}'
    AND size(from_json(concat('[', value, ']'), 'array<struct<resourceType:string>>',
        map('allowSingleQuotes', 'false'))) = 1"""
"""Spark reads an object and looks no further: of a list it sees where it ends, and what comes after."""
REFERENCES = ("subject", "patient", "individual", "subject[0]", "patient[0]")


def _lines(session: Any, files: Sequence[Path]) -> Any:
    """A row a line: the type, the id and the patient of its resource.

    Of one that cannot be read there is no type, but its file, and a row a patient that it names, in their `place`.
    """
    whose = ", ".join(f"get_json_object(value, '$.{one}.reference')" for one in REFERENCES)
    return (
        session.read.option("lineSep", "\n")
        .text([str(path) for path in files])
        .selectExpr(r"trim(BOTH ' \t\r' FROM value) AS value", "input_file_name() AS file")
        .where("length(value) > 0")
        .selectExpr(
            f"CASE WHEN {IS_JSON} THEN get_json_object(value, '$.resourceType') END AS type",
            "get_json_object(value, '$.id') AS id",
            f"regexp_extract(coalesce({whose}, ''), 'Patient/({ID})', 1) AS named",
            "file",
            "value",
        )
        .selectExpr(
            "type",
            "id",
            f"CASE WHEN type IS NULL THEN {OF_WHOM} WHEN type = 'Patient' THEN array(id) ELSE array(named) END AS patients",
            f"CASE WHEN type IS NULL OR type IN ({TOLD_OF_THE_EXPORT}) THEN file END AS file",
            f"CASE WHEN type IS NULL THEN {UNREADABLE} ELSE value END AS resource",
        )
        .selectExpr("type", "id", "file", "resource", "posexplode(patients) AS (place, patient)")
    )


def _task(asked: Asked, work: Path) -> Callable[[Iterable[Any]], Iterator[tuple[str, str]]]:
    """What an executor does with its patients, which come one after the other; the Medications lie in `work`."""

    def screen_all(rows: Iterable[Any]) -> Iterator[tuple[str, str]]:
        begin(*asked)
        look_up = medications_of(work)
        for patient, of_patient in groupby(rows, key=itemgetter(0)):
            resources = [one for _patient, resource in of_patient for one in read_line(resource)]
            of_tables = rows_of(screened(patient, with_medications(resources, look_up)))
            for name in TABLES:
                for row in of_tables[name]:
                    yield name, orjson.dumps(row).decode()

    return screen_all
