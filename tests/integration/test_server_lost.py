"""The FHIR server is lost while the service works with it: cards say what could not be looked up, and claim nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
import requests
from hospital import Hospital, Stay, hospital
from patients import CASES, NAMES, PATIENTS, cards_of_the_story, spoken
from support.ehr import said

from service.demo.embedded_fhir import free_port
from service.gathering.problems import LEFT_ALONE, TOO_SLOW, UNREACHABLE

BROOM = next(one for one in PATIENTS if one.id == "broom")
"""Calcium too low, a dose too high, an infusion too fast: each is told by another part of the record."""

STORY = cards_of_the_story(BROOM, "order-sign")
READ_FROM_THE_ORDER = {"zoledronate-infusion"}


@contextmanager
def admitted(here: Hospital) -> Iterator[Stay]:
    """A patient on a server that is not there any more at the end, when the record would be deleted."""
    with suppress(requests.ConnectionError), here.admits(BROOM) as stay:
        yield stay


def speaking(cards) -> set[str]:
    """The rules that speak, without those that could not be checked."""
    return {rule for indicator, rules in spoken(cards).items() if indicator != "unchecked" for rule in rules}


def unchecked(cards) -> set[str]:
    return set(spoken(cards).get("unchecked", ()))


def test_a_server_that_is_killed_between_two_hooks_is_missed_on_the_cards_of_the_second(medplum_of_its_own):
    base, process = medplum_of_its_own
    with hospital(base) as here, admitted(here) as stay:
        request = stay.request("order-sign")
        before = stay.cards(request)
        process.kill()
        process.wait()
        after = stay.cards(request)
    assert before == STORY
    assert speaking(after) == READ_FROM_THE_ORDER
    assert unchecked(after) >= speaking(STORY) - READ_FROM_THE_ORDER
    assert UNREACHABLE.message in said(after)


def test_a_server_that_is_killed_during_the_searches_costs_what_was_searched_and_not_what_was_prefetched(
    medplum_of_its_own,
):
    base, process = medplum_of_its_own
    with hospital(base) as here, admitted(here) as stay, ThreadPoolExecutor() as ehr:
        prefetched = [key for key in here.templates["order-sign"] if key not in {"calcium", "albumin"}]
        request = stay.request("order-sign", *prefetched)
        process.send_signal(signal.SIGSTOP)
        answer = ehr.submit(stay.cards, request)
        time.sleep(1)
        assert not answer.done(), "the searches are not awaited"
        process.kill()
        cards = answer.result()
    assert speaking(cards) == speaking(STORY) - {"hypocalcaemia"}
    assert "hypocalcaemia" in unchecked(cards)
    assert UNREACHABLE.message in said(cards)


def test_a_server_that_hangs_is_told_at_the_deadline_and_asked_again_when_it_is_back(medplum_of_its_own):
    base, process = medplum_of_its_own
    with hospital(base, deadline_seconds=2) as here, admitted(here) as stay:
        request = stay.request("order-sign")
        process.send_signal(signal.SIGSTOP)
        hanging = stay.cards(request)
        process.send_signal(signal.SIGCONT)
        back = stay.cards(request)
    assert speaking(hanging) == READ_FROM_THE_ORDER
    assert unchecked(hanging) >= speaking(STORY) - READ_FROM_THE_ORDER
    assert TOO_SLOW.message in said(hanging)
    assert back == STORY


@pytest.fixture(scope="module")
def beside_nothing() -> Iterator[Hospital]:
    """The service beside a FHIR server that is not there."""
    with hospital(f"http://127.0.0.1:{free_port()}/fhir") as here:
        yield here


@pytest.mark.parametrize(("patient", "hook"), CASES, ids=NAMES)
def test_without_a_server_no_rule_falls_silent_and_none_speaks_of_what_is_missing(beside_nothing, patient, hook):
    stay = Stay(beside_nothing, patient, "")
    cards = stay.cards(stay.request(hook))
    story = speaking(cards_of_the_story(patient, hook))
    assert unchecked(cards) >= story - speaking(cards)
    lost = [one for one in (UNREACHABLE, LEFT_ALONE) if one.message in said(cards)]
    assert bool(lost) == bool(unchecked(cards))
    assert not [claim for claim in ("not measured", "none on record") if claim in said(cards)]
