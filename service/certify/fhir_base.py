"""One FHIR base: that it answers, in R4, to who has a token; that each type can be read, of the right patient, in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

from cds_hooks import HookRequest
from mappings.evidence import Evidence, ForeignResource
from mappings.queries import Query
from mappings.wording import Text, _, _n, asides
from service.certify.calls import Answer, NoAnswer
from service.certify.check import Check, failed, not_run, passed, warned
from service.certify.service_answers import clock, http
from service.certify.site import UNAUTHENTICATED, Site, is_safe
from service.gathering.answers import opened
from service.gathering.fhir_server import FhirServer
from service.gathering.gather import WITHHELD, gather
from service.gathering.problems import TOO_SLOW, FhirProblem
from service.gathering.record_server import Pages

OK, NOT_FOUND = 200, 404
REFUSED = frozenset({401, 403})
R4 = "4."
"""How `fhirVersion` of R4 and R4B begins."""

READ_OF = 3
"""Patients of whom each type is read."""

SEARCH_SECONDS = 10.0
"""That a search may take here, where what is asked is whether it is allowed at all."""

MEDICATION = "Medication"
NO_PATIENTS = _("no patient of the sample is known")


@dataclass(frozen=True)
class Sample:
    """The patients of a base, by their logical ids, which no report names."""

    base: str
    patients: tuple[str, ...]


def answers(site: Site, base: str) -> Iterator[Check]:
    """Whether it can be asked at all; where `fhir.reachable` fails, nothing else of it can be looked at."""
    try:
        answer = site.ask_fhir(base, "metadata")
    except NoAnswer as error:
        yield failed("fhir.reachable", error.why, base)
        return
    told = answer.json
    if answer.status != OK or not isinstance(told, dict) or told.get("resourceType") != "CapabilityStatement":
        wrong = http(answer) if answer.status != OK else _("what answers there says nothing of FHIR")
        yield failed("fhir.reachable", wrong, base)
        return
    yield passed("fhir.reachable", _("in {number} ms", number=round(answer.seconds * 1000)), base)
    version = str(told.get("fhirVersion", ""))[:20]
    said = _("it says {version}", version=version or "?")
    yield passed("fhir.version", said, base) if version.startswith(R4) else failed("fhir.version", said, base)
    if is_safe(base):
        yield passed("fhir.transport", _("https, or this machine alone"), base)
    else:
        yield warned("fhir.transport", _("http: tokens and records cross the network in the clear"), base)
    yield clock(answer, "fhir.clock", base)
    yield from _token(site, base)


def _token(site: Site, base: str) -> Iterator[Check]:
    """Without one it refuses; the one that is named it takes, whatever it lets it read."""
    if not site.fhir_token:
        yield from (not_run(check, NO_TOKEN, base) for check in ("fhir.token", "fhir.token-taken"))
        return
    without = site.ask_fhir(base, ANYBODY, with_token=False)
    judged = passed if without.status in REFUSED else failed
    yield judged("fhir.token", http(without), base)
    answer = site.ask_fhir(base, ANYBODY)
    judged = failed if answer.status == UNAUTHENTICATED else passed
    yield judged("fhir.token-taken", http(answer), base)


ANYBODY = "Patient?_count=1"
NO_TOKEN = _("no token was named (--fhir-token)")


def sample(site: Site, base: str) -> tuple[Check, Sample]:
    """The patients that are looked at, and whether there are any."""
    if site.patients:
        named = site.patients[: site.sample]
        return passed("fhir.patients", _n("{number} was named", "{number} were named", len(named)), base), Sample(
            base, named
        )
    answer = site.ask_fhir(base, f"Patient?_count={site.sample}")
    if answer.status != OK:
        return not_run("fhir.patients", http(answer), base), Sample(base, ())
    ids = [str(one.get("id")) for one in resources(answer) if one.get("resourceType") == "Patient" and one.get("id")]
    found = Sample(base, tuple(ids[: site.sample]))
    if not ids:
        return not_run("fhir.patients", _("the server shows none"), base), found
    return passed("fhir.patients", _n("{number} was found", "{number} were found", len(found.patients)), base), found


def resources(answer: Answer) -> list[Mapping[str, Any]]:
    """What a page of a search holds."""
    told = answer.json
    return [one for one, _url in opened(told).entries] if isinstance(told, dict) else []


def escaped(patient: str) -> str:
    """A logical id in an address."""
    return quote(patient, safe="")


# --- reading ----------------------------------------------------------------------------------------------------------


def reads(site: Site, found: Sample) -> Iterator[Check]:
    """Each type, as the service itself would search for it; of whom what was found is."""
    queries = _one_a_type(site)
    if not found.patients:
        for resource_type in (*queries, MEDICATION):
            yield not_run("fhir.read", NO_PATIENTS, _about(found, resource_type))
        yield not_run("fhir.own-patient", NO_PATIENTS, found.base)
        return
    answers = [_searches(site, found, patient, queries) for patient in found.patients[:READ_OF]]
    of_others = all_found = 0
    for resource_type in queries:
        read = Read(found.base)
        for patient, of_patient in answers:
            read.take(patient, of_patient[resource_type])
        of_others += read.of_others
        all_found += read.number
        yield read.judged(resource_type, _about(found, resource_type), site)
    yield _medication(site, found)
    if of_others:
        seen = _("{number} of {all} resources were of another patient", number=of_others, all=all_found)
        yield failed("fhir.own-patient", seen, found.base)
    elif all_found:
        yield passed("fhir.own-patient", _n("{number} resource", "{number} resources", all_found), found.base)
    else:
        yield not_run("fhir.own-patient", _("nothing was found of the patients of the sample"), found.base)


def _one_a_type(site: Site) -> dict[str, Query]:
    """The first query of each type that the services ask for."""
    queries: dict[str, Query] = {}
    for service in site.services.values():
        for query in service.queries:
            queries.setdefault(query.resource_type, query)
    return queries


def _about(found: Sample, resource_type: str) -> str:
    return f"{found.base} {resource_type}"


Searched: TypeAlias = Pages | FhirProblem


def _searches(
    site: Site, found: Sample, patient: str, queries: Mapping[str, Query]
) -> tuple[str, Mapping[str, Searched]]:
    """What came of the search of each type for a patient, all at once."""
    try:
        server = site.server(found.base, patient, SEARCH_SECONDS)
    except FhirProblem as problem:
        return patient, dict.fromkeys(queries, problem)
    running = {name: server.begin(server.search, query, patient) for name, query in queries.items()}
    came: dict[str, Searched] = {}
    for name, search in running.items():
        try:
            came[name] = server.found(search)
        except FhirProblem as problem:
            came[name] = problem
    site.calls.made(len(server.calls))
    return patient, came


@dataclass
class Read:
    """What came of the searches of one type: resources, those of others among them, and what went wrong."""

    base: str
    number: int = 0
    of_others: int = 0
    problem: FhirProblem | None = None
    withheld: bool = False

    def take(self, patient: str, came: Searched) -> None:
        """Count what came of the search for a patient."""
        if isinstance(came, FhirProblem):
            self.problem = self.problem or came
            return
        self.withheld |= any(page.withheld for page in came)
        evidence = Evidence(patient, self.base)
        for resource, full_url in (one for page in came for one in page.entries):
            self.number += resource.get("resourceType") != "OperationOutcome"
            try:
                evidence.add(resource, full_url)
            except ForeignResource:
                self.of_others += 1

    def judged(self, resource_type: str, about: str, site: Site) -> Check:
        """Whether the type can be read."""
        told_missing = resource_type in site.world.missing_resource_types
        if self.problem is not None:
            if self.problem.status == NOT_FOUND and told_missing:
                return passed("fhir.read", AS_TOLD, about)
            return failed("fhir.read", why(self.problem), about)
        if self.withheld:
            return failed("fhir.read", hint_of(WITHHELD), about)
        if told_missing:
            return warned("fhir.read", _("it is told as missing (missing resource types), and is there"), about)
        return passed("fhir.read", _n("{number} found", "{number} found", self.number), about)


AS_TOLD = _("the server does not have it, as is told")


def _medication(site: Site, found: Sample) -> Check:
    """Orders refer to Medications, which are looked up by id: whether that is allowed, one that there is not tells too."""
    about = _about(found, MEDICATION)
    try:
        server = site.server(found.base, found.patients[0], SEARCH_SECONDS)
        server.found(server.begin(server.by_ids, MEDICATION, ["osteocds-certify-none"]))
    except FhirProblem as problem:
        if problem.status == NOT_FOUND and MEDICATION in site.world.missing_resource_types:
            return passed("fhir.read", AS_TOLD, about)
        return failed("fhir.read", why(problem), about)
    return passed("fhir.read", _("it can be searched by id"), about)


def why(problem: FhirProblem) -> Text:
    """What whoever runs the systems is told of it, else what a card says."""
    return hint_of(problem.why)


def hint_of(gap: Text) -> Text:
    """The same, of why an answer is not whole."""
    hints = asides(gap).hints
    return hints[0] if hints else gap


# --- time -------------------------------------------------------------------------------------------------------------


def timed(site: Site, found: Sample) -> Check:
    """All searches of an order at once, in the time that the service gives them."""
    if not found.patients:
        return not_run("fhir.time", NO_PATIENTS, found.base)
    patient, given = found.patients[0], site.settings.deadline_seconds
    try:
        server: FhirServer = site.server(found.base, patient, given)
    except FhirProblem as problem:
        return failed("fhir.time", why(problem), found.base)
    evidence = Evidence(patient, found.base)
    queries: Sequence[Query] = site.asked.queries
    began = time.monotonic()
    gather(HookRequest(site.asked.hook.value, "", patient), queries, evidence, server, site.world.terminology)
    took = time.monotonic() - began
    site.calls.made(len(server.calls))
    late = [key for key, gaps in evidence.gaps.items() if TOO_SLOW in gaps]
    told = {"taken": round(took * 1000), "given": round(given * 1000)}
    if late:
        return failed(
            "fhir.time", _("not answered within {given} ms: {keys}", keys=", ".join(late), **told), found.base
        )
    seen = _("{taken} ms of the {given} ms that they have", **told)
    return warned("fhir.time", seen, found.base) if took > given / 2 else passed("fhir.time", seen, found.base)
