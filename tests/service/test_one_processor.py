"""A worker keeps its threads on one processor at a time, where it may choose, and chooses anew."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from service.edge.one_processor import KEPT_SECONDS

ALLOWED = os.sched_getaffinity(0)

KEEPS = """
import contextlib, os, threading, time
from service.edge import one_processor
{before}
def where_they_run():
    for one in one_processor.THREADS.iterdir():
        with contextlib.suppress(ProcessLookupError):
            yield frozenset(os.sched_getaffinity(int(one.name)))
begun = [threading.Thread(target=time.sleep, args=(60,), daemon=True) for _ in range(3)]
for one in begun: one.start()
print(one_processor.keep_to_one_processor())
began, alone, anywhere = time.monotonic(), 0, 0
while time.monotonic() - began < {seconds}:
    where = set(where_they_run())
    alone += len(where) == 1 and len(next(iter(where))) == 1
    anywhere += any(len(one) > 1 for one in where)
    time.sleep(0.001)
print(alone > anywhere, anywhere > 0)
"""


def kept(before: str = "") -> list[str]:
    script = KEEPS.format(before=before, seconds=5 * KEPT_SECONDS)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.split()


def test_all_threads_stay_on_one_processor_and_are_let_go_now_and_then():
    if len(ALLOWED) == 1:
        assert kept() == ["False", "False", "False"]
    else:
        assert kept() == ["True", "True", "True"]


def test_where_there_is_one_processor_nothing_is_done():
    assert kept(f"os.sched_setaffinity(0, {{{min(ALLOWED)}}})")[0] == "False"


@pytest.mark.parametrize(
    "refused",
    [
        "def refuse(*_): raise PermissionError(1)\nos.sched_setaffinity = refuse",
        "import sys\nsys.platform = 'darwin'",
        "one_processor._current_processor = lambda: None",
    ],
    ids=["by a sandbox", "elsewhere than on Linux", "by a C library without it"],
)
def test_where_none_may_choose_threads_run_anywhere(refused):
    assert kept(refused)[0] == "False"


def test_a_thread_that_ends_meanwhile_is_no_matter():
    churn = (
        "def churns():\n"
        "    while True: threading.Thread(target=int).start()\n"
        "threading.Thread(target=churns, daemon=True).start()"
    )
    began = time.monotonic()
    assert kept(churn)[0] == ("True" if len(ALLOWED) > 1 else "False")
    assert time.monotonic() - began < 60
