"""A patient's sheet for the board in words, as the screen keeps it until the list is printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from mappings.facts import Facts, Known, Person
from mappings.shapes import a_text, maps
from mappings.wording import Text, _
from service.cards.results import lines, remarks
from service.languages.render import Language, plain, sentence
from service.population.chart import Chart
from service.rules.guideline import Guideline, Rounding
from service.rules.sheet import Section, Sheet

SEXES = {"female": _("woman"), "male": _("man")}


def sheet_of(
    guideline: Guideline, record: Facts, chart: Chart, language: Language, *, ended: Text | None
) -> Mapping[str, Any] | None:
    """The sheet as JSON; None where the guideline has none. A defect of ours is told on it.

    `ended` is why nobody acts on the record, and so why no rule speaks.
    """
    if guideline.sheet is None:
        return None
    try:
        told = _told(guideline.sheet, record, guideline.rounding_of(record), language)
    except Exception as error:  # noqa: BLE001 - as in asking a rule
        defect = _("a defect of the service ({error})", error=type(error).__name__)
        told = {"sections": [], "missing": [_words(defect, language)]}
    over = "" if ended is None else _words(ended, language)
    return {"guideline": guideline.id, "ended": over, **_who(record, chart, language), **told}


def _told(sheet: Sheet, record: Facts, rounding: Rounding, language: Language) -> dict[str, Any]:
    return {
        "sections": [
            {
                "title": _words(one.title, language),
                "lines": list(dict.fromkeys(_words(line, language) for line in _lines(one, record, rounding))),
                "gaps": list(dict.fromkeys(_words(gap, language) for gap in one.gaps)),
            }
            for one in sheet.of(record)
        ],
        "missing": [_words(one, language) for one in sheet.missing(record)],
    }


def _lines(section: Section, record: Facts, rounding: Rounding) -> Iterator[Text]:
    yield from lines(section.basis, rounding, record.exposures.entries)
    yield from section.says
    yield from remarks(section.basis)


def _who(record: Facts, chart: Chart, language: Language) -> dict[str, str]:
    """Name, sex and birth date, as far as the Patient resource holds them."""
    person = record.person.value if isinstance(record.person, Known) else Person(None, None, "")
    resource = next((one for one in chart.by_type.get("Patient", ()) if one.get("id") == chart.patient_id), {})
    sex = SEXES.get(person.sex or "")
    born = "" if person.birth is None else _words(_("{when}", when=person.birth), language)
    return {
        "name": _name(maps(resource.get("name"))),
        "sex": "" if sex is None else _words(sex, language),
        "born": born,
    }


def _name(names: Iterable[Mapping[str, Any]]) -> str:
    for one in names:
        given = one.get("given")
        parts = [a_text(one.get("family")), *(map(a_text, given) if isinstance(given, list) else ())]
        if told := a_text(one.get("text")) or " ".join(filter(None, parts)):
            return told
    return ""


@lru_cache(maxsize=8192)
def _words(text: Text, language: Language) -> str:
    """In words; the same few stand on most sheets of a cohort."""
    return plain(sentence(text, language))
