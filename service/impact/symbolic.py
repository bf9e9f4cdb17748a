"""A number that stands for all numbers: code run with it is run for every value that a result can have, by z3.

Each comparison asks the solver which answers are possible; where both are, the code is run again for the other one. What
comes back is a list of paths: a condition on the number, and what the code answered under it. Together the conditions
cover the whole domain, and no two of them overlap, since the code that runs is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Generic, TypeVar

import z3

T = TypeVar("T")


@dataclass(frozen=True)
class Path(Generic[T]):
    """What the code answered, and for which numbers."""

    condition: Any
    answer: T


class _Run:
    """One run of the code: the answers that it must give first, and those that were left for later."""

    def __init__(self, domain: Any, first: list[bool]) -> None:
        self.solver = z3.Solver()
        self.solver.add(domain)
        self.conditions = [domain]
        self.first = first
        self.taken: list[bool] = []
        self.left: list[list[bool]] = []

    def decide(self, condition: Any) -> bool:
        if len(self.taken) < len(self.first):
            answer = self.first[len(self.taken)]
        else:
            answer = self.solver.check(condition) == z3.sat
            if answer and self.solver.check(z3.Not(condition)) == z3.sat:
                self.left.append([*self.taken, False])
        self.taken.append(answer)
        chosen = condition if answer else z3.Not(condition)
        self.solver.add(chosen)
        self.conditions.append(chosen)
        return answer


class Symbol:
    """A rational number that is not known; it is compared and reckoned with as a `Decimal` is."""

    __hash__ = object.__hash__

    def __init__(self, expression: Any, run: _Run) -> None:
        self.expression = expression
        self.run = run

    def __lt__(self, other: object) -> bool:
        return self.run.decide(self.expression < exact(other))

    def __le__(self, other: object) -> bool:
        return self.run.decide(self.expression <= exact(other))

    def __gt__(self, other: object) -> bool:
        return self.run.decide(self.expression > exact(other))

    def __ge__(self, other: object) -> bool:
        return self.run.decide(self.expression >= exact(other))

    def __eq__(self, other: object) -> bool:
        return self is other or self.run.decide(self.expression == exact(other))

    def __add__(self, other: object) -> Symbol:
        return Symbol(self.expression + exact(other), self.run)

    def __sub__(self, other: object) -> Symbol:
        return Symbol(self.expression - exact(other), self.run)

    def __rsub__(self, other: object) -> Symbol:
        return Symbol(exact(other) - self.expression, self.run)

    def __mul__(self, other: object) -> Symbol:
        return Symbol(self.expression * exact(other), self.run)

    def __truediv__(self, other: object) -> Symbol:
        return Symbol(self.expression / exact(other), self.run)

    def __neg__(self) -> Symbol:
        return Symbol(-self.expression, self.run)

    __radd__, __rmul__ = __add__, __mul__


def exact(value: object) -> Any:
    """A number as z3 writes it."""
    if isinstance(value, Symbol):
        return value.expression
    if not isinstance(value, int | Decimal | Fraction):
        raise TypeError(type(value).__name__)
    return z3.RealVal(str(Fraction(value)))


def paths(name: str, low: str, high: str, code: Callable[[Symbol], T], *, whole: bool = False) -> list[Path[T]]:
    """What the code answers for every number from `low` to `high` (whole ones only, where `whole`)."""
    number: Any = z3.Int(name) if whole else z3.Real(name)
    domain = z3.And(number >= z3.RealVal(low), number <= z3.RealVal(high))
    found: list[Path[T]] = []
    left: list[list[bool]] = [[]]
    while left:
        run = _Run(domain, left.pop())
        answer = code(Symbol(z3.ToReal(number) if whole else number, run))
        found.append(Path(z3.And(*run.conditions), answer))
        left += run.left
    return found


def renamed(condition: Any, number: Any, other: Any) -> Any:
    """The same condition on another number."""
    return z3.substitute(condition, (number, other))


def possible(*conditions: Any) -> str:
    """An example of numbers that fulfil all of these; the empty text where there are none."""
    solver = z3.Solver()
    solver.add(*conditions)
    found = solver.check()
    if found == z3.unknown:
        raise ValueError("the solver cannot tell")
    return str(solver.model()) if found == z3.sat else ""
