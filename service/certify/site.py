"""What is certified, and by what: the running service, its FHIR bases, the keys and tokens of who certifies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson

from cds_hooks import FhirAuthorization
from service.certify.calls import Answer, Calls
from service.certify.tokens import Tokens
from service.demo.scenario import context_of
from service.edge.authentication import REQUEST_ID
from service.edge.clients import LOOPBACK
from service.gathering.fhir_server import FhirServer, open_server
from service.guidelines import GUIDELINES
from service.services import Service, published
from service.settings import Settings
from service.world import World

FHIR_JSON = "application/fhir+json"
NOBODY = "osteocds-certify-nobody"
"""The patient of requests that ask for nobody's record."""

EARLY_SECONDS = 60
"""By which a token comes too early, where it does: whatever the clocks."""


@dataclass(frozen=True)
class Site:
    """One installation. `tokens` are of a client of the registry, where there are keys; `fhir_token` is for the one base.

    `patients` are logical ids that somebody named; so many as `sample` are looked for where none are.
    """

    url: str
    settings: Settings
    world: World
    calls: Calls
    now: datetime
    bases: tuple[str, ...]
    tokens: Tokens | None = None
    fhir_token: str = ""
    patients: tuple[str, ...] = ()
    sample: int = 10
    write: bool = False

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """What these settings publish."""
        return published(GUIDELINES, split=self.settings.split_services, terminology=self.world.terminology)

    # --- the service --------------------------------------------------------------------------------------------------

    def get(self, path: str, *, language: str = "", bearer: str = "", anew: bool = False) -> Answer:
        """Read a page of the service."""
        headers = {"Accept": "application/json"}
        if language:
            headers["Accept-Language"] = language
        return self.calls.ask("GET", f"{self.url}{path}", headers=headers | _bearer(bearer), anew=anew)

    def page(self, path: str, *, language: str = "", anew: bool = False) -> Answer:
        """The same, with a token where pages need one."""
        answer = self.get(path, language=language, anew=anew)
        if answer.status == UNAUTHENTICATED and self.tokens is not None:
            return self.get(path, language=language, bearer=self.token(path), anew=anew)
        return answer

    def fire(
        self, service: Service, request: Mapping[str, Any], bearer: str, *, anew: bool = False, request_id: str = ""
    ) -> Answer:
        """Call a hook; with a `request_id` as if a balancer had named the request."""
        return self.post(service.id, orjson.dumps(request), bearer, anew=anew, request_id=request_id)

    def post(self, service_id: str, body: bytes, bearer: str, *, anew: bool = False, request_id: str = "") -> Answer:
        """Send a body to a service."""
        sent = {"Content-Type": "application/json", "Accept-Language": "en"} | _bearer(bearer)
        if request_id:
            sent[REQUEST_ID] = request_id
        return self.calls.ask("POST", f"{self.url}/cds-services/{service_id}", headers=sent, body=body, anew=anew)

    @property
    def fresh(self) -> Tokens | None:
        """The tokens of this moment."""
        return self.tokens and replace(self.tokens, moment=int(time.time()), early=EARLY_SECONDS)

    def token(self, path: str = "") -> str:
        """One that holds, for one call; empty where there are no keys."""
        tokens = self.fresh
        if tokens is None:
            return ""
        audience = f"{tokens.public_url}{path}" if path else tokens.public_url
        return tokens.token(number=str(uuid4()), aud=audience)

    @cached_property
    def asked(self) -> Service:
        """The service that is asked about nobody: one about orders, where there is one."""
        return next(
            (one for one in self.services.values() if one.hook.is_about_orders), next(iter(self.services.values()))
        )

    def about_nobody(self) -> dict[str, Any]:
        """A request that is sound and about nothing: no order, no record."""
        return request_of(self.asked, NOBODY, [])

    # --- the FHIR servers ---------------------------------------------------------------------------------------------

    def ask_fhir(self, base: str, path: str, *, with_token: bool = True) -> Answer:
        """Read from a FHIR server, below its base."""
        return self.follow_fhir(f"{base.rstrip('/')}/{path}", with_token=with_token)

    def follow_fhir(self, url: str, *, with_token: bool = True) -> Answer:
        """Read from an address that lies below a base."""
        headers = {"Accept": f"{FHIR_JSON}, application/json;q=0.9"}
        return self.calls.ask("GET", url, headers=headers | _bearer(self.fhir_token if with_token else ""))

    def send_fhir(self, base: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Write to a FHIR server."""
        url = f"{base.rstrip('/')}/{path}" if path else base.rstrip("/")
        headers = {"Accept": FHIR_JSON, "Content-Type": FHIR_JSON} | _bearer(self.fhir_token)
        return self.calls.ask(method, url, headers=headers, body=None if body is None else orjson.dumps(body))

    def server(self, base: str, patient: str, seconds: float) -> FhirServer:
        """The base as the service itself would ask it. Raises `FhirProblem`."""
        return open_server(
            base,
            self.world.allowlist,
            self.world.outbound,
            min(seconds, self.calls.seconds_left),
            patient_id=patient,
            authorization=FhirAuthorization(self.fhir_token) if self.fhir_token else None,
        )


UNAUTHENTICATED = 401


def request_of(service: Service, patient: str, drafts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The request of a hook, without prefetch and server."""
    context = context_of(service.hook, patient, drafts, drafts)
    return {"hook": service.hook.value, "hookInstance": str(uuid4()), "context": context}


def is_safe(url: str) -> bool:
    """It is https, or leads to this machine."""
    parsed = urlsplit(url)
    return parsed.scheme == "https" or parsed.hostname in LOOPBACK


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
