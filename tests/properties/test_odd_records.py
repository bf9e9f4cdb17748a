"""No record, however odd, makes a fact or a rule fail: what cannot be read is unreadable, never an error."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.garbage import GARBAGE, NAMES
from support.scenario import NOW, PATIENT, WORLD
from support.told_requests import answer, bundles, told_requests

from mappings.clock import Clock
from mappings.evidence import Evidence, ForeignResource
from mappings.facts import Facts
from mappings.record import Record
from mappings.vocabulary.analytes import ANALYTES
from mappings.wording import _
from service.guidelines import GUIDELINES
from service.rules.outcome import Failure

FINDINGS = ("mirels-score", "life-expectancy", "cord-dmax", "disease-response", "epidural-extension")
TYPES = (
    *("Patient", "Observation", "Condition", "Procedure", "MedicationRequest", "MedicationStatement"),
    *("MedicationAdministration", "Medication", "ServiceRequest", "ImagingStudy", "DiagnosticReport", "Encounter"),
    *("AllergyIntolerance", "QuestionnaireResponse", "BodyStructure", "OperationOutcome", "Bundle"),
)
FIELDS = (
    *("status", "code", "subject", "effectiveDateTime", "effectivePeriod", "valueQuantity", "valueString", "component"),
    *("referenceRange", "bodySite", "dosage", "dosageInstruction", "medicationCodeableConcept", "medicationReference"),
    *("ingredient", "reasonCode", "reasonReference", "performedPeriod", "performedDateTime", "onsetDateTime"),
    *("clinicalStatus", "verificationStatus", "category", "authoredOn", "intent", "item", "questionnaire", "extension"),
    *("contained", "identifier", "series", "modality", "type", "serviceType", "period", "birthDate", "gender", "meta"),
    *("issued", "severity", "note", "substance", "occurrenceDateTime", "occurrenceTiming", "basedOn", "partOf", "id"),
)


def read_all(resources: list[Any]) -> None:
    """Every fact of a record of these resources."""
    evidence = Evidence(PATIENT)
    for one in resources:
        try:
            evidence.add(one)
        except ForeignResource:
            continue
    evidence.answered |= {"patient"}
    record = Record(evidence, (), Clock(NOW), WORLD.terminology, GUIDELINES[0].settings)
    for name in Facts.__abstractmethods__ - {"finding", "result"}:
        getattr(record, name)
    for analyte in ANALYTES:
        if analyte.valid_days:
            record.result(analyte)
    for name in FINDINGS:
        record.finding(name)
        record.finding(name, frozenset({"femur:left"}))
    record.exposures.phase(_("a treatment")), record.exposures.last_dose, record.exposures.stopped


@given(
    resources=st.lists(
        st.builds(
            lambda kind, fields: {**fields, "resourceType": kind},
            st.sampled_from(TYPES),
            st.dictionaries(st.sampled_from(FIELDS), GARBAGE, max_size=6),
        ),
        max_size=4,
    )
)
@settings(max_examples=settings().max_examples * 4)
def test_a_record_of_random_resources_is_read(resources):
    read_all(resources)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and list in a resource: the holder, and the name or index."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in list(inner):
        yield value, name
        yield from places(one)


@st.composite
def mutated_records(draw: st.DrawFn) -> dict[str, Any]:
    """A scenario's request in whose records a few members hold garbage, are wrapped, gone, or another's."""
    request = copy.deepcopy(draw(told_requests()))
    found = [entry["resource"] for entries in bundles(request).values() for entry in entries]
    for resource in draw(st.lists(st.sampled_from(found), min_size=1, max_size=4)) if found else ():
        holder, name = draw(st.sampled_from(list(places(resource))))
        kind = draw(st.sampled_from(["set", "wrap", "null", "add", "swap"]))
        if kind == "wrap":
            holder[name] = [holder[name]]
        elif kind == "swap":
            other, place = draw(st.sampled_from(list(places(draw(st.sampled_from(found))))))
            holder[name] = copy.deepcopy(other[place])
        elif kind == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(NAMES + list(FIELDS)))] = draw(GARBAGE)
        else:
            holder[name] = None if kind == "null" else draw(GARBAGE)
    return request


@given(request=mutated_records())
@settings(max_examples=settings().max_examples * 4)
def test_a_mutated_record_makes_no_rule_fail(request):
    advised = answer(request)
    assert [one for one in advised.outcomes if isinstance(one.outcome, Failure)] == []
