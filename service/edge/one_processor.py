"""The threads of a worker on one processor at a time: on several they do little but hand each other the interpreter.

One thread holds the interpreter. To hand it to a thread that sleeps on another processor takes longer than most of what
is computed in between: a hook whose record is left to a FHIR server costs half as much again. The kernel chooses the processor,
and chooses anew four times a second, so that a worker does not stay on one that others want.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

KEPT_SECONDS = 0.25
"""How long they stay on one."""

LOOSE_SECONDS = 0.005
"""How long they may run anywhere in between, until the kernel has put one where there is room."""

THREADS = Path("/proc/self/task")
"""Linux, proc(5)."""


def keep_to_one_processor() -> bool:
    """Keep the threads of this process together from now on; False where it has one processor, or may not choose."""
    if sys.platform != "linux":
        return False
    allowed = frozenset(os.sched_getaffinity(0))
    current = _current_processor()
    if len(allowed) == 1 or current is None or not run_on(allowed):
        return False
    threading.Thread(target=_keep, args=(allowed, current), name="processor", daemon=True).start()
    return True


def _keep(allowed: frozenset[int], current: Callable[[], int]) -> None:
    while True:
        time.sleep(LOOSE_SECONDS)
        run_on({current()})
        time.sleep(KEPT_SECONDS)
        run_on(allowed)


def run_on(processors: Iterable[int]) -> bool:
    """Have every thread of this process run on these; one that begins later runs where that does which begins it.

    False where a sandbox lets no process choose.
    """
    try:
        for thread in THREADS.iterdir():
            with suppress(ProcessLookupError):  # it has ended
                os.sched_setaffinity(int(thread.name), processors)
    except OSError:
        return False
    return True


def _current_processor() -> Callable[[], int] | None:
    """What tells on which processor a thread runs; None where the C library does not."""
    return getattr(ctypes.CDLL(None), "sched_getcpu", None)
