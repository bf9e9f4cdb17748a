"""How often each rule is overridden: cards joined with their feedback."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, Subquery, func, select

from mappings.wording import _
from service.languages.render import Language, spoken
from service.ledger.database import Database
from service.ledger.spreadsheets import as_lines
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FEEDBACK

NO_REASON = "(none)"
READ_AT_ONCE = 1000


@dataclass(slots=True, kw_only=True)
class Reception:
    """What became of cards."""

    shown: int = 0
    accepted: int = 0
    overridden: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        """Cards that somebody accepted or overrode."""
        return self.accepted + self.overridden

    @property
    def unanswered(self) -> int:
        """Cards of which the client said nothing: nobody knows whether they were read."""
        return self.shown - self.answered

    @property
    def rate(self) -> float | None:
        """Overridden of answered; None where none was answered."""
        return self.overridden / self.answered if self.answered else None

    @property
    def reasons_told(self) -> str:
        """The reasons of overrides with their counts, the commonest first."""
        return " ".join(f"{reason}:{count}" for reason, count in self.reasons.most_common())

    def count(self, outcome: str | None, reason_code: str | None) -> None:
        """Count a card that was shown, and the last word on it; None where the client said none."""
        self.shown += 1
        if outcome == "accepted":
            self.accepted += 1
        elif outcome is not None:
            self.overridden += 1
            self.reasons[reason_code or NO_REASON] += 1


@dataclass(slots=True)
class Overrides(Reception):
    """What became of the cards that showed one rule; `rule` is the topic of a card without advice where `quiet`."""

    rule: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The override rates of a time, the rules in the order of their names; and the feedback that counts for none of them."""

    rules: tuple[Overrides, ...]
    unknown_cards: int
    duplicates: int


def overrides(database: Database, *, since: datetime | None = None, until: datetime | None = None) -> Report:
    """The cards shown from one moment until another, and the last word on each. Raises `SQLAlchemyError`."""
    found: dict[tuple[bool, str], Overrides] = {}
    for card in _cards(database, since, until):
        of = found.setdefault((card.rule is None, card.rule or card.topic), Overrides(card.rule or card.topic))
        of.quiet = card.rule is None
        of.count(card.outcome, card.reason_code)
    unknown, duplicates = _counts_for_none(database, since, until)
    return Report(tuple(found[key] for key in sorted(found)), unknown, duplicates)


def _cards(database: Database, since: datetime | None, until: datetime | None) -> Iterator[Row[tuple[str, ...]]]:
    """Each card with each rule that advises on it, and the last feedback on it."""
    last = last_feedback()
    advising = select(CARD_RULES).where(CARD_RULES.c.part == "advises").subquery()
    query: Select[tuple[str, ...]] = (
        select(CARDS.c.topic, advising.c.rule, last.c.outcome, last.c.reason_code)
        .select_from(CARDS)
        .join(ANSWERS, ANSWERS.c.id == CARDS.c.answer)
        .outerjoin(advising, advising.c.card == CARDS.c.uuid)
        .outerjoin(last, (last.c.card == CARDS.c.uuid) & (last.c.place == 1))
        .where(~ANSWERS.c.shadow, *_between(ANSWERS.c.answered_at, since, until))
    )
    with database.read() as connection:
        yield from connection.execution_options(yield_per=READ_AT_ONCE).execute(query)


def last_feedback() -> Subquery:
    """For each card the feedback on it, the last word at `place` 1; duplicates are left out."""
    return (
        select(
            FEEDBACK.c.card,
            FEEDBACK.c.outcome,
            FEEDBACK.c.reason_code,
            func.row_number()
            .over(partition_by=FEEDBACK.c.card, order_by=(FEEDBACK.c.outcome_timestamp.desc(), FEEDBACK.c.id.desc()))
            .label("place"),
        )
        .where(~FEEDBACK.c.duplicate)
        .subquery()
    )


def _between(
    moment: ColumnElement[datetime], since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    bounds = [] if since is None else [moment >= since]
    return bounds if until is None else [*bounds, moment < until]


def _counts_for_none(database: Database, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Feedback on cards that the ledger does not have, and duplicates."""
    is_known = select(CARDS.c.uuid).where(CARDS.c.uuid == FEEDBACK.c.card).exists()
    came = _between(FEEDBACK.c.received_at, since, until)
    with database.read() as connection:
        unknown = connection.scalar(select(func.count()).where(~FEEDBACK.c.duplicate, ~is_known, *came))
        duplicates = connection.scalar(select(func.count()).where(FEEDBACK.c.duplicate, *came))
    return unknown or 0, duplicates or 0


# --- as text and as CSV -----------------------------------------------------------------------------------------------

COLUMNS = ("rule", "shown", "accepted", "overridden", "unanswered", "answered", "override_rate", "reasons")
HEADINGS = (_("rule"), _("shown"), _("accepted"), _("overridden"), _("unanswered"), _("override rate"), _("reasons"))


def as_csv(report: Report) -> str:
    """A line a rule; the rate as a number from 0 to 1, empty where no card was answered."""
    return as_lines(
        COLUMNS,
        (
            (*_counts(one), one.answered, "" if one.rate is None else f"{one.rate:.4f}", one.reasons_told)
            for one in report.rules
        ),
    )


def as_text(report: Report, language: Language) -> str:
    """A table for people: each rate with what it is a rate of."""
    if not report.rules:
        lines = [spoken(_("no card was shown"), language)]
    else:
        rows: list[tuple[str, ...]] = [tuple(spoken(heading, language) for heading in HEADINGS)]
        rows += [(*map(str, _counts(one)), _rate(one), one.reasons_told) for one in report.rules]
        lines = list(aligned(rows))
    unknown = _("feedback on cards that the ledger does not have: {number}", number=report.unknown_cards)
    duplicates = _("duplicates, not counted: {number}", number=report.duplicates)
    return "\n".join([*lines, "", spoken(unknown, language), spoken(duplicates, language)])


def _counts(one: Overrides) -> tuple[str, int, int, int, int]:
    name = f"({one.rule})" if one.quiet else one.rule
    return name, one.shown, one.accepted, one.overridden, one.unanswered


def _rate(one: Overrides) -> str:
    return "-" if one.rate is None else f"{one.rate:.1%} ({one.overridden}/{one.answered})"


def aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """The lines of a table, the first and the last column to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if place in (0, len(row) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
