"""The codes and units of the site's own records that we do not understand, counted in a sample; nothing else of them is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from mappings.clock import Clock
from mappings.evidence import Resource, local_reference, reference_of
from mappings.readers.medications import medication_references
from mappings.wording import Text, _, verbatim
from service.certify.calls import NoAnswer
from service.certify.check import Check, failed, not_run, passed, warned
from service.certify.fhir_base import MEDICATION, NO_PATIENTS, SEARCH_SECONDS, Sample, escaped, resources
from service.certify.site import Site
from service.coverage.counts import READERS, SHOWN_KINDS, UNITS, Coverage, Item, Kind, Verdict
from service.gathering.problems import FhirProblem

OK = 200
PAGE = 200
"""Resources of a type that are looked at, of a patient: the newest, where the server can tell."""

AT_ONCE = 8
MOST_MEDICATIONS = 50
"""That are looked up by id, since the records refer to them."""

MOST_SHOWN = 20

TOO_MUCH = 0.5
"""From this share on of what is not understood, of one kind, the service cannot know the records: it fails."""

FEWEST = 10
"""Of a kind that are counted before a share of it says anything."""

NOT_ASKED = frozenset({"Medication", "Patient"})
SORTED = frozenset({"Observation"})


def checks(site: Site, found: Sample) -> Iterator[Check]:
    """Codes, and units."""
    if not found.patients:
        yield not_run("codes.understood", NO_PATIENTS, found.base)
        yield not_run("codes.units", NO_PATIENTS, found.base)
        return
    coverage = Coverage(site.world.terminology, Clock(site.now), with_texts=False)
    held = _resources(site, found)
    medications = _medications(site, found, held)
    for resource in (*held, *medications.values()):
        coverage.examine(resource, lambda reference: medications.get(local_reference(reference)))
    yield _told("codes.understood", coverage, frozenset(Kind) - UNITS, found)
    yield _told("codes.units", coverage, UNITS, found)


def _resources(site: Site, found: Sample) -> list[Resource]:
    """A page of each type, of each patient of the sample."""
    types = sorted(
        {query.resource_type for service in site.services.values() for query in service.queries} & READERS.keys()
    )
    wanted = [
        f"{one}?patient=Patient/{escaped(patient)}&_count={PAGE}" + ("&_sort=-date" if one in SORTED else "")
        for patient in found.patients
        for one in types
        if one not in NOT_ASKED
    ]

    def page(path: str) -> list[Resource]:
        with suppress(NoAnswer):
            answer = site.ask_fhir(found.base, path)
            if answer.status == OK:
                return [one for one in resources(answer) if one.get("resourceType") == path.partition("?")[0]]
        return []

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [one for several in threads.map(page, wanted) for one in several]


def _medications(site: Site, found: Sample, held: Iterable[Resource]) -> dict[str, Resource]:
    """Those that the records refer to, by reference."""
    wanted = sorted({local_reference(one) for resource in held for one in medication_references(resource)})
    ids = [one.partition("/")[2] for one in wanted if one.startswith(f"{MEDICATION}/")][:MOST_MEDICATIONS]
    if not ids:
        return {}
    site.calls.made(1)
    try:
        server = site.server(found.base, found.patients[0], SEARCH_SECONDS)
        pages = server.found(server.begin(server.by_ids, MEDICATION, ids))
    except FhirProblem:
        return {}
    return {reference_of(one): one for page in pages for one, _url in page.entries}


def _told(check: str, coverage: Coverage, kinds: frozenset[Kind], found: Sample) -> Check:
    totals: Counter[Kind] = Counter()
    unknown: Counter[Kind] = Counter()
    for (kind, verdict), number in coverage.totals.items():
        if kind in kinds:
            totals[kind] += number
            unknown[kind] += number if verdict is Verdict.NOT_UNDERSTOOD else 0
    of_all, number = totals.total(), unknown.total()
    if not of_all:
        return not_run(check, _("the records of the sample hold none"), found.base)
    told = {"number": number, "all": of_all, "patients": len(found.patients)}
    seen = _("{number} of {all} are not understood, in the records of {patients} patients", **told)
    if not number:
        return passed(check, seen, found.base)
    ranked = [pair for pair in coverage.ranked(Verdict.NOT_UNDERSTOOD) if pair[0].kind in kinds]
    rows = tuple(_row(item, times) for item, times in ranked[:MOST_SHOWN])
    lost = [kind for kind in kinds if totals[kind] >= FEWEST and unknown[kind] >= TOO_MUCH * totals[kind]]
    return (failed if lost else warned)(check, seen, found.base, rows)


def _row(item: Item, times: int) -> Text:
    """A code and how often it stands there: its words stay where they are, for a person wrote them."""
    named = _("{system}|{code}", system=_shown(item.system or "?"), code=_shown(item.code)) if item.code else None
    if item.kind in UNITS:
        named = _shown(item.words or "?")
    row = _("{number} × {kind}: {what}", number=times, kind=SHOWN_KINDS[item.kind])
    return row.with_(what=named or _("without a code"))


LONGEST_CODE = 64
"""Of a code, a system or a unit that is shown."""


def _shown(told: str) -> Text:
    """A code as it stands there; what no code looks like may be anything that a person or a server has put there."""
    looks_like_one = len(told) <= LONGEST_CODE and not any(map(str.isspace, told))
    return verbatim(told) if looks_like_one else _("(not shown: it does not look like a code)")
