"""A control chart of the cards of a rule: tells when they are overridden more often than they used to be.

A Bernoulli CUSUM (Reynolds and Stoumbos, A CUSUM chart for monitoring a proportion when inspecting continuously, Journal of
Quality Technology 1999;31:87-108, doi:10.1080/00224065.1999.11979900): each answered card adds the logarithm of how much
likelier it is at the shifted rate than at the usual one; the sum never falls below 0, and beyond the limit there is an alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

REFERENCE = 100
"""Answered cards, the first of the rule, that say what is usual for it."""

ODDS = 9.0
"""How many times the usual odds of an override a shift is looked for: from 50 to 90 %."""

LIMIT = 6.0
"""Found by simulation: fewer than one false alarm in 1 000 answered cards, the usual rate being estimated from the reference."""


HIGHEST = 0.95
"""Usual rate beyond which no rise is looked for: there is hardly room for one."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart of one rule: its usual rate (None while there are too few answers), the sums, and where an alarm was.

    `sums` has one value for each answered card after the reference; `alarms` are places among all answered cards, from 0.
    """

    usual: float | None
    sums: tuple[float, ...] = ()
    alarms: tuple[int, ...] = ()


def control_chart(overridden: Sequence[bool]) -> Chart:
    """The chart of the answered cards of a rule, in their order: True where one was overridden. It begins anew after an alarm."""
    if len(overridden) <= REFERENCE:
        return Chart(None)
    # Laplace's rule: a rate of 0 or 1 has no odds.
    usual = (sum(overridden[:REFERENCE]) + 1) / (REFERENCE + 2)
    if usual > HIGHEST:
        return Chart(usual)
    odds = usual / (1 - usual) * ODDS
    shifted = odds / (1 + odds)
    steps = {True: log(shifted / usual), False: log((1 - shifted) / (1 - usual))}
    sums: list[float] = []
    alarms: list[int] = []
    total = 0.0
    for place, one in enumerate(overridden[REFERENCE:], REFERENCE):
        total = max(0.0, total + steps[one])
        sums.append(total)
        if total >= LIMIT:
            alarms.append(place)
            total = 0.0
    return Chart(usual, tuple(sums), tuple(alarms))
