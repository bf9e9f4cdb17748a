"""Calcium and phosphate before and during an antiresorptive (ONC; RAO, traitement osseux systémique and contexte général)."""

from __future__ import annotations

from typing import Any

from mappings.facts import CALCIUM_CRISIS_ABOVE, Absent, Fact, Facts, Measurement, Order, known
from mappings.quantities import Bounds
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import ALBUMIN, CALCIUM, PHOSPHATE, Analyte
from service.rules.bone_metastases.checklist import already_ordered, missing_result
from service.rules.bone_metastases.conditions import (
    antiresorptives,
    bone_metastasis,
    calcium_is_high,
    is_start,
    not_end_of_life,
    on_antiresorptive,
    settled_by_albumin,
    supplements_on_record,
)
from service.rules.bone_metastases.documents import ONC, rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.triggers import ANTIRESORPTIVE, drug_order
from service.rules.bone_metastases.urgency import (
    URGENCY,
    hypercalcaemic_crisis_calcium,
    with_urgency,
)
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_of, condition, is_absent, that
from service.rules.offers import DeleteOrder, OrderAnalyte
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import rule
from service.rules.say import advise, info, warning

CISPLATIN = frozenset({"cisplatin"})
CALCIUM_AND_VITAMIN_D = sets.CALCIUM_SUPPLEMENTS | sets.VITAMIN_D_SUPPLEMENTS | sets.ACTIVE_VITAMIN_D
SUPPLEMENT_DRAFT = drug_order(_("draft order of calcium or vitamin D"), CALCIUM_AND_VITAMIN_D)

NO_TABLETS = _("No calcium or vitamin D tablets while calcium is high.")


@condition(_("no valid calcium is on record"), reads=("calcium",))
def no_calcium(_order: Order | None, patient: Facts) -> Truth:
    """Looked for and not there, or too old."""
    return that(is_absent(patient.calcium), patient.calcium)


@condition(_("no valid phosphate is on record"), reads=(PHOSPHATE,))
def no_phosphate(_order: Order | None, patient: Facts) -> Truth:
    """Looked for and not there, or too old."""
    phosphate = patient.result(PHOSPHATE)
    return that(is_absent(phosphate), phosphate)


@condition(_("calcium is below its lower limit"), reads=("calcium",))
def calcium_is_low(_order: Order | None, patient: Facts) -> Truth:
    """Below the limit of the laboratory, else ours; an albumin that could not be looked up may leave it open."""
    calcium = patient.calcium

    def below(bounds: Bounds) -> bool | None:
        return bounds.below(known(calcium).value.lower_limit)

    return settled_by_albumin(calcium.test(lambda value: value.low), calcium, below)


@condition(_("it is not a hypercalcaemic crisis"), reads=hypercalcaemic_crisis_calcium.reads)
def no_crisis(order: Order | None, patient: Facts) -> Truth:
    """Where it may be one the crisis rule speaks, or says that it cannot tell."""
    return that(hypercalcaemic_crisis_calcium(order, patient).holds is not True, patient.calcium)


@condition(_("calcium is not ordered yet"), reads=("orders",))
def calcium_not_ordered(_order: Order | None, patient: Facts) -> Truth:
    """No draft or active order asks for it."""
    return that(already_ordered(patient, CALCIUM) is None)


@rule(
    "calcium-unknown",
    title=_("Calcium (with albumin) and phosphate are measured before the first dose of an antiresorptive"),
    citations=(ONC,),
    trigger=ANTIRESORPTIVE,
    when=(any_of(_("no valid calcium, or no valid phosphate, is on record"), no_calcium, no_phosphate), is_start),
    reads=(ALBUMIN, "orders", *URGENCY),
    severest=Indicator.WARNING,
)
def calcium_unknown(order: Order, patient: Facts) -> Outcome:
    """What is missing of calcium, with albumin, and phosphate, and is not ordered yet."""
    asked: dict[Analyte, Fact[Any]] = {CALCIUM: patient.calcium}
    if isinstance(patient.calcium, Absent):
        asked[ALBUMIN] = patient.result(ALBUMIN)
    asked[PHOSPHATE] = patient.result(PHOSPHATE)
    missing = [analyte for analyte, fact in asked.items() if isinstance(fact, Absent)]
    ordered = {analyte: already_ordered(patient, analyte) for analyte in missing}
    names = tuple(analyte.name for analyte in missing)
    advice = warning(
        _("{drug}: measure before the first dose: {missing}", drug=order.name, missing=names),
        _("Measure before the first dose."),
        *((_("Hypocalcaemia is a risk of treatment."),) if isinstance(patient.calcium, Absent) else ()),
        rests_on=asked.values(),
        offers=(OrderAnalyte(analyte) for analyte in missing if ordered[analyte] is None),
        items=(missing_result(asked[analyte], analyte.name, ordered=ordered[analyte]) for analyte in missing),
    )
    return with_urgency(advice, order, patient)


@rule(
    "hypocalcaemia",
    title=_("Hypocalcaemia is corrected before a dose of an antiresorptive"),
    citations=(ONC, rao("systemic", "§1, §2.1")),
    trigger=ANTIRESORPTIVE,
    when=(calcium_is_low,),
    reads=(ALBUMIN, "orders"),
    severest=Indicator.CRITICAL,
    reading=_(
        "The sources name the risk; the delay and the levels are our reading: critical below "
        "{severe_hypocalcaemia_below} mmol/L, uncorrected below {severe_uncorrected_hypocalcaemia_below}. The limit is the "
        "laboratory's, else {low_calcium_below} mmol/L.",
    ),
)
def hypocalcaemia(order: Order, patient: Facts) -> Outcome:
    """Critical where it is severe; albumin is asked for while the value is not corrected for it."""
    calcium = known(patient.calcium)
    own = settings_of(patient)
    corrected = calcium.value.corrected
    severe_below = own.severe_hypocalcaemia_below if corrected else own.severe_uncorrected_hypocalcaemia_below
    indicator = Indicator.CRITICAL if calcium.value.bounds.below(severe_below) else Indicator.WARNING
    if calcium.value.corrected:
        return advise(
            indicator,
            _("{drug}: hypocalcaemia, correct calcium before the dose", drug=order.name),
            _("Correct calcium before the dose: an antiresorptive lowers it further, deeply and for long."),
            rests_on=[calcium],
        )
    asks = calcium.value.albumin_unavailable is None and already_ordered(patient, ALBUMIN) is None
    return advise(
        indicator,
        _("{drug}: calcium is low but uncorrected: check albumin before the dose", drug=order.name),
        _("Measure albumin; if hypocalcaemia is confirmed, correct it before the dose."),
        rests_on=[calcium],
        offers=[OrderAnalyte(ALBUMIN)] if asks else (),
    )


# --- phosphate --------------------------------------------------------------------------------------------------------


@condition(
    _("phosphate is below its lower limit ({low_phosphate_below} mmol/L where the result states none)"),
    reads=(PHOSPHATE,),
)
def phosphate_is_low(_order: Order | None, patient: Facts) -> Truth:
    """Below the limit of the laboratory, else ours."""
    phosphate = patient.result(PHOSPHATE)

    def low(value: Measurement) -> bool | None:
        own = settings_of(patient).low_phosphate_below
        return value.bounds.below(own if value.lower_limit is None else value.lower_limit)

    return that(phosphate.test(low), phosphate)


@rule(
    "hypophosphataemia",
    title=_("Low phosphate is explained before an antiresorptive: renal leak, osteomalacia"),
    citations=(rao("drugs", "§2"), ONC),
    trigger=ANTIRESORPTIVE,
    when=(phosphate_is_low,),
    reads=("exposures",),
    severest=Indicator.WARNING,
    reading=_(
        "The source names osteomalacia by phosphate leak after cisplatin and asks for phosphate before the start; limits and "
        "levels are our reading: a warning below {severe_hypophosphataemia_below} mmol/L."
    ),
)
def hypophosphataemia(order: Order, patient: Facts) -> Outcome:
    """What to look for, and cisplatin by its name where it is on record."""
    phosphate = known(patient.result(PHOSPHATE))
    severe = phosphate.value.bounds.below(settings_of(patient).severe_hypophosphataemia_below) is True
    cisplatin = [entry for entry in patient.exposures.of(CISPLATIN).entries if not entry.planned][:1]
    look_for = _("Look for a renal phosphate leak and osteomalacia before the dose; specialist advice.")
    if cisplatin:
        look_for = _(
            "Look for a renal phosphate leak ({drug} on record) and osteomalacia before the dose; specialist advice.",
            drug=cisplatin[0].drug.name,
        )
    return advise(
        Indicator.WARNING if severe else Indicator.INFO,
        _("{drug}: phosphate is low, look for a renal leak and osteomalacia first", drug=order.name),
        look_for,
        rests_on=(phosphate, *cisplatin),
    )


@rule(
    "hypercalcaemia",
    title=_("No calcium or vitamin D tablets while calcium is high; the antiresorptive is not delayed for supplements"),
    citations=(ONC, rao("general", "§4")),
    trigger=ANTIRESORPTIVE,
    when=(calcium_is_high, no_crisis),
    reads=("exposures",),
    severest=Indicator.INFO,
    reading=_(
        "Above {limit} mmol/L the crisis rule speaks instead, when the result is recent enough for it.",
        limit=CALCIUM_CRISIS_ABOVE,
    ),
)
def hypercalcaemia(order: Order, patient: Facts) -> Outcome:
    """No tablets, which products on record to stop, and no delay of the antiresorptive."""
    products = supplements_on_record(patient, CALCIUM_AND_VITAMIN_D)
    detail = [NO_TABLETS, _("Do not delay {drug} for supplements.", drug=order.name)]
    if products:
        names = tuple(dict.fromkeys(entry.drug.name for entry in products))
        detail.append(_("On record and to stop: {products}.", products=names))
    return info(
        _("{drug}: calcium is high: no calcium or vitamin D for now", drug=order.name),
        *detail,
        rests_on=(patient.calcium, *products),
    )


@rule(
    "supplement-while-hypercalcaemia",
    title=_("Calcium and vitamin D are not given while calcium is high"),
    citations=(ONC,),
    trigger=SUPPLEMENT_DRAFT,
    when=(calcium_is_high, bone_metastasis),
    severest=Indicator.WARNING,
)
def supplement_while_hypercalcaemia(order: Order, patient: Facts) -> Outcome:
    """A draft of calcium or vitamin D, to be removed."""
    return warning(
        _("{drug}: not while calcium is high", drug=order.name),
        NO_TABLETS,
        rests_on=(patient.calcium, *bone_metastasis(order, patient).basis),
        offers=[DeleteOrder(order)],
    )


@rule(
    "calcium-monitoring-due",
    title=_("Calcium and phosphate are checked regularly on an antiresorptive"),
    citations=(ONC,),
    when=(bone_metastasis, no_calcium, calcium_not_ordered, on_antiresorptive, not_end_of_life),
    severest=Indicator.INFO,
)
def calcium_monitoring_due(_order: None, patient: Facts) -> Outcome:
    """On an antiresorptive, and the last calcium is too old or there is none."""
    taken = antiresorptives(patient).recent(settings_of(patient).on_treatment_days)[0]
    return info(
        _("{drug}: check of calcium and phosphate is due", drug=taken.drug.name),
        _("Measure calcium and phosphate, regularly on treatment: hypocalcaemia is a risk."),
        rests_on=(
            patient.calcium,
            taken,
            *bone_metastasis(None, patient).basis,
        ),
    )
