"""Body sites: which bones a resource speaks of, as concepts and as regions that can be compared.

The side is that of a laterality qualifier, else of the code; not of the lateralised codes that rest on one open map, which
has errors (`codes.md` §8): `valuesets/bones.csv` names their bone alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mappings.facts.bones import SPINE, bone, vertebrae
from mappings.readers.reader import Reader
from mappings.readers.shapes import codings
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.bones import (
    ALSO_OF_CONCEPTS,
    CCAM_TOPOGRAPHY,
    OF_CONCEPTS,
    OF_ONE_BONE,
    SIDES,
    bones_of_codes,
)
from mappings.vocabulary.code_systems import CCAM, ICD_10_CM, LONGEST_SYSTEM, located
from mappings.vocabulary.concepts import LONGEST_CODE, Terminology

LATERALITY_EXTENSION = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-laterality-qualifier"
"""Extension of a body site's CodeableConcept; a BodyStructure has `locationQualifier`."""


def regions_of_bones(names: Iterable[str]) -> frozenset[str]:
    """The regions of bones as `valuesets/bones.csv` writes them."""
    return frozenset().union(*(_marks(name, frozenset()) for name in names))


def site_concepts(reader: Reader, body_sites: object) -> frozenset[str]:
    """The site concepts that one or more CodeableConcepts name; what is not bone is one of them."""
    concepts: frozenset[str] = frozenset()
    for site in maps(body_sites):
        recognised = reader.recognise(site)
        concepts |= recognised.concepts | recognised.denied
    return concepts


def regions_of(reader: Reader, concepts: object, qualifiers: object = None) -> frozenset[str]:
    """The regions that CodeableConcepts name: body sites, metastases of a named bone, acts on a named bone.

    `qualifiers` are those of a BodyStructure. Empty where no bone is named.
    """
    regions: frozenset[str] = frozenset()
    for concept in maps(concepts):
        sides = _sides_of(reader, concept, qualifiers)
        for coding in codings(concept):
            regions |= _region(reader, coding, sides)
    return regions


def region_of_code(system: str, code: str, sides: frozenset[str] = frozenset()) -> frozenset[str]:
    """The region of a code of `valuesets/bones.csv`, on these sides where it has one; empty for a code that it does not hold."""
    return frozenset().union(*(_marks(name, sides) for name in bones_of_codes().get(located(system, code), ())))


def unplaced(reader: Reader, site: object, regions: frozenset[str]) -> bool:
    """A body site is stated, and is no bone that we know, or of a side that we do not know: it may be any.

    `regions` are those that it names.
    """
    stated = [one for one in maps(site) if one]
    if not stated:
        return site not in (None, "", [], {})
    if not regions or (len(stated) > 1 and not all(regions_of(reader, one) for one in stated)):
        return True
    return any(_states_a_side(one) and not _sides_of(reader, one, None) for one in stated)


def _states_a_side(concept: Mapping[str, Any]) -> bool:
    return any(extension.get("url") == LATERALITY_EXTENSION for extension in maps(concept.get("extension")))


def _sides_of(reader: Reader, concept: Mapping[str, Any], qualifiers: object) -> frozenset[str]:
    if qualifiers is None and "extension" not in concept:
        return frozenset()
    said: list[Mapping[str, Any]] = list(maps(qualifiers))
    said += [
        a_map(extension.get("valueCodeableConcept"))
        for extension in maps(concept.get("extension"))
        if extension.get("url") == LATERALITY_EXTENSION
    ]
    named = reader.terminology.recognise([coding for one in said for coding in codings(one)]).concepts
    return frozenset().union(*(sides for name, sides in SIDES.items() if name in named))


WITH_ENCOUNTER = 7
"""Characters of a code of ICD-10-CM, of which the last tells the encounter (initial, subsequent, sequela)."""


def _region(reader: Reader, coding: Mapping[str, Any], sides: frozenset[str]) -> frozenset[str]:
    system, code = coding.get("system"), coding.get("code")
    if (
        isinstance(system, str)
        and isinstance(code, str)
        and len(system) <= LONGEST_SYSTEM
        and len(code) <= LONGEST_CODE
    ):
        return _region_of(reader.terminology, system, code, sides)
    return _region_of_coding(reader.terminology, coding, sides)


@lru_cache(maxsize=2048)
def _region_of(terminology: Terminology, system: str, code: str, sides: frozenset[str]) -> frozenset[str]:
    """The codes of sites and acts are few, and come again and again."""
    return _region_of_coding(terminology, {"system": system, "code": code}, sides)


def _region_of_coding(terminology: Terminology, coding: Mapping[str, Any], sides: frozenset[str]) -> frozenset[str]:
    system, code = a_text(coding.get("system")), a_text(coding.get("code"))
    place = located(system, code)
    names: Sequence[str] | None = bones_of_codes().get(place)
    if names is None and place[0] == ICD_10_CM and len(place[1]) == WITH_ENCOUNTER:
        names = bones_of_codes().get((ICD_10_CM, place[1][:-1]))
    if names is None and place[0] == CCAM:
        names = CCAM_TOPOGRAPHY.get(code[:2])
    concepts = terminology.recognise([coding]).concepts
    if names is None:
        names = [name for name, members in OF_CONCEPTS if not concepts.isdisjoint(members)]
    if not names and not concepts.isdisjoint(OF_ONE_BONE):
        names = [code]
    also = [name for name, members in ALSO_OF_CONCEPTS if not concepts.isdisjoint(members)]
    return frozenset().union(*(_marks(name, sides) for name in (*names, *also)))


def _marks(name: str, sides: frozenset[str]) -> frozenset[str]:
    """`femur`, `femur:left`, `spine` (all of it), `spine:8-19` (T1 to T12)."""
    bone_name, _, levels = name.partition(":")
    if bone_name != SPINE:
        return bone(bone_name, sides or frozenset({levels} - {""}))
    first, _, last = levels.partition("-")
    return vertebrae(int(first), int(last)) if last else vertebrae()
