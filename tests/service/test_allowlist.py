"""Only listed FHIR bases are called, whatever tricks an address plays; an unlisted one gets no packet, and is told of."""

from __future__ import annotations

import socket

import pytest
import responses
from support.ehr import authorization, denosumab, ehr, rules, said, without

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

TRICKS = {
    "another host": "https://evil.example/fhir",
    "a host that begins alike": "https://ehr.example.org.evil.example/fhir",
    "a host that ends alike": "https://evil-ehr.example.org/fhir",
    "a parent host": "https://example.org/fhir",
    "another path": "https://ehr.example.org/admin",
    "the root": "https://ehr.example.org/",
    "a path that begins alike": "https://ehr.example.org/fhirevil",
    "a path parameter": "https://ehr.example.org/fhir;x=y",
    "another case of the path": "https://ehr.example.org/FHIR",
    "http for https": "http://ehr.example.org/fhir",
    "http on the port of https": "http://ehr.example.org:443/fhir",
    "another port": "https://ehr.example.org:8443/fhir",
    "port zero": "https://ehr.example.org:0/fhir",
    "a port beyond all": "https://ehr.example.org:65536/fhir",
    "a port in other digits": "https://ehr.example.org:\u0664\u0664\u0663/fhir",
    "a user": "https://user@ehr.example.org/fhir",
    "a user and password": "https://user:secret@ehr.example.org/fhir",
    "an empty user": "https://@ehr.example.org/fhir",
    "the listed host as user": "https://ehr.example.org@evil.example/fhir",
    "the listed base as user": "https://ehr.example.org%2Ffhir@evil.example/fhir",
    "dots": "https://ehr.example.org/fhir/../admin",
    "dots that come back": "https://ehr.example.org/evil/../fhir",
    "a single dot": "https://ehr.example.org/./fhir",
    "escaped dots": "https://ehr.example.org/fhir/%2e%2e/admin",
    "half-escaped dots": "https://ehr.example.org/fhir/.%2E/admin",
    "dots escaped twice": "https://ehr.example.org/fhir/%252e%252e/admin",
    "dots and an escaped slash": "https://ehr.example.org/fhir/..%2fadmin",
    "dots before a path parameter": "https://ehr.example.org/fhir/..;/admin",
    "a dot before a path parameter": "https://ehr.example.org/fhir/.;x=y/admin",
    "an escaped path": "https://ehr.example.org/%66hir",
    "an escaped host": "https://%65hr.example.org/fhir",
    "two slashes": "https://ehr.example.org//fhir",
    "two slashes to another host": "https://ehr.example.org//evil.example/fhir",
    "a backslash after the host": "https://ehr.example.org\\@evil.example/fhir",
    "backslashes for slashes": "https:\\\\ehr.example.org\\fhir",
    "a backslash before the host": "https://evil.example\\ehr.example.org/fhir",
    "a query": "https://ehr.example.org/fhir?x=/fhir",
    "an empty query": "https://ehr.example.org/fhir?",
    "a fragment": "https://ehr.example.org/fhir#x",
    "an empty fragment": "https://evil.example#ehr.example.org/fhir",
    "a space inside": "https://ehr.example.org/fhir x",
    "a space in the host": "https://ehr.example.org .evil.example/fhir",
    "a tab": "https://ehr.exa\tmple.org/fhir",
    "a line break": "https://ehr.example.org/fhir\r\nHost: evil.example",
    "a null character": "https://ehr.example.org\x00.evil.example/fhir",
    "a soft hyphen": "https://ehr.exam\u00adple.org/fhir",
    "a right-to-left mark": "https://ehr.example.org/fhir\u202e",
    "a full-width host": "https://\uff45hr.example.org/fhir",
    "an ideographic full stop": "https://ehr.example\u3002org/fhir",
    "a look-alike letter": "https://\u0435hr.example.org/fhir",
    "its punycode": "https://xn--hr-7lc.example.org/fhir",
    "a trailing dot": "https://ehr.example.org./fhir",
    "an address of IPv4": "https://127.0.0.1/fhir",
    "an address as one number": "https://2130706433/fhir",
    "an address of IPv6": "https://[::1]/fhir",
    "an address of IPv6 with a zone": "https://[fe80::1%25eth0]/fhir",
    "half an address of IPv6": "https://[::1/fhir",
    "the metadata of a cloud": "http://169.254.169.254/latest/meta-data",
    "no scheme": "//ehr.example.org/fhir",
    "no scheme and no slashes": "ehr.example.org/fhir",
    "one slash": "https:/ehr.example.org/fhir",
    "no slash": "https:ehr.example.org/fhir",
    "no host": "https:///fhir",
    "a file": "file:///etc/passwd",
    "a file of the host": "file://ehr.example.org/fhir",
    "another scheme": "ftp://ehr.example.org/fhir",
    "gopher": "gopher://ehr.example.org:443/fhir",
    "a scheme before the scheme": "url:https://ehr.example.org/fhir",
    "javascript": "javascript:alert(1)",
    "an unresolved token": "{{fhirServerUrl}}",
    "an unresolved token in a path": "https://ehr.example.org/fhir/{{tenant}}",
    "a word": "fhir",
    "a list of bases": f"{LISTED},https://evil.example",
    "a very long address": "https://ehr.example.org/" + "x" * 100_000,
}


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
    assert Allowlist((LISTED,)).permits(url)


@pytest.mark.parametrize("url", TRICKS.values(), ids=TRICKS)
def test_no_trick_makes_a_base_of_another_address(url):
    assert not Allowlist((LISTED,)).permits(url)


@pytest.mark.parametrize("url", [LISTED, "http://127.0.0.1:8080/fhir"])
def test_nothing_is_listed_by_default(url):
    assert not Allowlist(()).permits(url)


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
    assert Allowlist((listed,)).permits(url) is permitted


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
