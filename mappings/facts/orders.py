"""Orders: the drafts of the hook, and the active and planned ones of the record, one class a kind."""

from __future__ import annotations

from mappings.dates import When
from mappings.facts.drugs import Dosage, Drug
from mappings.facts.radiotherapy import Prescription
from mappings.values import value
from mappings.wording import Text


@value
class Planned:
    """The planned day of an order, and its `end` where one is stated; `assumed` when no day is stated and today was taken."""

    when: When
    assumed: bool
    end: When | None = None


@value(kw_only=True)
class Order:
    """An order: a draft of the hook, or an active or planned one of the record; of this class alone when it cannot be read.

    `reference` is `Type/id` (empty without an id); `index` tells the drafts of one request apart. `identified` is false
    when nothing says what is ordered. `reasons` are the concepts of its reason codes and of the conditions it refers to.
    `selecting` is true while the order is still being written (`order-select`); `revises` where it changes or replaces an
    order on record, so that it cannot be removed as a draft.
    """

    reference: str
    index: int
    draft: bool
    triggers: bool
    name: Text
    concepts: frozenset[str]
    identified: bool
    urgent: bool
    planned: Planned
    reasons: frozenset[str] = frozenset()
    reasons_unresolved: tuple[Text, ...] = ()
    selecting: bool = False
    written: When | None = None
    unidentified_because: Text | None = None
    unverified_code: bool = False
    revises: bool = False

    def is_any(self, concepts: frozenset[str]) -> bool:
        """An order of one of these concepts."""
        return not self.concepts.isdisjoint(concepts)


@value(kw_only=True)
class DrugOrder(Order):
    """A medication order. `unverified_code` is set where only codes that are not verified say what the drug is."""

    drug: Drug
    dosage: Dosage


@value(kw_only=True)
class ActOrder(Order):
    """An order of an act: examination, operation, consultation, laboratory request.

    `analytes` are those that it asks for; `instruction` is what it tells the patient; `asks_a_question` is set when a
    reason is more than the cancer, its bone metastases and their follow-up.
    """

    sites: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()
    analytes: frozenset[str] = frozenset()
    instruction: str = ""
    asks_a_question: bool = False


@value(kw_only=True)
class RadiotherapyOrder(ActOrder):
    """An order of external radiotherapy, with what it prescribes; `links` join it to others of one course."""

    prescription: Prescription
    links: frozenset[str] = frozenset()
