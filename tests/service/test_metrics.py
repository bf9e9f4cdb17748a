"""What Prometheus is told: by client and status, by step, by rule, by fact, by FHIR base; and nothing of a patient."""

from __future__ import annotations

import re
from collections import Counter
from importlib.metadata import version

import pytest
from support.ehr import denosumab, ehr, rules
from support.fhir_socket import BROKEN, NOTHING, SLOW, Slow, asking, client_of, serving

from mappings.wording import Verbatim, _
from service.edge.metrics import MOST_MISSED, Metrics, named

SIGNED = "bone-metastases-order-sign"
PATIENT = 20.0
"""A deadline that a sound server keeps on the busiest machine."""

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(client, name):
    """The samples of a metric that are not 0, by their labels."""
    found = SAMPLE.findall(client.get("/metrics").text)
    return {
        tuple(value for _label, value in LABEL.findall(labels)): float(told)
        for sample, labels, told in found
        if sample == name and float(told)
    }


def test_cards_are_counted_by_each_rule_that_they_show_and_how_urgent_they_are():
    client = ehr()
    shown = Counter((card["indicator"], rule) for card in client.cards(denosumab()) for rule in rules([card]))
    assert shown
    assert samples(client, "osteocds_cards_total") == shown


def test_a_quiet_card_is_counted_by_its_topic():
    client = ehr()
    client.fire(denosumab() | {"prefetch": {"patient": None}, "fhirServer": "https://unlisted.example.org/fhir"})
    assert ("info", "could-not-be-checked") in samples(client, "osteocds_cards_total") or (
        "warning",
        "could-not-be-checked",
    ) in samples(client, "osteocds_cards_total")


def test_rules_that_cannot_tell_are_counted_by_the_fact_that_they_missed_and_why():
    client = ehr()
    client.fire(denosumab() | {"prefetch": {"patient": None}, "fhirServer": "https://unlisted.example.org/fhir"})
    missed = samples(client, "osteocds_cannot_tell_total")
    assert {why for _fact, why in missed} == {"the service may not ask this record"}
    assert len({fact for fact, _why in missed}) > 1


def test_a_label_says_our_words_and_never_those_of_a_parameter():
    assert named(_("the result of {when}", when=Verbatim("John"))) == "the result of {when}"
    assert named(Verbatim("John")) == "{words}"


def test_facts_and_reasons_beyond_a_bound_are_counted_together():
    metrics = Metrics()
    told = {metrics._known(str(number), "why") for number in range(MOST_MISSED + 2)}  # noqa: SLF001 - words have no such number
    assert len(told) == MOST_MISSED + 1
    assert ("other", "other") in told


def test_each_step_of_an_answered_request_takes_its_time_once():
    client = ehr()
    for _number in range(3):
        client.fire(denosumab())
    steps = samples(client, "osteocds_step_seconds_count")
    assert steps == {(step,): 3 for step in ("validate", "gather", "map", "evaluate", "card")}
    taken = sum(samples(client, "osteocds_step_seconds_sum").values())
    assert 0 < taken < samples(client, "osteocds_request_seconds_sum")[(SIGNED,)]


def status(code):
    def answer(call: Slow) -> None:
        call.send_response(code)
        call.send_header("Content-Length", "0")
        call.send_header("Location", "http://127.0.0.1/")
        call.end_headers()

    return answer


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Slow.found, "answered"),
        (status(302), "redirected"),
        (status(403), "refused"),
        (status(500), "failed"),
        (BROKEN["hangs up"], "unreachable"),
        (BROKEN["sends broken gzip"], "unreachable"),
        (lambda call: call.found(b"<html>"), "unusable"),
        (lambda call: call.found(NOTHING.replace(b"Bundle", b"Bund\xff")), "unusable"),
        (lambda call: call.found(b"[]"), "unusable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_calls_of_fhir_servers_are_counted_and_timed_by_listed_base_and_outcome(reply, outcome):
    with serving(reply) as server:
        client = client_of(server, deadline_seconds=PATIENT)
        client.fire(asking(server))
        calls = samples(client, "osteocds_fhir_call_seconds_count")
        assert set(calls) == {(server.base, outcome)}
        # One that the server closed is sent again on a new connection, and is one call.
        assert calls[server.base, outcome] <= len(server.calls)


def test_a_call_that_nobody_waited_for_has_taken_as_long_as_the_request():
    with serving(SLOW["never answers"]) as server:
        client = client_of(server)
        client.fire(asking(server))
        calls = samples(client, "osteocds_fhir_call_seconds_count")
        assert {outcome for _base, outcome in calls} <= {"too-slow", "unanswered"}
        assert samples(client, "osteocds_fhir_call_seconds_sum")
        assert (
            sum(samples(client, "osteocds_fhir_call_seconds_sum").values())
            <= sum(calls.values()) * (samples(client, "osteocds_request_seconds_sum")[(SIGNED,)])
        )


def test_the_version_that_runs_is_told():
    assert [told[-1] for told in samples(ehr(), "osteocds_version")] == [version("osteocds")]


def test_a_refused_request_is_counted_too():
    client = ehr()
    client.fire(denosumab() | {"hook": "patient-view"}, SIGNED)
    client.fire(denosumab())
    assert samples(client, "osteocds_requests_total") == {("", SIGNED, "400"): 1, ("", SIGNED, "200"): 1}
