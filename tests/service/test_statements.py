"""Every statement of the documents is accounted for: at work in a rule, or named among what stays text, with the reason."""

from __future__ import annotations

from collections import Counter

import pytest

from service.guidelines import GUIDELINES
from service.languages.render import Language, render, sentence
from service.rules.citation import Citation
from service.rules.rule import Rule
from service.rules.statements import StaysText

ALL = GUIDELINES[0].statements
STATEMENTS = ALL.statements
RULES = {rule.id: rule for rule in GUIDELINES[0].rules}
LEFT = {one.id: one for one in ALL.stays_text}


def test_every_statement_is_at_work_in_a_rule_or_stays_text_and_never_both() -> None:
    assert [one.id for one in STATEMENTS if bool(one.rules) == (bool(one.stays_text))] == []


def test_every_rule_that_a_statement_names_exists() -> None:
    assert {name for one in STATEMENTS for name in one.rules} <= set(RULES)


def test_every_statement_that_stays_text_has_its_entry_and_every_entry_its_statement() -> None:
    assert {one.stays_text for one in STATEMENTS if one.stays_text} == set(LEFT)


def test_no_id_is_used_twice() -> None:
    assert [name for name, count in Counter(one.id for one in STATEMENTS).items() if count > 1] == []
    assert [name for name, count in Counter(one.id for one in ALL.stays_text).items() if count > 1] == []


def test_no_statement_is_told_twice_at_one_place() -> None:
    assert [key for key, count in Counter((one.citation, one.says) for one in STATEMENTS).items() if count > 1] == []


@pytest.mark.parametrize("rule", GUIDELINES[0].rules, ids=lambda rule: rule.id)
def test_every_place_that_a_rule_cites_holds_a_statement_that_the_rule_computes(rule: Rule) -> None:
    for citation in rule.citations:
        for place in places_of(citation):
            assert any(rule.id in one.rules and within(one.citation, citation, place) for one in STATEMENTS), (
                f"no statement at {citation.document} {citation.chapter} {place} names {rule.id}"
            )


@pytest.mark.parametrize("entry", ALL.stays_text, ids=lambda entry: entry.id)
def test_what_stays_text_is_cited_where_a_statement_stands(entry: StaysText) -> None:
    statements = [one for one in STATEMENTS if one.stays_text == entry.id]
    for place in places_of(entry.citation):
        assert any(within(one.citation, entry.citation, place) for one in statements), place


@pytest.mark.parametrize("entry", ALL.stays_text, ids=lambda entry: entry.id)
def test_what_stays_text_says_what_and_why_in_both_languages(entry: StaysText) -> None:
    for text in (entry.says, entry.why):
        said = {language: sentence(text, language) for language in Language}
        assert all(one.endswith(".") and one[0].isupper() for one in said.values()), said
        assert said[Language.ENGLISH] != said[Language.FRENCH]
    assert all(render(entry.citation.place, language) for language in Language) == bool(entry.citation.chapter)


def places_of(citation: Citation) -> list[str]:
    """The sections, tables and boxes that a citation names; one nameless place if none."""
    return citation.places.split(", ")


def within(statement: Citation, citation: Citation, place: str) -> bool:
    """The statement stands at that place of the document, or in a section under it."""
    if (statement.document, statement.chapter) != (citation.document, citation.chapter):
        return False
    return statement.places == place or statement.places.startswith(f"{place}.")
