"""Vitamin D that is taken: a loading regimen since the sample, a maintenance, and what is neither (RAO §1 box, §2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from mappings.dates import When
from mappings.facts import Absent, Exposure, ExposureKind, Exposures, Fact, Facts, Known, Order, Unavailable
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.units import WEEK
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.vitamin_d_levels import Correction, corrections_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import SETTLES_NOTHING, Condition, Truth, condition, that

MAINTENANCE_IU_A_DAY = 800
"""IU: at least so much a day is a maintenance, as well as the monthly doses (RAO §1, §2.4)."""

LOADING = _("loading regimen of vitamin D")


@dataclass(frozen=True, slots=True)
class Loading:
    """A loading regimen: its begin, the resource that tells of it, and its weeks."""

    begin: When
    entry: Exposure
    weeks: int

    @property
    def end(self) -> date:
        """The day on which it is complete; of a partial begin the latest day is meant."""
        return self.begin.last + timedelta(weeks=self.weeks)

    def counts(self, today: date) -> bool:
        """It goes on, or was stopped with the last of its doses no more than an interval before its end."""
        if not self.entry.ongoing and not self.entry.stopped:
            return False
        if self.entry.last is None:
            return not self.entry.stopped or today >= self.end
        interval = self.entry.dosage.interval
        days = WEEK if interval is None else max(WEEK, int(interval.longest_days))
        return self.entry.last.last + timedelta(days=days) >= self.end


def supplements(patient: Facts) -> Exposures:
    """Exposure to cholecalciferol, ergocalciferol, calcifediol or a combination."""
    return patient.exposures.of(sets.VITAMIN_D_SUPPLEMENTS)


# --- a loading since the sample ---------------------------------------------------------------------------------------


def loading_under_way(patient: Facts) -> Fact[Loading]:
    """The loading since the sample that the level asks for; a sample that could not be looked up leaves any loading open.

    A level that may ask for either correction (a bound) leaves open a loading that is enough for the shorter one alone.
    """
    level, taken = patient.vitamin_d, supplements(patient)
    if isinstance(level, Known):
        found = [loading_since_sample(patient, one) for one in corrections_of(level.value)]
        loading = found[0]
        if loading is not None and None not in found:
            return Known(LOADING, loading, (loading.entry.source,))
        if any(found):
            return Unavailable(level.what, (SETTLES_NOTHING,), sources=level.sources)
    if taken.gaps:
        return taken.unavailable
    if isinstance(level, Unavailable) and any(_loads(entry, patient) for entry in taken.entries):
        return level
    return Absent(LOADING)


def loading_since_sample(patient: Facts, correction: Correction) -> Loading | None:
    """The first loading regimen begun on or after the sample's day that was not ended too early for the correction."""
    level = patient.vitamin_d
    if not isinstance(level, Known):
        return None
    begun = sorted(
        _loadings(patient, level.value.when, correction.weeks), key=lambda one: (one.begin.first, one.entry.source)
    )
    counting = (loading for loading in begun if loading.counts(patient.today))
    return next(counting, None) or _loading_by_administrations(patient, level.value.when, correction.weeks)


def _loadings(patient: Facts, sample: When, weeks: int) -> Iterator[Loading]:
    for entry in supplements(patient).entries:
        begin = _begun_since(sample, entry)
        if begin is not None and entry.certain and _loads(entry, patient):
            yield Loading(begin, entry, weeks)


def _loading_by_administrations(patient: Facts, sample: When, weeks: int) -> Loading | None:
    """Two or more doses given since the sample that come to a loading rate."""
    given = sorted(
        (
            (entry.last_dose, entry.dosage.dose_iu, entry)
            for entry in supplements(patient).entries
            if entry.kind is ExposureKind.ADMINISTRATION
            and entry.certain
            and entry.dosage.dose_iu
            and entry.last_dose is not None
            and entry.last_dose.last >= sample.first
        ),
        key=lambda dose: (dose[0].first, dose[-1].source),
    )
    if not given:
        return None
    begin, _iu, first = given[0]
    days = (given[-1][0].last - begin.first).days
    total = sum(iu for _when, iu, _entry in given[:-1])
    if days <= 0 or total * WEEK / days < settings_of(patient).vitamin_d_loading_iu_a_week:
        return None
    return Loading(begin, first, weeks)


def _begun_since(sample: When, entry: Exposure) -> When | None:
    """Its begin, where that is not before the sample's day; of partial dates any day may be meant."""
    begin = entry.first
    return begin if begin is not None and begin.last >= sample.first else None


def _loads(entry: Exposure, patient: Facts) -> bool:
    """So many IU a week as a loading regimen, by the setting."""
    return _reaches(settings_of(patient).vitamin_d_loading_iu_a_week, entry)


def _reaches(iu_a_week: Decimal | int, entry: Exposure) -> bool:
    """At least so many IU a week; an unknown dose or interval is not enough."""
    weekly = entry.dosage.weekly_iu
    return weekly is not None and weekly >= iu_a_week


@condition(_("a loading regimen was begun since the sample"), reads=("vitamin_d", "exposures"))
def loading_begun(_order: Order | None, patient: Facts) -> Truth:
    """One that the level asks for, not ended too early."""
    loading = loading_under_way(patient)
    unsettled = (loading,) if isinstance(loading, Unavailable) else ()
    return that(loading.test(lambda _loading: True), *unsettled, supplements(patient))


def no_loading_of(correction: Correction) -> Condition:
    """That no loading of the correction's weeks is under way; a history that could not be read does not hold the card back."""

    @condition(_("no loading regimen was begun since the sample"), reads=("vitamin_d", "exposures"))
    def no_loading(_order: Order | None, patient: Facts) -> Truth:
        loading = loading_since_sample(patient, correction)
        return that(True) if loading is None else that(False, loading.entry)

    return no_loading


# --- what else is on record -------------------------------------------------------------------------------------------


def _taken_or_planned(patient: Facts) -> Iterator[Exposure]:
    return (entry for entry in supplements(patient).entries if entry.ongoing or entry.planned)


def loading_ordered(patient: Facts) -> bool:
    """A loading regimen is running or ordered already, whenever it was begun."""
    return any(_loads(entry, patient) for entry in _taken_or_planned(patient))


def maintained(patient: Facts) -> bool:
    """A maintenance of vitamin D runs or is ordered already."""
    return any(_reaches(MAINTENANCE_IU_A_DAY * WEEK, entry) for entry in _taken_or_planned(patient))


def without_correcting(patient: Facts, sample: When) -> tuple[Exposure, ...]:
    """Vitamin D that is taken without correcting a lack, and loadings since the sample that were stopped too early."""
    return tuple(
        entry
        for entry in supplements(patient).entries
        if entry.ongoing or (entry.stopped and _begun_since(sample, entry) is not None)
    )
