"""What the ledger forgets: answers and feedback older than the site keeps them, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.engine import Connection

from service.ledger.database import Database
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FACTS, FEEDBACK, OUTCOMES, REQUESTS

BATCH = 500
"""Answers that one transaction deletes, so that nobody waits long for it."""


@dataclass(frozen=True, slots=True)
class Purged:
    """How many answers and feedbacks were deleted."""

    answers: int
    feedback: int


def purge(database: Database, before: datetime, *, unless: Callable[[], bool] = lambda: False) -> Purged:
    """Delete the answers given before a moment, with all that hangs on them, and the feedback that came before it.

    Feedback goes with its card. Stops between two batches where `unless` says so. Raises `SQLAlchemyError`.
    """
    answers = feedback = 0
    while not unless():
        with database.begin() as connection:
            of_answers, of_feedback = _some_answers(connection, before)
            if not of_answers:
                of_feedback += _some_feedback(connection, before)
        if not of_answers and not of_feedback:
            break
        answers += of_answers
        feedback += of_feedback
    return Purged(answers, feedback)


def _some_answers(connection: Connection, before: datetime) -> tuple[int, int]:
    oldest = (
        select(ANSWERS.c.id)
        .where(ANSWERS.c.answered_at < before)
        .order_by(ANSWERS.c.answered_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)  # another process may be purging too
    )
    answers = connection.execute(oldest).scalars().all()
    if not answers:
        return 0, 0
    cards = select(CARDS.c.uuid).where(CARDS.c.answer.in_(answers))
    feedback = connection.execute(delete(FEEDBACK).where(FEEDBACK.c.card.in_(cards))).rowcount
    connection.execute(delete(CARD_RULES).where(CARD_RULES.c.card.in_(cards)))
    for table in (CARDS, OUTCOMES, FACTS, REQUESTS):
        connection.execute(delete(table).where(table.c.answer.in_(answers)))
    connection.execute(delete(ANSWERS).where(ANSWERS.c.id.in_(answers)))
    return len(answers), feedback


def _some_feedback(connection: Connection, before: datetime) -> int:
    """Feedback on cards that the ledger does not have; that of the others goes with its card."""
    has_its_card = select(CARDS.c.uuid).where(CARDS.c.uuid == FEEDBACK.c.card).exists()
    oldest = select(FEEDBACK.c.id).where(FEEDBACK.c.received_at < before, ~has_its_card).limit(BATCH)
    return connection.execute(delete(FEEDBACK).where(FEEDBACK.c.id.in_(oldest))).rowcount
