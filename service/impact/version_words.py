"""What was proved of two versions, and what was not, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mappings.wording import Text, _
from service.impact.proof_words import printed_lines
from service.impact.rule_changes import RuleChange
from service.impact.versions import Compared
from service.languages.render import COLONS, Language, spoken

SAID: Mapping[str, Text] = {
    "roots": _("old: {old}; new: {new}"),
    "one place": _("both are the code in {folder}"),
    "guideline alone": _("{guideline}: a guideline of one version alone"),
    "guideline": _("{guideline}: {old} becomes {new}"),
    "setting": _("setting {name}: {old} becomes {new}"),
    "gone": _("Rules of the old version alone"),
    "added": _("Rules of the new version alone"),
    "proved": _("Their figures alone differ (proved on the numbers left open)"),
    "left": _("Changed, not proved: compare on a cohort"),
    "road": _(
        "Records are read, or rules asked, by other code or lists; that concerns every rule: compare on a cohort"
    ),
    "words": _("What they say alone differs, not when"),
    "figure": _("{where}: {old} becomes {new}"),
    "code": _("code of {where}"),
    "rests on": _("rests on {setting}"),
    "compared": _("compared: {examples} examples of these rules, and {lines} numbers left open in them"),
    "foreign": _("examples that one version does not understand, not compared: {count}"),
    "no days": _("days were not tried: too many rules differ"),
    "alike": _("the same code, figures and settings, so the same answers for every patient: {count} rules"),
    "alike but": _("the same code, figures and settings: {count} rules; what they are told of a patient may differ"),
}

MOST_SHOWN = 12
"""Of what differs of one rule."""


def printed(found: tuple[tuple[str, str], tuple[Compared, ...], tuple[str, ...]], language: Language) -> Iterator[str]:
    """Both versions; of each guideline what differs, where answers do, what a cohort must show, and what is the same."""
    roots, guidelines, alone = found
    if roots[0] == roots[1]:
        yield _say(language, "one place", folder=roots[0])
    else:
        yield _say(language, "roots", old=roots[0], new=roots[1])
    for guideline in alone:
        yield _say(language, "guideline alone", guideline=guideline)
    for one in guidelines:
        yield ""
        yield from _of_guideline(one, language)


def _of_guideline(one: Compared, language: Language) -> Iterator[str]:
    yield _say(language, "guideline", guideline=one.guideline, old=one.versions[0], new=one.versions[1])
    for name, old, new in one.written.settings:
        yield _say(language, "setting", name=name, old=old, new=new)
    yield from _listed("gone", one.written.gone, language)
    yield from _listed("added", one.written.added, language)
    yield ""
    yield from printed_lines(one.proof, language)
    yield from _listed("proved", _changes(one.proved, language), language)
    yield from _listed("left", _changes(one.left, language), language)
    yield from _listed("road", one.written.road, language)
    yield from _listed("words", (each.rule for each in one.written.rules if each.words), language)
    yield ""
    yield _say(language, "compared", examples=one.proof.examples, lines=one.proof.lines)
    if one.foreign:
        yield _say(language, "foreign", count=one.foreign)
    if not one.by_day:
        yield _say(language, "no days")
    yield _say(language, "alike but" if one.written.road else "alike", count=one.alike)


def _changes(rules: Iterable[RuleChange], language: Language) -> Iterator[str]:
    """A line a rule: which figures, which code, which settings."""
    for one in rules:
        told = [_say(language, "code", where=where) for where in one.code]
        told += [_say(language, "figure", where=each.where, old=each.old, new=each.new) for each in one.figures]
        told += [_say(language, "rests on", setting=setting) for setting in one.settings]
        more = f" … (+{len(told) - MOST_SHOWN})" if len(told) > MOST_SHOWN else ""
        yield f"{one.rule}{COLONS[language]} {'; '.join(told[:MOST_SHOWN])}{more}"


def _listed(what: str, lines: Iterable[str], language: Language) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield _say(language, what) + COLONS[language]
        yield from (f"  {line}" for line in found)


def _say(language: Language, what: str, /, **told: object) -> str:
    return spoken(SAID[what].with_(**told), language)
