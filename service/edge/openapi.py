"""OpenAPI of the endpoints, from the same schemas that validate what goes in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from cds_hooks import (
    DiscoverySchema,
    FeedbackRequestSchema,
    HookRequestSchema,
    HookResponseSchema,
    OperationOutcomeSchema,
)
from service.languages.render import Language, render
from service.ledger.receipts import MOST_PAGES
from service.rules.guideline import Guideline
from service.services import Service

_FHIR_JSON = "application/fhir+json"


def openapi(services: Mapping[str, Service], guidelines: Sequence[Guideline]) -> dict[str, Any]:
    """The OpenAPI 3 description of a running service."""
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
    service_id = {
        "in": "path",
        "name": "id",
        "required": True,
        "schema": {"type": "string", "enum": list(services)},
    }
    other = {"default": _error("Any other answer")}
    errors = {str(status): _error(text) for status, text in _ERRORS.items()} | other
    spec.path(
        "/cds-services",
        operations={
            "get": {"summary": "Discovery", "responses": {"200": _ok("The services", DiscoverySchema), **other}}
        },
    )
    spec.path(
        "/cds-services/{id}",
        parameters=[service_id],
        operations={
            "post": {
                "summary": "Call a hook",
                "requestBody": _body(HookRequestSchema),
                "responses": {
                    "200": _ok("Cards, possibly none", HookResponseSchema),
                    "412": _error("Nothing that is needed was prefetched, and there is no FHIR server to ask"),
                    **errors,
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
                "requestBody": _body(FeedbackRequestSchema),
                "responses": {"200": {"description": "Stored"}, **errors},
            }
        },
    )
    spec.path(
        "/calendar",
        operations={
            "post": {
                "summary": "The calendar of the patient, and the days of what is ordered, as a page",
                "requestBody": _body(HookRequestSchema),
                "responses": {"200": {"description": "A page"}, **errors},
            }
        },
    )
    hook_instance = {"in": "path", "name": "hookInstance", "required": True, "schema": {"type": "string"}}
    spec.path(
        "/calendar/{hookInstance}",
        parameters=[hook_instance],
        operations={
            "get": {
                "summary": "The same of a request that the ledger keeps, as of then",
                "responses": {"200": {"description": "A page"}, **errors},
            }
        },
    )
    spec.path(
        "/receipts/{hookInstance}",
        parameters=[
            {"in": "path", "name": "hookInstance", "required": True, "schema": {"type": "string"}},
            {"in": "query", "name": "page", "schema": {"type": "integer", "minimum": 1, "maximum": MOST_PAGES}},
        ],
        operations={
            "get": {
                "summary": "The receipt of what the client was answered to a hookInstance",
                "responses": {
                    "200": {
                        "description": "The answers of a page; signed where the site has a key",
                        "content": {"application/json": {"schema": _RECEIPT}},
                    },
                    **{str(status): errors[str(status)] for status in (400, 401, 503)},
                    "404": _error(
                        "No answer of this hookInstance to this client is in the ledger, or none on this page"
                    ),
                    **other,
                },
            }
        },
    )
    for path, summary in _PLAIN.items():
        responses = {"200": {"description": summary}, **other}
        spec.path(path, operations={"get": {"summary": summary, "responses": responses}})
    return dict(spec.to_dict())


_ERRORS = {
    400: "The body is not a request of this kind; the OperationOutcome names the place",
    401: "A valid token of a registered client is needed",
    403: "The service is not one of those listed for the client",
    404: "No such service",
    413: "The body is too large, or holds too many items",
    415: "The body is not said to be JSON",
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


def _body(schema: type) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {_FHIR_JSON: {"schema": OperationOutcomeSchema}}}
