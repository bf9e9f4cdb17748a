"""Two antiresorptives at once: which drug is another one, and when it is given with the one that is ordered (RAO §2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from mappings.dates import days_before
from mappings.facts import Drug, DrugOrder, Exposure, Exposures, Facts
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import same_drug
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, condition, that
from service.rules.logic import either

ANY_ANTIRESORPTIVE = sets.ANTIRESORPTIVES | sets.ALL_BISPHOSPHONATES
UNTOLD_BISPHOSPHONATE = frozenset({"bisphosphonate_prefix"})

ONLY_OVERLAP = _("The only overlap is zoledronic acid at the end of denosumab: then stop the denosumab on record.")


def overlap_of(order: DrugOrder, others: Iterable[Drug], patient: Facts) -> Iterator[Text]:
    """What is said of the one overlap, where it can be meant: of denosumab and zoledronic acid, and denosumab was given."""
    drugs = (order.drug, *others)
    are_the_two = all(
        any(drug.is_any(concepts) for drug in drugs) for concepts in (sets.DENOSUMAB, sets.ZOLEDRONIC_ACID)
    )
    if are_the_two and patient.exposures.of(sets.DENOSUMAB).entries:
        yield ONLY_OVERLAP


_MG_OF_OSTEOPOROSIS = next(mg for drugs, mg, _route in sets.OSTEOPOROSIS_STRENGTHS if drugs == sets.DENOSUMAB)


def _is_osteoporosis_denosumab(drug: Drug, dose: Decimal | None) -> bool | None:
    """Denosumab 60 mg; None where nothing tells its strength."""
    if drug.is_any(sets.DENOSUMAB & sets.OSTEOPOROSIS_PRODUCTS):
        return True
    if drug.is_any(sets.DENOSUMAB & sets.BONE_METASTASIS_PRODUCTS):
        return False
    milligrams = dose if dose is not None else drug.strength_mg
    return None if milligrams is None else milligrams == _MG_OF_OSTEOPOROSIS


def is_another(order: DrugOrder, drug: Drug, dose: Decimal | None) -> bool | None:
    """Another antiresorptive than the one ordered; denosumab of osteoporosis is another than that of bone metastases."""
    if not drug.is_any(ANY_ANTIRESORPTIVE):
        return False
    if order.is_any(sets.DENOSUMAB) and drug.is_any(sets.DENOSUMAB):
        strengths = (
            _is_osteoporosis_denosumab(order.drug, order.dosage.dose_mg),
            _is_osteoporosis_denosumab(drug, dose),
        )
        return None not in strengths and strengths[0] is not strengths[1]
    if drug.is_any(UNTOLD_BISPHOSPHONATE) and not order.is_any(sets.DENOSUMAB):
        return None
    return same_drug(order.concepts).isdisjoint(same_drug(drug.concepts))


def other_drafts(order: DrugOrder, patient: Facts) -> tuple[DrugOrder, ...]:
    """Drafts of another antiresorptive."""
    drafts = (one for one in patient.orders if one.draft and isinstance(one, DrugOrder) and one is not order)
    return tuple(one for one in drafts if is_another(order, one.drug, one.dosage.dose_mg))


def _is_given(entry: Exposure, order: DrugOrder, patient: Facts) -> bool | None:
    """Another one that is ongoing, planned, or was given lately and not stopped."""
    another = is_another(order, entry.drug, entry.dosage.dose_mg)
    if another is not True:
        return another
    if entry.ongoing or entry.planned:
        return True
    if patient.exposures.of(same_drug(entry.drug.concepts)).stopped:
        return False
    if entry.last_dose is None:
        return None if entry.last_dose_undated or entry.maybe_ongoing else False
    since = days_before(patient.today, settings_of(patient).both_antiresorptives_days)
    return entry.last_dose.within(since, patient.today)


def others_given(order: DrugOrder, patient: Facts) -> tuple[Exposure, ...]:
    """Other antiresorptives of the record that are given at the same time."""
    return tuple(
        entry for entry in patient.exposures.of(ANY_ANTIRESORPTIVE).entries if _is_given(entry, order, patient)
    )


@condition(
    _(
        "another antiresorptive is ordered, ongoing, planned or was given in the last {both_antiresorptives_days} and not "
        "stopped"
    ),
    reads=("exposures", "orders"),
)
def another_antiresorptive(order: DrugOrder, patient: Facts) -> Truth:
    """By the drafts, or by the record."""
    exposures = patient.exposures.of(ANY_ANTIRESORPTIVE)
    drug = (order.concepts, order.drug.concepts, order.drug.strength_mg, order.dosage.dose_mg)
    return exposures.once(("another antiresorptive", drug), lambda: _another_beside(order, patient, exposures))


def _another_beside(order: DrugOrder, patient: Facts, exposures: Exposures) -> Truth:
    given = exposures.any(lambda entry: _is_given(entry, order, patient))
    return that(either(bool(other_drafts(order, patient)), given), exposures)
