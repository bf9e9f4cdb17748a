"""`osteocds screen`: a whole export through the rules, bucket by bucket, in as many processes as there are cores.

Each bucket is written whole or not at all, so that a screen that was stopped goes on where it was, without loss or repetition.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import orjson

from mappings.wording import Said, _
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.ledger.fingerprints import fingerprint, of_rules, of_settings, of_value_sets
from service.population.bucket import TABLES, begin, begin_a_process, part_of, screen_bucket, without_unfinished
from service.population.export import PATIENTS_OF_A_BUCKET, SPILLED, Export, connected, grouped, parquet, quoted
from service.population.exported_files import CannotGroup, lines_of, refuse_names_of_several, stamps
from service.population.spreadsheets import write_csv
from service.population.summary import INDICATORS, counted
from service.population.summary_page import summary_page
from service.population.whole import write_whole
from service.rules.guideline import Guideline, versions
from service.settings import Settings
from service.world import World

WORK = ".work"
"""Below the folder of the results: what is deleted at the end. It holds records of patients."""

MANIFEST = "screen.json"

INTERRUPTED = "Query interrupted"
"""What DuckDB's library for Python makes of Ctrl-C."""


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
    spark_master: str = ""
    """Where Spark does it; empty: processes of this machine do."""

    def run(self, advance: Callable[[int, int], None] = lambda _done, _all: None) -> Mapping[str, Any]:
        """Screen what is not screened yet; the counts. `advance` is told the buckets that are done, and all of them.

        Raises `AnotherScreen`, `NotAnExport`, `CannotGroup`, or `ValueError` for settings that cannot be used.
        """
        refuse_names_of_several(self.out)
        self._claim()
        try:
            return self._written(*self._on_spark()) if self.spark_master else self._here(advance)
        except duckdb.OutOfMemoryException:
            raise CannotGroup(
                Said(
                    _(
                        "{memory} of memory are too little for this export: give the same command again, with more --memory",
                        memory=self.memory,
                    )
                )
            ) from None
        except duckdb.Error as error:  # such as a disk that is full
            raise CannotGroup(str(error).partition("\n")[0]) from None
        except BrokenProcessPool:
            raise CannotGroup(
                Said(
                    _(
                        "a process of the screen was killed, perhaps for want of memory: give the same command again, with fewer "
                        "--workers"
                    )
                )
            ) from None
        except RuntimeError as error:
            if str(error) == INTERRUPTED:
                raise KeyboardInterrupt from None
            raise

    def _here(self, advance: Callable[[int, int], None]) -> Mapping[str, Any]:
        """By processes of this machine."""
        export = self._grouped()
        parts = self.out / WORK / "parts"
        parts.mkdir(exist_ok=True)
        without_unfinished(parts)
        left = [bucket for bucket in export.buckets if not part_of(parts, bucket).exists()]
        of_all = len(export.buckets)
        advance(of_all - len(left), of_all)
        for done, _bucket in enumerate(self._screened(export, parts, left), start=of_all - len(left) + 1):
            advance(done, of_all)
        return self._written(export, parts)

    def _claim(self) -> None:
        """Take the folder, or go on in it where it holds this screen, begun."""
        source, out = self.source.resolve(), self.out.resolve()
        if source == out or (source in out.parents and source.is_dir()):
            raise AnotherScreen(
                Said(
                    _(
                        "{out} lies in the export, which would hold its own results then: name a folder elsewhere",
                        out=str(self.out),
                    )
                )
            )
        self.out.mkdir(parents=True, exist_ok=True)
        told = {
            "source": fingerprint(stamps(self.source)),
            "as of": self.now.isoformat(),
            "language": self.language.value,
            **{guideline.id: self._made_by(guideline) for guideline in GUIDELINES},
        }
        manifest, written = self.out / MANIFEST, orjson.dumps(told, option=orjson.OPT_INDENT_2)
        if manifest.exists() and manifest.read_bytes() != written:
            if self._holds_findings():
                raise AnotherScreen(
                    Said(
                        _(
                            "{out} holds another screen: of other files, another day or other settings; name another folder, or "
                            "delete this one",
                            out=str(self.out),
                        )
                    )
                )
            shutil.rmtree(self.out / WORK, ignore_errors=True)  # it failed before anybody was screened
        if not manifest.exists() or manifest.read_bytes() != written:
            write_whole(manifest, written)

    def _holds_findings(self) -> bool:
        """Somebody was screened into the folder."""
        work = self.out / WORK
        results = (self.out / f"{name}.parquet" for name in TABLES)
        return any(path.exists() for path in (*results, work / "spark.json", *work.glob("parts/[0-9]*")))

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
        write_whole(told, orjson.dumps(members))
        return export

    def _on_spark(self) -> tuple[Export, Path]:
        """What Spark makes of it, once."""
        from service.population.spark import screen_on_spark  # noqa: PLC0415 - for this engine alone

        work = self.out / WORK
        told, parts = work / "spark.json", work / "spark"
        if told.exists():
            members = orjson.loads(told.read_bytes())
            restored = {"folder": parts, "buckets": (), "types": frozenset(members["types"])}
            return Export(**members | restored), parts
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        export = screen_on_spark(
            self.source,
            lines_of(self.source, work),
            parts,
            self.spark_master,
            (self.settings, self.now, self.language),
            self.settings.missing_resource_types,
        )
        write_whole(told, orjson.dumps(asdict(export) | {"folder": "", "types": sorted(export.types)}))
        return export, parts

    def _screened(self, export: Export, parts: Path, left: Sequence[int]) -> Iterator[int]:
        """The buckets as they are done."""
        asked = (self.settings, self.now, self.language, export.types | self.settings.missing_resource_types)
        if self.workers <= 1:
            begin(*asked)
            for bucket in left:
                yield screen_bucket(export, parts, bucket)
            return
        # Spawned, not forked: what this process holds of threads and connections stays its own.
        with ProcessPoolExecutor(
            self.workers,
            mp_context=get_context("spawn"),
            initializer=begin_a_process,
            initargs=asked,
        ) as pool:
            try:
                for done in as_completed([pool.submit(screen_bucket, export, parts, bucket) for bucket in left]):
                    yield done.result()
            finally:  # stopped, it ends with the buckets that are under way
                pool.shutdown(wait=False, cancel_futures=True)

    def _written(self, export: Export, parts: Path) -> Mapping[str, Any]:
        """The parts as one Parquet and one CSV file of each kind, and what they come to."""
        with connected(self.out / WORK / SPILLED, memory_limit=self.memory) as connection:
            for name, columns in TABLES.items():
                connection.execute(f"CREATE VIEW {name} AS {_held(parts, name, columns)}")
            connection.execute(f"CREATE VIEW indicators AS {INDICATORS}")
            for name in (*TABLES, "indicators"):
                table = (self.out / name).with_suffix(".parquet")
                connection.execute(f"COPY (SELECT * FROM {name} ORDER BY ALL) TO {quoted(table)} (FORMAT parquet)")
                if name != "sheets":  # as it was sorted, once
                    write_csv(connection, parquet(table), table.with_suffix(".csv"))
            counts = counted(connection, export)
        page = summary_page(counts, self.settings, self.now, self.language)
        (self.out / "summary.html").write_text(page, encoding="utf-8")
        (self.out / "summary.json").write_bytes(orjson.dumps(counts, option=orjson.OPT_INDENT_2))
        for name in ("export.json", "spark.json"):
            (self.out / WORK / name).unlink(missing_ok=True)  # killed from here on, nobody goes on with half of it
        shutil.rmtree(self.out / WORK)
        return counts


def _held(parts: Path, name: str, columns: Sequence[str]) -> str:
    """The query of a table of the parts: as buckets hold it, or rows of JSON as Spark writes them."""
    if not list(parts.glob("name=*")):
        return f"SELECT * FROM {parquet(parts / '*' / f'{name}.parquet')}"
    if not (parts / f"name={name}").exists():
        nothing = ", ".join(f"''::VARCHAR AS \"{one}\"" for one in columns)
        return f"SELECT {nothing} WHERE false"
    told = ", ".join(f"row ->> '$.{one}' AS \"{one}\"" for one in columns)
    return f"SELECT {told} FROM {parquet(parts / f'name={name}' / '*.parquet')}"
