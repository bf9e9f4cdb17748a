"""Drugs that lower uric acid."""

from __future__ import annotations

from gout.analytes import URIC_ACID
from gout.concepts import FEBUXOSTAT_ORDER, URATE_LOWERING_ORDER
from gout.conditions import is_start, ischaemic_heart_disease, no_uric_acid
from gout.documents import leaflet
from gout.wording import _
from mappings.facts import DrugOrder, Facts
from service.rules.condition import basis_of
from service.rules.offers import OrderAnalyte
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import rule
from service.rules.say import info, warning


@rule(
    "uric-acid-unknown",
    title=_("Uric acid is measured before the first dose of a drug that lowers it"),
    citations=(leaflet("lowering", "§1"),),
    trigger=URATE_LOWERING_ORDER,
    when=(is_start, no_uric_acid),
    severest=Indicator.INFO,
)
def uric_acid_unknown(order: DrugOrder, patient: Facts) -> Outcome:
    return info(
        _("{drug}: measure uric acid before the first dose", drug=order.name),
        _("The dose is found by the uric acid that it leaves; the first is measured before."),
        rests_on=[patient.result(URIC_ACID)],
        offers=[OrderAnalyte(URIC_ACID)],
    )


@rule(
    "febuxostat-heart-disease",
    title=_("Febuxostat is avoided in ischaemic heart disease"),
    citations=(leaflet("lowering", "§2"),),
    trigger=FEBUXOSTAT_ORDER,
    when=(ischaemic_heart_disease,),
    severest=Indicator.WARNING,
)
def febuxostat_heart_disease(order: DrugOrder, patient: Facts) -> Outcome:
    return warning(
        _("{drug}: ischaemic heart disease on record, prefer allopurinol", drug=order.name),
        _("More deaths from the heart were seen with febuxostat than with allopurinol."),
        rests_on=basis_of([ischaemic_heart_disease], order, patient),
    )
