"""One deadline for all searches of a request, against real servers that are slow in every way; and what goes over the wire.

The servers are ours, on loopback. Times are held to with wide margins: the machine of a test run is busy.
"""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time

import pytest
from support.ehr import BEARER, denosumab, draft, ehr, rules, said, topics
from support.fhir_socket import (
    BROKEN,
    DEADLINE,
    NOTHING,
    SLOW,
    SOON,
    Slow,
    asking,
    client_of,
    drip,
    serving,
    sleep,
    timed,
)

from service.gathering import outbound


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_a_slow_server_does_not_hold_the_answer_beyond_the_deadline(reply):
    with serving(reply) as server:
        cards, seconds = timed(client_of(server), asking(server))
    assert DEADLINE * 0.9 < seconds < SOON
    assert topics(cards) == ["could-not-be-checked"]
    assert "did not answer within the deadline" in said(cards)
    assert "vitamin-d-unknown" in rules(cards, "unchecked")


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_the_medication_of_a_draft_does_not_hold_the_answer_either(reply):
    request = denosumab()
    del draft(request)["medicationCodeableConcept"]
    draft(request)["medicationReference"] = {"reference": "Medication/m1"}
    with serving(reply) as server:
        cards, seconds = timed(client_of(server), asking(server, request))
    assert seconds < SOON
    assert topics(cards) == ["not-identified"]


def test_one_slow_search_does_not_cost_the_others_their_answers():
    def slow_conditions(call):
        (sleep if "/Condition/" in call.path else Slow.found)(call)

    with serving(slow_conditions) as server:
        cards, seconds = timed(client_of(server), asking(server))
    assert seconds < SOON
    assert "vitamin-d-unknown" in rules(cards)
    assert "osteonecrosis-of-jaw" in rules(cards, "unchecked")


def test_all_searches_run_at_once():
    pause = 0.4

    def pausing(call):
        time.sleep(pause)
        call.found()

    with serving(pausing) as server:
        client = client_of(server, deadline_seconds=30.0)
        cards, seconds = timed(client, asking(server))
        assert len(server.calls) > 11
        assert server.most > len(server.calls) / 2
    assert seconds < 0.25 * pause * len(server.calls)
    assert rules(cards, "unchecked") == []


def test_nothing_new_is_asked_after_the_answer(monkeypatch):  # the token may be revoked by then
    monkeypatch.setattr(outbound, "SEARCHES_AT_ONCE", 4)
    with serving(sleep) as server:
        client_of(server, threads=1).cards(asking(server))
        asked = len(server.calls)
        time.sleep(0.5)
        assert len(server.calls) == asked < 10, "what waits for a thread is not begun"


def test_a_server_that_drips_is_let_go_of_soon_after_the_deadline():
    with serving(drip) as server:
        client_of(server).cards(asking(server))
        until = time.monotonic() + 3
        while server.running and time.monotonic() < until:
            time.sleep(0.05)
        assert server.running == 0


def test_a_slow_server_does_not_hold_up_the_next_request():
    with serving(drip) as slow, serving(Slow.found) as quick:
        client = ehr(fhir_bases=(slow.base, quick.base), deadline_seconds=DEADLINE, threads=1)
        for _ in range(3):
            client.cards(asking(slow))
        time.sleep(0.5)
        cards, seconds = timed(client, asking(quick))
    assert seconds < SOON
    assert "vitamin-d-unknown" in rules(cards)


# --- broken servers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_a_broken_server_is_told_on_a_card(reply):
    with serving(reply) as server:
        cards, seconds = timed(client_of(server, deadline_seconds=5.0), asking(server))
    assert seconds < 4
    assert topics(cards) == ["could-not-be-checked"]
    assert "could not be reached" in said(cards)


def test_a_refused_connection_is_told_on_a_card():
    with serving(Slow.found) as server:
        base = server
    cards, seconds = timed(client_of(base, deadline_seconds=5.0), asking(base))
    assert seconds < 4
    assert "could not be reached" in said(cards)


def test_a_connection_that_the_server_closes_as_it_is_used_again_costs_no_answer():
    def once_a_connection(call: Slow) -> None:
        if call in answered:
            call.close_connection = True
        else:
            answered.append(call)
            call.found()

    answered: list[Slow] = []
    with serving(once_a_connection) as server:
        client = client_of(server, deadline_seconds=20)
        first = topics(client.cards(asking(server)))
        connections = len(answered)
        again = topics(client.cards(asking(server)))
    assert again == first
    assert "could-not-be-checked" not in first
    assert len(server.calls) > len(answered) > connections, "no connection was used again"


def test_a_compressed_answer_is_read():
    with serving(lambda call: call.found(gzip.compress(NOTHING), Content_Encoding="gzip")) as server:
        assert "vitamin-d-unknown" in rules(client_of(server, deadline_seconds=30.0).cards(asking(server)))


def test_an_answer_that_begins_with_a_byte_order_mark_is_read():
    with serving(lambda call: call.found(b"\xef\xbb\xbf" + NOTHING)) as server:
        assert "vitamin-d-unknown" in rules(client_of(server, deadline_seconds=30.0).cards(asking(server)))


def test_a_small_answer_that_grows_when_it_is_unpacked_is_not_read_whole():
    bomb = gzip.compress(b'{"resourceType": "Bundle", "x": "' + b"x" * 50_000_000 + b'"}')

    def bombs(call):
        call.found(
            *([bomb] if "/Condition/" in call.path else []),
            **({"Content_Encoding": "gzip"} if "/Condition/" in call.path else {}),
        )

    with serving(bombs) as server:
        cards = client_of(server, deadline_seconds=30.0).cards(asking(server))
    assert "too large" in said(cards)
    assert "vitamin-d-unknown" in rules(cards)


# --- what goes over the wire ------------------------------------------------------------------------------------------


def test_the_token_of_the_request_is_sent_whatever_the_machine_is_set_up_for(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(Slow.found) as server:
        cards = client_of(server, deadline_seconds=30.0).cards(asking(server))
    assert "vitamin-d-unknown" in rules(cards)
    assert {call.headers["Authorization"] for call in server.calls} == {f"Bearer {BEARER}"}


@pytest.mark.parametrize("reply", [Slow.found, *BROKEN.values()], ids=["answers", *BROKEN])
def test_no_log_of_any_library_names_the_patient_or_the_token(reply, caplog):
    with caplog.at_level(logging.DEBUG), serving(reply) as server:
        client_of(server, deadline_seconds=5.0).cards(asking(server))
        assert any("/Patient/synthetic-1" in call.path for call in server.calls)
    assert "synthetic-1" not in caplog.text
    assert BEARER not in caplog.text


def test_a_redirect_is_not_followed_and_carries_the_token_nowhere():
    with serving(Slow.found) as other:

        def redirect(call):
            call.send_response(307)
            call.send_header("Location", f"{other.base}{call.path.removeprefix('/fhir')}")
            call.send_header("Content-Length", "0")
            call.end_headers()

        with serving(redirect) as server:
            cards = client_of(server, deadline_seconds=30.0).cards(asking(server))
        assert other.calls == []
    assert "redirected the search" in said(cards)


def test_no_cookie_of_one_patients_server_comes_back_with_the_next_call():
    with serving(lambda call: call.found(Set_Cookie="session=1; Path=/")) as server:
        client = client_of(server, deadline_seconds=30.0)
        for _ in range(2):
            client.cards(asking(server))
    assert len(server.calls) > 22
    assert not any("Cookie" in call.headers for call in server.calls)


def test_two_requests_at_once_do_not_mix_their_tokens():
    def slowly(call):
        time.sleep(0.05)
        call.found()

    with serving(slowly) as server:
        client = client_of(server, deadline_seconds=30.0)
        first, second = asking(server), asking(server)
        second = json.loads(json.dumps(second).replace("synthetic-1", "synthetic-2"))
        second["fhirAuthorization"]["access_token"] = "second"  # noqa: S105 - no secret
        clients = [client.application.test_client() for _ in range(2)]
        threads = [
            threading.Thread(target=one.fire, args=(asked,))
            for one, asked in zip(clients, (first, second), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    read = {(call.path, call.headers["Authorization"]) for call in server.calls if "/Patient/" in call.path}
    assert read == {
        ("/fhir/Patient/synthetic-1", f"Bearer {BEARER}"),
        ("/fhir/Patient/synthetic-2", "Bearer second"),
    }
