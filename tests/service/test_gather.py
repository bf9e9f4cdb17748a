"""Gathering from a FHIR server (CDS Hooks 2.0.1, duty group E), and every fault that such a server can have.

A search that fails makes its facts unavailable and is told on a card; it is never silence, never "not measured", and it
changes nothing for the rules that do not need it. The token goes to the listed base and nowhere else.
"""

from __future__ import annotations

import copy
import json
import logging
import re
import traceback

import pytest
import requests
import responses
from hypothesis import given, settings
from hypothesis import strategies as st
from responses import matchers
from support.ehr import BEARER, DENOSUMAB, denosumab, draft, ehr, rules, said, technical, topics
from support.fhir_site import BASE, SITE_EHR, Search, holds, published, site, unprefetched
from support.garbage import GARBAGE
from support.scenario import PATIENT, request_for

from cds_hooks import FhirAuthorization
from service.gathering.allowlist import Base
from service.gathering.fhir_server import MOST_PAGES, FhirServer, new_session
from service.gathering.outbound import Outbound
from service.gathering.problems import FhirProblem

RECORD = {
    "vitamin D": "32 ng/mL 30 days ago",
    "calcium": "2.3 mmol/L 3 days ago",
    "albumin": "40 g/L 3 days ago",
    "medications": [{"drug": "calcium carbonate", "kind": "statement"}],
}
REQUEST = request_for({"order": DENOSUMAB, "record": RECORD})
REQUEST["prefetch"]["patient"]["name"] = [{"family": "Unmistakable", "given": ["Zenobia"]}]
SEARCHES = [Search(key, template, REQUEST["prefetch"][key]) for key, template in published("order-sign").items()]
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


@pytest.fixture(autouse=True)
def no_breaker(monkeypatch):
    """Each test asks a server that has not failed before; what breakers do, `test_outbound.py` holds."""
    monkeypatch.setattr("service.gathering.breaker.MOST_FAILURES", 10**6)


@pytest.fixture(autouse=True)
def nothing_of_the_patient_is_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        yield
    for secret in (BEARER, PATIENT, "Unmistakable", "Zenobia"):
        assert secret not in caplog.text


def outcome_of(cards):
    """What the rules said: the cards by topic with their rules, without their words."""
    return [
        (card["source"]["topic"]["code"], card["indicator"], rules([card]), rules([card], "unchecked"))
        for card in cards
    ]


def lines(cards):
    return {line for line in said(cards).splitlines() if line.startswith("- ")}


def gathered(**faults):
    """The cards where what these faults are about is on the FHIR server alone; without any, where all is."""
    with site(REQUEST, **faults):
        return SITE_EHR.cards(unprefetched(REQUEST, *faults))


def prefetched(key, value):
    """The cards of the same request with everything prefetched, and this for one key."""
    return SITE_EHR.cards({**REQUEST, "prefetch": REQUEST["prefetch"] | {key: value}})


# --- without a fault --------------------------------------------------------------------------------------------------


def test_the_fhir_server_gives_the_same_cards_as_the_prefetch():
    assert outcome_of(gathered()) == outcome_of(SITE_EHR.cards(REQUEST))
    assert lines(gathered()) == lines(SITE_EHR.cards(REQUEST))


def test_each_search_is_made_once_by_post_with_the_published_parameters():
    with site(REQUEST) as network:
        SITE_EHR.cards(unprefetched(REQUEST))
        made = [(str(call.request.url), call.request.body) for call in network.calls]
        assert len(made) == len(set(made)) > 11
        assert {call.request.method for call in network.calls if "_search" in str(call.request.url)} == {"POST"}


def test_what_was_prefetched_is_not_searched():
    with site(REQUEST) as network:
        SITE_EHR.cards(unprefetched(REQUEST, "calcium"))
        assert [call.request.url for call in network.calls] == [f"{BASE}/Observation/_search"]


def test_a_trailing_slash_of_the_base_changes_nothing():
    with site(REQUEST) as network:
        SITE_EHR.cards(unprefetched(REQUEST) | {"fhirServer": f"{BASE}/"})
        assert len(network.calls) > 11
        assert not any("fhir//" in str(call.request.url) for call in network.calls)


def test_without_a_token_none_is_sent():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        SITE_EHR.cards(unprefetched(REQUEST) | {"fhirAuthorization": None})
        assert len(network.calls) > 11
        assert not any("Authorization" in call.request.headers for call in network.calls)


# --- faults, one query at a time --------------------------------------------------------------------------------------


def replies(**reply):
    return lambda search, network: search.answer(network, **reply)


def refuses(status):
    """An error for the POST, and for the GET that some of them call for."""

    def fault(search, network):
        search.answer(network, status=status, json=OUTCOME)
        if not search.is_read:
            search.answer_get(network, status=status, json=OUTCOME)

    return fault


def in_part(search, network):
    """The right answer, by a server that says that it is a part of it."""
    search.answer(network, status=206, json=search.found)


ANYWHERE = {
    **{f"HTTP {status}": refuses(status) for status in (401, 403, 404, 405, 410, 429, 500, 503, 504)},
    "HTTP 502 with a page": replies(status=502, body="<html>Bad gateway</html>", content_type="text/html"),
    "a timeout": replies(body=requests.ReadTimeout(f"{BASE}/Patient/{PATIENT}")),
    "a timeout of the connection": replies(body=requests.ConnectTimeout(f"{BASE}/Patient/{PATIENT}")),
    "no connection": replies(body=requests.ConnectionError(f"{BASE}/Patient/{PATIENT} {BEARER}")),
    "a broken certificate": replies(body=requests.exceptions.SSLError(f"{BASE}/Patient/{PATIENT}")),
    "a broken answer": replies(body=requests.exceptions.ChunkedEncodingError(PATIENT)),
    **{
        f"a redirect {status} to {where}": replies(status=status, headers={"Location": where})
        for status, where in (
            *((status, "https://evil.example/fhir") for status in (301, 302, 303, 307, 308)),
            (302, f"{BASE}/Observation?x=y"),
        )
    },
    "not modified": replies(status=304),
    "a page": replies(body="<html>Please log in</html>", content_type="text/html"),
    "nothing": replies(body=b""),
    "no content": replies(status=204),
    "partial content": in_part,
    "broken JSON": replies(body=b'{"resourceType": "Bundle", "entry": ['),
    "NaN": replies(body=b'{"resourceType": "Bundle", "total": NaN}'),
    "a member twice": lambda search, network: search.answer(
        network, body=b'{"id": "1", "id": "2", ' + json.dumps(search.found).encode()[1:]
    ),
    "latin-1": replies(body='{"resourceType": "Bundle", "é": 1}'.encode("latin-1")),
    "deep JSON": replies(body=b'{"resourceType":"Bundle","entry":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "an array": replies(json=[]),
    "null": replies(json=None),
    "a text": replies(json="Bundle"),
    "an empty object": replies(json={}),
    "another resource": replies(json={"resourceType": "CapabilityStatement"}),
    "an OperationOutcome": replies(json=OUTCOME),
}


def bundle(search, **members):
    return {**copy.deepcopy(search.found), **members}


def adds(entry):
    """The right answer with one entry more."""

    def fault(search, network):
        extra = json.loads(json.dumps(entry).replace("RESOURCE_TYPE", search.resource_type))
        search.answer(network, json=bundle(search, entry=[*search.found["entry"], extra], total=None))

    return fault


def leads_to(link):
    """The right answer, as the first page, with a link to the next."""
    return lambda search, network: search.answer(
        network, json=bundle(search, link=[{"relation": "next", "url": link}], total=None)
    )


ANOTHERS = {"resource": {"resourceType": "RESOURCE_TYPE", "id": "foreign", "status": "final"}}

IN_SEARCHES = {
    "an error among the entries": adds({"search": {"mode": "outcome"}, "resource": OUTCOME}),
    **{
        f"an outcome whose severity is {severity!r}": adds(
            {"search": {"mode": "outcome"}, "resource": {**OUTCOME, "issue": [{"severity": severity}]}}
        )
        for severity in (None, [], "catastrophic")
    },
    **{
        f"a {severity} of the code {code!r}": adds(
            {
                "search": {"mode": "outcome"},
                "resource": {**OUTCOME, "issue": [{"severity": severity, "code": code}]},
            }
        )
        for severity, code in (("warning", "suppressed"), ("information", "incomplete"), ("warning", " Throttled"))
    },
    "an outcome without an issue": adds({"resource": {"resourceType": "OperationOutcome"}}),
    "a search mode that is none": adds(
        {"search": {"mode": "guess"}, "resource": {**OUTCOME, "issue": [{"severity": "information"}]}}
    ),
    "a resource of no type of R4": adds({"resource": {**ANOTHERS["resource"], "resourceType": "MedicationOrder"}}),
    "entries of another type only": replies(
        json={"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Basic", "id": "b"}}]}
    ),
    "a refused question of a batch": adds({"response": {"status": "503 Service Unavailable"}}),
    **{
        f"a total of {total!r}": lambda search, network, total=total: search.answer(
            network, json=bundle(search, total=total)
        )
        for total in ("999", 999.0, -1, "many", True, [])
    },
    "a next page without an address": lambda search, network: search.answer(
        network, json=bundle(search, link=[{"relation": "next"}])
    ),
    "an entry without a resource": adds({"fullUrl": "urn:uuid:1"}),
    "an entry that is null": adds(None),
    "an entry whose resource is null": adds({"resource": None}),
    "an entry whose resource is a text": adds({"resource": "Observation/1"}),
    "an entry whose resource has no type": adds({"resource": {"id": "1"}}),
    "entries that are a text": lambda search, network: search.answer(network, json=bundle(search, entry="none")),
    "a result of another patient": adds(
        {
            "resource": {
                **ANOTHERS["resource"],
                "subject": {"reference": "Patient/other"},
                "patient": {"reference": "Patient/other"},
            }
        }
    ),
    "more results than it gives": lambda search, network: search.answer(network, json=bundle(search, total=999)),
    **{
        f"a next link to {link}": leads_to(link)
        for link in (
            "https://evil.example/fhir?page=2",
            "http://ehr.example.org/fhir?page=2",
            "https://ehr.example.org:8443/fhir?page=2",
            "https://ehr.example.org/admin?page=2",
            "https://ehr.example.org/fhirevil?page=2",
            "https://ehr.example.org/fhir/../admin",
            "https://ehr.example.org@evil.example/fhir",
            "//evil.example/fhir?page=2",
            "/admin?page=2",
            "../admin?page=2",
            "\\\\evil.example\\fhir",
            "file:///etc/passwd",
            "ftp://ehr.example.org/fhir",
            "javascript:alert(1)",
            "http://[",
            "https://ehr.example.org/fhir?page=2#x",
        )
    },
}

IN_OBSERVATIONS = {
    "a result without a code": adds({"resource": {**ANOTHERS["resource"], "valueString": "x"}}),
    "a result under a code that we do not know": adds(
        {"resource": {**ANOTHERS["resource"], "code": {"coding": [{"system": "urn:local", "code": "Q7"}]}}}
    ),
    "a panel whose results did not come": adds(
        {
            "resource": {
                **ANOTHERS["resource"],
                "code": {"coding": [{"system": "urn:local", "code": "Q7"}]},
                "hasMember": [{"reference": "Observation/elsewhere"}],
            }
        }
    ),
    "a result whose code is empty": adds(
        {"resource": {**ANOTHERS["resource"], "code": {"coding": [{"display": "x"}]}}}
    ),
}
EVERY_FAULT = {"patient", "vitaminD", "findings", "conditions"}
"""A read, a search by `combo-code`, one by `code`, one by neither; the other queries are like one of these."""

USUAL_FAULTS = {
    *("HTTP 401", "HTTP 404", "HTTP 500", "HTTP 502 with a page", "a timeout", "no connection", "broken JSON"),
    *("a redirect 302 to https://evil.example/fhir", "an OperationOutcome", "an error among the entries"),
    *("an entry that is null", "a result of another patient", "more results than it gives", "a result without a code"),
    "a next link to https://evil.example/fhir?page=2",
}

CASES = [
    pytest.param(search, fault, id=f"{search.key}: {name}")
    for search in SEARCHES
    for name, fault in (
        ANYWHERE
        | ({} if search.is_read else IN_SEARCHES)
        | (IN_OBSERVATIONS if search.resource_type == "Observation" else {})
    ).items()
    if search.key in EVERY_FAULT or name in USUAL_FAULTS
]


@pytest.fixture(scope="module")
def expected():
    """For each key the cards of a prefetch that failed, and the lines that would say that there is no result."""
    failed = {search.key: prefetched(search.key, OUTCOME) for search in SEARCHES}
    normal = lines(SITE_EHR.cards(REQUEST))
    missing = {
        search.key: lines(prefetched(search.key, None)) - normal - lines(failed[search.key]) for search in SEARCHES
    }
    return failed, missing


@pytest.mark.parametrize(("search", "fault"), CASES)
def test_a_fault_makes_the_facts_of_its_query_unavailable_and_nothing_else(search, fault, expected):
    failed, missing = expected
    cards = gathered(**{search.key: fault})
    assert outcome_of(cards) == outcome_of(failed[search.key])
    assert lines(cards).isdisjoint(missing[search.key])


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.key)
def test_a_query_that_fails_silences_no_rule_that_does_not_need_it(search, expected):
    failed, _missing = expected
    normal = SITE_EHR.cards(REQUEST)
    gone = set(rules(normal)) - set(rules(failed[search.key]))
    assert gone <= set(rules(failed[search.key], "unchecked"))


def test_the_faults_and_queries_that_are_named_exist():
    assert {search.key for search in SEARCHES} >= EVERY_FAULT
    assert {*ANYWHERE, *IN_SEARCHES, *IN_OBSERVATIONS} >= USUAL_FAULTS


def test_for_the_facts_of_most_queries_some_rule_of_these_tests_cannot_be_checked(expected):
    failed, missing = expected
    with_rules = {key for key, cards in failed.items() if rules(cards, "unchecked")}
    assert with_rules >= {
        *("vitaminD", "calcium", "albumin", "creatinine", "clearance", "egfr", "conditions", "procedures"),
        *(
            "medicationRequests",
            "medicationStatements",
            "medicationAdministrations",
        ),
    }
    assert {"vitaminD", "calcium"} <= {key for key, some in missing.items() if some}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refuses(401), "refused access (HTTP 401): check the token's scopes"),
        (refuses(403), "refused access (HTTP 403): check the token's scopes"),
        (refuses(500), "answered with an error (HTTP 500)"),
        (ANYWHERE["a timeout"], "did not answer within the deadline"),
        (ANYWHERE["no connection"], "could not be reached"),
        (ANYWHERE["a page"], "did not answer with FHIR JSON"),
        (ANYWHERE["a redirect 302 to https://evil.example/fhir"], "redirected the search"),
        (leads_to("https://evil.example/fhir"), "a paging link of the FHIR server leads elsewhere"),
        (IN_SEARCHES["more results than it gives"], "announced more results than it gave"),
        (IN_SEARCHES["an error among the entries"], "reported an error in its answer"),
        (IN_SEARCHES["a result of another patient"], "a resource of another patient was sent"),
        (IN_SEARCHES["an entry that is null"], "an entry could not be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_card_says_why_and_what_to_do(fault, words):
    assert words in said(gathered(vitaminD=fault))


def test_a_result_of_another_patient_is_never_shown():
    foreign = copy.deepcopy(REQUEST["prefetch"]["vitaminD"]["entry"][0])
    foreign["resource"] |= {"id": "foreign", "subject": {"reference": "Patient/other"}}
    foreign["resource"]["valueQuantity"] |= {"value": 4.25}
    assert "4.25" not in said(gathered(vitaminD=adds(foreign)))


def test_when_every_search_fails_the_answer_is_a_card_that_says_so():
    cards = gathered(**{search.key: refuses(503) for search in SEARCHES})
    assert topics(cards) == ["could-not-be-checked"]
    assert len(rules(cards, "unchecked")) > 5


def nothing(search, network):
    search.answer(network, json=bundle(search, entry=[], total=0))


@pytest.mark.parametrize("status", [404, 410])
def test_nothing_found_of_a_patient_whom_the_server_does_not_know_is_never_not_measured(status):
    cards = gathered(**{search.key: refuses(status) if search.key == "patient" else nothing for search in SEARCHES})
    assert "does not know this patient" in said(cards)
    assert rules(cards) == []
    assert "vitamin-d-unknown" in rules(cards, "unchecked")


@pytest.mark.parametrize("status", [403, 500])
def test_a_patient_who_may_not_be_read_says_nothing_of_the_searches(status):
    cards = gathered(**{search.key: refuses(status) if search.key == "patient" else nothing for search in SEARCHES})
    assert "vitamin-d-unknown" in rules(cards)


# --- what is no fault -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", ["information", "warning", "Information", " warning"], ids=repr)
def test_a_warning_among_the_entries_is_no_fault(severity):
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "informational"}]}

    def warns(search, network):
        entries = [*search.found["entry"], {"search": {"mode": "outcome"}, "resource": outcome}]
        search.answer(network, json=bundle(search, entry=entries))

    assert outcome_of(gathered(vitaminD=warns, phosphate=warns)) == outcome_of(gathered())


@pytest.mark.parametrize("status", [404, 405, 406, 415, 501])
def test_a_server_that_refuses_post_is_asked_by_get(status):
    def no_post(search, network):
        search.answer(network, status=status, json=OUTCOME)
        search.answer_get(network, json=search.found)

    faults = {search.key: no_post for search in SEARCHES if not search.is_read}
    assert outcome_of(gathered(**faults)) == outcome_of(gathered())


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_combo_code_is_asked_by_code(status):
    def by_code(request):
        form = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        return ("&code=" in form and "combo-code" not in form), ""

    def no_combo_code(search, network):
        search.answer(network, status=status, json=OUTCOME)
        network.post(f"{search.url}/_search", match=[by_code], json=search.found)

    assert outcome_of(gathered(calcium=no_combo_code)) == outcome_of(gathered())


def test_a_server_that_refuses_a_parameter_for_which_there_is_no_other_way_is_not_asked_again():
    with site(REQUEST, conditions=refuses(400)) as network:
        SITE_EHR.cards(unprefetched(REQUEST, "conditions"))
        assert len(network.calls) == 1


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/xml", ""])
def test_the_content_type_of_good_json_does_not_matter(content_type):
    def mislabelled(search, network):
        search.answer(network, body=json.dumps(search.found), content_type=content_type)

    assert outcome_of(gathered(vitaminD=mislabelled, patient=mislabelled)) == outcome_of(gathered())


@pytest.mark.parametrize("entries", [{"entry": []}, {}, {"total": 0}, {"entry": None}], ids=repr)
def test_an_empty_searchset_is_no_result(entries):
    empty = replies(json={"resourceType": "Bundle", "type": "searchset", **entries})
    assert outcome_of(gathered(vitaminD=empty)) == outcome_of(prefetched("vitaminD", None))


def test_a_404_means_none_only_for_types_that_the_site_says_it_does_not_have():
    def gone(search, network):
        search.answer(network, status=404)
        search.answer_get(network, status=404)

    client = ehr(fhir_bases=(BASE,), missing_resource_types=frozenset({"ImagingStudy"}))
    with site(REQUEST, imagingStudies=gone):
        assert outcome_of(client.cards(unprefetched(REQUEST))) == outcome_of(gathered())
    with site(REQUEST, diagnosticReports=gone):
        assert outcome_of(client.cards(unprefetched(REQUEST))) == outcome_of(prefetched("diagnosticReports", OUTCOME))


# --- pages ------------------------------------------------------------------------------------------------------------

NEXT_PAGES = {
    "an absolute link": f"{BASE}?_getpages=7f&_getpagesoffset=200",
    "a link below the base": f"{BASE}/Observation/_search?page=2",
    "the default port": "https://ehr.example.org:443/fhir?page=2",
    "a relative link": "Observation?page=2",
    "a link that is only a query": "?page=2",
    "a link from the root": "/fhir/Observation?page=2",
    "a link with signs to escape": f"{BASE}?code=http://loinc.org|1989-3,x&page=%7B2%7D",
}


@pytest.mark.parametrize("link", NEXT_PAGES.values(), ids=NEXT_PAGES)
def test_a_next_page_on_the_same_base_is_followed(link):
    def paged(search, network):
        search.answer(network, json=bundle(search, entry=[], link=[{"relation": "next", "url": link}], total=1))
        network.get(re.compile(r"https://ehr\.example\.org(:443)?/fhir.*"), json=bundle(search, total=1))

    request = unprefetched(REQUEST, "vitaminD")
    with responses.RequestsMock() as network:
        paged(next(search for search in SEARCHES if search.key == "vitaminD"), network)
        cards = SITE_EHR.cards(request)
        assert [call.request.headers["Authorization"] for call in network.calls] == [f"Bearer {BEARER}"] * 2
    assert outcome_of(cards) == outcome_of(gathered())


@pytest.mark.parametrize("links", [[], None, "x", {}, [None], [{"relation": "self", "url": 12}]], ids=repr)
def test_links_that_are_none_lead_nowhere(links):
    no_links = lambda search, network: search.answer(network, json=bundle(search, link=links))  # noqa: E731
    assert outcome_of(gathered(vitaminD=no_links)) == outcome_of(gathered())


def test_a_loop_of_pages_ends():
    def loops(search, network):
        page = bundle(search, link=[{"relation": "next", "url": f"{BASE}?page=2"}], total=None)
        search.answer(network, json=page)
        network.get(f"{BASE}?page=2", json=page)

    with site(REQUEST, vitaminD=loops) as network:
        cards = SITE_EHR.cards(unprefetched(REQUEST, "vitaminD"))
        assert len(network.calls) == MOST_PAGES
    assert outcome_of(cards) == outcome_of(prefetched("vitaminD", OUTCOME))
    assert "more pages than are followed" in said(cards)


def test_a_page_that_fails_makes_the_whole_query_unavailable():
    def second_fails(search, network):
        search.answer(network, json=bundle(search, link=[{"relation": "next", "url": f"{BASE}?page=2"}]))
        network.get(f"{BASE}?page=2", status=500)

    assert outcome_of(gathered(vitaminD=second_fails)) == outcome_of(prefetched("vitaminD", OUTCOME))


def test_included_resources_do_not_count_as_results():
    def includes(search, network):
        included = {"search": {"mode": "include"}, "resource": {"resourceType": "Practitioner", "id": "1"}}
        search.answer(network, json=bundle(search, entry=[*search.found["entry"], included]))

    assert outcome_of(gathered(vitaminD=includes)) == outcome_of(gathered())


def test_a_prefetch_that_has_more_pages_is_asked_for_again():
    request = unprefetched(REQUEST, "vitaminD")
    request["prefetch"]["vitaminD"] = REQUEST["prefetch"]["vitaminD"] | {
        "entry": [],
        "link": [{"relation": "next", "url": f"{BASE}?page=2"}],
    }
    with site(REQUEST) as network:
        cards = SITE_EHR.cards(request)
        assert [call.request.url for call in network.calls] == [f"{BASE}/Observation/_search"]
    assert outcome_of(cards) == outcome_of(gathered())


# --- medications behind references ------------------------------------------------------------------------------------

MEDICATION_TYPE = {"resourceType": "Medication"}
ATC_DENOSUMAB = {"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BX04"}]}
ATC_PARACETAMOL = {"coding": [{"system": "http://www.whocc.no/atc", "code": "N02BE01"}]}


def mixed_of(*ids):
    return {"ingredient": [{"itemReference": {"reference": f"Medication/{one}"}} for one in ids]}


def pharmacy(network, medications):
    """The Medications of the FHIR server, by `_id`."""

    def search(request):
        form = dict(pair.split("=") for pair in request.body.split("&"))
        assert set(form) == {"_id", "_count"}
        ids = requests.utils.unquote(form["_id"]).split(",")
        found = [{"resource": MEDICATION_TYPE | {"id": one} | medications[one]} for one in ids if one in medications]
        return 200, {}, json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": found})

    network.add_callback(responses.POST, f"{BASE}/Medication/_search", callback=search)


def ordered_by_reference(reference="Medication/m1"):
    request = copy.deepcopy(REQUEST) | {
        "fhirServer": BASE,
        "fhirAuthorization": unprefetched(REQUEST)["fhirAuthorization"],
    }
    del draft(request)["medicationCodeableConcept"]
    draft(request)["medicationReference"] = {"reference": reference}
    return request


def ordered(medications, reference="Medication/m1"):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        pharmacy(network, medications)
        return SITE_EHR.cards(ordered_by_reference(reference)), len(network.calls)


def test_the_medication_of_a_draft_is_looked_up():
    cards, calls = ordered({"m1": {"code": ATC_DENOSUMAB}})
    assert outcome_of(cards) == outcome_of(SITE_EHR.cards(REQUEST))
    assert calls == 1


@pytest.mark.parametrize(("held", "calls"), [(["z"], 1), (["z"] * 3, 1), ([f"z{n}" for n in range(49)] + ["z"], 1)])
def test_an_order_that_a_container_refers_to_is_looked_up(held, calls):
    request = ordered_by_reference()
    order = draft(REQUEST) | {"id": "z"}
    actions = [{"resource": {"reference": f"MedicationRequest/{one}"}} for one in held]
    group = {"resourceType": "RequestGroup", "id": "group", "action": actions}
    request["context"]["draftOrders"]["entry"] = [{"resource": group}]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        found = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": order}]}
        network.post(f"{BASE}/MedicationRequest/_search", json=found)
        cards = SITE_EHR.cards(request)
        assert len(network.calls) == calls
    assert set(rules(SITE_EHR.cards(REQUEST))) <= set(rules(cards))
    assert ("not-identified" in topics(cards)) == (len(set(held)) > 1)


def test_an_irrelevant_medication_of_a_draft_needs_no_other_call():
    assert ordered({"m1": {"code": ATC_PARACETAMOL}}) == ([], 1)


def test_a_medication_that_is_not_there_leaves_the_order_unidentified():
    cards, calls = ordered({})
    assert topics(cards) == ["not-identified"]
    assert "the medication could not be looked up" in cards[0]["detail"]
    assert "Medication/m1" in technical(cards[0])
    assert calls == 1


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_search_for_medications_that_fails_leaves_the_order_unidentified(status):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        network.post(f"{BASE}/Medication/_search", status=status)
        network.get(f"{BASE}/Medication", status=status)
        assert topics(SITE_EHR.cards(ordered_by_reference())) == ["not-identified"]


def test_the_ingredients_of_a_mix_are_looked_up():
    cards, calls = ordered({"m1": mixed_of("m2"), "m2": mixed_of("m3"), "m3": {"code": ATC_DENOSUMAB}})
    assert outcome_of(cards) == outcome_of(SITE_EHR.cards(REQUEST))
    assert calls == 3


def test_mixes_that_go_round_in_a_circle_end():
    cards, calls = ordered({"m1": mixed_of("m2"), "m2": mixed_of("m1", "m2")})
    assert topics(cards) == ["not-identified"]
    assert calls == 2


def test_mixes_without_end_are_followed_only_so_far():
    cards, calls = ordered({f"m{number}": mixed_of(f"m{number + 1}") for number in range(1, 100)})
    assert topics(cards) == ["not-identified"]
    assert calls <= 5


def taken_by_reference(count):
    """The record with so many medications behind references, each its own."""
    request = copy.deepcopy(REQUEST)
    given = [
        {
            "resource": {
                "resourceType": "MedicationStatement",
                "id": f"s{number}",
                "status": "active",
                "subject": {"reference": f"Patient/{PATIENT}"},
                "medicationReference": {"reference": f"Medication/m{number}"},
                "effectiveDateTime": "2026-03-01",
            }
        }
        for number in range(count)
    ]
    request["prefetch"]["medicationStatements"] |= {"entry": given, "total": count}
    return request | {"fhirServer": BASE, "fhirAuthorization": unprefetched(REQUEST)["fhirAuthorization"]}


def test_the_medications_of_a_record_are_looked_up_in_few_searches():
    with responses.RequestsMock() as network:
        pharmacy(network, {f"m{number}": {"code": ATC_PARACETAMOL} for number in range(120)})
        cards = SITE_EHR.cards(taken_by_reference(120))
        assert len(network.calls) == 3
    assert rules(cards, "unchecked") == rules(SITE_EHR.cards(REQUEST), "unchecked")


def test_a_medication_of_the_record_that_is_not_there_makes_the_history_unavailable():
    with responses.RequestsMock() as network:
        pharmacy(network, {})
        cards = SITE_EHR.cards(taken_by_reference(1))
    assert "supplementation-missing" in rules(cards, "unchecked")
    assert "supplementation-missing" not in rules(cards)


# --- tokens and limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ANYWHERE.values(), ids=ANYWHERE)
def test_no_error_of_the_client_holds_the_token_or_the_patient(fault):
    read = next(search for search in SEARCHES if search.is_read)
    bulkhead = Outbound(new_session, 1).bulkhead(Base(BASE, BASE))
    assert bulkhead is not None
    server = FhirServer(BASE, new_session(), bulkhead, float("inf"), FhirAuthorization(BEARER))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        fault(read, network)
        try:
            server.read(f"Patient/{PATIENT}")
        except FhirProblem as problem:
            shown = "".join(traceback.format_exception(problem))
            assert BEARER not in shown
            assert PATIENT not in shown
    assert BEARER not in repr(server)


def test_an_answer_that_is_too_large_is_not_read():
    with responses.RequestsMock() as network:
        network.post(f"{BASE}/Observation/_search", body=b'{"x": "' + b"x" * 30_000_000 + b'"}')
        cards = SITE_EHR.cards(unprefetched(REQUEST, "vitaminD"))
    assert outcome_of(cards) == outcome_of(prefetched("vitaminD", OUTCOME))
    assert "too large" in said(cards)


@pytest.mark.parametrize(
    ("patient_id", "asked"), [("a,b", "Patient/a\\,b"), ("a|b", "Patient/a\\|b"), ("a$b", "Patient/a\\$b")]
)
def test_an_id_cannot_widen_a_search(patient_id, asked):
    request = json.loads(json.dumps(unprefetched(REQUEST, "conditions")).replace(PATIENT, patient_id))
    with responses.RequestsMock() as network:
        form = matchers.urlencoded_params_matcher({"patient": asked, "_count": "200"})
        network.post(f"{BASE}/Condition/_search", match=[form], json={"resourceType": "Bundle", "entry": []})
        SITE_EHR.cards(request)


def test_an_id_cannot_leave_the_path_of_a_read():
    request = json.loads(json.dumps(unprefetched(REQUEST, "patient")).replace(PATIENT, "x#y z"))
    with responses.RequestsMock() as network:
        network.get(f"{BASE}/Patient/x%23y%20z", json={"resourceType": "Patient", "id": "x#y z"})
        SITE_EHR.cards(request)


ANSWERS = st.fixed_dictionaries(
    {"resourceType": st.just("Bundle")},
    optional={
        "total": GARBAGE,
        "entry": st.lists(
            st.fixed_dictionaries({}, optional={"resource": GARBAGE, "fullUrl": GARBAGE, "search": GARBAGE})
        )
        | GARBAGE,
        "link": st.lists(st.fixed_dictionaries({"relation": st.just("next") | GARBAGE}, optional={"url": GARBAGE}))
        | GARBAGE,
    },
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(answer=ANSWERS | GARBAGE, status=st.sampled_from([200, 200, 200, 201, 299, 300, 400, 418, 500, 599]))
def test_no_garbage_of_a_fhir_server_is_a_defect(answer, status):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        network.post(f"{BASE}/Observation/_search", json=answer, status=status)
        network.get(f"{BASE}/Patient/{PATIENT}", json=answer, status=status)
        found = SITE_EHR.fire(unprefetched(REQUEST, "vitaminD", "patient"))
    assert found.status_code == 200
    assert "defect of the service" not in found.get_data(as_text=True)


def test_the_tests_of_this_file_look_at_a_site_that_answers():
    with site(REQUEST, vitaminD=holds) as network:
        SITE_EHR.cards(unprefetched(denosumab(), "vitaminD"))
        assert len(network.calls) == 1


# --- the stays of diagnoses -------------------------------------------------------------------------------------------

OF_A_STAY = [{"coding": [{"code": "encounter-diagnosis"}]}]


def coded_for_a_stay(code, place=0, **members):
    return {
        "resourceType": "Condition",
        "id": f"coded-{place}",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "category": OF_A_STAY,
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]},
        "encounter": {"reference": f"Encounter/stay-{place}"},
        **members,
    }


def with_stays(conditions, entries):
    """The cards of a radiotherapy order, and the calls; everything is prefetched but the encounters."""
    asked = request_for({"order": {"act": "radiotherapy", "site": "lumbar spine"}}) | {"fhirServer": BASE}
    asked["prefetch"]["conditions"]["entry"] += [{"resource": one} for one in conditions]
    del asked["prefetch"]["conditions"]["total"]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        answer = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in entries]}
        network.post(f"{BASE}/Encounter/_search", json=answer)
        return SITE_EHR.cards(asked), len(network.calls)


def stay(start, end):
    period = {"start": start, "end": end}
    subject = {"reference": f"Patient/{PATIENT}"}
    return {"resourceType": "Encounter", "id": "stay-0", "status": "finished", "subject": subject, "period": period}


@pytest.mark.parametrize(
    ("entries", "fires", "unchecked"),
    [
        ([stay("2026-03-20", "2026-03-28")], True, False),
        ([stay("2023-02-01", "2023-02-09")], False, False),
        ([], False, True),
    ],
    ids=["recent", "old", "not found"],
)
def test_the_stay_of_a_diagnosis_is_looked_up(entries, fires, unchecked):
    cards, calls = with_stays([coded_for_a_stay("G95.2")], entries)
    assert calls == 1
    assert ("spinal-cord-compression" in rules(cards)) == fires
    assert ("spinal-cord-compression" in rules(cards, "unchecked")) == unchecked


@pytest.mark.parametrize(
    "condition",
    [
        coded_for_a_stay("G95.2", recordedDate="2026-03-01"),
        coded_for_a_stay("G95.2", category=None),
        coded_for_a_stay("G95.2", encounter=None),
        coded_for_a_stay("Z99.9"),
        coded_for_a_stay("G95.2", clinicalStatus={"coding": [{"code": "resolved"}]}),
        coded_for_a_stay("G95.2", verificationStatus={"coding": [{"code": "refuted"}]}),
    ],
    ids=["dated", "a problem", "no encounter", "none of ours", "resolved", "refuted"],
)
def test_a_stay_that_dates_nothing_is_not_looked_up(condition):
    assert with_stays([condition], [])[1] == 0


def test_the_stays_of_many_diagnoses_are_looked_up_in_few_searches():
    assert with_stays([coded_for_a_stay("G95.2", place) for place in range(1000)], [])[1] == 4
