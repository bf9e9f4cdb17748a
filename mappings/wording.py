"""What a card or a reason says, in English and French, before a language is chosen.

Every sentence of the product is written where it is decided, in both languages side by side: a rule, a fact that could
not be read, a label. `service.i18n` chooses the language and formats the parameters in its form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


class Text:
    """A sentence in English and French with named parameters, formatted later as `str.format` does.

    Parameters may be a `Text`, an `Amount`, a `When`, a `date`, a `Decimal`, an `int`, a `str` taken from the record
    (escaped when it is shown), or a tuple of any of these (shown as a list).
    """

    __slots__ = ("_key", "en", "fr", "parameters")

    def __init__(self, en: str, fr: str, /, **parameters: object) -> None:
        self.en = en
        self.fr = fr
        self.parameters = parameters
        self._key: tuple[object, ...] | None = None

    def key(self) -> tuple[object, ...]:
        """Equal texts with equal parameters have equal keys; used to say a thing once."""
        if self._key is None:
            self._key = (self.en, self.fr, *sorted((name, _frozen(value)) for name, value in self.parameters.items()))
        return self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())

    def __repr__(self) -> str:
        return f"Text({self.en!r}, {self.parameters!r})"


def _frozen(value: object) -> str:
    if isinstance(value, Text):
        return repr(value.key())
    return repr(value)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number (or a range, up to `to`) with its unit as it is shown: a UCUM code or the text that the record gave."""

    value: Decimal
    unit: str
    comparator: str = ""
    to: Decimal | None = None


class Verbatim(Text):
    """Words that stand as they came in both languages: a product's name, a code, a unit. Escaped when they are shown."""

    __slots__ = ()


def verbatim(words: str) -> Verbatim:
    """Words of the record, the same in both languages."""
    return Verbatim(words, words)
