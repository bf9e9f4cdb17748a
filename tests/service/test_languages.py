"""The catalogues of messages: complete and current in every domain, each holding the sentences of its own folder alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tools.messages import Domain, domains, problems

from mappings.wording import Text, _, marks_of
from service.guidelines import GUIDELINES
from service.languages.render import Language, render

MARKS = {"_", "_c", "_n"}


@pytest.mark.parametrize("domain", domains(), ids=lambda domain: domain.folder.name)
def test_every_catalogue_holds_what_the_code_says_translated_with_its_placeholders(domain: Domain) -> None:
    assert [path.stem for path in domain.catalogues] == [one.value for one in Language if one is not Language.ENGLISH]
    for path in domain.catalogues:
        assert list(problems(path, domain)) == [], "run `make messages`, and translate what is new"


@pytest.mark.parametrize("guideline", GUIDELINES, ids=lambda guideline: guideline.id)
def test_a_guideline_marks_its_sentences_with_its_own_marks(guideline) -> None:
    for path in guideline.folder.glob("*.py"):
        imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        ours = {name.name for one in imports if one.module == "mappings.wording" for name in one.names}
        assert not ours & MARKS, f"{path.name} marks sentences that our catalogues would have to hold"
    assert guideline.title.domain == str(guideline.folder)


CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n > 1);\\n"

msgid "stable"
msgstr "solide"

msgctxt "of a horse"
msgid "stable"
msgstr "écurie"

msgid "one horse"
msgid_plural "{number} horses"
msgstr[0] "un cheval"
msgstr[1] "{number} chevaux"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fr.po").write_text(CATALOGUE, encoding="utf-8")
    return tmp_path


def french(text: Text) -> str:
    return render(text, Language.FRENCH)


def test_a_sentence_is_looked_up_in_its_own_domain_then_in_ours_and_stays_english_else(folder: Path) -> None:
    here, in_context, of_number = marks_of(folder)
    assert french(here("stable")) == "solide"
    assert french(in_context("of a horse", "stable")) == "écurie"
    assert [french(of_number("one horse", "{number} horses", count)) for count in (1, 2)] == ["un cheval", "2 chevaux"]
    assert french(here("undated")) == french(_("undated")) != "undated"
    assert french(here("no such sentence")) == "no such sentence"
    assert french(_("stable")) == "stable"


def test_more_parameters_leave_a_sentence_in_its_domain(folder: Path) -> None:
    text = marks_of(folder).plain("stable").with_(number=2)
    assert text.domain == str(folder)
    assert french(text) == "solide"


def test_equal_sentences_are_equal_wherever_they_are_translated(folder: Path) -> None:
    assert marks_of(folder).plain("stable") == _("stable")


@pytest.mark.parametrize(
    ("words", "in_french"),
    [
        ("ICD-10 K10.2", "CIM-10 K10.2"),
        ("ICD-9-CM 526.4", "CIM-9-CM 526.4"),
        ("SNOMED CT 47625008", "SNOMED CT 47625008"),
        ("ICD-10 says otherwise", "ICD-10 says otherwise"),
        ("an ICD-10 K10.2", "an ICD-10 K10.2"),
    ],
)
def test_a_code_without_words_is_shown_with_the_name_of_its_system_in_the_language(words: str, in_french: str) -> None:
    assert french(_("{drug}: its last dose is not dated", drug=words)).startswith(f"{in_french}\u202f:")
    assert render(_("{what}: {why}", what=words, why=words), Language.ENGLISH).startswith(words)
