"""Conditions and allergies (`rules.md`, "Active condition", "Bone metastasis on record")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings import concept_sets as sets
from mappings.clock import Clock
from mappings.concepts import Terminology
from mappings.dates import UnreadableDate, When
from mappings.evidence import Resource
from mappings.facts import Allergy, Diagnosis
from mappings.shapes import a_map, a_text, codings, maps, shown_name
from mappings.sites import regions_of, site_concepts

REFUTED = frozenset({"refuted", "entered-in-error"})
PROVISIONAL = frozenset({"provisional", "unconfirmed", "differential"})
SUSPECTED = frozenset({"unconfirmed", "differential"})
OVER = frozenset({"inactive", "remission", "resolved"})


def diagnosis(source: str, resource: Resource, clock: Clock, terminology: Terminology) -> Diagnosis | None:
    """A Condition that is not refuted; None for one that is.

    A secondary tumour of unnamed organ whose body site is a bone is a bone metastasis (mCODE writes it so).
    """
    verification = _status(resource.get("verificationStatus"))
    if not REFUTED.isdisjoint(verification):
        return None
    recognised = terminology.recognise(codings(resource.get("code")))
    sites = site_concepts(resource.get("bodySite"), terminology)
    concepts = recognised.concepts
    if not concepts.isdisjoint(sets.METASTASIS_SITE_UNSTATED) and not sites.isdisjoint(sets.ANY_BONE):
        concepts |= sets.BONE_METASTASIS
    onset, onset_unreadable = _first_date(resource, ("onsetDateTime", "onsetPeriod"), clock)
    recorded, recorded_unreadable = _first_date(resource, ("recordedDate", "assertedDate", "dateRecorded"), clock)
    return Diagnosis(
        concepts,
        shown_name(resource.get("code")),
        source,
        active=_is_active(resource),
        provisional=not PROVISIONAL.isdisjoint(verification),
        suspected=not SUSPECTED.isdisjoint(verification),
        onset=onset,
        recorded=recorded,
        sites=sites,
        regions=regions_of(resource.get("bodySite"), terminology) or regions_of(resource.get("code"), terminology),
        severities=terminology.recognise(codings(resource.get("severity"))).concepts,
        unverified_code=bool(concepts) and concepts <= recognised.unverified,
        date_unreadable=onset_unreadable or recorded_unreadable,
    )


def _status(value: object) -> frozenset[str]:
    """The codes of a status that is a CodeableConcept in R4 and was a plain code before."""
    if isinstance(value, str):
        return frozenset({value})
    return frozenset(a_text(coding.get("code")) for coding in codings(value)) - {""}


def _is_active(resource: Resource) -> bool:
    clinical = _status(resource.get("clinicalStatus"))
    if clinical:
        return OVER.isdisjoint(clinical)
    return not any(name.startswith("abatement") and value for name, value in resource.items())


def _first_date(resource: Resource, names: tuple[str, ...], clock: Clock) -> tuple[When | None, bool]:
    for name in names:
        raw = resource.get(name)
        if isinstance(raw, dict):
            raw = raw.get("start")
        if raw is None:
            continue
        try:
            return clock.read(raw), False
        except UnreadableDate:
            return None, True
    return None, False


def allergy(source: str, resource: Resource, terminology: Terminology) -> Allergy | None:
    """An AllergyIntolerance that is neither refuted nor resolved: the concepts of its substances."""
    if not REFUTED.isdisjoint(_status(resource.get("verificationStatus"))):
        return None
    if not _is_active(resource):
        return None
    named: list[Mapping[str, Any]] = [a_map(resource.get("code"))]
    named += [a_map(reaction.get("substance")) for reaction in maps(resource.get("reaction"))]
    concepts: frozenset[str] = frozenset()
    for concept in named:
        concepts |= terminology.recognise(codings(concept)).concepts
        concepts |= terminology.recognise_name(a_text(concept.get("text")))
    return Allergy(concepts, source)
