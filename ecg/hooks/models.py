"""Tables of users' webhooks and of what was sent to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ecg.kernel.database import Row


class Webhook(Row):
    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[str]] = mapped_column(JSONB)
    created_at: Mapped[datetime]


class Delivery(Row):
    """``payload`` is the very text that is signed, so that every retry sends the same bytes.
    ``state``: pending, delivered or failed."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "next_at", postgresql_where=text("state = 'pending'")),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("webhooks.id", ondelete="CASCADE"), index=True
    )
    owner_id: Mapped[str] = mapped_column(String(36))
    event: Mapped[str]
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(9))
    attempts: Mapped[int]
    next_at: Mapped[datetime]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
