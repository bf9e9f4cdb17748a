"""Where connections to a FHIR server stand, one thread sends the searches of a request and reads what comes.

That changes no answer: what is slow, broken or too large is told as it is on new connections, and costs no other search its own.
"""

from __future__ import annotations

import gc
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.ehr import Ehr, rules, said, topics
from support.fhir_socket import BROKEN, NOTHING, SLOW, UNBOUNDED, Reply, Server, Slow, asking, client_of, serving, timed

from service.edge.turns import Turns
from service.gathering.daemon_threads import DaemonThreads
from service.gathering.many_searches import STUCK_SECONDS, ManySearches, Search, before_waiting
from service.gathering.sent_ahead import StandingConnections

SECONDS = 1.5
"""A deadline that a sound server keeps."""

VITAMIN_D = {
    "resourceType": "Observation",
    "id": "d",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "62292-8"}]},
    "subject": {"reference": "Patient/synthetic-1"},
    "effectiveDateTime": "2026-01-01",
    "valueQuantity": {"value": 12, "unit": "ng/mL", "system": "http://unitsofmeasure.org", "code": "ng/mL"},
}


@contextmanager
def standing(reply: Reply, *, seconds: float = SECONDS) -> Iterator[tuple[Ehr, Server]]:
    """A server to which connections stand, from a request that it answered; from then on it answers as the test says."""

    def all_at_once(call):  # so that each search has a connection of its own
        time.sleep(0.2)
        call.found()

    with serving(all_at_once) as server:
        client = client_of(server, deadline_seconds=seconds)
        assert rules(client.cards(asking(server)), "unchecked") == []
        server.calls.clear()
        server.reply = reply
        yield client, server


def for_conditions(reply: Reply) -> Reply:
    return lambda call: (reply if "/Condition/" in call.path else Slow.found)(call)


@pytest.fixture
def submitted(monkeypatch) -> Counter[str]:
    """What threads were given to do."""
    counted: Counter[str] = Counter()
    submit = DaemonThreads.submit

    def counting(threads, function, /, *args):
        counted[function.__name__] += 1
        return submit(threads, function, *args)

    monkeypatch.setattr(DaemonThreads, "submit", counting)
    return counted


def test_one_thread_sends_and_reads_them_all(submitted):
    with standing(Slow.found) as (client, server):
        first = set(submitted)
        submitted.clear()
        cards = client.cards(asking(server))
        assert len(server.calls) > 11
    assert sum(submitted.values()) == 1
    assert len(first) > 1, "the first request had no connections that stood"
    assert "vitamin-d-unknown" in rules(cards)
    assert rules(cards, "unchecked") == []


def test_they_are_all_sent_before_any_is_answered():
    pause = 0.3

    def pausing(call):
        time.sleep(pause)
        call.found()

    with standing(pausing, seconds=30) as (client, server):
        _, seconds = timed(client, asking(server))
        assert server.most > len(server.calls) / 2
        assert seconds < 0.3 * pause * len(server.calls)


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_a_slow_server_does_not_hold_the_answer_beyond_the_deadline(reply):
    with standing(reply) as (client, server):
        cards, seconds = timed(client, asking(server))
    assert SECONDS * 0.9 < seconds < SECONDS + 1.5
    assert topics(cards) == ["could-not-be-checked"]
    assert "did not answer within the deadline" in said(cards)


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_one_slow_search_costs_the_others_nothing(reply):
    with standing(for_conditions(reply)) as (client, server):
        cards, seconds = timed(client, asking(server))
    assert seconds < SECONDS + 1.5
    assert "vitamin-d-unknown" in rules(cards)
    assert "osteonecrosis-of-jaw" in rules(cards, "unchecked")


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_a_broken_server_is_told_on_a_card(reply):
    with standing(reply, seconds=5) as (client, server):
        cards = client.cards(asking(server))
    assert topics(cards) == ["could-not-be-checked"]
    assert "could not be reached" in said(cards)


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_one_broken_search_costs_the_others_nothing(reply):
    with standing(for_conditions(reply), seconds=5) as (client, server):
        cards = client.cards(asking(server))
    assert "vitamin-d-unknown" in rules(cards)
    assert "osteonecrosis-of-jaw" in rules(cards, "unchecked")


@pytest.mark.parametrize(("reply", "says"), UNBOUNDED.values(), ids=UNBOUNDED)
def test_an_answer_that_holds_too_much_is_told(reply, says):
    with standing(for_conditions(reply), seconds=30) as (client, server):
        cards = client.cards(asking(server))
    assert says in said(cards)
    assert "vitamin-d-unknown" in rules(cards)


def test_a_connection_that_the_server_closes_as_it_is_used_again_costs_no_answer():
    def once(call):
        if call.client_address in seen:
            call.close_connection = True
        else:
            call.found()

    seen: set[tuple[str, int]] = set()

    def noted(call):
        seen.add(call.client_address)
        call.found()

    with standing(noted) as (client, server):
        client.cards(asking(server))
        server.reply = once
        cards = client.cards(asking(server))
        assert len(server.calls) > 30, "asked once more, on new connections"
    assert rules(cards, "unchecked") == []
    assert "vitamin-d-unknown" in rules(cards)


def test_an_answer_that_comes_too_late_is_never_that_to_another_request():
    held = json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": VITAMIN_D}]}).encode()
    released = threading.Event()

    def late(call):
        released.wait(20)
        call.found(held)

    with standing(lambda call: (late if "/Observation/" in call.path else Slow.found)(call)) as (client, server):
        assert "vitamin-d-unknown" in rules(client.cards(asking(server)), "unchecked")
        server.reply = Slow.found
        released.set()
        for _again in range(3):
            cards = client.cards(asking(server))
            assert "vitamin-d-unknown" in rules(cards), "nothing was found"
            assert rules(cards, "unchecked") == []


@pytest.mark.parametrize("slow", [False, True], ids=["all answered", "one too slow"])
def test_an_answer_leaves_no_circle_that_would_keep_it_in_memory(slow):
    """Collections are rare where the service runs, and a record is large: it goes with its last reference."""
    condition = b'{"resourceType":"Condition","id":"c","note":[' + b'{"extension":[]},' * 20_000 + b"{}]}"
    held = b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":' + condition + b"}]}"

    def large(call):
        if slow and "/Procedure/" in call.path:
            time.sleep(SECONDS + 0.5)
        call.found(held if "/Condition/" in call.path else NOTHING)

    with standing(large) as (client, server):
        client.cards(asking(server))
        time.sleep(1)
        gc.collect()
        gc.disable()
        try:
            client.cards(asking(server))
            time.sleep(1)  # threads end what nobody waits for
            left = gc.collect()
        finally:
            gc.enable()
    assert left < 10_000


def test_what_cannot_be_sent_ahead_is_asked_as_ever(monkeypatch):
    def breaks(*_asked, **_how):
        raise ValueError

    with standing(Slow.found, seconds=20) as (client, server):
        monkeypatch.setattr(StandingConnections, "send_ahead", breaks)
        cards = client.cards(asking(server))
        assert len(server.calls) > 11
    assert rules(cards, "unchecked") == []
    assert "vitamin-d-unknown" in rules(cards)


def test_further_pages_are_read_while_others_read_what_came(submitted):
    def paged(call):
        link = [{"relation": "next", "url": f"{call.server.base}/Condition?page=2"}]
        page = {"resourceType": "Bundle", "type": "searchset", "entry": [], "link": link}
        if "page=2" in call.path:
            time.sleep(STUCK_SECONDS)
        call.found(json.dumps(page).encode() if "/Condition/" in call.path else NOTHING)

    with standing(paged, seconds=20) as (client, server):
        submitted.clear()
        cards = client.cards(asking(server))
        assert any("page=2" in call.path for call in server.calls)
    assert rules(cards, "unchecked") == []
    assert "vitamin-d-unknown" in rules(cards)


def test_who_reads_lets_others_compute_while_it_waits_for_a_further_page():
    turns = Turns()
    ours, theirs = socket.socketpair()
    computes: list[bool] = []

    class OnItsWay:
        def fileno(self):
            return ours.fileno()

        def let_go(self):
            pass

    def make(_sent):
        computes.append(turns._now is not None)  # noqa: SLF001 - whose turn it is, nobody is told
        before_waiting()
        computes.append(turns._now is not None)  # noqa: SLF001
        return ()

    found = Future()
    searches = [Search(OnItsWay, make, found)]
    threads = DaemonThreads(1, waiting=1, name="fhir")
    many = ManySearches(searches, threads, lambda: 20.0, RuntimeError(), turns.reading)
    with ours, theirs:
        theirs.sendall(b"!")
        many.begin()
        assert found.result(20) == ()
    assert computes == [True, False]


def test_over_tls_they_are_sent_ahead_too(submitted, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)  # noqa: TID251 - so does the one who checks the certificate
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca = tmp_path / "ca.pem"
    ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    held = tmp_path / "key.pem"
    held.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, held)
    with serving(Slow.found, context=context) as server:
        client = client_of(server, deadline_seconds=20, ca_bundle=ca)
        client.cards(asking(server))
        submitted.clear()
        assert rules(client.cards(asking(server)), "unchecked") == []
        assert submitted["_made"] < len(server.calls) / 4
