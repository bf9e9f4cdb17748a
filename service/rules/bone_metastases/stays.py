"""How long a diagnosis of a stay counts, where nothing but the stay dates it (the specification, "A diagnosis of a stay")."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from mappings.dates import days_before
from mappings.facts import Diagnosis, Facts, Unavailable
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, verbatim
from service.rules.bone_metastases.settings import ClinicalSettings, settings_of
from service.rules.condition import Truth, that
from service.rules.logic import both
from service.rules.naming import called

INFECTIONS = (
    sets.SEPSIS_OR_GENERAL_INFECTION | sets.SKIN_INFECTION | sets.OTHER_INFECTION | sets.DENTAL_INFECTION_ACTIVE
)

Days: TypeAlias = Callable[[ClinicalSettings], int]

DATED_BY_STAY: tuple[tuple[frozenset[str], Days | None], ...] = (
    (INFECTIONS | sets.DISSEMINATED_INTRAVASCULAR_COAGULATION, lambda settings: settings.stay_infection_days),
    (sets.PATHOLOGICAL_FRACTURE, lambda settings: settings.stay_fracture_days),
    (sets.SPINAL_CORD_COMPRESSION, None),
)
"""What counts for so many days after its stay; None: its age is the rule's own affair, and must be known. All else counts at
any age.
"""


def still_counts(one: Diagnosis, patient: Facts) -> bool | None:
    """A diagnosis that its stay dates is not too old; None where the stay has no date."""
    if one.stay is None:
        return True
    days = [limit for concepts, limit in DATED_BY_STAY if one.is_any(concepts)]
    if not days:
        return True
    last = one.stay.last
    if last is None:
        return None
    settings = settings_of(patient)
    return all(limit is None or last.last >= days_before(patient.today, limit(settings)) for limit in days)


def not_dated(patient: Facts, is_one: Callable[[Diagnosis], bool | None]) -> tuple[Unavailable, ...]:
    """The diagnoses of a kind of which nobody can tell whether they still count, as facts that could not be read."""
    return tuple(
        Unavailable(_named(one), (one.stay.why,), sources=(one.source,))
        for one in patient.conditions
        if one.stay is not None and one.stay.why is not None and both(is_one(one), still_counts(one, patient)) is None
    )


def _named(one: Diagnosis) -> Text:
    name = called(one)
    return name if isinstance(name, Text) else verbatim(name)


def on_record(patient: Facts, is_one: Callable[[Diagnosis], bool | None]) -> Truth:
    """Whether a diagnosis is on record that still counts; it rests on those, else on what stands in the way."""

    def counts(one: Diagnosis) -> bool | None:
        is_this = is_one(one)
        return is_this if is_this is False else both(is_this, still_counts(one, patient))

    found = tuple(filter(counts, patient.conditions))
    if found:
        return that(True, *found)
    return that(patient.conditions.any(counts), patient.conditions, *not_dated(patient, is_one))
