"""The patients of the demonstration."""

from __future__ import annotations

from service.rules.bone_metastases.wording import _
from service.rules.guideline import DemoPatient

LUNG_CANCER = ["lung cancer", "bone metastasis"]
READY = [{"act": "dental examination", "days ago": 20}, {"act": "orthopantomogram", "days ago": 20}]
SUPPLEMENTS = [
    {"drug": "cholecalciferol", "kind": "statement", "start": 60, "every": "1 month", "dose": "50000 IU"},
    {"drug": "calcium carbonate", "kind": "statement", "start": 60, "every": "1 day"},
]

DEMO_PATIENTS = (
    DemoPatient(
        "demo-alder",
        _("Mrs Alder, 68: first denosumab, vitamin D deficiency, dentist not seen"),
        {
            "name": "Alder, Ruth",
            "conditions": LUNG_CANCER,
            "vitamin D": "12 ng/mL 9 days ago",
            "calcium": "2.31 mmol/L 2 days ago",
            "albumin": "37 g/L 2 days ago",
            "phosphate": "1.05 mmol/L 2 days ago",
            "creatinine": "71 umol/L 2 days ago",
            "weight": "61 kg 2 days ago",
        },
        ({"drug": "Xgeva", "dose": "120 mg", "every": "1 month", "route": "subcutaneous"},),
    ),
    DemoPatient(
        "demo-birch",
        _("Mr Birch, 74: zoledronic acid, creatinine clearance below 30 mL/min"),
        {
            "name": "Birch, Thomas",
            "sex": "male",
            "born": "1952-01-20",
            "conditions": LUNG_CANCER,
            "vitamin D": "34 ng/mL 30 days ago",
            "calcium": "2.38 mmol/L 3 days ago",
            "albumin": "39 g/L 3 days ago",
            "creatinine": "201 umol/L 3 days ago",
            "weight": "64 kg 3 days ago",
            "medications": [
                {"drug": "zoledronic acid", "dose": "4 mg", "days ago": 31},
                {"drug": "zoledronic acid", "dose": "4 mg", "days ago": 62},
                *SUPPLEMENTS,
            ],
        },
        ({"drug": "Zometa", "dose": "4 mg", "every": "1 month", "route": "intravenous"},),
    ),
    DemoPatient(
        "demo-cedar",
        _("Mr Cedar, 61: zoledronic acid 4 mg over 15 minutes, clearance 45 mL/min"),
        {
            "name": "Cedar, Paul",
            "sex": "male",
            "born": "1965-06-02",
            "conditions": LUNG_CANCER,
            "vitamin D": "84 nmol/L 20 days ago",
            "calcium": "9.3 mg/dL 4 days ago",
            "albumin": "3.9 g/dL 4 days ago",
            "phosphate": "1.1 mmol/L 4 days ago",
            "clearance": "45 mL/min 4 days ago",
            "procedures": READY,
            "medications": SUPPLEMENTS,
        },
        ({"drug": "Zometa", "dose": "4 mg", "every": "1 month", "route": "intravenous", "over": "15 min"},),
    ),
    DemoPatient(
        "demo-elm",
        _("Mrs Elm, 66: next dose of denosumab, everything in order"),
        {
            "name": "Elm, Agnes",
            "born": "1960-04-11",
            "conditions": LUNG_CANCER,
            "vitamin D": "38 ng/mL 40 days ago",
            "calcium": "2.35 mmol/L 1 days ago",
            "albumin": "40 g/L 1 days ago",
            "medications": [{"drug": "Xgeva", "dose": "120 mg", "days ago": days} for days in (28, 56, 84)]
            + SUPPLEMENTS,
            "clearance": "72 mL/min 1 days ago",
        },
        ({"drug": "Xgeva", "dose": "120 mg", "every": "1 month", "route": "subcutaneous"},),
    ),
    DemoPatient(
        "demo-fir",
        _("Mrs Fir, 70: the chart is opened; denosumab was stopped two months ago"),
        {
            "name": "Fir, Joan",
            "born": "1956-09-30",
            "conditions": LUNG_CANCER,
            "clearance": "58 mL/min 10 days ago",
            "calcium": "2.40 mmol/L 10 days ago",
            "albumin": "41 g/L 10 days ago",
            "medications": [
                {
                    "drug": "Xgeva",
                    "kind": "statement",
                    "status": "stopped",
                    "start": 420,
                    "end": 62,
                    "every": "1 month",
                },
            ],
        },
    ),
    DemoPatient(
        "demo-hazel",
        _("Mr Hazel, 59: denosumab in a hypercalcaemic crisis"),
        {
            "name": "Hazel, Peter",
            "sex": "male",
            "born": "1967-02-15",
            "conditions": LUNG_CANCER,
            "vitamin D": "18 ng/mL 15 days ago",
            "calcium": "3.55 mmol/L today",
            "albumin": "30 g/L today",
            "creatinine": "118 umol/L today",
            "weight": "70 kg 5 days ago",
        },
        ({"drug": "Xgeva", "dose": "120 mg", "route": "subcutaneous"},),
    ),
    DemoPatient(
        "demo-juniper",
        _("Mr Juniper, 63: radiotherapy of the lumbar spine, ten days after gemcitabine"),
        {
            "name": "Juniper, Martin",
            "sex": "male",
            "born": "1963-08-21",
            "conditions": LUNG_CANCER,
            "medications": [
                {"drug": "gemcitabine", "dose": "1800 mg", "days ago": 10},
                {"drug": "bevacizumab", "kind": "statement", "start": 90, "every": "3 weeks"},
            ],
        },
        ({"act": "radiotherapy", "site": "lumbar spine", "dose": "30 Gy", "fractions": 10, "start in": 0},),
    ),
    DemoPatient(
        "demo-larch",
        _("Mr Larch, 72: stereotactic radiotherapy of the lumbar spine with a compressed spinal cord"),
        {
            "name": "Larch, Henry",
            "sex": "male",
            "born": "1954-05-09",
            "conditions": [*LUNG_CANCER, {"name": "spinal cord compression", "days ago": 5}],
            "findings": {"sins-score": {"value": 14, "site": "lumbar spine"}},
        },
        (
            {
                "act": "stereotactic radiotherapy",
                "technique": "stereotactic",
                "site": "lumbar spine",
                "dose": "24 Gy",
                "fractions": 3,
            },
        ),
    ),
    DemoPatient(
        "demo-maple",
        _("Mrs Maple, 69: vertebroplasty of L3 in four days, platelets 45 G/L, two antiplatelets"),
        {
            "name": "Maple, Clara",
            "born": "1957-03-14",
            "conditions": LUNG_CANCER,
            "platelets": "45 G/L 3 days ago",
            "prothrombin": "48 % 3 days ago",
            "pain score": "7 {score} 1 days ago",
            "imaging": [
                {"modality": "CT", "site": "lumbar spine", "days ago": 10},
                {"modality": "MR", "site": "lumbar spine", "days ago": 12},
            ],
            "medications": [
                {"drug": "Kardegic 75 mg", "kind": "statement", "start": 300, "dose": "75 mg", "every": "1 day"},
                {"drug": "clopidogrel", "kind": "statement", "start": 300, "dose": "75 mg", "every": "1 day"},
            ],
        },
        ({"act": "vertebroplasty", "site": "L3", "start in": 4},),
    ),
    DemoPatient(
        "demo-oak",
        _("Mr Oak, 77: replacement of the acetabulum, pemetrexed last week, expected to live a month"),
        {
            "name": "Oak, Samuel",
            "sex": "male",
            "born": "1949-10-02",
            "conditions": LUNG_CANCER,
            "findings": {"life-expectancy": "4 wk"},
            "reports": [{"act": "CT of the pelvis", "days ago": 12}],
            "medications": [{"drug": "pemetrexed", "days ago": 7}],
        },
        ({"act": "replacement of the acetabulum", "site": "acetabulum"},),
    ),
    DemoPatient(
        "demo-pine",
        _("Mrs Pine, 64: bone scintigraphy a month after FDG PET, osimertinib for two months"),
        {
            "name": "Pine, Laura",
            "born": "1962-06-17",
            "conditions": ["adenocarcinoma of the lung", "bone metastasis"],
            "reports": [{"act": "FDG PET", "days ago": 30}],
            "medications": [{"drug": "osimertinib", "kind": "statement", "start": 60, "every": "1 day"}],
        },
        ({"act": "bone scintigraphy", "start in": 2},),
    ),
)
"""Nobody here is a real person."""
