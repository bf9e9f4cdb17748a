"""The calendar of this guideline: its lanes, and the windows of its own tables on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mappings.dates import When
from mappings.facts import (
    Act,
    ActOrder,
    Clearance,
    CorrectedCalcium,
    DrugOrder,
    Exposure,
    Facts,
    Known,
    Order,
    RadiotherapyOrder,
    VitaminD,
)
from mappings.facts.results import DEFICIENCY_BELOW, INSUFFICIENCY_BELOW
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Amount, Text
from service.rules.bone_metastases.antithrombotics import antithrombotics_before
from service.rules.bone_metastases.conflicts import (
    conflicts_among,
    earliest_starts,
    given_by,
    given_on_record,
    irradiated_by_course,
    irradiated_by_order,
    pairs_of_drug,
    pairs_of_radiotherapy,
)
from service.rules.bone_metastases.doses import TABLE_2
from service.rules.bone_metastases.healing import HEALED
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.windows import NO_FIGURE, TABLE_6
from service.rules.bone_metastases.wording import _
from service.rules.calendar import Calendar, Entry, Kind, Lane
from service.rules.naming import act_at, called, done_at, lasting

OPERATIONS = sets.BONE_SURGERY | sets.INTERVENTIONAL_RADIOLOGY
DENTAL = sets.DENTAL_EXAMINATION | sets.TOOTH_EXTRACTION | sets.ORTHOPANTOMOGRAM
LIMIT_UNITS = "mL/min"


def lanes(patient: Facts) -> Iterator[Lane]:
    """The lanes, those of local treatment first."""
    yield _radiotherapy(patient)
    yield _operations(patient)
    yield _drugs(_("radiosensitisers"), patient, sets.RADIOSENSITISERS, after=lambda entry: _window_of(entry, patient))
    yield _drugs(
        _("other systemic treatment"),
        patient,
        (sets.CYTOTOXICS | sets.TYROSINE_KINASE_INHIBITORS | sets.CHECKPOINT_INHIBITORS) - sets.RADIOSENSITISERS,
    )
    yield _drugs(_("antiresorptives"), patient, sets.ANTIRESORPTIVES)
    yield _teeth(patient)
    yield _antithrombotics(patient)
    yield _results(patient)
    yield _other_orders(patient)


# --- local treatment --------------------------------------------------------------------------------------------------


def _radiotherapy(patient: Facts) -> Lane:
    found: list[Entry] = []
    undated: list[Text | str] = []
    for course in patient.radiotherapies:
        given = irradiated_by_course(course, patient.today)
        first, last = given.first or given.last, given.last
        name = done_at(course.name or _("radiotherapy"), course.regions)
        if first is None:
            undated.append(name)
            continue
        found.append(Entry(Kind.DONE, name, first.first, None if last is None else last.last, source=course.source))
    for order in patient.radiotherapy_orders:
        found += _planned_radiotherapy(order, patient)
    unsure = tuple(
        done_at(one.entry.name or _("radiotherapy"), one.entry.regions) for one in patient.radiotherapies.uncertain
    )
    gaps = (*patient.radiotherapies.gaps, *patient.radiotherapy_orders.gaps)
    return Lane(_("radiotherapy"), tuple(found), gaps, (*undated, *unsure))


def _planned_radiotherapy(order: RadiotherapyOrder, patient: Facts) -> Iterator[Entry]:
    planned = irradiated_by_order(order, patient.today)
    first = planned.first or order.planned.when
    last = None if planned.last is None else planned.last.last
    yield Entry(Kind.PLANNED, act_at(order), first.first, last, _assumed(order), order.reference)
    if order.draft:
        for waiting, day in earliest_starts(conflicts_among(pairs_of_radiotherapy(order, patient), patient)):
            yield _earliest(waiting, day)


def _operations(patient: Facts) -> Lane:
    found: list[Entry] = []
    undated: list[Text | str] = []
    for act in (one for one in patient.procedures if one.is_any(OPERATIONS)):
        found += _done(act, undated)
        if act.dated is not None and act.is_any(sets.BONE_SURGERY):
            until = act.dated.last + timedelta(days=HEALED.days)
            note = _("healing before systemic treatment: {interval}", interval=HEALED.said)
            found.append(
                Entry(Kind.WINDOW, done_at(_("healing"), act.regions), act.dated.last, until, note, act.source)
            )
    for order in _orders(patient, lambda one: isinstance(one, ActOrder) and one.is_any(OPERATIONS)):
        found.append(_planned(order))
    return Lane(_("surgery and cement"), tuple(found), patient.procedures.gaps, tuple(undated))


# --- drugs ------------------------------------------------------------------------------------------------------------


def _drugs(
    title: Text,
    patient: Facts,
    drugs: frozenset[str],
    after: Callable[[Exposure | DrugOrder], Entry | None] = lambda _entry: None,
) -> Lane:
    """What was given and is drafted of these drugs, each with the window `after` it."""
    found: list[Entry] = []
    undated: list[Text | str] = []
    exposures = patient.exposures.of(drugs)
    for entry in exposures.entries:
        found += _given(entry, patient.today, undated)
        found += _if_any(after(entry))
    for order in _orders(patient, lambda one: isinstance(one, DrugOrder) and one.is_any(drugs) and one.draft):
        found.append(_planned(order))
        if isinstance(order, DrugOrder):
            found += _if_any(after(order))
            if order.is_any(sets.RADIOSENSITISERS):
                starts = earliest_starts(conflicts_among(pairs_of_drug(order, patient), patient))
                found += [_earliest(waiting, day) for waiting, day in starts]
    return Lane(title, tuple(found), exposures.gaps, tuple(undated))


def _given(entry: Exposure, today: date, undated: list[Text | str]) -> Iterator[Entry]:
    days = [when for when in (entry.first, entry.last, entry.last_dose) if when is not None]
    if not days:
        undated.append(entry.drug.name)
        return
    first = min(when.first for when in days)
    last: date | None = max(when.last for when in days)
    if entry.planned:
        yield Entry(Kind.PLANNED, entry.drug.name, first, first, source=entry.source)
        return
    if entry.ongoing:
        last = today
    note = None if entry.certain else _("not certain on record")
    yield Entry(Kind.DONE, entry.drug.name, first, last, note, entry.source)


def _window_of(entry: Exposure | DrugOrder, patient: Facts) -> Entry | None:
    """The days without radiotherapy after a radiosensitiser."""
    giving = given_by(entry) if isinstance(entry, DrugOrder) else given_on_record(entry)
    if giving is None or giving.last is None:
        return None
    window = TABLE_6.of(entry.drug)
    note = _("no radiotherapy: {interval}", interval=window.said or NO_FIGURE)
    until = giving.last.last + timedelta(days=window.looked_for(patient))
    source = entry.reference if isinstance(entry, DrugOrder) else entry.source
    return Entry(Kind.WINDOW, giving.drug, giving.last.last, until, note, source)


def _antithrombotics(patient: Facts) -> Lane:
    lane = _drugs(_("antithrombotics"), patient, sets.ANTITHROMBOTICS)
    stops = [
        Entry(
            Kind.STOP,
            one.name,
            one.stop,
            one.stop,
            _("stop before {act}: {line}", act=act_at(order), line=one.line(patient.today)),
            one.entries[0].source,
        )
        for order in _orders(patient, lambda one: isinstance(one, ActOrder) and one.is_any(sets.CEMENTOPLASTY))
        if isinstance(order, ActOrder)
        for one in antithrombotics_before(order, patient)
        if one.stop is not None and not one.goes_on
    ]
    return Lane(lane.title, (*lane.entries, *stops), lane.gaps, lane.undated)


# --- teeth, results, orders -------------------------------------------------------------------------------------------


def _teeth(patient: Facts) -> Lane:
    found: list[Entry] = []
    undated: list[Text | str] = []
    settings = settings_of(patient)
    acts = (*patient.procedures, *patient.imaging, *patient.consultations)
    for act in (one for one in acts if one.is_any(DENTAL)):
        found += _done(act, undated)
        if act.dated is not None and act.is_any(sets.DENTAL_EXAMINATION):
            until = act.dated.last + timedelta(days=settings.dental_valid_days)
            found.append(Entry(Kind.WINDOW, _("valid"), act.dated.last, until, source=act.source))
        if act.dated is not None and act.is_any(sets.TOOTH_EXTRACTION):
            until = act.dated.last + timedelta(days=settings.extraction_wait_days)
            note = _("wait before a start: {interval}", interval=lasting(settings.extraction_wait_days))
            found.append(Entry(Kind.WINDOW, _("extraction"), act.dated.last, until, note, act.source))
    found += [_planned(order) for order in _orders(patient, lambda one: one.draft and one.is_any(DENTAL))]
    gaps = (*patient.procedures.gaps, *patient.imaging.gaps, *patient.consultations.gaps)
    return Lane(_("teeth and jaw"), tuple(found), tuple(dict.fromkeys(gaps)), tuple(undated))


def _results(patient: Facts) -> Lane:
    found: list[Entry] = []
    gaps: list[Text] = []
    for fact in (patient.calcium, patient.vitamin_d, patient.clearance):
        if not isinstance(fact, Known):
            gaps += getattr(fact, "why", ())
            continue
        match fact.value:
            case CorrectedCalcium() as calcium:
                note = _("limits {low} to {high} mmol/L", low=calcium.lower_limit, high=calcium.upper_limit)
                found.append(_result(fact, calcium.when, calcium.measured.reported, note))
            case VitaminD() as vitamin_d:
                limits = (DEFICIENCY_BELOW.ng_per_ml, INSUFFICIENCY_BELOW.ng_per_ml)
                note = _("thresholds {limits} ng/mL", limits=limits)
                found.append(_result(fact, vitamin_d.measurement.when, vitamin_d.measurement.reported, note))
            case Clearance() as clearance:
                note = _("thresholds {limits} mL/min", limits=tuple(sorted(TABLE_2.limits)))
                found.append(_result(fact, clearance.when, _clearance(clearance), note))
    return Lane(_("results"), tuple(found), tuple(gaps))


def _clearance(value: Clearance) -> Amount:
    """The clearance as a whole number of mL/min, or what its bound allows."""
    exact = value.bounds.exact
    if exact is not None:
        return Amount(exact.quantize(Decimal(1)), LIMIT_UNITS)
    return value.result.reported if value.result is not None else Amount(Decimal(0), LIMIT_UNITS, ">")


def _result(fact: Known[Any], when: When, value: Amount, limits: Text) -> Entry:
    name = _("{what} {value}", what=fact.what, value=value)
    return Entry(Kind.RESULT, name, when.first, when.last, limits, next(iter(fact.sources), ""))


def _other_orders(patient: Facts) -> Lane:
    """The drafts that no other lane has."""
    elsewhere = (
        sets.RADIOSENSITISERS
        | sets.CYTOTOXICS
        | sets.TYROSINE_KINASE_INHIBITORS
        | sets.CHECKPOINT_INHIBITORS
        | sets.ANTIRESORPTIVES
        | sets.ANTITHROMBOTICS
        | OPERATIONS
        | DENTAL
    )
    found = [
        _planned(order)
        for order in _orders(patient, lambda one: one.draft and not one.is_any(elsewhere))
        if not isinstance(order, RadiotherapyOrder) and order.identified
    ]
    return Lane(_("other orders"), tuple(found), patient.orders.gaps)


# --- parts ------------------------------------------------------------------------------------------------------------


def _orders(patient: Facts, wanted: Callable[[Order], bool]) -> Iterator[Order]:
    return (order for order in patient.orders if wanted(order))


def _planned(order: Order) -> Entry:
    when = order.planned.when
    last = order.planned.end or when
    return Entry(Kind.PLANNED, act_at(order), when.first, last.last, _assumed(order), order.reference)


def _assumed(order: Order) -> Text | None:
    return _("no day is stated: today is taken") if order.planned.assumed else None


def _earliest(order: Order, day: date) -> Entry:
    return Entry(Kind.EARLIEST, _("{order}: earliest", order=act_at(order)), day, day, source=order.reference)


def _done(act: Act, undated: list[Text | str]) -> Iterator[Entry]:
    if act.dated is None:
        undated.append(done_at(called(act), act.regions))
        return
    first = act.started or act.dated
    note = None if act.unsure is None else _("not certain on record")
    yield Entry(Kind.DONE, done_at(called(act), act.regions), first.first, act.dated.last, note, act.source)


def _if_any(entry: Entry | None) -> Iterable[Entry]:
    return () if entry is None else (entry,)


CALENDAR = Calendar(
    frozenset(
        {
            "radiotherapies",
            "radiotherapy_orders",
            "procedures",
            "exposures",
            "imaging",
            "consultations",
            "orders",
            "calcium",
            "vitamin_d",
            "clearance",
        }
    ),
    lanes,
    frozenset(
        {
            "radiosensitiser-before-radiotherapy",
            "radiosensitiser-after-radiotherapy",
            "immunotherapy-with-radiotherapy",
            "tki-with-radiotherapy",
            "stereotactic-with-systemic",
            "re-irradiation-interval",
            "post-operative-radiotherapy",
            "treatment-after-bone-surgery",
            "procedure-under-systemic",
            "cementoplasty-antithrombotics",
            "dental-extraction-recent",
            "denosumab-interval",
            "zoledronate-interval",
        }
    ),
)
"""What is shown of a patient, and what that reads."""
