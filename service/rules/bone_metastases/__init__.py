"""The guideline on bone metastases of lung cancer (Auvergne-Rhône-Alpes, 2023), whole: its rules and all that is theirs."""

from __future__ import annotations

from pathlib import Path

from mappings.facts import CALCIUM_CRISIS_ABOVE, Clearance, CorrectedCalcium
from service.rules.bone_metastases import (
    calcium,
    dental,
    emergencies,
    fractionation,
    giving,
    imaging,
    interventional,
    radiosensitisers,
    renal_function,
    stereotactic,
    surgery,
    systemic_treatment,
    treatment_course,
    vitamin_d,
)
from service.rules.bone_metastases.board_sheet import SHEET
from service.rules.bone_metastases.calendar import CALENDAR
from service.rules.bone_metastases.changes import CHANGES
from service.rules.bone_metastases.conditions import cancer_on_record
from service.rules.bone_metastases.demo_patients import DEMO_PATIENTS
from service.rules.bone_metastases.documents import DOCUMENTS
from service.rules.bone_metastases.doses import TABLE_2
from service.rules.bone_metastases.doubts import uncertain_continuation
from service.rules.bone_metastases.elsewhere import ELSEWHERE
from service.rules.bone_metastases.notes import NOTES
from service.rules.bone_metastases.policy import POLICY
from service.rules.bone_metastases.quality import QUALITY
from service.rules.bone_metastases.scores import MIRELS, SINS
from service.rules.bone_metastases.settings import ClinicalSettings
from service.rules.bone_metastases.synonyms import SYNONYMS
from service.rules.bone_metastases.wording import _
from service.rules.guideline import Chapter, Guideline

GUIDELINE = Guideline(
    id="bone-metastases",
    version="2.0.0",
    title=_("Bone metastases"),
    about=_("Bone metastases of lung cancer: the Auvergne-Rhône-Alpes referential 2023"),
    chapters=(
        Chapter("emergencies", _("Emergencies"), emergencies),
        Chapter("vitamin-d", _("Vitamin D"), vitamin_d),
        Chapter("calcium", _("Calcium"), calcium),
        Chapter("renal-function", _("Renal function"), renal_function),
        Chapter("dental", _("Teeth and jaw"), dental),
        Chapter("giving", _("Dose, interval, route"), giving),
        Chapter("course", _("Starting, continuing, stopping"), treatment_course),
        Chapter("radiosensitisers", _("Radiosensitisers and radiotherapy"), radiosensitisers),
        Chapter("systemic-treatment", _("Systemic treatment"), systemic_treatment),
        Chapter("radiotherapy", _("Radiotherapy of bone"), fractionation),
        Chapter("stereotactic", _("Stereotactic radiotherapy, re-irradiation"), stereotactic),
        Chapter("interventional", _("Interventional radiology"), interventional),
        Chapter("surgery", _("Surgery"), surgery),
        Chapter("imaging", _("Imaging and biopsy"), imaging),
    ),
    policy=POLICY,
    settings=ClinicalSettings(),
    documents=DOCUMENTS,
    folder=Path(__file__).parent,
    notes=NOTES,
    taken_for_granted={"conditions": ["lung cancer", "bone metastasis"]},
    rounding={
        Clearance: TABLE_2.limits,
        CorrectedCalcium: (CALCIUM_CRISIS_ABOVE, "severe_hypocalcaemia_below", "for_hypercalcaemia_from"),
    },
    doubts=(uncertain_continuation,),
    scores=(MIRELS, SINS),
    demo_patients=DEMO_PATIENTS,
    unidentified_matter=cancer_on_record,
    elsewhere=ELSEWHERE,
    changes=CHANGES,
    synonyms=SYNONYMS,
    calendar=CALENDAR,
    quality=QUALITY,
    sheet=SHEET,
)
