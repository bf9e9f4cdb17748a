"""What others wrote, in `../shared/data` beside this clone: their hook requests are answered and their records are read.

Nothing of it is in this repository. What it taught has the smallest fixture of our own where the behaviour is tested.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.ehr import denosumab, draft, ehr, rules, topics
from support.quirk import fact as fact_of

from mappings.clock import Clock
from mappings.evidence import Evidence, local_reference
from mappings.facts import Collected, Exposures
from mappings.queries import NEEDS, query_table
from mappings.record import Record
from mappings.vocabulary.analytes import ALBUMIN, CREATININE, INR, PAIN_SCORE, PHOSPHATE, PLATELETS, PROTHROMBIN
from mappings.vocabulary.code_systems import LOINC
from mappings.vocabulary.concepts import Terminology
from service.coverage.counts import Coverage, Item, Verdict
from service.coverage.sample import examine
from service.guidelines import GUIDELINES

DATA = Path(__file__).parents[3] / "shared" / "data"
TERMINOLOGY = Terminology.shipped()
CLOCK = Clock(datetime(2024, 9, 1, tzinfo=UTC))
UCUM = "http://unitsofmeasure.org"

Resource = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def _beside_the_clone():
    if not DATA.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{DATA} must lie beside the clone in CI")
        pytest.skip("the data of others does not lie beside this clone (../shared/data)")


def read(path: str) -> Any:
    return json.loads((DATA / path).read_text(encoding="utf-8"))


# --- hook requests ----------------------------------------------------------------------------------------------------

NOTHING_TO_SAY: list[str] = []
UNCHECKED = ["could-not-be-checked"]

CARDS = {
    "davinci-crd-ig/CRDServiceRequest.json": NOTHING_TO_SAY,  # HCPCS and CPT codes, none of ours
    "davinci-crd-ig/CRDServiceRequest3.json": NOTHING_TO_SAY,  # a CommunicationRequest
    "davinci-crd/deviceRequestEmptyPrefetch_r4.json": NOTHING_TO_SAY,
    "davinci-crd/deviceRequestFullPrefetchWithCoverage_r4.json": NOTHING_TO_SAY,
    "davinci-crd/deviceRequestFullPrefetch_r4.json": NOTHING_TO_SAY,
    "davinci-crd/deviceRequestNoPrefetch.json": NOTHING_TO_SAY,
    "davinci-crd/deviceRequestNoPrefetchNoDoc.json": NOTHING_TO_SAY,
    "davinci-crd/deviceRequestPrefetch.json": NOTHING_TO_SAY,
    "davinci-crd/deviceRequestPrefetchNoDoc.json": NOTHING_TO_SAY,
    "davinci-crd/requestWithHydratedPrefetchBundle.json": NOTHING_TO_SAY,
    "inferno-crd/docs_Controlling-Simulated-Responses_3.json": NOTHING_TO_SAY,  # a code without a system, and none of ours
    "inferno-crd/docs_Controlling-Simulated-Responses_5.json": NOTHING_TO_SAY,
    "inferno-crd/order_select_hook_request.json": NOTHING_TO_SAY,  # an order of another patient, and none of ours
    "inferno-crd/order_sign_hook_request.json": NOTHING_TO_SAY,
    "legacy/html-in-prefetch-cds-hooks-docs-issue5.json": UNCHECKED,
    "spec-hl7/input_pagecontent_index_4.json": UNCHECKED,
    "spec-hl7/input_pagecontent_index_7.json": NOTHING_TO_SAY,  # a drug that only a text names, and none of ours
    "spec-hl7/old-docs_examples_2.json": NOTHING_TO_SAY,  # an angiography of the knee
    "spec-hl7/old-docs_quickstart_2.json": UNCHECKED,
    "spec-hl7/old-docs_specification_current_4.json": UNCHECKED,
    "spec-hl7/unused-pages_services_4.json": UNCHECKED,
}
"""The topics of the cards. None of these requests says what our prefetch asks for, and none of their servers may be called."""

REFUSED = {
    "hapi-starter/hello-patient-request.json": (412, "prefetch"),  # our prefetch is not there, nor a server to ask
    "legacy/pre1.0-patient-view-gist-jmandel-2016.json": (400, "context"),
    "spec-hl7/input_pagecontent_index_38.json": (400, "context.patientId"),
    "spec-hl7/old-docs_examples_0.json": (400, "context.draftOrders"),
    "spec-hl7/old-docs_specification_current_30.json": (400, "context.patientId"),
    "spec-hl7/unused-pages_extensions-datatypes_0.json": (400, "context.patientId"),
}
"""The status, and the place that the answer names."""

OTHER_HOOKS = {
    "davinci-crd-ig/CRDServiceRequest2.json",
    "davinci-crd-ig/CRDServiceRequest4.json",
    "davinci-crd/medicationRequestNoPrefetch.json",
    "davinci-crd/medicationRequestNoPrefetchNoDoc.json",
    "davinci-crd/medicationRequestPrefetch.json",
    "davinci-crd/medicationRequestPrefetchNoDoc.json",
    "inferno-crd/appointment_book_hook_request.json",
    "inferno-crd/encounter_discharge_hook_request.json",
    "inferno-crd/encounter_start_hook_request.json",
    "inferno-crd/fancy_structure_hook_request.json",
    "inferno-crd/order_dispatch_hook_request.json",
    "legacy/pre1.0-medication-prescribe-cqf-ruler-issue15.json",
}
"""Hooks that the service does not answer."""


@pytest.fixture(scope="module")
def client():
    return ehr()


def test_every_hook_request_is_fired():
    there = {path.relative_to(DATA / "hooks").as_posix() for path in (DATA / "hooks").rglob("*.json")}
    assert there == {*CARDS, *REFUSED, *OTHER_HOOKS}


@pytest.mark.parametrize("path", CARDS)
def test_a_request_that_can_be_answered_gets_its_cards(client, path):
    assert topics(client.cards(read(f"hooks/{path}"))) == CARDS[path]


@pytest.mark.parametrize("path", REFUSED)
def test_a_request_that_lacks_something_gets_an_outcome_that_names_it(client, path):
    answer = client.fire(read(f"hooks/{path}"))
    assert (answer.status_code, answer.get_json()["issue"][0]["expression"]) == (REFUSED[path][0], [REFUSED[path][1]])


@pytest.mark.parametrize("hook", ["patient-view", "order-select", "order-sign"])
@pytest.mark.parametrize("path", sorted(OTHER_HOOKS))
def test_another_hook_is_refused_by_each_service_with_the_hook_that_it_answers(client, path, hook):
    answer = client.fire(read(f"hooks/{path}"), f"bone-metastases-{hook}")
    assert answer.status_code == 400
    [issue] = [one for one in answer.get_json()["issue"] if one["expression"] == ["hook"]]
    assert hook in issue["diagnostics"]


# --- records ----------------------------------------------------------------------------------------------------------


def bundle(path: str) -> list[tuple[str | None, Resource]]:
    return [(entry.get("fullUrl"), entry["resource"]) for entry in read(path)["entry"]]


def record(resources: Iterable[tuple[str | None, Resource]], day: str) -> Record:
    """The facts of a whole record, every query answered."""
    entries = list(resources)
    [(url, patient)] = [one for one in entries if one[1]["resourceType"] == "Patient"]
    evidence = Evidence(patient["id"], answered=set(query_table(TERMINOLOGY)))
    evidence.add_patient_url(url)
    for full_url, resource in entries:
        evidence.add(resource, full_url)
    clock = Clock(datetime.fromisoformat(day).replace(tzinfo=UTC))
    return Record(evidence, (), clock, TERMINOLOGY, GUIDELINES[0].settings)


READ_ALONE = (ALBUMIN, PHOSPHATE, CREATININE, PLATELETS, PROTHROMBIN, INR, PAIN_SCORE)


def facts(told: Record) -> dict[str, str | int]:
    """Each fact that is there: how many of it, or its state. Absent ones and empty collections are left out."""
    there: dict[str, str | int] = {}
    names = NEEDS.keys() - {"settings", "today", "finding", "clearance_inputs_missing"}
    for name in names | {one.id for one in READ_ALONE}:
        fact = fact_of(told, name)
        if isinstance(fact, Collected | Exposures):
            assert fact.gaps == (), name
            there[name] = len(fact.entries)
        else:
            there[name] = type(fact).__name__
    return {name: state for name, state in there.items() if state not in ("Absent", 0)}


SYNTHEA_ADOLPH = "synthea/Adolph_Smith_0c6b1f3d-edb2-422b-a0af-a262fb90ed07.json"
SYNTHEA_JORDAN = "synthea/Jordan_Cruickshank_5de38439-d320-46d3-854d-3c098e88de4c.json"
MCODE = "mcode-trial-matching/TrialMatching_Patient01.json"
KNOWN = dict.fromkeys(("person", "calcium", "crisis_calcium", "creatinine", "clearance", "pain_score"), "Known")

FACTS = {
    (SYNTHEA_ADOLPH, "2021-01-20"): {**KNOWN, "conditions": 12, "procedures": 5, "consultations": 24, "imaging": 16},
    (SYNTHEA_JORDAN, "2020-12-01"): {
        **KNOWN,
        "conditions": 7,
        "procedures": 11,
        "consultations": 19,
        "imaging": 18,
        "exposures": 2,
        "orders": 1,
    },
    (MCODE, "2019-04-01"): {"person": "Known", "conditions": 4, "exposures": 4},
}


@pytest.mark.parametrize(("path", "day"), FACTS)
def test_a_record_loads_into_facts(path, day):
    assert facts(record(bundle(path), day)) == FACTS[path, day]


def test_the_bone_metastasis_of_a_record_that_dates_nothing_is_found():
    conditions = record(bundle(MCODE), "2019-04-01").conditions.entries
    [bone] = [one for one in conditions if "bone_metastasis" in one.concepts]
    assert bone.active
    assert bone.onset is None


@pytest.mark.parametrize("path", [SYNTHEA_ADOLPH, SYNTHEA_JORDAN, MCODE])
def test_an_order_for_a_patient_of_others_is_checked_against_the_whole_record(client, path):
    whole = read(path)
    [patient] = [entry["resource"] for entry in whole["entry"] if entry["resource"]["resourceType"] == "Patient"]
    request = denosumab()
    request["prefetch"] = dict.fromkeys(query_table(TERMINOLOGY)) | {"patient": patient, "conditions": whole}
    request["context"]["patientId"] = patient["id"]
    draft(request)["subject"] = {"reference": f"Patient/{patient['id']}"}
    cards = client.cards(request)
    assert rules(cards, "unchecked") == []
    assert {"calcium-unknown", "renal-function-unknown", "vitamin-d-unknown"} <= set(rules(cards))  # all is too old


def codex_patients() -> dict[str, list[tuple[str | None, Resource]]]:
    patients = defaultdict(list)
    for path in sorted((DATA / "codex-rt-json").glob("*.json")):
        resource = json.loads(path.read_text(encoding="utf-8"))
        subject = local_reference(resource.get("subject") or resource.get("patient"))
        own = f"Patient/{resource['id']}" if resource["resourceType"] == "Patient" else subject
        patients[own].append((None, resource))
    return patients


CODEX = {
    "Patient-5": ({"conditions": 1}, []),
    "Patient-6": (
        # the second phase is part of the course that is under way: not an order of its own
        {"conditions": 1, "procedures": 4, "consultations": 1, "orders": 10, "radiotherapies": 1},
        [("2020-10-27", "under way")],
    ),
    "Patient-101": (
        {"conditions": 1, "procedures": 4, "orders": 4, "radiotherapies": 1},
        [("2020-10-27", "2020-10-28")],
    ),
    "Patient-XRTS-01-22B": ({"procedures": 4, "radiotherapies": 1}, [("2021-09-06", "2021-09-07")]),
    "Patient-XRTS-02-22B": ({"procedures": 4, "radiotherapies": 1}, [("2021-09-06", "2021-09-17")]),
    "Patient-XRTS-03-22B": ({"procedures": 4, "radiotherapies": 1}, [("2021-09-06", "2021-09-10")]),
    "Patient-XRTS-04-22B": ({"procedures": 6, "radiotherapies": 1}, [("2021-09-06", "2021-09-17")]),
    "Patient-XRTS-05-22B": (
        {"procedures": 6, "radiotherapies": 2},
        [("2020-09-07", "2020-09-14"), ("2021-09-20", "2021-09-24")],
    ),
    "Patient-XRTS-06-22B": ({"procedures": 4}, []),  # brachytherapy
    "Patient-XRTS-07-22B": ({"procedures": 2}, []),  # brachytherapy
}
"""The facts of each patient, and the first and last day of the courses."""


def test_every_radiotherapy_example_belongs_to_one_of_the_patients():
    assert set(codex_patients()) == {"", *(f"Patient/{patient}" for patient in CODEX)}
    assert {resource["resourceType"] for _, resource in codex_patients()[""]} == {"Device", "Location", "Practitioner"}


@pytest.mark.parametrize("patient", CODEX)
def test_a_radiotherapy_record_loads_into_facts_and_tells_its_courses(patient):
    told = record(codex_patients()[f"Patient/{patient}"], "2022-01-01")
    expected, expected_courses = CODEX[patient]
    courses = [
        (str(one.first and one.first.first), "under way" if one.under_way else str(one.last and one.last.last))
        for one in told.radiotherapies.entries
    ]
    assert facts(told) == {"person": "Known", **expected}
    assert courses == expected_courses


# --- French laboratories ----------------------------------------------------------------------------------------------


def laboratory_rows() -> Iterator[Resource]:
    """The raw rows of a hospital's laboratory as Observations: code, value, unit and date exactly as they stand."""
    with (DATA / "french-labs" / "biologie.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield {
                "resourceType": "Observation",
                "id": row["biologie_id"],
                "status": "final",
                "subject": {"reference": f"Patient/{row['patient_id']}"},
                "code": {"coding": [{"system": LOINC, "code": row["code_loinc"], "display": row["libelle_test"]}]},
                "effectiveDateTime": row["date_prelevement"],
                "valueQuantity": {"value": float(row["valeur"]), "unit": row["unite"]},
            }


# The creatinine of patient 4 is too old on that day; the white cells and enzymes of the others are no facts.
LABORATORY_FACTS = {
    "1": {"creatinine": "Known", "clearance": "Known"},
    "2": {"creatinine": "Known"},
    "3": {"platelets": "Known"},
    "6": {"creatinine": "Known"},
    "8": {"creatinine": "Known"},
    "9": {"albumin": "Known", "prothrombin": "Known"},
}


@pytest.mark.parametrize("patient", [str(number) for number in range(1, 11)])
def test_raw_laboratory_rows_load_into_facts(patient):
    rows = [(None, one) for one in laboratory_rows() if one["subject"]["reference"] == f"Patient/{patient}"]
    told = record([(None, {"resourceType": "Patient", "id": patient}), *rows], "2024-01-17")
    assert facts(told) == {"person": "Known", **LABORATORY_FACTS.get(patient, {})}


PROFILES = {
    "EDSObservationLaboratoryFonctionRenale": {"code": "45066-8", "component[Creat].code": "14682-9"},
    "EDSObservationBodyWeight": {"code": "29463-7"},
    "EDSObservationBodyHeight": {"code": "8302-2"},
    "EDSObservationBloodPressure": {"code": "85354-9"},
}
"""LOINC codes that a profile fixes, so that its example does not repeat them."""

SYSTEMS = {"$loinc": LOINC, "$sct": "http://snomed.info/sct", "$ucum": UCUM}


def shorthand(path: Path) -> Resource | None:
    """An example in FHIR Shorthand as a resource; None for what is no Observation or Patient."""
    text = path.read_text(encoding="utf-8")
    name, profile = (re.search(rf"^{word}: *(\S+)", text, re.MULTILINE)[1] for word in ("Instance", "InstanceOf"))
    if not profile.startswith(("EDSObservation", "EDSPatient")):
        return None
    is_patient = profile == "EDSPatient"
    resource: Resource = {"resourceType": "Patient" if is_patient else "Observation", "id": name}
    for place, code in PROFILES.get(profile, {}).items():
        _set(resource, place, {"coding": [{"system": LOINC, "code": code}]})
    parents: list[str] = []
    for line in re.findall(r"^( *)\* ([^\s=]+)(?: *= *(.+?))? *(?:// .*)?$", text, re.MULTILINE):
        parents = [*parents[: len(line[0]) // 2], line[1]]
        if line[2]:
            _set(resource, ".".join(parents), _value(parents, line[2]))
    return resource


def _set(holder: Resource, place: str, value: Any) -> None:
    *parents, last = place.split(".")
    for part in parents:
        name, _, index = part.partition("[")
        if not index:
            holder = holder.setdefault(name, {})
            continue
        slices, key = holder.setdefault(name, []), index.rstrip("]")
        found = next((one for one in slices if one["id"] == key), None)
        if found is None:
            slices.append(found := {"id": key})
        holder = found
    if isinstance(value, dict) and isinstance(holder.get(last), dict):
        holder[last].update(value)
    else:
        holder[last] = value


def _value(parents: list[str], written: str) -> Any:
    last = parents[-1].rsplit(".", 1)[-1]
    if reference := re.match(r"Reference\((.+)\)", written):
        return {"reference": reference[1]}
    if amount := re.match(r"([\d.]+) '(.+?)'(?: \"(.*)\")?", written):
        return {"value": float(amount[1]), "unit": amount[3] or amount[2], "system": UCUM, "code": amount[2]}
    if coded := re.match(r"([$\w-]*)#(\S+)(?: \"(.*)\")?", written):
        coding = {"system": SYSTEMS.get(coded[1], coded[1]), "code": coded[2], "display": coded[3] or ""}
        if not coded[1] or coded[1] == "$ucum":
            return coded[2]
        return [coding] if last == "coding" else {"coding": [coding]}
    return json.loads(written) if re.fullmatch(r"[\d.]+|true|false|\".*\"", written) else written


def shorthand_examples() -> list[Resource]:
    files = sorted((DATA / "french-labs" / "eds-examples").glob("*.fsh"))
    return [resource for path in files if (resource := shorthand(path)) is not None]


def test_the_examples_of_the_french_hospital_profiles_load_into_facts():
    told = record([(None, one) for one in shorthand_examples()], "2024-09-01")
    assert facts(told) == {"person": "Known", "creatinine": "Known", "clearance": "Known"}
    assert fact_of(told, "creatinine").value.source == "Observation/laboratory-fonction-renale-example-1"


# --- how much is understood -------------------------------------------------------------------------------------------


def counted(resources: Iterable[Resource]) -> Coverage:
    coverage = Coverage(TERMINOLOGY, CLOCK)
    for resource in resources:
        coverage.examine(resource, lambda _: None)
    return coverage


def totals(coverage: Coverage) -> dict[str, tuple[int, ...]]:
    """By kind: understood, known and unused, something else, not understood."""
    kinds = {kind for kind, _ in coverage.totals}
    return {kind.value: tuple(coverage.totals[kind, verdict] for verdict in Verdict) for kind in kinds}


def not_understood(coverage: Coverage) -> Counter[str]:
    """What was not understood, by its code or words."""
    counts: Counter[str] = Counter()
    for item, count in coverage.ranked(Verdict.NOT_UNDERSTOOD):
        counts[_named(item)] += count
    return counts


def _named(item: Item) -> str:
    return f"{item.kind.value} {item.code or item.words}".strip()


def understood(samples: Coverage) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    return totals(samples), dict(not_understood(samples))


FILES = {
    SYNTHEA_ADOLPH: (
        {
            "result": (42, 34, 131, 0),
            "unit": (42, 0, 0, 0),
            "drug": (0, 0, 3, 0),
            "condition": (0, 0, 12, 0),
            "act": (0, 0, 5, 0),
            "imaging": (1, 12, 3, 0),
            "encounter": (0, 0, 24, 0),
            "body site": (0, 0, 1, 0),
        },
        {},
    ),
    SYNTHEA_JORDAN: (
        {
            "result": (42, 34, 140, 0),
            "unit": (42, 0, 0, 0),
            "drug": (2, 0, 11, 0),
            "dose unit": (1, 0, 0, 0),
            "condition": (0, 0, 7, 0),
            "act": (0, 0, 11, 0),
            "imaging": (0, 13, 5, 0),
            "encounter": (0, 0, 19, 0),
            "body site": (0, 0, 1, 0),
        },
        {},
    ),
    MCODE: (
        {"result": (0, 5, 5, 0), "drug": (4, 0, 1, 0), "condition": (1, 0, 3, 0), "body site": (0, 0, 1, 0)},
        {},
    ),
    "codex-rt-json": (
        {
            "result": (0, 0, 0, 1),
            "act": (39, 0, 0, 0),
            "order": (33, 0, 0, 0),
            "condition": (1, 0, 2, 0),
            "encounter": (0, 0, 1, 0),
            "body site": (0, 0, 99, 0),  # prostate, breast, brain, cervix: none is a bone
        },
        {"result": 1},  # its code is fixed by its profile, and not in the file
    ),
}


@pytest.mark.parametrize("path", FILES)
def test_what_is_understood_of_a_record_is_counted(path):
    coverage = Coverage(TERMINOLOGY, CLOCK)
    sample = examine(DATA / path, coverage)
    assert sample.unreadable == []
    assert understood(coverage) == FILES[path]


def test_every_code_and_unit_of_the_raw_laboratory_rows_is_understood():
    assert understood(counted(laboratory_rows())) == ({"result": (9, 6, 14, 0), "unit": (9, 0, 0, 0)}, {})


def test_of_the_french_examples_only_what_their_profiles_leave_without_a_code_is_not_understood():
    assert understood(counted(shorthand_examples())) == (
        {"result": (4, 1, 6, 9), "unit": (3, 0, 0, 0)},
        {"result": 9},
    )
