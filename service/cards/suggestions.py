"""Offers of the rules as CDS Hooks suggestions with valid FHIR R4 resources.

Everything is self-contained: dose and timing stand in the resource and again in the description, because some EHRs show
only that. An update carries the complete draft with its change, and is offered only where the result is valid R4.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest
from pydantic import ValidationError

from cds_hooks import RELATIVE_REFERENCE, Action, Suggestion, filled
from mappings.clock import Clock
from mappings.dates import UnreadableDate
from mappings.evidence import Resource
from mappings.readers.shapes import maps
from mappings.vocabulary.analytes import Analyte
from mappings.wording import Text, _
from service.languages.render import Language, plain, sentence
from service.rules.naming import named
from service.rules.offers import (
    Change,
    DeleteOrder,
    Offer,
    OrderAnalyte,
    OrderDental,
    OrderParacetamol,
    OrderVitaminD,
    SetCholecalciferol,
    SetDose,
    SetInfusionMinutes,
    SetInstruction,
    SetMonthly,
    SetRoute,
    StartOn,
    UpdateOrder,
)

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ATC = "http://www.whocc.no/atc"
UCUM = "http://unitsofmeasure.org"
CCAM = "https://smt.esante.gouv.fr/terminologie-ccam"

DENTAL_ACTS: dict[str, tuple[list[dict[str, str]], Text]] = {
    "examination": (
        [{"system": SNOMED, "code": "34043003", "display": "Dental consultation and report"}],
        _("dental examination"),
    ),
    "orthopantomogram": (
        [
            {"system": CCAM, "code": "HBQK002", "display": "Radiographie panoramique dentomaxillaire"},
            {"system": SNOMED, "code": "260487000", "display": "Dental panoramic"},
        ],
        _("orthopantomogram"),
    ),
}

ROUTES: dict[str, dict[str, str]] = {
    "route_subcutaneous": {"system": SNOMED, "code": "34206005", "display": "Subcutaneous route"},
    "route_intravenous": {"system": SNOMED, "code": "47625008", "display": "Intravenous route"},
    "route_oral": {"system": SNOMED, "code": "26643006", "display": "Oral route"},
}

VITAMIN_D_IU = 50_000
"""One dose of cholecalciferol, weekly in loading and monthly in maintenance (RAO, traitement osseux systémique §1 box)."""


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


def suggestions(offers: Iterable[Offer], ordering: Ordering) -> list[Suggestion]:
    """The offers as suggestions; updates of one order are one, an offer that cannot be made valid is left out."""
    made: list[Suggestion] = []
    for offer in _merged(offers):
        actions = list(_actions(offer, ordering))
        if not actions:
            continue
        if ordering.single_action:
            made += [Suggestion(label=action.description, actions=(action,)) for action in actions]
        else:
            made.append(Suggestion(label=_label(offer, actions, ordering), actions=tuple(actions)))
    return made


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


def _latest_start(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    starts = [change for change in changes if isinstance(change, StartOn)]
    others = tuple(change for change in changes if not isinstance(change, StartOn))
    return (*others, max(starts, key=lambda change: change.day)) if starts else others


def _label(offer: Offer, actions: list[Action], ordering: Ordering) -> str:
    if isinstance(offer, OrderVitaminD) and len(actions) > 1:
        text = _(
            "Order vitamin D: weekly × {weeks}, then monthly",
            weeks=offer.loading_weeks,
        )
        return ordering.say(text)
    return actions[0].description


def _actions(offer: Offer, ordering: Ordering) -> Iterator[Action]:
    match offer:
        case DeleteOrder():
            if RELATIVE_REFERENCE.match(offer.order.reference):
                text = _("Remove the draft order: {drug}", drug=offer.order.name)
                yield Action("delete", ordering.say(text), resource_id=offer.order.reference)
        case UpdateOrder():
            yield from _update(offer, ordering)
        case OrderAnalyte():
            yield _laboratory_request(offer.analyte, ordering)
        case OrderDental():
            codes, name = DENTAL_ACTS[offer.act]
            yield _service_request(codes, name, ordering)
        case OrderVitaminD():
            yield from _vitamin_d(offer, ordering)
        case OrderParacetamol():
            yield _paracetamol(offer.first_day, ordering)


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


def _laboratory_request(analyte: Analyte, ordering: Ordering) -> Action:
    request = analyte.request
    if request is None:
        raise ValueError(f"{analyte} cannot be requested")
    action = _service_request([{"system": LOINC, "code": request.loinc}], request.name or analyte.name, ordering)
    category = {"system": SNOMED, "code": "108252007", "display": "Laboratory procedure"}
    resource = dict(action.resource or {}) | {"category": [{"coding": [category]}]}
    if request.instruction is not None:
        resource["patientInstruction"] = ordering.say(request.instruction)
    return replace(action, resource=resource)


def _service_request(codes: list[dict[str, str]], name: Text, ordering: Ordering) -> Action:
    resource = _order("ServiceRequest", ordering)
    resource["code"] = {"coding": copy.deepcopy(codes), "text": ordering.say(name)}
    return Action("create", ordering.say(_("Order: {name}", name=name)), resource=resource)


def _vitamin_d(offer: OrderVitaminD, ordering: Ordering) -> Iterator[Action]:
    today, loading_weeks = ordering.clock.today, offer.loading_weeks
    if loading_weeks:
        text = _(
            "Cholecalciferol 50 000 IU by mouth once a week with a meal, {weeks} weeks",
            weeks=loading_weeks,
        )
        end = today + timedelta(weeks=loading_weeks) - timedelta(days=1)
        bounds = {"start": today.isoformat(), "end": end.isoformat()}
        repeat = {"boundsPeriod": bounds, "count": loading_weeks, "frequency": 1, "period": 1, "periodUnit": "wk"}
        yield _cholecalciferol(text, repeat, ordering)
    if not offer.maintenance:
        return
    begin = today + timedelta(weeks=loading_weeks)
    text = _(
        "Cholecalciferol 50 000 IU by mouth once a month with a meal, from {begin}",
        begin=begin,
    )
    monthly = {"frequency": 1, "period": 1, "periodUnit": "mo", "boundsPeriod": {"start": begin.isoformat()}}
    yield _cholecalciferol(text, monthly, ordering)


def _cholecalciferol(text: Text, repeat: dict[str, Any], ordering: Ordering) -> Action:
    resource = _order("MedicationRequest", ordering)
    resource["medicationCodeableConcept"] = _cholecalciferol_concept(ordering)
    resource["dosageInstruction"] = [
        {
            "text": ordering.say(text),
            "patientInstruction": ordering.say(_("with a meal")),
            "timing": {"repeat": repeat},
            "route": {"coding": [ROUTES["route_oral"]]},
            "doseAndRate": [{"doseQuantity": {"value": VITAMIN_D_IU, "unit": "IU", "system": UCUM, "code": "[iU]"}}],
        }
    ]
    return Action("create", ordering.say(text), resource=resource)


def _cholecalciferol_concept(ordering: Ordering) -> dict[str, Any]:
    name = _("Cholecalciferol 50 000 IU")
    return {"coding": [{"system": ATC, "code": "A11CC05", "display": "colecalciferol"}], "text": ordering.say(name)}


def _paracetamol(first_day: date, ordering: Ordering) -> Action:
    text = _(
        "Paracetamol 1 g three times a day on {first} and the next day",
        first=first_day,
    )
    last_day = first_day + timedelta(days=1)
    resource = _order("MedicationRequest", ordering)
    resource["medicationCodeableConcept"] = {
        "coding": [{"system": ATC, "code": "N02BE01", "display": "paracetamol"}],
        "text": ordering.say(_("Paracetamol 1 g")),
    }
    bounds = {"start": first_day.isoformat(), "end": last_day.isoformat()}
    resource["dosageInstruction"] = [
        {
            "text": ordering.say(text),
            "timing": {"repeat": {"boundsPeriod": bounds, "frequency": 3, "period": 1, "periodUnit": "d"}},
            "route": {"coding": [ROUTES["route_oral"]]},
            "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "g", "system": UCUM, "code": "g"}}],
        }
    ]
    return Action("create", ordering.say(text), resource=resource)


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
    text = _("Change {order}: {changes}", order=named(offer.order), changes=changes)
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


_MODELS: dict[str, Any] = {"MedicationRequest": MedicationRequest, "ServiceRequest": ServiceRequest}


def is_valid(resource: Mapping[str, Any]) -> bool:
    """The resource is valid R4, as `fhir.resources` has it."""
    try:
        _MODELS[str(resource.get("resourceType"))].model_validate(resource)
    except (ValidationError, KeyError, ValueError, TypeError):
        return False
    return True


def _change_text(change: Change) -> Text:
    match change:
        case SetDose():
            return _("dose {dose} mg", dose=change.milligrams)
        case SetMonthly():
            return _("once a month")
        case SetRoute():
            return _route_text(change.route)
        case SetInfusionMinutes():
            return _("infusion over {minutes} min", minutes=change.minutes)
        case StartOn():
            return _("start on {day}", day=change.day)
        case SetCholecalciferol():
            return _("cholecalciferol instead")
        case SetInstruction():
            return change.instruction


@cache
def _route_text(route: str) -> Text:
    if route == "route_subcutaneous":
        return _("subcutaneous route")
    return _("intravenous route")


def _apply(change: Change, resource: dict[str, Any], ordering: Ordering) -> bool:
    """Make one change in place; False where the draft's own shape does not allow it to be made safely."""
    if isinstance(change, StartOn):
        return _start_on(resource, change.day, ordering)
    if isinstance(change, SetInstruction):
        said = ordering.say(change.instruction)
        earlier = resource.get("patientInstruction")
        resource["patientInstruction"] = f"{earlier} {said}" if isinstance(earlier, str) and earlier else said
        return True
    if isinstance(change, SetCholecalciferol):
        resource.pop("medicationReference", None)
        resource["medicationCodeableConcept"] = {
            "coding": [{"system": ATC, "code": "A11CC05", "display": "colecalciferol"}],
            "text": ordering.say(_("Cholecalciferol")),
        }
        return True
    line = _only_line(resource)
    return line is not None and _apply_to_line(change, line)


def _only_line(resource: dict[str, Any]) -> dict[str, Any] | None:
    """The only dosage line, made where there is none; None where there are several."""
    lines = resource.get("dosageInstruction")
    if not lines:
        lines = resource["dosageInstruction"] = [{}]
    if not isinstance(lines, list) or len(lines) != 1 or not isinstance(lines[0], dict):
        return None
    return lines[0]


def _apply_to_line(change: Change, line: dict[str, Any]) -> bool:
    line.pop("text", None)
    match change:
        case SetDose():
            dosed = _only_part(line)
            if dosed is None:
                return False
            dosed.pop("doseRange", None)
            dosed["doseQuantity"] = {
                "value": _json_number(change.milligrams),
                "unit": "mg",
                "system": UCUM,
                "code": "mg",
            }
        case SetMonthly():
            timing = _part(line, "timing")
            repeat = None if timing is None else _part(timing, "repeat")
            if timing is None or repeat is None:
                return False
            timing.pop("code", None)
            for name in ("periodMax", "dayOfWeek", "frequencyMax", "timeOfDay", "when", "offset"):
                repeat.pop(name, None)
            repeat.update(frequency=1, period=1, periodUnit="mo")
        case SetRoute():
            line["route"] = {"coding": [ROUTES[change.route]]}
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


def _part(element: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The part of this name, made where there is none; None where it has another shape than R4's."""
    part = element.setdefault(name, {})
    return part if isinstance(part, dict) else None


def _only_part(line: dict[str, Any]) -> dict[str, Any] | None:
    parts = line.get("doseAndRate")
    if not parts:
        parts = line["doseAndRate"] = [{}]
    if not isinstance(parts, list) or len(parts) != 1 or not isinstance(parts[0], dict):
        return None
    return parts[0]


def _json_number(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)


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
