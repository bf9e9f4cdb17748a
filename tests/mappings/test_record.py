"""A whole record into facts: what belongs to a fact, what does not, and what is set aside and said."""

from __future__ import annotations

from typing import Any

import pytest
from support.quirk import (
    ATC,
    LOCAL,
    LOINC,
    SNOMED,
    Resource,
    concept,
    condition,
    quantity,
    record,
    resource,
    result,
    status,
    words,
)
from support.quirk import (
    fact as fact_of,
)
from support.scenario import NOW, PATIENT, WORLD

from mappings.clock import Clock
from mappings.evidence import Evidence
from mappings.facts import Absent, ClearanceMethod, Fact, Finding, Known, Unavailable
from mappings.queries import query_table
from mappings.readers.orders import read_order
from mappings.readers.reader import Reader
from mappings.record import Record
from mappings.vocabulary import analytes
from service.guidelines import GUIDELINES
from service.pipeline import set_aside

FINDING = "urn:osteocds:finding"
ALBUMIN, CALCIUM, CREATININE, VITAMIN_D, VITAMIN_D3, WEIGHT = (
    "1751-7",
    "2000-8",
    "14682-9",
    "62292-8",
    "1989-3",
    "29463-7",
)
COCKCROFT, MEASURED, EGFR, PLATELETS = "35591-7", "33558-8", "62238-1", "777-3"
FEMUR, HUMERUS, LUMBAR = "71341001", "85050009", "122496007"
BEAM = "33195004"
GEMCITABINE, ZOLEDRONIC, DENOSUMAB = "L01BC05", "M05BA08", "M05BX04"


def with_drafts(*resources: Resource, drafts: tuple[Resource, ...] = (), triggers: bool = True) -> Record:
    """The record of an order that is being signed; the EHR may have stored the draft already."""
    evidence = Evidence(PATIENT, answered=set(query_table(WORLD.terminology)))
    for one in resources:
        evidence.add(one)
    clock = Clock(NOW)
    reader = Reader(clock, WORLD.terminology, evidence.find)
    orders = tuple(
        read_order(reader, one, index=place, draft=True, triggers=triggers) for place, one in enumerate(drafts)
    )
    return Record(evidence, orders, clock, WORLD.terminology, GUIDELINES[0].settings)


def number(fact: Fact[Any]) -> float:
    assert isinstance(fact, Known), fact
    return float(fact.value.bounds.exact)


def why(fact: Fact[Any]) -> str:
    assert isinstance(fact, Unavailable), fact
    return words(fact.why)


# --- the person -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gender", "sex"), [("female", "female"), (None, None), (["female"], "female"), ("seemale", None)]
)
def test_the_sex_is_what_the_patient_says_in_a_word(gender, sex):
    person = record({"resourceType": "Patient", "id": PATIENT, "gender": gender, "birthDate": "1960-01"}).person
    assert isinstance(person, Known)
    assert person.value.sex == sex


@pytest.mark.parametrize(
    ("born", "is_read"),
    [
        *(("1970-01-01", True), ("1960", True), ("2026-03-31", True), ("1906-03-31", True), ("1906", True)),
        *(("1906-03-30", False), ("1905", False), ("1900-01-01", False), ("2026-04-01", False), ("2027", False)),
    ],
)
def test_a_birth_date_ahead_or_more_than_120_years_ago_says_nothing(born, is_read):
    person = record({"resourceType": "Patient", "id": PATIENT, "birthDate": born}).person
    assert isinstance(person, Known)
    assert (person.value.birth is not None) is is_read


def test_a_patient_who_was_not_looked_up_is_unavailable_and_one_who_is_not_there_is_absent():
    asked = record()
    assert isinstance(asked.person, Absent)
    unasked = Record(Evidence(PATIENT), (), Clock(NOW), WORLD.terminology, GUIDELINES[0].settings)
    assert isinstance(unasked.person, Unavailable)


# --- results ----------------------------------------------------------------------------------------------------------


def uncoded(text: str, value: Resource, **members: Any) -> Resource:
    return result("", value, **{"code": {"text": text}, "id": "named", **members})


def test_a_result_without_a_code_is_named_with_its_value_and_decides_nothing():
    told = record(uncoded("Créatininémie", quantity(90, "umol/L"))).result(analytes.CREATININE)
    assert "“Créatininémie: 90\u00a0µmol/L”" in why(told)
    unreadable = record(uncoded("Créatininémie", quantity(90, "furlong"))).result(analytes.CREATININE)
    assert "“Créatininémie”" in why(unreadable)


def test_a_result_without_a_code_that_has_no_value_is_none():
    assert isinstance(record(result("", code={"text": "Créatininémie"})).result(analytes.CREATININE), Absent)


def test_a_result_without_a_code_hides_a_coded_one_only_where_it_is_newer():
    for day, hidden in (("2026-03-29", True), ("2026-03-28", False), ("2026-03-27", False)):
        named = uncoded("Créatininémie", quantity(90, "umol/L"), effectiveDateTime=day)
        fact = record(named, result(CREATININE, quantity(80, "umol/L"))).result(analytes.CREATININE)
        assert isinstance(fact, Unavailable if hidden else Known)


def test_the_code_of_another_result_is_believed_more_than_a_name():
    other = {"coding": [{"system": LOINC, "code": "2164-2"}], "text": "Créatininémie"}
    potassium = {"coding": [{"system": LOINC, "code": "2823-3"}], "text": "Créatininémie"}
    for code in (other, potassium):
        assert isinstance(record(result("", quantity(90, "umol/L"), code=code)).result(analytes.CREATININE), Absent)


def test_a_look_alike_is_set_aside_whatever_else_it_is_called():
    both = {"coding": [{"system": LOINC, "code": "14338-8"}, {"system": LOINC, "code": ALBUMIN}]}  # prealbumin
    assert isinstance(record(result("", quantity(25, "g/L"), code=both)).result(analytes.ALBUMIN), Absent)


def test_a_result_that_only_an_unverified_code_tells_says_so_and_one_of_a_verified_code_does_not():
    doubtful, verified = (record(result(code, quantity(12, "ng/mL"))).vitamin_d for code in ("35365-6", VITAMIN_D))
    assert isinstance(doubtful, Known)
    assert isinstance(verified, Known)
    assert "not verified" in words(doubtful.remarks)
    assert verified.remarks == ()


def test_the_total_of_vitamin_d_counts_beside_the_d3_of_the_same_sample():
    for total, d3 in ((quantity(28, "ng/mL"), quantity(12, "ng/mL")), (quantity(12, "ng/mL"), quantity(8, "ng/mL"))):
        fact = record(result(VITAMIN_D, total, id="total"), result(VITAMIN_D3, d3, id="d3")).vitamin_d
        assert isinstance(fact, Known)
        assert fact.value.measurement.bounds.exact == total["value"]


def test_a_d3_alone_counts_as_25_oh_vitamin_d():
    fact = record(result(VITAMIN_D3, quantity(12, "ng/mL"))).vitamin_d
    assert isinstance(fact, Known)


def test_a_result_dated_ahead_is_said_once_a_fact_asked_for_it_and_others_are_not():
    ahead = result(CREATININE, quantity(90, "umol/L"), "2026-05-01", id="ahead")
    undated = result(CREATININE, quantity(90, "umol/L"), None, id="undated")
    of = record(ahead, undated, result(CREATININE, quantity(80, "umol/L")))
    assert of.not_understood() == ()
    assert number(of.result(analytes.CREATININE)) == 80
    [told] = of.not_understood()
    assert told.source == "Observation/ahead"
    assert "is dated in the future" in words([told.why])


@pytest.mark.parametrize(
    ("code", "unit", "known"),
    [
        ("72514-3", "{score}", True),
        ("38208-5", "/10", True),
        ("38208-5", "{0-10}", True),
        ("38208-5", "{score}", False),  # its scale is not stated
        ("38214-3", "mm", False),
    ],
)
def test_a_pain_score_of_another_instrument_counts_only_where_its_unit_states_zero_to_ten(code, unit, known):
    fact = record(result(code, quantity(6, unit, code=None, system=None))).result(analytes.PAIN_SCORE)
    assert isinstance(fact, Known if known else Absent)


def test_a_clearance_per_body_surface_is_an_egfr_beside_a_measured_one_that_is_not():
    normalised, plain = quantity(40, "mL/min/{1.73_m2}"), quantity(50, "mL/min")
    for code in (COCKCROFT, MEASURED):
        alone = record(result(code, normalised)).clearance
        assert isinstance(alone, Known)
        assert alone.value.method is ClearanceMethod.EGFR
        beside = record(result(code, normalised), result(MEASURED, plain, id="plain")).clearance
        assert isinstance(beside, Known)
        assert (beside.value.method, beside.value.bounds.exact) == (ClearanceMethod.MEASURED, 50)


def test_a_reported_clearance_that_cannot_be_used_is_no_egfr():
    odd = result(COCKCROFT, quantity(40, "mL/h/kg"))
    assert "unit “mL/h/kg”" in why(record(odd, result(EGFR, quantity(50, "mL/min"), id="egfr")).clearance)


# --- haemostasis beside a cytotoxic -----------------------------------------------------------------------------------


def given(day: str, code: str = GEMCITABINE, state: str = "completed", id_: str = "given") -> Resource:
    return resource(
        "MedicationAdministration",
        id_,
        status=state,
        medicationCodeableConcept=concept(ATC, code),
        effectiveDateTime=day,
    )


def platelets(day: str) -> Resource:
    return result(PLATELETS, quantity(120, "10*9/L"), day)


@pytest.mark.parametrize(
    ("sampled", "administered", "known"),
    [
        ("2026-03-24", "2026-03-20", True),  # 7 d
        ("2026-03-23", "2026-03-20", False),  # 8 d, cytotoxic 11 d ago
        ("2026-03-23", "2026-03-03", False),  # cytotoxic 28 d ago
        ("2026-03-23", "2026-03-02", True),  # 29 d ago
        ("2026-03-01", "2026-03-02", True),  # 30 d
        ("2026-02-28", "2026-03-02", False),
    ],
)
def test_platelets_grow_old_sooner_after_a_cytotoxic_of_the_last_28_days(sampled, administered, known):
    assert isinstance(
        record(platelets(sampled), given(administered)).result(analytes.PLATELETS), Known if known else Absent
    )


def test_platelets_that_grew_old_after_a_cytotoxic_are_shown():
    fact = record(platelets("2026-03-23"), given("2026-03-20")).result(analytes.PLATELETS)
    assert isinstance(fact, Absent)
    assert fact.stale is not None


@pytest.mark.parametrize(
    ("certain_too", "remarked"),
    [(False, True), (True, False)],
)
def test_an_uncertain_cytotoxic_is_said_where_no_certain_one_makes_the_platelets_old(certain_too, remarked):
    others = [given("2026-03-20", id_="certain")] if certain_too else []
    fact = record(platelets("2026-03-23"), given("2026-03-21", state="unknown", id_="uncertain"), *others).result(
        analytes.PLATELETS
    )
    assert isinstance(fact, Absent)
    assert ("is uncertain" in words(fact.remarks)) is remarked


def test_where_the_cytotoxics_are_not_known_platelets_that_they_would_make_old_are_unavailable_and_shown():
    undated = {name: one for name, one in given("").items() if name != "effectiveDateTime"}
    open_question = record(platelets("2026-03-23"), undated).result(analytes.PLATELETS)
    assert isinstance(open_question, Unavailable)
    assert open_question.shown is not None
    assert open_question.sources == ("Observation/result",)
    assert isinstance(record(platelets("2026-03-24"), undated).result(analytes.PLATELETS), Known)


# --- findings ---------------------------------------------------------------------------------------------------------


def mirels(score: int, site: str | None = None, id_: str = "mirels", day: str = "2026-03-28") -> Resource:
    return resource(
        "Observation",
        id_,
        status="final",
        code=concept(FINDING, "mirels-score"),
        effectiveDateTime=day,
        valueInteger=score,
        bodySite=concept(SNOMED, site) if site else None,
    )


def score(fact: Fact[Finding]) -> int:
    assert isinstance(fact, Known), fact
    assert fact.value.bounds is not None
    return int(fact.value.bounds.exact or 0)


def test_a_finding_is_that_of_the_bone_asked_for_and_one_without_a_site_applies():
    femur, humerus, anywhere = frozenset({"femur:left"}), frozenset({"humerus:right"}), frozenset[str]()
    of = record(mirels(9, FEMUR, "f", "2026-03-20"), mirels(7, HUMERUS, "h", "2026-03-25"))
    assert [score(of.finding("mirels-score", bone)) for bone in (femur, humerus, anywhere)] == [9, 7, 9]
    assert score(of.finding("mirels-score", femur)) == 9
    assert isinstance(record(mirels(7, HUMERUS)).finding("mirels-score", femur), Absent)
    assert score(record(mirels(8)).finding("mirels-score", femur)) == 8
    assert isinstance(of.finding("sins-score", femur), Absent)


def observed(code: Resource, site: str | None = None, **value: Any) -> Resource:
    return result("", None, **{"code": code, "bodySite": concept(SNOMED, site) if site else None, **value})


def test_a_count_of_lesions_is_one_of_bone_metastases_only_with_a_bone_as_its_site():
    count = concept(SNOMED, "246206008")
    assert score(record(observed(count, LUMBAR, valueInteger=3)).finding("bone-metastasis-count")) == 3
    assert isinstance(record(observed(count, valueInteger=3)).finding("bone-metastasis-count"), Absent)
    albumin = record(result(ALBUMIN, quantity(38, "g/L"), bodySite=concept(SNOMED, LUMBAR)))
    assert isinstance(albumin.finding("bone-metastasis-count"), Absent)


def test_the_response_to_treatment_is_read_under_its_public_code_and_from_nothing_else():
    stable = {"valueCodeableConcept": concept(SNOMED, "359746009")}
    assert isinstance(record(observed(concept(LOINC, "97509-4"), **stable)).finding("disease-response"), Known)
    assert isinstance(record(observed(concept(LOINC, ALBUMIN), **stable)).finding("disease-response"), Absent)


def test_a_finding_that_only_its_name_tells_is_read_where_no_code_says_something_else():
    named = observed({"text": "SINS"}, valueInteger=13)
    assert score(record(named).finding("sins-score")) == 13
    albumin = observed({**concept(LOINC, ALBUMIN), "text": "SINS"}, valueInteger=13)
    assert isinstance(record(albumin).finding("sins-score"), Absent)


def test_a_finding_dated_ahead_is_said_and_leaves_the_one_before():
    of = record(mirels(9, id_="ahead", day="2026-04-02"), mirels(7, id_="before"))
    assert score(of.finding("mirels-score")) == 7
    [told] = of.not_understood()
    assert told.source == "Observation/ahead"
    assert "is dated in the future" in words([told.why])


def test_a_finding_of_our_own_code_is_not_said_to_be_unverified():
    fact = record(mirels(9)).finding("mirels-score")
    assert isinstance(fact, Known)
    assert fact.remarks == ()


# --- what was given ---------------------------------------------------------------------------------------------------


def ordered(id_: str, code: str = ZOLEDRONIC, **members: Any) -> Resource:
    return resource(
        "MedicationRequest",
        id_,
        **{
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": concept(ATC, code),
            "authoredOn": "2026-03-20",
            **members,
        },
    )


def sources(entries: Any) -> list[str]:
    return [entry.source for entry in entries]


@pytest.mark.parametrize(("stored", "counts"), [("draft", False), ("active", True), ("completed", True)])
def test_a_draft_that_the_record_holds_is_an_exposure_where_it_was_signed_and_no_second_order(stored, counts):
    of = with_drafts(ordered("draft", status=stored), ordered("other"), drafts=(ordered("draft"),))
    assert sources(of.exposures.entries) == ["MedicationRequest/draft"] * counts + ["MedicationRequest/other"]
    assert [(one.reference, one.draft) for one in of.orders] == [
        ("MedicationRequest/draft", True),
        ("MedicationRequest/other", False),
    ]


def test_a_draft_without_an_id_hides_no_order_of_the_record_that_has_none_either():
    nameless = {name: member for name, member in ordered("").items() if name != "id"}
    of = with_drafts(nameless, drafts=(nameless,))
    assert len(of.exposures.entries) == 1
    assert [one.draft for one in of.orders] == [True, False]


@pytest.mark.parametrize(
    ("members", "counts"),
    [
        ({}, True),
        ({"status": "on-hold"}, True),
        ({"status": "completed"}, False),
        ({"status": "draft"}, False),
        ({"intent": "proposal"}, False),
    ],
)
def test_the_open_orders_of_the_record_count_beside_the_drafts(members, counts):
    assert [one.reference for one in record(ordered("one", **members)).orders] == ["MedicationRequest/one"] * counts


@pytest.mark.parametrize(
    ("medication", "gap"),
    [
        ({"coding": [{"system": LOCAL, "code": "4711"}]}, "known neither by code nor by name"),
        ({"text": "essai clinique"}, None),
        (concept(ATC, "J01CA04"), None),  # amoxicillin: known, and of no group of ours
        (concept(ATC, ZOLEDRONIC), None),
    ],
)
def test_a_medication_that_may_be_any_drug_leaves_the_history_open(medication, gap):
    gaps = record(ordered("one", medicationCodeableConcept=medication)).exposures.gaps
    assert (gap in words(gaps)) if gap else gaps == ()


def test_a_medication_that_does_not_count_leaves_no_gap():
    unknown = {"coding": [{"system": LOCAL, "code": "4711"}]}
    assert record(ordered("one", medicationCodeableConcept=unknown, status="cancelled")).exposures.gaps == ()


def test_a_reference_to_a_medication_that_was_not_gathered_says_that_it_leads_nowhere():
    gone = {"reference": "Medication/gone"}
    for reference in (gone, {**gone, "display": "denosumap"}, {**gone, "display": "masked"}):
        members = {"medicationCodeableConcept": None, "medicationReference": reference}
        [gap] = record(ordered("one", **members)).exposures.gaps
        assert "could not be looked up" in words([gap])
    another = {"medicationCodeableConcept": None, "medicationReference": {**gone, "display": "Losartan 50 mg"}}
    assert record(ordered("one", **another)).exposures.gaps == ()


# --- radiotherapy -----------------------------------------------------------------------------------------------------


def irradiated(id_: str, resource_type: str = "Procedure", code: str = BEAM, **members: Any) -> Resource:
    return resource(resource_type, id_, **{"status": "completed", "code": concept(SNOMED, code), **members})


def prescribed(id_: str, **members: Any) -> Resource:
    return irradiated(id_, "ServiceRequest", **{"status": "active", "intent": "order", **members})


@pytest.mark.parametrize(("status", "courses"), [("draft", 0), ("active", 0), ("completed", 1)])
def test_a_draft_of_radiotherapy_that_the_record_holds_is_a_course_where_it_was_carried_out(status, courses):
    stored = prescribed("draft", status=status, occurrenceDateTime="2026-03-01")
    assert len(with_drafts(stored, drafts=(prescribed("draft"),)).radiotherapies.entries) == courses


def test_radiotherapy_that_a_procedure_carries_out_is_planned_no_more_and_a_draft_always_is():
    done = irradiated("done", basedOn=[{"reference": "ServiceRequest/asked"}], performedDateTime="2026-03-01")
    asked, other = prescribed("asked"), prescribed("other")
    of = with_drafts(done, asked, other)
    assert [one.reference for one in of.radiotherapy_orders] == ["ServiceRequest/other"]
    signed = with_drafts(done, other, drafts=(asked,))
    assert [one.reference for one in signed.radiotherapy_orders] == ["ServiceRequest/asked", "ServiceRequest/other"]


def test_an_order_of_something_else_is_no_planned_radiotherapy():
    scan = prescribed("scan", code=concept(SNOMED, "41747008"))
    assert [one.reference for one in record(scan, prescribed("beam")).radiotherapy_orders] == ["ServiceRequest/beam"]


def test_planned_radiotherapy_of_the_record_triggers_nothing_and_a_draft_does():
    of = with_drafts(prescribed("other"), drafts=(prescribed("draft"),))
    assert [(one.reference, one.triggers) for one in of.radiotherapy_orders] == [
        ("ServiceRequest/draft", True),
        ("ServiceRequest/other", False),
    ]


def test_the_phases_of_an_order_are_one_planned_course_with_it():
    whole, phase = prescribed("whole"), prescribed("phase", basedOn=[{"reference": "ServiceRequest/whole"}])
    assert [one.reference for one in record(whole, phase).radiotherapy_orders] == ["ServiceRequest/whole"]


def test_imaging_is_the_studies_and_the_reports():
    study = resource("ImagingStudy", "study", status="available", started="2026-03-20")
    report = resource("DiagnosticReport", "report", status="final", effectiveDateTime="2026-03-21", code={"text": "CT"})
    assert sources(record(study, report).imaging) == ["ImagingStudy/study", "DiagnosticReport/report"]


# --- what was not understood ------------------------------------------------------------------------------------------


def said(of: Record, *facts: str) -> list[str]:
    for fact in facts:
        getattr(of, fact)
    return [one.source for one in of.not_understood()]


METASTASIS = "Métastases osseuses"


def test_what_no_rule_asked_for_is_not_said():
    of = record(
        condition(text=METASTASIS, id="words"),
        resource("Procedure", "act", status="completed", code={"text": "Radiothérapie"}),
    )
    assert said(of) == []
    assert said(of, "conditions") == ["Condition/words"]


@pytest.mark.parametrize("fact", ["procedures", "radiotherapies"])
def test_acts_in_words_are_said_where_acts_or_radiotherapy_were_asked_for(fact):
    act = resource("Procedure", "act", status="completed", code={"text": "Radiothérapie"})
    assert said(record(act), fact) == ["Procedure/act"]


@pytest.mark.parametrize(
    ("members", "said_so"),
    [
        ({"code": {"text": "Radiothérapie"}}, True),
        ({"code": {"text": "Radiothérapie"}, "status": "not-done"}, False),
        ({"code": {"text": "Kinésithérapie"}}, False),
        ({"code": {"coding": [{"code": BEAM}]}}, True),  # a code without its system
        ({"code": {"coding": [{"code": "80146002"}]}}, False),  # appendicectomy
        ({"code": {**concept(SNOMED, BEAM), "text": "Radiothérapie"}}, False),
        ({"code": {**concept(SNOMED, "80146002"), "text": "Radiothérapie"}}, True),  # the code says another act
    ],
)
def test_an_act_is_said_where_its_words_say_what_its_code_does_not(members, said_so):
    act = resource("Procedure", "act", **{"status": "completed", **members})
    assert said(record(act), "procedures") == ["Procedure/act"] * said_so


OVER = {"clinicalStatus": status("clinical", "resolved")}
SUSPECTED = {"verificationStatus": status("ver-status", "differential")}
REFUTED = {"verificationStatus": status("ver-status", "refuted")}


@pytest.mark.parametrize(
    ("members", "said_so"),
    [
        ({"text": METASTASIS}, True),
        ({"text": METASTASIS, **OVER}, False),
        ({"text": METASTASIS, **SUSPECTED}, False),
        ({"text": METASTASIS, **REFUTED}, False),
        ({"text": "Pas de métastase osseuse"}, False),
        *(
            ({"text": text}, True)
            for text in ("Knochenmetastasen", "Multiple ossäre Metastasen BWK 8", "Rückenmarkskompression")
        ),
        *(
            ({"text": text}, True)
            for text in (
                "Métastases osseuses sans fracture",
                "Compression médullaire, sans précision",
                "Bone metastases, no fracture",
            )
        ),
        *(
            ({"text": text}, False)
            for text in (
                "sans métastase osseuse",
                "Métastase osseuse exclue",
                "V.a. Knochenmetastasen",
                "keine Knochenmetastasen",
                "Hypertonie",
            )
        ),
        ({"text": "Hypertension"}, False),
    ],
)
def test_a_condition_in_words_is_said_where_it_would_hold_with_a_code(members, said_so):
    assert said(record(condition(**{"id": "words", **members})), "conditions") == ["Condition/words"] * said_so


@pytest.mark.parametrize("text", ["Strahlentherapie LWK 3", "Zahnextraktion 36", "Kyphoplastie L1", "Knochenbiopsie"])
def test_an_act_in_german_words_is_said(text):
    act = resource("Procedure", "act", status="completed", code={"text": text})
    assert said(record(act), "procedures") == ["Procedure/act"]


@pytest.mark.parametrize("text", ["Kreatinin i.S.", "Creatinin (enzym.)"])
def test_a_result_in_german_words_is_never_none(text):
    found = resource("Observation", "kidney", status="final", code={"text": text}, valueString="x", issued="2026-03-30")
    assert isinstance(fact_of(record(found), "creatinine"), Unavailable)


@pytest.mark.parametrize(("code", "said_so"), [("94222008", True), ("38341003", False)])
def test_a_condition_whose_code_lacks_its_system_is_said_where_it_would_mean_one_of_ours(code, said_so):
    nameless = resource("Condition", "words", code={"coding": [{"code": code}]})
    assert said(record(nameless), "conditions") == ["Condition/words"] * said_so


@pytest.mark.parametrize(
    ("members", "said_so"),
    [({}, False), (OVER, True), (SUSPECTED, True)],
)
def test_a_condition_in_words_says_nothing_new_beside_an_active_one_with_a_code(members, said_so):
    coded = condition((SNOMED, "94222008"), id="coded", **members)
    assert said(record(coded, condition(text=METASTASIS, id="words")), "conditions") == ["Condition/words"] * said_so


def test_a_condition_with_another_code_does_not_silence_one_in_words():
    other = condition((SNOMED, "66931009"), id="other")  # hypercalcaemia
    assert said(record(other, condition(text=METASTASIS, id="words")), "conditions") == ["Condition/words"]


# --- what the guideline doubts ----------------------------------------------------------------------------------------


def doubted(of: Record, *facts: str) -> list[str]:
    """What is set aside, the doubts of the guideline included, once these facts were asked for."""
    for fact in facts:
        getattr(of, fact)
    return [one.source for one in set_aside(of, GUIDELINES[0], [order for order in of.orders if order.draft])]


def uncertain(code: str = DENOSUMAB) -> Resource:
    return given("2026-03-01", code, "unknown", "uncertain")


@pytest.mark.parametrize(
    ("drafts", "said_so"),
    [
        ((DENOSUMAB,), True),
        ((DENOSUMAB, GEMCITABINE), True),
        ((GEMCITABINE,), False),
        ((), False),
    ],
)
def test_an_uncertain_exposure_is_said_where_it_makes_a_start_a_continuation(drafts, said_so):
    orders = tuple(ordered(f"draft{place}", code) for place, code in enumerate(drafts))
    of = with_drafts(uncertain(), drafts=orders)
    assert doubted(of, "exposures") == ["MedicationAdministration/uncertain"] * said_so
    assert doubted(with_drafts(uncertain(), drafts=orders)) == []


def test_an_uncertain_exposure_is_not_said_for_a_draft_that_triggers_nothing_nor_beside_a_certain_one():
    order = ordered("draft", DENOSUMAB)
    assert doubted(with_drafts(uncertain(), drafts=(order,), triggers=False), "exposures") == []
    beside = with_drafts(uncertain(), given("2026-03-01", DENOSUMAB), drafts=(order,))
    assert doubted(beside, "exposures") == []
    nobody_knows = {"coding": [{"system": LOCAL, "code": "4711"}]}
    unknown = with_drafts(ordered("odd", medicationCodeableConcept=nobody_knows), drafts=(order,))
    assert doubted(unknown, "exposures") == []


MASKED = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}],
}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (None, "neither a code nor a name"),
        (MASKED, "neither a code nor a name"),
        ({"coding": [{"system": SNOMED, "_code": MASKED}]}, "neither a code nor a name"),
        ({"text": "masked"}, "masked"),
        (concept(LOCAL, "Q1"), "Q1"),
        (concept(SNOMED, "94222009"), "SNOMED CT 94222009"),  # its check digit is wrong
        ("94222008", "94222008"),
        ("Métastases osseuses", "Métastases osseuses"),
        (concept(SNOMED, "22298006"), None),
        ({"text": "Entorse"}, None),
    ],
    ids=repr,
)
def test_a_condition_of_which_nobody_can_tell_what_it_is_is_told(code, told):
    of = record({"resourceType": "Condition", "id": "odd", "code": code})
    assert [one.concepts for one in of.conditions] == [frozenset()]
    said = [words([one.why]) for one in of.not_understood()]
    assert (told in said[0]) if told else said == []


@pytest.mark.parametrize(
    "code",
    [
        [concept(SNOMED, "94222008")],
        {"coding": {"system": SNOMED, "code": "94222008"}},
        {"system": SNOMED, "code": 94222008},
        {"concept": concept(SNOMED, "94222008")},
        concept(SNOMED, "94222008:272741003=7771000"),
        concept("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "C79.5 G"),
    ],
    ids=repr,
)
def test_a_condition_is_read_in_every_shape_of_its_code(code):
    [read] = record({"resourceType": "Condition", "id": "odd", "code": code}).conditions
    assert "bone_metastasis" in read.concepts
    assert read.active


@pytest.mark.parametrize(("mark", "active"), [("A", None), ("Z", False), ("V", True), ("G", True)])
def test_the_mark_behind_a_german_code_says_whether_it_is_there(mark, active):
    code = concept("http://fhir.de/CodeSystem/bfarm/icd-10-gm", f"C79.5 {mark}")
    found = list(record({"resourceType": "Condition", "id": "odd", "code": code}).conditions)
    assert [one.active for one in found] == ([] if active is None else [active])
    assert [one.suspected for one in found] == ([] if active is None else [mark == "V"])
