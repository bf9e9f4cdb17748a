"""The checklist of an order: what is missing before it, in a summary that names it, and no more words than are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mappings.facts import Absent, DrugOrder, Order, RadiotherapyOrder
from mappings.wording import Text, _, _n
from service.cards.composed import fits_a_summary, unique
from service.evaluate import RuleOutcome
from service.languages.render import Language, sentence
from service.rules.naming import act_at, named
from service.rules.outcome import Advice, Basis

MOST_WORDS = 40
"""Words of a checklist beyond which it gives no more reasons; in English, so that French stays within its 60."""

MOST_NAMED = 4
"""Prerequisites that the summary of a checklist names."""


def nothing_at_all(one: Basis) -> bool:
    """Neither a result nor an old one: the checklist's own lines say so already."""
    return isinstance(one, Absent) and one.stale is None


def completed_before(order: Order | None) -> Text:
    """The act of a checklist of several rules."""
    match order:
        case DrugOrder():
            return _("Complete what is missing before the dose.")
        case RadiotherapyOrder():
            return _("Complete what is missing before the treatment.")
        case _other:
            return _("Complete what is missing before the act.")


def that_fit(reasons: Iterable[Text], *, beside: Iterable[Text]) -> Iterator[Text]:
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


def checklist_summary(first: RuleOutcome, advices: Sequence[Advice]) -> Text:
    """What is missing, by name; of one rule alone its own summary."""
    items = [_name_of(item) for advice in advices for item in advice.items]
    if first.order is None or len(advices) == 1 or not items:
        return advices[0].summary
    every = unique(items)
    fewer = (_missing(first.order, every, named_at_most) for named_at_most in range(MOST_NAMED, 1, -1))
    return next(filter(fits_a_summary, fewer), _missing(first.order, every, 1))


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
