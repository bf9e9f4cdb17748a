"""The ledger of answers; feedback is joined to its card, and what is said twice is marked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(200)
FINGERPRINT = sa.String(64)


def upgrade() -> None:
    """Make the tables of answers, and widen that of feedback."""
    _answers()
    _cards()
    _outcomes()
    _kept()
    _feedback()


def _of_an_answer() -> sa.Column[int]:
    answers = sa.ForeignKey("answers.id", ondelete="CASCADE")
    return sa.Column("answer", KEY, answers, primary_key=True, autoincrement=False)


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("hook_instance", sa.String(512), nullable=False, index=True),
        sa.Column("client", NAME, nullable=False),
        sa.Column("service", NAME, nullable=False),
        sa.Column("hook", sa.String(40), nullable=False),
        sa.Column("guideline", NAME, nullable=False),
        sa.Column("patient", FINGERPRINT),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("service_version", sa.String(40), nullable=False),
        sa.Column("rules_version", sa.String(40), nullable=False),
        sa.Column("request_fingerprint", FINGERPRINT, nullable=False),
        sa.Column("rules_fingerprint", FINGERPRINT, nullable=False),
        sa.Column("value_sets_fingerprint", FINGERPRINT, nullable=False),
        sa.Column("settings_fingerprint", FINGERPRINT, nullable=False),
        sa.Column("cards_fingerprint", FINGERPRINT, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("took_ms", sa.Float, nullable=False),
        sa.Column("as_of", sa.String(40), nullable=False),
        sa.Column("public_url", sa.String(500), nullable=False),
        sa.Column("not_about", sa.Text, nullable=False),
    )


def _cards() -> None:
    answers = sa.ForeignKey("answers.id", ondelete="CASCADE")
    op.create_table(
        "cards",
        sa.Column("uuid", sa.String(36), primary_key=True),
        sa.Column("answer", KEY, answers, nullable=False, index=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("topic", NAME, nullable=False),
        sa.Column("indicator", sa.String(10), nullable=False),
        sa.Column("order_kind", NAME, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("rules_version", sa.String(40), nullable=False),
        sa.Column("fingerprint", FINGERPRINT, nullable=False),
    )
    op.create_table(
        "card_rules",
        sa.Column("card", sa.String(36), sa.ForeignKey("cards.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("part", sa.String(12), primary_key=True),
        sa.Column("rule", NAME, primary_key=True, index=True),
        sqlite_with_rowid=False,
    )


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        _of_an_answer(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("order_index", sa.Integer),
        sa.Column("order_kind", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("indicator", sa.String(10)),
        sa.Column("condition", sa.Text),
        sa.Column("missing", sa.JSON),
        sa.Column("error", NAME),
        sqlite_with_rowid=False,
    )


def _kept() -> None:
    op.create_table(
        "facts",
        _of_an_answer(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("fact", sa.Text, nullable=False),
        sa.Column("resource", sa.Text),
        sa.Column("value", sa.Text),
        sa.Column("unit", NAME),
        sa.Column("date", sa.String(40)),
        sqlite_with_rowid=False,
    )
    op.create_table("requests", _of_an_answer(), sa.Column("body", sa.Text, nullable=False))


def _feedback() -> None:
    op.add_column("feedback", sa.Column("client", NAME, nullable=False, server_default=""))
    op.add_column("feedback", sa.Column("duplicate", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("feedback", sa.Column("spelling", NAME, nullable=False, server_default=""))
    op.add_column("feedback", sa.Column("reason_display", sa.Text))
    op.add_column("feedback", sa.Column("comment", sa.Text))
    op.execute("UPDATE feedback SET card = lower(card) WHERE length(card) = 36")  # as our uuids are written
    op.execute(
        "UPDATE feedback SET duplicate = true WHERE id NOT IN "
        "(SELECT min(id) FROM feedback GROUP BY card, outcome, outcome_timestamp)"
    )
    op.create_index(
        "ix_feedback_first",
        "feedback",
        ["card", "outcome", "outcome_timestamp"],
        unique=True,
        sqlite_where=sa.text("NOT duplicate"),
        postgresql_where=sa.text("NOT duplicate"),
    )
