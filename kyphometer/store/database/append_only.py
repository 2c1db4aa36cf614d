"""Triggers that refuse to change or delete what was confirmed, in both databases."""

from __future__ import annotations

from collections.abc import Iterable

_SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
_FUNCTION = """
CREATE FUNCTION kyphometer_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""
_POSTGRESQL = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION kyphometer_append_only()
"""


def statements(dialect: str, tables: Iterable[str], *, first: bool = True) -> list[str]:
    """SQL that makes `tables` append-only; `first` also makes PostgreSQL's trigger function.

    The names come from `schema.APPEND_ONLY`; nothing from outside ever gets here.
    """
    if dialect == "sqlite":
        verbs = ("UPDATE", "DELETE")
        return [_SQLITE.format(table=table, verb=verb) for table in tables for verb in verbs]
    triggers = [_POSTGRESQL.format(table=table) for table in tables]
    return [_FUNCTION, *triggers] if first else triggers
