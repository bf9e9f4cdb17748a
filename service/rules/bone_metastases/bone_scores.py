"""Mirels and SINS: what each number of points calls for (RAO, radiothérapie §1.2, Tableau 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mappings.facts import Fact, Facts, Finding, RadiotherapyOrder
from service.rules.bone_metastases.conditions import at_least, below
from service.rules.bone_metastases.settings import ClinicalSettings, settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, is_absent, that
from service.rules.logic import both


@dataclass(frozen=True, slots=True)
class ThreeLevels:
    """A score in whole points with three levels; `middle` and `high` are the first points of the second and the third."""

    middle: int
    high: int

    def at_least_middle(self, score: Fact[Finding]) -> bool | None:
        """The score is of the second or the third level."""
        return at_least(score, self.middle)

    def is_middle(self, score: Fact[Finding]) -> bool | None:
        """The score is of the second level."""
        return both(at_least(score, self.middle), below(score, self.high))

    def is_high(self, score: Fact[Finding]) -> bool | None:
        """The score is of the third level."""
        return at_least(score, self.high)

    @property
    def most_low(self) -> int:
        """The most points of the first level."""
        return self.middle - 1

    @property
    def most_middle(self) -> int:
        """The most points of the second level."""
        return self.high - 1


# --- Mirels -----------------------------------------------------------------------------------------------------------

MIRELS_LEVELS = ThreeLevels(8, 9)
"""Radiotherapy, then a tumour board, then prophylactic fixation (Tableau 3)."""

MIRELS_SAYS = _(
    "Mirels {low} or less: radiotherapy; {board}: tumour board; {fixation} or more: prophylactic fixation.",
    low=MIRELS_LEVELS.most_low,
    board=MIRELS_LEVELS.middle,
    fixation=MIRELS_LEVELS.high,
)
MIRELS_RANGE = _(
    "The text says 3 to 12 points, but four items of 1 to 3 give 4 to 12: other values are not used.",
)
"""The reading of the rules about Mirels."""


def mirels_of(order: RadiotherapyOrder, patient: Facts) -> Fact[Finding]:
    """The recorded Mirels score of the bone treated."""
    return patient.finding("mirels-score", order.prescription.regions)


@condition(_("recorded fracture risk"), reads=("finding",))
def recorded_fracture_risk(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """A Mirels score beyond the first level."""
    mirels = mirels_of(order, patient)
    return that(MIRELS_LEVELS.at_least_middle(mirels), mirels)


@condition(_("Mirels is {points} or more", points=MIRELS_LEVELS.high), reads=("finding",))
def mirels_asks_for_fixation(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """The third level."""
    mirels = mirels_of(order, patient)
    return that(MIRELS_LEVELS.is_high(mirels), mirels)


@condition(_("Mirels is {points}", points=MIRELS_LEVELS.middle), reads=("finding",))
def mirels_is_borderline(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """The second level, which is one point wide."""
    mirels = mirels_of(order, patient)
    return that(MIRELS_LEVELS.is_middle(mirels), mirels)


@condition(_("no Mirels score is recorded"), reads=("finding",))
def no_mirels(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """Of the bone treated."""
    mirels = mirels_of(order, patient)
    return that(is_absent(mirels), mirels)


# --- SINS -------------------------------------------------------------------------------------------------------------

SINS_LEVELS = ThreeLevels(7, ClinicalSettings().unstable_sins)
"""Stable, then potentially unstable, then unstable; the source asks for a surgical opinion from the second on."""


def sins_in_force(patient: Facts) -> ThreeLevels:
    """The levels, the third from the setting."""
    return replace(SINS_LEVELS, high=settings_of(patient).unstable_sins)
