"""What a card may offer to do in one click, in clinical words; `service.cards.suggestions` writes it as FHIR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from mappings.facts import Order
from mappings.vocabulary.analytes import Analyte
from mappings.wording import Text


@dataclass(frozen=True, slots=True)
class DeleteOrder:
    """Remove a draft order."""

    order: Order


@dataclass(frozen=True, slots=True)
class SetDose:
    """Change the dose, in mg."""

    milligrams: Decimal


@dataclass(frozen=True, slots=True)
class SetMonthly:
    """Change the interval to once a month."""


@dataclass(frozen=True, slots=True)
class SetRoute:
    """Change the route: `route_subcutaneous` or `route_intravenous`."""

    route: str


@dataclass(frozen=True, slots=True)
class SetInfusionMinutes:
    """Change the duration of the infusion."""

    minutes: int


@dataclass(frozen=True, slots=True)
class StartOn:
    """Change the planned start."""

    day: date


@dataclass(frozen=True, slots=True)
class SetCholecalciferol:
    """Change the drug to cholecalciferol, dose and timing unchanged."""


@dataclass(frozen=True, slots=True)
class SetInstruction:
    """Add an instruction for the patient."""

    instruction: Text


Change: TypeAlias = SetDose | SetMonthly | SetRoute | SetInfusionMinutes | StartOn | SetCholecalciferol | SetInstruction


@dataclass(frozen=True, slots=True)
class UpdateOrder:
    """Change a draft order; the changes of several rules to one order are one update."""

    order: Order
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class OrderAnalyte:
    """Create a laboratory request for one analyte."""

    analyte: Analyte


@dataclass(frozen=True, slots=True)
class OrderVitaminD:
    """Create a request of 50 000 IU cholecalciferol: weekly for so many weeks, then monthly; 0 weeks: monthly only.

    Without `maintenance` the weekly doses alone: a maintenance that runs or is ordered already is not ordered twice.
    """

    loading_weeks: int
    maintenance: bool = True


@dataclass(frozen=True, slots=True)
class OrderDental:
    """Create a request for a dental examination or an orthopantomogram."""

    act: str


@dataclass(frozen=True, slots=True)
class OrderParacetamol:
    """Create a request of paracetamol 1 g three times a day on the day of the infusion and the next."""

    first_day: date


Offer: TypeAlias = DeleteOrder | UpdateOrder | OrderAnalyte | OrderVitaminD | OrderDental | OrderParacetamol
