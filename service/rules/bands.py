"""Tables of a guideline that decide and print themselves, so that no figure stands twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mappings.quantities import Bounds
from mappings.wording import Amount, Text, _


@dataclass(frozen=True, slots=True)
class Band:
    """One row: from `above` (itself included only where `closed`) up to the next row, the value."""

    above: Decimal
    value: Decimal
    closed: bool = True

    def begins_below(self, quantity: Decimal) -> bool:
        """The quantity is at or beyond the beginning of the row."""
        return quantity >= self.above if self.closed else quantity > self.above


@dataclass(frozen=True, slots=True)
class Bands:
    """Half-open bands of a quantity, the highest first: which values a result allows, how it is rounded, how it reads.

    `unit` and `value_unit` are those of the quantity and of the values. Below the lowest row there is no value.
    """

    rows: tuple[Band, ...]
    unit: str
    value_unit: str

    def of(self, bounds: Bounds) -> frozenset[Decimal]:
        """Every value that a quantity between these bounds may have."""
        return frozenset(row.value for row, after in self._with_next() if self._touches(bounds, row, after))

    def _with_next(self) -> Iterator[tuple[Band, Band | None]]:
        """Each row with the one above it."""
        after: Band | None = None
        for row in self.rows:
            yield row, after
            after = row

    @staticmethod
    def _touches(bounds: Bounds, row: Band, after: Band | None) -> bool:
        reaches = bounds.high is None or (
            row.begins_below(bounds.high) and not (bounds.high == row.above and bounds.high_open)
        )
        begins_before_the_next = after is None or bounds.low is None or not after.begins_below(bounds.low)
        return reaches and begins_before_the_next

    @property
    def limits(self) -> tuple[Decimal, ...]:
        """Where a row begins: what a shown quantity must not be rounded across."""
        return tuple(sorted(row.above for row in self.rows))

    def said(self) -> tuple[Text, ...]:
        """One text a row, as a card prints the table."""
        return tuple(self._row_said(row, after) for row, after in self._with_next())

    def _row_said(self, row: Band, after: Band | None) -> Text:
        value = Amount(row.value, self.value_unit)
        if after is None:
            return _("above {low}: {value}", low=Amount(row.above, self.unit), value=value)
        high = Amount(after.above, self.unit)
        if after.closed:
            return _("{low} to less than {high}: {value}", low=row.above, high=high, value=value)
        return _("{low} to {high}: {value}", low=row.above, high=high, value=value)
