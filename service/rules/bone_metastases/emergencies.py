"""Emergencies, in `patient-view` and on any relevant order (RAO, contexte général §4, radiothérapie; ONC)."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.facts import CALCIUM_CRISIS_ABOVE, Facts, Order, RadiotherapyOrder, known
from mappings.facts.bones import SPINE, includes
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.conditions import (
    FEW_BONE_METASTASES,
    few_bone_metastases,
    not_end_of_life,
    orders_of,
)
from service.rules.bone_metastases.documents import KAS, ONC, rao
from service.rules.bone_metastases.oligometastatic import DEFINITION
from service.rules.bone_metastases.schemes import GRAY, ONCE, SHORTER, USUAL
from service.rules.bone_metastases.triggers import ANY_RELEVANT
from service.rules.bone_metastases.urgency import (
    hypercalcaemic_crisis_calcium,
    untreated_cord_compression,
)
from service.rules.bone_metastases.wording import _
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import ORDERING, VIEWING, rule
from service.rules.say import critical, info


@rule(
    "hypercalcaemic-crisis",
    title=_("Calcium above {limit} mmol/L is an acute hypercalcaemic crisis", limit=CALCIUM_CRISIS_ABOVE),
    citations=(rao("general", "§4"),),
    trigger=ANY_RELEVANT,
    hooks=ORDERING | VIEWING,
    when=(hypercalcaemic_crisis_calcium,),
    severest=Indicator.CRITICAL,
    once=True,
)
def hypercalcaemic_crisis(_order: Order | None, patient: Facts) -> Outcome:
    """Whether the calcium is corrected for albumin, and that the patient counts as urgent."""
    calcium = known(patient.crisis_calcium)
    if calcium.value.corrected:
        summary = _(
            "Hypercalcaemic crisis: corrected calcium above {limit} mmol/L, emergency care", limit=CALCIUM_CRISIS_ABOVE
        )
    else:
        summary = _(
            "Hypercalcaemic crisis: uncorrected calcium above {limit} mmol/L, emergency care",
            limit=CALCIUM_CRISIS_ABOVE,
        )
    return critical(
        summary,
        _("Emergency care now: life is at risk. The patient counts as urgent for the exceptions of the referential."),
        rests_on=[calcium],
    )


@rule(
    "spinal-cord-compression",
    title=_("Spinal cord compression is an emergency"),
    citations=(ONC, rao("radiotherapy", "§1.3, §2.1")),
    trigger=ANY_RELEVANT,
    hooks=ORDERING | VIEWING,
    when=(untreated_cord_compression,),
    reads=("orders",),
    severest=Indicator.CRITICAL,
    once=True,
    reading=_("An undated condition counts; decompression or radiotherapy since then ends the alert (our reading)."),
)
def spinal_cord_compression(_order: Order | None, patient: Facts) -> Outcome:
    """Steroids, surgical opinion and radiotherapy, as far as they are not ordered yet."""
    return critical(
        _("Spinal cord compression: emergency, steroids, surgical opinion, radiotherapy"),
        *(tuple(_still_to_order(patient)) or (_("What is needed is ordered already."),)),
        rests_on=untreated_cord_compression(None, patient).basis,
    )


def _still_to_order(patient: Facts) -> Iterator[Text]:
    """What a cord compression needs beside what is drafted or ordered."""
    corticosteroids = orders_of(patient, sets.SYSTEMIC_CORTICOSTEROIDS)
    if not corticosteroids:
        yield _("High-dose corticosteroid.")
    elif not any(one.draft for one in corticosteroids):  # one that was ordered before may be for something else
        yield _("Check that the dose of the corticosteroid on order is high.")
    if not orders_of(patient, sets.SPINAL_DECOMPRESSION):
        yield _("Surgical opinion for decompression.")
    if not any(_may_be_of_the_spine(order) for order in orders_of(patient, sets.RADIOTHERAPY)):
        yield _(
            "Radiotherapy {usual} or {shorter} ({once} once only with a poor outlook), alone when no decompression is indicated.",
            usual=USUAL.in_full(GRAY),
            shorter=SHORTER.spelled(GRAY),
            once=ONCE.dose(GRAY),
        )


def _may_be_of_the_spine(order: Order) -> bool:
    """It may treat the compression; stereotactic radiotherapy does not: it is contraindicated there (RAO §2.2.1)."""
    return (
        isinstance(order, RadiotherapyOrder)
        and not order.prescription.stereotactic
        and (not order.sites or includes(order.prescription.regions, SPINE))
    )


@rule(
    "oligometastatic-bone-disease",
    title=_("Few bone metastases: local ablative treatment is discussed in a tumour board"),
    citations=(ONC, rao("radiotherapy", "§1.5"), KAS),
    when=(few_bone_metastases, not_end_of_life),
    severest=Indicator.INFO,
    reading=_(
        "The referential has a definition ({definition}), KAS 3 to 4 cm for ablation, ONC at most {most} metastases: this "
        "reminder takes ONC's.",
        definition=DEFINITION,
        most=FEW_BONE_METASTASES[1],
    ),
)
def oligometastatic_bone_disease(_order: None, patient: Facts) -> Outcome:
    """The local treatments to discuss."""
    return info(
        _("Few bone metastases: discuss local ablative treatment in a tumour board"),
        _("Discuss stereotactic radiotherapy, surgery or interventional radiology."),
        rests_on=few_bone_metastases(None, patient).basis,
    )
