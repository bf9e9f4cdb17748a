"""Ask every rule that the orders call for: it advises, stays silent, cannot tell, or fails; nothing is ever lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from mappings.facts import Facts, Order
from mappings.values import value
from service.rules.condition import Truth, cannot_tell, that, unless_all
from service.rules.guideline import Guideline
from service.rules.outcome import Advice, CannotTell, Failure, Outcome, Silence
from service.rules.rule import Rule, Trigger


@value
class RuleOutcome:
    """What one rule answered about one order, or about the patient where `order` is None."""

    rule: Rule
    order: Order | None
    outcome: Outcome

    @property
    def word(self) -> str:
        """What it did, in a word or two: advises, silent, cannot tell, failed."""
        match self.outcome:
            case Advice():
                return "advises"
            case Silence():
                return "silent"
            case CannotTell():
                return "cannot tell"
            case Failure():
                return "failed"


def triggered(rules: Iterable[Rule], guideline: Guideline, orders: Sequence[Order]) -> tuple[Rule, ...]:
    """The rules that these orders may make speak; known before the record is looked at.

    A rule about any relevant order is one of them as soon as some rule, of this service or another, is about an order.
    """
    asked = _about(guideline, orders)
    if not asked:
        return ()
    return tuple([rule for rule in rules if rule.trigger and (rule.trigger in asked or rule.trigger.any_relevant)])


def _about(guideline: Guideline, orders: Sequence[Order]) -> dict[Trigger, list[Order]]:
    """The orders of each trigger's kind, as far as the order alone can tell; without the triggers that have none."""
    found: dict[Trigger, list[Order]] = {}
    for order in orders:
        if order.triggers and order.identified:
            for trigger in _triggers_of(guideline, type(order)):  # type: ignore[arg-type]  # a class has a hash
                if trigger.matches(order):
                    found.setdefault(trigger, []).append(order)
    return {trigger: found[trigger] for trigger in guideline.triggers if trigger in found} if found else found


@cache
def _triggers_of(guideline: Guideline, kind: type) -> tuple[Trigger, ...]:
    """Those of its triggers that orders of a class may set off."""
    return tuple(trigger for trigger in guideline.triggers if issubclass(kind, trigger.kind))


def evaluate_patient(rules: Iterable[Rule], patient: Facts) -> tuple[RuleOutcome, ...]:
    """Every rule asked about the patient."""
    return tuple(RuleOutcome(rule, None, ask(rule, None, patient)) for rule in rules)


def evaluate_orders(
    rules: Iterable[Rule], guideline: Guideline, orders: Sequence[Order], patient: Facts
) -> tuple[RuleOutcome, ...]:
    """Every rule asked about every order that it is about."""
    kinds = _about(guideline, orders)
    about = {trigger: _in_scope(trigger, of_its_kind, patient) for trigger, of_its_kind in kinds.items()}
    in_scope = {id(order) for found in about.values() for order, _ in found}
    in_any_case = that(True)
    relevant = [(order, in_any_case) for order in orders if id(order) in in_scope]
    outcomes: list[RuleOutcome] = []
    for rule in rules:
        if rule.trigger is None:
            continue
        own = relevant if rule.trigger.any_relevant else about.get(rule.trigger, [])
        for order, scope in own[:1] if rule.once else own:
            outcome = ask(rule, order, patient)
            if scope.holds is None and rule.trigger.must_be_known and not isinstance(outcome, Silence):
                outcome = _out_of_reach(rule.trigger, scope, patient)
            outcomes.append(RuleOutcome(rule, order, outcome))
    return tuple(outcomes)


def _in_scope(trigger: Trigger, orders: Sequence[Order], patient: Facts) -> list[tuple[Order, Truth]]:
    """Those of the orders of its kind that are not known to be out of its scope."""
    found = ((order, _scope(trigger, order, patient)) for order in orders)
    return [(order, scope) for order, scope in found if scope.holds is not False]


def _scope(trigger: Trigger, order: Order, patient: Facts) -> Truth:
    """Whether the order, which is of the trigger's kind, is one that the rule speaks of; a defect of ours leaves it open."""
    if trigger.scope is None:
        return that(True)
    try:
        return trigger.scope(order, patient)
    except Exception:  # noqa: BLE001 - as in `ask`; the rules themselves will fail on the same fact, and be told
        return Truth(None, text=trigger.name)


def _out_of_reach(trigger: Trigger, scope: Truth, patient: Facts) -> Outcome:
    if trigger.scope is None:
        raise ValueError("a trigger without a scope is always in scope")
    return cannot_tell([(trigger.scope, scope)], patient)


def ask(rule: Rule, order: Order | None, patient: Facts) -> Outcome:
    """The conditions in their order, until one does not hold; then what the rule says."""
    try:
        return unless_all(rule.when, order, patient) or rule.statement(order, patient)
    except Exception as error:  # noqa: BLE001 - one rule's defect must not silence the others; it is told on a card
        return Failure(type(error).__name__)
