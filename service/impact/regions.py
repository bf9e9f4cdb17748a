"""What other settings change of each rule, without a cohort: the exact regions of a number in which its answer is another.

Each example of the guideline is a patient. Of those of whom an answer changes, or rests on a setting that changes, one number at
a time is left open: a result, by z3 for every value that it can have (`symbolic.py`); days, one by one. Where the two
answers differ is a region, with a witness; everywhere else on that line they are the same, which is proved too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from itertools import product
from operator import attrgetter, methodcaller
from typing import Any

import z3

from mappings.facts import Fact, Facts, FactSettings, Known, VitaminD
from mappings.quantities import Bounds
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.findings import KINDS
from service.catalogue.examples import Example, Showroom, Traced, examples_of, showroom
from service.evaluate import evaluate_orders, evaluate_patient
from service.impact.intervals import Interval, intervals
from service.impact.symbolic import Path, Symbol, paths
from service.languages.render import Language
from service.pipeline import HookAnswer
from service.rules.guideline import Guideline
from service.rules.outcome import Advice, Failure, Outcome, Silence
from service.rules.rule import Hook, Rule

DOMAINS = {"vitamin_d": ("0", "500"), "calcium": ("1", "5"), "crisis_calcium": ("1", "5"), "clearance": ("1", "250")}
"""Of the facts that are reckoned: the values of a living person, in the unit of the fact."""

MOST = Decimal(1000)
"""Of a finding that states no highest value."""

BEYOND_DAYS = 31
"""Days beyond the greater of two settings that are looked at."""

MOST_DAYS = 2000
"""Days at most that are looked at."""


@dataclass(frozen=True)
class Region:
    """Where the answers of a rule differ: the example that the patient is but for one number, that number, and both answers."""

    rule: str
    example: str
    number: str
    where: Interval
    before: str
    after: str


@dataclass(frozen=True)
class NotProved:
    """What could not be left open: the code does more with it than compare and reckon."""

    rule: str
    example: str
    number: str


@dataclass(frozen=True)
class Proof:
    """What two settings change; `lines` are the numbers that were left open, `examples` those that were compared."""

    settings: tuple[tuple[str, str, str], ...]
    changed: tuple[tuple[str, str, str, str], ...]
    regions: tuple[Region, ...]
    not_proved: tuple[NotProved, ...]
    examples: int
    lines: int


def proved(guideline: Guideline, old: FactSettings, new: FactSettings) -> Proof:
    """The differences between two settings of a guideline."""
    rooms = showroom(guideline, old), showroom(guideline, new)
    names = [one.name for one in fields(old) if getattr(old, one.name) != getattr(new, one.name)]
    if not names:
        return Proof((), (), (), (), 0, 0)
    regions: list[Region] = []
    open_ones: list[NotProved] = []
    changed: list[tuple[str, str, str, str]] = []
    lines = 0
    examples = examples_under(guideline, old)
    for example, before, read in examples:
        if read.isdisjoint(names):
            continue  # what reads none of the settings that change does the same under both
        after = answered(rooms[1], guideline, example)
        if before != after:
            changed.append((example.rule.id, example.name(Language.ENGLISH), before, after))
        for line in _lines(rooms, guideline, example, _horizon(old, new, names)):
            lines += 1
            if isinstance(line, NotProved):
                open_ones.append(line)
            else:
                regions += line
    told = tuple((name, str(getattr(old, name)), str(getattr(new, name))) for name in names)
    return Proof(told, tuple(changed), tuple(regions), tuple(open_ones), len(examples), lines)


def _horizon(old: FactSettings, new: FactSettings, names: Sequence[str]) -> int:
    days = [int(getattr(one, name)) for one in (old, new) for name in names if "days" in name.split("_")]
    return min(MOST_DAYS, max(days) + BEYOND_DAYS) if days else 0


@cache
def examples_under(guideline: Guideline, settings: FactSettings) -> tuple[tuple[Example, str, frozenset[str]], ...]:
    """Each example, what its rule answers, and the settings on which that rests."""
    room = showroom(guideline, settings)
    return tuple(
        (example, answered(room, guideline, example), _read(room, guideline, example))
        for rule in guideline.rules
        for example in examples_of(rule, guideline)
    )


def answered(room: Showroom, guideline: Guideline, example: Example) -> str:
    """What the rule of an example answers of it, the most urgent of its orders."""
    answer = room.answer(example, Language.ENGLISH)
    return "silent" if answer.record is None else _asked(example.rule, guideline, answer, answer.record)


def _read(room: Showroom, guideline: Guideline, example: Example) -> frozenset[str]:
    """The settings that are read for it: of the scope, the conditions, the words and the facts."""
    answer = room.answer(example, Language.ENGLISH)
    if answer.record is None:
        return frozenset()
    traced: Any = Traced(answer.record.settings)
    _asked(example.rule, guideline, answer, answer.record.under(traced))
    return frozenset(traced.read)


def _asked(rule: Rule, guideline: Guideline, answer: HookAnswer, facts: Any) -> str:
    """The rule asked of the orders of an answer, or of its patient, with these facts."""
    if not Hook(answer.request.hook).is_about_orders:
        asked = evaluate_patient((rule,), facts)
    else:
        asked = evaluate_orders((rule,), guideline, answer.orders, facts)
    return _most_urgent(one.outcome for one in asked)


def _most_urgent(outcomes: Iterable[Outcome]) -> str:
    words = {word(outcome) for outcome in outcomes}
    return next((one for one in ORDER if one in words), "silent")


ORDER = ("critical", "warning", "info", "failed", "cannot tell", "silent")


def word(outcome: Outcome) -> str:
    """An outcome in a word; advice by its indicator."""
    match outcome:
        case Advice():
            return outcome.indicator.value
        case Silence():
            return "silent"
        case Failure():
            return "failed"
    return "cannot tell"


def _lines(
    rooms: Sequence[Showroom], guideline: Guideline, example: Example, horizon: int
) -> Iterator[list[Region] | NotProved]:
    yield from _of_numbers(rooms, guideline, example)
    if horizon:
        yield from _of_days(rooms, guideline, example, horizon)


# --- results and findings, by z3 --------------------------------------------------------------------------------------


class WithSymbol:
    """A record in which one number is a symbol; what its conditions answer is its own."""

    def __init__(self, record: Any, fact: str, number: Symbol) -> None:
        self._record, self._fact = record, fact
        self._bounds = Bounds(number, number)  # type: ignore[arg-type]  # it reckons as a Decimal does
        self.asked: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        """The facts of the record, the open one replaced."""
        found = getattr(self._record, name)
        return with_bounds(found, self._bounds) if name == self._fact else found

    def result(self, analyte: Analyte) -> Fact[Any]:
        """The result of an analyte."""
        found = self._record.result(analyte)
        return with_bounds(found, self._bounds) if analyte.id == self._fact else found

    def finding(self, name: str, regions: frozenset[str] = frozenset()) -> Fact[Any]:
        """A recorded finding."""
        found = self._record.finding(name, regions)
        return with_bounds(found, self._bounds) if name == self._fact else found


def with_bounds(fact: Fact[Any], bounds: Bounds) -> Fact[Any]:
    """A known number with other bounds; another fact as it is."""
    if not isinstance(fact, Known):
        return fact
    if isinstance(fact.value, VitaminD):
        return replace(fact, value=VitaminD(replace(fact.value.measurement, bounds=bounds)))
    return replace(fact, value=replace(fact.value, bounds=bounds)) if hasattr(fact.value, "bounds") else fact


def _of_numbers(
    rooms: Sequence[Showroom], guideline: Guideline, example: Example
) -> Iterator[list[Region] | NotProved]:
    answers = [room.answer(example, Language.ENGLISH) for room in rooms]
    if any(one.record is None for one in answers):
        return
    for one in numbers_of(example):
        if all(one.is_known(answer.record) for answer in answers):
            yield _of_number(one, answers, guideline, example)


def _of_number(
    number: Number, answers: Sequence[HookAnswer], guideline: Guideline, example: Example
) -> list[Region] | NotProved:
    told = (example.rule.id, example.name(Language.ENGLISH), number.name)
    found = [
        paths("x", number.low, number.high, code_of(one, guideline, example.rule, number.name), whole=number.whole)
        for one in answers
    ]
    return differing(told, found[0], found[1], whole=number.whole)


def differing(
    told: tuple[str, str, str], before: Sequence[Path[str]], after: Sequence[Path[str]], *, whole: bool
) -> list[Region] | NotProved:
    """Where two sides answer otherwise, of one number of an example of a rule (`told`: rule, example, number)."""
    found = before, after
    if any(path.answer == "failed" for several in found for path in several):
        return NotProved(*told)
    open_one: Any = z3.Int("x") if whole else z3.Real("x")
    by_answers: dict[tuple[str, str], list[Any]] = {}
    for one, other in product(*found):
        if one.answer != other.answer:
            by_answers.setdefault((one.answer, other.answer), []).append(z3.And(one.condition, other.condition))
    return [
        Region(*told, where, was, becomes)
        for (was, becomes), conditions in sorted(by_answers.items())
        for where in intervals(open_one, z3.Or(*conditions))
    ]


@dataclass(frozen=True)
class Number:
    """A number that a rule reads, and the values that it can have."""

    name: str
    low: str
    high: str
    of: Callable[[Any], Fact[Any]]
    whole: bool = False

    def is_known(self, record: Facts | None) -> bool:
        """The record states the number itself: there is something to leave open."""
        if record is None:
            return False
        found = self.of(record)
        return isinstance(found, Known) and (isinstance(found.value, VitaminD) or hasattr(found.value, "bounds"))


def numbers_of(example: Example) -> Iterator[Number]:
    """Facts, results of analytes, and the findings that the example tells."""
    for read in sorted(example.rule.reads, key=str):
        if isinstance(read, Analyte):
            yield Number(read.id, str(read.scale.lowest), str(read.scale.highest), partial(_result, read))
        elif read in DOMAINS:
            yield Number(read, *DOMAINS[read], attrgetter(read))
    for name in (example.told.get("record") or {}).get("findings") or {}:
        kind = KINDS.get(name)
        if kind is not None:
            yield Number(
                name, str(kind.lowest or 0), str(kind.highest or MOST), methodcaller("finding", name), kind.whole
            )


def _result(analyte: Analyte, record: Any) -> Fact[Any]:
    found: Fact[Any] = record.result(analyte)
    return found


def code_of(answer: HookAnswer, guideline: Guideline, rule: Rule, fact: str) -> Callable[[Symbol], str]:
    """What a rule answers of the patient of an answer, as code of one number of the record."""

    def code(number: Symbol) -> str:
        return _asked(rule, guideline, answer, WithSymbol(answer.record, fact, number))

    return code


# --- days, one by one -------------------------------------------------------------------------------------------------

_AGO = re.compile(r"(?<= )(?:\d+ days ago|today)\Z")
DAYS = frozenset({"days ago", "start", "end", "start in"})


def _of_days(rooms: Sequence[Showroom], guideline: Guideline, example: Example, horizon: int) -> Iterator[list[Region]]:
    for place, told_with in days_of(example.told):
        told = [Example(example.rule, told_with(days)) for days in range(horizon + 1)]
        before, after = ([answered(room, guideline, one) for one in told] for room in rooms)
        yield differing_days((example.rule.id, example.name(Language.ENGLISH), place), before, after)


def differing_days(told: tuple[str, str, str], before: Sequence[str], after: Sequence[str]) -> list[Region]:
    """Where two sides answer otherwise, of the days from 0 on (`told`: rule, example, place)."""
    runs: list[tuple[int, int, str, str]] = []
    for days, (one, other) in enumerate(zip(before, after, strict=True)):
        if runs and runs[-1][1:] == (days - 1, one, other):
            runs[-1] = (runs[-1][0], days, one, other)
        elif one != other:
            runs.append((days, days, one, other))
    return [Region(*told, _whole(first, last), one, other) for first, last, one, other in runs]


def _whole(first: int, last: int) -> Interval:
    return Interval(Fraction(first), Fraction(last), low_closed=True, high_closed=True, witness=Fraction(first))


def days_of(told: Any, place: str = "") -> Iterator[tuple[str, Callable[[int], Any]]]:
    """Each number of days that is told, and what is told with another in its place."""
    if isinstance(told, Mapping):
        for name, inner in told.items():
            if name in DAYS and isinstance(inner, int):
                yield f"{place}{name}", _put(told, name, lambda days: days)
            elif place or name in ("record", "order", "orders"):
                for where, other in days_of(inner, f"{place}{name}/"):
                    yield where, _put(told, name, other)
    elif isinstance(told, list):
        for number, inner in enumerate(told):
            for where, other in days_of(inner, f"{place}{number + 1}/"):
                yield where, _put(told, number, other)
    elif isinstance(told, str) and _AGO.search(told):
        yield f"{place}days ago", lambda days: _AGO.sub(f"{days} days ago", told)


def _put(told: Any, at: Any, other: Callable[[int], Any]) -> Callable[[int], Any]:
    def changed(days: int) -> Any:
        copy = dict(told) if isinstance(told, Mapping) else list(told)
        copy[at] = other(days)
        return copy

    return changed
