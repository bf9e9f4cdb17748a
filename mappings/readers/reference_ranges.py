"""The reference range of a result that is normal for this patient (`rules.md`, "Newest valid result", on reference ranges)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from mappings.dates import completed_years
from mappings.facts import ADULT_YEARS, Person
from mappings.quantities import decimal_of
from mappings.shapes import a_map, a_text, maps
from mappings.values import value
from mappings.vocabulary.reference_ranges import ANYBODY, NORMAL_KINDS, POPULATIONS, RANGE_WORDS, SEX_WORDS
from mappings.vocabulary.units import WEEK, YEAR, normalised_unit

LONGEST_WORDS = 200
"""Characters of the text of a range; a longer one is prose, and its range is not used."""

_WORD = re.compile(r"[^\W\d_]+")
_YEARS = {
    **dict.fromkeys(("a", "y", "yr", "year", "years", "an", "ans"), Decimal(1)),
    **dict.fromkeys(("mo", "month", "months", "mois"), Decimal(1) / 12),
    **dict.fromkeys(("wk", "week", "weeks", "semaine", "semaines"), Decimal(WEEK) / YEAR),
    **dict.fromkeys(("d", "day", "days", "jour", "jours"), Decimal(1) / YEAR),
}
_UNREADABLE = Decimal(-1)


@value
class NormalRange:
    """The limits of a healthy adult as this patient; `disagree` where several ranges fit and differ: then there are none."""

    lower: Decimal | None = None
    upper: Decimal | None = None
    disagree: bool = False


def normal_range(
    entries: object, limit: Callable[[object], Decimal | None], person: Person | None, today: date
) -> NormalRange:
    """The normal range among those of a result; `limit` reads one end of it in the unit of the analyte.

    Never raises. What says that it is of another kind, age, sex or population, or says so in words that we do not know, is
    not used.
    """
    lowers: set[Decimal] = set()
    uppers: set[Decimal] = set()
    for entry in maps(entries):
        lower, upper = limit(entry.get("low")), limit(entry.get("high"))
        if (lower is not None and upper is not None and lower >= upper) or not _fits(entry, person, today):
            continue
        lowers |= set() if lower is None else {lower}
        uppers |= set() if upper is None else {upper}
    if len(lowers) > 1 or len(uppers) > 1:
        return NormalRange(disagree=True)
    return NormalRange(next(iter(lowers), None), next(iter(uppers), None))


def _fits(entry: Mapping[str, Any], person: Person | None, today: date) -> bool:
    if entry.get("modifierExtension"):
        return False
    sexes: set[str] = set()
    kind, populations = entry.get("type"), list(maps(entry.get("appliesTo")))
    if not NORMAL_KINDS.issuperset(_codes_of(kind)):
        return False
    if not all(_understood(said, sexes) for said in (entry.get("text"), *_words_of(kind))):
        return False
    if not all(_population(one, sexes) for one in populations) or (entry.get("appliesTo") and not populations):
        return False
    sexes.discard(ANYBODY)
    if sexes and (person is None or sexes != {person.sex}):
        return False
    return not entry.get("age") or _of_age(a_map(entry.get("age")), person, today)


def _codes_of(concept: object) -> list[str]:
    found = (a_text(coding.get("code")) for coding in maps(a_map(concept).get("coding")))
    return [code.casefold() for code in found if code]


def _words_of(concept: object) -> Iterator[object]:
    """What a CodeableConcept says in words; a bare text is what was sent in its place."""
    if isinstance(concept, str):
        yield concept
        return
    told = a_map(concept)
    yield told.get("text")
    if isinstance(told.get("coding"), str):
        yield told["coding"]
    for coding in maps(told.get("coding")):
        if not a_text(coding.get("code")):
            yield coding.get("display")


def _understood(said: object, sexes: set[str]) -> bool:
    """All words are those of a normal range; the sexes that they name are added."""
    if said is None:
        return True
    if not isinstance(said, str) or len(said) > LONGEST_WORDS:
        return False
    words = {word.casefold() for word in _WORD.findall(said)}
    named = {SEX_WORDS[word] for word in words if word in SEX_WORDS}
    if len(named) == 1:
        sexes |= named
    return all(word in RANGE_WORDS or word in SEX_WORDS for word in words)


def _population(concept: Mapping[str, Any], sexes: set[str]) -> bool:
    codes = _codes_of(concept)
    if codes:
        known = [POPULATIONS.get(code) for code in codes]
        sexes |= {sex for sex in known if sex is not None}
        return any(sex is not None for sex in known)
    said = [word for word in _words_of(concept) if word]
    return bool(said) and all(_understood(word, sexes) for word in said)


def _of_age(age: Mapping[str, Any], person: Person | None, today: date) -> bool:
    """The range is one of adults, and the patient's age lies within it, whatever day a partial birth date means."""
    birth = None if person is None else person.birth
    low, high = (_years(age.get(end)) for end in ("low", "high"))
    if birth is None or low == high or _UNREADABLE in (low, high):
        return False
    youngest, oldest = completed_years(birth.last, today), completed_years(birth.first, today)
    return youngest >= max(low or 0, ADULT_YEARS) and (high is None or oldest <= high)


def _years(quantity: object) -> Decimal | None:
    """Years that a Quantity of age says; None for none, `_UNREADABLE` where it cannot be read."""
    if not quantity:
        return None
    told = a_map(quantity)
    number = decimal_of(told.get("value"))
    unit = _YEARS.get(normalised_unit(a_text(told.get("code")) or a_text(told.get("unit"))))
    return _UNREADABLE if number is None or unit is None or number < 0 else number * unit
