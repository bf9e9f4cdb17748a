"""The time of an answer grows with the record, never with its square: the kinds that once did, and took minutes."""

from __future__ import annotations

import pytest
from tools.scale import REQUESTS, seconds

FEW = 400
ONCE_SLOW = [
    "Procedures of radiotherapy",
    "Procedures of radiotherapy of one identifier",
    "sessions of radiotherapy of one day",
    "Medications that all mix each other",
    "results of calcium and albumin of one instant",
    "results contained in one report",
    "versions of one result",
]


@pytest.mark.parametrize("name", ONCE_SLOW)
def test_four_times_the_entries_take_about_four_times_the_time(name: str) -> None:
    """The square would take sixteen times; what takes less than 300 ms is not worth comparing."""
    few, many = (min(seconds(REQUESTS[name](of)) for _ in range(2)) for of in (FEW, 4 * FEW))
    assert many < 0.3 or many < 9 * few
