"""The list of surviving mutants: which entry of `mutation_survivors.md` speaks of which mutant of the program.

An entry is known by its change and the line that is changed; its place is a hint. The mutant at that place is meant; where
there is none any more, because a function or a file got another name, another one with the same change of the same line,
if no other entry means it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tools.mutants import Mutant

ENTRY = re.compile(r"- (?P<change>`.+?` → `.*?`(?: \(\d+\))? in `.*?`) — (?P<why>.+) \[(?P<place>[^\[\]]+)\]")


@dataclass(frozen=True)
class Entry:
    """One explanation: of which change, where it stood, and why no test can kill it."""

    change: str
    why: str
    place: str

    def __str__(self) -> str:
        return f"{self.change} [{self.place}]"


def read_entries(text: str) -> list[Entry]:
    """The entries of the file. Raises `ValueError` for a line that looks like one and is none."""
    found = []
    for line in text.splitlines():
        if line.startswith("- `"):
            match = ENTRY.fullmatch(line)
            if match is None:
                raise ValueError(f"not an entry «- `before` → `after` in `line` — why [place]»: {line}")
            found.append(Entry(**match.groupdict()))
    return found


@dataclass(frozen=True)
class Explained:
    """The names of the mutants that are explained, and the entries that are left over: their change is no more."""

    by_name: dict[str, Entry]
    gone: list[Entry]


def explained(entries: Iterable[Entry], mutants: Iterable[Mutant]) -> Explained:
    """Which entry speaks of which mutant of the whole program."""
    by_change: dict[str, dict[str, Mutant]] = {}
    for mutant in mutants:
        by_change.setdefault(mutant.change, {})[mutant.place] = mutant
    by_name: dict[str, Entry] = {}
    moved: list[Entry] = []
    for entry in entries:
        mutant = by_change.get(entry.change, {}).pop(entry.place, None)
        if mutant is None:
            moved.append(entry)
        else:
            by_name[mutant.name] = entry
    gone: list[Entry] = []
    for entry in moved:
        others = by_change.get(entry.change, {})
        if others:
            by_name[others.pop(next(iter(others))).name] = entry
        else:
            gone.append(entry)
    return Explained(by_name, gone)
