"""Several orders in one request: each rule speaks once, each order sees the other drafts, and the cards stay few."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from support.ehr import Ehr, contents, ehr, rules, said, topics
from support.scenario import request_for

from service.languages.render import untyped

Card = dict[str, Any]

DENOSUMAB = {"drug": "denosumab", "dose": "120 mg", "route": "subcutaneous", "every": "1 month"}
ZOLEDRONIC_ACID = {"drug": "zoledronic acid", "dose": "4 mg", "route": "intravenous", "every": "1 month"}
GEMCITABINE = {"drug": "gemcitabine", "dose": "1800 mg", "start in": 2, "count": 1}
RADIOTHERAPY = {"act": "radiotherapy", "site": "rib", "dose": "30 Gy", "fractions": 10, "start in": 10}
CEMENTOPLASTY = {"act": "vertebroplasty", "site": "L3", "start in": 6}
APIXABAN = {"drug": "apixaban", "dose": "5 mg", "every": "12 hours", "route": "oral"}
CISPLATIN = {"drug": "cisplatin", "dose": "130 mg", "start in": 2, "count": 1}
CHOLECALCIFEROL = {"drug": "cholecalciferol", "dose": "50000 IU", "every": "1 month", "route": "oral"}
CALCIUM = {"drug": "calcium carbonate", "every": "1 day", "route": "oral"}
DENTAL = [{"act": "dental examination"}, {"act": "orthopantomogram"}]
LABORATORY = [{"act": one} for one in ("25-OH vitamin D", "calcium", "albumin", "phosphate", "creatinine")]

MISSING = ["calcium-unknown", "dental-assessment-missing", "renal-function-unknown", "vitamin-d-unknown"]

GRAVELY_ILL = {
    "calcium": "3.7 mmol/L today",
    "albumin": "40 g/L today",
    "clearance": "20 mL/min 1 days ago",
    "platelets": "30 10*9/L 1 days ago",
    "prothrombin": "90 % 1 days ago",
    "conditions": [
        "lung cancer",
        "bone metastasis",
        {"name": "spinal cord compression", "days ago": 1},
        "osteonecrosis of the jaw",
        "sepsis",
    ],
}
CRITICAL = [
    "cementoplasty-absolute-contraindication",
    "cementoplasty-bleeding-risk",
    "hypercalcaemic-crisis",
    "osteonecrosis-of-jaw",
    "spinal-cord-compression",
    "zoledronate-renal-contraindication",
]
MANY = [ZOLEDRONIC_ACID, CEMENTOPLASTY, APIXABAN, GEMCITABINE, RADIOTHERAPY]


def signed(*orders: Any, record: dict[str, Any] | None = None, language: str = "en", **settings: Any) -> list[Card]:
    """The cards of an order-sign of these drafts."""
    request = request_for({"orders": list(orders), "record": record or {}})
    return ehr(**settings).cards(request, headers={"Accept-Language": language})


def selected(chosen: Any, *others: Any) -> list[Card]:
    """The cards of an order-select in which one of the drafts is selected."""
    orders = [chosen, *({**one, "selected": False} for one in others)]
    return ehr().cards(request_for({"hook": "order-select", "orders": orders}))


def card_of(rule: str, cards: list[Card]) -> Card:
    found = [card for card in cards if rule in rules([card])]
    assert len(found) == 1, f"{rule} speaks once"
    return found[0]


def labels(card: Card) -> list[str]:
    return [suggestion["label"] for suggestion in card.get("suggestions", ())]


# --- each rule once ---------------------------------------------------------------------------------------------------


def test_denosumab_gemcitabine_and_radiotherapy_give_each_rule_once() -> None:
    cards = signed(DENOSUMAB, GEMCITABINE, RADIOTHERAPY)
    assert rules(cards) == sorted([*MISSING, "supplementation-missing", "radiosensitiser-before-radiotherapy"])
    assert [card["indicator"] for card in cards] == ["critical", "warning", "info"]


@pytest.mark.parametrize("drafts", list(permutations([DENOSUMAB, GEMCITABINE, RADIOTHERAPY])))
def test_the_order_of_the_drafts_changes_no_card(drafts: Any) -> None:
    expected = signed(DENOSUMAB, GEMCITABINE, RADIOTHERAPY)
    cards = signed(*drafts)
    assert sorted(card["summary"] for card in cards) == sorted(card["summary"] for card in expected)
    assert rules(cards) == rules(expected)


def test_zoledronic_acid_and_cementoplasty_have_a_checklist_each_and_the_others_speak_once() -> None:
    cards = signed(ZOLEDRONIC_ACID, CEMENTOPLASTY, APIXABAN)
    assert sorted(topics(cards)) == [
        "cementoplasty-antithrombotics",
        "checklist",
        "checklist",
        "supplementation-missing",
        "zoledronate-first-infusion",
    ]
    assert len(rules(cards)) == len(set(rules(cards)))


def test_two_antiresorptives_have_a_checklist_each_and_are_asked_once_for_supplements() -> None:
    cards = signed(DENOSUMAB, ZOLEDRONIC_ACID)
    checklists = [card for card in cards if topics([card]) == ["checklist"]]
    assert [rules([card]) for card in checklists] == [MISSING, MISSING]
    assert {card["summary"].partition(":")[0] for card in checklists} == {"Denosumab", "Zoledronic acid"}
    card_of("supplementation-missing", cards)


def test_the_same_draft_twice_says_the_same_as_once_about_the_pair() -> None:
    card_of("radiosensitiser-before-radiotherapy", signed(GEMCITABINE, GEMCITABINE, RADIOTHERAPY))


def test_an_irrelevant_draft_beside_the_others_changes_no_card() -> None:
    alone = signed(DENOSUMAB, RADIOTHERAPY)
    assert contents(signed(DENOSUMAB, RADIOTHERAPY, {"act": "chest X-ray"})) == contents(alone)


# --- each sees the others ---------------------------------------------------------------------------------------------


def test_gemcitabine_and_radiotherapy_see_each_other_and_the_later_one_is_moved() -> None:
    card = card_of("radiosensitiser-before-radiotherapy", signed(DENOSUMAB, GEMCITABINE, RADIOTHERAPY))
    assert labels(card) == ["Change radiotherapy (rib): start on 30 Apr 2026"]  # 2 April and 28 days
    [action] = card["suggestions"][0]["actions"]
    assert action["resource"]["occurrenceDateTime"].startswith("2026-04-30")


def test_zoledronic_acid_and_cisplatin_see_each_other() -> None:
    card = card_of("cumulative-nephrotoxicity", signed(ZOLEDRONIC_ACID, CISPLATIN))
    assert "Zoledronic acid and cisplatin" in card["summary"]


def test_supplements_drafted_beside_the_antiresorptive_are_not_asked_for() -> None:
    assert "supplementation-missing" not in rules(signed(DENOSUMAB, CHOLECALCIFEROL, CALCIUM))


def test_what_is_drafted_beside_the_antiresorptive_is_not_offered_again() -> None:
    cards = signed(DENOSUMAB, *DENTAL, *LABORATORY)
    checklist = card_of("dental-assessment-missing", cards)
    assert labels(checklist) == []
    assert "ordered, not done yet" in checklist["detail"]


def test_after_the_offered_move_is_accepted_the_pair_is_no_longer_a_problem() -> None:
    moved = {**RADIOTHERAPY, "start in": 30}
    assert "radiosensitiser-before-radiotherapy" in rules(signed(GEMCITABINE, {**RADIOTHERAPY, "start in": 29}))
    assert rules(signed(GEMCITABINE, moved)) == []


# --- one of several selected ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "others", "rule"),
    [
        (GEMCITABINE, [DENOSUMAB, RADIOTHERAPY], "radiosensitiser-after-radiotherapy"),
        (RADIOTHERAPY, [DENOSUMAB, GEMCITABINE], "radiosensitiser-before-radiotherapy"),
    ],
    ids=["gemcitabine", "radiotherapy"],
)
def test_the_selected_draft_alone_is_answered_and_sees_the_other(chosen: Any, others: Any, rule: str) -> None:
    cards = selected(chosen, *others)
    assert rules(cards) == [rule]
    assert labels(cards[0]) == ["Change radiotherapy (rib): start on 30 Apr 2026"]


def test_with_denosumab_selected_the_pair_beside_it_says_nothing() -> None:
    assert rules(selected(DENOSUMAB, GEMCITABINE, RADIOTHERAPY)) == sorted([*MISSING, "supplementation-missing"])


def test_a_supplement_that_is_not_selected_is_still_seen() -> None:
    assert "supplementation-missing" not in rules(selected(DENOSUMAB, CHOLECALCIFEROL, CALCIUM))


# --- few cards --------------------------------------------------------------------------------------------------------


def test_by_default_there_are_at_most_six_cards() -> None:
    assert len(signed(DENOSUMAB, *MANY, max_cards=100)) > 5
    assert len(signed(DENOSUMAB, *MANY)) <= 6


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
def test_with_one_critical_card_the_limit_holds_and_every_dropped_rule_is_named(most: int) -> None:
    everything = signed(*MANY, max_cards=100)
    assert [card["indicator"] for card in everything].count("critical") == 1
    cards = signed(*MANY, max_cards=most)
    assert len(cards) == max(most, 2), "the critical card, and the one that names the rest"
    assert cards[0]["indicator"] == "critical"
    assert contents(cards[:-1]) == contents(everything[: len(cards) - 1])
    assert sorted({*rules(cards), *rules(cards, "notShown")}) == sorted(set(rules(everything)))


def test_a_limit_that_is_just_met_drops_nothing() -> None:
    everything = signed(DENOSUMAB, GEMCITABINE, RADIOTHERAPY)
    assert contents(signed(DENOSUMAB, GEMCITABINE, RADIOTHERAPY, max_cards=3)) == contents(everything)


@pytest.mark.parametrize("most", [1, 6])
def test_no_critical_card_is_ever_dropped(most: int) -> None:
    cards = signed(*MANY, record=GRAVELY_ILL, max_cards=most)
    assert [card["indicator"] for card in cards] == ["critical"] * 6 + ["warning"]
    assert rules(cards) == CRITICAL
    assert topics(cards)[-1] == "not-shown"


def test_when_all_cards_are_critical_nothing_is_dropped_and_nothing_more_is_said() -> None:
    record = {**GRAVELY_ILL, "platelets": "100 10*9/L 1 days ago", "conditions": GRAVELY_ILL["conditions"][:-2]}
    tooth = {"act": "tooth extraction"}
    cards = signed(tooth, record=record, max_cards=1)
    assert rules(cards) == ["hypercalcaemic-crisis", "spinal-cord-compression"]
    assert "not-shown" not in topics(cards)


@pytest.mark.parametrize(
    ("language", "summary"), [("en", "Cards not shown in full: 7"), ("fr", "Cartes non détaillées : 7")]
)
def test_the_card_of_what_was_dropped_has_a_line_a_card_and_offers_nothing(language: str, summary: str) -> None:
    everything = signed(*MANY, record=GRAVELY_ILL, language=language, max_cards=100)
    last = signed(*MANY, record=GRAVELY_ILL, language=language, max_cards=1)[-1]
    assert untyped(last["summary"]) == summary
    for card in everything[6:]:
        assert f"- {card['summary']}" in last["detail"]
    assert "suggestions" not in last
    assert "overrideReasons" not in last


def test_what_could_not_be_checked_is_still_named_when_its_card_is_dropped() -> None:
    told = {"orders": [DENOSUMAB, GEMCITABINE, RADIOTHERAPY], "unavailable": ["vitaminD"]}
    request = request_for(told)
    unchecked = rules(ehr().cards(request), "unchecked")
    assert "vitamin-d-unknown" in unchecked
    client: Ehr = ehr(max_cards=1)
    cards = client.cards(request)
    assert topics(cards) == ["radiosensitiser-before-radiotherapy", "not-shown"]
    assert rules(cards, "unchecked") == unchecked
    assert "could not be checked" in said(cards)


# --- what a card names ------------------------------------------------------------------------------------------------

OSIMERTINIB = {"drug": "osimertinib", "dose": "80 mg", "every": "1 day"}
STEREOTACTIC = {"act": "stereotactic radiotherapy", "site": "thoracic spine", "dose": "27 Gy", "fractions": 3}


def by_name(order: dict[str, Any]) -> dict[str, Any]:
    """The order of a drug that is told by its name alone."""
    return {**order, "members": {"medicationCodeableConcept": {"text": order["drug"]}}}


def test_a_targeted_therapy_and_radiotherapy_ordered_together_have_one_summary_which_names_the_bone() -> None:
    card = card_of("tki-with-radiotherapy", signed(OSIMERTINIB, RADIOTHERAPY))
    assert card["summary"].startswith("Osimertinib with radiotherapy (rib):")
    assert "Osimertinib with radiotherapy" not in card["detail"]
    both = card_of("tki-with-radiotherapy", signed(OSIMERTINIB, RADIOTHERAPY, {**RADIOTHERAPY, "site": "femur"}))
    assert both["summary"].startswith("Osimertinib with radiotherapy (rib) and radiotherapy (femur):")
    assert "Osimertinib with radiotherapy" not in both["detail"]


def test_every_draft_that_a_card_rests_on_says_how_it_was_identified() -> None:
    pair = card_of("radiosensitiser-before-radiotherapy", signed(by_name(GEMCITABINE), RADIOTHERAPY))
    assert "Gemcitabine was identified by name" in pair["detail"]
    kidney = card_of("cumulative-nephrotoxicity", signed(by_name(ZOLEDRONIC_ACID), by_name(CISPLATIN)))
    assert all(f"{drug} was identified by name" in kidney["detail"] for drug in ("Zoledronic acid", "Cisplatin"))


def test_the_summary_names_every_cytotoxic_of_the_request() -> None:
    cytotoxics = [{"drug": one, "dose": "100 mg"} for one in ("cisplatin", "doxorubicin", "etoposide", "gemcitabine")]
    card = card_of("chemotherapy-severe-renal-impairment", signed(*cytotoxics, record={"clearance": "25 mL/min today"}))
    assert all(one["drug"] in card["summary"].lower() for one in cytotoxics)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_summary_whose_list_is_too_long_names_fewer_and_says_so(language: str) -> None:
    findings = {"mri-contraindicated": True, "canal-narrowing": "30 %", "tumour-cord-distance": "2 mm"}
    cards = signed(STEREOTACTIC, record={"findings": findings}, language=language)
    summary = card_of("stereotactic-relative-contraindication", cards)["summary"]
    assert not summary.endswith("…")
    assert summary.endswith(("and 1 more", "et 1 autre"))


def test_what_a_card_says_of_several_orders_alike_it_says_once() -> None:
    deficient = {"25-OH vitamin D": "8 ng/mL 3 days ago"}
    card = card_of("vitamin-d-deficiency", signed(DENOSUMAB, ZOLEDRONIC_ACID, record=deficient))
    assert card["summary"].startswith("Denosumab: correct vitamin D first")
    assert "The same for zoledronic acid." in card["detail"]
    assert "correct vitamin D first" not in card["detail"]
    again = card_of(
        "hypocalcaemia", signed(DENOSUMAB, ZOLEDRONIC_ACID, record={**deficient, "calcium": "1.7 mmol/L today"})
    )
    assert "The same for zoledronic acid." in again["detail"], "a more urgent card has said it of something else"


def test_what_differs_between_two_orders_is_told_of_each() -> None:
    doses = [{**ZOLEDRONIC_ACID, "dose": dose} for dose in ("4 mg", "8 mg")]
    card = card_of("zoledronate-renal-dose", signed(*doses, record={"clearance": "45 mL/min today"}))
    assert all(dose in untyped(said([card])) for dose in ("Zoledronic acid 4 mg", "Zoledronic acid 8 mg"))


def test_what_is_offered_for_two_orders_of_one_name_is_told_apart_by_their_dates() -> None:
    infusions = [{**ZOLEDRONIC_ACID, "start in": days, "count": 1} for days in (1, 29)]
    card = card_of("zoledronate-renal-contraindication", signed(*infusions, record={"clearance": "25 mL/min today"}))
    removal = "Remove the draft order: zoledronic acid"
    days = ("1 Apr 2026", "29 Apr 2026")
    assert [untyped(label) for label in labels(card)] == [f"{removal} (planned date: {day})" for day in days]
