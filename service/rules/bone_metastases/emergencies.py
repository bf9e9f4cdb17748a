"""Emergencies, in `patient-view` and on any relevant order (RAO, contexte général §4, radiothérapie; ONC)."""

from __future__ import annotations

from mappings.facts import Facts, Order, RadiotherapyOrder
from mappings.facts.bones import SPINE, includes
from mappings.vocabulary import concept_sets as sets
from mappings.wording import _
from service.rules.bone_metastases.documents import KAS, ONC, rao
from service.rules.bone_metastases.situations import (
    ANY_RELEVANT,
    few_bone_metastases,
    hypercalcaemic_crisis_calcium,
    orders_of,
    rule,
    that,
    unless_all,
    untreated_cord_compression,
)
from service.rules.outcome import Advice, Indicator, Outcome


@rule(
    "hypercalcaemic-crisis",
    title=_(
        "Calcium above 3.5 mmol/L is an acute hypercalcaemic crisis",
    ),
    citations=(rao("general", "§4"),),
    trigger=ANY_RELEVANT,
    patient_view=True,
    needs=("crisis_calcium",),
    severest=Indicator.CRITICAL,
    once=True,
)
def hypercalcaemic_crisis(_order: Order | None, patient: Facts) -> Outcome:
    """Corrected, or failing that uncorrected, calcium above 3.5 mmol/L in the last 7 days."""
    blocked = unless_all(hypercalcaemic_crisis_calcium(patient))
    if blocked:
        return blocked
    calcium = patient.crisis_calcium
    corrected = calcium.test(lambda value: value.corrected)
    summary = (
        _(
            "Hypercalcaemic crisis: corrected calcium above 3.5 mmol/L, emergency care",
        )
        if corrected
        else _(
            "Hypercalcaemic crisis: uncorrected calcium above 3.5 mmol/L, emergency care",
        )
    )
    return Advice(
        Indicator.CRITICAL,
        summary,
        (
            _(
                "Life is at risk. The patient counts as urgent for the exceptions of the referential.",
            ),
        ),
        (calcium,),
    )


def _may_be_of_the_spine(order: Order) -> bool:
    """It may treat the compression; stereotactic radiotherapy does not: it is contraindicated there (RAO §2.2.1)."""
    return (
        isinstance(order, RadiotherapyOrder)
        and not order.prescription.stereotactic
        and (not order.sites or includes(order.prescription.regions, SPINE))
    )


@rule(
    "spinal-cord-compression",
    title=_("Spinal cord compression is an emergency"),
    citations=(ONC, rao("radiotherapy", "§1.3, §2.1")),
    trigger=ANY_RELEVANT,
    patient_view=True,
    needs=("conditions", "procedures", "orders"),
    severest=Indicator.CRITICAL,
    once=True,
    reading=_(
        "An undated condition counts; decompression or radiotherapy since then ends the alert (our reading).",
    ),
)
def spinal_cord_compression(_order: Order | None, patient: Facts) -> Outcome:
    """An active cord compression or cauda equina syndrome, neither decompressed nor irradiated since."""
    compression = untreated_cord_compression(patient)
    blocked = unless_all(compression)
    if blocked:
        return blocked
    detail = []
    corticosteroids = orders_of(patient, sets.SYSTEMIC_CORTICOSTEROIDS)
    if not corticosteroids:
        detail.append(_("High-dose corticosteroid."))
    elif not any(one.draft for one in corticosteroids):  # one that was ordered before may be for something else
        detail.append(
            _(
                "A corticosteroid is ordered already: check that its dose is high.",
            )
        )
    if not orders_of(patient, sets.SPINAL_DECOMPRESSION):
        detail.append(_("Surgical opinion for decompression."))
    if not any(_may_be_of_the_spine(order) for order in orders_of(patient, sets.RADIOTHERAPY)):
        detail.append(
            _(
                "Radiotherapy 30 Gy / 10 or 20 Gy / 5 (8 Gy once only with a poor outlook), alone when no "
                "decompression is "
                "indicated.",
            )
        )
    return Advice(
        Indicator.CRITICAL,
        _(
            "Spinal cord compression: emergency, steroids, surgical opinion, radiotherapy",
        ),
        tuple(detail) or (_("What is needed is ordered already."),),
        compression.basis,
    )


@rule(
    "oligometastatic-bone-disease",
    title=_(
        "Few bone metastases: local ablative treatment is discussed in a tumour board",
    ),
    citations=(ONC, rao("radiotherapy", "§1.5"), KAS),
    patient_view=True,
    needs=("finding",),
    severest=Indicator.INFO,
    reading=_(
        "The referential counts 1 to 3 sites and 1 to 5 metastases under 5 cm, KAS 3 to 4 cm for ablation, ONC at "
        "most 5 metastases: "
        "this reminder takes ONC's.",
    ),
)
def oligometastatic_bone_disease(_order: Order | None, patient: Facts) -> Outcome:
    """1 to 5 bone metastases recorded as a number."""
    count = patient.finding("bone-metastasis-count")
    blocked = unless_all(
        that(
            _(
                "1 to 5 bone metastases are recorded as a number",
            ),
            few_bone_metastases(patient),
            count,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Few bone metastases: discuss local ablative treatment in a tumour board",
        ),
        (
            _(
                "Stereotactic radiotherapy, surgery or interventional radiology.",
            ),
        ),
        (count,),
    )
