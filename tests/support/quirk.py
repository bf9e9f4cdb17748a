"""Smallest FHIR resources as real records hold them, and what the mapping and the service make of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.scenario import NOW, PATIENT, SERVICES, WORLD, request_for

from mappings.clock import Clock
from mappings.evidence import Evidence
from mappings.queries import query_table
from mappings.record import Record
from mappings.vocabulary.analytes import ANALYTES
from mappings.wording import asides
from service.guidelines import GUIDELINES
from service.languages.render import Language, sentence
from service.pipeline import advise

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC = "http://hl7.org/fhir/sid/ndc"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_9_CM = "http://hl7.org/fhir/sid/icd-9-cm"
CIM_10 = "https://smt.esante.gouv.fr/terminologie-cim-10"
LOCAL = "urn:example:hospital"

SUBJECT = {"reference": f"Patient/{PATIENT}"}
DENOSUMAB = {"drug": "denosumab", "dose": "120 mg", "route": "subcutaneous", "every": "28 days"}
ZOLEDRONATE = {"drug": "zoledronic acid", "dose": "4 mg"}

Resource = dict[str, Any]
Card = dict[str, Any]


# --- resources --------------------------------------------------------------------------------------------------------


def concept(system: str, code: str, **members: str) -> Resource:
    return {"coding": [{"system": system, "code": code}], **members}


def quantity(value: float | str, unit: str, **members: Any) -> Resource:
    """A Quantity with its UCUM code; a member given as None is left out."""
    whole = {"value": value, "unit": unit, "system": UCUM, "code": unit, **members}
    return {name: member for name, member in whole.items() if member is not None}


def resource(resource_type: str, id_: str, **members: Any) -> Resource:
    whole = {"resourceType": resource_type, "id": id_, "subject": SUBJECT, **members}
    return {name: member for name, member in whole.items() if member is not None}


def result(loinc: str, value: Resource | None = None, day: str | None = "2026-03-28", **members: Any) -> Resource:
    """A final laboratory result with a LOINC code."""
    whole: Resource = {
        "status": "final",
        "code": concept(LOINC, loinc),
        "effectiveDateTime": day,
        "valueQuantity": value,
    }
    return resource("Observation", members.pop("id", "result"), **{**whole, **members})


def condition(*codings: tuple[str, str], **members: Any) -> Resource:
    code: Resource = {"coding": [{"system": system, "code": value} for system, value in codings]} if codings else {}
    if text := members.pop("text", None):
        code["text"] = text
    return resource("Condition", members.pop("id", "condition"), code=code, **members)


def status(kind: str, code: str) -> Resource:
    """A clinical or verification status (`clinical`, `ver-status`)."""
    return concept(f"http://terminology.hl7.org/CodeSystem/condition-{kind}", code)


# --- what we make of them ---------------------------------------------------------------------------------------------


def record(*resources: Resource) -> Record:
    """The facts of a record that was looked up completely."""
    evidence = Evidence(PATIENT, answered=set(query_table(WORLD.terminology)))
    for one in resources:
        evidence.add(one)
    return Record(evidence, (), Clock(NOW), WORLD.terminology, GUIDELINES[0].settings)


def words(texts: Any) -> str:
    """Texts in English, with their asides."""
    return "\n".join(
        " ".join(
            (*asides(text).sources, sentence(text, Language.ENGLISH), *(one.message for one in asides(text).hints))
        )
        for text in texts
    )


def request(*resources: Resource, order: Any = None, under: dict[str, Resource] | None = None, **told: Any) -> Resource:
    """A hook request whose prefetch holds these resources; `under` puts a resource under a key whatever its code."""
    told["record"] = {**told.get("record", {}), "resources": list(resources)}
    asked = request_for({**told, **({"order": order} if order else {})})
    for key, one in (under or {}).items():
        asked["prefetch"][key]["entry"].append({"resource": one})
    return asked


def answer(asked: Resource, language: Language = Language.ENGLISH) -> list[Card]:
    """The cards of the service."""
    service = SERVICES[f"bone-metastases-{asked['hook']}"]
    return [card.to_json() for card in advise(asked, service, WORLD, now=NOW, language=language).response.cards]


def cards(*resources: Resource, language: Language = Language.ENGLISH, **told: Any) -> list[Card]:
    return answer(request(*resources, **told), language)


def with_draft(change: Callable[[Resource], Resource], **told: Any) -> list[Card]:
    """The cards of a denosumab order whose draft was changed."""
    asked = request(order=DENOSUMAB, **told)
    entry = asked["context"]["draftOrders"]["entry"][0]
    entry["resource"] = change(entry["resource"])
    return answer(asked)


def rules(given: list[Card], member: str = "rules") -> set[str]:
    return {rule for card in given for rule in card.get("extension", {}).get("org.osteocds", {}).get(member, ())}


def topics(given: list[Card]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in given]


def quiet(given: list[Card]) -> Card:
    """The one card about what was not understood."""
    [card] = [card for card in given if card["source"]["topic"]["code"] == "not-identified"]
    return card


def technical(card: Card) -> str:
    """What the extension tells whoever runs the systems: what is said of which resource, and what to do about it."""
    rows = card.get("extension", {}).get("org.osteocds", {}).get("technical", ())
    return "\n".join(" ".join((*row.get("resources", ()), row["said"], *row.get("hints", ()))) for row in rows)


def said(given: list[Card]) -> str:
    """What cards say, to a clinician and in their extension."""
    return "\n".join(f"{card['summary']}\n{card['detail']}\n{technical(card)}" for card in given)


def fact(of: Record, name: str) -> Any:
    """A fact by its name, or the result of an analyte by its id."""
    analyte = next((one for one in ANALYTES if one.id == name), None)
    return getattr(of, name) if hasattr(type(of), name) or analyte is None else of.result(analyte)
