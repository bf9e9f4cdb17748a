"""The orders that the cards of this guideline offer to create, and the codes that they are written with."""

from __future__ import annotations

from datetime import date, timedelta

from mappings.vocabulary.code_systems import ATC, CCAM, SNOMED_CT
from mappings.wording import Text
from service.rules.bone_metastases.wording import _
from service.rules.offers import Code, DrugRequest, Every, OrderAct, OrderDrugs, SetDrug, SetInterval, SetRoute

ORAL = Code(SNOMED_CT, "26643006", "Oral route")
SUBCUTANEOUS = Code(SNOMED_CT, "34206005", "Subcutaneous route")
INTRAVENOUS = Code(SNOMED_CT, "47625008", "Intravenous route")

MONTHLY = SetInterval(1, "mo", _("once a month"))
BY_SUBCUTANEOUS_ROUTE = SetRoute(SUBCUTANEOUS, _("subcutaneous route"))
BY_INTRAVENOUS_ROUTE = SetRoute(INTRAVENOUS, _("intravenous route"))

# --- vitamin D --------------------------------------------------------------------------------------------------------

VITAMIN_D_IU = 50_000
"""One dose of cholecalciferol, weekly in loading and monthly in maintenance (RAO, traitement osseux systémique §1 box)."""

COLECALCIFEROL = Code(ATC, "A11CC05", "colecalciferol")
CHOLECALCIFEROL_INSTEAD = SetDrug(COLECALCIFEROL, _("Cholecalciferol"), _("cholecalciferol instead"))


def vitamin_d(loading_weeks: int, today: date, *, maintenance: bool = True) -> OrderDrugs:
    """Cholecalciferol weekly for so many weeks from today, then monthly; 0 weeks: monthly only.

    Without `maintenance` the weekly doses alone: a maintenance that runs or is ordered already is not ordered twice.
    """
    requests = []
    if loading_weeks:
        says = _(
            "Cholecalciferol {dose} IU by mouth once a week with a meal, {weeks} weeks",
            dose=VITAMIN_D_IU,
            weeks=loading_weeks,
        )
        last = today + timedelta(weeks=loading_weeks) - timedelta(days=1)
        requests.append(_cholecalciferol(says, Every(1, 1, "wk", today, last, loading_weeks)))
    if maintenance:
        begin = today + timedelta(weeks=loading_weeks)
        says = _(
            "Cholecalciferol {dose} IU by mouth once a month with a meal, from {begin}", dose=VITAMIN_D_IU, begin=begin
        )
        requests.append(_cholecalciferol(says, Every(1, 1, "mo", begin)))
    return OrderDrugs(tuple(requests), _("Order vitamin D: weekly × {weeks}, then monthly", weeks=loading_weeks))


def _cholecalciferol(says: Text, every: Every) -> DrugRequest:
    name = _("Cholecalciferol {dose} IU", dose=VITAMIN_D_IU)
    return DrugRequest(
        COLECALCIFEROL, name, says, VITAMIN_D_IU, "IU", "[iU]", ORAL, every, instruction=_("with a meal")
    )


# --- paracetamol, dental assessment -----------------------------------------------------------------------------------

PARACETAMOL_GRAMS, PARACETAMOL_TIMES_A_DAY = 1, 3
"""Against the flu-like syndrome of a first infusion (RAO, traitement osseux systémique §2.4)."""


def paracetamol(first: date) -> OrderDrugs:
    """Paracetamol three times a day on the day of the infusion and the next."""
    says = _(
        "Paracetamol {dose} g {times} times a day on {first} and the next day",
        dose=PARACETAMOL_GRAMS,
        times=PARACETAMOL_TIMES_A_DAY,
        first=first,
    )
    every = Every(PARACETAMOL_TIMES_A_DAY, 1, "d", first, first + timedelta(days=1))
    name = _("Paracetamol {dose} g", dose=PARACETAMOL_GRAMS)
    drug = Code(ATC, "N02BE01", "paracetamol")
    return OrderDrugs((DrugRequest(drug, name, says, PARACETAMOL_GRAMS, "g", "g", ORAL, every),), says)


DENTAL_EXAMINATION = OrderAct((Code(SNOMED_CT, "34043003", "Dental consultation and report"),), _("dental examination"))
ORTHOPANTOMOGRAM = OrderAct(
    (
        Code(CCAM, "HBQK002", "Radiographie panoramique dentomaxillaire"),
        Code(SNOMED_CT, "260487000", "Dental panoramic"),
    ),
    _("orthopantomogram"),
)
