"""What a rule answers: advice, silence with the condition that did not hold, that it cannot tell, or that it failed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from mappings.facts import Act, Collected, Diagnosis, Exposure, Exposures, Fact, Order, Unavailable
from mappings.values import value
from mappings.vocabulary.scores import Score
from mappings.wording import Text, _
from service.rules.offers import Offer


class Indicator(StrEnum):
    """Urgency of a card, as CDS Hooks names it."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def said(self) -> Text:
        """Its name in words."""
        return {"info": _("info"), "warning": _("warning"), "critical": _("critical")}[self.value]

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
class Asked:
    """A score that a card asks for, and the bones that it is asked of (`mappings.facts.bones`)."""

    score: Score
    regions: frozenset[str]


@value
class Advice:
    """What a rule has to say about an order, or about the patient in `patient-view`.

    `summary` names the drug or act and stays under 140 characters in every language; `detail` is one paragraph a text.
    `basis` are the facts that it rests on: their values and dates are printed, their resources recorded. `lines` are a
    list beneath the detail, `items` what there is to do, `links` the scores that it asks for. `joins` is the
    rule whose card it shares in this case, besides those that the policy puts together; that rule may name itself.
    On a card that another rule leads it says `beside`, in place of its summary and detail; None: these.
    The first text of the detail of a checklist's rule is the act, which the checklist says once for all of them.
    """

    indicator: Indicator
    summary: Text
    detail: tuple[Text, ...]
    basis: tuple[Basis, ...] = ()
    offers: tuple[Offer, ...] = ()
    remarks: tuple[Text, ...] = ()
    lines: tuple[Text, ...] = ()
    items: tuple[Text, ...] = ()
    links: tuple[Asked, ...] = ()
    joins: str = ""
    beside: tuple[Text, ...] | None = None


@value
class Silence:
    """The condition that did not hold, and what that rests on."""

    because: Text
    basis: tuple[Basis, ...] = ()


@value
class CannotTell:
    """The facts that could not be looked up although every other condition holds.

    `severest` is how severe the card might have been, where that is less than the rule can be.
    """

    missing: tuple[Unavailable, ...]
    basis: tuple[Basis, ...] = ()
    severest: Indicator | None = None


@value
class Failure:
    """A defect of ours in one rule: its exception's type, and nothing of the patient."""

    error: str


Outcome: TypeAlias = Advice | Silence | CannotTell | Failure
