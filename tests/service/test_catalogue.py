"""The catalogue: complete, true to the rules, and current in the repository."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.scenario import outcome_word

from mappings.facts import Facts, setting_texts
from mappings.queries import NEEDS
from service.catalogue.entries import FACTS, RuleEntry, catalogue
from service.catalogue.examples import Example, at_thresholds, examples_of, showroom
from service.catalogue.markdown import catalogue_to_read
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.rules.rule import Rule

GUIDELINE = GUIDELINES[0]
EXAMPLES = [example for rule in GUIDELINE.rules for example in examples_of(rule, GUIDELINE)]


def entries(language: Language) -> dict[str, RuleEntry]:
    whole = catalogue(GUIDELINE, language, GUIDELINE.settings)
    return {entry.id: entry for chapter in whole.chapters for entry in chapter.entries}


@pytest.mark.parametrize("language", Language)
def test_the_file_to_be_read_and_signed_is_current(language: Language) -> None:
    file = (GUIDELINE.folder / f"catalogue.{language.value}.md").read_text(encoding="utf-8")
    assert file == catalogue_to_read(GUIDELINE, language, GUIDELINE.settings), (
        "run `make catalogue`, read what it changed"
    )


@pytest.mark.parametrize("language", Language)
def test_every_rule_has_its_entry_with_all_that_a_reader_signs(language: Language) -> None:
    assert entries(language).keys() == {rule.id for rule in GUIDELINE.rules}
    for entry in entries(language).values():
        assert all((entry.statement, entry.source, entry.triggers, entry.cards, entry.examples)), entry


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule.id}: {example.told['name']}")
def test_an_example_gives_what_it_shows(example: Example) -> None:
    answer = showroom(GUIDELINE, GUIDELINE.settings).answer(example, Language.ENGLISH)
    assert outcome_word([one for one in answer.outcomes if one.rule is example.rule]) == example.expected


@pytest.mark.parametrize("rule", GUIDELINE.rules, ids=lambda rule: rule.id)
def test_the_examples_of_a_rule_are_few_and_show_it_speak_and_stay_silent(rule: Rule) -> None:
    expected = [example.expected for example in examples_of(rule, GUIDELINE)]
    assert 2 <= len(expected) <= 9
    assert {"info", "warning", "critical"} & set(expected)
    assert "silent" in expected


@pytest.mark.parametrize("rule", GUIDELINE.rules, ids=lambda rule: rule.id)
def test_the_examples_at_the_thresholds_come_first_and_answer_differently(rule: Rule) -> None:
    examples = examples_of(rule, GUIDELINE)
    shown = at_thresholds(examples)
    assert len({example.expected for example in shown}) > 1
    assert [example for example in examples if example in shown] == list(shown)


def test_of_two_examples_that_differ_in_one_figure_and_answer_alike_none_is_at_a_threshold() -> None:
    rule = GUIDELINE.rules[0]
    told = [("1.9 mmol/L", "warning"), ("2.0 mmol/L", "warning"), ("2.2 mmol/L", "silent"), (None, "cannot tell")]
    examples = [
        Example(rule, {"name": str(value), "record": {"calcium": value}, "expect": what}) for value, what in told
    ]
    examples.append(Example(rule, {"name": "other", "order": {"drug": "denosumab"}, "record": {}, "expect": "silent"}))
    assert at_thresholds(examples) == tuple(examples[:4])
    assert at_thresholds([examples[0], examples[1], examples[4]]) == (examples[0], examples[4])


def test_facts_have_names() -> None:
    assert FACTS.keys() == Facts.__abstractmethods__ - {"today", "settings", "result", "on"}
    assert FACTS.keys() <= NEEDS.keys()


def test_every_clinical_setting_is_read_by_some_rule() -> None:
    shown = {name for entry in entries(Language.ENGLISH).values() for name, _, _ in entry.settings}
    assert shown == set(setting_texts(GUIDELINE.settings))


def test_a_site_that_changes_a_setting_sees_its_own_figure() -> None:
    whole = catalogue(GUIDELINE, Language.ENGLISH, replace(GUIDELINE.settings, vitamin_d_valid_days=90))
    shown = {
        name: value for chapter in whole.chapters for entry in chapter.entries for name, _, value in entry.settings
    }
    assert shown["vitamin_d_valid_days"] == "90"
