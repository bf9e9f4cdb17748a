"""Bones as regions that can be compared: sides, and how far a vertebra reaches."""

from __future__ import annotations

import pytest

from mappings.facts.bones import bone, bones_of, has_vertebra, includes, vertebrae

C1, T1, T9, T10, L1, L4, L5, S1, S2, COCCYX = 1, 8, 16, 17, 20, 23, 24, 25, 26, 30


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ((L1, L1), (L4, L4), True),
        ((L1, L1), (T10, T10), True),
        ((L1, L1), (L5, L5), False),
        ((L1, L1), (T9, T9), False),
    ],
)
def test_a_vertebra_meets_those_within_three_of_it_as_fields_of_irradiation_do(one, other, meet):
    assert vertebrae(*one).isdisjoint(vertebrae(*other)) is not meet


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
