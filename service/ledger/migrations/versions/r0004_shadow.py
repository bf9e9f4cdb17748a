"""Whether an answer was given in shadow: evaluated and noted, and shown to nobody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Widen the table of answers; all that are there already were shown."""
    op.add_column("answers", sa.Column("shadow", sa.Boolean, nullable=False, server_default=sa.false()))
