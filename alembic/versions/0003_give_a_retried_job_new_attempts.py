"""Give a retried job new attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

JOBS = ("analyses", "renders")


def upgrade() -> None:
    for table in JOBS:
        op.add_column(
            table, sa.Column("attempts_from", sa.Integer(), server_default="0", nullable=False)
        )


def downgrade() -> None:
    for table in JOBS:
        op.drop_column(table, "attempts_from")
