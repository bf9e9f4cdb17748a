"""The bones and sides that codes stand for: by the code itself, by its place in a nomenclature, by its concept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary import valuesets
from mappings.vocabulary.code_systems import located

SIDES = {
    "laterality_left": frozenset({"left"}),
    "laterality_right": frozenset({"right"}),
    "laterality_bilateral": frozenset({"left", "right"}),
}

SIDE_CODES = {"left": "7771000", "right": "24028007"}
"""SNOMED CT codes of the sides, as we write them (`valuesets/qualifier.csv`)."""

OF_CONCEPTS = (
    (
        "spine",
        sets.SPINE
        | sets.TUMOUR_SPINE_SURGERY
        | sets.SPINAL_DECOMPRESSION
        | sets.VERTEBROPLASTY
        | sets.KYPHOPLASTY
        | sets.VERTEBRAL_FRACTURE,
    ),
    ("femur", sets.FEMUR),
    ("humerus", sets.HUMERUS),
    ("pelvis", sets.PELVIS),
    ("jaw", sets.JAW),
)
"""The bones of concepts, for codes that `valuesets/bones.csv` does not hold, those of a site among them."""

ALSO_OF_CONCEPTS = (("acetabulum", sets.ACETABULUM_SURGERY),)
"""The bones of concepts beside those of their codes."""

OF_ONE_BONE = sets.LONG_BONE | sets.OTHER_BONE
"""A code of these that nothing above holds is a bone of its own."""

CCAM_TOPOGRAPHY = {
    "MA": ("clavicle", "scapula"),
    "MB": ("humerus",),
    "MC": ("radius", "ulna"),
    "MD": ("hand",),
    "ME": ("humerus", "scapula"),
    "MF": ("humerus", "radius", "ulna"),
    "MG": ("radius", "ulna", "hand"),
    "NA": ("pelvis",),
    "NB": ("femur",),
    "NC": ("tibia", "fibula"),
    "NE": ("femur", "pelvis"),
    "NF": ("femur", "tibia"),
    "NG": ("tibia", "fibula", "foot"),
}
"""The first two letters of a CCAM code are the place in the body: bones and joints of the limbs."""


@cache
def bones_of_codes() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The bones of each code of `valuesets/bones.csv`."""
    return {located(system, code): tuple(bones.split()) for system, code, bones, _ in valuesets.table("bones.csv")}
