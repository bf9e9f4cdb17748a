"""Units: every conversion of our closed tables agrees with pint, which crosses from mass to moles by the molar mass."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.vocabulary.analytes import (
    ALBUMIN,
    ANALYTES,
    CALCIUM,
    COCKCROFT,
    CREATININE,
    PHOSPHATE,
    PLATELETS,
    VITAMIN_D,
    WEIGHT,
    Analyte,
)
from mappings.vocabulary.units import UnknownUnit, conversion

REGISTRY = pint.UnitRegistry(non_int_type=Decimal, cache_folder=None)
MASSES = {
    ALBUMIN: "66500",
    CALCIUM: "40.078",
    CREATININE: "113.118",
    PHOSPHATE: "30.974",
    VITAMIN_D: "400.64",
}
"""g/mol; calcifediol for 25-OH vitamin D."""

PREFIXES, VOLUMES = ("", "d", "c", "m", "u", "n", "p"), ("l", "dl", "cl", "ml", "ul")
IN_PINT = {
    COCKCROFT: {
        "ml/min": "ml/min",
        "ml/s": "ml/s",
        "l/min": "l/min",
        "l/h": "l/h",
        "l/d": "l/day",
        "l/24h": "l/day",
    },
    WEIGHT: {"kg": "kg", "g": "g", "[lb_av]": "pound"},
    PLATELETS: {
        "10*9/l": "1e9/l",
        "g/l": "1e9/l",
        "10*3/ul": "1e3/ul",
        "k/ul": "1e3/ul",
        "10*3/mm3": "1e3/mm**3",
        "/ul": "1/ul",
        "10*6/l": "1e6/l",
        "/l": "1/l",
        "t/l": "1e12/l",
        "/nl": "1/nl",
        "/mm3": "1/mm**3",
    },
}
CANONICAL_IN_PINT = {"10*9/L": "1e9/l", "umol/L": "umol/l"}
CONCENTRATIONS = [
    (analyte, f"{prefix}{base}/{volume}")
    for analyte, base, prefix, volume in product(MASSES, ("g", "mol"), PREFIXES, VOLUMES)
]
OTHERS = [(analyte, spelling) for analyte, spellings in IN_PINT.items() for spelling in spellings]
VALUES = st.decimals(min_value="0.001", max_value="99999", places=3)


def by_pint(analyte: Analyte, value: Decimal, spelling: str, unit: str) -> Decimal:
    """The value in `unit`, as pint has it."""
    said = IN_PINT.get(analyte, {}).get(spelling, spelling)
    number, _, rest = said.rpartition("/") if "e" in said.partition("/")[0] else ("", "", said)
    quantity = value * REGISTRY(said) if not number else value * Decimal(number) * REGISTRY(f"1/{rest}")
    target = CANONICAL_IN_PINT.get(unit, unit)
    number, _, rest = target.rpartition("/") if "e" in target.partition("/")[0] else ("", "", target)
    goal = REGISTRY(f"1/{rest}" if number else target).units
    mass = MASSES.get(analyte)
    across = () if mass is None else ("chemistry",)
    converted = quantity.to(goal, *across, **({"mw": Decimal(mass) * REGISTRY("g/mol")} if mass else {}))
    return Decimal(converted.magnitude) / (Decimal(number) if number else 1)


@given(case=st.sampled_from(CONCENTRATIONS + OTHERS), value=VALUES)
def test_a_conversion_agrees_with_pint(case, value):
    analyte, spelling = case
    read = conversion(analyte.scale, spelling, "", "http://unitsofmeasure.org")
    expected = by_pint(analyte, value, spelling, read.scale.unit)
    assert float(value * read.factor) == pytest.approx(float(expected), rel=1e-4 if analyte is CREATININE else 1e-12)


@given(
    case=st.sampled_from([(analyte, name) for analyte in ANALYTES for name in analyte.scale.factors if name]),
    data=st.data(),
    value=VALUES,
)
def test_a_conversion_round_trips_between_any_two_spellings_of_an_analyte(case, data, value):
    analyte, spelling = case
    other = data.draw(st.sampled_from([name for name in analyte.scale.factors if name]))
    there = conversion(analyte.scale, spelling, "", "").factor / conversion(analyte.scale, other, "", "").factor
    back = conversion(analyte.scale, other, "", "").factor / conversion(analyte.scale, spelling, "", "").factor
    assert abs(value * there * back - value) <= value * Decimal("1e-24")


WRITTEN = (
    str.upper,
    str.title,
    lambda text: f" {text} ",
    lambda text: text.replace("/", " / "),
    lambda text: text + "{x}",
)


@given(case=st.sampled_from(CONCENTRATIONS), write=st.sampled_from(WRITTEN), micro=st.sampled_from("uµμ"))
def test_case_blanks_annotations_and_micro_signs_change_no_conversion(case, write, micro):
    analyte, spelling = case
    written = write(spelling.replace("u", micro))
    assert conversion(analyte.scale, "", written, "") == conversion(analyte.scale, "", spelling, "")


@given(case=st.sampled_from(CONCENTRATIONS), other=st.sampled_from(CONCENTRATIONS))
def test_a_code_and_a_text_that_contradict_each_other_are_refused(case, other):
    (analyte, code), (_, text) = case, other
    equal = conversion(analyte.scale, code, "", "").factor == conversion(analyte.scale, text, "", "").factor
    if equal:
        assert conversion(analyte.scale, code, text, "").factor == conversion(analyte.scale, code, "", "").factor
    else:
        with pytest.raises(UnknownUnit):
            conversion(analyte.scale, code, text, "")


@given(analyte=st.sampled_from(ANALYTES), unit=st.text(max_size=12))
def test_a_unit_outside_the_table_is_refused_not_guessed(analyte, unit):
    try:
        read = conversion(analyte.scale, unit, "", "")
    except UnknownUnit:
        return
    assert read.factor in {factor for scale in (read.scale, analyte.scale) for factor in scale.factors.values()}
