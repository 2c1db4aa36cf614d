"""Migrations make exactly the tables that the code uses, and keep what older studies hold."""

from __future__ import annotations

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect, text
from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import StudyFileError
from kyphometer.store import Study
from kyphometer.store.database import migrate
from kyphometer.store.database.connection import Database
from kyphometer.store.database.schema import APPEND_ONLY, HEAD_REVISION, metadata
from kyphometer.store.database.schema import study as study_table


def test_migrations_and_tables_are_the_same(study_target):
    Study.create(study_target).close()
    database = Database(study_target)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        for table in metadata.sorted_tables:
            made = {check["name"] for check in found.get_check_constraints(table.name)}
            said = {c.name for c in table.constraints if type(c).__name__ == "CheckConstraint"}
            assert made == said, table.name
    database.close()


def test_head_is_the_newest_script():
    database = Database("unused.study")
    script = ScriptDirectory.from_config(migrate.alembic_config(None))
    assert script.get_heads() == [HEAD_REVISION]
    database.close()


def test_append_only_tables_are_protected(study_target):
    Study.create(study_target).close()
    database = Database(study_target)
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if database.is_sqlite
        else "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND relnamespace = (SELECT current_schema::regnamespace)"
    )
    with database.read() as connection:
        triggers = " ".join(connection.execute(text(names)).scalars())
    database.close()
    for table in APPEND_ONLY:
        assert table in triggers


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE readings SET reason = 'x'",
        "DELETE FROM readings",
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'x'",
        "REPLACE INTO readings (id, film_id, observer_id, version, document, sha256, reason,"
        " saved_at, saved_by) SELECT id, film_id, observer_id, version, 'x', sha256, reason,"
        " saved_at, saved_by FROM readings",
        "TRUNCATE readings CASCADE",
    ],
)
def test_confirmed_readings_stay_in_both_databases(study_target, tmp_path, statement):
    write_film(tmp_path / "a.film", "1.2.1")
    with Study.create(study_target, reader=TinyReader()) as study:
        study.add_films(tmp_path / "a.film")
        study.add_observer("KN")
        saved = study.save_reading(reading_of(), study.films()[0].id, "KN", base_version=0)
        database = Database(study_target)
        refused = pytest.raises(StudyFileError, match=r"append-only|syntax error")
        with refused, database.write() as connection:
            connection.execute(text(statement))
        database.close()
        assert study.readings() == (saved,)
        assert study.check() == ()


def older_study(target, tmp_path):
    """A study of the first format, with a film and a reading in it."""
    database = Database(target)
    database.claim_file()
    with database.write() as connection:
        migrate.make_tables(connection, "0001")
        row = {"id": 1, "uid": "u", "name": "Old", "settings": "{}"}
        row |= {"created_at": "2026-01-01T00:00:00.000000Z", "software": "kyphometer 0.0"}
        connection.execute(insert(study_table).values(**row))
        for statement in (
            "INSERT INTO patients (id, code) VALUES (1, 'P1')",
            "INSERT INTO films (id, patient_id, sop_instance_uid, frame, rows, columns, aspect,"
            " spacing_source, spacing_in_patient, position, facts, added_at)"
            " VALUES (1, 1, '1.2', 1, 40, 20, 1.0, 'none', false, 'unknown', :facts, 'x')",
            "INSERT INTO observers (id, code, name, active) VALUES (1, 'KN', '', true)",
        ):
            facts = (
                {"facts": '{"exposed_at": "2026-01-05 09:30:00"}'} if ":facts" in statement else {}
            )
            connection.execute(text(statement), facts)
    database.close()


def test_older_study_is_refused_then_upgraded(study_target, tmp_path):
    older_study(study_target, tmp_path)
    with pytest.raises(StudyFileError, match=r"earlier version .* 'kyphometer study upgrade'"):
        Study.open(study_target)
    copy = Study.upgrade(study_target)
    with Study.open(study_target) as study:
        assert study.name == "Old"
        assert [(f.id, f.patient) for f in study.films()] == [(1, "P1")]
        assert study.films()[0].taken_at == "09:30:00"
        assert study.measurements() == ()
    database = Database(study_target)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()
    if copy is not None:
        with sqlite3.connect(copy) as old:
            assert old.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        old.close()


def test_newer_study_is_refused(study_target):
    Study.create(study_target).close()
    database = Database(study_target)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    for act in (Study.open, Study.upgrade):
        with pytest.raises(StudyFileError, match="newer version of Kyphometer"):
            act(study_target)


def test_two_studies_do_not_fit_in_one_place(study_target):
    Study.create(study_target).close()
    with pytest.raises(StudyFileError, match="is there already"):
        Study.create(study_target)
    Study.open(study_target).close()


def test_empty_postgresql_database_is_no_study(postgres_server):
    with pytest.raises(StudyFileError, match="holds no study"):
        Study.open(postgres_server.new_database())
