"""Evidence for one request: prefetch first, key by key; what is missing from the FHIR server, all searches in parallel.

The states of a prefetch key are those of `cds_hooks.prefetch`. A search that fails, a page that is missing, an entry that
cannot be read leave a gap under the query's key: its facts are then unavailable, never absent.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from cds_hooks import NOT_SENT, HookRequest, Prefetched, PrefetchState, prefetched
from mappings.evidence import MOST_OF_A_TYPE, Evidence, ForeignResource, Resource, reference_of
from mappings.queries import Query, together
from mappings.readers.containers import sent_beside
from mappings.readers.medications import medication_references
from mappings.shapes import a_text
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Text, _
from service.gathering.answers import Opened, announced_more, opened
from service.gathering.found_by_code import UNREADABLE_ENTRY, found_by_code
from service.gathering.problems import TOO_SLOW, TRUNCATED, FhirProblem
from service.gathering.record_server import Pages, RecordServer

PREFETCH_FAILED = _("the record answered with an error", hint=_("the EHR reported an error when it prefetched it"))
ANOTHER_PATIENT = _(
    "data of another patient was sent, so the answer is not trusted",
    hint=_("a resource of another patient was sent, so the answer is not trusted"),
)
MORE_PAGES = _(
    "the record could be read in part only",
    hint=_("only a first page was prefetched, and there is no FHIR server to ask for the next"),
)
UNCOUNTED = _(
    "the record could be read in part only",
    hint=_("the number of results that it says there are cannot be read"),
)
WITHHELD = _(
    "the record could be read in part only",
    hint=_("the answer says that it does not show all: the token's scopes, or a rule of the site, hide some of it"),
)
OTHER_TYPE = _(
    "the record could be read in part only",
    hint=_("what was sent holds nothing of the kind that was asked for: have the answer to the query itself sent"),
)
TOO_MANY = _("the record holds more of them than are read", hint=_("see OSTEOCDS_MAX_RESOURCES"))
SERVER_ERROR = _("the record answered with an error", hint=_("the FHIR server reported an error in its answer"))

UNKNOWN_PATIENT = _(
    "the record does not know this patient",
    hint=_("the FHIR server does not know this patient, so it holding nothing tells nothing"),
)

_NOT_THERE = frozenset({404, 410})

MOST_REFERENCE_ROUNDS = 3
"""How often Medications are looked up that other Medications refer to (a mix and its ingredients)."""

MOST_IDS = 50
"""Resources asked for by id in one search."""

MOST_FETCHED = 1000
"""Resources of a type that are asked for by id."""

CARRIED_BESIDE = frozenset({"Medication", "BodyStructure"})
"""What drafts refer to and a client may send among them."""

LOG = logging.getLogger("osteocds")
MEDICATION_TYPES = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")


def new_evidence(request: HookRequest, most: int = MOST_OF_A_TYPE) -> Evidence:
    """The evidence of a request before anything is looked up: what the drafts carry beside themselves.

    Of each type it will hold at most `most` resources.
    """
    evidence = Evidence(request.patient_id, request.fhir_server, most)
    for resource, full_url in sent_beside(request.draft_orders, CARRIED_BESIDE):
        with suppress(ForeignResource):
            evidence.add(resource, full_url)
    return evidence


def gather(
    request: HookRequest,
    queries: Sequence[Query],
    evidence: Evidence,
    server: RecordServer | None,
    terminology: Terminology,
) -> Evidence:
    """Answer every query from the prefetch, else from the server; resolve the medications that are referred to.

    `server` is None where the request names none. Never raises: what could not be looked up is a gap of its query.
    """
    asked = _read_prefetch(request, queries, evidence, terminology, has_server=server is not None)
    if server is not None:
        _search(asked, evidence, server, terminology)
        fetch_medications(_missing_medications(evidence, MEDICATION_TYPES), evidence, server)
    for query in queries:
        if query.resource_type in evidence.overfull:
            evidence.answered.discard(query.key)
            evidence.gaps[query.key] = (*evidence.gaps.get(query.key, ()), TOO_MANY)
    return evidence


# --- prefetch ---------------------------------------------------------------------------------------------------------


def _read_prefetch(
    request: HookRequest,
    queries: Sequence[Query],
    evidence: Evidence,
    terminology: Terminology,
    *,
    has_server: bool,
) -> list[Query]:
    """Take what the client sent; return the queries that it leaves open."""
    if not request.prefetch and has_server:
        return list(queries)
    sent = {key: prefetched(request.prefetch, key) for key in request.prefetch}
    answers = {key: opened(one.resource) for key, one in sent.items() if one.resource is not None}
    _remember_patient_urls(answers.values(), evidence)
    # Another patient's resource is a fault of its answer, unless the answer says that it holds more than was asked for.
    foreign = {key for key, answer in answers.items() if _keep(answer, evidence) and not answer.ignored_a_parameter}
    by_code = found_by_code(
        {query: answers[query.key].entries for query in queries if query.concepts and query.key in answers},
        evidence,
        terminology,
    )
    open_queries: list[Query] = []
    for query in queries:
        state, gaps = _state_of(query, sent.get(query.key, NOT_SENT), answers.get(query.key))
        gaps += by_code.get(query, ())
        if query.key in foreign:
            LOG.warning("%s: a resource of another patient was prefetched, and dropped", query.key)
            state, gaps = PrefetchState.UNUSABLE, (ANOTHER_PATIENT,)
        if state is PrefetchState.NO_DATA or (state is PrefetchState.DATA and not gaps):
            evidence.answered.add(query.key)
        elif state is PrefetchState.FAILED:
            evidence.gaps[query.key] = (PREFETCH_FAILED,)
        elif has_server:
            open_queries.append(query)
        elif gaps:
            evidence.gaps[query.key] = gaps
    return open_queries


def _state_of(query: Query, sent: Prefetched, answer: Opened | None) -> tuple[PrefetchState, tuple[Text, ...]]:
    """The state of a key, and why what it holds is not the whole answer to its query."""
    if sent.state is not PrefetchState.DATA or answer is None:
        return sent.state, ()
    if not answer.is_bundle:
        fits = query.is_read and answer.resource_type == query.resource_type
        return (PrefetchState.DATA if fits else PrefetchState.UNUSABLE), () if fits else (OTHER_TYPE,)
    if answer.next_page is not None:
        return PrefetchState.DATA, (MORE_PAGES,)
    if announced_more([answer]):
        return PrefetchState.DATA, (TRUNCATED,)
    if answer.error:
        return PrefetchState.FAILED, ()
    return PrefetchState.DATA, _faults(answer, query)


def _faults(answer: Opened, query: Query) -> tuple[Text, ...]:
    """Why what an answer holds cannot be taken for all that there is."""
    faults: tuple[Text, ...] = ()
    if answer.unreadable:
        faults += (UNREADABLE_ENTRY,)
    if answer.withheld:
        faults += (WITHHELD,)
    if answer.uncounted:
        faults += (UNCOUNTED,)
    nothing_of_it = (answer.entries or query.is_read) and not answer.holds_any(query.resource_type)
    if nothing_of_it or answer.hides_any(query.resource_type):
        faults += (OTHER_TYPE,)
    return faults


def _remember_patient_urls(answers: Iterable[Opened], evidence: Evidence) -> None:
    for answer in answers:
        for resource, full_url in answer.entries:
            if resource.get("resourceType") == "Patient" and resource.get("id") == evidence.patient_id:
                evidence.add_patient_url(full_url)


def _keep(answer: Opened, evidence: Evidence) -> bool:
    """Keep the resources of an answer; True where one is another patient's."""
    foreign = False
    for resource, full_url in answer.entries:
        try:
            evidence.add(resource, full_url)
        except ForeignResource:
            foreign = True
    return foreign


# --- server -----------------------------------------------------------------------------------------------------------


def _search(queries: Sequence[Query], evidence: Evidence, server: RecordServer, terminology: Terminology) -> None:
    """Ask the server all queries at once, all Observations in one search; none may take longer than the deadline of them all.

    Where the one search is refused or cut off, or found what we cannot tell, each of its queries is asked by itself: what then
    is missing is a gap of its own.
    """
    empty: list[str] = []
    together_first = _with_one_for_observations(queries)
    apart, unknown = _ask(together_first, evidence, server, empty, terminology)
    each = [(query, (query,)) for query in apart]
    _, still_unknown = _ask(each, evidence, server, empty, terminology)
    for key in empty if unknown or still_unknown else ():
        evidence.answered.discard(key)
        evidence.gaps[key] = (UNKNOWN_PATIENT,)


def _with_one_for_observations(queries: Sequence[Query]) -> list[tuple[Query, tuple[Query, ...]]]:
    """What is asked, and the queries that it answers."""
    observations = tuple(query for query in queries if query.resource_type == "Observation")
    if len(observations) <= 1:
        return [(query, (query,)) for query in queries]
    others = ((query, (query,)) for query in queries if query.resource_type != "Observation")
    return [(together(observations), observations), *others]


def _ask(
    questions: Sequence[tuple[Query, tuple[Query, ...]]],
    evidence: Evidence,
    server: RecordServer,
    empty: list[str],
    terminology: Terminology,
) -> tuple[list[Query], bool]:
    """The queries that are to be asked apart, and whether the patient is unknown; `empty` takes the keys with no entry."""
    searches = server.begin_all([asked for asked, _ in questions], evidence.patient_id)
    server.wait(searches)
    apart: list[Query] = []
    answers: list[tuple[Query, tuple[Query, ...], Pages, tuple[Text, ...]]] = []
    patient_unknown = False
    for (asked, answered), search in zip(questions, searches, strict=True):
        try:
            pages = server.found(search)
        except FhirProblem as problem:
            patient_unknown |= asked.is_read and problem.status in _NOT_THERE
            if len(answered) > 1 and problem.of_this_question:
                apart += answered
            else:
                evidence.gaps |= {query.key: (problem.why,) for query in answered}
        else:
            answers.append((asked, answered, pages, _take_answer(asked, pages, evidence, server)))
    entries = {asked: [one for page in pages for one in page.entries] for asked, _, pages, _ in answers}
    by_code = found_by_code({asked: held for asked, held in entries.items() if asked.concepts}, evidence, terminology)
    for asked, answered, _pages, gaps in answers:
        untold = by_code.get(asked, ())
        if untold and len(answered) > 1 and not gaps:
            apart += answered
            continue
        for query in answered:
            _note(query, (*gaps, *untold), evidence)
        if not entries[asked]:
            empty += (query.key for query in answered)
    return apart, patient_unknown


def _take_answer(asked: Query, pages: Sequence[Opened], evidence: Evidence, server: RecordServer) -> tuple[Text, ...]:
    """Keep what was found; return why it is not the whole answer."""
    gaps: dict[Text, None] = {}
    for page in pages:
        if server.is_over:
            return (*gaps, TOO_SLOW)
        if _keep(page, evidence) and not page.ignored_a_parameter:
            LOG.warning("%s: the FHIR server sent a resource of another patient, which was dropped", asked.key)
            gaps[ANOTHER_PATIENT] = None
        if not page.is_bundle and page.resource_type != asked.resource_type:
            gaps[UNREADABLE_ENTRY] = None
        else:
            gaps |= dict.fromkeys(_faults(page, asked))
        if page.error:
            gaps[SERVER_ERROR] = None
    return tuple(gaps)


def _note(query: Query, gaps: tuple[Text, ...], evidence: Evidence) -> None:
    """That a query was answered, or why not."""
    if gaps:
        evidence.gaps[query.key] = gaps
    else:
        evidence.answered.add(query.key)


def prefetched_resources(request: HookRequest) -> Mapping[str, Resource]:
    """Everything that was prefetched, by reference and by `fullUrl`."""
    found: dict[str, Resource] = {}
    for key in request.prefetch:
        sent = prefetched(request.prefetch, key).resource
        for resource, full_url in () if sent is None else opened(sent).entries:
            found |= {name: resource for name in (reference_of(resource), a_text(full_url)) if name}
    return found


def fetch(resource_type: str, ids: Collection[str], evidence: Evidence, server: RecordServer) -> None:
    """Add the resources with these ids, all searches at once; what cannot be had stays unresolved."""
    ordered = sorted(ids)[:MOST_FETCHED]
    batches = [ordered[start : start + MOST_IDS] for start in range(0, len(ordered), MOST_IDS)]
    searches = [server.begin(server.by_ids, resource_type, batch) for batch in batches]
    server.wait(searches)
    for search in searches:
        try:
            for page in server.found(search):
                _keep(page, evidence)
        except FhirProblem:
            continue


def fetch_medications(references: Iterable[str], evidence: Evidence, server: RecordServer) -> None:
    """Add the Medications with these references, and those that they are mixed of; what cannot be had stays unresolved."""
    wanted, tried = set(references), set[str]()
    for _round in range(MOST_REFERENCE_ROUNDS):
        ids = {reference.partition("/")[2] for reference in wanted - tried}
        if ids:
            fetch("Medication", ids, evidence, server)
        elif not evidence.of_type("Medication"):
            return
        tried |= wanted
        wanted = _missing_medications(evidence, ("Medication",))


def _missing_medications(evidence: Evidence, resource_types: Iterable[str]) -> set[str]:
    """The Medications that resources of these types refer to, and that were not gathered."""
    return {
        reference
        for resource_type in resource_types
        for _, resource in evidence.of_type(resource_type)
        for reference in unresolved_medications(resource, evidence)
    }


def unresolved_medications(resource: Resource, evidence: Evidence) -> Iterator[str]:
    """The Medications that a resource refers to, and that were not gathered; contained ones need no looking up."""
    for reference in medication_references(resource):
        local = evidence.local(reference)
        if local.startswith("Medication/") and evidence.find(reference) is None:
            yield local
