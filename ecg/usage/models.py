"""Tables of the ledger. A render or upload has one entry, whatever happens to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ecg.kernel.database import Row


class Quota(Row):
    """An account's own limits; null means the default."""

    __tablename__ = "quotas"

    owner_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    renders_per_day: Mapped[int | None]
    renders_per_month: Mapped[int | None]
    concurrent: Mapped[int | None]
    upload_bytes: Mapped[int | None] = mapped_column(BigInteger)


class Entry(Row):
    """``kind``: render or upload. ``state``: reserved, charged or released (given back)."""

    __tablename__ = "usage_entries"
    __table_args__ = (Index("ix_usage_entries_owner_id_created_at", "owner_id", "created_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner_id: Mapped[str] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    subject_id: Mapped[str] = mapped_column(String(36), unique=True)
    amount_seconds: Mapped[float] = mapped_column(Float)
    amount_bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
