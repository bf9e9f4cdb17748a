"""Hooks are fired over HTTP for patients on real FHIR servers: the same cards from each, wherever the evidence lies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hospital import Hospital, Stay, hospital
from patients import CASES, NAMES, PATIENTS, cards_of_the_story, spoken

from service.guidelines import GUIDELINES

SHARES = {
    "all of it prefetched": (True, True),
    "all of it on the FHIR server": (False, False),
    "the even keys prefetched": (True, False),
    "the odd keys prefetched": (False, True),
}
"""Whether the EHR prefetches every second key, and the keys between."""


@pytest.fixture(scope="module")
def here(fhir_base) -> Iterator[Hospital]:
    """The service beside each server, on which a neighbour of every patient lies: found by whoever asks too widely."""
    with hospital(fhir_base) as opened, opened.admits(next(one for one in PATIENTS if one.id == "broom")):
        yield opened


@pytest.fixture(scope="module", params=PATIENTS, ids=lambda patient: patient.id)
def stay(request, here) -> Iterator[Stay]:
    """Each patient on each server."""
    with here.admits(request.param) as admitted:
        yield admitted


@pytest.mark.parametrize(("patient", "hook"), CASES, ids=NAMES)
def test_the_rules_that_speak_are_those_that_the_story_expects(patient, hook):
    expected = {indicator: sorted(rules) for indicator, rules in patient.expected[hook].items()}
    assert spoken(cards_of_the_story(patient, hook)) == expected


def test_every_chapter_speaks_for_some_patient():
    speaking = {
        rule for patient in PATIENTS for said in patient.expected.values() for ids in said.values() for rule in ids
    }
    chapters = [chapter for guideline in GUIDELINES for chapter in guideline.chapters]
    silent = [chapter.topic for chapter in chapters if speaking.isdisjoint(rule.id for rule in chapter.rules)]
    assert silent == []


@pytest.mark.parametrize("share", SHARES.values(), ids=SHARES)
def test_the_cards_are_those_of_the_story_whoever_looks_up_the_record(stay, share):
    for hook in stay.patient.expected:
        keys = [key for number, key in enumerate(stay.hospital.templates[hook]) if share[number % 2]]
        request = stay.request(hook, *keys)
        if all(share):
            del request["fhirServer"]
        assert stay.cards(request) == cards_of_the_story(stay.patient, hook)
