"""What rules advise as cards: one a problem, the most urgent rule first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mappings.facts import ActOrder, DrugOrder, Exposure, Facts, Known, Order
from mappings.wording import Text, _
from service.cards.checklist import checklist_summary, completed_before, nothing_at_all, that_fit
from service.cards.composed import Composed, fitted, references, unique
from service.cards.notes import Noted
from service.cards.results import lines, remarks, resources
from service.cards.topics import CHECKLIST, CHECKLIST_NAME
from service.evaluate import RuleOutcome
from service.rules.guideline import Guideline, Place, Rounding
from service.rules.naming import act_at, named, site_of
from service.rules.outcome import Advice, Basis, Indicator


def advice_cards(advised: Sequence[RuleOutcome], guideline: Guideline, patient: Facts | None) -> list[Composed]:
    """The cards of what is advised, the most urgent first.

    Of one level what is missing, and then how to give, come after the others.
    """
    policy = guideline.policy

    def place(group: list[RuleOutcome]) -> tuple[int, int]:
        rule = group[0].rule.id
        return -_level(group[0]).rank, 2 if rule in policy.how_to_give else 1 if rule in policy.checklist else 0

    groups = sorted(map(_most_urgent_first, _grouped(advised, guideline)), key=place)
    noted, rounding = Noted(guideline, patient, advised), guideline.rounding_of(patient)
    return [_advice_card(group, guideline, patient, noted, rounding) for group in groups]


def _grouped(advised: Sequence[RuleOutcome], guideline: Guideline) -> list[list[RuleOutcome]]:
    """Outcomes about one problem, in the order in which the problems first came up.

    Orders of acts have a card each, told apart by bone and side; a drug and an act that are ordered together have one.
    """
    groups: dict[object, list[RuleOutcome]] = {}
    of_drugs = {_card_of(one) for one in advised if isinstance(one.order, DrugOrder)}
    for one in advised:
        rule, order = _card_of(one), None if one.order is None else one.order.index
        if rule in guideline.policy.checklist:
            key: object = (CHECKLIST, order)
        elif (problem := guideline.problems.get(rule)) is not None:
            key = (problem, order)
        elif isinstance(one.order, ActOrder) and rule not in of_drugs:
            key = (rule, site_of(one.order))
        else:
            key = rule
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _card_of(one: RuleOutcome) -> str:
    """The rule whose card it shares, its own as a rule."""
    return (one.outcome.joins if isinstance(one.outcome, Advice) else "") or one.rule.id


def _level(one: RuleOutcome) -> Indicator:
    return one.outcome.indicator if isinstance(one.outcome, Advice) else Indicator.INFO


def _most_urgent_first(group: list[RuleOutcome]) -> list[RuleOutcome]:
    return sorted(group, key=lambda one: -_level(one).rank)


def _advice_card(
    group: list[RuleOutcome], guideline: Guideline, patient: Facts | None, noted: Noted, rounding: Rounding
) -> Composed:
    """One card of one or several outcomes, the most urgent first; it gives the card its summary."""
    advices = [(one, one.outcome) for one in group if isinstance(one.outcome, Advice)]
    first, lead = advices[0]
    checklist = first.rule.id in guideline.policy.checklist
    orders = tuple(dict.fromkeys(one.order for one, _ in advices if one.order is not None))
    basis = [one for _, advice in advices for one in advice.basis]
    shown = [one for one in basis if not nothing_at_all(one)] if checklist else basis
    lines_of_rules = unique(text for _, advice in advices for text in advice.lines)
    items = unique(text for _, advice in advices for text in advice.items)
    same = [(one, advice) for one, advice in advices[1:] if one.rule.id == first.rule.id and _is_the_same(advice, lead)]
    if checklist and len(advices) > 1:
        act = completed_before(first.order)
        reasons = unique(text for _, advice in advices for text in advice.detail[1:])
        detail = (act, *that_fit(reasons, beside=(act, *lines_of_rules, *items)))
    else:
        others = [
            (advice, advice.beside if one.rule.id != first.rule.id else None)
            for one, advice in advices[1:]
            if (one, advice) not in same
        ]
        detail = unique((*lead.detail, *_of_the_others(lead, others)))
    of_an_emergency = first.rule.trigger is not None and first.rule.trigger.any_relevant
    notes_on_orders = noted.of(() if of_an_emergency else orders, Place.DETAIL)
    detail = noted.said_once((*detail, *notes_on_orders), orders, act_first=True)
    detail = (*detail, *_also_for(lead, same))
    lines_of_rules = noted.said_once(lines_of_rules, orders)
    notes = unique(
        text
        for texts in (
            (text for _, advice in advices for text in advice.remarks),
            remarks(basis),
            _identified_how(orders),
            noted.of(orders, Place.REMARK),
        )
        for text in texts
    )
    return Composed(
        indicator=lead.indicator,
        topic=CHECKLIST if checklist else first.rule.id,
        topic_name=CHECKLIST_NAME if checklist else first.rule.title,
        summary=checklist_summary(first, [advice for _, advice in advices]) if checklist else fitted(lead.summary),
        detail=detail,
        lines=lines_of_rules,
        items=items,
        items_missing=checklist or first.rule.id in guideline.policy.lists_what_is_missing,
        results=unique(lines(shown, rounding, _received(shown, patient))),
        notes=notes,
        citations=tuple(dict.fromkeys(citation for one, _ in advices for citation in one.rule.citations)),
        offers=tuple(offer for _, advice in advices for offer in advice.offers),
        rules=tuple(dict.fromkeys(one.rule.id for one, _ in advices)),
        links=tuple(dict.fromkeys(link for _, advice in advices for link in advice.links)),
        resources=tuple(dict.fromkeys((*references(orders), *resources(basis)))),
        about=(act_at(orders[0]), named(orders[0])) if len(orders) == 1 else (),
    )


_NAMES_OF_ORDERS = frozenset({"drug", "act"})
"""The parameters by which the summary of a rule names its order."""


def _is_the_same(advice: Advice, lead: Advice) -> bool:
    """The same summary and detail, but for the name of the order."""
    return advice.detail == lead.detail and _without_its_name(advice.summary) == _without_its_name(lead.summary)


def _without_its_name(summary: Text) -> tuple[str, dict[str, object]]:
    return summary.message, {name: one for name, one in summary.parameters.items() if name not in _NAMES_OF_ORDERS}


def _also_for(lead: Advice, same: Iterable[tuple[RuleOutcome, Advice]]) -> Iterator[Text]:
    """Of which other orders a card says the same; not where its summary names them."""
    orders = (one.order for one, advice in same if one.order is not None and advice.summary != lead.summary)
    if others := tuple(dict.fromkeys(map(act_at, orders))):
        yield _("The same for {orders}.", orders=others)


def _of_the_others(lead: Advice, others: Sequence[tuple[Advice, tuple[Text, ...] | None]]) -> Iterator[Text]:
    """What the others of a card say: their summaries, then their details; or what a rule has for the card of another."""
    yield from (one.summary for one, beside in others if beside is None and one.summary != lead.summary)
    yield from (text for one, beside in others for text in (one.detail if beside is None else beside))


def _identified_how(orders: Iterable[Order]) -> Iterable[Text]:
    """What must be said of how the orders were identified."""
    for order in orders:
        if isinstance(order, DrugOrder) and order.drug.by_name:
            yield _("{drug} was identified by name.", drug=order.name)
        if order.by_words:
            yield _("«{order}»: identified by its words.", order=order.name)
        if order.unverified_code or (isinstance(order, DrugOrder) and order.drug.unverified_code):
            yield _("{order} was identified by a code that is not verified.", order=named(order))


def _received(basis: Iterable[Basis], patient: Facts | None) -> tuple[Exposure, ...]:
    """All that the record tells of drugs, where the card rests on one."""
    of_drugs = any(isinstance(one.value if isinstance(one, Known) else one, Exposure) for one in basis)
    return patient.exposures.entries if of_drugs and patient is not None else ()
