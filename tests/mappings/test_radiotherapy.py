"""External radiotherapy: what one resource says of dose, target and technique, and how resources become courses.

Whole records go through `tests/service/test_radiotherapy_courses.py`. 16 March 2026 is a Monday.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise, permutations
from zoneinfo import ZoneInfo

import pytest
from support.reading import reader_at

from mappings.dates import When, day
from mappings.facts import Prescription, RadiotherapyCourse, Target, Volume, reckoned_end
from mappings.readers.courses import (
    added_phases,
    courses,
    gray,
    is_external_radiotherapy,
    prescription,
    with_phases,
)
from mappings.wording import _

SNOMED, UCUM = "http://snomed.info/sct", "http://unitsofmeasure.org"
CODEX = "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"
BEAM, COURSE, PHASE, PLAN, FRACTION = "33195004", "1217123003", "1222565005", "1255724003", "1297069006"
STEREOTACTIC, BRACHYTHERAPY, PHOTONS, RADIOGRAPH = "395096001", "113120007", "1156506007", "241075002"
FEMUR, HUMERUS, BRAIN, PELVIC_REGION = "71341001", "85050009", "12738006", "12921003"
BONE_METASTASIS, METASTASIS, METASTASIS_OF_THE_FEMUR = "94222008", "128462008", "94300004"


def concept(*codes):
    return {"coding": [{"system": SNOMED, "code": code} for code in codes]}


def part(url, value, unit=None):
    """A part of a dose extension: a number of fractions, or a dose."""
    if unit is None:
        return {"url": url, "valuePositiveInt": value}
    return {"url": url, "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit}}


def dose(*parts, kind="prescribed"):
    return {"url": f"{CODEX}radiotherapy-dose-{kind}-to-volume", "extension": list(parts)}


def delivered(*parts):
    return {"url": f"{MCODE}radiotherapy-dose-delivered-to-volume", "extension": list(parts)}


def fractions(number, kind="prescribed", name="valuePositiveInt"):
    return {"url": f"{CODEX}radiotherapy-fractions-{kind}", name: number}


def technique(*codes):
    parts = [{"url": "technique", "valueCodeableConcept": concept(code)} for code in codes]
    return {"url": f"{MCODE}radiotherapy-modality-and-technique", "extension": parts}


CURATIVE = {"url": f"{MCODE}procedure-intent", "valueCodeableConcept": concept("373808002")}
PALLIATIVE = {"url": f"{MCODE}procedure-intent", "valueCodeableConcept": concept("363676003")}


def reirradiation(said):
    return {"url": f"{CODEX}radiotherapy-course-involves-reirradiation", "valueBoolean": said}


GATHERED = {
    "Condition/metastasis-of-femur": {"code": concept(METASTASIS), "bodySite": [concept(FEMUR)]},
    "Condition/metastasis-of-brain": {"code": concept(METASTASIS), "bodySite": [concept(BRAIN)]},
    "Condition/pain-of-femur": {"code": concept("12584003"), "bodySite": [concept(FEMUR)]},
    "BodyStructure/femur": {"location": concept(FEMUR)},
}


def find(reference):
    return GATHERED.get(reference.get("reference"))


READER = reader_at(datetime(2026, 3, 31, 9, 30, tzinfo=ZoneInfo("Pacific/Auckland")), find)


def prescribed(*extensions, code=BEAM, **members) -> Prescription:
    resource = {"resourceType": "ServiceRequest", "code": concept(code), "extension": list(extensions), **members}
    return prescription(READER, resource)


def sites(*codes):
    return {"bodySite": [concept(code) for code in codes]}


# --- dose and fractions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "gy"),
    [
        ({"value": 30, "code": "Gy"}, "30"),
        ({"value": 3000, "code": "cGy"}, "30"),
        ({"value": 30000, "unit": "mGy"}, "30"),
        ({"value": 3000, "code": "cGy", "unit": "centigray"}, "30"),
        ({"value": "0.5", "unit": "Gy"}, "0.5"),
        ({"value": 30, "code": "mg"}, None),
        ({"value": 0, "code": "Gy"}, None),
        ({"value": -30, "code": "Gy"}, None),
        ({"code": "Gy"}, None),
        ({"value": 30}, None),
    ],
)
def test_a_dose_is_read_in_gray(quantity, gy):
    assert gray(quantity) == (gy and Decimal(gy))


TOTAL, EACH = part("totalDose", 30, "Gy"), part("fractionDose", 3, "Gy")


@pytest.mark.parametrize(
    ("extensions", "volumes"),
    [
        ([dose(TOTAL, part("fractions", 10))], [(30, 10, None)]),
        ([dose(part("totalDose", 3000, "cGy"), kind="planned")], [(30, None, None)]),
        ([delivered(part("totalDoseDelivered", 27, "Gy"), part("fractionsDelivered", 9))], [(27, 9, None)]),
        # the total is stated, or that of the fractions
        ([dose(EACH, part("fractions", 10))], [(30, 10, 3)]),
        ([dose(TOTAL, EACH)], [(30, 10, 3)]),
        ([dose(TOTAL, part("fractions", 8), EACH)], [(30, 8, 3)]),
        ([dose(EACH)], [(None, None, 3)]),
        ([dose(TOTAL, part("fractionDose", 4, "Gy"))], [(30, None, 4)]),
        ([dose(part("fractions", 10))], [(None, 10, None)]),
        # fractions of the volume before those of the whole order
        ([dose(TOTAL), fractions(10)], [(30, 10, None)]),
        ([dose(TOTAL, part("fractions", 8)), fractions(10)], [(30, 8, None)]),
        ([dose(EACH), fractions(10)], [(30, 10, 3)]),
        ([fractions(10)], [(None, 10, None)]),
        ([fractions(10, kind="planned")], [(None, 10, None)]),
        ([dose(TOTAL), dose(part("totalDose", 20, "Gy")), fractions(5)], [(30, 5, None), (20, 5, None)]),
        ([], []),
        # numbers of fractions as they are sent
        ([fractions("10", name="valueInteger")], [(None, 10, None)]),
        ([fractions(1, name="valueUnsignedInt")], [(None, 1, None)]),
        ([fractions(0), fractions(10, kind="planned")], [(None, 10, None)]),
        ([fractions(-10)], []),
        ([fractions(2.5)], []),
        ([fractions("ten")], []),
    ],
)
def test_the_volumes_of_an_order_are_those_that_it_states(extensions, volumes):
    read = [(one.dose_gy, one.fractions, one.fraction_gy) for one in prescribed(*extensions).volumes]
    assert read == volumes


def test_doses_that_nobody_gives_are_read_as_they_are_stated():
    [read] = prescribed(dose(part("totalDose", 1e14, "Gy"), part("fractionDose", 1e-14, "mGy"))).volumes
    assert (read.dose_gy, read.fraction_gy) == (Decimal("1e14"), Decimal("1e-17"))


def phase(*volumes, **members) -> Prescription:
    return Prescription(Target.UNSTATED, frozenset(), volumes=tuple(Volume(*volume) for volume in volumes), **members)


@pytest.mark.parametrize(
    ("phases", "dose_gy", "number"),
    [
        ([[(Decimal(30), 10)], [(Decimal(10), 5)]], 40, 15),
        ([[(Decimal(20), 5), (Decimal(30), 10)], [(Decimal(10), 5)]], 40, 15),
        ([[(Decimal(30), None)], [(Decimal(10), 5)]], 40, 5),
        ([[(None, 10)], []], None, 10),
        ([[(Decimal(30), None)]], 30, None),
    ],
)
def test_phases_are_added_each_with_its_highest_volume(phases, dose_gy, number):
    assert added_phases(phase(*volumes) for volumes in phases) == (Volume(dose_gy, number),)


@pytest.mark.parametrize("phases", [[], [[]], [[(None, None, Decimal(3))]]])
def test_phases_without_dose_and_fractions_add_up_to_nothing(phases):
    assert added_phases(phase(*volumes) for volumes in phases) == ()


def test_the_dose_of_a_course_is_its_own_before_that_of_its_phases():
    phases = [phase((Decimal(20), 10)), phase((Decimal(10), 5))]
    assert with_phases(phase((Decimal(36), 12)), phases).volumes == (Volume(Decimal(36), 12),)
    assert with_phases(phase(), phases).volumes == (Volume(Decimal(30), 15),)


@pytest.mark.parametrize("said", ["stereotactic", "curative", "reirradiation"])
def test_what_one_phase_says_its_course_says(said):
    silent, speaking = phase(), phase(**{said: True})
    assert getattr(with_phases(speaking, [silent]), said)
    assert getattr(with_phases(silent, [silent, speaking]), said)
    assert not getattr(with_phases(silent, [silent, silent]), said)


def test_a_course_without_a_target_has_that_of_its_first_phase_that_states_one():
    bone, other, unstated = (Prescription(target, frozenset({target.value})) for target in Target)
    assert with_phases(unstated, [unstated, other, bone]).target is Target.OTHER
    assert with_phases(bone, [other]).target is Target.BONE
    assert with_phases(unstated, [unstated]).target is Target.UNSTATED
    assert with_phases(bone, [other]).regions == bone.regions | other.regions
    assert with_phases(bone, []) == bone


def test_what_a_phase_could_not_look_up_its_course_says():
    own, of_phase = _("own"), _("of the phase")
    assert with_phases(phase(unresolved=(own,)), [phase(unresolved=(of_phase,))]).unresolved == (own, of_phase)


# --- technique, intent, target ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "extensions", "external"),
    [
        (BEAM, [], True),
        (COURSE, [technique(PHOTONS)], True),
        (COURSE, [technique(BRACHYTHERAPY)], False),
        (BRACHYTHERAPY, [], False),
        (RADIOGRAPH, [], False),
    ],
)
def test_radiotherapy_is_external_unless_code_or_technique_say_brachytherapy(code, extensions, external):
    resource = {"code": concept(code), "extension": extensions}
    assert is_external_radiotherapy(READER, resource) is external
    assert is_external_radiotherapy(READER, {"code": concept(BEAM, code), "extension": extensions}) is (
        external or code == RADIOGRAPH
    )


def test_radiotherapy_may_be_told_by_a_detail_of_the_order():
    resource = {"code": concept(RADIOGRAPH), "orderDetail": [concept(BEAM)]}
    assert is_external_radiotherapy(READER, resource)


@pytest.mark.parametrize(
    ("code", "extensions", "stereotactic"),
    [
        (BEAM, [], False),
        (BEAM, [technique(PHOTONS)], False),
        (BEAM, [technique(PHOTONS, STEREOTACTIC)], True),
        (STEREOTACTIC, [], True),
    ],
)
def test_a_stereotactic_technique_is_told_by_the_extension_or_the_code(code, extensions, stereotactic):
    assert prescribed(*extensions, code=code).stereotactic is stereotactic


@pytest.mark.parametrize(("extensions", "curative"), [([], False), ([PALLIATIVE], False), ([CURATIVE], True)])
def test_a_curative_intent_is_told_by_its_extension(extensions, curative):
    assert prescribed(*extensions).curative is curative


@pytest.mark.parametrize(
    ("extensions", "said"),
    [([], False), ([reirradiation(said=False)], False), ([reirradiation(said=True)], True)],
)
def test_an_order_says_itself_that_it_irradiates_again(extensions, said):
    assert prescribed(*extensions).reirradiation is said


def reason(reference):
    return {"reasonReference": [{"reference": reference}]}


@pytest.mark.parametrize(
    ("members", "target", "regions"),
    [
        (sites(FEMUR), Target.BONE, {"femur"}),
        (sites(BRAIN), Target.OTHER, {}),
        (sites(BRAIN, FEMUR), Target.BONE, {"femur"}),
        (sites(PELVIC_REGION), Target.UNSTATED, {}),
        ({}, Target.UNSTATED, {}),
        ({"reasonCode": [concept(BONE_METASTASIS)]}, Target.BONE, {}),
        ({"reasonCode": [concept(METASTASIS)]}, Target.UNSTATED, {}),
        ({"reasonCode": [concept(METASTASIS_OF_THE_FEMUR)]}, Target.BONE, {"femur"}),
        # the site decides before the reason which bone it is
        ({"reasonCode": [concept(METASTASIS_OF_THE_FEMUR)], **sites(HUMERUS)}, Target.BONE, {"humerus"}),
        # a metastasis is one of bone by its site
        (reason("Condition/metastasis-of-femur"), Target.BONE, {"femur"}),
        (reason("Condition/metastasis-of-brain"), Target.UNSTATED, {}),
        (reason("Condition/pain-of-femur"), Target.UNSTATED, {"femur"}),
        (reason("Condition/gone"), Target.UNSTATED, {}),
        (
            {"reasonReference": [{"reference": "Condition/gone"}, {"reference": "Condition/metastasis-of-femur"}]},
            Target.BONE,
            {"femur"},
        ),
    ],
)
def test_the_target_is_told_by_the_site_or_the_reason(members, target, regions):
    read = prescribed(**members)
    assert (read.target, {region.partition(":")[0] for region in read.regions}) == (target, set(regions))


def volume(reference, url="volume"):
    return dose({"url": url, "valueReference": {"reference": reference}}, TOTAL)


def test_the_target_is_told_by_the_volume_that_is_referred_to():
    read = prescribed(volume("BodyStructure/femur"))
    assert (read.target, read.unresolved) == (Target.BONE, ())
    assert read.regions == prescribed(**sites(FEMUR)).regions


def test_a_volume_that_could_not_be_looked_up_is_named():
    [text] = prescribed(volume("BodyStructure/gone")).unresolved
    assert text.parameters == {"source": "BodyStructure/gone"}


@pytest.mark.parametrize(
    "extension", [volume("BodyStructure/gone", url="note"), dose({"url": "volume"}, TOTAL), {"url": "other"}]
)
def test_what_refers_to_no_volume_needs_none(extension):
    assert prescribed(extension).unresolved == ()


# --- courses ----------------------------------------------------------------------------------------------------------


def treated(id_, on=None, *, start=None, end=None, code=BEAM, status="completed", site=FEMUR, **members):
    """A Procedure on a day or over a period."""
    resource = {
        "resourceType": "Procedure",
        "id": id_,
        "status": status,
        "code": concept(code),
        **sites(site),
        **members,
    }
    if on:
        resource["performedDateTime"] = on
    if start or end:
        resource["performedPeriod"] = {"start": start, "end": end}
    return resource


def ordered(id_, on=None, *, start=None, end=None, code=COURSE, status="active", **members):
    """A ServiceRequest for a day or a period."""
    resource = {"resourceType": "ServiceRequest", "id": id_, "status": status, "code": concept(code), **members}
    if on:
        resource["occurrenceDateTime"] = on
    if start or end:
        resource["occurrencePeriod"] = {"start": start, "end": end}
    return resource


def of(*resources, kind="partOf"):
    """The members of a resource that belongs to others."""
    return {kind: [{"reference": f"{one['resourceType']}/{one['id']}"} for one in resources]}


def named(value, system="http://example.org/courseId"):
    return {"identifier": [{"system": system, "value": value}]}


def read_courses(*resources) -> list[RadiotherapyCourse]:
    pairs = [(f"{one['resourceType']}/{one['id']}", one) for one in resources]
    procedures = [pair for pair in pairs if pair[1]["resourceType"] == "Procedure"]
    orders = [pair for pair in pairs if pair[1]["resourceType"] == "ServiceRequest"]
    return list(courses(READER, procedures, orders))


def the_course(*resources) -> RadiotherapyCourse:
    """The one course that they tell, whatever their order."""
    read = [read_courses(*told) for told in permutations(resources)]
    assert all(one == read[0] for one in read), "the order of the resources decides"
    [course] = read[0]
    return course


def days(course):
    return [
        when and (str(when.first) if when.first == when.last else (str(when.first), str(when.last))) for when in course
    ]


def test_a_course_runs_from_its_first_start_to_its_last_end():
    summary = treated("summary", start="2026-03-16", end="2026-03-18", code=COURSE)
    phases = [
        treated("phase-1", start="2026-03-12", end="2026-03-17", code=PHASE, **of(summary)),
        treated("phase-2", start="2026-03-17", end="2026-03-20", code=PHASE, **of(summary)),
    ]
    course = the_course(summary, *phases)
    assert days([course.first, course.last]) == ["2026-03-12", "2026-03-20"]
    assert course.sources == ("Procedure/phase-1", "Procedure/phase-2", "Procedure/summary")
    assert (course.under_way, course.undated, course.stereotactic, course.curative) == (False,) * 4


@pytest.mark.parametrize(
    ("told", "first", "last"),
    [
        ({"on": "2026-03-16"}, "2026-03-16", "2026-03-16"),
        ({"start": "2026-03-16", "end": "2026-03-20"}, "2026-03-16", "2026-03-20"),
        ({"start": "2026-03-16"}, "2026-03-16", None),
        ({"end": "2026-03-20"}, "2026-03-20", "2026-03-20"),
        ({"on": "2026-03-16", "end": "2026-03-20"}, "2026-03-16", "2026-03-20"),
        ({"on": "2026-03-20", "start": "2026-03-16"}, "2026-03-16", "2026-03-20"),
        ({"on": "yesterday"}, None, None),
        ({}, None, None),
    ],
)
def test_the_days_of_a_course_are_those_that_can_be_read(told, first, last):
    course = the_course(treated("treated", **told))
    assert days([course.first, course.last]) == [first, last]
    assert course.undated is (last is None)


def test_the_days_of_an_act_of_r5_are_those_on_which_it_occurred():
    told = treated("treated") | {"occurrencePeriod": {"start": "2026-03-16", "end": "2026-03-20"}}
    course = the_course(told)
    assert days([course.first, course.last]) == ["2026-03-16", "2026-03-20"]


def test_a_part_without_any_date_leaves_the_dates_of_the_others():
    summary = treated("summary", start="2026-03-16", code=COURSE)
    course = the_course(
        summary,
        treated("phase", code=PHASE, **of(summary)),
        treated("fraction", "2026-03-18", code=FRACTION, **of(summary)),
    )
    assert days([course.first, course.last]) == ["2026-03-16", "2026-03-18"]


def test_of_partial_dates_the_earliest_first_day_and_the_latest_last_day_are_those_of_the_course():
    summary = treated("summary", start="2026-02", end="2026-03", code=COURSE)
    phase = treated("phase", start="2026-02-10", end="2026-03-12", code=PHASE, **of(summary))
    course = the_course(summary, phase)
    assert days([course.first, course.last]) == [("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-31")]


LEVELS = [COURSE, PHASE, PLAN, FRACTION]


@pytest.mark.parametrize(("higher", "lower"), list(pairwise(LEVELS)))
def test_whether_a_course_is_under_way_is_told_by_course_before_phase_before_plan_before_fraction(higher, lower):
    whole = treated("whole", start="2026-03-16", end="2026-03-20", code=higher, status="in-progress")
    ended = treated("part", start="2026-03-16", end="2026-03-27", code=lower, **of(whole))
    assert the_course(whole, ended).under_way
    whole = treated("whole", start="2026-03-16", end="2026-03-20", code=higher)
    running = treated("part", start="2026-03-16", end="2026-03-27", code=lower, status="in-progress", **of(whole))
    assert not the_course(whole, running).under_way


def test_a_code_of_several_levels_tells_the_highest_and_any_other_code_of_radiotherapy_a_course():
    whole = treated("whole", "2026-03-16", code=COURSE, status="in-progress")
    whole["code"] = concept(FRACTION, COURSE)
    phase = treated("phase", "2026-03-20", code=PHASE, **of(whole))
    assert the_course(whole, phase).under_way
    beam = treated("beam", "2026-03-16", status="in-progress")
    assert the_course(beam, treated("phase", "2026-03-20", code=PHASE, **of(beam))).under_way


def update(id_, status, end, updated=""):
    meta = {"meta": {"lastUpdated": updated}} if updated else {}
    return treated(id_, start="2026-03-09", end=end, code=COURSE, status=status, **named("C1"), **meta)


@pytest.mark.parametrize(
    "updates",
    [
        # the newest version, before the latest end, before the name
        [
            update("b", "in-progress", "2026-03-20", "2026-03-16T20:00:00Z"),
            update("a", "completed", "2026-03-18", "2026-03-17T20:00:00Z"),
        ],
        [update("b", "in-progress", "2026-03-16"), update("a", "completed", "2026-03-18")],
        [update("b", "in-progress", None), update("a", "completed", "2026-03-18")],
        [update("a", "in-progress", "2026-03-18"), update("b", "completed", "2026-03-18")],
        [update("b", "in-progress", "2026-03-16"), update("a", "completed", "2026-03")],
    ],
)
def test_the_newest_update_tells_whether_a_course_is_under_way(updates):
    assert not the_course(*updates).under_way
    turned = [{**one, "status": other["status"]} for one, other in zip(updates, updates[::-1], strict=True)]
    assert the_course(*turned).under_way


@pytest.mark.parametrize(
    ("end", "planned"),
    # an end that lies ahead is stated; one that is past says how far it has come, and the end is reckoned
    [("2026-03-20", "2026-03-27"), (None, "2026-03-27"), ("2026-04-03", "2026-04-03")],
)
def test_a_course_under_way_has_no_end_yet_and_is_not_undated(end, planned):
    order = ordered("order", extension=[fractions(10)])
    given = treated("given", start="2026-03-16", end=end, status="in-progress", **of(order, kind="basedOn"))
    course = the_course(order, given)
    assert (course.last, course.under_way, course.undated) == (None, True, False)
    assert days([course.planned_end]) == [planned]


def test_the_target_technique_and_intent_that_one_part_tells_are_those_of_the_course():
    summary = treated("summary", "2026-03-16", code=COURSE, site=PELVIC_REGION)
    phase = treated(
        "phase", "2026-03-17", code=PHASE, site=FEMUR, extension=[technique(STEREOTACTIC), CURATIVE], **of(summary)
    )
    course = the_course(summary, phase)
    assert (course.target, course.stereotactic, course.curative) == (Target.BONE, True, True)
    assert course.regions == prescribed(**sites(FEMUR)).regions
    brain = treated("phase", "2026-03-17", code=PHASE, site=BRAIN, **of(summary))
    assert the_course(summary, brain).target is Target.OTHER
    assert the_course(summary).target is Target.UNSTATED
    assert the_course(treated("summary", "2026-03-16", code=COURSE, site=BRAIN), phase).target is Target.BONE


@pytest.mark.parametrize("status", ["not-done", "entered-in-error", "preparation"])
def test_what_was_not_given_is_no_course(status):
    assert read_courses(treated("treated", "2026-03-16", status=status)) == []


def test_another_procedure_is_no_course():
    assert read_courses(treated("radiograph", "2026-03-16", code=RADIOGRAPH)) == []


# --- what orders tell of courses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (ordered("order", start="2026-03-16", end="2026-03-20", status="completed"), 1),
        (ordered("order", start="2026-03-16", end="2026-03-20"), 0),
        (ordered("order", start="2026-03-16", end="2026-03-20", status="on-hold"), 0),
        (ordered("order", start="2026-03-16", end="2026-03-20", status="revoked"), 0),
        (ordered("order", "2026-03-16", status="completed", doNotPerform=True), 0),
        (ordered("order", "2026-03-16", status="completed", doNotPerform=False), 1),
        (ordered("order", "2026-03-16", status="completed", code=RADIOGRAPH), 0),
    ],
)
def test_a_completed_order_tells_a_course_and_an_open_one_none(order, told):
    assert len(read_courses(order)) == told


def test_the_dates_are_those_of_the_completed_order_where_no_procedure_tells_them():
    whole = ordered("whole", start="2026-03-16", end="2026-03-20", status="completed")
    phase = ordered("phase", start="2026-03-10", end="2026-03-27", **of(whole, kind="basedOn"))
    course = the_course(whole, phase)
    assert days([course.first, course.last]) == ["2026-03-16", "2026-03-20"]
    given = treated("given", start="2026-03-17", end="2026-03-19", code=COURSE, **of(whole, kind="basedOn"))
    course = the_course(whole, given)
    assert days([course.first, course.last]) == ["2026-03-17", "2026-03-19"]


def test_an_order_that_is_carried_out_adds_its_target_and_one_that_is_revoked_nothing():
    order = ordered("order", **sites(FEMUR))
    given = treated("given", "2026-03-16", site=PELVIC_REGION, **of(order, kind="basedOn"))
    assert the_course(order, given).target is Target.BONE
    assert the_course({**order, "status": "revoked"}, given).target is Target.UNSTATED
    assert the_course({**order, "doNotPerform": True}, given).target is Target.UNSTATED
    assert the_course({**order, "status": "on-hold"}, given).target is Target.BONE


def under_way_by(*orders, **members):
    """A course that began on Monday 16 March, by these orders."""
    based = {"basedOn": [{"reference": f"ServiceRequest/{one['id']}"} for one in orders]}
    return the_course(*orders, treated("given", start="2026-03-16", status="in-progress", **based, **members))


def test_the_planned_end_of_a_course_under_way_is_the_latest_that_its_orders_state():
    first = ordered("first", start="2026-03-16", end="2026-04-10", extension=[fractions(5)])
    second = ordered("second", start="2026-03-30", end="2026-04-03")
    assert days([under_way_by(first, second).planned_end]) == ["2026-04-10"]
    month = ordered("second", start="2026-04", end="2026-04")
    weeks = ordered("second", start="2026-03-30", end="2026-04")
    assert days([under_way_by(first, weeks).planned_end]) == [("2026-04-01", "2026-04-30")]
    assert days([under_way_by(first, month).planned_end]) == ["2026-04-10"], "one date is no end"


@pytest.mark.parametrize("when", [{"on": "2026-03-16"}, {"start": "2026-03-16"}, {}])
def test_an_order_that_states_no_end_leaves_it_to_be_reckoned_from_its_fractions(when):
    order = ordered("order", **when, extension=[fractions(10)])
    assert days([under_way_by(order).planned_end]) == ["2026-03-27"]


def test_the_end_is_reckoned_from_the_most_fractions_that_are_stated():
    order = ordered("order", extension=[dose(TOTAL), dose(part("fractions", 10)), dose(part("fractions", 5))])
    assert days([under_way_by(order).planned_end]) == ["2026-03-27"]
    assert under_way_by(ordered("order")).planned_end is None


def test_a_course_that_ended_has_a_planned_end_only_where_its_end_is_not_told():
    order = ordered("order", extension=[fractions(10)])
    ended = treated("given", start="2026-03-16", end="2026-03-20", **of(order, kind="basedOn"))
    assert the_course(order, ended).planned_end is None
    endless = treated("given", start="2026-03-16", **of(order, kind="basedOn"))
    assert days([the_course(order, endless).planned_end]) == ["2026-03-27"]


@pytest.mark.parametrize(("end", "planned"), [("2026-03-30", None), ("2026-03-31", None), ("2026-04-01", "2026-04-01")])
def test_a_stated_end_that_lies_ahead_is_that_of_a_course_under_way(end, planned):
    """One of today or past says how far the course has come, and is no end of it."""
    course = the_course(treated("given", start="2026-03-16", end=end, status="in-progress"))
    assert days([course.planned_end]) == [planned]


@pytest.mark.parametrize(
    ("start", "number", "end"),
    [
        ("2026-03-16", 1, "2026-03-16"),
        ("2026-03-16", 5, "2026-03-20"),
        ("2026-03-16", 6, "2026-03-23"),
        ("2026-03-16", 10, "2026-03-27"),
        ("2026-03-18", 3, "2026-03-20"),
        ("2026-03-18", 4, "2026-03-23"),
        ("2026-03-20", 2, "2026-03-23"),
        ("2026-03-20", 10, "2026-04-02"),
        ("2026-03-21", 1, "2026-03-23"),  # a Saturday
        ("2026-03-22", 1, "2026-03-23"),  # a Sunday
        ("2026-03-22", 6, "2026-03-30"),
    ],
)
def test_fractions_are_given_from_monday_to_friday(start, number, end):
    assert reckoned_end(day(date.fromisoformat(start)), number) == day(date.fromisoformat(end))


def test_no_end_is_reckoned_from_an_unknown_start_or_number_or_beyond_the_calendar():
    monday = day(date(2026, 3, 16))
    assert reckoned_end(None, 10) is None
    assert reckoned_end(monday, None) is None
    assert reckoned_end(monday, 10**9) is None


def test_the_end_of_a_course_begun_in_some_month_is_the_latest_that_it_may_have():
    march = When(date(2026, 3, 1), date(2026, 3, 31))
    assert reckoned_end(march, 2) == day(date(2026, 4, 1))


# --- what joins resources ---------------------------------------------------------------------------------------------


def test_resources_are_one_course_by_reference_or_identifier_directly_or_not():
    first = treated("first", "2025-01-06", **named("C1"))
    second = treated("second", "2025-06-02", **named("C1"), **of(ordered("order"), kind="basedOn"))
    third = treated("third", "2026-01-05", **of(ordered("order"), kind="basedOn"))
    fourth = treated("fourth", "2026-03-02", **of(third))
    assert len(read_courses(first, third)) == 2
    the_course(first, second, third, fourth)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (named("C1"), named("C2")),
        (named("C1"), named("C1", system="http://example.org/planId")),
        (named(""), named("")),
        (named(None), named(None)),
        ({}, {}),
    ],
)
def test_resources_without_a_common_identifier_are_two_courses(one, other):
    assert len(read_courses(treated("one", "2025-01-06", **one), treated("other", "2026-03-02", **other))) == 2


def test_resources_without_an_id_are_not_joined_by_it():
    nameless = [treated("", on) for on in ("2025-01-06", "2026-03-02")]
    assert len(read_courses(*nameless)) == 2


@pytest.mark.parametrize("level", [PHASE, PLAN, FRACTION])
def test_a_part_that_names_its_course_is_joined_by_a_global_identifier_only(level):
    def part_of(whole, system, value):
        members = {**of(ordered(whole), kind="basedOn"), **named(value, system)}
        return treated(f"part-of-{whole}", "2026-03-02", code=level, **members)

    def number(system, value):
        return len(read_courses(part_of("one", system, value), part_of("other", system, value)))

    assert number("http://example.org/phaseId", "Primary") == 2
    assert number("urn:dicom:uid", "urn:oid:2.25.1") == 1


def test_a_part_with_a_local_code_beside_that_of_its_level_is_a_part():
    parts = [
        treated(f"phase-{order}", "2026-03-02", code=PHASE, **of(ordered(order), kind="basedOn"), **named("Primary"))
        for order in ("one", "other")
    ]
    for one in parts:
        one["code"] = concept(PHASE, BEAM)
    assert len(read_courses(*parts)) == 2


def test_a_course_is_joined_by_its_local_identifier_although_it_names_its_order():
    updates = [
        treated(f"update-{order}", "2026-03-02", code=COURSE, **of(ordered(order), kind="basedOn"), **named("C1"))
        for order in ("one", "other")
    ]
    the_course(*updates)


# --- sessions without a course ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("on", "number"), [("2026-03-17", 1), ("2026-03-23", 1), ("2026-03-24", 2)])
def test_sessions_of_one_bone_up_to_a_week_apart_are_one_course(on, number):
    assert len(read_courses(treated("one", "2026-03-16"), treated("other", on))) == number


def test_a_week_is_counted_from_the_last_session_to_the_next():
    sessions = [treated(f"on-{on}", on) for on in ("2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23")]
    course = the_course(*sessions)
    assert days([course.first, course.last]) == ["2026-03-02", "2026-03-23"]
    long = treated("long", start="2026-03-02", end="2026-03-20")
    the_course(long, treated("short", start="2026-03-03", end="2026-03-04"), treated("next", "2026-03-27"))
    assert len(read_courses(treated("long", start="2026-03-02", end="2026-03-20"), treated("next", "2026-03-28"))) == 2


def test_a_session_over_several_days_follows_by_its_first_day():
    the_course(treated("one", "2026-03-02"), treated("long", start="2026-03-09", end="2026-03-20"))
    assert len(read_courses(treated("one", "2026-03-02"), treated("long", start="2026-03-10", end="2026-03-20"))) == 2


def test_sessions_of_one_identifier_follow_by_the_first_of_them():
    told = [treated("second", "2026-03-09", **named("C1")), treated("third", "2026-03-18", **named("C1"))]
    the_course(treated("first", "2026-03-02"), *told)
    assert len(read_courses(treated("first", "2026-03-01"), *told)) == 2


def test_a_session_that_has_begun_follows_and_one_that_may_still_run_is_followed_by_none():
    begun = treated("begun", start="2026-03-18")
    the_course(treated("one", "2026-03-16"), begun)
    assert len(read_courses(begun, treated("next", "2026-03-20"))) == 2


def test_sessions_of_some_month_are_told_apart_by_its_nearest_days():
    the_course(treated("one", "2026-02"), treated("other", "2026-03-07"))
    assert len(read_courses(treated("one", "2026-02"), treated("other", "2026-03-08"))) == 2
    the_course(treated("one", "2026-02-22"), treated("other", "2026-03"))
    assert len(read_courses(treated("one", "2026-02-21"), treated("other", "2026-03"))) == 2


def test_sessions_of_two_bones_are_two_courses():
    sessions = [treated("one", "2026-03-16"), treated("other", "2026-03-17", site=HUMERUS)]
    assert [course.regions for course in read_courses(*sessions)] == [
        prescribed(**sites(bone)).regions for bone in (FEMUR, HUMERUS)
    ]


def test_an_undated_session_is_a_course_of_its_own():
    assert len(read_courses(treated("one", "2026-03-16"), treated("other"))) == 2


@pytest.mark.parametrize("kind", ["basedOn", "partOf"])
@pytest.mark.parametrize("place", [0, 1])
def test_what_names_its_course_is_not_joined_to_a_neighbour(kind, place):
    sessions = [treated("one", "2026-03-16"), treated("other", "2026-03-17")]
    sessions[place] |= of(ordered("order"), kind=kind)
    assert len(read_courses(*sessions)) == 2
