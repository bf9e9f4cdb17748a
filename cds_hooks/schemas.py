"""Marshmallow schemas of everything on the wire: the validation in both directions, and the source of the OpenAPI.

What comes in is read leniently: unknown members are ignored, as the specification asks. What goes out is strict.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate, validates_schema

from cds_hooks.card import (
    ACTION_TYPES,
    END,
    INDICATORS,
    LINK_TYPES,
    LONGEST_SUMMARY,
    RELATIVE_REFERENCE,
    SELECTION_BEHAVIORS,
    UUID,
)

LONGEST_ID = 512
MOST_DRAFTS = 500
"""Entries of `draftOrders`: several times the longest order set, and few enough to be answered in seconds."""

MOST_FEEDBACK_ITEMS = 1000
"""Cards of one feedback request: a day's of a ward, where a client sends them together."""

ORDER_HOOKS = frozenset({"order-select", "order-sign"})

_FILLED = validate.Regexp(r"\s*\S", error="must not be blank")


class Identifier(fields.String):
    """A logical id. Real EHRs send numbers, 200 characters, or characters that FHIR forbids; all are taken."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return str(super()._deserialize(value, attr, data, **kwargs))


class UtcDateTime(fields.AwareDateTime):
    """A moment, in UTC; one without a zone is taken as UTC, which the specification asks for."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("iso", default_timezone=UTC, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        written = value.upper() if isinstance(value, str) else value  # RFC 3339 allows t and z
        try:
            return super()._deserialize(written, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error


class Lenient(Schema):
    """What comes in: unknown members are ignored."""

    class Meta:
        """Unknown members are ignored."""

        unknown = EXCLUDE


class Strict(Schema):
    """What goes out: nothing that the specification does not name."""

    class Meta:
        """Unknown members are errors."""

        unknown = RAISE


# --- in ---------------------------------------------------------------------------------------------------------------


class FhirAuthorizationSchema(Lenient):
    """`fhirAuthorization`: the bearer token for the FHIR server; only the token is needed to use it."""

    access_token = fields.String(
        required=True, validate=validate.Regexp(r"^[\x21-\x7e]+" + END, error="must be a bearer token: visible ASCII")
    )
    token_type = fields.Raw(allow_none=True)
    expires_in = fields.Raw(allow_none=True)
    scope = fields.Raw(allow_none=True)
    subject = fields.Raw(allow_none=True)
    patient = fields.Raw(allow_none=True)


class ContextSchema(Lenient):
    """`context` of `patient-view`, `order-select` and `order-sign`; the hook decides which members must be there."""

    patientId = Identifier(required=True, validate=[_FILLED, validate.Length(max=LONGEST_ID)])
    userId = fields.Raw(allow_none=True)
    encounterId = fields.Raw(allow_none=True)
    selections = fields.Raw(allow_none=True, metadata={"type": "array", "items": {"type": "string"}})
    draftOrders = fields.Raw(allow_none=True, metadata={"type": "object"})


class HookRequestSchema(Lenient):
    """The body of `POST /cds-services/{id}`."""

    hook = fields.String(required=True, validate=_FILLED)
    hookInstance = fields.String(required=True, validate=_FILLED)
    fhirServer = fields.Raw(allow_none=True, metadata={"type": "string", "format": "uri"})
    fhirAuthorization = fields.Nested(FhirAuthorizationSchema, allow_none=True)
    context = fields.Nested(ContextSchema, required=True)
    prefetch = fields.Dict(allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _context_fits_the_hook(self, request: Mapping[str, Any], **_: Any) -> None:
        """Order hooks need `draftOrders`, and `order-select` its `selections`."""
        context, hook = request["context"], request["hook"]
        problems: dict[str, list[str]] = {}
        if hook in ORDER_HOOKS and (problem := _not_drafts(context.get("draftOrders"))):
            problems["draftOrders"] = [problem]
        if hook == "order-select" and not _texts(context.get("selections")):
            problems["selections"] = ["required for order-select: an array of references, such as MedicationRequest/1"]
        if problems:
            raise ValidationError({"context": problems})


def _not_drafts(value: object) -> str:
    """What is wrong with `draftOrders`; the sandbox's Bundle without `type`, and one entry without its array, are taken."""
    if not isinstance(value, dict):
        return "required for this hook: a Bundle of the draft orders"
    if value.get("resourceType", "Bundle") != "Bundle":
        return "must be a Bundle, with each order as the resource of an entry"
    entries = value.get("entry")
    if entries is not None and not isinstance(entries, list | dict):
        return "its entry must be an array"
    if not entries and _holds_something(value):
        return "it has no entry, and holds something else: each order is the resource of an entry"
    if isinstance(entries, list) and len(entries) > MOST_DRAFTS:
        return f"more than {MOST_DRAFTS} entries: send the orders of one signing or selection"
    return ""


_OF_A_BUNDLE = frozenset({"meta", "identifier", "signature", "issues", "extension", "link", "text"})
"""Members of a Bundle that are objects or arrays and hold no order (HL7 FHIR 4.0.1 and 5.0.0)."""


def _holds_something(bundle: Mapping[str, Any]) -> bool:
    """Orders may stand in another place than its entries, or on another page: it says that there are some."""
    total, links = bundle.get("total"), bundle.get("link")
    if any(
        isinstance(one, dict) and one.get("relation") == "next" for one in (links if isinstance(links, list) else ())
    ):
        return True
    elsewhere = (
        held
        for name, held in bundle.items()
        if isinstance(held, list | dict) and name not in _OF_A_BUNDLE and not name.startswith("_")
    )
    return any(elsewhere) or (isinstance(total, int | float) and total > 0)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


class AcceptedSuggestionSchema(Lenient):
    """A suggestion that was taken."""

    id = fields.String(required=True, validate=[_FILLED, validate.Length(max=LONGEST_ID)])


class FeedbackItemSchema(Lenient):
    """What became of one card."""

    card = fields.String(required=True, validate=[_FILLED, validate.Length(max=LONGEST_ID)])
    outcome = fields.String(required=True, validate=validate.OneOf(["accepted", "overridden"]))
    outcomeTimestamp = UtcDateTime(required=True)
    acceptedSuggestions = fields.List(
        fields.Nested(AcceptedSuggestionSchema), allow_none=True, validate=validate.Length(max=100)
    )
    overrideReason = fields.Raw(allow_none=True, metadata={"type": "object"})
    overrideReasons = fields.Raw(allow_none=True, metadata={"description": "another spelling of `overrideReason`"})


class FeedbackRequestSchema(Lenient):
    """The body of `POST /cds-services/{id}/feedback`."""

    feedback = fields.List(fields.Nested(FeedbackItemSchema), required=True, metadata={"maxItems": MOST_FEEDBACK_ITEMS})


# --- out --------------------------------------------------------------------------------------------------------------


class CodingSchema(Strict):
    """A code with its system."""

    system = fields.String(required=True, validate=_FILLED)
    code = fields.String(required=True, validate=_FILLED)
    display = fields.String(validate=_FILLED)


class OverrideReasonSchema(CodingSchema):
    """A reason to override; its display is what the clinician picks."""

    display = fields.String(required=True, validate=_FILLED)


class SourceSchema(Strict):
    """The source of a card."""

    label = fields.String(required=True, validate=_FILLED)
    url = fields.Url(require_tld=False)
    topic = fields.Nested(CodingSchema, required=True)


class ActionSchema(Strict):
    """One action of a suggestion."""

    type = fields.String(required=True, validate=validate.OneOf(ACTION_TYPES))
    description = fields.String(required=True, validate=_FILLED)
    resource = fields.Dict(keys=fields.String())
    resourceId = fields.String(validate=validate.Regexp(RELATIVE_REFERENCE))

    @validates_schema
    def _resource_fits_the_type(self, action: Mapping[str, Any], **_: Any) -> None:
        """A delete names its resource; a create or update carries it."""
        wanted, other = ("resourceId", "resource") if action.get("type") == "delete" else ("resource", "resourceId")
        if wanted not in action or other in action:
            raise ValidationError({wanted: [f"required for {action.get('type')}, without {other}"]})


class SuggestionSchema(Strict):
    """A suggestion."""

    label = fields.String(required=True, validate=_FILLED)
    uuid = fields.String(required=True, validate=validate.Regexp(UUID))
    actions = fields.List(fields.Nested(ActionSchema), validate=validate.Length(min=1))


class LinkSchema(Strict):
    """A link."""

    label = fields.String(required=True, validate=_FILLED)
    url = fields.Url(required=True, require_tld=False)
    type = fields.String(required=True, validate=validate.OneOf(LINK_TYPES))


class CardSchema(Strict):
    """A card."""

    uuid = fields.String(required=True, validate=validate.Regexp(UUID))
    summary = fields.String(required=True, validate=[_FILLED, validate.Length(max=LONGEST_SUMMARY)])
    detail = fields.String(validate=_FILLED)
    indicator = fields.String(required=True, validate=validate.OneOf(INDICATORS))
    source = fields.Nested(SourceSchema, required=True)
    suggestions = fields.List(fields.Nested(SuggestionSchema), validate=validate.Length(min=1))
    selectionBehavior = fields.String(validate=validate.OneOf(SELECTION_BEHAVIORS))
    overrideReasons = fields.List(fields.Nested(OverrideReasonSchema), validate=validate.Length(min=1))
    links = fields.List(fields.Nested(LinkSchema), validate=validate.Length(min=1))
    extension = fields.Dict(keys=fields.String())

    @validates_schema
    def _suggestions_have_a_behavior(self, card: Mapping[str, Any], **_: Any) -> None:
        """`selectionBehavior` is required beside suggestions."""
        if "suggestions" in card and "selectionBehavior" not in card:
            raise ValidationError({"selectionBehavior": ["required beside suggestions"]})


class HookResponseSchema(Strict):
    """The answer to a hook."""

    cards = fields.List(fields.Nested(CardSchema), required=True)
    extension = fields.Dict(keys=fields.String())


class ServiceDescriptionSchema(Strict):
    """One service of the discovery."""

    id = fields.String(required=True, validate=validate.Regexp(r"^[^/?#\s]+" + END))
    hook = fields.String(required=True, validate=_FILLED)
    title = fields.String(validate=_FILLED)
    description = fields.String(required=True, validate=_FILLED)
    prefetch = fields.Dict(keys=fields.String(), values=fields.String(validate=_FILLED))
    usageRequirements = fields.String(validate=_FILLED)
    extension = fields.Dict(keys=fields.String())


class DiscoverySchema(Strict):
    """The answer to `GET /cds-services`."""

    services = fields.List(fields.Nested(ServiceDescriptionSchema), required=True)
    extension = fields.Dict(keys=fields.String())


class IssueSchema(Strict):
    """One issue of an OperationOutcome."""

    severity = fields.String(required=True, validate=validate.OneOf(["fatal", "error", "warning", "information"]))
    code = fields.String(required=True, validate=_FILLED)
    diagnostics = fields.String(validate=_FILLED)
    expression = fields.List(fields.String(), validate=validate.Length(min=1))


class OperationOutcomeSchema(Strict):
    """The body of every answer that is not 2xx."""

    resourceType = fields.Constant("OperationOutcome")
    issue = fields.List(fields.Nested(IssueSchema), required=True, validate=validate.Length(min=1))


MOST_ISSUES = 20
"""Issues of one answer."""


def operation_outcome(code: str, problems: Mapping[str, str]) -> dict[str, Any]:
    """An OperationOutcome with one issue a problem; the keys name the place in the request (empty: the whole of it).

    Where there are more than `MOST_ISSUES` the last issue counts the rest.
    """
    issues: list[dict[str, Any]] = []
    for where, what in islice(problems.items(), MOST_ISSUES - (len(problems) > MOST_ISSUES)):
        issue: dict[str, Any] = {
            "severity": "error",
            "code": code,
            "diagnostics": f"{where}: {what}" if where else what,
        }
        if where:
            issue["expression"] = [where]
        issues.append(issue)
    if (more := len(problems) - len(issues)) > 0:
        issues.append({"severity": "error", "code": code, "diagnostics": f"and {more} more"})
    return {"resourceType": "OperationOutcome", "issue": issues}
