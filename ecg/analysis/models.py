"""The tables of analyses and scenarios."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from ecg.kernel.database import Row
from ecg.kernel.jobs import JobColumns


class Analysis(JobColumns, Row):
    """``transcript``: the JSON document, as the engine wrote it. ``language``: what was heard.
    ``seconds``: wall time of the attempt that succeeded."""

    __tablename__ = "analyses"

    model: Mapped[str] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(8))
    seconds: Mapped[float | None]
    transcript: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))


class Realignment(JobColumns, Row):
    """``words``: what was measured, a ``RealignedWord`` each."""

    __tablename__ = "realignments"

    words: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))


class StoredScenario(Row):
    """``version`` rises with each change and is the document's ETag."""

    __tablename__ = "scenarios"

    video_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True
    )
    owner_id: Mapped[str] = mapped_column(
        String(36), ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    version: Mapped[int]
    document: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime]
