"""What the official CDS Hooks sandbox (cds-hooks/sandbox) sends: recorded from a build that was driven against the service.

Its order has no `intent` and no drug until one is chosen, its Bundles have no `type`, category and reason are objects where FHIR
has arrays, the code of a suggestion taken comes back as one of RxNorm. `tests/service/test_sandbox.py` holds a build to it.
"""

from __future__ import annotations

from typing import Any

from support.scenario import NOW, request_for

from service.demo.scenario import PATIENT

ORIGIN = "https://sandbox.cds-hooks.org"
JKU = f"{ORIGIN}/.well-known/jwks.json"
KID = "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f"
HEADER = frozenset({"alg", "typ", "kid", "jku"})
CLAIMS = frozenset({"iss", "aud", "exp", "iat", "jti"})
"""The members of the header and of the claims of its tokens."""

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
RECORD = {"conditions": ["lung cancer", "bone metastasis"], "vitamin D": "12 ng/mL 9 days ago"}
REASON = {"coding": [{"system": "http://snomed.info/sct", "code": "94222008"}], "text": "bone metastasis"}


def fired(
    hook: str,
    draft: dict[str, Any] | None = None,
    record: dict[str, Any] | None = None,
    unanswered: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The request of a screen: no encounter, of prefetch what its FHIR server answered, an empty search too.

    :param draft: the order of its form; no screen of orders has none.
    :param record: the patient, as scenarios tell it.
    :param unanswered: keys of prefetch that its FHIR server answered with an error: they are left out.
    """
    told = request_for({"order": {"drug": "denosumab"}, "record": record or RECORD}, hook)
    context: dict[str, Any] = {
        "patientId": PATIENT,
        "userId": "Practitioner/COREPRACTITIONER1",
    }
    if draft is not None:
        if hook == "order-select":
            context["selections"] = [f"{draft['resourceType']}/{draft['id']}"]
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    return {
        "hookInstance": "1a9d4a3c-6a8f-4a3e-9a58-0e3a4f6f4d11",
        "hook": hook,
        "fhirServer": "https://launch.smarthealthit.org/v/r4/fhir",
        "context": context,
        "prefetch": {key: answer for key, answer in told["prefetch"].items() if key not in unanswered},
    }


def prescription(drug: str = "", code: str = "", **filled: Any) -> dict[str, Any]:
    """The draft of the screens of a prescription: an empty form, or a drug of its list with what the form is filled with then."""
    order = {"resourceType": "MedicationRequest", "id": "request-123", "status": "draft", "subject": SUBJECT}
    order |= {"authoredOn": NOW.date().isoformat()}
    return {**order, **(_chosen(drug, code) if drug else {}), **filled}


def _chosen(drug: str, code: str) -> dict[str, Any]:
    category = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
    return {
        "dosageInstruction": [
            {
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": 1, "system": UCUM, "code": "{pill}"}}],
            }
        ],
        "dispenseRequest": {
            "expectedSupplyDuration": {"value": 30, "unit": "days", "system": UCUM, "code": "d"},
        },
        "intent": "order",
        "category": {"coding": [{"system": category, "code": "community"}]},
        "medicationCodeableConcept": {"text": drug, "coding": [{"display": drug, "system": RXNORM, "code": code}]},
    }


def ibandronate(**filled: Any) -> dict[str, Any]:
    """A drug of its list, which has pills alone."""
    return prescription("Ibandronate 150 MG Oral Tablet", "904932", **filled)


def taken(suggestion: dict[str, Any]) -> dict[str, Any]:
    """The draft that it makes of a suggestion: of the first action with a drug its text, and its first code as one of RxNorm."""
    drug = next(
        action["resource"]["medicationCodeableConcept"]
        for action in suggestion["actions"]
        if "medicationCodeableConcept" in action.get("resource", {})
    )
    return prescription(drug["text"], drug["coding"][0]["code"])


def imaging(**filled: Any) -> dict[str, Any]:
    """The draft of the screen of imaging: an empty form, or what is chosen."""
    order = {"resourceType": "ServiceRequest", "id": "example-request-id", "status": "draft", "intent": "plan"}
    return {**order, "code": {"coding": [{}]}, "subject": SUBJECT, "reasonCode": [], **filled}


def _study(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


STUDY = _study("http://www.ama-assn.org/go/cpt", "72133", "Computed tomography, lumbar spine")

CONTRACT: dict[str, dict[str, Any]] = {
    "the chart": fired("patient-view"),
    "no drug chosen yet": fired("order-select", prescription()),
    "no drug, and what is treated": fired("order-select", prescription(reasonCode=REASON)),
    "a drug chosen": fired("order-select", ibandronate()),
    "a drug, and what is treated": fired("order-select", ibandronate(reasonCode=REASON)),
    "signed without a drug": fired("order-sign", prescription()),
    "a drug signed": fired("order-sign", ibandronate()),
    "imaging without a code": fired("order-select", imaging()),
    "imaging chosen": fired("order-select", imaging(code=STUDY)),
}
"""Every kind of request that its screens send."""

AT = "2026-03-30T20:31:00.000Z"


def dismissed(card: dict[str, Any], reason: dict[str, Any] | None = None) -> dict[str, Any]:
    """The feedback of «Dismiss», by itself or with one of the card's reasons."""
    said = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": AT}
    if reason:
        said["overrideReason"] = {"reason": {"code": reason["code"], "system": reason["system"]}}
    return {"feedback": [said]}


def accepted(card: dict[str, Any], suggestion: dict[str, Any]) -> dict[str, Any]:
    """The feedback of a suggestion that is taken."""
    said = {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": [{"id": suggestion["uuid"]}]}
    return {"feedback": [{**said, "outcomeTimestamp": AT}]}


CARD = {"uuid": "u"}
FEEDBACK: dict[str, dict[str, Any]] = {
    "dismissed": dismissed(CARD),
    "dismissed with a reason": dismissed(CARD, {"code": "c", "system": "s"}),
    "accepted": accepted(CARD, {"uuid": "u"}),
}


def shape(told: Any) -> str:
    """The members of a body in lines, wherever they stand; of prefetch none, which is what a FHIR server answers."""
    return "\n".join(sorted(_paths(told)))


def _paths(told: Any, at: str = "") -> frozenset[str]:
    if isinstance(told, dict):
        inner = [_paths(value, f"{at}.{name}") for name, value in told.items() if name != "prefetch"]
        return frozenset({at}).union(*inner)
    if isinstance(told, list):
        return frozenset({at}).union(*(_paths(one, f"{at}[]") for one in told))
    return frozenset({at})
