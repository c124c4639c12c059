"""How a migration runs: on the connection and in the transaction that `database.migrate` opened."""

from __future__ import annotations

from alembic import context

from core.adapters.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction holds everything, on both databases
)
context.run_migrations()
