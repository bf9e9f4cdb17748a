"""A control chart of the cards of a rule: tells when they are overridden more often than they used to be.

A Bernoulli scan (Joner, Woodall and Reynolds, Detecting a rate increase using a Bernoulli scan statistic, Statistics in Medicine
2008;27:2555-2575): of the last answered cards, how many were overridden. There is an alarm where they are so many that it would
happen rarely, were the rate still the usual one. That is known from some cards only, so the number is that of the Beta-binomial
distribution, which reckons with it.

A Bernoulli CUSUM of the same false alarms, which we had before, found a shift from 50 to 90 % within 20 cards in 80 of 100 runs:
what it adds up is the best for shifts of every length, and the question here is one of 20 cards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

REFERENCE = 100
"""Answered cards, the first of the rule, that say what is usual for it."""

WINDOW = 20
"""Answered cards that are looked at: those within which a shift is to be found."""

RARE = 0.007
"""How seldom so many overrides happen among them that there is an alarm. By simulation, it is the highest with which a rate that
stays gives fewer than one alarm in 1 000 answered cards, whatever the rate is."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart of one rule: its usual rate (None while there are too few answers), its line, and where an alarm was.

    `line` has one value for each answered card after the reference: the overrides among the last ones as a part of those that
    give an alarm, so that there is one from 1 on. `alarms` are places among all answered cards, from 0.
    """

    usual: float | None
    line: tuple[float, ...] = ()
    alarms: tuple[int, ...] = ()


def control_chart(overridden: Sequence[bool]) -> Chart:
    """The chart of the answered cards of a rule, in their order: True where one was overridden. It begins anew after an alarm."""
    if len(overridden) <= REFERENCE:
        return Chart(None)
    before = sum(overridden[:REFERENCE])
    line: list[float] = []
    alarms: list[int] = []
    begun = REFERENCE
    for place in range(REFERENCE, len(overridden)):
        last = overridden[max(begun, place + 1 - WINDOW) : place + 1]
        part = sum(last) / fewest(before, REFERENCE, len(last))
        line.append(part)
        if part >= 1:
            alarms.append(place)
            begun = place + 1
    return Chart((before + 1) / (REFERENCE + 2), tuple(line), tuple(alarms))


@lru_cache(maxsize=(REFERENCE + 1) * WINDOW)
def fewest(before: int, reference: int, cards: int) -> int:
    """The fewest overrides among so many cards that are rare, where there were so many among the reference `before`.

    One more than the cards where even all of them would not be rare. Each rate is as likely as another at first (Laplace).
    """
    ways = comb(reference + cards + 1, cards)
    rare = 0
    for overridden in range(cards, -1, -1):
        rare += comb(before + overridden, overridden) * comb(
            reference - before + cards - overridden, cards - overridden
        )
        if rare >= RARE * ways:
            return overridden + 1
    return 0
