"""Every concept that a rule names has a public code, or a line that says how it is read instead; the folder's README is true."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from gout import GUIDELINE as GOUT

from mappings.vocabulary import analytes, valuesets
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.code_systems import FINDING, FRENCH_DRUGS, SYSTEMS, canonical
from mappings.vocabulary.concepts import Terminology
from service.gathering.site_codes import site_terminology
from service.guidelines import GUIDELINES
from service.settings import read_settings

README = (valuesets.FOLDER / "README.md").read_text(encoding="utf-8")
ROWS = list(valuesets.rows())
GAPS = {concept: (why, how) for concept, why, how in valuesets.table("gaps.csv")}


@pytest.mark.parametrize("folder", [valuesets.FOLDER, *(one.valuesets for one in (*GUIDELINES, GOUT) if one.valuesets)])
def test_a_line_is_a_row_whose_system_stands_between_its_first_commas(folder):
    read = [(row.concept, row.system, row.code, row.match) for row in valuesets.rows(folder)]
    split = [tuple(line.split(",", 4)[:4]) for lines, _denies in valuesets.unread(folder) for line in lines]
    assert read
    assert split == read


# --- what the rules name ----------------------------------------------------------------------------------------------

NAMED_IN_SETS = sorted(
    set().union(
        *(value for value in vars(sets).values() if isinstance(value, frozenset)),
        *(one.searched | one.ordered_by for one in analytes.ANALYTES),
        *(
            names
            for value in vars(sets).values()
            if isinstance(value, Mapping) and value is not sets.UNUSED
            for names in value.values()
            if isinstance(names, frozenset)
        ),
    )
)


def test_every_concept_that_the_code_names_has_a_public_code_or_a_gap():
    public = {row.concept for row in ROWS if row.system != FINDING}
    assert NAMED_IN_SETS
    assert [concept for concept in NAMED_IN_SETS if concept not in public and concept not in GAPS] == []


def test_a_gap_says_why_and_how_it_is_read():
    for concept, (why, how) in GAPS.items():
        assert why, concept
        assert how, concept


NAMED_BY_THE_RULES: dict[str, frozenset[str]] = {
    "denosumab": sets.DENOSUMAB,
    "zoledronic": sets.ZOLEDRONIC_ACID,
    "pamidronic": frozenset({"pamidronic_acid"}),
    "ibandronic": frozenset({"ibandronic_acid"}),
    "clodronic": frozenset({"clodronic_acid"}),
    "cholecalciferol": sets.CHOLECALCIFEROL,
    "ergocalciferol": sets.ERGOCALCIFEROL,
    "calcifediol": sets.CALCIFEDIOL,
    "calcitriol": frozenset({"calcitriol"}),
    "alfacalcidol": frozenset({"alfacalcidol"}),
    "paracetamol": sets.PARACETAMOL,
    "corticosteroid": sets.SYSTEMIC_CORTICOSTEROIDS,
    "anti-angiogenic": sets.SYSTEMIC_ANTIANGIOGENICS,
    "gemcitabine": sets.GEMCITABINE,
    "doxorubicin": sets.DOXORUBICIN,
    "bevacizumab": sets.BEVACIZUMAB,
    "bleomycin": sets.BLEOMYCIN,
    "carboplatin": frozenset({"carboplatin"}),
    "cisplatin": frozenset({"cisplatin"}),
    "oxaliplatin": frozenset({"oxaliplatin"}),
    "vinorelbine": frozenset({"vinorelbine"}),
    "paclitaxel": frozenset({"paclitaxel"}),
    "docetaxel": frozenset({"docetaxel"}),
    "etoposide": frozenset({"etoposide"}),
    "pemetrexed": frozenset({"pemetrexed"}),
    "atezolizumab": frozenset({"atezolizumab"}),
    "durvalumab": frozenset({"durvalumab"}),
    "ipilimumab": frozenset({"ipilimumab"}),
    "nivolumab": frozenset({"nivolumab"}),
    "pembrolizumab": frozenset({"pembrolizumab"}),
    "aspirin": sets.ASPIRIN,
    "clopidogrel": sets.CLOPIDOGREL,
    "dabigatran": frozenset({"dabigatran"}),
    "rivaroxaban": frozenset({"rivaroxaban"}),
    "apixaban": frozenset({"apixaban"}),
    "vitamin K antagonist": sets.VITAMIN_K_ANTAGONISTS,
    "heparin": sets.LOW_MOLECULAR_WEIGHT_HEPARINS,
    "25-OH vitamin D": analytes.VITAMIN_D.concepts | analytes.VITAMIN_D3.concepts,
    "albumin": analytes.ALBUMIN.concepts,
    "phosphate": analytes.PHOSPHATE.concepts,
    "creatinine": analytes.CREATININE.concepts,
    "Cockcroft-Gault": analytes.COCKCROFT.concepts,
    "eGFR": analytes.EGFR.concepts,
    "platelets": analytes.PLATELETS.concepts,
    "prothrombin": analytes.PROTHROMBIN.concepts,
    "INR": analytes.INR.concepts,
    "CTX": analytes.CTX.concepts,
    "body weight": analytes.WEIGHT.concepts,
    "pain score": analytes.PAIN_SCORE.concepts,
    "bone metastasis": sets.BONE_METASTASIS,
    "jaw osteonecrosis": sets.OSTEONECROSIS_OF_JAW,
    "dental infection": sets.DENTAL_INFECTION_ACTIVE,
    "liver": sets.SEVERE_LIVER_DISEASE,
    "osteomalacia": sets.OSTEOMALACIA,
    "hypocalcaemia": sets.HYPOCALCAEMIA,
    "malignant hypercalcaemia": sets.HYPERCALCAEMIA,
    "pathological fracture": sets.PATHOLOGICAL_FRACTURE,
    "spinal cord compression": sets.SPINAL_CORD_COMPRESSION,
    "sepsis": sets.SEPSIS_OR_GENERAL_INFECTION,
    "skin infection": sets.SKIN_INFECTION,
    "bone cement": sets.BONE_CEMENT,
    "DIC": sets.DISSEMINATED_INTRAVASCULAR_COAGULATION,
    "squamous": sets.LUNG_SQUAMOUS_CARCINOMA,
    "neuropathic": sets.NEUROPATHIC_PAIN,
    "dental examination": sets.DENTAL_EXAMINATION,
    "orthopantomogram": sets.ORTHOPANTOMOGRAM,
    "stereotactic": sets.STEREOTACTIC_RADIOTHERAPY,
    "radiotherapy": sets.RADIOTHERAPY,
    "kyphoplasty": sets.KYPHOPLASTY,
    "vertebroplasty": sets.VERTEBROPLASTY,
    "cementoplasty": sets.CEMENTOPLASTY,
    "biopsy": sets.BONE_BIOPSY,
    "bone scan": sets.BONE_SCINTIGRAPHY,
    "FDG": sets.FDG_PET,
    "MRI": sets.MRI,
    "tumour board": sets.TUMOUR_BOARD,
    "head-and-neck": sets.HEAD_NECK,
    "femur": sets.FEMUR,
    "long bone": sets.LONG_BONE,
}
"""Words of the clinical specification, and the concepts that they became."""


def test_all_that_the_specification_names_has_public_codes():
    with_codes = {row.concept for row in ROWS if not row.denies and row.system != FINDING}
    lacking = {word: concepts - with_codes for word, concepts in NAMED_BY_THE_RULES.items()}
    assert all(NAMED_BY_THE_RULES.values())
    assert {word: concepts for word, concepts in lacking.items() if concepts} == {}


# --- the README -------------------------------------------------------------------------------------------------------


def system_rows():
    rows = re.findall(r"^\| `((?:http|urn)[^`]+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    assert rows
    return [(system, re.findall(r"`([^`]+)`", aliases)) for system, aliases, _ in rows]


def whole_rows():
    return dict(re.findall(r"^\| `((?:http|urn)[^`]+)` \| .+ \| (whole|part) \|$", README, re.MULTILINE))


def test_every_alias_that_the_readme_gives_leads_to_its_system():
    for system, aliases in system_rows():
        assert aliases, system
        assert {canonical(alias) for alias in aliases} == {canonical(system)} == {system}


def test_the_readme_names_every_system_that_the_lists_cover():
    named = {system for system, _ in system_rows()}
    french = {uri for uri in re.findall(r"`([^`\s]+)`", README) if canonical(uri) == FRENCH_DRUGS}
    assert SYSTEMS.keys() - {FINDING, FRENCH_DRUGS} <= named | french
    whole = {uri for uri, system in SYSTEMS.items() if system.whole}
    assert whole - {FINDING} == {system for system, said in whole_rows().items() if said == "whole"}
    assert {row.system for row in ROWS if canonical(row.system) == FRENCH_DRUGS} <= french


def test_the_readme_describes_every_file_and_column():
    table = set(re.findall(r"`([\w<>-]+\.csv)`", README))
    for path in valuesets.FOLDER.glob("*.csv"):
        kind = "<group>-near-miss.csv" if path.stem.endswith("-near-miss") else "<group>.csv"
        assert path.name in table or kind in table
    assert {"additions.csv", "corrections.csv", "bones.csv", "drug_names.csv", "gaps.csv", "lab-unit.csv"} <= table
    assert all(f"| `{column}` |" in README for column in valuesets.COLUMNS)


CONCEPT_MAPS = re.findall(r"```json\n(.+?)```", README, re.DOTALL)


@pytest.fixture
def site(tmp_path: Path) -> Terminology:
    """The terminology of a site whose ConceptMaps are the README's examples, read as the service reads them."""
    paths = [tmp_path / f"site-{number}.json" for number, _ in enumerate(CONCEPT_MAPS)]
    for path, example in zip(paths, CONCEPT_MAPS, strict=True):
        path.write_text(example, encoding="utf-8")
    settings = read_settings({"OSTEOCDS_CONCEPT_MAPS": ",".join(map(str, paths))})
    return site_terminology(Terminology.shipped(), settings.concept_maps)


@pytest.mark.parametrize(
    ("system", "code", "concepts", "denied"),
    [
        ("laboratory", "CREA-S", analytes.CREATININE.concepts, False),
        ("laboratory", "CREA-U", analytes.CREATININE.concepts, True),
        ("formulary", "XGEVA", frozenset({"denosumab_120mg"}), False),
        ("scores", "MIRELS", frozenset({"mirels-score"}), False),
    ],
)
def test_the_readmes_concept_map_adds_the_codes_of_a_site(site, system, code, concepts, denied):
    coding = {"system": f"https://hospital.example/{system}", "code": code}
    found = site.recognise([coding])
    assert bool(found.denied) is denied
    assert found.concepts.isdisjoint(concepts) is denied
    assert found.known_system
    assert not Terminology.shipped().recognise([coding]).known_system


@pytest.mark.parametrize("example", CONCEPT_MAPS)
def test_the_readmes_concept_maps_are_valid_fhir(example):
    from fhir.resources.R4B.conceptmap import ConceptMap  # noqa: PLC0415 - slow to import, for this test alone

    assert ConceptMap.model_validate(json.loads(example)).group


def test_searches_ask_for_the_codes_of_the_site_too(site):
    assert ("https://hospital.example/laboratory", "CREA-S") in site.codes_of(analytes.CREATININE.concepts)
