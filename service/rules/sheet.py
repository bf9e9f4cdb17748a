"""The sheet of a patient for a tumour board: what a guideline wants to see of the record at one glance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mappings.facts import Facts
from mappings.queries import Reads
from mappings.wording import Text
from service.rules.outcome import Basis


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of a sheet: the facts that stand there, what else is said, and `gaps`, why something may be missing there."""

    title: Text
    basis: tuple[Basis, ...] = ()
    says: tuple[Text, ...] = ()
    gaps: tuple[Text, ...] = ()


SheetSays = Callable[[Facts], Iterable[Section]]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """How a guideline tells the sheet of a patient, what of it is `missing`, and the facts that both read."""

    reads: frozenset[Reads]
    says: SheetSays
    missing: Callable[[Facts], Iterable[Text]]

    def of(self, patient: Facts) -> Iterator[Section]:
        """The sections; one that holds nothing says so by being empty."""
        yield from self.says(patient)
