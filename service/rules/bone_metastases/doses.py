"""The doses of the antiresorptives in bone metastases (RAO, traitement osseux systémique §2.1, §2.4, Tableau 2)."""

from __future__ import annotations

from decimal import Decimal

from mappings.wording import Amount
from service.rules.bands import Band, Bands
from service.rules.bone_metastases.conditions import SEVERE_RENAL_IMPAIRMENT_BELOW

DENOSUMAB_MG = Decimal(120)
"""Monthly dose in bone metastases (RAO §2.1, §2.4)."""

DENOSUMAB_DOSE = Amount(DENOSUMAB_MG, "mg")
"""The same, as it is printed."""

DOSE_TOLERANCE_MG = Decimal("0.05")
"""Two doses within it are the same dose (`rules.md`, `zoledronate-renal-dose`)."""

TABLE_2 = Bands(
    (
        Band(Decimal(60), Decimal("4.0"), closed=False),
        Band(Decimal(50), Decimal("3.5")),
        Band(Decimal(40), Decimal("3.3")),
        Band(SEVERE_RENAL_IMPAIRMENT_BELOW, Decimal("3.0")),
    ),
    unit="mL/min",
    value_unit="mg",
    digits=1,
)
"""RAO Tableau 2: the dose of zoledronic acid by creatinine clearance.

The rows are written in whole numbers (50-60, 40-49, 30-39); they are read as half-open bands, and 60 exactly is 3.5 mg.
"""
