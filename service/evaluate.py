"""Ask every rule that the orders call for: it advises, stays silent, cannot tell, or fails; nothing is ever lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mappings.facts import Facts, Order
from mappings.wording import Text
from service.rules.outcome import Advice, CannotTell, Silence
from service.rules.rule import Rule


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


OUT_OF_SCOPE = Text("no order triggers it", "aucune prescription ne la déclenche")


def triggered(rules: Iterable[Rule], orders: Sequence[Order], *, patient_view: bool) -> tuple[Rule, ...]:
    """The rules that these orders, or the view of the patient, may make speak; known before the record is looked at.

    A rule about any relevant order is one of them only when another rule is.
    """
    if patient_view:
        return tuple(rule for rule in rules if rule.patient_view)
    asked = [order for order in orders if order.triggers and order.identified]
    own = [rule for rule in rules if rule.trigger is not None and not rule.trigger.any_relevant]
    speaking = {rule.id for rule in own if any(rule.trigger and rule.trigger.matches(order) for order in asked)}
    if not speaking:
        return ()
    return tuple(
        rule for rule in rules if rule.trigger is not None and (rule.trigger.any_relevant or rule.id in speaking)
    )


def evaluate(
    rules: Iterable[Rule], orders: Sequence[Order], patient: Facts, *, patient_view: bool
) -> tuple[Answered, ...]:
    """Every rule asked about every order that it is about; in `patient-view` about the patient."""
    if patient_view:
        return tuple(Answered(rule, None, _ask(rule, None, patient)) for rule in rules)
    in_scope = [(rule, tuple(_orders_of(rule, orders, patient))) for rule in rules]
    relevant = sorted(
        {order.index for rule, own in in_scope for order in own if rule.trigger and not rule.trigger.any_relevant}
    )
    first = next((order for order in orders if relevant and order.index == relevant[0]), None)
    answers: list[Answered] = []
    for rule, own in in_scope:
        about_any = rule.trigger is not None and rule.trigger.any_relevant
        asked = own[:1] if rule.once else own
        if about_any:
            asked = (first,) if first is not None else ()
        answers += [Answered(rule, order, _ask(rule, order, patient)) for order in asked]
    return tuple(answers)


def _orders_of(rule: Rule, orders: Sequence[Order], patient: Facts) -> Iterable[Order]:
    if rule.trigger is None or rule.trigger.any_relevant:
        return
    for order in orders:
        if not (order.triggers and order.identified and rule.trigger.matches(order)):
            continue
        if rule.trigger.in_scope is None or rule.trigger.in_scope(order, patient) is not False:
            yield order


def _ask(rule: Rule, order: Order | None, patient: Facts) -> Answer:
    try:
        return rule.statement(order, patient)
    except Exception as error:  # noqa: BLE001 - one rule's defect must not silence the others; it is told on a card
        return Failure(type(error).__name__)
