"""Who answers the searches of one hook request: the FHIR server that it names, or what a site exported of the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mappings.queries import Query
from service.gathering.answers import Opened

Pages: TypeAlias = list[Opened]


@dataclass(slots=True)
class Call:
    """One HTTP request to a FHIR server: below which listed address, when it was begun and ended, and how it ended.

    Times are seconds of `time.monotonic`; a call that nobody has waited for to the end has none. `outcome` is one of
    `OUTCOMES`.
    """

    base: str
    began: float
    ended: float | None = None
    outcome: str = "unanswered"


OUTCOMES = ("answered", "unanswered", "too slow", "unreachable", "redirected", "refused", "failed", "unusable")
"""Of a call: with JSON within our bounds; not by the end of the request; not by the deadline; by nobody; elsewhere; HTTP 4xx and
5xx; with what cannot be read, or not in our bounds."""


class RecordServer(Protocol):
    """The searches of one request. A search that cannot be answered raises `FhirProblem`, as `found` does."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The HTTP requests that were begun."""

    @property
    def is_over(self) -> bool:
        """What came in time, and was not taken into the evidence by now, is not taken any more."""

    def begin(self, search: Callable[..., Pages], *asked: object) -> Future[Pages]:
        """Begin a search (`search`, `by_ids`)."""

    def begin_all(self, queries: Sequence[Query], patient_id: str) -> Sequence[Future[Pages]]:
        """Begin many searches (`search`)."""

    def wait(self, searches: Sequence[Future[Pages]]) -> None:
        """Wait a moment for all of these searches together."""

    def found(self, search: Future[Pages]) -> Pages:
        """What a search found, once it is there."""

    def search(self, query: Query, patient_id: str) -> Pages:
        """All pages of a query, opened (the read of the patient as one)."""

    def by_ids(self, resource_type: str, ids: Iterable[str]) -> Pages:
        """The resources with these ids."""
