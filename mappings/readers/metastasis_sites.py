"""Observations that say where a distant metastasis is, as the diagnoses that they stand for.

German oncology (MII, `mii-pr-onko-fernmetastasen`; DKTK) records a bone metastasis as such an Observation alone: SNOMED CT
385421009 with the site as its value or body site, or LOINC 21907-1 (M of the TNM) with its body site. Only a bone counts, and
only what is said to be there: an Observation that says "none" has no site.
"""

from __future__ import annotations

from collections.abc import Iterator

from mappings.evidence import Evidence, Resource
from mappings.readers.acts import NOT_REPORTED
from mappings.readers.reader import Reader
from mappings.readers.shapes import codings, shown_words
from mappings.readers.sites import site_concepts
from mappings.readers.standing import standing
from mappings.shapes import a_map, a_text
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.code_systems import SNOMED_CT, plain
from mappings.vocabulary.concepts import code_of
from mappings.vocabulary.elements import OBSERVATION_STATUS

BONE_METASTASIS = {"system": SNOMED_CT, "code": "94222008"}
_LISTS = tuple(
    map(
        plain,
        (
            "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-fernmetastasen",
            "http://dktk.dkfz.de/fhir/onco/core/CodeSystem/FMLokalisationCS",
        ),
    )
)
_BONE, _BONE_OF_TNM = "OSS", "258333005"
"""The sites of TNM: of the lists of German oncology, and of SNOMED CT."""

_DENIES = frozenset({"n", "no", "nein", "k", "u"})
"""Codes of a value that says that there is none, or that nobody knows (DKTK: N, U)."""

_FINAL = frozenset({"final", "amended", "corrected"})


def bone_metastases(reader: Reader, evidence: Evidence) -> Iterator[tuple[Resource, str]]:
    """Each Observation of a distant metastasis whose site is a bone, as a Condition that says the same, with its source."""
    for source, observation in evidence.of_type("Observation"):
        if reader.recognise(observation.get("code")).concepts.isdisjoint(sets.DISTANT_METASTASIS_SITE):
            continue
        stands = standing(observation, OBSERVATION_STATUS, counting=_FINAL | {"preliminary"}, never=NOT_REPORTED)
        if stands.counts is not False and _is_at_a_bone(reader, observation):
            yield _as_condition(observation, sure=stands.counts is True and stands.status in _FINAL), source


def _is_at_a_bone(reader: Reader, observation: Resource) -> bool:
    value, site = observation.get("valueCodeableConcept"), observation.get("bodySite")
    if observation.get("valueBoolean") is False or observation.get("dataAbsentReason"):
        return False
    if any(code_of(coding).casefold() in _DENIES for coding in codings(value)):
        return False
    return any(_names_bone(reader, one) for one in (value, site))


def _names_bone(reader: Reader, concept: object) -> bool:
    for coding in codings(concept):
        system, code = plain(a_text(coding.get("system"))), code_of(coding)
        if (code == _BONE and system in _LISTS) or (code == _BONE_OF_TNM and system == plain(SNOMED_CT)):
            return True
    sites = site_concepts(reader, concept)
    return bool(sites) and not sites.isdisjoint(sets.ANY_BONE)


def _as_condition(observation: Resource, *, sure: bool) -> Resource:
    said = shown_words(observation.get("valueCodeableConcept")) or shown_words(observation.get("bodySite"))
    condition: dict[str, object] = {
        "resourceType": "Condition",
        "code": {"coding": [BONE_METASTASIS], **({"text": said} if isinstance(said, str) and said else {})},
        "verificationStatus": {"coding": [{"code": "confirmed" if sure else "provisional"}]},
        "recordedDate": observation.get("effectiveDateTime") or a_map(observation.get("effectivePeriod")).get("start"),
    }
    kept = ("subject", "modifierExtension", "implicitRules")
    return {**condition, **{name: observation[name] for name in kept if name in observation}}
