"""What bones are called on a card: each bone with its side, the stretches of the spine, joints that are told by their bones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mappings.wording import Term


class Name(NamedTuple):
    """A bone in English and in French, and whether its French is feminine: the side agrees with it."""

    english: str
    french: str
    feminine: bool = False


BONES: Mapping[str, Name] = {
    "femur": Name("femur", "fémur"),
    "humerus": Name("humerus", "humérus"),
    "tibia": Name("tibia", "tibia"),
    "fibula": Name("fibula", "fibula", feminine=True),
    "radius": Name("radius", "radius"),
    "ulna": Name("ulna", "ulna", feminine=True),
    "rib": Name("rib", "côte", feminine=True),
    "clavicle": Name("clavicle", "clavicule", feminine=True),
    "scapula": Name("scapula", "scapula", feminine=True),
    "hand": Name("hand", "main", feminine=True),
    "foot": Name("foot", "pied"),
    "patella": Name("patella", "patella", feminine=True),
    "pelvis": Name("pelvis", "bassin"),
    "acetabulum": Name("acetabulum", "acétabulum"),
    "sternum": Name("sternum", "sternum"),
    "skull": Name("skull", "crâne"),
    "face": Name("facial bones", "os de la face"),
    "jaw": Name("jaw", "mâchoire", feminine=True),
}

TOGETHER: Mapping[frozenset[str], Name] = {
    frozenset({"acetabulum", "pelvis"}): BONES["acetabulum"],
    frozenset({"femur", "pelvis", "acetabulum"}): Name("hip", "hanche", feminine=True),
    frozenset({"femur", "pelvis"}): Name("hip", "hanche", feminine=True),
    frozenset({"tibia", "fibula"}): Name("leg", "jambe", feminine=True),
    frozenset({"radius", "ulna"}): Name("forearm", "avant-bras"),
}
"""Bones that codes name together, and the one word for them."""

SIDES = {
    "left": Name("left {bone}", "{bone} gauche"),
    "right": Name("right {bone}", "{bone} droit"),
}
RIGHT_FEMININE = "{bone} droite"

STRETCHES: Mapping[tuple[int, int], Name] = {
    (1, 30): Name("spine", "rachis"),
    (1, 24): Name("spine", "rachis"),
    (1, 7): Name("cervical spine", "rachis cervical"),
    (8, 19): Name("thoracic spine", "rachis thoracique"),
    (20, 24): Name("lumbar spine", "rachis lombaire"),
    (8, 24): Name("thoracic and lumbar spine", "rachis thoraco-lombaire"),
    (20, 29): Name("lumbar spine and sacrum", "rachis lombo-sacré"),
    (20, 30): Name("lumbar spine and sacrum", "rachis lombo-sacré"),
    (25, 29): Name("sacrum", "sacrum"),
    (25, 30): Name("sacrum and coccyx", "sacrum et coccyx"),
    (30, 30): Name("coccyx", "coccyx"),
}
"""From the first to the last vertebra, by their numbers (`mappings.facts.bones`)."""

_PARTS = ((1, 7, "C"), (8, 19, "T"), (20, 24, "L"), (25, 29, "S"))


def of_bones(bones: frozenset[str], sides: frozenset[str]) -> Term | None:
    """«right femur» of bones that one word names; None where no word does."""
    name = BONES[next(iter(bones))] if len(bones) == 1 and bones <= BONES.keys() else TOGETHER.get(bones)
    if name is None:
        return None
    if len(sides) != 1:
        return Term({"en": name.english, "fr": name.french})
    side = next(iter(sides))
    french = RIGHT_FEMININE if side == "right" and name.feminine else SIDES[side].french
    return Term({"en": SIDES[side].english.format(bone=name.english), "fr": french.format(bone=name.french)})


def of_stretch(first: int, last: int) -> Term:
    """«L3», «T10–L2», «lumbar spine», of vertebrae by their numbers."""
    name = STRETCHES.get((first, last))
    if name is not None:
        return Term({"en": name.english, "fr": name.french})
    ends = [_vertebra(first)] if first == last else [_vertebra(first), _vertebra(last)]
    return Term(dict.fromkeys(("en", "fr"), "–".join(ends)))


def _vertebra(number: int) -> str:
    return next((f"{letter}{number - low + 1}" for low, high, letter in _PARTS if low <= number <= high), "coccyx")
