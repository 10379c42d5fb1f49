"""What the render feature offers: values in, values out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from ecg.captions.fonts import FontFace
from ecg.captions.scenario import Scenario
from ecg.kernel.attempts import Stored, Trouble
from ecg.media.info import MediaInfo
from ecg.render.formats import MEDIA_TYPES, SUFFIXES, Captions, Format

Quality = Literal["draft", "standard", "high"]
Stage = Literal["start", "render", "finish"]
Capture = Literal["canvas", "screenshot"]
StillKind = Literal["jpg", "png"]


FONTS = "fonts"
"""The folder of a job's own fonts, and of their objects' names."""


class OwnFont(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A font file that a person brought. ``file``: its absolute path; in a request of the service
    the name of the attempt's object. ``size`` in bytes, ``sha256`` (hex) of these."""

    face: FontFace
    file: str
    size: int
    sha256: str


class RenderJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to draw and how to encode. ``quality`` picks the encoder's speed and rate. ``height``
    (pixels of the shown result) and ``fps`` (``formats.frame_rate``) are the source's own where
    they are left out. ``language`` (ISO 639) is that of a caption track, if it is known.
    ``fonts``: the files of the scenario's own family; without one the style's font is taken."""

    scenario: Scenario
    quality: Quality = "standard"
    format: Format = "mp4"
    height: int | None = None
    fps: str | None = None
    captions: Captions = "burned"
    language: str = ""
    fonts: tuple[OwnFont, ...] = ()
    capture: Capture | None = None
    """``None`` measures which way works here; naming one forces it (benchmarks, tests)."""


class RenderCall(msgspec.Struct, frozen=True):
    """What the engine's child is asked: a job, the Chromium to draw with, and where the source
    is, the result goes and segments are kept (absolute paths; ``segments`` empty: nowhere)."""

    job: RenderJob
    browser: str
    source: str
    output: str
    segments: str


class PreviewCall(msgspec.Struct, frozen=True):
    """What the engine's child is asked: strips of these styles, drawn with this Chromium."""

    browser: str
    styles: tuple[str, ...]


class Preview(msgspec.Struct, frozen=True):
    """``png``: the bytes of a PNG file."""

    png: bytes


class CheckCall(msgspec.Struct, frozen=True):
    """What the engine's child is asked before a render, with the Chromium that will draw it;
    ``source`` is an absolute path."""

    browser: str
    source: str


class PlanCall(msgspec.Struct, frozen=True):
    """What the engine's child is asked by ``RenderEngine.segments``; ``source`` is an absolute
    path."""

    job: RenderJob
    source: str


class FontCall(msgspec.Struct, frozen=True):
    """What the child that reads fonts is asked: ``data``, the bytes of a file."""

    data: bytes


class StillCall(msgspec.Struct, frozen=True):
    """What the engine's child is asked by ``RenderEngine.still``; ``video`` is an absolute
    path."""

    scenario: Scenario
    video: str
    kind: StillKind


class Still(msgspec.Struct, frozen=True):
    """A picture file."""

    data: bytes


class Planned(msgspec.Struct, frozen=True):
    """Names of segments, in order."""

    names: list[str]


class RenderProgress(msgspec.Struct, frozen=True):
    """``frame`` of ``total`` frames encoded; ``fps`` encoded per second; ``speed`` × real
    time; ``eta`` seconds left, ``None`` until known. ``total`` is 0 until known."""

    stage: Stage
    frame: int = 0
    total: int = 0
    fps: float = 0.0
    speed: float = 0.0
    eta: float | None = None


class RenderResult(msgspec.Struct, frozen=True):
    """Facts of the finished file. ``duration`` and ``seconds`` (wall time) in seconds,
    ``size`` in bytes, ``states`` the number of distinct caption pictures captured, ``kept`` the
    number of ``frames`` that came from segments of an earlier render.
    ``capture_reason`` says why screenshots were used, empty otherwise. ``notes``: one sentence
    for each thing of the source that the result has not."""

    size: int
    duration: float
    width: int
    height: int
    frames: int
    states: int
    seconds: float
    capture: Capture
    capture_reason: str = ""
    encoder: str = ""
    kept: int = 0
    notes: tuple[str, ...] = ()


class RenderEngine(Protocol):
    """Draws a scenario over a video.

    ``on_alive`` is called about each second while the engine's process is seen to run.
    """

    async def check(self, source: Path) -> MediaInfo:
        """Facts of ``source``, once it is seen to be one that captions can be drawn on.

        Asked before long work on its sound, during which the browser starts. Raises ``MediaRefused`` (no picture, a damaged
        file, a kind of picture that is not handled, by name).
        """
        ...

    async def segments(self, job: RenderJob, source: Path) -> list[str]:
        """Names of the files that ``run`` would make in its folder of ``segments``, in order:
        those that are there already it takes as they are. Raises as ``run`` does."""
        ...

    async def run(  # noqa: PLR0913, PLR0917 - what is drawn, from where to where, and two ways to hear of it
        self,
        job: RenderJob,
        source: Path,
        output: Path,
        on_progress: Callable[[RenderProgress], None],
        on_alive: Callable[[], None] | None = None,
        segments: Path | None = None,
    ) -> RenderResult:
        """Render ``source`` (a local file, only read) to ``output``, whose name ends as the
        job's format has it.

        ``segments``: a folder in which whole segments of about 20 s stay, by what is in them;
        a render that was ended, or one that changes a word, goes on from those that fit.

        ``output`` is written under another name in its own folder and moved into place when
        whole; whatever ends the render, nothing half-written keeps its name and no temporary
        file stays. Raises ``MediaRefused``, ``InputRefused`` (unknown style, times outside
        the video), ``Missing`` (no browser), ``EngineFailed``. Cancelling the awaiting task
        stops engine and browser within 2 s.
        """
        ...

    async def still(self, scenario: Scenario, video: Path, kind: StillKind) -> bytes:
        """A picture file of ``video``, a result with the captions of ``scenario``: a frame on
        which one of them is wholly shown. Raises ``MediaRefused``."""
        ...

    async def close(self) -> None:
        """Ends the engine's child process and its browser, if they run."""
        ...


class RenderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the render role is asked to do; kept in the render's row. ``size``: the source's
    bytes. The source itself is the attempt's object ``source``."""

    video_id: str
    size: int
    job: RenderJob


class Rendered(msgspec.Struct, frozen=True, tag="succeeded"):
    """``result``: the video in the store. ``facts``: what the engine says of it."""

    result: Stored
    facts: RenderResult


class RenderFailed(msgspec.Struct, frozen=True, tag="failed"):
    trouble: Trouble


class RenderReport(msgspec.Struct, frozen=True):
    """From the render role to the render desk; either ends the attempt and the job. ``id``:
    the render's."""

    id: str
    attempt: int
    event: Rendered | RenderFailed


RESULTS: dict[Format, str] = {form: f"result{suffix}" for form, suffix in SUFFIXES.items()}
"""An attempt's object that is the result, by its format."""

SEGMENTS = "segments"
"""The folder of kept segments: an attempt's object ``segments/NAME`` is the video's own, shared by
all its renders, and may be read where it is there."""


def whole(folder: Path) -> list[Path]:
    """The segments in ``folder`` that are written to their end, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix in MEDIA_TYPES)
