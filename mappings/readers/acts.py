"""What was done: Procedures, imaging studies, diagnostic reports and encounters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mappings.clock import Clock
from mappings.dates import UnreadableDate, When
from mappings.evidence import Resource, local_reference
from mappings.facts import Act
from mappings.readers.medications import Finder
from mappings.readers.shapes import a_map, a_text, codings, maps, shown_words
from mappings.readers.sites import regions_of, site_concepts
from mappings.vocabulary.concepts import Terminology

NOT_DONE = frozenset({"not-done", "entered-in-error", "preparation", "cancelled"})
UNDER_WAY = frozenset({"in-progress", "on-hold"})
UNUSED_REPORTS = frozenset({"entered-in-error", "cancelled", "registered"})

_PERFORMED = ("performedDateTime", "performedPeriod", "performedString", "occurrenceDateTime", "occurrencePeriod")


def procedure(source: str, resource: Resource, clock: Clock, find: Finder, terminology: Terminology) -> Act | None:
    """A Procedure that was begun at least; None for one that was not done."""
    status = a_text(resource.get("status"))
    if status in NOT_DONE:
        return None
    recognised = terminology.recognise(codings(resource.get("code")))
    started, ended = _performed(resource, clock)
    return Act(
        recognised.concepts,
        shown_words(resource.get("code")),
        source,
        started=started,
        when=ended,
        under_way=status in UNDER_WAY,
        sites=site_concepts(resource.get("bodySite"), terminology),
        reasons=reason_concepts(resource, find, terminology),
        regions=act_regions(resource, find, terminology),
        unverified_code=recognised.rests_on_unverified,
    )


def _performed(resource: Resource, clock: Clock) -> tuple[When | None, When | None]:
    for name in _PERFORMED:
        raw = resource.get(name)
        if raw is None:
            continue
        if isinstance(raw, dict):
            started, ended = _read(raw.get("start"), clock), _read(raw.get("end"), clock)
            return started or ended, ended
        when = _read(raw, clock)
        if when is not None:
            return when, when
    return None, None


def _read(raw: object, clock: Clock) -> When | None:
    try:
        return clock.read(raw)
    except UnreadableDate:
        return None


def reason_concepts(resource: Resource, find: Finder, terminology: Terminology) -> frozenset[str]:
    """The concepts of the reasons: coded ones, and the conditions (and their sites) that are referred to."""
    concepts: frozenset[str] = frozenset()
    for reason in maps(resource.get("reasonCode")):
        concepts |= terminology.recognise(codings(reason)).concepts
    for reference in maps(resource.get("reasonReference")):
        target = referred(resource, reference, find)
        if target is not None:
            concepts |= terminology.recognise(codings(target.get("code"))).concepts
    return concepts


def act_regions(resource: Resource, find: Finder, terminology: Terminology) -> frozenset[str]:
    """The bones of an act: of its body site, else of its code, else of its reasons."""
    return (
        regions_of(resource.get("bodySite"), terminology)
        or regions_of(resource.get("code"), terminology)
        or reason_regions(resource, find, terminology)
    )


def reason_regions(resource: Resource, find: Finder, terminology: Terminology) -> frozenset[str]:
    """The bones that the reasons name: a metastasis of the femur, or one whose body site is the femur."""
    regions = regions_of(resource.get("reasonCode"), terminology)
    for reference in maps(resource.get("reasonReference")):
        target = referred(resource, reference, find)
        if target is not None:
            regions |= regions_of(target.get("bodySite"), terminology) or regions_of(target.get("code"), terminology)
    return regions


def referred(holder: Resource, reference: Mapping[str, Any], find: Finder) -> Resource | None:
    """The resource that a reference leads to: contained, or gathered."""
    local = local_reference(reference)
    if local.startswith("#"):
        return next((one for one in maps(holder.get("contained")) if one.get("id") == local[1:]), None)
    return find(reference)


def imaging_study(source: str, resource: Resource, clock: Clock, terminology: Terminology) -> Act | None:
    """An ImagingStudy that was done: its procedure codes, modalities and body sites."""
    if a_text(resource.get("status")) in UNUSED_REPORTS:
        return None
    coded: list[Mapping[str, Any]] = [
        coding for code in maps(resource.get("procedureCode")) for coding in codings(code)
    ]
    coded += list(maps(resource.get("modality")))
    body_sites = []
    for series in maps(resource.get("series")):
        coded.append(a_map(series.get("modality")))
        body_sites.append({"coding": [a_map(series.get("bodySite"))]})
    when = _read(resource.get("started"), clock)
    name = next((name for code in maps(resource.get("procedureCode")) if (name := shown_words(code))), "")
    name = name or a_text(resource.get("description"))[:80]
    return Act(
        terminology.recognise(coded).concepts,
        name,
        source,
        started=when,
        when=when,
        sites=site_concepts(body_sites, terminology),
        regions=regions_of(body_sites, terminology) or regions_of(resource.get("procedureCode"), terminology),
    )


def report(source: str, resource: Resource, clock: Clock, terminology: Terminology) -> Act | None:
    """A DiagnosticReport of something done."""
    if a_text(resource.get("status")) in UNUSED_REPORTS:
        return None
    period = a_map(resource.get("effectivePeriod"))
    raw = resource.get("effectiveDateTime") or period.get("end") or period.get("start") or resource.get("issued")
    when = _read(raw, clock)
    code = resource.get("code")
    return Act(
        terminology.recognise(codings(code)).concepts,
        shown_words(code),
        source,
        started=when,
        when=when,
        regions=regions_of(code, terminology),
    )


def encounter(source: str, resource: Resource, clock: Clock, terminology: Terminology) -> Act | None:
    """A finished or current Encounter, by its type and the speciality that it was with."""
    if a_text(resource.get("status")) in {"cancelled", "entered-in-error", "planned"}:
        return None
    period = a_map(resource.get("period"))
    started, ended = _read(period.get("start"), clock), _read(period.get("end"), clock)
    concepts = terminology.recognise(_encounter_codings(resource)).concepts
    name = next((name for kind in maps(resource.get("type")) if (name := shown_words(kind))), "")
    return Act(concepts, name, source, started=started, when=ended or started)


def _encounter_codings(resource: Resource) -> Iterator[Mapping[str, Any]]:
    for kind in maps(resource.get("type")):
        yield from codings(kind)
    yield from codings(resource.get("serviceType"))
