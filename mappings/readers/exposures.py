"""Medication resources into exposures: received, being taken, stopped, or none (`rules.md`, "Exposure", "Last dose")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from mappings.dates import When, days_before
from mappings.evidence import Resource
from mappings.facts import Drug, Exposure, ExposureKind
from mappings.readers.dosage import read_dosage
from mappings.readers.reader import Reader
from mappings.readers.standing import NOT_SAID, Standing, standing
from mappings.shapes import a_map, maps
from mappings.vocabulary.elements import (
    ABSENT,
    ADHERENCE,
    ADMINISTRATION_STATUS,
    INTENT,
    NOT_UNDERSTOOD,
    ORDER_STATUS,
    STATEMENT_STATUS,
)

ADMINISTERED = frozenset({"completed", "in-progress", "on-hold", "stopped"})
NOT_ADMINISTERED = frozenset({"not-done", "entered-in-error"})
STATED = frozenset({"active", "completed", "on-hold", "stopped"})
NOT_STATED = frozenset({"not-taken", "entered-in-error", "intended"})
REQUESTED = frozenset({"active", "on-hold", "completed", "stopped"})
NOT_REQUESTED = frozenset({"entered-in-error", "cancelled", "draft", "proposed"})
NO_ORDER_INTENTS = frozenset({"proposal", "option", "directive"})
ENDED = frozenset({"completed", "stopped"})
NOT_OVER = frozenset({"in-progress", "on-hold", "preparation"})

RECENT_DAYS = 365
"""An open order or statement without a date in so many days is uncertain; a setting of ours."""


def administration(reader: Reader, resource: Resource, source: str, drug: Drug) -> Exposure | None:
    """A MedicationAdministration: its end, or its only date, is a dose; one in progress without a past end goes on.

    One that is said to be over cannot lie ahead: such a date says nothing.
    """
    stands = standing(resource, ADMINISTRATION_STATUS, counting=ADMINISTERED, never=NOT_ADMINISTERED)
    if stands.counts is False:
        return None
    contradicted = stands.status == "completed" and bool(resource.get("statusReason"))  # "why it was not performed"
    start, end = reader.period(a_map(resource.get("effectivePeriod")) or resource.get("occurencePeriod"))
    single = reader.date(resource.get("effectiveDateTime")) or reader.date(resource.get("occurenceDateTime"))
    when, today, status = single or end or start, reader.clock.today, stands.status
    exposure = Exposure(
        ExposureKind.ADMINISTRATION,
        drug,
        source,
        read_dosage(reader, resource.get("dosage"), drug, when),
        certain=stands.counts is True and not contradicted,
        first=start or when,
        last=when,
        last_dose=when,
        last_dose_undated=when is None,
    )
    begin = exposure.first
    if begin is not None and begin.first > today:
        if status in NOT_OVER:
            return replace(exposure, planned=True, last_dose=None)
        return replace(exposure, first=None, last=None, last_dose=None, last_dose_undated=True)
    if single is not None or start is None or (end is not None and end.last <= today):
        return exposure
    if status in ENDED:
        return replace(exposure, last=start, last_dose=start)
    if status == "on-hold":
        return replace(exposure, last=None, last_dose=None, last_dose_undated=True)
    dated = end is not None or start.last >= days_before(today, RECENT_DAYS)
    goes_on = dated and exposure.certain
    return replace(exposure, certain=goes_on, ongoing=goes_on, last=end if goes_on else None, last_dose=None)


def _stated(resource: Resource) -> Standing:
    """Whether a statement counts: by its status, and in R5, whose status says that it was recorded, by its adherence."""
    adherence = ADHERENCE.read(a_map(resource.get("adherence")).get("code"))
    counting = STATED | {"recorded"} if adherence in STATED else STATED
    stands = standing(resource, STATEMENT_STATUS, counting=counting, never=NOT_STATED)
    if adherence in NOT_STATED:
        return Standing(stands.status, counts=False)
    if adherence == ABSENT or stands.counts is not True or stands.status in ENDED:
        return stands
    return (
        Standing(adherence, counts=True) if adherence in STATED else Standing(stands.status, counts=None, why=NOT_SAID)
    )


def statement(reader: Reader, resource: Resource, source: str, drug: Drug) -> Exposure | None:
    """A MedicationStatement: a period, a single date, or an open "is taking"."""
    stands = _stated(resource)
    if stands.counts is False:
        return None
    status = stands.status
    period = a_map(resource.get("effectivePeriod"))
    dates = (resource.get("effectiveDateTime"), resource.get("dateAsserted"), period.get("start"), period.get("end"))
    single_date, written = reader.date(dates[0]), reader.date(dates[1])
    start, end = reader.period(period)
    begin = start or single_date
    dosage = read_dosage(reader, resource.get("dosage"), drug, begin or written)
    begin, end = begin or dosage.first, end or dosage.end
    end_of_dose = single_date if end is None and not dosage.repeating else end
    exposure = Exposure(
        ExposureKind.STATEMENT,
        drug,
        source,
        dosage,
        certain=stands.counts is True and not reader.cannot_read(*dates),
        first=begin,
        last=end or (single_date if status in ENDED else None),
        written=written,
    )
    return _settled(exposure, status, end, end_of_dose, today=reader.clock.today, may_stop=True)


def request(reader: Reader, resource: Resource, source: str, drug: Drug) -> Exposure | None:
    """A MedicationRequest of the record: an order of the past or present; `planned` when it begins in the future."""
    stands, intent = standing(resource, ORDER_STATUS, counting=REQUESTED, never=NOT_REQUESTED), INTENT.of(resource)
    if stands.counts is False or intent in NO_ORDER_INTENTS:
        return None
    status = stands.status
    written = reader.date(resource.get("authoredOn"))
    dosage = read_dosage(reader, resource.get("dosageInstruction"), drug, written)
    used_from, used_to = _period_of_use(reader, resource)
    begin = used_from or dosage.first or written
    end = used_to or dosage.end or reader.period(a_map(resource.get("dispenseRequest")).get("validityPeriod"))[1]
    exposure = Exposure(
        ExposureKind.REQUEST,
        drug,
        source,
        dosage,
        certain=stands.counts is True
        and intent != NOT_UNDERSTOOD
        and not reader.cannot_read(resource.get("authoredOn")),
        first=begin,
        last=end,
        written=written,
    )
    if intent == "plan" or (begin is not None and begin.first > reader.clock.today):
        return replace(exposure, planned=status not in ENDED)
    if dosage.single:
        return replace(exposure, last=begin, last_dose=begin, last_dose_undated=begin is None)
    may_stop = dosage.repeating or status == "stopped"
    return _settled(exposure, status, end, end, today=reader.clock.today, may_stop=may_stop)


PERIODS_OF_USE = frozenset(
    f"http://nictiz.nl/fhir/StructureDefinition/{name}"
    for name in ("ext-TimeInterval.Period", "ext-TimeInterval-Period", "zib-Medication-PeriodOfUse")
)
"""The Dutch extensions by which a medication agreement says from when to when the drug is taken (R4 and STU3)."""


def _period_of_use(reader: Reader, resource: Resource) -> tuple[When | None, When | None]:
    for extension in maps(resource.get("extension")):
        if extension.get("url") in PERIODS_OF_USE:
            return reader.period(a_map(extension.get("valuePeriod")))
    return None, None


def _settled(
    exposure: Exposure, status: str, end: When | None, end_of_dose: When | None, *, today: date, may_stop: bool
) -> Exposure:
    """Whether it is ongoing or stopped, and when its last dose was.

    A status that is unknown or invalid may be "active": a possible exposure counts, and is said to be uncertain.
    """
    if exposure.first is not None and exposure.first.first > today:
        return replace(exposure, planned=status not in ENDED)
    past_end = end is not None and end.last < today
    ended = status in ENDED or past_end
    dated_dose = end_of_dose if end_of_dose is not None and end_of_dose.first <= today else None
    certain = exposure.certain
    goes_on = not ended and (status == "active" or not exposure.certain)
    is_open = not exposure.dosage.repeating and exposure.dosage.count is None
    old = is_open and not ended and not _dated_since(exposure, days_before(today, RECENT_DAYS))
    paused = status == "on-hold" and not ended
    undated = (ended or paused) and dated_dose is None and _written_since(exposure, days_before(today, RECENT_DAYS))
    return replace(
        exposure,
        certain=certain and not old,
        ongoing=goes_on and not old,
        unconfirmed=goes_on and old and certain,
        stopped=ended and may_stop,
        last_dose=dated_dose,
        last_dose_undated=undated,
    )


def confirmed(entries: Sequence[Exposure], today: date) -> tuple[Exposure, ...]:
    """Open entries without a date of the last year go on where another record of the same drug of that year says so.

    An administration does, and an entry that is neither stopped nor completed (`rules.md`, "Last dose").
    """
    since = days_before(today, RECENT_DAYS)
    drugs = frozenset().union(*(entry.drug.concepts for entry in entries if _confirms(entry, since)))
    return tuple(
        replace(entry, certain=True, ongoing=True, unconfirmed=False)
        if entry.unconfirmed and entry.drug.is_any(drugs)
        else entry
        for entry in entries
    )


def _confirms(entry: Exposure, since: date) -> bool:
    if entry.kind is ExposureKind.ADMINISTRATION:
        return entry.certain and entry.last_dose is not None and entry.last_dose.last >= since
    return entry.certain and (entry.ongoing or entry.planned) and _dated_since(entry, since)


def _dated_since(exposure: Exposure, since: date) -> bool:
    dates = (exposure.first, exposure.last, exposure.written)
    return any(when is not None and when.last >= since for when in dates)


def _written_since(exposure: Exposure, since: date) -> bool:
    written = exposure.written or exposure.first
    return written is None or written.last >= since
