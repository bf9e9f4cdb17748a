"""What could not be told, as cards: not checked, not identified, not understood, not in use, not shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mappings.facts import NotUnderstood, Order
from mappings.wording import Text, _, _n
from service.cards.composed import Composed, fits_a_summary, references, unique
from service.cards.topics import (
    COULD_NOT_BE_CHECKED,
    NOT_IDENTIFIED,
    NOT_IDENTIFIED_NAME,
    NOT_SHOWN,
    NOT_SHOWN_NAME,
    NOT_UNDERSTOOD_NAME,
    UNCHECKED_NAME,
)
from service.evaluate import RuleOutcome
from service.rules.naming import act_at, named
from service.rules.outcome import CannotTell, Failure, Indicator


def unchecked_cards(outcomes: Sequence[RuleOutcome]) -> list[Composed]:
    """One card an order: the rules that could not tell or failed, and the facts that stood in the way."""
    by_order: dict[int | None, list[RuleOutcome]] = {}
    for one in outcomes:
        if isinstance(one.outcome, (CannotTell, Failure)):
            by_order.setdefault(None if one.order is None else one.order.index, []).append(one)
    return [_unchecked_card(group) for group in by_order.values()]


def _severest(one: RuleOutcome) -> Indicator:
    if isinstance(one.outcome, CannotTell) and one.outcome.severest is not None:
        return one.outcome.severest
    return one.rule.severest


def _unchecked_card(group: list[RuleOutcome]) -> Composed:
    severe = any(_severest(one) is not Indicator.INFO for one in group)
    missing = [fact for one in group if isinstance(one.outcome, CannotTell) for fact in one.outcome.missing]
    failed = [one for one in group if isinstance(one.outcome, Failure)]
    by_reason: dict[Text, dict[Text, None]] = {}
    for fact in missing:
        for why in fact.why:
            by_reason.setdefault(why, {})[fact.what] = None
    results = [_("{what}: {why}", what=tuple(facts), why=why) for why, facts in by_reason.items()]
    results += [
        _("{what}: shown only, {shown}", what=fact.what, shown=fact.shown) for fact in missing if fact.shown is not None
    ]
    results += [
        _(
            "the rule {rule} failed (a defect of the service)",
            rule=one.rule.id,
        )
        for one in failed
    ]
    order = group[0].order
    unchecked = tuple(dict.fromkeys(one.rule.id for one in group))
    summary = _unchecked_summary(order, unique(fact.what for fact in missing) or unchecked[:2])
    titles = tuple(dict.fromkeys(one.rule.title for one in group))
    explained = _(
        "These statements could not be checked; check them yourself. Nothing here says that a result is missing.",
    )
    return Composed(
        indicator=Indicator.WARNING if severe else Indicator.INFO,
        topic=COULD_NOT_BE_CHECKED,
        topic_name=UNCHECKED_NAME,
        summary=summary,
        detail=(explained,),
        items=titles,
        results=_first(unique(results), MOST_REASONS),
        unchecked=unchecked,
        resources=tuple(dict.fromkeys(source for fact in missing for source in fact.sources)),
    )


MOST_UNCHECKED = 3
"""Facts that the summary of an unchecked card names."""


def _unchecked_summary(order: Order | None, what: tuple[Text | str, ...]) -> Text:
    """What could not be checked, by name; as many names as there is room for, and without room for one how many."""

    def naming(most: int) -> Text:
        if order is None:
            return _("Could not be checked: {what}", what=what[:most])
        return _("{order}: could not be checked: {what}", order=act_at(order), what=what[:most])

    def counting() -> Text:
        if order is None:
            return _n("Could not be checked: {number} point", "Could not be checked: {number} points", len(what))
        return _n(
            "{order}: could not be checked: {number} point",
            "{order}: could not be checked: {number} points",
            len(what),
            order=act_at(order),
        )

    return next(filter(fits_a_summary, map(naming, range(MOST_UNCHECKED, 0, -1))), counting())


def ended_cards(outcomes: Sequence[RuleOutcome], why: Text) -> list[Composed]:
    """The one card of orders on a record that nobody acts on; without an order, silence."""
    orders = tuple(dict.fromkeys(one.order for one in outcomes if one.order is not None))
    if not orders:
        return []
    return [
        Composed(
            indicator=Indicator.INFO,
            topic=COULD_NOT_BE_CHECKED,
            topic_name=UNCHECKED_NAME,
            summary=_("{orders}: not checked, {why}", orders=unique(named(order) for order in orders)[:2], why=why),
            detail=(_("Check that the patient and the record are the right ones. No rule was applied."),),
            unchecked=tuple(dict.fromkeys(one.rule.id for one in outcomes)),
            resources=tuple(references(orders)),
        )
    ]


MOST_SET_ASIDE = 5
"""Resources of the record that the quiet card names; a record in words alone may hold hundreds."""

MOST_REASONS = 20
"""Reasons and orders that a card lists; thousands of results without a unit have one each."""


def _first(texts: Sequence[Text], most: int) -> tuple[Text, ...]:
    """So many of the texts, and how many more there are."""
    if len(texts) <= most:
        return tuple(texts)
    return (*texts[:most], _("{count} more of this kind", count=len(texts) - most))


def not_understood_card(unidentified: Sequence[Order], set_aside: Sequence[NotUnderstood]) -> Composed:
    """The one quiet card of a request: orders that could not be identified, and what of the record was not understood."""
    if not unidentified:
        return _set_aside_card(set_aside)
    orders = _not_identified_card(unidentified)
    if not set_aside:
        return orders
    record = _set_aside_card(set_aside)
    return replace(
        orders,
        detail=(*orders.detail, *record.detail),
        results=(*orders.results, *record.results),
        resources=(*orders.resources, *record.resources),
    )


def _set_aside_card(set_aside: Sequence[NotUnderstood]) -> Composed:
    shown = set_aside[:MOST_SET_ASIDE]
    return Composed(
        indicator=Indicator.INFO,
        topic=NOT_IDENTIFIED,
        topic_name=NOT_UNDERSTOOD_NAME,
        summary=_(
            "Uncertain or not understood: {names}",
            names=unique(one.name for one in shown)[:2],
        ),
        detail=(
            _(
                "The rules could not rely on what follows: take it into account yourself, and have the record corrected.",
            ),
        ),
        results=unique(_first([one.why for one in set_aside], MOST_SET_ASIDE)),
        resources=tuple(dict.fromkeys(one.source for one in shown if one.source)),
    )


def _not_identified_card(unidentified: Sequence[Order]) -> Composed:
    names = tuple(order.name if order.name.message else _("(no name)") for order in unidentified)
    results = tuple(
        _(
            "{order}: {why}",
            order=name,
            source=order.reference,
            why=order.unidentified_because or "",
        )
        for order, name in zip(unidentified, names, strict=True)
    )
    return Composed(
        indicator=Indicator.INFO,
        topic=NOT_IDENTIFIED,
        topic_name=NOT_IDENTIFIED_NAME,
        summary=_(
            "Order not identified, so not checked: {orders}",
            orders=names[:2],
        ),
        detail=(
            _(
                "Choose it from the catalogue of orders, or check it yourself: no rule was applied to it.",
                hint=_("have its code mapped"),
            ),
        ),
        results=_first(results, MOST_REASONS),
        resources=tuple(references(unidentified)),
    )


def not_shown_card(dropped: Sequence[Composed]) -> Composed:
    """What is left out to keep the cards few: a line each."""
    return Composed(
        indicator=max((card.indicator for card in dropped), key=lambda indicator: indicator.rank),
        topic=NOT_SHOWN,
        topic_name=NOT_SHOWN_NAME,
        summary=_("Cards not shown in full: {count}", count=len(dropped)),
        detail=(
            _(
                "One line each, to keep the cards few: deal with the more urgent ones, and ask again.",
            ),
        ),
        lines=tuple(card.summary for card in dropped),
        unchecked=tuple(dict.fromkeys(rule for card in dropped for rule in card.unchecked)),
        not_shown=tuple(dict.fromkeys(rule for card in dropped for rule in card.rules)),
    )
