"""How the function of a rule says its advice: at its level, the act first, then what it rests on and what it offers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from mappings.vocabulary.scores import Score
from mappings.wording import Text
from service.rules.offers import Offer
from service.rules.outcome import Advice, Basis, Indicator


def advise(  # noqa: PLR0913 - one a part of a card
    indicator: Indicator,
    summary: Text,
    *detail: Text,
    rests_on: Iterable[Basis] = (),
    offers: Iterable[Offer] = (),
    remarks: Iterable[Text] = (),
    lines: Iterable[Text] = (),
    items: Iterable[Text] = (),
    links: Iterable[Score] = (),
    joins: str = "",
) -> Advice:
    """Advice of a level that is decided case by case; the parts are those of `Advice`."""
    return Advice(
        indicator,
        summary,
        detail,
        tuple(rests_on),
        tuple(offers),
        tuple(remarks),
        tuple(lines),
        tuple(items),
        tuple(links),
        joins,
    )


info = partial(advise, Indicator.INFO)
warning = partial(advise, Indicator.WARNING)
critical = partial(advise, Indicator.CRITICAL)
