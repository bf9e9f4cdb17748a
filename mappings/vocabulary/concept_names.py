"""What acts and conditions are called on a card where the record gives a code without words; the first that fits counts."""

from __future__ import annotations

from collections.abc import Iterable

from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import CTX
from mappings.wording import Text, _

ACTS: tuple[tuple[frozenset[str], Text], ...] = (
    (sets.STEREOTACTIC_RADIOTHERAPY, _("stereotactic radiotherapy")),
    (sets.RADIOTHERAPY, _("radiotherapy")),
    (sets.KYPHOPLASTY, _("kyphoplasty")),
    (sets.VERTEBROPLASTY, _("vertebroplasty")),
    (sets.CEMENTOPLASTY, _("cementoplasty")),
    (sets.ABLATION, _("bone ablation")),
    (sets.INTERVENTIONAL_RADIOLOGY, _("interventional radiology")),
    (sets.ACETABULUM_SURGERY, _("surgery of the acetabulum")),
    (sets.PREVENTIVE_FIXATION, _("preventive fixation")),
    (sets.TUMOUR_SPINE_SURGERY | sets.SPINAL_DECOMPRESSION, _("spine surgery")),
    (sets.BONE_SURGERY, _("bone surgery")),
    (sets.BONE_BIOPSY, _("bone biopsy")),
    (sets.BONE_SCINTIGRAPHY, _("bone scintigraphy")),
    (sets.FDG_PET, _("FDG PET")),
    (sets.TOOTH_EXTRACTION, _("tooth extraction")),
    (sets.DENTAL_TREATMENT, _("dental treatment")),
    (CTX.concepts, CTX.name),
)

DIAGNOSES: tuple[tuple[frozenset[str], Text], ...] = (
    (sets.SPINAL_CORD_COMPRESSION, _("spinal cord compression")),
    (sets.BONE_METASTASIS, _("bone metastasis")),
    (sets.LUNG_ADENOCARCINOMA, _("adenocarcinoma of the lung")),
    (sets.LUNG_SQUAMOUS_CARCINOMA, _("squamous cell carcinoma of the lung")),
    (sets.SMALL_CELL_LUNG_CANCER, _("small cell lung cancer")),
    (sets.LUNG_CANCER, _("lung cancer")),
    (sets.PATHOLOGICAL_FRACTURE, _("pathological fracture")),
    (sets.OSTEONECROSIS_OF_JAW, _("osteonecrosis of the jaw")),
    (sets.DENTAL_INFECTION_ACTIVE, _("dental infection")),
    (sets.HYPERCALCAEMIA, _("hypercalcaemia")),
    (sets.HYPOCALCAEMIA, _("hypocalcaemia")),
    (sets.OSTEOMALACIA, _("osteomalacia")),
    (sets.SEVERE_LIVER_DISEASE, _("severe liver disease")),
    (sets.PARACETAMOL_ALLERGY, _("allergy to paracetamol")),
    (sets.SEPSIS_OR_GENERAL_INFECTION, _("sepsis or general infection")),
    (sets.SKIN_INFECTION, _("skin infection")),
    (sets.OTHER_INFECTION, _("infection")),
    (sets.DISSEMINATED_INTRAVASCULAR_COAGULATION, _("disseminated intravascular coagulation")),
    (sets.COAGULOPATHY, _("coagulation disorder")),
    (sets.NEUROPATHIC_PAIN, _("neuropathic pain")),
    (sets.RADICULOPATHY, _("radiculopathy")),
    (sets.OLIGOMETASTATIC_DISEASE, _("oligometastatic disease")),
    (sets.HISTORY_OF_IRRADIATION, _("history of radiotherapy")),
)


def name_of_act(concepts: Iterable[str]) -> Text | None:
    """The name of an act of these concepts; None where it is none of ours."""
    return _name(ACTS, concepts)


def name_of_diagnosis(concepts: Iterable[str]) -> Text | None:
    """The name of a condition of these concepts; None where it is none of ours."""
    return _name(DIAGNOSES, concepts)


def _name(table: tuple[tuple[frozenset[str], Text], ...], concepts: Iterable[str]) -> Text | None:
    known = frozenset(concepts)
    for members, name in table if known else ():
        if not known.isdisjoint(members):
            return name
    return None
