"""Several records of one thing: which of them counts (`rules.md`, "Newest valid result", "Too old", "Recorded findings")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, Generic, TypeVar

from mappings.clock import Clock
from mappings.dates import When, days_before, later_than_all, newest_of
from mappings.values import value
from mappings.wording import Text, _

T = TypeVar("T")

UNDATED = _(
    "{source} has no date, so it cannot be told whether it still counts: date it",
)


def dated_ahead(source: str, when: When) -> Text:
    """That a result or a finding dated more than 24 h ahead was not used."""
    return _(
        "{source} is dated in the future ({when}) and was not used",
        source=source,
        when=when,
    )


@value
class Reading(Generic[T]):
    """One record of something, before it is decided which of them counts.

    Either `found` or `problem` is set; neither need be on one dated ahead. `when` is None for a record without a date;
    `undatable` when its date could not be read, so that it may be the newest. `by_name` is one that only its name tells: it
    never counts, and hides a record with a code only where it is newer than that.
    """

    source: str
    when: When | None
    found: T | None = None
    problem: Text | None = None
    undatable: bool = False
    by_name: bool = False


@value
class Newest(Generic[T]):
    """What the records of one thing come to.

    `problems` say why it cannot be told which one counts; without any, `chosen` does, and there is none where all are too old.
    `top` are those not too old that may be the newest; `dated` are all that have a date, and `ahead` those dated ahead.
    """

    chosen: T | None = None
    problems: tuple[Text, ...] = ()
    top: tuple[Reading[T], ...] = ()
    dated: tuple[Reading[T], ...] = ()
    ahead: tuple[Reading[T], ...] = ()


def newest(
    clock: Clock,
    readings: Sequence[Reading[T]],
    gaps: Sequence[Text],
    *,
    valid_days: int,
    severity: Callable[[T], Any],
) -> Newest[T]:
    """Which of these records counts: the newest, and of those that may be the newest the most severe (the greatest).

    One older than `valid_days` is too old; equal is not. One without a date stands in the way only where no other counts.
    """
    if not readings:
        return Newest(problems=tuple(dict.fromkeys(gaps)))
    undated: list[Reading[T]] = []
    by_name = False
    ahead: list[Reading[T]] = []
    dated: list[tuple[Reading[T], When]] = []
    for reading in readings:
        by_name |= reading.by_name
        if reading.when is None:
            undated.append(reading)
        elif clock.too_far_ahead(reading.when):
            ahead.append(reading)
        else:
            dated.append((reading, reading.when))
    if by_name:
        dated = _without_older_names(dated)
    oldest_day = days_before(clock.today, valid_days)
    recent = [(reading, when) for reading, when in dated if when.last >= oldest_day]
    newest_ones = compress(recent, newest_of([when for _, when in recent])) if len(recent) > 1 else recent
    top = tuple([reading for reading, _ in newest_ones])
    in_the_way = [one.problem or UNDATED.with_(source=one.source) for one in undated if one.undatable or not recent]
    unusable = [reading.problem for reading in top if reading.problem is not None]
    problems = tuple(dict.fromkeys((*gaps, *in_the_way, *unusable)))
    found = [] if problems else [reading.found for reading in top if reading.found is not None]
    chosen = found[0] if len(found) == 1 else max(found, key=severity, default=None)
    return Newest(chosen, problems, top, tuple([reading for reading, _ in dated]), tuple(ahead))


def _without_older_names(dated: list[tuple[Reading[T], When]]) -> list[tuple[Reading[T], When]]:
    """Without what only its name tells, unless it is newer than all that can be used."""
    usable = [when for reading, when in dated if reading.found is not None]
    newer = later_than_all([when for _, when in dated], usable)
    return [pair for pair, is_newer in zip(dated, newer, strict=True) if is_newer or not pair[0].by_name]
