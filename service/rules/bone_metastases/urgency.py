"""Emergencies of the skeleton, and the exception «unless urgent» of the referential (the specification, "Urgent")."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

from mappings.dates import days_before
from mappings.facts import CALCIUM_CRISIS_ABOVE, Act, Diagnosis, Facts, Order, RadiotherapyOrder
from mappings.vocabulary import concept_sets as sets
from service.rules.bone_metastases.conditions import settled_by_albumin
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.stays import not_dated, on_record
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import either, negated
from service.rules.outcome import Advice


@condition(_("calcium is above {limit} mmol/L", limit=CALCIUM_CRISIS_ABOVE), reads=("crisis_calcium",))
def hypercalcaemic_crisis_calcium(_order: Order | None, patient: Facts) -> Truth:
    """Corrected (or uncorrected) calcium in the range of a crisis.

    An uncorrected value decides when it is above; below it, an albumin that could not be looked up leaves it open.
    """
    calcium = patient.crisis_calcium
    holds = calcium.test(lambda value: value.bounds.above(CALCIUM_CRISIS_ABOVE))
    return settled_by_albumin(holds, calcium, lambda bounds: bounds.above(CALCIUM_CRISIS_ABOVE))


@condition(
    _(
        "active spinal cord compression or cauda equina syndrome of the last {cord_compression_days} or undated, neither "
        "decompressed nor irradiated since"
    ),
    reads=("conditions", "procedures"),
)
def untreated_cord_compression(_order: Order | None, patient: Facts) -> Truth:
    """Chapter G: an active cord compression that is recent or undated, without decompression or radiotherapy since."""
    since = days_before(patient.today, settings_of(patient).cord_compression_days)

    def counts(one: Diagnosis) -> bool:
        return one.active and one.is_any(sets.SPINAL_CORD_COMPRESSION) and is_recent(one, since)

    recorded = on_record(patient, counts)
    if not recorded.holds:
        return recorded
    compressions = [one for one in recorded.basis if isinstance(one, Diagnosis)]
    untreated = [
        (one, negated(patient.procedures.any(partial(_treats, compression=one, recent=since)))) for one in compressions
    ]
    # Beside one that was treated there may be another, of which the record does not tell whether it counts.
    uncertain = any(counts(one.entry) for one in patient.conditions.uncertain)
    undated = not_dated(patient, counts)
    holds = either(*(truth for _one, truth in untreated), None if undated or uncertain else False)
    shown = next((one for one, truth in untreated if truth is holds), compressions[0])
    if holds is not None:
        return that(holds, shown)
    return that(holds, shown, patient.procedures, *((patient.conditions,) if uncertain else ()), *undated)


def is_recent(one: Diagnosis, since: date) -> bool:
    """Begun or recorded since that day, or in a stay that ended since it, or undated."""
    stay = one.stay.last if one.stay is not None else None
    dates = [when for when in (one.onset, one.recorded, stay) if when is not None]
    return not dates or any(when.last >= since for when in dates)


def irradiates_the_spine(act: Act) -> bool:
    """Radiotherapy that may be of the spine."""
    return act.is_any(sets.RADIOTHERAPY) and (
        not act.sites or not act.sites.isdisjoint(sets.SPINE) or not act.sites.isdisjoint(sets.BONE_UNSPECIFIED)
    )


def _treats(act: Act, compression: Diagnosis, recent: date) -> bool | None:
    """A decompression, or radiotherapy that may be of the spine, not earlier than the compression.

    An undated act ends no alert. An undated compression is treated by an act of the last days; an older one leaves it open.
    """
    if not act.is_any(sets.SPINAL_DECOMPRESSION) and not irradiates_the_spine(act):
        return False
    begin = compression.begun
    when = act.dated
    if act.under_way or when is None:
        return act.under_way
    if begin is None:
        return True if when.last >= recent else None
    return when.last >= begin.first


URGENCY = (*hypercalcaemic_crisis_calcium.reads, *untreated_cord_compression.reads)
"""What `is_urgent` reads; rules whose words use the urgency exception declare it."""


def is_urgent(order: Order, patient: Facts) -> bool:
    """The order says so, or the patient has a skeletal emergency; what cannot be known does not make it urgent."""
    return (
        order.urgent
        or hypercalcaemic_crisis_calcium(order, patient).holds is True
        or untreated_cord_compression(order, patient).holds is True
    )


def may_be_postponed(order: Order, patient: Facts) -> bool:
    """No card offers to postpone urgent radiotherapy: it says the dates."""
    return not (isinstance(order, RadiotherapyOrder) and is_urgent(order, patient))


EXCEPTION_USED = _("Urgent: the exception «unless urgent» of the referential is used.")


def with_urgency(advice: Advice, order: Order, patient: Facts) -> Advice:
    """The same advice one level milder for an urgent order, saying that the exception is used."""
    if not is_urgent(order, patient):
        return advice
    return replace(advice, indicator=advice.indicator.milder, remarks=(EXCEPTION_USED, *advice.remarks))
