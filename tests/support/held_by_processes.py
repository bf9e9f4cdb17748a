"""A process and those that it began: which they are, what they hold of the machine (Linux, proc(5)), and to hold them still."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

KIB = 1024


def with_those_below(ancestor: int) -> Iterator[int]:
    """A process and those that descend from it, those that have ended meanwhile left out."""
    yield ancestor
    with suppress(OSError):
        for begun in Path(f"/proc/{ancestor}/task").glob("*/children"):
            for one in begun.read_text(encoding="ascii").split():
                yield from with_those_below(int(one))


def mebibytes(process: int) -> float:
    """The memory of a process; what it shares with others counts for each in part. 0 where it has ended."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / KIB
    return 0.0


def processor_seconds(process: int) -> float:
    """The seconds of processors that a process has taken. 0 where it has ended."""
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


@contextmanager
def held_still(processes: Sequence[int]) -> Iterator[None]:
    """Stop these processes, as a debugger does, while the block lasts."""
    for one in processes:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in processes:
            os.kill(one, signal.SIGCONT)
