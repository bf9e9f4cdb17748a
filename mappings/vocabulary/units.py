"""Units, converted once: a closed table a scale, spelling to factor, and refusal of everything else.

A general UCUM parser reads `G/L` as gauss and knows no analyte, so it cannot cross from mass to moles
(`codes.md` §6); the tests hold this table against one. Sources of the molar factors: `codes.md`, "Arithmetic traps".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from mappings.vocabulary.code_systems import UCUM

UCUM_SPELLINGS = frozenset({UCUM, "https://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"})

WEEK, MONTH, YEAR = 7, 30, 365
"""Days: of a week, and of a month and a year where no calendar says which (`rules.md`, "Days")."""

LONGEST_UNIT = 64
"""Characters of a unit; a longer one is none."""

_ANNOTATION = re.compile(r"\{[^}]*+\}")
_PRODUCT = re.compile(r" ?[·∙⋅] ?| (?=[a-z]++(?:\^|\*\*)?-1\b)")
"""The signs of a product that UCUM writes as a point, and the blank before a negative power."""

_NEGATIVE_POWER = re.compile(r"\.?\b([a-z]++)(?:\^|\*\*)?-1\b")
_SPELLINGS = {
    "gram per deciliter": "g/dl",
    "gram per decilitre": "g/dl",
    "gram per liter": "g/l",
    "gram per litre": "g/l",
    "milligram per deciliter": "mg/dl",
    "milligram per decilitre": "mg/dl",
    "millimole per liter": "mmol/l",
    "millimole per litre": "mmol/l",
    "micromole per liter": "umol/l",
    "micromole per litre": "umol/l",
    "micromol/l": "umol/l",
    "nanogram per milliliter": "ng/ml",
    "nanogram per millilitre": "ng/ml",
    "nanomole per liter": "nmol/l",
    "nanomole per litre": "nmol/l",
    "milliliter per minute": "ml/min",
    "millilitre per minute": "ml/min",
    "258806002": "mg/dl",
    "258813002": "mmol/l",
}
_PER_BODY_SURFACE = re.compile(r"1[.,]73")
_BODY_SURFACE_SUFFIX = re.compile(r"[/.]?[{(]?1[.,]73[_.]?m(?:\^|\*{1,2})?-?2[})]?")


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How one analyte is read: its canonical unit, the factor of each spelling, and what is plausible.

    `lowest` and `highest` are in the canonical unit (`codes.md` §3, plausibility gates; the gates of phosphate, weight
    and the prothrombin percentage are ours).
    """

    unit: str
    factors: dict[str, Decimal]
    lowest: Decimal
    highest: Decimal
    unit_needed: bool = True
    other_units: dict[str, Scale] = field(default_factory=dict)

    def implausible(self, value: Decimal) -> bool:
        """No living person's result in this unit."""
        return not self.lowest <= value <= self.highest


_PREFIXES = {"": 0, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12}
_VOLUMES = {"l": 0, "dl": -1, "cl": -2, "ml": -3, "ul": -6}


def per_volume(base: str, per_litre: Decimal) -> dict[str, Decimal]:
    """Every spelling of `base` with a prefix per volume, as a multiple of `base` per litre times `per_litre`."""
    return {
        f"{prefix}{base}/{volume}": Decimal(10) ** (exponent - volume_exponent) * per_litre
        for prefix, exponent in _PREFIXES.items()
        for volume, volume_exponent in _VOLUMES.items()
    }


def molar(per_gram: Decimal) -> dict[str, Decimal]:
    """Spellings in moles and in grams, as mmol/L; `per_gram` is the number of millimoles in a gram."""
    return per_volume("mol", Decimal(1000)) | per_volume("g", per_gram)


class UnknownUnit(ValueError):
    """A unit that the closed table of the analyte does not hold, or a code and a text that contradict each other."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to take a reported value to the canonical unit: multiply by `factor`."""

    factor: Decimal
    scale: Scale
    per_body_surface: bool = False


def conversion(scale: Scale, code: str, unit: str, system: str) -> Conversion:
    """The conversion of a reported unit to the canonical one of a scale.

    `code`, `unit` and `system` are those of the FHIR Quantity (empty where absent). The UCUM code decides; a readable
    `unit` text that contradicts it is refused, as is any spelling that the table does not hold. Raises `UnknownUnit`.
    """
    if max(len(code), len(unit)) > LONGEST_UNIT:
        raise UnknownUnit("longer than any unit")
    return _conversion(scale, code, unit, is_ucum=system in UCUM_SPELLINGS)


@lru_cache(maxsize=4096)
def _conversion(scale: Scale, code: str, unit: str, *, is_ucum: bool) -> Conversion:
    by_code = _look_up(scale, code) if code else None
    by_text = _look_up(scale, unit) if unit else None
    if by_code is not None and by_text is not None and by_code.factor != by_text.factor:
        raise UnknownUnit("the unit's code and its text contradict each other")
    if by_code is not None and by_text is not None:
        return by_text if by_text.per_body_surface else by_code
    if is_ucum and by_code is None and not _only_annotation(code):
        raise UnknownUnit("a unit code that this analyte is not reported in")
    found = by_code or by_text
    if not scale.unit_needed and not (code or unit):
        found = Conversion(Decimal(1), scale)
    if found is None:
        raise UnknownUnit("no unit" if not (code or unit) else "a unit that this analyte is not reported in")
    return found


def _only_annotation(code: str) -> bool:
    return not _ANNOTATION.sub("", code).strip()


def _look_up(scale: Scale, spelling: str) -> Conversion | None:
    per_body_surface = bool(_PER_BODY_SURFACE.search(spelling))
    plain = normalised_unit(spelling)
    for candidate in (scale, *scale.other_units.values()):
        factor = candidate.factors.get(plain)
        if factor is not None:
            return Conversion(factor, candidate, per_body_surface)
    return None


TOO_LONG = "\N{REPLACEMENT CHARACTER}"
"""No unit: what a spelling that is longer than any unit comes to."""


def normalised_unit(spelling: str) -> str:
    """One spelling of a unit: compatibility forms, case, spaces, `µ`, annotations and the body-surface suffix removed.

    Case is folded for every unit: the table of a scale holds only spellings that its case cannot change
    (`g/L` is a mass for albumin and a count for platelets; the analyte decides, `rules.md` "Units").
    """
    return _normalised(spelling) if len(spelling) <= LONGEST_UNIT else TOO_LONG


@lru_cache(maxsize=4096)
def _normalised(spelling: str) -> str:
    text = unicodedata.normalize("NFKC", spelling).casefold()
    text = text.replace("μ", "u").replace("µ", "u").replace("mcg", "ug").replace("×", "x").replace("−", "-").strip()
    if text in _SPELLINGS:
        return _SPELLINGS[text]
    inr_or_score = text in {"{inr}", "{score}", "{ratio}", "{0-10}"}
    if not inr_or_score:
        text = _PRODUCT.sub(".", " ".join(text.split())).replace(" ", "")
        text = _BODY_SURFACE_SUFFIX.sub("", text)
        text = _ANNOTATION.sub("", text)
        text = _NEGATIVE_POWER.sub(r"/\1", text)
    return text.removesuffix("/") if len(text) > 1 else text
