"""Conditions, acts and allergies of the record, and what of it was set aside."""

from __future__ import annotations

from mappings.dates import When
from mappings.values import value
from mappings.wording import Text


@value
class Stay:
    """The stay that a diagnosis was coded for: its first and last day, today while it `is_open`; or `why` it has no date."""

    first: When | None = None
    last: When | None = None
    is_open: bool = False
    why: Text | None = None


@value
class Diagnosis:
    """A Condition: what it is, whether it is active, when it began, and how sure the record is of it.

    `stay` is what dates a diagnosis of a stay that has no date of its own. `unsure` says why it may not count, where it may
    not.
    """

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
    unsure: Text | None = None
    stay: Stay | None = None

    @property
    def begun(self) -> When | None:
        """From when on it was there: its onset, else its record, else the start of its stay."""
        return self.onset or self.recorded or (self.stay.first if self.stay is not None else None)

    def is_any(self, concepts: frozenset[str]) -> bool:
        """One of these concepts."""
        return not self.concepts.isdisjoint(concepts)


@value
class Act:
    """Something done to the patient: a Procedure, an imaging study, a report, an encounter.

    `when` is its end (the only date where there is one); `started` its beginning. `under_way` is in progress; `unsure` says
    why it may not have been done, where it may not. `for_another_reason` is set when all its reasons are injuries, or
    diseases of joints and bones, that are no metastasis.
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
    unsure: Text | None = None
    for_another_reason: bool = False

    @property
    def dated(self) -> When | None:
        """Its end, else its beginning; None for an act without any date."""
        return self.when or self.started

    def is_any(self, concepts: frozenset[str]) -> bool:
        """One of these concepts."""
        return not self.concepts.isdisjoint(concepts)


@value
class NotUnderstood:
    """A resource of the record that was set aside: its reference, how a card names it, and why, with what to do."""

    source: str
    name: Text
    why: Text


@value
class Allergy:
    """An AllergyIntolerance that is not refuted: the substances that it names; `nameless` where nobody can tell to what it is."""

    concepts: frozenset[str]
    source: str
    name: str = ""
    unsure: Text | None = None
    nameless: bool = False

    def is_to(self, substances: frozenset[str]) -> bool | None:
        """To one of these; None where it may be."""
        return True if not self.concepts.isdisjoint(substances) else None if self.nameless else False
