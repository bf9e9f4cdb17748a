"""What a record says in words alone: never enough to act upon, always enough to say that it was not understood.

Codes decide (design: codes, then nothing). A resource without a code that the service knows, whose words name what a rule
would act upon, is named on a quiet card; a result so named makes its fact unavailable, never "not measured". The tables are
closed, French and English, compared by whole words; a word that denies, doubts or speaks of another matter ends the match.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mappings.facts import NotUnderstood
from mappings.readers.shapes import a_map, a_text, codings, shown_name
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.concepts import Terminology
from mappings.vocabulary.meanings import DENIALS, OTHER_RESULTS, Meaning
from mappings.vocabulary.names import holds, words
from mappings.wording import Amount, Text, _, verbatim


def texts_of(concept: object) -> tuple[str, ...]:
    """What a CodeableConcept says in words: its text and its displays."""
    said = (a_text(a_map(concept).get("text")), *(a_text(coding.get("display")) for coding in codings(concept)))
    return tuple(text for text in said if text)


# --- conditions and acts ----------------------------------------------------------------------------------------------


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
    named = any(holds(said, phrase) for phrase in meaning.phrases)
    return named and not any(holds(said, phrase) for phrase in DENIALS)


def without_system(concept: object, systems: Iterable[str]) -> list[dict[str, str]]:
    """The codings that name no system, or one that is no URI, as codings of these: what their codes would mean there."""
    codes = [a_text(coding.get("code")) for coding in codings(concept) if ":" not in a_text(coding.get("system"))]
    return [{"system": system, "code": code} for code in codes if code for system in systems]


def not_coded(source: str, concept: object) -> NotUnderstood:
    """A condition or an act that is told in words, or by a code without its system."""
    name = verbatim(shown_name(concept))
    why = _(
        "«{name}» is said in words only",
        name=name,
        source=source,
        hint=_("in words, or by a code without its system: code it, or have its local code mapped"),
    )
    return NotUnderstood(source, name, why)


# --- results ----------------------------------------------------------------------------------------------------------


def analyte_named(texts: Iterable[str], terminology: Terminology) -> Analyte | None:
    """Which of the analytes that rules read one of these texts names; the longest name counts."""
    for text in texts:
        said = tuple(words(text))
        if said and not any(holds(said, phrase) for phrase in OTHER_RESULTS):
            found = next((analyte for phrase, analyte in terminology.analyte_phrases if holds(said, phrase)), None)
            if found is not None:
                return found
    return None


def named_only(source: str, concept: object, value: Amount | None) -> Text:
    """Why a result that only a name, or a code without a system, tells cannot be used; its value is shown."""
    name: Text = verbatim(shown_name(concept))
    return _(
        "«{said}» has no code that is known",
        source=source,
        said=name if value is None else _("{name}: {value}", name=name, value=value),
        hint=_("code it in LOINC, or have its local code mapped"),
    )
