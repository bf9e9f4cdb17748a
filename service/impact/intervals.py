"""A condition on one number as the intervals on which it holds, exactly: their ends, whether these belong to them, a witness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3


@dataclass(frozen=True, slots=True)
class Interval:
    """From one end to the other; `witness` lies in it."""

    low: Fraction
    high: Fraction
    low_closed: bool
    high_closed: bool
    witness: Fraction

    def __str__(self) -> str:
        if self.low == self.high:
            return shown(self.low)
        return (
            f"{'[' if self.low_closed else ']'}{shown(self.low)}, {shown(self.high)}{']' if self.high_closed else '['}"
        )


def shown(number: Fraction) -> str:
    """A number as a decimal where it has an end, else as a fraction."""
    for digits in range(7):
        if (number * 10**digits).denominator == 1:
            return f"{float(number):.{digits}f}"
    return str(number)


def intervals(number: Any, condition: Any) -> Iterator[Interval]:
    """The intervals, from the lowest, on which a condition holds that is bounded on both sides; none touches the next.

    Raises `ValueError` where the solver cannot tell.
    """
    solver = z3.Solver()
    solver.add(condition)
    found: list[Interval] = []
    while _checked(solver):
        witness = solver.model().eval(number, model_completion=True)
        low, low_closed = _end(number, condition, witness, below=True)
        high, high_closed = _end(number, condition, witness, below=False)
        found.append(Interval(low, high, low_closed, high_closed, _fraction(witness)))
        solver.add(z3.Or(number < _value(low), number > _value(high)))
        # An end that is open belongs to no interval found yet: it may be one alone, and is looked at by itself.
        for end, closed in ((low, low_closed), (high, high_closed)):
            if not closed and _holds(number, condition, end):
                raise ValueError(f"the end {end} is open and holds")
    yield from sorted(found, key=lambda one: one.low)


def _end(number: Any, condition: Any, witness: Any, *, below: bool) -> tuple[Fraction, bool]:
    """Where the condition ends on one side of the witness, and whether that end belongs to it."""
    optimiser = z3.Optimize()
    optimiser.add(z3.Not(condition), number < witness if below else number > witness)
    handle = optimiser.maximize(number) if below else optimiser.minimize(number)
    if optimiser.check() != z3.sat:
        raise ValueError("the condition is not bounded")
    _infinite, value, _epsilon = optimiser.upper_values(handle) if below else optimiser.lower_values(handle)
    end = _fraction(value)
    if number.is_int():
        return (end + 1 if below else end - 1), True
    return end, _holds(number, condition, end)


def _holds(number: Any, condition: Any, value: Fraction) -> bool:
    solver = z3.Solver()
    solver.add(condition, number == _value(value))
    return _checked(solver)


def _checked(solver: Any) -> bool:
    answer = solver.check()
    if answer == z3.unknown:
        raise ValueError("the solver cannot tell")
    return bool(answer == z3.sat)


def _value(value: Fraction) -> Any:
    return z3.RealVal(str(value))


def _fraction(value: Any) -> Fraction:
    return Fraction(str(value.as_fraction() if hasattr(value, "as_fraction") else value.as_long()))
