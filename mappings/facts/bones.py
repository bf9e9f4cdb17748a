"""Bones as regions that can be compared: which bone, which side where it is said, which vertebrae.

A region is a set of marks; two regions may be the same when they share one. A paired bone is marked once a side, so that
an unstated side matches both. Vertebrae are marked by the spaces around them, one vertebra further on either side, as
fields of irradiation reach: L1 meets T10 to L4, not L5; a spine without a level meets all of it.
"""

from __future__ import annotations

SPINE = "spine"
FIRST_VERTEBRA, LAST_VERTEBRA = 1, 30
"""C1 is 1, T1 8, L1 20, S1 25, the coccyx 30."""

REACH = 1
"""Vertebrae beyond the one that is named; a reading of ours."""

PAIRED = frozenset(
    [
        "femur",
        "humerus",
        "tibia",
        "fibula",
        "radius",
        "ulna",
        "rib",
        "clavicle",
        "scapula",
        "hand",
        "foot",
        "patella",
        "pelvis",
        "acetabulum",
    ]
)
LONG_BONES = frozenset(["femur", "humerus", "tibia", "fibula", "radius", "ulna"])
SIDES = ("left", "right")


def vertebrae(first: int = FIRST_VERTEBRA, last: int = LAST_VERTEBRA) -> frozenset[str]:
    """The marks of a stretch of the spine; of all of it without arguments. The space above a vertebra bears the number before."""
    return frozenset(f"{SPINE}:{space}" for space in range(first - 1 - REACH, last + REACH + 1))


def bone(name: str, sides: frozenset[str] = frozenset()) -> frozenset[str]:
    """The marks of a bone; of both sides where none is said."""
    if name not in PAIRED:
        return frozenset({name})
    return frozenset(f"{name}:{side}" for side in (sides or SIDES))


def bones_of(regions: frozenset[str]) -> frozenset[str]:
    """The names of the bones of a region."""
    return frozenset(mark.partition(":")[0] for mark in regions)


def may_be_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """The two regions share a bone, or one of them is not named."""
    return not one or not other or not one.isdisjoint(other)


FIRST_SACRAL_SPACE = 24
"""The space above S1: a region of the spine that does not reach further up is the sacrum or the coccyx."""


def has_vertebra(regions: frozenset[str]) -> bool:
    """The spine above the sacrum."""
    spaces = [int(mark.partition(":")[2]) for mark in regions if mark.startswith(SPINE)]
    return bool(spaces) and min(spaces) + REACH < FIRST_SACRAL_SPACE


def includes(regions: frozenset[str], name: str) -> bool:
    """The region is, or holds, this bone."""
    return name in bones_of(regions)
