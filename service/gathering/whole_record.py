"""The whole record of a patient of a FHIR server, and which patients it has: for the page that tries the service out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mappings.evidence import Resource
from mappings.queries import Query
from service.gathering.answers import opened
from service.gathering.fhir_server import FhirServer
from service.gathering.problems import TOO_LARGE, FhirProblem

MOST_PATIENTS = 100
MOST_RESOURCES = 1000


def patients(server: FhirServer) -> list[Resource]:
    """The first patients of the server. Raises `FhirProblem`."""
    page = opened(server.read(f"Patient?_count={MOST_PATIENTS}"))
    found = [one for one, _url in page.entries if one.get("resourceType") == "Patient"]
    return sorted(found, key=lambda one: str(one.get("id")))[:MOST_PATIENTS]


def whole_record(server: FhirServer, patient_id: str, queries: Iterable[Query]) -> Sequence[Resource]:
    """All that the server holds of a patient, of the types that these queries ask for, or nothing of it.

    Raises `FhirProblem`, also where there is more than `MOST_RESOURCES`: a part of a record would pass for the whole.
    """
    of_types = {
        one.resource_type: Query(one.key, one.resource_type, patient_parameter=one.patient_parameter) for one in queries
    }
    searches = [server.begin(server.search, query, patient_id) for query in of_types.values()]
    found: dict[tuple[object, object], Resource] = {}
    for search in searches:
        for page in server.found(search):
            for resource, _url in page.entries:
                found.setdefault((resource.get("resourceType"), resource.get("id")), resource)
    if len(found) > MOST_RESOURCES:
        raise FhirProblem(TOO_LARGE)
    return list(found.values())
