"""How often a drug is given: the codes and the words, French and English, that say it. What they do not hold is not read.

Sources: HL7 v3 `GTSAbbreviation` and the codes of FHIR's `Timing.code`; the words are those of French and English
prescriptions. Words are in lower case and without accents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from mappings.vocabulary.letters import without_accents
from mappings.vocabulary.units import WEEK

LONGEST_WORDS = 300
"""Characters of a dosage in words; what stands behind them is not read."""


class Frequency(NamedTuple):
    """So many times in a period: twice (`times`) in 1 (`period`) week (`unit`, of FHIR)."""

    times: int
    period: Decimal
    unit: str


def _every(number: int, unit: str, times: int = 1) -> Frequency:
    return Frequency(times, Decimal(number), unit)


CODES: Mapping[str, Frequency] = MappingProxyType(
    {
        **dict.fromkeys(("QD", "AM", "PM", "BED", "DAILY", "HS"), _every(1, "d")),
        "BID": _every(1, "d", 2),
        "TID": _every(1, "d", 3),
        "QID": _every(1, "d", 4),
        "QOD": _every(2, "d"),
        **dict.fromkeys(("WK", "QWK", "WEEKLY"), _every(7, "d")),
        **dict.fromkeys(("MO", "QMO", "MONTHLY"), _every(1, "mo")),
        **dict.fromkeys(("YEARLY", "ANNUALLY"), _every(1, "a")),
    }
)
"""Abbreviations that are sent as a code."""

ONCE = frozenset({"ONCE", "STAT", "X1", "1X", "ONE TIME", "DOSE UNIQUE", "UNE SEULE FOIS", "SINGLE DOSE"})
"""Codes and words of a dose that is given one time."""

AS_NEEDED = frozenset({"PRN", "ASN"})
"""Codes that state no interval, and are understood."""

PERIODS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        **dict.fromkeys(["s", "sec", "second", "seconds", "seconde", "secondes"], (1, "s")),
        **dict.fromkeys(["min", "mn", "minute", "minutes"], (1, "min")),
        **dict.fromkeys(["h", "hr", "hrs", "hour", "hours", "heure", "heures"], (1, "h")),
        **dict.fromkeys(
            ["d", "day", "days", "j", "jr", "jrs", "jour", "jours", "tag", "tage", "tagen", "tags"], (1, "d")
        ),
        **dict.fromkeys(["w", "wk", "wks", "week", "weeks", "sem", "semaine", "semaines"], (1, "wk")),
        **dict.fromkeys(["wo", "wch", "woche", "wochen"], (1, "wk")),
        **dict.fromkeys(["mo", "mos", "mth", "mths", "month", "months", "mois"], (1, "mo")),
        **dict.fromkeys(
            ["monat", "monate", "monaten", "monats", "mte", "calendar month", "calendar months"], (1, "mo")
        ),
        **dict.fromkeys(["quarter", "quarters", "trimestre", "trimestres", "trim", "quartal", "quartale"], (3, "mo")),
        **dict.fromkeys(["semestre", "semestres", "halbjahr"], (6, "mo")),
        **dict.fromkeys(
            ["y", "yr", "yrs", "year", "years", "an", "ans", "annee", "annees", "jahr", "jahre", "jahren"], (1, "a")
        ),
        **dict.fromkeys(["std", "stunde", "stunden"], (1, "h")),
        **dict.fromkeys(["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"], (1, "wk")),
        **dict.fromkeys(["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"], (1, "wk")),
        **dict.fromkeys(["lundis", "mardis", "mercredis", "jeudis", "vendredis", "samedis", "dimanches"], (1, "wk")),
        **dict.fromkeys(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], (1, "wk")),
    }
)
"""The words of a period: how many of which unit of FHIR."""

NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(["un", "une", "one", "once", "ein", "eine", "einen", "einer", "eines"], 1),
        **dict.fromkeys(
            ["deux", "two", "twice", "other", "second", "zwei", "zweite", "zweiten", "zweiter", "zweites"], 2
        ),
        **dict.fromkeys(["trois", "three", "thrice", "third", "drei", "dritte", "dritten", "dritter", "drittes"], 3),
        **dict.fromkeys(["quatre", "four", "fourth", "vier", "vierte", "vierten", "vierter"], 4),
        **dict.fromkeys(["cinq", "five", "funf"], 5),
        **dict.fromkeys(["six", "sixth", "sechs"], 6),
        **dict.fromkeys(["sept", "seven", "sieben"], 7),
        **dict.fromkeys(["huit", "eight", "eighth", "acht"], 8),
        **dict.fromkeys(["neuf", "nine", "neun"], 9),
        **dict.fromkeys(["dix", "ten", "zehn"], 10),
        **dict.fromkeys(["douze", "twelve", "twelfth", "zwolf"], 12),
        **dict.fromkeys(["quatorze", "fourteen", "vierzehn"], 14),
        "quinze": 15,
        **dict.fromkeys(["vingt huit", "vingt-huit", "twenty eight", "twenty-eight"], 28),
    }
)
"""Numbers in words, from "every other" and "twice" to "quinze jours"."""

ADVERBS: Mapping[str, Frequency] = MappingProxyType(
    {
        **dict.fromkeys(["taglich", "tgl"], _every(1, "d")),
        "tagig": _every(1, "d"),
        **dict.fromkeys(["wochentlich", "wochentl", "wochtl"], _every(1, "wk")),
        **dict.fromkeys(["monatlich", "monatl", "mtl"], _every(1, "mo")),
        **dict.fromkeys(["vierteljahrlich", "quartalsweise"], _every(3, "mo")),
        **dict.fromkeys(["halbjahrlich"], _every(6, "mo")),
        **dict.fromkeys(["jahrlich", "jahrl"], _every(1, "a")),
        **dict.fromkeys(
            ["daily", "quotidien", "quotidienne", "quotidiennement", "journalier", "journaliere"], _every(1, "d")
        ),
        **dict.fromkeys(["weekly", "hebdomadaire", "hebdomadairement", "hebdo"], _every(1, "wk")),
        "fortnightly": _every(2, "wk"),
        **dict.fromkeys(["bimensuel", "bimensuelle", "bimensuellement"], _every(1, "mo", 2)),
        **dict.fromkeys(["monthly", "mensuel", "mensuelle", "mensuellement"], _every(1, "mo")),
        **dict.fromkeys(["bimestriel", "bimestrielle", "bimestriellement"], _every(2, "mo")),
        **dict.fromkeys(["quarterly", "trimestriel", "trimestrielle", "trimestriellement"], _every(3, "mo")),
        **dict.fromkeys(["semestriel", "semestrielle", "semestriellement"], _every(6, "mo")),
        **dict.fromkeys(["yearly", "annually", "annual", "annuel", "annuelle", "annuellement"], _every(1, "a")),
    }
)
"""Words that say how often by themselves."""

AMBIGUOUS = frozenset(
    (
        *("biweekly", "bimonthly", "biannual", "biannually", "semiweekly", "bihebdomadaire", "bisannuel"),
        *("bisannuelle", "biannuel", "biannuelle"),
    )
)
"""Words that mean twice in a period as well as every second one, or are often taken so: they say nothing, and are stated."""

_IN_TWO_WORDS = "|".join(
    sorted(
        {one.removeprefix("bi") for one in AMBIGUOUS if one.startswith("bi")} | {"yearly", "mensuel", "mensuelle"},
        key=len,
        reverse=True,
    )
)
"""What stands behind « bi- » or « tri- », whatever it is then."""

_DIVISIBLE: Mapping[str, str] = MappingProxyType(
    {
        "daily": "d",
        "weekly": "wk",
        "monthly": "mo",
        "yearly": "a",
        "tagig": "d",
        "wochentlich": "wk",
        "wochentl": "wk",
        "monatlich": "mo",
        "monatl": "mo",
        "jahrlich": "a",
    }
)
_COUNT = rf"(?:\d{{1,3}}(?:st|nd|rd|th|e|eme)?|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_PERIOD = "|".join(sorted(PERIODS, key=len, reverse=True))
_RANGE = rf"(?:{_COUNT}\s?(?:-|a|to|ou|or)\s?)?{_COUNT}"
_DOSES = r"(?:injections?|inj|perfusions?|perf|prises?|doses?|administrations?|infusions?|cures?)"
_FREQUENCY = (
    rf"\b(?P<ambiguous>{'|'.join(sorted(AMBIGUOUS))}|(?:bi|semi|tri)[\s-](?:{_IN_TWO_WORDS}))\b"
    r"|\bj1\s?=\s?j(?P<cycle>\d{1,3})\b|\bq\s?(?P<months>\d{1,2})\s?m\b"
    rf"|\b(?:1\s?|une?\s)(?P<alternate>{_PERIOD})\s?(?:sur|out of|/)\s?(?P<of>{_COUNT})\b"
    rf"|\bp(?P<iso>\d{{1,3}})(?P<iso_unit>[dwmy])\b"
    rf"|\b(?:intervalles?|intervals?|espace(?:e?s?|ment)|abstand)\s(?:(?:de|d'|a|of|von|tous les|toutes les)\s?)?"
    rf"(?P<apart>{_RANGE})[\s-]?(?P<apart_unit>{_PERIOD})\b"
    rf"|\b(?P<set_apart>{_RANGE})[\s-]?(?P<set_apart_unit>{_PERIOD})s?[\s-]?(?:d'intervalle|intervals?|apart|abstande?n?|rhythmus|takt)\b"
    rf"|(?:\b|\A)(?:(?:\bx\s?)?(?P<times>{_RANGE})\s?(?:x|fois|times?|mal|{_DOSES})?\s?)?"
    r"(?:\b(?:par|per|tous les|toutes les|ts les|tt?e?s? les|every|each|chaque|q|alle|pro|je|jede[nrsm]?)|(?<=fois )l'"
    r"|(?<=mal)\sim|(?<=[\dx])\sim(?=\s(?:monat|jahr|quartal|halbjahr))|(?:(?<=[\da-z])|\A)\s?/"
    r"|(?:(?<=\bonce)|(?<=\btwice)|(?<=\btimes)|(?<=\btime))\sa)"
    rf"\s?(?P<number>{_RANGE})?\s?(?P<period>{_PERIOD})\b"
    rf"|\b(?:(?P<adverb_times>{_COUNT})(?P<by>[\s-]?(?:x|fois|times?|mal)?)[\s-]?)?(?P<adverb>{'|'.join(sorted(ADVERBS))})\b"
)


@cache
def _any_frequency() -> re.Pattern[str]:
    """Compiled when words are first read: that takes longer than to answer a request without any."""
    return re.compile(_FREQUENCY)


_OF_A_RATE = frozenset({"s", "min", "h"})
"""«400 mL/h» is a rate; only «toutes les 8 heures» is a frequency."""

_EVERY = re.compile(r"tou|every|each|chaque|alle|jede|\bq")
_SIGNS = str.maketrans({"’": "'", "‑": "-", "–": "-", "—": "-", "×": "x", "⁄": "/", ".": " ", ",": " "})


_SAID_TWICE = re.compile(rf"\b(?P<word>{'|'.join(NUMBERS)}) ?\((?P<figure>\d{{1,2}})\)")
"""A number that stands again in brackets, as on prescriptions: «every three (3) months»."""


def plain_words(said: str) -> str:
    """Words without regard to case, accents, blanks and points, cut at `LONGEST_WORDS`."""
    plain = " ".join(without_accents(said[:LONGEST_WORDS].casefold()).translate(_SIGNS).split())
    return _SAID_TWICE.sub(
        lambda twice: twice["word"] if NUMBERS[twice["word"]] == int(twice["figure"]) else twice[0], plain
    )


def frequencies_in(said: str) -> tuple[frozenset[Frequency], bool]:
    """The frequencies that words state, and whether they state one that has two meanings."""
    return _frequencies_in(said[:LONGEST_WORDS])


@lru_cache(maxsize=1024)
def _frequencies_in(said: str) -> tuple[frozenset[Frequency], bool]:
    found = set()
    ambiguous = False
    for match in _any_frequency().finditer(plain_words(said)):
        if match["ambiguous"] or _is_of_weeks_or_seconds(match):
            ambiguous = True
        else:
            found |= {frequency for frequency in (_frequency(match),) if frequency is not None}
    return frozenset(found), ambiguous


def _is_of_weeks_or_seconds(match: re.Match[str]) -> bool:
    """« Toutes les 4 s » are weeks to who writes it, and seconds to who reads it."""
    return match["period"] == "s" and _EVERY.search(match[0]) is not None


def _of_cycle(last_day: int) -> Frequency | None:
    """« J1 = J29 », and « J1 = J28 » of who counts the days of the cycle: every 28 days."""
    return _positive(1, last_day if last_day % WEEK == 0 else last_day - 1, "d")


def _frequency(match: re.Match[str]) -> Frequency | None:
    if match["cycle"]:
        return _of_cycle(int(match["cycle"]))
    if match["months"]:
        return _positive(1, int(match["months"]), "mo")
    if match["iso"]:
        return _positive(1, int(match["iso"]), {"d": "d", "w": "wk", "m": "mo", "y": "a"}[match["iso_unit"]])
    if (number := match["apart"] or match["set_apart"]) is not None:
        size, unit = PERIODS[match["apart_unit"] or match["set_apart_unit"]]
        return None if unit in _OF_A_RATE else _positive(1, _highest(number) * size, unit)
    if match["alternate"]:
        size, unit = PERIODS[match["alternate"]]
        return _positive(1, _highest(match["of"]) * size, unit)
    if match["adverb"]:
        return _by_adverb(match)
    size, unit = PERIODS[match["period"]]
    if unit in _OF_A_RATE and not _EVERY.search(match[0]):
        return None
    times = _highest(match["times"]) if match["times"] else 1
    return _positive(times, (_highest(match["number"]) if match["number"] else 1) * size, unit)


def _by_adverb(match: re.Match[str]) -> Frequency | None:
    """«Twice weekly», «3 fois par jour» count doses; «three-monthly» counts months."""
    adverb, told = ADVERBS[match["adverb"]], match["adverb_times"]
    if told is None:
        return adverb
    number, unit = _highest(told), _DIVISIBLE.get(match["adverb"])
    counts_doses = match["by"].strip(" -") != "" or told in ("once", "twice", "thrice")
    if unit is None and counts_doses and adverb.times == adverb.period == 1:
        unit = adverb.unit
    if unit is None:
        return None
    return _positive(number, 1, unit) if counts_doses else _positive(1, number, unit)


def _highest(said: str) -> int:
    """The number, or the high end of a range."""
    return max(_numbers(said), default=0)


def _numbers(said: str) -> Iterator[int]:
    if said in NUMBERS:
        yield NUMBERS[said]
        return
    for word in re.findall(r"\d+|[a-z]+", said):
        if word.isdigit():
            yield int(word)
        elif word in NUMBERS:
            yield NUMBERS[word]


def _positive(times: int, number: int, unit: str) -> Frequency | None:
    return Frequency(times, Decimal(number), unit) if times > 0 and number > 0 else None
