"""Conditions and allergies (`rules.md`, "Active condition", "Bone metastasis on record")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from mappings.dates import When
from mappings.evidence import Resource
from mappings.facts import Allergy, Diagnosis
from mappings.readers.alike import once
from mappings.readers.medications import names_in_codes
from mappings.readers.not_understood import is_nameless, meant
from mappings.readers.reader import Reader
from mappings.readers.shapes import codings, shown_beside, shown_name, texts
from mappings.readers.sites import regions_of, site_concepts
from mappings.readers.standing import NOT_SAID, STATUS_NOT_UNDERSTOOD, denial, modification, modified_nodes
from mappings.readers.stays import is_of_a_stay, stay_of
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.code_systems import certainty_mark
from mappings.vocabulary.concept_names import name_of_diagnosis
from mappings.vocabulary.concepts import LONGEST_CODE, code_of
from mappings.vocabulary.denials import denies_having, doubts_having
from mappings.vocabulary.elements import (
    ABATED,
    ABATED_IN_WORDS,
    ABSENT,
    ALLERGY_STATUS,
    CERTAINTY,
    CLINICAL_STATUS,
    CONDITION_STATUS,
    NOT_UNDERSTOOD,
    VERIFICATION,
    spelled,
)
from mappings.vocabulary.meanings import ALLERGENS_SAID
from mappings.vocabulary.names import LONGEST_TEXT
from mappings.wording import Text, _

REFUTED = frozenset({"refuted", "entered-in-error"})
SURE = frozenset({"confirmed", "provisional", "unconfirmed", "differential"})
PROVISIONAL = frozenset({"provisional", "unconfirmed", "differential"})
SUSPECTED = frozenset({"unconfirmed", "differential"})
OVER = frozenset({"inactive", "remission", "resolved"})
CURRENT = frozenset({"active", ABSENT}) | OVER

NAMELESS = _("neither a code nor a name says to what", hint=_("code it, or have its local code mapped"))

_ABATED_ON, _ABATED_IN_WORDS = "abatementDateTime", "abatementString"
_ABATED_AGE = ("abatementAge", "abatementRange")
_ABATEMENTS = frozenset(
    {*ABATED.fields, *ABATED_IN_WORDS.fields, _ABATED_ON, _ABATED_IN_WORDS, "abatementPeriod", *_ABATED_AGE}
)

ABATEMENT_NOT_UNDERSTOOD = _("whether it is over cannot be told: have its status sent")

WORDS_DENY = _("its words deny what its code states")

CERTAINTY_EXTENSION = "diagnosesicherheit"
"""How the addresses end of the mark of German coding of outpatients, on a coding of the Condition, on its code or on itself:
`http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit`, and those of its other editions."""


def diagnosis(reader: Reader, resource: Resource, source: str, encounter: Resource | None = None) -> Diagnosis | None:
    """A Condition that is not refuted; None for one that is. `encounter` is one that names it among its diagnoses.

    A secondary tumour of unnamed organ whose body site is a bone is a bone metastasis (mCODE writes it so, also with a
    code that only its profile makes a metastasis). A necrosis of bone that states a jaw as its body site is an osteonecrosis
    of the jaw (`valuesets/gaps.csv`); one that states no site, and an inflammation of the jaws, may be one.
    """
    undated = _undated(reader, resource) if _ABATEMENTS.isdisjoint(resource) else _read(reader, resource)
    if undated is None:
        return None
    onset = _first_date(reader, resource, ("onsetDateTime", "onsetPeriod"))
    recorded = _first_date(reader, resource, ("recordedDate", "assertedDate", "dateRecorded"))
    dated_by_stay = onset is None and recorded is None and is_of_a_stay(resource)
    stay = stay_of(reader, resource, encounter) if dated_by_stay else None
    return replace(undated, source=source, onset=onset, recorded=recorded, stay=stay)


def _read(reader: Reader, resource: Resource) -> Diagnosis | None:
    """All of it but where it comes from and when it was."""
    verification, certainty, status = VERIFICATION.of(resource), _certainty(resource), CONDITION_STATUS.of(resource)
    denied, why = denial(resource)
    if denied or not REFUTED.isdisjoint((verification, certainty, status)):
        return None
    clinical, over = CLINICAL_STATUS.of(resource), _is_over(reader, resource)
    recognised = reader.recognise(resource.get("code"))
    sites = site_concepts(reader, resource.get("bodySite"))
    concepts = recognised.concepts
    if sites and not recognised.denied:
        profiled = (means for profile, means in sets.OF_PROFILES.items() if _is_profiled_as(resource, profile))
        concepts |= _of_site(sets.WITH_SITE, concepts.union(*profiled), sites)
    elif sites:
        concepts |= _of_site(sets.LOOK_ALIKES_WITH_SITE, recognised.denied, sites)
    concepts |= _possibly_of_the_jaw(recognised.denied, resource)
    said = texts(resource.get("code")) if concepts else []
    doubted = any(map(doubts_having, said))
    return Diagnosis(
        concepts,
        shown_beside(name_of_diagnosis(concepts), resource.get("code")),
        "",
        active=OVER.isdisjoint((certainty, clinical, status)) and (clinical != ABSENT or not over),
        provisional=doubted or not PROVISIONAL.isdisjoint((verification, certainty, status)),
        suspected=doubted or not SUSPECTED.isdisjoint((verification, certainty, status)),
        onset=None,
        recorded=None,
        sites=sites,
        regions=regions_of(reader, resource.get("bodySite")) or regions_of(reader, resource.get("code")),
        severities=reader.recognise(resource.get("severity")).concepts,
        unverified_code=recognised.rests_on_unverified,
        unsure=why
        or modification(resource)
        or _unclear(verification, clinical, certainty)
        or (WORDS_DENY if any(map(denies_having, said)) else None)
        or (STATUS_NOT_UNDERSTOOD if status == NOT_UNDERSTOOD else None)
        or (ABATEMENT_NOT_UNDERSTOOD if over is None and clinical == ABSENT else None),
    )


_undated = once("onsetDateTime", "onsetPeriod", "recordedDate", "assertedDate", "dateRecorded")(_read)
"""Of one that says nothing of its end, which depends on the day."""


def _possibly_of_the_jaw(denied: frozenset[str], resource: Resource) -> frozenset[str]:
    """What may be an osteonecrosis of the jaw: an inflammation of it, or (on an antiresorptive) a necrosis without a site."""
    if not denied.isdisjoint(sets.JAW_INFLAMMATION):
        return sets.POSSIBLE_OSTEONECROSIS_OF_JAW
    return frozenset() if resource.get("bodySite") else denied & sets.OSTEONECROSIS_WITH_JAW_SITE


def _certainty(resource: Resource) -> str:
    """What the marks of its codings say, all of them: those of an extension, and those behind a code (`C79.5 G`)."""
    coded = codings(resource.get("code"))
    marks = [
        next((told for member, told in extension.items() if member.startswith("value")), NOT_UNDERSTOOD)
        for marked in (*coded, *maps(resource.get("code")), resource)
        for extension in maps(marked.get("extension"))
        if spelled(a_text(extension.get("url")).partition("|")[0]).endswith(CERTAINTY_EXTENSION)
    ]
    behind = (certainty_mark(a_text(coding.get("system")), code_of(coding)[:LONGEST_CODE]) for coding in coded)
    marks += [mark for mark in behind if mark]
    return CERTAINTY.read(marks)


def _unclear(verification: str, clinical: str, certainty: str = "confirmed") -> Text | None:
    """Why nobody can tell whether it is there."""
    if verification in SURE and clinical in CURRENT and certainty != NOT_UNDERSTOOD:
        return None
    return NOT_SAID if "unknown" in (verification, clinical) else STATUS_NOT_UNDERSTOOD


def _of_site(
    table: Iterable[tuple[frozenset[str], frozenset[str], frozenset[str]]],
    stated: frozenset[str],
    sites: frozenset[str],
) -> frozenset[str]:
    """What the body site makes of what is stated."""
    met = (means for wider, at, means in table if not stated.isdisjoint(wider) and not sites.isdisjoint(at))
    return frozenset().union(*met)


def _is_profiled_as(resource: Resource, profile: str) -> bool:
    stated = a_map(resource.get("meta")).get("profile")
    return any(
        isinstance(url, str) and url.partition("|")[0].endswith(f"/{profile}")
        for url in (stated if isinstance(stated, list) else [stated])
    )


def _is_over(reader: Reader, resource: Resource) -> bool | None:
    """Whether it has abated; None where nobody can tell. A date that says nothing, or that lies ahead, ends nothing."""
    if _ABATEMENTS.isdisjoint(resource):
        return False
    flag, said = ABATED.of(resource), ABATED_IN_WORDS.of(resource)
    period = a_map(resource.get("abatementPeriod"))
    dates = [resource.get(_ABATED_ON), period.get("start"), period.get("end")]
    told = [raw for raw in (*dates, resource.get(_ABATED_IN_WORDS)) if reader.states(raw)]
    read = [when for raw in told if (when := reader.date(raw)) is not None]
    if "true" in (flag, said) or any(when.first <= reader.clock.today for when in read):
        return True
    if any(a_map(resource.get(name)) for name in _ABATED_AGE):
        return True
    cannot_read = reader.cannot_read(*dates) or (said == NOT_UNDERSTOOD and not read)
    return None if cannot_read or flag == NOT_UNDERSTOOD else False


def _first_date(reader: Reader, resource: Resource, names: tuple[str, ...]) -> When | None:
    """The first of these dates that says something; None where that one cannot be read."""
    for name in names:
        raw = resource.get(name)
        if told := a_map(raw):
            raw = told.get("start")
        if reader.states(raw):
            return reader.date(raw)
    return None


def allergy(reader: Reader, resource: Resource, source: str) -> Allergy | None:
    """An AllergyIntolerance that is neither refuted nor resolved: the concepts of its substances."""
    found = _undated_allergy(reader, resource) if _ABATEMENTS.isdisjoint(resource) else _allergy(reader, resource)
    return None if found is None else replace(found, source=source)


def _allergy(reader: Reader, resource: Resource) -> Allergy | None:
    """All of it but where it comes from."""
    verification, clinical, status = (
        VERIFICATION.of(resource),
        CLINICAL_STATUS.of(resource),
        ALLERGY_STATUS.of(resource),
    )
    denied, why = denial(resource)
    if denied or verification in REFUTED or clinical in OVER or status in REFUTED | OVER:
        return None
    if clinical == ABSENT and _is_over(reader, resource):
        return None
    named = [resource.get("code"), resource.get("substance")]
    named += [reaction.get("substance") for reaction in maps(resource.get("reaction"))]
    why = why or next(modified_nodes(resource, "reaction"), None)
    concepts: frozenset[str] = frozenset()
    denied_in_words = False
    for concept in named:
        recognised = reader.recognise(concept)
        concepts |= recognised.concepts | recognised.possible
        if not recognised.concepts and not recognised.denied:
            said = [_apart(one) for one in (*texts(concept), *names_in_codes(codings(concept)))]
            concepts = concepts.union(*map(reader.terminology.recognise_name, said))
            if (meaning := meant(said, ALLERGENS_SAID)) is not None:
                concepts |= meaning.concepts
            denied_in_words = denied_in_words or any(map(denies_having, said))
    name = next((shown for concept in named if (shown := shown_name(concept))), "")
    nameless = not concepts and all(is_nameless(reader.terminology, concept) for concept in named)
    if nameless:
        why = why or NAMELESS
    if concepts and denied_in_words:
        why = why or WORDS_DENY
    unclear = STATUS_NOT_UNDERSTOOD if status == NOT_UNDERSTOOD else _unclear(verification, clinical)
    return Allergy(concepts, "", name, unsure=why or modification(resource) or unclear, nameless=nameless)


_OF_AN_ALLERGY = re.compile(
    r"(?<=\w)(?=(?:allergie|unverträglichkeit|überempfindlichkeit|intoleranz)\b)", re.IGNORECASE
)


def _apart(text: str) -> str:
    """The substance of a compound apart: « Paracetamolallergie »."""
    return _OF_AN_ALLERGY.sub(" ", text) if len(text) <= LONGEST_TEXT else text


_undated_allergy = once("recordedDate", "assertedDate", "lastOccurrence")(_allergy)
"""Of one that says nothing of its end, which depends on the day."""
