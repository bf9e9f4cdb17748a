"""The stays of diagnoses: looked up where nothing else dates one (`rules.md`, "A diagnosis of a stay")."""

from __future__ import annotations

from mappings.evidence import Evidence
from mappings.readers.conditions import diagnosis
from mappings.readers.reader import Reader
from mappings.readers.stays import encounters_by_diagnosis, is_of_a_stay, references_to_stays
from service.gathering.gather import MOST_IDS, fetch
from service.gathering.record_server import RecordServer

MOST_STAYS = 4 * MOST_IDS
"""Encounters that are asked for, in four searches at most; what lies beyond has no date."""

_ENCOUNTER = "Encounter/"


def look_up_stays(reader: Reader, evidence: Evidence, server: RecordServer) -> None:
    """Ask for the Encounters of active diagnoses of a stay that have no date; only of those that the service knows."""
    named = encounters_by_diagnosis(evidence)
    wanted: dict[str, None] = {}
    for source, condition in evidence.of_type("Condition"):
        if not is_of_a_stay(condition):
            continue
        read = diagnosis(reader, condition, source, named.get(source))
        if read is None or not read.active or not read.concepts or read.stay is None or read.stay.why is None:
            continue
        wanted |= dict.fromkeys(local for local in references_to_stays(condition) if local.startswith(_ENCOUNTER))
    ids = [local.removeprefix(_ENCOUNTER) for local in wanted][:MOST_STAYS]
    fetch("Encounter", ids, evidence, server)
