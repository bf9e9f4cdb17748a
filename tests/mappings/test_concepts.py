"""What codes and names stand for: the traps of real records, each as a sentence."""

import dataclasses
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary import valuesets
from mappings.vocabulary.analytes import (
    ALBUMIN,
    ANALYTES,
    COCKCROFT,
    CORRECTED_CALCIUM,
    EGFR,
    MEASURED_CLEARANCE,
    VITAMIN_D,
    VITAMIN_D2,
    VITAMIN_D3,
    ordered_analytes,
)
from mappings.vocabulary.code_systems import CIM_10, ICD_10, SYSTEMS, canonical, certainty_mark, located
from mappings.vocabulary.concepts import ConceptMapProblem, Terminology
from mappings.vocabulary.names import LONGEST_TEXT, says_nothing
from mappings.vocabulary.valuesets import rebuild

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
WHO = "http://hl7.org/fhir/sid/icd-10"
FRENCH = "https://smt.esante.gouv.fr/terminologie-cim-10"
US = "http://hl7.org/fhir/sid/icd-10-cm"
GERMAN = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
CCAM = "https://smt.esante.gouv.fr/terminologie-ccam"
UCD = "http://data.esante.gouv.fr/ansm/medicament/UCD"
CIP = "http://data.esante.gouv.fr/ansm/medicament/Presentation"
CIS = "http://data.esante.gouv.fr/ansm/medicament/SpecialitePharmaceutique"
CIP_UCD = "https://smt.esante.gouv.fr/terminologie-cip_ucd"
FINDING = "urn:osteocds:finding"
SMS = "http://data.esante.gouv.fr/ansm/medicament/codeSMS"
MEDICABASE = "urn:oid:1.2.250.1.213.2.59"
ICD11 = "http://id.who.int/icd/release/11/mms"

TERMINOLOGY = Terminology.shipped()


def recognised(system, code):
    return TERMINOLOGY.recognise([{"system": system, "code": code}])


def concepts(system, code):
    return recognised(system, code).concepts


# --- drugs: strengths are told by product, never by ATC or ingredient -------------------------------------------------


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        (RXNORM, "1046399", "denosumab_120mg"),
        (RXNORM, "1046402", "denosumab_120mg"),
        (RXNORM, "993453", "denosumab_60mg"),
        (RXNORM, "993456", "denosumab_60mg"),
        (RXNORM, "285143", "zoledronic_acid_4mg"),
        (RXNORM, "705872", "zoledronic_acid_5mg"),
        (CIS, "65243459", "denosumab_120mg"),
        (CIS, "64256891", "denosumab_60mg"),
        (CIP, "3400921725384", "denosumab_120mg"),
        (CIP, "3400949285785", "denosumab_60mg"),
        (CIS, "66716961", "zoledronic_acid_4mg"),
        (CIS, "67306342", "zoledronic_acid_5mg"),
        (UCD, "3400892558882", "zoledronic_acid_4mg"),
    ],
)
def test_a_product_code_tells_the_strength(system, code, concept):
    assert concepts(system, code) == {concept}


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        (ATC, "M05BX04", "denosumab"),
        (ATC, "M05BA08", "zoledronic_acid"),
        (RXNORM, "993449", "denosumab"),
        (RXNORM, "1157742", "denosumab"),
        (RXNORM, "77655", "zoledronic_acid"),
        (RXNORM, "1156253", "zoledronic_acid"),
        (SNOMED, "446321003", "denosumab"),
        (HCPCS, "J0897", "denosumab"),
        (HCPCS, "J3489", "zoledronic_acid"),
    ],
)
def test_atc_ingredient_product_group_and_hcpcs_never_tell_the_strength(system, code, concept):
    assert concepts(system, code) == {concept}


@pytest.mark.parametrize("code", ["Q5136", "Q5157", "Q5158", "Q5159", "Q5161", "Q5162"])
def test_a_biosimilar_of_denosumab_is_denosumab_of_unsaid_strength(code):
    assert concepts(HCPCS, code) == {"denosumab"}


def test_old_seven_digit_ucd_and_cip_are_the_thirteen_digit_ones():
    assert concepts(UCD, "9255888") == concepts(UCD, "3400892558882") == {"zoledronic_acid_4mg"}
    assert concepts(CIP, "4928578") == concepts(CIP, "3400949285785") == {"denosumab_60mg"}


def test_the_shared_french_drug_terminologies_tell_ucd_cip_and_cis_by_the_number():
    assert concepts(CIP_UCD, "3400892558882") == concepts(CIP_UCD, "9255888") == {"zoledronic_acid_4mg"}
    assert concepts(CIP_UCD, "3400921725384") == {"denosumab_120mg"}
    assert concepts("https://smt.esante.gouv.fr/terminologie-bdpm", "65243459") == {"denosumab_120mg"}
    assert concepts("urn:oid:1.2.250.1.213.2.3.1", "65243459") == {"denosumab_120mg"}


def test_an_ndc_is_not_in_a_system_that_we_list():
    assert not recognised("http://hl7.org/fhir/sid/ndc", "55513-730-01").known_system


def test_a_drug_of_no_list_is_something_else_when_its_system_is_listed():
    lisinopril = recognised(ATC, "C09AA03")
    assert not lisinopril.concepts
    assert lisinopril.known_system


def test_a_code_without_system_or_of_a_local_system_does_not_count_as_known():
    for coding in ({"code": "M05BX04"}, {"system": ATC}, {"system": "https://hospital.example/drugs", "code": "X1"}):
        answer = TERMINOLOGY.recognise([coding])
        assert not answer.concepts
        assert not answer.known_system


def test_atc_codes_match_in_any_case_under_all_their_systems_current_and_superseded():
    for system in (ATC, "http://fhir.de/CodeSystem/bfarm/atc", "https://smt.esante.gouv.fr/terminologie-atc"):
        assert concepts(system, "l01fg01") == {"bevacizumab"}
        assert concepts(system, "L01XC07") == {"bevacizumab"}
    assert concepts(ATC, "L01EX17") == concepts(ATC, "L01EP01") == {"capmatinib"}


def test_a_class_matches_what_no_longer_row_names():
    assert concepts(ATC, "L01EB99") == {"tki_prefix"}
    assert concepts(ATC, "L01EB02") == {"erlotinib"}
    assert concepts(ATC, "H02AB99") == {"corticosteroids_systemic_prefix"}


def test_kinase_inhibitors_that_are_not_tyrosine_are_denied_as_tki_yet_systemic_anticancer_drugs():
    for code in ("L01EF01", "L01EG02", "L01EM01"):
        answer = recognised(ATC, code)
        assert answer.denied == {"kinase_inhibitor_not_tyrosine"}
        assert answer.concepts.isdisjoint(sets.TYROSINE_KINASE_INHIBITORS)
        assert not answer.concepts.isdisjoint(sets.SYSTEMIC_ANTICANCER)


def test_the_mixed_class_l01xx_never_makes_a_cytotoxic():
    assert concepts(ATC, "L01XX73") == {"sotorasib"}
    assert concepts(ATC, "L01XX99").isdisjoint(sets.CYTOTOXICS)


def test_calcitriol_alfacalcidol_and_dihydrotachysterol_do_not_supplement_vitamin_d():
    for code in ("A11CC02", "A11CC03", "A11CC04"):
        assert concepts(ATC, code)
        assert concepts(ATC, code).isdisjoint(sets.VITAMIN_D_SUPPLEMENTS)
    assert not concepts(ATC, "A11CC99").isdisjoint(sets.VITAMIN_D_SUPPLEMENTS)
    assert recognised(ATC, "H05BX02").denied == {"vitamin_d_analogue"}


def test_calcium_with_vitamin_d_counts_as_both():
    both = concepts(ATC, "A12AX")
    assert not both.isdisjoint(sets.CALCIUM_SUPPLEMENTS)
    assert not both.isdisjoint(sets.VITAMIN_D_SUPPLEMENTS)
    assert TERMINOLOGY.drug_name(both) == TERMINOLOGY.drug_name(frozenset({"calcium_plus_vitamin_d"}))


def test_antiangiogenic_kinase_inhibitors_belong_to_the_stricter_class():
    for code in ("L01EX09", "L01EX01", "L01EK01", "L01EK99"):
        assert not concepts(ATC, code).isdisjoint(sets.SYSTEMIC_ANTIANGIOGENICS)
        assert concepts(ATC, code).isdisjoint(sets.TKIS_WITHOUT_ANTIANGIOGENICS - {"tki_prefix"})


def test_eye_injections_are_no_systemic_antiangiogenics():
    for code in ("S01LA05", "S01LA08"):
        assert concepts(ATC, code).isdisjoint(sets.SYSTEMIC_ANTIANGIOGENICS)


def test_local_corticosteroids_and_heparins_are_denied():
    assert recognised(ATC, "D07AC01").denied == {"corticosteroid_local"}
    assert recognised(ATC, "R03BA02").denied == {"corticosteroid_local"}
    assert recognised(ATC, "C05BA03").denied == {"heparin_topical"}
    assert not recognised(ATC, "D07AC01").concepts


@pytest.mark.parametrize(
    ("code", "members"),
    [
        ("B01AA", sets.VITAMIN_K_ANTAGONISTS),
        ("M05BA", {"zoledronic_acid", "pamidronic_acid"}),
        ("m05 b", {"denosumab", "zoledronic_acid"}),
        ("L01", {"gemcitabine", "osimertinib", "pembrolizumab"}),
        ("L01BC", {"gemcitabine"}),
        ("M", {"denosumab"}),
    ],
)
def test_a_class_of_atc_may_be_any_of_its_drugs_and_says_none(code, members):
    answer = recognised(ATC, code)
    assert members <= answer.possible
    assert not answer.concepts
    assert "gemcitabine" not in recognised(ATC, "M05BA").possible


def test_a_class_that_holds_no_drug_of_ours_is_something_else_and_a_leaf_of_four_levels_is_its_drug():
    assert recognised(ATC, "J01C") == recognised(ATC, "C09CA01")
    assert recognised(ATC, "D07A").denied == {"corticosteroid_local"}
    assert not recognised(ATC, "A12AX").possible


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (LOINC, "2160-1"),  # its check digit is 0
        (SNOMED, "94222009"),
        (ATC, "M05BX0"),
        (ATC, "denosumab"),
        (ATC, "M05BA8"),
        (ATC, "M05BA080"),
        (WHO, "cancer"),
        (CCAM, "HBQK"),
    ],
)
def test_a_code_that_is_none_of_its_system_is_not_something_else(system, code):
    answer = recognised(system, code)
    assert not answer.concepts
    assert not answer.known_system


@pytest.mark.parametrize("code", ["M05BA8", "M05BA080", "M05BA0"])
def test_a_code_of_atc_that_is_cut_off_or_mistyped_may_be_of_its_class_and_outvotes_no_name(code):
    assert "zoledronic_acid" in recognised(ATC, code).possible
    assert not recognised(ATC, "M0").possible


@pytest.mark.parametrize(
    ("system", "code", "whole"),
    [
        (ATC, "C09CA01", True),
        (LOINC, "2823-3", True),
        (WHO, "J18.9", True),
        (CCAM, "AAFA001", True),
        (RXNORM, "979480", False),
        (UCD, "3400899999993", False),
        (CIS, "69999999", False),
        (CIP, "3400999999999", False),
        (SMS, "100000099999", False),
        (MEDICABASE, "MV00009999", False),
        (SNOMED, "22298006", False),
        (HCPCS, "J1885", False),
    ],
)
def test_only_of_a_whole_list_an_unknown_code_is_something_else(system, code, whole):
    assert recognised(system, code).known_system is whole


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (UCD, "3400893841433", {"denosumab_120mg"}),
        (UCD, "9384143", {"denosumab_120mg"}),
        ("urn:oid:1.2.250.1.213.2.61", "3400892669236", {"enoxaparin"}),
        (UCD, "3400890001359", {"calcium_carbonate", "cholecalciferol"}),
        (CIS, "61439115", {"denosumab_120mg"}),
        (CIP, "3400930326244", {"denosumab_120mg"}),
        (CIP, "3032624", {"denosumab_120mg"}),
        (CIP_UCD, "34009 303 262 4 4", {"denosumab_120mg"}),
        (SMS, "100000090270", {"paracetamol"}),
        ("https://spor.ema.europa.eu/v2/SubstanceDefinition", "100000078823", {"abciximab"}),
        ("http://data.esante.gouv.fr/ansm/medicament/substance", "00998", {"acenocoumarol"}),
        ("http://data.esante.gouv.fr/ansm/medicament/substance", "Substance_00998", {"acenocoumarol"}),
        ("http://data.esante.gouv.fr/ansm/medicament/substance", "998", {"acenocoumarol"}),
        (MEDICABASE, "MV00000557", {"paracetamol"}),
        ("http://BogusSystemMedicabase.com", "mv00000557", {"paracetamol"}),
        (ICD11, "XM6QR1", {"acenocoumarol"}),
        ("http://standardterms.edqm.eu", "10701000", {"form_auricular"}),
    ],
)
def test_french_and_european_codes_of_drugs_are_read_however_they_are_written(system, code, expected):
    assert concepts(system, code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "94222008",
        94222008,
        94222008.0,
        " 94222008 ",
        "94222008 |Secondary malignant neoplasm of bone|",
        "94222008:272741003=7771000",
        "=== 94222008 |Metastasis| : { 363698007 |Finding site| = 71341001 |Femur| }",
        "22298006 + 94222008",
        "http://snomed.info/id/94222008",
    ],
)
def test_an_expression_is_read_by_its_focus_concepts_and_a_number_as_its_digits(code):
    assert TERMINOLOGY.recognise([{"system": SNOMED, "code": code}]).concepts == concepts(SNOMED, "94222008")


@pytest.mark.parametrize(
    "code",
    ["C34.1 C79.5", "C34.1/C79.5", "C79.5; C34.1", "c34.1+C79.5*", "M90.7* C79.5†", "C79.5+M90.7*", "C34.1,C79.5"],
)
@pytest.mark.parametrize("system", [ICD_10, CIM_10])
def test_each_of_several_codes_in_the_place_of_one_is_read(system, code):
    assert TERMINOLOGY.recognise([{"system": system, "code": code}]).concepts >= concepts(system, "C79.5")


@pytest.mark.parametrize("code", ["C79.5 (A)", "C79.5/A", "C79.5,A", "C79.5 A", "C79,5 a"])
def test_a_certainty_stands_behind_a_code_in_any_form(code):
    assert certainty_mark(ICD_10, code) == "a"
    assert TERMINOLOGY.recognise([{"system": ICD_10, "code": code}]).concepts == concepts(ICD_10, "C79.5")


@pytest.mark.parametrize(
    "name",
    [
        "Zoledronsäure 4 mg",
        "ZOLEDRONSAEURE",
        "Gemcitabin",
        "ASS 100",
        "Dexamethason 4 mg",
        "ACIDE ACETYL.VIA 100MG CPR",
    ],
)
def test_drugs_are_known_by_their_german_names_and_short_labels(name):
    assert TERMINOLOGY.recognise_name(name)


@pytest.mark.parametrize(
    "code",
    [
        "94222008 : 408729009 = 410516002",  # known absent
        "243796009 : { 246090004 = 94222008, 408732007 = 303071001 }",  # of a relative
        "413350009 : 246090004 = 94222008",  # a finding with an explicit context, which is not stated
        "129125009 : 363589002 = 33195004",
        "94222008 : 246103008 = 410594000",  # its certainty: definitely not present
        "94222008 : 263502005 = 723506003",  # its course: resolved
        "94222008 : 363698007 = 410516002",
        "94222008 : 999999 = 71341001",  # an attribute that nobody knows
        "(94222008)",
        "94222008 +",
        True,
        float("nan"),
        float("inf"),
        10**400,
    ],
    ids=repr,
)
def test_an_expression_that_states_a_context_or_cannot_be_read_says_nothing(code):
    answer = TERMINOLOGY.recognise([{"system": SNOMED, "code": code}])
    assert not answer.concepts
    assert not answer.known_system


@pytest.mark.parametrize(
    ("system", "code", "mark"),
    [
        (GERMAN, "C79.5 G", "g"),
        (GERMAN, "C79.5A", "a"),
        (WHO, "c795 v", "v"),
        (GERMAN, "C50.4 R Z", "z"),
        (GERMAN, "C79.5*G", "g"),
        (GERMAN, "C79.5", ""),
        (GERMAN, "C79.5 R", ""),
        (US, "M84.50XA", ""),  # an encounter
        (FRENCH, "C79.5 A", ""),
        (SNOMED, "94222008", ""),
    ],
)
def test_the_mark_of_certainty_is_told_apart_from_the_code(system, code, mark):
    assert certainty_mark(system, code) == mark
    if mark and "79" in code:
        assert concepts(system, code) <= sets.BONE_METASTASIS
        assert concepts(system, code)


@pytest.mark.parametrize(
    "code", ["C79.5+", "C79.5†", "C79.5*", "C79.5!", "C79.5-", "C795", " c79.5 ", "C79.5 |Knochen|"]
)
def test_marks_blanks_case_and_terms_do_not_hide_a_diagnosis(code):
    assert concepts(GERMAN, code) <= sets.BONE_METASTASIS
    assert concepts(GERMAN, code)


def test_modifiers_of_claims_do_not_hide_an_act_or_a_drug():
    assert concepts("http://www.ama-assn.org/go/cpt", "77373-26") == concepts("http://www.ama-assn.org/go/cpt", "77373")
    assert concepts(HCPCS, "J0897-JZ") == {"denosumab"}


@pytest.mark.parametrize(
    ("glued", "of"),
    [
        ("XGEVA120MG", "denosumab_120mg"),
        ("Xgeva120", "denosumab_120mg"),
        ("XGEVA™ 120 mg", "denosumab_120mg"),
        ("ZOMETA4MG/5ML", "zoledronic_acid_4mg"),
        ("GEMCITABINE1000", "gemcitabine"),
        ("UVEDOSE100000UI", "cholecalciferol"),
        ("acide zoledronique4mg", "zoledronic_acid"),
    ],
)
def test_a_figure_that_is_written_behind_a_name_does_not_hide_it(glued, of):
    assert TERMINOLOGY.recognise_name(glued) == {of}


def test_a_name_that_ends_in_figures_is_not_taken_apart():
    assert not TERMINOLOGY.recognise_name("ZORGLUB120MG")
    assert not TERMINOLOGY.recognise_name("VITD3")
    assert TERMINOLOGY.may_name_a_drug("denosumap120")


@pytest.mark.parametrize("of_ours", ["denosumap", "XGEVVA", "Gemcitabnie", "carboplatne 450", "METHYLPREDNI.MYL"])
def test_a_word_one_letter_off_or_cut_short_may_name_a_drug_of_ours(of_ours):
    assert not TERMINOLOGY.recognise_name(of_ours)
    assert TERMINOLOGY.may_name_a_drug(of_ours)


@pytest.mark.parametrize(
    "other", ["losartan", "metformine 500 mg", "denosumab", "amoxicilline", "sodium", "x" * 100, ""]
)
def test_a_name_of_ours_and_one_that_is_far_from_all_of_them_is_not_near_one(other):
    assert not TERMINOLOGY.may_name_a_drug(other)


@pytest.mark.parametrize(
    "text", ["masked", "Inconnu", "N/A", "?", "", "12345", "mg", "Médicament", "poche", "chimiothérapie", "-"]
)
def test_a_text_that_stands_in_for_a_name_says_nothing(text):
    assert says_nothing(text)
    assert not says_nothing("Losartan 50 mg")


def test_every_concept_of_a_drug_has_a_name_in_both_languages():
    of_drugs = (ATC, RXNORM, UCD, CIP, CIS, SMS, MEDICABASE, HCPCS)
    drugs = {row.concept for row in ROWS if row.system in of_drugs and not row.denies}
    assert len(drugs) > 200
    for concept in sorted(drugs):
        own = frozenset({concept})
        name = TERMINOLOGY.drug_name(own) or TERMINOLOGY.group_name(own)
        assert name is not None, concept
        assert name.names["en"].strip(), concept
        assert name.names.get("fr", name.names["en"]).strip(), concept


def test_a_group_of_drugs_is_called_by_the_record_before_its_own_name():
    assert TERMINOLOGY.drug_name(frozenset({"systemic_anticancer_prefix"})) is None
    assert TERMINOLOGY.drug_name(frozenset({"gemcitabine", "cytotoxic_prefix"})).names["en"] == "gemcitabine"


def test_antacids_and_toothpaste_with_calcium_are_no_calcium_supplement():
    rennie = recognised(CIS, "65323026")
    assert rennie.denied == {"calcium_carbonate_not_supplement"}
    assert not rennie.concepts


# --- laboratory -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "look_alike"),
    [
        ("14631-6", "bilirubin_total_moles"),
        ("62290-2", "vitamin_d_1_25oh"),
        ("2236-8", "vitamin_d_parent"),
        ("34907-6", "calcium_protein_corrected"),
        ("18281-6", "calcium_protein_corrected"),
        ("2004-0", "calcium_urine"),
        ("2161-8", "creatinine_urine"),
        ("3289-6", "prothrombin_factor_II_activity"),
        ("5902-2", "prothrombin_time_seconds"),
        ("92891-1", "inr_goal"),
        ("14338-8", "prealbumin"),
        ("53041-0", "egfr_mutation"),
        ("21665-5", "egfr_mutation"),
    ],
)
def test_a_look_alike_result_is_denied(code, look_alike):
    answer = recognised(LOINC, code)
    assert answer.denied == {look_alike}
    assert not answer.concepts


@pytest.mark.parametrize("code", ["46099-6", "14115-4"])
def test_a_number_that_fails_its_check_digit_is_no_result_of_ours(code):
    assert not concepts(LOINC, code)


def test_62292_8_is_d2_and_d3_together():
    assert concepts(LOINC, "62292-8") <= VITAMIN_D.concepts - {"vitamin_d_25oh_unspecified"}
    assert concepts(LOINC, "1989-3") <= VITAMIN_D3.concepts


def test_the_d2_fraction_is_not_the_total_and_not_verified():
    fraction = recognised(LOINC, "49054-0")
    assert fraction.concepts == VITAMIN_D2.concepts
    assert fraction.concepts.isdisjoint(VITAMIN_D.concepts | VITAMIN_D3.concepts)
    assert fraction.unverified == fraction.concepts


def test_2164_2_is_measured_not_cockcroft():
    assert concepts(LOINC, "2164-2") <= MEASURED_CLEARANCE.concepts
    assert concepts(LOINC, "35591-7") == COCKCROFT.concepts


@pytest.mark.parametrize("code", ["33914-3", "62238-1", "77147-7", "98979-8", "12195-4", "35592-5", "50380-5"])
def test_every_value_per_body_surface_is_an_egfr(code):
    assert concepts(LOINC, code) <= EGFR.concepts


def test_12180_6_is_ionised_and_46099_8_is_corrected_for_albumin():
    ionised = concepts(LOINC, "12180-6")
    assert ionised
    assert all(concept.startswith("calcium_ionised") for concept in ionised)
    assert concepts(LOINC, "46099-8") <= CORRECTED_CALCIUM.concepts
    assert concepts(LOINC, "76631-1") <= ALBUMIN.concepts


def test_an_ethnicity_code_shaped_like_a_loinc_number_is_not_read():
    assert TERMINOLOGY.recognise([{"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2160-0"}]).concepts == set()


@pytest.mark.parametrize(
    ("system", "code", "analytes"),
    [
        ("https://smt.esante.gouv.fr/terminologie-nabm", "1139", {"vitamin_d_25oh"}),
        ("urn:oid:1.2.250.1.215.300.2", "578", {"calcium"}),
        (LOINC, "62292-8", {"vitamin_d_25oh"}),
        (LOINC, "24320-4", {"creatinine", "calcium"}),
        (LOINC, "24323-8", {"creatinine", "calcium", "albumin"}),
        (LOINC, "24362-6", {"creatinine", "calcium", "albumin", "phosphate"}),
        (LOINC, "58410-2", {"platelets"}),
        (LOINC, "34528-0", set()),
        (LOINC, "41171-0", {"ctx"}),
        (SNOMED, "26758005", {"albumin"}),
    ],
)
def test_a_laboratory_request_orders_the_analytes_of_its_result_code_request_code_or_panel(system, code, analytes):
    assert ordered_analytes(concepts(system, code), ANALYTES) == analytes


def test_the_codes_of_a_set_are_given_for_a_search():
    codes = TERMINOLOGY.codes_of(COCKCROFT.concepts)
    assert codes == [(LOINC, "35591-7")]


# --- conditions -------------------------------------------------------------------------------------------------------


def test_e83_5x_means_another_thing_in_each_classification():
    assert concepts(FRENCH, "E83.50") >= sets.HYPERCALCAEMIA
    assert concepts(US, "E83.50") == {"calcium_metabolism_disorder"}
    assert concepts(FRENCH, "E83.51") >= sets.HYPOCALCAEMIA
    assert concepts(US, "E83.51") == sets.HYPOCALCAEMIA
    assert concepts(US, "E83.52") == sets.HYPERCALCAEMIA
    assert concepts(WHO, "E83.5") == concepts(WHO, "E8351") == {"calcium_metabolism_disorder"}
    assert concepts(GERMAN, "E83.50") == {"calcium_metabolism_disorder"}


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (WHO, "C79.5"),
        (WHO, "C795"),
        (FRENCH, "C795"),
        (FRENCH, "c79.5"),
        (GERMAN, "C79.5"),
        (US, "C7951"),
        (US, "C79.51"),
        (US, "C79.5"),
        (ICD9, "198.5"),
        (ICD9, "1985"),
        ("http://hl7.org/fhir/sid/icd-9-cm/diagnosis", "1985"),
        ("http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd9", "1985"),
        ("http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd10", "C7951"),
        (SNOMED, "94222008"),
        (SNOMED, "94602001"),
        (SNOMED, "94521000"),
    ],
)
def test_a_bone_metastasis_is_recognised_however_it_is_coded(system, code):
    assert concepts(system, code) <= sets.BONE_METASTASIS
    assert concepts(system, code)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (US, "C79.52"),  # bone marrow
        (SNOMED, "94217008"),  # bone marrow
        (SNOMED, "314990009"),  # from a bone tumour
        (SNOMED, "94480000"),  # the pelvis as a region
        (SNOMED, "94406009"),  # maxillary sinus
        (WHO, "C78.0"),  # to the lung
        (ICD9, "1970"),  # to the lung
    ],
)
def test_a_neighbour_of_bone_metastasis_is_none(system, code):
    assert concepts(system, code).isdisjoint(sets.BONE_METASTASIS)


@pytest.mark.parametrize(("system", "code"), [(ICD9, "V161"), (US, "Z80.1"), (SNOMED, "162573006"), (WHO, "C780")])
def test_history_suspicion_and_metastasis_to_the_lung_are_no_lung_cancer(system, code):
    answer = recognised(system, code)
    assert answer.denied
    assert answer.concepts.isdisjoint(sets.LUNG_CANCER)


def test_k10_2_and_m87_1_are_no_osteonecrosis_of_the_jaw_by_the_code_alone():
    for code in ("M87.1", "M87.18"):
        assert recognised(FRENCH, code).denied == sets.OSTEONECROSIS_WITH_JAW_SITE
    for system, code in ((WHO, "K10.2"), (FRENCH, "K102"), (ICD9, "526.4")):
        assert recognised(system, code).denied == sets.JAW_INFLAMMATION
    assert recognised(FRENCH, "M87.12").denied == {"osteonecrosis_elsewhere"}
    for system, code in ((WHO, "K10.2"), (FRENCH, "M87.18"), (FRENCH, "K102"), (ICD9, "526.4")):
        assert not concepts(system, code)
    assert concepts(US, "M27.2") >= sets.POSSIBLE_OSTEONECROSIS_OF_JAW


@pytest.mark.parametrize(
    ("code", "primary"),
    [
        *((code, True) for code in ("C00.1", "C75.9", "C61", "C81.0", "C96", "C90.0")),
        *((code, False) for code in ("C34.1", "C44.3", "C76", "C79.5", "C80", "C97")),
    ],
)
def test_another_primary_is_any_cancer_but_of_the_lung_the_skin_or_a_secondary(code, primary):
    assert concepts(WHO, code).isdisjoint(sets.OTHER_PRIMARY) is not primary
    assert concepts(US, "M87.180") == sets.OSTEONECROSIS_OF_JAW
    assert concepts(US, "K10.2") == set()


@pytest.mark.parametrize("code", ["441809009", "109691002", "433851000124105", "434601000124106"])
def test_ids_given_for_osteonecrosis_of_the_jaw_that_fail_their_check_digit_are_not_used(code):
    assert not verhoeff_holds(code)
    assert not concepts(SNOMED, code)


def test_myelopathy_alone_is_no_cord_compression():
    assert recognised(WHO, "G99.2").denied == {"myelopathy_not_always_compression"}
    assert concepts(WHO, "G95.2") <= sets.SPINAL_CORD_COMPRESSION
    assert concepts(WHO, "G83.4") <= sets.SPINAL_CORD_COMPRESSION


@pytest.mark.parametrize("system", [WHO, FRENCH, GERMAN])
def test_the_longest_code_wins_thrombophilia_is_not_coagulopathy(system):
    assert concepts(system, "D68.9") == sets.COAGULOPATHY & {"coagulopathy"}
    for code in ("D68.5", "D685", "D68.6"):
        assert recognised(system, code).denied == {"thrombophilia"}
        assert not concepts(system, code)


def test_a_more_precise_code_keeps_what_its_category_means():
    assert concepts(WHO, "A41.9") >= {"sepsis", "infection_any"}


def test_spinal_stenosis_is_never_the_recorded_narrowing():
    assert concepts(SNOMED, "76107001").isdisjoint(sets.FINDING_NAMES)


# --- procedures -------------------------------------------------------------------------------------------------------


def test_ccam_is_compared_on_its_first_seven_characters():
    assert concepts(CCAM, "HBQK002-01") == concepts(CCAM, "hbqk0021") == sets.ORTHOPANTOMOGRAM & {"orthopantomogram"}


def test_icd_9_procedures_and_diagnoses_with_the_same_digits_are_not_mixed():
    assert concepts(ICD9, "92.29") == {"radiotherapy_any"}
    assert concepts(ICD9, "9229") == set()  # 922.9, a contusion
    assert concepts("http://hl7.org/fhir/sid/icd-9-cm/procedure", "9224") == {"radiotherapy_external_beam"}
    assert concepts("http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-procedure-icd9", "9229") == {"radiotherapy_any"}


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (SNOMED, "169359004"),
        (SNOMED, "394902000"),
        ("http://www.ama-assn.org/go/cpt", "77772"),
        (ICD9, "92.27"),
        ("http://hl7.org/fhir/sid/icd-10-pcs", "D7119CZ"),
    ],
)
def test_brachytherapy_is_no_external_radiotherapy(system, code):
    assert recognised(system, code).denied == {"brachytherapy"}
    assert concepts(system, code).isdisjoint(sets.RADIOTHERAPY)


def test_flash_is_not_stereotactic_and_old_radium_is_not_radium_223():
    assert recognised(SNOMED, "1163157007").denied == {"flash_radiotherapy"}
    assert recognised(SNOMED, "21372000").denied == {"radium_brachytherapy"}


@pytest.mark.parametrize("code", ["1217123003", "1222565005", "1255724003"])
def test_the_course_phase_and_plan_of_the_codex_guide_are_radiotherapy(code):
    assert concepts(SNOMED, code) <= sets.RADIOTHERAPY
    assert concepts(SNOMED, code)


def test_a_pet_without_tracer_is_no_fdg_pet():
    assert concepts(SNOMED, "82918005") <= sets.PET_WITHOUT_TRACER
    assert concepts(SNOMED, "443271005") <= sets.FDG_PET
    assert recognised(LOINC, "87907-2").denied == {"pet_other_tracer"}


def test_a_case_that_is_registered_is_no_tumour_board_decision():
    assert recognised("urn:oid:1.2.250.1.213.1.1.4.322", "ORG-128").denied == {"tumour_board_registered_only"}
    assert concepts(LOINC, "85232-7") == sets.TUMOUR_BOARD


@pytest.mark.parametrize(
    ("code", "site"), [("76752008", "breast"), ("25990002", "renal pelvis"), ("55060009", "maxillary sinus")]
)
def test_an_organ_is_no_bone_whatever_its_name_sounds_like(code, site):
    assert recognised(SNOMED, code).denied == sets.NOT_BONE, site
    assert concepts(SNOMED, code).isdisjoint(sets.ANY_BONE)


# --- systems ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alias", "system"),
    [
        ("https://loinc.org", LOINC),
        ("http://loinc.org/", LOINC),
        (" HTTP://LOINC.ORG ", LOINC),
        ("http://loinc.org|2.74", LOINC),
        ("urn:oid:2.16.840.1.113883.6.1", LOINC),
        ("2.16.840.1.113883.6.1", LOINC),
        ("http://aphp.fr/Bioloinc/JDV_LOINC_Biologie", LOINC),
        ("urn:oid:2.16.840.1.113883.6.96", SNOMED),
        ("http://snomed.info/sct/900000000000207008/version/20240101", SNOMED),
        ("https://smt.esante.gouv.fr/terminologie-snomed-ct-fr", SNOMED),
        ("https://dmd.nhs.uk", SNOMED),
        ("urn:oid:2.16.840.1.113883.6.73", ATC),
        ("urn:oid:2.16.840.1.113883.6.88", RXNORM),
        ("urn:oid:2.16.840.1.113883.6.3", WHO),
        ("urn:oid:2.16.840.1.113883.6.90", US),
        ("http://hl7.org/fhir/sid/icd-10-us", US),
        *((f"http://hl7.org/fhir/sid/icd-10-{country}", WHO) for country in ("uk", "au", "am", "ch", "at", "nl", "de")),
        ("http://terminology.hl7.org/CodeSystem/icd-10", WHO),
        ("http://id.who.int/icd/release/10", WHO),
        ("ICD-10", WHO),
        ("CIM-10", FRENCH),
        ("urn:oid:1.2.250.1.213.2.5", CCAM),
        ("urn:oid:2.16.840.1.113883.6.285", HCPCS),
        ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", HCPCS),
        ("urn:oid:2.16.840.1.113883.6.103", ICD9),
        ("https://smt.esante.gouv.fr/terminologie-ncit", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"),
    ],
)
def test_a_code_system_is_known_by_each_of_its_names(alias, system):
    assert canonical(alias) == system


@pytest.mark.parametrize(
    ("national", "system"),
    [
        *((f"http://hl7.org/fhir/sid/icd-10-{country}", WHO) for country in ("se", "ca", "be", "es", "it")),
        ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full", WHO),
        ("https://terminologia.saude.gov.br/fhir/CodeSystem/BRCID10", WHO),
        ("http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8", WHO),
        ("https://uzis.cz/terminology/CodeSystem/mkn-10", WHO),
        ("https://fhir.ee/CodeSystem/rhk10", WHO),
        ("https://fhir.infoway-inforoute.ca/CodeSystem/icd-10-ca", WHO),
        ("http://terminology.hl7.org/CodeSystem/icd10", WHO),
        ("eHealth/ICD10_AM/condition_codes", WHO),
        ("urn:oid:2.16.578.1.12.4.1.1.7110", WHO),
        ("urn:oid:1.2.246.537.6.1", WHO),
        ("1.2.246.537.6.1.1999", WHO),
        ("urn:oid:1.2.752.116.1.1.1.1.3", WHO),
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw", US),
        ("http://terminology.hl7.org/CodeSystem/icd10CM", US),
        ("I10C", US),
        (
            "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-pcs-2023-tw",
            "http://www.cms.gov/Medicare/Coding/ICD10",
        ),
        ("I9C", ICD9),
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medcation-atc-tw", ATC),
        ("urn:oid:2.16.578.1.12.4.1.1.7180", ATC),
        ("urn:oid:1.2.246.537.6.32.2007", ATC),
        ("http://whocc.no/atc", ATC),
        ("https://fhir.infoway-inforoute.ca/CodeSystem/pCLOCD", LOINC),
        ("LN", LOINC),
        ("http://www.saude.gov.br/fhir/r4/CodeSystem/BRNomeExameLOINC", LOINC),
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/loinc-tw", LOINC),
        ("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/snomedct-tw", SNOMED),
        ("SCT", SNOMED),
    ],
)
def test_a_code_system_is_known_by_the_name_that_a_country_or_hl7_v2_gives_it(national, system):
    assert canonical(national) == system


@pytest.mark.parametrize(
    "other",
    [
        "http://hl7.org/fhir/sid/icd-o-3",
        "http://fhir.de/CodeSystem/icd-10-gm-diagnosesicherheit",
        "http://hospital.example/CodeSystem/icd-10-procedures",
        "http://hospital.example/CodeSystem/atc-vet-diets",
        "http://www.whocc.no/atcvet",
        "http://hospital.example/fhir/CodeSystem/plastic10",
    ],
)
def test_a_name_that_only_resembles_one_is_another_system(other):
    assert canonical(other) == other.lower()


def test_a_danish_diagnosis_is_an_icd_10_code_behind_a_d():
    sks = "urn:oid:1.2.208.176.2.4"
    assert concepts(sks, "DC795") == concepts(WHO, "C79.5")
    assert concepts(sks, "DC349A") == concepts(WHO, "C34.9")
    assert concepts(sks, "BWGC1") == set()
    assert concepts(WHO, "DC795") == set()


def test_a_letter_behind_the_code_of_a_countrys_own_edition_is_no_certainty():
    assert certainty_mark("http://hl7.org/fhir/sid/icd-10-se", "C795A") == ""
    assert certainty_mark("urn:oid:1.2.208.176.2.4", "DC795A") == ""


@pytest.mark.parametrize(
    "system", [ICD11, "http://id.who.int/icd/release/11/2024-01/mms", "https://icd.who.int/browse11"]
)
def test_a_cluster_of_icd_11_means_what_its_stems_do(system):
    assert concepts(system, "2C25.0&XA0KZ3") == concepts(ICD11, "2C25.0") != set()
    assert concepts(system, "2C25.0/2E03") == concepts(ICD11, "2C25.0") | concepts(ICD11, "2E03")
    assert concepts(system, "2E03&XY7Z") == set()  # provisional


def test_an_orthopantomogram_is_known_by_its_procedure():
    assert concepts(SNOMED, "89846007") == {"orthopantomogram"}


def test_dental_codes_of_the_united_states_are_read():
    assert concepts("http://www.ada.org/cdt", "D7140") == {"tooth_extraction"}
    assert concepts("urn:oid:2.16.840.1.113883.6.13", "D0120") == {"dental_examination"}


def test_a_japanese_result_is_the_same_by_whichever_method():
    jlac = "urn:oid:1.2.392.200119.4.504"
    assert concepts(jlac, "3H030000002399801") == concepts(jlac, "3H030000002327101") == {"calcium_total_mass"}
    assert concepts(jlac, "3H030000000427101") == set()  # of urine


def test_the_oid_of_ucd_finds_ucd_codes():
    assert located("urn:oid:1.2.250.1.213.2.62", "3400892558882") == (UCD, "9255888")


# --- several codings, statuses ----------------------------------------------------------------------------------------


def test_several_codings_are_read_together_and_one_verified_code_verifies():
    unverified = {"system": HCPCS, "code": "J9000"}
    assert TERMINOLOGY.recognise([unverified]).unverified == {"doxorubicin"}
    both = TERMINOLOGY.recognise([unverified, {"system": ATC, "code": "L01DB01"}])
    assert both.concepts == {"doxorubicin"}
    assert not both.unverified
    assert both.known_system


def test_displays_never_match():
    assert not TERMINOLOGY.recognise([{"system": ATC, "code": "ZZZ", "display": "denosumab"}]).concepts


# --- a site's own codes -----------------------------------------------------------------------------------------------


def concept_map(target_system, *targets, code="ZOL4"):
    return {
        "resourceType": "ConceptMap",
        "group": [
            {
                "source": "https://hospital.example/drugs",
                "target": target_system,
                "element": [{"code": code, "target": list(targets)}],
            }
        ],
    }


def local(code="ZOL4"):
    return [{"system": "https://hospital.example/drugs", "code": code}]


def test_a_concept_map_adds_local_codes_by_concept_and_by_standard_code():
    by_concept = TERMINOLOGY.with_concept_map(concept_map("urn:osteocds:concept", {"code": "zoledronic_acid_4mg"}))
    assert by_concept.recognise(local()).concepts == {"zoledronic_acid_4mg"}
    by_code = TERMINOLOGY.with_concept_map(concept_map(ATC, {"code": "M05BX04", "equivalence": "equivalent"}))
    assert by_code.recognise(local()).concepts == {"denosumab"}
    assert by_code.with_concept_map(concept_map(ATC, {"code": "M05BA08"}, code="Z")).recognise(local()).concepts


def test_a_concept_map_leaves_the_shipped_terminology_as_it_was():
    TERMINOLOGY.with_concept_map(concept_map(ATC, {"code": "M05BX04"}))
    assert not TERMINOLOGY.recognise(local()).concepts


def test_a_concept_map_may_name_a_recorded_finding_or_a_look_alike():
    finding = TERMINOLOGY.with_concept_map(concept_map("urn:osteocds:concept", {"code": "mirels-score"}))
    assert finding.recognise(local()).concepts == {"mirels-score"}
    denied = TERMINOLOGY.with_concept_map(concept_map("urn:osteocds:concept", {"code": "brachytherapy"}))
    assert denied.recognise(local()).denied == {"brachytherapy"}


@pytest.mark.parametrize("equivalence", ["unmatched", "disjoint"])
def test_targets_that_say_that_they_do_not_match_are_ignored(equivalence):
    mapped = TERMINOLOGY.with_concept_map(concept_map(ATC, {"code": "nonsense", "equivalence": equivalence}))
    assert not mapped.recognise(local()).concepts


@pytest.mark.parametrize("system", ["urn:osteocds:concept", ATC, "https://unknown.example"])
def test_an_unknown_target_is_refused_naming_the_element(system):
    with pytest.raises(ConceptMapProblem, match=r"ConceptMap\.group\[0\]\.element\[0\] \(code 'ZOL4'\).*'zolendronic'"):
        TERMINOLOGY.with_concept_map(concept_map(system, {"code": "zolendronic"}))


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"resourceType": "ValueSet"},
        {"resourceType": "ConceptMap", "group": {}},
        {"resourceType": "ConceptMap", "group": [{"target": ATC, "element": []}]},
        {"resourceType": "ConceptMap", "group": [{"source": "x", "target": ATC, "element": [{"code": 5}]}]},
    ],
)
def test_a_concept_map_of_the_wrong_shape_is_refused(broken):
    with pytest.raises(ConceptMapProblem):
        TERMINOLOGY.with_concept_map(broken)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Xgeva", {"denosumab_120mg"}),
        ("PROLIA 60 mg seringue préremplie", {"denosumab_60mg"}),
        ("Zometa 4 mg/100 ml", {"zoledronic_acid_4mg"}),
        ("Aclasta", {"zoledronic_acid_5mg"}),
        ("Reclast 5 mg/100 mL", {"zoledronic_acid_5mg"}),
        ("dénosumab 120 mg SC", {"denosumab"}),
        ("denosumab-bbdz", {"denosumab"}),
        ("Wyost (denosumab-bbdz)", {"denosumab_120mg", "denosumab"}),
        ("Jubbonti", {"denosumab_60mg"}),
        ("ACIDE ZOLEDRONIQUE 4 mg/5 ml", {"zoledronic_acid"}),
        ("zoledronic acid", {"zoledronic_acid"}),
        ("Uvedose 100 000 UI", {"cholecalciferol"}),
        ("Zyma-D 10 000 UI/ml", {"cholecalciferol"}),
        ("Dédrogyl gouttes", {"calcifediol"}),
        ("STÉROGYL 15", {"ergocalciferol"}),
        ("Cacit vitamine D3", {"calcium_any", "cholecalciferol"}),
        ("Calcium", {"calcium_any"}),
        ("Infusion bestehend aus 85mg Doxorubicin", {"doxorubicin"}),
        ("nadroparine calcique", {"nadroparin"}),
        ("Kardégic 75", {"aspirin"}),
        ("NERLYNX 40 mg", {"neratinib"}),
        ("Hernexeos", {"zongertinib"}),
        ("Zegfrovy", {"sunvozertinib"}),
        ("Metformin 500 mg", set()),
        ("", set()),
    ],
)
def test_a_name_in_free_text_identifies_a_drug(text, expected):
    assert TERMINOLOGY.recognise_name(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "denosumab antibody titre",
        "anti-denosumab antibodies",
        "calcium channel blocker",
        "folinate de calcium",
        "calcium polystyrene sulfonate",
        "paricalcitol",
        "paracalcitol",
        "vitamin D analogue",
        "analogues de la vitamine D",
        "bevacizumab 1.25 mg intravitreal",
        "bévacizumab, injection intravitréenne",
        "dexaméthasone collyre",
        "hydrocortisone crème",
        "predenosumab",
        "heparin lock flush",
    ],
)
def test_a_text_that_only_contains_a_name_identifies_nothing(text):
    assert TERMINOLOGY.recognise_name(text) == set()


def test_names_match_in_compatibility_forms_and_decomposed_accents():
    assert TERMINOLOGY.recognise_name("\uff38\uff27\uff25\uff36\uff21") == {"denosumab_120mg"}
    assert TERMINOLOGY.recognise_name("de\u0301nosumab") == {"denosumab"}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Mirels", "mirels-score"),
        ("score de Mirels", "mirels-score"),
        ("SINS", "sins-score"),
        ("Spinal Instability Neoplastic Score", "sins-score"),
        ("spinal-instability neoplastic score (SINS)", None),
        ("sins of omission", None),
        ("refer for Mirels score", None),
        ("", None),
    ],
)
def test_a_recorded_finding_is_named_by_a_whole_text_of_the_closed_table(text, finding):
    assert TERMINOLOGY.recognise_finding_name(text) == finding


def test_every_recorded_finding_is_recognised_in_our_own_code_system():
    for name in sets.FINDING_NAMES:
        assert concepts(FINDING, name) == {name}


# --- garbage ----------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["system", "code", "display", "x"]), inner),
    max_leaves=12,
)
CODING = st.fixed_dictionaries(
    {}, optional={"system": st.sampled_from([*sorted(SYSTEMS), CIP_UCD, ICD9]) | JSON, "code": st.text() | JSON}
)


@given(JSON | st.lists(CODING))
@settings(deadline=None)
def test_no_json_makes_recognise_raise(codings):
    answer = TERMINOLOGY.recognise(codings)
    assert answer.concepts <= TERMINOLOGY.concepts
    assert answer.unverified <= answer.concepts | answer.denied


@given(st.text())
@settings(deadline=None)
def test_no_text_makes_the_names_raise(text):
    assert TERMINOLOGY.recognise_name(text) <= TERMINOLOGY.concepts
    assert TERMINOLOGY.recognise_finding_name(text) in sets.FINDING_NAMES | {None}


def test_absurdly_long_codes_and_systems_are_not_looked_up():
    assert TERMINOLOGY.recognise([{"system": LOINC, "code": "2160-0" + " " * 200}]).concepts == set()
    assert TERMINOLOGY.recognise([{"system": LOINC + "/" * 400, "code": "2160-0"}]).concepts == set()
    assert TERMINOLOGY.recognise([{"system": SNOMED, "code": "94222008" + " " * 600}]).concepts == set()


def test_a_text_that_is_too_long_names_nothing():
    assert TERMINOLOGY.recognise_name("Xgeva" + " " * (LONGEST_TEXT - 5))
    assert not TERMINOLOGY.recognise_name("Xgeva" + " " * (LONGEST_TEXT - 4))


# --- the lists themselves ---------------------------------------------------------------------------------------------

ROWS = list(valuesets.rows())

VERHOEFF_PERMUTED = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
VERHOEFF_PRODUCT = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip


def verhoeff_holds(number):
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = int(VERHOEFF_PRODUCT[check][int(VERHOEFF_PERMUTED[place % 8][int(digit)])])
    return check == 0


def mod_10_holds(number):
    digits, check = number.split("-")
    total = sum(
        sum(map(int, str(int(digit) * 2))) if place % 2 == 0 else int(digit)
        for place, digit in enumerate(reversed(digits))
    )
    return (10 - total % 10) % 10 == int(check)


def test_every_loinc_number_and_snomed_id_has_its_check_digit():
    answers = [row for row in ROWS if row.system == LOINC and not row.code.startswith("LA")]
    wrong = [row.code for row in answers if not mod_10_holds(row.code)]
    wrong += [row.code for row in ROWS if row.system == SNOMED and not verhoeff_holds(row.code)]
    assert answers
    assert wrong == []


def test_no_concept_is_both_listed_and_denied():
    allowed = {row.concept for row in ROWS if not row.denies}
    assert allowed.isdisjoint({row.concept for row in ROWS if row.denies})


def test_no_code_is_twice_in_the_lists_for_the_same_concept():
    places = Counter((row.concept, *located(row.system, row.code)) for row in ROWS)
    assert [place for place, count in places.items() if count > 1] == []


def test_every_row_has_a_known_match_status_and_evidence():
    for row in ROWS:
        assert row.match in ("exact", "prefix"), row
        assert row.status in ("verified", "doubtful", "from-memory"), row
        assert row.evidence, row


def test_licensed_descriptors_are_not_shipped():
    assert not [row.code for row in ROWS if row.system in rebuild.NO_DESCRIPTORS and row.display]


def named_in_sets():
    named = {name for one in ANALYTES for name in one.searched | one.ordered_by}
    for value in vars(sets).values():
        if isinstance(value, frozenset):
            named |= value
        elif isinstance(value, Mapping) and value is not sets.UNUSED:
            named |= {name for names in value.values() if isinstance(names, frozenset) for name in names}
    return named


def test_every_concept_named_in_a_set_is_in_a_value_set():
    assert named_in_sets() - TERMINOLOGY.concepts == set()


def test_every_listed_concept_is_in_a_set_or_unused_for_a_reason():
    listed = {row.concept for row in ROWS if not row.denies}
    assert listed - named_in_sets() - set(sets.UNUSED) == set()
    assert set(sets.UNUSED) <= listed
    assert set(sets.UNUSED) & named_in_sets() == set()


def test_every_drug_name_gives_a_concept_of_ours():
    for name, concept, kind, evidence in valuesets.table("drug_names.csv"):
        assert evidence, name
        assert (concept in TERMINOLOGY.concepts) or (concept == "" and kind.startswith("deny")), name
        if concept:
            assert concept in TERMINOLOGY.recognise_name(name), name


def test_the_terminology_answers_are_immutable():
    answer = recognised(ATC, "M05BX04")
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.concepts = frozenset()


# --- the import -------------------------------------------------------------------------------------------------------

SOURCES = Path(__file__).parents[3] / "shared" / "referential"


def test_the_generated_files_are_what_the_import_makes_of_the_sources():
    if not SOURCES.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{SOURCES} must lie beside the clone in CI")
        pytest.skip("the sources of the value sets do not lie beside this clone (../shared/referential)")
    for name, text in rebuild.rebuild(SOURCES).items():
        assert (valuesets.FOLDER / name).read_text(encoding="utf-8") == text, (
            f"{name}: run python -m mappings.vocabulary.valuesets"
        )


def sources(folder, *rows):
    header = "concept,group,system,code,display,status,evidence"
    (folder / "codes.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (folder / "codes_fr_bdpm.csv").write_text(header + "\n", encoding="utf-8")
    return folder


def test_a_correction_that_meets_no_row_stops_the_import(tmp_path):
    with pytest.raises(rebuild.ImportProblem, match=r"corrections\.csv: no row"):
        rebuild.rebuild(sources(tmp_path, f"inr,lab,{LOINC},6301-6,INR,verified,x"))


def test_an_addition_that_the_sources_have_by_now_stops_the_import(tmp_path, monkeypatch):
    monkeypatch.setattr(rebuild, "_corrected", lambda rows: rows)
    row = f"vitamin_d_25oh_total_moles,lab,{LOINC},68438-1,25-OH vitamin D,verified,x"
    with pytest.raises(rebuild.ImportProblem, match=r"additions\.csv: the sources now have"):
        rebuild.rebuild(sources(tmp_path, row))


def test_the_import_shortens_evidence_and_leaves_packaging_and_descriptors_out(tmp_path, monkeypatch):
    monkeypatch.setattr(rebuild, "_corrected", lambda rows: rows)
    evidence = "A+b:c/d.json; E/f g; +3 other repos"
    files = rebuild.rebuild(
        sources(
            tmp_path,
            f'a,drug-fr,{CIP},3400921725384,"XGEVA 120 mg | 1 flacon [CIP13]",verified,"{evidence}"',
            "b,procedure,http://www.ama-assn.org/go/cpt,22510,Words,verified,find_string id 123456789; NOTE: old",
        )
    )
    assert files["drug-fr.csv"].endswith(",3400921725384,exact,XGEVA 120 mg,verified,A/b +4 more\n")
    assert files["procedure.csv"].endswith(",22510,exact,,verified,a public repository; NOTE: old\n")
