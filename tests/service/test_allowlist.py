"""Only listed FHIR bases are called, whatever tricks an address plays; an unlisted one gets no packet, and is told of."""

from __future__ import annotations

import socket

import pytest
import responses
from support.ehr import authorization, denosumab, ehr, rules, said, without
from support.spellings import tricks

from service.gathering.allowlist import Allowlist

LISTED = "https://ehr.example.org/fhir"

SAME_BASE = [
    LISTED,
    f"{LISTED}/",
    f"{LISTED}/tenant-2",
    f"{LISTED}//",
    "https://ehr.example.org:443/fhir",
    "https://ehr.example.org:/fhir",
    "https://EHR.Example.ORG/fhir",
    "HTTPS://ehr.example.org/fhir",
]

TRICKS = tricks("https", "ehr.example.org", "evil.example")


@pytest.fixture
def packets(monkeypatch):
    """Every attempt to leave the machine, by whatever way; none succeeds."""
    attempts: list[object] = []

    def refuse(*args, **_kwargs):
        attempts.append(args)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        yield lambda: [*attempts, *network.calls]


@pytest.mark.parametrize("url", SAME_BASE)
def test_a_base_is_known_in_its_usual_spellings(url):
    assert Allowlist((LISTED,)).base(url) is not None


@pytest.mark.parametrize("url", TRICKS.values(), ids=TRICKS)
def test_no_trick_makes_a_base_of_another_address(url):
    assert Allowlist((LISTED,)).base(url) is None


@pytest.mark.parametrize("url", [LISTED, "http://127.0.0.1:8080/fhir"])
def test_nothing_is_listed_by_default(url):
    assert Allowlist(()).base(url) is None


@pytest.mark.parametrize(
    ("listed", "url", "permitted"),
    [
        ("http://127.0.0.1:8080/fhir", "http://127.0.0.1:8080/fhir", True),
        ("http://127.0.0.1:8080/fhir", "http://localhost:8080/fhir", False),
        ("http://127.0.0.1:8080/fhir", "http://127.1:8080/fhir", False),
        ("http://127.0.0.1:8080/fhir", "https://127.0.0.1:8080/fhir", False),
        ("http://ehr.example.org", "http://ehr.example.org:80/any/path", True),
        ("http://ehr.example.org/", "http://ehr.example.org", True),
        ("http://[::1]:8080/fhir", "http://[::1]:8080/fhir", True),
        ("http://[::1]:8080/fhir", "http://[0:0:0:0:0:0:0:1]:8080/fhir", False),
        ("https://ehr.example.org:8443/fhir", "https://ehr.example.org/fhir", False),
        ("https://ehr.example.org/a/b", "https://ehr.example.org/a", False),
    ],
)
def test_http_and_private_addresses_only_where_they_are_listed_literally(listed, url, permitted):
    assert (Allowlist((listed,)).base(url) is not None) is permitted


@pytest.mark.parametrize(
    "trick", ["a user", "dots", "an empty query", "no scheme", "a file", "an unresolved token", "a word"]
)
def test_a_list_that_holds_such_an_address_is_refused_at_the_start(trick):
    with pytest.raises(ValueError, match="OSTEOCDS_FHIR_BASES"):
        Allowlist((LISTED, TRICKS[trick]))


@pytest.mark.parametrize("url", TRICKS.values(), ids=TRICKS)
def test_an_unlisted_base_gets_no_packet_and_a_card_says_that_it_is_not_listed(url, packets):
    client = ehr(fhir_bases=(LISTED,))
    request = without(denosumab(), "prefetch") | {"fhirServer": url, "fhirAuthorization": authorization()}
    cards = client.cards(request)
    assert packets() == []
    assert "vitamin-d-unknown" in rules(cards, "unchecked")
    assert "not on the service's allowlist (OSTEOCDS_FHIR_BASES)" in said(cards)
    assert "none on record" not in said(cards)


@pytest.mark.parametrize("value", [None, 12, True, [], [LISTED], {"url": LISTED}, "", " "], ids=repr)
def test_what_is_no_address_at_all_gets_no_packet_and_a_412(value, packets):
    client = ehr(fhir_bases=(LISTED,))
    answer = client.fire(without(denosumab(), "prefetch") | {"fhirServer": value, "fhirAuthorization": authorization()})
    assert packets() == []
    assert answer.status_code == 412


def test_an_unlisted_base_does_no_harm_where_all_was_prefetched(packets):
    client = ehr(fhir_bases=(LISTED,))
    cards = client.cards(denosumab() | {"fhirServer": "https://evil.example/fhir"})
    assert packets() == []
    assert rules(cards, "unchecked") == []


def test_a_medication_behind_a_reference_is_not_looked_up_on_an_unlisted_base(packets):
    request = denosumab() | {"fhirServer": "https://evil.example/fhir"}
    order = request["context"]["draftOrders"]["entry"][0]["resource"]
    del order["medicationCodeableConcept"]
    order["medicationReference"] = {"reference": "https://evil.example/fhir/Medication/m1"}
    cards = ehr(fhir_bases=(LISTED,)).cards(request)
    assert packets() == []
    assert "could not be looked up" in said(cards)


def test_a_listed_base_is_called(packets):
    ehr(fhir_bases=(LISTED,)).cards(without(denosumab(), "prefetch") | {"fhirServer": LISTED})
    assert packets() != []
