"""Run by Alembic; `kyphometer.store.database.migrate` owns the connection and transaction."""

from alembic import context

from kyphometer.store.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
