"""What of each rule is written otherwise in another version: its code, its figures, its settings, or its words alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from pathlib import Path
from typing import Any

from service.impact.source_text import BESIDES, Definition, SourceText, Written

Told = Mapping[str, Any]

ABSENT = "—"
"""A figure or a setting that one version has not."""


@dataclass(frozen=True)
class Figure:
    """A figure of a definition, or a setting, under both versions."""

    where: str
    old: str
    new: str


@dataclass(frozen=True)
class RuleChange:
    """What differs of a rule: definitions whose code does, figures, settings that it rests on; `words`: what it says."""

    rule: str
    code: tuple[str, ...]
    figures: tuple[Figure, ...]
    settings: tuple[str, ...]
    words: bool
    days: int

    @property
    def answers(self) -> bool:
        """Its answers may be others."""
        return bool(self.code or self.figures or self.settings)


@dataclass(frozen=True)
class Rewritten:
    """All that is written otherwise: rules of one version alone, the rules of both, settings, the files that read a record."""

    gone: tuple[str, ...]
    added: tuple[str, ...]
    rules: tuple[RuleChange, ...]
    settings: tuple[tuple[str, str, str], ...]
    road: tuple[str, ...]


def written_changes(roots: tuple[Path, Path], told: tuple[Told, Told]) -> Rewritten:
    """Compare what both versions tell of one guideline (`arithmetic.told`), and the source that it is written in.

    Raises `LookupError`, `OSError` and `SyntaxError` where the source is not there or cannot be read.
    """
    settings = {
        **_changed(told, "defaults"),
        **_changed(told, "settings"),
    }
    names = frozenset(name for one in told for name in one["settings"])
    sources = [SourceText(root, names) for root in roots]
    old, new = (one["rules"] for one in told)
    return Rewritten(
        tuple(rule for rule in old if rule not in new),
        tuple(rule for rule in new if rule not in old),
        tuple(
            _of_rule(
                rule,
                _closure(sources[0], old[rule]),
                _closure(sources[1], new[rule]),
                _settings_of(rule, told),
                settings,
            )
            for rule in new
            if rule in old
        ),
        tuple((name, *both) for name, both in settings.items()),
        (*sources[0].road_unlike(sources[1]), *_brought(sources, told)),
    )


def _brought(sources: list[SourceText], told: tuple[Told, Told]) -> Iterator[str]:
    """The definitions of what a guideline brings to the reading of records, scores and analytes, that differ."""
    old, new = (_closure(source, one["brings"]) for source, one in zip(sources, told, strict=True))
    for one in sorted(_differing(old, new)):
        before, after = old.get(one), new.get(one)
        if before is None or after is None or (before.code, before.figures) != (after.code, after.figures):
            yield ".".join(one)


def _changed(told: tuple[Told, Told], what: str) -> dict[str, tuple[str, str]]:
    """The settings of which this differs: what they are, or would be by default (code may read that whatever is set)."""
    old, new = (one[what] for one in told)
    return {name: (old.get(name, ABSENT), new.get(name, ABSENT)) for name in sorted(_differing(old, new))}


def _closure(source: SourceText, places: list[tuple[str, str]]) -> dict[Definition, Written]:
    found: dict[Definition, Written] = {}
    for module, name in places:
        found |= source.rule(module, name)
    return found


def _settings_of(rule: str, told: tuple[Told, Told]) -> frozenset[str]:
    """The settings that its examples are seen to rest on, under either version."""
    return frozenset(
        name for one in told for example in one["examples"] if example["rule"] == rule for name in example["settings"]
    )


def _differing(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> Iterator[Any]:
    return (name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _of_rule(
    rule: str,
    old: Mapping[Definition, Written],
    new: Mapping[Definition, Written],
    rests_on: frozenset[str],
    settings: Mapping[str, tuple[str, str]],
) -> RuleChange:
    named = rests_on.union(*(one.names for written in (old, new) for one in written.values()))
    code: list[str] = []
    figures: list[Figure] = []
    words = False
    for one in sorted(_differing(old, new)):
        before, after = old.get(one), new.get(one)
        where = one[0] if one[1] == BESIDES else ".".join(one)
        if before is None or after is None or before.code != after.code:
            code += [where] if (before or after) != EMPTY else []
        elif before.figures != after.figures:
            both = zip_longest(before.figures, after.figures, fillvalue=ABSENT)
            figures += [Figure(where, *pair) for pair in both if pair[0] != pair[1]]
        else:
            words = True
    changed = tuple(sorted(name for name in settings if name in named))
    days = [*_whole(value for one in figures for value in (one.old, one.new))]
    days += _whole(value for name in changed if "days" in name.split("_") for value in settings[name])
    for one in _differing(old, new):
        if ".".join(one) in code:
            days += _whole(value for written in (old, new) if one in written for value in written[one].figures)
    return RuleChange(rule, tuple(code), tuple(figures), changed, words, max(days, default=0))


EMPTY = Written(repr([]), (), repr([]), frozenset())


def _whole(figures: Iterator[str]) -> Iterator[int]:
    """The whole numbers among them that may be days."""
    for one in figures:
        try:
            number = Decimal(one)
        except InvalidOperation:
            continue
        if number == number.to_integral_value() and 0 < number <= 10_000:
            yield int(number)
