"""Calcium and phosphate before and during an antiresorptive (ONC; RAO, traitement osseux systémique and contexte général)."""

from __future__ import annotations

from typing import Any

from mappings import concept_sets as sets
from mappings.facts import Absent, CorrectedCalcium, Fact, Facts, Order, known
from mappings.quantities import Bounds
from mappings.wording import Text
from service.rules.citation import ONC, rao
from service.rules.offers import DeleteOrder, Offer, OrderAnalyte
from service.rules.outcome import Advice, Indicator, Outcome, unless_all
from service.rules.rule import rule
from service.rules.situations import (
    ANTIRESORPTIVE,
    already_ordered,
    bone_metastasis,
    drug_order,
    either,
    hypercalcaemic_crisis_calcium,
    is_absent,
    is_start,
    missing_result,
    settled_by_albumin,
    supplements_on_record,
    that,
)

SUPPLEMENT_DRAFT = drug_order(
    Text("draft order of calcium or vitamin D", "prescription de calcium ou de vitamine D"),
    sets.CALCIUM_SUPPLEMENTS | (sets.VITAMIN_D_SUPPLEMENTS | sets.ACTIVE_VITAMIN_D),
)

NAMES = {
    "calcium": Text("calcium", "calcémie"),
    "albumin": Text("albumin", "albuminémie"),
    "phosphate": Text("phosphate", "phosphatémie"),
}

NO_TABLETS = Text(
    "No calcium or vitamin D tablets while calcium is high.",
    "Ni calcium ni vitamine D en comprimés tant que la calcémie est élevée.",
)


@rule(
    "calcium-unknown",
    title=Text(
        "Calcium (with albumin) and phosphate are measured before the first dose of an antiresorptive",
        "Calcémie (avec albuminémie) et phosphatémie sont dosées avant la première dose d'un antirésorptif",
    ),
    citations=(ONC,),
    trigger=ANTIRESORPTIVE,
    needs=("calcium", "albumin", "phosphate", "exposures", "orders"),
    severest=Indicator.WARNING,
    prerequisite=True,
)
def calcium_unknown(order: Order, patient: Facts) -> Outcome:
    """Start of an antiresorptive without a calcium or a phosphate that still counts."""
    blocked = unless_all(
        that(
            Text(
                "no valid calcium, or no valid phosphate, is on record",
                "aucune calcémie valide, ou aucune phosphatémie valide, n'est enregistrée",
            ),
            either(is_absent(patient.calcium), is_absent(patient.phosphate)),
            patient.calcium,
            patient.phosphate,
        ),
        is_start(patient),
    )
    if blocked:
        return blocked
    asked: dict[str, Fact[Any]] = {"calcium": patient.calcium}
    if isinstance(patient.calcium, Absent):
        asked["albumin"] = patient.albumin
    asked["phosphate"] = patient.phosphate
    missing = [name for name, fact in asked.items() if isinstance(fact, Absent)]
    ordered = {name: already_ordered(patient, name) for name in missing}
    return Advice(
        Indicator.WARNING,
        Text(
            "{drug}: measure calcium and phosphate before the first dose",
            "{drug} : doser calcium et phosphate avant la première dose",
            drug=order.name,
        ),
        (
            Text(
                "Calcium with albumin, and phosphate, before the first dose: hypocalcaemia is a risk of treatment.",
                "Calcémie avec albuminémie, et phosphatémie, avant la première dose : le traitement expose à l'hypocalcémie.",
            ),
        ),
        tuple(asked.values()),
        tuple(OrderAnalyte(name) for name in missing if not ordered[name]),
        items=tuple(missing_result(asked[name], NAMES[name], ordered=ordered[name]) for name in missing),
    )


def _below_lower(bounds: Bounds, calcium: Fact[CorrectedCalcium]) -> bool | None:
    return bounds.below(known(calcium).value.lower_limit)


def _above_upper(bounds: Bounds, calcium: Fact[CorrectedCalcium]) -> bool | None:
    return bounds.above(known(calcium).value.upper_limit)


@rule(
    "hypocalcaemia",
    title=Text(
        "Hypocalcaemia is corrected before a dose of an antiresorptive",
        "Une hypocalcémie est corrigée avant une dose d'antirésorptif",
    ),
    citations=(ONC, rao("systemic", "§1, §2.1")),
    trigger=ANTIRESORPTIVE,
    needs=("calcium", "albumin", "orders"),
    severest=Indicator.CRITICAL,
    reading=Text(
        "The sources name the risk; delaying the dose is our reading. The limit is the laboratory's, else 2.20 mmol/L.",
        "Les sources nomment le risque ; différer la dose est notre lecture. La limite est celle du laboratoire, sinon 2,20 mmol/L.",
    ),
)
def hypocalcaemia(order: Order, patient: Facts) -> Outcome:
    """Corrected calcium below its lower limit; a warning while it is not corrected for albumin."""
    calcium = patient.calcium
    below = that(
        Text("calcium is below its lower limit", "la calcémie est sous sa limite basse"),
        calcium.test(lambda value: value.low),
        calcium,
    )
    blocked = unless_all(settled_by_albumin(below, calcium, lambda bounds: _below_lower(bounds, calcium)))
    if blocked:
        return blocked
    calcium = known(calcium)
    if calcium.value.corrected:
        return Advice(
            Indicator.CRITICAL,
            Text(
                "{drug}: hypocalcaemia, correct calcium before the dose",
                "{drug} : hypocalcémie, corriger la calcémie avant la dose",
                drug=order.name,
            ),
            (
                Text(
                    "An antiresorptive lowers calcium further, deeply and for long.",
                    "Un antirésorptif abaisse encore la calcémie, profondément et longtemps.",
                ),
            ),
            (calcium,),
        )
    offers: tuple[Offer, ...] = ()
    if calcium.value.albumin_unavailable is None and not already_ordered(patient, "albumin"):
        offers = (OrderAnalyte("albumin"),)
    return Advice(
        Indicator.WARNING,
        Text(
            "{drug}: calcium is low but uncorrected: check albumin before the dose",
            "{drug} : calcémie basse mais non corrigée : vérifier l'albuminémie avant la dose",
            drug=order.name,
        ),
        (
            Text(
                "Without albumin the calcium cannot be corrected. If hypocalcaemia is confirmed, correct it before the dose.",
                "Sans albuminémie la calcémie ne peut être corrigée. Si l'hypocalcémie est confirmée, la corriger avant la dose.",
            ),
        ),
        (calcium,),
        offers,
    )


@rule(
    "hypercalcaemia",
    title=Text(
        "No calcium or vitamin D tablets while calcium is high; the antiresorptive is not delayed for supplements",
        "Ni calcium ni vitamine D tant que la calcémie est élevée ; l'antirésorptif n'est pas différé pour une supplémentation",
    ),
    citations=(ONC, rao("general", "§4")),
    trigger=ANTIRESORPTIVE,
    needs=("calcium", "crisis_calcium", "exposures"),
    severest=Indicator.INFO,
    reading=Text(
        "Above 3.5 mmol/L the crisis rule speaks instead, when the result is recent enough for it.",
        "Au-delà de 3,5 mmol/L la règle de crise parle à sa place, si le résultat est assez récent pour elle.",
    ),
)
def hypercalcaemia(order: Order, patient: Facts) -> Outcome:
    """Calcium above its upper limit without a crisis."""
    calcium = patient.calcium
    above = that(
        Text("calcium is above its upper limit", "la calcémie dépasse sa limite haute"),
        calcium.test(lambda value: value.high),
        calcium,
    )
    crisis = hypercalcaemic_crisis_calcium(patient)
    blocked = unless_all(
        settled_by_albumin(above, calcium, lambda bounds: _above_upper(bounds, calcium)),
        that(
            Text("it is not a hypercalcaemic crisis", "ce n'est pas une crise hypercalcémique"),
            crisis.holds is not True,
            calcium,
        ),
    )
    if blocked:
        return blocked
    products = supplements_on_record(
        patient, sets.CALCIUM_SUPPLEMENTS | (sets.VITAMIN_D_SUPPLEMENTS | sets.ACTIVE_VITAMIN_D)
    )
    detail = [
        NO_TABLETS,
        Text(
            "Do not delay {drug} for supplements.",
            "Ne pas différer le traitement ({drug}) pour une supplémentation.",
            drug=order.name,
        ),
    ]
    if products:
        detail.append(
            Text(
                "On record and to stop: {products}.",
                "Au dossier et à arrêter : {products}.",
                products=tuple(entry.drug.name for entry in products),
            )
        )
    return Advice(
        Indicator.INFO,
        Text(
            "{drug}: calcium is high: no calcium or vitamin D for now",
            "{drug} : calcémie élevée : ni calcium ni vitamine D pour l'instant",
            drug=order.name,
        ),
        tuple(detail),
        (calcium, *products),
    )


@rule(
    "supplement-while-hypercalcaemia",
    title=Text(
        "Calcium and vitamin D are not given while calcium is high",
        "Le calcium et la vitamine D ne sont pas donnés tant que la calcémie est élevée",
    ),
    citations=(ONC,),
    trigger=SUPPLEMENT_DRAFT,
    needs=("calcium", "conditions"),
    severest=Indicator.WARNING,
)
def supplement_while_hypercalcaemia(order: Order, patient: Facts) -> Outcome:
    """A draft of calcium or vitamin D for a patient with a bone metastasis and high calcium."""
    calcium = patient.calcium
    above = that(
        Text("calcium is above its upper limit", "la calcémie dépasse sa limite haute"),
        calcium.test(lambda value: value.high),
        calcium,
    )
    metastasis = bone_metastasis(patient)
    blocked = unless_all(settled_by_albumin(above, calcium, lambda bounds: _above_upper(bounds, calcium)), metastasis)
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text("{drug}: not while calcium is high", "{drug} : pas tant que la calcémie est élevée", drug=order.name),
        (NO_TABLETS,),
        (calcium, *metastasis.basis),
        (DeleteOrder(order),),
    )


@rule(
    "calcium-monitoring-due",
    title=Text(
        "Calcium and phosphate are checked regularly on an antiresorptive",
        "Calcémie et phosphatémie sont contrôlées régulièrement sous antirésorptif",
    ),
    citations=(ONC,),
    patient_view=True,
    needs=("calcium", "exposures", "orders", "conditions"),
    severest=Indicator.INFO,
)
def calcium_monitoring_due(_order: Order | None, patient: Facts) -> Outcome:
    """On an antiresorptive, and the last calcium is too old or there is none."""
    exposures = patient.exposures.of(sets.ANTIRESORPTIVES)
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        metastasis,
        that(
            Text("no valid calcium is on record", "aucune calcémie valide n'est enregistrée"),
            is_absent(patient.calcium),
            patient.calcium,
        ),
        that(
            Text("calcium is not ordered yet", "la calcémie n'est pas déjà prescrite"),
            not already_ordered(patient, "calcium"),
        ),
        that(
            Text("the patient is on an antiresorptive", "le patient est sous antirésorptif"),
            exposures.on_treatment,
            exposures,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Antiresorptive: check of calcium and phosphate is due",
            "Antirésorptif : contrôle calcium et phosphate à faire",
        ),
        (
            Text(
                "Regular calcium and phosphate on treatment: hypocalcaemia is a risk.",
                "Calcémie et phosphatémie régulières sous traitement : risque d'hypocalcémie.",
            ),
        ),
        (patient.calcium, *exposures.entries[:1], *metastasis.basis),
    )
