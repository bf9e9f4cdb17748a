"""What this guideline measures beside the analytes that are shipped."""

from __future__ import annotations

from decimal import Decimal

from gout.wording import _
from mappings.vocabulary.analytes import Analyte, Request
from mappings.vocabulary.units import Scale, per_volume

MICROMOLES = Decimal(1_000_000)
GRAMS_PER_MOLE = Decimal("168.11")

URIC_ACID = Analyte(
    "uric_acid",
    _("uric acid"),
    Scale(
        "umol/L",
        per_volume("mol", MICROMOLES) | per_volume("g", MICROMOLES / GRAMS_PER_MOLE),
        Decimal(20),
        Decimal(2000),
    ),
    frozenset({"uric_acid_moles", "uric_acid_mass"}),
    "uricAcid",
    "uric_acid_valid_days",
    lower_is_worse=False,
    words=("acide urique", "uricémie", "uric acid", "urate"),
    request=Request("14933-6"),
)
