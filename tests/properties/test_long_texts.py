"""No text of a record costs more than its first characters do, and no cache keeps more of it than these."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import _lru_cache_wrapper
from typing import Any

import pytest
from support.quirk import DENOSUMAB, Resource, answer, concept, quantity, request, resource, result
from support.scenario import NOW, WORLD

from mappings.clock import Clock
from mappings.dates import UnreadableDate
from mappings.evidence import local_reference, newest_versions
from mappings.quantities import decimal_of, written_number
from mappings.readers.medications import identify
from mappings.readers.not_understood import analyte_named, meant
from mappings.readers.reader import Reader
from mappings.readers.strengths import strength_in_name, tells_a_number_of_pieces, tells_an_amount
from mappings.vocabulary.analytes import VITAMIN_D
from mappings.vocabulary.code_systems import canonical
from mappings.vocabulary.doses import plain_unit
from mappings.vocabulary.elements import ELEMENTS, spelled
from mappings.vocabulary.frequencies import frequencies_in, plain_words
from mappings.vocabulary.meanings import CONDITIONS_SAID, names_follow_up, with_acts_named
from mappings.vocabulary.names import words
from mappings.vocabulary.resource_types import canonical_type
from mappings.vocabulary.units import UnknownUnit, conversion, normalised_unit

Reads = Callable[[str], object]
READER = Reader(Clock(NOW), WORLD.terminology, lambda _: None)


def quiet(read: Reads, *errors: type[Exception]) -> Reads:
    def reads(text: str) -> object:
        try:
            return read(text)
        except errors:
            return None

    return reads


READS: dict[str, Reads] = {
    "a unit": normalised_unit,
    "a unit to convert": quiet(lambda text: conversion(VITAMIN_D.scale, text, text, text), UnknownUnit),
    "a number": decimal_of,
    "a date": quiet(Clock(NOW).read, UnreadableDate),
    "words": words,
    "the name of a drug": WORLD.terminology.recognise_name,
    "the name of a finding": WORLD.terminology.recognise_finding_name,
    "the name of an analyte": lambda text: analyte_named([text], WORLD.terminology),
    "a condition in words": lambda text: meant([text], CONDITIONS_SAID),
    "an act in words": lambda text: with_acts_named(frozenset(), text),
    "a reason in words": names_follow_up,
    "a strength": lambda text: strength_in_name(text, in_units=False),
    "an amount": tells_an_amount,
    "a number of pieces": tells_a_number_of_pieces,
    "a number in words of a text": written_number,
    "the unit of a dose": plain_unit,
    "a frequency": lambda text: frequencies_in(plain_words(text)),
    "a line of order entry": lambda text: WORLD.terminology.read_line(text, laboratory=False),
    "expressions": lambda text: WORLD.terminology.recognise([{"system": "http://snomed.info/sct", "code": text}]),
    "a code": lambda text: WORLD.terminology.recognise([{"system": "http://loinc.org", "code": text}]),
    "a system": canonical,
    "a spelling": spelled,
    "a type": canonical_type,
    "a drug": lambda text: identify(READER, {"medicationCodeableConcept": {"text": text, "coding": [{"code": text}]}}),
    "a reference": local_reference,
    "a version": lambda text: newest_versions([{"meta": {"lastUpdated": text, "versionId": text}}, {"x": 1}]),
    **{f"{one.name}": one.read for one in ELEMENTS},
}
"""Everything that reads one text of a record."""

LONG = {
    "blanks between letters": lambda many: "a" + " " * many + "b",
    "blanks between figures": lambda many: "1" + " " * many + "x",
    "figures": lambda many: "9" * many,
    "figures and a sign": lambda many: "9" * many + "x",
    "commas": lambda many: "1," * (many // 2),
    "points and dots": lambda many: " ·" * (many // 2) + "x",
    "open braces": lambda many: "{" * many,
    "letters": lambda many: "a" * many + "1",
    "words": lambda many: "mg / " * (many // 5),
    "ligatures": lambda many: "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * many,
    "marks": lambda many: "e" + "\N{COMBINING ACUTE ACCENT}" * many,
    "slashes": lambda many: "/" * many,
    "dates": lambda many: "2026-03-01T10:00:00." + "0" * many + " " * many,
}
"""Texts that make a careless expression look at the same characters again and again."""

MANY = 40_000


def seconds(read: Reads, text: str) -> float:
    """Of the processor, the least of three."""
    taken = []
    for _ in range(3):
        started = time.thread_time()
        read(text)
        taken.append(time.thread_time() - started)
    return min(taken)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_four_times_the_text_takes_no_more_than_about_four_times_the_time(read: Reads) -> None:
    """The square would take sixteen times, and seconds; what takes less than 100 ms is not worth comparing."""
    for make in LONG.values():
        short, long = (seconds(read, make(many)) for many in (MANY, 4 * MANY))
        assert long < 0.1 or long < 9 * short


def texts_in(values: list[Any], *, depth: int) -> list[str]:
    found = [one for one in values if isinstance(one, str)]
    inner = [one for one in values if isinstance(one, dict | list | tuple)] if depth else []
    for one in inner:
        pairs = [*one.keys(), *one.values()] if isinstance(one, dict) else list(one)
        found += texts_in(pairs, depth=depth - 1)
    return found


LONGEST_KEPT = 512
MARK = "\N{SNOWMAN}"


def test_no_cache_keeps_a_long_text() -> None:
    for read in READS.values():
        read(MARK + "long " * 1000)
    caches = [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)]
    kept = [text for cache in caches for text in texts_in(gc.get_referents(cache), depth=3) if text.startswith(MARK)]
    assert all(len(text) <= LONGEST_KEPT for text in kept)


UNIT = "a" + " " * 60_000 + "b"
IN_REQUESTS: dict[str, Resource] = {
    "a unit": result("62292-8", quantity(12, UNIT)),
    "a value": result("62292-8", valueString="1" + " " * 60_000 + "x"),
    "a name": result("62292-8", quantity(12, "ng/mL")) | {"code": {"text": UNIT}},
    "a status": result("62292-8", quantity(12, "ng/mL"), status=UNIT),
    "a date": result("62292-8", quantity(12, "ng/mL"), day="2026-03-01T10:00:00" + " " * 60_000 + "x"),
    "a drug": resource(
        "MedicationStatement", "s", status="active", medicationCodeableConcept={"text": "mg 1 " * 12_000}
    ),
    "a dose": resource(
        "MedicationStatement",
        "s",
        status="active",
        medicationCodeableConcept=concept("http://www.whocc.no/atc", "M05BX04"),
        dosage=[{"text": UNIT, "doseAndRate": [{"doseQuantity": {"value": "9" * 60_000, "unit": UNIT}}]}],
    ),
}


@pytest.mark.parametrize("long", IN_REQUESTS.values(), ids=IN_REQUESTS)
def test_a_long_text_in_a_request_holds_no_worker(long: Resource) -> None:
    usual = request(order=DENOSUMAB)
    answer(usual)
    asked = request(long, order=DENOSUMAB)
    started = time.thread_time()
    answer(asked)
    assert time.thread_time() - started < 1
