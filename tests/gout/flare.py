"""The treatment of a flare."""

from __future__ import annotations

from gout.concepts import COLCHICINE_ORDER
from gout.conditions import severe_renal_impairment
from gout.documents import leaflet
from gout.settings import settings_of
from gout.wording import _
from mappings.facts import DrugOrder, Facts
from service.rules.offers import DeleteOrder
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import rule
from service.rules.say import critical


@rule(
    "colchicine-severe-renal-impairment",
    title=_("Colchicine is contraindicated in severe renal impairment"),
    citations=(leaflet("flare", "§1, Table 2"),),
    trigger=COLCHICINE_ORDER,
    when=(severe_renal_impairment,),
    severest=Indicator.CRITICAL,
    reading=_("The leaflet says «severe»; below 30 mL/min is our reading, and a setting."),
)
def colchicine_severe_renal_impairment(order: DrugOrder, patient: Facts) -> Outcome:
    limit = settings_of(patient).severe_renal_impairment_below
    return critical(
        _("{drug}: contraindicated, creatinine clearance below {limit} mL/min", drug=order.name, limit=limit),
        _("It accumulates, and may be fatal. A short course of a corticosteroid treats the flare."),
        rests_on=[patient.clearance],
        offers=[DeleteOrder(order)],
    )
