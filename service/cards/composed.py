"""A card before its language, and what all who compose cards have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cds_hooks import LONGEST_SUMMARY
from mappings.facts import Order
from mappings.wording import Text, _n
from service.languages.render import Language, plain, sentence
from service.rules.citation import Citation
from service.rules.offers import Offer
from service.rules.outcome import Asked, Indicator


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


def fits_a_summary(text: Text) -> bool:
    """Whatever its language, so that a card names the same in each."""
    return all(len(plain(sentence(text, language))) <= LONGEST_SUMMARY for language in Language)


def fitted(summary: Text) -> Text:
    """A summary of which a list is too long for it names fewer, and says how many more; the card tells them all below."""
    listed = [(name, one) for name, one in summary.parameters.items() if isinstance(one, tuple) and len(one) > 1]
    if not listed or fits_a_summary(summary):
        return summary
    shorter = (
        summary.with_(**{name: (*one[:most], _n("{number} more", "{number} more", number=len(one) - most))})
        for name, one in listed
        for most in range(len(one) - 1, 0, -1)
    )
    return next(filter(fits_a_summary, shorter), summary)


def unique(texts: Iterable[Text]) -> tuple[Text, ...]:
    """Each once, in their order."""
    return tuple(dict.fromkeys(texts))


def references(orders: Iterable[Order]) -> Iterable[str]:
    """The orders that have one, by their reference."""
    return (order.reference for order in orders if order.reference)
