"""Drafts that revise an order on record (`rules.md`, "A draft that revises an order on record").

By the same id, by `priorPrescription` or `replaces`, or based on an active order of the same drug. The order on record is
then an exposure, so that its drug is not started.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mappings.evidence import Evidence, Resource, local_reference, reference_of
from mappings.facts import DrugOrder, Order
from mappings.readers.exposures import NO_ORDER_INTENTS, NOT_REQUESTED, REQUESTED
from mappings.readers.medications import identify
from mappings.readers.orders import DRAFTED, OPEN, ORDER_TYPES
from mappings.readers.reader import Reader, contained
from mappings.readers.standing import standing
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.elements import INTENT, ORDER_STATUS
from mappings.wording import _

TAKES_THE_PLACE_OF = ("priorPrescription", "replaces")
BASED_ON = ("basedOn", "authorizingPrescription", "request")
"""The request behind a request or statement, a dispense, an administration (HL7 FHIR 4.0.1)."""

PRESCRIPTION = "MedicationRequest/"

NOT_FOUND = _("an order that a draft of the request replaces could not be looked up")


def references_to_orders(draft: Resource) -> Iterator[object]:
    """The references by which a draft may revise an order of a drug."""
    for name in TAKES_THE_PLACE_OF:
        yield from maps(draft.get(name))
    for name in BASED_ON:
        yield from (one for one in maps(draft.get(name)) if _may_be_a_prescription(one))


def _may_be_a_prescription(reference: object) -> bool:
    local = local_reference(reference)
    return not local or local.startswith(("#", "urn:", PRESCRIPTION))


@dataclass
class Revisions:
    """The orders of one record, as the drafts name them; asked once the record was gathered."""

    evidence: Evidence

    def found(self, draft: Resource, reference: object) -> Resource | None:
        """The order that a reference of a draft leads to: contained, gathered, or of the same business identifier.

        What is no order is none, whether or not it was gathered.
        """
        held = contained(draft, reference) or self.evidence.find(reference)
        if held is not None:
            return held if a_text(held.get("resourceType")) in DRAFTED else None
        identity = _identity(a_map(a_map(reference).get("identifier")))
        return self._by_identity.get(identity) if identity is not None else None

    def replaced(self, draft: Resource) -> frozenset[str]:
        """The orders on record whose place the draft takes: of the same id, or that it names as those that it replaces."""
        named = (self.found(draft, reference) for name in TAKES_THE_PLACE_OF for reference in maps(draft.get(name)))
        return frozenset({reference_of(draft), *(reference_of(one) for one in named if one is not None)} - {""})

    def revises(self, reader: Reader, order: Order, draft: Resource) -> bool:
        """The draft changes, replaces or carries on an order on record; one that it replaces and that is not found counts."""
        own = reference_of(draft)
        if own and (same := self.evidence.find(own)) is not None and _was_ordered(same, REQUESTED):
            return True
        for name in TAKES_THE_PLACE_OF:
            for reference in maps(draft.get(name)):
                before = self.found(draft, reference)
                if before is None or _was_ordered(before, REQUESTED):
                    return True
        return isinstance(order, DrugOrder) and any(
            (before := self.found(draft, reference)) is not None
            and _was_ordered(before, OPEN)
            and not identify(reader, before).concepts.isdisjoint(order.concepts)
            for name in BASED_ON
            for reference in maps(draft.get(name))
        )

    @cached_property
    def _by_identity(self) -> Mapping[tuple[str, str], Resource]:
        return {
            identity: resource
            for resource_type in ORDER_TYPES
            for _source, resource in self.evidence.of_type(resource_type)
            for identifier in maps(resource.get("identifier"))
            if (identity := _identity(identifier)) is not None
        }


def _identity(identifier: Resource) -> tuple[str, str] | None:
    identified = a_text(identifier.get("value"))
    return (a_text(identifier.get("system")), identified) if identified else None


def _was_ordered(resource: Resource, counting: frozenset[str]) -> bool:
    """An order that was signed, or may have been; a draft that the EHR keeps is none."""
    never = NOT_REQUESTED | (REQUESTED - counting)
    stands = standing(resource, ORDER_STATUS, counting=counting, never=never)
    return stands.counts is not False and INTENT.of(resource) not in NO_ORDER_INTENTS
