"""Results against the limits of the referential, each in the unit that it was reported in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mappings.dates import day
from mappings.facts import Clearance, ClearanceMethod, CorrectedCalcium, Measurement, VitaminD
from mappings.facts.results import (
    DEEP_DEFICIENCY_BELOW,
    DEFICIENCY_BELOW,
    INSUFFICIENCY_BELOW,
    INTOXICATION_ABOVE,
    RECOMMENDED_UP_TO,
)
from mappings.quantities import exactly
from mappings.wording import Amount

SAMPLED = day(date(2026, 3, 30))


def measured(value: str, unit: str, source: str = "Observation/1") -> Measurement:
    return Measurement(exactly(Decimal(value)), unit, SAMPLED, source, Amount(Decimal(value), unit))


@pytest.mark.parametrize(
    ("limit", "unit", "figure"),
    [
        (limit, unit, figure)
        for limit, ng_per_ml, nmol_per_l in (
            (DEEP_DEFICIENCY_BELOW, 10, 25),
            (DEFICIENCY_BELOW, 20, 50),
            (INSUFFICIENCY_BELOW, 30, 75),
            (RECOMMENDED_UP_TO, 70, 175),
            (INTOXICATION_ABOVE, 150, 375),
        )
        for unit, figure in (("ng/mL", ng_per_ml), ("nmol/L", nmol_per_l))
    ],
)
def test_a_limit_of_tableau_1_belongs_to_neither_side_in_ng_per_ml_nor_in_nmol_per_l(limit, unit, figure):
    at, less, more = (
        VitaminD(measured(f"{figure + step}", unit)) for step in (Decimal(0), Decimal("-0.1"), Decimal("0.1"))
    )
    assert (at.below(limit), at.above(limit)) == (False, False)
    assert (less.below(limit), less.above(limit)) == (True, False)
    assert (more.below(limit), more.above(limit)) == (False, True)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("2.19", True, False), ("2.20", False, False), ("2.60", False, False), ("2.61", False, True)],
)
def test_calcium_at_a_limit_of_its_range_is_normal(value, low, high):
    result = measured(value, "mmol/L")
    calcium = CorrectedCalcium(
        result.bounds,
        SAMPLED,
        corrected=True,
        measured=result,
        albumin=None,
        lower_limit=Decimal("2.20"),
        upper_limit=Decimal("2.60"),
    )
    assert (calcium.low, calcium.high) == (low, high)


@pytest.mark.parametrize("method", ClearanceMethod)
def test_only_an_egfr_is_an_approximation_of_the_clearance(method):
    assert Clearance(exactly(50), SAMPLED, method).approximate is (method is ClearanceMethod.EGFR)


def test_a_result_without_an_id_has_no_source():
    assert measured("2.3", "mmol/L").sources == ("Observation/1",)
    assert measured("2.3", "mmol/L", "").sources == ()
