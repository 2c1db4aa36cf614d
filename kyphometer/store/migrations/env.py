"""Run by Alembic; the connection and its transaction belong to `kyphometer.store.migrate`."""

from alembic import context

from kyphometer.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
