"""What Alembic runs: the steps, on the connection that `service.ledger.database` has opened and locked."""

from __future__ import annotations

from alembic import context

from service.ledger.tables import LEDGER, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"], target_metadata=LEDGER, version_table=VERSION_TABLE
)
context.run_migrations()
