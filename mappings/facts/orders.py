"""Orders: the drafts of the hook, and the active and planned ones of the record, one class a kind."""

from __future__ import annotations

from enum import StrEnum

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


class Unidentified(StrEnum):
    """Why an order is not identified, as far as that decides whether it is told."""

    BLANK = "names nothing"
    """No word, no code, no reference: a form that is being filled in."""

    NAMELESS = "no words"
    """A code that says nothing to us, or a reference that leads nowhere, and no word beside it."""

    MAY_BE_OURS = "may be ours"
    """Its words or the class of its code may mean what a rule is about."""

    UNREADABLE = "unreadable"
    """No order of FHIR R4."""

    OURS = "one of ours"
    """It names what rules are about, and may not order it: of another patient, or modified by what we do not know."""

    OTHER = "something else"
    """Its words name what no rule is about."""


@value(kw_only=True)
class Order:
    """An order: a draft of the hook, or an active or planned one of the record; of this class alone when it cannot be read.

    `reference` is `Type/id` (empty without an id); `index` tells the drafts of one request apart. `identified` is false
    when nothing says what is ordered, and `unidentified` then says how much that may matter; `by_words` is set when only the
    words of its code say it. `reasons` are the concepts of its reason codes and of the conditions it refers to.
    `selecting` is true while the order is still being written (`order-select`); `revises` where it changes or replaces an
    order on record, so that it cannot be removed as a draft; `replaces` are the references of those whose place it takes.
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
    unidentified: Unidentified | None = None
    unidentified_because: Text | None = None
    by_words: bool = False
    unverified_code: bool = False
    revises: bool = False
    replaces: frozenset[str] = frozenset()

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
    reason is more than the cancer, its bone metastases and their follow-up, `for_another_reason` when all its reasons are
    injuries, or diseases of joints and bones, that are no metastasis.
    """

    sites: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()
    analytes: frozenset[str] = frozenset()
    instruction: str = ""
    for_another_reason: bool = False
    asks_a_question: bool = False


@value(kw_only=True)
class RadiotherapyOrder(ActOrder):
    """An order of external radiotherapy, with what it prescribes; `links` join it to others of one course."""

    prescription: Prescription
    links: frozenset[str] = frozenset()
