"""How many of a hundred faults of a site the shadow report finds within their week, and how often it gives a false alarm.

`make faults` simulates them through the whole service (`support/simulated_site.py`); it takes some twenty minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from support.simulated_site import Site, faults

WITHOUT = 40
"""Weeks without a fault."""

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


def main() -> None:
    """Simulate, and print a line a fault that was not found, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", type=int, default=WITHOUT, help="weeks without a fault")
    parser.add_argument("--seed", type=int, default=1, help="of the weeks before, and of those with a fault")
    told = parser.parse_args()
    where = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="osteocds-shadow-", dir=where) as folder:
        site = Site(Path(folder), seed=told.seed)
        found: Counter[str] = Counter()
        of: Counter[str] = Counter()
        for number, fault in enumerate(faults()):
            report = site.week(1000 * told.seed + number, fault)
            of[fault.kind] += 1
            if any(one.week == report.weeks[-1] for one in report.drifts):
                found[fault.kind] += 1
            else:
                print(f"not found: {fault}", flush=True)
        for kind in of:
            print(f"{kind}: {found[kind]} of {of[kind]}", flush=True)
        print(f"all: {found.total()} of {of.total()}", flush=True)
        false = [seed for seed in range(told.without) if site.week(500_000 + seed).drifts]
        print(f"weeks without a fault that gave an alarm: {len(false)} of {told.without}")


if __name__ == "__main__":
    main()
