"""OpenAPI of the endpoints, from the same schemas that validate what goes in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid5

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from cds_hooks import (
    DiscoverySchema,
    FeedbackRequestSchema,
    HookRequestSchema,
    HookResponseSchema,
    OperationOutcomeSchema,
)
from service.demo.scenario import HOOK_INSTANCE, told_request, with_prefetch, without_empty_answers
from service.languages.render import Language, render
from service.ledger.receipts import MOST_PAGES
from service.rules.guideline import DemoPatient, Guideline, terminology_of
from service.services import Service

HOOKS, STATE = "CDS Hooks", "State"
"""What the endpoints are grouped under."""

_FHIR_JSON = "application/fhir+json"


def openapi(services: Mapping[str, Service], guidelines: Sequence[Guideline], today: date) -> dict[str, Any]:
    """The OpenAPI 3 description of a running service, with examples about invented patients as of a day."""
    about = "; ".join(render(guideline.about, Language.ENGLISH) for guideline in guidelines)
    spec = APISpec(
        title="OsteoCDS",
        version=version("osteocds"),
        openapi_version="3.0.3",
        plugins=[MarshmallowPlugin()],
        info={
            "description": f"CDS Hooks 2.0.1 service. {about}. Decision support for professionals, not a validated "
            "medical device.",
            "license": {"name": "Apache-2.0"},
        },
    )
    requests = _requests(services, today)
    _add_client(spec)
    _add_hooks(spec, services, requests)
    _add_calendar_and_receipts(spec, requests)
    for path, summary in _PLAIN.items():
        responses = {"200": {"description": summary}, "default": _any_other()}
        spec.path(path, operations={"get": {"summary": summary, "tags": [STATE], "responses": responses}})
    return dict(spec.to_dict())


def _add_client(spec: APISpec) -> None:
    """How a client says who it is."""
    spec.components.security_scheme(
        "client",
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The token of a registered client (CDS Hooks 2.0.1, «Trusting CDS Clients»), for one call",
        },
    )


def _add_hooks(spec: APISpec, services: Mapping[str, Service], requests: Mapping[str, dict[str, Any]]) -> None:
    """Discovery, the hooks, and feedback on their cards."""
    service_id: dict[str, Any] = {
        "in": "path",
        "name": "id",
        "required": True,
        "schema": {"type": "string", "enum": list(services)},
    }
    if requests:
        service_id["example"] = next(iter(requests))
    spec.path(
        "/cds-services",
        operations={
            "get": {
                "summary": "Discovery",
                "tags": [HOOKS],
                "responses": {"200": _ok("The services", DiscoverySchema), "default": _any_other()},
            }
        },
    )
    spec.path(
        "/cds-services/{id}",
        parameters=[service_id],
        operations={
            "post": {
                "summary": "Call a hook",
                "tags": [HOOKS],
                "security": _OF_A_CLIENT,
                "requestBody": _body(HookRequestSchema, requests),
                "responses": {
                    "200": _ok("Cards, possibly none", HookResponseSchema),
                    "412": _error("Nothing that is needed was prefetched, and there is no FHIR server to ask"),
                    **_errors(),
                },
            }
        },
    )
    spec.path(
        "/cds-services/{id}/feedback",
        parameters=[service_id],
        operations={
            "post": {
                "summary": "Feedback on cards",
                "tags": [HOOKS],
                "security": _OF_A_CLIENT,
                "requestBody": _body(FeedbackRequestSchema, {"overridden": _FEEDBACK}),
                "responses": {"200": {"description": "Stored"}, **_errors()},
            }
        },
    )


def _add_calendar_and_receipts(spec: APISpec, requests: Mapping[str, dict[str, Any]]) -> None:
    """What is shown of a request, and of an answer that was given."""
    spec.path(
        "/calendar",
        operations={
            "post": {
                "tags": [HOOKS],
                "summary": "The calendar of the patient, and the days of what is ordered, as a page",
                "requestBody": _body(HookRequestSchema, requests),
                "responses": {"200": {"description": "A page"}, **_errors()},
            }
        },
    )
    of_an_example = next((told["value"]["hookInstance"] for told in requests.values()), "")
    hook_instance = {
        "in": "path",
        "name": "hookInstance",
        "required": True,
        "schema": {"type": "string"},
        "description": "That of a request which was answered a moment ago",
        "example": of_an_example,
    }
    spec.path(
        "/calendar/{hookInstance}",
        parameters=[hook_instance],
        operations={
            "get": {
                "tags": [HOOKS],
                "summary": "The same of a request that the ledger keeps, as of then",
                "responses": {"200": {"description": "A page"}, **_errors()},
            }
        },
    )
    spec.path(
        "/receipts/{hookInstance}",
        parameters=[
            hook_instance,
            {"in": "query", "name": "page", "schema": {"type": "integer", "minimum": 1, "maximum": MOST_PAGES}},
        ],
        operations={
            "get": {
                "tags": [HOOKS],
                "summary": "The receipt of what the client was answered to a hookInstance",
                "responses": {
                    "200": {
                        "description": "The answers of a page, signed where the site has a key; a page in a browser",
                        "content": {"application/json": {"schema": _RECEIPT}, "text/html": {}},
                    },
                    "404": _error(
                        "No answer of this hookInstance to this client is in the ledger, or none on this page"
                    ),
                    **_errors(400, 401, 503),
                },
            }
        },
    )


_ERRORS = {
    400: "The body is not a request of this kind; the OperationOutcome names the place",
    401: "A valid token of a registered client is needed",
    403: "The service is not one of those listed for the client",
    404: "No such service",
    413: "The body is too large, or holds too many items",
    415: "The body is not said to be JSON, or is compressed",
    503: "The service is busy, or its database cannot be used",
}
_PLAIN = {
    "/health/live": "The process runs",
    "/health/ready": "The service can answer",
    "/openapi.json": "This description",
    "/metrics": "Prometheus metrics",
    "/jwks.json": "The public keys (JWKS) of the signatures of receipts",
    "/watch": "What became of the rules, week by week: a page; ?weeks= as many",
    "/watch/rules.csv": "The same as CSV, a line a rule and week",
    "/watch/feedback.csv": "Each feedback as CSV (45 CFR 170.315(b)(11))",
}


_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_MOMENT = {"type": "string", "format": "date-time"}


def _rows(*required: str, **others: dict[str, Any]) -> dict[str, Any]:
    """Rows of texts; `others` have another type, or may be missing."""
    return {"type": "array", "items": _members(*required, **others)}


def _members(*required: str, **others: dict[str, Any]) -> dict[str, Any]:
    properties = {**dict.fromkeys(required, _TEXT), **others}
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


_TEXTS = {"type": "array", "items": _TEXT}
_ANSWER = _members(
    *("service", "hook", "guideline", "language", "asOf"),
    number={"type": "integer", "minimum": 1},
    client=_TEXT,
    patient=_TEXT,
    receivedAt=_MOMENT,
    answeredAt=_MOMENT,
    tookMs=_COUNT,
    publicUrl=_TEXT,
    fhirCalls=_COUNT,
    versions=_members("osteocds", "rules"),
    fingerprints=_members("request", "rules", "valueSets", "settings", "cards"),
    requestKept={"type": "boolean"},
    factsKept={"type": "boolean"},
    notTriggered=_TEXTS,
    leftOut=_members(cards=_COUNT, rules=_COUNT, facts=_COUNT),
    cards=_rows(
        *("uuid", "topic", "indicator", "fingerprint"),
        orderKind=_TEXT,
        advises=_TEXTS,
        unchecked=_TEXTS,
        notShown=_TEXTS,
    ),
    rules=_rows(
        *("rule", "outcome"),
        orderIndex=_COUNT,
        orderKind=_TEXT,
        indicator=_TEXT,
        condition=_TEXT,
        missing=_rows("fact", why=_TEXTS),
        error=_TEXT,
    ),
    facts=_rows("rule", "fact", resource=_TEXT, value=_TEXT, unit=_TEXT, date=_TEXT),
)
_RECEIPT = _members(
    signature={
        "type": "string",
        "description": "JWS (ES384) of the receipt as RFC 8785 writes it, detached (RFC 7515, F)",
    },
    receipt=_members(
        "hookInstance",
        issued=_MOMENT,
        page={"type": "integer", "minimum": 1},
        next={"type": "integer", "description": "The page that follows"},
        answers={"type": "array", "items": _ANSWER},
    ),
)


def _ok(description: str, schema: type) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _body(schema: type, examples: Mapping[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if examples:
        content["examples"] = dict(examples)
    return {"required": True, "content": {"application/json": content}}


_OF_A_CLIENT: list[dict[str, list[str]]] = [{"client": []}, {}]
"""Without a token too, where the service is open to anybody."""

_FEEDBACK = {
    "summary": "A card was overridden",
    "value": {
        "feedback": [
            {
                "card": HOOK_INSTANCE,
                "outcome": "overridden",
                "outcomeTimestamp": "2026-03-30T20:15:00Z",
                "overrideReason": {"userComment": "discussed with the dentist"},
            }
        ]
    },
}


def _requests(services: Mapping[str, Service], today: date) -> dict[str, dict[str, Any]]:
    """For each hook of each guideline a whole request, by the id of the first service that answers it."""
    examples: dict[str, dict[str, Any]] = {}
    told = set()
    for service in services.values():
        patient = _patient(service)
        if patient is not None and (service.guideline.id, service.hook) not in told:
            told.add((service.guideline.id, service.hook))
            examples[service.id] = {"summary": service.id, "value": _request(service, patient, today)}
    return examples


def _patient(service: Service) -> DemoPatient | None:
    """The first patient of the demo for whom the hook is fired: with orders, or with none."""
    about_orders = service.hook.is_about_orders
    return next((one for one in service.guideline.demo_patients if bool(one.orders) is about_orders), None)


def _request(service: Service, patient: DemoPatient, today: date) -> dict[str, Any]:
    told = {"record": patient.record, "orders": list(patient.orders), "only": True}
    record, request = told_request(
        told, today, {}, patient=patient.id, hook=service.hook.value, terminology=terminology_of([service.guideline])
    )
    # A hook that fires has an id of its own: under one of several patients nothing is drawn.
    request["hookInstance"] = str(uuid5(UUID(HOOK_INSTANCE), service.id))
    return without_empty_answers(with_prefetch(request, record, service, []))


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {_FHIR_JSON: {"schema": OperationOutcomeSchema}}}


def _any_other() -> dict[str, Any]:
    return _error("Any other answer")


def _errors(*statuses: int) -> dict[str, Any]:
    """Those of these statuses, of all where none is named. Made anew each time: apispec puts references into what it is given."""
    told = {str(status): _error(_ERRORS[status]) for status in statuses or _ERRORS}
    return told | {"default": _any_other()}
