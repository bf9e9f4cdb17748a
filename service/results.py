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
from mappings.findings import shown_finding
from mappings.laboratory import amount_of, shown_in_formula
from mappings.quantities import Bounds
from mappings.wording import Amount, Text
from service.i18n import rounded_beside
from service.rules.outcome import Basis
from service.rules.situations import called, named, on

METHODS = {
    ClearanceMethod.REPORTED_COCKCROFT: Text("reported by the laboratory", "rendue par le laboratoire"),
    ClearanceMethod.COMPUTED_COCKCROFT: Text("Cockcroft-Gault", "Cockcroft-Gault"),
    ClearanceMethod.MEASURED: Text("measured", "mesurée"),
    ClearanceMethod.OLDER_COCKCROFT: Text(
        "reported, older than the creatinine", "rendue, plus ancienne que la créatininémie"
    ),
    ClearanceMethod.EGFR: Text("eGFR, an approximation", "DFG estimé, une approximation"),
}
"""How a clearance was come by, as a card says it."""

CLEARANCE_LIMITS = tuple(Decimal(limit) for limit in (30, 40, 50, 60))


def lines(basis: Iterable[Basis]) -> Iterator[Text]:
    """One line a result; entries without a value of their own (a whole collection) give none."""
    for one in basis:
        if isinstance(one, Known):
            yield from _known_line(one)
        elif isinstance(one, Absent):
            yield _absent_line(one)
        elif isinstance(one, Exposure):
            yield _exposure_line(one)
        elif isinstance(one, Diagnosis):
            yield _diagnosis_line(one)
        elif isinstance(one, Act):
            yield _act_line(one)
        elif isinstance(one, Order) and not one.draft:
            yield Text(
                "{order}: ordered ({when})",
                "{order} : prescription ({when})",
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
                yield Text(
                    "{source} is a provisional diagnosis", "{source} est un diagnostic provisoire", source=one.source
                )
            if one.unverified_code:
                yield _unverified(one.source)


def _exposure_remarks(one: Exposure) -> Iterator[Text]:
    if not one.certain:
        yield uncertain_remark(one)
    if one.drug.by_name:
        yield Text(
            "{drug} ({source}) was identified by name",
            "{drug} ({source}) a été identifié par son nom",
            drug=one.drug.name,
            source=one.source,
        )
    if one.drug.unverified_code:
        yield _unverified(one.source)


def _unverified(source: str) -> Text:
    return Text(
        "{source} was recognised by a code that is not verified",
        "{source} est reconnu par un code non vérifié",
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


def _known_line(fact: Known[Any]) -> Iterator[Text]:
    value = fact.value
    match value:
        case VitaminD():
            yield _measurement_line(fact.what, value.measurement)
        case Measurement():
            yield _measurement_line(fact.what, value)
        case CorrectedCalcium():
            yield _calcium_line(value)
        case Clearance():
            yield _clearance_line(fact.what, value)
        case Finding():
            yield Text("{what}: {shown}", "{what} : {shown}", what=fact.what, shown=shown_finding(value))
        case Exposure():
            yield _exposure_line(value)


def _absent_line(fact: Absent) -> Text:
    if fact.stale is not None:
        return Text(
            "{what}: none recent; last {stale}, too old",
            "{what} : rien de récent ; dernier {stale}, trop ancien",
            what=fact.what,
            stale=fact.stale,
        )
    return Text("{what}: none on record", "{what} : rien d'enregistré", what=fact.what)


def _measurement_line(what: Text, value: Measurement) -> Text:
    return Text(
        "{what}: {value} ({when})", "{what} : {value} ({when})", what=what, value=value.reported, when=value.when
    )


def _calcium_line(value: CorrectedCalcium) -> Text:
    limits = Text(
        "limits {low} to {high} mmol/L", "limites {low} à {high} mmol/L", low=value.lower_limit, high=value.upper_limit
    )
    shown = rounded(value.bounds, (value.lower_limit, value.upper_limit, Decimal("3.5")), "mmol/L", 2)
    if value.albumin is not None:
        return Text(
            "corrected calcium: {shown} = {measured} + (40 − {albumin}) / 40 ({when}; {limits})",
            "calcémie corrigée : {shown} = {measured} + (40 − {albumin}) / 40 ({when} ; {limits})",
            shown=shown,
            measured=shown_in_formula(value.measured),
            albumin=shown_in_formula(value.albumin),
            when=value.when,
            limits=limits,
        )
    if value.corrected:
        return Text(
            "corrected calcium: {shown}, by the laboratory ({when}; {limits})",
            "calcémie corrigée : {shown}, par le laboratoire ({when} ; {limits})",
            shown=value.measured.reported,
            when=value.when,
            limits=limits,
        )
    why = (
        Text("albumin could not be looked up", "l'albuminémie n'a pas pu être consultée")
        if value.albumin_unavailable is not None
        else Text("no albumin within 7 days", "pas d'albuminémie à 7 jours près")
    )
    return Text(
        "calcium, uncorrected: {shown} ({when}; {why}; {limits})",
        "calcémie non corrigée : {shown} ({when} ; {why} ; {limits})",
        shown=value.measured.reported,
        when=value.when,
        why=why,
        limits=limits,
    )


def _clearance_line(what: Text, value: Clearance) -> Text:
    shown = rounded(value.bounds, CLEARANCE_LIMITS, "mL/min", 0)
    if value.computation is not None:
        return Text(
            "{what}: {shown} = {computation} ({method}, {when})",
            "{what} : {shown} = {computation} ({method}, {when})",
            what=what,
            shown=shown,
            computation=value.computation,
            method=METHODS[value.method],
            when=value.when,
        )
    return Text(
        "{what}: {shown} ({method}, {when})",
        "{what} : {shown} ({method}, {when})",
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
        state = Text("planned {when}", "prévu {when}", when=_dated_on(value.first))
    elif value.ongoing and value.first is not None:
        state = Text("ongoing since {when}", "en cours depuis {when}", when=_dated_since(value.first))
    elif value.ongoing:
        state = Text("ongoing", "en cours")
    elif value.last_dose is not None and value.kind is ExposureKind.ADMINISTRATION:
        state = Text("given {when}", "donné {when}", when=_dated_on(value.last_dose))
    elif value.last_dose is not None:
        state = Text("last dose {when}", "dernière dose {when}", when=_dated_on(value.last_dose))
    else:
        state = Text("last dose not dated", "dernière dose non datée")
    return Text("{drug}: {state}", "{drug} : {state}", drug=value.drug.name, state=state)


def _diagnosis_line(value: Diagnosis) -> Text:
    return Text("{name} ({when})", "{name} ({when})", name=called(value), when=dated(value.onset or value.recorded))


def _act_line(value: Act) -> Text:
    return Text("{name} ({when})", "{name} ({when})", name=called(value), when=dated(value.dated))


def _dated_on(when: When | None) -> Text:
    if when is None or not when.partial:
        return on(when)
    return Text("{when}, partial date", "en {when}, date partielle", when=when)


def _dated_since(when: When) -> Text:
    return dated(when) if when.partial else on(when)


def dated(when: When | None) -> Text:
    """A date as a card shows it: one that the record gives without its day is said to be partial."""
    if when is None:
        return Text("undated", "sans date")
    if when.partial:
        return Text("{when}, partial date", "{when}, date partielle", when=when)
    return Text("{when}", "{when}", when=when)
