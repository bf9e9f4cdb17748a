"""What a rule answers: advice, silence with the condition that did not hold, or that it cannot tell.

`unless_all` is how a rule states its conditions. They are weighed as in Kleene's three-valued logic: one that is known
not to hold silences the rule, whatever could not be looked up; only when all others hold does a missing fact count.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from mappings.facts import Act, Collected, Diagnosis, Exposure, Exposures, Fact, Known, Order, Unavailable
from mappings.wording import Text, _
from service.rules.offers import Offer


class Indicator(StrEnum):
    """Urgency of a card, as CDS Hooks names it."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Greater is more urgent."""
        return ("info", "warning", "critical").index(self.value)

    @property
    def milder(self) -> Indicator:
        """One level down; info stays info (the urgency exception)."""
        return Indicator.WARNING if self is Indicator.CRITICAL else Indicator.INFO


Basis: TypeAlias = Fact[Any] | Collected[Any] | Exposures | Exposure | Diagnosis | Act | Order


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule: what it asks, whether it holds (None: nobody knows), and what it rests on."""

    text: Text
    holds: bool | None
    basis: tuple[Basis, ...] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """What a rule has to say about an order, or about the patient in `patient-view`.

    `summary` names the drug or act and stays under 140 characters in both languages; `detail` is one paragraph a text.
    `basis` are the facts that it rests on: their values and dates are printed, their resources recorded. `lines` are a
    list beneath the detail, `items` what there is to do, `links` the questionnaires of the service that it points to.
    """

    indicator: Indicator
    summary: Text
    detail: tuple[Text, ...]
    basis: tuple[Basis, ...] = ()
    offers: tuple[Offer, ...] = ()
    remarks: tuple[Text, ...] = ()
    lines: tuple[Text, ...] = ()
    items: tuple[Text, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """The condition that did not hold, and what that rests on."""

    because: Text
    basis: tuple[Basis, ...] = ()


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The facts that could not be looked up although every other condition holds.

    `severest` is how severe the card might have been, where that is less than the rule can be.
    """

    missing: tuple[Unavailable, ...]
    basis: tuple[Basis, ...] = ()
    severest: Indicator | None = None


Outcome: TypeAlias = Advice | Silence | CannotTell


def unless_all(*conditions: Condition) -> Silence | CannotTell | None:
    """None when every condition holds; else why the rule says nothing."""
    for condition in conditions:
        if condition.holds is False:
            return Silence(condition.text, condition.basis)
    unknown = [condition for condition in conditions if condition.holds is None]
    if unknown:
        return cannot_tell(*unknown)
    return None


def cannot_tell(*conditions: Condition) -> CannotTell:
    """That these conditions cannot be known, with the facts to blame."""
    missing = tuple(dict.fromkeys(one for condition in conditions for one in _unavailable(condition)))
    return CannotTell(missing, tuple(one for condition in conditions for one in condition.basis))


def _unavailable(condition: Condition) -> list[Unavailable]:
    found: list[Unavailable] = []
    for one in condition.basis:
        if isinstance(one, Unavailable):
            found.append(one)
        elif (isinstance(one, Collected) and one.gaps) or (isinstance(one, Exposures) and one.unsettled):
            found.append(one.unavailable)
    if not found:
        whether = _("whether {condition}", condition=condition.text)
        found = [Unavailable(whether, (SETTLES_NOTHING,), sources=_sources(condition.basis))]
    return found


SETTLES_NOTHING = _(
    "what is on record does not settle it (a bound such as «<» or «>», or a date that is partial or missing)",
)


def _sources(basis: tuple[Basis, ...]) -> tuple[str, ...]:
    return tuple(source for one in basis if isinstance(one, Known) for source in one.sources)
