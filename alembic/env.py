"""Run by Alembic for every step; ecg/kernel/migrations.py hands it its connection."""

from __future__ import annotations

from alembic import context

from ecg.kernel.database import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
