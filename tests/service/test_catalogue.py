"""The catalogue: complete, and current in the repository."""

from __future__ import annotations

import pytest
from tools import catalogue as generator

from mappings.facts import ClinicalSettings, Facts, setting_texts
from service.catalogue.entries import CHAPTER_TITLES, FACTS, SAID, catalogue
from service.languages.render import Language
from service.rules import CHAPTERS


def test_what_the_rules_say_is_current() -> None:
    assert SAID.read_bytes() == generator.said_by_all(), "run `make catalogue` and read what it changed"


@pytest.mark.parametrize("language", Language)
def test_the_file_to_be_read_and_signed_is_current(language: Language) -> None:
    file = generator.path_of(language).read_text(encoding="utf-8")
    assert file == generator.to_read(language), "run `make catalogue` and read what it changed"


@pytest.mark.parametrize("language", Language)
def test_every_rule_has_its_entry_with_all_that_a_reader_signs(language: Language) -> None:
    whole = catalogue(language, ClinicalSettings())
    entries = {entry.id: entry for chapter in whole.chapters for entry in chapter.entries}
    assert set(entries) == {rule.id for rule in GUIDELINES[0].rules}
    for entry in entries.values():
        assert entry.statement
        assert entry.source
        assert entry.triggers
        assert entry.cards
        assert entry.scenarios


def test_facts_and_chapters_have_names() -> None:
    assert set(FACTS) == Facts.__abstractmethods__ - {"today", "settings"}
    assert set(CHAPTER_TITLES) == {module.__name__.rpartition(".")[2] for module in CHAPTERS}


def test_every_clinical_setting_is_read_by_some_rule() -> None:
    said = {name for rule in GUIDELINES[0].rules for name in generator.said(rule)["settings"]}
    assert said == set(setting_texts())


def test_a_site_that_changes_a_setting_sees_its_own_figure() -> None:
    whole = catalogue(Language.ENGLISH, ClinicalSettings(vitamin_d_valid_days=90))
    shown = {
        name: value for chapter in whole.chapters for entry in chapter.entries for name, _, value in entry.settings
    }
    assert shown["vitamin_d_valid_days"] == "90"
