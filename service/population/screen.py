"""`osteocds screen`: a whole export through the rules, bucket by bucket, in as many processes as there are cores.

Each bucket is written whole or not at all, so that a screen that was stopped goes on where it was, without loss or repetition.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson

from cds_hooks import ProtocolError
from mappings.wording import Said, _
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.ledger.fingerprints import fingerprint, of_rules, of_settings, of_value_sets
from service.population.chart import Chart
from service.population.export import PATIENTS_OF_A_BUCKET, Export, connected, grouped, quoted, stamps
from service.population.screening import COLUMNS, NOT_ASKED, ScreenedRule, Screening
from service.population.summary import counted
from service.rules.guideline import Guideline, versions
from service.services import published
from service.settings import Settings
from service.world import World

WORK = ".work"
"""Below the folder of the results: what is deleted at the end. It holds records of patients."""

MANIFEST = "screen.json"


class AnotherScreen(ValueError):
    """The folder holds the results of another screen; the message says what to do."""


@dataclass(frozen=True)
class Screen:
    """What is screened, as of which moment, with what, and where the results go."""

    source: Path
    out: Path
    settings: Settings
    now: datetime
    language: Language
    workers: int = 1
    memory: str = "1GB"
    patients_of_a_bucket: int = PATIENTS_OF_A_BUCKET

    def run(self, advance: Callable[[int, int], None] = lambda _done, _all: None) -> Mapping[str, Any]:
        """Screen what is not screened yet; the counts. `advance` is told the buckets that are done, and all of them.

        Raises `AnotherScreen`, `NotAnExport`, or `ValueError` for settings that cannot be used.
        """
        self._claim()
        export = self._grouped()
        parts = self.out / WORK / "parts"
        parts.mkdir(exist_ok=True)
        left = [bucket for bucket in export.buckets if not _part(parts, bucket).exists()]
        of_all = len(export.buckets)
        advance(of_all - len(left), of_all)
        for done, _bucket in enumerate(self._screened(export, parts, left), start=of_all - len(left) + 1):
            advance(done, of_all)
        return self._written(export, parts)

    def _claim(self) -> None:
        """Take the folder, or go on in it where it holds this screen, begun."""
        self.out.mkdir(parents=True, exist_ok=True)
        told = {
            "source": fingerprint(stamps(self.source)),
            "as of": self.now.isoformat(),
            "language": self.language.value,
            **{guideline.id: self._made_by(guideline) for guideline in GUIDELINES},
        }
        manifest, written = self.out / MANIFEST, orjson.dumps(told, option=orjson.OPT_INDENT_2)
        if manifest.exists() and manifest.read_bytes() != written:
            raise AnotherScreen(
                Said(_("{out} holds another screen: of other files, another day or other settings", out=str(self.out)))
            )
        manifest.write_bytes(written)

    def _made_by(self, guideline: Guideline) -> Mapping[str, Any]:
        """What answers are made by, as the ledger tells it."""
        return {
            "versions": versions(guideline),
            "rules": of_rules(guideline),
            "value sets": of_value_sets(guideline, self.settings.concept_maps),
            "settings": of_settings(World.from_settings(self.settings), guideline, str(self.settings.timezone)),
        }

    def _grouped(self) -> Export:
        """The export by patient; once, however often the screen is stopped."""
        work, folder = self.out / WORK, self.out / WORK / "patients"
        told = work / "export.json"
        if told.exists():
            members = orjson.loads(told.read_bytes())
            restored = {"folder": folder, "buckets": tuple(members["buckets"]), "types": frozenset(members["types"])}
            return Export(**members | restored)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        export = grouped(self.source, folder, memory=self.memory, patients_of_a_bucket=self.patients_of_a_bucket)
        members = asdict(export) | {"folder": "", "types": sorted(export.types)}
        _whole(told, orjson.dumps(members))
        return export

    def _screened(self, export: Export, parts: Path, left: Sequence[int]) -> Iterator[int]:
        """The buckets as they are done."""
        asked = (self.settings, self.now, self.language, export.types | self.settings.missing_resource_types)
        if self.workers <= 1:
            _begin(*asked)
            for bucket in left:
                yield _screen_bucket(export, parts, bucket)
            return
        # Spawned, not forked: what this process holds of threads and connections stays its own.
        with ProcessPoolExecutor(
            self.workers,
            mp_context=get_context("spawn"),
            initializer=_begin,
            initargs=asked,
        ) as pool:
            for done in as_completed([pool.submit(_screen_bucket, export, parts, bucket) for bucket in left]):
                yield done.result()

    def _written(self, export: Export, parts: Path) -> Mapping[str, Any]:
        """The parts as one Parquet and one CSV file, and what they come to."""
        findings = self.out / "findings.parquet"
        with connected(memory_limit=self.memory) as connection:
            connection.execute(f"CREATE VIEW findings AS SELECT * FROM read_parquet({quoted(parts / '*.parquet')})")
            ordered = "SELECT * FROM findings ORDER BY ALL"
            connection.execute(f"COPY ({ordered}) TO {quoted(findings)} (FORMAT parquet)")
            connection.execute(f"COPY ({ordered}) TO {quoted(self.out / 'findings.csv')} (FORMAT csv, HEADER)")
            counts = counted(connection, export)
        (self.out / "summary.json").write_bytes(orjson.dumps(counts, option=orjson.OPT_INDENT_2))
        shutil.rmtree(self.out / WORK)
        return counts


# --- in a worker ------------------------------------------------------------------------------------------------------

_screening: Screening | None = None
_types: frozenset[str] = frozenset()


def _begin(settings: Settings, now: datetime, language: Language, types: frozenset[str]) -> None:
    """Load the rules and code lists, once a process."""
    # A process of the pool has nowhere else to keep them.
    global _screening, _types
    world = World.from_settings(settings)
    services = published(GUIDELINES, split=False, terminology=world.terminology)
    _screening, _types = Screening(tuple(services.values()), world, now, language), types


def _screen_bucket(export: Export, parts: Path, bucket: int) -> int:
    """Write the findings of a bucket."""
    screening = _screening
    if screening is None:
        raise RuntimeError("the worker was not begun")
    lines = parts / f"{bucket}.{os.getpid()}.ndjson"
    with lines.open("wb") as written:
        for patient, resources in export.patients_of(bucket):
            chart = Chart(patient, resources, _types, screening.world.terminology)
            for finding in _of_patient(screening, chart):
                written.write(orjson.dumps(finding) + b"\n")
    columns = ", ".join(f"\"{name}\": 'VARCHAR'" for name in COLUMNS)
    target = _part(parts, bucket)
    unfinished = target.with_suffix(f".{os.getpid()}")
    with connected(threads=1) as connection:
        connection.execute(
            f"""COPY (SELECT * FROM read_json({quoted(lines)}, format = 'newline_delimited', columns = {{{columns}}}))
            TO {quoted(unfinished)} (FORMAT parquet)"""
        )
    unfinished.replace(target)
    lines.unlink()
    return bucket


def _of_patient(screening: Screening, chart: Chart) -> Iterable[ScreenedRule]:
    """The findings of a patient; where the record cannot be asked at all, that."""
    try:
        return list(screening.of(chart))
    except (ProtocolError, ValueError) as error:
        nothing = dict.fromkeys(COLUMNS, "")
        return [nothing | {"patient": chart.patient_id, "outcome": NOT_ASKED, "because": type(error).__name__}]


def _part(parts: Path, bucket: int) -> Path:
    return parts / f"{bucket}.parquet"


def _whole(path: Path, held: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(held)
    unfinished.replace(path)
