"""`osteocds`, or `python -m service`: the commands, loaded and ended without the garbage collector.

Nothing that is loaded is ever garbage, and to look through it again and again takes a fifth of the time of a short command.
"""

from __future__ import annotations

import gc


def main() -> None:
    """Load the commands and run the one that is asked."""
    gc.disable()
    from service.cli import main as commands  # noqa: PLC0415 - after the collector is off

    gc.freeze()
    gc.enable()
    try:
        commands()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
