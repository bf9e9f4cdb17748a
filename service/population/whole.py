"""Files that are there whole or not at all, whenever whoever writes them is killed."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, held: bytes) -> None:
    """Write beside it, then give it its name."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(held)
    unfinished.replace(path)
