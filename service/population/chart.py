"""One patient's exported resources, answering the searches of a hook as the FHIR server would that they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import cache

import orjson

from mappings.evidence import Resource, bare_id, newest_versions
from mappings.queries import Query
from mappings.shapes import a_text
from mappings.vocabulary.concepts import Terminology
from mappings.wording import _
from service.gathering.answers import Opened, opened, searchset
from service.gathering.found_by_code import finds
from service.gathering.problems import FhirProblem
from service.gathering.record_server import Call, Pages
from service.population.export import Unreadable

NOT_EXPORTED = _(
    "the export holds nothing of this kind of any patient",
    hint=_("export this type of resource too: nobody can tell none from not exported"),
)
NOT_READ = _(
    "the export holds a resource of this kind of this patient that cannot be read",
    hint=_("a line that is no JSON, or no number that can be: mend it, and screen again"),
)
NO_PATIENT = _("the export holds no Patient resource of this patient", hint=_("export Patient too"))

NOT_FOUND = 404


class Chart:
    """The resources of one patient. `exported` are the types that the export holds of any patient: others were not asked for.

    Nothing is searched twice or later, so that each search is answered where it begins: what one hook found answers the same
    search of the next.
    """

    calls: tuple[Call, ...] = ()
    is_over = False

    def __init__(
        self,
        patient_id: str,
        resources: Iterable[Resource],
        exported: frozenset[str],
        terminology: Terminology,
        found: dict[str, Pages] | None = None,
        apart: str = "",
    ) -> None:
        """What was `found` is shared with other charts of the patient, but for the type in which they stand `apart`."""
        self.patient_id = patient_id
        self._found = {} if found is None else found
        self._apart = apart
        self.by_type: dict[str, list[Resource]] = {}
        self._unread: set[str] = set()
        for one in resources:
            kind = one.get("resourceType")
            if type(one) is Unreadable:
                self._unread.add(one["resourceType"])
            elif type(kind) is str and kind in self.by_type:
                self.by_type[kind].append(one)
            else:
                self.by_type.setdefault(a_text(kind), []).append(one)
        for kind, of_type in self.by_type.items():
            if len({one.get("id") for one in of_type if type(one.get("id")) is str}) != len(of_type):
                self.by_type[kind] = _each_once(of_type)
        self._exported = exported
        self._terminology = terminology

    @property
    def knows_the_patient(self) -> bool:
        """The Patient resource is there, and was read."""
        return not self.holds_unread("Patient") and any(
            one.get("id") == self.patient_id for one in self.by_type.get("Patient", ())
        )

    def holds_unread(self, resource_type: str) -> bool:
        """One of the type was not read, or one of which nobody knows the type."""
        return resource_type in self._unread or "" in self._unread

    def without(self, resource: Resource) -> Chart:
        """The same chart without one resource: an order that is now signed, and so is not on record yet."""
        apart = a_text(resource.get("resourceType"))
        chart = Chart(self.patient_id, (), self._exported, self._terminology, self._found, apart)
        others = [one for one in self.by_type.get(apart, ()) if one is not resource and not _same(one, resource)]
        chart.by_type = {**self.by_type, apart: others}
        chart._unread = self._unread
        return chart

    def begin(self, search: Callable[..., Pages], *asked: object) -> Future[Pages]:
        """A search, made when it is asked what it found."""
        return _Search(search, asked)

    def begin_all(self, queries: Sequence[Query], patient_id: str) -> list[Future[Pages]]:
        """Search all of them, at once."""
        return [self.begin(self.search, query, patient_id) for query in queries]

    def wait(self, searches: Sequence[Future[Pages]]) -> None:
        """All is found by now."""

    def found(self, search: Future[Pages]) -> Pages:
        """What a search found. Raises `FhirProblem`."""
        return search.result()

    def search(self, query: Query, patient_id: str) -> Pages:
        """What a query finds. Raises `FhirProblem` for a type that was not exported or not read, or a patient who was not."""
        held = self.by_type.get(query.resource_type, ())
        if self.holds_unread(query.resource_type):
            raise FhirProblem(NOT_READ)
        if query.is_read:
            patient = next((one for one in held if one.get("id") == patient_id), None)
            if patient is None:
                raise FhirProblem(NO_PATIENT, NOT_FOUND)
            return [opened(patient)]
        if query.resource_type not in self._exported:
            raise FhirProblem(NOT_EXPORTED)
        if query.resource_type == self._apart:
            return [self._of(query, held)]
        if query.key not in self._found:
            self._found[query.key] = [self._of(query, held)]
        return self._found[query.key]

    def _of(self, query: Query, held: Sequence[Resource]) -> Opened:
        if not query.concepts:
            return searchset(held)
        return searchset([one for one in held if _finds(query, one, self._terminology)])

    def by_ids(self, resource_type: str, ids: Iterable[str]) -> Pages:
        """The resources with these ids. Raises `FhirProblem` where one of their type was not read."""
        if self.holds_unread(resource_type):
            raise FhirProblem(NOT_READ)
        wanted = frozenset(map(bare_id, ids))
        return [searchset([one for one in self.by_type.get(resource_type, ()) if one.get("id") in wanted])]


def _same(one: Resource, other: Resource) -> bool:
    """They are versions of one resource."""
    return "id" in other and one.get("id") == other["id"]


def _each_once(resources: Sequence[Resource]) -> list[Resource]:
    """Each resource once, in its newest version, as a server has it: an export may hold it twice.

    Where nobody can tell which is the newest, the record reads them all.
    """
    found: dict[str, list[Resource]] = {}
    for place, one in enumerate(resources):
        name = one.get("id")
        found.setdefault(name if type(name) is str and name else f"#{place}", []).append(one)
    return [one for versions in found.values() for one in (newest_versions(versions) if versions[1:] else versions)]


class _Search(Future[Pages]):
    """What a chart was asked. It has nothing of a future but its type: no lock, and no thread that waits for another."""

    def __init__(self, search: Callable[..., Pages], asked: Sequence[object]) -> None:
        self._search, self._asked = search, asked

    def result(self, timeout: float | None = None) -> Pages:  # noqa: ARG002 - nothing is waited for
        """What it finds. Raises `FhirProblem`."""
        return self._search(*self._asked)


NOT_ITS_CODE_ALONE = frozenset({"component", "hasMember", "contained", "derivedFrom"})
"""Members of an Observation for which more than its code decides what it is a result of."""

MOST_CODES = 50_000
"""Codes of Observations that a process remembers for each search."""


@cache
def _remembered(_terminology: Terminology) -> dict[tuple[str, bytes], bool]:
    """Which Observations a search finds, by their code: the same few are in every record."""
    return {}


def _finds(query: Query, observation: Resource, terminology: Terminology) -> bool:
    """As a search by code does; of an Observation of which its code alone decides, once a code."""
    if not NOT_ITS_CODE_ALONE.isdisjoint(observation):
        return finds(query, observation, terminology)
    remembered = _remembered(terminology)
    key = (query.key, orjson.dumps((observation.get("status"), observation.get("code"))))
    if key not in remembered:
        if len(remembered) >= MOST_CODES:
            remembered.clear()
        remembered[key] = finds(query, observation, terminology)
    return remembered[key]
