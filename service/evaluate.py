"""Ask every rule that the orders call for: it advises, stays silent, cannot tell, or fails; nothing is ever lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from mappings.facts import Facts, Order
from service.rules import all_rules
from service.rules.bone_metastases.situations import IN_ANY_CASE
from service.rules.outcome import Advice, CannotTell, Condition, Silence, cannot_tell
from service.rules.rule import Rule, Trigger


@dataclass(frozen=True, slots=True)
class Failure:
    """A defect of ours in one rule: its exception's type, and nothing of the patient."""

    error: str


Answer: TypeAlias = Advice | Silence | CannotTell | Failure


@dataclass(frozen=True, slots=True)
class Answered:
    """What one rule answered about one order, or about the patient where `order` is None."""

    rule: Rule
    order: Order | None
    answer: Answer

    @property
    def outcome(self) -> str:
        """What it did, in a word or two: advises, silent, cannot tell, failed."""
        match self.answer:
            case Advice():
                return "advises"
            case Silence():
                return "silent"
            case CannotTell():
                return "cannot tell"
            case Failure():
                return "failed"


def triggered(rules: Iterable[Rule], orders: Sequence[Order], *, patient_view: bool) -> tuple[Rule, ...]:
    """The rules that these orders, or the view of the patient, may make speak; known before the record is looked at.

    A rule about any relevant order is one of them as soon as some rule, of this service or another, is about an order.
    """
    if patient_view:
        return tuple(rule for rule in rules if rule.patient_view)
    asked = {trigger for trigger in _triggers() if any(_about(trigger, order) for order in orders)}
    if not asked:
        return ()
    return tuple(rule for rule in rules if rule.trigger and (rule.trigger in asked or rule.trigger.any_relevant))


@cache
def _triggers() -> tuple[Trigger, ...]:
    """Every trigger of every rule, once."""
    found = dict.fromkeys(rule.trigger for rule in all_rules() if rule.trigger is not None)
    return tuple(trigger for trigger in found if not trigger.any_relevant)


def _about(trigger: Trigger, order: Order) -> bool:
    """The order is of the trigger's kind, as far as the order alone can tell."""
    return order.triggers and order.identified and trigger.matches(order)


def _scope(trigger: Trigger, order: Order, patient: Facts) -> Condition:
    """Whether the order, which is of the trigger's kind, is one that the rule speaks of; a defect of ours leaves it open."""
    if trigger.in_scope is None:
        return IN_ANY_CASE
    try:
        return trigger.in_scope(order, patient)
    except Exception:  # noqa: BLE001 - as in `_ask`; the rules themselves will fail on the same fact, and be told
        return Condition(trigger.name, holds=None)


def evaluate(
    rules: Iterable[Rule], orders: Sequence[Order], patient: Facts, *, patient_view: bool
) -> tuple[Answered, ...]:
    """Every rule asked about every order that it is about; in `patient-view` about the patient."""
    if patient_view:
        return tuple(Answered(rule, None, _ask(rule, None, patient)) for rule in rules)
    about = {trigger: _in_scope(trigger, orders, patient) for trigger in _triggers()}
    relevant = [
        (order, IN_ANY_CASE) for order in orders if any(order is one for found in about.values() for one, _ in found)
    ]
    answers: list[Answered] = []
    for rule in rules:
        if rule.trigger is None:
            continue
        own = relevant if rule.trigger.any_relevant else about[rule.trigger]
        for order, scope in own[:1] if rule.once else own:
            answer = _ask(rule, order, patient)
            if scope.holds is None and rule.trigger.must_be_known and not isinstance(answer, Silence):
                answer = cannot_tell(scope)
            answers.append(Answered(rule, order, answer))
    return tuple(answers)


def _in_scope(trigger: Trigger, orders: Sequence[Order], patient: Facts) -> list[tuple[Order, Condition]]:
    """The orders of the trigger's kind that are not known to be out of its scope."""
    found = ((order, _scope(trigger, order, patient)) for order in orders if _about(trigger, order))
    return [(order, scope) for order, scope in found if scope.holds is not False]


def _ask(rule: Rule, order: Order | None, patient: Facts) -> Answer:
    try:
        return rule.statement(order, patient)
    except Exception as error:  # noqa: BLE001 - one rule's defect must not silence the others; it is told on a card
        return Failure(type(error).__name__)
