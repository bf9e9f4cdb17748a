"""Outcomes into cards: few, ordered, merged and silenced as `rules.md`, "Cards" has it.

One card a problem: rules that share a problem, a checklist of missing prerequisites an order, one card an order for what
could not be checked, one a request for orders that could not be identified. Nothing that a rule said is lost on the way:
what silences it is kept as its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from cds_hooks import LONGEST_SUMMARY, Card, Coding, Source
from mappings.facts import Absent, ActOrder, DrugOrder, Exposure, Facts, Known, NotUnderstood, Order, RadiotherapyOrder
from mappings.wording import Text, _, _n, asides
from service.cards.calendar_link import calendar_links
from service.cards.results import lines, remarks, resources
from service.cards.score_links import Pages, score_link
from service.cards.suggestions import Ordering, suggestions
from service.evaluate import RuleOutcome
from service.languages.render import Language, plain, sentence
from service.languages.render import render as rendered
from service.rules.citation import Citation, cited_shortly
from service.rules.guideline import EXTENSION, Guideline, Place, Rounding, versions
from service.rules.naming import act_at, named, site_of
from service.rules.offers import DeleteOrder, Offer
from service.rules.outcome import Advice, Asked, Basis, CannotTell, Failure, Indicator

TOPIC_SYSTEM = "urn:osteocds:rule"
REASON_SYSTEM = "urn:osteocds:override-reason"
CHECKLIST = "checklist"
COULD_NOT_BE_CHECKED = "could-not-be-checked"
NOT_IDENTIFIED = "not-identified"
NOT_SHOWN = "not-shown"

OVERRIDE_REASONS = (
    ("already-done", _("Already done or ordered elsewhere")),
    ("benefit-outweighs", _("Benefit outweighs the risk")),
    ("specialist-advice", _("On specialist advice")),
    ("not-applicable", _("Does not apply to this patient")),
    ("patient-choice", _("Patient's choice")),
    ("record-wrong", _("The record is wrong or incomplete")),
)
"""Few and stable reasons to override a card; «done elsewhere» and «record wrong» tell us most."""

CHECKLIST_NAME = _("Prerequisites")
UNCHECKED_NAME = _("Could not be checked")
NOT_SHOWN_NAME = _("More cards")
NOT_UNDERSTOOD_NAME = _("Uncertain or not understood")
NOT_IDENTIFIED_NAME = _("Order not identified")


@dataclass(frozen=True, slots=True)
class Composed:
    """A card before its language: its texts, its rules, and what it rests on."""

    indicator: Indicator
    topic: str
    topic_name: Text
    summary: Text
    detail: tuple[Text, ...]
    lines: tuple[Text, ...] = ()
    items: tuple[Text, ...] = ()
    items_missing: bool = False
    results: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    citations: tuple[Citation, ...] = ()
    offers: tuple[Offer, ...] = ()
    rules: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    links: tuple[Asked, ...] = ()
    not_shown: tuple[str, ...] = ()
    about: tuple[Text, ...] = ()
    """The names of the one order that the summary tells it is about, the longest first."""

    @property
    def texts(self) -> tuple[Text, ...]:
        """All that the card says, in the order in which it says it."""
        return (self.summary, *self.detail, *self.lines, *self.items, *self.results, *self.notes)


# --- composing --------------------------------------------------------------------------------------------------------


def compose(
    outcomes: Sequence[RuleOutcome],
    guideline: Guideline,
    unidentified: Sequence[Order],
    patient: Facts | None,
    set_aside: Sequence[NotUnderstood] = (),
) -> list[Composed]:
    """The cards of a request, the most urgent first; of one level what is missing, and then how to give, after the others.

    `set_aside` is what of the record was not understood; what another card says of it already is not said again.
    """
    advised = [one for one in outcomes if isinstance(one.outcome, Advice)]
    policy = guideline.policy

    def place(group: list[RuleOutcome]) -> tuple[int, int]:
        rule = group[0].rule.id
        return -_level(group[0]).rank, 2 if rule in policy.how_to_give else 1 if rule in policy.checklist else 0

    groups = sorted(map(_most_urgent_first, _grouped(advised, guideline)), key=place)
    noted = _Noted(guideline, patient, advised)
    rounding = guideline.rounding_of(patient)
    cards = [_advice_card(group, guideline, patient, noted, rounding) for group in groups]
    cards += _unchecked_cards(outcomes)
    told = {note for card in cards for note in card.notes}
    set_aside = [one for one in set_aside if one.why not in told]
    if unidentified or set_aside:
        cards.append(_not_understood_card(unidentified, set_aside))
    return sorted(cards, key=lambda card: -card.indicator.rank)


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
    group: list[RuleOutcome], guideline: Guideline, patient: Facts | None, noted: _Noted, rounding: Rounding
) -> Composed:
    """One card of one or several outcomes, the most urgent first; it gives the card its summary."""
    advices = [(one, one.outcome) for one in group if isinstance(one.outcome, Advice)]
    first, lead = advices[0]
    checklist = first.rule.id in guideline.policy.checklist
    orders = tuple(dict.fromkeys(one.order for one, _ in advices if one.order is not None))
    basis = [one for _, advice in advices for one in advice.basis]
    shown = [one for one in basis if not _nothing_at_all(one)] if checklist else basis
    lines_of_rules = _unique(text for _, advice in advices for text in advice.lines)
    items = _unique(text for _, advice in advices for text in advice.items)
    same = [(one, advice) for one, advice in advices[1:] if one.rule.id == first.rule.id and _is_the_same(advice, lead)]
    if checklist and len(advices) > 1:
        act = _completed_before(first.order)
        reasons = _unique(text for _, advice in advices for text in advice.detail[1:])
        detail = (act, *_that_fit(reasons, beside=(act, *lines_of_rules, *items)))
    else:
        others = [
            (advice, advice.beside if one.rule.id != first.rule.id else None)
            for one, advice in advices[1:]
            if (one, advice) not in same
        ]
        detail = _unique((*lead.detail, *_of_the_others(lead, others)))
    of_an_emergency = first.rule.trigger is not None and first.rule.trigger.any_relevant
    notes_on_orders = noted.of(() if of_an_emergency else orders, Place.DETAIL)
    detail = noted.said_once((*detail, *notes_on_orders), orders, act_first=True)
    detail = (*detail, *_also_for(lead, same))
    lines_of_rules = noted.said_once(lines_of_rules, orders)
    notes = _unique(
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
        summary=_checklist_summary(first, [advice for _, advice in advices]) if checklist else _fitted(lead.summary),
        detail=detail,
        lines=lines_of_rules,
        items=items,
        items_missing=checklist or first.rule.id in guideline.policy.lists_what_is_missing,
        results=_unique(lines(shown, rounding, _received(shown, patient))),
        notes=notes,
        citations=tuple(dict.fromkeys(citation for one, _ in advices for citation in one.rule.citations)),
        offers=tuple(offer for _, advice in advices for offer in advice.offers),
        rules=tuple(dict.fromkeys(one.rule.id for one, _ in advices)),
        links=tuple(dict.fromkeys(link for _, advice in advices for link in advice.links)),
        resources=tuple(dict.fromkeys((*_references(orders), *resources(basis)))),
        about=(act_at(orders[0]), named(orders[0])) if len(orders) == 1 else (),
    )


def _nothing_at_all(one: Basis) -> bool:
    """Neither a result nor an old one: the checklist's own lines say so already."""
    return isinstance(one, Absent) and one.stale is None


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


def _completed_before(order: Order | None) -> Text:
    """The act of a checklist of several rules."""
    match order:
        case DrugOrder():
            return _("Complete what is missing before the dose.")
        case RadiotherapyOrder():
            return _("Complete what is missing before the treatment.")
        case _other:
            return _("Complete what is missing before the act.")


MOST_WORDS = 40
"""Words of a checklist beyond which it gives no more reasons; in English, so that French stays within its 60."""


def _that_fit(reasons: Iterable[Text], *, beside: Iterable[Text]) -> Iterator[Text]:
    """Of the reasons of a checklist, those that keep it short; each line says what is missing, the catalogue says why.

    Counted in English, so that the card says the same in every language.
    """
    left = MOST_WORDS - sum(map(_words, beside))
    for reason in reasons:
        if (needed := _words(reason)) <= left:
            left -= needed
            yield reason


def _words(text: Text) -> int:
    return len(sentence(text, Language.ENGLISH).split())


MOST_NAMED = 4
"""Prerequisites that the summary of a checklist names."""


def _checklist_summary(first: RuleOutcome, advices: Sequence[Advice]) -> Text:
    """What is missing, by name; of one rule alone its own summary."""
    items = [_name_of(item) for advice in advices for item in advice.items]
    if first.order is None or len(advices) == 1 or not items:
        return advices[0].summary
    every = _unique(items)
    fewer = (_missing(first.order, every, named_at_most) for named_at_most in range(MOST_NAMED, 1, -1))
    return next(filter(_fits_a_summary, fewer), _missing(first.order, every, 1))


def _fits_a_summary(text: Text) -> bool:
    """Whatever its language, so that a card names the same in each."""
    return all(len(plain(sentence(text, language))) <= LONGEST_SUMMARY for language in Language)


def _fitted(summary: Text) -> Text:
    """A summary of which a list is too long for it names fewer, and says how many more; the card tells them all below."""
    listed = [(name, one) for name, one in summary.parameters.items() if isinstance(one, tuple) and len(one) > 1]
    if not listed or _fits_a_summary(summary):
        return summary
    shorter = (
        summary.with_(**{name: (*one[:most], _n("{number} more", "{number} more", number=len(one) - most))})
        for name, one in listed
        for most in range(len(one) - 1, 0, -1)
    )
    return next(filter(_fits_a_summary, shorter), summary)


def _missing(order: Order, every: tuple[Text, ...], named_at_most: int) -> Text:
    names = every
    if len(every) > named_at_most:
        more = len(every) - named_at_most
        names = (*every[:named_at_most], _n("{number} more", "{number} more", number=more))
    if not isinstance(order, DrugOrder):
        return _n(
            "{order}: prerequisite missing: {names}",
            "{order}: prerequisites missing: {names}",
            number=len(every),
            order=act_at(order),
            names=names,
        )
    return _n(
        "{order}: prerequisite missing before the dose: {names}",
        "{order}: prerequisites missing before the dose: {names}",
        number=len(every),
        order=named(order),
        names=names,
    )


def _name_of(item: Text) -> Text:
    """What a line of a checklist is about: its parameter `what`, or `act`; the whole line where it has none."""
    named_in_it = (item.parameters.get(name) for name in ("what", "act"))
    return next((name for name in named_in_it if isinstance(name, Text)), item)


def _references(orders: Iterable[Order]) -> Iterable[str]:
    return (order.reference for order in orders if order.reference)


def _unique(texts: Iterable[Text]) -> tuple[Text, ...]:
    return tuple(dict.fromkeys(texts))


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


class _Noted:
    """The guideline's notes on the cards of one answer, and what the cards about an order have said already."""

    def __init__(self, guideline: Guideline, patient: Facts | None, advised: Iterable[RuleOutcome]) -> None:
        self._guideline = guideline
        self._patient = patient
        self._not_given = {
            offer.order.index
            for one in advised
            if isinstance(one.outcome, Advice)
            for offer in one.outcome.offers
            if isinstance(offer, DeleteOrder)
        }
        self._said: dict[tuple[int, ...], set[Text]] = {}
        self._of_orders: set[tuple[int, Text]] = set()

    def of(self, orders: Iterable[Order], place: Place) -> Iterable[Text]:
        """What the notes say of the orders in one place of the card; of none in `patient-view`."""
        if self._patient is None:
            return
        for order in tuple(orders) or (None,):
            for note in self._guideline.notes:
                withheld = note.how_to_give and order is not None and order.index in self._not_given
                if note.place is place and note.about(order) and not withheld:
                    for said in note.says(order, self._patient):
                        for text in (said,) if isinstance(said, Text) else remarks((said,)):
                            if place is Place.REMARK or order is None or self._is_new(order, text):
                                yield text

    def _is_new(self, order: Order, text: Text) -> bool:
        """No more urgent card has said it of the order."""
        before = len(self._of_orders)
        self._of_orders.add((order.index, text))
        return len(self._of_orders) > before

    def said_once(
        self, told: tuple[Text, ...], orders: Iterable[Order], *, act_first: bool = False
    ) -> tuple[Text, ...]:
        """What a card says without what a more urgent card about the same orders has said; an act that comes first stays."""
        said = self._said.setdefault(tuple(sorted(order.index for order in orders)), set())
        left = tuple(text for place, text in enumerate(told) if text not in said or (act_first and not place))
        said.update(told)
        return left


# --- what could not be checked ----------------------------------------------------------------------------------------


def _unchecked_cards(outcomes: Sequence[RuleOutcome]) -> list[Composed]:
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
    summary = _unchecked_summary(order, _unique(fact.what for fact in missing) or unchecked[:2])
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
        results=_first(_unique(results), MOST_REASONS),
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

    return next(filter(_fits_a_summary, map(naming, range(MOST_UNCHECKED, 0, -1))), counting())


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
            summary=_("{orders}: not checked, {why}", orders=_unique(named(order) for order in orders)[:2], why=why),
            detail=(_("Check that the patient and the record are the right ones. No rule was applied."),),
            unchecked=tuple(dict.fromkeys(one.rule.id for one in outcomes)),
            resources=tuple(_references(orders)),
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


def _not_understood_card(unidentified: Sequence[Order], set_aside: Sequence[NotUnderstood]) -> Composed:
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
            names=_unique(one.name for one in shown)[:2],
        ),
        detail=(
            _(
                "The rules could not rely on what follows: take it into account yourself, and have the record corrected.",
            ),
        ),
        results=_unique(_first([one.why for one in set_aside], MOST_SET_ASIDE)),
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
        resources=tuple(_references(unidentified)),
    )


# --- not too many -----------------------------------------------------------------------------------------------------


def limited(cards: Sequence[Composed], most: int) -> list[Composed]:
    """At most so many cards, the most urgent of them; critical ones all, and what is left out is said on the last."""
    if len(cards) <= most:
        return list(cards)
    critical = sum(card.indicator is Indicator.CRITICAL for card in cards)
    kept = max(critical, most - 1)
    return [*cards[:kept], _not_shown_card(cards[kept:])] if kept < len(cards) else list(cards)


def _not_shown_card(dropped: Sequence[Composed]) -> Composed:
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


# --- in one language --------------------------------------------------------------------------------------------------

SOURCE_WITHOUT_CITATION = _("OsteoCDS")
RESULTS_HEADING = _("Based on")
ITEMS_HEADING = _("To do")
UNCHECKED_HEADING = _("Not checked")
WHY_HEADING = _("Why")


def written(
    composed: Composed,
    guideline: Guideline,
    ordering: Ordering,
    selection_behavior: str,
    pages: Pages,
) -> Card:
    """The card in its language, with its suggestions, and links to the catalogue, its questionnaires and the calendar."""
    language = ordering.language
    offered = suggestions(composed.offers, ordering)
    topic = Coding(TOPIC_SYSTEM, composed.topic, rendered(composed.topic_name, language))
    return Card(
        summary=shortened(plain(sentence(composed.summary, language))),
        indicator=composed.indicator.value,
        source=Source(
            _source_label(composed, language), topic, _catalogue_address(composed, guideline, language, pages.address)
        ),
        detail=_detail(composed, language),
        suggestions=tuple(offered),
        selection_behavior=selection_behavior,
        links=(
            *(score_link(asked, ordering, pages) for asked in composed.links if pages.address),
            *calendar_links(composed.rules, guideline, pages, language),
        ),
        override_reasons=_override_reasons(language) if composed.rules else (),
        extension={EXTENSION: _extension(composed, guideline, language)},
    )


def _extension(composed: Composed, guideline: Guideline, language: Language) -> dict[str, Any]:
    """What programs, and those who run them, may want to know of a card."""
    members: dict[str, Any] = {
        "rules": list(composed.rules),
        "unchecked": list(composed.unchecked),
        "resources": list(composed.resources),
        "notShown": list(composed.not_shown),
        "technical": list(_technical(composed.texts, language)),
        "version": versions(guideline),
    }
    return {name: value for name, value in members.items() if value}


def for_audience(cards: tuple[Card, ...], audience: str) -> tuple[Card, ...]:
    """The cards as a client gets them that shows their extension to everyone, or to clinicians (`World.card_audience`)."""
    return cards if audience == "everyone" else tuple(map(_without_technical, cards))


def _without_technical(card: Card) -> Card:
    """For clinicians: without what is said to those who run the systems."""
    ours = {name: value for name, value in card.extension.get(EXTENSION, {}).items() if name != "technical"}
    return replace(card, extension={**card.extension, EXTENSION: ours} if ours else {})


def _technical(texts: Iterable[Text], language: Language) -> Iterator[dict[str, Any]]:
    """For each sentence that has more to tell: the resources that it is about, and what may be done about it."""
    for text in dict.fromkeys(texts):
        aside = asides(text)
        if aside.sources or aside.hints:
            row = {
                "said": plain(sentence(text, language)),
                "resources": list(aside.sources),
                "hints": [plain(rendered(hint, language)) for hint in aside.hints],
            }
            yield {name: value for name, value in row.items() if value}


def _catalogue_address(composed: Composed, guideline: Guideline, language: Language, address: str) -> str:
    """The page of the card's first rule, else the catalogue; empty where nobody knows the address of the service."""
    if not address:
        return ""
    rules = (*composed.rules, *composed.unchecked, *composed.not_shown)
    place = f"{guideline.id}/{rules[0]}" if rules else guideline.id
    return f"{address}/catalogue/{place}?lang={language.value}"


def told_plainly(rules: Iterable[str], indicator: Indicator, language: Language) -> Card:
    """Stands for what could not be written because of a defect of ours: it names the rules, for silence would be worse."""
    ids = tuple(dict.fromkeys(rules))
    summary = _(
        "Advice that cannot be shown, because of a defect of the service",
    )
    detail = _(
        "Look these rules up in the catalogue of the service, check them yourself, and tell those who run it: {rules}.",
        rules=", ".join(ids),
    )
    return Card(
        summary=plain(sentence(summary, language)),
        indicator=indicator.value,
        source=Source(
            rendered(SOURCE_WITHOUT_CITATION, language),
            Coding(TOPIC_SYSTEM, COULD_NOT_BE_CHECKED, rendered(UNCHECKED_NAME, language)),
        ),
        detail=sentence(detail, language),
        override_reasons=_override_reasons(language),
        extension={EXTENSION: {"unchecked": list(ids)}} if ids else {},
    )


def shortened(summary: str) -> str:
    """Fewer than 140 characters; only words of the record can make a summary longer."""
    return summary if len(summary) <= LONGEST_SUMMARY else summary[: LONGEST_SUMMARY - 1].rstrip() + "…"


def _source_label(composed: Composed, language: Language) -> str:
    return _cited(composed.citations, language) if composed.citations else rendered(SOURCE_WITHOUT_CITATION, language)


@lru_cache(maxsize=1024)
def _cited(citations: tuple[Citation, ...], language: Language) -> str:
    """The citations of rules as a card prints them; there are few, and they come again and again."""
    return plain(sentence(cited_shortly(citations), language))


@cache
def _override_reasons(language: Language) -> tuple[Coding, ...]:
    return tuple(Coding(REASON_SYSTEM, code, rendered(text, language)) for code, text in OVERRIDE_REASONS)


def _detail(composed: Composed, language: Language) -> str:
    """Short markdown: what to do, in a paragraph and in lists, then what it rests on; the source is the card's own."""
    of_items = _n("Missing", "Missing", len(composed.items)) if composed.items_missing else ITEMS_HEADING
    headings = {COULD_NOT_BE_CHECKED: UNCHECKED_HEADING}
    told = (_without_its_order(sentence(text, language), composed, language) for text in composed.detail)
    paragraph = [" ".join(dict.fromkeys(map(_ended, told)))]
    results = _beside(composed.results, (*composed.lines, *composed.items), language)
    listed = _bullets(None, composed.lines, language)
    listed += _bullets(headings.get(composed.topic, of_items), composed.items, language)
    parts = [*paragraph, *listed]
    quiet = composed.topic in (COULD_NOT_BE_CHECKED, NOT_IDENTIFIED)
    parts += _bullets(WHY_HEADING if quiet else RESULTS_HEADING, results, language)
    if composed.notes:
        notes = dict.fromkeys(_ended(sentence(note, language)) for note in composed.notes)
        parts.append(" ".join(f"*{note}*" for note in notes))
    return "\n\n".join(part for part in parts if part)


_AFTER_A_NAME = re.compile(r"[ \u00a0\u202f]?[:,] ")


def _without_its_order(words: str, composed: Composed, language: Language) -> str:
    """A sentence of the detail without the order before a colon or a comma, where the summary begins with it already."""
    summary = sentence(composed.summary, language)
    for name in dict.fromkeys(sentence(text, language) for text in composed.about):
        if summary.startswith(name) and words.startswith(name) and (sign := _AFTER_A_NAME.match(words, len(name))):
            return words[sign.end() :][:1].upper() + words[sign.end() + 1 :]
    return words


def _beside(results: tuple[Text, ...], told: tuple[Text, ...], language: Language) -> tuple[Text, ...]:
    """The results without those with which a line of the card begins."""
    said = tuple(sentence(line, language) for line in told)
    return tuple(one for one in results if not any(line.startswith(sentence(one, language)) for line in said))


def _ended(words: str) -> str:
    """With a full stop, so that sentences can follow each other."""
    return words if words.endswith((".", "!", "?", "…")) else words + "."


def _bullets(heading: Text | None, texts: tuple[Text, ...], language: Language) -> list[str]:
    if not texts:
        return []
    listed = "\n".join(dict.fromkeys(f"- {sentence(text, language)}" for text in texts))
    return [listed if heading is None else f"**{rendered(heading, language)}**\n\n{listed}"]
