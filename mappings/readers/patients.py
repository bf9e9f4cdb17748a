"""Whether a patient's record is one to act on (`rules.md`, "The deceased, and replaced records")."""

from __future__ import annotations

from mappings.evidence import Resource
from mappings.readers.reader import Reader
from mappings.readers.standing import modification
from mappings.shapes import maps
from mappings.values import value
from mappings.vocabulary.elements import ABSENT, ACTIVE, DECEASED, LINK_TYPE, NOT_UNDERSTOOD
from mappings.wording import Text, _

IS_DECEASED = _("the patient is recorded as deceased")
IS_REPLACED = _("another record has replaced this one of the patient")
IS_INACTIVE = _("this record of the patient is no longer in use")

DEATH_NOT_READ = _("whether the patient is alive could not be read")
USE_NOT_READ = _("whether this record of the patient is in use could not be read")

_EXTENDS = "_"
"""Before its name stands what extends a member (HL7 FHIR 4.0.1, JSON, primitive elements)."""
_DIED_ON = "deceasedDateTime"


@value
class PatientStatus:
    """Why nobody acts on a record (None: it is in use), and what could not be read of that."""

    ended: Text | None = None
    unsure: tuple[Text, ...] = ()


def status_of_patient(reader: Reader, patient: Resource) -> PatientStatus:
    """Whether the patient is alive, and the record the one in use. What is not understood ends nothing, and is told."""
    died, kept = _death(reader, patient), ACTIVE.of(patient)
    links = {LINK_TYPE.of(link) for link in maps(patient.get("link"))}
    unsure = [DEATH_NOT_READ] if died is None else []
    extended_only = f"{_EXTENDS}active" in patient and ACTIVE.fields[0] not in patient
    if extended_only or not {ABSENT, NOT_UNDERSTOOD}.isdisjoint({kept, *links}) or modification(patient) is not None:
        unsure.append(USE_NOT_READ)
    if died:
        return PatientStatus(IS_DECEASED)
    if "replaced-by" in links:
        return PatientStatus(IS_REPLACED)
    if kept == "false":
        return PatientStatus(IS_INACTIVE)
    return PatientStatus(None, tuple(unsure))


def _death(reader: Reader, patient: Resource) -> bool | None:
    """Recorded as deceased; None where something is said of it that cannot be read, as a date ahead."""
    flag = DECEASED.of(patient)
    when = reader.date(patient.get(_DIED_ON))
    if flag == "true" or (when is not None and when.first <= reader.clock.today):
        return True
    said = {
        name.removeprefix("_") for name, told in patient.items() if name.lstrip("_").startswith("deceased") and told
    }
    understood = {name for name in DECEASED.fields if patient.get(name) is not None} if flag == "false" else set()
    return False if said <= understood else None
