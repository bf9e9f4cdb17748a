"""Names in free text: an explicit table of drug names, and the closed table of recorded findings.

Names match as whole words, without regard to case, accents and punctuation. The longest name at a place wins, and a
phrase of the deny list is a name of nothing: "calcium channel blocker" hides the calcium in it.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from difflib import SequenceMatcher
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mappings.vocabulary import valuesets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LONGEST_TEXT = 512
"""Characters of a text that are read; a drug's name stands at its beginning."""

_WORD = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}


def words(text: str) -> list[str]:
    """The words of a text in compatibility form (NFKC), case-folded, without accents and punctuation."""
    text = text[:LONGEST_TEXT]
    if not text.isascii():
        decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
        letters = (character for character in decomposed if not unicodedata.combining(character))
        text = "".join(character if character.isalnum() else " " for character in letters)
    return text.translate(_WORD).casefold().split()


class _Name(NamedTuple):
    words: tuple[str, ...]
    concept: str
    """Empty for a phrase of the deny list."""


INTERNATIONAL = "INN-"
"""The kinds of international names are this and a language."""


class DrugNames:
    """A table of drug names (`valuesets/drug_names.csv`), ready to read texts."""

    def __init__(self, table: Iterable[tuple[str, str, str]]) -> None:
        """Take rows of name, concept and kind (see the folder's documentation)."""
        by_first_word: dict[str, list[_Name]] = defaultdict(list)
        self._international: dict[str, dict[str, list[str]]] = {}
        self._whole: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._hiding: list[tuple[str, ...]] = []
        for name, concept, kind in table:
            as_words = tuple(words(name))
            if kind.startswith(INTERNATIONAL):
                languages = self._international.setdefault(concept, {})
                languages.setdefault(kind.removeprefix(INTERNATIONAL), []).append(name)
            if kind == "deny-text":
                self._hiding.append(as_words)
            elif kind == "whole":
                self._whole[as_words].add(concept)
            else:
                by_first_word[as_words[0]].append(_Name(as_words, concept))
        self._by_first_word = {
            first: sorted(names, key=lambda name: -len(name.words)) for first, names in by_first_word.items()
        }

    @cached_property
    def international(self) -> Mapping[str, Mapping[str, str]]:
        """The international name of each concept that has one, by language, English always; none for a class.

        Of several spellings it is the one nearest to the concept's own.
        """
        names = dict(_GROUPS_OF_DRUGS)
        for concept, languages in self._international.items():
            nearest = {language: _nearest(concept, spellings) for language, spellings in languages.items()}
            names.setdefault(concept, {"en": nearest.get("en") or nearest["fr"], **nearest})
        return names

    def in_text(self, text: str) -> frozenset[str]:
        """The concepts of the drugs that a text names."""
        said = tuple(words(text))
        if whole := self._whole.get(said):
            return frozenset(whole)
        found: set[str] = set()
        place = 0
        while place < len(said):
            length = 1
            for name in self._by_first_word.get(said[place], ()):
                if len(name.words) < length:
                    break
                if said[place : place + len(name.words)] == name.words:
                    length = len(name.words)
                    if name.concept:
                        found.add(name.concept)
            place += length
        if found and any(holds(said, phrase) for phrase in self._hiding):
            return frozenset()
        return frozenset(found)


def holds(said: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """The words of a text hold these words in a row."""
    if phrase[0] not in said:  # nearly always, and found out sooner
        return False
    length = len(phrase)
    return any(said[place : place + length] == phrase for place in range(len(said) - length + 1))


DRUG_NAMES = "drug_names.csv"
"""The table of drug names in a folder of value sets; not every folder has one."""


def drug_names(folders: Iterable[Path]) -> DrugNames:
    """The tables of these folders as one."""
    tables = (valuesets.table(DRUG_NAMES, folder) for folder in folders if (folder / DRUG_NAMES).is_file())
    return DrugNames((name, concept, kind) for table in tables for name, concept, kind, _evidence in table)


_FINDING_NAMES = {
    "mirels-score": ("Mirels", "Mirels score", "score de Mirels", "Mirels classification", "classification de Mirels"),
    "sins-score": (
        "SINS",
        "SINS score",
        "score SINS",
        "spinal instability neoplastic score",
        "spine instability neoplastic score",
        "score d'instabilité rachidienne néoplasique",
    ),
    "life-expectancy": ("life expectancy", "estimated life expectancy", "espérance de vie", "espérance de vie estimée"),
    "bone-metastasis-count": (
        "number of bone metastases",
        "bone metastasis count",
        "nombre de métastases osseuses",
    ),
    "metastatic-site-count": ("number of metastatic sites", "nombre de sites métastatiques"),
    "largest-lesion": (
        "largest lesion",
        "largest bone lesion",
        "plus grande lésion",
        "taille de la plus grande lésion",
    ),
    "canal-narrowing": ("canal narrowing", "spinal canal narrowing", "rétrécissement du canal", "réduction du canal"),
    "tumour-cord-distance": (
        "tumour to cord distance",
        "tumor to cord distance",
        "distance tumeur moelle",
    ),
    "cortical-lysis-axial": ("axial cortical lysis", "axial cortical involvement", "lyse corticale axiale"),
    "cortical-lysis-circumferential": (
        "circumferential cortical lysis",
        "circumferential cortical involvement",
        "lyse corticale circonférentielle",
    ),
    "epidural-extension": ("epidural extension", "extension épidurale", "épidurite", "épidurite métastatique"),
    "posterior-wall-involvement": (
        "posterior wall involvement",
        "atteinte du mur postérieur",
        "recul du mur postérieur",
    ),
    "posterior-arch-involvement": ("posterior arch involvement", "atteinte de l'arc postérieur"),
    "mri-contraindicated": ("MRI contraindicated", "MRI contraindication", "contre-indication à l'IRM"),
    "asymptomatic-stable-fracture": (
        "asymptomatic stable fracture",
        "asymptomatic stable vertebral fracture",
        "fracture stable asymptomatique",
    ),
}

FINDING_OF_NAME: Mapping[tuple[str, ...], str] = MappingProxyType(
    {tuple(words(name)): finding for finding, names in _FINDING_NAMES.items() for name in names}
)
"""The finding that a whole text names; a text that says more (history of, refer for...) names none."""


_GROUPS_OF_DRUGS: dict[str, Mapping[str, str]] = {
    "calcium_any": {"en": "calcium", "fr": "calcium"},
    "calcium_plus_vitamin_d": {"en": "calcium with vitamin D", "fr": "calcium et vitamine D"},
    "aflibercept_systemic": {"en": "aflibercept", "fr": "aflibercept"},
}
"""Concepts whose names in the table are those of products."""


def _nearest(concept: str, names: list[str]) -> str:
    wanted = sorted(concept.split("_"))
    return max(
        names, key=lambda name: SequenceMatcher(a=" ".join(sorted(words(name))), b=" ".join(wanted)).ratio(), default=""
    )
