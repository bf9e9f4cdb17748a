"""Outcomes into cards: few, ordered and merged as `rules.md`, "Cards" has it.

One card a problem: rules that share a problem, a checklist of missing prerequisites an order, one card an order for what
could not be checked, one a request for orders that could not be identified. Nothing that a rule said is lost on the way.
"""

from __future__ import annotations

from collections.abc import Sequence

from mappings.facts import Facts, NotUnderstood, Order
from service.cards.advice_cards import advice_cards
from service.cards.composed import Composed
from service.cards.quiet_cards import not_shown_card, not_understood_card, unchecked_cards
from service.evaluate import RuleOutcome
from service.rules.guideline import Guideline
from service.rules.outcome import Advice, Indicator


def compose(
    outcomes: Sequence[RuleOutcome],
    guideline: Guideline,
    unidentified: Sequence[Order],
    patient: Facts | None,
    set_aside: Sequence[NotUnderstood] = (),
) -> list[Composed]:
    """The cards of a request, the most urgent first.

    `set_aside` is what of the record was not understood; what another card says of it already is not said again.
    """
    advised = [one for one in outcomes if isinstance(one.outcome, Advice)]
    cards = advice_cards(advised, guideline, patient)
    cards += unchecked_cards(outcomes)
    told = {note for card in cards for note in card.notes}
    set_aside = [one for one in set_aside if one.why not in told]
    if unidentified or set_aside:
        cards.append(not_understood_card(unidentified, set_aside))
    return sorted(cards, key=lambda card: -card.indicator.rank)


def limited(cards: Sequence[Composed], most: int) -> list[Composed]:
    """At most so many cards, the most urgent of them; critical ones all, and what is left out is said on the last."""
    if len(cards) <= most:
        return list(cards)
    critical = sum(card.indicator is Indicator.CRITICAL for card in cards)
    kept = max(critical, most - 1)
    return [*cards[:kept], not_shown_card(cards[kept:])] if kept < len(cards) else list(cards)
