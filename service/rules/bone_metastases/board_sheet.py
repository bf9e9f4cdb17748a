"""The sheet of a patient for the tumour board (RCP): disease, scores, local treatment, antiresorptive, results, teeth, blood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from mappings.dates import When
from mappings.facts import (
    Absent,
    Act,
    Exposure,
    ExposureKind,
    Exposures,
    Fact,
    Facts,
    RadiotherapyCourse,
    Unavailable,
    Volume,
)
from mappings.facts.bones import named_bones
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import PHOSPHATE
from mappings.wording import Amount, Text
from service.rules.bone_metastases.conditions import antiresorptives
from service.rules.bone_metastases.prerequisites import PREREQUISITES_READ, missing_prerequisites
from service.rules.bone_metastases.schemes import GRAY, volume_said
from service.rules.bone_metastases.wording import _, _n
from service.rules.naming import lasting, on
from service.rules.outcome import Basis
from service.rules.sheet import Section, Sheet

DISEASE = (
    sets.LUNG_CANCER
    | sets.OTHER_PRIMARY
    | sets.BONE_METASTASIS
    | sets.PATHOLOGICAL_FRACTURE
    | sets.SPINAL_CORD_COMPRESSION
    | sets.HYPERCALCAEMIA
    | sets.OLIGOMETASTATIC_DISEASE
)
OPERATIONS = sets.BONE_SURGERY | sets.INTERVENTIONAL_RADIOLOGY
JAW = sets.OSTEONECROSIS_OF_JAW | sets.DENTAL_INFECTION_ACTIVE
TEETH = sets.DENTAL_EXAMINATION | sets.ORTHOPANTOMOGRAM | sets.TOOTH_EXTRACTION

RECENT_DAYS = 14
"""Within which a last dose of an antithrombotic is told: longer than any delay before an act."""

SCORES: tuple[tuple[str, Text], ...] = (
    ("mirels-score", _("Mirels score")),
    ("sins-score", _("SINS")),
    ("life-expectancy", _("life expectancy")),
)
"""The findings that a board asks for, and what each is called where none is recorded."""


def sections(patient: Facts) -> Iterator[Section]:
    """In the order in which a board asks."""
    found = (one for one in patient.conditions if one.is_any(DISEASE) and one.active)
    yield Section(_("disease"), tuple(found), gaps=patient.conditions.gaps)
    yield _facts(_("scores"), (patient.finding(name) for name, _called in SCORES))
    yield _local_treatment(patient)
    yield _antiresorptive(patient)
    yield _facts(_("results"), (patient.calcium, patient.result(PHOSPHATE), patient.vitamin_d, patient.clearance))
    teeth = [one for one in (*patient.procedures, *patient.imaging) if one.is_any(TEETH)]
    jaw = (one for one in patient.conditions if one.is_any(JAW))
    gaps = dict.fromkeys((*patient.procedures.gaps, *patient.imaging.gaps))
    shown, beyond = _newest(teeth)
    yield Section(_("teeth and jaw"), (*shown, *jaw), beyond, tuple(gaps))
    blood = patient.exposures.of(sets.ANTITHROMBOTICS)
    since = patient.today - timedelta(days=RECENT_DAYS)
    taken = (one for one in blood.entries if one.planned or one.touches(since, patient.today))
    yield Section(_("antithrombotics"), _once_a_drug(taken), gaps=blood.gaps)


def _facts(title: Text, facts: Iterable[Fact[Any]]) -> Section:
    """What is known of each, or that there is none; what could not be looked up is a gap."""
    told = tuple(facts)
    gaps = (
        _("{what}: {why}", what=one.what, why=why) for one in told if isinstance(one, Unavailable) for why in one.why
    )
    return Section(title, tuple(one for one in told if not isinstance(one, Unavailable)), gaps=tuple(gaps))


def _local_treatment(patient: Facts) -> Section:
    operations = [one for one in patient.procedures if one.is_any(OPERATIONS)]
    gaps = dict.fromkeys((*patient.radiotherapies.gaps, *patient.procedures.gaps))
    shown, beyond = _newest(operations)
    return Section(
        _("local treatment"),
        shown,
        (*beyond, *(_course_said(one) for one in patient.radiotherapies)),
        tuple(gaps),
    )


def _course_said(course: RadiotherapyCourse) -> Text:
    volume = course.highest
    said = _(
        "radiotherapy ({bones}): {dose}, {when}",
        bones=named_bones(course.regions) or _("bone not stated"),
        dose=_("dose not on record") if volume is None else _dose_said(volume),
        when=_("under way") if course.under_way else on(course.last or course.first),
    )
    return said if course.unsure is None else _("{radiotherapy}: {unsure}", radiotherapy=said, unsure=course.unsure)


def _dose_said(volume: Volume) -> Text:
    """As much as is stated of it."""
    if volume.dose_gy is None:
        return _("dose not on record")
    if not volume.fractions:
        return _("{gray}, fractions not on record", gray=Amount(volume.dose_gy, GRAY))
    return volume_said(volume)


def _antiresorptive(patient: Facts) -> Section:
    exposures = antiresorptives(patient)
    course = exposures.last_course
    says = () if course is None or not course.days else (_("course of {time}", time=lasting(course.days)),)
    return Section(
        _("antiresorptive"), _once_a_drug(exposures.entries), (*_doses_given(exposures), *says), exposures.gaps
    )


def _doses_given(exposures: Exposures) -> Iterator[Text]:
    """How many doses of each drug are recorded as given, where there are several; as many days, since a dose may be told twice."""
    days: dict[str, set[When]] = {}
    names: dict[str, Text] = {}
    for one in exposures.entries:
        if one.kind is ExposureKind.ADMINISTRATION and one.is_one_dose and one.last_dose is not None:
            names.setdefault(one.drug.name.message, one.drug.name)
            days.setdefault(one.drug.name.message, set()).add(one.last_dose)
    for name, of_drug in days.items():
        if len(of_drug) > 1:
            newest = max(of_drug, key=lambda when: when.last)
            yield _(
                "{drug}: {number} doses recorded, the last {when}",
                drug=names[name],
                number=len(of_drug),
                when=on(newest),
            )


def _once_a_drug(entries: Iterable[Exposure]) -> tuple[Basis, ...]:
    """One entry a drug and state: its first and its last dose are one line."""
    found: dict[tuple[str, bool], Exposure] = {}
    for one in entries:
        found.setdefault((one.drug.name.message, one.planned), one)
    return tuple(found.values())


MOST_ACTS = 6
"""Of one section: the newest of each kind first, so that six examinations hide no extraction; the others are counted."""


def _newest(acts: Iterable[Act]) -> tuple[tuple[Act, ...], tuple[Text, ...]]:
    dated = sorted(
        acts, key=lambda one: (one.dated is not None and one.dated.last.toordinal(), one.source), reverse=True
    )
    kinds: dict[frozenset[str], Act] = {}
    for one in dated:
        kinds.setdefault(one.concepts, one)
    first = list(kinds.values())
    shown = [*first, *(one for one in dated if kinds[one.concepts] is not one)][:MOST_ACTS]
    beyond = len(dated) - len(shown)
    told = (_n("{number} earlier one on record", "{number} earlier ones on record", beyond),) if beyond else ()
    return tuple(one for one in dated if any(one is other for other in shown)), told


def missing(patient: Facts) -> Iterator[Text]:
    """What a board would ask for and the record does not hold."""
    yield from missing_prerequisites(patient)
    yield from (name for finding, name in SCORES if isinstance(patient.finding(finding), Absent))


SHEET = Sheet(
    frozenset(
        {
            "conditions",
            "finding",
            "procedures",
            "imaging",
            "radiotherapies",
            "exposures",
            "calcium",
            *PREREQUISITES_READ,
        }
    ),
    sections,
    missing,
)
"""What stands on it, and what that reads."""
