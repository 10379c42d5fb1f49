"""What the api shows of uploads and videos."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ecg.captions.brought import MAX_SCRIPT, MAX_SPEAKERS, MAX_TERM, MAX_TERMS
from ecg.kernel.errors import MediaRefused
from ecg.kernel.problems import Problem, problem_of
from ecg.kernel.storage import PartDone
from ecg.uploads.models import Upload, Video
from ecg.uploads.service import facts_of, refusal_of

_FILENAME = r"^[^/\\\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+$(?!\n)"
"""No folders, no control characters, nothing that turns the direction of text; and, as in the
other patterns, no line feed at the end, which ``$`` alone lets pass."""

Number = Annotated[int, Meta(ge=1, le=10_000)]


class NewUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``size`` in bytes; ``sha256`` (hex) is verified where it is given."""

    filename: Annotated[
        str,
        Meta(min_length=1, max_length=255, pattern=_FILENAME, examples=["talk.mp4"]),
    ]
    size: Annotated[int, Meta(ge=1, le=2**50, examples=[528416])]
    content_type: Annotated[
        str, Meta(max_length=100, pattern=r"^video/[A-Za-z0-9.+-]+$(?!\n)", examples=["video/mp4"])
    ]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")] | None = None


class WantedParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    numbers: Annotated[list[Number], Meta(min_length=1, max_length=1000, examples=[[2, 3]])]


class SentPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Number
    etag: Annotated[str, Meta(min_length=1, max_length=200)]


class Completion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``parts``: what the store answered to each; left out, those that it holds are taken.
    ``language``: ISO 639-1 of what is spoken, else detected. ``speakers``: how many speak. ``script``:
    the exact wording, as text, SRT or VTT. ``terms``: names as they are written."""

    parts: Annotated[list[SentPart], Meta(max_length=10_000)] | None = None
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}$(?!\n)", examples=["en"])] | None = None
    speakers: Annotated[int, Meta(ge=1, le=MAX_SPEAKERS)] | None = None
    script: Annotated[str, Meta(max_length=MAX_SCRIPT)] | None = None
    terms: Annotated[
        list[Annotated[str, Meta(max_length=MAX_TERM, examples=["Kubernetes"])]],
        Meta(max_length=MAX_TERMS),
    ] = []


class PartURL(msgspec.Struct, frozen=True):
    """PUT exactly this part's bytes to ``url`` with ``headers``; keep the answer's ETag."""

    number: int
    url: str
    headers: dict[str, str]


class UploadBegun(msgspec.Struct, frozen=True):
    """``part_size``: bytes of each part but the last. ``parts``: the first of them; more by
    ``/parts``."""

    id: str
    video_id: str
    method: Literal["single", "multipart"]
    part_size: int
    parts: list[PartURL]
    expires_at: datetime


class Parts(msgspec.Struct, frozen=True):
    parts: list[PartURL]


class UploadView(msgspec.Struct, frozen=True):
    """``parts_done``: what the store holds, so that an upload goes on where it broke."""

    id: str
    video_id: str
    state: Literal["open", "completed", "aborted"]
    method: Literal["single", "multipart"]
    size: int
    part_size: int
    parts_done: list[PartDone]
    expires_at: datetime


class VideoView(msgspec.Struct, frozen=True):
    """``duration`` in seconds, ``width`` and ``height`` as shown; null until the video has been
    checked. ``refusal``: why it cannot be used. ``analysis`` and ``latest_render``: the newest
    of each."""

    id: str
    state: Literal["uploading", "checking", "ready", "refused"]
    refusal: Problem | None
    filename: str
    size: int
    duration: float | None
    width: int | None
    height: int | None
    fps: float | None
    has_audio: bool | None
    poster_url: str | None
    created_at: datetime
    analysis: Any = None
    latest_render: Any = None


class Newest(msgspec.Struct, frozen=True):
    """The newest analysis and the newest render of each video that has one, as the api shows
    them."""

    analyses: Mapping[str, object]
    renders: Mapping[str, object]


class Videos(msgspec.Struct, frozen=True):
    items: list[VideoView]
    next_cursor: str | None


def upload_view(upload: Upload, done: list[PartDone]) -> UploadView:
    return UploadView(
        id=upload.id,
        video_id=upload.video_id,
        state=_literal(upload.state),
        method=_literal(upload.method),
        size=upload.size,
        part_size=upload.part_size,
        parts_done=done,
        expires_at=upload.expires_at,
    )


def video_view(
    video: Video,
    poster_url: str | None,
    newest: Newest,
) -> VideoView:
    media = facts_of(video).media
    picture = media.video[0] if media is not None and media.video else None
    width, height = picture.shown_size if picture else (None, None)
    refusal = refusal_of(video)
    return VideoView(
        id=video.id,
        state=_literal(video.state),
        refusal=None
        if refusal is None
        else problem_of(MediaRefused(refusal.message), refusal.trace),
        filename=video.filename,
        size=video.size,
        duration=media.duration if media else None,
        width=width,
        height=height,
        fps=round(float(picture.rate), 3) if picture else None,
        has_audio=bool(media.audio) if media else None,
        poster_url=poster_url,
        created_at=video.created_at,
        analysis=newest.analyses.get(video.id),
        latest_render=newest.renders.get(video.id),
    )


def _literal(text: str) -> Any:
    return text
