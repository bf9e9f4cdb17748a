"""What may turn a resource round: flags, modifiers, versions, words; what we do not understand of them is never good news."""

from __future__ import annotations

from typing import Any

import pytest
from support.quirk import (
    ATC,
    DENOSUMAB,
    SNOMED,
    Resource,
    answer,
    concept,
    condition,
    quantity,
    record,
    request,
    resource,
    result,
    rules,
    topics,
    words,
)

from mappings.facts import Known, Unavailable, uncertain_remark
from mappings.readers.standing import denial, modification
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.denials import denies_giving

GEMCITABINE, BONE_METASTASIS = concept(ATC, "L01BC05"), (SNOMED, "94222008")
VITAMIN_D = result("1989-3", quantity(35, "ng/mL"))
INVENTED_MODIFIER = [{"url": "urn:invented"}]


# --- flags ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flag",
    [
        *({name: True} for name in ("wasNotGiven", "NotGiven", "not_given", "notPerformed", "negationInd")),
        *({"notDone": said} for said in ("true", "True", "Y", "oui", 1)),
        {"taken": "n"},
    ],
    ids=repr,
)
def test_a_flag_that_denies_is_read_in_every_spelling(flag: dict[str, Any]) -> None:
    assert denial(flag) == (True, None)


@pytest.mark.parametrize(
    "flag",
    [
        *({name: True} for name in ("notAdministered", "wasNotDone", "isNotGiven", "not", "wasNot", "hasNotTaken")),
        *({name: "zorglub"} for name in ("notGiven", "wasNotPerformed")),
        *({f"_{name}": {"extension": [{"url": "x"}]}} for name in ("wasNotGiven", "doNotPerform")),
        {"reasonNotGiven": [{"text": "refus"}]},
    ],
    ids=repr,
)
def test_a_flag_that_nobody_knows_may_deny(flag: dict[str, Any]) -> None:
    denied, why = denial(flag)
    assert not denied
    assert why is not None


FHIR = "http://hl7.org/fhir"


@pytest.mark.parametrize(
    ("url", "value"),
    [
        (f"{FHIR}/3.0/StructureDefinition/extension-MedicationAdministration.notGiven", {"valueBoolean": True}),
        (f"{FHIR}/1.0/StructureDefinition/extension-MedicationStatement.wasNotTaken", {"valueBoolean": True}),
        (f"{FHIR}/3.0/StructureDefinition/extension-MedicationStatement.taken", {"valueCode": "n"}),
        (f"{FHIR}/us/qicore/StructureDefinition/qicore-notDone", {"valueBoolean": True}),
        ("urn:example:not-done", {"valueString": "oui"}),
    ],
)
def test_a_flag_that_denies_is_read_from_an_extension(url: str, value: dict[str, Any]) -> None:
    for extension in ([{"url": url, **value}], {"url": url, **value}):
        assert denial({"extension": extension}) == (True, None)


@pytest.mark.parametrize("url", [f"{FHIR}/us/qicore/StructureDefinition/qicore-notDoneReason", "urn:example#notGiven"])
def test_an_extension_that_may_deny_leaves_it_open(url: str) -> None:
    denied, why = denial({"extension": [{"url": url, "valueCodeableConcept": {"text": "zorglub"}}]})
    assert not denied
    assert why is not None


def test_any_other_extension_denies_nothing() -> None:
    told = [
        {"url": "urn:example:note", "valueString": "x"},
        {"url": f"{FHIR}/x-notGiven", "valueBoolean": False},
        {"url": 1},
    ]
    assert denial({"extension": told}) == (False, None)


@pytest.mark.parametrize(
    "members",
    [{"note": [{"text": "x"}]}, {"notes": "x"}, {"notGiven": False}, {"wasNotDone": "no"}, {"nothing": 1}, {}],
)
def test_what_denies_nothing_is_no_flag(members: dict[str, Any]) -> None:
    assert denial(members) == (False, None)


@pytest.mark.parametrize(
    "node", [{"modifierExtension": INVENTED_MODIFIER}, {"implicitRules": "urn:x"}, {"_implicitRules": {"id": "x"}}]
)
def test_a_modifier_leaves_open_what_a_node_means(node: dict[str, Any]) -> None:
    assert modification(node) is not None
    assert modification({"extension": INVENTED_MODIFIER}) is None


# --- administrations --------------------------------------------------------------------------------------------------


def given(**members: Any) -> Resource:
    told = {"status": "completed", "medicationCodeableConcept": GEMCITABINE, "effectiveDateTime": "2026-03-20"}
    return resource("MedicationAdministration", "given", **{**told, **members})


@pytest.mark.parametrize("status", ["preparation", "planned", "held", "zorglub", None])
def test_an_administration_that_was_to_be_given_may_have_been(status: str | None) -> None:
    [entry] = record(given(status=status)).exposures.entries
    assert not entry.certain
    assert not entry.planned


def test_one_in_preparation_that_lies_ahead_is_planned() -> None:
    [entry] = record(given(status="preparation", effectiveDateTime="2026-04-20")).exposures.entries
    assert entry.planned


@pytest.mark.parametrize("status", ["done", "administered", "performed", "Finished"])
def test_an_administration_that_is_done_in_another_word_was_given(status: str) -> None:
    [entry] = record(given(status=status)).exposures.entries
    assert entry.certain


def test_a_code_with_a_modifier_is_no_drug_that_anyone_can_tell() -> None:
    modified = {**GEMCITABINE, "text": "Gemcitabine", "modifierExtension": INVENTED_MODIFIER}
    of = record(given(medicationCodeableConcept=modified)).exposures
    assert of.entries == ()
    assert of.gaps


# --- words of a drug that deny it -------------------------------------------------------------------------------------

DENIED = (
    *("Arrêt Xgeva", "stop denosumab", "Xgeva à arrêter", "Xgeva : STOP", "ne pas donner Xgeva", "hold denosumab"),
    *("Contre-indication Xgeva", "dénosumab suspendu", "denosumab discontinued", "Fin de traitement par Xgeva"),
    *("pas de Xgeva", "Allergie Xgeva", "do not give denosumab", "Xgeva refusé"),
)


def drafted(medication: Resource, **told: Any) -> list[dict[str, Any]]:
    asked = request(order=DENOSUMAB, **told)
    draft = asked["context"]["draftOrders"]["entry"][0]["resource"]
    draft.pop("medicationReference", None)
    draft["medicationCodeableConcept"] = medication
    return answer(asked)


@pytest.mark.parametrize("code", [{}, concept(ATC, "M05BX04")], ids=["in words", "beside a code"])
@pytest.mark.parametrize("said", DENIED)
def test_a_drug_that_its_words_stop_is_not_started_and_the_order_is_told(said: str, code: Resource) -> None:
    cards = drafted({**code, "text": said})
    assert topics(cards) == ["not-identified"]
    assert "stopped or not given" in cards[0]["detail"]


@pytest.mark.parametrize(
    ("said", "denied"),
    [
        *(
            ("Suspension Xgeva", True),
            ("Suspension de Xgeva", True),
            ("Denosumab abgesetzt", True),
            ("nicht gegeben", True),
        ),
        *(("ABRAXANE, poudre pour suspension injectable", False), ("calcium, suspension buvable", False)),
        *(("Suspension buvable de calcium", False), ("paclitaxel albumin powder for suspension", False)),
    ],
)
def test_a_suspension_is_a_form_unless_it_heads_the_text(said: str, *, denied: bool) -> None:
    assert denies_giving(said) is denied


@pytest.mark.parametrize("said", ["Xgeva 120 mg", "Xgeva (relais de Zometa)", "XGEVA™"])
def test_a_drug_that_its_words_give_is_ordered(said: str) -> None:
    assert "dental-assessment-missing" in rules(drafted({"text": said}))


def test_a_drug_of_the_record_that_its_words_stop_is_a_possible_exposure() -> None:
    told = {"status": "active", "intent": "order", "authoredOn": "2026-03-01"}
    asked = resource("MedicationRequest", "m", medicationCodeableConcept={"text": "Arrêt Xgeva"}, **told)
    [entry] = record(asked).exposures.entries
    assert not entry.certain
    assert "stopped or not given" in uncertain_remark(entry).message


# --- acts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["on-hold", "suspended", "Paused"])
def test_an_act_on_hold_may_not_have_been_done(status: str) -> None:
    examined = resource(
        "Procedure", "seen", status=status, code=concept(SNOMED, "34043003"), performedDateTime="2026-02-01"
    )
    of = record(examined).procedures
    assert of.any(lambda act: act.is_any(sets.DENTAL_EXAMINATION)) is None
    done = record({**examined, "status": "completed"}).procedures
    assert done.any(lambda act: act.is_any(sets.DENTAL_EXAMINATION)) is True


EXAMINED = resource(
    "Procedure", "seen", status="completed", code=concept(SNOMED, "34043003"), performedDateTime="2026-02-01"
)


def examined(**members: Any) -> bool | None:
    of = record({**EXAMINED, **members}).procedures
    return of.any(lambda act: act.is_any(sets.DENTAL_EXAMINATION))


@pytest.mark.parametrize(
    "said",
    [
        "Examen dentaire NON RÉALISÉ",
        "Examen dentaire refusé",
        "Dental examination - not done",
        "Zahnkontrolle nicht erfolgt",
    ],
)
def test_an_act_that_its_words_deny_is_not_known_to_be_done(said: str) -> None:
    assert examined(code=concept(SNOMED, "34043003", text=said)) is None
    assert examined(code=concept(SNOMED, "34043003", text="Examen dentaire fait")) is True


@pytest.mark.parametrize(
    "said", ["Examen dentaire annulé", "Bilan dentaire (refus patient)", "Dental examination: not done"]
)
def test_an_order_that_its_words_call_off_counts_as_none(said: str) -> None:
    told = {"status": "active", "intent": "order", "code": concept(SNOMED, "34043003", text=said)}
    [order] = record(resource("ServiceRequest", "asked", **told)).orders
    assert not order.concepts
    assert not order.identified


def test_a_visit_that_did_not_take_place_is_not_known_to_be_one() -> None:
    told = {
        "status": "finished",
        "period": {"start": "2026-03-01"},
        "type": [{"text": "Consultation dentaire, patient non venu"}],
    }
    assert record(resource("Encounter", "visit", **told)).consultations.entries == ()


def test_an_act_done_to_another_is_not_known_to_be_one_of_the_patient() -> None:
    assert examined(focus={"reference": "Patient/child"}) is None
    assert examined(focus=[{"reference": "BodyStructure/tooth"}]) is True


@pytest.mark.parametrize(("status", "certain"), [("completed", False), ("stopped", True)])
def test_a_reason_why_it_was_not_given_contradicts_that_it_was(status: str, *, certain: bool) -> None:
    [entry] = record(given(status=status, statusReason=[{"text": "refus"}])).exposures.entries
    assert entry.certain is certain


def test_a_coding_with_a_modifier_is_none() -> None:
    modified = {"coding": [{"system": SNOMED, "code": "34043003", "modifierExtension": INVENTED_MODIFIER}]}
    assert examined(code=modified) is not True


def test_a_series_with_a_modifier_leaves_a_study_open() -> None:
    series = {"modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"}}
    study = resource("ImagingStudy", "study", status="available", started="2026-03-01", series=[series])
    assert len(record(study).imaging.entries) == 1
    assert record({**study, "series": [{**series, "modifierExtension": INVENTED_MODIFIER}]}).imaging.entries == ()


# --- results ----------------------------------------------------------------------------------------------------------

ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "error"}]}
NO_INFORMATION = {
    "extension": {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-nullFlavor", "valueCode": "NI"}
}


@pytest.mark.parametrize(
    "members",
    [
        {"focus": [{"reference": "Patient/child"}]},
        {"focus": [{"reference": "RelatedPerson/1"}]},
        {"focus": [{"display": "fœtus"}]},
        {"valueQuantity": quantity(35, "ng/mL", modifierExtension=INVENTED_MODIFIER)},
        *({"valueQuantity": quantity(35, "ng/mL") | absent} for absent in (ABSENT, NO_INFORMATION, {"_value": ABSENT})),
        {"valueQuantity": None, "valueString": "35 ng/mL", "_valueString": ABSENT},
        {"modifierExtension": INVENTED_MODIFIER},
    ],
    ids=repr,
)
def test_a_result_of_another_or_with_a_modifier_is_unavailable(members: dict[str, Any]) -> None:
    assert isinstance(record({**VITAMIN_D, **members}).vitamin_d, Unavailable)


@pytest.mark.parametrize(
    "focus", [VITAMIN_D["subject"], {"reference": "Condition/tumour"}, {"reference": "BodyStructure/1"}]
)
def test_a_result_that_is_focused_on_the_patient_is_one(focus: Resource) -> None:
    assert isinstance(record({**VITAMIN_D, "focus": [focus]}).vitamin_d, Known)


# --- diagnoses --------------------------------------------------------------------------------------------------------

CERTAINTY = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"


@pytest.mark.parametrize("where", ["coding", "code", "condition"])
@pytest.mark.parametrize(
    "url", [CERTAINTY, f"{CERTAINTY}|1.0.3", "http://fhir.de/StructureDefinition/icd-10-gm/Diagnosesicherheit"]
)
@pytest.mark.parametrize(("letter", "counts"), [("A", False), ("Z", False), ("G", True)])
def test_a_certainty_counts_wherever_it_is_marked(where: str, url: str, letter: str, *, counts: bool) -> None:
    marks = [{"url": url, "valueCoding": {"code": letter}}]
    told = condition(("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "C79.5"))
    marked = {"coding": told["code"]["coding"][0], "code": told["code"], "condition": told}[where]
    marked["extension"] = marks
    of = record(told).conditions
    assert of.any(lambda one: one.active and one.is_any(sets.BONE_METASTASIS)) is counts


@pytest.mark.parametrize("member", ["valueCoding", "valueCode", "valueString"])
def test_a_certainty_is_read_from_any_value(member: str) -> None:
    letter = {"code": "A"} if member == "valueCoding" else "A"
    told = condition(BONE_METASTASIS, extension=[{"url": CERTAINTY, member: letter}])
    assert record(told).conditions.any(lambda one: one.is_any(sets.BONE_METASTASIS)) is False


def has_bone_metastasis(**members: Any) -> bool | None:
    told = condition(BONE_METASTASIS, **members)
    return record(told).conditions.any(
        lambda one: one.active and not one.suspected and one.is_any(sets.BONE_METASTASIS)
    )


@pytest.mark.parametrize(
    "said",
    [
        *("Pas de métastase osseuse", "No bone metastasis", "Keine Knochenmetastasen", "Absence de métastase osseuse"),
        "Antécédent familial de métastases osseuses",
    ],
)
def test_a_diagnosis_that_its_words_deny_is_not_known_to_be_there(said: str) -> None:
    assert has_bone_metastasis(text=said) is None


@pytest.mark.parametrize(
    "said", ["Suspicion de métastase osseuse", "V.a. Knochenmetastasen", "Suspected bone metastasis"]
)
def test_a_diagnosis_that_its_words_doubt_is_suspected(said: str) -> None:
    assert has_bone_metastasis(text=said) is False


@pytest.mark.parametrize(
    "said", ["Métastases osseuses", "Tumeur maligne secondaire des os, sans précision", "Bone mets"]
)
def test_other_words_beside_a_code_change_nothing(said: str) -> None:
    assert has_bone_metastasis(text=said) is True


@pytest.mark.parametrize(
    "status_said",
    [
        *("413322009 |Resolved|", "Resolved (qualifier value)", "geheilt", "inaktiv"),
        {"coding": [{"system": SNOMED, "code": "413322009 |Resolved (qualifier value)|"}]},
    ],
    ids=str,
)
def test_a_status_is_read_without_its_term_and_in_german(status_said: Any) -> None:
    assert has_bone_metastasis(clinicalStatus=status_said) is False
    assert has_bone_metastasis(clinicalStatus="55561003 |Active (qualifier value)|") is True


# --- allergies --------------------------------------------------------------------------------------------------------


def is_allergic(to: frozenset[str], **members: Any) -> bool | None:
    told = resource("AllergyIntolerance", "allergy", **members)
    return record(told).allergies.any(lambda one: one.is_to(to))


@pytest.mark.parametrize(
    "said",
    [
        *("PMMA", "ciment chirurgical", "Allergie au ciment osseux", "bone cement", "Knochenzement"),
        *("polyméthacrylate de méthyle", "Methacrylate"),
    ],
)
def test_an_allergy_to_bone_cement_is_read_in_words(said: str) -> None:
    assert is_allergic(sets.BONE_CEMENT, code={"text": said}) is True
    assert is_allergic(sets.BONE_CEMENT, code={"text": "x"}, reaction=[{"substance": {"text": said}}]) is True


@pytest.mark.parametrize(
    "code",
    [{"text": "Paracetamolallergie"}, concept("urn:local", "PARACETAMOL"), {"text": "Allergie gegen Paracetamol"}],
)
def test_an_allergy_to_a_drug_is_read_from_a_compound_and_from_a_name_in_the_place_of_a_code(code: Resource) -> None:
    assert is_allergic(sets.PARACETAMOL_ALLERGY, code=code) is True


def test_an_allergy_to_nobody_knows_what_may_be_one_to_anything() -> None:
    for substances in (sets.PARACETAMOL_ALLERGY, sets.BONE_CEMENT):
        assert is_allergic(substances, code=concept("urn:local", "A1")) is None
        assert is_allergic(substances, code={"text": "Pénicilline"}) is False
        assert is_allergic(substances, code={"text": "Pas d'allergie connue"}) is False


def test_an_allergy_that_its_words_deny_is_not_known() -> None:
    assert is_allergic(sets.PARACETAMOL_ALLERGY, code={"text": "Pas d'allergie au paracétamol"}) is None


# --- versions ---------------------------------------------------------------------------------------------------------


def test_versions_of_which_none_is_known_to_be_the_newest_leave_a_result_open() -> None:
    low, high = VITAMIN_D, {**VITAMIN_D, "valueQuantity": quantity(9, "ng/mL")}
    for order in ((low, high), (high, low)):
        of = record(*order).vitamin_d
        assert isinstance(of, Unavailable)
        assert "versions" in words(of.why)


def test_versions_that_differ_in_meta_and_narrative_alone_are_one() -> None:
    other = {**VITAMIN_D, "meta": {"profile": ["urn:x"]}, "text": {"status": "generated"}}
    assert not isinstance(record(VITAMIN_D, other).vitamin_d, Unavailable)


@pytest.mark.parametrize("last", ["completed", "not-done"])
def test_a_drug_that_was_given_and_not_given_is_a_possible_exposure(last: str) -> None:
    first = next(one for one in ("completed", "not-done") if one != last)
    [entry] = record(given(status=first), given(status=last)).exposures.entries
    assert not entry.certain


def test_an_act_that_was_done_and_not_done_is_not_known_to_be_done() -> None:
    done = resource(
        "Procedure", "seen", status="completed", code=concept(SNOMED, "34043003"), performedDateTime="2026-02-01"
    )
    of = record(done, {**done, "status": "not-done"}).procedures
    assert of.any(lambda act: act.is_any(sets.DENTAL_EXAMINATION)) is None
