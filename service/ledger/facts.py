"""The facts that outcomes rest on, as rows: what, of which resource, its value, unit and date. Only where the site keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from mappings.dates import When
from mappings.facts import (
    Absent,
    Act,
    Clearance,
    CorrectedCalcium,
    Diagnosis,
    Exposure,
    Finding,
    Known,
    Measurement,
    Order,
    VitaminD,
)
from mappings.readers.findings import shown_finding
from mappings.vocabulary.analytes import ALBUMIN, CALCIUM
from mappings.wording import Amount, Text
from service.evaluate import RuleOutcome
from service.languages.render import Language, plain, render
from service.ledger.tables import harmless
from service.rules.naming import called, named
from service.rules.outcome import Basis, Failure

MOST_FACTS = 300
"""Facts of one answer that are kept; the rules of an order rest on some dozens."""

LONGEST_WORDS = 500


def facts_of(outcomes: Iterable[RuleOutcome]) -> tuple[list[dict[str, Any]], int]:
    """One row a rule and fact, in the order of the rules, and how many are left out; a whole collection is no fact of its own."""
    rows: dict[tuple[Any, ...], None] = {}
    for one in outcomes:
        if not isinstance(one.outcome, Failure):
            for basis in one.outcome.basis:
                for fact in _told(basis):
                    rows[(one.rule.id, *fact)] = None
    names = ("rule", "fact", "resource", "value", "unit", "date")
    kept = [
        {"position": position, **dict(zip(names, row, strict=True))}
        for position, row in enumerate(islice(rows, MOST_FACTS))
    ]
    return kept, len(rows) - len(kept)


_Row = tuple[str, str | None, str | None, str | None, str | None]


def _told(basis: Basis) -> Iterator[_Row]:
    match basis:
        case Known():
            yield from _known(basis)
        case Absent():
            yield _row(basis.what, basis.sources, "none" if basis.stale is None else "none recent")
        case Exposure():
            yield _row(basis.drug.name, (basis.source,), when=basis.last_dose or basis.first or basis.written)
        case Diagnosis():
            yield _row(called(basis), (basis.source,), when=basis.onset or basis.recorded)
        case Act():
            yield _row(called(basis), (basis.source,), when=basis.dated)
        case Order():
            yield _row(named(basis), (basis.reference,), when=basis.written)


def _known(fact: Known[Any]) -> Iterator[_Row]:
    value = fact.value
    match value:
        case Measurement():
            yield _measured(fact.what, value)
        case VitaminD():
            yield _measured(fact.what, value.measurement)
        case CorrectedCalcium():
            yield _measured(CALCIUM.name, value.measured)
            if value.albumin is not None:
                yield _measured(ALBUMIN.name, value.albumin)
        case Clearance():
            if value.result is not None:
                yield _measured(fact.what, value.result)
            else:
                yield _row(fact.what, fact.sources, when=value.when)
        case Finding():
            yield _row(fact.what, (value.source,), value.reported or plain(_words(shown_finding(value))), value.when)
        case Exposure() | Diagnosis() | Act():
            yield from _told(value)
        case When():
            yield _row(fact.what, fact.sources, when=value)
        case _:
            yield _row(fact.what, fact.sources)


def _measured(what: Text, one: Measurement) -> _Row:
    return _row(what, one.sources, one.reported, one.when)


def _row(what: Text | str, sources: Iterable[str], value: Amount | str | None = None, when: When | None = None) -> _Row:
    shown, unit = (_number(value), value.unit) if isinstance(value, Amount) else (value, None)
    resource = " ".join(source for source in sources if source) or None
    return _cut(plain(_words(what))) or "", _cut(resource), _cut(shown), _cut(unit, 200), _date(when)


def _words(what: Text | str) -> str:
    return what if isinstance(what, str) else render(what, Language.ENGLISH)


def _number(amount: Amount) -> str:
    most = "" if amount.to is None else f" to {amount.to}"
    return f"{amount.comparator}{amount.value}{most}"


def _date(when: When | None) -> str | None:
    """ISO 8601: a moment, a day, or the interval that a partial date is."""
    if when is None:
        return None
    if when.instant is not None:
        return when.instant.isoformat(timespec="seconds")
    return f"{when.first}/{when.last}" if when.partial else str(when.first)


def _cut(words: str | None, longest: int = LONGEST_WORDS) -> str | None:
    return None if words is None else harmless(words, longest)
