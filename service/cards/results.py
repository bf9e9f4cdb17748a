"""The results that a card rests on, as lines that a clinician reads: what, value, unit, date; and their resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mappings.dates import When
from mappings.facts import (
    Absent,
    Act,
    Clearance,
    ClearanceMethod,
    Collected,
    CorrectedCalcium,
    Diagnosis,
    DrugOrder,
    Exposure,
    ExposureKind,
    Exposures,
    Finding,
    Known,
    Measurement,
    Order,
    VitaminD,
    uncertain_remark,
)
from mappings.quantities import Bounds
from mappings.readers.findings import shown_finding
from mappings.readers.observations import amount_of, shown_in_formula
from mappings.wording import Amount, Text, _, _c
from service.languages.render import MOST_DIGITS, rounded_beside
from service.rules.guideline import Rounding
from service.rules.naming import called, named, on
from service.rules.outcome import Basis

METHODS = {
    ClearanceMethod.REPORTED_COCKCROFT: _("reported by the laboratory"),
    ClearanceMethod.COMPUTED_COCKCROFT: _("Cockcroft-Gault"),
    ClearanceMethod.MEASURED: _("measured"),
    ClearanceMethod.OLDER_COCKCROFT: _("reported, older than the creatinine"),
    ClearanceMethod.EGFR: _("eGFR, an approximation"),
}
"""How a clearance was come by, as a card says it."""


def lines(basis: Iterable[Basis], rounding: Rounding, received: Iterable[Exposure] = ()) -> Iterator[Text]:
    """One line a result, rounded as the guideline asks; entries without a value of their own (a whole collection) give none.

    `received` is all that the record tells of drugs: of a drug of the basis, its first and its last dose are one line.
    """
    history = tuple(received)
    for one in basis:
        if isinstance(one, Collected | Exposures):
            continue
        if isinstance(one, Known):
            if isinstance(one.value, Exposure):
                yield _exposure_line(one.value, history)
            else:
                yield from _known_line(one, rounding)
        elif isinstance(one, Absent):
            yield _absent_line(one)
        elif isinstance(one, Exposure):
            yield _exposure_line(one, history)
        elif isinstance(one, Diagnosis):
            yield _diagnosis_line(one)
        elif isinstance(one, Act):
            yield _act_line(one)
        elif isinstance(one, Order) and not one.draft:
            yield _order_line(one)


def _order_line(one: Order) -> Text:
    """When it was ordered; of one that does not say, the day for which it is planned."""
    if one.written is None and not one.planned.assumed:
        return _("{order}: planned ({when})", order=named(one), when=dated(one.planned.when))
    return _("{order}: ordered ({when})", order=named(one), when=dated(one.written))


def remarks(basis: Iterable[Basis]) -> Iterator[Text]:
    """What must be said of the results: preliminary, partial date, uncertain, not verified."""
    for one in basis:
        if isinstance(one, Known | Absent):
            yield from one.remarks
        elif isinstance(one, Exposure):
            yield from _exposure_remarks(one)
        elif isinstance(one, Diagnosis | Act):
            if isinstance(one, Diagnosis) and one.provisional:
                yield _("{name} is a provisional diagnosis", name=called(one), source=one.source)
            if one.unverified_code:
                yield _unverified(called(one), one.source)
        elif isinstance(one, DrugOrder) and one.drug.by_name:
            yield _("{drug} was identified by name", drug=one.name, source=one.reference)
        elif isinstance(one, Order) and one.by_words:
            yield _("«{order}»: identified by its words.", order=one.name)


def _exposure_remarks(one: Exposure) -> Iterator[Text]:
    if not one.certain:
        yield uncertain_remark(one)
    if one.drug.by_name:
        yield _("{drug} was identified by name", drug=one.drug.name, source=one.source)
    if one.drug.unverified_code:
        yield _unverified(one.drug.name, one.source)


def _unverified(name: Text | str, source: str) -> Text:
    return _("{name} was recognised by a code that is not verified", name=name, source=source)


def resources(basis: Iterable[Basis]) -> Iterator[str]:
    """The references of the resources that the results were read from."""
    for one in basis:
        if isinstance(one, Collected | Exposures):
            continue
        if isinstance(one, Exposure | Diagnosis | Act):
            if one.source:
                yield one.source
        elif isinstance(one, Order):
            if one.reference:
                yield one.reference
        else:
            yield from (source for source in one.sources if source)


def _known_line(fact: Known[Any], rounding: Rounding) -> Iterator[Text]:
    value = fact.value
    match value:
        case VitaminD():
            yield _measurement_line(fact.what, value.measurement)
        case Measurement():
            yield _measurement_line(fact.what, value)
        case CorrectedCalcium():
            yield _calcium_line(value, rounding.get(CorrectedCalcium, ()))
        case Clearance():
            yield _clearance_line(fact.what, value, rounding.get(Clearance, ()))
        case Finding():
            yield _("{what}: {shown}", what=fact.what, shown=shown_finding(value))


def _absent_line(fact: Absent) -> Text:
    if fact.stale is not None:
        return _(
            "{what}: none recent; last {stale}, too old",
            what=fact.what,
            stale=fact.stale,
        )
    return _("{what}: none on record", what=fact.what)


def _measurement_line(what: Text, value: Measurement) -> Text:
    if value.earlier is not None:
        return _("{what}: {trend}", what=what, trend=_trend(value, value.earlier))
    return _("{what}: {value} ({when})", what=what, value=value.reported, when=value.when)


def _trend(value: Measurement, earlier: Measurement) -> Text:
    """Both values, the newest last, with their days."""
    before = replace(earlier.reported, unit="")
    return _(
        "{before} → {value} ({then}, {when})", before=before, value=value.reported, then=earlier.when, when=value.when
    )


def _as_stated(limit: Decimal) -> Amount:
    """A limit with the digits that its source gives it."""
    exponent = limit.as_tuple().exponent
    return Amount(limit, "", digits=min(MOST_DIGITS, -exponent) if isinstance(exponent, int) and exponent < 0 else 0)


def _calcium_line(value: CorrectedCalcium, limits_of_rules: tuple[Decimal, ...]) -> Text:
    low, high = (_as_stated(limit) for limit in (value.lower_limit, value.upper_limit))
    limits = _("limits {low} to {high} mmol/L", low=low, high=high)
    shown = rounded(value.bounds, (value.lower_limit, value.upper_limit, *limits_of_rules), "mmol/L", 2)
    if value.albumin is not None:
        return _(
            "corrected calcium: {shown} = {measured} + (40 − {albumin}) / 40 ({when}; {limits})",
            shown=shown,
            measured=shown_in_formula(value.measured),
            albumin=shown_in_formula(value.albumin),
            when=value.when,
            limits=limits,
        )
    if value.corrected:
        return _(
            "corrected calcium: {shown}, by the laboratory ({when}; {limits})",
            shown=value.measured.reported,
            when=value.when,
            limits=limits,
        )
    why = (
        _("albumin could not be looked up")
        if value.albumin_unavailable is not None
        else _("no albumin within {albumin_window_days} days", albumin_window_days=value.albumin_window_days)
    )
    return _(
        "calcium, uncorrected: {shown} ({when}; {why}; {limits})",
        shown=value.measured.reported,
        when=value.when,
        why=why,
        limits=limits,
    )


def _clearance_line(what: Text, value: Clearance, limits: tuple[Decimal, ...]) -> Text:
    shown = rounded(value.bounds, limits, "mL/min", 0)
    if value.method is ClearanceMethod.KIDNEY_FAILURE and value.computation is not None:
        return _(
            "{what}: counts as below {limit} mL/min, {why}", what=what, limit=value.bounds.high, why=value.computation
        )
    result = value.result
    if value.computation is not None and result is not None and result.earlier is not None:
        return _(
            "{what}: {shown} = {computation} ({method}, {when}); creatinine {trend}",
            what=what,
            shown=shown,
            computation=value.computation,
            method=METHODS[value.method],
            when=value.when,
            trend=_trend(result, result.earlier),
        )
    if result is not None and result.earlier is not None:
        return _(
            "{what}: {trend}, {method}", what=what, trend=_trend(result, result.earlier), method=METHODS[value.method]
        )
    if value.computation is not None:
        return _(
            "{what}: {shown} = {computation} ({method}, {when})",
            what=what,
            shown=shown,
            computation=value.computation,
            method=METHODS[value.method],
            when=value.when,
        )
    return _(
        "{what}: {shown} ({method}, {when})",
        what=what,
        shown=shown,
        method=METHODS[value.method],
        when=value.when,
    )


def rounded(bounds: Bounds, limits: tuple[Decimal, ...], unit: str, digits: int) -> Amount:
    """A computed quantity as it is shown: rounded, but never across a limit."""
    low, high = (None if end is None else rounded_beside(end, limits, digits) for end in (bounds.low, bounds.high))
    return amount_of(Bounds(low, high, bounds.low_open, bounds.high_open), unit)


def _exposure_line(one: Exposure, history: tuple[Exposure, ...]) -> Text:
    """What is known of a drug: planned, ongoing, the first and the last dose. What is uncertain is told by itself."""
    drug = one.drug.name
    if one.planned:
        return _("{drug}: planned {when}", drug=drug, when=_dated_on(one.first))
    if not one.certain:
        return _uncertain_line(one)
    told = [other for other in (*history, one) if other.drug.name == drug and other.certain and not other.planned]
    starts = [other.first for other in told if other.ongoing and other.first is not None]
    doses = [other.last_dose for other in told if other.last_dose is not None]
    firsts = [other.first for other in told if other.first is not None]
    first = min((*firsts, *doses), key=lambda when: when.first, default=None)
    last = max(doses, key=lambda when: when.last, default=None)
    if any(other.ongoing for other in told):
        return _ongoing_line(drug, min(starts, key=lambda when: when.first, default=None), last)
    if last is None or one.last_dose_undated:
        return _("{drug}: last dose not dated", drug=drug)
    if first is not None and first.last < last.first:
        return _(
            "{drug}: first dose {first}, last dose {last}", drug=drug, first=_dated_on(first), last=_dated_on(last)
        )
    if one.kind is ExposureKind.ADMINISTRATION:
        return _("{drug}: given {when}", drug=drug, when=_dated_on(last))
    return _("{drug}: last dose {when}", drug=drug, when=_dated_on(last))


def _ongoing_line(drug: Text, since: When | None, last: When | None) -> Text:
    if since is None and last is None:
        return _("{drug}: ongoing", drug=drug)
    if since is None:
        return _("{drug}: ongoing, last dose {last}", drug=drug, last=_dated_on(last))
    if last is None or last == since:
        return _("{drug}: ongoing since {when}", drug=drug, when=_dated_since(since))
    return _(
        "{drug}: ongoing since {when}, last dose {last}", drug=drug, when=_dated_since(since), last=_dated_on(last)
    )


def _uncertain_line(one: Exposure) -> Text:
    if one.ongoing and one.first is not None:
        return _("{drug}: ongoing since {when}", drug=one.drug.name, when=_dated_since(one.first))
    if one.ongoing:
        return _("{drug}: ongoing", drug=one.drug.name)
    if one.last_dose is not None:
        return _("{drug}: last dose {when}", drug=one.drug.name, when=_dated_on(one.last_dose))
    return _("{drug}: last dose not dated", drug=one.drug.name)


def _diagnosis_line(value: Diagnosis) -> Text:
    if value.onset or value.recorded or value.stay is None or value.stay.last is None:
        return _("{name} ({when})", name=called(value), when=dated(value.onset or value.recorded))
    if value.stay.is_open:
        return _("{name} (stay since {when})", name=called(value), when=dated(value.stay.first))
    return _("{name} (stay until {when})", name=called(value), when=dated(value.stay.last))


def _act_line(value: Act) -> Text:
    return _("{name} ({when})", name=called(value), when=dated(value.dated))


def _dated_on(when: When | None) -> Text:
    if when is None or not when.partial:
        return on(when)
    return _c("after a verb", "{when}, partial date", when=when)


def _dated_since(when: When) -> Text:
    return dated(when) if when.partial else on(when)


def dated(when: When | None) -> Text:
    """A date as a card shows it: one that the record gives without its day is said to be partial."""
    if when is None:
        return _("undated")
    if when.partial:
        return _("{when}, partial date", when=when)
    return _("{when}", when=when)
