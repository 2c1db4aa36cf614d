"""Films know their time of day; numbers computed from readings are kept."""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table, and fill in the times that the films' facts hold."""
    op.add_column("films", sa.Column("taken_at", sa.Text(), nullable=True))
    _fill_times()
    op.create_table(
        "measured",
        sa.Column("reading_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("upper", sa.Text(), nullable=True),
        sa.Column("lower", sa.Text(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("standard_uncertainty", sa.Float(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["readings.id"], name=op.f("fk_measured_reading_id")
        ),
        sa.PrimaryKeyConstraint("reading_id", "code", "part", name=op.f("pk_measured")),
    )


def _fill_times() -> None:
    films = sa.table("films", sa.column("id"), sa.column("facts"), sa.column("taken_at"))
    connection = op.get_bind()
    for number, facts in connection.execute(sa.select(films.c.id, films.c.facts)).all():
        exposed = json.loads(facts).get("exposed_at")
        if exposed is not None:
            at = datetime.fromisoformat(exposed).time().isoformat()
            connection.execute(sa.update(films).where(films.c.id == number).values(taken_at=at))
