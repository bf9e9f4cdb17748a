"""How the function of a rule says its advice: at its level, the act first, then what it rests on and what it offers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from mappings.facts import Exposure, Order
from mappings.wording import Text
from service.rules.offers import Offer
from service.rules.outcome import Advice, Asked, Basis, Indicator


def advise(  # noqa: PLR0913 - one a part of a card
    indicator: Indicator,
    summary: Text,
    *detail: Text,
    rests_on: Iterable[Basis] = (),
    offers: Iterable[Offer] = (),
    remarks: Iterable[Text] = (),
    lines: Iterable[Text] = (),
    items: Iterable[Text] = (),
    links: Iterable[Asked] = (),
    joins: str = "",
    beside: Iterable[Text] | None = None,
) -> Advice:
    """Advice of a level that is decided case by case; the parts are those of `Advice`.

    What rests on possible exposures alone is never more than a warning (`rules.md`, "Exposure").
    """
    basis = tuple(rests_on)
    return Advice(
        Indicator.WARNING if indicator is Indicator.CRITICAL and _rests_on_possible_exposures(basis) else indicator,
        summary,
        detail,
        basis,
        tuple(offers),
        tuple(remarks),
        tuple(lines),
        tuple(items),
        tuple(links),
        joins,
        None if beside is None else tuple(beside),
    )


def _rests_on_possible_exposures(basis: Iterable[Basis]) -> bool:
    """Beside orders it rests on exposures, and none of them is certain."""
    of_the_record = [one for one in basis if not isinstance(one, Order)]
    return bool(of_the_record) and all(isinstance(one, Exposure) and not one.certain for one in of_the_record)


info = partial(advise, Indicator.INFO)
warning = partial(advise, Indicator.WARNING)
critical = partial(advise, Indicator.CRITICAL)
