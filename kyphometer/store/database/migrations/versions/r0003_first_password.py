"""Accounts know whether their password is the first one, which somebody else chose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; passwords that there are now are taken as their owners' own."""
    op.add_column(
        "users",
        sa.Column("first_password", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
