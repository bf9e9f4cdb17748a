"""Results and recorded findings, in canonical units, each with its date and the resource that it was read from."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from mappings.dates import When
from mappings.facts.three_valued import Unavailable
from mappings.quantities import Bounds
from mappings.values import value
from mappings.wording import Amount, Text

TREND_DAYS = 365
"""Two results within so many days are shown as a trend; a choice of ours."""


@value
class Measurement:
    """One result: its value (or the interval that its comparator leaves) in a canonical unit, its date and origin.

    `limits_disagree` where several of its reference ranges fit the patient and differ: then it has no limits.
    `earlier` is the result before it, at most `TREND_DAYS` older: a card shows both, and decides by none but the newest.
    """

    bounds: Bounds
    unit: str
    when: When
    source: str
    reported: Amount
    preliminary: bool = False
    unverified_code: bool = False
    lower_limit: Decimal | None = None
    upper_limit: Decimal | None = None
    limits_disagree: bool = False
    per_body_surface: bool = False
    earlier: Measurement | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The resource that it was read from."""
        return (self.source,) if self.source else ()


@value
class VitaminDLimit:
    """A limit of 25-OH vitamin D in both units; a result is compared in the one that it was reported in."""

    ng_per_ml: Decimal
    nmol_per_l: Decimal


DEEP_DEFICIENCY_BELOW = VitaminDLimit(Decimal(10), Decimal(25))
DEFICIENCY_BELOW = VitaminDLimit(Decimal(20), Decimal(50))
INSUFFICIENCY_BELOW = VitaminDLimit(Decimal(30), Decimal(75))
RECOMMENDED_UP_TO = VitaminDLimit(Decimal(70), Decimal(175))
INTOXICATION_ABOVE = VitaminDLimit(Decimal(150), Decimal(375))
"""The limits of 25-OH vitamin D (RAO, Tableau 1; 50 nmol/L is 20 × 2.5, a choice of ours)."""


@value
class VitaminD:
    """A 25-OH vitamin D result, compared in the unit that it was reported in."""

    measurement: Measurement

    def below(self, limit: VitaminDLimit) -> bool | None:
        """Strictly below a limit."""
        return self.measurement.bounds.below(self._of(limit))

    def above(self, limit: VitaminDLimit) -> bool | None:
        """Strictly above a limit."""
        return self.measurement.bounds.above(self._of(limit))

    def _of(self, limit: VitaminDLimit) -> Decimal:
        return limit.nmol_per_l if self.measurement.unit == "nmol/L" else limit.ng_per_ml

    @property
    def when(self) -> When:
        """The day of the sample."""
        return self.measurement.when


CALCIUM_CRISIS_ABOVE = Decimal("3.5")
"""mmol/L: acute hypercalcaemic crisis (RAO, contexte général §4)."""


@value
class CorrectedCalcium:
    """Calcium in mmol/L, corrected for albumin where an albumin allows it (RAO, contexte général §4).

    The limits are the reference range of the result that was used, else those of the settings. Where albumin could not be
    looked up, `possible` is what the corrected value may be with any plausible albumin. `albumin_window_days` are those before
    and after it in which one was looked for.
    """

    bounds: Bounds
    when: When
    corrected: bool
    measured: Measurement
    albumin: Measurement | None
    lower_limit: Decimal
    upper_limit: Decimal
    albumin_unavailable: Unavailable | None = None
    possible: Bounds | None = None
    albumin_window_days: int = 0

    @property
    def low(self) -> bool | None:
        """Below its lower limit."""
        return self.bounds.below(self.lower_limit)

    @property
    def high(self) -> bool | None:
        """Above its upper limit."""
        return self.bounds.above(self.upper_limit)


class ClearanceMethod(StrEnum):
    """How a creatinine clearance was come by, in the order of preference of `rules.md`."""

    KIDNEY_FAILURE = "kidney failure"
    REPORTED_COCKCROFT = "reported Cockcroft-Gault"
    COMPUTED_COCKCROFT = "computed Cockcroft-Gault"
    MEASURED = "measured"
    OLDER_COCKCROFT = "older reported Cockcroft-Gault"
    EGFR = "eGFR"


KIDNEY_FAILURE_BELOW = Decimal(30)
"""mL/min: dialysis and end-stage kidney disease count as a clearance below it, whatever a creatinine says (`rules.md`)."""


@value
class Clearance:
    """Creatinine clearance in mL/min, with the way it was come by, and the result (clearance or creatinine) it comes from."""

    bounds: Bounds
    when: When
    method: ClearanceMethod
    computation: Text | None = None
    result: Measurement | None = None

    @property
    def approximate(self) -> bool:
        """An eGFR stands in for the clearance: it decides, but no dose is offered from it."""
        return self.method is ClearanceMethod.EGFR


ADULT_YEARS = 18
"""Years of age from which a formula, a reference range or a dose for adults is used; a setting of ours."""


@value
class Person:
    """The Patient resource as far as the referential needs it. `birth` may be partial."""

    sex: str | None
    birth: When | None
    source: str


@value
class Finding:
    """A recorded finding (`rules.md`, "Recorded findings"): a score, a count, a percentage, a yes or no.

    `regions` are the bones of its body site; empty where it names none.
    """

    bounds: Bounds | None
    flag: bool | None
    code: str | None
    unit: str
    when: When
    source: str
    regions: frozenset[str] = frozenset()
    reported: Amount | None = None
    preliminary: bool = False
    unverified_code: bool = False
