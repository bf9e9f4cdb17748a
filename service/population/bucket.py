"""What one process of a screen does: the patients of a bucket, one after the other, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import orjson

from mappings.evidence import Resource
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.population.chart import Chart
from service.population.export import Export, of_this_process, quoted
from service.population.screening import CASE_COLUMNS, COLUMNS, SHEET_COLUMNS, Screened, Screening, not_asked
from service.services import published
from service.settings import Settings
from service.world import World

TABLES: Mapping[str, Sequence[str]] = {"findings": COLUMNS, "cases": CASE_COLUMNS, "sheets": SHEET_COLUMNS}
"""What is written of a bucket: the columns of each table, all of them texts."""

_screening: Screening | None = None
_types: frozenset[str] = frozenset()


def begin(settings: Settings, now: datetime, language: Language, types: frozenset[str]) -> None:
    """Load the rules and code lists, once a process. `types` are those that the export holds of anybody."""
    # A process of the pool has nowhere else to keep them.
    global _screening, _types
    world = World.from_settings(settings)
    services = published(GUIDELINES, split=False, terminology=world.terminology)
    _screening, _types = Screening(tuple(services.values()), world, now, language), types


def begin_a_process(*asked: Any) -> None:
    """Begin a process of the pool, which ends with the process of the screen, however that ends."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # of a terminal all processes get it, and one of them says so
    begin(*asked)


def _end_after(parent: Any) -> None:
    """Killed, it would tell nobody: its processes would wait for work, and hold records, for ever."""
    parent.join()
    os._exit(1)


def screened(patient: str, resources: Iterable[Resource]) -> Screened:
    """What a screen makes of one patient; where the record cannot be asked at all, that. Raises `RuntimeError` before `begin`."""
    if _screening is None:
        raise RuntimeError("the process was not begun")
    try:
        return _screening.of(Chart(patient, resources, _types, _screening.world.terminology))
    except Exception as error:  # noqa: BLE001 - as in asking a rule: one patient takes nobody else down
        return Screened([not_asked(patient, because=type(error).__name__)])


def rows_of(one: Screened) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The rows of each of the `TABLES`."""
    return {"findings": one.findings, "cases": one.cases, "sheets": one.sheets}


def screen_bucket(export: Export, parts: Path, bucket: int) -> int:
    """Write what comes of the patients of a bucket, as one folder that is there or is not."""
    unfinished = parts / f"{bucket}.{os.getpid()}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    with ExitStack() as opened:
        lines = {name: opened.enter_context((unfinished / f"{name}.ndjson").open("wb")) for name in TABLES}
        for patient, resources in export.patients_of(bucket):
            for name, rows in rows_of(screened(patient, resources)).items():
                lines[name].writelines(orjson.dumps(row) + b"\n" for row in rows)
    connection = of_this_process()
    for name, columns in TABLES.items():
        typed = ", ".join(f"\"{column}\": 'VARCHAR'" for column in columns)
        told = unfinished / f"{name}.ndjson"
        connection.execute(
            f"""COPY (SELECT * FROM read_json({quoted(told)}, format = 'newline_delimited', columns = {{{typed}}},
                hive_partitioning = false))
            TO {quoted(unfinished / f"{name}.parquet")} (FORMAT parquet)"""
        )
        told.unlink()
    try:
        unfinished.rename(part_of(parts, bucket))
    except OSError:  # a process that outlived its screen did the same
        if not part_of(parts, bucket).exists():
            raise
        shutil.rmtree(unfinished)
    return bucket


def without_unfinished(parts: Path) -> None:
    """Delete what a screen that was killed left: it may hold a table that is whole, of a bucket that is screened again."""
    for path in parts.glob("*.*"):
        shutil.rmtree(path, ignore_errors=True)


def part_of(parts: Path, bucket: int) -> Path:
    """Where the tables of a bucket lie once they are whole."""
    return parts / str(bucket)
