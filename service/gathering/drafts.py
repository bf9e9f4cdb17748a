"""The draft orders of a hook: which of them trigger rules, and what each is, as far as the evidence tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property

from cds_hooks import HookRequest
from mappings.clock import Clock
from mappings.evidence import Evidence, ForeignResource, Resource, bare_id, local_reference, reference_of
from mappings.facts import DrugOrder, Order, Unidentified
from mappings.readers.containers import NOT_FOUND, DraftEntry, entries_of, selected
from mappings.readers.orders import courses_of_orders, is_order, read_order, unreadable_order
from mappings.readers.reader import Reader, contained
from mappings.readers.revisions import NOT_FOUND as NO_PRIOR_ORDER
from mappings.readers.revisions import PRESCRIPTION, Revisions, references_to_orders
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Text, _
from service.gathering.gather import fetch, fetch_medications, prefetched_resources, unresolved_medications
from service.gathering.record_server import RecordServer

LOOKED_UP = ("MedicationRequest", "ServiceRequest")
"""The orders that a container of the drafts may refer to, and that a FHIR server is asked for."""


class Drafts:
    """The drafts of the hook as orders, as far as the evidence tells."""

    def __init__(self, request: HookRequest, evidence: Evidence, clock: Clock, terminology: Terminology) -> None:
        self._request = request
        self._evidence = evidence
        self._clock = clock
        self._terminology = terminology
        self._orders: tuple[Order, ...] = ()
        self._looked_up: list[tuple[object, Resource | None]] = []
        self._entries = entries_of(request.draft_orders, self._find_sent)

    @property
    def _reader(self) -> Reader:
        """Not kept: it holds a method of ours, and a circle would keep the record in memory until a collector comes by."""
        return Reader(self._clock, self._terminology, self._find)

    def look_up(self, server: RecordServer | None) -> None:
        """Ask for the orders that containers refer to, and for the medications of all.

        Without them no rule can know that it is meant.
        """
        if server is None:
            return
        missing = [entry.refers_to for entry in self._entries if entry.refers_to.partition("/")[0] in LOOKED_UP]
        if missing:
            for resource_type in LOOKED_UP:
                ids = {local.partition("/")[2] for local in missing if local.startswith(f"{resource_type}/")}
                fetch(resource_type, ids, self._evidence, server)
            self._entries = entries_of(self._request.draft_orders, self._find_sent)
        wanted = {
            reference for entry in self._entries for reference in unresolved_medications(entry.resource, self._evidence)
        }
        fetch_medications(wanted, self._evidence, server)

    @property
    def changeable(self) -> Mapping[int, Resource]:
        """The drafts that a client can change or remove, by the index of their orders."""
        return {index: entry.resource for index, entry in enumerate(self._entries) if entry.itself}

    def read(self) -> tuple[Order, ...]:
        """Every draft that is an order, and those that cannot be read as one."""
        read: list[Order] = []
        self._looked_up = []
        chosen = _selected(self._request, self._entries)
        for index, entry in enumerate(self._entries):
            triggers = index in chosen
            if entry.unreadable is not None:
                read.append(self._unreadable(entry, index, triggers=triggers))
            elif entry.is_order and is_order(entry.resource):
                order = self._order(entry, index, triggers=triggers)
                if self._request.selections is not None:
                    order = replace(order, selecting=True)
                of_another = _of_another_patient(entry.resource, self._request.patient_id)
                read.append(_concealed(order, ANOTHER_PATIENTS_ORDER) if of_another else order)
        self._orders = courses_of_orders(read)
        return self._orders

    def _order(self, entry: DraftEntry, index: int, *, triggers: bool) -> Order:
        order = read_order(self._reader, entry.resource, index=index, draft=True, triggers=triggers)
        if entry.otherwise is not None:
            drug = read_order(self._reader, entry.otherwise, index=index, draft=True, triggers=triggers)
            is_drug = self._reader.terminology.drug_name(drug.concepts) is not None
            order = drug if is_drug or (drug.concepts and not order.concepts) else order
        return order if entry.itself else replace(order, reference=entry.reference)

    def _unreadable(self, entry: DraftEntry, index: int, *, triggers: bool) -> Order:
        why = entry.unreadable or NOT_FOUND
        return unreadable_order(self._reader, entry.name, entry.reference, why, index=index, triggers=triggers)

    def read_again(self) -> tuple[Order, ...]:
        """The same once the record was gathered: with reasons and body structures, and whether they revise what it holds."""
        if not all(self._evidence.find(reference) is found for reference, found in self._looked_up):
            self.read()
        return self._as_many_as_can_be_checked([self._as_a_revision(order) for order in self._orders])

    def _as_many_as_can_be_checked(self, orders: Sequence[Order]) -> tuple[Order, ...]:
        """The orders; those in question beyond the bound are told as not checked. What is ordered again comes after all else."""
        most = max(1, MOST_BESIDE_ORDERS // max(1, sum(map(len, self._evidence.by_type.values()))))
        in_question = [order for order in orders if order.triggers and order.identified]
        if len(in_question) <= most:
            return tuple(orders)
        first = {order.concepts: order.index for order in reversed(in_question)}
        in_question.sort(key=lambda order: first[order.concepts] != order.index)
        beyond = frozenset(order.index for order in in_question[most:])
        return tuple(_concealed(order, TOO_MUCH) if order.index in beyond else order for order in orders)

    def _as_a_revision(self, order: Order) -> Order:
        draft = self._entries[order.index].resource
        if not order.identified or not self._revisions.revises(self._reader, order, draft):
            return order
        return replace(order, revises=True, replaces=self._revisions.replaced(draft))

    def look_up_revised(self, server: RecordServer | None) -> None:
        """Find the orders that the drafts of drugs revise; one that cannot be had leaves the medication history open."""
        drafted = frozenset().union(*(entry.names for entry in self._entries))
        revised = [
            (self._entries[order.index].resource, reference)
            for order in self._orders
            if order.triggers and order.concepts and isinstance(order, DrugOrder)
            for reference in references_to_orders(self._entries[order.index].resource)
            if local_reference(reference) not in drafted
        ]
        found = Revisions(self._evidence).found
        missing = {self._evidence.local(reference) for draft, reference in revised if found(draft, reference) is None}
        if server is not None:
            ids = {local.removeprefix(PRESCRIPTION) for local in missing if local.startswith(PRESCRIPTION)}
            fetch("MedicationRequest", ids, self._evidence, server)
        for draft, reference in revised:
            before = found(draft, reference)
            if before is None:
                gaps = self._evidence.gaps.get("medicationRequests", ())
                self._evidence.gaps["medicationRequests"] = tuple(dict.fromkeys((*gaps, NO_PRIOR_ORDER)))
            elif before is contained(draft, reference):
                nameless = {name: member for name, member in before.items() if name != "id"}
                with suppress(ForeignResource):
                    self._evidence.add(nameless, f"{reference_of(draft)}{local_reference(reference)}")

    @cached_property
    def _revisions(self) -> Revisions:
        """Of the record, once it was gathered."""
        return Revisions(self._evidence)

    def _find(self, reference: object) -> Resource | None:
        found = self._evidence.find(reference)
        self._looked_up.append((reference, found))
        return found

    def _find_sent(self, reference: object) -> Resource | None:
        """What a container of the drafts refers to, where it was looked up or prefetched."""
        found = self._evidence.find(reference)
        return self._prefetched.get(self._evidence.local(reference)) if found is None else found

    @cached_property
    def _prefetched(self) -> Mapping[str, Resource]:
        return prefetched_resources(self._request)


def _selected(request: HookRequest, entries: Sequence[DraftEntry]) -> frozenset[int]:
    """The drafts that were selected, by typed reference, `fullUrl` or the bare id of some clients, with what they hold.

    All of them where the hook has no selections, and where one that it has names none of the drafts: rules that stay
    silent because a name was spelled otherwise would be silent for no reason of the patient's.
    """
    known = frozenset[str]().union(*(entry.names for entry in entries))
    named = [{selection, local_reference(selection)} & known for selection in request.selections or ()]
    if request.selections is None or not all(named):
        return frozenset(range(len(entries)))
    return selected(entries, frozenset[str]().union(*named))


def _of_another_patient(draft: Resource, patient_id: str) -> bool:
    reference = local_reference(draft.get("subject") or draft.get("patient"))
    return reference.startswith("Patient/") and bare_id(reference) != patient_id


ANOTHER_PATIENTS_ORDER = _("it names another patient than the request", hint=_("check the order's subject"))


MOST_BESIDE_ORDERS = 200_000
"""Orders in question times resources of the record: rules look at each resource beside each order, for some microseconds."""

TOO_MUCH = _(
    "more orders at once than can be checked beside so large a record", hint=_("send fewer orders in one request")
)


def _concealed(order: Order, because: Text) -> Order:
    """The order by its name alone, which triggers nothing; it is told where it is one of ours, or may be."""
    why = Unidentified.OURS if order.concepts else order.unidentified or Unidentified.OTHER
    return replace(
        order,
        identified=False,
        concepts=frozenset(),
        unidentified=why,
        unidentified_because=because,
    )
