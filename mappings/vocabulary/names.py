"""Names in free text: an explicit table of drug names, and the closed table of recorded findings.

Names match as whole words, without regard to case, accents and punctuation. The longest name at a place wins, and a
phrase of the deny list is a name of nothing: "calcium channel blocker" hides the calcium in it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mappings.vocabulary import valuesets
from mappings.vocabulary.letters import (
    as_it_looks,
    in_another_script,
    is_shown_otherwise,
    with_unseen_as_blanks,
    without_accents,
    without_unseen,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

LONGEST_TEXT = 512
"""Characters of a text that is read at all: a longer one is no name, and its end may deny what its beginning says."""

_MARKS = str.maketrans("\u2122\u2120", "  ")
"""Signs behind a brand that are letters in compatibility form."""

_WORD = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}


def words(text: str) -> list[str]:
    """The words of a text in compatibility form (NFKC), case-folded, without accents and punctuation; none of a longer text."""
    if len(text) > LONGEST_TEXT:
        return []
    if not text.isascii():
        text = text.translate(_MARKS)
        text = "".join(character if character.isalnum() else " " for character in without_accents(text))
    return text.translate(_WORD).casefold().split()


Phrase: TypeAlias = tuple[str, ...]
"""Words that stand in a row, as `words` gives them."""


def phrases(*written: str) -> tuple[Phrase, ...]:
    """Phrases as texts are compared with them; several in one text are parted by `|`."""
    return tuple(tuple(words(one)) for several in written for one in several.split("|"))


class _Name(NamedTuple):
    words: tuple[str, ...]
    concept: str
    """Empty for a phrase of the deny list."""


INTERNATIONAL = "INN-"
"""The kinds of international names are this and a language."""

BRAND = "brand"
WITHIN = "within"
"""A name in a script whose words are written together: it counts wherever it stands in a text of that script."""


_BROKEN = re.compile(r"-\s*")


class DrugNames:
    """A table of drug names (`valuesets/drug_names.csv`), ready to read texts; put in order when first asked."""

    def __init__(self, table: Iterable[tuple[str, str, str]]) -> None:
        """Take rows of name, concept and kind (see the folder's documentation)."""
        self._table = tuple(table)
        self._international: dict[str, Mapping[str, str] | None] = {}

    @cached_property
    def _ordered(self) -> _Ordered:
        by_first_word: dict[str, list[_Name]] = defaultdict(list)
        whole: dict[tuple[str, ...], set[str]] = defaultdict(set)
        hiding: list[tuple[str, ...]] = []
        within: list[tuple[str, str]] = []
        for name, concept, kind in self._table:
            as_words = tuple(words(name))
            if kind == WITHIN:
                within.append(("".join(as_words), concept))
            elif kind == "deny-text":
                hiding.append(as_words)
            elif kind == "whole":
                whole[as_words].add(concept)
            else:
                by_first_word[as_words[0]].append(_Name(as_words, concept))
        longest_first = {
            first: sorted(names, key=lambda name: -len(name.words)) for first, names in by_first_word.items()
        }
        return _Ordered(longest_first, dict(whole), tuple(hiding), tuple(within))

    def of_drugs(self) -> Iterator[tuple[str, str]]:
        """Every international name and brand, with its concept."""
        for name, concept, kind in self._table:
            if concept and (kind.startswith(INTERNATIONAL) or kind == BRAND):
                yield name, concept

    def international(self, concept: str) -> Mapping[str, str] | None:
        """The international name of a concept by language, English always; None for a group of drugs, and where it has none.

        Of several spellings it is the one nearest to the concept's own.
        """
        if concept not in self._international:
            self._international[concept] = self._nearest_names(concept)
        return self._international[concept]

    def _nearest_names(self, concept: str) -> Mapping[str, str] | None:
        if concept in _NAMES_OF_PRODUCTS:
            return _NAMES_OF_PRODUCTS[concept]
        spellings: dict[str, list[str]] = {}
        for name, of_concept, kind in self._table if concept not in GROUPS else ():
            if of_concept == concept and kind.startswith(INTERNATIONAL):
                spellings.setdefault(kind.removeprefix(INTERNATIONAL), []).append(name)
        nearest = {language: _nearest(concept, several) for language, several in spellings.items()}
        return {"en": nearest.get("en") or nearest["fr"], **nearest} if nearest else None

    def in_text(self, text: str) -> frozenset[str]:
        """The concepts of the drugs that a text names."""
        if (seen := without_unseen(text)) == text:
            return self._in_text(text)
        return self._in_text(seen) | self._in_text(with_unseen_as_blanks(text))

    def _in_text(self, text: str) -> frozenset[str]:
        said = self._words(text)
        by_first_word, whole, hiding, within = self._ordered
        if named := whole.get(said):
            return frozenset(named)
        found: set[str] = set()
        place = 0
        while place < len(said):
            length = 1
            for name in by_first_word.get(said[place], ()):
                if len(name.words) < length:
                    break
                if said[place : place + len(name.words)] == name.words:
                    length = len(name.words)
                    if name.concept:
                        found.add(name.concept)
            place += length
        if in_another_script(text):
            joined = "".join(said)
            found.update(concept for name, concept in within if name in joined)
        if found:
            on_the_skin = _without_subcutaneous(said)
            if any(holds(on_the_skin, phrase) for phrase in hiding):
                return frozenset()
        return frozenset(found)

    def _words(self, text: str) -> tuple[str, ...]:
        """The words of a text, a figure that is written behind a name without a blank apart: « XGEVA120MG »."""
        said = words(text)
        if all(word.isalpha() or word.isdigit() for word in said):
            return tuple(said)
        known = self._near.known
        return tuple(part for word in said for part in ((word,) if word in known else _apart(word)))

    def orders_one(self, text: str) -> bool:
        """A line of order entry orders a drug: its name heads the line, with a dose or alone, or its giving is asked for."""
        said = self._words(text)
        if not said or not _NO_ORDER_OF_A_DRUG.isdisjoint(said):
            return False
        place = next((at for at, word in enumerate(said) if not _may_stand_before(word)), len(said))
        names = self._ordered.by_first_word.get(said[place], ()) if place < len(said) else ()
        heads = [name for name in names if name.concept and said[place : place + len(name.words)] == name.words]
        if not heads:
            return False
        is_all = place + len(heads[0].words) == len(said) and heads[0].concept not in _ALSO_MEASURED
        return is_all or not _GIVING.isdisjoint(said) or any(_is_amount(*pair) for pair in pairwise((*said, "")))

    def may_be_in_text(self, text: str) -> bool:
        """A word of the text is one letter away from a name of ours, or begins one as labels cut them off.

        Words of six letters or more count; one that is a name itself (ours, a neighbour's, a phrase of the deny list) does not.
        A text with letters of other scripts that look like Latin ones may be what it looks like, and a word with a hyphen the one
        that was broken there; a text whose letters are shown in another order may be anything.
        """
        if is_shown_otherwise(text) or self._is_near_one(text):
            return True
        looks = as_it_looks(text)
        if looks != text and (self.in_text(looks) or self._is_near_one(looks)):
            return True
        return "-" in looks and bool(self.in_text(_BROKEN.sub("", looks)))

    def _is_near_one(self, text: str) -> bool:
        names = self._near
        return any(
            len(word) >= SHORTEST_SPELLED and word not in names.known and names.may_mean(word)
            for word in self._words(text)
        )

    @cached_property
    def _near(self) -> _NearNames:
        known = set(NEIGHBOURS)
        spelled: set[str] = set()
        for name, concept, _kind in self._table:
            as_words = words(name)
            known.update(as_words)
            if concept and len(as_words) == 1 and len(as_words[0]) >= SHORTEST_SPELLED - 1:
                spelled.add(as_words[0])
        return _NearNames(frozenset(known), frozenset(spelled))


_GIVING = frozenset(
    words("perfusion perfusions injection injections administration infusion infusions sc iv im ivl ivse")
)
_BEFORE_A_DRUG = _GIVING | frozenset(
    words(
        "de d du la le l un une des par en cure cures traitement prescription renouvellement poursuite reprise demande"
        " flacon ampoule seringue poche sous cutanée intraveineuse of the a order dose start begin continue renew"
    )
)
_NO_ORDER_OF_A_DRUG = frozenset(
    words(
        "arrêt arrêter arrêté arrêtée stop suspendre suspendu suspension allergie allergy intolérance dosage dosages taux"
        " résiduel résiduelle level levels concentration concentrations xa dépistage contre contraindicated hold sérique"
        " sanguin urinaire serum ionisé consultation bilan surveillance avant"
    )
)
"""Words of a line that is about a drug and does not ask for it."""

_ALSO_MEASURED = frozenset(
    [
        "vitamin_d_prefix",
        "cholecalciferol",
        "ergocalciferol",
        "calcifediol",
        "calcitriol",
        "calcium_any",
        "methotrexate",
    ]
)
"""Drugs whose name alone asks the laboratory as well."""

_UNITS_OF_AN_ORDER = frozenset(
    words("mg g ui iu ml µg mcg gouttes ampoule ampoules flacon flacons cp comprimé comprimés")
)


def _may_stand_before(word: str) -> bool:
    return word in _BEFORE_A_DRUG or word.isdigit()


def _is_amount(word: str, following: str) -> bool:
    """« 4 mg », « 120mg »."""
    figures = word.rstrip("abcdefghijklmnopqrstuvwxyzµμ")
    unit = word[len(figures) :] or following
    return figures.isdigit() and unit in _UNITS_OF_AN_ORDER


def _apart(word: str) -> tuple[str, ...]:
    """A name of five letters or more, and the figures that are written behind it; any other word as it is."""
    end = next((place for place, sign in enumerate(word) if not sign.isalpha()), len(word))
    return (word[:end], word[end:]) if SHORTEST_GLUED <= end < len(word) and word[end].isdigit() else (word,)


SHORTEST_GLUED = 5
"""Letters of a word that is a name before a figure; shorter ones are codes more often (« VITD3 », « CTX2 »)."""


class _Ordered(NamedTuple):
    by_first_word: Mapping[str, Sequence[_Name]]
    whole: Mapping[tuple[str, ...], set[str]]
    hiding: tuple[tuple[str, ...], ...]
    within: tuple[tuple[str, str], ...]


SHORTEST_SPELLED = 6
SHORTEST_CUT = 7
"""Letters of a word that may be a misspelled name, and of one that may be a cut one; shorter ones are too often another's."""


class _NearNames:
    """Names found again from a word that is one letter off: both without one of their letters are alike."""

    def __init__(self, known: frozenset[str], spelled: frozenset[str]) -> None:
        self.known = known
        self._without_one: dict[str, set[str]] = defaultdict(set)
        self._beginnings: set[str] = set()
        for name in spelled:
            for shorter in _without_one_letter(name):
                self._without_one[shorter].add(name)
            self._beginnings.update(name[:length] for length in range(SHORTEST_CUT, len(name)))

    def may_mean(self, word: str) -> bool:
        if len(word) > _LONGEST_WORD:
            return False
        if word in self._beginnings:
            return True
        candidates = {name for shorter in _without_one_letter(word) for name in self._without_one.get(shorter, ())}
        return any(_one_letter_apart(word, name) for name in candidates)


_LONGEST_WORD = 40


def _without_one_letter(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _one_letter_apart(one: str, other: str) -> bool:
    """One letter more, less, or another one; two neighbouring ones changed round."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, other_rest = one[start:], other[start:]
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    )


def _without_subcutaneous(said: tuple[str, ...]) -> tuple[str, ...]:
    """The words without those of « sous-cutanée »: it is no use on the skin."""
    return tuple(
        word for before, word in zip(("", *said), said, strict=False) if not (before in _UNDER and "cutan" in word)
    )


_UNDER = frozenset({"sous", "sub"})

_SAYS_NOTHING = frozenset(
    tuple(words(one))
    for one in (
        *(
            "masked",
            "masqué",
            "masquée",
            "confidentiel",
            "confidential",
            "hidden",
            "unknown",
            "inconnu",
            "inconnue",
            "unk",
        ),
        *(
            "non renseigné",
            "non renseignée",
            "non précisé",
            "non précisée",
            "not available",
            "not specified",
            "unspecified",
        ),
        *(
            "n/a",
            "na",
            "null",
            "none",
            "undefined",
            "other",
            "autre",
            "autres",
            "divers",
            "sans objet",
            "todo",
            "tbd",
            "test",
        ),
        *(
            "medication",
            "medicament",
            "médicaments",
            "drug",
            "traitement",
            "treatment",
            "produit",
            "product",
            "prescription",
        ),
        *(
            "poche",
            "perfusion",
            "perfusions",
            "seringue",
            "flacon",
            "mélange",
            "préparation",
            "protocole",
            "cure",
            "injection",
        ),
        *(
            "infusion",
            "bag",
            "syringe",
            "vial",
            "mix",
            "mixture",
            "compound",
            "chimiothérapie",
            "chimio",
            "chemotherapy",
        ),
    )
)


def says_nothing(text: str) -> bool:
    """A text that stands in for a name: a word for "unknown", "masked" or a container, or none of three letters but « G5 »."""
    said = tuple(words(text))
    if said in _SAYS_NOTHING:
        return True
    long = any(sum(sign.isalpha() for sign in word) >= _FEWEST_LETTERS for word in said)
    return not long and _SHORT_NAMES.isdisjoint(said)


_FEWEST_LETTERS = 3
_SHORT_NAMES = frozenset(words("G5 G10 G15 G20 G30 G50 SG5 SG10 B1 B2 B5 B6 B9 B12 O2 K1 T3 T4"))
"""Solutions, vitamins and others that are called by a letter and a number, and are none of ours."""


def holds(said: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """The words of a text hold these words in a row; of a script that writes words together, as part of one."""
    # Nearly always a text does not hold the first word, which is found out sooner.
    return (phrase[0] in said or not phrase[0].isascii()) and place_of(said, phrase) >= 0


def begins(said: tuple[str, ...], beginnings: Iterable[Phrase]) -> bool:
    """The words of a text begin with one of these phrases."""
    return any(said[: len(phrase)] == phrase for phrase in beginnings)


def place_of(said: tuple[str, ...], phrase: tuple[str, ...]) -> int:
    """Where in a text these words stand in a row, first; -1 where they do not."""
    length = len(phrase)
    if length == 1 and in_another_script(phrase[0]):
        return next((place for place, word in enumerate(said) if phrase[0] in word), -1)
    return next((place for place in range(len(said) - length + 1) if said[place : place + length] == phrase), -1)


DRUG_NAMES = "drug_names.csv"
"""The table of drug names in a folder of value sets; not every folder has one."""


def drug_names(folders: Iterable[Path]) -> DrugNames:
    """The tables of these folders as one."""
    tables = (valuesets.table(DRUG_NAMES, folder) for folder in folders if (folder / DRUG_NAMES).is_file())
    return DrugNames((name, concept, kind) for table in tables for name, concept, kind, _evidence in table)


NEIGHBOURS = frozenset(
    [
        "cafcit",
        "clomid",
        "coumarin",
        "coumarine",
        "minomycin",
        "prolina",
        "ultracef",
        "panasol",
        "isatin",
        "action",
        "formes",
    ]
)
"""Words one letter away from a name of ours that are another's."""


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


_NAMES_OF_PRODUCTS: dict[str, Mapping[str, str]] = {
    "calcium_any": {"en": "calcium", "fr": "calcium"},
    "calcium_plus_vitamin_d": {"en": "calcium with vitamin D", "fr": "calcium-vitamine D"},
    "aflibercept_systemic": {"en": "aflibercept", "fr": "aflibercept"},
    "aflibercept_intravitreal": {"en": "intravitreal aflibercept", "fr": "aflibercept intravitréen"},
    "bevacizumab_intravitreal": {"en": "intravitreal bevacizumab", "fr": "bévacizumab intravitréen"},
    "radionuclide_therapy_ra223": {"en": "radium-223", "fr": "radium 223"},
}
"""Concepts whose names in the table are those of products."""

GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "antiangiogenic_prefix": {"en": "anti-angiogenic", "fr": "anti-angiogénique"},
        "anticoagulants_prefix": {"en": "anticoagulant", "fr": "anticoagulant"},
        "antiplatelets_prefix": {"en": "antiplatelet agent", "fr": "antiagrégant plaquettaire"},
        "bisphosphonate_prefix": {"en": "bisphosphonate", "fr": "bisphosphonate"},
        "bone_palliation_radiopharm_prefix": {
            "en": "bone-seeking radiopharmaceutical",
            "fr": "radiopharmaceutique à visée osseuse",
        },
        "checkpoint_inhibitor_prefix": {
            "en": "checkpoint inhibitor",
            "fr": "immunothérapie (anti-PD-1/PD-L1, anti-CTLA-4)",
        },
        "corticosteroids_systemic_prefix": {"en": "systemic corticosteroid", "fr": "corticoïde par voie générale"},
        "cytotoxic_prefix": {"en": "cytotoxic drug", "fr": "cytotoxique"},
        "heparin_combination": {"en": "heparin in combination", "fr": "héparine en association"},
        "heparin_group_prefix": {"en": "heparin", "fr": "héparine"},
        "loop_diuretic_prefix": {"en": "loop diuretic", "fr": "diurétique de l’anse"},
        "nsaid_prefix": {"en": "non-steroidal anti-inflammatory drug", "fr": "anti-inflammatoire non stéroïdien"},
        "opioids_prefix": {"en": "opioid", "fr": "opioïde"},
        "other_systemic_anticancer": {"en": "anticancer drug", "fr": "anticancéreux"},
        "paracetamol_combination": {"en": "paracetamol in combination", "fr": "paracétamol en association"},
        "platinum_prefix": {"en": "platinum compound", "fr": "sel de platine"},
        "systemic_anticancer_prefix": {"en": "anticancer drug", "fr": "anticancéreux"},
        "tki_prefix": {"en": "tyrosine kinase inhibitor", "fr": "inhibiteur de tyrosine kinase"},
        "vitamin_d_combination": {"en": "vitamin D in combination", "fr": "vitamine D en association"},
        "vitamin_d_prefix": {"en": "vitamin D", "fr": "vitamine D"},
        "vitamin_k_antagonist_prefix": {"en": "vitamin K antagonist", "fr": "antivitamine K"},
    }
)
"""Concepts that stand for several drugs: what the record calls its drug comes before these names."""


def _nearest(concept: str, names: list[str]) -> str:
    if len(names) == 1:
        return names[0]

    from difflib import SequenceMatcher  # noqa: PLC0415 - few names are spelled in several ways

    wanted = sorted(concept.split("_"))
    return max(names, key=lambda name: SequenceMatcher(a=" ".join(sorted(words(name))), b=" ".join(wanted)).ratio())
