"""How fast a screen is, what it holds, and how both grow with the number of patients: `make population`.

Synthetic cohorts of known truth are screened by one process, by two, and on Spark, beside each other in one run, each in a
process of its own whose processor time and memory (with that of its children) are counted. What was found is held against the
truth before anything is counted. Sizes grow as long as the next one will be done within the seconds that are given, each engine
for itself, the fastest first. From the sizes that were measured the time of larger ones is reckoned (a straight line through
them); those rows are marked. The table is as docs/screening.md has it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from support.held_by_processes import mebibytes, processor_seconds, with_those_below

from service.population.synthesis import TRUTH, synthesize

AS_OF = "2026-11-30T08:00"
DAY = date(2026, 11, 30)
ONE, TWO, SPARK = "1 process", "2 processes", "Spark local[2]"
ENGINES = {
    ONE: ("--workers", "1"),
    TWO: ("--workers", "2"),
    SPARK: ("--engine", "spark", "--master", "local[2]"),
}
SIZES = (1_000, 10_000, 30_000, 100_000, 1_000_000)
SYNTHESIZED_A_SECOND = 4_000
"""Patients, at least, of a cohort that is written."""

SAMPLE_SECONDS = 0.2


@dataclass(frozen=True)
class Measured:
    """One screen: its seconds, those of processors, and the most memory (MiB) that its processes held together."""

    engine: str
    patients: int
    seconds: float
    processor: float
    mebibytes: float
    reckoned: bool = False

    def row(self) -> str:
        rate = self.patients / self.processor if self.processor else 0
        mark = " (reckoned)" if self.reckoned else ""
        memory = "" if self.reckoned else f"{self.mebibytes:,.0f} MiB"
        return (
            f"| {self.engine}{mark} | {self.patients:,} | {self.seconds:,.0f} s | {self.patients / self.seconds:,.0f} "
            f"| {rate:,.0f} | {memory} |"
        )


def measured(engine: str, cohort: Path, patients: int, out: Path) -> Measured:
    """Screen a cohort, and hold what was found against the truth."""
    command = [sys.executable, "-m", "service", "screen", str(cohort), "--out", str(out), "--as-of", AS_OF]
    began, most = time.monotonic(), 0.0
    processor: dict[int, float] = {}
    with subprocess.Popen(
        [*command, *ENGINES[engine]],
        env={"SPARK_LOCAL_IP": "127.0.0.1", **os.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        while process.poll() is None:
            now = list(with_those_below(process.pid))
            most = max(most, sum(map(mebibytes, now)))
            processor |= {one: max(processor.get(one, 0), processor_seconds(one)) for one in now}
            time.sleep(SAMPLE_SECONDS)
        seconds = time.monotonic() - began
        if process.returncode:
            raise SystemExit((process.stderr.read() if process.stderr else b"").decode()[-2000:])
    agree(cohort, out)
    return Measured(engine, patients, seconds, sum(processor.values()), most)


def agree(cohort: Path, out: Path) -> None:
    """What is advised is what was planted. Raises `SystemExit` where it is not."""
    paths = {"truth": str(cohort / TRUTH), "found": str(out / "findings.parquet")}
    # An empty text of a CSV file is read as none.
    told = """
        WITH planted AS (
            SELECT patient, hook, coalesce("order", '') AS "order", rule, indicator FROM read_csv($truth, all_varchar = true)
        ), found AS (
            SELECT patient, hook, "order", rule, indicator FROM read_parquet($found) WHERE outcome = 'advises'
        )
        (SELECT * FROM planted EXCEPT ALL SELECT * FROM found) UNION ALL (SELECT * FROM found EXCEPT ALL SELECT * FROM planted)
    """
    if duckdb.execute(told, paths).fetchall():
        raise SystemExit(f"the screen of {cohort} does not find what was planted")


def reckoned(engine: str, told: Sequence[Measured], sizes: Sequence[int]) -> Iterator[Measured]:
    """The sizes that were not measured, by a straight line through the two largest that were."""
    of_engine = sorted((one for one in told if one.engine == engine), key=lambda one: one.patients)
    if len(of_engine) < 2:
        return
    small, large = of_engine[-2:]
    for size in sizes:
        if size > large.patients:
            share = (size - large.patients) / (large.patients - small.patients)
            seconds = large.seconds + share * (large.seconds - small.seconds)
            processor = large.processor + share * (large.processor - small.processor)
            yield Measured(engine, size, seconds, processor, 0, reckoned=True)


def will_take(size: int, engine: str, told: Sequence[Measured]) -> float:
    """The seconds that an engine takes of a size, by those of the one before: larger ones never took less of each patient."""
    before = max((one for one in told if one.engine == engine), key=lambda one: one.patients, default=None)
    return before.seconds * size / before.patients if before else 0.0


def have_time(size: int, engines: Sequence[str], told: Sequence[Measured], seconds: float) -> Iterator[str]:
    """The engines that screen a size within these seconds, one after the other, the fastest first."""
    for engine in sorted(engines, key=lambda one: will_take(size, one, told)):
        if (needed := will_take(size, engine, told)) <= seconds:
            seconds -= needed
            yield engine


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES, help="patients of each cohort, the smallest first"
    )
    parser.add_argument("--engines", nargs="*", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600, help="all of it may take, as far as that can be told")
    chosen = parser.parse_args()
    told: list[Measured] = []
    ends = time.monotonic() + chosen.seconds
    say("| engine | patients | time | patients a second | a second of a core | memory |")
    say("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size in chosen.sizes:
            engines = list(have_time(size, chosen.engines, told, ends - time.monotonic() - size / SYNTHESIZED_A_SECOND))
            if not engines:
                continue
            cohort = Path(folder) / f"cohort-{size}"
            synthesize(size, chosen.seed, DAY, cohort)
            for engine in engines:
                out = Path(folder) / "out"
                told.append(measured(engine, cohort, size, out))
                say(told[-1].row())
                shutil.rmtree(out)
            shutil.rmtree(cohort)
    for engine in chosen.engines:
        for one in reckoned(engine, told, chosen.sizes):
            say(one.row())


if __name__ == "__main__":
    main()
