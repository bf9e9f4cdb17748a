"""Emergencies, in `patient-view` and on any relevant order (RAO, contexte général §4, radiothérapie; ONC)."""

from __future__ import annotations

from mappings import concept_sets as sets
from mappings.facts import Facts, Order
from mappings.facts.bones import SPINE, includes
from mappings.wording import Text
from service.rules.citation import KAS, ONC, rao
from service.rules.outcome import Advice, Indicator, Outcome, unless_all
from service.rules.rule import rule
from service.rules.situations import (
    ANY_RELEVANT,
    few_bone_metastases,
    hypercalcaemic_crisis_calcium,
    orders_of,
    that,
    untreated_cord_compression,
)


@rule(
    "hypercalcaemic-crisis",
    title=Text(
        "Calcium above 3.5 mmol/L is an acute hypercalcaemic crisis",
        "Une calcémie de plus de 3,5 mmol/L est une crise aiguë hypercalcémique",
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
        Text(
            "Hypercalcaemic crisis: corrected calcium above 3.5 mmol/L, emergency care",
            "Crise hypercalcémique : calcémie corrigée de plus de 3,5 mmol/L, soins d'urgence",
        )
        if corrected
        else Text(
            "Hypercalcaemic crisis: uncorrected calcium above 3.5 mmol/L, emergency care",
            "Crise hypercalcémique : calcémie non corrigée de plus de 3,5 mmol/L, soins d'urgence",
        )
    )
    return Advice(
        Indicator.CRITICAL,
        summary,
        (
            Text(
                "Life is at risk. The patient counts as urgent for the exceptions of the referential.",
                "Le pronostic vital est en jeu. Le patient compte comme urgent pour les exceptions du référentiel.",
            ),
        ),
        (calcium,),
    )


def _may_be_of_the_spine(order: Order) -> bool:
    """It may treat the compression; stereotactic radiotherapy does not: it is contraindicated there (RAO §2.2.1)."""
    return (
        order.radiotherapy is not None
        and not order.radiotherapy.stereotactic
        and (not order.sites or includes(order.radiotherapy.regions, SPINE))
    )


@rule(
    "spinal-cord-compression",
    title=Text("Spinal cord compression is an emergency", "La compression médullaire est une urgence"),
    citations=(ONC, rao("radiotherapy", "§1.3, §2.1")),
    trigger=ANY_RELEVANT,
    patient_view=True,
    needs=("conditions", "procedures", "orders"),
    severest=Indicator.CRITICAL,
    once=True,
    reading=Text(
        "An undated condition counts; decompression or radiotherapy since then ends the alert (our reading).",
        "Une pathologie sans date compte ; décompression ou radiothérapie depuis met fin à l'alerte (notre lecture).",
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
        detail.append(Text("High-dose corticosteroid.", "Corticoïde à forte dose."))
    elif not any(one.draft for one in corticosteroids):  # one that was ordered before may be for something else
        detail.append(
            Text(
                "A corticosteroid is ordered already: check that its dose is high.",
                "Un corticoïde est déjà prescrit : vérifier que sa dose est forte.",
            )
        )
    if not orders_of(patient, sets.SPINAL_DECOMPRESSION):
        detail.append(Text("Surgical opinion for decompression.", "Avis chirurgical de décompression."))
    if not any(_may_be_of_the_spine(order) for order in orders_of(patient, sets.RADIOTHERAPY)):
        detail.append(
            Text(
                "Radiotherapy 30 Gy / 10 or 20 Gy / 5 (8 Gy once only with a poor outlook), alone when no "
                "decompression is "
                "indicated.",
                "Radiothérapie 30 Gy / 10 ou 20 Gy / 5 (8 Gy en une fois seulement si mauvais pronostic), seule en "
                "l'absence "
                "d'indication de décompression.",
            )
        )
    return Advice(
        Indicator.CRITICAL,
        Text(
            "Spinal cord compression: emergency, steroids, surgical opinion, radiotherapy",
            "Compression médullaire : urgence, corticoïdes, avis chirurgical, radiothérapie",
        ),
        tuple(detail) or (Text("What is needed is ordered already.", "Le nécessaire est déjà prescrit."),),
        compression.basis,
    )


@rule(
    "oligometastatic-bone-disease",
    title=Text(
        "Few bone metastases: local ablative treatment is discussed in a tumour board",
        "Peu de métastases osseuses : un traitement local ablatif est discuté en RCP",
    ),
    citations=(ONC, rao("radiotherapy", "§1.5"), KAS),
    patient_view=True,
    needs=("finding",),
    severest=Indicator.INFO,
    reading=Text(
        "The referential counts 1 to 3 sites and 1 to 5 metastases under 5 cm, KAS 3 to 4 cm for ablation, ONC at "
        "most 5 metastases: "
        "this reminder takes ONC's.",
        "Le référentiel compte 1 à 3 sites et 1 à 5 métastases de moins de 5 cm, KAS 3 à 4 cm pour une ablation, ONC "
        "5 métastases au "
        "plus : ce rappel prend ONC.",
    ),
)
def oligometastatic_bone_disease(_order: Order | None, patient: Facts) -> Outcome:
    """1 to 5 bone metastases recorded as a number."""
    count = patient.finding("bone-metastasis-count")
    blocked = unless_all(
        that(
            Text(
                "1 to 5 bone metastases are recorded as a number",
                "1 à 5 métastases osseuses sont enregistrées en nombre",
            ),
            few_bone_metastases(patient),
            count,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Few bone metastases: discuss local ablative treatment in a tumour board",
            "Peu de métastases osseuses : discuter un traitement local ablatif en RCP",
        ),
        (
            Text(
                "Stereotactic radiotherapy, surgery or interventional radiology.",
                "Radiothérapie stéréotaxique, chirurgie ou radiologie interventionnelle.",
            ),
        ),
        (count,),
    )
