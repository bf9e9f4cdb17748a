"""The doses of the antiresorptives in bone metastases (RAO, traitement osseux systémique §2.1, §2.4, Tableau 2)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mappings.facts import Clearance, DrugOrder
from mappings.wording import Amount, Text
from service.rules.bands import Band, Bands
from service.rules.bone_metastases.conditions import SEVERE_RENAL_IMPAIRMENT_BELOW
from service.rules.bone_metastases.wording import _

DENOSUMAB_MG = Decimal(120)
"""Monthly dose in bone metastases (RAO §2.1, §2.4)."""

DENOSUMAB_DOSE = Amount(DENOSUMAB_MG, "mg")
"""The same, as it is printed."""

DOSE_TOLERANCE_MG = Decimal("0.05")
"""Two doses of zoledronic acid within it are the same dose (`rules.md`, `zoledronate-renal-dose`)."""

DENOSUMAB_TOLERANCE_MG = Decimal("1.5")
"""The same of denosumab: 1.7 mL of 70 mg/mL is 119 mg (`rules.md`, `denosumab-dose`)."""

CHANGE_THE_PRODUCT = _("Change the product: the one ordered is the osteoporosis strength.")

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


@dataclass(frozen=True, slots=True)
class OrderedDose:
    """The dose of zoledronic acid ordered (None: not readable), in mg, beside those that Tableau 2 has for the clearance.

    `right` is the one that it should be; None where the result does not settle it (a bound such as «<40»).
    """

    ordered: Decimal | None
    allowed: tuple[Decimal, ...]
    right: Decimal | None

    @property
    def too_high(self) -> bool:
        """Above every dose for the clearance."""
        return self.ordered is not None and bool(self.allowed) and self.ordered > self.allowed[-1] + DOSE_TOLERANCE_MG

    @property
    def too_low(self) -> bool:
        """Below every dose for the clearance."""
        return self.ordered is not None and bool(self.allowed) and self.ordered < self.allowed[0] - DOSE_TOLERANCE_MG

    @property
    def is_to_change(self) -> bool | None:
        """It is missing or another; None where it is right for some of the clearances that the result leaves possible.

        A clearance that Tableau 2 has no dose for asks for no change.
        """
        if not self.allowed:
            return False
        if self.ordered is None:
            return None if self.right is None else True
        if self.too_high or self.too_low:
            return True
        return False if len(self.allowed) == 1 else None

    def said(self, drug: Text) -> Text:
        """What is wrong with it."""
        low, high = self.allowed[0], self.allowed[-1]
        dose = Amount(low, "mg", to=None if low == high else high)
        if self.ordered is None:
            return _("{drug} without a readable dose: {dose} for this clearance", drug=drug, dose=dose)
        ordered = Amount(self.ordered, "mg")
        if self.too_high:
            return _(
                "{drug} {ordered}: above the dose for this clearance ({dose})", drug=drug, ordered=ordered, dose=dose
            )
        return _("{drug} {ordered}: below the dose for this clearance ({dose})", drug=drug, ordered=ordered, dose=dose)


def ordered_dose(order: DrugOrder, clearance: Clearance) -> OrderedDose:
    """The dose of an order, beside Tableau 2."""
    allowed = tuple(sorted(TABLE_2.of(clearance.bounds)))
    return OrderedDose(order.dosage.dose_mg, allowed, TABLE_2.settled(clearance.bounds))
