"""Radiosensitisers before and after radiotherapy: two directions, one table of windows (RAO, radiothérapie §3.1, Tableau 6)."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.facts import FRACTIONS_A_WEEK_SAID, DrugOrder, Facts, Order, RadiotherapyOrder
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conflict_words import SOMETIMES_FATAL, act, held, line, told_once
from service.rules.bone_metastases.conflicts import (
    Pair,
    conflicts_among,
    earliest_starts,
    most_severe,
    pairs_of_drug,
    pairs_of_radiotherapy,
    radiotherapy_may_be_too_close,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.triggers import drug_order
from service.rules.bone_metastases.urgency import URGENCY, is_urgent, may_be_postponed
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import either
from service.rules.naming import act_at, planned_remarks
from service.rules.offers import StartOn, UpdateOrder
from service.rules.outcome import Advice, Basis, Indicator, Outcome
from service.rules.rule import Trigger, rule
from service.rules.say import advise

RADIOTHERAPY_DRAFT = Trigger(_("draft order of external radiotherapy"), lambda _order: True, kind=RadiotherapyOrder)
RT = _("RT")
"""Radiotherapy in a summary, which is short."""

RADIOSENSITISER_DRAFT = drug_order(_("draft order of a radiosensitiser"), sets.RADIOSENSITISERS)


@condition(
    _("a radiosensitiser is ongoing, or was or will be given within its window of the radiotherapy"),
    reads=("exposures", "orders"),
)
def radiosensitiser_too_close(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """A drug on record or drafted, before or after; one whose last dose nobody knows leaves it open."""
    exposures = patient.exposures.of(sets.RADIOSENSITISERS)
    return _too_close(pairs_of_radiotherapy(order, patient), patient, exposures, unsettled=exposures.unsettled)


@condition(
    _(
        "radiotherapy is under way, or ended or is planned within the window of the drug ({longest_course_days} more where "
        "its end is not known)"
    ),
    reads=("radiotherapies", "radiotherapy_orders"),
)
def radiotherapy_too_close(order: DrugOrder, patient: Facts) -> Truth:
    """Radiotherapy of any site, on record or drafted."""
    courses, orders = patient.radiotherapies, patient.radiotherapy_orders
    unsettled = radiotherapy_may_be_too_close(order, patient)
    return _too_close(pairs_of_drug(order, patient), patient, courses, orders, unsettled=unsettled)


def _too_close(pairs: Sequence[Pair], patient: Facts, *looked_at: Basis, unsettled: bool) -> Truth:
    """One of the pairs is a conflict; where none is known to be, what could not be looked up leaves it open."""
    found = bool(conflicts_among(pairs, patient))
    return that(either(found, None if unsettled else False), *looked_at)


@rule(
    "radiosensitiser-before-radiotherapy",
    title=_("A radiosensitiser is held for its window before radiotherapy"),
    citations=(rao("radiotherapy", "§3.1, Tableau 6, box"),),
    trigger=RADIOTHERAPY_DRAFT,
    when=(radiosensitiser_too_close,),
    reads=URGENCY,
    severest=Indicator.CRITICAL,
    reading=_(
        "For bleomycin and anti-angiogenics other than bevacizumab the source asks for a strict interval without a "
        "figure: we look back for the days of the setting and give no date. Theory says five half-lives; Tableau 6 "
        "gives weeks and is used. Of two drafts the one that comes later has to wait, and one card speaks of the "
        "pair. Etoposide is compatible in Tableau 6, and not named in text or box: it is no radiosensitiser here.",
    ),
)
def radiosensitiser_before_radiotherapy(order: RadiotherapyOrder, patient: Facts) -> Outcome:
    """One card of all radiosensitisers around the radiotherapy."""
    return _hold(conflicts_among(pairs_of_radiotherapy(order, patient), patient), order, patient, act_at(order, RT))


@rule(
    "radiosensitiser-after-radiotherapy",
    title=_("A radiosensitiser is held for its window after radiotherapy, and before planned radiotherapy"),
    citations=(rao("radiotherapy", "§3.1, Tableau 6, box"),),
    trigger=RADIOSENSITISER_DRAFT,
    when=(radiotherapy_too_close,),
    reads=URGENCY,
    severest=Indicator.CRITICAL,
    reading=_(
        "An end that is not stated is reckoned from start and fractions, {rate}; without fractions the window is reckoned "
        "from the start: critical within it, and a warning for {longest_course_days} more.",
        rate=FRACTIONS_A_WEEK_SAID,
    ),
)
def radiosensitiser_after_radiotherapy(order: DrugOrder, patient: Facts) -> Outcome:
    """One card of all radiotherapy around the drug."""
    return _hold(conflicts_among(pairs_of_drug(order, patient), patient), order, patient, RT)


def _hold(conflicts: Sequence[Pair], order: Order, patient: Facts, radiotherapy: Text) -> Advice:
    """A line a conflict, the most severe level, and each draft that has to wait moved to the latest of its dates.

    Urgent radiotherapy is never moved: the dates are said.
    """
    urgent = is_urgent(order, patient)
    told = told_once(conflicts)
    drafts = (draft for pair in conflicts for draft in (pair.giving.draft, pair.irradiation.draft) if draft is not None)
    return advise(
        most_severe(conflicts, patient, urgent=urgent),
        held(conflicts, radiotherapy),
        *act(conflicts, urgent=urgent),
        SOMETIMES_FATAL,
        rests_on=(basis for pair in conflicts for basis in (pair.giving.basis, pair.irradiation.basis)),
        offers=(
            UpdateOrder(late, (StartOn(day),))
            for late, day in earliest_starts(conflicts)
            if may_be_postponed(late, patient)
        ),
        remarks=dict.fromkeys(remark for draft in drafts for remark in planned_remarks(draft)),
        lines=(line(conflict, alone=len(told) == 1) for conflict in told),
    )
