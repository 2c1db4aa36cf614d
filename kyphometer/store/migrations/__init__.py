"""Alembic migrations; run by `kyphometer.store.migrate`, never by hand."""
