"""External radiotherapy: what was given or is under way as courses, and what an order prescribes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from mappings.dates import When, day
from mappings.values import value
from mappings.wording import Text, _


class Target(StrEnum):
    """What radiotherapy is aimed at, as far as site, volume and reason say."""

    BONE = "bone"
    OTHER = "not bone"
    UNSTATED = "not stated"


@value
class Volume:
    """One volume of a prescription: its dose in Gy, in all and a fraction, and its fractions, as far as they are stated."""

    dose_gy: Decimal | None
    fractions: int | None
    fraction_gy: Decimal | None = None

    @property
    def gray_a_fraction(self) -> Decimal | None:
        """Gy a fraction, stated or reckoned."""
        if self.fraction_gy is not None:
            return self.fraction_gy
        return self.dose_gy / self.fractions if self.dose_gy is not None and self.fractions else None


@value
class Prescription:
    """What a radiotherapy order prescribes.

    `volumes` as the CodeX radiotherapy profiles state them; phases of one course are already added. `regions` name the
    bones aimed at (`mappings.facts.bones`); `stereotactic`, `curative` and `reirradiation` where the order says so.
    `unresolved` says why a volume or reason that it refers to could not be looked up.
    """

    target: Target
    regions: frozenset[str]
    stereotactic: bool = False
    curative: bool = False
    reirradiation: bool = False
    volumes: tuple[Volume, ...] = ()
    unresolved: tuple[Text, ...] = ()

    @property
    def highest(self) -> Volume | None:
        """The volume with the highest dose; one whose fractions alone are stated where no dose is."""
        dosed = [volume for volume in self.volumes if volume.dose_gy is not None]
        if dosed:
            return max(dosed, key=lambda volume: (volume.dose_gy or Decimal(0), -(volume.fractions or 0)))
        return next((volume for volume in self.volumes if volume.fractions or volume.fraction_gy), None)


@value
class RadiotherapyCourse:
    """One course of external radiotherapy, however many resources tell it.

    `under_way` is in progress (or active without dates; or, of one that is `unsure`, not known to be over); a completed
    course without a date is `undated`. `last` is the newest end that any of its resources states; `planned_end` is what an
    order of it, or its own period while it is under way, states, else reckoned from start and fractions. `highest` is the
    volume with the highest dose that it states.
    `unsure` says why it may not have been given, or not so, where it may not.
    """

    sources: tuple[str, ...]
    name: str
    target: Target
    regions: frozenset[str]
    sites: frozenset[str]
    first: When | None
    last: When | None
    under_way: bool
    undated: bool
    stereotactic: bool
    curative: bool
    planned_end: When | None
    unverified_code: bool
    highest: Volume | None = None
    unsure: Text | None = None

    @property
    def source(self) -> str:
        """The first of its sources, by which it is named where it has no name."""
        return next(iter(self.sources), "")

    @property
    def ended(self) -> When | None:
        """The end of a completed course: stated, else reckoned from start and fractions; None where neither can be told."""
        return None if self.under_way else self.last or self.planned_end


# --- the end that fractions tell --------------------------------------------------------------------------------------

FRIDAY = 4

FRACTIONS_A_WEEK, FRACTIONS_A_WEEK_SAID = 5, _("five a week")
"""Fractions a week by which an end that is not stated is reckoned; a choice of ours (`radiosensitiser-after-radiotherapy`)."""


def reckoned_end(first: When | None, fractions: int | None) -> When | None:
    """The end of a course from its start and fractions, five a week from Monday to Friday."""
    if first is None or fractions is None:
        return None
    end = first.last
    try:
        while end.weekday() >= FRACTIONS_A_WEEK:
            end += timedelta(days=1)
        weeks, rest = divmod(fractions - 1, FRACTIONS_A_WEEK)
        end += timedelta(weeks=weeks)
        for _session in range(rest):
            end += timedelta(days=3 if end.weekday() == FRIDAY else 1)
    except OverflowError:
        return None
    return day(end)
