"""What the words of synthetic records are called in a sentence, in each language: acts, sites, conditions, drugs, results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from mappings.facts.bones import named_bones
from mappings.quantities import decimal_of
from mappings.readers.dosage import EVERY, interval_text
from mappings.readers.sites import region_of_code
from mappings.shapes import maps
from mappings.vocabulary.code_systems import LOINC, SNOMED_CT
from mappings.vocabulary.concept_names import name_of_act, name_of_diagnosis
from mappings.vocabulary.concepts import Terminology
from mappings.vocabulary.frequencies import Frequency
from mappings.wording import Text, _n, verbatim
from service.demo.synthetic import ACTS, CONDITIONS, DRUGS, SITES, SyntheticRecord, laboratory

ANY_DAY = date(2000, 1, 1)


def act_named(told: str, terminology: Terminology) -> Text:
    """An act, as cards call it; its own word where they call it nothing."""
    return name_of_act(_concepts(told, ACTS, terminology)) or verbatim(told)


def condition_named(told: str, terminology: Terminology) -> Text:
    """A condition, as cards call it."""
    return name_of_diagnosis(_concepts(told, CONDITIONS, terminology)) or verbatim(told)


def drug_named(told: str, terminology: Terminology) -> Text:
    """A drug by its international name; a brand is its own."""
    if told[:1].isupper():
        return verbatim(told)
    name = terminology.drug_name(_concepts(told, DRUGS, terminology))
    return verbatim(told) if name is None else name


def site_named(told: str) -> tuple[Text, ...]:
    """The bones of a site."""
    return named_bones(region_of_code(SNOMED_CT, SITES[told], frozenset())) or (verbatim(told),)


def result_named(told: str, terminology: Terminology) -> Text:
    """A result by the name of its analyte."""
    found = terminology.recognise([{"system": LOINC, "code": laboratory(terminology)[told]}]).concepts
    return next((one.name for one in terminology.analytes if not found.isdisjoint(one.concepts)), verbatim(told))


def _concepts(told: str, table: dict[str, tuple[str, str]], terminology: Terminology) -> frozenset[str]:
    system, code = SyntheticRecord("", ANY_DAY, terminology=terminology).coded(told, table)
    return terminology.recognise([{"system": system, "code": code}]).concepts


# --- resources --------------------------------------------------------------------------------------------------------

LONGEST_NAME = 200
MOST_DEEP, MOST_AMOUNTS, MOST_LISTED = 8, 6, 20


def person_named(patient: Mapping[str, Any]) -> str:
    """A patient as a list names it: name and birth date, else the id."""
    for name in maps(patient.get("name")):
        given = name.get("given") if isinstance(name.get("given"), list) else []
        told = name.get("text") or " ".join(map(str, (name.get("family", ""), *(given or ()))))
        if told:
            born = patient.get("birthDate")
            return f"{told} ({born})" if born else str(told)
    return str(patient.get("id"))


def resource_named(resource: Mapping[str, Any], terminology: Terminology) -> Text:
    """What a resource is about: as cards call it, else its text, its display, its code or its type."""
    concept = next((one for name in CONCEPTS for one in maps(resource.get(name))), {})
    found = terminology.recognise(concept.get("coding")).concepts
    kind = str(resource.get("resourceType"))
    name: Text | None = None
    if found and kind == "Condition":
        name = name_of_diagnosis(found)
    elif found and kind.startswith("Medication"):
        name = terminology.drug_name(found)
    elif found:
        analytes = (one.name for one in terminology.analytes if not found.isdisjoint(one.concepts))
        name = name_of_act(found) or next(analytes, None)
    if name is not None:
        return name
    modality = maps(resource.get("modality"))
    for coding in ({"display": concept.get("text")}, *maps(concept.get("coding")), *modality):
        if said := coding.get("display") or coding.get("code"):
            return verbatim(str(said)[:LONGEST_NAME])
    return verbatim(kind)


CONCEPTS = ("code", "medicationCodeableConcept", "procedureCode")


def sites_named(resource: Mapping[str, Any]) -> tuple[Text, ...]:
    """The bones that it names as its site."""
    codings = [coding for site in maps(resource.get("bodySite")) for coding in maps(site.get("coding"))]
    regions = (region_of_code(str(one.get("system")), str(one.get("code")), frozenset()) for one in codings)
    return tuple(name for region in regions for name in named_bones(region))


def amounts_of(resource: Mapping[str, Any]) -> tuple[Text, ...]:
    """Dose, fractions and interval, as far as an order or a drug given states them."""
    texts = [str(one["text"]) for one in maps(resource.get("dosageInstruction")) if one.get("text")]
    if texts:
        return (verbatim("; ".join(texts)[:LONGEST_NAME]),)
    parts = [part for name in ("dosageInstruction", "dosage", "extension") for part in _amounts(resource.get(name))]
    return tuple(parts[:MOST_AMOUNTS])


def _amounts(told: Any, depth: int = 0) -> Iterator[Text]:
    if depth > MOST_DEEP:
        return
    if isinstance(told, list):
        for one in told[:MOST_LISTED]:
            yield from _amounts(one, depth + 1)
    elif isinstance(told, dict):
        if isinstance(told.get("value"), int | float) and "unit" in told:
            yield verbatim(f"{told['value']:g} {told['unit']}")
            return
        if isinstance(told.get("valuePositiveInt"), int):
            # Not "20 Gy × 5", which a radiotherapist reads as 100 Gy.
            yield _n("in {number} fraction", "in {number} fractions", told["valuePositiveInt"])
        if isinstance(told.get("period"), int | float) and "periodUnit" in told:
            yield _every(told)
        for name in sorted(told, key=lambda name: name != "doseAndRate"):  # the dose before its interval
            yield from _amounts(told[name], depth + 1)


def _every(repeat: Mapping[str, Any]) -> Text:
    """How often, in words where the unit is one of FHIR."""
    period, unit, times = decimal_of(repeat["period"]), str(repeat["periodUnit"]), repeat.get("frequency")
    if period is None or period <= 0 or unit not in EVERY:
        return verbatim(f"/ {repeat['period']:g} {unit}"[:LONGEST_NAME])
    return interval_text(Frequency(times if isinstance(times, int) and times > 0 else 1, period, unit))
