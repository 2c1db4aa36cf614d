"""Films have a look, by which copies are noticed, and may be copies of other films."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; films that there are now have no look and are no copies."""
    op.create_table(
        "looks",
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("look", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name="fk_looks_film_id"),
        sa.PrimaryKeyConstraint("film_id", name="pk_looks"),
    )
    op.create_table(
        "copies",
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("copy_of", sa.Integer(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("stated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name="fk_copies_film_id"),
        sa.ForeignKeyConstraint(["copy_of"], ["films.id"], name="fk_copies_copy_of"),
        sa.PrimaryKeyConstraint("film_id", name="pk_copies"),
    )
