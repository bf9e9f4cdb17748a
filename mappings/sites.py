"""Body sites: which bones a resource speaks of, as concepts and as regions that can be compared.

Laterality is not compared: public maps of codes are wrong about sides (`codes.md` §8), so the bone decides.
"""

from __future__ import annotations

from mappings import concept_sets as sets
from mappings.concepts import Terminology
from mappings.shapes import a_text, codings, maps

_OF_ACTS = (
    ("spine", sets.TUMOUR_SPINE_SURGERY | sets.SPINAL_DECOMPRESSION | sets.VERTEBROPLASTY | sets.KYPHOPLASTY),
    ("pelvis", sets.ACETABULUM_SURGERY),
)


def site_concepts(body_sites: object, terminology: Terminology) -> frozenset[str]:
    """The site concepts that one or more CodeableConcepts name; what is not bone is one of them."""
    concepts: frozenset[str] = frozenset()
    for site in maps(body_sites):
        recognised = terminology.recognise(codings(site))
        concepts |= recognised.concepts | recognised.denied
    return concepts


def regions_of(body_sites: object, terminology: Terminology) -> frozenset[str]:
    """The bones of `concept_sets.BONES`; any other bone by its own code."""
    regions: set[str] = set()
    for site in maps(body_sites):
        for coding in codings(site):
            concepts = terminology.recognise([coding]).concepts
            named = [name for name, members in sets.BONES.items() if not concepts.isdisjoint(members)]
            if not named and not concepts.isdisjoint(sets.LONG_BONE | sets.OTHER_BONE):
                named = [a_text(coding.get("code"))]
            regions.update(named)
    return frozenset(regions)


def regions_of_act(concepts: frozenset[str]) -> frozenset[str]:
    """The region that an act's own code names (a vertebroplasty is of the spine)."""
    return frozenset(name for name, members in _OF_ACTS if not concepts.isdisjoint(members))
