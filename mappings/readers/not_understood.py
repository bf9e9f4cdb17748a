"""What a record says in words alone: never enough to act upon, always enough to say that it was not understood.

Codes decide (design: codes, then nothing). A resource without a code that the service knows, whose words name what a rule
would act upon, is named on a quiet card; a result so named makes its fact unavailable, never "not measured". The tables are
closed, French and English, compared by whole words; a word that denies, doubts or speaks of another matter ends the match.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from mappings.readers.shapes import a_map, a_text, codings, shown_name
from mappings.values import value
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import ANALYTES, CTX, Analyte
from mappings.vocabulary.names import holds, words
from mappings.wording import Amount, Text, _, verbatim


@value
class NotUnderstood:
    """A resource of the record that was set aside: its reference, how a card names it, and why, with what to do."""

    source: str
    name: Text
    why: Text


def texts_of(concept: object) -> tuple[str, ...]:
    """What a CodeableConcept says in words: its text and its displays."""
    said = (a_text(a_map(concept).get("text")), *(a_text(coding.get("display")) for coding in codings(concept)))
    return tuple(text for text in said if text)


# --- conditions and acts ----------------------------------------------------------------------------------------------


class Meaning(NamedTuple):
    """What a rule would act upon: the concepts that a code would have given, and how people write it."""

    concepts: frozenset[str]
    phrases: tuple[str, ...]


CONDITIONS_SAID = (
    Meaning(
        sets.BONE_METASTASIS,
        (
            "métastase osseuse",
            "métastases osseuses",
            "métastase vertébrale",
            "métastases vertébrales",
            "métastatique osseux",
            "métastatique osseuse",
            "tumeur maligne secondaire de l'os",
            "tumeur maligne secondaire des os",
            "bone metastasis",
            "bone metastases",
            "bone mets",
            "bony metastases",
            "osseous metastases",
            "metastatic bone disease",
            "metastatic disease to bone",
            "metastasis to bone",
            "metastases to bone",
            "secondary malignant neoplasm of bone",
        ),
    ),
    Meaning(
        sets.SPINAL_CORD_COMPRESSION,
        ("compression médullaire", "queue de cheval", "spinal cord compression", "cauda equina"),
    ),
    Meaning(
        sets.OSTEONECROSIS_OF_JAW,
        (
            "ostéonécrose de la mâchoire",
            "ostéonécrose des mâchoires",
            "ostéonécrose mandibulaire",
            "ostéonécrose maxillaire",
            "ostéochimionécrose",
            "osteonecrosis of jaw",
            "osteonecrosis of the jaw",
            "jaw osteonecrosis",
            "MRONJ",
            "BRONJ",
        ),
    ),
    Meaning(sets.PATHOLOGICAL_FRACTURE, ("fracture pathologique", "pathological fracture", "pathologic fracture")),
)
ACTS_SAID = (
    Meaning(
        sets.RADIOTHERAPY | sets.RADIOTHERAPY_PREPARATION,
        (
            "radiothérapie",
            "radiochimiothérapie",
            "irradiation",
            "stéréotaxique",
            "radiotherapy",
            "radiation therapy",
            "chemoradiotherapy",
            "SBRT",
            "EBRT",
        ),
    ),
    Meaning(
        sets.CEMENTOPLASTY,
        (
            "cimentoplastie",
            "vertébroplastie",
            "cyphoplastie",
            "kyphoplastie",
            "sacroplastie",
            "cementoplasty",
            "vertebroplasty",
            "kyphoplasty",
            "sacroplasty",
        ),
    ),
    Meaning(
        sets.TOOTH_EXTRACTION,
        (
            "extraction dentaire",
            "extractions dentaires",
            "avulsion dentaire",
            "avulsions dentaires",
            "tooth extraction",
            "dental extraction",
        ),
    ),
    Meaning(
        sets.BONE_SURGERY,
        ("ostéosynthèse", "enclouage", "laminectomie", "osteosynthesis", "intramedullary nailing", "laminectomy"),
    ),
    Meaning(sets.BONE_SCINTIGRAPHY, ("scintigraphie osseuse", "bone scan", "bone scintigraphy")),
    Meaning(sets.FDG_PET, ("TEP FDG", "TEP au FDG", "FDG PET", "PET FDG")),
    Meaning(sets.BONE_BIOPSY, ("biopsie osseuse", "bone biopsy")),
    Meaning(CTX.concepts, ("CTX", "crosslaps", "C télopeptide", "C telopeptide")),
)

_DENIED = tuple(
    tuple(words(phrase))
    for phrase in (
        *("antécédent", "antécédents", "ATCD", "history", "familial", "familiale", "family", "père", "mère"),
        *("suspicion", "suspecté", "suspectée", "suspect", "suspected", "possible", "probable", "éventuelle"),
        *("pas de", "pas d", "absence", "sans", "aucun", "aucune", "exclu", "exclue", "éliminé", "éliminée"),
        *("réfuté", "réfutée", "no", "not", "without", "negative", "refuted", "excluded", "ruled out", "rule out"),
        *("risque", "risk", "recherche", "prévention", "prevention", "dépistage", "screening", "bilan"),
        *("consultation", "avis", "information", "UV", "UVB"),
    )
)
"""Words that make of a text a history, a doubt, a denial or another matter."""


def meant(texts: Iterable[str], meanings: tuple[Meaning, ...]) -> Meaning | None:
    """The first of these meanings that one of the texts names, unless a word of that text denies or doubts it."""
    named = {meaning for text in texts if (meaning := _meant_by(text, meanings)) is not None}
    return next((one for one in meanings if one in named), None) if named else None


@lru_cache(maxsize=4096)
def _meant_by(text: str, meanings: tuple[Meaning, ...]) -> Meaning | None:
    """What one text means; the words of records are few, and come again and again."""
    said = tuple(words(text))
    return next((one for one in meanings if _names(said, one)), None)


def _names(said: tuple[str, ...], meaning: Meaning) -> bool:
    """Denials are looked for last: hardly any text of a record names a meaning."""
    named = any(holds(said, phrase) for phrase in _PHRASES[meaning])
    return named and not any(holds(said, phrase) for phrase in _DENIED)


_PHRASES = {one: tuple(tuple(words(phrase)) for phrase in one.phrases) for one in (*CONDITIONS_SAID, *ACTS_SAID)}


def without_system(concept: object, systems: Iterable[str]) -> list[dict[str, str]]:
    """The codings that name no system, or one that is no URI, as codings of these: what their codes would mean there."""
    codes = [a_text(coding.get("code")) for coding in codings(concept) if ":" not in a_text(coding.get("system"))]
    return [{"system": system, "code": code} for code in codes if code for system in systems]


def not_coded(source: str, concept: object) -> NotUnderstood:
    """A condition or an act that is told in words, or by a code without its system."""
    name = verbatim(shown_name(concept))
    why = _(
        "«{name}» ({source}) is said in words, or by a code without its system: code it, or have its local code mapped",
        name=name,
        source=source or "?",
    )
    return NotUnderstood(source, name, why)


# --- results ----------------------------------------------------------------------------------------------------------

_RESULT_PHRASES = sorted(
    ((tuple(words(name)), analyte) for analyte in ANALYTES for name in analyte.words), key=lambda named: -len(named[0])
)
_OTHER_RESULTS = tuple(
    tuple(words(phrase))
    for phrase in (
        *("urine", "urines", "urinaire", "urinaires", "urinary", "24h", "24 h", "24 heures", "diurèse", "spot"),
        *("1 25", "LCR", "CSF", "liquide", "fluid", "ascite", "pleural", "épanchement", "drain", "selles", "stool"),
        *("ionisé", "ionized", "ionised", "rapport", "ratio", "kinase", "indice", "index", "score", "canal"),
        *("naissance", "birth", "idéal", "ideal", "théorique", "perte", "loss", "gain", "cible", "target", "goal"),
        *("volume", "moyen", "mean", "anticorps", "antibody", "oxalate", "allergie", "allergy", "INR"),
    )
)
"""Words that make of a name another specimen's or another quantity's."""


def analyte_named(texts: Iterable[str]) -> Analyte | None:
    """Which of the analytes that rules read one of these texts names."""
    for text in texts:
        said = tuple(words(text))
        if said and not any(holds(said, phrase) for phrase in _OTHER_RESULTS):
            found = next((analyte for phrase, analyte in _RESULT_PHRASES if holds(said, phrase)), None)
            if found is not None:
                return found
    return None


def named_only(source: str, concept: object, value: Amount | None) -> Text:
    """Why a result that only a name, or a code without a system, tells cannot be used; its value is shown."""
    name: Text = verbatim(shown_name(concept))
    return _(
        "{source} («{said}») has no code that the service knows: code it in LOINC, or have its local code mapped",
        source=source or "?",
        said=name if value is None else _("{name}: {value}", name=name, value=value),
    )
