"""Emergencies, in `patient-view` and on any relevant order (RAO, contexte général §4, radiothérapie; ONC)."""

from __future__ import annotations

from mappings import concept_sets as sets
from mappings.facts import Facts, Known, Order
from mappings.wording import Text
from service.rules.citation import ONC, rao
from service.rules.outcome import Advice, Indicator, Outcome, unless_all
from service.rules.rule import rule
from service.rules.situations import (
    ANY_RELEVANT,
    hypercalcaemic_crisis_calcium,
    orders_of,
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
    corrected = isinstance(calcium, Known) and calcium.value.corrected
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
    if not orders_of(patient, sets.SYSTEMIC_CORTICOSTEROIDS):
        detail.append(Text("High-dose corticosteroid.", "Corticoïde à forte dose."))
    if not orders_of(patient, sets.SPINAL_DECOMPRESSION):
        detail.append(Text("Surgical opinion for decompression.", "Avis chirurgical de décompression."))
    if not orders_of(patient, sets.RADIOTHERAPY):
        detail.append(
            Text(
                "Radiotherapy 30 Gy / 10 or 20 Gy / 5 (8 Gy once only with a poor outlook), alone when no decompression is "
                "indicated.",
                "Radiothérapie 30 Gy / 10 ou 20 Gy / 5 (8 Gy en une fois seulement si mauvais pronostic), seule en l'absence "
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
