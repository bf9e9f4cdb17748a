"""Bisphosphonates and nephrotoxic drugs that come together: which use of each matters (RAO, chimiothérapie §2)."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.facts import DrugOrder, Exposure, Exposures, Facts
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.settings import settings_of


@dataclass(frozen=True, slots=True)
class DrugUse:
    """The use of one kind of drug: drafts, and what of the record was given recently or is planned."""

    exposures: Exposures
    drafts: tuple[DrugOrder, ...]
    given: tuple[Exposure, ...]
    planned: tuple[Exposure, ...]
    given_lately: bool | None

    @property
    def holds(self) -> bool | None:
        """There is any; None where nobody knows."""
        return True if self.drafts or self.planned else self.given_lately

    @property
    def entries(self) -> tuple[Exposure, ...]:
        """What of the record it rests on."""
        return (*self.given, *self.planned)

    @property
    def names(self) -> tuple[Text, ...]:
        """The drugs, those of drafts first."""
        return (*(order.name for order in self.drafts), *(entry.drug.name for entry in self.entries))


def drug_use_of(patient: Facts, concepts: frozenset[str], *, days_before: int, days_after: int) -> DrugUse:
    """A kind of drug drafted, given at most so many days ago, or planned within so many days."""
    exposures = patient.exposures.of(concepts)
    drafts = (one for one in patient.orders if one.draft and isinstance(one, DrugOrder) and one.is_any(concepts))
    planned = (entry for entry in exposures.entries if entry.planned and _begins_within(entry, days_after, exposures))
    return DrugUse(
        exposures, tuple(drafts), exposures.recent(days_before), tuple(planned), exposures.in_last(days_before)
    )


def _begins_within(entry: Exposure, days: int, exposures: Exposures) -> bool:
    """An order of the record that states no day counts for today (`rules.md`, "Draft order", "Planned date")."""
    return entry.first is None or (entry.first.first - exposures.today).days <= days


def bisphosphonate_use(patient: Facts) -> DrugUse:
    """Bisphosphonates for bone metastases, in the days that matter beside a nephrotoxic drug."""
    settings = settings_of(patient)
    return drug_use_of(
        patient,
        sets.BONE_METASTASIS_BISPHOSPHONATES,
        days_before=settings.nephrotoxic_bisphosphonate_days,
        days_after=settings.nephrotoxic_drug_days,
    )


def nephrotoxic_use(patient: Facts) -> DrugUse:
    """Platinums and pemetrexed, in the days that matter beside a bisphosphonate."""
    settings = settings_of(patient)
    return drug_use_of(
        patient,
        sets.PLATINUMS_AND_PEMETREXED,
        days_before=settings.nephrotoxic_drug_days,
        days_after=settings.nephrotoxic_bisphosphonate_days,
    )
