"""The request of a hook, read leniently (CDS Hooks 2.0.1, "Calling a CDS Service")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError

from cds_hooks.errors import InvalidHookRequest
from cds_hooks.schemas import LONGEST_ID, ORDER_HOOKS, HookRequestSchema


@dataclass(frozen=True, slots=True)
class FhirAuthorization:
    """The token for the FHIR server; held for one request, never stored or logged.

    `has_expired` where `expires_in` says so; `patient_id` is the one patient that the token is for, empty where it does not say.
    """

    access_token: str = field(repr=False)
    has_expired: bool = False
    patient_id: str = ""


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One call of a hook.

    `patient_id` and `encounter_id` are logical ids without their type, however the client wrote them. `draft_orders` are
    the entries of `context.draftOrders` as they came; `selections` is None where the hook has none.
    """

    hook: str
    hook_instance: str
    patient_id: str
    fhir_server: str = ""
    authorization: FhirAuthorization | None = None
    encounter_id: str = ""
    selections: tuple[str, ...] | None = None
    draft_orders: tuple[Mapping[str, Any], ...] = ()
    prefetch: Mapping[str, Any] = field(default_factory=dict)


_SCHEMA = HookRequestSchema()


def read_hook_request(body: object, hook: str) -> HookRequest:
    """Read and validate a request to a service of one hook.

    Raises `InvalidHookRequest` with problems keyed like the body, where it is no hook request, or of another hook.
    """
    if not isinstance(body, dict):
        raise InvalidHookRequest({"": "the body must be a JSON object: a CDS Hooks request"})
    if isinstance(body.get("hook"), str) and body["hook"] != hook:
        raise InvalidHookRequest({"hook": f"this service answers {hook}; see GET /cds-services for the others"})
    try:
        loaded = _SCHEMA.load(body)
    except ValidationError as error:
        raise InvalidHookRequest(problems_of(error)) from None
    context = loaded["context"]
    patient_id = _logical_id(context["patientId"], "Patient")
    if not patient_id.strip("."):
        raise InvalidHookRequest({"context.patientId": "names no patient: the logical id of one is needed"})
    authorization = loaded.get("fhirAuthorization")
    fhir_server = loaded.get("fhirServer")
    return HookRequest(
        hook=hook,
        hook_instance=loaded["hookInstance"],
        patient_id=patient_id,
        fhir_server=fhir_server.strip() if isinstance(fhir_server, str) else "",
        authorization=_authorization(authorization) if authorization else None,
        encounter_id=_logical_id(context.get("encounterId"), "Encounter"),
        selections=tuple(context["selections"]) if hook == "order-select" else None,
        draft_orders=_entries(context["draftOrders"]) if hook in ORDER_HOOKS else (),
        prefetch=loaded.get("prefetch") or {},
    )


def _authorization(told: Mapping[str, Any]) -> FhirAuthorization:
    patient = told.get("patient")
    # Of another type it is no patient of ours: as it came, it is the id of none.
    patient_id = _logical_id(patient, "Patient") or (patient.strip() if isinstance(patient, str) else "")
    return FhirAuthorization(told["access_token"], has_expired=_is_over(told.get("expires_in")), patient_id=patient_id)


def _is_over(seconds: object) -> bool:
    """The seconds that are left are none (CDS Hooks 2.0.1, `expires_in`); what is no number says nothing."""
    if isinstance(seconds, str) and re.fullmatch(r"-?[0-9]{1,18}", seconds.strip()):
        seconds = int(seconds)
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds <= 0


def _logical_id(value: object, resource_type: str) -> str:
    """The id without what some clients put around it (`Patient/x`, `https://ehr/fhir/Patient/x/_history/2`).

    Empty where it names no resource of this type, since the id of an encounter would be that of another patient, and where it is
    longer than any id.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    parts = value.strip().split("/") if isinstance(value, str) else [""]
    if "_history" in parts[1:]:
        parts = parts[: parts.index("_history", 1)]
        parts = ["", *parts] if parts == [resource_type] else parts  # a version of nothing
    if len(parts) > 1 and parts[-2].lower() != resource_type.lower():
        return ""
    return parts[-1] if len(parts[-1]) <= LONGEST_ID else ""


def _entries(bundle: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    entries = bundle.get("entry")
    if isinstance(entries, dict):
        entries = [entries] if entries else []
    return tuple(_wrapped(entry) for entry in entries) if isinstance(entries, list) else ()


def _wrapped(entry: object) -> Mapping[str, Any]:
    """The entry; a resource that some clients send in its place, as the entry that it should be in; empty for a non-object."""
    if not isinstance(entry, dict):
        return {}
    return {"resource": entry} if "resource" not in entry and "resourceType" in entry else entry


def problems_of(error: ValidationError) -> dict[str, str]:
    """Its messages, `flat`. Where it was raised is forgotten.

    There marshmallow has a name for the error itself: a circle, which would keep the body in memory until a collector comes by.
    """
    error.__traceback__ = None
    return flat(error.messages)


def flat(messages: Any, place: str = "") -> dict[str, str]:
    """Nested marshmallow messages as one message a place: `context.patientId`, `feedback[0].card`."""
    if isinstance(messages, dict):
        problems: dict[str, str] = {}
        for name, inner in messages.items():
            if name == "_schema":
                problems |= flat(inner, place)
            elif isinstance(name, int):
                problems |= flat(inner, f"{place}[{name}]")
            else:
                problems |= flat(inner, f"{place}.{name}" if place else str(name))
        return problems
    said = messages if isinstance(messages, str) else " ".join(str(one) for one in messages)
    return {place: said}
