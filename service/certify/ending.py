"""What becomes of a certification that is told to end: what it wrote is deleted first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

TOLD_TO_END = (signal.SIGTERM, signal.SIGHUP)
"""Of who stops a container or a job, and of a terminal that is closed."""


@contextmanager
def as_by_hand() -> Iterator[None]:
    """While the block lasts these end it as Ctrl-C does, and so in order; what is ignored stays so (nohup)."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled(end, TOLD_TO_END):
        yield


@contextmanager
def not_now() -> Iterator[None]:
    """While the block lasts nothing ends it but `SIGKILL`: it is short, and would be left half done."""
    with _handled(signal.SIG_IGN, (signal.SIGINT, *TOLD_TO_END)):
        yield


@contextmanager
def _handled(
    handler: Callable[[int, FrameType | None], None] | signal.Handlers, signals: tuple[signal.Signals, ...]
) -> Iterator[None]:
    """Only the main thread hears signals; in another there is nothing to do."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: handled for one in signals if (handled := signal.getsignal(one)) is not signal.SIG_IGN}
    for one in before:
        signal.signal(one, handler)
    try:
        yield
    finally:
        for one, handled in before.items():
            signal.signal(one, signal.SIG_DFL if handled is None else handled)
