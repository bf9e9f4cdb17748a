"""Bones as regions that can be compared: sides, and how far a vertebra reaches."""

from __future__ import annotations

import pytest

from mappings.facts.bones import bone, bones_of, has_vertebra, includes, vertebrae, with_neighbours

C1, T1, T12, L1, L2, L3, L4, L5, S1, S2, COCCYX = 1, 8, 19, 20, 21, 22, 23, 24, 25, 26, 30


@pytest.mark.parametrize(
    ("one", "other", "meet", "meet_with_neighbours"),
    [
        ((L1, L1), (L1, L1), True, True),
        ((L1, L1), (T12, T12), False, True),
        ((L1, L1), (L2, L2), False, True),
        ((L1, L1), (L3, L3), False, False),
        ((L3, L3), (T1, T12), False, False),
        ((T12, L2), (L1, L1), True, True),
    ],
)
def test_a_field_of_irradiation_takes_in_one_vertebra_on_either_side(one, other, meet, meet_with_neighbours):
    region, course = vertebrae(*one), vertebrae(*other)
    assert region.isdisjoint(course) is not meet
    assert with_neighbours(region).isdisjoint(course) is not meet_with_neighbours


def test_a_bone_that_is_no_vertebra_has_no_neighbour():
    assert with_neighbours(bone("femur")) == bone("femur")


@pytest.mark.parametrize("level", [C1, T1, L5, S1, COCCYX])
def test_a_spine_without_a_level_meets_all_of_it(level):
    assert vertebrae(level, level) <= vertebrae()


def test_a_spine_without_a_level_is_told_from_the_first_vertebra_to_the_coccyx():
    assert vertebrae() == vertebrae(C1, COCCYX)


@pytest.mark.parametrize(
    ("region", "above_the_sacrum"),
    [
        (vertebrae(), True),
        (vertebrae(L5, L5), True),
        (vertebrae(L5, S1), True),
        (vertebrae(L4, COCCYX), True),
        (vertebrae(S1, S1), False),
        (vertebrae(S2, COCCYX), False),
        (bone("femur"), False),
        (vertebrae(S1, S1) | bone("pelvis"), False),
        (frozenset(), False),
    ],
)
def test_a_region_has_a_vertebra_where_it_reaches_above_the_sacrum(region, above_the_sacrum):
    assert has_vertebra(region) is above_the_sacrum


def test_an_unstated_side_of_a_paired_bone_meets_both():
    left, right = bone("femur", frozenset({"left"})), bone("femur", frozenset({"right"}))
    assert left.isdisjoint(right)
    assert bone("femur") == left | right


def test_a_bone_that_is_not_paired_has_no_side():
    assert bone("sternum", frozenset({"left"})) == bone("sternum")


def test_a_region_is_named_by_its_bones():
    region = bone("femur", frozenset({"left"})) | vertebrae(L1, L1)
    assert bones_of(region) == {"femur", "spine"}
    assert includes(region, "femur")
    assert not includes(region, "tibia")
