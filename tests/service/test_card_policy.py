"""What becomes of the rules' answers: merged, silenced, ordered and offered as `rules.md` says in its section "Cards".

Every request is told in the words of the scenarios (`scenario.request_for`); where the words do not reach, the draft is
changed as FHIR.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from support.scenario import NOW, SERVICES, WORLD, request_for, scenarios_of

from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.pipeline import advise

Card = dict[str, Any]

CREATININE_AND_MORE = ["vitamin-d-unknown", "calcium-unknown", "renal-function-unknown", "dental-assessment-missing"]
HOW_TO_GIVE = {
    "zoledronate-renal-dose",
    "zoledronate-interval",
    "zoledronate-infusion",
    "zoledronate-first-infusion",
    "supplementation-missing",
    "denosumab-dose",
    "denosumab-interval",
    "antiresorptive-route",
}
ON_DENOSUMAB = {"medications": [{"drug": "denosumab", "days ago": 28}]}
NOTHING_MISSING = {
    "vitamin D": "35 ng/mL 5 days ago",
    "calcium": "2.35 mmol/L 5 days ago",
    "albumin": "40 g/L 5 days ago",
    "phosphate": "1.0 mmol/L 5 days ago",
    "clearance": "80 mL/min 5 days ago",
    "procedures": [{"act": "dental examination", "days ago": 20}, {"act": "orthopantomogram", "days ago": 20}],
}
ZOLEDRONIC_ACID_GIVEN_IN_EVERY_WRONG_WAY = {
    "drug": "zoledronic acid",
    "dose": "4 mg",
    "every": "3 months",
    "over": "15 min",
    "route": "subcutaneous",
}
DENOSUMAB_GIVEN_IN_EVERY_WRONG_WAY = {
    "drug": "denosumab",
    "dose": "60 mg",
    "every": "3 months",
    "route": "intravenous",
}


def answered(request: dict[str, Any]) -> list[Card]:
    service = SERVICES[f"bone-metastases-{request['hook']}"]
    advised = advise(request, service, WORLD, now=NOW, language=Language.ENGLISH)
    return [card.to_json() for card in advised.response.cards]


def cards(**told: Any) -> list[Card]:
    return answered(request_for(told))


def rules_of(card: Card) -> list[str]:
    return list(card["extension"]["org.osteocds"].get("rules", ()))


def unchecked_of(card: Card) -> list[str]:
    return list(card["extension"]["org.osteocds"].get("unchecked", ()))


def topic(card: Card) -> str:
    return str(card["source"]["topic"]["code"])


def with_topic(code: str, among: list[Card]) -> list[Card]:
    return [card for card in among if topic(card) == code]


def all_rules_of(among: list[Card]) -> set[str]:
    """The rules of every card, of those named in brief too."""
    in_brief = {rule for card in among for rule in card["extension"]["org.osteocds"].get("notShown", ())}
    return in_brief | {rule for card in among for rule in rules_of(card)}


def the_card_of(rule: str, among: list[Card]) -> Card:
    [card] = [card for card in among if rule in rules_of(card)]
    return card


def actions(among: list[Card], kind: str | None = None) -> list[dict[str, Any]]:
    found = [action for card in among for suggestion in card.get("suggestions", ()) for action in suggestion["actions"]]
    return [action for action in found if kind in {None, action["type"]}]


def drafts_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]


def after_accepting(request: dict[str, Any], accepted: list[dict[str, Any]]) -> dict[str, Any]:
    """The request that the EHR sends once the clinician has taken the actions: the drafts as they then are."""
    request = copy.deepcopy(request)
    drafts = {f"{draft['resourceType']}/{draft['id']}": draft for draft in drafts_of(request)}
    for number, action in enumerate(accepted):
        if action["type"] == "delete":
            del drafts[action["resourceId"]]
            continue
        resource = action["resource"]
        resource_id = resource.get("id", f"accepted-{number}")
        drafts[f"{resource['resourceType']}/{resource_id}"] = {**resource, "id": resource_id}
    request["context"]["draftOrders"]["entry"] = [{"resource": draft} for draft in drafts.values()]
    return request


# --- the checklist ----------------------------------------------------------------------------------------------------


def test_missing_prerequisites_of_one_order_make_one_checklist_card() -> None:
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"})
    [checklist] = with_topic("checklist", answer)
    assert sorted(rules_of(checklist)) == sorted(CREATININE_AND_MORE)
    assert checklist["indicator"] == "warning"
    for rule in CREATININE_AND_MORE:
        assert the_card_of(rule, answer) is checklist


def test_a_checklist_holds_only_what_is_missing() -> None:
    record = {**NOTHING_MISSING, "procedures": []}
    [checklist] = with_topic("checklist", cards(order={"drug": "denosumab", "dose": "120 mg"}, record=record))
    assert rules_of(checklist) == ["dental-assessment-missing"]


def test_without_a_missing_prerequisite_there_is_no_checklist() -> None:
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"}, record=NOTHING_MISSING)
    assert with_topic("checklist", answer) == []
    assert all_rules_of(answer) == {"supplementation-missing"}


def test_the_checklist_of_an_urgent_order_is_as_severe_as_its_most_severe_line() -> None:
    # all four name the urgency exception and step down
    order = {"drug": "denosumab", "dose": "120 mg", "priority": "urgent"}
    [checklist] = with_topic("checklist", cards(order=order))
    assert sorted(rules_of(checklist)) == sorted(CREATININE_AND_MORE)
    assert checklist["indicator"] == "info"
    known = {name: NOTHING_MISSING[name] for name in ("calcium", "albumin", "phosphate")}
    [checklist] = with_topic("checklist", cards(order=order, record=known))
    assert "calcium-unknown" not in rules_of(checklist)
    assert checklist["indicator"] == "info"


def test_a_deficiency_is_a_card_of_its_own_beside_the_checklist() -> None:
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"}, record={"vitamin D": "15 ng/mL 5 days ago"})
    [checklist] = with_topic("checklist", answer)
    assert "vitamin-d-deficiency" not in rules_of(checklist)
    assert topic(the_card_of("vitamin-d-deficiency", answer)) == "vitamin-d-deficiency"


def test_two_orders_have_a_checklist_each() -> None:
    answer = cards(orders=[{"drug": "denosumab", "dose": "120 mg"}, {"drug": "zoledronic acid", "dose": "4 mg"}])
    checklists = with_topic("checklist", answer)
    assert len(checklists) == 2
    for checklist in checklists:
        assert sorted(rules_of(checklist)) == sorted(CREATININE_AND_MORE)


# --- rules about one problem ------------------------------------------------------------------------------------------


def test_dose_interval_and_route_of_denosumab_make_one_card() -> None:
    answer = cards(order=DENOSUMAB_GIVEN_IN_EVERY_WRONG_WAY, record=ON_DENOSUMAB)
    merged = the_card_of("denosumab-dose", answer)
    assert set(rules_of(merged)) == {"denosumab-dose", "denosumab-interval", "antiresorptive-route"}
    assert merged["indicator"] == "warning"
    assert len([card for card in answer if set(rules_of(card)) & set(rules_of(merged))]) == 1


@pytest.mark.parametrize(
    ("order", "rules"),
    [
        ({"drug": "denosumab", "dose": "60 mg", "every": "3 months"}, {"denosumab-dose", "denosumab-interval"}),
        ({"drug": "denosumab", "dose": "60 mg", "route": "intravenous"}, {"denosumab-dose", "antiresorptive-route"}),
        ({"drug": "denosumab", "every": "3 months", "route": "oral"}, {"denosumab-interval", "antiresorptive-route"}),
        ({"drug": "denosumab", "dose": "60 mg"}, {"denosumab-dose"}),
    ],
)
def test_a_merged_card_names_the_rules_that_fired_and_no_other(order: dict[str, Any], rules: set[str]) -> None:
    answer = cards(order=order, record=ON_DENOSUMAB)
    [merged] = [card for card in answer if set(rules_of(card)) & rules]
    assert set(rules_of(merged)) == rules


SINS_14 = {"findings": {"sins-score": {"value": 14, "site": "L3"}}}
SINS_9_AND_SHORT = {"findings": {"sins-score": {"value": 9, "site": "L3"}, "life-expectancy": "2 mo"}}
STEREOTACTIC_L3 = {"act": "radiotherapy", "technique": "stereotactic", "site": "L3", "dose": "27 Gy", "fractions": 3}
CEMENT_L3 = {"act": "vertebroplasty", "site": "L3", "start in": 10}
WARFARIN = {
    "medications": [{"drug": "warfarin", "kind": "statement", "start": 100}],
    "platelets": "200 10*9/L 2 days ago",
}
PEMBROLIZUMAB = {"medications": [{"drug": "pembrolizumab", "kind": "statement", "start": 100}]}


@pytest.mark.parametrize(
    ("order", "record", "one", "other", "together"),
    [
        (STEREOTACTIC_L3, SINS_14, "spinal-instability", "stereotactic-contraindication", True),
        (STEREOTACTIC_L3, SINS_9_AND_SHORT, "spinal-instability", "stereotactic-contraindication", False),
        (
            CEMENT_L3,
            WARFARIN | {"prothrombin": "30 % 2 days ago"},
            "cementoplasty-bleeding-risk",
            "cementoplasty-antithrombotics",
            True,
        ),
        (
            CEMENT_L3,
            WARFARIN | {"prothrombin": "30 % 2 days ago", "platelets": "40 10*9/L 2 days ago"},
            "cementoplasty-bleeding-risk",
            "cementoplasty-antithrombotics",
            False,
        ),
        (STEREOTACTIC_L3, PEMBROLIZUMAB, "immunotherapy-with-radiotherapy", "stereotactic-tumour-board", True),
    ],
)
def test_two_rules_share_a_card_where_the_one_explains_the_other(order, record, one, other, together) -> None:
    answer = [rules_of(card) for card in cards(order=order, record=record)]
    assert all(any(rule in rules for rules in answer) for rule in (one, other))
    assert any({one, other} <= set(rules) for rules in answer) is together


def test_overdue_denosumab_and_treatment_stopped_early_make_one_card_of_the_higher_indicator() -> None:
    # last of three monthly doses 200 days ago: overdue (warning), and nothing for more than 120 days (info)
    doses = [{"drug": "denosumab", "days ago": days} for days in (260, 230, 200)]
    answer = cards(record={"medications": doses})
    merged = the_card_of("denosumab-overdue", answer)
    assert set(rules_of(merged)) == {"denosumab-overdue", "antiresorptive-stopped-early"}
    assert merged["indicator"] == "warning"


def test_discontinued_denosumab_and_treatment_stopped_early_make_one_card_of_the_higher_indicator() -> None:
    stopped = {"drug": "denosumab", "kind": "statement", "status": "stopped", "start": 300, "end": 60}
    answer = cards(record={"medications": [stopped]})
    merged = the_card_of("denosumab-discontinued", answer)
    assert set(rules_of(merged)) == {"denosumab-discontinued", "antiresorptive-stopped-early"}
    assert merged["indicator"] == "warning"


def test_an_antiresorptive_given_once_is_said_to_be_one_dose_with_its_day() -> None:
    answer = cards(record={"medications": [{"drug": "zoledronic acid", "days ago": 200}]})
    stopped = the_card_of("antiresorptive-stopped-early", answer)
    assert stopped["summary"].startswith("Antiresorptive stopped after one dose:")
    assert stopped["detail"].count(" to ") == 0


# --- silenced ---------------------------------------------------------------------------------------------------------


def test_a_deletion_for_severe_renal_impairment_silences_how_to_give_the_order() -> None:
    answer = cards(order=ZOLEDRONIC_ACID_GIVEN_IN_EVERY_WRONG_WAY, record={"clearance": "25 mL/min 2 days ago"})
    assert not all_rules_of(answer) & HOW_TO_GIVE
    assert actions([the_card_of("zoledronate-renal-contraindication", answer)], "delete")
    assert actions(answer, "update") == []


def test_the_same_order_with_a_good_clearance_is_told_how_to_be_given() -> None:
    answer = cards(order=ZOLEDRONIC_ACID_GIVEN_IN_EVERY_WRONG_WAY, record={"clearance": "55 mL/min 2 days ago"})
    assert all_rules_of(answer) & HOW_TO_GIVE == HOW_TO_GIVE - {"denosumab-dose", "denosumab-interval"}


def test_a_deletion_for_a_vitamin_d_deficiency_silences_how_to_give_denosumab() -> None:
    answer = cards(order=DENOSUMAB_GIVEN_IN_EVERY_WRONG_WAY, record={"vitamin D": "8 ng/mL 2 days ago"})
    assert not all_rules_of(answer) & HOW_TO_GIVE
    assert actions([the_card_of("vitamin-d-deficiency", answer)], "delete")


def test_a_deletion_does_not_silence_what_is_missing() -> None:
    answer = cards(order={"drug": "zoledronic acid", "dose": "4 mg"}, record={"clearance": "25 mL/min 2 days ago"})
    [checklist] = with_topic("checklist", answer)
    assert "dental-assessment-missing" in rules_of(checklist)


def test_the_deletion_of_one_order_does_not_silence_the_other() -> None:
    orders = [ZOLEDRONIC_ACID_GIVEN_IN_EVERY_WRONG_WAY, DENOSUMAB_GIVEN_IN_EVERY_WRONG_WAY]
    record = {"clearance": "25 mL/min 2 days ago", **ON_DENOSUMAB}
    answer = cards(orders=orders, record=record)
    merged = the_card_of("denosumab-dose", answer)
    assert set(rules_of(merged)) == {"denosumab-dose", "denosumab-interval", "antiresorptive-route"}
    assert not all_rules_of(answer) & {"zoledronate-renal-dose", "zoledronate-interval", "zoledronate-infusion"}


def test_what_a_deletion_silences_is_not_reported_as_unchecked_either() -> None:
    answer = cards(
        order=ZOLEDRONIC_ACID_GIVEN_IN_EVERY_WRONG_WAY,
        record={"clearance": "25 mL/min 2 days ago"},
        unavailable=["findings", "medicationAdministrations"],
    )
    unchecked = {rule for card in answer for rule in unchecked_of(card)}
    assert not unchecked & HOW_TO_GIVE


CRISIS = {"calcium": "3.6 mmol/L today", "albumin": "40 g/L today"}
CORD_COMPRESSION = {
    "conditions": ["lung cancer", "bone metastasis", {"name": "spinal cord compression", "days ago": 2}]
}
STOPPED = {"medications": [{"drug": "denosumab", "kind": "statement", "status": "stopped", "start": 300, "end": 60}]}


@pytest.mark.parametrize(
    ("emergency", "rule"), [(CRISIS, "hypercalcaemic-crisis"), (CORD_COMPRESSION, "spinal-cord-compression")]
)
def test_in_the_chart_starting_and_stopping_are_silent_beside_a_critical_emergency(
    emergency: dict[str, Any], rule: str
) -> None:
    assert "antiresorptive-not-started" in all_rules_of(cards(record={}))
    assert all_rules_of(cards(record=STOPPED)) >= {"denosumab-discontinued", "antiresorptive-stopped-early"}
    for record in (emergency, {**emergency, **STOPPED}):
        answer = cards(record=record)
        assert answer[0]["indicator"] == "critical"
        assert rules_of(answer[0]) == [rule]
        assert not all_rules_of(answer) & {
            "antiresorptive-not-started",
            "denosumab-discontinued",
            "antiresorptive-stopped-early",
        }


def test_in_the_chart_a_dental_review_is_still_said_beside_an_emergency() -> None:
    answer = cards(record={**CRISIS, **ON_DENOSUMAB})
    assert all_rules_of(answer) >= {"hypercalcaemic-crisis", "dental-follow-up-due"}


# --- order of the cards -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    [
        {
            "order": {"drug": "denosumab", "dose": "60 mg"},
            "record": {"conditions": ["lung cancer", "bone metastasis", "osteonecrosis of the jaw", "dental abscess"]},
        },
        {
            "order": {"drug": "zoledronic acid", "dose": "4 mg"},
            "record": {"clearance": "25 mL/min 2 days ago", "vitamin D": "15 ng/mL 2 days ago", **CRISIS},
        },
        {
            "orders": [{"drug": "denosumab", "dose": "60 mg"}, {"drug": "zoledronic acid", "dose": "4 mg"}],
            "record": {"clearance": "25 mL/min 2 days ago"},
        },
        {
            "orders": [
                {"drug": "denosumab", "members": {"medicationCodeableConcept": {"text": "Osteoforte"}}},
                {"drug": "pamidronic acid"},
            ],
            "record": {"clearance": "25 mL/min 2 days ago"},
        },
    ],
)
def test_critical_cards_come_first(told: dict[str, Any]) -> None:
    indicators = [card["indicator"] for card in cards(**told)]
    assert indicators[0] == "critical"
    assert set(indicators) > {"critical"}
    criticals = indicators.count("critical")
    assert set(indicators[:criticals]) == {"critical"}


def test_of_one_level_the_checklist_comes_after_the_others_and_how_to_give_last() -> None:
    apixaban = {"drug": "apixaban", "kind": "statement", "start": 100}
    answer = cards(order={"act": "vertebroplasty", "site": "L3"}, record={"medications": [apixaban]})
    warnings = [topic(card) for card in answer if card["indicator"] == "warning"]
    assert warnings == ["cementoplasty-antithrombotics", "checklist"]
    infos = cards(
        order={"drug": "zoledronic acid", "dose": "4 mg", "priority": "urgent"},
        record={
            "calcium": "2.9 mmol/L today",
            "clearance": "80 mL/min today",
            "25-OH vitamin D": "40 ng/mL 5 days ago",
        },
    )
    assert [topic(card) for card in infos] == ["hypercalcaemia", "checklist", "zoledronate-first-infusion"]


# --- could not be checked ---------------------------------------------------------------------------------------------


def test_what_could_not_be_looked_up_makes_one_card_of_the_order() -> None:
    unavailable = ["vitaminD", "calcium", "phosphate", "creatinine", "procedures"]
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"}, unavailable=unavailable)
    [quiet] = with_topic("could-not-be-checked", answer)
    assert quiet["indicator"] == "warning"
    assert set(unchecked_of(quiet)) >= set(CREATININE_AND_MORE) | {"hypocalcaemia", "dental-extraction-recent"}
    assert rules_of(quiet) == []
    assert not quiet.get("suggestions")
    assert "25-OH vitamin D" in quiet["summary"] + quiet["detail"]


def test_what_could_not_be_looked_up_is_never_called_missing() -> None:
    answer = cards(
        order={"drug": "denosumab", "dose": "120 mg"},
        unavailable=["vitaminD", "calcium", "phosphate", "creatinine", "procedures"],
    )
    text = " ".join(card["summary"] + card["detail"] for card in answer)
    assert "25-OH vitamin D: not measured" not in text
    assert "25-OH vitamin D: none on record" not in text
    assert not all_rules_of(answer) & set(CREATININE_AND_MORE)


def test_an_absent_phosphate_is_asked_for_though_calcium_could_not_be_looked_up() -> None:
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"}, unavailable=["calcium"])
    card = the_card_of("calcium-unknown", answer)
    assert "Calcium: not measured" not in card["detail"]
    offered = [action["description"].lower() for action in actions([card], "create")]
    assert any("phosphate" in description for description in offered)
    assert not any("calcium" in description for description in offered)


def test_it_is_a_warning_as_soon_as_one_of_the_rules_could_have_been_a_warning() -> None:
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"}, record=ON_DENOSUMAB, unavailable=["vitaminD"])
    [quiet] = with_topic("could-not-be-checked", answer)
    assert quiet["indicator"] == "warning"
    assert "vitamin-d-deficiency" in unchecked_of(quiet)


def test_it_is_info_when_no_rule_could_have_been_more() -> None:
    record = {**NOTHING_MISSING, **ON_DENOSUMAB}
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"}, record=record, unavailable=["findings"])
    [quiet] = with_topic("could-not-be-checked", answer)
    assert quiet["indicator"] == "info"
    assert unchecked_of(quiet) == ["oligometastatic-antiresorptive"]


def test_an_earlier_radiotherapy_of_an_unknown_region_is_info_unless_something_else_is_unknown_too() -> None:
    stereotactic = {
        "act": "radiotherapy",
        "technique": "stereotactic",
        "site": "femur",
        "dose": "18 Gy",
        "fractions": 1,
    }
    of_unknown_region = {"act": "radiotherapy", "start": 41, "end": 40}
    answer = cards(order=stereotactic, record={"procedures": [of_unknown_region]})
    [quiet] = with_topic("could-not-be-checked", answer)
    assert quiet["indicator"] == "info"
    assert "stereotactic-contraindication" in unchecked_of(quiet)

    unusable = {"life-expectancy": "-3 mo"}
    answer = cards(order=stereotactic, record={"procedures": [of_unknown_region], "findings": unusable})
    [quiet] = with_topic("could-not-be-checked", answer)
    assert quiet["indicator"] == "warning"
    assert "stereotactic-contraindication" in unchecked_of(quiet)


@pytest.mark.parametrize(
    "told",
    [
        {"findings": {"mirels-score": {"value": 9, "site": "femur", "days ago": -2}}},
        {"questionnaires": [{"score": "mirels", "total": 9, "bone": "femur", "days ago": -2}]},
    ],
    ids=["Observation", "QuestionnaireResponse"],
)
def test_a_finding_dated_in_the_future_decides_nothing_and_is_reported(told: dict[str, Any]) -> None:
    femur = {"act": "radiotherapy", "site": "femur", "dose": "30 Gy", "fractions": 10}
    answer = cards(order=femur, record=told)
    assert "mirels-high" not in [rule for card in answer for rule in rules_of(card)]
    assert "dated in the future" in " ".join(card["detail"] for card in answer)


def test_a_card_of_what_could_not_be_checked_names_the_result_that_settles_nothing() -> None:
    request = request_for({"order": "denosumab", "record": {"25-OH vitamin D": "<100 ng/mL 3 days ago"}})
    [result] = request["prefetch"]["vitaminD"]["entry"]
    [quiet] = with_topic("could-not-be-checked", answered(request))
    assert f"Observation/{result['resource']['id']}" in quiet["extension"]["org.osteocds"]["resources"]


def test_a_card_about_an_earlier_radiotherapy_names_its_resource() -> None:
    irradiated = {"act": "radiotherapy", "site": "lumbar spine", "days ago": 400}
    order = {"act": "radiotherapy", "site": "lumbar spine", "dose": "20 Gy", "fractions": 5}
    request = request_for({"order": order, "record": {"procedures": [irradiated]}})
    [procedure] = request["prefetch"]["procedures"]["entry"]
    card = the_card_of("re-irradiation-record", answered(request))
    assert f"Procedure/{procedure['resource']['id']}" in card["extension"]["org.osteocds"]["resources"]


def test_two_orders_have_a_quiet_card_each() -> None:
    orders = [{"drug": "denosumab", "dose": "120 mg"}, {"drug": "zoledronic acid", "dose": "4 mg"}]
    answer = cards(orders=orders, unavailable=["vitaminD"])
    quiet = with_topic("could-not-be-checked", answer)
    assert len(quiet) == 2
    for card in quiet:
        assert "vitamin-d-unknown" in unchecked_of(card)


def test_a_rule_is_not_both_advised_and_unchecked() -> None:
    answer = cards(order={"drug": "zoledronic acid", "dose": "4 mg"}, unavailable=["medicationAdministrations"])
    unchecked = {rule for card in answer for rule in unchecked_of(card)}
    assert unchecked
    assert not unchecked & all_rules_of(answer)


def test_everything_looked_up_leaves_no_quiet_card() -> None:
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"})
    assert with_topic("could-not-be-checked", answer) == []


def test_in_the_chart_too_what_could_not_be_looked_up_is_said_once() -> None:
    answer = cards(record={"clearance": "25 mL/min 2 days ago"}, unavailable=["medicationAdministrations"])
    [quiet] = with_topic("could-not-be-checked", answer)
    assert set(unchecked_of(quiet)) >= {"antiresorptive-not-started", "denosumab-overdue", "dental-follow-up-due"}


# --- not identified, irrelevant, out of scope -------------------------------------------------------------------------


UNKNOWN = {
    "a code of a local system": {
        "medicationCodeableConcept": {"coding": [{"system": "urn:oid:1.2.250.1.999.1", "code": "XG12"}]}
    },
    "a medication that cannot be found": {
        "medicationCodeableConcept": None,
        "medicationReference": {"reference": "Medication/nowhere"},
    },
    "another patient's draft": {"subject": {"reference": "Patient/somebody-else"}},
}


@pytest.mark.parametrize("members", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_order_that_cannot_be_identified_has_one_quiet_card_and_no_rule(members: dict[str, Any]) -> None:
    answer = cards(order={"drug": "denosumab", "dose": "120 mg", "members": members})
    [card] = answer
    assert topic(card) == "not-identified"
    assert card["indicator"] == "info"
    assert rules_of(card) == []
    assert unchecked_of(card) == []
    assert not card.get("suggestions")


def test_another_patients_name_is_not_on_the_card() -> None:
    [card] = cards(order={"drug": "denosumab", "members": UNKNOWN["another patient's draft"]})
    assert "somebody-else" not in str(card)


HALF_NAMED = {"act": "CTX", "members": {"code": {"text": "RT T8"}}}


def test_a_service_whose_words_may_be_one_of_ours_has_a_quiet_card() -> None:
    [card] = cards(order=HALF_NAMED)
    assert topic(card) == "not-identified"
    assert card["indicator"] == "info"
    assert "RT T8" in card["summary"]


@pytest.mark.parametrize("text", ["Zorglub marker", "Échographie abdominale", "Arthro-IRM épaule RT humérus"])
def test_a_service_whose_words_are_of_something_else_is_silent(text: str) -> None:
    assert cards(order={"act": "CTX", "members": {"code": {"text": text}}}) == []


@pytest.mark.parametrize(
    ("record", "unavailable", "told"),
    [
        ({"conditions": ["bone metastasis"]}, [], True),
        ({"conditions": ["lung cancer"]}, [], True),
        ({}, [], False),
        ({}, ["conditions"], True),
    ],
    ids=["bone metastasis", "lung cancer", "neither", "conditions that could not be looked up"],
)
@pytest.mark.parametrize("order", [HALF_NAMED, {"drug": "denosumab", "members": UNKNOWN["a code of a local system"]}])
def test_an_order_that_is_not_identified_is_told_of_a_patient_with_cancer(
    order: dict[str, Any], record: dict[str, Any], unavailable: list[str], *, told: bool
) -> None:
    assert (
        bool(with_topic("not-identified", cards(record=record, only=True, order=order, unavailable=unavailable)))
        is told
    )


def test_another_patients_draft_of_ours_is_told_whatever_is_on_record() -> None:
    order = {"drug": "denosumab", "members": UNKNOWN["another patient's draft"]}
    assert [topic(card) for card in cards(record={}, only=True, order=order)] == ["not-identified"]


def test_another_patients_draft_of_no_drug_of_ours_is_silent() -> None:
    assert cards(order={"drug": "amoxicillin", "members": UNKNOWN["another patient's draft"]}) == []


def test_a_drug_named_in_the_table_of_names_is_identified_and_the_card_says_how() -> None:
    members = {"medicationCodeableConcept": {"text": "Dénosumab"}}
    answer = cards(order={"drug": "denosumab", "dose": "120 mg", "members": members})
    [checklist] = with_topic("checklist", answer)
    assert "identified by name" in checklist["detail"]
    assert with_topic("not-identified", answer) == []


def test_an_unidentified_order_does_not_take_the_cards_from_an_identified_one() -> None:
    unknown = {"drug": "denosumab", "members": UNKNOWN["a code of a local system"]}
    answer = cards(orders=[unknown, {"drug": "denosumab", "dose": "120 mg"}])
    assert len(with_topic("not-identified", answer)) == 1
    assert len(with_topic("checklist", answer)) == 1


IRRELEVANT = {
    "a drug by a known code": {"drug": "amoxicillin"},
    "an examination by a known code": {"act": "chest X-ray"},
    "alendronic acid": {"drug": "alendronic acid"},
}


@pytest.mark.parametrize("order", IRRELEVANT.values(), ids=IRRELEVANT.keys())
@pytest.mark.parametrize("record", [{}, CRISIS, CORD_COMPRESSION], ids=["stable", "crisis", "cord compression"])
def test_an_irrelevant_order_gives_no_card(order: dict[str, Any], record: dict[str, Any]) -> None:
    assert cards(order=order, record=record) == []


def test_an_irrelevant_order_needs_no_look_at_the_record() -> None:
    unavailable = ["conditions", "medicationAdministrations", "calcium", "creatinine"]
    assert cards(order={"drug": "amoxicillin"}, unavailable=unavailable) == []


def test_an_unidentified_order_beside_an_irrelevant_one_is_still_said() -> None:
    unknown = {"drug": "denosumab", "members": UNKNOWN["a code of a local system"]}
    [card] = cards(orders=[{"drug": "amoxicillin"}, unknown])
    assert topic(card) == "not-identified"


OSTEOPOROSIS = {
    "denosumab 60 mg by dose": {"drug": "denosumab", "dose": "60 mg"},
    "denosumab 60 mg by product": {"drug": "Prolia"},
    "zoledronic acid 5 mg by dose": {"drug": "zoledronic acid", "dose": "5 mg"},
    "zoledronic acid 5 mg by product": {"drug": "Aclasta"},
}


@pytest.mark.parametrize("order", OSTEOPOROSIS.values(), ids=OSTEOPOROSIS.keys())
class TestAnOrderForOsteoporosis:
    def test_without_a_bone_metastasis_it_is_irrelevant(self, order: dict[str, Any]) -> None:
        assert cards(order=order, record={"conditions": ["lung cancer"]}) == []

    def test_even_in_a_crisis(self, order: dict[str, Any]) -> None:
        assert cards(order=order, record={"conditions": ["lung cancer"], **CRISIS}) == []

    def test_a_resolved_bone_metastasis_is_not_on_record(self, order: dict[str, Any]) -> None:
        resolved = {"name": "bone metastasis", "status": "resolved"}
        assert cards(order=order, record={"conditions": ["lung cancer", resolved]}) == []

    def test_with_a_bone_metastasis_on_record_it_is_in_scope(self, order: dict[str, Any]) -> None:
        assert len(with_topic("checklist", cards(order=order))) == 1

    def test_with_a_bone_metastasis_among_its_reasons_it_is_in_scope(self, order: dict[str, Any]) -> None:
        answer = cards(order={**order, "reason": "bone metastasis"}, record={"conditions": ["lung cancer"]})
        assert len(with_topic("checklist", answer)) == 1

    def test_when_the_conditions_could_not_be_looked_up_it_is_in_scope_and_the_card_says_so(
        self, order: dict[str, Any]
    ) -> None:
        answer = cards(order=order, unavailable=["conditions"])
        [checklist] = with_topic("checklist", answer)
        assert "condition" in checklist["detail"].lower()


@pytest.mark.parametrize(
    "order",
    [{"drug": "denosumab", "dose": "120 mg"}, {"drug": "Xgeva"}, {"drug": "denosumab"}, {"drug": "zoledronic acid"}],
)
def test_an_order_that_is_not_recognisably_for_osteoporosis_is_in_scope(order: dict[str, Any]) -> None:
    assert len(with_topic("checklist", cards(order=order, record={"conditions": ["lung cancer"]}))) == 1


# --- order-select -----------------------------------------------------------------------------------------------------


def selecting(request: dict[str, Any], *numbers: int) -> dict[str, Any]:
    drafts = drafts_of(request)
    request["context"]["selections"] = [
        f"{drafts[number]['resourceType']}/{drafts[number]['id']}" for number in numbers
    ]
    return request


def test_a_draft_that_is_not_selected_triggers_nothing() -> None:
    told = {"orders": [{"drug": "denosumab", "dose": "60 mg"}, {"drug": "amoxicillin"}], "hook": "order-select"}
    assert answered(selecting(request_for(told), 1)) == []
    assert len(with_topic("checklist", answered(selecting(request_for(told), 0)))) == 1


def test_an_unidentified_draft_that_is_not_selected_is_not_said() -> None:
    unknown = {"drug": "denosumab", "members": UNKNOWN["a code of a local system"]}
    told = {"orders": [unknown, {"drug": "amoxicillin"}], "hook": "order-select"}
    assert answered(selecting(request_for(told), 1)) == []


def test_a_draft_that_is_not_selected_still_counts_as_already_ordered() -> None:
    told = {"orders": [{"drug": "denosumab", "dose": "120 mg"}, {"act": "creatinine"}], "hook": "order-select"}
    answer = answered(selecting(request_for(told), 0))
    assert len(with_topic("checklist", answer)) == 1
    assert "creatinine" not in " ".join(action["description"].lower() for action in actions(answer))


def test_only_the_selected_one_of_two_antiresorptives_is_answered() -> None:
    told = {
        "orders": [{"drug": "denosumab", "dose": "60 mg"}, {"drug": "zoledronic acid", "dose": "4 mg"}],
        "record": {"clearance": "25 mL/min 2 days ago"},
        "hook": "order-select",
    }
    answer = answered(selecting(request_for(told), 1))
    assert "zoledronate-renal-contraindication" in all_rules_of(answer)
    assert not all_rules_of(answer) & {"denosumab-dose", "denosumab-severe-renal-impairment"}


def test_order_sign_answers_every_draft_whatever_was_selected() -> None:
    told = {"orders": [{"drug": "denosumab", "dose": "60 mg"}, {"drug": "amoxicillin"}]}
    assert "denosumab-dose" in all_rules_of(answered(selecting(request_for(told), 1)))


# --- several orders in one request ------------------------------------------------------------------------------------


def test_an_emergency_of_the_patient_is_said_once_whatever_the_number_of_orders() -> None:
    orders = [{"drug": "denosumab", "dose": "120 mg"}, {"drug": "zoledronic acid", "dose": "4 mg"}, {"act": "CTX"}]
    answer = cards(orders=orders, record={**CRISIS, **CORD_COMPRESSION})
    assert the_card_of("hypercalcaemic-crisis", answer)["indicator"] == "critical"
    assert the_card_of("spinal-cord-compression", answer)["indicator"] == "critical"


PAIRS = {
    "cumulative-nephrotoxicity": [{"drug": "zoledronic acid", "dose": "4 mg"}, {"drug": "cisplatin"}],
    "immunotherapy-with-radiotherapy": [{"act": "radiotherapy", "site": "femur"}, {"drug": "pembrolizumab"}],
    "tki-with-radiotherapy": [{"act": "radiotherapy", "site": "femur"}, {"drug": "osimertinib"}],
    "stereotactic-with-systemic": [{"act": "stereotactic radiotherapy", "site": "femur"}, {"drug": "carboplatin"}],
}


@pytest.mark.parametrize("rule", PAIRS)
def test_one_pair_drafted_together_is_said_once(rule: str) -> None:
    both = cards(orders=PAIRS[rule])
    assert [rule in rules_of(card) for card in both].count(True) == 1


def test_a_rule_about_an_order_names_the_order_that_it_is_about() -> None:
    told = {
        "orders": [{"drug": "denosumab", "dose": "60 mg"}, {"drug": "zoledronic acid", "dose": "4 mg"}],
        "record": {"clearance": "55 mL/min 2 days ago"},
    }
    request = request_for(told)
    denosumab, zoledronic_acid = (f"MedicationRequest/{draft['id']}" for draft in drafts_of(request))
    answer = answered(request)
    of_denosumab = the_card_of("denosumab-dose", answer)["extension"]["org.osteocds"]["resources"]
    of_zoledronic_acid = the_card_of("zoledronate-renal-dose", answer)["extension"]["org.osteocds"]["resources"]
    assert denosumab in of_denosumab
    assert zoledronic_acid not in of_denosumab
    assert zoledronic_acid in of_zoledronic_acid
    assert denosumab not in of_zoledronic_acid


def test_a_malformed_hook_instance_or_id_changes_no_rule() -> None:
    told = {"order": DENOSUMAB_GIVEN_IN_EVERY_WRONG_WAY, "record": ON_DENOSUMAB}
    request = request_for(told)
    expected = all_rules_of(answered(request))
    request["hookInstance"] = "not a uuid"
    drafts_of(request)[0]["id"] = "an id_with what no id may hold!"
    assert all_rules_of(answered(request)) == expected


# --- what a guideline notes of an order -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "times"),
    [
        ({}, 1),
        ({"clearance": "55 mL/min 2 days ago", "findings": {"bone-metastasis-count": 3}}, 1),
        ({"vitamin D": "15 ng/mL 2 days ago", "medications": [{"drug": "cisplatin", "days ago": 3}]}, 0),  # a removal
        ({"clearance": "25 mL/min 2 days ago"}, 0),  # another one
    ],
)
@pytest.mark.parametrize("every", ["1 month", "3 months"])
def test_hydration_is_said_once_an_order_on_its_most_urgent_card_and_never_beside_a_removal(
    record: dict[str, Any], times: int, every: str
) -> None:
    order = {"drug": "zoledronic acid", "dose": "4 mg", "over": "15 min", "every": every}
    told_rules = [card for card in cards(order=order, record=record) if rules_of(card)]
    assert len(told_rules) > 1
    said = ["hydration" in card["detail"].lower() for card in told_rules]
    assert said.count(True) == times
    assert said[0] is bool(times)


# --- offers -----------------------------------------------------------------------------------------------------------


WITH_OFFERS = [
    rule.id for rule in GUIDELINES[0].rules if any(scenario.told.get("offers") for scenario in scenarios_of(rule.id))
]


@pytest.mark.parametrize("rule", WITH_OFFERS)
def test_every_resource_offered_in_a_scenario_of_the_rule_is_valid_fhir(rule: str) -> None:
    seen = 0
    for scenario in scenarios_of(rule):
        request = request_for(scenario.told)
        drafts = drafts_of(request) if "draftOrders" in request["context"] else []
        references = {f"{draft['resourceType']}/{draft['id']}" for draft in drafts}
        for action in actions(answered(request)):
            seen += 1
            if action["type"] == "delete":
                assert action["resourceId"] in references
                assert "resource" not in action
                continue
            resource = action["resource"]
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)
            assert resource["subject"] == {"reference": "Patient/synthetic-1"}
            if action["type"] == "create":
                assert resource["status"] == "draft"
                assert "id" not in resource
            else:
                assert f"{resource['resourceType']}/{resource['id']}" in references
    assert seen


A_FULL_DRAFT = {
    "identifier": [{"system": "urn:example:orders", "value": "4711"}],
    "priority": "routine",
    "authoredOn": "2026-03-31T08:00:00+13:00",
    "requester": {"reference": "Practitioner/1"},
    "encounter": {"reference": "Encounter/9"},
    "reasonCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "94222008"}]}],
    "note": [{"text": "Ambulatory unit, Tuesday"}],
    "dispenseRequest": {"numberOfRepeatsAllowed": 3},
    "extension": [{"url": "http://example.org/unit", "valueString": "B2"}],
}

UPDATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "zoledronate-renal-dose": (
        {"drug": "zoledronic acid", "dose": "4 mg", "every": "4 weeks", "route": "intravenous", "over": "30 min"},
        {"clearance": "55 mL/min 2 days ago"},
    ),
    "zoledronate-infusion": (
        {"drug": "zoledronic acid", "dose": "4 mg", "every": "4 weeks", "route": "intravenous", "over": "15 min"},
        {"clearance": "80 mL/min 2 days ago"},
    ),
    "antiresorptive-route": (
        {"drug": "zoledronic acid", "dose": "4 mg", "every": "4 weeks", "route": "oral", "over": "30 min"},
        {"clearance": "80 mL/min 2 days ago"},
    ),
    "denosumab-dose": (
        {"drug": "denosumab", "dose": "60 mg", "every": "4 weeks", "route": "subcutaneous"},
        ON_DENOSUMAB,
    ),
    "denosumab-interval": (
        {"drug": "denosumab", "dose": "120 mg", "every": "3 months", "route": "subcutaneous"},
        ON_DENOSUMAB,
    ),
    "dental-extraction-recent": (
        {"drug": "denosumab", "dose": "120 mg", "every": "4 weeks", "route": "subcutaneous", "start in": 2},
        {"procedures": [{"act": "tooth extraction", "days ago": 10}]},
    ),
    "vitamin-d-prefer-d3": (
        {"drug": "ergocalciferol", "dose": "50000 IU", "every": "1 month", "route": "oral"},
        NOTHING_MISSING,
    ),
}

PART_THAT_CHANGES = {
    "zoledronate-renal-dose": "doseAndRate",
    "zoledronate-infusion": "timing",
    "antiresorptive-route": "route",
    "denosumab-dose": "doseAndRate",
    "denosumab-interval": "timing",
    "dental-extraction-recent": "timing",
}


@pytest.mark.parametrize("rule", PART_THAT_CHANGES)
def test_an_update_keeps_everything_else_of_the_draft(rule: str) -> None:
    order, record = UPDATES[rule]
    request = request_for({"order": {**order, "members": A_FULL_DRAFT}, "record": record})
    [draft] = drafts_of(request)
    [update] = actions([the_card_of(rule, answered(request))], "update")
    after = update["resource"]
    assert set(after) == set(draft)
    assert {name: after[name] for name in after if name != "dosageInstruction"} == {
        name: draft[name] for name in draft if name != "dosageInstruction"
    }
    [line_before], [line_after] = draft["dosageInstruction"], after["dosageInstruction"]
    changed = {name for name in line_before | line_after if line_before.get(name) != line_after.get(name)}
    assert changed == {PART_THAT_CHANGES[rule]}


def test_an_update_of_the_infusion_time_keeps_the_interval() -> None:
    order, record = UPDATES["zoledronate-infusion"]
    request = request_for({"order": order, "record": record})
    [update] = actions([the_card_of("zoledronate-infusion", answered(request))], "update")
    repeat = update["resource"]["dosageInstruction"][0]["timing"]["repeat"]
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == (1, 4, "wk")


def test_an_update_of_the_interval_keeps_the_start() -> None:
    order = {"drug": "denosumab", "dose": "120 mg", "every": "3 months", "start in": 5}
    request = request_for({"order": order, "record": ON_DENOSUMAB})
    [update] = actions([the_card_of("denosumab-interval", answered(request))], "update")
    assert update["resource"]["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["start"] == "2026-04-05"


def test_an_update_to_cholecalciferol_keeps_dose_and_timing() -> None:
    order, record = UPDATES["vitamin-d-prefer-d3"]
    request = request_for({"order": order, "record": record})
    [draft] = drafts_of(request)
    [update] = actions([the_card_of("vitamin-d-prefer-d3", answered(request))], "update")
    assert update["resource"]["dosageInstruction"] == draft["dosageInstruction"]
    assert update["resource"]["id"] == draft["id"]


@pytest.mark.parametrize("rule", [rule for rule in UPDATES if rule != "dental-extraction-recent"])
def test_a_card_goes_once_its_update_is_accepted(rule: str) -> None:
    order, record = UPDATES[rule]
    request = request_for({"order": order, "record": record})
    card = the_card_of(rule, answered(request))
    afterwards = answered(after_accepting(request, actions([card], "update")))
    assert rule not in all_rules_of(afterwards)


def test_after_moving_the_dose_away_from_an_extraction_no_later_date_is_offered() -> None:
    # from 21 to 30 days the card stays: only if healed
    order, record = UPDATES["dental-extraction-recent"]
    request = request_for({"order": order, "record": record})
    card = the_card_of("dental-extraction-recent", answered(request))
    afterwards = the_card_of("dental-extraction-recent", answered(after_accepting(request, actions([card], "update"))))
    assert actions([afterwards]) == []


def test_the_merged_card_of_denosumab_goes_once_its_updates_are_accepted() -> None:
    request = request_for({"order": DENOSUMAB_GIVEN_IN_EVERY_WRONG_WAY, "record": ON_DENOSUMAB})
    card = the_card_of("denosumab-dose", answered(request))
    afterwards = answered(after_accepting(request, actions([card], "update")))
    assert not all_rules_of(afterwards) & {"denosumab-dose", "denosumab-interval", "antiresorptive-route"}


def test_the_instruction_of_a_ctx_request_is_not_asked_for_again() -> None:
    request = request_for({"order": {"act": "CTX"}})
    update = actions([the_card_of("ctx-sampling", answered(request))], "update")
    assert "ctx-sampling" not in all_rules_of(answered(after_accepting(request, update)))


def test_what_the_checklist_offered_is_not_offered_again_once_drafted() -> None:
    request = request_for({"order": {"drug": "denosumab", "dose": "120 mg"}})
    offered = actions(answered(request), "create")
    assert len(offered) >= 6
    assert actions(answered(after_accepting(request, offered)), "create") == []


def test_a_deleted_order_has_no_card_left() -> None:
    told = {"order": {"drug": "zoledronic acid", "dose": "4 mg"}, "record": {"clearance": "25 mL/min 2 days ago"}}
    request = request_for(told)
    deletion = actions(answered(request), "delete")
    assert len(deletion) == 1
    assert answered(after_accepting(request, deletion)) == []


@pytest.mark.parametrize("rule", UPDATES)
def test_a_draft_without_an_id_keeps_its_card_and_is_offered_no_update(rule: str) -> None:
    order, record = UPDATES[rule]
    request = request_for({"order": order, "record": record})
    del drafts_of(request)[0]["id"]
    answer = answered(request)
    assert rule in all_rules_of(answer)
    assert [action["type"] for action in actions(answer) if action["type"] != "create"] == []


def test_a_draft_without_an_id_is_not_offered_for_deletion() -> None:
    told = {"order": {"drug": "zoledronic acid", "dose": "4 mg"}, "record": {"clearance": "25 mL/min 2 days ago"}}
    request = request_for(told)
    del drafts_of(request)[0]["id"]
    answer = answered(request)
    assert the_card_of("zoledronate-renal-contraindication", answer)["indicator"] == "critical"
    assert actions(answer, "delete") == []


@pytest.mark.parametrize(
    "vitamin_d", [None, "8 ng/mL 2 days ago", "25 ng/mL 2 days ago"], ids=["unknown", "deficient", "insufficient"]
)
def test_while_calcium_is_high_no_supplement_and_no_deletion_is_offered(vitamin_d: str | None) -> None:
    record = {"calcium": "2.9 mmol/L today", "albumin": "40 g/L today"}
    if vitamin_d:
        record["vitamin D"] = vitamin_d
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"}, record=record)
    drugs = [
        action["resource"]
        for action in actions(answer, "create")
        if action["resource"]["resourceType"] != "ServiceRequest"
    ]
    assert drugs == []
    assert actions(answer, "delete") == []
    assert "hypercalcaemia" in all_rules_of(answer)
    if vitamin_d:
        [deficiency] = [
            card for card in answer if set(rules_of(card)) & {"vitamin-d-deficiency", "vitamin-d-insufficiency"}
        ]
        assert deficiency["indicator"] == "info"
        assert not deficiency.get("suggestions")


def test_vitamin_d_drafted_beside_the_antiresorptive_takes_the_offer_and_leaves_card_and_deletion() -> None:
    told = {
        "orders": [
            {"drug": "denosumab", "dose": "120 mg"},
            {"drug": "cholecalciferol", "dose": "50000 IU", "every": "1 week", "count": 8},
        ],
        "record": {"vitamin D": "8 ng/mL 2 days ago"},
    }
    card = the_card_of("vitamin-d-deficiency", cards(**told))
    assert card["indicator"] == "critical"
    assert actions([card], "delete")
    assert [action for action in actions([card], "create") if "8" in action["description"]] == []


def test_a_loading_regimen_followed_by_another_is_one_suggestion() -> None:
    answer = cards(order={"drug": "denosumab", "dose": "120 mg"}, record={"vitamin D": "8 ng/mL 2 days ago"})
    card = the_card_of("vitamin-d-deficiency", answer)
    creating = [
        [action["type"] for action in suggestion["actions"]]
        for suggestion in card["suggestions"]
        if suggestion["actions"][0]["type"] == "create"
    ]
    assert creating == [["create", "create"]]
