"""Tables of a guideline that decide and print themselves, so that no figure stands twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from mappings.quantities import Bounds
from mappings.wording import Amount, Text, _


@dataclass(frozen=True, slots=True)
class Band:
    """One row: from `above` (itself included only where `closed`) up to the next row, the value."""

    above: Decimal
    value: Decimal
    closed: bool = True

    def is_reached(self, bounds: Bounds) -> bool | None:
        """The quantity is at or beyond the beginning of the row."""
        return bounds.at_least(self.above) if self.closed else bounds.above(self.above)


@dataclass(frozen=True, slots=True)
class Bands:
    """Half-open bands of a quantity, the highest first: which values a result allows, how it is rounded, how it reads.

    `unit` and `value_unit` are those of the quantity and of the values; values are printed with so many `digits` after the
    decimal mark at least. Below the lowest row there is no value.
    """

    rows: tuple[Band, ...]
    unit: str
    value_unit: str
    digits: int = 0

    # --- deciding -----------------------------------------------------------------------------------------------------

    def of(self, bounds: Bounds) -> frozenset[Decimal]:
        """Every value that a quantity between these bounds may have."""
        return frozenset(
            row.value
            for row, after in self._with_next()
            if row.is_reached(bounds) is not False and (after is None or after.is_reached(bounds) is not True)
        )

    def settled(self, bounds: Bounds) -> Decimal | None:
        """The one value that each quantity between these bounds has; None where it may be another, or none."""
        values = self.of(bounds)
        return next(iter(values)) if len(values) == 1 and self.rows[-1].is_reached(bounds) else None

    @property
    def limits(self) -> tuple[Decimal, ...]:
        """Where a row begins: what a shown quantity must not be rounded across."""
        return tuple(sorted(row.above for row in self.rows))

    # --- printing -----------------------------------------------------------------------------------------------------

    def said(self) -> Text:
        """The rows in one line, with the units in the first: «above 60 mL/min 4.0 mg; 50 to 60: 3.5; …»."""
        return _linked((self._row(row, after) for row, after in self._with_next()), _("{before}; {row}"))

    def ranges(self) -> Text:
        """The bands without their values, and the unit: «above 60, 50 to 60, 40 to less than 50 mL/min»."""
        ranges = (_range(row, after, row.above) for row, after in self._with_next())
        return _("{bands} {unit}", bands=_linked(ranges, _("{before}, {row}")), unit=self.unit)

    def _row(self, row: Band, after: Band | None) -> Text:
        if after is None:
            band = _range(row, after, Amount(row.above, self.unit))
            return _("{band} {value}", band=band, value=Amount(row.value, self.value_unit, digits=self.digits))
        return _("{band}: {value}", band=_range(row, after, row.above), value=Amount(row.value, "", digits=self.digits))

    def _with_next(self) -> Iterator[tuple[Band, Band | None]]:
        """Each row with the one above it."""
        return zip(self.rows, (None, *self.rows[:-1]), strict=True)


def _linked(rows: Iterable[Text], link: Text) -> Text:
    return reduce(lambda before, row: link.with_(before=before, row=row), rows)


def _range(row: Band, after: Band | None, low: Decimal | Amount) -> Text:
    """Where a row begins and ends, with the ends that belong to it."""
    if after is None:
        return _("{low} or more", low=low) if row.closed else _("above {low}", low=low)
    begin = low if row.closed else _("above {low}", low=low)
    end = _("less than {high}", high=after.above) if after.closed else after.above
    return _("{begin} to {end}", begin=begin, end=end)
