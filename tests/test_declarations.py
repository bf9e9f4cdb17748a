"""What rules declare of themselves, beside what they say: the lists of `rules.md`, "Cards", and the limits by name."""

from __future__ import annotations

import pytest

from service.rules import all_rules

PREREQUISITES = frozenset(
    [
        *("vitamin-d-unknown", "calcium-unknown", "renal-function-unknown", "dental-assessment-missing"),
        *("cementoplasty-haemostasis-unknown", "cementoplasty-imaging", "cementoplasty-tumour-board"),
        "stereotactic-tumour-board",
    ]
)
HOW_TO_GIVE = frozenset(
    [
        *("zoledronate-renal-dose", "zoledronate-interval", "zoledronate-infusion", "zoledronate-first-infusion"),
        *("supplementation-missing", "denosumab-dose", "denosumab-interval", "antiresorptive-route"),
    ]
)
ONE_CARD = (
    frozenset(["denosumab-dose", "denosumab-interval", "antiresorptive-route"]),
    frozenset(["stereotactic-contraindication", "re-irradiation-interval", "re-irradiation-record"]),
    frozenset(["bone-scan-after-fdg-pet", "bone-scan-routine-follow-up"]),
    frozenset(["denosumab-overdue", "denosumab-discontinued", "antiresorptive-stopped-early"]),
)
ABOUT_THE_PATIENT = frozenset(
    ["hypercalcaemic-crisis", "spinal-cord-compression", "cumulative-nephrotoxicity"],
)


def test_the_prerequisites_that_share_a_checklist_are_those_of_the_specification():
    assert {rule.id for rule in all_rules() if rule.prerequisite} == PREREQUISITES


def test_the_rules_that_a_deletion_silences_are_those_of_the_specification():
    assert {rule.id for rule in all_rules() if rule.about_giving} == HOW_TO_GIVE


@pytest.mark.parametrize("together", ONE_CARD, ids=min)
def test_rules_about_one_problem_share_a_card(together):
    [problem] = {rule.problem for rule in all_rules() if rule.id in together}
    assert {rule.id for rule in all_rules() if rule.problem == problem} == together


def test_the_emergencies_are_asked_on_any_relevant_order_and_speak_once():
    anywhere = {rule.id for rule in all_rules() if rule.trigger is not None and rule.trigger.any_relevant}
    assert anywhere == {"hypercalcaemic-crisis", "spinal-cord-compression"}
    assert {rule.id for rule in all_rules() if rule.once} >= ABOUT_THE_PATIENT
