"""Dosage of a medication order, statement or administration: dose, interval, route, duration of an infusion.

A dose is read where it is structured; one in words is stated and cannot be read. An interval is read from the structure, from
the dates of the doses, or from words of a closed table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

import orjson

from mappings.dates import When, add_months, day
from mappings.facts import Dosage, Drug, Interval
from mappings.quantities import decimal_of, written_number
from mappings.readers.alike import REMEMBERED, as_json, reader_of_json
from mappings.readers.reader import Reader
from mappings.readers.shapes import codings, shown_words, texts
from mappings.readers.standing import modification, says_it_is_absent
from mappings.readers.strengths import (
    quantity_unit,
    repeats_the_strength,
    tells_a_number_of_pieces,
    tells_an_amount,
)
from mappings.shapes import NOTHING, a_map, a_text, maps
from mappings.values import value
from mappings.vocabulary.concept_sets import COUNTED_IN_INTERNATIONAL_UNITS
from mappings.vocabulary.concept_sets import WEIGHED_IN_INTERNATIONAL_UNITS as BY_MASS
from mappings.vocabulary.concepts import Terminology, code_of
from mappings.vocabulary.doses import DOSE_UNITS, FEWEST_UNITS, MOST_PIECES, Dimension, DoseUnit
from mappings.vocabulary.frequencies import AS_NEEDED, CODES, ONCE, PERIODS, Frequency, frequencies_in
from mappings.vocabulary.local_use import route_in_words
from mappings.vocabulary.units import MONTH, WEEK, YEAR, normalised_unit
from mappings.wording import Text, _

_DAY_UNITS = {
    "s": Decimal(1) / 86400,
    "min": Decimal(1) / 1440,
    "h": Decimal(1) / 24,
    "d": Decimal(1),
    "wk": Decimal(WEEK),
    "mo": Decimal(31),
    "a": Decimal(366),
}
"""Longest number of days of a FHIR period unit; a month stays a calendar month (`rules.md`, "Days")."""

_SHORTEST_DAYS = {"mo": Decimal(MONTH), "a": Decimal(YEAR)}
"""Days of the periods whose length varies, at their shortest."""

IU_PER_MICROGRAM = 40
"""International units of vitamin D2 or D3 in a microgram."""

LEAST_INFUSED_ML = 50
"""Less is a concentrate, to be diluted in a volume that the order does not tell; a figure of ours."""

_MINUTES = {
    "min": Decimal(1),
    "mn": Decimal(1),
    "minute": Decimal(1),
    "minutes": Decimal(1),
    "mins": Decimal(1),
    "minuten": Decimal(1),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "heure", "heures", "stunde", "stunden", "std"), Decimal(60)),
    **dict.fromkeys(("s", "sec", "second", "seconds", "sekunde", "sekunden"), Decimal(1) / 60),
}


_EVERY = re.compile(r"Q\s*(?P<number>[1-9]\d{0,2})\s*(?P<unit>H|D|W|WK|M|MO)\Z")
_UNIT_OF_EVERY = {"H": "h", "D": "d", "W": "wk", "WK": "wk", "M": "mo", "MO": "mo"}


@value
class _Timing:
    single: bool
    repeating: bool
    count: int | None
    interval: Interval | None = None
    unreadable: bool = False
    doses_per_week: Decimal | None = None
    first: When | None = None
    end: When | None = None
    minutes: Decimal | None = None


def read_dosage(reader: Reader, lines: object, drug: Drug, written: When | None) -> Dosage:
    """The dosage that one or more dosage lines state together.

    `lines` is `dosageInstruction`, `dosage` or the `dosage` of an administration. Of several lines the highest dose,
    the shortest infusion and the longest interval count; a product's strength turns millilitres and units into mg.
    """
    read = [_line(reader, line, drug, written) for line in maps(lines)]
    if not read:
        return Dosage()
    if len(read) == 1:
        return replace(read[0], mg_a_day=_mg_a_day(read))
    routes: frozenset[str] = frozenset().union(*(one.routes for one in read))
    intervals = [one.interval for one in read if one.interval is not None]
    counts = [one.count for one in read if one.count is not None]
    firsts = [one.first for one in read if one.first is not None]
    ends = [one.end for one in read if one.end is not None]
    each_once = all(one.single for one in read) and len(firsts) == len(read) and len(set(firsts)) > 1
    apart = _between(firsts) if each_once else None
    spaced = None if apart is None else Interval(_longest_days(apart), interval_text(apart))
    return Dosage(
        dose_mg=_highest(one.dose_mg for one in read),
        dose_ml=_highest(one.dose_ml for one in read),
        dose_iu=_highest(one.dose_iu for one in read),
        dose_stated=any(one.dose_stated for one in read),
        dose_unreadable=any(one.dose_unreadable for one in read),
        interval_unreadable=any(one.interval_unreadable for one in read) or (each_once and spaced is None),
        interval=max(intervals, key=lambda interval: interval.longest_days, default=spaced),
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


def _line(reader: Reader, line: Mapping[str, Any], drug: Drug, written: When | None) -> Dosage:
    """One dosage line; those without a date, and without an end that counts from one, are read once a drug."""
    timing = a_map(line.get("timing"))
    undated = "event" not in timing and not any(
        name.startswith(_DATING) for repeat in maps(timing.get("repeat")) for name in repeat
    )
    told = as_json(line) if undated else None
    return _read_line(reader, line, drug, written) if told is None else _undated_line(reader.terminology, drug, told)


@lru_cache(maxsize=REMEMBERED)
def _undated_line(terminology: Terminology, drug: Drug, told: bytes) -> Dosage:
    return _read_line(reader_of_json(terminology), orjson.loads(told), drug, None)


_DATING = ("bounds", "count")
"""How members of `Timing.repeat` begin by which an end is reckoned."""


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


def _route_in_words(route: object) -> frozenset[str]:
    """The one route that all its words name; none where they differ."""
    named = frozenset(one for said in texts(route) for one in route_in_words(said))
    return named if len(named) == 1 else frozenset()


def _read_line(reader: Reader, line: Mapping[str, Any], drug: Drug, written: When | None) -> Dosage:
    if any(modification(node) for node in _nodes(line)):
        return Dosage(dose_stated=True, dose_unreadable=True, interval_unreadable=True)
    doses = [_read_dose(quantity, drug) for quantity in (*stated_doses(line), *_misshaped_doses(line))]
    amounts = {counted: _highest(amount for what, amount in doses if what is counted) for counted in Dimension}
    ml, pieces = amounts[Dimension.VOLUME], amounts[Dimension.PIECES]
    mg = _first_of(
        amounts[Dimension.MASS],
        _in_volume(ml, drug.strength_mg, drug.millilitres, drug.mg_per_ml),
        _in_pieces(pieces, drug.strength_mg),
    )
    iu = _first_of(
        amounts[Dimension.INTERNATIONAL_UNITS],
        mg * 1000 * IU_PER_MICROGRAM if amounts[Dimension.MASS] and mg and drug.is_any(BY_MASS) else None,
        _in_volume(ml, drug.strength_iu, drug.millilitres, drug.iu_per_ml),
        _in_pieces(pieces, drug.strength_iu),
        mg * 1000 * IU_PER_MICROGRAM if mg and drug.is_any(BY_MASS) else None,
    )
    words = [said for name in ("text", "patientInstruction", "timing") if (said := a_text(line.get(name)))]
    words += [said for one in maps(line.get("additionalInstruction")) for said in texts(one)]
    stated = bool(doses) or any(
        tells_a_number_of_pieces(said) or (tells_an_amount(said) and not repeats_the_strength(said, drug.strength_mg))
        for said in words
    )
    timing = _read_timing(reader, a_map(line.get("timing")), words, written)
    route = line.get("route")
    routes = reader.recognise(route)
    in_words = frozenset() if routes.concepts or routes.denied else _route_in_words(route)
    return Dosage(
        dose_mg=mg,
        dose_ml=ml,
        dose_iu=iu,
        dose_stated=stated,
        dose_unreadable=stated and mg is None and (iu is None or not drug.is_any(COUNTED_IN_INTERNATIONAL_UNITS)),
        interval=timing.interval,
        interval_unreadable=timing.unreadable,
        doses_per_week=timing.doses_per_week,
        count=timing.count,
        single=timing.single,
        repeating=timing.repeating,
        first=timing.first,
        end=timing.end,
        routes=routes.concepts | in_words,
        route_stated=bool(a_map(route)),
        route_text=shown_words(route),
        route_unverified=not routes.concepts.isdisjoint(routes.unverified),
        infusion_minutes=_infusion_minutes(line, timing, mg, ml, drug),
    )


def _nodes(line: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The line and what is within it that may carry a modifier."""
    timing = a_map(line.get("timing"))
    yield from (line, timing, a_map(timing.get("repeat")), *maps(line.get("doseAndRate")))


def _first_of(*amounts: Decimal | None) -> Decimal | None:
    return next((amount for amount in amounts if amount is not None), None)


def _in_volume(
    ml: Decimal | None, strength: Decimal | None, millilitres: Decimal | None, per_ml: Decimal | None
) -> Decimal | None:
    """What a volume holds: by what a container of a known volume holds, else by the concentration."""
    if ml is None:
        return None
    if strength is not None and millilitres:
        return ml / millilitres * strength
    return None if per_ml is None else ml * per_ml


def _in_pieces(pieces: Decimal | None, strength: Decimal | None) -> Decimal | None:
    return None if pieces is None or strength is None else pieces * strength


_DOSES = ("doseQuantity", "doseSimpleQuantity", "dose")
"""A dose that is a Quantity: in R4, as some servers name it in STU3 and DSTU2, and in an administration."""


def stated_doses(line: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every dose Quantity of a line; of a range its high end (`zoledronate-renal-dose`: a range counts by it)."""
    for part in (*maps(line.get("doseAndRate")), line):
        for name in _DOSES:
            yield from filter(None, maps(part.get(name)))
        dose_range = a_map(part.get("doseRange"))
        if end := a_map(dose_range.get("high")) or a_map(dose_range.get("low")):
            yield end


def _misshaped_doses(line: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A text or a number in the place of a dose, as the Quantity without a unit that it is: stated, and not to be read."""
    for part in (*maps(line.get("doseAndRate")), line):
        for said in (part.get(name) for name in _DOSES):
            if said and not maps(said):
                yield {"value": None}


def _read_dose(quantity: Mapping[str, Any], drug: Drug) -> tuple[Dimension | None, Decimal]:
    """What a dose counts, and how much of it; nothing where its unit or its number cannot be read."""
    number = _number(quantity)
    unit, over = _unit_of(quantity)
    if number is None or unit is None or over or quantity.get("comparator") or quantity.get("modifierExtension"):
        return None, Decimal(0)
    if says_it_is_absent(quantity):
        return None, Decimal(0)
    counted = unit.counted
    if counted is Dimension.UNITS:
        is_international = drug.is_any(COUNTED_IN_INTERNATIONAL_UNITS)
        counted = Dimension.INTERNATIONAL_UNITS if is_international else Dimension.PIECES
        if is_international and number < FEWEST_UNITS:
            return None, Decimal(0)
    if counted is Dimension.PIECES and number > MOST_PIECES:
        return None, Decimal(0)
    return counted, number * unit.worth


def _unit_of(quantity: Mapping[str, Any]) -> tuple[DoseUnit | None, str]:
    """Its unit; one piece of the product where it has none."""
    if a_text(quantity.get("code")) or a_text(quantity.get("unit")):
        return quantity_unit(quantity)
    return DoseUnit(Dimension.PIECES), ""


def _number(quantity: Mapping[str, Any]) -> Decimal | None:
    said = quantity.get("value")
    number = decimal_of(said)
    if isinstance(said, str) and ("." in said or number is None):
        unit = _unit_of(quantity)[0]
        in_units = unit is not None and unit.counted in (Dimension.INTERNATIONAL_UNITS, Dimension.UNITS)
        number = written_number(said, mark_parts_thousands=True if in_units else None)
    return number if number is not None and number > 0 else None


def _amount_in(quantity: Mapping[str, Any], counted: Dimension) -> Decimal | None:
    unit, over = quantity_unit(quantity)
    number = decimal_of(quantity.get("value"))
    return (
        number * unit.worth
        if unit is not None and number is not None and unit.counted is counted and not over
        else None
    )


def _minutes_in(quantity: Mapping[str, Any]) -> Decimal | None:
    number = decimal_of(quantity.get("value"))
    spelled = (normalised_unit(a_text(quantity.get(name))) for name in ("code", "unit"))
    factor = next((_MINUTES[unit] for unit in spelled if unit in _MINUTES), None)
    return None if number is None or factor is None else number * factor


# --- timing -----------------------------------------------------------------------------------------------------------


def _read_timing(reader: Reader, timing: Mapping[str, Any], words: Sequence[str], written: When | None) -> _Timing:
    repeat = next(iter(maps(timing.get("repeat"))), NOTHING)
    stated = [raw for raw in _event_list(timing.get("event")) if reader.states(raw)]
    events = [when for raw in stated if (when := reader.date(raw)) is not None]
    first = min(events, key=lambda when: when.first, default=None)
    count = _whole(repeat.get("countMax")) or _whole(repeat.get("count"))
    frequency, unreadable = _frequency(repeat, timing), False
    if frequency is None:
        if len(stated) > 1:
            frequency = _between(events) if len(events) == len(stated) else None
            unreadable = frequency is None
        elif not stated:
            frequency, unreadable = _in_words(repeat, timing, words)
        else:
            unreadable = not events
    bounds_first, end = _bounds(reader, repeat, first or written)
    first = first or bounds_first
    if end is None and len(events) > 1:  # a single one is where the treatment begins
        end = max(events, key=lambda when: when.last)
    minutes = _minutes(repeat)
    single = count == 1 or _said_once(timing) or (len(events) == len(stated) == 1 and frequency is None)
    if frequency is None or single:
        unreadable = unreadable and not single
        return _Timing(single, len(stated) > 1, count, unreadable=unreadable, first=first, end=end, minutes=minutes)
    if end is None and count is not None and (begin := first or written) is not None:
        end = day(_after(begin.last, frequency.period / frequency.times * (count - 1), frequency.unit))
    return _Timing(
        single=False,
        repeating=True,
        count=count,
        interval=Interval(_longest_days(frequency), interval_text(frequency)),
        doses_per_week=Decimal(7) / _shortest_days(frequency),
        first=first,
        end=end,
        minutes=minutes,
    )


def _longest_days(frequency: Frequency) -> Decimal:
    return frequency.period * _DAY_UNITS[frequency.unit] / frequency.times


def _shortest_days(frequency: Frequency) -> Decimal:
    return frequency.period * _SHORTEST_DAYS.get(frequency.unit, _DAY_UNITS[frequency.unit]) / frequency.times


def _between(events: Sequence[When]) -> Frequency | None:
    """The time between doses that are dated one by one; None where it differs, or a date is partial."""
    if any(when.partial for when in events):
        return None
    days = sorted(when.first for when in events)
    gaps = {(later - earlier).days for earlier, later in pairwise(days)}
    months = (days[1].year - days[0].year) * 12 + days[1].month - days[0].month
    if len(gaps) == 1:
        gap = gaps.pop()
        return Frequency(1, Decimal(gap), "d") if gap > 0 else None
    is_calendar = months > 0 and all(later == add_months(days[0], months * number) for number, later in enumerate(days))
    return Frequency(1, Decimal(months), "mo") if is_calendar else None


def _in_words(
    repeat: Mapping[str, Any], timing: Mapping[str, Any], words: Sequence[str]
) -> tuple[Frequency | None, bool]:
    """How often, where only words or codes say it: those of the timing, else those of the line; and whether none is told."""
    code = timing.get("code")
    of_timing = [a_text(code)] if isinstance(code, str) else [a_text(a_map(code).get("text"))]
    of_timing += [a_text(coding.get(name)) for coding in codings(code) for name in ("code", "display")]
    of_timing.append(a_text(timing.get("text")))
    for said in (of_timing, words):
        found, ambiguous = _told(said)
        if found or ambiguous:
            return (next(iter(found)), False) if len(found) == 1 and not ambiguous else (None, True)
    has_period = repeat.get("period") is not None and decimal_of(repeat.get("period")) != 0
    return None, has_period or any(code_of(coding).upper() not in {"", *AS_NEEDED} for coding in codings(code))


def _told(said: Sequence[str]) -> tuple[frozenset[Frequency], bool]:
    read = [frequencies_in(one) for one in said if one]
    return frozenset().union(*(found for found, _ambiguous in read)), any(ambiguous for _found, ambiguous in read)


def _event_list(events: object) -> list[object]:
    if isinstance(events, str):
        return [events]
    return list(events) if isinstance(events, list) else []


def _whole(value: object) -> int | None:
    number = decimal_of(value)
    return int(number) if number is not None and number > 0 and number == int(number) else None


def _frequency(repeat: Mapping[str, Any], timing: Mapping[str, Any]) -> Frequency | None:
    period = decimal_of(repeat.get("periodMax")) or decimal_of(repeat.get("period"))
    unit = a_text(repeat.get("periodUnit") or repeat.get("periodUnits")).casefold()
    if unit in PERIODS and unit not in _DAY_UNITS and period is not None:
        size, unit = PERIODS[unit]
        period *= size
    days = repeat.get("dayOfWeek")
    only_on_these_days = bool(days) and period == 1 and unit == "d"  # "every day", if it is one of them
    if period is not None and period > 0 and unit in _DAY_UNITS and not only_on_these_days:
        times = repeat.get("frequency")
        return Frequency(_whole(times) or 1, period, unit) if times is None or _whole(times) else None
    if days:
        return Frequency(len(days) if isinstance(days, list) else 1, Decimal(1), "wk")
    for coding in (*codings(timing.get("code")), {"code": a_map(timing.get("code")).get("text")}):
        code = a_text(coding.get("code")).upper()
        if code in CODES:
            return CODES[code]
        if match := _EVERY.match(code):
            return Frequency(1, Decimal(match["number"]), _UNIT_OF_EVERY[match["unit"]])
    return None


def _said_once(timing: Mapping[str, Any]) -> bool:
    code = a_map(timing.get("code"))
    words = [a_text(coding.get("code")).upper() for coding in codings(code)] + [a_text(code.get("text")).upper()]
    return any(word in ONCE for word in words)


def _bounds(reader: Reader, repeat: Mapping[str, Any], begin: When | None) -> tuple[When | None, When | None]:
    if period := a_map(repeat.get("boundsPeriod")):
        return reader.period(period)
    length = a_map(repeat.get("boundsDuration")) or a_map(a_map(repeat.get("boundsRange")).get("high"))
    value, unit = decimal_of(length.get("value")), _unit_spelled(length)
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


EVERY = {
    "s": (_("every second"), _("every {number} seconds")),
    "min": (_("every minute"), _("every {number} minutes")),
    "h": (_("every hour"), _("every {number} hours")),
    "d": (_("every day"), _("every {number} days")),
    "wk": (_("every week"), _("every {number} weeks")),
    "mo": (_("every month"), _("every {number} months")),
    "a": (_("every year"), _("every {number} years")),
}
"""Not plurals: half a day is neither «every day» nor counted as one."""


def interval_text(frequency: Frequency) -> Text:
    """How often, in words: «every 28 days»."""
    number, unit = frequency.period / frequency.times, frequency.unit
    if unit == "a" and number != int(number) and 12 % frequency.times == 0:
        number, unit = frequency.period * 12 / frequency.times, "mo"
    once, several = EVERY[unit]
    return once if number == 1 else several.with_(number=number)


# --- infusion ---------------------------------------------------------------------------------------------------------


def _minutes(repeat: Mapping[str, Any]) -> Decimal | None:
    value = decimal_of(repeat.get("duration"))
    factor = _MINUTES.get(
        normalised_unit(a_text(repeat.get("durationUnit") or repeat.get("durationUnits"))).rstrip(".")
    )
    return None if value is None or factor is None or value <= 0 else value * factor


def _infusion_minutes(
    line: Mapping[str, Any], timing: _Timing, mg: Decimal | None, ml: Decimal | None, drug: Drug
) -> Decimal | None:
    if timing.minutes is not None:
        return timing.minutes
    volume = _first_of(ml, drug.millilitres, mg / drug.mg_per_ml if mg and drug.mg_per_ml else None)
    if volume is not None and volume < LEAST_INFUSED_ML:
        volume = None
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
    time = _minutes_in(denominator)
    if time is None or time <= 0:
        return None
    for counted, whole in ((Dimension.MASS, mg), (Dimension.VOLUME, volume)):
        amount = _amount_in(numerator, counted)
        if amount is not None and amount > 0 and whole is not None:
            return whole / amount * time
    per_one_unit = decimal_of(denominator.get("value")) == 1
    return None if per_one_unit else time


_PER_TIME = re.compile(rf"(?P<amount>ml|l|mg)/(?P<time>{'|'.join(_MINUTES)})\.?\Z")


def _minutes_of_rate(rate: Mapping[str, Any], mg: Decimal | None, volume: Decimal | None) -> Decimal | None:
    value = decimal_of(rate.get("value"))
    match = _PER_TIME.match(_unit_spelled(rate))
    if value is None or value <= 0 or match is None:
        return None
    unit = DOSE_UNITS[match["amount"]]
    whole = mg if unit.counted is Dimension.MASS else volume
    return None if whole is None else whole / (value * unit.worth) * _MINUTES[match["time"]]


def _unit_spelled(quantity: Mapping[str, Any]) -> str:
    return normalised_unit(a_text(quantity.get("code")) or a_text(quantity.get("unit")))
