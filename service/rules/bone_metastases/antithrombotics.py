"""Antithrombotics before cementoplasty: the delay of each (RAO, radiologie interventionnelle §4; CIM), and those that count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from mappings.dates import When
from mappings.facts import ActOrder, DrugOrder, Exposure, ExposureKind, Exposures, Facts
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Amount, Text, verbatim
from service.rules.bone_metastases.settings import ClinicalSettings, settings_of
from service.rules.bone_metastases.wording import _

# --- the table --------------------------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)
THE_DAY_BEFORE = timedelta(days=1)
NOTHING: Text = verbatim("")


@dataclass(frozen=True, slots=True, eq=False)
class Delay:
    """A row: the drugs, the time between their last dose and the act (None: the source gives none), and what a card says.

    `says` names the {drug}, its delay in {days} or {hours}, the day of the last dose as {by} or {on}, and the day before the
    act as {eve}.
    """

    drugs: frozenset[str]
    before: timedelta | None
    says: Text

    @property
    def days(self) -> int | None:
        """The delay in days."""
        return None if self.before is None else self.before.days

    def stop(self, act: When | None) -> date | None:
        """The day of the last dose for an act of that date, the first day of a partial one; None without a delay or a date."""
        return None if self.before is None or act is None else act.first - self.before

    def line(self, drug: Text, stop: date | None, today: date) -> Text:
        """What to do with the drug, with its day where the act has a date."""
        hours = None if self.before is None else self.before // HOUR
        by = on = eve = NOTHING
        if stop is not None and self.before is not None:
            passed = _(", which has passed") if stop < today else NOTHING
            by = _(" (by {stop}{passed})", stop=stop, passed=passed)
            on = _(" (on {stop}{passed})", stop=stop, passed=passed)
            eve = _(" (on {stop}{passed})", stop=stop + self.before - THE_DAY_BEFORE, passed=NOTHING)
        return self.says.with_(drug=drug, days=self.days, hours=hours, by=by, on=on, eve=eve)


ASPIRIN_LIMIT = Amount(Decimal(160), "mg")
"""A day: below it aspirin goes on; the limit itself is stopped (RAO §4; CIM agrees)."""

CLOPIDOGREL = Delay(sets.CLOPIDOGREL, timedelta(days=5), _("{drug}: stop {days} days before{by}"))
ASPIRIN = Delay(sets.ASPIRIN, timedelta(days=5), _("{drug}: stop {days} days before{by}"))
ASPIRIN_OF_UNKNOWN_DOSE = Delay(
    sets.ASPIRIN,
    ASPIRIN.before,
    _(
        "{drug}, daily dose not known: under {limit} it goes on; from {limit} stop {days} days before{by}",
        limit=ASPIRIN_LIMIT,
    ),
)
ASPIRIN_OF_LOW_DOSE = Delay(sets.ASPIRIN, None, _("{drug} under {limit} a day: goes on", limit=ASPIRIN_LIMIT))
DIRECT_ORAL_ANTICOAGULANT = Delay(
    sets.DIRECT_ORAL_ANTICOAGULANTS_WITH_DELAY, timedelta(hours=48), _("{drug}: stop {hours} hours before{by}")
)
VITAMIN_K_ANTAGONIST = Delay(
    sets.VITAMIN_K_ANTAGONISTS,
    timedelta(days=ClinicalSettings().vitamin_k_antagonist_days),
    _(
        "{drug}: stop {days} days before{by}, the day to be settled with the anaesthetist; low-molecular-weight heparin "
        "instead, the last injection of the heparin the day before{eve}"
    ),
)
"""CIM: stopped several days before; so many are a setting. The day before is that of the heparin (RAO §4)."""

HEPARIN = Delay(sets.LOW_MOLECULAR_WEIGHT_HEPARINS, THE_DAY_BEFORE, _("{drug}: last injection the day before{on}"))
"""One that is given already is stopped as one that replaces a vitamin K antagonist (a reading of ours)."""

WITHOUT_DELAY = Delay(
    sets.ANTITHROMBOTICS_WITHOUT_DELAY, None, _("{drug}: no delay in the referential, ask the anaesthetist")
)

DELAYS = (CLOPIDOGREL, ASPIRIN, DIRECT_ORAL_ANTICOAGULANT, VITAMIN_K_ANTAGONIST, HEPARIN, WITHOUT_DELAY)
"""The rows by drug; aspirin is then told by its dose."""


def _delay_of(concept: str, patient: Facts) -> Delay:
    """The row of a drug; the days of a vitamin K antagonist are those of the setting."""
    delay = next((row for row in DELAYS if concept in row.drugs), WITHOUT_DELAY)
    if delay is VITAMIN_K_ANTAGONIST:
        return replace(delay, before=timedelta(days=settings_of(patient).vitamin_k_antagonist_days))
    return delay


# --- the drugs of a patient -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Antithrombotic:
    """A drug that counts before the act: the entries that tell of it, its row, its stop where the act has a date."""

    entries: tuple[Exposure, ...]
    delay: Delay
    stop: date | None

    @property
    def name(self) -> Text:
        """The drug as the record names it."""
        return self.entries[0].drug.name

    @property
    def goes_on(self) -> bool:
        """Aspirin known to be below its limit."""
        return self.delay is ASPIRIN_OF_LOW_DOSE

    @property
    def is_heparin_asked_for(self) -> bool:
        """A low-molecular-weight heparin is given, or replaces it."""
        return self.delay.drugs in (sets.VITAMIN_K_ANTAGONISTS, sets.LOW_MOLECULAR_WEIGHT_HEPARINS)

    def is_late(self, today: date) -> bool:
        """Being taken although its stop has passed; aspirin whose dose is not known, and a heparin, may go on."""
        ongoing = any(entry.ongoing for entry in self.entries)
        may_go_on = self.delay in (ASPIRIN_OF_UNKNOWN_DOSE, HEPARIN)
        return ongoing and not may_go_on and self.stop is not None and self.stop < today

    def line(self, today: date) -> Text:
        """What to do with the drug."""
        return self.delay.line(self.name, self.stop, today)


def planned_or_taken(patient: Facts) -> Exposures:
    """The antithrombotics on record and, as drafts count for interactions ("Draft order"), those drafted beside the act."""
    drafted = tuple(
        Exposure(
            ExposureKind.REQUEST,
            draft.drug,
            draft.reference,
            draft.dosage,
            planned=True,
            first=None if draft.planned.assumed else draft.planned.when,
        )
        for draft in patient.orders
        if draft.draft and isinstance(draft, DrugOrder)
    )
    return replace(patient.exposures, entries=patient.exposures.entries + drafted).of(sets.ANTITHROMBOTICS)


def antithrombotics_before(order: ActOrder, patient: Facts) -> tuple[Antithrombotic, ...]:
    """Each drug once that is ongoing, to begin before the act, or last taken less than its delay before it."""
    return tuple(_counting(planned_or_taken(patient), order, patient))


def any_antithrombotic_before(order: ActOrder, patient: Facts) -> bool | None:
    """There is one; a gap, or a last dose that is not dated, leaves it open."""
    exposures = planned_or_taken(patient)
    if any(_counting(exposures, order, patient)):
        return True
    undated = any(
        _counts(entry, _delay_of(concept, patient).before, order.planned.when) is None
        for entry in exposures.entries
        for concept in entry.drug.concepts
    )
    return None if undated or exposures.gaps else False


def _counting(exposures: Exposures, order: ActOrder, patient: Facts) -> Iterator[Antithrombotic]:
    """Each drug once, with the entries that count; a class of drugs once for each delay."""
    told: set[tuple[tuple[Exposure, ...], frozenset[str]]] = set()
    for concept in sorted(sets.ANTITHROMBOTICS):
        row = _delay_of(concept, patient)
        found = exposures.of(frozenset({concept})).entries
        entries = tuple(entry for entry in found if _counts(entry, row.before, order.planned.when))
        delay = _aspirin_by_dose(entries) if concept in sets.ASPIRIN else row
        if entries and delay is not None and (entries, delay.drugs) not in told:
            told.add((entries, delay.drugs))
            yield Antithrombotic(entries, delay, delay.stop(None if order.planned.assumed else order.planned.when))


def _counts(entry: Exposure, within: timedelta | None, act: When) -> bool | None:
    """Ongoing, to begin before the act, or last taken less than so long before it; None where it is not dated."""
    if entry.planned:
        return entry.first is None or entry.first.first < act.last
    if entry.ongoing:
        return True
    if entry.maybe_ongoing or (entry.last_dose_undated and within is not None):
        return None
    last = entry.last_dose
    return within is not None and last is not None and act.first - last.last < within


def _aspirin_by_dose(entries: tuple[Exposure, ...]) -> Delay | None:
    """The row by the highest daily dose; a low dose that was stopped already asks for nothing (None)."""
    doses = [entry.dosage.mg_a_day for entry in entries]
    if any(dose is not None and dose >= ASPIRIN_LIMIT.value for dose in doses):
        return ASPIRIN
    if None in doses:
        return ASPIRIN_OF_UNKNOWN_DOSE
    return ASPIRIN_OF_LOW_DOSE if any(entry.ongoing or entry.planned for entry in entries) else None


def under_vitamin_k_antagonist(patient: Facts) -> bool:
    """One is known to be taken: it lowers the prothrombin."""
    return patient.exposures.of(sets.VITAMIN_K_ANTAGONISTS).ongoing is True
