"""The tables of a study, the same in SQLite and PostgreSQL.

Documents, settings and times are text, so that both databases keep, hash and export exactly the
same bytes. `readings`, `reading_logs`, `clinical_rows` and `audit` are append-only: triggers
refuse to change or delete a row (see `append_only`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

APPLICATION_ID = 0x4B79506F
"""Marks a SQLite file as a Kyphometer study (`PRAGMA application_id`)."""
HEAD_REVISION = "0004"
"""Newest migration; a test holds it to the scripts in `migrations`."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _link(target: str, *, name: str | None = None, nullable: bool = False) -> Column[int]:
    column = name or f"{target.removesuffix('s')}_id"
    return Column(column, Integer, ForeignKey(f"{target}.id"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _item_key() -> Column[int]:
    """0 outside of sessions: lets one unique constraint serve readings in and out of sessions."""
    computed = Computed("coalesce(session_item_id, 0)", persisted=True)
    return Column("item_key", Integer, computed, nullable=False)


study = Table(
    "study",
    metadata,
    _id(),
    _text("uid"),
    _text("name"),
    _text("settings"),
    _text("created_at"),
    _text("software"),
    CheckConstraint("id = 1", name="single"),
)

patients = Table(
    "patients",
    metadata,
    _id(),
    _text("code"),
    _text("clinical_code", nullable=True),
    Column("injury_date", Date),
    Column("surgery_date", Date),
    UniqueConstraint("code"),
    UniqueConstraint("clinical_code"),
)

films = Table(
    "films",
    metadata,
    _id(),
    _link("patients", nullable=True),
    _text("sop_instance_uid", nullable=True),
    Column("frame", Integer, nullable=False),
    _text("sha256_pixels", nullable=True),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("row_mm", Float),
    Column("column_mm", Float),
    Column("aspect", Float, nullable=False),
    _text("spacing_source"),
    Column("spacing_in_patient", Boolean, nullable=False),
    Column("taken_on", Date),
    _text("taken_at", nullable=True),
    _text("position"),
    _text("facing", nullable=True),
    Column("is_lateral", Boolean),
    _text("facts"),
    _text("added_at"),
    UniqueConstraint("sop_instance_uid", "frame"),
    Index(None, "patient_id"),
    Index(None, "sha256_pixels"),
)

film_files = Table(
    "film_files",
    metadata,
    _id(),
    _link("films"),
    _text("path"),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    _text("seen_at"),
    UniqueConstraint("film_id", "path"),
    Index(None, "path"),
)

looks = Table(
    "looks",
    metadata,
    Column("film_id", Integer, ForeignKey("films.id"), primary_key=True),
    _text("look"),
)
"""Small pictures by which copies of films are noticed, see `kyphometer.dicom.look`."""

copies = Table(
    "copies",
    metadata,
    Column("film_id", Integer, ForeignKey("films.id"), primary_key=True),
    Column("copy_of", Integer, ForeignKey("films.id")),
    _text("how"),
    Column("stated", Boolean, nullable=False),
)
"""Films that are copies of others; `copy_of` is empty where somebody stated that one is none."""

visits = Table(
    "visits",
    metadata,
    Column("film_id", Integer, ForeignKey("films.id"), primary_key=True),
    _text("visit", nullable=True),
    Column("explicit", Boolean, nullable=False),
    Column("day", Integer),
    Column("within_tolerance", Boolean),
    _text("reason"),
    _text("assigned_at"),
    _text("assigned_by"),
)

observers = Table(
    "observers",
    metadata,
    _id(),
    _text("code"),
    _text("name"),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("code"),
)

users = Table(
    "users",
    metadata,
    _id(),
    _text("login"),
    _text("password_hash"),
    _text("role"),
    _link("observers", nullable=True),
    Column("active", Boolean, nullable=False),
    _text("created_at"),
    Column("first_password", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("login"),
    CheckConstraint("role IN ('observer', 'owner', 'qa')", name="role"),
)

reading_sessions = Table(
    "reading_sessions",
    metadata,
    _id(),
    _text("code"),
    _text("title"),
    _text("kind"),
    _text("settings"),
    _text("state"),
    _text("created_at"),
    _text("created_by"),
    UniqueConstraint("code"),
    CheckConstraint("state IN ('open', 'locked')", name="state"),
)

session_items = Table(
    "session_items",
    metadata,
    _id(),
    _link("reading_sessions", name="session_id"),
    _link("observers"),
    Column("round", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    _text("code"),
    _link("films"),
    Column("mirrored", Boolean, nullable=False),
    Column("duplicate", Boolean, nullable=False),
    Column("training", Boolean, nullable=False),
    _text("opens_at", nullable=True),
    _text("first_opened_at", nullable=True),
    _text("locked_at", nullable=True),
    UniqueConstraint("session_id", "observer_id", "round", "place"),
    UniqueConstraint("session_id", "code"),
    Index(None, "observer_id"),
    Index(None, "film_id"),
)

readings = Table(
    "readings",
    metadata,
    _id(),
    _link("films"),
    _link("observers"),
    _link("session_items", nullable=True),
    _item_key(),
    Column("version", Integer, nullable=False),
    _text("document"),
    _text("sha256"),
    _text("reason"),
    _text("saved_at"),
    _text("saved_by"),
    UniqueConstraint("film_id", "observer_id", "item_key", "version"),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("version = 1 OR reason <> ''", name="reason"),
    Index(None, "observer_id"),
    Index(None, "session_item_id"),
)

drafts = Table(
    "drafts",
    metadata,
    _id(),
    _link("films"),
    _link("observers"),
    _link("session_items", nullable=True),
    _item_key(),
    _text("etag"),
    Column("base_version", Integer, nullable=False),
    _text("document"),
    _text("saved_at"),
    UniqueConstraint("film_id", "observer_id", "item_key"),
)

reading_logs = Table(
    "reading_logs",
    metadata,
    _id(),
    _link("readings"),
    Column("seconds", Float, nullable=False),
    Column("zoom", Float),
    Column("window_center", Float),
    Column("window_width", Float),
    _text("details"),
    Index(None, "reading_id"),
)

clinical_rows = Table(
    "clinical_rows",
    metadata,
    _id(),
    _link("patients"),
    Column("version", Integer, nullable=False),
    _text("data"),
    _text("source"),
    _text("saved_at"),
    _text("saved_by"),
    UniqueConstraint("patient_id", "version"),
)

measured = Table(
    "measured",
    metadata,
    Column("reading_id", Integer, ForeignKey("readings.id"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    _text("basis"),
    _text("label"),
    _text("upper", nullable=True),
    _text("lower", nullable=True),
    Column("value", Float),
    _text("unit"),
    Column("standard_uncertainty", Float),
    _text("definition"),
    _text("note"),
)
"""Numbers computed from readings, kept so that large tables are quick; may be computed anew."""

audit = Table(
    "audit",
    metadata,
    _id(),
    _text("at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    Column("from_version", Integer),
    _text("details"),
    _text("previous_hash"),
    _text("hash"),
    UniqueConstraint("hash"),
    Index(None, "subject"),
)

APPEND_ONLY = ("readings", "reading_logs", "clinical_rows", "audit")
