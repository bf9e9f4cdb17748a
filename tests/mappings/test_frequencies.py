"""How often a drug is given, in words: French and English, adverbs, numbers and fractions; and what has no one meaning."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappings.vocabulary.frequencies import LONGEST_WORDS, Frequency, frequencies_in


@pytest.mark.parametrize(
    ("words", "period", "unit"),
    [
        *(
            ("toutes les 4 semaines", 4, "wk"),
            ("tous les 28 jours", 28, "d"),
            ("tous les mois", 1, "mo"),
            ("q4w", 4, "wk"),
        ),
        *(("Q 28 D", 28, "d"), ("q3mo", 3, "mo"), ("every 4 weeks", 4, "wk"), ("every three months", 3, "mo")),
        *(("every month", 1, "mo"), ("every other week", 2, "wk"), ("each month", 1, "mo"), ("chaque mois", 1, "mo")),
        *(("mensuel", 1, "mo"), ("injection MENSUELLE", 1, "mo"), ("monthly", 1, "mo"), ("trimestriel", 3, "mo")),
        *(
            ("quarterly", 3, "mo"),
            ("semestriel", 6, "mo"),
            ("annuel", 1, "a"),
            ("yearly", 1, "a"),
            ("bimestriel", 2, "mo"),
        ),
        *(
            ("hebdomadaire", 1, "wk"),
            ("weekly", 1, "wk"),
            ("quotidien", 1, "d"),
            ("daily", 1, "d"),
            ("fortnightly", 2, "wk"),
        ),
        *(
            ("1 fois par mois", 1, "mo"),
            ("une fois par an", 1, "a"),
            ("once a month", 1, "mo"),
            ("once monthly", 1, "mo"),
        ),
        *(
            ("1/mois", 1, "mo"),
            ("1x/4 sem", 4, "wk"),
            ("1 x / 4 semaines", 4, "wk"),
            ("1/84 j", 84, "d"),
            ("1×/3 mois", 3, "mo"),
        ),
        *(
            ("120 mg SC par mois", 1, "mo"),
            ("120 mg/mois", 1, "mo"),
            ("4 mg/4 semaines", 4, "wk"),
            ("1 par trimestre", 3, "mo"),
        ),
        *(("J1=J28", 28, "d"), ("J1 J8 (J1 = J22)", 21, "d"), ("q3m", 3, "mo"), ("1j/2", 2, "d"), ("/mois", 1, "mo")),
        *(("ttes les 4 sem", 4, "wk"), ("ts les mois", 1, "mo"), ("1 sem/2", 2, "wk")),
        *(("every three (3) months", 3, "mo"), ("toutes les quatre (4) semaines", 4, "wk"), ("1 inj./trim.", 3, "mo")),
        *(("3-monthly", 3, "mo"), ("three-monthly", 3, "mo"), ("4-weekly", 4, "wk"), ("1 semaine sur 4", 4, "wk")),
        *(("un jour sur deux", 2, "d"), ("tous les quinze jours", 15, "d"), ("toutes les douze semaines", 12, "wk")),
        *(("every 3-4 weeks", 4, "wk"), ("toutes les 4 à 6 semaines", 6, "wk"), ("tous les lundis", 1, "wk")),
        *(
            ("1 ampoule tous les 3 mois", 3, "mo"),
            ("4 mg en 15 min à 400 mL/h tous les mois", 1, "mo"),
            ("le 1er de chaque mois", 1, "mo"),
        ),
        *(
            ("2 comprimés par jour", 1, "d"),
            ("1 injection tous les six mois", 6, "mo"),
            ("toutes les\u00a04\u202fsemaines", 4, "wk"),
        ),
    ],
)
def test_words_say_the_time_between_two_doses(words, period, unit):
    assert frequencies_in(words) == ({Frequency(1, Decimal(period), unit)}, False)


@pytest.mark.parametrize(
    ("words", "times", "unit"),
    [
        *(("3 fois par jour", 3, "d"), ("2x/j", 2, "d"), ("twice a day", 2, "d"), ("three times a week", 3, "wk")),
        *(("2x täglich", 2, "d"), ("3-mal wöchentlich", 3, "wk"), ("zweimal pro Woche", 2, "wk"), ("x4/an", 4, "a")),
        *(("4 fois l'an", 4, "a"), ("1x/Monat", 1, "mo"), ("einmal im Monat", 1, "mo")),
        *(
            ("twice weekly", 2, "wk"),
            ("deux fois par semaine", 2, "wk"),
            ("1 à 3 fois par jour", 3, "d"),
            ("bimensuel", 2, "mo"),
        ),
    ],
)
def test_words_say_how_many_doses_there_are_in_a_period(words, times, unit):
    assert frequencies_in(words) == ({Frequency(times, Decimal(1), unit)}, False)


@pytest.mark.parametrize(
    "words",
    [
        *(
            "pendant 8 semaines",
            "for 8 weeks",
            "cycle de 21 jours",
            "für 8 Wochen",
            "IM 3 mois",
            "per os",
            "par voie orale",
            "à jeun",
            "le matin",
            "le 1/12/2026",
            "400 mL/h",
            "",
        ),
        *(
            "4 weeks",
            "every 0 days",
            "every three (4) months",
            "every (2) months",
            "selon protocole",
            "as before",
            "q",
            "tous les",
            "100 mL/min",
            "x" * LONGEST_WORDS + " monthly",
        ),
    ],
)
def test_words_that_do_not_say_how_often_give_nothing(words):
    assert frequencies_in(words) == (frozenset(), False)


@pytest.mark.parametrize(
    "words",
    [
        "biweekly",
        "bimonthly",
        "bi-annual visit, biannually",
        "bi-mensuel",
        "tri-hebdomadaire",
        "toutes les 4 s",
        "biannuel",
    ],
)
def test_words_of_two_meanings_are_told(words):
    assert frequencies_in(words) == (frozenset(), True)


@pytest.mark.parametrize(
    ("words", "period", "unit"),
    [
        *(
            ("alle 12 Wochen s.c.", 12, "wk"),
            ("alle drei Monate", 3, "mo"),
            ("jede 4. Woche", 4, "wk"),
            ("monatlich", 1, "mo"),
        ),
        *(
            ("vierteljährlich", 3, "mo"),
            ("12-wöchentlich", 12, "wk"),
            ("dreimonatlich", 3, "mo"),
            ("14-tägig", 14, "d"),
        ),
        *(("im Abstand von 12 Wochen", 12, "wk"), ("im 12-Wochen-Abstand", 12, "wk"), ("pro Quartal", 3, "mo")),
        *(
            ("intervalle de 12 semaines", 12, "wk"),
            ("à 12 semaines d'intervalle", 12, "wk"),
            ("espacé à 3 mois", 3, "mo"),
        ),
        *(("at 12-week intervals", 12, "wk"), ("every 2nd month", 2, "mo"), ("tt les 3 mois", 3, "mo")),
        *(("tous les vingt-huit jours", 28, "d"), ("R4/P84D", 84, "d"), ("P12W", 12, "wk")),
    ],
)
def test_intervals_are_read_in_german_too_and_from_the_words_for_them(words, period, unit):
    assert frequencies_in(words) == ({Frequency(1, Decimal(period), unit)}, False)


def test_words_that_say_two_things_give_both():
    assert len(frequencies_in("1 fois par semaine pendant 8 semaines puis 1 fois par mois")[0]) == 2
