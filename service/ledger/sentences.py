"""Sentences of the ledger in other languages: it holds them in English, with what was the record's as names in braces.

Each is looked for among the messages of the catalogues: as it stands, else as one whose parameters were filled in. What is
found in none, because the rules have changed since or because it is a word of the record, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from string import Formatter

from mappings.wording import Amount
from service.languages.messages import FOLDER
from service.languages.render import Language, amount, number, translated, translated_of_number

LEFT_OUT = "…"
"""What stands in place of what the ledger does not keep."""

LONGEST = 2000
"""Signs of a sentence that is looked for."""

DEEPEST = 5
"""Sentences within sentences."""

MANY = 2
"""A number whose form stands for one that was not kept."""

_NAME = re.compile(r"\{\w+\}")
_FIGURE = re.compile(r"(?P<value>-?\d{1,12}(?:\.\d{1,6})?)(?: (?P<unit>\S{1,20}))?")


@dataclass(frozen=True)
class Message:
    """One message of a domain: its `literals`, and the names of the parameters between them."""

    message: str
    plural: str
    context: str
    domain: str
    literals: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def wordiness(self) -> int:
        """How many letters are its own."""
        return sum(sum(map(str.isalpha, literal)) for literal in self.literals)

    def template(self, language: Language) -> str:
        """It in a language, its parameters as names in braces."""
        if self.plural:
            return translated_of_number(self.message, self.plural, self.context, self.domain, MANY, language)
        return translated(self.message, self.context, self.domain, language)

    def filled_in(self, sentence: str) -> dict[str, str] | None:
        """The parameters that make the sentence of it; None where none do. It takes one pass, whatever the sentence."""
        first, *between, last = self.literals
        start, end = len(first), len(sentence) - len(last)
        if not sentence.startswith(first) or not sentence.endswith(last):
            return None
        said = []
        for literal in between:
            place = sentence.find(literal, start + 1, max(end, 0))
            if place < 0:
                return None
            said.append(sentence[start:place])
            start = place + len(literal)
        return dict(zip(self.names, [*said, sentence[start:end]], strict=True)) if start < end else None


def in_language(sentence: str, folder: Path, language: Language, depth: int = 0) -> str:
    """A sentence of the ledger in a language; `folder` is that of the guideline, whose catalogues know it."""
    if len(sentence) > LONGEST or depth > DEEPEST:
        return sentence
    whole, patterns = _messages(str(folder))
    if (message := whole.get(sentence)) is not None:
        return _NAME.sub(LEFT_OUT, message.template(language))
    if figure := _FIGURE.fullmatch(sentence):
        value = Decimal(figure["value"])
        return number(value, language) if figure["unit"] is None else amount(Amount(value, figure["unit"]), language)
    for message in patterns:
        if (found := message.filled_in(sentence)) is not None:
            said = {name: in_language(part, folder, language, depth + 1) for name, part in found.items()}
            return _NAME.sub(partial(_said, said), message.template(language))
    return _NAME.sub(LEFT_OUT, sentence)


def _said(said: Mapping[str, str], name: re.Match[str]) -> str:
    return said.get(name[0][1:-1], LEFT_OUT)


@cache
def _messages(folder: str) -> tuple[dict[str, Message], tuple[Message, ...]]:
    """The messages of a guideline and ours by their English; and those with parameters, the wordiest first."""
    found = [message for domain in (folder, "") for message in _of(domain)]
    whole: dict[str, Message] = {}
    for message in found:
        whole.setdefault(message.message, message)
    with_parameters = [message for message in found if message.names and message.wordiness]
    return whole, tuple(sorted(with_parameters, key=lambda message: -message.wordiness))


def _of(domain: str) -> Iterator[Message]:
    from babel.messages.pofile import read_po  # noqa: PLC0415 - for receipts alone

    known: dict[tuple[str, str], None] = {}
    for path in sorted((Path(domain) if domain else FOLDER).glob("*.po")):
        with path.open("rb") as file:
            for one in read_po(file):
                message, plural = (one.id, "") if isinstance(one.id, str) else (one.id[0], one.id[1])
                if message and (message, one.context or "") not in known:
                    known[message, one.context or ""] = None
                    yield Message(message, plural, one.context or "", domain, *_parts(message))


def _parts(message: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The literals of a message and the names between them; no names where it could not be told which words are whose."""
    parts = [(literal, name) for literal, name, _spec, _conversion in Formatter().parse(message)]
    names = tuple(name for _literal, name in parts if name)
    literals = [literal for literal, _name in parts] + ([""] if parts and parts[-1][1] else [])
    told_apart = len(set(names)) == len(names) and all(literals[1:-1])
    return (tuple(literals), names) if told_apart and len(literals) == len(names) + 1 else ((), ())
