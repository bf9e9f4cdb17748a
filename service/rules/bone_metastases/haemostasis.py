"""Platelets and prothrombin before cementoplasty: what they must be above (RAO, radiologie interventionnelle §4, Tableau 8)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mappings.facts import Facts, Order
from mappings.vocabulary.analytes import PLATELETS, PROTHROMBIN, Analyte
from mappings.wording import Amount
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, is_absent, that
from service.rules.logic import either


@dataclass(frozen=True, slots=True, eq=False)
class Needed:
    """What a result must be above before the act, in the unit of its analyte; the limit itself is too low."""

    analyte: Analyte
    above: Decimal

    @property
    def limit(self) -> Amount:
        """The limit as it is printed."""
        return Amount(self.above, self.analyte.scale.unit)

    def is_too_low(self, patient: Facts) -> bool | None:
        """The newest valid result is at most the limit."""
        return patient.result(self.analyte).test(lambda value: value.bounds.at_most(self.above))


PLATELETS_NEEDED, PROTHROMBIN_NEEDED = HAEMOSTASIS = (Needed(PLATELETS, Decimal(50)), Needed(PROTHROMBIN, Decimal(50)))
"""Both must be above, and be known."""

HAEMOSTASIS_LIMITS = {one.analyte.id: one.limit for one in HAEMOSTASIS}
"""As the sentences name them."""


@condition(
    _("platelets are at most {platelets}, or prothrombin at most {prothrombin}", **HAEMOSTASIS_LIMITS),
    reads=(PLATELETS, PROTHROMBIN),
)
def haemostasis_too_low(_order: Order, patient: Facts) -> Truth:
    """One of the two results at most its limit."""
    holds = either(*(one.is_too_low(patient) for one in HAEMOSTASIS))
    return that(holds, *(patient.result(one.analyte) for one in HAEMOSTASIS))


@condition(_("no valid platelets, or no valid prothrombin, is on record"), reads=(PLATELETS, PROTHROMBIN))
def haemostasis_not_known(_order: Order, patient: Facts) -> Truth:
    """One of the two results looked for and not there, or too old."""
    results = [patient.result(one.analyte) for one in HAEMOSTASIS]
    return that(either(*(is_absent(result) for result in results)), *results)
