"""The tables of renders, of the keys that make asking twice harmless, of saved looks and of people's
own fonts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ecg.kernel.database import Row
from ecg.kernel.jobs import JobColumns


class Render(JobColumns, Row):
    """``output``: what was asked for. ``result``: facts of the finished file, at ``result_key``
    in the store."""

    __tablename__ = "renders"

    output: Mapped[dict[str, Any]] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    result_key: Mapped[str | None] = mapped_column(Text)


class IdempotencyKey(Row):
    """``body_hash``: SHA-256 of the request's body, hex."""

    __tablename__ = "idempotency_keys"

    owner_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    render_id: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(index=True)


class Look(Row):
    """``style``: a scenario's ``StyleChoice``."""

    __tablename__ = "looks"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner_id: Mapped[str] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    style: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]


class Font(Row):
    """A font file that an account brought. ``face``: the ``FontFace`` that was read in it; null,
    as ``key`` and ``sha256`` are, until the upload is complete. ``licensed_at``: when its owner
    said that they may use it in videos."""

    __tablename__ = "fonts"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(Integer)
    face: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    key: Mapped[str | None] = mapped_column(Text)
    sha256: Mapped[str | None] = mapped_column(String(64))
    licensed_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
