"""`make population` begins no size that it has no time for, and reckons it."""

from __future__ import annotations

import pytest
from tools.population import ONE, SIZES, Measured, reckoned, will_take


@pytest.mark.parametrize(
    ("passed", "seconds"), [({}, 0), ({1_000: 5.0}, 50), ({1_000: 5.0, 3_000: 12.0}, 40)], ids=["none", "one", "two"]
)
def test_a_size_will_take_what_the_one_before_took_of_each_patient(passed: dict[int, float], seconds: float) -> None:
    assert will_take(10_000, passed) == seconds


def test_sizes_beyond_those_that_were_measured_are_reckoned_and_marked() -> None:
    told = [Measured(ONE, 1_000, 3, 2, 100), Measured(ONE, 3_000, 7, 6, 100)]
    found = {one.patients: one for one in reckoned(ONE, told, SIZES)}
    assert min(found) == 10_000
    assert (found[10_000].seconds, found[10_000].processor) == (21, 20)
    assert "(reckoned)" in found[10_000].row()
