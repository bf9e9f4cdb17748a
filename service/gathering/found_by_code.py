"""What searches by code found under codes that we do not know: a result that may be the one that was asked for.

A server may expand or map the codes of a search, and then answers with codes of its own. What it found cannot be read, and
must not pass for "none".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import TypeAlias

from mappings.evidence import Evidence, Resource, reference_of
from mappings.queries import Query
from mappings.readers.not_understood import analyte_named, texts_of, without_system
from mappings.readers.reader import contained
from mappings.readers.shapes import codings
from mappings.shapes import a_text, maps
from mappings.vocabulary.code_systems import LOINC, SYSTEMS, canonical
from mappings.vocabulary.concepts import Terminology, code_of
from mappings.vocabulary.elements import OBSERVATION_STATUS
from mappings.wording import Text, _
from service.gathering.answers import referred_results

UNKNOWN_CODE = _("a result came under a code that is not known", hint=_("code it in LOINC, or have its code mapped"))
UNREADABLE_ENTRY = _(
    "an entry of the record could not be read", hint=_("an entry could not be read as a FHIR resource")
)
NOT_WITH_IT = _("results that a report or a panel refers to did not come with it")

Entries: TypeAlias = Sequence[tuple[Resource, object]]


class _Kind(Enum):
    ASKED = auto()
    """A result of what the search asked for."""
    OTHER = auto()
    """A known result of something else: the answer is not one of a search by code alone."""
    NEITHER = auto()
    """A look-alike, a panel, or none that counts."""
    UNKNOWN = auto()
    """Nobody can tell what it is a result of."""
    UNCODED = auto()
    """It has no code at all."""


def found_by_code(
    answers: Mapping[Query, Entries], evidence: Evidence, terminology: Terminology
) -> dict[Query, tuple[Text, ...]]:
    """For the answer to each search by code, why results may be hidden in it; read once all of them are in the evidence.

    An unknown code tells nothing where the answer was not searched by code: where it comes under every key alike, or, where
    its system is public or words say what it is, beside known results of something else.
    """
    everywhere = _in_all(answers.values())
    return {query: _found(query, entries, everywhere, evidence, terminology) for query, entries in answers.items()}


def finds(query: Query, observation: Resource, terminology: Terminology) -> bool:
    """Whether a search by code is to find an Observation: a result of what it asks for, or one of its panels."""
    return _kind(observation, query, terminology) is _Kind.ASKED or _is_panel(observation, query)


def _in_all(answers: Iterable[Entries]) -> frozenset[str]:
    """The references of Observations that every answer holds that has any; none where there is one answer only."""
    held = [{name for one, _ in entries if (name := _observation(one))} for entries in answers]
    held = [names for names in held if names]
    counted = Counter(name for names in held for name in names)
    return frozenset(name for name, times in counted.items() if times == len(held)) if len(held) > 1 else frozenset()


def _observation(resource: Resource) -> str:
    return reference_of(resource) if resource.get("resourceType") == "Observation" else ""


def _found(
    query: Query, entries: Entries, everywhere: frozenset[str], evidence: Evidence, terminology: Terminology
) -> tuple[Text, ...]:
    gaps: dict[Text, None] = {}
    kinds = [(one, _kind(one, query, terminology)) for one, _ in entries if one.get("resourceType") == "Observation"]
    searched_by_code = all(kind is not _Kind.OTHER for _, kind in kinds)
    for one, kind in kinds:
        if kind is _Kind.UNCODED:
            gaps[UNREADABLE_ENTRY] = None
        elif kind is _Kind.UNKNOWN and _observation(one) not in everywhere:
            told = not searched_by_code and _says_what_it_is(one)
            gaps |= {} if told else {UNKNOWN_CODE: None}
    if any(_lacks_results(one, query, evidence, terminology) for one, _ in entries):
        gaps[NOT_WITH_IT] = None
    return tuple(gaps)


def _kind(observation: Resource, query: Query, terminology: Terminology) -> _Kind:
    if OBSERVATION_STATUS.of(observation) in ("entered-in-error", "cancelled"):
        return _Kind.NEITHER
    components = list(maps(observation.get("component")))
    is_panel = _is_panel(observation, query)
    nodes = components if is_panel else [observation, *components]
    if not is_panel and _holds_unknown_parts(observation, components, query, terminology):
        return _Kind.UNKNOWN
    kinds = {_kind_of_code(node.get("code"), query, terminology) for node in nodes}
    for kind in (_Kind.ASKED, _Kind.OTHER, _Kind.NEITHER):
        if kind in kinds:
            return kind
    if is_panel and components:
        return _Kind.NEITHER
    if next(referred_results(observation), None) is not None:
        return _Kind.NEITHER  # its members are looked at
    return _Kind.UNKNOWN if is_panel or _Kind.UNKNOWN in kinds else _Kind.UNCODED


def _holds_unknown_parts(
    observation: Resource, components: Sequence[Resource], query: Query, terminology: Terminology
) -> bool:
    """It is what was asked for and has no value of its own, but in parts of which none can be told."""
    with_value = [one for one in components if _has_value(one)]
    if not with_value or _has_value(observation):
        return False
    kinds = [_kind_of_code(one.get("code"), query, terminology) for one in (observation, *with_value)]
    return kinds[0] is _Kind.ASKED and set(kinds[1:]) <= {_Kind.UNKNOWN, _Kind.UNCODED}


def _has_value(node: Resource) -> bool:
    return any(name.startswith("value") and said not in (None, "", {}, []) for name, said in node.items())


def _kind_of_code(code: object, query: Query, terminology: Terminology) -> _Kind:
    recognised = terminology.recognise(codings(code))
    concepts = recognised.concepts or terminology.recognise(without_system(code, (LOINC,))).concepts
    if concepts:
        return _Kind.OTHER if concepts.isdisjoint(query.concepts) else _Kind.ASKED
    if recognised.denied:
        return _Kind.NEITHER
    texts = texts_of(code)
    if (named := analyte_named(texts, terminology)) is not None:
        return _Kind.ASKED if not named.concepts.isdisjoint(query.concepts) else _Kind.OTHER
    if any(terminology.recognise_finding_name(text) for text in texts):
        return _Kind.ASKED if query.key == "findings" else _Kind.OTHER
    coded = any(code_of(coding) for coding in codings(code)) or texts
    return _Kind.UNKNOWN if coded else _Kind.UNCODED


def _is_panel(observation: Resource, query: Query) -> bool:
    """One of the panels that the search may be answered with."""
    return bool(query.panels) and any(
        canonical(a_text(coding.get("system"))) == LOINC and code_of(coding) in query.panels
        for coding in codings(observation.get("code"))
    )


def _says_what_it_is(observation: Resource) -> bool:
    code = observation.get("code")
    return bool(texts_of(code)) or any(canonical(a_text(one.get("system"))) in SYSTEMS for one in codings(code))


def _lacks_results(holder: Resource, query: Query, evidence: Evidence, terminology: Terminology) -> bool:
    """A report or panel refers to results that did not come, and none of those that came is what the search asked for."""
    lacking = False
    for reference in referred_results(holder):
        found = contained(holder, reference) or evidence.find(reference)
        if found is None:
            lacking = lacking or bool(reference)
        elif _kind(found, query, terminology) is _Kind.ASKED:
            return False
    return lacking
