"""Members that later versions of FHIR spell otherwise, in the shape of R4, so that one reader reads all versions.

R5 joined a code and a reference in one type, CodeableReference: `ServiceRequest.code`, `reason` of requests, procedures and
administrations; it named the period of an Encounter `actualPeriod` (HL7 FHIR 5.0.0). DSTU2 had one `reasonCodeableConcept`
where R4 has `reasonCode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings.shapes import maps

_RENAMED = ("reason", "reasonCodeableConcept", "actualPeriod")
_MAY_CHANGE = frozenset({*_RENAMED, "orderDetail"})


def as_r4(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The resource with its code, its reasons and its details where R4 has them; itself where they stand there already."""
    code = resource.get("code")
    if _MAY_CHANGE.isdisjoint(resource) and not _joins(code):
        return resource
    details = [one for one in maps(resource.get("orderDetail")) if "parameter" in one]
    if not (_joins(code) or details or any(name in resource for name in _RENAMED)):
        return resource
    changed = {name: member for name, member in resource.items() if name not in _RENAMED}
    if "actualPeriod" in resource:
        changed["period"] = resource["actualPeriod"]
    if isinstance(code, dict) and _joins(code):
        changed["code"] = _concept(code)
    if details:
        changed["orderDetail"] = [
            parameter["valueCodeableConcept"]
            for detail in details
            for parameter in maps(detail.get("parameter"))
            if isinstance(parameter.get("valueCodeableConcept"), dict)
        ]
    reasons = [*maps(resource.get("reason")), *maps(resource.get("reasonCodeableConcept"))]
    codes = list(maps([one.get("concept", one) for one in reasons if "reference" not in one or "concept" in one]))
    references = [_reference(one) for one in reasons if "reference" in one]
    if codes:
        changed["reasonCode"] = [*maps(resource.get("reasonCode")), *codes]
    if references:
        changed["reasonReference"] = [*maps(resource.get("reasonReference")), *references]
    return changed


def _joins(value: object) -> bool:
    """It is a CodeableReference."""
    return isinstance(value, dict) and ("concept" in value or "reference" in value) and "coding" not in value


def _concept(joined: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a CodeableReference names: its concept, else the words of its reference."""
    if isinstance(concept := joined.get("concept"), dict):
        return concept
    display = _reference(joined).get("display")
    return {"text": display} if isinstance(display, str) else {}


def _reference(joined: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reference of a CodeableReference; itself where an earlier version has the reference alone there."""
    inner = joined.get("reference")
    return inner if isinstance(inner, dict) else joined
