"""Feedback and taken tokens, as the first edition made them without saying so in the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is not there yet."""
    there = sa.inspect(op.get_bind()).get_table_names()
    if "feedback" not in there:
        op.create_table(
            "feedback",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("service", sa.String(200), nullable=False),
            sa.Column("card", sa.String(512), nullable=False, index=True),
            sa.Column("outcome", sa.String(20), nullable=False),
            sa.Column("outcome_timestamp", sa.DateTime(timezone=True), nullable=False),
            sa.Column("accepted_suggestions", sa.String, nullable=False),
            sa.Column("reason_system", sa.String(200), nullable=False),
            sa.Column("reason_code", sa.String(200), nullable=False),
            sa.Column("commented", sa.Boolean, nullable=False),
        )
    if "taken_tokens" not in there:
        op.create_table(
            "taken_tokens",
            sa.Column("token", sa.String(64), primary_key=True),
            sa.Column("expires", sa.BigInteger, nullable=False, index=True),
        )
