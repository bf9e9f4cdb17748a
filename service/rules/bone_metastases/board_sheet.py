"""The sheet of a patient for the tumour board (RCP): disease, scores, local treatment, antiresorptive, results, teeth, blood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mappings.facts import Absent, Act, Exposure, Fact, Facts, RadiotherapyCourse, Unavailable
from mappings.facts.bones import named_bones
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import PHOSPHATE
from mappings.wording import Text
from service.rules.bone_metastases.conditions import antiresorptives
from service.rules.bone_metastases.prerequisites import PREREQUISITES_READ, missing_prerequisites
from service.rules.bone_metastases.schemes import volume_said
from service.rules.bone_metastases.wording import _
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
    yield Section(_("teeth and jaw"), (*_newest(teeth), *jaw), gaps=tuple(gaps))
    blood = patient.exposures.of(sets.ANTITHROMBOTICS)
    yield Section(_("antithrombotics"), _once_a_drug(one for one in blood.entries if one.ongoing), gaps=blood.gaps)


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
    return Section(
        _("local treatment"),
        _newest(operations),
        tuple(_course_said(one) for one in patient.radiotherapies),
        tuple(gaps),
    )


def _course_said(course: RadiotherapyCourse) -> Text:
    volume = course.highest
    dose = volume_said(volume) if volume is not None and volume.dose_gy is not None and volume.fractions else None
    return _(
        "radiotherapy ({bones}): {dose}, {when}",
        bones=named_bones(course.regions) or _("bone not stated"),
        dose=dose or _("dose not on record"),
        when=_("under way") if course.under_way else on(course.last or course.first),
    )


def _antiresorptive(patient: Facts) -> Section:
    exposures = antiresorptives(patient)
    course = exposures.last_course
    says = () if course is None or not course.days else (_("course of {time}", time=lasting(course.days)),)
    return Section(_("antiresorptive"), _once_a_drug(exposures.entries), says, exposures.gaps)


def _once_a_drug(entries: Iterable[Exposure]) -> tuple[Basis, ...]:
    """One entry a drug and state: its first and its last dose are one line."""
    found: dict[tuple[str, bool], Exposure] = {}
    for one in entries:
        found.setdefault((one.drug.name.message, one.planned), one)
    return tuple(found.values())


MOST_ACTS = 6
"""Of one section; the newest stand there."""


def _newest(acts: Iterable[Act]) -> tuple[Act, ...]:
    dated = sorted(acts, key=lambda one: (one.dated is not None and one.dated.last.toordinal(), one.source))
    return tuple(dated[: -MOST_ACTS - 1 : -1])


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
