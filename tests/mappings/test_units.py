"""Units as laboratories write them: what each is worth, which are refused, and what no living person's result can be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappings.vocabulary.analytes import (
    ALBUMIN,
    ANALYTES,
    CALCIUM,
    COCKCROFT,
    CREATININE,
    INR,
    PAIN_SCORE,
    PHOSPHATE,
    PLATELETS,
    PROTHROMBIN,
    VITAMIN_D,
    WEIGHT,
    Analyte,
)
from mappings.vocabulary.units import UnknownUnit, conversion, normalised_unit

UCUM = "http://unitsofmeasure.org"


def factor(analyte: Analyte, unit: str) -> Decimal:
    return conversion(analyte.scale, "", unit, "").factor


@pytest.mark.parametrize(
    ("unit", "grams_a_litre"),
    [
        ("g/L", "1"),
        ("dg/L", "0.1"),
        ("cg/L", "0.01"),
        ("mg/L", "0.001"),
        ("ug/L", "0.000001"),
        ("ng/L", "0.000000001"),
        ("pg/L", "0.000000000001"),
        ("g/dL", "10"),
        ("g/cL", "100"),
        ("g/mL", "1000"),
        ("g/uL", "1000000"),
        ("umol/L", "0.0665"),  # 66.5 kDa
    ],
)
def test_albumin_is_counted_in_grams_a_litre(unit, grams_a_litre):
    assert factor(ALBUMIN, unit) == Decimal(grams_a_litre)


@pytest.mark.parametrize(
    ("analyte", "unit", "expected"),
    [
        (CALCIUM, "mmol/L", Decimal(1)),
        (CREATININE, "micromol/L", Decimal(1)),
        (CALCIUM, "mg/dL", 10 / Decimal("40.078")),
        (CALCIUM, "meq/L", Decimal("0.5")),  # divalent
        (PHOSPHATE, "mmol/L", Decimal(1)),
        (PHOSPHATE, "mg/dL", 10 / Decimal("30.974")),
        (CREATININE, "umol/L", Decimal(1)),
        (CREATININE, "mg/dL", Decimal("88.4")),
        (VITAMIN_D, "ng/mL", Decimal(1)),
        (VITAMIN_D, "ug/L", Decimal(1)),
        (VITAMIN_D, "nmol/L", Decimal(1)),
        (COCKCROFT, "mL/min", Decimal(1)),
        (COCKCROFT, "mL/s", Decimal(60)),
        (COCKCROFT, "L/min", Decimal(1000)),
        (COCKCROFT, "L/h", Decimal(1000) / 60),
        (COCKCROFT, "L/24h", Decimal(1000) / 1440),
        (WEIGHT, "kg", Decimal(1)),
        (WEIGHT, "g", Decimal("0.001")),
        (WEIGHT, "lb", Decimal("0.45359237")),
        (PROTHROMBIN, "%", Decimal(1)),
        (INR, "{INR}", Decimal(1)),
        (PAIN_SCORE, "/10", Decimal(1)),
    ],
)
def test_each_unit_is_worth_what_chemistry_and_the_clock_say(analyte, unit, expected):
    assert float(factor(analyte, unit)) == pytest.approx(float(expected), rel=1e-15)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("G/L", "1"),
        ("10*9/L", "1"),
        ("10*3/uL", "1"),
        ("10*3/mm3", "1"),
        ("10*6/L", "0.001"),
        ("/uL", "0.001"),
        ("/mm3", "0.001"),
        ("/L", "0.000000001"),
        ("10*12/L", "1000"),
        ("T/L", "1000"),
        ("10³/mm³", "1"),
        ("1000/mm3", "1"),
        ("Tsd/µl", "1"),
    ],
)
def test_platelets_are_counted_in_thousand_millions_a_litre(unit, expected):
    assert factor(PLATELETS, unit) == Decimal(expected)


@pytest.mark.parametrize(
    ("analyte", "unit", "lowest", "highest"),
    [
        (ALBUMIN, "g/L", "5", "70"),
        (CALCIUM, "mmol/L", "1", "5"),
        (VITAMIN_D, "ng/mL", "1.6", "200"),
        (VITAMIN_D, "nmol/L", "4", "500"),
        (PHOSPHATE, "mmol/L", "0.1", "10"),
        (CREATININE, "umol/L", "15", "2500"),
        (COCKCROFT, "mL/min", "1", "250"),
        (WEIGHT, "kg", "20", "350"),
        (PLATELETS, "10*9/L", "1", "3000"),
        (PROTHROMBIN, "%", "1", "200"),
        (INR, "{INR}", "0.5", "20"),
        (PAIN_SCORE, "/10", "0", "10"),
    ],
)
def test_a_result_is_plausible_up_to_its_gates_and_not_beyond(analyte, unit, lowest, highest):
    scale = conversion(analyte.scale, "", unit, "").scale
    step = Decimal("0.001")
    assert [scale.implausible(Decimal(gate)) for gate in (lowest, highest)] == [False, False]
    assert [scale.implausible(beyond) for beyond in (Decimal(lowest) - step, Decimal(highest) + step)] == [True, True]


def test_every_analyte_has_its_gates():
    assert all(one.scale.lowest < one.scale.highest for one in ANALYTES)


# --- no unit ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("analyte", ANALYTES, ids=repr)
def test_only_a_ratio_and_a_score_need_no_unit(analyte):
    if analyte in (INR, PAIN_SCORE):
        read = conversion(analyte.scale, "", "", "")
        assert (read.factor, read.per_body_surface) == (1, False)
        return
    with pytest.raises(UnknownUnit, match="no unit"):
        conversion(analyte.scale, "", "", "")


@pytest.mark.parametrize(("code", "unit"), [("", "mm"), ("mm", ""), ("", "/"), ("", "{INR}")])
def test_a_score_in_the_unit_of_something_else_is_refused(code, unit):
    with pytest.raises(UnknownUnit, match="not reported in"):
        conversion(PAIN_SCORE.scale, code, unit, "")


# --- the code and the text of a unit ----------------------------------------------------------------------------------


def test_a_code_and_a_text_that_say_the_same_are_one_unit():
    assert conversion(CREATININE.scale, "umol/L", "µmol/l", UCUM).factor == 1


def test_a_code_and_a_text_that_contradict_each_other_are_refused():
    with pytest.raises(UnknownUnit, match="contradict"):
        conversion(CREATININE.scale, "umol/L", "mg/dL", UCUM)


def test_a_code_of_ucum_that_the_analyte_is_not_reported_in_is_refused_whatever_the_text_says():
    with pytest.raises(UnknownUnit, match="unit code"):
        conversion(CALCIUM.scale, "kg", "mmol/L", UCUM)


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("MMOL-L", "urn:oid:1.2.3"),  # a local code: only the text can be read
        ("{calcium}", UCUM),  # an annotation, which says nothing in UCUM
    ],
)
def test_a_code_that_says_nothing_leaves_the_text_to_be_read(code, system):
    assert conversion(CALCIUM.scale, code, "mmol/L", system).factor == 1


def test_a_text_in_words_leaves_the_code_to_be_read():
    assert conversion(CALCIUM.scale, "mg/dL", "milligrams", UCUM).factor == factor(CALCIUM, "mg/dL")


@pytest.mark.parametrize(
    ("code", "unit", "per_body_surface"),
    [
        ("mL/min", "mL/min", False),
        ("mL/min", "mL/min/1.73m²", True),
        ("mL/min/{1.73_m2}", "mL/min", True),
        ("mL/min/{1.73_m2}", "", True),
        ("", "mL/min/1,73 m2", True),
        ("", "mL/min", False),
    ],
)
def test_a_unit_is_per_body_surface_where_it_says_so(code, unit, per_body_surface):
    read = conversion(COCKCROFT.scale, code, unit, UCUM)
    assert (read.factor, read.per_body_surface) == (1, per_body_surface)


# --- spelling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("µmol/L", "umol/l"),
        ("μmol/l", "umol/l"),
        ("mcg/L", "ug/l"),
        ("milligram per deciliter ", "mg/dl"),
        ("258806002", "mg/dl"),
        ("mmol.L-1", "mmol/l"),
        ("mmol·L⁻¹", "mmol/l"),
        ("mmol L-1", "mmol/l"),
        ("mmol · L^-1", "mmol/l"),
        ("mL.min-1.1.73m-2", "ml/min"),
        ("mmol.L^-1", "mmol/l"),
        ("g / L", "g/l"),
        ("mg{creatinine}/dL", "mg/dl"),
        ("mL/min/{1.73_m2}", "ml/min"),
        ("mL/min/1,73m²", "ml/min"),
        ("mL/min/{BSA}", "ml/min"),
        ("g/{total}", "g"),
        ("×10³/µL", "x103/ul"),
        ("{INR}", "{inr}"),
        ("/", "/"),
    ],
)
def test_a_spelling_is_brought_to_the_one_of_the_table(written, read):
    assert normalised_unit(written) == read
