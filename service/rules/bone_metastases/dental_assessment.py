"""The dental assessment before an antiresorptive: an examination and an orthopantomogram (RAO §2.3 and box; ONC)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from mappings.dates import days_before
from mappings.facts import Act, Collected, Facts, Order
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import orders_of
from service.rules.bone_metastases.requests import DENTAL_EXAMINATION, ORTHOPANTOMOGRAM
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import either, negated
from service.rules.naming import a_time
from service.rules.offers import OrderAct


@dataclass(frozen=True, slots=True)
class Review:
    """A part of the dental assessment: the acts that are one, the orders that ask for it, the request that is offered."""

    done: frozenset[str]
    asked: frozenset[str]
    offer: OrderAct

    def missing(self, patient: Facts, *told: Collected[Act], on: date | None = None) -> bool | None:
        """Not done within the setting's days before a day (today), as far as the resources that tell of it could be read."""
        until = on or patient.today
        since = days_before(until, settings_of(patient).dental_valid_days)
        return negated(either(*(acts.any(partial(self._done, since=since, until=until)) for acts in told)))

    def _done(self, act: Act, since: date, until: date) -> bool | None:
        """An act without a date cannot tell."""
        if not act.is_any(self.done):
            return False
        return None if act.dated is None else act.dated.within(since, until)

    def ordered(self, patient: Facts) -> bool:
        """Drafted or ordered, and not done yet."""
        return bool(orders_of(patient, self.asked))

    def line(self, patient: Facts) -> Text:
        """A line of the checklist."""
        if self.ordered(patient):
            return _("{act}: ordered, not done yet", act=self.offer.name)
        return _("{act}: none in {time}", act=self.offer.name, time=a_time(settings_of(patient).dental_valid_days))


EXAMINATION = Review(sets.DENTAL_EXAMINATION, sets.DENTAL_EXAMINATION | sets.DENTAL_REQUEST, DENTAL_EXAMINATION)
PANORAMIC = Review(sets.ORTHOPANTOMOGRAM, sets.ORTHOPANTOMOGRAM, ORTHOPANTOMOGRAM)


@condition(_("no dental examination in the last {dental_valid_days}"), reads=("procedures",))
def no_examination(_order: Order | None, patient: Facts) -> Truth:
    """As procedures tell it."""
    return that(EXAMINATION.missing(patient, patient.procedures), patient.procedures)


@condition(_("no orthopantomogram in the last {dental_valid_days}"), reads=("procedures", "imaging"))
def no_orthopantomogram(_order: Order | None, patient: Facts) -> Truth:
    """As procedures and imaging tell it."""
    missing = PANORAMIC.missing(patient, patient.procedures, patient.imaging)
    return that(missing, patient.procedures, patient.imaging)


REVIEWS = {no_examination: EXAMINATION, no_orthopantomogram: PANORAMIC}
"""Which part of the assessment is missing where a condition holds."""
