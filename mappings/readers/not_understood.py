"""What a record says in words alone: never enough to act upon, always enough to say that it was not understood.

Codes decide (design: codes, then nothing). A resource without a code that the service knows, whose words name what a rule
would act upon, is named on a quiet card; a result so named makes its fact unavailable, never "not measured". The tables are
closed, French and English, compared by whole words; a word that denies, doubts or speaks of another matter ends the match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from mappings.facts import NotUnderstood
from mappings.readers.shapes import codings, shown_name, texts
from mappings.shapes import a_text
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.code_systems import (
    CCAM,
    ICD_10,
    LONGEST_SYSTEM,
    SNOMED_CT,
    SYSTEMS,
    canonical,
    focus_concepts,
    is_snomed,
    located,
)
from mappings.vocabulary.concepts import LONGEST_EXPRESSION, Terminology, code_of
from mappings.vocabulary.meanings import DENIALS, DENIALS_BEFORE, OTHER_RESULTS, Meaning
from mappings.vocabulary.names import LONGEST_TEXT, holds, place_of, says_nothing, words
from mappings.wording import Amount, Text, _, verbatim


def texts_of(concept: object) -> tuple[str, ...]:
    """What a CodeableConcept says in words: its text and its displays."""
    return tuple(texts(concept))


# --- conditions and acts ----------------------------------------------------------------------------------------------


def meant(texts: Iterable[str], meanings: tuple[Meaning, ...]) -> Meaning | None:
    """The first of these meanings that one of the texts names, unless a word of that text denies or doubts it."""
    short = (text for text in texts if len(text) <= LONGEST_TEXT)
    named = {meaning for text in short if (meaning := _meant_by(text, meanings)) is not None}
    return next((one for one in meanings if one in named), None) if named else None


@lru_cache(maxsize=4096)
def _meant_by(text: str, meanings: tuple[Meaning, ...]) -> Meaning | None:
    """What one text means; the words of records are few, and come again and again. A long one is not kept."""
    said = tuple(words(text))
    return next((one for one in meanings if _names(said, one)), None)


def _names(said: tuple[str, ...], meaning: Meaning) -> bool:
    """Denials are looked for last: hardly any text of a record names a meaning."""
    named = [phrase for phrase in meaning.phrases if holds(said, phrase)]
    if not named or any(holds(said, phrase) for phrase in DENIALS):
        return False
    before = said[: max(place_of(said, phrase) for phrase in named)]
    return not any(holds(before, phrase) for phrase in DENIALS_BEFORE)


def without_system(concept: object, systems: Iterable[str]) -> list[dict[str, str]]:
    """The codings that name no system, or one that is no URI, as codings of these: what their codes would mean there."""
    codes = [code_of(coding).strip() for coding in codings(concept) if ":" not in a_text(coding.get("system"))]
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


def is_nameless(terminology: Terminology, concept: object) -> bool:
    """Neither a code nor a word says what it is: none sent, one masked, or one of a system that we do not know."""
    coded = codings(concept)
    found = terminology.recognise(coded)
    if found.concepts or found.denied or found.possible or found.known_system:
        return False
    return all(says_nothing(one) for one in texts(concept)) and not any(is_standard(coding) for coding in coded)


def is_standard(coding: Mapping[str, Any]) -> bool:
    """A valid code of a system of ours, which a person can look up; one without a system, where it is shaped like one."""
    code, system = code_of(coding), a_text(coding.get("system"))
    if len(code) > LONGEST_EXPRESSION or len(system) > LONGEST_SYSTEM:
        return False
    if code and ":" not in system:
        return any(SYSTEMS[usual].is_valid(located(usual, code)[1]) for usual in (ICD_10, SNOMED_CT, CCAM))
    if canonical(system) == SNOMED_CT:
        focus = focus_concepts(code)
        return bool(focus) and all(map(is_snomed, focus))
    place, key = located(system, code)
    return place in SYSTEMS and SYSTEMS[place].is_valid(key)


def nameless(source: str, concept: object) -> NotUnderstood:
    """A condition or an act of which nobody can tell what it is."""
    hint = _("have it coded, or its local code mapped")
    if not (shown := shown_name(concept)):
        return NotUnderstood(source, NAMELESS, _("an entry has neither a code nor a name", source=source, hint=hint))
    name = verbatim(shown)
    return NotUnderstood(
        source, name, _("«{name}» is known neither by code nor by name", name=name, source=source, hint=hint)
    )


NAMELESS = _("an entry without a name")

# --- results ----------------------------------------------------------------------------------------------------------


def analyte_named(texts: Iterable[str], terminology: Terminology) -> Analyte | None:
    """Which of the analytes that rules read one of these texts names; the longest name counts."""
    named = (_analyte_in(text, terminology) for text in texts if len(text) <= LONGEST_TEXT)
    return next((analyte for analyte in named if analyte is not None), None)


@lru_cache(maxsize=4096)
def _analyte_in(text: str, terminology: Terminology) -> Analyte | None:
    said = tuple(words(text))
    if not said or any(holds(said, phrase) for phrase in OTHER_RESULTS):
        return None
    return next((analyte for phrase, analyte in terminology.analyte_phrases if holds(said, phrase)), None)


def named_only(source: str, concept: object, value: Amount | None) -> Text:
    """Why a result that only a name, or a code without a system, tells cannot be used; its value is shown."""
    name: Text = verbatim(shown_name(concept))
    return _(
        "«{said}» has no code that is known",
        source=source,
        said=name if value is None else _("{name}: {value}", name=name, value=value),
        hint=_("code it in LOINC, or have its local code mapped"),
    )
