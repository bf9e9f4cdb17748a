"""A case that a person tries the service on: a patient, what is changed of the record, and draft orders, as one short text.

The text stands in the link of the page, so that a case can be sent to a colleague. It becomes a hook request whose prefetch
holds the whole record, which whoever receives it can answer again. A patient of a FHIR server stays there: the link names it.
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from mappings.evidence import reference_of
from mappings.vocabulary.concepts import Terminology
from service.demo.scenario import context_of, with_prefetch, without_empty_answers
from service.demo.synthetic import ACTS, DRUGS, ORDERABLE, SITES, SyntheticRecord, laboratory
from service.services import Service

Resource = dict[str, Any]

BLANK = "blank"
"""The id of the patient of whom nothing is on record."""

LONGEST_LINK = 8_000
"""Signs of a trial in a link, which mail programs carry."""

LONGEST = 100_000
"""Signs of one in the form of the page."""

MOST_BYTES = 200_000
MOST_DRAFTS = 20
MOST_CHANGES = 200
MOST_ADDED = 50
LONGEST_WORD = 200
NUMBERED_FROM = 5_000
"""Where the ids of what is added begin, beyond those of the synthetic records."""

PATIENT_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")


class NotATrial(ValueError):
    """A text of a link that tells no trial, or more than a trial may hold."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One case. `changed` tells, by reference, new values of the resources on record; `added` what is on record beside them."""

    service: str = ""
    patient: str = BLANK
    drafts: tuple[Resource, ...] = ()
    changed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    added: tuple[Mapping[str, str], ...] = ()
    dismissed: tuple[str, ...] = ()


# --- in a link --------------------------------------------------------------------------------------------------------


def written(trial: Trial) -> str:
    """The trial as a text for a link, where it is not longer than `LONGEST_LINK`; empty where it is longer than `LONGEST`."""
    told = {
        "service": trial.service,
        "patient": trial.patient,
        "drafts": list(trial.drafts),
        "changed": trial.changed,
        "added": list(trial.added),
        "dismissed": list(trial.dismissed),
    }
    packed = zlib.compress(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode(), 9)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return text if len(text) <= LONGEST else ""


def read(text: str) -> Trial:
    """The trial of such a text. Raises `NotATrial`."""
    if len(text) > LONGEST:
        raise NotATrial("too long")
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        unpacking = zlib.decompressobj()
        told = json.loads(unpacking.decompress(packed, MOST_BYTES))
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise NotATrial("cannot be read") from None
    if not unpacking.eof or not isinstance(told, dict):
        raise NotATrial("cannot be read")
    return _checked(told)


def _checked(told: Mapping[str, Any]) -> Trial:
    drafts, changed, added = told.get("drafts", []), told.get("changed", {}), told.get("added", [])
    dismissed = told.get("dismissed", [])
    patient, service = told.get("patient", BLANK), told.get("service", "")
    if not (isinstance(patient, str) and PATIENT_ID.fullmatch(patient) and _is_word(service)):
        raise NotATrial("names no patient")
    if not (isinstance(drafts, list) and len(drafts) <= MOST_DRAFTS and all(isinstance(one, dict) for one in drafts)):
        raise NotATrial("its drafts")
    if not (isinstance(changed, dict) and len(changed) <= MOST_CHANGES and all(map(_are_words, changed.values()))):
        raise NotATrial("its changes")
    if not (isinstance(added, list) and len(added) <= MOST_ADDED and all(map(_are_words, added))):
        raise NotATrial("what it adds")
    if not (isinstance(dismissed, list) and len(dismissed) <= MOST_ADDED and all(map(_is_word, dismissed))):
        raise NotATrial("what it dismisses")
    return Trial(service, patient, tuple(drafts), changed, tuple(added), tuple(dismissed))


def _are_words(told: object) -> bool:
    return isinstance(told, dict) and all(_is_word(name) and _is_word(value) for name, value in told.items())


def _is_word(told: object) -> bool:
    return isinstance(told, str) and len(told) <= LONGEST_WORD


# --- the record -------------------------------------------------------------------------------------------------------

DAYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("date", ("effectiveDateTime",)),
    ("date", ("effectivePeriod", "start")),
    ("end", ("effectivePeriod", "end")),
    ("date", ("performedDateTime",)),
    ("date", ("performedPeriod", "start")),
    ("end", ("performedPeriod", "end")),
    ("date", ("onsetDateTime",)),
    ("date", ("recordedDate",)),
    ("date", ("started",)),
    ("date", ("authored",)),
    ("date", ("occurrenceDateTime",)),
    ("date", ("authoredOn",)),
)
"""Where a resource states its day, and for some the day on which it ends."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource on record, and what of it can be changed: its value with a unit, its day, the day on which it ends."""

    resource: Resource
    removed: bool
    value: str = ""
    unit: str = ""
    day: str = ""
    end: str = ""

    @property
    def reference(self) -> str:
        """How a change names it."""
        return reference_of(self.resource)


def entries(trial: Trial, on_record: Sequence[Resource]) -> list[Entry]:
    """What is on record, as the trial changes it; the Patient is none of them."""
    found = []
    for resource in on_record:
        if resource.get("resourceType") == "Patient":
            continue
        told = trial.changed.get(reference_of(resource), {})
        shown = _changed(resource, told)
        quantity = shown.get("valueQuantity")
        quantity = quantity if isinstance(quantity, dict) else {}
        days = {name: str(_at(shown, path))[:10] for name, path in reversed(DAYS) if _at(shown, path)}
        found.append(
            Entry(
                shown,
                "removed" in told,
                _figure(quantity.get("value")),
                str(quantity.get("unit") or quantity.get("code") or ""),
                days.get("date", ""),
                days.get("end", ""),
            )
        )
    return found


def change(before: Entry, *, value: str, day: str, end: str, removed: bool) -> dict[str, str]:
    """What a person changed of an entry, as a trial tells it. Raises `NotATrial` for a value that is no number."""
    told: dict[str, str] = {}
    value = value.replace(",", ".").strip()
    if value != before.value:
        _number(value)
        told["value"] = value
    for name, new, old in (("date", day, before.day), ("end", end, before.end)):
        if new != old:
            told[name] = _day(new)
    if removed:
        told["removed"] = "yes"
    return told


def _day(told: str) -> str:
    try:
        return date.fromisoformat(told).isoformat()
    except ValueError:
        raise NotATrial(told) from None


def _number(told: str) -> float:
    if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", told):
        raise NotATrial(told)
    return float(told)


def _figure(told: object) -> str:
    """A value as it is shown: 12, not 12.0."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return ""
    return format(told, ".12g")


def _changed(resource: Resource, told: Mapping[str, str]) -> Resource:
    if not told:
        return resource
    new = copy.deepcopy(resource)
    if "value" in told and isinstance(new.get("valueQuantity"), dict):
        new["valueQuantity"]["value"] = _number(told["value"])
    for name in ("date", "end"):
        path = next((path for named, path in DAYS if named == name and _at(new, path)), None)
        if name in told and path is not None:
            holder = new if len(path) == 1 else new[path[0]]
            holder[path[-1]] = told[name]
    return new


def _at(resource: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = resource
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None


def planned_day(draft: Mapping[str, Any]) -> date | None:
    """The day for which a draft is planned: its own, else that of its first line of dosage; None where it tells none."""
    line = next(iter(draft.get("dosageInstruction") or ()), None)
    timing = _member(line, "timing")
    told = [_at(draft, path) for _name, path in DAYS if path != ("authoredOn",)]
    told += [_at(_member(timing, "repeat"), ("boundsPeriod", "start")), *(_member(timing, "event") or ())]
    for one in told:
        try:
            return date.fromisoformat(str(one)[:10])
        except ValueError:
            continue
    return None


def _member(holder: Any, name: str) -> Any:
    return (holder.get(name) or {}) if isinstance(holder, Mapping) else {}


def add(record: SyntheticRecord, told: Mapping[str, str]) -> None:
    """Write what was added into a record. Raises `NotATrial`."""
    day = {"on": _day(told["day"])} if told.get("day") else {"days ago": 0}
    name = told.get("name", "")
    try:
        if told.get("kind") == "result":
            record.result(name, {"result": told.get("value", ""), **day, "loinc": laboratory(record.terminology)[name]})
        elif told.get("kind") == "condition":
            record.condition({"name": name, **day})
        elif told.get("kind") == "drug":
            record.medication({"drug": name, **day, **_given(told, "dose")})
        elif told.get("kind") == "act":
            record.procedure({"act": name, **day, **_given(told, "site")})
        else:
            raise NotATrial(name)
    except (KeyError, ValueError, IndexError):
        raise NotATrial(name) from None


def _given(told: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: told[name] for name in names if told.get(name)}


def blank_record(today: date, terminology: Terminology) -> list[Resource]:
    """The record of the patient of whom nothing is on record."""
    return SyntheticRecord(BLANK, today, terminology=terminology).resources


def _beside(trial: Trial, today: date, terminology: Terminology) -> Iterator[Resource]:
    record = SyntheticRecord(trial.patient, today, terminology=terminology, _number=NUMBERED_FROM)
    for told in trial.added:
        add(record, told)
    yield from (one for one in record.resources if one["resourceType"] != "Patient")


# --- orders -----------------------------------------------------------------------------------------------------------


def drafted(told: Mapping[str, str], patient: str, number: int, today: date, terminology: Terminology) -> Resource:
    """A draft order of what was chosen: `what` with its `site`, `dose`, `fractions`, `every`, `route` and `day`.

    Or of a `line` of text, as a person writes it. Raises `NotATrial` for what says no order.
    """
    record = SyntheticRecord(patient, today, terminology=terminology)
    order_id = f"draft-{number}"
    what, line = told.get("what", ""), told.get("line", "").strip()
    if not what and line:
        return _draft_of_a_line(line, order_id, record)
    if what not in DRUGS and what not in ORDERABLE:
        raise NotATrial(what)
    parts: dict[str, Any] = {"drug" if what in DRUGS else "act": what, **_given(told, "dose", "every", "route")}
    if what in ACTS or what not in DRUGS:
        parts.pop("every", None)
        parts |= {"site": told["site"]} if told.get("site") in SITES else {}
        if told.get("fractions"):
            parts["fractions"] = int(_number(told["fractions"]))
    if "stereotactic" in what:
        parts["technique"] = "stereotactic"
    try:
        if told.get("day"):
            parts["start in"] = (date.fromisoformat(told["day"]) - today).days
        return record.order(parts, order_id=order_id)
    except (KeyError, ValueError, IndexError, OverflowError):
        raise NotATrial(" ".join(filter(None, (told.get("dose"), told.get("day"))))) from None


def _draft_of_a_line(line: str, order_id: str, record: SyntheticRecord) -> Resource:
    drug = bool(record.terminology.recognise_name(line[:LONGEST_WORD]))
    common = {"id": order_id, "status": "draft", "intent": "order", "subject": record.subject}
    said = {"text": line[:LONGEST_WORD]}
    if drug:
        return {"resourceType": "MedicationRequest", **common, "medicationCodeableConcept": said}
    return {"resourceType": "ServiceRequest", **common, "code": said}


def next_number(drafts: Iterable[Resource]) -> int:
    """A number that no draft has yet."""
    numbers = [int(found[1]) for one in drafts if (found := re.fullmatch(r"draft-(\d{1,6})", str(one.get("id"))))]
    return max(numbers, default=0) + 1


def accepted(trial: Trial, actions: Iterable[Mapping[str, Any]]) -> Trial:
    """The trial once the actions of a suggestion are taken, as an EHR takes them: drafts appear, change and go."""
    drafts = list(trial.drafts)
    for action in actions:
        resource = action.get("resource")
        if action.get("type") == "delete":
            drafts = [one for one in drafts if reference_of(one) != action.get("resourceId")]
        elif action.get("type") == "update" and isinstance(resource, dict):
            drafts = [resource if reference_of(one) == reference_of(resource) else one for one in drafts]
        elif action.get("type") == "create" and isinstance(resource, dict):
            drafts.append({**resource, "id": f"draft-{next_number(drafts)}"})
    return replace(trial, drafts=tuple(drafts[:MOST_DRAFTS]))


# --- the request ------------------------------------------------------------------------------------------------------


def hook_request(
    trial: Trial,
    on_record: Sequence[Resource],
    service: Service,
    *,
    today: date,
    terminology: Terminology,
    fhir_base: str,
    hook_instance: str,
) -> dict[str, Any]:
    """The request that an EHR would send of this case, its prefetch complete. Raises `NotATrial`."""
    context = context_of(service.hook, trial.patient, trial.drafts, trial.drafts)
    request: dict[str, Any] = {"hook": service.hook.value, "hookInstance": hook_instance, "context": context}
    if fhir_base and trial.patient != BLANK:
        request["fhirServer"] = fhir_base
    kept = [one.resource for one in entries(trial, on_record) if not one.removed]
    patients = [one for one in on_record if one.get("resourceType") == "Patient"]
    record = SyntheticRecord(trial.patient, today, terminology=terminology)
    record.resources[:] = [*patients, *kept, *_beside(trial, today, terminology)]
    return without_empty_answers(with_prefetch(request, record, service, []))


def added_entries(trial: Trial, today: date, terminology: Terminology) -> list[Entry]:
    """What the trial adds to the record, as it is shown."""
    return entries(Trial(patient=trial.patient), list(_beside(trial, today, terminology)))
