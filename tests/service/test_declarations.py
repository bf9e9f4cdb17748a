"""What rules declare of themselves, beside what they say: the lists of `rules.md`, "Cards", and the limits by name."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from statistics import median

import pytest

import service.rules.bone_metastases
from mappings.facts import setting_texts
from service.guidelines import GUIDELINES
from service.languages.render import Language, sentence
from service.rules.bone_metastases.documents import CHU, KAS, ONC, rao
from service.rules.citation import Citation, cited
from service.rules.rule import Rule

POLICY = GUIDELINES[0].policy
PREREQUISITES = frozenset(
    [
        *("vitamin-d-unknown", "calcium-unknown", "renal-function-unknown", "dental-assessment-missing"),
        *("cementoplasty-haemostasis-unknown", "cementoplasty-imaging", "cementoplasty-tumour-board"),
        *("cementoplasty-tumour-control", "spinal-instability-unknown", "stereotactic-tumour-board"),
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
    [
        "hypercalcaemic-crisis",
        "spinal-cord-compression",
        "cumulative-nephrotoxicity",
        "chemotherapy-severe-renal-impairment",
        "vitamin-d-excess",
    ],
)
ABOUT_STARTING_OR_STOPPING = frozenset(
    ["antiresorptive-not-started", "denosumab-discontinued", "antiresorptive-stopped-early"]
)


def test_the_prerequisites_that_share_a_checklist_are_those_of_the_specification():
    assert POLICY.checklist == PREREQUISITES


def test_the_rules_that_a_deletion_silences_are_those_of_the_specification():
    assert POLICY.how_to_give == HOW_TO_GIVE


@pytest.mark.parametrize("together", ONE_CARD, ids=min)
def test_rules_about_one_problem_share_a_card(together):
    assert {GUIDELINES[0].problems[rule] for rule in together} == {together}


def test_the_emergencies_are_asked_on_any_relevant_order():
    anywhere = {rule.id for rule in GUIDELINES[0].rules if rule.trigger is not None and rule.trigger.any_relevant}
    assert anywhere == {"hypercalcaemic-crisis", "spinal-cord-compression"}


def test_the_rules_about_the_patient_rather_than_an_order_speak_once():
    assert {rule.id for rule in GUIDELINES[0].rules if rule.once} == ABOUT_THE_PATIENT


def test_the_rules_that_an_emergency_silences_are_those_about_starting_or_stopping():
    assert POLICY.starting_or_stopping == ABOUT_STARTING_OR_STOPPING


def source(*citations: Citation) -> str:
    return sentence(cited(citations), Language.ENGLISH).replace("\u00a0", " ")


def test_a_chapter_is_cited_with_its_sections_by_number_then_its_tables_then_the_box_each_once():
    places = rao("radiotherapy", "box, Tableau 6, §3.1"), rao("radiotherapy", "§1.4"), rao("radiotherapy", "§3.1")
    assert source(*places).endswith("2023, Bone metastases: radiotherapy §1.4, §3.1, Tableau 6, recommendation box")


def test_a_chapter_without_sections_and_sections_without_a_chapter_are_cited_alone():
    assert source(rao("surgery")).endswith("Bone metastases: surgery")
    assert source(replace(KAS, places="§2")).endswith("Interventional radiology and bone metastases: §2")


def test_several_documents_are_cited_one_after_the_other_each_once_and_one_without_places_by_its_title():
    assert source(ONC, CHU) == "Patient page “Bone metastases” and University hospital sheet on bone consolidation"
    assert source(ONC, rao("surgery", "§3"), CHU, ONC) == (
        "Patient page “Bone metastases”, Auvergne-Rhône-Alpes referential of thoracic oncology 2023, Bone metastases: "
        "surgery §3 and University hospital sheet on bone consolidation"
    )


def test_a_chapter_that_the_referential_does_not_have_cannot_be_cited():
    with pytest.raises(ValueError, match="unknown chapter 'dentistry'"):
        rao("dentistry", "§1")


def test_every_rule_that_is_written_is_listed_in_a_chapter():
    folder = service.rules.bone_metastases
    modules = [import_module(f"{folder.__name__}.{one.name}") for one in iter_modules(folder.__path__)]
    written = {value.id for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    assert written == {rule.id for rule in GUIDELINES[0].rules}


def test_what_decides_the_scope_of_an_order_is_among_the_facts_that_its_rule_is_given():
    rules = [rule for rule in GUIDELINES[0].rules if rule.trigger is not None]
    assert [rule.id for rule in rules if not rule.trigger.reads <= rule.reads] == []


def test_what_a_condition_reads_is_among_the_facts_that_its_rule_is_given():
    assert [rule.id for rule in GUIDELINES[0].rules for one in rule.when if not one.reads <= rule.reads] == []


def test_the_settings_that_a_condition_names_are_settings_of_the_guideline():
    named = {name for rule in GUIDELINES[0].rules for one in rule.when for name in one.settings}
    assert named <= setting_texts(GUIDELINES[0].settings).keys()


LONGEST_BODY, MEDIAN_BODY = 40, 20
"""Lines of a rule's words, without its declaration and its docstring: who reads it sees it whole."""


def test_what_a_rule_says_is_short_beside_what_it_declares():
    lines = {rule.id: lines_of(rule.statement) for rule in GUIDELINES[0].rules}
    assert {rule: number for rule, number in lines.items() if number > LONGEST_BODY} == {}
    assert median(lines.values()) <= MEDIAN_BODY


def lines_of(function):
    """The lines of a function's body without its docstring."""
    [written] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    body = written.body[1:]
    return body[-1].end_lineno - body[0].lineno + 1
