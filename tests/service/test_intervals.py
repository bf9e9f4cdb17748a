"""The tables of intervals: every drug that asks has a row, and a row is said with the figures that decide."""

from __future__ import annotations

import pytest

from mappings.facts import Drug
from mappings.vocabulary import concept_sets as sets
from mappings.wording import _
from service.languages.render import Language, render
from service.rules.bone_metastases.healing import HEALED, OPERATED_BONE, OPERATED_SPINE
from service.rules.bone_metastases.windows import TABLE_6
from service.rules.condition import shown
from service.rules.naming import a_time


def drug(*concepts):
    return Drug(frozenset(concepts), _("a drug"), identified=True)


@pytest.mark.parametrize("concept", sorted(sets.RADIOSENSITISERS))
def test_every_radiosensitiser_has_a_window(concept):
    assert TABLE_6.of(drug(concept)) in [window for _concepts, window in TABLE_6.rows]


def test_other_drugs_have_no_window():
    with pytest.raises(KeyError):
        TABLE_6.of(drug("pemetrexed"))


def test_the_strictest_drug_of_a_combination_counts():
    assert TABLE_6.of(drug(*sets.DOXORUBICIN, *sets.GEMCITABINE)).days == 28


def said(text):
    return render(text, Language.ENGLISH)


def test_a_window_is_said_in_weeks_where_they_are_whole():
    assert [said(window.said) for _concepts, window in TABLE_6.rows if window.said] == ["4 weeks", "4 weeks", "8 days"]


def test_healing_is_said_as_the_sources_say_it():
    assert [said(one.said) for one in (HEALED, OPERATED_BONE, OPERATED_SPINE)] == [
        "3 weeks",
        "15 days to 3 weeks",
        "2 to 3 weeks (spine)",
    ]


@pytest.mark.parametrize(
    ("days", "english", "french"),
    [
        (0, "0 days", "0 jour"),
        (1, "1 day", "1 jour"),
        (28, "28 days", "28 jours"),
        (30, "30 days", "30 jours"),
        (60, "2 months", "2 mois"),
        (90, "3 months", "3 mois"),
        (91, "91 days", "91 jours"),
        (182, "182 days", "182 jours"),
        (183, "6 months", "6 mois"),
        (365, "1 year", "1 an"),
        (730, "2 years", "2 ans"),
    ],
)
def test_days_are_said_as_a_person_says_them(days: int, english: str, french: str) -> None:
    text = a_time(days)
    assert render(text, Language.ENGLISH) == english
    assert render(text, Language.FRENCH).replace("\u00a0", " ") == french


def test_a_figure_of_a_setting_is_a_time_where_it_counts_days() -> None:
    assert shown("dental_valid_days", 183) == a_time(183)
    assert shown("haemostasis_valid_days_on_cytotoxic", 90) == a_time(90)
    assert shown("unstable_sins", 90) == 90
