"""Acts and radiotherapy as real records hold them: many resources for one course, orders without dates, words alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from support.quirk import (
    ATC,
    DENOSUMAB,
    LOCAL,
    SNOMED,
    Resource,
    answer,
    cards,
    concept,
    quiet,
    record,
    request,
    resource,
    result,
    rules,
    said,
    topics,
    with_draft,
)

from mappings.facts import RadiotherapyCourse, Target
from mappings.vocabulary import concept_sets as sets
from service.languages.render import Language, untyped

GEMCITABINE = {"drug": "gemcitabine", "dose": "1800 mg", "count": 1, "start in": 0}
AFTER = "radiosensitiser-after-radiotherapy"
COURSE, PHASE, FRACTION, BEAM = "1217123003", "1222565005", "1297069006", "33195004"
LUMBAR, ACETABULUM, CHEST = "122496007", "719537008", "51185008"
CCAM = "https://smt.esante.gouv.fr/terminologie-ccam"


def treated(id_: str = "treated", code: str = BEAM, **members: Any) -> Resource:
    """External radiotherapy, completed on 20 March 2026."""
    return resource(
        "Procedure",
        id_,
        **{"status": "completed", "code": concept(SNOMED, code), "performedDateTime": "2026-03-20", **members},
    )


def prescribed(id_: str = "prescribed", code: str = COURSE, **members: Any) -> Resource:
    whole = {"status": "active", "intent": "order", "code": concept(SNOMED, code), **members}
    return resource("ServiceRequest", id_, **whole)


@pytest.mark.parametrize("code", [None, {"text": "masked"}, {"coding": [{"code": "masked"}]}, {"reference": {}}])
def test_an_open_order_of_which_nobody_can_tell_what_it_is_is_said_quietly(code: Any) -> None:
    def told(**members: Any) -> list[str]:
        whole = {"status": "active", "intent": "order", "code": code, **members}
        return topics(cards(resource("ServiceRequest", "odd", **whole), order=GEMCITABINE))

    assert told() == ["not-identified"]
    laboratory = {"category": [{"coding": [{"code": "laboratory"}]}]}
    for other in ({"status": "revoked"}, {"intent": "option"}, laboratory, {"code": {"text": "Échographie"}}):
        assert told(**other) == []


def site(code: str) -> dict[str, Any]:
    return {"bodySite": [concept(SNOMED, code)]}


def the_course(*resources: Resource) -> RadiotherapyCourse:
    [course] = record(*resources).radiotherapies.entries
    return course


# --- when it was ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"performedDateTime": "1900-01-01"},
        {"performedDateTime": "2027-03-20"},
        {"performedDateTime": None, "performedPeriod": {"start": "2026-03-20", "end": "1900-01-01"}},
        {"performedDateTime": None, "performedPeriod": {"start": "2026-03-20", "end": "2026-03-02"}},
    ],
)
def test_a_date_that_cannot_be_or_lies_ahead_of_what_is_over_says_nothing(members: dict[str, Any]) -> None:
    course = the_course(treated(**members))
    assert course.last is None
    assert (course.first is None) is (members["performedDateTime"] is not None)
    assert AFTER in rules(cards(treated(**members), order=GEMCITABINE))


# --- one course, many resources ---------------------------------------------------------------------------------------


def test_course_phase_fraction_and_order_are_one_course_with_the_newest_end() -> None:
    course = the_course(
        prescribed("order", status="completed"),
        treated("course", COURSE, basedOn=[{"reference": "ServiceRequest/order"}], performedDateTime="2026-03-06"),
        treated("phase", PHASE, partOf=[{"reference": "Procedure/course"}], performedDateTime="2026-03-10"),
        treated("fraction", FRACTION, partOf=[{"reference": "Procedure/phase"}], performedDateTime="2026-03-20"),
    )
    assert course.last is not None
    assert course.last.last == date(2026, 3, 20)


def test_an_older_version_of_the_same_procedure_does_not_keep_the_course_under_way() -> None:
    older = treated("p", status="in-progress", meta={"versionId": "3", "lastUpdated": "2026-03-10T10:00:00Z"})
    newer = treated("p", meta={"versionId": "12", "lastUpdated": "2026-03-21T10:00:00Z"})
    for pair in ((older, newer), (newer, older)):
        assert not the_course(*pair).under_way


def test_a_completed_order_without_a_procedure_tells_a_course_and_is_reported_undated() -> None:
    course = the_course(prescribed(status="completed"))
    assert course.undated
    assert AFTER in rules(cards(prescribed(status="completed"), order=GEMCITABINE))


@pytest.mark.parametrize(
    "intent", ["order", "original-order", "filler-order", "reflex-order", "instance-order", "plan"]
)
def test_an_order_without_any_date_is_planned_whatever_its_kind_of_intent(intent: str) -> None:
    [order] = record(prescribed(intent=intent)).radiotherapy_orders.entries
    assert order.planned.assumed


@pytest.mark.parametrize(
    "members",
    [{"status": "revoked"}, {"status": "entered-in-error"}, {"doNotPerform": True}, {"intent": "option"}],
)
def test_an_order_that_is_none_plans_nothing(members: dict[str, Any]) -> None:
    assert record(prescribed(**members)).radiotherapy_orders.entries == ()


@pytest.mark.parametrize("status", ["not-done", "entered-in-error", "preparation"])
def test_radiotherapy_that_was_not_done_is_no_course(status: str) -> None:
    assert record(treated(status=status)).radiotherapies.entries == ()


@pytest.mark.parametrize(
    ("performed", "last"),
    [
        ({"performedPeriod": {"start": "2026-03-06", "end": "2026-03-20"}}, date(2026, 3, 20)),
        ({"performedDateTime": "2026-03"}, date(2026, 3, 31)),
        ({"performedString": "2026-03-20"}, None),
        ({"performedString": "printemps 2026"}, None),
        ({"performedPeriod": {"end": "2026-03-20"}}, date(2026, 3, 20)),
    ],
)
def test_a_course_is_dated_by_whatever_date_it_has(performed: dict[str, Any], last: date | None) -> None:
    course = the_course(treated(**{"performedDateTime": None, **performed}))
    assert (course.last and course.last.last) == last
    assert course.undated is (last is None)


def test_a_course_with_its_date_in_words_is_said_to_be_undated_never_dropped() -> None:
    given = cards(treated(performedDateTime=None, performedString="printemps 2026"), order=GEMCITABINE)
    assert AFTER in rules(given)


@pytest.mark.parametrize(
    ("codes", "target"),
    [
        (LUMBAR, Target.BONE),
        (ACETABULUM, Target.BONE),
        (CHEST, Target.UNSTATED),
    ],
)
def test_the_target_is_a_bone_only_where_the_site_says_so(codes: str, target: Target) -> None:
    assert the_course(treated(**site(codes))).target is target


def test_a_course_without_a_site_has_no_stated_target() -> None:
    assert the_course(treated()).target is Target.UNSTATED


def test_a_site_that_is_listed_as_no_bone_is_another_target_and_one_not_listed_is_never_taken_for_it() -> None:
    liver, spleen = "10200004", "78961009"
    assert the_course(treated(**site(liver))).target is Target.OTHER
    assert the_course(treated(**site(spleen))).target is Target.UNSTATED


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (SNOMED, COURSE),
        (SNOMED, BEAM),
        (SNOMED, "703423002"),  # chemotherapy with radiotherapy
        ("http://hl7.org/fhir/sid/icd-9-cm/procedure", "92.29"),
        ("http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-procedure-icd9", "9229"),
        ("http://www.ama-assn.org/go/cpt", "77412"),
        (CCAM, "ZZNL063"),
    ],
)
def test_radiotherapy_is_read_in_every_system_that_records_use(system: str, code: str) -> None:
    assert record(treated(code=None) | {"code": concept(system, code)}).radiotherapies.entries != ()


@pytest.mark.parametrize("code", ["152198000", "169359004"])
def test_brachytherapy_is_no_external_radiotherapy(code: str) -> None:
    assert record(treated(code=code)).radiotherapies.entries == ()


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["HBGD035", "HBGD0351", "HBGD035-01", "hbgd035 1 0"])
def test_a_ccam_act_is_compared_on_its_first_seven_characters(code: str) -> None:
    act = resource("Procedure", "act", status="completed", code=concept(CCAM, code))
    [found] = record(act).procedures.entries
    assert found.is_any(sets.TOOTH_EXTRACTION)


# --- words alone ------------------------------------------------------------------------------------------------------


def test_radiotherapy_in_words_alone_decides_nothing_and_is_said_quietly() -> None:
    words_only = treated("words") | {"code": {"text": "Radiothérapie antalgique L3 8 Gy"}}
    given = cards(words_only, order=GEMCITABINE)
    assert AFTER not in rules(given)
    assert "Radiothérapie antalgique L3 8 Gy" in quiet(given)["detail"]


@pytest.mark.parametrize("text", ["Consultation de radiothérapie", "Pas de radiothérapie", "Appendicectomie"])
def test_another_act_in_words_is_silent(text: str) -> None:
    given = cards(treated() | {"code": {"text": text}}, order=GEMCITABINE)
    assert "not-identified" not in topics(given)


def drafted(**members: Any) -> list[dict[str, Any]]:
    return with_draft(lambda _: resource("ServiceRequest", "odd", **{"status": "draft", "intent": "order", **members}))


@pytest.mark.parametrize(
    "code",
    [
        {"text": "RT L3"},
        {"coding": [{"system": LOCAL, "code": "IRR", "display": "Irradiation"}]},
        concept(LOCAL, "RT1"),
        {},
    ],
)
def test_a_draft_of_an_act_that_cannot_be_identified_is_one_quiet_card(code: dict[str, Any]) -> None:
    [card] = drafted(code=code)
    assert card["source"]["topic"]["code"] == "not-identified"
    assert card["indicator"] == "info"
    assert card["extension"]["org.osteocds"]["resources"] == ["ServiceRequest/odd"]


@pytest.mark.parametrize(
    "code",
    [
        {"text": "Vertébroplastie L2"},
        {"coding": [{"system": LOCAL, "code": "VP", "display": "Vertébroplastie L2"}]},
        {"coding": [{"system": SNOMED, "code": "71388002", "display": "Procedure"}], "text": "Cimentoplastie L2"},
    ],
    ids=["text", "display of a local code", "text beside a code that we do not hold"],
)
def test_a_draft_of_an_act_is_identified_by_its_words_and_the_card_says_so(code: dict[str, Any]) -> None:
    answered = drafted(code=code)
    assert "cementoplasty-haemostasis-unknown" in rules(answered)
    assert "identified by its words" in said(answered)


@pytest.mark.parametrize(
    "line",
    [
        "Palliative Strahlentherapie LWK 3, 1x8 Gy",
        "Radioterapia antiálgica fémur derecho 8 Gy",
        "Bestraling femur rechts 1x8 Gy",
        "放射線治療 腰椎 8Gy",
        "Vertebroplastia L2",
    ],
)
def test_an_act_of_ours_that_is_ordered_in_another_language_is_told(line: str) -> None:
    [card] = drafted(code={"text": line})
    assert card["source"]["topic"]["code"] == "not-identified"


@pytest.mark.parametrize(
    "line", ["Konsil Strahlentherapie", "Nachsorge nach Bestrahlung", "Interconsulta radioterapia"]
)
def test_what_is_about_such_an_act_in_another_language_is_silent(line: str) -> None:
    assert drafted(code={"text": line}) == []


LABORATORY = [concept(SNOMED, "108252007")]


@pytest.mark.parametrize(
    "members",
    [
        {"code": {"coding": [{"system": SNOMED, "code": "29303009", "display": "Electrocardiographic procedure"}]}},
        {"code": concept("http://loinc.org", "2951-2", text="Sodium")},
        {"code": concept(LOCAL, "NFS", text="NFS"), "category": LABORATORY},
        {"code": {"text": "Ionogramme"}, "category": [{"coding": [{"code": "laboratory"}]}]},
    ],
)
def test_a_draft_that_is_known_to_be_unrelated_is_silent(members: dict[str, Any]) -> None:
    assert drafted(**members) == []


def test_a_laboratory_draft_in_words_is_identified_by_them() -> None:
    assert rules(drafted(code={"text": "CTX (CrossLaps)"}, category=LABORATORY)) == {"ctx-sampling"}


def test_a_diet_or_a_device_is_no_order_of_ours() -> None:
    assert with_draft(lambda _: {"resourceType": "NutritionOrder", "id": "n", "status": "draft"}) == []


def test_what_is_not_understood_never_takes_a_card_from_what_is() -> None:
    words_only = treated("words") | {"code": {"text": "Radiothérapie antalgique L3 8 Gy"}}
    vitamin_d = result("62292-8", {"value": 12, "unit": "ng/mL", "code": "ng/mL"})
    given = cards(words_only, vitamin_d, order=DENOSUMAB)
    assert "vitamin-d-deficiency" in rules(given)
    assert topics(given).count("not-identified") == 1
    assert "Radiothérapie antalgique L3 8 Gy" in said(given)


# --- codes without words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("technique", "called"),
    [(None, "Radiotherapy (20 Mar 2026)"), ("395096001", "Stereotactic radiotherapy (20 Mar 2026)")],
)
def test_an_act_that_has_a_code_only_is_called_by_our_name_on_a_card(technique: str | None, called: str) -> None:
    told = said(cards(treated(code=technique or BEAM), order=GEMCITABINE))
    assert called in told
    assert (technique or BEAM) not in told


def test_an_order_on_record_that_a_card_rests_on_is_named_with_its_date() -> None:
    care = prescribed("care", "81733005", authoredOn="2026-03-20")
    assert "Dental treatment: ordered (20 Mar 2026)" in said(cards(care, order=DENOSUMAB))


def test_a_change_of_an_order_is_said_in_the_language_of_the_card_whatever_the_record_calls_it() -> None:
    asked = request(
        resource("MedicationAdministration", "dose", **given_on("2026-03-21")),
        order={"act": "radiotherapy", "site": "ilium", "dose": "30 Gy", "fractions": 10},
    )
    [draft] = [entry["resource"] for entry in asked["context"]["draftOrders"]["entry"]]
    draft["code"]["text"] = "Radiotherapy course of treatment"
    labels = [one["label"] for card in answer(asked, Language.FRENCH) for one in card.get("suggestions", ())]
    assert [untyped(label) for label in labels] == ["Modifier radiothérapie (bassin) : début le 18 avr. 2026"]


def given_on(day: str) -> dict[str, Any]:
    return {"status": "completed", "medicationCodeableConcept": concept(ATC, "L01BC05"), "effectiveDateTime": day}
