"""What `osteocds coverage` reports of a sample of records: from every form of file, in constant memory, without patients."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from mappings.clock import Clock
from mappings.vocabulary.code_systems import LOINC
from mappings.vocabulary.concepts import Terminology
from service.cli import main
from service.coverage import counts as mapping
from service.coverage import sample as edge
from service.coverage.counts import Coverage, Kind, Verdict
from service.demo.run import DEMO_PATIENTS, demo_record
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.rules.guideline import terminology_of

CLOCK = Clock(datetime(2026, 3, 31, 12, tzinfo=UTC))
UCUM = "http://unitsofmeasure.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
LOCAL = "https://hospital.example/codes"


def coded(system: str, code: str, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **more}]}


def result(code: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "effectiveDateTime": "2026-03-01", "code": code, **more}


def creatinine(unit: str, value: float = 90) -> dict[str, Any]:
    return result(coded(LOINC, "2160-0"), valueQuantity={"value": value, "unit": unit})


def order(**medication: Any) -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", "status": "active", "intent": "order", **medication}


def counted(*resources: dict[str, Any], **settings: Any) -> Coverage:
    coverage = Coverage(Terminology.shipped(), CLOCK, **settings)
    for resource in resources:
        coverage.examine(resource, lambda _: None)
    return coverage


def items(coverage: Coverage, verdict: Verdict) -> list[tuple[str, str, str, int]]:
    """Kind, code or words, meaning, count."""
    return [(item.kind.value, item.code or item.words, item.meaning, count) for item, count in coverage.ranked(verdict)]


def test_the_patients_of_the_demo_are_understood_whole():
    for patient in DEMO_PATIENTS:
        coverage = Coverage(terminology_of(GUIDELINES), CLOCK)
        for resource in demo_record(patient, CLOCK.today).resources:
            coverage.examine(resource, lambda _: None)
        assert coverage.ranked(Verdict.NOT_UNDERSTOOD) == [], patient.id


# --- what is understood -----------------------------------------------------------------------------------------------


def test_a_result_of_a_concept_of_ours_and_its_unit_are_understood():
    assert items(counted(creatinine("umol/L")), Verdict.UNDERSTOOD) == [
        ("result", "2160-0", "creatinine_mass", 1),
        ("unit", "umol/L", "creatinine", 1),
    ]


def test_a_code_of_a_listed_system_is_something_else_and_a_local_one_is_not_understood():
    coverage = counted(result(coded(LOINC, "2823-3")), result(coded(LOCAL, "CREA", display="Créatinine")))
    assert items(coverage, Verdict.SOMETHING_ELSE) == [("result", "2823-3", mapping.LISTED, 1)]
    assert items(coverage, Verdict.NOT_UNDERSTOOD) == [("result", "CREA", mapping.UNLISTED, 1)]


def test_a_look_alike_is_named_as_one_and_its_unit_is_not_asked_for():
    coverage = counted(result(coded(LOINC, "2161-8"), valueQuantity={"value": 9, "unit": "mmol/L"}))  # in urine
    [(kind, code, meaning, count)] = items(coverage, Verdict.SOMETHING_ELSE)
    assert (kind, code, count) == ("result", "2161-8", 1)
    assert meaning.startswith("a look-alike: ")
    assert coverage.totals[Kind.UNIT, Verdict.NOT_UNDERSTOOD] == 0


def test_a_unit_that_is_not_read_is_reported_with_its_analyte():
    [(kind, unit, meaning, count)] = items(counted(creatinine("µkat/L")), Verdict.NOT_UNDERSTOOD)
    assert (kind, unit, count) == ("unit", "µkat/L", 1)
    assert meaning.startswith("creatinine: unit «µkat/L»")


def test_a_value_that_is_not_plausible_is_reported_without_the_value():
    [(_, unit, meaning, _)] = items(counted(creatinine("umol/L", 1.2345)), Verdict.NOT_UNDERSTOOD)
    assert unit == "umol/L"
    assert meaning == "creatinine: the value is not plausible (unit or decimal point wrong?): check it"


def test_the_components_of_a_panel_are_counted_each():
    panel = result(coded(LOINC, "45066-8"))
    panel["component"] = [{"code": coded(LOINC, "77147-7"), "valueQuantity": {"value": 80, "unit": "mL/min"}}]
    assert counted(panel).totals == {(Kind.RESULT, Verdict.UNDERSTOOD): 2, (Kind.UNIT, Verdict.UNDERSTOOD): 1}


def test_a_drug_is_understood_by_code_and_by_name_and_the_report_says_which():
    by_code = order(medicationCodeableConcept=coded(ATC, "M05BX04"))
    by_name = order(medicationCodeableConcept={"text": "Xgeva 120 mg"})
    assert items(counted(by_code, by_name), Verdict.UNDERSTOOD) == [
        ("drug", "Xgeva 120 mg", "denosumab_120mg (by name)", 1),
        ("drug", "M05BX04", "denosumab", 1),
    ]


@pytest.mark.parametrize(
    ("medication", "why"),
    [
        ({"medicationCodeableConcept": coded("http://hl7.org/fhir/sid/ndc", "1")}, mapping.UNLISTED),
        ({"medicationCodeableConcept": {"text": "unknown"}}, mapping.UNKNOWN_NAME),
        ({"medicationCodeableConcept": {"text": "Xgevva"}}, mapping.UNKNOWN_NAME),
        ({"medicationReference": {"reference": "Medication/9"}}, mapping.NOT_IN_SAMPLE),
        ({}, mapping.NO_CODE),
    ],
)
def test_a_drug_that_is_not_identified_is_reported_with_the_reason(medication, why):
    assert [row[2] for row in items(counted(order(**medication)), Verdict.NOT_UNDERSTOOD)] == [why]


def test_the_dose_unit_of_a_drug_of_ours_is_read_and_of_another_is_not_asked():
    dosage = [{"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "bucket"}}], "route": coded(LOCAL, "SC")}]
    ours = order(medicationCodeableConcept=coded(ATC, "M05BX04"), dosageInstruction=dosage)
    other = order(medicationCodeableConcept=coded(ATC, "A10BA02"), dosageInstruction=dosage)
    coverage = counted(ours, other)
    assert coverage.totals[Kind.DOSE, Verdict.NOT_UNDERSTOOD] == 1
    assert coverage.totals[Kind.ROUTE, Verdict.NOT_UNDERSTOOD] == 1


def test_understood_is_what_a_rule_asks_for_in_that_resource_type_and_what_none_does_is_known_and_unused():
    coverage = counted(
        result(coded(LOINC, "8302-2")),  # a height
        {"resourceType": "Condition", "code": coded(ATC, "M05BX04")},  # a drug where a diagnosis stands
        {"resourceType": "DiagnosticReport", "code": coded(LOINC, "2160-0")},  # a result where a report stands
        {"resourceType": "AllergyIntolerance", "code": coded(ATC, "M05BX04")},
        {"resourceType": "AllergyIntolerance", "code": coded(ATC, "N02BE01")},
        order(medicationCodeableConcept=coded(ATC, "C03CA01")),  # furosemide
        result(coded(LOINC, "2160-0")),
    )
    assert [row[:2] for row in items(coverage, Verdict.UNUSED)] == [
        ("allergy", "M05BX04"),
        ("condition", "M05BX04"),
        ("drug", "C03CA01"),
        ("imaging", "2160-0"),
        ("result", "8302-2"),
    ]
    assert [row[:2] for row in items(coverage, Verdict.UNDERSTOOD)] == [("allergy", "N02BE01"), ("result", "2160-0")]


def test_routes_of_other_drugs_gauges_and_contacts_are_nothing_to_map():
    route = {"route": {"coding": [{"system": LOCAL, "code": "R1", "display": "Rinse"}]}}
    coverage = counted(
        order(medicationCodeableConcept=coded(ATC, "M05BX04"), dosageInstruction=[route]),
        order(medicationCodeableConcept=coded(ATC, "A10BA02"), dosageInstruction=[{"route": {"text": "sc"}}]),
        {"resourceType": "Procedure", "code": {"coding": [{"system": LOCAL, "code": "224275", "display": "20 Gauge"}]}},
        {"resourceType": "Encounter", "type": [{"text": "Emergency room"}]},
        {"resourceType": "Encounter", "type": [coded("http://snomed.info/sct", "185345009", display="Symptom")]},
    )
    assert items(coverage, Verdict.NOT_UNDERSTOOD) == []
    told = counted({"resourceType": "Procedure", "code": {"text": "Radiotherapy"}})
    assert items(told, Verdict.NOT_UNDERSTOOD) == [("act", "Radiotherapy", mapping.TEXT_ONLY, 1)]


@pytest.mark.parametrize(
    ("medication", "verdict", "words", "meaning"),
    [
        (coded(ATC, "L01BC"), Verdict.NOT_UNDERSTOOD, "", "a class, which"),
        (coded(LOCAL, "7", display="Losartan"), Verdict.SOMETHING_ELSE, "Losartan", mapping.NAMED),
        (coded(LOCAL, "7", display="Zometa"), Verdict.UNDERSTOOD, "Zometa", "zoledronic_acid_4mg (by name)"),
        (coded("http://data.esante.gouv.fr/ansm/medicament/UCD", "9384143"), Verdict.UNDERSTOOD, "", "denosumab_120mg"),
        ("Zometa", Verdict.UNDERSTOOD, "Zometa", "zoledronic_acid_4mg (by name)"),
    ],
)
def test_a_drug_is_counted_as_the_rules_would_read_it(medication, verdict, words, meaning):
    [(item, _count)] = counted(order(medicationCodeableConcept=medication)).ranked(verdict)
    assert item.words == words
    assert item.meaning.startswith(meaning)


@pytest.mark.parametrize(
    "medication",
    [
        {"identifier": [{"value": "Amlodipine 5 mg"}]},
        {"ingredient": [{"itemCodeableConcept": {"text": "Amlodipine 5 mg"}}]},
        {"code": {"text": "Amlodipine 5 mg"}},
    ],
    ids=["identifier", "ingredient", "code"],
)
def test_a_row_shows_the_best_name_that_there_is(medication):
    [(item, _count)] = counted({"resourceType": "Medication", **medication}).ranked(Verdict.SOMETHING_ELSE)
    assert item.words == "Amlodipine 5 mg"


STEERING = "\x1b[31mRed\x07\x9b\u202e\r\n"


def test_no_sign_that_steers_a_terminal_reaches_it(tmp_path):
    hostile = [
        result(coded(LOCAL + STEERING, "C" + STEERING, display="D" + STEERING)),
        result({"text": "T" + STEERING}),
        creatinine("U" + STEERING),
        order(medicationCodeableConcept={"text": "M" + STEERING}),
        {"resourceType": "Medication", "identifier": [{"value": "Name" + STEERING}]},
    ]
    (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, hostile)), encoding="utf-8")
    output = CliRunner().invoke(main, ["coverage", str(tmp_path)]).output
    assert "Red" in output
    assert all(sign.isprintable() for sign in output.replace("\n", ""))


def test_conditions_acts_orders_imaging_encounters_allergies_and_sites_are_counted():
    bone = {"bodySite": [coded("http://snomed.info/sct", "71341001")]}
    coverage = counted(
        {"resourceType": "Condition", "code": coded("http://snomed.info/sct", "94222008"), **bone},
        {"resourceType": "Procedure", "code": coded(LOCAL, "1"), **bone},
        {"resourceType": "ServiceRequest", "code": {"text": "X"}, "orderDetail": [coded(LOINC, "2160-0")], **bone},
        {"resourceType": "ImagingStudy", "modality": [{"system": "urn:oid:1.2.840.10008.2.16.4", "code": "CT"}]},
        {"resourceType": "DiagnosticReport", "code": {}},
        {"resourceType": "Encounter", "type": [{"text": "consultation"}]},
        {"resourceType": "AllergyIntolerance", "code": {"text": "paracétamol"}},
        {"resourceType": "BodyStructure", "location": coded("http://snomed.info/sct", "71341001")},
    )
    assert coverage.totals == {
        (Kind.CONDITION, Verdict.UNDERSTOOD): 1,
        (Kind.ACT, Verdict.NOT_UNDERSTOOD): 1,
        (Kind.ORDER, Verdict.UNDERSTOOD): 1,
        (Kind.IMAGING, Verdict.UNDERSTOOD): 1,
        (Kind.IMAGING, Verdict.NOT_UNDERSTOOD): 1,
        (Kind.ENCOUNTER, Verdict.SOMETHING_ELSE): 1,
        (Kind.ALLERGY, Verdict.UNDERSTOOD): 1,
        (Kind.SITE, Verdict.UNDERSTOOD): 4,
    }


def test_an_order_in_words_is_counted_as_the_rules_read_it():
    texts = ("Radiothérapie L3 8 Gy", "Panoramique dentaire", "Zometa 4 mg IV", "Échographie abdominale")
    coverage = counted(*({"resourceType": "ServiceRequest", "code": {"text": text}} for text in texts))
    assert items(coverage, Verdict.UNDERSTOOD) == [
        ("drug", "Zometa 4 mg IV", "zoledronic_acid_4mg (by name)", 1),
        ("order", "Panoramique dentaire", "orthopantomogram (by name)", 1),
        ("order", "Radiothérapie L3 8 Gy", "radiotherapy_external_beam (by name)", 1),
    ]
    assert [words for _, words, _, _ in items(coverage, Verdict.NOT_UNDERSTOOD)] == ["Échographie abdominale"]


def test_the_most_frequent_comes_first():
    coverage = counted(*[result(coded(LOCAL, code)) for code in ("rare", "often", "often", "twice", "often", "twice")])
    assert [row[1] for row in items(coverage, Verdict.NOT_UNDERSTOOD)] == ["often", "twice", "rare"]


def test_texts_can_be_left_out_and_displays_stay():
    coverage = counted(
        result({"text": "Dr Martin's own test"}), result(coded(LOCAL, "1", display="CRP")), with_texts=False
    )
    assert {item.words for item in coverage.counts} == {"", "CRP"}


@pytest.mark.parametrize(
    "member", [{"reaction": [{"substance": {"text": "Paracetamol"}}]}, {"substance": {"text": "Paracetamol"}}]
)
def test_an_allergy_is_named_by_its_reaction_or_substance_alone(member):
    coverage = counted({"resourceType": "AllergyIntolerance", **member})
    assert [(item.words, item.verdict) for item in coverage.counts] == [("Paracetamol", Verdict.UNDERSTOOD)]
    nameless = counted({"resourceType": "AllergyIntolerance"})
    assert [item.verdict for item in nameless.counts] == [Verdict.NOT_UNDERSTOOD]


@pytest.mark.parametrize("garbage", [None, 5, "x", [], [[]], {"coding": "x"}, {"coding": [{"code": 5}]}], ids=repr)
@pytest.mark.parametrize("resource_type", sorted(mapping.READERS))
def test_no_garbage_in_a_resource_stops_the_count(resource_type, garbage):
    places = ("code", "component", "bodySite", "valueQuantity", "dosageInstruction", "type", "series", "modality")
    for place in (*places, "medicationCodeableConcept", "reaction", "orderDetail", "location", "ingredient"):
        coverage = counted({"resourceType": resource_type, place: garbage})
        assert coverage.resources == {resource_type: 1}


# --- memory -----------------------------------------------------------------------------------------------------------


def test_beyond_the_most_distinct_the_rare_are_forgotten_and_said_and_the_totals_stay_exact():
    often = [result(coded(LOCAL, "often"))] * 50
    rare = [result(coded(LOCAL, f"rare {number}")) for number in range(500)]
    coverage = counted(*(one for pair in zip(often * 10, rare, strict=True) for one in pair), most_distinct=20)
    assert len(coverage.counts) <= 20
    assert coverage.ranked(Verdict.NOT_UNDERSTOOD)[0][1] == 500
    assert coverage.totals[Kind.RESULT, Verdict.NOT_UNDERSTOOD] == 1000
    assert coverage.forgotten == 1000 - coverage.counts.total()


def written_lines(path, number):
    """An NDJSON file in which every second line has a text of its own."""
    with path.open("w", encoding="utf-8") as file:
        for one in range(number):
            file.write(json.dumps(creatinine("umol/L")) + "\n")
            file.write(json.dumps(result({"text": f"test {one}"})) + "\n")
    return path


def peak_of(path):
    coverage = Coverage(Terminology.shipped(), CLOCK, most_distinct=500)
    tracemalloc.start()
    try:
        edge.examine(path, coverage)
        return tracemalloc.get_traced_memory()[1], coverage
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_length_of_the_sample(tmp_path):
    peak_of(written_lines(tmp_path / "warm.ndjson", 10))  # what is built once
    short, _ = peak_of(written_lines(tmp_path / "short.ndjson", 800))
    long, coverage = peak_of(written_lines(tmp_path / "long.ndjson", 4000))
    assert coverage.resources["Observation"] == 8000
    assert long < short * 1.25


def test_a_long_bundle_is_read_entry_by_entry_in_the_memory_of_a_short_one(tmp_path, monkeypatch):
    monkeypatch.setattr(edge, "LONGEST", 100_000)

    def bundle(name, number):
        entries = [{"resource": creatinine("umol/L")}] * number
        path = tmp_path / name
        path.write_text(json.dumps({"entry": entries, "resourceType": "Bundle"}), encoding="utf-8")
        assert path.stat().st_size > edge.LONGEST
        return path

    peak_of(bundle("warm.json", 600))
    short, _ = peak_of(bundle("short.json", 600))
    long, coverage = peak_of(bundle("long.json", 3000))
    assert coverage.resources["Observation"] == 3000
    assert long < short * 1.25


# --- files ------------------------------------------------------------------------------------------------------------

TWO = [creatinine("umol/L"), order(medicationCodeableConcept=coded(ATC, "M05BX04"))]


def as_bundle(*resources):
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def as_lines(*resources):
    return "".join(json.dumps(one) + "\n" for one in resources)


FORMS = {
    "bundle.json": json.dumps(as_bundle(*TWO)),
    "indented.json": json.dumps(as_bundle(*TWO), indent=2),
    "array.json": json.dumps(TWO),
    "lines.ndjson": as_lines(*TWO),
    "lines.jsonl": as_lines(*TWO),
    "lines.json": as_lines(*TWO),
    "blank-lines.ndjson": "\n" + as_lines(*TWO).replace("\n", "\r\n\r\n"),
    "bundles.ndjson": as_lines(as_bundle(TWO[0]), as_bundle(TWO[1])),
    "nested.json": json.dumps(as_bundle(as_bundle(*TWO))),
    "mark.json": "\ufeff" + json.dumps(as_bundle(*TWO)),
}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("name", FORMS)
def test_the_same_records_give_the_same_counts_in_every_form(tmp_path, name, zipped):
    path = tmp_path / (f"{name}.gz" if zipped else name)
    text = FORMS[name].encode()
    path.write_bytes(gzip.compress(text) if zipped else text)
    coverage = Coverage(Terminology.shipped(), CLOCK)
    sample = edge.examine(path, coverage)
    assert coverage.counts == counted(*TWO).counts
    assert sample.unreadable == []


@pytest.mark.parametrize("form", [as_bundle, lambda *resources: list(resources)], ids=["bundle", "array"])
def test_a_long_file_gives_the_same_counts_as_a_short_one(tmp_path, monkeypatch, form):
    path = tmp_path / "long.json"
    path.write_text(json.dumps(form(*TWO), indent=1), encoding="utf-8")
    monkeypatch.setattr(edge, "LONGEST", 100)
    coverage = Coverage(Terminology.shipped(), CLOCK)
    sample = edge.examine(path, coverage)
    assert coverage.counts == counted(*TWO).counts
    assert sample.unreadable == []


def test_a_folder_is_read_with_its_folders_and_other_files_are_counted(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.ndjson").write_text(as_lines(*TWO), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps(TWO[0]), encoding="utf-8")
    (tmp_path / "README.md").write_text("not a record", encoding="utf-8")
    coverage = Coverage(Terminology.shipped(), CLOCK)
    sample = edge.examine(tmp_path, coverage)
    assert (sample.files, sample.other_files) == (2, 1)
    assert coverage.resources == {"Observation": 2, "MedicationRequest": 1}


def test_a_drug_behind_a_reference_is_found_wherever_in_the_sample_its_medication_is(tmp_path):
    urn = "urn:uuid:7d2a0b57-8f0b-4a65-9bb1-0f6f2f1d4a10"
    medication = {"resourceType": "Medication", "code": coded(ATC, "M05BX04")}
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": order(medicationReference={"reference": urn})},
            {"fullUrl": urn, "resource": medication},
        ],
    }
    (tmp_path / "a.ndjson").write_text(
        as_lines(order(medicationReference={"reference": "Medication/1"})), encoding="utf-8"
    )
    (tmp_path / "b.json").write_text(json.dumps(bundle), encoding="utf-8")
    (tmp_path / "c.ndjson").write_text(as_lines(medication | {"id": "1"}), encoding="utf-8")
    coverage = Coverage(Terminology.shipped(), CLOCK)
    edge.examine(tmp_path, coverage)
    assert items(coverage, Verdict.UNDERSTOOD) == [
        ("drug", "M05BX04", "denosumab", 2),
        ("medication list", "M05BX04", "denosumab", 2),
    ]


def test_medications_beyond_the_most_that_are_kept_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(edge, "MOST_MEDICATIONS", 2)
    medications = [
        {"resourceType": "Medication", "id": str(number), "code": coded(ATC, "M05BX04")} for number in range(5)
    ]
    path = tmp_path / "a.ndjson"
    path.write_text(as_lines(*medications), encoding="utf-8")
    coverage = Coverage(Terminology.shipped(), CLOCK)
    sample = edge.examine(path, coverage)
    assert sample.medications_left_out == 3
    assert "3 Medications beyond 2" in "\n".join(edge.printed(sample, coverage, 5, Language.ENGLISH))


# --- what cannot be read ----------------------------------------------------------------------------------------------

NAME = "Dupont-Martin"


def unreadable(folder):
    coverage = Coverage(Terminology.shipped(), CLOCK)
    sample = edge.examine(folder, coverage)
    told = "\n".join(edge.printed(sample, coverage, 5, Language.ENGLISH)) + json.dumps(
        edge.report(sample, coverage), ensure_ascii=False
    )
    assert NAME not in told
    return [tuple(one) for one in sample.unreadable], coverage


def test_an_unreadable_line_is_counted_and_named_by_file_and_line_without_what_it_holds(tmp_path):
    lines = [json.dumps(TWO[0]), f'{{"resourceType": "Patient", "name": "{NAME}"', f'"{NAME}"', json.dumps(TWO[1])]
    (tmp_path / "a.ndjson").write_text("\n".join(lines), encoding="utf-8")
    named, coverage = unreadable(tmp_path)
    assert named == [("a.ndjson", "line 2", edge.NOT_JSON), ("a.ndjson", "line 3", edge.NO_RESOURCE)]
    assert coverage.counts == counted(*TWO).counts


def test_a_hook_request_counts_as_the_orders_and_the_records_that_it_carries(tmp_path):
    request = {
        "hook": "order-sign",
        "context": {"draftOrders": as_bundle(TWO[0])},
        "prefetch": {"one": as_bundle(TWO[1]), "nothing": None, "failed": {"resourceType": "OperationOutcome"}},
    }
    (tmp_path / "request.json").write_text(json.dumps(request), encoding="utf-8")
    named, coverage = unreadable(tmp_path)
    assert named == []
    assert coverage.counts == counted(*TWO).counts


def test_an_unreadable_entry_of_a_bundle_does_not_hide_the_others(tmp_path):
    bundle = as_bundle(*TWO)
    bundle["entry"][1:1] = [
        {"resource": NAME},
        {"resource": {"name": NAME}},
        {"request": {"method": "DELETE", "url": NAME}},
    ]
    (tmp_path / "a.json").write_text(json.dumps(bundle), encoding="utf-8")
    named, coverage = unreadable(tmp_path)
    assert named == [("a.json", "entry 2", edge.NO_RESOURCE), ("a.json", "entry 3", edge.NO_RESOURCE)]
    assert coverage.counts == counted(*TWO).counts


@pytest.mark.parametrize(
    ("name", "content", "place", "why"),
    [
        ("cut.json", b'{"resourceType": "Bundle",\n "entry": [{"x": "Dupont-Martin', "line 2", edge.NOT_JSON),
        ("page.json", b"<html>Dupont-Martin</html>", "line 1", edge.NOT_JSON),
        ("empty.json", b"", "line 1", edge.NOT_JSON),
        ("latin.ndjson", '{"resourceType": "é"}'.encode("latin-1"), "line 1", edge.NOT_JSON),
        ("cut.ndjson.gz", gzip.compress(b'{"resourceType": "Basic"}\n' * 9, mtime=0)[:-12], "", edge.NOT_A_FILE),
        ("not.json.gz", b"Dupont-Martin", "", edge.NOT_A_FILE),
        ("deep.ndjson", b"[" * 100_000, "line 1", edge.NOT_JSON),
    ],
)
def test_a_broken_file_is_named_and_the_others_are_read(tmp_path, name, content, place, why):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "z.ndjson").write_text(as_lines(*TWO), encoding="utf-8")
    named, coverage = unreadable(tmp_path)
    assert named == [(name, place, why)]
    assert coverage.counts == counted(*TWO).counts


def test_a_long_file_that_breaks_off_is_counted_up_to_there(tmp_path, monkeypatch):
    monkeypatch.setattr(edge, "LONGEST", 100)
    text = json.dumps(as_bundle(*TWO))[:-20] + f'"{NAME}'
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    named, coverage = unreadable(tmp_path)
    assert named == [("a.json", "after entry 1", edge.NOT_JSON)]
    assert coverage.resources == {"Observation": 1}


def test_a_line_that_is_too_long_is_named_and_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(edge, "LONGEST", 1000)
    long = json.dumps(TWO[0] | {"note": [{"text": NAME * 5000}]})
    (tmp_path / "a.ndjson").write_text(f"{long}\n{json.dumps(TWO[1])}\n", encoding="utf-8")
    named, coverage = unreadable(tmp_path)
    assert named == [("a.ndjson", "line 1", edge.TOO_LONG)]
    assert coverage.resources == {"MedicationRequest": 1}


def test_only_the_first_unreadable_places_are_named_and_all_are_counted(tmp_path):
    (tmp_path / "a.ndjson").write_text("x\n" * 50 + as_lines(*TWO), encoding="utf-8")
    coverage = Coverage(Terminology.shipped(), CLOCK)
    sample = edge.examine(tmp_path, coverage)
    assert (len(sample.unreadable), sample.unreadable_places) == (edge.MOST_NAMED, 50)
    assert "and 30 more" in "\n".join(edge.printed(sample, coverage, 5, Language.ENGLISH))


# --- the command ------------------------------------------------------------------------------------------------------


def run(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["coverage", *map(str, arguments)])


@pytest.fixture
def sample_folder(tmp_path):
    local = result(coded(LOCAL, "CREA-S", display="Créatinine"))
    (tmp_path / "a.ndjson").write_text(as_lines(*TWO, local, local, {"resourceType": "Claim"}), encoding="utf-8")
    return tmp_path


def test_the_command_prints_tables_ranked_by_how_often(sample_folder):
    answer = run(sample_folder)
    assert answer.exit_code == 0
    assert "4 resources with codes in 1 file" in answer.output
    assert "1 resource without codes that the service reads: Claim 1" in answer.output
    row = next(line for line in answer.output.splitlines() if "CREA-S" in line)
    assert row.split() == [
        *("2", "result", f"{LOCAL}|CREA-S", "«Créatinine»", "→"),
        *mapping.UNLISTED.split(),
    ]


def test_the_command_prints_json_and_nothing_else(sample_folder):
    answer = json.loads(run(sample_folder, "--json").stdout)
    assert answer["totals"]["result"] == {"understood": 1, "known, unused": 0, "something else": 0, "not understood": 2}
    assert answer["notUnderstood"] == [
        {
            "count": 2,
            "kind": "result",
            "system": LOCAL,
            "code": "CREA-S",
            "words": "Créatinine",
            "meaning": mapping.UNLISTED,
        }
    ]
    assert Counter(answer["resources"]) == {"Observation": 3, "MedicationRequest": 1}
    assert answer["unreadable"] == {"count": 0, "first": []}


def test_the_table_says_how_many_rows_it_left_out(sample_folder):
    assert "more: --top 3, or --json" in run(sample_folder, "--top", 1).output


def test_the_command_shows_no_progress_where_nobody_watches(sample_folder):
    assert run(sample_folder).stderr == ""


def test_progress_comes_to_twice_the_bytes_of_the_sample(sample_folder):
    (sample_folder / "b.json").write_text(json.dumps(as_bundle(*TWO)), encoding="utf-8")
    (sample_folder / "c.ndjson.gz").write_bytes(gzip.compress(as_lines(*TWO).encode()))
    steps: list[int] = []
    edge.examine(sample_folder, Coverage(Terminology.shipped(), CLOCK), steps.append)
    assert sum(steps) == 2 * edge.size(sample_folder)


def test_a_code_that_the_sites_concept_map_names_is_understood(sample_folder, monkeypatch):
    concept_map = {
        "resourceType": "ConceptMap",
        "group": [
            {
                "source": LOCAL,
                "target": LOINC,
                "element": [{"code": "CREA-S", "target": [{"code": "2160-0", "equivalence": "equivalent"}]}],
            }
        ],
    }
    path = sample_folder / "site-map"
    path.write_text(json.dumps(concept_map), encoding="utf-8")
    monkeypatch.setenv("OSTEOCDS_CONCEPT_MAPS", str(path))
    answer = json.loads(run(sample_folder, "--json").stdout)
    assert answer["notUnderstood"] == []
    assert {row["code"] for row in answer["understood"] if "code" in row} == {"CREA-S", "2160-0", "M05BX04"}


def test_a_folder_without_records_is_refused_and_says_what_is_taken(tmp_path):
    answer = run(tmp_path)
    assert answer.exit_code == 1
    assert "holds no FHIR resource" in answer.output
    assert ".ndjson" in answer.output


def test_a_path_that_is_not_there_is_refused(tmp_path):
    assert run(tmp_path / "nothing.json").exit_code == 2
