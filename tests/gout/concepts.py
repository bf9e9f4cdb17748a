"""The concepts of the value sets of this folder, and the orders that the rules are about."""

from __future__ import annotations

from gout.wording import _
from mappings.facts import DrugOrder
from mappings.wording import Text
from service.rules.rule import Trigger

COLCHICINE = frozenset({"colchicine"})
FEBUXOSTAT = frozenset({"febuxostat"})
URATE_LOWERING = FEBUXOSTAT | {"allopurinol"}
ISCHAEMIC_HEART_DISEASE = frozenset({"ischaemic_heart_disease"})


def _order_of(name: Text, concepts: frozenset[str]) -> Trigger:
    return Trigger(name, lambda order: order.is_any(concepts), kind=DrugOrder)


COLCHICINE_ORDER = _order_of(_("draft order of colchicine"), COLCHICINE)
FEBUXOSTAT_ORDER = _order_of(_("draft order of febuxostat"), FEBUXOSTAT)
URATE_LOWERING_ORDER = _order_of(_("draft order of a drug that lowers uric acid"), URATE_LOWERING)
