"""What leads out of the process: one FHIR base costs another nothing, and what hangs or never ends holds nothing for long.

Over real sockets. A silent name server is the one fault that we cannot have on a test machine without being its
administrator: there the look-up itself hangs.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.ehr import denosumab, ehr, rules, said, topics, without
from support.fhir_socket import (
    BROKEN,
    DEADLINE,
    NOTHING,
    SLOW,
    UNBOUNDED,
    Slow,
    asking,
    client_of,
    found,
    says_before,
    serving,
    timed,
)

from service.gathering import breaker, outbound
from service.gathering.allowlist import Base
from service.gathering.body import MOST_BYTES, MOST_NODES, PART
from service.gathering.breaker import MOST_FAILURES, OPEN_SECONDS, Breaker, State
from service.gathering.fhir_server import FhirServer, new_session
from service.gathering.outbound import MOST_BYTES_AT_ONCE, Outbound, Room

TOO_SLOW = "the FHIR server did not answer within the deadline"
LATELY = "the FHIR server did not answer lately"
BUSY = "the service was busy"
PATIENT = 8.0
"""A deadline that a sound server keeps on the busiest machine."""

SILENT = "http://silent.example/fhir"


@pytest.fixture
def silent_name_server(monkeypatch):
    """Names of `silent.example` are never resolved, and take far longer than any deadline."""
    released, resolve = threading.Event(), socket.getaddrinfo

    def look_up(host, *args, **kwargs):
        if host == "silent.example":
            released.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    released.set()


def at(base):
    return without(denosumab(), "prefetch") | {"fhirServer": base}


# --- one base costs another nothing -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("silent_name_server")
def test_a_silent_name_server_does_not_hold_the_answer_beyond_the_deadline():
    cards, seconds = timed(ehr(fhir_bases=(SILENT,), deadline_seconds=DEADLINE), at(SILENT))
    assert DEADLINE * 0.9 < seconds < PATIENT
    assert topics(cards) == ["could-not-be-checked"]
    assert TOO_SLOW in said(cards)


@pytest.mark.usefixtures("silent_name_server")
def test_while_one_base_hangs_another_is_asked_as_ever(monkeypatch):
    monkeypatch.setattr(outbound, "SEARCHES_AT_ONCE", 4)  # room for a request while threads of the one before end
    with serving(SLOW["drips headers"]) as dripping, serving(Slow.found) as sound:
        bases = (SILENT, dripping.base, sound.base)
        client = ehr(fhir_bases=bases, deadline_seconds=PATIENT, threads=4)
        with ThreadPoolExecutor(8) as ehrs:
            hanging = [ehrs.submit(client.application.test_client().fire, at(base)) for base in bases[:2] * 4]
            time.sleep(DEADLINE)
            for _request in range(3):
                cards, seconds = timed(client, at(sound.base))
                assert "vitamin-d-unknown" in rules(cards)
                assert rules(cards, "unchecked") == []
                assert seconds < PATIENT / 2
        for answer in hanging:
            assert answer.result().status_code == 200


@pytest.mark.parametrize(("language", "says"), [("en", "the service was busy"), ("fr", "le service était occupé")])
def test_a_search_that_never_began_is_told_apart_from_one_that_was_too_slow(monkeypatch, language, says):
    monkeypatch.setattr(outbound, "SEARCHES_AT_ONCE", 1)
    with serving(SLOW["sleeps"]) as server:
        client = client_of(server, threads=1, explain=True)
        answer = client.fire(asking(server), headers={"Accept-Language": language})
        assert len(server.calls) == 1
    cards = answer.get_json()["cards"]
    assert says in said(cards)
    assert says in str(answer.get_json()["extension"])
    if language == "en":
        assert TOO_SLOW in said(cards)


def test_where_too_many_searches_wait_none_is_begun():
    threads = outbound.DaemonThreads(1, waiting=1, name="test")
    hold = threading.Event()
    running = threads.submit(hold.wait, 20)
    until = time.monotonic() + 5
    while not running.running() and time.monotonic() < until:
        time.sleep(0.01)
    waiting, refused = threads.submit(str), threads.submit(str)
    assert (waiting.cancelled(), refused.cancelled()) == (False, True)
    assert not threads.is_idle
    hold.set()
    assert waiting.result(timeout=5) == ""
    assert threads.submit(lambda: 1 + 1).result(timeout=5) == 2


def test_a_thread_without_work_ends_and_another_begins_when_there_is_some(monkeypatch):
    monkeypatch.setattr("service.gathering.daemon_threads.IDLE_SECONDS", 0.01)
    threads = outbound.DaemonThreads(1, waiting=1, name="short-lived")
    for _again in range(2):
        assert threads.submit(str).result(timeout=5) == ""
        until = time.monotonic() + 5
        while any(one.name == "short-lived" for one in threading.enumerate()) and time.monotonic() < until:
            time.sleep(0.01)
        assert not any(one.name == "short-lived" for one in threading.enumerate())


def test_an_error_of_the_work_is_told_to_whoever_waits():
    with pytest.raises(ZeroDivisionError):
        outbound.DaemonThreads(1, waiting=1, name="test").submit(lambda: 1 / 0).result(timeout=5)


def test_a_process_ends_whatever_its_searches_wait_for():
    script = (
        "import threading; from service.gathering.daemon_threads import DaemonThreads\n"
        "DaemonThreads(1, waiting=0, name='x').submit(threading.Event().wait, 60)\n"
    )
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
    assert time.monotonic() - started < 20


# --- the bases are bounded --------------------------------------------------------------------------------------------


def test_the_bases_below_a_listed_address_make_place_for_each_other(monkeypatch):
    monkeypatch.setattr(outbound, "MOST_BASES", 2)
    states = []
    bases = Outbound(new_session(), 1, lambda *told: states.append(told))
    first, second = (bases.bulkhead(Base("listed", name)) for name in ("1", "2"))
    assert bases.bulkhead(Base("listed", "1")) is first
    third = bases.bulkhead(Base("listed", "3"))
    assert third not in (None, first, second)
    assert bases.bulkhead(Base("listed", "1")) is first, "the one that was used longest ago made place"
    assert bases.bulkhead(Base("listed", "2")) is not second
    assert bases.bulkhead(Base("another", "1")) is not first
    gone = [told for told in states if told[2] is None]
    assert gone == [("listed", State.CLOSED, None)] * 2


def test_where_all_of_them_are_at_work_a_further_one_is_told_of_as_busy(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(outbound, "MOST_BASES", 1)
    monkeypatch.setattr(FhirServer, "search", lambda *_: released.wait(20))
    with serving(Slow.found) as server:
        client = client_of(server, deadline_seconds=0.1)
        client.cards(asking(server))
        cards = client.cards(asking(server) | {"fhirServer": f"{server.base}/tenant"})
        released.set()
    assert BUSY in said(cards)
    assert "vitamin-d-unknown" in rules(cards, "unchecked")


# --- the breaker ------------------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def opened_breaker():
    clock, changes = Clock(), []
    one = Breaker(lambda before, after: changes.append(f"{before.value} > {after.value}"), clock)
    for _request in range(MOST_FAILURES):
        one.unanswered()
    return one, clock, changes


def test_a_breaker_opens_at_so_many_failures_in_a_row_and_not_before():
    one = Breaker(lambda *_states: None)
    for _request in range(MOST_FAILURES - 1):
        one.unanswered()
    assert one.admits("a")
    one.answered()
    for _request in range(MOST_FAILURES - 1):
        one.unanswered()
    assert one.admits("a")
    one.unanswered()
    assert not one.admits("a")


@pytest.mark.parametrize(("after", "admitted"), [(OPEN_SECONDS - 0.1, False), (OPEN_SECONDS, True)])
def test_an_open_breaker_lets_one_request_try_after_a_while(after, admitted):
    one, clock, changes = opened_breaker()
    clock.now = after
    assert one.admits("a") is admitted
    assert one.admits("b") is False
    assert one.admits("a") is admitted, "all searches of the request that tries"
    assert one.state is (State.HALF_OPEN if admitted else State.OPEN)
    assert changes == ["closed > open", "open > half-open"][: 1 + admitted]


def test_a_trial_closes_the_breaker_or_opens_it_again():
    for succeeds in (True, False):
        one, clock, changes = opened_breaker()
        clock.now = OPEN_SECONDS
        one.admits("a")
        (one.answered if succeeds else one.unanswered)()
        assert one.admits("b") is succeeds
        assert changes[-1] == f"half-open > {'closed' if succeeds else 'open'}"


def test_a_trial_that_tells_nothing_is_followed_by_another():
    one, clock, _changes = opened_breaker()
    clock.now = OPEN_SECONDS
    assert one.admits("a")
    clock.now = 2 * OPEN_SECONDS
    assert one.admits("b")
    assert not one.admits("a")


def metric(client, state):
    told = re.search(rf'osteocds_fhir_breakers{{base=".*",state="{state}"}} (\S+)', client.get("/metrics").text)
    return float(told[1]) if told else 0.0


@pytest.mark.parametrize("reply", ["never answers", "drips", "hangs up"])
def test_a_base_that_does_not_answer_is_left_alone_told_so_and_tried_again(monkeypatch, reply):
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 1.0)
    with serving(SLOW.get(reply) or BROKEN[reply]) as server:
        client = client_of(server)
        for _request in range(MOST_FAILURES):
            assert metric(client, "open") == 0
            assert LATELY not in said(client.cards(asking(server)))
        asked = len(server.calls)
        cards = client.cards(asking(server))
        assert len(server.calls) == asked
        assert topics(cards) == ["could-not-be-checked"]
        assert LATELY in said(cards)
        assert (metric(client, "open"), metric(client, "closed")) == (1, 0)
        server.reply = Slow.found
        time.sleep(1.1)
        assert rules(client.cards(asking(server)), "unchecked") == []
        assert (metric(client, "open"), metric(client, "closed")) == (0, 1)


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_an_error_is_an_answer(status):
    with serving(lambda call: call.send_error(status)) as server:
        client = client_of(server, deadline_seconds=20)
        for _request in range(MOST_FAILURES + 1):
            assert LATELY not in said(client.cards(asking(server)))


def test_one_search_that_is_always_slow_does_not_cost_the_others_their_answers():
    def slow_conditions(call):
        (SLOW["sleeps"] if "/Condition/" in call.path else Slow.found)(call)

    with serving(slow_conditions) as server:
        client = client_of(server)
        for _request in range(MOST_FAILURES + 1):
            assert "vitamin-d-unknown" in rules(client.cards(asking(server)))


# --- what an answer may hold ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reply", "says"), UNBOUNDED.values(), ids=UNBOUNDED)
def test_an_answer_that_holds_too_much_is_told_and_leaves_nothing_behind(monkeypatch, reply, says):
    # Room for all searches of the request, so that none is told of as busy before its own answer is too large.
    monkeypatch.setattr(outbound, "MOST_BYTES_AT_ONCE", 2 * outbound.SEARCHES_AT_ONCE * MOST_BYTES)
    with serving(reply) as server:
        cards = client_of(server, deadline_seconds=30.0).cards(asking(server))
    assert topics(cards) == ["could-not-be-checked"]
    assert says in said(cards)


@pytest.mark.parametrize("nodes", [MOST_NODES // 2, MOST_NODES])
def test_an_answer_at_the_bound_is_read(nodes):
    body = b'{"resourceType":"Bundle","meta":{"tag":[' + b"0," * (nodes - 4) + b"0]}}"
    with serving(lambda call: call.found(body if "/Condition/" in call.path else NOTHING)) as server:
        cards = client_of(server, deadline_seconds=30.0).cards(asking(server))
    assert rules(cards, "unchecked") == []


def test_an_answer_in_the_smallest_of_chunks_is_read():
    def reply(call):
        call.send_response(200)
        call.send_header("Transfer-Encoding", "chunked")
        call.end_headers()
        call.wfile.write(b"".join(b"1\r\n%c\r\n" % one for one in NOTHING) + b"0\r\n\r\n")

    with serving(reply) as server:
        assert rules(client_of(server, deadline_seconds=30.0).cards(asking(server)), "unchecked") == []


@pytest.mark.parametrize("reply", [Slow.found, *(one for one, _ in UNBOUNDED.values()), SLOW["drips"]])
def test_room_for_answers_is_given_back(monkeypatch, reply):
    rooms = []

    class Watched(Room):
        def __init__(self, size):
            super().__init__(size)
            rooms.append(self)

    monkeypatch.setattr(outbound, "Room", Watched)
    with serving(reply) as server:
        client_of(server, deadline_seconds=3.0).cards(asking(server))
        until = time.monotonic() + 20
        while not rooms[0].take(MOST_BYTES_AT_ONCE) and time.monotonic() < until:
            time.sleep(0.05)
        rooms[0].give_back(MOST_BYTES_AT_ONCE)
        assert rooms[0].take(MOST_BYTES_AT_ONCE)


def test_where_there_is_no_room_the_service_is_told_to_be_busy(monkeypatch):
    monkeypatch.setattr(outbound, "MOST_BYTES_AT_ONCE", PART - 1)
    with serving(Slow.found) as server:
        cards = client_of(server, deadline_seconds=30.0).cards(asking(server))
    assert BUSY in said(cards)


def test_all_that_one_request_holds_is_bounded():
    body = b'{"resourceType":"Bundle","x":"' + b"x" * (MOST_BYTES - 100) + b'"}'
    with serving(found(body)) as server:
        cards = client_of(server, deadline_seconds=30.0).cards(asking(server))
    assert "too large" in said(cards) or BUSY in said(cards)
    assert rules(cards, "unchecked")


def test_a_defect_in_one_search_costs_no_other_its_answer(monkeypatch, caplog):
    read = FhirServer.search

    def breaks(server, query, patient_id):
        if query.key == "conditions":
            raise ZeroDivisionError(patient_id)
        return read(server, query, patient_id)

    monkeypatch.setattr(FhirServer, "search", breaks)
    with serving(Slow.found) as server:
        request = asking(server)
        cards = client_of(server, deadline_seconds=30.0).cards(request)
    assert "vitamin-d-unknown" in rules(cards)
    assert "osteonecrosis-of-jaw" in rules(cards, "unchecked")
    assert "defect of the service: ZeroDivisionError" in caplog.text
    assert request["context"]["patientId"] not in caplog.text


@pytest.mark.parametrize("line", ["103 Early Hints", "102 Processing", "100 Continue", "199 Something"])
@pytest.mark.parametrize("times", [1, 3])
def test_what_a_server_says_before_its_answer_is_none_and_the_answer_is_not_that_of_the_next_request(line, times):
    with serving(says_before(line, times)) as server, new_session() as session:
        for name in ("one", "two", "three"):
            assert session.get(f"{server.base}/{name}", timeout=5).json()["asked"].endswith(f"/{name}")


# --- the token --------------------------------------------------------------------------------------------------------

EXPIRED = "the access token of the request had expired"
OF_ANOTHER = "the access token of the request is for another patient"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"expires_in": 0}, EXPIRED),
        ({"expires_in": -3600}, EXPIRED),
        ({"expires_in": "0"}, EXPIRED),
        ({"expires_in": -0.5}, EXPIRED),
        ({"expires_in": 1}, ""),
        ({"expires_in": "300"}, ""),
        ({"expires_in": None}, ""),
        ({"expires_in": "soon"}, ""),
        ({"expires_in": False}, ""),
        ({"patient": "another"}, OF_ANOTHER),
        ({"patient": "Patient/another"}, OF_ANOTHER),
        ({"patient": "Group/PATIENT"}, OF_ANOTHER),
        ({"patient": 12345}, OF_ANOTHER),
        ({"patient": "PATIENT"}, ""),
        ({"patient": "Patient/PATIENT/_history/2"}, ""),
        ({"patient": "Patient/PATIENT"}, ""),
        ({"patient": None}, ""),
        ({"patient": ""}, ""),
        ({"patient": {"reference": "Patient/another"}}, ""),
    ],
    ids=repr,
)
def test_a_token_that_is_over_or_of_another_patient_is_not_used_and_told(told, why):
    with serving(Slow.found) as server:
        request = asking(server)
        patient = request["context"]["patientId"]
        said_of_it = {
            name: value.replace("PATIENT", patient) if isinstance(value, str) else value for name, value in told.items()
        }
        request["fhirAuthorization"] |= said_of_it
        cards = client_of(server, deadline_seconds=30.0).cards(request)
        assert bool(server.calls) is (why == "")
    assert (why in said(cards)) if why else rules(cards, "unchecked") == []


@pytest.mark.parametrize("told", [{"expires_in": 0}, {"patient": "another"}])
def test_such_a_token_does_no_harm_where_all_was_prefetched(told):
    with serving(Slow.found) as server:
        request = denosumab() | {"fhirServer": server.base}
        request["fhirAuthorization"] = asking(server)["fhirAuthorization"] | told
        assert rules(client_of(server).cards(request), "unchecked") == []


# --- what goes over the wire is ASCII ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["é", "%C3%A9", "a b", "a|b", 'a"b', "a<b>", "a\\b", "a^b", "a`b", "\u200b"])
def test_a_base_that_would_have_to_be_encoded_is_not_asked(path):
    with serving(Slow.found) as server:
        request = asking(server) | {"fhirServer": f"{server.base}/{path}"}
        cards = client_of(server).cards(request)
        assert server.calls == []
    assert "allowlist" in said(cards)


def test_a_paging_link_goes_over_the_wire_in_ascii():
    link = '{"relation":"next","url":"?_page=é%C3%A9 x"}'
    first = f'{{"resourceType":"Bundle","link":[{link}]}}'.encode()

    def reply(call):
        call.found(NOTHING if "_page" in call.path else first)

    with serving(reply) as server:
        cards = client_of(server, deadline_seconds=30.0).cards(asking(server))
        followed = {call.path for call in server.calls if "_page" in call.path}
    assert followed == {"/fhir/?_page=%C3%A9%C3%A9%20x"}
    assert rules(cards, "unchecked") == []
