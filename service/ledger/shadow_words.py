"""The report of the shadow mode as a table for people, and as CSV by rule and week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from mappings.wording import Text, _
from service.cards.topics import NOT_IDENTIFIED
from service.explain import OUTCOMES
from service.languages.render import COLONS, Language, spoken
from service.ledger.drift import Drift, Share
from service.ledger.overrides import aligned
from service.ledger.sentences import in_language
from service.ledger.shadow import ABOUT, ABOVE, FACT, UNCHECKED, ShadowReport, ShadowRule, Told, most
from service.ledger.spreadsheets import as_lines

MOST_REASONS, MOST_DRIFTS = 10, 20
"""Of a report for people: reasons, and changes of a week, the likeliest to be real first."""

HEADINGS = (
    _("rule"),
    _("would be shown"),
    _("patients"),
    _("a day"),
    _("of asked"),
    _("could not tell"),
)
COLUMNS = ("week", "rule", "cards", "cannot_tell", "drifts")
SAID = {
    "whole": _("In shadow. Answers: {answers}. Days with answers: {days}. {patients}"),
    "patients": _("Patients: {patients}."),
    "nameless": _("Patients are not known (OSTEOCDS_PATIENT_KEY is not set): answers are counted."),
    "none": _("nothing was answered in shadow"),
    "cut": _("only the newest {most} answers were looked at"),
    "reasons": _("What could not be told, and why"),
    "drift": _("What is unlike the weeks before"),
    "no drift": _("nothing"),
    "one week": _("there is one week alone: nothing to compare it with"),
    "few": _("of that week {more} more"),
    "change": _("week of {week}: {what}: {now} now, {before} before"),
    "about": _("an order is about it"),
    "fact": _("answers rest on {fact}"),
    "above": _("{fact} is above the middle of these weeks"),
    "unchecked": _("a card says that something could not be checked"),
    NOT_IDENTIFIED: _("a card says that an order could not be identified"),
}


def as_csv(report: ShadowReport) -> str:
    """A line a rule and week: cards that would have shown it, times that it could not tell, what drifted."""
    return as_lines(COLUMNS, _by_week(report))


def _by_week(report: ShadowReport) -> Iterator[tuple[object, ...]]:
    drifted = Counter((one.week, one.key.rule) for one in report.drifts)
    for rule in sorted(report.rules, key=lambda one: one.rule):
        for week in report.weeks:
            counts = rule.weeks.get(week, Counter())
            yield week.isoformat(), rule.rule, counts["cards"], counts["cannot_tell"], drifted[week, rule.rule]


def as_text(report: ShadowReport, folders: Mapping[str, Path], language: Language) -> Iterator[str]:
    """The lines of a report; `folders` are those of the guidelines by their ids, whose catalogues know their sentences."""
    if not report.answers:
        yield spoken(SAID["none"], language)
        return
    patients = SAID["nameless"] if report.patients is None else SAID["patients"].with_(patients=report.patients)
    yield spoken(SAID["whole"].with_(answers=report.answers, days=report.days, patients=patients), language)
    if report.cut:
        yield spoken(SAID["cut"].with_(most=report.answers), language)
    yield ""
    shown = [one for one in report.rules if one.cards or one.unknown]
    rows = [tuple(spoken(heading, language) for heading in HEADINGS), *(_row(one, report) for one in shown)]
    yield from aligned(rows)
    guidelines = {one.rule: folders.get(one.guideline, Path()) for one in report.rules}
    yield from _reasons(report, guidelines, language)
    yield from _drifts(report, guidelines, language)


def _row(one: ShadowRule, report: ShadowReport) -> tuple[str, ...]:
    patients = "-" if report.patients is None else str(len(one.shown))
    a_day = f"{one.cards / max(1, report.days):.1f}"
    return one.rule, str(one.cards), patients, a_day, str(len(one.asked)), str(len(one.unknown))


def _reasons(report: ShadowReport, folders: Mapping[str, Path], language: Language) -> Iterator[str]:
    counted: Counter[tuple[str, tuple[str, ...]]] = Counter()
    where: dict[tuple[str, tuple[str, ...]], Path] = {}
    for rule in report.rules:
        counted.update(rule.reasons)
        where |= dict.fromkeys(rule.reasons, folders[rule.rule])
    if not counted:
        return
    yield ""
    yield spoken(SAID["reasons"], language)
    for (fact, why), count in most(counted, MOST_REASONS):
        yield f"  {count} × {_because(fact, why, where[fact, why], language)}"


def _because(fact: str, why: tuple[str, ...], folder: Path, language: Language) -> str:
    told = [in_language(one, folder, language) for one in (fact, *why)]
    return f"{told[0]} ({'; '.join(told[1:])})" if told[1:] else told[0]


def _drifts(report: ShadowReport, folders: Mapping[str, Path], language: Language) -> Iterator[str]:
    yield ""
    yield spoken(SAID["drift"], language)
    if not report.drifts:
        yield f"  {spoken(SAID['one week' if len(report.weeks) == 1 else 'no drift'], language)}"
    for week in report.weeks:
        told = [one for one in report.drifts if one.week == week]
        for one in told[:MOST_DRIFTS]:
            yield f"  {_change(one, folders, language)}"
        if told[MOST_DRIFTS:]:
            yield f"  {spoken(SAID['few'].with_(more=len(told) - MOST_DRIFTS), language)}"


def _change(one: Drift[Told], folders: Mapping[str, Path], language: Language) -> str:
    said = SAID["change"].with_(week=one.week.isoformat(), what=_what(one.key, folders, language))
    return spoken(said.with_(now=_share(one.now), before=_share(one.before)), language)


def _what(told: Told, folders: Mapping[str, Path], language: Language) -> str:
    colon = COLONS[language]
    if told.outcome == UNCHECKED:
        return spoken(SAID[NOT_IDENTIFIED if told.because == NOT_IDENTIFIED else "unchecked"], language)
    if told.outcome in (FACT, ABOVE):
        return spoken(SAID[told.outcome].with_(fact=_because(told.because, told.why, Path(), language)), language)
    said: Text = SAID["about"] if told.outcome == ABOUT else OUTCOMES[told.outcome]
    because = _because(told.because, told.why, folders[told.rule], language) if told.because else ""
    return f"{told.rule}{colon} " + f"{colon} ".join(filter(None, [spoken(said, language), because]))


def _share(share: Share) -> str:
    return f"{share.rate:.1%} ({share.some}/{share.of})"
