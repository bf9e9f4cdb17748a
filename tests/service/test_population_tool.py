"""`make population` begins no size that it has no time for, and reckons it."""

from __future__ import annotations

import pytest
from tools.population import ONE, SIZES, SPARK, TWO, Measured, have_time, reckoned, will_take


@pytest.mark.parametrize(
    ("passed", "seconds"), [({}, 0), ({1_000: 5.0}, 50), ({1_000: 5.0, 3_000: 12.0}, 40)], ids=["none", "one", "two"]
)
def test_a_size_will_take_what_the_one_before_took_of_each_patient(passed: dict[int, float], seconds: float) -> None:
    told = [Measured(ONE, patients, seconds, seconds, 100) for patients, seconds in passed.items()]
    told.append(Measured(TWO, 3_000, 1, 1, 100))
    assert will_take(10_000, ONE, told) == seconds


@pytest.mark.parametrize(
    ("seconds", "engines"),
    [(29, []), (30, [TWO]), (89, [TWO]), (90, [TWO, ONE]), (189, [TWO, ONE]), (190, [TWO, ONE, SPARK])],
)
def test_the_fastest_engine_has_the_time_first(seconds: float, engines: list[str]) -> None:
    told = [Measured(engine, 1_000, took, took, 100) for engine, took in ((ONE, 6), (TWO, 3), (SPARK, 10))]
    assert list(have_time(10_000, [ONE, TWO, SPARK], told, seconds)) == engines


def test_sizes_beyond_those_that_were_measured_are_reckoned_and_marked() -> None:
    told = [Measured(ONE, 1_000, 3, 2, 100), Measured(ONE, 3_000, 7, 6, 100)]
    found = {one.patients: one for one in reckoned(ONE, told, SIZES)}
    assert min(found) == 10_000
    assert (found[10_000].seconds, found[10_000].processor) == (21, 20)
    assert "(reckoned)" in found[10_000].row()
