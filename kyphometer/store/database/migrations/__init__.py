"""Alembic migrations; run by `kyphometer.store.database.migrate`, never by hand."""
