"""External radiotherapy: what was given or is under way as courses, and what an order prescribes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from mappings.dates import When


class Target(StrEnum):
    """What radiotherapy is aimed at, as far as site, volume and reason say."""

    BONE = "bone"
    OTHER = "not bone"
    UNSTATED = "not stated"


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume of a prescription: its dose in Gy and its number of fractions, as far as they are stated."""

    dose_gy: Decimal | None
    fractions: int | None
    sites: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Prescription:
    """What a radiotherapy order prescribes.

    `volumes` as the CodeX radiotherapy profiles state them; phases of one course are already added. `regions` name the
    bones aimed at, finer than a site concept where a code does; `stereotactic` and `curative` where the order says so.
    """

    target: Target
    regions: frozenset[str]
    stereotactic: bool = False
    curative: bool = False
    volumes: tuple[Volume, ...] = ()

    @property
    def highest(self) -> Volume | None:
        """The volume with the highest dose; one whose fractions alone are stated where no dose is."""
        dosed = [volume for volume in self.volumes if volume.dose_gy is not None]
        if dosed:
            return max(dosed, key=lambda volume: (volume.dose_gy or Decimal(0), -(volume.fractions or 0)))
        return next((volume for volume in self.volumes if volume.fractions is not None), None)


@dataclass(frozen=True, slots=True)
class Course:
    """One course of external radiotherapy, however many resources tell it.

    `under_way` is in progress (or active without dates); a completed course without a date is `undated`. `last` is the
    newest end that any of its resources states; `planned_end` reckons it from start and fractions where none does.
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
    stereotactic: bool = False
    planned_end: When | None = None
    unverified_code: bool = False
