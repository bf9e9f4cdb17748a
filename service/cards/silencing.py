"""Rules that silence each other, by the guideline's policy; what silences a rule is kept as its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mappings.wording import Text, _
from service.evaluate import RuleOutcome
from service.rules.guideline import Policy
from service.rules.offers import DeleteOrder
from service.rules.outcome import Advice, CannotTell, Indicator, Silence

_MAY_BE_SILENCED = (Advice, CannotTell)


def silenced(outcomes: Sequence[RuleOutcome], policy: Policy) -> tuple[RuleOutcome, ...]:
    """The outcomes after the rules that silence each other.

    Beside a rule that asks to delete an order, the rules about how to give it are silent; beside a critical emergency,
    the rules of `patient-view` about starting or stopping are; a rule that yields to another is silent beside its advice about
    the same order, or about the patient.
    """
    advised = [(one, one.outcome) for one in outcomes if isinstance(one.outcome, Advice)]
    deleted = {
        offer.order.index: one.rule.id
        for one, advice in advised
        for offer in advice.offers
        if isinstance(offer, DeleteOrder)
    }
    emergencies = [
        one.rule.id
        for one, advice in advised
        if advice.indicator is Indicator.CRITICAL and one.rule.trigger is not None and one.rule.trigger.any_relevant
    ]
    advising = {(one.rule.id, None if one.rule.once else _about(one)) for one, _advice in advised}

    def after(one: RuleOutcome) -> RuleOutcome:
        if not isinstance(one.outcome, _MAY_BE_SILENCED):
            return one
        rule = one.rule.id
        others = policy.yields.get(rule, frozenset())
        if before := {other for other in others if not advising.isdisjoint({(other, None), (other, _about(one))})}:
            return replace(one, outcome=Silence(_("another rule says more: {rule}", rule=min(before))))
        if rule in policy.how_to_give and one.order is not None and one.order.index in deleted:
            because = _("another rule asks to remove the order: {rule}", rule=deleted[one.order.index])
            return replace(one, outcome=Silence(because))
        if rule in policy.starting_or_stopping and one.order is None and emergencies:
            return replace(one, outcome=Silence(_("an emergency comes first: {rule}", rule=emergencies[0])))
        return one

    return tuple([after(one) for one in outcomes])


def _about(one: RuleOutcome) -> int | None:
    """The order that it is about, by its index; None for the patient."""
    return None if one.order is None else one.order.index


def unasked(outcomes: Sequence[RuleOutcome], why: Text) -> tuple[RuleOutcome, ...]:
    """The same rules, silent: nobody acts on the record that they were asked about."""
    because = _("somebody acts on this record: {why}", why=why)
    return tuple(replace(one, outcome=Silence(because)) for one in outcomes)
