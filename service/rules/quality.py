"""Quality indicators: what a board counts of many patients. Each case is met, not met, or cannot be told; so is whether it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from mappings.dates import When
from mappings.facts import Facts
from mappings.queries import NEEDS, Reads
from mappings.wording import Text
from service.rules.citation import Citation


@dataclass(frozen=True, slots=True)
class Case:
    """What an indicator counts: a patient, a course, an act. `when` decides the month that it stands in, where that is one.

    `met` is None where it cannot be told, `why`; one that does not `count` for certain stands beside the denominator.
    """

    when: When | None
    met: bool | None
    counts: bool = True
    why: tuple[Text, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def month(self) -> date | None:
        """The first day of its month; None where that cannot be told."""
        if self.when is None or (self.when.first.year, self.when.first.month) != (
            self.when.last.year,
            self.when.last.month,
        ):
            return None
        return self.when.first.replace(day=1)


CasesOf: TypeAlias = Callable[[Facts], Iterable[Case]]


@dataclass(frozen=True, slots=True, eq=False)
class QualityIndicator:
    """What is counted (`of`), which of it (`met`), and whether many are wanted or few."""

    id: str
    title: Text
    of: Text
    met: Text
    citations: tuple[Citation, ...]
    reads: frozenset[Reads]
    few_wanted: bool
    cases: CasesOf


def quality_indicator(
    indicator_id: str,
    *,
    title: Text,
    of: Text,
    met: Text,
    citations: tuple[Citation, ...],
    reads: Iterable[Reads],
    few_wanted: bool = False,
) -> Callable[[CasesOf], QualityIndicator]:
    """Declare an indicator; its function tells the cases of one patient. Raises `ValueError` for an unknown fact."""
    needed = frozenset(reads)
    if unknown := sorted(name for name in needed if isinstance(name, str) and name not in NEEDS):
        raise ValueError(f"indicator {indicator_id} reads unknown facts {unknown}")

    def declare(cases: CasesOf) -> QualityIndicator:
        return QualityIndicator(indicator_id, title, of, met, citations, needed, few_wanted, cases)

    return declare
