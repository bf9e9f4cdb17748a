"""Creatinine clearance (RAO, traitement osseux systémique §2.4; `rules.md`, "Creatinine clearance")."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from mappings.dates import completed_years
from mappings.facts import (
    ADULT_YEARS,
    Absent,
    Clearance,
    ClearanceMethod,
    Fact,
    Known,
    Measurement,
    Person,
    Unavailable,
    known,
)
from mappings.quantities import Bounds
from mappings.readers.observations import shown_in_formula
from mappings.values import value
from mappings.vocabulary.analytes import COCKCROFT
from mappings.wording import Text, _, _c

COCKCROFT_FACTORS = {"male": Decimal("1.23"), "female": Decimal("1.04")}
"""k of the Cockcroft-Gault formula with creatinine in umol/L, exactly as `rules.md` gives it."""

COCKCROFT_YEARS = 140
"""The formula counts (140 - age)."""

WHAT = _("creatinine clearance")
SEX = _("sex")
AGE = _("age")
ADULT_AGE = _("an age of {years} or more (the formula is for adults)", years=ADULT_YEARS)
WEIGHT = _c("what is missing", "body weight")
CREATININE = _c("what is missing", "creatinine")


@value
class RenalInputs:
    """The newest valid result of each route to a clearance, and what a computation needs."""

    cockcroft: Fact[Measurement]
    creatinine: Fact[Measurement]
    measured: Fact[Measurement]
    egfr: Fact[Measurement]
    weight: Fact[Measurement]
    person: Fact[Person]


def clearance(inputs: RenalInputs, today: date) -> Fact[Clearance]:
    """Creatinine clearance in mL/min, by the first route that the record allows.

    A reported Cockcroft-Gault not older than the newest creatinine; else computed from that creatinine; else measured;
    else the older reported one; else an eGFR, named as an approximation. A route that could not be looked at, when it
    is reached, makes the fact unavailable: a later route must not hide it.
    """
    reported, creatinine = inputs.cockcroft, inputs.creatinine
    for fact in (creatinine, reported):
        if isinstance(fact, Unavailable):
            return _unavailable(fact, inputs)
    if isinstance(reported, Known) and not (
        isinstance(creatinine, Known) and reported.value.when.certainly_before(creatinine.value.when)
    ):
        return _taken(reported, ClearanceMethod.REPORTED_COCKCROFT)
    missing: tuple[Text, ...] = (CREATININE,)
    if isinstance(creatinine, Known):
        computed = _computed(creatinine, inputs, today)
        if not isinstance(computed, tuple):
            return computed
        missing = computed
    for fact, method in (
        (inputs.measured, ClearanceMethod.MEASURED),
        (reported, ClearanceMethod.OLDER_COCKCROFT),
        (inputs.egfr, ClearanceMethod.EGFR),
    ):
        if isinstance(fact, Unavailable):
            return _unavailable(fact, inputs)
        if isinstance(fact, Known):
            return _taken(fact, method)
    stale = next(
        (fact.stale for fact in (creatinine, reported, inputs.egfr) if isinstance(fact, Absent) and fact.stale), None
    )
    sources = creatinine.sources
    return Absent(_missing_named(missing), stale, creatinine.remarks, sources)


def missing_inputs(inputs: RenalInputs, today: date) -> tuple[Text, ...]:
    """What a computation of the clearance still needs: creatinine, weight, sex, age."""
    missing = [] if isinstance(inputs.creatinine, Known) else [CREATININE]
    missing += _personal_gaps(inputs.person, today)
    if not isinstance(inputs.weight, Known):
        missing.append(WEIGHT)
    return tuple(missing)


def _missing_named(missing: tuple[Text, ...]) -> Text:
    return _("{what}: no {missing}", what=WHAT, missing=missing)


def _taken(fact: Known[Measurement], method: ClearanceMethod) -> Known[Clearance]:
    value = Clearance(fact.value.bounds, fact.value.when, method, result=fact.value)
    return Known(WHAT, value, fact.sources, fact.remarks)


def _unavailable(cause: Unavailable, inputs: RenalInputs) -> Unavailable:
    shown = cause.shown
    for fact in (inputs.cockcroft, inputs.measured, inputs.egfr):
        if shown is None and isinstance(fact, Known):
            shown = _(
                "{what} {value} ({when})",
                what=fact.what,
                value=fact.value.reported,
                when=fact.value.when,
            )
    return Unavailable(WHAT, cause.why, shown, cause.sources, cause.remarks)


def _personal_gaps(person: Fact[Person], today: date) -> list[Text]:
    if not isinstance(person, Known):
        return [SEX, AGE]
    missing = []
    if person.value.sex not in COCKCROFT_FACTORS:
        missing.append(SEX)
    birth = person.value.birth
    if birth is None or birth.first > today:
        missing.append(AGE)
    elif completed_years(birth.last, today) < ADULT_YEARS:
        missing.append(ADULT_AGE)
    elif completed_years(birth.first, today) >= COCKCROFT_YEARS:
        missing.append(AGE)
    return missing


def _computed(
    creatinine: Known[Measurement], inputs: RenalInputs, today: date
) -> Known[Clearance] | Unavailable | tuple[Text, ...]:
    """Cockcroft-Gault, or why it could not be looked up, or what is missing for it."""
    for fact in (inputs.person, inputs.weight):
        if isinstance(fact, Unavailable):
            return _unavailable(fact, inputs)
    missing = _personal_gaps(inputs.person, today)
    if not isinstance(inputs.weight, Known):
        missing.append(WEIGHT)
    if missing:
        return tuple(missing)
    person, weight = known(inputs.person), known(inputs.weight)
    birth = person.value.birth
    if birth is None:  # for the type checker: it is among what is missing
        return (AGE,)
    youngest, oldest = completed_years(birth.last, today), completed_years(birth.first, today)
    years = Bounds(Decimal(COCKCROFT_YEARS - oldest), Decimal(COCKCROFT_YEARS - youngest))
    factor = COCKCROFT_FACTORS[str(person.value.sex)]
    bounds = years.times(weight.value.bounds).scaled(factor).over(creatinine.value.bounds)
    if any(end is not None and COCKCROFT.scale.implausible(end) for end in (bounds.low, bounds.high)):
        why = _(
            "the computed clearance is not plausible: check creatinine and weight",
        )
        return Unavailable(WHAT, (why,), None, (*creatinine.sources, *weight.sources))
    computation = _(
        "(140 − {age}) × {weight} × {factor} / {creatinine}",
        age=youngest if youngest == oldest else _("{low} to {high}", low=youngest, high=oldest),
        weight=shown_in_formula(weight.value),
        factor=factor,
        creatinine=shown_in_formula(creatinine.value),
    )
    value = Clearance(bounds, creatinine.value.when, ClearanceMethod.COMPUTED_COCKCROFT, computation, creatinine.value)
    sources = (*creatinine.sources, *weight.sources, *person.sources)
    return Known(WHAT, value, sources, (*creatinine.remarks, *weight.remarks, *person.remarks))
