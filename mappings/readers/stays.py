"""The stay that a diagnosis was coded for dates it where nothing else does (`rules.md`, "A diagnosis of a stay")."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.dates import day
from mappings.evidence import Evidence, Resource, local_reference
from mappings.facts import Stay
from mappings.readers.acts import MET, NOT_MET
from mappings.readers.reader import Reader
from mappings.readers.standing import standing
from mappings.shapes import a_map, maps
from mappings.vocabulary.elements import CATEGORY, ENCOUNTER_STATUS
from mappings.wording import _

STAY_NOT_FOUND = _(
    "the stay that it was coded for could not be looked up", hint=_("send the Encounter of the Condition")
)
STAY_NOT_DATED = _("the stay that it was coded for is not dated", hint=_("send the period of the Encounter"))

_ENCOUNTERS = ("encounter", "context")
"""`context` was STU3's."""


def is_of_a_stay(condition: Resource) -> bool:
    """A Condition that was coded for an encounter, and is no problem of the list of problems."""
    return CATEGORY.read(condition.get("category")) == "encounter-diagnosis"


def stay_of(reader: Reader, condition: Resource, encounter: Resource | None = None) -> Stay:
    """The stay of a Condition: its own Encounter, else the one that names it; the period, open until today.

    An end that was sent and says nothing, as one before the start, leaves the stay without a date.
    """
    found = _own(reader, condition) or encounter
    if found is None:
        return Stay(why=STAY_NOT_FOUND)
    period = a_map(found.get("period"))
    start, end = reader.period(period)
    took_place = standing(found, ENCOUNTER_STATUS, counting=MET, never=NOT_MET).counts is True
    if not took_place or (start is None and end is None) or (end is None and period.get("end") is not None):
        return Stay(why=STAY_NOT_DATED)
    return Stay(start, end or day(reader.clock.today), is_open=end is None)


def _own(reader: Reader, condition: Resource) -> Resource | None:
    for name in _ENCOUNTERS:
        found = reader.referred(condition, condition.get(name))
        if found is not None and found.get("resourceType") == "Encounter":
            return found
    return None


def encounters_by_diagnosis(evidence: Evidence) -> dict[str, Resource]:
    """The Encounters that name Conditions as their diagnoses, by the Condition."""
    return {
        evidence.local(a_map(named.get("condition"))): encounter
        for _source, encounter in evidence.of_type("Encounter")
        for named in maps(encounter.get("diagnosis"))
    }


def references_to_stays(condition: Resource) -> Iterator[str]:
    """The references of a Condition to its Encounter, as `Type/id`."""
    yield from (local for name in _ENCOUNTERS if (local := local_reference(condition.get(name))))
