"""Radiosensitisers before and after radiotherapy: two directions, one table of windows (RAO, radiothérapie §3.1, Tableau 6)."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.facts import FRACTIONS_A_WEEK_SAID, DrugOrder, Facts, RadiotherapyOrder, Unavailable
from mappings.vocabulary import concept_sets as sets
from service.rules.bone_metastases.conflict_words import SOMETIMES_FATAL, held, line, urgent_dates
from service.rules.bone_metastases.conflicts import (
    Pair,
    conflicts_among,
    earliest_starts,
    most_severe,
    pairs_of_drug,
    pairs_of_radiotherapy,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.triggers import drug_order
from service.rules.bone_metastases.urgency import URGENCY, is_urgent
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import either
from service.rules.naming import planned_remarks
from service.rules.offers import StartOn, UpdateOrder
from service.rules.outcome import Advice, Basis, Indicator, Outcome
from service.rules.rule import Trigger, rule
from service.rules.say import advise

RADIOTHERAPY_DRAFT = Trigger(_("draft order of external radiotherapy"), lambda _order: True, kind=RadiotherapyOrder)
RADIOSENSITISER_DRAFT = drug_order(_("draft order of a radiosensitiser"), sets.RADIOSENSITISERS)

END_UNKNOWN = Unavailable(_("the end of the radiotherapy"), (_("neither an end nor fractions are stated: add them"),))


@condition(
    _("a radiosensitiser is ongoing, or was or will be given within its window of the radiotherapy"),
    reads=("exposures", "orders"),
)
def radiosensitiser_too_close(order: RadiotherapyOrder, patient: Facts) -> Truth:
    """A drug on record or drafted, before or after; one whose last dose nobody knows leaves it open."""
    exposures = patient.exposures.of(sets.RADIOSENSITISERS)
    return _too_close(pairs_of_radiotherapy(order, patient), patient, exposures, unsettled=exposures.unsettled)


@condition(
    _("radiotherapy is under way, or ended or is planned within the window of the drug"),
    reads=("radiotherapies", "radiotherapy_orders"),
)
def radiotherapy_too_close(order: DrugOrder, patient: Facts) -> Truth:
    """Radiotherapy of any site, on record or drafted."""
    courses, orders = patient.radiotherapies, patient.radiotherapy_orders
    unsettled = bool(courses.gaps or orders.gaps)
    return _too_close(pairs_of_drug(order, patient), patient, courses, orders, unsettled=unsettled)


def _too_close(pairs: Sequence[Pair], patient: Facts, *looked_at: Basis, unsettled: bool) -> Truth:
    """One of the pairs is a conflict; where none is known to be, an end that is not known leaves it open."""
    ends = (END_UNKNOWN,) if any(pair.end_unknown for pair in pairs) else ()
    found = bool(conflicts_among(pairs, patient))
    return that(either(found, None if unsettled or ends else False), *looked_at, *ends)


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
    return _hold(conflicts_among(pairs_of_radiotherapy(order, patient), patient), urgent=is_urgent(order, patient))


@rule(
    "radiosensitiser-after-radiotherapy",
    title=_("A radiosensitiser is held for its window after radiotherapy, and before planned radiotherapy"),
    citations=(rao("radiotherapy", "§3.1, Tableau 6, box"),),
    trigger=RADIOSENSITISER_DRAFT,
    when=(radiotherapy_too_close,),
    reads=URGENCY,
    severest=Indicator.CRITICAL,
    reading=_(
        "An end that is not stated is reckoned from start and fractions, {rate}; without fractions no date is given.",
        rate=FRACTIONS_A_WEEK_SAID,
    ),
)
def radiosensitiser_after_radiotherapy(order: DrugOrder, patient: Facts) -> Outcome:
    """One card of all radiotherapy around the drug."""
    return _hold(conflicts_among(pairs_of_drug(order, patient), patient), urgent=is_urgent(order, patient))


def _hold(conflicts: Sequence[Pair], *, urgent: bool) -> Advice:
    """A line a conflict, the most severe level, and each draft that has to wait moved to the latest of its dates."""
    drafts = (draft for pair in conflicts for draft in (pair.giving.draft, pair.irradiation.draft) if draft is not None)
    return advise(
        most_severe(conflicts, urgent=urgent),
        held(conflicts),
        *(urgent_dates(conflicts) if urgent else ()),
        SOMETIMES_FATAL,
        rests_on=(basis for pair in conflicts for basis in (pair.giving.basis, pair.irradiation.basis)),
        offers=(UpdateOrder(order, (StartOn(day),)) for order, day in earliest_starts(conflicts)),
        remarks=dict.fromkeys(remark for draft in drafts for remark in planned_remarks(draft)),
        lines=map(line, conflicts),
    )
