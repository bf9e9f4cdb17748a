"""What cards say besides their rules: hydration, the papers of denosumab, and for whom the referential was written."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.facts import DrugOrder, Facts, Order
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import bone_metastasis, other_primary
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.triggers import osteoporosis_form
from service.rules.bone_metastases.wording import _
from service.rules.guideline import Place, note
from service.rules.outcome import Basis


def _is_zoledronate(order: Order | None) -> bool:
    return isinstance(order, DrugOrder) and order.is_any(sets.ZOLEDRONIC_ACID)


def _is_of_osteoporosis(order: Order | None) -> bool:
    return order is not None and order.is_any(sets.ANTIRESORPTIVES) and osteoporosis_form(order)


@note(
    "zoledronate-hydration",
    title=_("Zoledronic acid is given with hydration on the day and the next"),
    citations=(rao("systemic", "§2.4"),),
    about=_is_zoledronate,
    place=Place.DETAIL,
    how_to_give=True,
)
def hydration(_order: Order, _patient: Facts) -> Iterator[Text]:
    """The line of hydration."""
    yield _("Hydration on the day and the next.")


def _is_denosumab(order: Order | None) -> bool:
    return isinstance(order, DrugOrder) and order.is_any(sets.DENOSUMAB)


@note(
    "denosumab-papers",
    title=_("The first denosumab goes with an exception-drug prescription and an injection booklet"),
    citations=(rao("systemic", "§2.4"),),
    about=_is_denosumab,
    place=Place.DETAIL,
    how_to_give=True,
)
def denosumab_papers(_order: Order, patient: Facts) -> Iterator[Text]:
    """The line of a first denosumab."""
    if patient.exposures.of(sets.DENOSUMAB).ever is False:
        yield _("First denosumab: exception-drug prescription, injection booklet.")


@note(
    "osteoporosis-strength",
    title=_("An osteoporosis strength counts as for bone metastases while nobody knows that there are none"),
    citations=(rao("systemic", "§2.1"),),
    about=_is_of_osteoporosis,
    place=Place.REMARK,
)
def osteoporosis_strength(order: Order, patient: Facts) -> Iterator[Text | Basis]:
    """Why a strength of osteoporosis was read as for bone metastases."""
    if order.reasons_unresolved:
        yield _(
            "The strength is that of osteoporosis, but {why}: it counts as for bone metastases.",
            why=order.reasons_unresolved,
        )
    metastasis = bone_metastasis(order, patient)
    if metastasis.holds:
        yield from metastasis.basis
    if metastasis.holds is None:
        yield _(
            "The strength is that of osteoporosis; the conditions could not be looked up, so it counts as for bone metastases."
        )


@note(
    "other-primary",
    title=_("The referential was written for lung cancer"),
    citations=(rao("general"),),
    about=lambda _order: True,
    place=Place.REMARK,
)
def of_another_primary(order: Order | None, patient: Facts) -> Iterator[Text]:
    """That another cancer is the primary, on every card."""
    if other_primary(order, patient).holds:
        yield _("Another primary than lung cancer is on record: the referential was written for lung cancer.")


NOTES = (hydration, denosumab_papers, osteoporosis_strength, of_another_primary)
