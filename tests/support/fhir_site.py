"""A FHIR server for faults that a real one does not produce on demand: it answers the published searches and no other.

It holds what a request's prefetch holds. Each search is matched strictly: method, address, parameters, token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import responses
from responses import matchers
from support.ehr import BEARER, Ehr, authorization, ehr
from support.scenario import PATIENT

BASE = "https://ehr.example.org/fhir"
ACCEPT = "application/fhir+json, application/json;q=0.9"


@dataclass(frozen=True)
class Search:
    """One prefetch template as the call that the service makes of it, and what the site holds for it."""

    key: str
    template: str
    found: Any

    @property
    def resource_type(self) -> str:
        return self.template.partition("?")[0].partition("/")[0]

    @property
    def is_read(self) -> bool:
        return "?" not in self.template

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.template.partition("?")[2].replace("{{context.patientId}}", PATIENT)))

    @property
    def url(self) -> str:
        return f"{BASE}/Patient/{PATIENT}" if self.is_read else f"{BASE}/{self.resource_type}"

    def answer(self, network: responses.RequestsMock, **reply: Any) -> None:
        """Answer the call that is made first: the read, or the search by POST."""
        if self.is_read:
            network.get(self.url, match=[_headers()], **reply)
        else:
            form = matchers.urlencoded_params_matcher(self.parameters)
            network.post(f"{self.url}/_search", match=[form, _headers()], **reply)

    def answer_get(self, network: responses.RequestsMock, **reply: Any) -> None:
        """Answer the search by GET."""
        network.get(self.url, match=[matchers.query_param_matcher(self.parameters), _headers()], **reply)


Fault = Callable[[Search, responses.RequestsMock], None]


def _headers() -> Any:
    return matchers.header_matcher({"Authorization": f"Bearer {BEARER}", "Accept": ACCEPT})


@contextmanager
def site(request: Mapping[str, Any], **faults: Fault) -> Iterator[responses.RequestsMock]:
    """The site that holds the request's prefetch, with these faults by prefetch key."""
    templates = published(request["hook"])
    assert set(faults) <= set(templates)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as network:
        searches = [Search(key, template, request["prefetch"][key]) for key, template in templates.items()]
        for search in searches:
            faults.get(search.key, holds)(search, network)
        sound = [one for one in searches if one.resource_type == "Observation" and one.key not in faults]
        network.add_callback("POST", f"{BASE}/Observation/_search", lambda asked: _several(asked, sound))
        yield network
        for call in network.calls:
            assert str(call.request.url).startswith((f"{BASE}/", f"{BASE}?"))
            assert call.request.headers["Authorization"] == f"Bearer {BEARER}"


def _several(asked: Any, searches: list[Search]) -> tuple[int, dict[str, str], str]:
    """What the site holds for one search of the codes of several; where one of them has a fault it is to be asked apart."""
    assert asked.headers["Accept"] == ACCEPT
    parameters = dict(parse_qsl(asked.body))
    codes = set(parameters.pop("combo-code", parameters.pop("code", "")).split(","))
    meant = [search for search in searches if set(search.parameters["combo-code"].split(",")) <= codes]
    held = {code for search in meant for code in search.parameters["combo-code"].split(",")}
    if len(meant) < 2 or codes != held or parameters != others_of(meant[0]):
        return 404, {}, ""
    entries = [entry for search in meant for entry in search.found["entry"]]
    return 200, {}, json.dumps({"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries})


def others_of(search: Search) -> dict[str, str]:
    return {name: value for name, value in search.parameters.items() if name != "combo-code"}


def holds(search: Search, network: responses.RequestsMock) -> None:
    search.answer(network, json=search.found)


@cache
def published(hook: str) -> dict[str, str]:
    services = SITE_EHR.get("/cds-services").get_json()["services"]
    templates: dict[str, str] = next(one["prefetch"] for one in services if one["hook"] == hook)
    return templates


def unprefetched(request: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The request with these keys (all, where none is named) left to the FHIR server."""
    left = {key: value for key, value in request["prefetch"].items() if keys and key not in keys}
    return {
        **json.loads(json.dumps(request)),
        "prefetch": left,
        "fhirServer": BASE,
        "fhirAuthorization": authorization(),
    }


SITE_EHR: Ehr = ehr(fhir_bases=(BASE,))
