"""What a translation owes its message: every form, every name, every mark; and what `make messages` finds wrong.

That the catalogues hold what the code says is held by `test_languages.py`.
"""

from __future__ import annotations

import re
import sys
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.plurals import get_plural
from tools import messages
from tools.messages import Domain, brought_up_to_date, catalogue_of, domains, problems

from service.languages.messages import read

CATALOGUES = [path for domain in domains() for path in domain.catalogues]
MESSAGES = [(path, message) for path in CATALOGUES for message in catalogue_of(path) if message.id]


def strings(told: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """One text, or each of its plural forms."""
    return (told,) if isinstance(told, str) else tuple(told)


def placeholders(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None}


# --- ours -------------------------------------------------------------------------------------------------------------


def test_a_catalogue_counts_its_plural_forms_as_its_language_does():
    for path in CATALOGUES:
        catalogue = catalogue_of(path)
        assert catalogue.num_plurals == get_plural(path.stem).num_plurals
        for message in catalogue:
            if message.pluralizable:
                assert len(strings(message.string)) == catalogue.num_plurals, message.id


def test_a_translation_has_the_placeholders_of_its_message():
    lacking = [message.id for _path, message in MESSAGES if lacks(message)]
    assert lacking == []


def lacks(message: Message) -> set[str]:
    """What the message shows and a form of its translation does not; a singular may spell its number out."""
    spelled = {"number"} if message.pluralizable else set()
    forms = zip(strings(message.id), strings(message.string), strict=True)
    return set().union(*(placeholders(english) - placeholders(other) - spelled for english, other in forms))


def test_a_translation_keeps_the_marks_of_a_message():
    for path, message in MESSAGES:
        said = " ".join(strings(message.string)).replace("\n\t", " ")  # as click begins a list
        assert not re.search(r"\s\s|\{\s|\s\}", said), (path.name, message.id)
        assert said.count("«") == said.count("»"), (path.name, message.id)


# --- what the tool finds ----------------------------------------------------------------------------------------------

CODE = """
from mappings.wording import _, _c, _n

FEW = _n("{number} dose of {drug}", "{number} doses of {drug}", number, drug=drug)
MEASURED = _("measured {when}", when=when)
AFTER_A_VERB = _c("after a verb", "{when}", when=when)
"""
TRANSLATED = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\n"

msgid "{number} dose of {drug}"
msgid_plural "{number} doses of {drug}"
msgstr[0] "{number} dose de {drug}"
msgstr[1] "{number} doses de {drug}"

msgid "measured {when}"
msgstr "mesuré {when}"

msgctxt "after a verb"
msgid "{when}"
msgstr "le {when}"
"""


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Domain:
    """A domain of one module and one complete catalogue."""
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    (tmp_path / "toy.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "fr.po").write_text(TRANSLATED, encoding="utf-8")
    return Domain(tmp_path, (tmp_path / "toy.py",))


def found(toy: Domain, before: str = "", after: str = "") -> list[str]:
    (path,) = toy.catalogues
    path.write_text(TRANSLATED.replace(before, after), encoding="utf-8")
    return list(problems(path, toy))


def test_a_complete_catalogue_has_no_problem(toy):
    assert found(toy) == []


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('msgid "measured {when}"\nmsgstr "mesuré {when}"\n', "", "missing: ('measured {when}', None)"),
        ('msgid "measured {when}"', 'msgid "weighed {when}"', "left over: ('weighed {when}', None)"),
        ('"mesuré {when}"', '""', "not translated: measured {when}"),
        ('msgstr[1] "{number} doses de {drug}"', 'msgstr[1] ""', "not translated: "),
        ('"mesuré {when}"', '"mesuré {quand}"', "other placeholders: measured {when}"),
        ('msgid "measured', '#, fuzzy\nmsgid "measured', "not translated: measured {when}"),
        ('msgctxt "after a verb"', 'msgctxt "after a noun"', "missing: ('{when}', 'after a verb')"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_named(toy, before, after, problem):
    assert before in TRANSLATED
    assert any(one.startswith(problem) for one in found(toy, before, after))


def test_what_the_code_says_anew_waits_for_its_translation_and_what_it_says_no_more_is_gone(toy):
    (path,) = toy.catalogues
    toy.modules[0].write_text(CODE.replace("measured", "weighed"), encoding="utf-8")
    current = brought_up_to_date(path, toy)
    assert {message.id: message.string for message in current if message.id and not message.pluralizable} == {
        "weighed {when}": "",
        "{when}": "le {when}",
    }
    assert current.num_plurals == 2


# --- compiled once ----------------------------------------------------------------------------------------------------

CATALOGUE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "calcium"\nmsgstr "{french}"\n'


def test_a_catalogue_is_parsed_once_and_again_when_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "fr.po"
    path.write_text(CATALOGUE.format(french="calcium dosé"), encoding="utf-8")
    assert read(path).gettext("calcium") == "calcium dosé"
    with monkeypatch.context() as patched:
        patched.setattr("babel.messages.pofile.read_po", None)
        assert read(path).gettext("calcium") == "calcium dosé"
    path.write_text(CATALOGUE.format(french="calcémie"), encoding="utf-8")
    assert read(path).gettext("calcium") == "calcémie"
    assert [one.suffix for one in (tmp_path / "__pycache__").iterdir()] == [".mo"]


def test_a_catalogue_in_a_place_that_cannot_be_written_is_read_all_the_same(tmp_path):
    path = tmp_path / "fr.po"
    path.write_text(CATALOGUE.format(french="calcémie"), encoding="utf-8")
    (tmp_path / "__pycache__").write_text("no folder")
    assert read(path).gettext("calcium") == "calcémie"
