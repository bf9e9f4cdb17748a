"""Diagnoses as real records hold them: codes without dots, without status or date, opposite meanings, words alone."""

from __future__ import annotations

from typing import Any

import pytest
from support.quirk import (
    CIM_10,
    DENOSUMAB,
    ICD_9_CM,
    ICD_10,
    ICD_10_CM,
    LOCAL,
    SNOMED,
    answer,
    cards,
    concept,
    condition,
    quiet,
    record,
    request,
    resource,
    rules,
    said,
    status,
    topics,
)

from mappings.facts import Diagnosis
from mappings.vocabulary import concept_sets as sets
from service.languages.render import Language
from service.rules.bone_metastases.conditions import bone_metastasis

MIMIC = "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-"
NOT_STARTED = "antiresorptive-not-started"


def the_diagnosis(one: dict[str, Any]) -> Diagnosis:
    [found] = record(one).conditions.entries
    return found


# --- bone metastasis, in every spelling -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (ICD_10, "C79.5"),
        (ICD_10, "c795"),
        (CIM_10, "C795"),
        (CIM_10, "C795+0"),
        (ICD_10_CM, "C79.51"),
        ("urn:oid:2.16.840.1.113883.6.90", "C7951"),
        (f"{MIMIC}icd10", "C7951"),
        (f"{MIMIC}icd9", "1985"),
        (ICD_9_CM, "198.5"),
        ("http://hl7.org/fhir/sid/icd-9-cm/diagnosis", "198.5"),
        (SNOMED, "94222008"),
        ("http://snomed.info/sct/731000124108", "94222008"),
        ("urn:oid:2.16.840.1.113883.6.96", "94602001"),
    ],
)
def test_a_bone_metastasis_without_status_and_date_is_on_record(system: str, code: str) -> None:
    of = record(condition((system, code)))
    assert bone_metastasis(None, of).holds is True
    assert rules(cards(condition((system, code)), only=True)) >= {NOT_STARTED}


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (ICD_10, "C78.0"),  # metastasis to lung
        (ICD_9_CM, "197.0"),
        (SNOMED, "314990009"),  # metastasis from malignant tumour of bone
        (SNOMED, "94217008"),  # of bone marrow
        (ICD_10_CM, "C79.52"),
        (ICD_10, "C41.9"),  # primary of bone
        (ICD_10_CM, "C71.9"),  # brain
        (SNOMED, "128462008"),  # metastasis of an unnamed organ
    ],
)
def test_its_look_alikes_are_none_and_say_nothing(system: str, code: str) -> None:
    one = condition((system, code))
    assert bone_metastasis(None, record(one)).holds is False
    assert cards(one, only=True) == []


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (ICD_10, "Z80.1"),  # family history
        (ICD_9_CM, "V16.1"),
        (ICD_9_CM, "V1011"),  # personal history
        (SNOMED, "162573006"),  # suspected lung cancer
        (ICD_10, "C78.0"),
    ],
)
def test_history_suspicion_and_metastasis_to_lung_are_no_lung_cancer(system: str, code: str) -> None:
    found = the_diagnosis(condition((system, code), clinicalStatus=status("clinical", "active")))
    assert not found.is_any(sets.LUNG_CANCER)


@pytest.mark.parametrize("code", ["refuted", "entered-in-error"])
def test_a_refuted_diagnosis_is_none(code: str) -> None:
    one = condition((ICD_10, "C79.5"), verificationStatus=status("ver-status", code))
    assert record(one).conditions.entries == ()


@pytest.mark.parametrize("code", ["unconfirmed", "differential"])
def test_a_suspected_metastasis_is_not_on_record(code: str) -> None:
    one = condition((ICD_10, "C79.5"), verificationStatus=status("ver-status", code))
    assert bone_metastasis(None, record(one)).holds is False


def test_a_provisional_metastasis_counts_and_is_said_to_be_provisional() -> None:
    given = cards(condition((ICD_10, "C79.5"), verificationStatus=status("ver-status", "provisional")), only=True)
    assert NOT_STARTED in rules(given)
    assert "provisional" in said(given)


@pytest.mark.parametrize(
    "over",
    [
        {"clinicalStatus": status("clinical", "resolved")},
        {"clinicalStatus": "resolved"},
        {"clinicalStatus": {"text": "Résolu"}},
        {"abatementDateTime": "2025-01-01"},
        {"abatementString": "2025"},
        *({"abatementString": "guérie"}, {"abatementBoolean": "true"}, {"abatementAge": {"value": 60, "unit": "a"}}),
        *({"abatementPeriod": {"start": "2025-01-01"}}, {"status": "resolved"}),
    ],
)
def test_what_is_over_is_not_active_however_it_is_said(over: dict[str, Any]) -> None:
    assert not the_diagnosis(condition((ICD_10, "C79.5"), **over)).active


@pytest.mark.parametrize(
    ("said", "unsure"),
    [
        *(({"abatementBoolean": False}, False), ({"abatementString": "non"}, False)),
        *(({"abatementDateTime": day}, False) for day in ("1900-01-01", "9999-12-31", "2026-12-01")),
        *(({"abatementString": "voir courrier"}, True), ({"abatementBoolean": "?"}, True)),
        *(({"abatementDateTime": "l'an dernier"}, True), ({"status": "zorglub"}, True), ({"status": "active"}, False)),
    ],
)
def test_what_does_not_say_that_it_is_over_ends_nothing(said: dict[str, Any], unsure: bool) -> None:  # noqa: FBT001
    found = record(condition((ICD_10, "C79.5"), **said)).conditions
    assert [one.active for one in (*found.entries, *(maybe.entry for maybe in found.uncertain))] == [True]
    assert bool(found.uncertain) is unsure


@pytest.mark.parametrize("text", ["Réfuté", "Entered in error"])
def test_a_verification_status_in_words_is_read(text: str) -> None:
    assert record(condition((ICD_10, "C79.5"), verificationStatus={"text": text})).conditions.entries == ()


# --- the site elsewhere -----------------------------------------------------------------------------------------------

FEMUR, LUNG, JAW = "71341001", "39607008", "91609006"
SECONDARY = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-secondary-cancer-condition"


def at(site: str) -> dict[str, Any]:
    return {"bodySite": [concept(SNOMED, site)]}


def test_a_metastasis_of_an_unnamed_organ_with_a_bone_site_is_a_bone_metastasis() -> None:
    assert bone_metastasis(None, record(condition((SNOMED, "128462008"), **at(FEMUR)))).holds is True
    assert bone_metastasis(None, record(condition((SNOMED, "128462008"), **at(LUNG)))).holds is False


def test_the_profile_of_a_secondary_cancer_makes_a_tumour_of_bone_a_metastasis() -> None:
    profiled = {"meta": {"profile": [f"{SECONDARY}|4.0.0"]}}
    assert bone_metastasis(None, record(condition((SNOMED, "363346000"), **at(FEMUR), **profiled))).holds is True
    assert bone_metastasis(None, record(condition((SNOMED, "363346000"), **at(LUNG), **profiled))).holds is False
    assert bone_metastasis(None, record(condition((SNOMED, "363346000"), **at(FEMUR)))).holds is False


@pytest.mark.parametrize(
    ("system", "code"), [(ICD_10, "K10.2"), (CIM_10, "K102"), (ICD_9_CM, "526.4"), (ICD_10_CM, "M27.2")]
)
def test_an_inflammation_of_the_jaws_may_be_an_osteonecrosis_whatever_its_site(system: str, code: str) -> None:
    for site in (at(JAW), at(FEMUR), {}):
        found = the_diagnosis(condition((system, code), **site))
        assert found.is_any(sets.POSSIBLE_OSTEONECROSIS_OF_JAW)
        assert not found.is_any(sets.OSTEONECROSIS_OF_JAW)


@pytest.mark.parametrize(("system", "code"), [(CIM_10, "M8718"), (ICD_10, "M87.1")])
def test_a_necrosis_is_of_the_jaw_only_where_the_site_says_so(system: str, code: str) -> None:
    assert the_diagnosis(condition((system, code), **at(JAW))).is_any(sets.OSTEONECROSIS_OF_JAW)
    for elsewhere in (at(FEMUR), {}):
        assert not the_diagnosis(condition((system, code), **elsewhere)).is_any(sets.OSTEONECROSIS_OF_JAW)


def test_a_necrosis_with_a_jaw_as_its_site_stops_the_order() -> None:
    [card] = [
        card
        for card in cards(condition((CIM_10, "M8718"), id="jaw", **at(JAW)), order=DENOSUMAB)
        if "osteonecrosis-of-jaw" in rules([card])
    ]
    assert card["indicator"] == "critical"
    assert "Condition/jaw" in card["extension"]["org.osteocds"]["resources"]


def test_calcium_codes_mean_what_their_own_classification_says() -> None:
    assert the_diagnosis(condition((CIM_10, "E83.50"))).is_any(sets.HYPERCALCAEMIA)
    assert the_diagnosis(condition((CIM_10, "E83.51"))).is_any(sets.HYPOCALCAEMIA)
    assert the_diagnosis(condition((ICD_10_CM, "E83.52"))).is_any(sets.HYPERCALCAEMIA)
    assert not the_diagnosis(condition((ICD_10_CM, "E83.50"))).is_any(sets.HYPERCALCAEMIA | sets.HYPOCALCAEMIA)


def test_no_history_of_metastatic_cancer_as_an_observation_is_no_metastasis() -> None:
    none = resource("Observation", "none", status="final", code=concept(SNOMED, "1287652008"), valueBoolean=False)
    assert bone_metastasis(None, record(none)).holds is False


# --- words alone ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Métastases osseuses multiples",
        "Cancer bronchique métastatique osseux",
        "Bone mets T12",
        "Metastatic disease to bone",
        "Compression médullaire métastatique T8",
        "Ostéonécrose de la mâchoire",
        *("Métastase du fémur droit", "mets os multiples", "Métastase os iliaque", "Spine mets", "femoral metastasis"),
    ],
)
def test_a_diagnosis_in_words_alone_decides_nothing_and_is_said_once_quietly(text: str) -> None:
    given = cards(condition(text=text, id="words"), only=True)
    assert topics(given) == ["not-identified"]
    assert given[0]["indicator"] == "info"
    assert given[0]["extension"]["org.osteocds"]["resources"] == ["Condition/words"]
    assert text in given[0]["detail"]
    assert "code it" in str(given[0]["extension"]["org.osteocds"]["technical"])


@pytest.mark.parametrize(
    "text",
    [
        "Suspicion de métastases osseuses",
        "Pas de métastase osseuse",
        "Antécédent familial de métastases osseuses",
        "No evidence of bone metastases",
        "Risk of spinal cord compression",
        "Hypertension artérielle",
        *("Métastases hépatiques", "Brain mets", "métastase surrénale"),
    ],
)
def test_words_of_doubt_denial_or_another_disease_are_silent(text: str) -> None:
    assert cards(condition(text=text), only=True) == []


def test_a_local_code_whose_display_names_a_bone_metastasis_is_said() -> None:
    local = condition(id="local")
    local["code"] = {"coding": [{"system": LOCAL, "code": "M1", "display": "Métastases osseuses"}]}
    assert topics(cards(local, only=True)) == ["not-identified"]


def test_words_that_a_coded_diagnosis_says_as_well_are_not_said_again() -> None:
    coded, in_words = condition((ICD_10, "C79.5"), id="coded"), condition(text="Métastases osseuses", id="words")
    assert "not-identified" not in topics(cards(coded, in_words, only=True))


def test_words_of_a_resolved_or_refuted_diagnosis_are_silent() -> None:
    over = condition(text="Métastases osseuses", clinicalStatus=status("clinical", "resolved"))
    refuted = condition(text="Métastases osseuses", verificationStatus=status("ver-status", "refuted"))
    assert cards(over, only=True) == cards(refuted, only=True) == []


def test_many_diagnoses_in_words_make_one_short_card() -> None:
    many = [condition(text=f"Métastase osseuse {number}", id=f"c{number}") for number in range(9)]
    assert "- 4 more" in quiet(cards(*many, only=True))["detail"]


def test_in_french_the_quiet_card_is_french() -> None:
    given = cards(condition(text="Métastases osseuses"), only=True, language=Language.FRENCH)
    assert "en toutes lettres, sans code" in said(given)
    assert "Incertain ou non compris" in said(given)


@pytest.mark.parametrize("code", ["C79.5", "C795", "94222008", "G95.2"])
def test_a_code_without_its_system_decides_nothing_and_is_said(code: str) -> None:
    bare = condition(id="bare")
    bare["code"] = {"coding": [{"code": code}]}
    given = cards(bare, only=True)
    assert topics(given) == ["not-identified"]
    assert "a code without its system" in str(given[0]["extension"]["org.osteocds"]["technical"])
    bare["code"] = {"coding": [{"code": "E11.9"}]}
    assert cards(bare, only=True) == []


def test_osteoporosis_denosumab_ordered_for_a_metastasis_in_words_counts_as_for_the_metastasis() -> None:
    asked = request(order={"drug": "denosumab", "dose": "60 mg"}, only=True)
    draft = asked["context"]["draftOrders"]["entry"][0]["resource"]
    assert answer(asked) == []
    draft["reasonCode"] = [{"text": "Métastases osseuses"}]
    given = answer(asked)
    assert "vitamin-d-unknown" in rules(given)
    assert "the reason “Métastases osseuses” is said in words only" in said(given)


# --- codes without words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "called"),
    [(Language.ENGLISH, "Spinal cord compression (undated)"), (Language.FRENCH, "Compression médullaire (sans date)")],
)
def test_a_condition_that_has_a_code_only_is_called_by_our_name_on_a_card(language: Language, called: str) -> None:
    told = said(cards(condition((SNOMED, "71286001")), language=language))
    assert called in told
    assert "71286001" not in told


def test_a_condition_keeps_the_words_that_the_record_gives() -> None:
    told = said(cards(condition((SNOMED, "71286001"), text="Epidural mass pressing on the cord")))
    assert "Epidural mass pressing on the cord (undated)" in told


@pytest.mark.parametrize(
    ("fact", "resource_type", "code"),
    [
        ("conditions", "Condition", "no-problem-info"),
        ("allergies", "AllergyIntolerance", "no-allergy-info"),
        ("procedures", "Procedure", "no-procedure-info"),
    ],
)
def test_no_information_about_a_list_is_not_an_empty_list(fact: str, resource_type: str, code: str) -> None:
    ips = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
    held = record(resource(resource_type, "absent", code=concept(ips, code), status="completed"))
    assert getattr(held, fact).gaps
    known = record(resource(resource_type, "none", code=concept(ips, f"no-known-{fact}"), status="completed"))
    assert not getattr(known, fact).gaps


def test_an_allergy_that_was_not_asked_about_is_not_known_to_be_none() -> None:
    asked = concept(SNOMED, "1631000175102", text="Not on File")
    assert record(resource("AllergyIntolerance", "a", code=asked)).allergies.gaps


# --- a metastasis that is an Observation ------------------------------------------------------------------------------

MII_SITES = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-fernmetastasen"
DKTK = "http://dktk.dkfz.de/fhir/onco/core/CodeSystem/"


def metastasis(**members: Any) -> dict[str, Any]:
    whole = {"status": "final", "code": concept(SNOMED, "385421009"), "effectiveDateTime": "2026-02-11", **members}
    return resource("Observation", "metastasis", **whole)


@pytest.mark.parametrize(
    "observation",
    [
        metastasis(valueCodeableConcept=concept(MII_SITES, "OSS")),
        metastasis(bodySite=concept(MII_SITES, "OSS")),
        metastasis(valueCodeableConcept=concept(SNOMED, "258333005")),
        metastasis(valueCodeableConcept=concept(SNOMED, "272673000")),
        metastasis(bodySite=concept(SNOMED, "71341001")),
        metastasis(
            code=concept("http://loinc.org", "21907-1"),
            valueCodeableConcept=concept(f"{DKTK}JNUCS", "J"),
            bodySite=concept(f"{DKTK}FMLokalisationCS", "OSS"),
        ),
    ],
)
def test_an_observed_metastasis_to_a_bone_is_a_bone_metastasis_on_record(observation: dict[str, Any]) -> None:
    found = the_diagnosis(observation)
    assert not found.concepts.isdisjoint(sets.BONE_METASTASIS)
    assert found.active
    assert found.recorded is not None
    assert bone_metastasis(None, record(observation)).holds is True


@pytest.mark.parametrize(
    "observation",
    [
        metastasis(valueCodeableConcept=concept(MII_SITES, "PUL")),
        metastasis(valueCodeableConcept=concept(MII_SITES, "MAR")),
        metastasis(valueCodeableConcept=concept(LOCAL, "OSS")),
        metastasis(valueCodeableConcept=concept(SNOMED, "10200004")),
        metastasis(valueCodeableConcept=concept(MII_SITES, "OSS"), status="entered-in-error"),
        metastasis(valueBoolean=False, bodySite=concept(MII_SITES, "OSS")),
        metastasis(
            code=concept("http://loinc.org", "21907-1"),
            valueCodeableConcept=concept(f"{DKTK}JNUCS", "N"),
            bodySite=concept(f"{DKTK}FMLokalisationCS", "OSS"),
        ),
        metastasis(code=concept("http://loinc.org", "21907-1"), valueCodeableConcept=concept(SNOMED, "1229903001")),
    ],
)
def test_another_metastasis_or_none_is_no_bone_metastasis(observation: dict[str, Any]) -> None:
    assert record(observation).conditions.entries == ()


def test_a_preliminary_metastasis_is_provisional() -> None:
    assert the_diagnosis(metastasis(valueCodeableConcept=concept(MII_SITES, "OSS"), status="preliminary")).provisional
