"""Bones as regions that can be compared: which bone, which side where it is said, which vertebrae.

A region is a set of marks; two regions may be the same when they share one. A paired bone is marked once a side, so that
an unstated side matches both. Vertebrae are marked one by one; a spine without a level is all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mappings.vocabulary.bone_names import of_bones, of_stretch
from mappings.wording import Text

SPINE = "spine"
FIRST_VERTEBRA, LAST_VERTEBRA = 1, 30
"""C1 is 1, T1 8, L1 20, S1 25, the coccyx 30."""

REACH = 1
"""Vertebrae on either side that fields of irradiation take in (RAO, radiothérapie §2.1)."""

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
    """The marks of a stretch of the spine; of all of it without arguments."""
    return frozenset(f"{SPINE}:{level}" for level in range(first, last + 1))


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


def levels_of(regions: frozenset[str]) -> tuple[int, ...]:
    """The vertebrae of a region by their numbers, from above; none where it is not of the spine."""
    return tuple(sorted(int(mark.partition(":")[2]) for mark in regions if mark.startswith(f"{SPINE}:")))


def sides_of(regions: frozenset[str], name: str) -> frozenset[str]:
    """The sides of a paired bone that a region holds."""
    return frozenset(
        side for bone_name, _, side in (mark.partition(":") for mark in regions) if bone_name == name and side
    )


def with_neighbours(regions: frozenset[str]) -> frozenset[str]:
    """The region with the vertebrae that a field of irradiation of it takes in besides."""
    levels = levels_of(regions)
    return regions.union(*(vertebrae(level - REACH, level + REACH) for level in levels))


FIRST_SACRAL = 25
"""S1: a region of the spine that does not reach further up is the sacrum or the coccyx."""


def has_vertebra(regions: frozenset[str]) -> bool:
    """The spine above the sacrum."""
    return any(level < FIRST_SACRAL for level in levels_of(regions))


def includes(regions: frozenset[str], name: str) -> bool:
    """The region is, or holds, this bone."""
    return name in bones_of(regions)


MOST_NAMED = 2
"""Bones and stretches of the spine that a card names at most; more of them are not named."""


def named_bones(regions: frozenset[str]) -> tuple[Text, ...]:
    """The bones of a region in words, with their side; none where there are none, or too many."""
    bones = bones_of(regions) - {SPINE}
    sides = frozenset().union(*(sides_of(regions, name) for name in bones))
    spine = tuple(of_stretch(first, last) for first, last in _stretches(levels_of(regions)))
    if not bones:
        return spine if len(spine) <= MOST_NAMED else ()
    together = of_bones(bones, sides)
    each = (
        (together,)
        if together is not None
        else tuple(of_bones(frozenset({name}), sides_of(regions, name)) for name in sorted(bones))
    )
    named = (*spine, *(one for one in each if one is not None))
    return named if len(spine) + len(each) <= MOST_NAMED else ()


def _stretches(levels: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Vertebrae that follow one another, from first to last."""
    first = last = None
    for level in levels:
        if first is None or last is None:
            first = last = level
        elif level == last + 1:
            last = level
        else:
            yield first, last
            first = last = level
    if first is not None and last is not None:
        yield first, last
