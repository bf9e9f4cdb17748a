"""What a receipt tells beside: whether a FHIR server was asked, and how many facts were not kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Widen the table of answers; of those that are there already it is not known."""
    op.add_column("answers", sa.Column("fhir_calls", sa.Integer))
    op.add_column("answers", sa.Column("facts_left_out", sa.Integer))
