"""The guideline's notes on the cards of one answer, each said once."""

from __future__ import annotations

from collections.abc import Iterable

from mappings.facts import Facts, Order
from mappings.wording import Text
from service.cards.results import remarks
from service.evaluate import RuleOutcome
from service.rules.guideline import Guideline, Place
from service.rules.offers import DeleteOrder
from service.rules.outcome import Advice


class Noted:
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
