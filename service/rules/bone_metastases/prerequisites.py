"""What is wanted before a first dose of an antiresorptive, and what of it is missing: named before any dose is drafted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mappings.dates import days_before
from mappings.facts import Act, Collected, Facts
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import CALCIUM, PHOSPHATE, VITAMIN_D
from mappings.wording import Text
from service.rules.bone_metastases.requests import DENTAL_EXAMINATION, ORTHOPANTOMOGRAM
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import is_absent
from service.rules.logic import either, negated


def _not_done(patient: Facts, concepts: frozenset[str]) -> bool | None:
    """Not done in the days that a dental assessment stays valid; an act without a date may be of any day."""
    since = days_before(patient.today, settings_of(patient).dental_valid_days)

    def done(acts: Collected[Act]) -> bool | None:
        def lately(act: Act) -> bool | None:
            if not act.is_any(concepts):
                return False
            return None if act.dated is None else act.dated.last >= since

        return acts.any(lately)

    return negated(either(done(patient.procedures), done(patient.imaging)))


PREREQUISITES: tuple[tuple[Text, Callable[[Facts], bool | None]], ...] = (
    (VITAMIN_D.name, lambda patient: is_absent(patient.vitamin_d)),
    (CALCIUM.name, lambda patient: is_absent(patient.calcium)),
    (PHOSPHATE.name, lambda patient: is_absent(patient.result(PHOSPHATE))),
    (_("creatinine clearance"), lambda patient: is_absent(patient.clearance)),
    (DENTAL_EXAMINATION.name, lambda patient: _not_done(patient, sets.DENTAL_EXAMINATION)),
    (ORTHOPANTOMOGRAM.name, lambda patient: _not_done(patient, sets.ORTHOPANTOMOGRAM)),
)
"""What is wanted before a first dose, and whether it is missing; None where that could not be looked up."""

PREREQUISITES_READ = ("vitamin_d", "calcium", PHOSPHATE, "clearance", "procedures", "imaging")
"""The facts that tell of them."""


def missing_prerequisites(patient: Facts) -> Iterator[Text]:
    """What would be missing before a first dose; only what is known to be missing."""
    return (name for name, is_missing in PREREQUISITES if is_missing(patient))
