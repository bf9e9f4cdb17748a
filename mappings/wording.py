"""What a card or a reason says, before a language is chosen.

Every sentence of the product is written in English where it is decided, marked with `_`; the catalogues of
`service.languages` hold it in the other languages. The parameters are formatted there too, in the language's form. What has
sentences of its own, as a guideline has, brings its catalogues with it: it makes its marks with `marks_of` its folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol, Self

NOTHING: Mapping[str, object] = MappingProxyType({})


class Text:
    """A sentence with named parameters, translated and formatted later.

    `message` is its English, `context` tells equal messages apart that other languages say differently, and `plural` is the
    English for another `number` than one. Parameters may be a `Text`, an `Amount`, a `When`, a `date`, a `Decimal`, an `int`, a
    `str` taken from the record (escaped when it is shown), or a tuple of any of these (shown as a list). `domain` is the folder
    of the catalogues that hold it; none for ours. Equal texts with equal parameters are equal, wherever they are translated.

    Two parameters are for whoever runs the systems: `source`, the reference of the resource that the sentence is about, which
    prose says as its kind, and `hint`, what they may do about it, which prose does not say. See `asides`.
    """

    __slots__ = ("_hash", "context", "domain", "message", "parameters", "plural")

    def __init__(
        self,
        message: str,
        parameters: Mapping[str, object] = NOTHING,
        *,
        context: str = "",
        plural: str = "",
        domain: str = "",
    ) -> None:
        self.message = message
        self.context = context
        self.plural = plural
        self.domain = domain
        self.parameters = parameters
        self._hash: int | None = None

    def with_(self, **parameters: object) -> Text:
        """The same sentence with more parameters."""
        both = {**self.parameters, **parameters}
        return Text(self.message, both, context=self.context, plural=self.plural, domain=self.domain)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Text)
            and self.message == other.message
            and self.context == other.context
            and self.parameters == other.parameters
            and type(self) is type(other)
        )

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.message, self.context, tuple(self.parameters.values())))
        return self._hash

    def __repr__(self) -> str:
        return f"Text({self.message!r}, {dict(self.parameters)!r})"


class Asides(NamedTuple):
    """What a sentence knows and a clinician need not read: references of resources, and hints for whoever runs the systems."""

    sources: tuple[str, ...]
    hints: tuple[Text, ...]


def asides(text: Text) -> Asides:
    """The sources and the hints of a sentence and of the sentences in it, each once."""
    sources: dict[str, None] = {}
    hints: dict[Text, None] = {}
    waiting: list[object] = [text]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            waiting.extend(one)
        elif isinstance(one, Text):
            for name, value in one.parameters.items():
                if name == SOURCE and isinstance(value, str) and value:
                    sources[value] = None
                elif name == HINT and isinstance(value, Text):
                    hints[value] = None
                else:
                    waiting.append(value)
    return Asides(tuple(sources), tuple(hints))


SOURCE, HINT = "source", "hint"
"""The parameters that are for whoever runs the systems."""


class Mark(Protocol):
    """A sentence in English, to be translated."""

    def __call__(self, message: str, /, **parameters: object) -> Text:
        """The sentence with its parameters."""


class MarkInContext(Protocol):
    """A sentence whose English stands elsewhere with another meaning; the context is for the translator."""

    def __call__(self, context: str, message: str, /, **parameters: object) -> Text:
        """The sentence with its parameters."""


class MarkOfNumber(Protocol):
    """A sentence that depends on a number, which it may show as `{number}`."""

    def __call__(self, singular: str, plural: str, /, number: int | Decimal, **parameters: object) -> Text:
        """The sentence with its parameters."""


class Marks(NamedTuple):
    """The marks of one domain, to be called `_`, `_c` and `_n`: the tool that extracts sentences knows them by these names."""

    plain: Mark
    in_context: MarkInContext
    of_number: MarkOfNumber


def marks_of(folder: Path | None) -> Marks:
    """The marks of sentences whose catalogues, `<language>.po`, lie in a folder; of ours without one."""
    domain = "" if folder is None else str(folder)

    def plain(message: str, /, **parameters: object) -> Text:
        return Text(message, parameters or NOTHING, domain=domain)

    def in_context(context: str, message: str, /, **parameters: object) -> Text:
        return Text(message, parameters or NOTHING, context=context, domain=domain)

    def of_number(singular: str, plural: str, /, number: int | Decimal, **parameters: object) -> Text:
        return Text(singular, {"number": number, **parameters}, plural=plural, domain=domain)

    return Marks(plain, in_context, of_number)


_, _c, _n = marks_of(None)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number (or a range, up to `to`) with its unit as it is shown: a UCUM code or the text that the record gave.

    It has so many `digits` after the decimal mark at least: a table's «4.0» beside «3.5».
    """

    value: Decimal
    unit: str
    comparator: str = ""
    to: Decimal | None = None
    digits: int = 0


class Verbatim(Text):
    """Words that stand as they came in every language: a product's name, a code, a unit. Escaped when they are shown."""

    __slots__ = ()


def of_resource(reference: str) -> Text:
    """A resource that has no name: prose says its kind."""
    return _("{source}", source=reference)


def verbatim(words: str) -> Verbatim:
    """Words of the record, the same in every language."""
    return Verbatim(words)


class Term(Text):
    """A name that a table of ours gives in several languages, by their codes; English stands for those that it lacks."""

    __slots__ = ("names",)

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__(names["en"], context="name")
        self.names = names


class Said(str):
    """The words of an error, in English, that know their sentence: who shows it to a person may say it in another language."""

    __slots__ = ("text",)

    text: Text

    def __new__(cls, text: Text) -> Self:
        """The words of a sentence, as they stand in logs: its parameters unformatted."""
        said = super().__new__(cls, _in_english(text))
        said.text = text
        return said


def _in_english(text: Text) -> str:
    """The English of a sentence whose parameters are words, numbers and sentences."""
    message = text.plural if text.plural and text.parameters["number"] != 1 else text.message
    shown = {name: _in_english(one) if isinstance(one, Text) else one for name, one in text.parameters.items()}
    return message.format_map(shown) if shown else message
