"""Dosage of a medication order, statement or administration: dose, interval, route, duration of an infusion.

Only what is structured is read; a dosage in words gives no dose and no interval, and rules that need one stay silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mappings.dates import When, add_months, day
from mappings.facts import Dosage, Drug, Interval
from mappings.readers.observations import decimal_of
from mappings.readers.reader import Reader
from mappings.readers.shapes import a_map, a_text, codings, maps, shown_name
from mappings.values import value
from mappings.vocabulary.units import normalised_unit
from mappings.wording import Text, _

_DAY_UNITS = {
    "s": Decimal(1) / 86400,
    "min": Decimal(1) / 1440,
    "h": Decimal(1) / 24,
    "d": Decimal(1),
    "wk": Decimal(7),
    "mo": Decimal(31),
    "a": Decimal(366),
}
"""Longest number of days of a FHIR period unit; a month stays a calendar month (`rules.md`, "Days")."""

_SHORTEST_DAYS = {"mo": Decimal(30), "a": Decimal(365)}
"""Days of the periods whose length varies, at their shortest."""

_MG = {"mg": Decimal(1), "g": Decimal(1000), "ug": Decimal("0.001"), "milligram": Decimal(1), "milligramme": Decimal(1)}
_ML = {"ml": Decimal(1), "l": Decimal(1000), "milliliter": Decimal(1), "millilitre": Decimal(1)}
_IU = {
    "[iu]": Decimal(1),
    "iu": Decimal(1),
    "ui": Decimal(1),
    "unt": Decimal(1),
    "[usp'u]": Decimal(1),
    "i.u.": Decimal(1),
}
IU_PER_MICROGRAM = 40
"""International units of vitamin D2 or D3 in a microgram."""

_MINUTES = {
    "min": Decimal(1),
    "mn": Decimal(1),
    "minute": Decimal(1),
    "minutes": Decimal(1),
    "h": Decimal(60),
    "hr": Decimal(60),
    "s": Decimal(1) / 60,
}


@dataclass(frozen=True, slots=True)
class _Frequency:
    """So many times in a period: twice (`times`) in 1 (`period`) week (`unit`, of FHIR)."""

    times: int
    period: Decimal
    unit: str

    @property
    def longest_days(self) -> Decimal:
        return self.period * _DAY_UNITS[self.unit] / self.times

    @property
    def shortest_days(self) -> Decimal:
        return self.period * _SHORTEST_DAYS.get(self.unit, _DAY_UNITS[self.unit]) / self.times


_EVERY = re.compile(r"Q\s*(?P<number>[1-9]\d{0,2})\s*(?P<unit>H|D|W|WK|M|MO)\Z")
_UNIT_OF_EVERY = {"H": "h", "D": "d", "W": "wk", "WK": "wk", "M": "mo", "MO": "mo"}
_ABBREVIATIONS = {
    **dict.fromkeys(("QD", "AM", "PM", "BED", "DAILY"), _Frequency(1, Decimal(1), "d")),
    "BID": _Frequency(2, Decimal(1), "d"),
    "TID": _Frequency(3, Decimal(1), "d"),
    "QID": _Frequency(4, Decimal(1), "d"),
    "QOD": _Frequency(1, Decimal(2), "d"),
    "WK": _Frequency(1, Decimal(7), "d"),
    "MO": _Frequency(1, Decimal(1), "mo"),
}
_SINGLE = frozenset({"ONCE", "STAT", "X1", "1X", "ONE TIME"})


@value
class _Timing:
    single: bool
    repeating: bool
    count: int | None
    interval: Interval | None = None
    doses_per_week: Decimal | None = None
    first: When | None = None
    end: When | None = None
    minutes: Decimal | None = None


def read_dosage(reader: Reader, lines: object, drug: Drug, written: When | None) -> Dosage:
    """The dosage that one or more dosage lines state together.

    `lines` is `dosageInstruction`, `dosage` or the `dosage` of an administration. Of several lines the highest dose,
    the shortest infusion and the longest interval count; a product's strength turns millilitres and units into mg.
    """
    read = [_read_line(reader, line, drug, written) for line in maps(lines)]
    if not read:
        return Dosage()
    routes: frozenset[str] = frozenset().union(*(one.routes for one in read))
    intervals = [one.interval for one in read if one.interval is not None]
    counts = [one.count for one in read if one.count is not None]
    firsts = [one.first for one in read if one.first is not None]
    ends = [one.end for one in read if one.end is not None]
    return Dosage(
        dose_mg=_highest(one.dose_mg for one in read),
        dose_ml=_highest(one.dose_ml for one in read),
        dose_iu=_highest(one.dose_iu for one in read),
        dose_stated=any(one.dose_stated for one in read),
        dose_in_words=any(one.dose_in_words for one in read),
        interval=max(intervals, key=lambda interval: interval.longest_days, default=None),
        doses_per_week=_highest(one.doses_per_week for one in read),
        mg_a_day=_mg_a_day(read),
        count=sum(counts) if len(counts) == len(read) else None,
        single=len(read) == 1 and read[0].single,
        repeating=any(one.repeating for one in read),
        first=min(firsts, key=lambda when: when.first, default=None),
        end=max(ends, key=lambda when: when.last) if len(ends) == len(read) else None,
        routes=routes,
        route_stated=any(one.route_stated for one in read),
        route_text=next((one.route_text for one in read if one.route_text), ""),
        route_unverified=any(one.route_unverified for one in read),
        infusion_minutes=min((one.infusion_minutes for one in read if one.infusion_minutes is not None), default=None),
    )


def _mg_a_day(read: list[Dosage]) -> Decimal | None:
    """The sum of the lines (morning and evening are two); None where one of them does not say."""
    total = Decimal(0)
    for one in read:
        if one.dose_mg is None or one.doses_per_week is None:
            return None
        total += one.dose_mg * one.doses_per_week / 7
    return total


def _highest(values: Any) -> Decimal | None:
    return max((value for value in values if value is not None), default=None)


def _read_line(reader: Reader, line: Mapping[str, Any], drug: Drug, written: When | None) -> Dosage:
    doses = list(stated_doses(line))
    mass, ml, iu = (_highest(_dose_in(dose, units) for dose in doses) for units in (_MG, _ML, _IU))
    count = _highest(_dose_in_units_of_use(dose) for dose in doses)
    mg = mass
    if iu is None and mass is not None:
        iu = mass * 1000 * IU_PER_MICROGRAM
    if ml is not None and drug.millilitres:
        share = ml / drug.millilitres
        mg = share * drug.strength_mg if mg is None and drug.strength_mg is not None else mg
        iu = share * drug.strength_iu if iu is None and drug.strength_iu is not None else iu
    if count is not None:
        mg = count * drug.strength_mg if mg is None and drug.strength_mg is not None else mg
        iu = count * drug.strength_iu if iu is None and drug.strength_iu is not None else iu
    timing = _read_timing(reader, a_map(line.get("timing")), written)
    route = line.get("route")
    routes = reader.recognise(route)
    return Dosage(
        dose_mg=mg,
        dose_ml=ml,
        dose_iu=iu,
        dose_stated=bool(doses),
        dose_in_words=not doses and _DOSE_SAID.search(a_text(line.get("text"))[:LONGEST_TEXT]) is not None,
        interval=timing.interval,
        doses_per_week=timing.doses_per_week,
        count=timing.count,
        single=timing.single,
        repeating=timing.repeating,
        first=timing.first,
        end=timing.end,
        routes=routes.concepts,
        route_stated=bool(a_map(route)),
        route_text=shown_name(route),
        route_unverified=not routes.concepts.isdisjoint(routes.unverified),
        infusion_minutes=_infusion_minutes(line, timing, mg, ml, drug),
    )


LONGEST_TEXT = 512
"""Characters of a text that are read."""

_DOSE_SAID = re.compile(r"\d ?m[gl]\b", re.IGNORECASE)
"""A dose of a drug that is given in mg or mL, in words."""


def stated_doses(line: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every dose Quantity of a line; of a range its high end (`zoledronate-renal-dose`: a range counts by it)."""
    for part in (*maps(line.get("doseAndRate")), line):
        for name in ("doseQuantity", "dose"):
            if quantity := a_map(part.get(name)):
                yield quantity
        dose_range = a_map(part.get("doseRange"))
        if end := a_map(dose_range.get("high")) or a_map(dose_range.get("low")):
            yield end


def _unit_of(quantity: Mapping[str, Any]) -> str:
    return normalised_unit(a_text(quantity.get("code")) or a_text(quantity.get("unit")))


def _dose_in(quantity: Mapping[str, Any], units: Mapping[str, Decimal]) -> Decimal | None:
    value = decimal_of(quantity.get("value"))
    if value is None:
        return None
    for name in ("code", "unit"):
        spelled = normalised_unit(a_text(quantity.get(name)))
        factor = units.get(spelled)
        if factor is None and spelled.endswith("s"):
            factor = units.get(spelled[:-1])
        if factor is not None:
            return value * factor
    return None


_UNITS_OF_USE = re.compile(
    r"(?:|1|\{?(?:ampoule|ampul|ampule|amp|vial|flacon|fl|dose|unit|unite|unité|tablet|tbl|tab|comprime|comprimé|cp|"
    r"capsule|cap|gelule|gélule|sachet|syringe|seringue|piece|bag|poche|each|ea)s?\}?)\Z"
)


def _dose_in_units_of_use(quantity: Mapping[str, Any]) -> Decimal | None:
    """A dose counted in ampoules, tablets, vials...: only the product's strength says how much that is."""
    raw = (a_text(quantity.get("code")) or a_text(quantity.get("unit"))).casefold()
    return decimal_of(quantity.get("value")) if _UNITS_OF_USE.match(raw) else None


# --- timing -----------------------------------------------------------------------------------------------------------


def _read_timing(reader: Reader, timing: Mapping[str, Any], written: When | None) -> _Timing:
    repeat = a_map(timing.get("repeat"))
    events = [when for raw in _event_list(timing.get("event")) if (when := reader.date(raw)) is not None]
    first = min(events, key=lambda when: when.first, default=None)
    count = _whole(repeat.get("countMax")) or _whole(repeat.get("count"))
    frequency = _frequency(repeat, timing)
    bounds_first, end = _bounds(reader, repeat, first or written)
    first = first or bounds_first
    if end is None and len(events) > 1:  # a single one is where the treatment begins
        end = max(events, key=lambda when: when.last)
    minutes = _minutes(repeat)
    single = count == 1 or _said_once(timing) or (len(events) == 1 and frequency is None)
    if frequency is None or single:
        return _Timing(single, len(events) > 1, count, first=first, end=end, minutes=minutes)
    if end is None and count is not None and (begin := first or written) is not None:
        end = day(_after(begin.last, frequency.period / frequency.times * (count - 1), frequency.unit))
    return _Timing(
        single=False,
        repeating=True,
        count=count,
        interval=Interval(frequency.longest_days, _interval_text(frequency)),
        doses_per_week=Decimal(7) / frequency.shortest_days,
        first=first,
        end=end,
        minutes=minutes,
    )


def _event_list(events: object) -> list[object]:
    if isinstance(events, str):
        return [events]
    return list(events) if isinstance(events, list) else []


def _whole(value: object) -> int | None:
    number = decimal_of(value)
    return int(number) if number is not None and number > 0 and number == int(number) else None


def _frequency(repeat: Mapping[str, Any], timing: Mapping[str, Any]) -> _Frequency | None:
    period = decimal_of(repeat.get("periodMax")) or decimal_of(repeat.get("period"))
    unit = a_text(repeat.get("periodUnit") or repeat.get("periodUnits"))
    days = repeat.get("dayOfWeek")
    only_on_these_days = bool(days) and period == 1 and unit == "d"  # "every day", if it is one of them
    if period is not None and period > 0 and unit in _DAY_UNITS and not only_on_these_days:
        return _Frequency(_whole(repeat.get("frequency")) or 1, period, unit)
    if days:
        return _Frequency(len(days) if isinstance(days, list) else 1, Decimal(1), "wk")
    for coding in (*codings(timing.get("code")), {"code": a_map(timing.get("code")).get("text")}):
        code = a_text(coding.get("code")).upper()
        if code in _ABBREVIATIONS:
            return _ABBREVIATIONS[code]
        if match := _EVERY.match(code):
            return _Frequency(1, Decimal(match["number"]), _UNIT_OF_EVERY[match["unit"]])
    return None


def _said_once(timing: Mapping[str, Any]) -> bool:
    code = a_map(timing.get("code"))
    words = [a_text(coding.get("code")).upper() for coding in codings(code)] + [a_text(code.get("text")).upper()]
    return any(word in _SINGLE for word in words)


def _bounds(reader: Reader, repeat: Mapping[str, Any], begin: When | None) -> tuple[When | None, When | None]:
    if period := a_map(repeat.get("boundsPeriod")):
        return reader.date(period.get("start")), reader.date(period.get("end"))
    length = a_map(repeat.get("boundsDuration")) or a_map(a_map(repeat.get("boundsRange")).get("high"))
    value, unit = decimal_of(length.get("value")), _unit_of(length)
    unit = {"week": "wk", "weeks": "wk", "day": "d", "days": "d", "month": "mo", "months": "mo"}.get(unit, unit)
    if begin is not None and value is not None and value > 0 and unit in _DAY_UNITS:
        return None, day(_after(begin.last, value, unit))
    return None, None


def _after(begin: date, number: Decimal, unit: str) -> date:
    try:
        if unit == "mo" and number == int(number):
            return add_months(begin, int(number))
        return begin + timedelta(days=float(number * _DAY_UNITS[unit]))
    except (OverflowError, ValueError):
        return date.max


_EVERY_TEXT = {
    "s": (_("every second"), _("every {number} seconds")),
    "min": (_("every minute"), _("every {number} minutes")),
    "h": (_("every hour"), _("every {number} hours")),
    "d": (_("every day"), _("every {number} days")),
    "wk": (_("every week"), _("every {number} weeks")),
    "mo": (_("every month"), _("every {number} months")),
    "a": (_("every year"), _("every {number} years")),
}
"""Not plurals: half a day is neither «every day» nor counted as one."""


def _interval_text(frequency: _Frequency) -> Text:
    once, several = _EVERY_TEXT[frequency.unit]
    number = frequency.period / frequency.times
    return once if number == 1 else several.with_(number=number)


# --- infusion ---------------------------------------------------------------------------------------------------------


def _minutes(repeat: Mapping[str, Any]) -> Decimal | None:
    value = decimal_of(repeat.get("duration"))
    factor = _MINUTES.get(a_text(repeat.get("durationUnit") or repeat.get("durationUnits")))
    return None if value is None or factor is None or value <= 0 else value * factor


def _infusion_minutes(
    line: Mapping[str, Any], timing: _Timing, mg: Decimal | None, ml: Decimal | None, drug: Drug
) -> Decimal | None:
    if timing.minutes is not None:
        return timing.minutes
    volume = ml if ml is not None else drug.millilitres
    for part in (*maps(line.get("doseAndRate")), line):
        if ratio := a_map(part.get("rateRatio")):
            minutes = _minutes_of_ratio(ratio, mg, volume)
        elif rate := a_map(part.get("rateQuantity")):
            minutes = _minutes_of_rate(rate, mg, volume)
        else:
            continue
        if minutes is not None:
            return minutes
    return None


def _minutes_of_ratio(ratio: Mapping[str, Any], mg: Decimal | None, volume: Decimal | None) -> Decimal | None:
    numerator, denominator = a_map(ratio.get("numerator")), a_map(ratio.get("denominator"))
    time = _dose_in(denominator, _MINUTES)
    if time is None or time <= 0:
        return None
    for units, whole in ((_MG, mg), (_ML, volume)):
        amount = _dose_in(numerator, units)
        if amount is not None and amount > 0 and whole is not None:
            return whole / amount * time
    per_one_unit = decimal_of(denominator.get("value")) == 1
    return None if per_one_unit else time


_PER_TIME = re.compile(r"(?P<amount>ml|l|mg)/(?P<time>min|mn|h|hr)\Z")


def _minutes_of_rate(rate: Mapping[str, Any], mg: Decimal | None, volume: Decimal | None) -> Decimal | None:
    value = decimal_of(rate.get("value"))
    match = _PER_TIME.match(_unit_of(rate))
    if value is None or value <= 0 or match is None:
        return None
    whole, units = (mg, _MG) if match["amount"] == "mg" else (volume, _ML)
    if whole is None:
        return None
    return whole / (value * units[match["amount"]]) * _MINUTES[match["time"]]
