"""Tables of bands: they print the rows that they decide by, and a clearance is not rounded across a row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappings.facts import Clearance, CorrectedCalcium
from mappings.quantities import Bounds, bounded, exactly
from service.guidelines import GUIDELINES
from service.languages.render import Language, render
from service.rules.bands import Band, Bands
from service.rules.bone_metastases.doses import TABLE_2

ROWS = Bands(
    (Band(Decimal(100), Decimal(3)), Band(Decimal(50), Decimal(2), closed=False), Band(Decimal(10), Decimal(1))),
    unit="mmol/L",
    value_unit="g",
)


def shown(text, language=Language.ENGLISH):
    return render(text, language).replace("\u00a0", " ").replace("\u202f", " ")


def test_a_table_prints_its_rows_with_the_units_in_the_first_and_every_digit():
    assert shown(TABLE_2.said()) == (
        "above 60 mL/min 4.0 mg; 50 to 60: 3.5; 40 to less than 50: 3.3; 30 to less than 40: 3.0"
    )
    assert shown(TABLE_2.said(), Language.FRENCH) == (
        "plus de 60 mL/min 4,0 mg ; 50 à 60 : 3,5 ; 40 à moins de 50 : 3,3 ; 30 à moins de 40 : 3,0"
    )


def test_a_row_says_which_of_its_ends_belong_to_it():
    assert shown(ROWS.said()) == "100 mmol/L or more 3 g; above 50 to less than 100: 2; 10 to 50: 1"
    assert shown(ROWS.ranges()) == "100 or more, above 50 to less than 100, 10 to 50 mmol/L"


@pytest.mark.parametrize(
    ("bounds", "values", "settled"),
    [
        (exactly(9), [], None),
        (exactly(10), [1], 1),
        (exactly(50), [1], 1),
        (bounded(Decimal(50), ">"), [2, 3], None),
        (bounded(Decimal(100), ">="), [3], 3),
        (bounded(Decimal(10), "<"), [], None),
        (bounded(Decimal(10), "<="), [1], None),
        (bounded(Decimal(50), "<="), [1], None),
        (Bounds(Decimal(50), Decimal(100), low_open=True, high_open=True), [2], 2),
        (Bounds(Decimal(50), Decimal(100)), [1, 2, 3], None),
        (Bounds(None, None), [1, 2, 3], None),
    ],
)
def test_the_values_that_a_result_allows_and_the_one_that_it_settles(bounds, values, settled):
    assert sorted(ROWS.of(bounds)) == values
    assert ROWS.settled(bounds) == settled


def test_results_are_rounded_beside_the_limits_of_the_guideline():
    rounding = GUIDELINES[0].rounding_of(None)
    calcium = (Decimal("3.5"), Decimal("2.00"), Decimal("3.00"))
    assert rounding == {Clearance: (30, 40, 50, 60), CorrectedCalcium: calcium}
