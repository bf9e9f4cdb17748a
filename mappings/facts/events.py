"""Conditions, acts, allergies and orders of the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mappings.dates import When
from mappings.facts.drugs import Dosage, Drug
from mappings.facts.radiotherapy import Prescription
from mappings.wording import Text


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A Condition: what it is, whether it is active, when it began, and how sure the record is of it."""

    concepts: frozenset[str]
    name: str
    source: str
    active: bool
    provisional: bool
    suspected: bool
    onset: When | None
    recorded: When | None
    sites: frozenset[str]
    regions: frozenset[str]
    severities: frozenset[str]
    unverified_code: bool

    def is_any(self, concepts: frozenset[str]) -> bool:
        """One of these concepts."""
        return not self.concepts.isdisjoint(concepts)


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to the patient: a Procedure, an imaging study, a report, an encounter.

    `when` is its end (the only date where there is one); `started` its beginning. `under_way` is in progress.
    """

    concepts: frozenset[str]
    name: str
    source: str
    started: When | None
    when: When | None
    under_way: bool = False
    sites: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    unverified_code: bool = False

    @property
    def dated(self) -> When | None:
        """Its end, else its beginning; None for an act without any date."""
        return self.when or self.started

    def is_any(self, concepts: frozenset[str]) -> bool:
        """One of these concepts."""
        return not self.concepts.isdisjoint(concepts)


@dataclass(frozen=True, slots=True)
class Allergy:
    """An AllergyIntolerance that is not refuted: the substances that it names."""

    concepts: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned day of an order, and its `end` where one is stated; `assumed` when no day is stated and today was taken."""

    when: When
    assumed: bool
    end: When | None = None


class OrderKind(StrEnum):
    """The two kinds of order that the referential speaks of."""

    MEDICATION = "medication"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Order:
    """An order: a draft of the hook, or an active or planned one of the record.

    `reference` is `Type/id` (empty without an id); `index` tells the drafts of one request apart. `identified` is false
    when nothing says what is ordered. `reasons` are the concepts of its reason codes and of the conditions it refers to.
    `selecting` is true while the order is still being written (`order-select`).
    `radiotherapy` is set for an order of external radiotherapy; `links` join an order to others of one course.
    `unverified_code` is set where only codes that are not verified say what a service is; a medication's are in `drug`.
    `instruction` is what it tells the patient; `asks_a_question` is set when a reason is more than the cancer, its bone
    metastases and their follow-up.
    """

    kind: OrderKind
    reference: str
    index: int
    draft: bool
    triggers: bool
    name: Text
    concepts: frozenset[str]
    identified: bool
    urgent: bool
    planned: Planned
    drug: Drug | None = None
    dosage: Dosage = field(default_factory=Dosage)
    sites: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    reasons_unresolved: tuple[Text, ...] = ()
    intents: frozenset[str] = frozenset()
    analytes: frozenset[str] = frozenset()
    selecting: bool = False
    radiotherapy: Prescription | None = None
    links: frozenset[str] = frozenset()
    written: When | None = None
    unidentified_because: Text | None = None
    instruction: str = ""
    asks_a_question: bool = False
    unverified_code: bool = False

    def is_any(self, concepts: frozenset[str]) -> bool:
        """An order of one of these concepts."""
        return not self.concepts.isdisjoint(concepts)
