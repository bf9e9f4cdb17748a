"""A line of order entry as words that can be compared: folded, with the marks between them kept.

Case, accents, apostrophes, dashes and plurals make no difference. All of it is linear in the length of the line, and no more
than `LONGEST_LINE` characters are read.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple, TypeAlias

from mappings.vocabulary.letters import without_accents, without_unseen

LONGEST_LINE = 512
"""Characters of a line that are read; what is ordered stands at its beginning."""

Phrase: TypeAlias = tuple[str, ...]
"""Folded words in a row."""

SHORTEST_PLURAL = 4
"""Letters of a word from which a last s or x is an ending."""

ELISION = "'"
"""An apostrophe of either form after a letter, as in « d'une »."""


class Word(NamedTuple):
    """A word of a line: folded, as it is written in lower case, and the marks between it and the next."""

    folded: str
    written: str
    after: str

    @property
    def is_figure(self) -> bool:
        """A number, an ordinal, or a number of times."""
        return self.folded[0].isdigit() and not any(letter.isalpha() for letter in self.folded.rstrip("emrx"))


def folded(word: str) -> str:
    """One word in lower case, without accents and without the ending of a plural."""
    word = without_accents(word)
    return word[:-1] if len(word) >= SHORTEST_PLURAL and word[-1] in "sx" else word


def line_of(text: str) -> tuple[Word, ...]:
    """The words of a line; of its first `LONGEST_LINE` characters, and as many once it is in compatibility form."""
    text = unicodedata.normalize("NFKC", without_unseen(text[:LONGEST_LINE]))[:LONGEST_LINE].casefold()
    found: list[Word] = []
    place, length = 0, len(text)
    while place < length:
        begin = place
        while place < length and (text[place].isalnum() or unicodedata.combining(text[place])):
            place += 1
        end = place
        while place < length and not text[place].isalnum():
            place += 1
        if end > begin and (word := folded(text[begin:end])):
            marks = text[end:place].replace("’", ELISION).replace("–", "-").replace("—", "-")
            found.append(Word(word, text[begin:end], marks))
    return tuple(found)


def phrase(written: str) -> Phrase:
    """The words of a phrase of a table, folded as those of a line are."""
    return tuple(word.folded for word in line_of(written))


def phrases(*written: str) -> tuple[Phrase, ...]:
    """Several phrases."""
    return tuple(phrase(one) for one in written)


def one_word(*written: str) -> frozenset[str]:
    """Single words, folded, as a set."""
    return frozenset(folded(word.casefold()) for word in " ".join(written).split())


def stands_at(line: tuple[Word, ...], place: int, wanted: Phrase) -> bool:
    """The words of the phrase stand in the line from this place on."""
    if place + len(wanted) > len(line):
        return False
    return all(line[place + step].folded == word for step, word in enumerate(wanted))
