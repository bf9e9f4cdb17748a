"""Names in free text: an explicit table of drug names, and the closed table of recorded findings.

Names match as whole words, without regard to case, accents and punctuation. The longest name at a place wins, and a
phrase of the deny list is a name of nothing: "calcium channel blocker" hides the calcium in it.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from difflib import SequenceMatcher
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mappings.vocabulary import valuesets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_TEXT = 1000
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


class DrugNames:
    """The table of drug names (`valuesets/drug_names.csv`), ready to read texts."""

    def __init__(self, table: Iterable[tuple[str, str, str]]) -> None:
        """Take rows of name, concept and kind (see the folder's documentation)."""
        by_first_word: dict[str, list[_Name]] = defaultdict(list)
        self._whole: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._hiding: list[tuple[str, ...]] = []
        for name, concept, kind in table:
            as_words = tuple(words(name))
            if kind == "deny-text":
                self._hiding.append(as_words)
            elif kind == "whole":
                self._whole[as_words].add(concept)
            else:
                by_first_word[as_words[0]].append(_Name(as_words, concept))
        self._by_first_word = {
            first: sorted(names, key=lambda name: -len(name.words)) for first, names in by_first_word.items()
        }

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
    length = len(phrase)
    return any(said[place : place + length] == phrase for place in range(len(said) - length + 1))


@lru_cache(maxsize=1)
def drug_names() -> DrugNames:
    """The table that we ship."""
    return DrugNames((name, concept, kind) for name, concept, kind, _ in valuesets.table("drug_names.csv"))


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


_PERCUTANEOUS_FIXATION = tuple(
    tuple(words(name))
    for name in (
        "percutaneous fixation",
        "percutaneous screw fixation",
        "percutaneous osteosynthesis",
        "percutaneous internal fixation",
        "fixation percutanée",
        "vissage percutané",
        "ostéosynthèse percutanée",
    )
)


def names_percutaneous_fixation(text: str) -> bool:
    """The text of an order names percutaneous fixation, for which there is no usable code (`valuesets/gaps.csv`)."""
    said = tuple(words(text))
    return any(holds(said, phrase) for phrase in _PERCUTANEOUS_FIXATION)


_CEMENT = frozenset(["cement", "cementoplasty", "pmma", "ciment", "cimentoplastie", "polymethylmethacrylate"])


def names_cement(text: str) -> bool:
    """The text of an order names cement."""
    return not _CEMENT.isdisjoint(words(text))


_ROUTINE = frozenset(
    ["suivi", "surveillance", "routine", "follow", "followup", "controle", "staging", "bilan", "extension"]
)


def names_follow_up(text: str) -> bool:
    """The text of a reason speaks of follow-up or staging, not of a new complaint."""
    return not _ROUTINE.isdisjoint(words(text))


_GROUPS_OF_DRUGS: dict[str, Mapping[str, str]] = {
    "calcium_any": {"en": "calcium", "fr": "calcium"},
    "calcium_plus_vitamin_d": {"en": "calcium with vitamin D", "fr": "calcium et vitamine D"},
    "aflibercept_systemic": {"en": "aflibercept", "fr": "aflibercept"},
}
"""Concepts whose names in the table are those of products."""


@lru_cache(maxsize=1)
def _international_names() -> dict[str, Mapping[str, str]]:
    """The international name of each concept that has one, by language, the spelling nearest to the concept's."""
    by_concept: dict[str, dict[str, list[str]]] = {}
    for name, concept, kind, _evidence in valuesets.table("drug_names.csv"):
        if kind.startswith("INN-"):
            by_concept.setdefault(concept, {}).setdefault(kind.removeprefix("INN-"), []).append(name)
    names = dict(_GROUPS_OF_DRUGS)
    for concept, languages in by_concept.items():
        nearest = {language: _nearest(concept, spellings) for language, spellings in languages.items()}
        if "en" not in nearest:
            nearest["en"] = nearest["fr"]
        names.setdefault(concept, nearest)
    return names


def _nearest(concept: str, names: list[str]) -> str:
    wanted = sorted(concept.split("_"))
    return max(
        names, key=lambda name: SequenceMatcher(a=" ".join(sorted(words(name))), b=" ".join(wanted)).ratio(), default=""
    )


def international_name(concept: str) -> Mapping[str, str] | None:
    """The international name of a drug concept by language, English always; None for a class or an unnamed one."""
    return _international_names().get(concept)
