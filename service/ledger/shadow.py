"""`osteocds report shadow`: what clients in shadow would have been shown, what could not be told, and what drifts.

Counted in patients where there are pseudonyms, else in answers: one patient whose orders are signed ten times is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import ColumnElement, Select, select

from service.cards.topics import COULD_NOT_BE_CHECKED, NOT_IDENTIFIED
from service.ledger.database import Database
from service.ledger.drift import Drift, Share, drifts
from service.ledger.overrides import READ_AT_ONCE
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FACTS, OUTCOMES

MOST_ANSWERS = 50_000
"""Answers that are looked at, the newest; where there are more, that is told."""

QUIET = (COULD_NOT_BE_CHECKED, NOT_IDENTIFIED)
"""Topics of the cards that tell what could not be checked, and which orders could not be identified."""


class Told(NamedTuple):
    """What may drift: of a rule (none: of all answers) that an order was about it, or its outcome and why."""

    rule: str
    outcome: str
    because: str = ""
    why: tuple[str, ...] = ()


ABOUT = "about"
"""The outcome of a rule that was asked at all."""

UNCHECKED = "card"
"""The outcome of an answer with a card of one of the `QUIET` topics."""

FACT = "fact"
"""That a fact stands in an answer with this unit, or as what there is none of; where the site keeps facts."""

ABOVE = "above"
"""That its figure is above the middle one of all these weeks."""

Patients = set[int]
ByWeek = dict[date, Patients]


@dataclass(slots=True)
class ShadowRule:
    """One rule: the cards that would have shown it, their patients and days, and what could not be told, by fact and reason."""

    rule: str
    guideline: str
    cards: int = 0
    shown: Patients = field(default_factory=set)
    asked: Patients = field(default_factory=set)
    unknown: Patients = field(default_factory=set)
    reasons: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    weeks: dict[date, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What was answered in shadow in some time; `patients` is None without pseudonyms, `cut` where there is more."""

    rules: tuple[ShadowRule, ...]
    answers: int
    patients: int | None
    days: int
    weeks: tuple[date, ...]
    drifts: tuple[Drift[Told], ...]
    cut: bool


def shadow_report(
    database: Database, zone: ZoneInfo, *, since: datetime | None, until: datetime | None, client: str | None = None
) -> ShadowReport:
    """What clients in shadow were answered from one moment until another, of one of them or of all. Raises `SQLAlchemyError`."""
    read = _Read(zone)
    asked = _asked(since, until, client)
    with database.read() as connection:
        rows = connection.execution_options(yield_per=READ_AT_ONCE)
        for row in rows.execute(asked):
            read.answer(row)
        within = asked.subquery()
        for row in rows.execute(select(OUTCOMES).join(within, within.c.id == OUTCOMES.c.answer)):
            read.outcome(row)
        of_cards = select(CARDS.c.answer, CARDS.c.uuid, CARDS.c.topic, CARD_RULES.c.rule)
        advising = (CARD_RULES.c.card == CARDS.c.uuid) & (CARD_RULES.c.part == "advises")
        for row in rows.execute(of_cards.join(within, within.c.id == CARDS.c.answer).outerjoin(CARD_RULES, advising)):
            read.card(row)
        for row in rows.execute(select(FACTS).join(within, within.c.id == FACTS.c.answer)):
            read.fact(row)
    return read.report()


def _asked(since: datetime | None, until: datetime | None, client: str | None) -> Select[Any]:
    """The newest answers in shadow."""
    wanted: list[ColumnElement[bool]] = [ANSWERS.c.shadow]
    wanted += [] if since is None else [ANSWERS.c.answered_at >= since]
    wanted += [] if until is None else [ANSWERS.c.answered_at < until]
    wanted += [] if client is None else [ANSWERS.c.client == client]
    columns = (ANSWERS.c.id, ANSWERS.c.client, ANSWERS.c.patient, ANSWERS.c.answered_at, ANSWERS.c.guideline)
    newest = select(*columns, ANSWERS.c.not_about).where(*wanted)
    return newest.order_by(ANSWERS.c.answered_at.desc(), ANSWERS.c.id.desc()).limit(MOST_ANSWERS)


class _Read:
    """The rows, as they are read: first the answers, then what belongs to them."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._patients: dict[tuple[str, str], int] = {}
        self._of_answer: dict[int, tuple[int, date, str]] = {}
        self._days: set[date] = set()
        self._rules: dict[str, ShadowRule] = {}
        self._seen: dict[Told, ByWeek] = {}
        self._could: dict[str, ByWeek] = {}
        self._all: ByWeek = {}
        self._asked: dict[str, ByWeek] = {}
        self._figures: dict[tuple[str, str], dict[date, dict[int, float]]] = {}
        self._nameless = False

    def answer(self, row: Any) -> None:
        day = row.answered_at.astimezone(self._zone).date()
        week = day - timedelta(days=day.weekday())
        self._nameless = self._nameless or row.patient is None
        key = (row.client, row.patient) if row.patient is not None else ("", str(row.id))
        patient = self._patients.setdefault(key, len(self._patients))
        self._of_answer[row.id] = (patient, week, row.guideline)
        self._days.add(day)
        self._all.setdefault(week, set()).add(patient)
        for rule in row.not_about.split():
            self._could.setdefault(rule, {}).setdefault(week, set()).add(patient)

    def outcome(self, row: Any) -> None:
        patient, week, guideline = self._of_answer[row.answer]
        rule = self._rules.setdefault(row.rule, ShadowRule(row.rule, guideline))
        rule.asked.add(patient)
        for held in (self._could, self._asked):
            held.setdefault(row.rule, {}).setdefault(week, set()).add(patient)
        self._note(Told(row.rule, ABOUT), week, patient)
        if row.outcome == "cannot tell":
            rule.unknown.add(patient)
            rule.weeks.setdefault(week, Counter())["cannot_tell"] += 1
            missing = orjson.loads(row.missing) if isinstance(row.missing, str) else row.missing or []
            for one in missing:
                why = tuple(one["why"])
                rule.reasons[one["fact"], why] += 1
                self._note(Told(row.rule, row.outcome, one["fact"], why), week, patient)
        else:
            self._note(Told(row.rule, row.outcome, row.indicator or row.condition or row.error or ""), week, patient)

    def card(self, row: Any) -> None:
        patient, week, _guideline = self._of_answer[row.answer]
        if row.topic in QUIET:
            self._note(Told("", UNCHECKED, row.topic), week, patient)
        if row.rule is not None and row.rule in self._rules:
            rule = self._rules[row.rule]
            rule.cards += 1
            rule.shown.add(patient)
            rule.weeks.setdefault(week, Counter())["cards"] += 1

    def fact(self, row: Any) -> None:
        """Its unit, or its words where it has no figure; and the figure."""
        patient, week, _guideline = self._of_answer[row.answer]
        figure = _figure(row.value)
        unit = row.unit or ("" if figure is not None else (row.value or ""))
        self._note(Told("", FACT, row.fact, (unit,) if unit else ()), week, patient)
        if figure is not None:
            self._figures.setdefault((row.fact, unit), {}).setdefault(week, {})[patient] = figure

    def _note(self, told: Told, week: date, patient: int) -> None:
        self._seen.setdefault(told, {}).setdefault(week, set()).add(patient)

    def report(self) -> ShadowReport:
        weeks = tuple(sorted(self._all))
        told = sorted(self._rules.values(), key=lambda one: (-one.cards, one.rule))
        return ShadowReport(
            rules=tuple(told),
            answers=len(self._of_answer),
            patients=None if self._nameless else len(self._patients),
            days=len(self._days),
            weeks=weeks,
            drifts=tuple(drifts(dict(self._shares()), weeks)),
            cut=len(self._of_answer) == MOST_ANSWERS,
        )

    def _shares(self) -> Iterator[tuple[Told, dict[date, Share]]]:
        """Each share by week: of the patients of whom a rule was asked, of those whom its service saw, or of all."""
        for told, by_week in self._seen.items():
            whole = self._of(told)
            yield told, {week: Share(len(by_week.get(week, ())), len(of)) for week, of in whole.items()}
        for (fact, unit), by_patient in self._figures.items():
            middle = median(figure for of_week in by_patient.values() for figure in of_week.values())
            yield (
                Told("", ABOVE, fact, (f"{middle:g} {unit}".strip(),)),
                {
                    week: Share(sum(figure > middle for figure in of_week.values()), len(of_week))
                    for week, of_week in by_patient.items()
                },
            )

    def _of(self, told: Told) -> ByWeek:
        if not told.rule:
            return self._all
        return (self._could if told.outcome == ABOUT else self._asked)[told.rule]


def _figure(told: str | None) -> float | None:
    """The figure of a fact; None where it has none, or a bound of one."""
    try:
        return None if told is None else float(told)
    except ValueError:
        return None


def most(reasons: Counter[Any], number: int) -> Sequence[tuple[Any, int]]:
    """The commonest, by count and then by name."""
    return sorted(reasons.items(), key=lambda one: (-one[1], one[0]))[:number]
