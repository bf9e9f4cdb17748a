"""Observations into laboratory facts: which result counts, in which unit, and when none can be used.

`rules.md`, "Newest valid result", "Units", "Too old", "25-OH vitamin D", "Corrected calcium", "Creatinine clearance".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from mappings.clock import Clock
from mappings.dates import UnreadableDate, When, days_before
from mappings.evidence import Resource
from mappings.facts import TREND_DAYS, Absent, Fact, Known, Measurement, Person, Unavailable, VitaminD
from mappings.facts.results import (
    DEEP_DEFICIENCY_BELOW,
    DEFICIENCY_BELOW,
    INSUFFICIENCY_BELOW,
    INTOXICATION_ABOVE,
    RECOMMENDED_UP_TO,
)
from mappings.quantities import BLANKS_AND_MARKS, ZERO, Bounds, bounded, decimal_of, written_number
from mappings.readers.acts import is_of_another
from mappings.readers.newest import Reading, dated_ahead, newest
from mappings.readers.reader import Reader
from mappings.readers.reference_ranges import normal_range
from mappings.readers.standing import FLAG_NOT_UNDERSTOOD, denial, modification, says_it_is_absent
from mappings.shapes import a_map, a_text
from mappings.vocabulary.analytes import Analyte
from mappings.vocabulary.elements import OBSERVATION_STATUS
from mappings.vocabulary.units import Conversion, UnknownUnit, conversion
from mappings.wording import Amount, Text, _

SEND_UCUM = _("send a UCUM unit")

USED_STATUSES = frozenset({"final", "amended", "corrected", "appended", "preliminary"})
IGNORED_STATUSES = frozenset({"entered-in-error", "cancelled", "registered", "unknown"})

Severity: TypeAlias = "tuple[Decimal | bool, ...]"
"""How severe a card a result gives, compared place by place: the greater is worse."""


class _UnusableValueError(ValueError):
    def __init__(self, why: Text) -> None:
        super().__init__(why.message)
        self.why = why


# --- one result -------------------------------------------------------------------------------------------------------


def read_result(
    reader: Reader,
    observation: Resource,
    node: Mapping[str, Any],
    source: str,
    analyte: Analyte,
    *,
    unverified: bool,
    person: Person | None = None,
) -> Reading[Measurement] | None:
    """Read one result; `node` is the Observation, or the component of it, that holds the value.

    `person` tells which reference range is the patient's.

    None for a result that does not exist: a status that never counts, or no value (a dataAbsentReason, say).
    """
    status = OBSERVATION_STATUS.of(observation)
    if status in IGNORED_STATUSES or not _has_value(node):
        return None
    try:
        when = result_time(reader, observation)
    except UnreadableDate:
        why = _("its date cannot be read: correct it")
        return Reading(source, None, problem=_unusable(source, why), undatable=True)
    problem = not_usable(observation, node, status)
    if problem is not None:
        return Reading(source, when, problem=_unusable(source, problem))
    try:
        bounds, reported, converted = _read_value(node, analyte)
    except _UnusableValueError as error:
        return Reading(source, when, problem=_unusable(source, error.why))
    limits = normal_range(
        node.get("referenceRange"), lambda end: _limit(end, analyte, reported.unit), person, reader.clock.today
    )
    measurement = Measurement(
        bounds,
        converted.scale.unit,
        when or When(date.min, date.min),
        source,
        reported,
        preliminary=status == "preliminary",
        unverified_code=unverified,
        lower_limit=limits.lower,
        upper_limit=limits.upper,
        limits_disagree=limits.disagree,
        per_body_surface=converted.per_body_surface,
    )
    return Reading(source, when, measurement)


def not_usable(observation: Resource, node: Mapping[str, Any], status: str) -> Text | None:
    """Why an Observation with a value is none of this patient's, or does not mean what it seems to."""
    if status not in USED_STATUSES:
        return _("its status cannot be read", hint=_("its status is not one of FHIR R4: correct it"))
    values = [said for name, said in node.items() if name.lstrip("_").startswith("value") and isinstance(said, dict)]
    if node.get("dataAbsentReason") or any(map(says_it_is_absent, values)):
        return _("it has a value, and says that it has none")
    if is_of_another(observation):
        return _("it is about something else than the patient")
    denied, why = denial(observation)
    why = FLAG_NOT_UNDERSTOOD if denied else why
    return why or next(filter(None, map(modification, (observation, node, *values))), None)


def _unusable(source: str, why: Text) -> Text:
    return _("{source} cannot be used: {why}", source=source, why=why)


def _has_value(node: Mapping[str, Any]) -> bool:
    for name, said in node.items():
        if name.startswith("value") and said not in (None, "", {}, []):
            return not (name == "valueQuantity" and isinstance(said, dict) and said.get("value") is None)
    return False


def result_time(reader: Reader, observation: Resource) -> When | None:
    """When a result was sampled: its effective time, else the time it was issued; the end of a period.

    None where it has neither, or dates that say nothing. Raises `UnreadableDate`.
    """
    read, states = reader.clock.read, reader.states
    for name in ("effectiveDateTime", "effectiveInstant"):
        if states(observation.get(name)):
            return read(observation[name])
    told = a_map(observation.get("effectivePeriod"))
    if reader.cannot_read(told.get("start"), told.get("end")):
        raise UnreadableDate("not a period")
    start, end = reader.period(told)
    if (edge := end or start) is not None:
        return edge
    events = a_map(observation.get("effectiveTiming")).get("event")
    stated = [event for event in (events if isinstance(events, list) else ()) if states(event)]
    if stated:
        return max((read(event) for event in stated), key=lambda when: when.last)
    return read(observation["issued"]) if states(observation.get("issued")) else None


LONGEST_VALUE = 100
"""Characters of a value that was sent as a text; a longer one is prose."""

_NUMBER_TEXT = re.compile(
    r"\s*(?P<comparator><=|>=|≤|≥|<|>|inf(?:érieur)?e? à|sup(?:érieur)?e? à|less than|more than|greater than)?\s*"
    rf"(?P<number>\d(?:[\d.,\s{BLANKS_AND_MARKS}]*\d)?)\s*(?P<unit>[^\d\s<>].*)?\Z",
    re.IGNORECASE,
)
_COMPARATOR_WORDS = {"≤": "<=", "≥": ">=", "inf": "<", "les": "<", "sup": ">", "mor": ">", "gre": ">"}


def _read_value(node: Mapping[str, Any], analyte: Analyte) -> tuple[Bounds, Amount, Conversion]:
    if isinstance(quantity := node.get("valueQuantity"), dict):
        return _read_quantity(quantity, analyte)
    if isinstance(value_range := node.get("valueRange"), dict):
        return _read_range(value_range, analyte)
    for name in ("valueInteger", "valueDecimal"):
        if node.get(name) is not None:
            return _read_quantity({"value": node[name]}, analyte)
    text = node.get("valueString")
    if text is None and isinstance(concept := node.get("valueCodeableConcept"), dict):
        text = concept.get("text")
    short = text if isinstance(text, str) and len(text) <= LONGEST_VALUE else ""
    if match := _NUMBER_TEXT.match(unicodedata.normalize("NFC", short)):
        word = (match["comparator"] or "").lower()
        return _read_quantity(
            {
                "value": written_number(match["number"], mark_parts_thousands=False),
                "comparator": _COMPARATOR_WORDS.get(word[:3], word),
                "unit": (match["unit"] or "").strip(),
            },
            analyte,
        )
    raise _UnusableValueError(
        _(
            "its value is not a number with a unit",
            hint=_("have the laboratory send a Quantity"),
        )
    )


def _read_quantity(quantity: Mapping[str, Any], analyte: Analyte) -> tuple[Bounds, Amount, Conversion]:
    value = decimal_of(quantity.get("value"))
    if value is None:
        raise _UnusableValueError(_("its value is not a number"))
    converted = _conversion(quantity, analyte)
    reported = Amount(value, unit_shown(quantity), str(quantity.get("comparator") or ""))
    try:
        bounds = bounded(value, reported.comparator).scaled(converted.factor)
    except ValueError as error:
        why = _("its comparator cannot be read", hint=_("its comparator is not one of FHIR R4"))
        raise _UnusableValueError(why) from error
    _check_plausible(value * converted.factor, converted, reported)
    return bounds, reported, converted


def _read_range(value_range: Mapping[str, Any], analyte: Analyte) -> tuple[Bounds, Amount, Conversion]:
    ends = [end for end in (value_range.get("low"), value_range.get("high")) if isinstance(end, dict)]
    if len(ends) != 2:
        raise _UnusableValueError(_("its value is half a range"))
    (low, shown, converted), (high, shown_high, _converted) = (_read_quantity(end, analyte) for end in ends)
    return Bounds(low.low, high.high), replace(shown, to=shown_high.value), converted


def _conversion(quantity: Mapping[str, Any], analyte: Analyte) -> Conversion:
    code, unit, system = a_text(quantity.get("code")), a_text(quantity.get("unit")), a_text(quantity.get("system"))
    try:
        return conversion(analyte.scale, code, unit, system)
    except UnknownUnit as error:
        shown = unit_shown(quantity)
        why = (
            _(
                "unit «{unit}» is not one that {analyte} is read in",
                unit=shown,
                analyte=analyte.name,
                hint=SEND_UCUM,
            )
            if shown
            else _("it has no unit", hint=SEND_UCUM)
        )
        raise _UnusableValueError(why) from error


def unit_shown(quantity: Mapping[str, Any]) -> str:
    """The unit as the record shows it: its text, else its code."""
    return (a_text(quantity.get("unit")) or a_text(quantity.get("code")))[:40]


def _check_plausible(value: Decimal, converted: Conversion, reported: Amount) -> None:
    if converted.scale.implausible(value):
        raise _UnusableValueError(
            _(
                "{reported} is not plausible (unit or decimal point wrong?): check it",
                reported=reported,
            )
        )


def _limit(quantity: object, analyte: Analyte, unit: str) -> Decimal | None:
    if not isinstance(quantity, dict) or quantity.get("comparator") or says_it_is_absent(quantity):
        return None
    value = decimal_of(quantity.get("value"))
    if value is None:
        return None
    with_unit = quantity if unit_shown(quantity) else {**quantity, "unit": unit}
    try:
        converted = _conversion(with_unit, analyte)
    except _UnusableValueError:
        return None
    limit = value * converted.factor
    return None if converted.scale.implausible(limit) else limit


# --- which result counts ----------------------------------------------------------------------------------------------


def newest_result(
    clock: Clock,
    analyte: Analyte,
    readings: Sequence[Reading[Measurement]],
    gaps: tuple[Text, ...],
    *,
    valid_days: int,
    severity: Callable[[Measurement], Severity] | None = None,
    what: Text | None = None,
) -> Fact[Measurement]:
    """The newest valid result as a fact (`rules.md`, "Newest valid result").

    `severity` orders results of one instant: the one that gives the more severe card (the greater) counts; by default the end
    that is worse for the analyte.
    """
    what = what or analyte.name
    if not readings:
        return Unavailable(what, tuple(dict.fromkeys(gaps))) if gaps else Absent(what)
    severity = severity or (lower_is_worse if analyte.lower_is_worse else higher_is_worse)
    of = newest(clock, readings, gaps, valid_days=valid_days, severity=severity)
    remarks = tuple([dated_ahead(one.source, one.when) for one in of.ahead if one.when is not None])
    last = _last_usable(of.dated)
    shown = None if last is None else shown_measurement(last)
    if of.problems:
        sources = tuple(reading.source for reading in of.top if reading.source)
        return Unavailable(what, of.problems, shown, sources, remarks)
    if of.chosen is None:
        return Absent(what, shown, remarks, () if last is None else last.sources)
    before = _result_before(of.chosen, of.dated) if len(of.dated) > 1 else None
    chosen = of.chosen if before is None else replace(of.chosen, earlier=before)
    return Known(what, chosen, chosen.sources, (*remarks, *measurement_remarks(chosen)))


def _result_before(chosen: Measurement, dated: Iterable[Reading[Measurement]]) -> Measurement | None:
    """The newest usable result that is certainly older, in the unit of the chosen one, within `TREND_DAYS`."""
    oldest = days_before(chosen.when.first, TREND_DAYS)
    older = [
        reading
        for reading in dated
        if reading.found is not None
        and reading.found.reported.unit == chosen.reported.unit
        and reading.found.when.certainly_before(chosen.when)
        and reading.found.when.first >= oldest
    ]
    return _last_usable(older)


def measurement_remarks(measurement: Measurement) -> tuple[Text, ...]:
    """What a card that uses this result must say of it."""
    remarks = []
    if measurement.preliminary:
        remarks.append(_("{source} is preliminary", source=measurement.source))
    if measurement.when.partial:
        remarks.append(_("the date of {source} is partial", source=measurement.source))
    if measurement.unverified_code:
        remarks.append(
            _(
                "{source} was recognised by a code that is not verified",
                source=measurement.source,
            )
        )
    return tuple(remarks)


def _last_usable(dated: Iterable[Reading[Measurement]]) -> Measurement | None:
    usable = [reading.found for reading in dated if reading.found is not None]
    if len(usable) == 1:
        return usable[0]
    return max(usable, key=lambda measurement: (measurement.when.last, measurement.source), default=None)


def shown_measurement(measurement: Measurement) -> Text:
    """A result as a reader sees it: value and unit as reported, and the day."""
    return _("{reported} ({when})", reported=measurement.reported, when=measurement.when)


def shown_in_formula(measurement: Measurement) -> Amount | Text:
    """A result in the unit that a formula counts in; beside it, as it was reported where that was in another unit."""
    bounds, reported = measurement.bounds, measurement.reported
    if reported.value in (bounds.low, bounds.high):
        return reported
    low, high = (None if end is None else round(end, 2) for end in (bounds.low, bounds.high))
    converted = amount_of(Bounds(low, high, bounds.low_open, bounds.high_open), measurement.unit)
    return _("{converted} ({reported})", converted=converted, reported=reported)


def lower_is_worse(measurement: Measurement) -> Severity:
    """Severity of an analyte of which less is worse."""
    return (-point_of(measurement.bounds),)


def higher_is_worse(measurement: Measurement) -> Severity:
    """Severity of an analyte of which more is worse."""
    return (point_of(measurement.bounds),)


def amount_of(bounds: Bounds, unit: str) -> Amount:
    """A computed quantity as it is shown: its value, its range, or the one bound that is known."""
    if bounds.low is not None and bounds.high is not None:
        return Amount(bounds.low, unit, to=None if bounds.low == bounds.high else bounds.high)
    if bounds.high is not None:
        return Amount(bounds.high, unit, "<" if bounds.high_open else "<=")
    return Amount(bounds.low or ZERO, unit, ">" if bounds.low_open else ">=")


def point_of(bounds: Bounds) -> Decimal:
    """One number of an interval, to order results by: its lower end (the value, where it is one), else its upper."""
    return next((end for end in (bounds.low, bounds.high) if end is not None), ZERO)


# --- 25-OH vitamin D --------------------------------------------------------------------------------------------------


def vitamin_d_severity(measurement: Measurement) -> Severity:
    """How severe a card a 25-OH vitamin D result gives at most: deep deficiency, deficiency, excess, and so on."""
    level = VitaminD(measurement)
    ladder = (
        level.below(DEEP_DEFICIENCY_BELOW),
        level.below(DEFICIENCY_BELOW),
        level.above(INTOXICATION_ABOVE),
        level.below(INSUFFICIENCY_BELOW),
        level.above(RECOMMENDED_UP_TO),
    )
    return (*(bool(holds) for holds in ladder), -point_of(measurement.bounds))


def sum_of_fractions(
    totals: list[Reading[Measurement]], d3: list[Reading[Measurement]], d2: list[Reading[Measurement]]
) -> list[Reading[Measurement]]:
    """25-OH vitamin D results with D2 and D3 of one sample summed (`rules.md`, "25-OH vitamin D").

    A fraction beside a total of the same sample says nothing new. A D3 alone counts as the whole; a D2 alone does not.
    """
    total_times = {_sample(reading) for reading in totals}
    of_d2: dict[object, Reading[Measurement]] = {}
    for reading in d2:
        of_d2.setdefault(_sample(reading), reading)
    combined = list(totals)
    for reading in d3:
        sample = _sample(reading)
        if sample in total_times and sample is not None:
            continue
        partner = None if sample is None else of_d2.get(sample)
        combined.append(reading if partner is None else _sum(reading, partner))
    return combined


def _sample(reading: Reading[Measurement]) -> object:
    if reading.when is None:
        return None
    return reading.when.instant or (reading.when.first, reading.when.last)


def _sum(d3: Reading[Measurement], d2: Reading[Measurement]) -> Reading[Measurement]:
    if d3.found is None:
        return d3
    if d2.found is None or d2.found.unit != d3.found.unit:
        why = d2.problem or _("D2 and D3 are in different units")
        return replace(d3, found=None, problem=why)
    below = d2.found.bounds
    from_zero = Bounds(ZERO if below.low is None else below.low, below.high, below.low_open, below.high_open)
    summed = d3.found.bounds.shifted(from_zero)
    measurement = replace(
        d3.found,
        bounds=summed,
        reported=amount_of(summed, d3.found.unit),
        preliminary=d3.found.preliminary or d2.found.preliminary,
        unverified_code=d3.found.unverified_code or d2.found.unverified_code,
    )
    return replace(d3, found=measurement)


def vitamin_d_fact(fact: Fact[Measurement]) -> Fact[VitaminD]:
    """The same fact in the words of Tableau 1."""
    if isinstance(fact, Known):
        return Known(fact.what, VitaminD(fact.value), fact.sources, fact.remarks)
    return fact
