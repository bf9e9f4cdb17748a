"""Calcium and phosphate before and during an antiresorptive (ONC; RAO, traitement osseux systémique and contexte général)."""

from __future__ import annotations

from typing import Any

from mappings.facts import Absent, CorrectedCalcium, Fact, Facts, Order, known
from mappings.quantities import Bounds
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import ALBUMIN, PHOSPHATE
from mappings.wording import _
from service.rules.bone_metastases.situations import (
    ANTIRESORPTIVE,
    ROWS,
    already_ordered,
    bone_metastasis,
    drug_order,
    either,
    hypercalcaemic_crisis_calcium,
    is_absent,
    is_start,
    missing_result,
    rule,
    settled_by_albumin,
    supplements_on_record,
    that,
    unless_all,
)
from service.rules.citation import ONC, rao
from service.rules.offers import DeleteOrder, Offer, OrderAnalyte
from service.rules.outcome import Advice, Indicator, Outcome

SUPPLEMENT_DRAFT = drug_order(
    _("draft order of calcium or vitamin D"),
    sets.CALCIUM_SUPPLEMENTS | (sets.VITAMIN_D_SUPPLEMENTS | sets.ACTIVE_VITAMIN_D),
)

NAMES = {
    "calcium": _("calcium"),
    "albumin": _("albumin"),
    "phosphate": _("phosphate"),
}

NO_TABLETS = _(
    "No calcium or vitamin D tablets while calcium is high.",
)


@rule(
    "calcium-unknown",
    title=_(
        "Calcium (with albumin) and phosphate are measured before the first dose of an antiresorptive",
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
            _(
                "no valid calcium, or no valid phosphate, is on record",
            ),
            either(is_absent(patient.calcium), is_absent(patient.result(PHOSPHATE))),
            patient.calcium,
            patient.result(PHOSPHATE),
        ),
        is_start(patient),
    )
    if blocked:
        return blocked
    asked: dict[str, Fact[Any]] = {"calcium": patient.calcium}
    if isinstance(patient.calcium, Absent):
        asked["albumin"] = patient.result(ALBUMIN)
    asked["phosphate"] = patient.result(PHOSPHATE)
    missing = [name for name, fact in asked.items() if isinstance(fact, Absent)]
    ordered = {name: already_ordered(patient, name) for name in missing}
    return Advice(
        Indicator.WARNING,
        _(
            "{drug}: measure calcium and phosphate before the first dose",
            drug=order.name,
        ),
        (
            _(
                "Calcium with albumin, and phosphate, before the first dose: hypocalcaemia is a risk of treatment.",
            ),
        ),
        tuple(asked.values()),
        tuple(OrderAnalyte(ROWS[name]) for name in missing if not ordered[name]),
        items=tuple(missing_result(asked[name], NAMES[name], ordered=ordered[name]) for name in missing),
    )


def _below_lower(bounds: Bounds, calcium: Fact[CorrectedCalcium]) -> bool | None:
    return bounds.below(known(calcium).value.lower_limit)


def _above_upper(bounds: Bounds, calcium: Fact[CorrectedCalcium]) -> bool | None:
    return bounds.above(known(calcium).value.upper_limit)


@rule(
    "hypocalcaemia",
    title=_(
        "Hypocalcaemia is corrected before a dose of an antiresorptive",
    ),
    citations=(ONC, rao("systemic", "§1, §2.1")),
    trigger=ANTIRESORPTIVE,
    needs=("calcium", "albumin", "orders"),
    severest=Indicator.CRITICAL,
    reading=_(
        "The sources name the risk; delaying the dose is our reading. The limit is the laboratory's, else 2.20 mmol/L.",
    ),
)
def hypocalcaemia(order: Order, patient: Facts) -> Outcome:
    """Corrected calcium below its lower limit; a warning while it is not corrected for albumin."""
    calcium = patient.calcium
    below = that(
        _("calcium is below its lower limit"),
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
            _(
                "{drug}: hypocalcaemia, correct calcium before the dose",
                drug=order.name,
            ),
            (
                _(
                    "An antiresorptive lowers calcium further, deeply and for long.",
                ),
            ),
            (calcium,),
        )
    offers: tuple[Offer, ...] = ()
    if calcium.value.albumin_unavailable is None and not already_ordered(patient, "albumin"):
        offers = (OrderAnalyte(ROWS["albumin"]),)
    return Advice(
        Indicator.WARNING,
        _(
            "{drug}: calcium is low but uncorrected: check albumin before the dose",
            drug=order.name,
        ),
        (
            _(
                "Without albumin the calcium cannot be corrected. If hypocalcaemia is confirmed, correct it before the dose.",
            ),
        ),
        (calcium,),
        offers,
    )


@rule(
    "hypercalcaemia",
    title=_(
        "No calcium or vitamin D tablets while calcium is high; the antiresorptive is not delayed for supplements",
    ),
    citations=(ONC, rao("general", "§4")),
    trigger=ANTIRESORPTIVE,
    needs=("calcium", "crisis_calcium", "exposures"),
    severest=Indicator.INFO,
    reading=_(
        "Above 3.5 mmol/L the crisis rule speaks instead, when the result is recent enough for it.",
    ),
)
def hypercalcaemia(order: Order, patient: Facts) -> Outcome:
    """Calcium above its upper limit without a crisis."""
    calcium = patient.calcium
    above = that(
        _("calcium is above its upper limit"),
        calcium.test(lambda value: value.high),
        calcium,
    )
    crisis = hypercalcaemic_crisis_calcium(patient)
    blocked = unless_all(
        settled_by_albumin(above, calcium, lambda bounds: _above_upper(bounds, calcium)),
        that(
            _("it is not a hypercalcaemic crisis"),
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
        _(
            "Do not delay {drug} for supplements.",
            drug=order.name,
        ),
    ]
    if products:
        detail.append(
            _(
                "On record and to stop: {products}.",
                products=tuple(entry.drug.name for entry in products),
            )
        )
    return Advice(
        Indicator.INFO,
        _(
            "{drug}: calcium is high: no calcium or vitamin D for now",
            drug=order.name,
        ),
        tuple(detail),
        (calcium, *products),
    )


@rule(
    "supplement-while-hypercalcaemia",
    title=_(
        "Calcium and vitamin D are not given while calcium is high",
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
        _("calcium is above its upper limit"),
        calcium.test(lambda value: value.high),
        calcium,
    )
    metastasis = bone_metastasis(patient)
    blocked = unless_all(settled_by_albumin(above, calcium, lambda bounds: _above_upper(bounds, calcium)), metastasis)
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _("{drug}: not while calcium is high", drug=order.name),
        (NO_TABLETS,),
        (calcium, *metastasis.basis),
        (DeleteOrder(order),),
    )


@rule(
    "calcium-monitoring-due",
    title=_(
        "Calcium and phosphate are checked regularly on an antiresorptive",
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
            _("no valid calcium is on record"),
            is_absent(patient.calcium),
            patient.calcium,
        ),
        that(
            _("calcium is not ordered yet"),
            not already_ordered(patient, "calcium"),
        ),
        that(
            _("the patient is on an antiresorptive"),
            exposures.on_treatment,
            exposures,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Antiresorptive: check of calcium and phosphate is due",
        ),
        (
            _(
                "Regular calcium and phosphate on treatment: hypocalcaemia is a risk.",
            ),
        ),
        (patient.calcium, *exposures.entries[:1], *metastasis.basis),
    )
