"""Units, converted once: a closed table (analyte, spelling) to a factor, and refusal of everything else.

A general UCUM parser reads `G/L` as gauss and knows no analyte, so it cannot cross from mass to moles
(`codes.md` §6); the tests hold this table against one. Sources of the molar factors: `codes.md`, "Arithmetic traps".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

UCUM = frozenset({"http://unitsofmeasure.org", "https://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"})

_ANNOTATION = re.compile(r"\{[^}]*\}")
_PRODUCT = re.compile(r"\s*[·∙⋅]\s*|\s+(?=[a-z]+(?:\^|\*\*)?-1\b)")
"""The signs of a product that UCUM writes as a point, and the blank before a negative power."""

_NEGATIVE_POWER = re.compile(r"\.?\b([a-z]+)(?:\^|\*\*)?-1\b")
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


class Analyte(StrEnum):
    """What is measured, where the meaning of a unit depends on it."""

    ALBUMIN = "albumin"
    CALCIUM = "calcium"
    VITAMIN_D = "25-OH vitamin D"
    PHOSPHATE = "phosphate"
    CREATININE = "creatinine"
    CLEARANCE = "clearance"
    WEIGHT = "body weight"
    PLATELETS = "platelets"
    PROTHROMBIN = "prothrombin"
    INR = "INR"
    PAIN_SCORE = "pain score"


@dataclass(frozen=True, slots=True)
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


def _per_volume(base: str, per_litre: Decimal) -> dict[str, Decimal]:
    """Every spelling of `base` with a prefix per volume, as a multiple of `base` per litre times `per_litre`."""
    return {
        f"{prefix}{base}/{volume}": Decimal(10) ** (exponent - volume_exponent) * per_litre
        for prefix, exponent in _PREFIXES.items()
        for volume, volume_exponent in _VOLUMES.items()
    }


def _molar(per_gram: Decimal) -> dict[str, Decimal]:
    """Spellings in moles and in grams, as mmol/L; `per_gram` is the number of millimoles in a gram."""
    return _per_volume("mol", Decimal(1000)) | _per_volume("g", per_gram)


_THOUSAND, _MILLION = Decimal(1000), Decimal(1_000_000)
_COUNTS = {
    **dict.fromkeys(
        ("10*9/l", "10^9/l", "10e9/l", "10**9/l", "g/l", "giga/l", "gpt/l", "x10*9/l", "x10^9/l", "x109/l"), Decimal(1)
    ),
    **dict.fromkeys(
        (
            "10*3/ul",
            "10^3/ul",
            "10e3/ul",
            "x10*3/ul",
            "x10^3/ul",
            "x103/ul",
            "10*3/mm3",
            "10^3/mm3",
            "10e3/mm3",
            "k/ul",
            "k/mm3",
            "thousand/ul",
            "thou/ul",
            "/nl",
        ),
        Decimal(1),
    ),
    **dict.fromkeys(("10*6/l", "10^6/l", "10e6/l", "/ul", "/mm3", "1/ul", "cells/ul"), 1 / _THOUSAND),
    **dict.fromkeys(("/l", "1/l"), 1 / (_MILLION * _THOUSAND)),
    **dict.fromkeys(("10*12/l", "10^12/l", "t/l"), _THOUSAND),
}

_CLEARANCES = {
    **dict.fromkeys(("ml/min", "ml/mn", "ml/minute"), Decimal(1)),
    **dict.fromkeys(("ml/s", "ml/sec"), Decimal(60)),
    **dict.fromkeys(("l/min", "l/mn"), Decimal(1000)),
    **dict.fromkeys(("l/h",), Decimal(1000) / 60),
    **dict.fromkeys(("l/d", "l/24h", "l/(24.h)"), Decimal(1000) / 1440),
}

SCALES: dict[Analyte, Scale] = {
    # 66.5 kDa: 1 g is 1000 / 66 500 mmol; here the canonical unit is a mass, so moles are multiplied by 66.5 g/mmol.
    Analyte.ALBUMIN: Scale(
        "g/L", _per_volume("g", Decimal(1)) | _per_volume("mol", Decimal(66500)), Decimal(5), Decimal(70)
    ),
    # 40.078 g/mol; divalent, so 2 meq is 1 mmol.
    Analyte.CALCIUM: Scale(
        "mmol/L",
        _molar(1000 / Decimal("40.078")) | _per_volume("eq", Decimal(500)),
        Decimal(1),
        Decimal(5),
    ),
    # Compared in the unit that it was reported in (rules.md), so mass and moles are two scales; 2.5 is for the gates.
    Analyte.VITAMIN_D: Scale(
        "ng/mL",
        _per_volume("g", Decimal(1_000_000)),
        Decimal("1.6"),
        Decimal(200),
        other_units={
            "nmol/L": Scale("nmol/L", _per_volume("mol", Decimal(1_000_000_000)), Decimal(4), Decimal(500)),
        },
    ),
    # Expressed as phosphorus, 30.974 g/mol.
    Analyte.PHOSPHATE: Scale("mmol/L", _molar(1000 / Decimal("30.974")), Decimal("0.1"), Decimal(10)),
    # 1 mg/dL is 88.4 umol/L.
    Analyte.CREATININE: Scale(
        "umol/L",
        _per_volume("mol", _MILLION) | _per_volume("g", Decimal(8840)),
        Decimal(15),
        Decimal(2500),
    ),
    Analyte.CLEARANCE: Scale("mL/min", _CLEARANCES, Decimal(1), Decimal(250)),
    Analyte.WEIGHT: Scale(
        "kg",
        {
            **dict.fromkeys(("kg", "kilogram", "kilograms", "kilogramme"), Decimal(1)),
            **dict.fromkeys(("g", "gram", "grams"), 1 / _THOUSAND),
            **dict.fromkeys(("[lb_av]", "lb", "lbs", "[lbs]", "pound", "pounds"), Decimal("0.45359237")),
        },
        Decimal(20),
        Decimal(350),
    ),
    Analyte.PLATELETS: Scale("10*9/L", _COUNTS, Decimal(1), Decimal(3000)),
    Analyte.PROTHROMBIN: Scale("%", dict.fromkeys(("%", "percent"), Decimal(1)), Decimal(1), Decimal(200)),
    Analyte.INR: Scale(
        "1",
        dict.fromkeys(("1", "{inr}", "inr", "{ratio}", "ratio", ""), Decimal(1)),
        Decimal("0.5"),
        Decimal(20),
        unit_needed=False,
    ),
    Analyte.PAIN_SCORE: Scale(
        "1",
        dict.fromkeys(("1", "{score}", "score", "/10", "points", "point", "{0-10}", ""), Decimal(1)),
        Decimal(0),
        Decimal(10),
        unit_needed=False,
    ),
}


class UnknownUnit(ValueError):
    """A unit that the closed table of the analyte does not hold, or a code and a text that contradict each other."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to take a reported value to the canonical unit: multiply by `factor`."""

    factor: Decimal
    scale: Scale
    per_body_surface: bool = False


@lru_cache(maxsize=4096)
def conversion(analyte: Analyte, code: str, unit: str, system: str) -> Conversion:
    """The conversion of a reported unit of an analyte.

    `code`, `unit` and `system` are those of the FHIR Quantity (empty where absent). The UCUM code decides; a readable
    `unit` text that contradicts it is refused, as is any spelling that the table does not hold. Raises `UnknownUnit`.
    """
    scale = SCALES[analyte]
    by_code = _look_up(scale, code) if code else None
    by_text = _look_up(scale, unit) if unit else None
    if by_code is not None and by_text is not None and by_code.factor != by_text.factor:
        raise UnknownUnit("the unit's code and its text contradict each other")
    if by_code is not None and by_text is not None:
        return by_text if by_text.per_body_surface else by_code
    if system in UCUM and by_code is None and not _only_annotation(code):
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


@lru_cache(maxsize=4096)
def normalised_unit(spelling: str) -> str:
    """One spelling of a unit: compatibility forms, case, spaces, `µ`, annotations and the body-surface suffix removed.

    Case is folded for every unit: the table of an analyte holds only spellings that its case cannot change
    (`g/L` is a mass for albumin and a count for platelets; the analyte decides, `rules.md` "Units").
    """
    text = unicodedata.normalize("NFKC", spelling).casefold()
    text = text.replace("μ", "u").replace("µ", "u").replace("mcg", "ug").replace("×", "x").replace("−", "-").strip()
    if text in _SPELLINGS:
        return _SPELLINGS[text]
    inr_or_score = text in {"{inr}", "{score}", "{ratio}", "{0-10}"}
    if not inr_or_score:
        text = _PRODUCT.sub(".", text)
        text = re.sub(r"\s+", "", text)
        text = _BODY_SURFACE_SUFFIX.sub("", text)
        text = _ANNOTATION.sub("", text)
        text = _NEGATIVE_POWER.sub(r"/\1", text)
    return text.removesuffix("/") if len(text) > 1 else text
