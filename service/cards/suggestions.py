"""Offers of the rules as CDS Hooks suggestions with valid FHIR R4 resources.

Everything is self-contained: dose and timing stand in the resource and again in the description, because some EHRs show
only that. An update carries the complete draft with its change, and is offered only where the result is valid R4.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cds_hooks import RELATIVE_REFERENCE, Action, Suggestion, filled
from mappings.clock import Clock
from mappings.dates import UnreadableDate
from mappings.evidence import Resource
from mappings.readers.dosage import stated_doses
from mappings.readers.strengths import tells_an_amount
from mappings.shapes import a_text, maps
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.code_systems import LOINC, SNOMED_CT, UCUM
from mappings.vocabulary.frequencies import frequencies_in
from mappings.wording import Text, _
from service.languages.render import Language, plain, sentence, untyped
from service.rules.naming import act_at
from service.rules.offers import (
    Code,
    DeleteOrder,
    DraftChange,
    DrugRequest,
    Every,
    Offer,
    OrderAct,
    OrderAnalyte,
    OrderDrugs,
    SetDose,
    SetDrug,
    SetInfusionMinutes,
    SetInstruction,
    SetInterval,
    SetRoute,
    StartOn,
    UpdateOrder,
)


@dataclass(frozen=True, slots=True)
class Ordering:
    """What a suggestion needs to know of the request: the patient, the day, the language, the client, the drafts."""

    patient_id: str
    clock: Clock
    language: Language
    drafts: Mapping[int, Resource]
    single_action: bool = False
    encounter_id: str = ""

    def say(self, text: Text) -> str:
        """A label or description in the language of the cards."""
        return plain(sentence(text, self.language))

    def write(self, text: Text) -> str:
        """The text of a resource in that language: with the signs of a keyboard, since other programs read it."""
        return untyped(self.say(text))


def suggestions(offers: Iterable[Offer], ordering: Ordering) -> list[Suggestion]:
    """The offers as suggestions; updates of one order are one, an offer that cannot be made valid is left out."""
    made: list[tuple[Offer, Suggestion]] = []
    for offer in _merged(offers):
        actions = list(_actions(offer, ordering))
        if not actions:
            continue
        if ordering.single_action:
            made += [(offer, Suggestion(label=action.description, actions=(action,))) for action in actions]
        else:
            made.append((offer, Suggestion(label=_label(offer, actions, ordering), actions=tuple(actions))))
    labels = Counter(one.label for _offer, one in made)
    return [_told_apart(offer, one, ordering) if labels[one.label] > 1 else one for offer, one in made]


def _told_apart(offer: Offer, suggestion: Suggestion, ordering: Ordering) -> Suggestion:
    """With the day of its order, where the same is offered for another order of the same name."""
    if not isinstance(offer, DeleteOrder | UpdateOrder) or offer.order.planned.assumed:
        return suggestion
    planned = ordering.say(_("(planned date: {when})", when=offer.order.planned.when))
    return replace(suggestion, label=f"{suggestion.label} {planned}")


def _merged(offers: Iterable[Offer]) -> list[Offer]:
    """Each offer once, and the changes of one order as one update."""
    merged: dict[object, Offer] = {}
    for offer in offers:
        if isinstance(offer, UpdateOrder):
            key: object = ("update", offer.order.index)
            earlier = merged.get(key)
            changes = earlier.changes if isinstance(earlier, UpdateOrder) else ()
            new = tuple(change for change in offer.changes if change not in changes)
            merged[key] = UpdateOrder(offer.order, _latest_start((*changes, *new)))
        elif isinstance(offer, DeleteOrder):
            merged[("delete", offer.order.index)] = offer
        else:
            merged[offer] = offer
    return list(merged.values())


def _latest_start(changes: tuple[DraftChange, ...]) -> tuple[DraftChange, ...]:
    starts = [change for change in changes if isinstance(change, StartOn)]
    others = tuple(change for change in changes if not isinstance(change, StartOn))
    return (*others, max(starts, key=lambda change: change.day)) if starts else others


def _label(offer: Offer, actions: list[Action], ordering: Ordering) -> str:
    if isinstance(offer, OrderDrugs) and len(actions) > 1:
        return ordering.say(offer.label)
    return actions[0].description


def _actions(offer: Offer, ordering: Ordering) -> Iterator[Action]:
    match offer:
        case DeleteOrder():
            removable = offer.order.index in ordering.drafts and not offer.order.revises
            if removable and RELATIVE_REFERENCE.match(offer.order.reference):
                text = _("Remove the draft order: {drug}", drug=offer.order.name)
                yield Action("delete", ordering.say(text), resource_id=offer.order.reference)
        case UpdateOrder():
            yield from _update(offer, ordering)
        case OrderAnalyte():
            yield _laboratory_request(offer.analyte, ordering)
        case OrderAct():
            yield _service_request(offer.codes, offer.name, ordering)
        case OrderDrugs():
            yield from (_medication_request(one, ordering) for one in offer.requests)


# --- new orders -------------------------------------------------------------------------------------------------------


def _order(resource_type: str, ordering: Ordering) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": resource_type,
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{ordering.patient_id}"},
        "authoredOn": ordering.clock.now.isoformat(timespec="seconds"),
    }
    if ordering.encounter_id:
        resource["encounter"] = {"reference": f"Encounter/{ordering.encounter_id}"}
    return resource


LABORATORY_PROCEDURE = Code(SNOMED_CT, "108252007", "Laboratory procedure")


def _laboratory_request(analyte: Analyte, ordering: Ordering) -> Action:
    request = analyte.request
    if request is None:
        raise ValueError(f"{analyte} cannot be requested")
    action = _service_request([Code(LOINC, request.loinc, "")], request.name or analyte.name, ordering)
    resource = dict(action.resource or {}) | {"category": [{"coding": [_coding(LABORATORY_PROCEDURE)]}]}
    if request.instruction is not None:
        resource["patientInstruction"] = ordering.write(request.instruction)
    return replace(action, resource=resource)


def _coding(code: Code) -> dict[str, str]:
    return {name: value for name, value in code._asdict().items() if value}


def _service_request(codes: Iterable[Code], name: Text, ordering: Ordering) -> Action:
    resource = _order("ServiceRequest", ordering)
    resource["code"] = {"coding": [_coding(code) for code in codes], "text": ordering.write(name)}
    return Action("create", ordering.say(_("Order: {name}", name=name)), resource=resource)


def _medication_request(request: DrugRequest, ordering: Ordering) -> Action:
    resource = _order("MedicationRequest", ordering)
    resource["medicationCodeableConcept"] = {"coding": [_coding(request.drug)], "text": ordering.write(request.name)}
    dosage: dict[str, Any] = {"text": ordering.write(request.says)}
    if request.instruction is not None:
        dosage["patientInstruction"] = ordering.write(request.instruction)
    quantity = {"value": request.dose, "unit": request.unit, "system": UCUM, "code": request.ucum}
    dosage |= {
        "timing": {"repeat": _repeat(request.every)},
        "route": {"coding": [_coding(request.route)]},
        "doseAndRate": [{"doseQuantity": quantity}],
    }
    resource["dosageInstruction"] = [dosage]
    return Action("create", ordering.say(request.says), resource=resource)


def _repeat(every: Every) -> dict[str, Any]:
    bounds = {"start": every.first.isoformat()}
    if every.last is not None:
        bounds["end"] = every.last.isoformat()
    repeat: dict[str, Any] = {"boundsPeriod": bounds}
    if every.count is not None:
        repeat["count"] = every.count
    return repeat | {"frequency": every.frequency, "period": every.period, "periodUnit": every.unit}


# --- changed drafts ---------------------------------------------------------------------------------------------------


def _update(offer: UpdateOrder, ordering: Ordering) -> Iterator[Action]:
    draft = ordering.drafts.get(offer.order.index)
    if draft is None or not offer.order.reference or _levels(draft) > DEEPEST:
        return
    resource = filled(draft)
    for change in offer.changes:
        if not _apply(change, resource, ordering):
            return
    if not is_valid(resource):
        return
    changes = tuple(_change_text(change) for change in offer.changes)
    text = _("Change {order}: {changes}", order=act_at(offer.order), changes=changes)
    yield Action("update", ordering.say(text), resource=resource)


DEEPEST = 100
"""Levels of nesting of a draft that is sent back changed: far more than R4's orders have, fewer than a JSON writer takes."""


def _levels(value: object) -> int:
    levels, level = 0, [value]
    while level:
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [value for values in inner for value in values]
        levels += 1
    return levels


@lru_cache(maxsize=1)
def models() -> Mapping[str, Any]:
    """What tells a valid resource, by its type. Loading it takes longer than most commands do, so it is loaded when asked for."""
    from fhir.resources.R4B.medicationrequest import MedicationRequest  # noqa: PLC0415
    from fhir.resources.R4B.servicerequest import ServiceRequest  # noqa: PLC0415

    return {"MedicationRequest": MedicationRequest, "ServiceRequest": ServiceRequest}


def is_valid(resource: Mapping[str, Any]) -> bool:
    """The resource is valid R4, as `fhir.resources` has it."""
    try:
        models()[str(resource.get("resourceType"))].model_validate(resource)
    except (KeyError, ValueError, TypeError):
        return False
    return True


def _change_text(change: DraftChange) -> Text:
    match change:
        case SetDose():
            return _("dose {dose} mg", dose=change.milligrams)
        case SetInterval() | SetRoute() | SetDrug():
            return change.said
        case SetInfusionMinutes():
            return _("infusion over {minutes} min", minutes=change.minutes)
        case StartOn():
            return _("start on {day}", day=change.day)
        case SetInstruction():
            return change.instruction


def _apply(change: DraftChange, resource: dict[str, Any], ordering: Ordering) -> bool:
    """Make one change in place; False where the draft's own shape does not allow it to be made safely."""
    if isinstance(change, StartOn):
        return _start_on(resource, change.day, ordering)
    if isinstance(change, SetInstruction):
        said = ordering.write(change.instruction)
        earlier = resource.get("patientInstruction")
        resource["patientInstruction"] = f"{earlier} {said}" if isinstance(earlier, str) and earlier else said
        return True
    if resource.get("resourceType") != "MedicationRequest":
        return False  # a drug that was ordered as a service: it has neither a medication nor a dosage line
    if isinstance(change, SetDrug):
        resource.pop("medicationReference", None)
        resource["medicationCodeableConcept"] = {
            "coding": [_coding(change.drug)],
            "text": ordering.write(change.name),
        }
        return True
    line = _only(resource, "dosageInstruction")
    return line is not None and _apply_to_line(change, line)


def _apply_to_line(change: DraftChange, line: dict[str, Any]) -> bool:
    if _only_words_say_more(change, line):
        return False
    line.pop("text", None)
    match change:
        case SetDose():
            dosed = _only(line, "doseAndRate")
            if dosed is None:
                return False
            dosed.pop("doseRange", None)
            dosed["doseQuantity"] = {
                "value": _json_number(change.milligrams),
                "unit": "mg",
                "system": UCUM,
                "code": "mg",
            }
        case SetInterval():
            return _set_interval(change, line)
        case SetRoute():
            line["route"] = {"coding": [_coding(change.route)]}
        case SetInfusionMinutes():
            timing = _part(line, "timing")
            repeat = None if timing is None else _part(timing, "repeat")
            if repeat is None:
                return False
            repeat.pop("durationMax", None)
            repeat.update(duration=change.minutes, durationUnit="min")
            rates = ("rateRatio", "rateQuantity", "rateRange")
            line["doseAndRate"] = [
                {name: value for name, value in part.items() if name not in rates}
                for part in maps(line.get("doseAndRate"))
            ]
            if not any(line["doseAndRate"]):
                del line["doseAndRate"]
        case _:
            return False
    return True


def _set_interval(change: SetInterval, line: dict[str, Any]) -> bool:
    """Of doses that are dated one by one the first stays, as the beginning."""
    timing = _part(line, "timing")
    repeat = None if timing is None else _part(timing, "repeat")
    if timing is None or repeat is None:
        return False
    timing.pop("code", None)
    if isinstance(events := timing.get("event"), list) and len(events) > 1:
        timing["event"] = [min(events, key=str)]
    for name in ("periodMax", "dayOfWeek", "frequencyMax", "timeOfDay", "when", "offset"):
        repeat.pop(name, None)
    repeat.update(frequency=1, period=change.period, periodUnit=change.unit)
    return True


def _only_words_say_more(change: DraftChange, line: Mapping[str, Any]) -> bool:
    """The text of the line, which goes, alone says the dose or how often, and this is not what changes."""
    said = a_text(line.get("text"))
    loses_dose = not isinstance(change, SetDose) and tells_an_amount(said) and not any(stated_doses(line))
    loses_interval = not isinstance(change, SetInterval) and bool(frequencies_in(said)[0]) and not line.get("timing")
    return loses_dose or loses_interval


def _part(element: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The part of this name, made where there is none; None where it has another shape than R4's."""
    part = element.setdefault(name, {})
    return part if isinstance(part, dict) else None


def _only(element: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The only part of this name, made where there is none; None where there are several, or it has another shape than R4's."""
    parts = element.get(name)
    if not parts:
        parts = element[name] = [{}]
    if not isinstance(parts, list) or len(parts) != 1 or not isinstance(parts[0], dict):
        return None
    return parts[0]


def _json_number(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)


def started_on(resource: Resource, start: date, ordering: Ordering) -> dict[str, Any] | None:
    """A draft as it is with another planned start; None where its own shape does not allow it."""
    changed = copy.deepcopy(dict(resource))
    return changed if _start_on(changed, start, ordering) else None


def _start_on(resource: dict[str, Any], start: date, ordering: Ordering) -> bool:
    if resource.get("resourceType") == "ServiceRequest":
        return _service_start_on(resource, start, ordering)
    lines = resource.get("dosageInstruction")
    if not lines:
        lines = resource["dosageInstruction"] = [{}]
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return False
    timings = [_part(line, "timing") for line in lines]
    return all(timing is not None and _timing_start_on(timing, start, ordering) for timing in timings)


def _service_start_on(resource: dict[str, Any], start: date, ordering: Ordering) -> bool:
    if isinstance(timing := resource.get("occurrenceTiming"), dict):
        return _timing_start_on(timing, start, ordering)
    if isinstance(period := resource.get("occurrencePeriod"), dict):
        return _period_start_on(period, start, ordering)
    resource["occurrenceDateTime"] = start.isoformat()
    return True


def _timing_start_on(timing: dict[str, Any], start: date, ordering: Ordering) -> bool:
    events = timing.get("event")
    if isinstance(events, list) and events:
        shifted = [_shifted(event, events[0], start, ordering) for event in events]
        timing["event"] = [event for event in shifted if event is not None]
        if len(timing["event"]) != len(events):
            return False
    repeat = timing.get("repeat", {})
    if not isinstance(repeat, dict):
        return False
    if isinstance(period := repeat.get("boundsPeriod"), dict):
        return _period_start_on(period, start, ordering)
    if not events and ("boundsDuration" in repeat or "boundsRange" in repeat):
        timing["event"] = [start.isoformat()]
        return True
    if not events:
        timing["repeat"] = repeat | {"boundsPeriod": {"start": start.isoformat()}}
    return True


def _period_start_on(period: dict[str, Any], start: date, ordering: Ordering) -> bool:
    if period.get("end") is not None:
        end = _shifted(period["end"], period.get("start"), start, ordering)
        if end is None:
            return False
        period["end"] = end
    period["start"] = start.isoformat()
    return True


def _shifted(raw: object, origin: object, start: date, ordering: Ordering) -> str | None:
    """The day that lies as long after the new start as the old one lay after the old start."""
    try:
        day, begin = ordering.clock.read(raw), ordering.clock.read(origin)
        return (start + (day.first - begin.first)).isoformat()
    except (UnreadableDate, OverflowError):  # an end in the year 9999 stands for none
        return None
