"""Classes of drugs as records name them in words: « AVK », « HBPM », "bisphosphonate". Each may be any drug of its class.

French and English words of everyday prescribing, compared whole; the classes are those of ATC (WHO Collaborating Centre for
Drug Statistics Methodology, ATC index), read as a class code is. What a word of `_ANOTHER` stands beside is another matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mappings.vocabulary.names import LONGEST_TEXT, holds, words

_CLASSES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("AVK", "antivitamine K", "anti vitamine K", "VKA", "vitamin K antagonist"), ("B01AA",)),
    (("HBPM", "LMWH", "héparine de bas poids moléculaire", "low molecular weight heparin"), ("B01AB",)),
    (("AOD", "ACOD", "NACO", "DOAC", "NOAC", "anticoagulant oral direct"), ("B01AE", "B01AF")),
    (("anticoagulant", "anti coagulant", "anticoagulation", "blood thinner"), ("B01A",)),
    (("antiagrégant", "anti agrégant", "antiplaquettaire", "anti plaquettaire", "antiplatelet"), ("B01AC",)),
    (("antithrombotique", "anti thrombotique", "antithrombotic"), ("B01A",)),
    (("bisphosphonate", "biphosphonate", "diphosphonate", "biphosphonates"), ("M05BA",)),
    (
        (
            "anti RANKL",
            "anti RANK ligand",
            "anti RANK L",
            "inhibiteur de RANKL",
            "inhibiteur de RANK L",
            "RANKL inhibitor",
        ),
        ("M05BX",),
    ),
    (("antirésorptif", "anti résorptif", "antiresorptive", "anti ostéoclastique"), ("M05BA", "M05BX")),
    (("immunothérapie", "immunotherapy", "anti PD1", "anti PD 1", "anti PDL1", "anti PD L1"), ("L01FF",)),
    (("inhibiteur de checkpoint", "inhibiteur de points de contrôle", "checkpoint inhibitor"), ("L01FF",)),
    (("ITK", "TKI", "inhibiteur de tyrosine kinase", "tyrosine kinase inhibitor"), ("L01E",)),
    (("anti EGFR", "EGFR inhibitor"), ("L01EB", "L01FE")),
    (("anti VEGF", "anti angiogénique", "antiangiogénique", "antiangiogenic", "anti angiogenic"), ("L01FG", "L01E")),
    (("sel de platine", "platinum compound", "platinum based"), ("L01XA",)),
    (("taxane",), ("L01CD",)),
    (("anthracycline",), ("L01DB",)),
    (
        ("corticoïde", "corticothérapie", "glucocorticoïde", "corticostéroïde", "corticosteroid", "glucocorticoid"),
        ("H02AB",),
    ),
    (("AINS", "NSAID", "anti inflammatoire non stéroïdien"), ("M01A",)),
)


def classes_by_name() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """For each class the names that it has, in every language, and its ATC groups."""
    yield from _CLASSES


_ANOTHER = frozenset(
    words("citrate allergénique allergenic allergen allergène désensibilisation sublingual sublinguale")
)
"""Solutions of apheresis and vaccines of allergies, which bear the words of a class."""

_CHEMOTHERAPY = frozenset(words("chimiothérapie chimiothérapies chimio chemotherapy chemo polychimiothérapie"))


def _plural(phrase: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word if len(word) <= 2 or word.endswith("s") else f"{word}s" for word in phrase)


_PHRASES = tuple(
    (phrase, classes)
    for names, classes in _CLASSES
    for singular in (tuple(words(name)) for name in names)
    for phrase in dict.fromkeys(
        (singular, (f"{singular[0]}s", *singular[1:]), (*singular[:-1], f"{singular[-1]}s"), _plural(singular))
    )
)


def classes_in(text: str) -> tuple[str, ...]:
    """The ATC classes that a text names; none of a text that is longer than a name (`LONGEST_TEXT`)."""
    return _classes_in(text) if len(text) <= LONGEST_TEXT else ()


@lru_cache(maxsize=2048)
def _classes_in(text: str) -> tuple[str, ...]:
    said = tuple(words(text))
    if not said or not _ANOTHER.isdisjoint(said):
        return ()
    return tuple(dict.fromkeys(one for phrase, classes in _PHRASES if holds(said, phrase) for one in classes))


def names_chemotherapy_alone(text: str) -> bool:
    """A text that names chemotherapy, and (as its caller knows) no drug."""
    return len(text) <= LONGEST_TEXT and not _CHEMOTHERAPY.isdisjoint(words(text))
