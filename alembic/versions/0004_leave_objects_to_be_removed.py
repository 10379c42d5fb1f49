"""Leave objects to be removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "leftovers",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("prefix"),
    )
    op.create_index("ix_leftovers_due_at", "leftovers", ["due_at"])


def downgrade() -> None:
    op.drop_table("leftovers")
