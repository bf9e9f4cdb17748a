"""A minute of `make fuzz`: whatever becomes of a request, it is answered, in time, and no critical card is lost in silence."""

from __future__ import annotations

import logging

import pytest
from tools.fuzz import HARMLESS, Figures, fuzzed, golden

MUTANTS = 1500


@pytest.fixture(scope="module")
def figures() -> Figures:
    logging.disable(logging.WARNING)
    try:
        return fuzzed(20261130, golden(every=12), until=lambda number: number >= MUTANTS)
    finally:
        logging.disable(logging.NOTSET)


def test_no_request_gets_an_error_of_ours(figures: Figures) -> None:
    assert figures.errors == []


def test_no_answer_takes_long(figures: Figures) -> None:
    assert figures.slow == []


def test_no_critical_card_is_lost_in_silence(figures: Figures) -> None:
    assert figures.silences == []


def test_every_kind_of_mutation_was_tried(figures: Figures) -> None:
    assert figures.fired.keys() == {*HARMLESS, "broken"}
