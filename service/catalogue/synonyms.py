"""What else the things of the catalogue are called: brands and other names of drugs, names of their classes, abbreviations.

A clinician who types Zometa means the rules that say zoledronic acid.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TypeAlias

from mappings.vocabulary.concepts import Terminology
from mappings.vocabulary.drug_classes import classes_by_name
from mappings.vocabulary.names import words
from service.languages.render import Language, render
from service.rules.guideline import Guideline


def synonyms(
    guideline: Guideline, terminology: Terminology, language: Language, said: str
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For each name that is typed the phrases of `said`, the words of a catalogue in a language, that it stands for."""
    text = _spaced(said)
    found: dict[str, dict[str, None]] = {}
    for typed, means in (
        *_of_guideline(guideline, language),
        *_of_classes(terminology, text),
        *_of_drugs(terminology, language),
    ):
        if _spaced(means).rstrip() in text and _spaced(typed) != _spaced(means):
            found.setdefault(typed, {})[means] = None
    return tuple((typed, tuple(means)) for typed, means in sorted(found.items()))


Pairs: TypeAlias = Iterator[tuple[str, str]]
"""What is typed, and what it means."""


def _of_guideline(guideline: Guideline, language: Language) -> Pairs:
    for one in guideline.synonyms:
        means = render(one.means, language)
        yield from ((typed, means) for typed in one.typed)


def _of_classes(terminology: Terminology, text: str) -> Pairs:
    """The names of a class stand for each other, and its drugs for the class; those of a group of classes do not."""
    for names, groups in classes_by_name():
        shown = [name for name in names if _spaced(name).rstrip() in text]
        yield from product(names, shown)
        if len(groups) == 1 and shown:
            drugs = terminology.class_in_words(shown[0])
            yield from ((name, shown[0]) for name, drug in terminology.names_of_drugs() if drug in drugs)


def _of_drugs(terminology: Terminology, language: Language) -> Pairs:
    for name, drug in terminology.names_of_drugs():
        term = terminology.drug_name(frozenset({drug}))
        if term is not None:
            yield name, render(term, language)


def _spaced(text: str) -> str:
    """The words of a text without accents and capitals, a space before and behind each."""
    folded = (word for line in text.splitlines() for word in words(line))
    return f" {' '.join(folded)} "
