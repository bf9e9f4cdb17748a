"""The results that a card rests on, as lines that a clinician reads: what, value, unit, date; and their resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
from service.languages.render import rounded_beside
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


def lines(basis: Iterable[Basis], rounding: Rounding) -> Iterator[Text]:
    """One line a result, rounded as the guideline asks; entries without a value of their own (a whole collection) give none."""
    for one in basis:
        if isinstance(one, Known):
            yield from _known_line(one, rounding)
        elif isinstance(one, Absent):
            yield _absent_line(one)
        elif isinstance(one, Exposure):
            yield _exposure_line(one)
        elif isinstance(one, Diagnosis):
            yield _diagnosis_line(one)
        elif isinstance(one, Act):
            yield _act_line(one)
        elif isinstance(one, Order) and not one.draft:
            yield _(
                "{order}: ordered ({when})",
                order=named(one),
                when=dated(one.written),
            )


def remarks(basis: Iterable[Basis]) -> Iterator[Text]:
    """What must be said of the results: preliminary, partial date, uncertain, not verified."""
    for one in basis:
        if isinstance(one, Known | Absent):
            yield from one.remarks
        elif isinstance(one, Exposure):
            yield from _exposure_remarks(one)
        elif isinstance(one, Diagnosis | Act):
            if isinstance(one, Diagnosis) and one.provisional:
                yield _("{source} is a provisional diagnosis", source=one.source)
            if one.unverified_code:
                yield _unverified(one.source)
        elif isinstance(one, Order) and one.by_words:
            yield _("«{order}»: identified by its words.", order=one.name)


def _exposure_remarks(one: Exposure) -> Iterator[Text]:
    if not one.certain:
        yield uncertain_remark(one)
    if one.drug.by_name:
        yield _(
            "{drug} ({source}) was identified by name",
            drug=one.drug.name,
            source=one.source,
        )
    if one.drug.unverified_code:
        yield _unverified(one.source)


def _unverified(source: str) -> Text:
    return _(
        "{source} was recognised by a code that is not verified",
        source=source,
    )


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
        case Exposure():
            yield _exposure_line(value)


def _absent_line(fact: Absent) -> Text:
    if fact.stale is not None:
        return _(
            "{what}: none recent; last {stale}, too old",
            what=fact.what,
            stale=fact.stale,
        )
    return _("{what}: none on record", what=fact.what)


def _measurement_line(what: Text, value: Measurement) -> Text:
    return _("{what}: {value} ({when})", what=what, value=value.reported, when=value.when)


def _calcium_line(value: CorrectedCalcium, limits_of_rules: tuple[Decimal, ...]) -> Text:
    limits = _("limits {low} to {high} mmol/L", low=value.lower_limit, high=value.upper_limit)
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
        _("albumin could not be looked up") if value.albumin_unavailable is not None else _("no albumin within 7 days")
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


def _exposure_line(value: Exposure) -> Text:
    if value.planned:
        state = _("planned {when}", when=_dated_on(value.first))
    elif value.ongoing and value.first is not None:
        state = _("ongoing since {when}", when=_dated_since(value.first))
    elif value.ongoing:
        state = _("ongoing")
    elif value.last_dose is not None and value.kind is ExposureKind.ADMINISTRATION:
        state = _("given {when}", when=_dated_on(value.last_dose))
    elif value.last_dose is not None:
        state = _("last dose {when}", when=_dated_on(value.last_dose))
    else:
        state = _("last dose not dated")
    return _("{drug}: {state}", drug=value.drug.name, state=state)


def _diagnosis_line(value: Diagnosis) -> Text:
    return _("{name} ({when})", name=called(value), when=dated(value.onset or value.recorded))


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
