"""What of a week is unlike the weeks before it: shares of patients, compared by Fisher's exact test.

A fault at a site (a unit switched, a code retired, a feed stopped) moves the share of patients of whom a rule says something, is
silent for a reason, or cannot tell for a reason. Each share of a week is held against the weeks before; what is asked at once is
corrected for (Bonferroni; what could give no alarm whatever it were does not count: Tarone 1990, Biometrics 46:515-522), so that
a week in which nothing changed gives an alarm once in a hundred at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count as counted_up
from math import exp, lgamma
from typing import Generic, TypeVar

FALSE_ALARMS_A_WEEK = 0.01
"""How likely a week without a change is to give an alarm at all."""

REFERENCE_WEEKS = 4
"""The weeks before, as many as there are up to these, that say what is usual."""

FEW_BEFORE, FEW_NOW = 30, 10
"""Patients below which a share says nothing."""

ODDS = 2.0
"""How many times the usual odds, or what part of them, a change is worth being told."""

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many patients."""

    some: int
    of: int

    @property
    def rate(self) -> float:
        """From 0 to 1; 0 of nobody."""
        return self.some / self.of if self.of else 0.0

    def __add__(self, other: Share) -> Share:
        return Share(self.some + other.some, self.of + other.of)


@dataclass(frozen=True, slots=True)
class Drift(Generic[Key]):
    """A share of a week that is unlike that of the weeks before, and how likely that is by chance."""

    week: date
    key: Key
    before: Share
    now: Share
    chance: float


def drifts(shares: Mapping[Key, Mapping[date, Share]], weeks: Sequence[date]) -> Iterator[Drift[Key]]:
    """The alarms of each week, the likeliest to be real first; `shares` are those of each week in which one was asked."""
    for place, week in enumerate(weeks[1:], start=1):
        usual = weeks[max(0, place - REFERENCE_WEEKS) : place]
        compared = list(_compared(shares, week, usual))
        limit = _limit([least_chance(one.before, one.now) for one in compared])
        told = [one for one in compared if one.chance <= limit and _is_large(one.before, one.now)]
        yield from sorted(told, key=lambda one: (one.chance, str(one.key)))


def _compared(shares: Mapping[Key, Mapping[date, Share]], week: date, usual: Iterable[date]) -> Iterator[Drift[Key]]:
    for key, by_week in shares.items():
        now = by_week.get(week, Share(0, 0))
        before = sum((by_week[one] for one in usual if one in by_week), Share(0, 0))
        if before.of >= FEW_BEFORE and now.of >= FEW_NOW:
            yield Drift(week, key, before, now, chance(before, now))


def _is_large(before: Share, now: Share) -> bool:
    """Whether the odds are that many times what they were, or that part; half a patient is added to each count (Haldane)."""
    ratio = _odds(now) / _odds(before)
    return ratio >= ODDS or ratio <= 1 / ODDS


def _odds(share: Share) -> float:
    return (share.some + 0.5) / (share.of - share.some + 0.5)


def chance(before: Share, now: Share) -> float:
    """How likely shares so unlike are where nothing changed: Fisher's exact test, twice the smaller tail."""
    some, of = before.some + now.some, before.of + now.of
    lowest, highest = max(0, some - before.of), min(some, now.of)
    below = _tail(range(now.some, lowest - 1, -1), some, of, now.of)
    above = _tail(range(now.some, highest + 1), some, of, now.of)
    return min(1.0, 2 * min(below, above))


def least_chance(before: Share, now: Share) -> float:
    """The chance of the most unlike shares that so many patients of both could have come to."""
    some, of = before.some + now.some, before.of + now.of
    ends = (max(0, some - before.of), min(some, now.of))
    return min(chance(Share(some - one, of - now.of), Share(one, now.of)) for one in ends)


def _limit(least: Sequence[float]) -> float:
    """What a chance must be at most, of all that are compared."""
    for tests in counted_up(1):
        limit = FALSE_ALARMS_A_WEEK / tests
        if sum(one <= limit for one in least) <= tests:
            return limit
    raise AssertionError  # there are no more than all of them


def _tail(counts: Iterable[int], some: int, of: int, drawn: int) -> float:
    """The hypergeometric probability of these counts together; what follows a vanishing one vanishes too."""
    whole = 0.0
    for count in counts:
        one = exp(_ways(some, count) + _ways(of - some, drawn - count) - _ways(of, drawn))
        whole += one
        if one < whole * 1e-12:
            break
    return whole


def _ways(of: int, some: int) -> float:
    """The logarithm of the number of ways to choose some of them."""
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)
