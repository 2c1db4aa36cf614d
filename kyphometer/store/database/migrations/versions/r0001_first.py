"""The first tables of a study."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kyphometer.store.database.append_only import statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("readings", "reading_logs", "clinical_rows", "audit")


def upgrade() -> None:
    """Make every table, then the triggers that protect what was confirmed."""
    for create in (
        _audit,
        _observers,
        _patients,
        _reading_sessions,
        _study,
        _clinical_rows,
        _films,
        _users,
        _film_files,
        _session_items,
        _visits,
        _drafts,
        _readings,
        _reading_logs,
    ):
        create()
    for statement in statements(op.get_context().dialect.name, _APPEND_ONLY):
        op.execute(sa.text(statement))


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
    )
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)


def _observers() -> None:
    op.create_table(
        "observers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observers")),
        sa.UniqueConstraint("code", name=op.f("uq_observers_code")),
    )


def _patients() -> None:
    op.create_table(
        "patients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("clinical_code", sa.Text(), nullable=True),
        sa.Column("injury_date", sa.Date(), nullable=True),
        sa.Column("surgery_date", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("clinical_code", name=op.f("uq_patients_clinical_code")),
        sa.UniqueConstraint("code", name=op.f("uq_patients_code")),
    )


def _reading_sessions() -> None:
    op.create_table(
        "reading_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'locked')", name=op.f("ck_reading_sessions_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_sessions")),
        sa.UniqueConstraint("code", name=op.f("uq_reading_sessions_code")),
    )


def _study() -> None:
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_study_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
    )


def _clinical_rows() -> None:
    op.create_table(
        "clinical_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_clinical_rows_patient_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinical_rows")),
        sa.UniqueConstraint(
            "patient_id", "version", name=op.f("uq_clinical_rows_patient_id_version")
        ),
    )


def _films() -> None:
    op.create_table(
        "films",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("sop_instance_uid", sa.Text(), nullable=True),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("sha256_pixels", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("row_mm", sa.Float(), nullable=True),
        sa.Column("column_mm", sa.Float(), nullable=True),
        sa.Column("aspect", sa.Float(), nullable=False),
        sa.Column("spacing_source", sa.Text(), nullable=False),
        sa.Column("spacing_in_patient", sa.Boolean(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("facing", sa.Text(), nullable=True),
        sa.Column("is_lateral", sa.Boolean(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_films_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_films")),
        sa.UniqueConstraint(
            "sop_instance_uid", "frame", name=op.f("uq_films_sop_instance_uid_frame")
        ),
    )
    op.create_index(op.f("ix_films_patient_id"), "films", ["patient_id"], unique=False)
    op.create_index(op.f("ix_films_sha256_pixels"), "films", ["sha256_pixels"], unique=False)


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("observer_id", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('observer', 'owner', 'qa')", name=op.f("ck_users_role")),
        sa.ForeignKeyConstraint(
            ["observer_id"], ["observers.id"], name=op.f("fk_users_observer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )


def _film_files() -> None:
    op.create_table(
        "film_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_film_files_film_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_film_files")),
        sa.UniqueConstraint("film_id", "path", name=op.f("uq_film_files_film_id_path")),
    )
    op.create_index(op.f("ix_film_files_path"), "film_files", ["path"], unique=False)


def _session_items() -> None:
    op.create_table(
        "session_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("observer_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("opens_at", sa.Text(), nullable=True),
        sa.Column("first_opened_at", sa.Text(), nullable=True),
        sa.Column("locked_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_session_items_film_id")),
        sa.ForeignKeyConstraint(
            ["observer_id"], ["observers.id"], name=op.f("fk_session_items_observer_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["reading_sessions.id"], name=op.f("fk_session_items_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_items")),
        sa.UniqueConstraint("session_id", "code", name=op.f("uq_session_items_session_id_code")),
        sa.UniqueConstraint(
            "session_id",
            "observer_id",
            "round",
            "place",
            name=op.f("uq_session_items_session_id_observer_id_round_place"),
        ),
    )
    op.create_index(op.f("ix_session_items_film_id"), "session_items", ["film_id"], unique=False)
    op.create_index(
        op.f("ix_session_items_observer_id"), "session_items", ["observer_id"], unique=False
    )


def _visits() -> None:
    op.create_table(
        "visits",
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("visit", sa.Text(), nullable=True),
        sa.Column("explicit", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("within_tolerance", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.Text(), nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_visits_film_id")),
        sa.PrimaryKeyConstraint("film_id", name=op.f("pk_visits")),
    )


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("observer_id", sa.Integer(), nullable=False),
        sa.Column("session_item_id", sa.Integer(), nullable=True),
        sa.Column(
            "item_key",
            sa.Integer(),
            sa.Computed("coalesce(session_item_id, 0)", persisted=True),
            nullable=False,
        ),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_drafts_film_id")),
        sa.ForeignKeyConstraint(
            ["observer_id"], ["observers.id"], name=op.f("fk_drafts_observer_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_item_id"], ["session_items.id"], name=op.f("fk_drafts_session_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint(
            "film_id",
            "observer_id",
            "item_key",
            name=op.f("uq_drafts_film_id_observer_id_item_key"),
        ),
    )


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("observer_id", sa.Integer(), nullable=False),
        sa.Column("session_item_id", sa.Integer(), nullable=True),
        sa.Column(
            "item_key",
            sa.Integer(),
            sa.Computed("coalesce(session_item_id, 0)", persisted=True),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.CheckConstraint("version = 1 OR reason <> ''", name=op.f("ck_readings_reason")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_readings_version")),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_readings_film_id")),
        sa.ForeignKeyConstraint(
            ["observer_id"], ["observers.id"], name=op.f("fk_readings_observer_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_item_id"], ["session_items.id"], name=op.f("fk_readings_session_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
        sa.UniqueConstraint(
            "film_id",
            "observer_id",
            "item_key",
            "version",
            name=op.f("uq_readings_film_id_observer_id_item_key_version"),
        ),
    )
    op.create_index(op.f("ix_readings_observer_id"), "readings", ["observer_id"], unique=False)
    op.create_index(
        op.f("ix_readings_session_item_id"), "readings", ["session_item_id"], unique=False
    )


def _reading_logs() -> None:
    op.create_table(
        "reading_logs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("zoom", sa.Float(), nullable=True),
        sa.Column("window_center", sa.Float(), nullable=True),
        sa.Column("window_width", sa.Float(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["readings.id"], name=op.f("fk_reading_logs_reading_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_logs")),
    )
    op.create_index(
        op.f("ix_reading_logs_reading_id"), "reading_logs", ["reading_id"], unique=False
    )
