"""What a card may offer to do in one click, in clinical words; `service.cards.suggestions` writes it as FHIR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from mappings.facts import Order
from mappings.vocabulary.analytes import Analyte
from mappings.wording import Text


class Code(NamedTuple):
    """A code of a public system, with the system's own words."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class DeleteOrder:
    """Remove a draft order."""

    order: Order


# --- changes of a draft -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetDose:
    """Change the dose, in mg."""

    milligrams: Decimal


@dataclass(frozen=True, slots=True)
class SetInterval:
    """Change the interval: once in so many of a FHIR period unit; `said` names it."""

    period: int
    unit: str
    said: Text


@dataclass(frozen=True, slots=True)
class SetRoute:
    """Change the route; `said` names it."""

    route: Code
    said: Text


@dataclass(frozen=True, slots=True)
class SetInfusionMinutes:
    """Change the duration of the infusion."""

    minutes: int


@dataclass(frozen=True, slots=True)
class StartOn:
    """Change the planned start."""

    day: date


@dataclass(frozen=True, slots=True)
class SetDrug:
    """Change the drug, dose and timing unchanged; `name` stands in the order, `said` on the label."""

    drug: Code
    name: Text
    said: Text


@dataclass(frozen=True, slots=True)
class SetInstruction:
    """Add an instruction for the patient."""

    instruction: Text


DraftChange: TypeAlias = SetDose | SetInterval | SetRoute | SetInfusionMinutes | StartOn | SetDrug | SetInstruction


@dataclass(frozen=True, slots=True)
class UpdateOrder:
    """Change a draft order; the changes of several rules to one order are one update."""

    order: Order
    changes: tuple[DraftChange, ...]


# --- new orders -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderAnalyte:
    """Create a laboratory request for one analyte."""

    analyte: Analyte


@dataclass(frozen=True, slots=True)
class OrderAct:
    """Create a request for an examination or another act."""

    codes: tuple[Code, ...]
    name: Text


@dataclass(frozen=True, slots=True)
class Every:
    """So many times in a period of a FHIR unit, from `first` on, to `last`, `count` times in all where these are stated."""

    frequency: int
    period: int
    unit: str
    first: date
    last: date | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class DrugRequest:
    """A medication request: the drug, what the dosage says in words, and the same in parts; `unit` is shown, `ucum` coded."""

    drug: Code
    name: Text
    says: Text
    dose: int
    unit: str
    ucum: str
    route: Code
    every: Every
    instruction: Text | None = None


@dataclass(frozen=True, slots=True)
class OrderDrugs:
    """Create medication requests that belong together; `label` names the whole where there are several."""

    requests: tuple[DrugRequest, ...]
    label: Text


Offer: TypeAlias = DeleteOrder | UpdateOrder | OrderAnalyte | OrderAct | OrderDrugs
