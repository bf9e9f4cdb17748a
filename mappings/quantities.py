"""A quantity as the record settles it: a value, or the interval that a comparator, a range or a partial date leaves.

Decimal arithmetic throughout; comparisons answer True, False, or None where the interval lies on both sides.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from mappings.values import value

ZERO = Decimal(0)


@value
class Bounds:
    """All the values that a quantity may have. `None` is no bound; an `open` end does not belong to it."""

    low: Decimal | None
    high: Decimal | None
    low_open: bool = False
    high_open: bool = False

    @property
    def exact(self) -> Decimal | None:
        """The value, where there is only one."""
        return self.low if self.low is not None and self.low == self.high else None

    def below(self, limit: Decimal) -> bool | None:
        """Strictly below the limit?"""
        if self.high is not None and (self.high < limit or (self.high == limit and self.high_open)):
            return True
        if self.low is not None and self.low >= limit:
            return False
        return None

    def at_most(self, limit: Decimal) -> bool | None:
        """Below the limit or equal to it?"""
        if self.high is not None and self.high <= limit:
            return True
        if self.low is not None and (self.low > limit or (self.low == limit and self.low_open)):
            return False
        return None

    def above(self, limit: Decimal) -> bool | None:
        """Strictly above the limit?"""
        answer = self.at_most(limit)
        return None if answer is None else not answer

    def at_least(self, limit: Decimal) -> bool | None:
        """Above the limit or equal to it?"""
        answer = self.below(limit)
        return None if answer is None else not answer

    def scaled(self, factor: Decimal) -> Bounds:
        """Every value times a positive factor."""
        return Bounds(
            None if self.low is None else self.low * factor,
            None if self.high is None else self.high * factor,
            self.low_open,
            self.high_open,
        )

    def shifted(self, by: Bounds) -> Bounds:
        """Every value plus every value of the other."""
        return Bounds(
            None if self.low is None or by.low is None else self.low + by.low,
            None if self.high is None or by.high is None else self.high + by.high,
            self.low_open or by.low_open,
            self.high_open or by.high_open,
        )

    def negated(self) -> Bounds:
        """Zero minus every value."""
        return Bounds(
            None if self.high is None else -self.high,
            None if self.low is None else -self.low,
            self.high_open,
            self.low_open,
        )

    def over(self, by: Bounds) -> Bounds:
        """Every (not negative) value divided by every (positive) value of the other, in one division.

        Dividing last keeps a quotient that is a whole number whole: a reciprocal would round first.
        """
        low = None if self.low is None or by.high is None else self.low / by.high
        high = None if self.high is None or by.low is None or by.low <= ZERO else self.high / by.low
        return Bounds(low, high, self.low_open or by.high_open, self.high_open or by.low_open)

    def times(self, by: Bounds) -> Bounds:
        """Every value times every value of the other; both are taken as not negative."""
        low = None if self.low is None or by.low is None else self.low * by.low
        high = None if self.high is None or by.high is None else self.high * by.high
        return Bounds(low, high, self.low_open or by.low_open, self.high_open or by.high_open)


def exactly(value: Decimal | int) -> Bounds:
    """A known value."""
    value = Decimal(value)
    return Bounds(value, value)


def bounded(value: Decimal, comparator: str) -> Bounds:
    """What a FHIR comparator leaves of a value: `<`, `<=`, `>`, `>=`, or none.

    Raises `ValueError` for any other comparator (`ad` of R5, a typing error): such a value settles nothing we can use.
    """
    match comparator:
        case "":
            return exactly(value)
        case "<":
            return Bounds(None, value, high_open=True)
        case "<=":
            return Bounds(None, value)
        case ">":
            return Bounds(value, None, low_open=True)
        case ">=":
            return Bounds(value, None)
        case _:
            raise ValueError(f"comparator {comparator[:8]!r}")


_NUMBERS = (int, float, str, Decimal)
LONGEST_NUMBER = 64
"""Characters of a number that is sent as a text."""


def decimal_of(value: object) -> Decimal | None:
    """A JSON number, or a number sent as a text, as the decimal that was written; None for anything else."""
    if not isinstance(value, _NUMBERS) or (isinstance(value, str) and len(value) > LONGEST_NUMBER):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 15 else None


BLANKS_AND_MARKS = " \u00a0\u2007-\u200a\u202f'’ʼ_"
"""Within brackets of a regular expression: what parts thousands and nothing else."""

_GROUPS = re.compile(rf"[1-9]\d{{0,2}}(?:[{BLANKS_AND_MARKS}]\d{{3}})+(?:[.,]\d{{1,9}})?\Z", re.ASCII)
_ONE_MARK = re.compile(r"(\d{1,12})[.,](\d{1,12})\Z", re.ASCII)
_COMMAS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d{1,9})?\Z", re.ASCII)
_POINTS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d{1,9})?\Z", re.ASCII)


def written_number(text: str, *, mark_parts_thousands: bool | None = None) -> Decimal | None:
    """A number as people write it: «50 000», «50'000», «50,000.5», «1,7».

    One mark before exactly three figures (`50,000`, `50.000`) may part thousands or decimals: `mark_parts_thousands` tells
    which; None leaves such a number unread. None too for what is no number.
    """
    text = text.strip()
    if len(text) > LONGEST_NUMBER:
        return None
    if _GROUPS.match(text):
        return decimal_of(re.sub(f"[{BLANKS_AND_MARKS}]", "", text).replace(",", "."))
    if one := _ONE_MARK.match(text):
        whole, part = one.groups()
        if len(part) != 3 or len(whole) > 3 or whole.startswith("0"):
            return decimal_of(f"{whole}.{part}")
        if mark_parts_thousands is None:
            return None
        return decimal_of(whole + part if mark_parts_thousands else f"{whole}.{part}")
    if _COMMAS.match(text):
        return decimal_of(text.replace(",", ""))
    if _POINTS.match(text):
        return decimal_of(text.replace(".", "").replace(",", "."))
    return decimal_of(text) if text.isascii() and text.isdigit() else None
