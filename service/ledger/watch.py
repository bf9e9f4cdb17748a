"""What became of each rule, week by week: its cards, what was said of them, what could not be told, what failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import ColumnElement, Select, select

from service.ledger.control_chart import Chart, control_chart
from service.ledger.database import Database
from service.ledger.overrides import READ_AT_ONCE, Reception, last_feedback
from service.ledger.spreadsheets import as_lines
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FEEDBACK, OUTCOMES, REQUESTS

MOST_ROWS = 200_000
"""Cards and outcomes that are looked at, the newest; where there are more, that is told."""

TO_REVIEW = 10
FEW = 5
"""Answers below which a rate says nothing."""


@dataclass(slots=True)
class Tally(Reception):
    """What became of a rule in some time: the cards that showed it, and what it answered when it gave no advice."""

    cannot_tell: int = 0
    failed: int = 0

    def add(self, other: Tally) -> None:
        """Count the other's too."""
        for name in ("shown", "accepted", "overridden", "cannot_tell", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons.update(other.reasons)


@dataclass(slots=True)
class WatchedRule:
    """One rule: its weeks by their Monday, and its answered cards in order, with the moment that each was shown."""

    rule: str
    weeks: dict[date, Tally] = field(default_factory=dict)
    answered: list[tuple[datetime, bool]] = field(default_factory=list)

    @property
    def whole(self) -> Tally:
        """All its weeks together."""
        told = Tally()
        for week in self.weeks.values():
            told.add(week)
        return told

    @property
    def chart(self) -> Chart:
        """The control chart of its overrides."""
        return control_chart([overridden for _shown, overridden in self.answered])

    @property
    def alarm(self) -> date | None:
        """The day of the last card at which the chart gave an alarm."""
        alarms = self.chart.alarms
        return self.answered[alarms[-1]][0].date() if alarms else None


@dataclass(frozen=True, slots=True)
class Watched:
    """The rules of some time, in the order of their names; `cut` where the ledger holds more than was looked at."""

    rules: tuple[WatchedRule, ...]
    cut: bool

    @property
    def to_review(self) -> tuple[WatchedRule, ...]:
        """The rules that deserve a look first: those with an alarm, those that failed, those that are overridden most."""
        told = [one for one in self.rules if _urgency(one) > (False, 0, 0.0, 0)]
        return tuple(sorted(told, key=_urgency, reverse=True)[:TO_REVIEW])


def _urgency(one: WatchedRule) -> tuple[bool, int, float, int]:
    whole = one.whole
    return one.alarm is not None, whole.failed, at_least(whole.overridden, whole.answered), whole.cannot_tell


def at_least(some: int, of: int) -> float:
    """The rate that is at least there: the lower bound of 95 % (Wilson 1927, J Am Stat Assoc 22:209-212); 0 of too few."""
    if of < FEW:
        return 0.0
    z = 1.959964
    rate = some / of
    middle = rate + z * z / (2 * of)
    spread = z * sqrt((rate * (1 - rate) + z * z / (4 * of)) / of)
    return max(0.0, (middle - spread) / (1 + z * z / of))


def watched(
    database: Database, zone: ZoneInfo, *, since: datetime, until: datetime, client: str | None = None
) -> Watched:
    """The weeks from one moment until another, of one client or of all. Raises `SQLAlchemyError`."""
    found: dict[str, WatchedRule] = {}

    def week(rule: str, shown: datetime) -> Tally:
        day = shown.astimezone(zone).date()
        return found.setdefault(rule, WatchedRule(rule)).weeks.setdefault(day - timedelta(days=day.weekday()), Tally())

    rows = 0
    for card in _newest(database, _cards(since, until, client)):
        rows += 1
        week(card.rule, card.answered_at).count(card.outcome, card.reason_code)
        if card.outcome is not None:
            found[card.rule].answered.append((card.answered_at.astimezone(zone), card.outcome != "accepted"))
    others = 0
    for one in _newest(database, _unsaid(since, until, client)):
        others += 1
        tally = week(one.rule, one.answered_at)
        if one.outcome == "failed":
            tally.failed += 1
        else:
            tally.cannot_tell += 1
    for rule in found.values():
        rule.answered.reverse()
        rule.weeks = dict(sorted(rule.weeks.items()))
    return Watched(tuple(found[name] for name in sorted(found)), MOST_ROWS in (rows, others))


def _newest(database: Database, query: Select[Any]) -> Iterator[Any]:
    with database.read() as connection:
        yield from connection.execution_options(yield_per=READ_AT_ONCE).execute(query.limit(MOST_ROWS))


def _of(since: datetime, until: datetime, client: str | None) -> list[ColumnElement[bool]]:
    asked = [ANSWERS.c.answered_at >= since, ANSWERS.c.answered_at < until, ~ANSWERS.c.shadow]
    return asked if client is None else [*asked, ANSWERS.c.client == client]


def _cards(since: datetime, until: datetime, client: str | None) -> Select[Any]:
    """Each card with each rule that advises on it, and the last word on it, the newest first."""
    last = last_feedback()
    return (
        select(CARD_RULES.c.rule, ANSWERS.c.answered_at, last.c.outcome, last.c.reason_code)
        .select_from(CARDS)
        .join(ANSWERS, ANSWERS.c.id == CARDS.c.answer)
        .join(CARD_RULES, (CARD_RULES.c.card == CARDS.c.uuid) & (CARD_RULES.c.part == "advises"))
        .outerjoin(last, (last.c.card == CARDS.c.uuid) & (last.c.place == 1))
        .where(*_of(since, until, client))
        .order_by(ANSWERS.c.answered_at.desc(), CARDS.c.uuid)
    )


def _unsaid(since: datetime, until: datetime, client: str | None) -> Select[Any]:
    """Each rule that could not tell, or failed, once an answer."""
    return (
        select(OUTCOMES.c.rule, ANSWERS.c.answered_at, OUTCOMES.c.outcome)
        .join(ANSWERS, ANSWERS.c.id == OUTCOMES.c.answer)
        .where(OUTCOMES.c.outcome.in_(("cannot tell", "failed")), *_of(since, until, client))
        .group_by(ANSWERS.c.id, ANSWERS.c.answered_at, OUTCOMES.c.rule, OUTCOMES.c.outcome)
        .order_by(ANSWERS.c.answered_at.desc())
    )


# --- as files ---------------------------------------------------------------------------------------------------------

COLUMNS = (
    "week",
    "rule",
    "shown",
    "accepted",
    "overridden",
    "unanswered",
    "cannot_tell",
    "failed",
    "override_rate",
    "reasons",
)


def as_csv(told: Watched) -> str:
    """A line a rule and week, by its Monday; the rate from 0 to 1, empty where no card was answered."""
    return as_lines(COLUMNS, _lines(told))


def _lines(told: Watched) -> Iterator[list[object]]:
    for one in told.rules:
        for monday, week in one.weeks.items():
            rate = "" if week.rate is None else f"{week.rate:.4f}"
            counts = (week.shown, week.accepted, week.overridden, week.unanswered, week.cannot_tell, week.failed)
            yield [monday.isoformat(), one.rule, *counts, rate, week.reasons_told]


FEEDBACK_COLUMNS = (
    "intervention",
    "action_taken",
    "user_feedback_provided",
    "user",
    "date",
    "location",
    "intervention_version",
    "accepted_suggestions",
    "card",
)
"""First what 45 CFR 170.315(b)(11)(ii)(C) (HTI-1, 89 FR 1192, of 9 January 2024) asks of an export of feedback, at least, in its
words and order: the intervention, action taken, user feedback provided (if applicable), user, date, and location."""


def feedback_as_csv(
    database: Database, *, since: datetime, until: datetime, client: str | None = None
) -> tuple[str, bool]:
    """A line a feedback on a card and rule, the newest first, and whether there are more than it holds.

    CDS Hooks tells user and place in the request alone: they are here where the site keeps requests, else the client stands
    for the place, and the user is empty. Raises `SQLAlchemyError`.
    """
    comments = (FEEDBACK.c.reason_display, FEEDBACK.c.comment)
    query = (
        select(
            CARD_RULES.c.rule,
            CARDS.c.rules_version,
            FEEDBACK.c.outcome,
            FEEDBACK.c.accepted_suggestions,
            FEEDBACK.c.reason_code,
            *comments,
            FEEDBACK.c.outcome_timestamp,
            ANSWERS.c.client,
            ANSWERS.c.service,
            REQUESTS.c.body,
            CARDS.c.uuid,
        )
        .select_from(FEEDBACK)
        .join(CARDS, CARDS.c.uuid == FEEDBACK.c.card)
        .join(ANSWERS, ANSWERS.c.id == CARDS.c.answer)
        .join(CARD_RULES, (CARD_RULES.c.card == CARDS.c.uuid) & (CARD_RULES.c.part == "advises"))
        .outerjoin(REQUESTS, REQUESTS.c.answer == ANSWERS.c.id)
        .where(~FEEDBACK.c.duplicate, *_of(since, until, client))
        .order_by(FEEDBACK.c.id.desc(), CARD_RULES.c.rule)
    )
    rows = [_feedback(one) for one in _newest(database, query)]
    return as_lines(FEEDBACK_COLUMNS, rows), len(rows) == MOST_ROWS


def _feedback(one: Any) -> list[object]:
    user, place = _who_and_where(one.body)
    said = " - ".join(part for part in (one.reason_code, one.reason_display, one.comment) if part)
    location = " ".join(part for part in (one.client or one.service, place) if part)
    moment = one.outcome_timestamp.isoformat(timespec="seconds")
    asked = [one.rule, one.outcome, said, user, moment, location]
    return [*asked, one.rules_version, one.accepted_suggestions, one.uuid]


def _who_and_where(body: str | None) -> tuple[str, str]:
    """User and encounter of a request that the site keeps."""
    if not body:
        return "", ""
    context = orjson.loads(body).get("context")
    told = context if isinstance(context, dict) else {}
    encounter = told.get("encounterId")
    user = told.get("userId")
    place = f"Encounter/{encounter}" if isinstance(encounter, str) and encounter else ""
    return user if isinstance(user, str) else "", place
