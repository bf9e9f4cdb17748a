"""What was done: Procedures, imaging studies, diagnostic reports and encounters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mappings.dates import When
from mappings.evidence import Resource, local_reference
from mappings.facts import Act
from mappings.readers.alike import once
from mappings.readers.not_understood import meant
from mappings.readers.reader import Reader
from mappings.readers.shapes import codings, shown_beside, shown_words, texts
from mappings.readers.sites import regions_of, site_concepts
from mappings.readers.standing import Standing, modification, standing
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.code_systems import EDITIONS_OF_ICD_10, located
from mappings.vocabulary.concept_names import name_of_act
from mappings.vocabulary.denials import denies_doing
from mappings.vocabulary.elements import ENCOUNTER_STATUS, PROCEDURE_STATUS, REPORT_STATUS, STUDY_STATUS
from mappings.vocabulary.meanings import CONDITIONS_SAID
from mappings.wording import Text, _

UNDER_WAY = frozenset({"in-progress", "on-hold"})
BEGUN = UNDER_WAY | {"completed"}
OVER = frozenset({"completed", "stopped"})
NOT_DONE = frozenset({"not-done", "entered-in-error", "preparation"})
REPORTED = frozenset({"preliminary", "final", "amended", "corrected", "appended"})
NOT_REPORTED = frozenset({"entered-in-error", "cancelled", "registered"})
STUDIED = frozenset({"available"})
MET = frozenset({"arrived", "triaged", "in-progress", "onleave", "discharged", "finished"})
NOT_MET = frozenset({"cancelled", "entered-in-error", "planned"})

ON_HOLD = _("it is on hold: whether it was done cannot be told")

WORDS_DENY = _("its words say that it was not done, its code and status that it was")
OF_ANOTHER = _("it was done to somebody or something else than the patient")

_PERFORMED = ("performedDateTime", "performedPeriod", "performedString", "occurrenceDateTime", "occurrencePeriod")


def procedure(reader: Reader, resource: Resource, source: str) -> Act | None:
    """A Procedure that was begun at least; None for one that was not done. One that was broken off may not be done."""
    status, counts, undated = _undated_procedure(reader, resource)
    if undated is None:
        return None
    started, ended = _performed(reader, resource)
    if status in OVER and reader.lies_ahead(started):
        started = ended = None
    return replace(
        undated,
        source=source,
        started=started,
        when=ended,
        under_way=status in UNDER_WAY or (counts is None and status not in OVER and ended is None),
    )


@once(*_PERFORMED)
def _undated_procedure(reader: Reader, resource: Resource) -> tuple[str, bool | None, Act | None]:
    """Its status, whether it counts, and all of it but where it comes from and when it was."""
    stands = act_standing(resource, counting=BEGUN)
    if stands.counts is False:
        return stands.status, False, None
    recognised = reader.recognise(resource.get("code"))
    act = Act(
        recognised.concepts | (recognised.denied & sets.BRACHYTHERAPY),
        shown_beside(name_of_act(recognised.concepts), resource.get("code")),
        "",
        started=None,
        when=None,
        unsure=stands.why or (ON_HOLD if stands.status == "on-hold" else None),
        sites=site_concepts(reader, resource.get("bodySite")),
        reasons=reason_concepts(reader, resource),
        for_another_reason=is_for_another_reason(reader, resource),
        regions=act_regions(reader, resource),
        unverified_code=recognised.rests_on_unverified,
    )
    return stands.status, stands.counts, act


def act_standing(resource: Resource, *, counting: frozenset[str]) -> Standing:
    """Whether a Procedure counts: by its status and flags, by its words, and by whom it was done to (R5's `focus`)."""
    stands = standing(resource, PROCEDURE_STATUS, counting=counting, never=NOT_DONE)
    if stands.counts is not True:
        return stands
    why = words_deny(resource.get("code"))
    if why is None and "focus" in resource and is_of_another(resource):
        why = OF_ANOTHER
    return stands if why is None else Standing(stands.status, counts=None, why=why)


def words_deny(*concepts: object) -> Text | None:
    """Why an act may not be one that was done, where its words say so."""
    return WORDS_DENY if any(denies_doing(text) for one in concepts for text in texts(one)) else None


ABOUT_THE_PATIENT = frozenset({"Condition", "BodyStructure"})
"""What an Observation or an act may be focused on, and still be one of the patient: a tumour, say (mCODE)."""


def is_of_another(resource: Resource) -> bool:
    """Its `focus` is neither the patient nor something of the patient's."""
    focused = {local_reference(one) for one in maps(resource.get("focus"))}
    others = focused - {local_reference(resource.get("subject")) or None}
    return not ABOUT_THE_PATIENT.issuperset(one.rpartition("/")[0] for one in others)


def _performed(reader: Reader, resource: Resource) -> tuple[When | None, When | None]:
    for name in _PERFORMED:
        raw = resource.get(name)
        if raw is None:
            continue
        if a_map(raw):
            started, ended = reader.period(raw)
            return started or ended, ended
        when = reader.date(raw)
        if when is not None:
            return when, when
    return None, None


def reason_concepts(reader: Reader, resource: Resource) -> frozenset[str]:
    """The concepts of the reasons: coded ones, and the conditions (and their sites) that are referred to."""
    concepts: frozenset[str] = frozenset()
    for reason in maps(resource.get("reasonCode")):
        concepts |= reader.recognise(reason).concepts
    for reference in maps(resource.get("reasonReference")):
        target = reader.referred(resource, reference)
        if target is not None:
            concepts |= reader.recognise(target.get("code")).concepts
    return concepts


INJURIES_AND_OTHER_DISEASES = re.compile(r"S|T0|T1[0-4]|M0[56]|M1[5-9]|M480|M5[01]|M8[01]|M841")
"""Why bones are operated on without a metastasis, as ICD-10 has it: injuries, rheumatoid arthritis, arthrosis, stenosis of the
spine, discs, osteoporosis, nonunion; what the words of an order say likewise (`mappings.vocabulary.acts_in_words`)."""


def is_for_another_reason(reader: Reader, resource: Resource) -> bool:
    """All its reasons are coded as injuries, or diseases of joints and bones, and none is one of ours, in words either."""
    reasons: list[object] = list(maps(resource.get("reasonCode")))
    for reference in maps(resource.get("reasonReference")):
        target = reader.referred(resource, reference)
        if target is None:
            return False
        reasons.append(target.get("code"))
    return bool(reasons) and all(_is_another_reason(reader, one) for one in reasons)


def _is_another_reason(reader: Reader, reason: object) -> bool:
    if reader.recognise(reason).concepts or meant(texts(reason), CONDITIONS_SAID) is not None:
        return False
    coded = (located(a_text(one.get("system")), a_text(one.get("code"))) for one in codings(reason))
    return any(system in EDITIONS_OF_ICD_10 and INJURIES_AND_OTHER_DISEASES.match(code) for system, code in coded)


def act_regions(reader: Reader, resource: Resource) -> frozenset[str]:
    """The bones of an act: of its body site, else of its code, else of its reasons."""
    return (
        regions_of(reader, resource.get("bodySite"))
        or regions_of(reader, resource.get("code"))
        or reason_regions(reader, resource)
    )


def reason_regions(reader: Reader, resource: Resource) -> frozenset[str]:
    """The bones that the reasons name: a metastasis of the femur, or one whose body site is the femur."""
    regions = regions_of(reader, resource.get("reasonCode"))
    for reference in maps(resource.get("reasonReference")):
        target = reader.referred(resource, reference)
        if target is not None:
            regions |= regions_of(reader, target.get("bodySite")) or regions_of(reader, target.get("code"))
    return regions


def imaging_study(reader: Reader, resource: Resource, source: str) -> Act | None:
    """An ImagingStudy that was done: its procedure codes, modalities and body sites."""
    undated, when = _undated_study(reader, resource), reader.date(resource.get("started"))
    return None if undated is None else replace(undated, source=source, started=when, when=when)


@once("started")
def _undated_study(reader: Reader, resource: Resource) -> Act | None:
    stands = standing(resource, STUDY_STATUS, counting=STUDIED, never=NOT_REPORTED)
    if stands.counts is False:
        return None
    coded: list[Mapping[str, Any]] = [
        coding for code in maps(resource.get("procedureCode")) for coding in codings(code)
    ]
    coded += list(maps(resource.get("modality")))
    body_sites = []
    unreadable = None
    for series in maps(resource.get("series")):
        if (modified := modification(series)) is not None:
            unreadable = modified
            continue
        coded.append(a_map(series.get("modality")))
        body_sites.append({"coding": [a_map(series.get("bodySite"))]})
    name = next((name for code in maps(resource.get("procedureCode")) if (name := shown_words(code))), "")
    name = name or a_text(resource.get("description"))[:80]
    return Act(
        reader.terminology.recognise(coded).concepts,
        name,
        "",
        started=None,
        when=None,
        sites=site_concepts(reader, body_sites),
        regions=regions_of(reader, body_sites) or regions_of(reader, resource.get("procedureCode")),
        unsure=stands.why or unreadable or words_deny(*maps(resource.get("procedureCode"))),
    )


def report(reader: Reader, resource: Resource, source: str) -> Act | None:
    """A DiagnosticReport of something done."""
    undated = _undated_report(reader, resource)
    if undated is None:
        return None
    started, ended = reader.period(resource.get("effectivePeriod"))
    when = reader.date(resource.get("effectiveDateTime")) or ended or started or reader.date(resource.get("issued"))
    return replace(undated, source=source, started=when, when=when)


_OF_A_REPORT = (
    "effectivePeriod",
    "effectiveDateTime",
    "issued",
    "result",
    "imagingStudy",
    "conclusion",
    "presentedForm",
)


@once(*_OF_A_REPORT)
def _undated_report(reader: Reader, resource: Resource) -> Act | None:
    stands = standing(resource, REPORT_STATUS, counting=REPORTED, never=NOT_REPORTED)
    if stands.counts is False:
        return None
    code = resource.get("code")
    concepts = reader.recognise(code).concepts
    return Act(
        concepts,
        shown_beside(name_of_act(concepts), code),
        "",
        started=None,
        when=None,
        regions=regions_of(reader, code),
        unsure=stands.why or words_deny(code),
    )


def encounter(reader: Reader, resource: Resource, source: str) -> Act | None:
    """A finished or current Encounter, by its type and the speciality that it was with."""
    undated = _undated_encounter(reader, resource)
    if undated is None:
        return None
    started, ended = reader.period(resource.get("period"))
    return replace(undated, source=source, started=started, when=ended or started)


@once("period", "diagnosis", "reasonReference", "serviceProvider", "hospitalization")
def _undated_encounter(reader: Reader, resource: Resource) -> Act | None:
    stands = standing(resource, ENCOUNTER_STATUS, counting=MET, never=NOT_MET)
    if stands.counts is False:
        return None
    concepts = reader.terminology.recognise(_encounter_codings(resource)).concepts
    name = next((name for kind in maps(resource.get("type")) if (name := shown_words(kind))), "")
    unsure = stands.why or words_deny(*maps(resource.get("type")))
    return Act(concepts, name, "", started=None, when=None, unsure=unsure)


def _encounter_codings(resource: Resource) -> Iterator[Mapping[str, Any]]:
    for kind in maps(resource.get("type")):
        yield from codings(kind)
    yield from codings(resource.get("serviceType"))
