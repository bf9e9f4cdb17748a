"""A systemic drug and radiotherapy of bone that are given together: what of the record counts beside an order of either."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from mappings.facts import (
    DrugOrder,
    Exposure,
    Facts,
    Order,
    RadiotherapyCourse,
    RadiotherapyOrder,
    Target,
)
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.bone_radiotherapy import as_act
from service.rules.bone_metastases.conditions import bone_metastasis, days_between, given_within
from service.rules.bone_metastases.settings import ClinicalSettings, settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Condition, Truth, condition, that
from service.rules.logic import both, either
from service.rules.naming import a_time
from service.rules.outcome import Basis


def _of_bone(target: Target, patient: Facts) -> bool | None:
    """Bone; a target that is not stated counts with a bone metastasis on record."""
    return bone_metastasis(None, patient).holds if target is Target.UNSTATED else target is Target.BONE


@condition(
    _("the radiotherapy is of bone, or its target is not stated with a bone metastasis on record"),
    reads=("conditions",),
)
def radiotherapy_is_of_bone(order: Order, patient: Facts) -> Truth:
    """The radiotherapy that is ordered; beside a drug that is ordered, the record is asked for radiotherapy of bone."""
    if not isinstance(order, RadiotherapyOrder):
        return that(True)
    return that(_of_bone(order.prescription.target, patient), patient.conditions)


READS = ("exposures", "orders", "conditions", "radiotherapies", "radiotherapy_orders")
"""What is asked of drugs and radiotherapy that are given together."""


@dataclass(frozen=True, slots=True)
class Together(ABC):
    """Drugs of a class and radiotherapy of bone: when those of the record, or of other orders, count beside an order."""

    drugs: frozenset[str]

    @abstractmethod
    def counts_drug(self, entry: Exposure, order: Order, patient: Facts) -> bool | None:
        """A drug of the record counts beside the radiotherapy that is ordered."""

    @abstractmethod
    def counts_course(self, course: RadiotherapyCourse, order: Order, patient: Facts) -> bool | None:
        """A course of the record counts beside the drug that is ordered."""

    @abstractmethod
    def counts_order(self, other: RadiotherapyOrder, order: Order, patient: Facts) -> bool:
        """Other radiotherapy that is ordered counts beside the drug that is ordered."""

    @abstractmethod
    def drug_said(self, patient: Facts) -> Text:
        """What is looked for beside radiotherapy."""

    @abstractmethod
    def radiotherapy_said(self, patient: Facts) -> Text:
        """What is looked for beside a drug."""

    def as_condition(self, text: Text) -> Condition:
        """The condition that there is one beside the order; its reason of silence names what was looked for."""
        return Condition(text, READS, self._ask)

    def _ask(self, order: Order, patient: Facts) -> Truth:
        if isinstance(order, RadiotherapyOrder):
            exposures = patient.exposures.of(self.drugs)
            given = exposures.any(lambda entry: self.counts_drug(entry, order, patient))
            return that(either(bool(self._drafts(patient)), given), exposures, text=self.drug_said(patient))
        courses, orders = patient.radiotherapies, patient.radiotherapy_orders
        given = courses.any(lambda course: self._counts_bone_course(course, order, patient))
        planned = orders.any(lambda other: self._counts_bone_order(other, order, patient))
        return that(either(given, planned), courses, orders, text=self.radiotherapy_said(patient))

    def holds_beside(self, order: Order, patient: Facts) -> bool:
        """There is one beside the order, and the radiotherapy is of bone."""
        return bool(radiotherapy_is_of_bone(order, patient).holds and self._ask(order, patient).holds)

    def _counts_bone_course(self, course: RadiotherapyCourse, order: Order, patient: Facts) -> bool | None:
        return both(self.counts_course(course, order, patient), _of_bone(course.target, patient))

    def _counts_bone_order(self, other: RadiotherapyOrder, order: Order, patient: Facts) -> bool | None:
        return both(self.counts_order(other, order, patient), _of_bone(other.prescription.target, patient))

    def _drafts(self, patient: Facts) -> tuple[DrugOrder, ...]:
        drafts = (one for one in patient.orders if one.draft and isinstance(one, DrugOrder))
        return tuple(one for one in drafts if one.is_any(self.drugs))

    def _given(self, order: Order, patient: Facts) -> tuple[Exposure, ...]:
        entries = patient.exposures.of(self.drugs).entries
        return tuple(entry for entry in entries if self.counts_drug(entry, order, patient))

    def beside(self, order: Order, patient: Facts) -> tuple[Basis, ...]:
        """What counts beside the order, of the record first."""
        if isinstance(order, RadiotherapyOrder):
            return (*self._given(order, patient), *self._drafts(patient))
        courses, orders = patient.radiotherapies, patient.radiotherapy_orders
        return (
            *(as_act(course) for course in courses if self._counts_bone_course(course, order, patient)),
            *(other for other in orders if self._counts_bone_order(other, order, patient)),
        )

    def radiotherapies_named(self, order: Order, patient: Facts) -> tuple[RadiotherapyOrder, ...]:
        """The radiotherapy of either half, the same where a drug and radiotherapy share a card; none beside any of the record."""
        if isinstance(order, RadiotherapyOrder):
            sharing = (self.radiotherapies_named(one, patient) for one in self._drafts(patient) if one.triggers)
            return next((several for several in sharing if order in several), (order,))
        beside = self.beside(order, patient)
        orders = tuple(one for one in beside if isinstance(one, RadiotherapyOrder))
        return orders if len(orders) == len(beside) else ()

    def drugs_named(self, order: Order, patient: Facts) -> tuple[Text, ...]:
        """The drugs of either half, each once: the one that is ordered, or those beside the radiotherapy, drafts first."""
        if not isinstance(order, RadiotherapyOrder):
            return (order.name,)
        drafted = (one.name for one in self._drafts(patient))
        given = (entry.drug.name for entry in self._given(order, patient))
        return tuple(dict.fromkeys((*drafted, *given)))


@dataclass(frozen=True, slots=True)
class WithinDays(Together):
    """Ongoing or under way, or so few days apart as a setting says; an undated course leaves it open."""

    days: Callable[[ClinicalSettings], int]

    def _days(self, patient: Facts) -> int:
        return self.days(settings_of(patient))

    def counts_drug(self, entry: Exposure, order: Order, patient: Facts) -> bool | None:
        """Ongoing, or given or planned so near to the radiotherapy that is ordered."""
        return given_within(entry, order.planned.when, self._days(patient), patient.today)

    def counts_course(self, course: RadiotherapyCourse, order: Order, patient: Facts) -> bool | None:
        """Under way, or ended so few days before the drug."""
        if course.under_way:
            return True
        return None if course.ended is None else days_between(course.ended, order.planned.when) <= self._days(patient)

    def counts_order(self, other: RadiotherapyOrder, order: Order, patient: Facts) -> bool:
        """Planned so near to the drug, or without a stated day."""
        return other.planned.assumed or abs(days_between(order.planned.when, other.planned.when)) <= self._days(patient)

    def drug_said(self, patient: Facts) -> Text:
        """What is looked for beside radiotherapy."""
        return _("such a drug is ordered, ongoing, or given or planned within {time}", time=a_time(self._days(patient)))

    def radiotherapy_said(self, patient: Facts) -> Text:
        """What is looked for beside a drug."""
        return _(
            "bone radiotherapy is under way, ended in the last {days} days or is planned in the next",
            days=self._days(patient),
        )


def is_ablative(order: Order) -> bool:
    """An order of stereotactic radiotherapy, or of curative intent."""
    return isinstance(order, RadiotherapyOrder) and (order.prescription.stereotactic or order.prescription.curative)


@dataclass(frozen=True, slots=True)
class WithAblation(Together):
    """A drug that is ongoing, with stereotactic or curative radiotherapy that is under way or planned."""

    def counts_drug(self, entry: Exposure, _order: Order, _patient: Facts) -> bool | None:
        """Ongoing."""
        return entry.goes_on

    def counts_course(self, course: RadiotherapyCourse, _order: Order, _patient: Facts) -> bool | None:
        """Stereotactic or curative, and under way."""
        return course.under_way and (course.stereotactic or course.curative)

    def counts_order(self, other: RadiotherapyOrder, _order: Order, _patient: Facts) -> bool:
        """Stereotactic or curative."""
        return is_ablative(other)

    def drug_said(self, _patient: Facts) -> Text:
        """What is looked for beside radiotherapy."""
        return _("a systemic anticancer drug is ongoing or ordered")

    def radiotherapy_said(self, _patient: Facts) -> Text:
        """What is looked for beside a drug."""
        return _("stereotactic or curative bone radiotherapy is under way or planned")


TOGETHER_CARD = "immunotherapy-with-radiotherapy"
"""One card of immunotherapy and targeted therapy beside radiotherapy, and of what the tumour board is asked besides."""


def asks_for_the_board(order: Order, patient: Facts) -> bool:
    """A card about immunotherapy or a targeted therapy beside the radiotherapy asks for a tumour board."""
    return any(one.holds_beside(order, patient) for one in (IMMUNOTHERAPY, TARGETED_THERAPY))


IMMUNOTHERAPY = WithinDays(sets.CHECKPOINT_INHIBITORS, lambda settings: settings.immunotherapy_days)
TARGETED_THERAPY = WithinDays(sets.TARGETED_THERAPIES, lambda settings: settings.tki_days)
WITH_ABLATION = WithAblation(sets.SYSTEMIC_ANTICANCER)
