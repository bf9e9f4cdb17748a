"""Levels of 25-OH vitamin D and what corrects them (RAO, traitement osseux systémique §1, Tableau 1 and its box)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mappings.facts import Facts, Order, VitaminD
from mappings.facts.results import (
    DEEP_DEFICIENCY_BELOW,
    DEFICIENCY_BELOW,
    INSUFFICIENCY_BELOW,
    INTOXICATION_ABOVE,
    RECOMMENDED_UP_TO,
    VitaminDLimit,
)
from mappings.wording import Text
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, is_absent, that


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of 25-OH vitamin D that a rule asks about and names."""

    figures: VitaminDLimit

    @property
    def ng_per_ml(self) -> Decimal:
        """The limit in ng/mL."""
        return self.figures.ng_per_ml

    @property
    def nmol_per_l(self) -> Decimal:
        """The limit in nmol/L."""
        return self.figures.nmol_per_l

    @property
    def said(self) -> Text:
        """The limit in both units."""
        return _("{mass} ng/mL ({molar} nmol/L)", mass=self.ng_per_ml, molar=self.nmol_per_l)

    def undercut_by(self, level: VitaminD) -> bool | None:
        """The level is strictly below the limit."""
        return level.below(self.figures)

    def exceeded_by(self, level: VitaminD) -> bool | None:
        """The level is strictly above the limit."""
        return level.above(self.figures)


DEEP_DEFICIENCY = Limit(DEEP_DEFICIENCY_BELOW)
"""Tableau 1 calls less a deficiency; the box treats one from `DEFICIENCY` on, so that this limit raises the level only."""

RECOMMENDED = Limit(RECOMMENDED_UP_TO)
"""The end of the recommended range of Tableau 1: above it no supplement is offered."""

INTOXICATION = Limit(INTOXICATION_ABOVE)
"""Tableau 1: an intoxication is possible above it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A lack of vitamin D below a limit, and the weekly doses that correct it."""

    below: Limit
    weeks: int


DEFICIENCY = Correction(Limit(DEFICIENCY_BELOW), weeks=8)
INSUFFICIENCY = Correction(Limit(INSUFFICIENCY_BELOW), weeks=4)
"""RAO §1 box; the doses are those of `requests.VITAMIN_D_IU`."""


def corrections_of(level: VitaminD) -> tuple[Correction, ...]:
    """The corrections that a level may ask for: the milder one that a bound settles (`<25`), both where it settles neither."""
    deficient = DEFICIENCY.below.undercut_by(level)
    if deficient:
        return (DEFICIENCY,)
    return (
        (INSUFFICIENCY,)
        if deficient is False or INSUFFICIENCY.below.undercut_by(level)
        else (DEFICIENCY, INSUFFICIENCY)
    )


# --- conditions on the level ------------------------------------------------------------------------------------------


@condition(_("no valid 25-OH vitamin D is on record"), reads=("vitamin_d",))
def no_vitamin_d_level(_order: Order | None, patient: Facts) -> Truth:
    """Looked for and not there, or too old."""
    return that(is_absent(patient.vitamin_d), patient.vitamin_d)


@condition(_("25-OH vitamin D is below {limit}", limit=DEFICIENCY.below.said), reads=("vitamin_d",))
def deficient(_order: Order | None, patient: Facts) -> Truth:
    """Below the limit; a bound that settles only that it is insufficient is the mildest level that it settles."""

    def settled(level: VitaminD) -> bool | None:
        below = DEFICIENCY.below.undercut_by(level)
        return False if below is None and INSUFFICIENCY.below.undercut_by(level) else below

    return that(patient.vitamin_d.test(settled), patient.vitamin_d)


@condition(_("25-OH vitamin D is not below {limit}", limit=DEFICIENCY.below.said), reads=("vitamin_d",))
def not_known_as_deficient(_order: Order | None, patient: Facts) -> Truth:
    """At least the limit, or on either side of it."""
    level = patient.vitamin_d
    return that(level.test(lambda value: DEFICIENCY.below.undercut_by(value) is not True), level)


@condition(_("25-OH vitamin D is below {limit}", limit=INSUFFICIENCY.below.said), reads=("vitamin_d",))
def insufficient(_order: Order | None, patient: Facts) -> Truth:
    """Below the limit of an insufficiency, a deficiency included."""
    return that(patient.vitamin_d.test(INSUFFICIENCY.below.undercut_by), patient.vitamin_d)


@condition(_("25-OH vitamin D is above {limit}", limit=RECOMMENDED.said), reads=("vitamin_d",))
def above_the_recommended_range(_order: Order | None, patient: Facts) -> Truth:
    """Above the range of Tableau 1, an intoxication included."""
    return that(patient.vitamin_d.test(RECOMMENDED.exceeded_by), patient.vitamin_d)
