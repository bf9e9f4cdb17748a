"""Radiotherapy on record is one course however many resources tell it, and a pair drafted together is one card.

`rules.md`, chapter B, its last paragraph. The records are told as radiotherapy systems export them (mCODE course summary,
treated phases, plans and fractions as Procedures; CodeX planned course and phases as ServiceRequests; the summary sent
again while the course runs, under an id of its own) and go through the whole pipeline. Today is Tuesday 2026-03-31.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from support.reading import reader_at
from support.scenario import NOW, SERVICES, WORLD, request_for

from mappings.readers.courses import courses
from mappings.readers.orders import courses_of_orders, read_order
from service.languages.render import Language
from service.pipeline import advise

READER = reader_at(NOW)
SNOMED = "http://snomed.info/sct"
CODEX_RT = "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"
LEVELS = {"course": "1217123003", "phase": "1222565005", "plan": "1255724003", "fraction": "1297069006"}
SITES = {"lumbar spine": "122496007", "femur": "71341001", "brain": "12738006"}
TECHNIQUES = {"photons": "1156506007", "stereotactic": "395096001"}

BEFORE, AFTER = "radiosensitiser-before-radiotherapy", "radiosensitiser-after-radiotherapy"
GEMCITABINE = {"drug": "gemcitabine", "dose": "1800 mg", "count": 1, "start in": 0}

Resource = dict[str, Any]
Card = dict[str, Any]


# --- the record as it is exported ------------------------------------------------------------------------------------


def _concept(code: str) -> Resource:
    return {"coding": [{"system": SNOMED, "code": code}]}


def told(kind: str, level: str, id_: str, **members: Any) -> Resource:
    """A resource of a course: its `site`, `technique`, `parts` (partOf), `orders` (basedOn) and FHIR members."""
    resource: Resource = {
        "resourceType": kind,
        "id": id_,
        "subject": {"reference": "Patient/synthetic-1"},
        "code": _concept(LEVELS[level]),
    }
    category = _concept("1287742003")
    resource["category"] = category if kind == "Procedure" else [category]
    if technique := members.pop("technique", "photons"):
        modality = {"url": "modality", "valueCodeableConcept": _concept(TECHNIQUES["photons"])}
        how = {"url": "technique", "valueCodeableConcept": _concept(TECHNIQUES[technique])}
        resource["extension"] = [{"url": f"{MCODE}radiotherapy-modality-and-technique", "extension": [modality, how]}]
    if fractions := members.pop("fractions", None):
        planned = {"url": f"{CODEX_RT}radiotherapy-fractions-planned", "valuePositiveInt": fractions}
        resource.setdefault("extension", []).append(planned)
    if site := members.pop("site", None):
        resource["bodySite"] = [_concept(SITES[site])]
    if part := members.pop("part", None):
        resource["partOf"] = [{"reference": f"Procedure/{part}"}]
    if order := members.pop("by", None):
        resource["basedOn"] = [{"reference": f"ServiceRequest/{order}"}]
    if course := members.pop("course", None):
        resource["identifier"] = [{"system": "http://example.org/radiotherapyCourseId", "value": course}]
    return resource | members


def treated(level: str, id_: str, start: str | None, end: str | None = None, **members: Any) -> Resource:
    """What was delivered, as a Procedure, between two times."""
    period = {"start": f"{start}T09:00:00+13:00", "end": f"{end}T09:20:00+13:00"} if start and end else None
    if period:
        members["performedPeriod"] = period
    elif start:
        members["performedDateTime"] = start
    return told("Procedure", level, id_, **{"status": "completed", **members})


def planned(level: str, id_: str, **members: Any) -> Resource:
    """What was prescribed or planned, as a ServiceRequest without a date."""
    return told("ServiceRequest", level, id_, **{"status": "active", "intent": "filler-order", **members})


def finished_course(site: str | None = "lumbar spine") -> list[Resource]:
    """Two phases, 6 to 20 March 2026, told by nine resources; the newest end is that of the second phase."""
    return [
        planned("course", "planned-course", site=site, fractions=10),
        planned("phase", "planned-phase-1", site=site, by="planned-course"),
        planned("phase", "planned-phase-2", site=site, by="planned-course"),
        planned("plan", "plan-1", site=site, by="planned-phase-1"),
        treated("course", "summary", "2026-03-06", "2026-03-17", site=site, by="planned-course", course="C1"),
        treated("phase", "phase-1", "2026-03-06", "2026-03-10", site=site, part="summary", by="planned-phase-1"),
        treated("phase", "phase-2", "2026-03-11", "2026-03-20", site=site, part="summary", by="planned-phase-2"),
        treated("fraction", "fraction-1", "2026-03-06", site=site, part="phase-1", by="plan-1"),
        treated("fraction", "fraction-2", "2026-03-09", site=site, part="phase-1", by="plan-1"),
    ]


# --- the answer ------------------------------------------------------------------------------------------------------


def answered(resources: list[Resource], *, order: Any = None, record: Any = None, **scenario: Any) -> list[Card]:
    if "orders" not in scenario:
        scenario["order"] = order or GEMCITABINE
    request = request_for({"record": {**(record or {}), "resources": resources}, **scenario})
    service = SERVICES[f"bone-metastases-{request['hook']}"]
    advised = advise(request, service, WORLD, now=NOW, language=Language.ENGLISH)
    return [card.to_json() for card in advised.response.cards]


def of(card: Card, member: str = "rules") -> list[str]:
    return list(card["extension"]["org.osteocds"].get(member, ()))


def cards_of(rules: set[str], cards: list[Card]) -> list[Card]:
    return [card for card in cards if rules & set(of(card))]


def labels(card: Card) -> list[str]:
    return [suggestion["label"] for suggestion in card.get("suggestions", ())]


def the_card(cards: list[Card], rule: str = AFTER) -> Card:
    [card] = cards_of({rule}, cards)
    return card


# --- one course, many resources ---------------------------------------------------------------------------------------


def test_a_course_told_by_nine_resources_is_one_card_with_its_newest_end() -> None:
    # 2026-03-20, the end of the second phase, + 28 = 2026-04-17
    card = the_card(answered(finished_course()))
    assert card["indicator"] == "critical"
    assert [label for label in labels(card) if "17 Apr 2026" in label] == labels(card) != []


def test_a_course_told_by_nine_resources_is_named_once() -> None:
    card = the_card(answered(finished_course()))
    _, _, basis = card["detail"].partition("**Based on**")
    assert len([line for line in basis.splitlines() if line.startswith("- ")]) == 1, card["detail"]
    assert "20 Mar 2026" in card["detail"]


@pytest.mark.parametrize("first", range(9))
def test_the_order_of_the_resources_does_not_matter(first: int) -> None:
    expected = the_card(answered(finished_course()))
    turned = finished_course()[first:] + finished_course()[:first]
    for record in (turned, turned[::-1]):
        card = the_card(answered(record))
        assert (card["summary"], card["detail"]) == (expected["summary"], expected["detail"])
        assert labels(card) == labels(expected)


def test_each_resource_alone_would_be_a_course() -> None:
    alone = [treated("phase", "phase-2", "2026-03-11", "2026-03-20", site="lumbar spine")]
    assert labels(the_card(answered(alone))) == labels(the_card(answered(finished_course())))


def test_a_planned_course_still_active_does_not_keep_a_finished_course_under_way() -> None:
    # the summary ended 40 days ago; plan and planned phase were never closed
    ended = [
        planned("course", "planned-course", site="lumbar spine", fractions=5),
        planned("phase", "planned-phase", site="lumbar spine", by="planned-course"),
        treated("course", "summary", "2026-02-13", "2026-02-19", site="lumbar spine", by="planned-course"),
        treated("phase", "phase", "2026-02-13", "2026-02-19", site="lumbar spine", part="summary", by="planned-phase"),
    ]
    assert cards_of({AFTER}, answered(ended)) == []


def test_a_planned_course_closed_without_a_date_is_not_an_undated_course_beside_its_treatment() -> None:
    ended = [
        planned("course", "planned-course", site="lumbar spine", status="completed"),
        planned("phase", "planned-phase", site="lumbar spine", by="planned-course", status="completed"),
        treated("course", "summary", "2026-02-13", "2026-02-19", site="lumbar spine", by="planned-course"),
    ]
    assert cards_of({AFTER}, answered(ended)) == []


def called_primary(level: str, id_: str, start: str, end: str, **members: Any) -> Resource:
    """A phase under the name that its system gives the first phase of every course."""
    identifier = [{"system": "http://example.org/radiotherapyPhaseId", "value": "Primary"}]
    return treated(level, id_, start, end, site="lumbar spine", identifier=identifier, **members)


def courses_told(*resources: Resource) -> list[tuple[str, str]]:
    """The first and the last day of each course."""
    pairs = [(f"Procedure/{one['id']}", one) for one in resources]
    found = courses(READER, pairs, ())
    return [(str(one.first and one.first.first), str(one.last and one.last.last)) for one in found]


def test_phases_of_two_courses_that_bear_the_same_name_are_not_one_course() -> None:  # as real exports name them
    assert courses_told(
        treated("course", "summary-1", "2025-09-08", "2025-09-12", site="lumbar spine", course="C1"),
        called_primary("phase", "phase-1", "2025-09-08", "2025-09-12", part="summary-1"),
        treated("course", "summary-2", "2026-03-16", "2026-03-20", site="lumbar spine", course="C2"),
        called_primary("phase", "phase-2", "2026-03-16", "2026-03-20", part="summary-2"),
    ) == [("2025-09-08", "2025-09-12"), ("2026-03-16", "2026-03-20")]


def test_parts_that_name_no_course_are_joined_by_their_identifier() -> None:
    assert courses_told(
        called_primary("phase", "phase-1", "2026-01-05", "2026-01-09"),
        called_primary("fraction", "fraction-9", "2026-02-20", "2026-02-20"),
    ) == [("2026-01-05", "2026-02-20")]


def test_fractions_alone_tell_the_course_and_the_last_one_ends_it() -> None:
    days = ["2026-03-16", "2026-03-17", "2026-03-18", "2026-03-19", "2026-03-20"]
    fractions = [treated("fraction", f"fraction-{day}", day, site="lumbar spine", by="plan-1") for day in days]
    assert any("17 Apr 2026" in label for label in labels(the_card(answered(fractions))))


def test_an_undated_summary_takes_the_dates_of_its_phases() -> None:
    record = [
        treated("course", "summary", None, site="lumbar spine"),
        treated("phase", "phase", "2026-03-16", "2026-03-20", site="lumbar spine", part="summary"),
    ]
    card = the_card(answered(record))
    assert card["indicator"] == "critical"
    assert any("17 Apr 2026" in label for label in labels(card))


def test_a_course_that_no_resource_dates_is_reported_once_as_undated() -> None:
    record = [
        treated("course", "summary", None, site="lumbar spine"),
        treated("phase", "phase", None, site="lumbar spine", part="summary"),
    ]
    card = the_card(answered(record))
    assert card["indicator"] == "warning"
    assert labels(card) == []
    assert "not dated" in card["detail"]


@pytest.mark.parametrize(
    ("rule", "drug"), [("immunotherapy-with-radiotherapy", "pembrolizumab"), ("tki-with-radiotherapy", "osimertinib")]
)
def test_completed_and_undated_radiotherapy_is_never_dropped(rule: str, drug: str) -> None:
    record = [treated("course", "summary", None, site="lumbar spine")]
    cards = answered(record, order={"drug": drug, "start in": 0})
    assert rule in {one for card in cards for one in of(card) + of(card, "unchecked")}


@pytest.mark.parametrize("status", ["entered-in-error", "not-done"])
def test_a_part_that_was_not_delivered_does_not_move_the_end(status: str) -> None:
    # without it the course ended on 2026-02-19, 40 days ago
    record = [
        treated("course", "summary", "2026-02-13", "2026-02-19", site="lumbar spine"),
        treated("phase", "phase", "2026-02-13", "2026-02-19", site="lumbar spine", part="summary"),
        treated("fraction", "missed", "2026-03-20", site="lumbar spine", part="phase", status=status),
    ]
    assert cards_of({AFTER}, answered(record)) == []


# --- updates of each --------------------------------------------------------------------------------------------------


def test_the_summary_sent_again_while_the_course_ran_does_not_keep_it_under_way() -> None:
    # the same course under three ids, as an export writes them: in progress, in progress, completed
    def version(number: int, status: str, end: str) -> Resource:
        meta = {"versionId": str(number), "lastUpdated": f"{end}T20:00:00+13:00"}
        by = {"by": "planned-course", "course": "C1", "site": "lumbar spine"}
        return treated("course", f"summary-{number}", "2026-03-09", end, status=status, meta=meta, **by)

    record = [
        planned("course", "planned-course", site="lumbar spine", fractions=10),
        version(1, "in-progress", "2026-03-09"),
        version(3, "in-progress", "2026-03-13"),
        version(8, "completed", "2026-03-20"),
    ]
    for order in itertools.permutations(record):
        card = the_card(answered(list(order)))
        assert "under way" not in card["detail"]
        assert any("17 Apr 2026" in label for label in labels(card))


def test_a_course_in_progress_has_not_ended_with_its_last_fraction_so_far() -> None:
    # ten fractions at 5 a week from Monday 23 March end on Friday 3 April, + 28 = 2026-05-01; six are delivered
    record = [
        planned("course", "planned-course", site="lumbar spine", fractions=10),
        treated(
            "course",
            "summary",
            "2026-03-23",
            "2026-03-30",
            site="lumbar spine",
            by="planned-course",
            status="in-progress",
        ),
        treated("fraction", "fraction-1", "2026-03-23", site="lumbar spine", part="summary"),
        treated("fraction", "fraction-6", "2026-03-30", site="lumbar spine", part="summary"),
    ]
    card = the_card(answered(record))
    assert card["indicator"] == "critical"
    # 2026-03-30 + 28 = 2026-04-27 would be the date of a course that is over
    assert not any("27 Apr 2026" in label for label in labels(card)), labels(card)
    assert any("on 1 May 2026" in label for label in labels(card)), labels(card)


def test_a_course_in_progress_of_unknown_length_is_under_way_and_dates_nothing() -> None:
    record = [
        treated("course", "summary", "2026-03-23", "2026-03-30", site="lumbar spine", status="in-progress"),
        treated("fraction", "fraction-6", "2026-03-30", site="lumbar spine", part="summary"),
    ]
    card = the_card(answered(record))
    assert card["indicator"] == "critical"
    assert "under way" in card["detail"]
    assert labels(card) == []


def test_phases_of_one_course_overlapping_a_week_off_stay_one_course() -> None:
    # a second phase in progress keeps the whole course under way although the first is completed
    record = [
        treated("course", "summary", "2026-03-02", None, site="lumbar spine", status="in-progress"),
        treated("phase", "phase-1", "2026-03-02", "2026-03-13", site="lumbar spine", part="summary"),
        treated("phase", "phase-2", "2026-03-23", None, site="lumbar spine", part="summary", status="in-progress"),
    ]
    card = the_card(answered(record))
    assert "under way" in card["detail"]
    assert labels(card) == []


# --- what one resource tells holds for its course, and for no other -----------------------------------------------------


def test_the_site_told_by_the_summary_is_the_site_of_its_fractions() -> None:
    # the brain, told once; the fractions alone would be "a target not stated with a bone metastasis on record"
    record = [
        treated("course", "summary", "2026-03-09", "2026-03-20", site="brain"),
        treated("phase", "phase", "2026-03-09", "2026-03-20", part="summary"),
        treated("fraction", "fraction", "2026-03-20", part="phase"),
    ]
    order = {"drug": "pembrolizumab", "start in": 0}
    assert cards_of({"immunotherapy-with-radiotherapy"}, answered(record, order=order)) == []
    of_bone = [{**one, **({"bodySite": [_concept(SITES["femur"])]} if "bodySite" in one else {})} for one in record]
    assert len(cards_of({"immunotherapy-with-radiotherapy"}, answered(of_bone, order=order))) == 1


def test_the_site_told_by_the_planned_course_is_the_site_of_what_was_delivered() -> None:
    record = [
        planned("course", "planned-course", site="brain"),
        treated("course", "summary", "2026-03-09", "2026-03-20", by="planned-course"),
    ]
    order = {"drug": "pembrolizumab", "start in": 0}
    assert cards_of({"immunotherapy-with-radiotherapy"}, answered(record, order=order)) == []


def test_the_technique_told_by_a_phase_is_the_technique_of_the_course() -> None:
    record = [
        treated("course", "summary", "2026-03-30", None, site="femur", status="in-progress"),
        treated("phase", "phase", "2026-03-30", None, technique="stereotactic", part="summary", status="in-progress"),
    ]
    cards = answered(record, order={"drug": "carboplatin", "start in": 0})
    assert len(cards_of({"stereotactic-with-systemic"}, cards)) == 1


def test_two_courses_of_one_patient_stay_two() -> None:
    # bone ended 60 days ago, brain 10 days ago: no radiotherapy of bone within 14 days
    def course(name: str, site: str, start: str, end: str) -> list[Resource]:
        return [
            planned("course", f"planned-{name}", site=site, status="completed"),
            treated("course", name, start, end, site=site, by=f"planned-{name}", course=name),
            treated("phase", f"phase-{name}", start, end, part=name),
        ]

    bone = course("C1", "lumbar spine", "2026-01-19", "2026-01-30")
    brain = course("C2", "brain", "2026-03-16", "2026-03-21")
    order = {"drug": "osimertinib", "start in": 0}
    assert cards_of({"tki-with-radiotherapy"}, answered(bone + brain, order=order)) == []
    bone_later = course("C1", "lumbar spine", "2026-03-16", "2026-03-21")
    brain_earlier = course("C2", "brain", "2026-01-19", "2026-01-30")
    assert len(cards_of({"tki-with-radiotherapy"}, answered(bone_later + brain_earlier, order=order))) == 1


def test_the_drug_looked_at_from_radiotherapy_is_one_card_whatever_the_record_of_earlier_courses() -> None:
    order = {"act": "radiotherapy", "site": "femur", "start in": 0}
    record = {"medications": [{"drug": "gemcitabine", "days ago": 10}]}
    assert len(cards_of({BEFORE, AFTER}, answered(finished_course(), order=order, record=record))) == 1


# --- both drafted together: one card about the pair ---------------------------------------------------------------------


def rt(days: int, **parts: Any) -> dict[str, Any]:
    return {"act": "radiotherapy", "site": "lumbar spine", "start in": days, "dose": "8 Gy", "fractions": 1, **parts}


def drug(name: str, days: int, **parts: Any) -> dict[str, Any]:
    return {"drug": name, "start in": days, "count": 1, **parts}


@pytest.mark.parametrize(
    ("radiotherapy_in", "drug_in", "rule", "date"),
    [
        (10, 0, BEFORE, "28 Apr 2026"),
        (27, 0, BEFORE, "28 Apr 2026"),
        (3, 3, BEFORE, "on 1 May 2026"),
        (0, 1, AFTER, "28 Apr 2026"),
        (0, 27, AFTER, "28 Apr 2026"),
    ],
)
@pytest.mark.parametrize("told_first", ["radiotherapy", "drug"])
def test_a_pair_of_drafts_is_one_card_of_the_rule_of_what_comes_first(
    radiotherapy_in: int, drug_in: int, rule: str, date: str, told_first: str
) -> None:
    orders = [rt(radiotherapy_in), drug("gemcitabine", drug_in)]
    cards = cards_of({BEFORE, AFTER}, answered([], orders=orders[::-1] if told_first == "drug" else orders))
    assert [of(card) for card in cards] == [[rule]]
    assert cards[0]["indicator"] == "critical"
    assert len(labels(cards[0])) == 1
    assert date in labels(cards[0])[0]


@pytest.mark.parametrize(("radiotherapy_in", "drug_in"), [(28, 0), (0, 28)])
def test_a_pair_of_drafts_far_enough_apart_is_no_card(radiotherapy_in: int, drug_in: int) -> None:
    cards = answered([], orders=[rt(radiotherapy_in), drug("gemcitabine", drug_in)])
    assert cards_of({BEFORE, AFTER}, cards) == []


def test_two_drugs_before_one_radiotherapy_are_one_card_with_the_latest_date() -> None:
    # gemcitabine today + 28 = 28 April; doxorubicin in 5 days + 8 = 13 April
    orders = [rt(10), drug("gemcitabine", 0), drug("doxorubicin", 5)]
    [card] = cards_of({BEFORE, AFTER}, answered([], orders=orders))
    assert of(card) == [BEFORE]
    assert all(name in card["detail"].lower() for name in ("gemcitabine", "doxorubicin"))
    assert [label for label in labels(card) if "28 Apr 2026" in label] == labels(card) != []


def test_one_drug_before_and_one_after_the_radiotherapy_are_a_card_each() -> None:
    # the first comes before, the second after: two pairs
    cards = answered([], orders=[rt(10), drug("gemcitabine", 0), drug("doxorubicin", 12)])
    assert sorted(rule for card in cards for rule in of(card) if rule in {BEFORE, AFTER}) == [AFTER, BEFORE]


@pytest.mark.parametrize("selected", ["radiotherapy", "drug", "both"])
@pytest.mark.parametrize(("radiotherapy_in", "drug_in"), [(10, 0), (0, 10), (5, 5)])
def test_while_ordering_a_pair_is_one_card_whichever_of_the_two_is_selected(
    selected: str, radiotherapy_in: int, drug_in: int
) -> None:
    orders = [
        rt(radiotherapy_in, selected=selected in {"radiotherapy", "both"}),
        drug("gemcitabine", drug_in, selected=selected in {"drug", "both"}),
    ]
    cards = cards_of({BEFORE, AFTER}, answered([], orders=orders, hook="order-select"))
    assert len(cards) == 1
    assert cards[0]["indicator"] == "critical"


@pytest.mark.parametrize(
    ("rule", "name", "act"),
    [
        ("immunotherapy-with-radiotherapy", "pembrolizumab", "radiotherapy"),
        ("tki-with-radiotherapy", "osimertinib", "radiotherapy"),
        ("stereotactic-with-systemic", "carboplatin", "stereotactic radiotherapy"),
    ],
)
@pytest.mark.parametrize(("radiotherapy_in", "drug_in"), [(3, 0), (0, 3), (2, 2)])
def test_the_pairs_of_the_other_classes_are_one_card_too(
    rule: str, name: str, act: str, radiotherapy_in: int, drug_in: int
) -> None:
    orders = [{"act": act, "site": "femur", "start in": radiotherapy_in}, {"drug": name, "start in": drug_in}]
    assert len(cards_of({rule}, answered([], orders=orders))) == 1


def test_a_pair_of_which_one_draft_was_revoked_is_no_pair() -> None:
    revoked = {"members": {"status": "revoked"}}
    assert cards_of({BEFORE, AFTER}, answered([], orders=[rt(10, **revoked), drug("gemcitabine", 0)])) == []


def test_accepting_the_date_of_the_radiotherapy_settles_the_pair() -> None:
    assert cards_of({BEFORE, AFTER}, answered([], orders=[rt(10), drug("gemcitabine", 0)])) != []
    assert cards_of({BEFORE, AFTER}, answered([], orders=[rt(28), drug("gemcitabine", 0)])) == []


def drafted(*based_on: str) -> list[tuple[str, bool]]:
    """Drafts 0, 1, 2... of radiotherapy, each based on the one named, and which of them rules are asked about."""
    orders = [
        read_order(
            READER,
            {
                "resourceType": "ServiceRequest",
                "id": str(index),
                "status": "draft",
                "code": {"coding": [{"system": "http://snomed.info/sct", "code": "33195004"}]},
                "basedOn": [{"reference": f"ServiceRequest/{whole}"}] if whole else [],
            },
            index=index,
            draft=True,
            triggers=True,
        )
        for index, whole in enumerate(based_on)
    ]
    return [(order.reference.rpartition("/")[2], order.triggers) for order in courses_of_orders(orders)]


@pytest.mark.parametrize(
    ("based_on", "asked"),
    [
        (("", "0"), "0"),
        (("1", ""), "1"),
        (("", "0", "0"), "0"),
        (("", "0", "1"), "0"),
        (("1", "2", ""), "2"),
        (("plan", "plan", "plan"), "0"),
        (("plan a", "plan b", "plan a"), "0 1"),
        (("", "", ""), "0 1 2"),
        (("1", "0"), "0"),
    ],
)
def test_the_phases_and_plans_of_a_drafted_course_trigger_nothing_of_their_own(based_on, asked) -> None:
    assert " ".join(reference for reference, triggers in drafted(*based_on) if triggers) == asked


def test_a_drafted_course_with_its_phases_is_one_card_about_the_drug() -> None:
    # the drafts tell one course: planned course, and its phase based on it
    def draft(act: str, **members: Any) -> dict[str, Any]:
        return {"act": act, "site": "lumbar spine", "start in": 0, "members": members}

    request = request_for(
        {
            "orders": [draft("radiotherapy course", id="drafted-course"), draft("radiotherapy phase")],
            "record": {"medications": [{"drug": "gemcitabine", "days ago": 10}]},
        }
    )
    drafts = [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]
    drafts[1]["basedOn"] = [{"reference": "ServiceRequest/drafted-course"}]
    advised = advise(request, SERVICES["bone-metastases-order-sign"], WORLD, now=NOW, language=Language.ENGLISH)
    assert len(cards_of({BEFORE}, [card.to_json() for card in advised.response.cards])) == 1
