"""Synthetic patients in a few words, as FHIR R4 resources: for the demo, the scenarios and the integration tests.

A record is told as a clinician would («25-OH vitamin D: 12 ng/mL 3 days ago») and written with the codes that real
records use; what the tables here do not hold is told by the name of its concept or analyte. Nobody here is a real person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from mappings.vocabulary.code_systems import (
    ATC,
    CCAM,
    CIS,
    DICOM,
    FINDING,
    ICD_10,
    ICD_10_CM,
    LOINC,
    RXNORM,
    SNOMED_CT,
    UCUM,
)
from mappings.vocabulary.concepts import Terminology
from mappings.vocabulary.scores import ANSWERS
from service.guidelines import GUIDELINES
from service.rules.guideline import terminology_of

CODEX_RT = "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"

LABORATORY = {
    "vitamin D": "62292-8",
    "25-OH vitamin D": "62292-8",
    "25-OH vitamin D3": "1989-3",
    "calcium": "2000-8",
    "corrected calcium": "29265-6",
    "albumin": "1751-7",
    "phosphate": "14879-1",
    "creatinine": "14682-9",
    "Cockcroft-Gault clearance": "35591-7",
    "clearance": "35591-7",
    "measured clearance": "33558-8",
    "eGFR": "62238-1",
    "weight": "29463-7",
    "platelets": "777-3",
    "prothrombin": "5894-1",
    "INR": "6301-6",
    "pain score": "72514-3",
}
"""LOINC codes of the results that a record can hold, by the name that it is told under."""

DRUGS: dict[str, tuple[str, str]] = {
    "denosumab": (ATC, "M05BX04"),
    "Xgeva": (CIS, "65243459"),
    "Prolia": (CIS, "64256891"),
    "zoledronic acid": (ATC, "M05BA08"),
    "Zometa": (CIS, "66716961"),
    "Aclasta": (CIS, "67306342"),
    "pamidronic acid": (ATC, "M05BA03"),
    "ibandronic acid": (ATC, "M05BA06"),
    "clodronic acid": (ATC, "M05BA02"),
    "alendronic acid": (ATC, "M05BA04"),
    "clopidogrel": (ATC, "B01AC04"),
    "aspirin": (ATC, "B01AC06"),
    "apixaban": (ATC, "B01AF02"),
    "warfarin": (ATC, "B01AA03"),
    "enoxaparin": (ATC, "B01AB05"),
    "ticagrelor": (ATC, "B01AC24"),
    "prasugrel": (ATC, "B01AC22"),
    "Kardegic 75 mg": (CIS, "64755969"),
    "Kardegic 160 mg": (CIS, "61348441"),
    "rivaroxaban": (ATC, "B01AF01"),
    "dabigatran": (ATC, "B01AE07"),
    "edoxaban": (ATC, "B01AF03"),
    "fluindione": (ATC, "B01AA12"),
    "tinzaparin": (ATC, "B01AB10"),
    "heparin": (ATC, "B01AB01"),
    "heparin gel": (ATC, "C05BA03"),
    "fondaparinux": (ATC, "B01AX05"),
    "cholecalciferol": (ATC, "A11CC05"),
    "Uvedose 100 000 IU": (CIS, "63489259"),
    "ergocalciferol": (ATC, "A11CC01"),
    "calcifediol": (ATC, "A11CC06"),
    "alfacalcidol": (ATC, "A11CC03"),
    "calcitriol": (ATC, "A11CC04"),
    "calcium with vitamin D": (ATC, "A12AX"),
    "calcium carbonate": (ATC, "A12AA04"),
    "prednisone": (ATC, "H02AB07"),
    "dexamethasone": (ATC, "H02AB02"),
    "dexamethasone eye drops": (ATC, "S01BA01"),
    "bevacizumab": (ATC, "L01FG01"),
    "bevacizumab eye injection": (ATC, "S01LA08"),
    "sunitinib": (ATC, "L01EX01"),
    "cisplatin": (ATC, "L01XA01"),
    "carboplatin": (ATC, "L01XA02"),
    "oxaliplatin": (ATC, "L01XA03"),
    "pemetrexed": (ATC, "L01BA04"),
    "gemcitabine": (ATC, "L01BC05"),
    "doxorubicin": (ATC, "L01DB01"),
    "liposomal doxorubicin": (RXNORM, "214525"),
    "bleomycin": (ATC, "L01DC01"),
    "ramucirumab": (ATC, "L01FG02"),
    "nintedanib": (ATC, "L01EX09"),
    "vinorelbine": (ATC, "L01CA04"),
    "paclitaxel": (ATC, "L01CD01"),
    "docetaxel": (ATC, "L01CD02"),
    "etoposide": (ATC, "L01CB01"),
    "topotecan": (ATC, "L01CE01"),
    "pembrolizumab": (ATC, "L01FF02"),
    "nivolumab": (ATC, "L01FF01"),
    "ipilimumab": (ATC, "L01FX04"),
    "atezolizumab": (ATC, "L01FF05"),
    "durvalumab": (ATC, "L01FF03"),
    "cemiplimab": (ATC, "L01FF06"),
    "osimertinib": (ATC, "L01EB04"),
    "alectinib": (ATC, "L01ED03"),
    "amivantamab": (ATC, "L01FX18"),
    "radium-223": (ATC, "V10XX03"),
    "paracetamol": (ATC, "N02BE01"),
    "amoxicillin": (ATC, "J01CA04"),
}
"""System and code of the drugs that a record can hold."""

CONDITIONS: dict[str, tuple[str, str]] = {
    "bone metastasis": (SNOMED_CT, "94222008"),
    "secondary tumour of bone": (ICD_10, "C79.5"),
    "lung cancer": (ICD_10, "C34.1"),
    "breast cancer": (ICD_10, "C50.9"),
    "osteonecrosis of the jaw": (ICD_10_CM, "M87.180"),
    "spinal cord compression": (ICD_10, "G95.2"),
    "cauda equina syndrome": (SNOMED_CT, "192970008"),
    "myelopathy": (ICD_10, "G99.2"),
    "pathological fracture": (SNOMED_CT, "268029009"),
    "hypercalcaemia": (SNOMED_CT, "66931009"),
    "hypocalcaemia": (SNOMED_CT, "5291005"),
    "osteomalacia": (ICD_10, "M83"),
    "dental abscess": (ICD_10, "K04.7"),
    "hepatic failure": (SNOMED_CT, "59927004"),
    "metastasis of the femur": (SNOMED_CT, "94300004"),
    "metastasis of the lumbar spine": (SNOMED_CT, "94389000"),
    "pathological fracture of the right femur": (SNOMED_CT, "11309881000119104"),
    "pathological fracture of the left femur": (SNOMED_CT, "11309921000119106"),
    "neuropathic pain": (SNOMED_CT, "247398009"),
    "bone pain": (SNOMED_CT, "12584003"),
    "low back pain": (SNOMED_CT, "279039007"),
    "lumbar radiculopathy": (SNOMED_CT, "128196005"),
    "spinal stenosis": (SNOMED_CT, "76107001"),
    "asymptomatic stable fracture": (FINDING, "asymptomatic-stable-fracture"),
    "sepsis": (SNOMED_CT, "91302008"),
    "bacteraemia": (SNOMED_CT, "5758002"),
    "skin infection": (SNOMED_CT, "108365000"),
    "pneumonia": (SNOMED_CT, "233604007"),
    "urinary tract infection": (ICD_10, "N39.0"),
    "coagulopathy": (SNOMED_CT, "64779008"),
    "haemophilia A": (ICD_10, "D66"),
    "disseminated intravascular coagulation": (SNOMED_CT, "67406007"),
    "primary thrombophilia": (ICD_10, "D68.5"),
    "adenocarcinoma of the lung": (SNOMED_CT, "424993006"),
    "squamous cell carcinoma of the lung": (SNOMED_CT, "425376008"),
    "suspected lung cancer": (SNOMED_CT, "162573006"),
    "oligometastatic disease": (SNOMED_CT, "1255358009"),
    "history of irradiation": (SNOMED_CT, "429479009"),
}
"""System and code of the conditions that a record can hold."""

ACTS: dict[str, tuple[str, str]] = {
    "dental examination": (SNOMED_CT, "34043003"),
    "orthopantomogram": (CCAM, "HBQK002"),
    "tooth extraction": (SNOMED_CT, "55162003"),
    "dental care": (SNOMED_CT, "225362009"),
    "dental referral": (SNOMED_CT, "772071006"),
    "spinal decompression": (SNOMED_CT, "283165009"),
    "radiotherapy": (SNOMED_CT, "33195004"),
    "stereotactic radiotherapy": (SNOMED_CT, "395096001"),
    "radiotherapy course": (SNOMED_CT, "1217123003"),
    "radiotherapy phase": (SNOMED_CT, "1222565005"),
    "radiotherapy fraction": (SNOMED_CT, "1297069006"),
    "radionuclide therapy": (SNOMED_CT, "399315003"),
    "brachytherapy": (SNOMED_CT, "113120007"),
    "radiotherapy plan": (SNOMED_CT, "1255724003"),
    "vertebroplasty": (SNOMED_CT, "401226007"),
    "kyphoplasty": (SNOMED_CT, "426243004"),
    "cementoplasty": (CCAM, "PAMH001"),
    "cementoplasty of the acetabulum": (SNOMED_CT, "430435008"),
    "sacroplasty": ("http://www.ama-assn.org/go/cpt", "0200T"),
    "percutaneous osteosynthesis of the pelvis": (CCAM, "NACB001"),
    "spondyloplasty of one vertebra": (CCAM, "LHMH002"),
    "balloon spondyloplasty of one vertebra": (CCAM, "LHMH027"),
    "radiofrequency ablation of bone": ("http://www.ama-assn.org/go/cpt", "20982"),
    "replacement of the acetabulum": (SNOMED_CT, "29969002"),
    "hip replacement with reinforcement of the acetabulum": (CCAM, "NEKA010"),
    "total hip replacement": (SNOMED_CT, "52734007"),
    "internal fixation of the femur": (SNOMED_CT, "86975004"),
    "internal fixation of the spine": (SNOMED_CT, "275093002"),
    "bone biopsy": (SNOMED_CT, "13861005"),
    "bone biopsy of the spine": (CCAM, "LHHH002"),
    "bone marrow biopsy examination": (CCAM, "FDQX007"),
    "bone scintigraphy": (LOINC, "25031-6"),
    "FDG PET": (SNOMED_CT, "443271005"),
    "FDG PET to mid-thigh": (LOINC, "81554-8"),
    "PET": (SNOMED_CT, "82918005"),
    "fluoride PET": (LOINC, "81552-2"),
    "bone scintigraphy of the whole body": (CCAM, "PAQL003"),
    "CT of the lumbar spine": (SNOMED_CT, "241580002"),
    "CT of the cervical spine": (SNOMED_CT, "241578008"),
    "CT of the chest, abdomen and pelvis": (SNOMED_CT, "418023006"),
    "CT of the pelvis": (SNOMED_CT, "169071000"),
    "CT of the thigh": (SNOMED_CT, "241572009"),
    "CT of the left thigh": (LOINC, "35987-7"),
    "MRI of the lumbar spine": (SNOMED_CT, "241648005"),
    "MRI of the pelvis": (SNOMED_CT, "2690005"),
    "MRI of the thigh": (SNOMED_CT, "241640003"),
    "radiograph of the femur": (SNOMED_CT, "241075002"),
    "radiograph of the left femur": (LOINC, "26120-6"),
    "radiograph of the humerus": (LOINC, "28567-6"),
    "tumour board": (SNOMED_CT, "399414003"),
    "orthopaedic referral": (SNOMED_CT, "308481009"),
    "preventive osteosynthesis of the humerus": (CCAM, "MBCB005"),
    "preventive osteosynthesis of the femur": (CCAM, "NBCB005"),
    "osteosynthesis of a femoral fracture": (CCAM, "NBCA007"),
    "25-OH vitamin D": (LOINC, "62292-8"),
    "calcium": (LOINC, "2000-8"),
    "albumin": (LOINC, "1751-7"),
    "phosphate": (LOINC, "14879-1"),
    "creatinine": (LOINC, "14682-9"),
    "CTX": (LOINC, "41171-0"),
    "platelets": (LOINC, "777-3"),
    "blood count": (LOINC, "58410-2"),
    "prothrombin": (LOINC, "5894-1"),
    "coagulation panel": (LOINC, "34528-0"),
    "renal function panel": (LOINC, "24362-6"),
    "chest X-ray": (LOINC, "36643-5"),
}
"""System and code of the acts, done or ordered."""

ORDERABLE = (
    "radiotherapy",
    "stereotactic radiotherapy",
    "vertebroplasty",
    "kyphoplasty",
    "cementoplasty",
    "preventive osteosynthesis of the femur",
    "preventive osteosynthesis of the humerus",
    "replacement of the acetabulum",
    "bone biopsy",
    "bone scintigraphy",
    "FDG PET",
    "tooth extraction",
    "dental examination",
    "orthopantomogram",
    "CTX",
)
"""Acts that a person may choose to order."""

SITES: dict[str, str] = {
    "spine": "421060004",
    "cervical spine": "122494005",
    "thoracic spine": "122495006",
    "lumbar spine": "122496007",
    "T6": "45296009",
    "L1": "66794005",
    "L2": "14293000",
    "L3": "36470004",
    "L5": "49668003",
    "mandible": "91609006",
    "head and neck": "774007",
    "femur": "71341001",
    "right femur": "722739008",
    "left femur": "722738000",
    "proximal femur": "310651003",
    "humerus": "85050009",
    "right humerus": "719461004",
    "tibia": "12611008",
    "fibula": "87342007",
    "shaft of the humerus": "20760004",
    "neck of the femur": "29627003",
    "radius": "62413002",
    "rib": "113197003",
    "ilium": "22356005",
    "acetabulum": "37783008",
    "right acetabulum": "719537008",
    "sacrum": "54735007",
    "brain": "12738006",
    "lung": "39607008",
    "liver": "10200004",
    "pelvic region": "12921003",
}
"""SNOMED_CT CT codes of body sites."""

SIDES = {"left": "7771000", "right": "24028007", "both": "51440002"}
"""SNOMED_CT CT codes of the mCODE laterality qualifier."""

TECHNIQUES = {"stereotactic": "395096001", "three-dimensional": "1162782007", "intensity-modulated": "441799006"}
"""SNOMED_CT CT codes of radiotherapy techniques (mCODE modality and technique)."""

PURPOSES = {"curative": "373808002", "palliative": "363676003", "prophylactic": "360271000"}
"""SNOMED_CT CT codes of the intent of a treatment (mCODE procedure intent)."""

SEVERITIES = {"mild": "255604002", "moderate": "6736007", "severe": "24484000", "life-threatening": "442452003"}
"""SNOMED_CT CT codes of the severity of a condition."""

SUBSTANCES: dict[str, tuple[str, str]] = {
    "polymethyl methacrylate": (SNOMED_CT, "427811002"),
    "bone cement": (SNOMED_CT, "6043006"),
}
"""System and code of what is no drug and can cause an allergy."""

_VALUE = re.compile(r"(?P<comparator><=|>=|<|>)?\s*(?P<value>-?\d+(?:[.,]\d+)?)\s*(?P<unit>.*)\Z")
_AGO = re.compile(
    r",?\s*(?:(?P<days>\d+) days? ago|in (?P<ahead>\d+) days?|(?P<today>today)|(?P<undated>undated)|on (?P<on>[\d-]+))\Z"
)


def told_result(text: str) -> dict[str, Any]:
    """A result in words («12 ng/mL 3 days ago», «<4 ng/mL today», «30 % undated») as its parts."""
    when: dict[str, Any] = {"days ago": 0}
    if match := _AGO.search(text):
        text = text[: match.start()].strip()
        if match["days"]:
            when = {"days ago": int(match["days"])}
        elif match["ahead"]:
            when = {"days ago": -int(match["ahead"])}
        elif match["on"]:
            when = {"on": match["on"]}
        elif match["undated"]:
            when = {"undated": True}
    value = _VALUE.match(text.strip())
    if value is None:
        raise ValueError(f"a result such as «12 ng/mL 3 days ago», not {text!r}")
    return {
        "value": float(value["value"].replace(",", ".")),
        "unit": value["unit"].strip(),
        "comparator": value["comparator"],
        **when,
    }


STAY_DAYS = 7
"""How long a synthetic stay lasts."""


def human_name(told: str) -> dict[str, Any]:
    """A HumanName of «Alder, Ruth»: the text, and where there is a comma its parts, which some EHRs cannot do without."""
    family, comma, given = told.partition(", ")
    return {"text": told, **({"family": family, "given": given.split()} if comma else {})}


@dataclass
class SyntheticRecord:
    """The resources of one synthetic patient as of one day, told item by item."""

    patient_id: str
    today: date
    sex: str = "female"
    born: str = "1958-03-14"
    name: str = ""
    resources: list[dict[str, Any]] = field(default_factory=list)
    terminology: Terminology = field(default_factory=lambda: terminology_of(GUIDELINES), repr=False)
    _number: int = 0

    def __post_init__(self) -> None:
        patient: dict[str, Any] = {"resourceType": "Patient", "id": self.patient_id}
        if self.name:
            patient["name"] = [human_name(self.name)]
        if self.sex:
            patient["gender"] = self.sex
        if self.born:
            patient["birthDate"] = self.born
        self.resources.append(patient)

    @property
    def subject(self) -> dict[str, str]:
        """The reference to the patient."""
        return {"reference": f"Patient/{self.patient_id}"}

    def day(self, told: Mapping[str, Any], default: int | None = None) -> str | None:
        """The day that an item names: `days ago`, `on` a (partial) date, `undated`."""
        if told.get("undated"):
            return None
        if "on" in told:
            return str(told["on"])
        days = told.get("days ago", default)
        return None if days is None else (self.today - timedelta(days=int(days))).isoformat()

    def add(self, resource_type: str, **members: Any) -> dict[str, Any]:
        """Keep one resource with an id of its own, without empty members."""
        self._number += 1
        resource = {"resourceType": resource_type, "id": f"{self.patient_id}-{self._number}", **members}
        resource = {name: value for name, value in resource.items() if value is not None}
        self.resources.append(resource)
        return resource

    def coded(self, name: str, table: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
        """System and code of what the table holds, else of the concept or the analyte of that name. Raises `KeyError`."""
        if name in table:
            return table[name]
        if found := self.terminology.codes_of({name.replace(" ", "_").replace("-", "_")}):
            return found[0]
        return LOINC, laboratory(self.terminology)[name]

    def concept(self, name: str, table: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
        """The same as a CodeableConcept."""
        return _concept(*self.coded(name, table))

    # --- results and findings -----------------------------------------------------------------------------------------

    def result(self, name: str, told: str | Mapping[str, Any]) -> dict[str, Any]:
        """A laboratory result or vital sign."""
        parts = told_result(told) if isinstance(told, str) else {**told_result(told["result"]), **told}
        quantity = {"value": parts["value"], "unit": parts["unit"] or None, "comparator": parts.get("comparator")}
        if parts["unit"]:
            quantity |= {"system": parts.get("system", UCUM), "code": parts.get("code", parts["unit"])}
        observation: dict[str, Any] = {
            "status": parts.get("status", "final"),
            "code": {"coding": [{"system": LOINC, "code": parts.get("loinc", laboratory(self.terminology).get(name))}]},
            "subject": self.subject,
            "effectiveDateTime": self.day(parts),
            "valueQuantity": {key: value for key, value in quantity.items() if value is not None},
        }
        if "range" in parts:
            low, high = parts["range"]
            unit = {"unit": parts["unit"], "system": UCUM, "code": parts["unit"]}
            observation["referenceRange"] = [{"low": {"value": low, **unit}, "high": {"value": high, **unit}}]
        return self.add("Observation", **observation)

    def finding(self, name: str, told: object) -> dict[str, Any]:
        """A recorded finding: `true`, a code, or a number with its unit."""
        parts: dict[str, Any] = dict(told) if isinstance(told, Mapping) else {"value": told}
        value = parts["value"]
        members: dict[str, Any] = {}
        if isinstance(value, bool):
            members["valueBoolean"] = value
        elif isinstance(value, str) and not _VALUE.match(value):
            members["valueCodeableConcept"] = {"coding": [{"system": FINDING, "code": value}]}
        else:
            number = told_result(str(value))
            unit = number["unit"] or "1"
            members["valueQuantity"] = {"value": number["value"], "unit": unit, "system": UCUM, "code": unit}
            if number["comparator"]:
                members["valueQuantity"]["comparator"] = number["comparator"]
        return self.add(
            "Observation",
            status=parts.get("status", "final"),
            code={"coding": [{"system": FINDING, "code": name}]},
            subject=self.subject,
            effectiveDateTime=self.day(parts, 0),
            bodySite=_site(parts),
            **members,
        )

    def questionnaire(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A `score` that was filled in: the code of each of its `answers`, its site, and the `total` where it is stated."""
        score = self.terminology.scores[told["score"]]
        codes: Mapping[str, str] = told.get("answers", {})
        items: list[dict[str, Any]] = [
            {"linkId": question, "answer": [{"valueCoding": {"system": ANSWERS, "code": code}}]}
            for question, code in codes.items()
        ]
        if score.site is not None and score.site.code in told:
            site = {"system": SNOMED_CT, "code": SITES[told[score.site.code]]}
            items.append({"linkId": score.site.code, "answer": [{"valueCoding": site}]})
        if "total" in told:
            items.append({"linkId": score.finding, "answer": [{"valueInteger": told["total"]}]})
        return self.add(
            "QuestionnaireResponse",
            questionnaire=score.canonical,
            status=told.get("status", "completed"),
            subject=self.subject,
            authored=self.day(told, 0),
            item=items,
        )

    # --- conditions and acts ------------------------------------------------------------------------------------------

    def condition(self, told: str | Mapping[str, Any]) -> dict[str, Any]:
        """A condition by its name, with status and dates where they matter.

        `stay` dates it by the stay that it was coded for: days since its end, `open`, or `unknown`.
        """
        parts: dict[str, Any] = {"name": told} if isinstance(told, str) else dict(told)
        clinical, verification = parts.get("status", "active"), parts.get("verification")
        stay = self.stay(parts["stay"]) if "stay" in parts else {}
        return self.add(
            "Condition",
            **stay,
            clinicalStatus=_status("condition-clinical", clinical) if clinical else None,
            verificationStatus=_status("condition-ver-status", verification) if verification else None,
            code={**self.concept(parts["name"], CONDITIONS), "text": parts["name"]},
            severity=_concept(SNOMED_CT, SEVERITIES[parts["severity"]]) if "severity" in parts else None,
            subject=self.subject,
            bodySite=[_site(parts)] if "site" in parts else None,
            onsetDateTime=self.day(parts),
            recordedDate=self.day({"days ago": parts["recorded"]}) if "recorded" in parts else None,
        )

    def stay(self, told: int | str) -> dict[str, Any]:
        """The category and the Encounter of a diagnosis of a stay of a week."""
        members: dict[str, Any] = {"category": [_status("condition-category", "encounter-diagnosis")]}
        if told == "unknown":
            return {**members, "encounter": {"reference": "Encounter/elsewhere"}}
        ended = 0 if told == "open" else int(told)
        period = {"start": self.day({"days ago": ended + STAY_DAYS})}
        if told != "open":
            period["end"] = self.day({"days ago": ended})
        encounter = {
            "resourceType": "Encounter",
            "id": "stay",
            "status": "in-progress" if told == "open" else "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "period": period,
        }
        return {**members, "contained": [encounter], "encounter": {"reference": "#stay"}}

    def allergy(self, told: str | Mapping[str, Any]) -> dict[str, Any]:
        """An allergy to a drug or another substance, with `status` and `verification` where they matter."""
        parts: dict[str, Any] = {"to": told} if isinstance(told, str) else dict(told)
        clinical, verification = parts.get("status"), parts.get("verification")
        return self.add(
            "AllergyIntolerance",
            clinicalStatus=_status("allergyintolerance-clinical", clinical) if clinical else None,
            verificationStatus=_status("allergyintolerance-verification", verification) if verification else None,
            code={**self.concept(parts["to"], {**DRUGS, **SUBSTANCES}), "text": parts["to"]},
            patient=self.subject,
        )

    def procedure(self, told: str | Mapping[str, Any]) -> dict[str, Any]:
        """An act that was done, on a day or (`start`, `end`) over days; of radiotherapy also its `technique`."""
        parts: dict[str, Any] = {"act": told} if isinstance(told, str) else dict(told)
        period = {end: self.day({"days ago": parts[end]}) for end in ("start", "end") if end in parts}
        return self.add(
            "Procedure",
            status=parts.get("status", "completed"),
            code={**self.concept(parts["act"], ACTS), "text": parts["act"]},
            subject=self.subject,
            performedDateTime=None if period else self.day(parts, 0),
            performedPeriod=period or None,
            extension=_radiotherapy(parts) or None,
            bodySite=[_site(parts)] if "site" in parts else None,
            reasonCode=[self.concept(parts["reason"], CONDITIONS)] if "reason" in parts else None,
        )

    def imaging_study(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A study kept in the archive: its `modality` (DICOM) of a `site`, or its `act`."""
        modality = {"system": DICOM, "code": told["modality"]}
        series = {"uid": f"2.25.{self._number + 1}", "modality": modality}
        if "site" in told:
            series["bodySite"] = {"system": SNOMED_CT, "code": SITES[told["site"]]}
        return self.add(
            "ImagingStudy",
            status=told.get("status", "available"),
            modality=[modality],
            subject=self.subject,
            started=self.day(told, 0),
            procedureCode=[self.concept(told["act"], ACTS)] if "act" in told else None,
            series=[series],
        )

    def report(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """The report of an `act` of imaging."""
        return self.add(
            "DiagnosticReport",
            status=told.get("status", "final"),
            code={**self.concept(told["act"], ACTS), "text": told["act"]},
            subject=self.subject,
            effectiveDateTime=self.day(told, 0),
        )

    # --- drugs and orders ---------------------------------------------------------------------------------------------

    def medication(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """What was given, is taken, or was ordered before: `kind` administration, statement or request."""
        kind = told.get("kind", "administration")
        common: dict[str, Any] = {"medicationCodeableConcept": self._drug(told["drug"]), "subject": self.subject}
        if kind == "administration":
            dose = self.dosage(told)
            quantity = dose.get("doseAndRate", [{}])[0].get("doseQuantity")
            return self.add(
                "MedicationAdministration",
                status=told.get("status", "completed"),
                effectiveDateTime=self.day(told, 0),
                dosage={"dose": quantity} if quantity else None,
                **common,
            )
        if kind == "statement":
            period = {end: self.day({"days ago": told[end]}) for end in ("start", "end") if end in told}
            return self.add(
                "MedicationStatement",
                status=told.get("status", "active"),
                effectivePeriod=period or None,
                effectiveDateTime=None if period else self.day(told),
                dateAsserted=self.day({"days ago": told["written"]}) if "written" in told else None,
                dosage=[self.dosage(told)] if self.dosage(told) else None,
                **common,
            )
        return self.add(
            "MedicationRequest",
            status=told.get("status", "active"),
            intent=told.get("intent", "order"),
            authoredOn=self.day(told, 0),
            dosageInstruction=[self.dosage(told)] if self.dosage(told) else None,
            **common,
        )

    def _drug(self, name: str) -> dict[str, Any]:
        return {**self.concept(name, DRUGS), "text": name}

    def dosage(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """One dosage line: dose, `every`, `count`, `route`, `over`, `start in` (and `start`, `end` of a request)."""
        line: dict[str, Any] = {}
        if repeat := self._repeat(told):
            line["timing"] = {"repeat": repeat}
        if "route" in told:
            line["route"] = _concept(SNOMED_CT, _ROUTES[told["route"]])
        if "dose" in told:
            dose = told_result(str(told["dose"]))
            code = {"IU": "[iU]"}.get(dose["unit"], dose["unit"])
            quantity = {"value": dose["value"], "unit": dose["unit"], "system": UCUM, "code": code}
            line["doseAndRate"] = [{"doseQuantity": quantity}]
        return line

    def _repeat(self, told: Mapping[str, Any]) -> dict[str, Any]:
        repeat: dict[str, Any] = {}
        bounds: dict[str, str | None] = {}
        if "start in" in told:
            bounds["start"] = self.day({"days ago": -int(told["start in"])})
        if told.get("kind") == "request":
            bounds |= {end: self.day({"days ago": told[end]}) for end in ("start", "end") if end in told}
        if bounds:
            repeat["boundsPeriod"] = bounds
        if "count" in told:
            repeat["count"] = told["count"]
        if "over" in told:
            repeat |= {"duration": float(str(told["over"]).split()[0]), "durationUnit": "min"}
        if "every" in told:
            number, unit = str(told["every"]).split()
            repeat |= {"frequency": 1, "period": float(number), "periodUnit": _PERIODS[unit.rstrip("s")]}
        return repeat

    def order(self, told: str | Mapping[str, Any], *, status: str = "draft", order_id: str = "") -> dict[str, Any]:
        """A draft (or active) order: of a `drug`, or of an `act`. It is returned, and not part of the record.

        Of radiotherapy also its `technique`, `purpose`, `dose`, `fractions`, `fraction dose`, or `volumes` with these and
        a `site`, which join the record. `members` are FHIR members written as they are, where the words do not reach.
        """
        parts: dict[str, Any] = {"drug": told} if isinstance(told, str) else dict(told)
        self._number += 1
        resource: dict[str, Any] = {
            "resourceType": "MedicationRequest" if "drug" in parts else "ServiceRequest",
            "id": order_id or f"{self.patient_id}-order-{self._number}",
            "status": status,
            "intent": parts.get("intent", "order"),
            "subject": self.subject,
        }
        if "priority" in parts:
            resource["priority"] = parts["priority"]
        if "reason" in parts:
            resource["reasonCode"] = [self.concept(parts["reason"], CONDITIONS)]
        if "drug" in parts:
            resource["medicationCodeableConcept"] = self._drug(parts["drug"])
            if line := self.dosage(parts):
                resource["dosageInstruction"] = [line]
            return resource | dict(parts.get("members", {}))
        resource["code"] = {**self.concept(parts["act"], ACTS), "text": parts["act"]}
        if "start in" in parts:
            resource["occurrenceDateTime"] = (self.today + timedelta(days=int(parts["start in"]))).isoformat()
        if "site" in parts:
            resource["bodySite"] = [_site({**parts, "site": site}) for site in _several(parts["site"])]
        if extensions := [*_radiotherapy(parts), *(self.volume(one) for one in parts.get("volumes", ()))]:
            resource["extension"] = extensions
        return resource | dict(parts.get("members", {}))

    def volume(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """The prescribed dose of one volume of a radiotherapy order; a volume with a `site` joins the record."""
        prescribed = _prescribed(told)
        if "site" in told:
            place = self.add("BodyStructure", patient=self.subject, location=_site(told))
            reference = {"reference": f"BodyStructure/{place['id']}"}
            prescribed["extension"].insert(0, {"url": "volume", "valueReference": reference})
        return prescribed

    def active_order(self, told: str | Mapping[str, Any]) -> dict[str, Any]:
        """An order that is already active in the record."""
        resource = self.order(told, status="active")
        self.resources.append(resource)
        return resource


_PERIODS = {"hour": "h", "day": "d", "week": "wk", "month": "mo", "year": "a"}
_ROUTES = {"subcutaneous": "34206005", "intravenous": "47625008", "intramuscular": "78421000", "oral": "26643006"}


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _site(told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The body site that an item names, with its `side` when that is told apart from it."""
    if "site" not in told:
        return None
    site = _concept(SNOMED_CT, SITES[told["site"]])
    if "side" in told:
        side = _concept(SNOMED_CT, SIDES[told["side"]])
        site["extension"] = [{"url": f"{MCODE}laterality-qualifier", "valueCodeableConcept": side}]
    return site


def _radiotherapy(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a radiotherapy states in the extensions of mCODE and CodeX: technique, intent, dose and fractions."""
    extensions: list[dict[str, Any]] = []
    if "technique" in told:
        technique = {"url": "technique", "valueCodeableConcept": _concept(SNOMED_CT, TECHNIQUES[told["technique"]])}
        extensions.append({"url": f"{MCODE}radiotherapy-modality-and-technique", "extension": [technique]})
    if "purpose" in told:
        purpose = _concept(SNOMED_CT, PURPOSES[told["purpose"]])
        extensions.append({"url": f"{MCODE}procedure-intent", "valueCodeableConcept": purpose})
    if "re-irradiation" in told:
        url = f"{CODEX_RT}radiotherapy-course-involves-reirradiation"
        extensions.append({"url": url, "valueBoolean": told["re-irradiation"]})
    if {"dose", "fraction dose"} & told.keys():
        extensions.append(_prescribed(told))
    elif "fractions" in told:
        url = f"{CODEX_RT}radiotherapy-fractions-prescribed"
        extensions.append({"url": url, "valuePositiveInt": told["fractions"]})
    return extensions


def _prescribed(told: Mapping[str, Any]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for name, url in (("dose", "totalDose"), ("fraction dose", "fractionDose")):
        if name in told:
            dose = told_result(str(told[name]))
            quantity = {"value": dose["value"], "unit": dose["unit"], "system": UCUM, "code": dose["unit"]}
            parts.append({"url": url, "valueQuantity": quantity})
    if "fractions" in told:
        parts.append({"url": "fractions", "valuePositiveInt": told["fractions"]})
    kind = "planned" if told.get("planned") else "prescribed"
    return {"url": f"{CODEX_RT}radiotherapy-dose-{kind}-to-volume", "extension": parts}


def _status(system: str, code: str) -> dict[str, Any]:
    return _concept(f"http://terminology.hl7.org/CodeSystem/{system}", code)


@lru_cache(maxsize=8)
def laboratory(terminology: Terminology) -> Mapping[str, str]:
    """The LOINC codes of the table, and of the other analytes by their ids."""
    coded = {
        analyte.id.replace("_", " "): code
        for analyte in terminology.analytes
        for system, code in terminology.codes_of(analyte.concepts)
        if system == LOINC
    }
    return LABORATORY | {name: code for name, code in coded.items() if name not in LABORATORY}


def told_record(
    patient_id: str, today: date, told: Mapping[str, Any], terminology: Terminology | None = None
) -> SyntheticRecord:
    """A whole record from words: results and findings by name, the others in lists.

    The lists are `conditions`, `procedures`, `medications`, `orders`, `imaging`, `reports`, `allergies`, `questionnaires`
    and, as they are written in FHIR, `resources`. Raises `ValueError` for a word that tells nothing.
    """
    record = SyntheticRecord(
        patient_id,
        today,
        sex=told.get("sex", "female"),
        born=str(told.get("born", "1958-03-14")),
        name=told.get("name", ""),
        terminology=terminology or terminology_of(GUIDELINES),
    )
    results = laboratory(record.terminology)
    for name in results:
        for one in _several(told.get(name)):
            record.result(name, one)
    tellers = {
        "conditions": record.condition,
        "procedures": record.procedure,
        "medications": record.medication,
        "orders": record.active_order,
        "imaging": record.imaging_study,
        "reports": record.report,
        "allergies": record.allergy,
        "questionnaires": record.questionnaire,
    }
    if unknown := told.keys() - {*results, *tellers, "findings", "resources", "sex", "born", "name"}:
        raise ValueError(f"a record is not told by {', '.join(map(repr, unknown))}")
    for name, tell in tellers.items():
        for one in _several(told.get(name)):
            tell(one)
    for name, one in _pairs(told.get("findings")):
        record.finding(name, one)
    for resource in _several(told.get("resources")):
        record.add(resource["resourceType"], **{key: value for key, value in resource.items() if key != "resourceType"})
    return record


def _several(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list) else [value]


def _pairs(told: Mapping[str, Any] | None) -> Iterable[tuple[str, Any]]:
    return [(name, one) for name, several in (told or {}).items() for one in _several(several)]
