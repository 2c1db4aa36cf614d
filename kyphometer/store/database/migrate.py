"""Making the tables and bringing older studies up to date, by the scripts in `migrations`.

Studies are only ever moved forward. A migration that rebuilds one of the append-only tables must
put its triggers back with `append_only.statements`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from kyphometer.errors import StudyFileError
from kyphometer.store.database.connection import Database
from kyphometer.store.database.schema import HEAD_REVISION

_VERSION_TABLE = "alembic_version"


def alembic_config(connection: Connection) -> Any:
    """Alembic's `Config` for one connection; typed loosely, so that opening a study loads none."""
    from alembic.config import Config

    config = Config()
    scripts = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config.set_main_option("script_location", scripts)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def revision_of(connection: Connection) -> str | None:
    """Revision of a study's tables, or None if there are none."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    found: Any = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def make_tables(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to `revision` inside the caller's transaction."""
    from alembic import command

    command.upgrade(alembic_config(connection), revision)


def require_current(connection: Connection, where: str) -> None:
    """Refuse tables that this version of the program does not know how to use.

    Raises
    ------
    StudyFileError
        If there is no study, or one of an older or newer format.
    """
    found = revision_of(connection)
    if found == HEAD_REVISION:
        return
    if found is None:
        raise StudyFileError("holds_no_study", where=where)
    if found > HEAD_REVISION:
        raise StudyFileError("study_newer_format", where=where, found=found)
    raise StudyFileError("study_earlier_format", where=where, found=found)


def copy_name(database: Database) -> Path:
    """Name for a copy of a SQLite study of an earlier format, beside it."""
    if database.path is None:
        raise StudyFileError("study_no_file", where=database.where)
    with database.read() as connection:
        before = revision_of(connection)
    return database.path.with_name(f"{database.path.stem}.format-{before}{database.path.suffix}")


def upgrade(database: Database) -> tuple[str, str]:
    """Bring a study up to date in one transaction; the earlier and the new revision."""
    with database.write() as connection:
        before = revision_of(connection)
        if before is None:
            raise StudyFileError("holds_no_study", where=database.where)
        if before > HEAD_REVISION:
            require_current(connection, database.where)
        make_tables(connection)
    return before, HEAD_REVISION
