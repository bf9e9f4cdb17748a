"""Who answers the searches of one hook request: the FHIR server that it names, or what a site exported of the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Protocol, TypeAlias

from mappings.queries import Query
from service.gathering.answers import Opened

Pages: TypeAlias = list[Opened]


class RecordServer(Protocol):
    """The searches of one request. A search that cannot be answered raises `FhirProblem`, as `found` does."""

    @property
    def calls(self) -> tuple[int, float]:
        """How many HTTP requests were begun, and the sum of the seconds of those that ended."""

    @property
    def is_over(self) -> bool:
        """What came in time, and was not taken into the evidence by now, is not taken any more."""

    def begin(self, search: Callable[..., Pages], *asked: object) -> Future[Pages]:
        """Begin a search (`search`, `by_ids`)."""

    def found(self, search: Future[Pages]) -> Pages:
        """What a search found, once it is there."""

    def search(self, query: Query, patient_id: str) -> Pages:
        """All pages of a query, opened (the read of the patient as one)."""

    def by_ids(self, resource_type: str, ids: Iterable[str]) -> Pages:
        """The resources with these ids."""
