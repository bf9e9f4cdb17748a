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
        holds(_observations([search for search in searches if search.resource_type == "Observation"]), network)
        yield network
        for call in network.calls:
            assert str(call.request.url).startswith((f"{BASE}/", f"{BASE}?"))
            assert call.request.headers["Authorization"] == f"Bearer {BEARER}"


def _observations(searches: list[Search]) -> Search:
    """The one search for all Observations that the service makes where none was prefetched, and what the site holds for it."""
    codes = dict.fromkeys(code for one in searches for code in one.parameters["combo-code"].split(","))
    others = "&".join(f"{name}={value}" for name, value in searches[0].parameters.items() if name != "combo-code")
    entries = [entry for one in searches for entry in one.found["entry"]]
    found = {**searches[0].found, "entry": entries, "total": len(entries)}
    return Search("observations", f"Observation?combo-code={','.join(codes)}&{others}", found)


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
