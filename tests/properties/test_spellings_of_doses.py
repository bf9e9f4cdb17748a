"""A number means the same, and is never lost, however it is spelled: in a product's name, in a dose, in a date."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reading import reader_at

from mappings.dates import read_when
from mappings.facts import Drug
from mappings.quantities import written_number
from mappings.readers.dosage import read_dosage
from mappings.readers.strengths import strength_in_name
from mappings.wording import verbatim

READER = reader_at(datetime(2026, 3, 31, 9, 30, tzinfo=UTC))
PARTINGS = ["", " ", "\u00a0", "\u202f", "\u2009", "'", "’", "_", ",", "."]


def grouped(number: int, parting: str) -> str:
    return f"{number:,}".replace(",", parting)


SPELLED_UNITS = st.sampled_from(["UI", " UI", "\u00a0UI", " IU", " U.I."])


@given(st.integers(1, 600_000), st.sampled_from(PARTINGS), SPELLED_UNITS)
def test_international_units_are_the_same_however_their_thousands_are_parted(number, parting, unit):
    spelled = f"{grouped(number, parting)}{unit}"
    assert strength_in_name(f"Cholécalciférol {spelled}, capsule", in_units=True).iu == number
    assert strength_in_name(f"{spelled}/2 mL", in_units=True).iu_per_ml == Decimal(number) / 2


@given(
    st.integers(100, 9_999_999), st.sampled_from(PARTINGS), st.sampled_from(["unit", "unité", "{unit}", "UNT", "[iU]"])
)
def test_a_dose_in_units_is_the_same_however_its_thousands_are_parted(number, parting, unit):
    drug = Drug(frozenset({"cholecalciferol"}), verbatim("drug"), identified=True, strength_iu=Decimal(400))
    line = {"doseAndRate": [{"doseQuantity": {"value": grouped(number, parting), "unit": unit}}]}
    assert read_dosage(READER, [line], drug, None).dose_iu == number


@given(st.integers(0, 999_999), st.integers(1, 6), st.sampled_from([".", ","]), st.booleans())
def test_a_decimal_is_never_another_number(number, digits, mark, grouped_too):
    whole, part = divmod(number, 10**digits)
    spelled = f"{grouped(whole, ' ') if grouped_too else whole}{mark}{part:0{digits}}"
    read = written_number(spelled)
    assert read in (Decimal(number) / 10**digits, None)
    assert (read is None) is (digits == 3 and 1 <= whole <= 999)


@given(
    st.decimals(Decimal("0.01"), 999, places=2),
    st.sampled_from(["mg", "MG", "milligrammes"]),
    st.sampled_from([".", ","]),
)
def test_a_concentration_is_never_a_strength(number, unit, mark):
    spelled = str(number).replace(".", mark)
    for volume in ("mL", "1 mL", "5 mL", "100 mL", "L"):
        read = strength_in_name(f"drug {spelled} {unit}/{volume}", in_units=False)
        assert read.mg is None
        assert read.mg_per_ml is not None
    for other in ("kg", "m2", "m²", "j", "h"):
        assert not any(strength_in_name(f"drug {spelled} {unit}/{other}", in_units=False))


@given(st.integers(1, 4_000_000_000), st.text("0123456789", min_size=1, max_size=30))
def test_an_instant_with_any_number_of_digits_is_read_to_the_microsecond(seconds, digits):
    moment = datetime.fromtimestamp(seconds, UTC)
    told = read_when(f"{moment:%Y-%m-%dT%H:%M:%S}.{digits}Z", UTC)
    assert told.instant == moment.replace(microsecond=int(digits.ljust(6, "0")[:6]))


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(["59", "60", "60.5"])))
def test_a_leap_second_lies_between_its_neighbours(earlier, later):
    first, second = (read_when(f"2016-12-31T23:59:{told}Z", UTC).instant for told in (earlier, later))
    assert first is not None
    assert second is not None
    assert first < second <= datetime(2017, 1, 1, 0, 0, 1, tzinfo=UTC)
