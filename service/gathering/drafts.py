"""The draft orders of a hook: which of them trigger rules, and what each is, as far as the evidence tells."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import replace

from cds_hooks import HookRequest
from mappings.clock import Clock
from mappings.evidence import Evidence, Resource, bare_id, local_reference, reference_of
from mappings.facts import Order, Unidentified
from mappings.readers.orders import courses_of_orders, is_order, read_order, unreadable_order
from mappings.readers.reader import Reader
from mappings.readers.shapes import a_map, a_text
from mappings.vocabulary.concepts import Terminology
from mappings.wording import _
from service.gathering.fhir_server import FhirServer
from service.gathering.gather import fetch_medications, unresolved_medications


def look_up_medications(
    request: HookRequest, evidence: Evidence, server: FhirServer | None, executor: Executor
) -> None:
    """Ask for the medications behind references of the drafts: without them no rule can know that it is meant."""
    if server is not None:
        wanted = {
            reference
            for entry in request.draft_orders
            for reference in unresolved_medications(a_map(entry.get("resource")), evidence)
        }
        fetch_medications(wanted, evidence, server, executor)


class Drafts:
    """The drafts of the hook as orders, as far as the evidence tells."""

    def __init__(self, request: HookRequest, evidence: Evidence, clock: Clock, terminology: Terminology) -> None:
        self._request = request
        self._evidence = evidence
        self._reader = Reader(clock, terminology, self._find)
        self._orders: tuple[Order, ...] = ()
        self._looked_up: list[tuple[object, Resource | None]] = []

    def read(self) -> tuple[Order, ...]:
        """Every draft that is an order, and those that cannot be read as one."""
        read: list[Order] = []
        self._looked_up = []
        chosen = _selected(self._request)
        for index, entry in enumerate(self._request.draft_orders):
            draft, triggers = a_map(entry.get("resource")), index in chosen
            if is_order(draft):
                order = read_order(self._reader, draft, index=index, draft=True, triggers=triggers)
                order = replace(order, selecting=self._request.selections is not None)
                of_another = _of_another_patient(draft, self._request.patient_id)
                read.append(_unidentified(order) if of_another else order)
            elif unreadable := unreadable_order(self._reader, draft, index=index, triggers=triggers):
                read.append(unreadable)
        self._orders = courses_of_orders(read)
        return self._orders

    def read_again(self) -> tuple[Order, ...]:
        """The same once reasons and body structures were gathered; nothing is read where none was waited for."""
        if all(self._evidence.find(reference) is found for reference, found in self._looked_up):
            return self._orders
        return self.read()

    def _find(self, reference: object) -> Resource | None:
        found = self._evidence.find(reference)
        self._looked_up.append((reference, found))
        return found


def _selected(request: HookRequest) -> frozenset[int]:
    """The drafts that were selected, by typed reference, `fullUrl` or the bare id of some clients.

    All of them where the hook has no selections, and where those that it has name none of the drafts: rules that stay
    silent because a name was spelled otherwise would be silent for no reason of the patient's.
    """
    everything = frozenset(range(len(request.draft_orders)))
    if request.selections is None:
        return everything
    wanted = {*request.selections, *(local_reference(selection) for selection in request.selections)}
    found = {index for index, entry in enumerate(request.draft_orders) if not wanted.isdisjoint(_names(entry))}
    return frozenset(found) if found or not wanted else everything


def _names(entry: Mapping[str, object]) -> set[str]:
    """The names by which a selection may mean an entry of the drafts."""
    draft = a_map(entry.get("resource"))
    return {reference_of(draft), a_text(entry.get("fullUrl")), a_text(draft.get("id"))} - {""}


def _of_another_patient(draft: Resource, patient_id: str) -> bool:
    reference = local_reference(draft.get("subject") or draft.get("patient"))
    return reference.startswith("Patient/") and bare_id(reference) != patient_id


ANOTHER_PATIENTS_ORDER = _("it names another patient than the request", hint=_("check the order's subject"))


def _unidentified(order: Order) -> Order:
    """Another patient's draft triggers nothing; it is told where it is one of ours, or may be."""
    why = Unidentified.OURS if order.concepts else order.unidentified or Unidentified.OTHER
    return replace(
        order,
        identified=False,
        concepts=frozenset(),
        unidentified=why,
        unidentified_because=ANOTHER_PATIENTS_ORDER,
    )
