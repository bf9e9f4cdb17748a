"""Dialysis and end-stage kidney disease, which say more than any creatinine (`rules.md`, "Creatinine clearance")."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from mappings.dates import When, day, days_before
from mappings.facts import (
    KIDNEY_FAILURE_BELOW,
    Absent,
    Act,
    Clearance,
    ClearanceMethod,
    Collected,
    Diagnosis,
    Fact,
    Known,
    Unavailable,
)
from mappings.quantities import ZERO, Bounds
from mappings.readers.clearance import WHAT
from mappings.vocabulary import concept_sets as sets
from mappings.wording import _

DIALYSIS_DAYS = 30
"""Days that a session of dialysis tells of; a setting of ours."""

NOT_LOOKED_FOR = _("Dialysis and kidney failure could not be looked for")


def kidney_failure(conditions: Collected[Diagnosis], procedures: Collected[Act], today: date) -> Fact[Clearance]:
    """A clearance below the limit where dialysis, end-stage or stage 5 disease is on record, without a later transplant."""
    diagnosed = [one for one in conditions if _is_failure(one)]
    since = days_before(today, DIALYSIS_DAYS)
    dialysed = [act for act in procedures if _is_session(act, since, today)]
    transplant = _last_transplant(conditions, procedures)
    for source, when in (
        *((one.source, one.onset or one.recorded) for one in diagnosed),
        *((act.source, act.dated) for act in dialysed),
    ):
        if not _outlived(when, transplant):
            why = _("dialysis or end-stage kidney disease on record")
            below = Bounds(ZERO, KIDNEY_FAILURE_BELOW, high_open=True)
            return Known(WHAT, Clearance(below, when or day(today), ClearanceMethod.KIDNEY_FAILURE, why), (source,))
    if conditions.unsettled or procedures.unsettled:
        return Unavailable(WHAT, (*conditions.unavailable.why, *procedures.unavailable.why))
    return Absent(WHAT)


def doubted_kidney_failure(
    conditions: Collected[Diagnosis], procedures: Collected[Act], today: date
) -> Unavailable | None:
    """Why the clearance cannot be told: an entry of kidney failure that may or may not count."""
    since = days_before(today, DIALYSIS_DAYS)
    why = (
        *(one.why for one in conditions.uncertain if _is_failure(one.entry)),
        *(one.why for one in procedures.uncertain if _is_session(one.entry, since, today)),
    )
    return Unavailable(WHAT, why) if why else None


def not_looked_for(found: Known[Clearance]) -> Known[Clearance]:
    """The same clearance, saying that nobody could look for kidney failure."""
    return replace(found, remarks=(*found.remarks, NOT_LOOKED_FOR))


def _is_failure(one: Diagnosis) -> bool:
    return one.active and one.is_any(sets.DIALYSIS | sets.END_STAGE_KIDNEY_DISEASE)


def _is_session(act: Act, since: date, today: date) -> bool:
    return act.is_any(sets.DIALYSIS) and (act.under_way or (act.dated is not None and act.dated.within(since, today)))


def _last_transplant(conditions: Collected[Diagnosis], procedures: Collected[Act]) -> date | None:
    """The first day of the latest one that is dated."""
    dates = [
        *((one.onset or one.recorded) for one in conditions if one.is_any(sets.KIDNEY_TRANSPLANT)),
        *(act.dated for act in procedures if act.is_any(sets.KIDNEY_TRANSPLANT)),
    ]
    return max((when.first for when in dates if when is not None), default=None)


def _outlived(when: When | None, transplant: date | None) -> bool:
    """A transplant is certainly not earlier; where one of the two is not dated the failure stands."""
    return when is not None and transplant is not None and transplant >= when.last
