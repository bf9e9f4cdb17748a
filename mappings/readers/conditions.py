"""Conditions and allergies (`rules.md`, "Active condition", "Bone metastasis on record")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mappings.dates import When
from mappings.evidence import Resource
from mappings.facts import Allergy, Diagnosis
from mappings.readers.reader import Reader
from mappings.readers.shapes import a_map, a_text, codings, maps, shown_words
from mappings.readers.sites import regions_of, site_concepts
from mappings.vocabulary import concept_sets as sets

REFUTED = frozenset({"refuted", "entered-in-error"})
PROVISIONAL = frozenset({"provisional", "unconfirmed", "differential"})
SUSPECTED = frozenset({"unconfirmed", "differential"})
OVER = frozenset({"inactive", "remission", "resolved"})


def diagnosis(reader: Reader, resource: Resource, source: str) -> Diagnosis | None:
    """A Condition that is not refuted; None for one that is.

    A secondary tumour of unnamed organ whose body site is a bone is a bone metastasis (mCODE writes it so, also with a
    code that only its profile makes a metastasis). A necrosis of bone that states a jaw as its body site is an osteonecrosis
    of the jaw (`valuesets/gaps.csv`); one that states no site, and an inflammation of the jaws, may be one.
    """
    verification = _status(resource.get("verificationStatus"))
    if not REFUTED.isdisjoint(verification):
        return None
    recognised = reader.recognise(resource.get("code"))
    sites = site_concepts(reader, resource.get("bodySite"))
    concepts = recognised.concepts
    if not recognised.denied:
        profiled = (means for profile, means in sets.OF_PROFILES.items() if _is_profiled_as(resource, profile))
        concepts |= _of_site(sets.WITH_SITE, concepts.union(*profiled), sites)
    concepts |= _of_site(sets.LOOK_ALIKES_WITH_SITE, recognised.denied, sites)
    concepts |= _possibly_of_the_jaw(recognised.denied, resource)
    return Diagnosis(
        concepts,
        shown_words(resource.get("code")),
        source,
        active=_is_active(resource),
        provisional=not PROVISIONAL.isdisjoint(verification),
        suspected=not SUSPECTED.isdisjoint(verification),
        onset=_first_date(reader, resource, ("onsetDateTime", "onsetPeriod")),
        recorded=_first_date(reader, resource, ("recordedDate", "assertedDate", "dateRecorded")),
        sites=sites,
        regions=regions_of(reader, resource.get("bodySite")) or regions_of(reader, resource.get("code")),
        severities=reader.recognise(resource.get("severity")).concepts,
        unverified_code=recognised.rests_on_unverified,
    )


def _possibly_of_the_jaw(denied: frozenset[str], resource: Resource) -> frozenset[str]:
    """What may be an osteonecrosis of the jaw: an inflammation of it, or (on an antiresorptive) a necrosis without a site."""
    if not denied.isdisjoint(sets.JAW_INFLAMMATION):
        return sets.POSSIBLE_OSTEONECROSIS_OF_JAW
    return frozenset() if resource.get("bodySite") else denied & sets.OSTEONECROSIS_WITH_JAW_SITE


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


_STATUS_WORDS = {
    **dict.fromkeys(("actif", "active"), "active"),
    **dict.fromkeys(("inactif", "inactive"), "inactive"),
    **dict.fromkeys(("résolu", "résolue", "guéri", "guérie", "resolved"), "resolved"),
    **dict.fromkeys(("rémission", "en rémission", "remission", "in remission"), "remission"),
    **dict.fromkeys(("réfuté", "réfutée", "infirmé", "infirmée", "refuted"), "refuted"),
    **dict.fromkeys(("saisi par erreur", "erreur de saisie", "entered in error"), "entered-in-error"),
    **dict.fromkeys(
        ("suspecté", "suspectée", "suspicion", "suspected", "non confirmé", "non confirmée"), "unconfirmed"
    ),
}
"""Statuses that are sent in words alone."""


def _status(value: object) -> frozenset[str]:
    """The codes of a status: a CodeableConcept in R4, a plain code before, words of a closed table where it has no code."""
    if isinstance(value, str):
        return frozenset({value.strip()})
    codes = frozenset(a_text(coding.get("code")) for coding in codings(value)) - {""}
    if codes:
        return codes
    said = a_text(a_map(value).get("text")).casefold()
    return frozenset({_STATUS_WORDS[said]}) if said in _STATUS_WORDS else frozenset()


def _is_active(resource: Resource) -> bool:
    clinical = _status(resource.get("clinicalStatus"))
    if clinical:
        return OVER.isdisjoint(clinical)
    return not any(name.startswith("abatement") and value for name, value in resource.items())


def _first_date(reader: Reader, resource: Resource, names: tuple[str, ...]) -> When | None:
    """The first of these dates that is there; None where that one cannot be read."""
    for name in names:
        raw = resource.get(name)
        if isinstance(raw, dict):
            raw = raw.get("start")
        if raw is not None:
            return reader.date(raw)
    return None


def allergy(reader: Reader, resource: Resource, source: str) -> Allergy | None:
    """An AllergyIntolerance that is neither refuted nor resolved: the concepts of its substances."""
    if not REFUTED.isdisjoint(_status(resource.get("verificationStatus"))):
        return None
    if not _is_active(resource):
        return None
    named: list[Mapping[str, Any]] = [a_map(resource.get("code"))]
    named += [a_map(reaction.get("substance")) for reaction in maps(resource.get("reaction"))]
    concepts: frozenset[str] = frozenset()
    for concept in named:
        concepts |= reader.recognise(concept).concepts
        concepts |= reader.terminology.recognise_name(a_text(concept.get("text")))
    return Allergy(concepts, source)
