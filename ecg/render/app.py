"""The render engine as the rest of the product sees it: a child process behind a Protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from ecg.captions.fonts import FontFace
from ecg.captions.scenario import Scenario
from ecg.captions.styles import check_choice
from ecg.kernel.errors import EngineFailed, InputRefused, MediaRefused
from ecg.kernel.identity import new_id
from ecg.media.child import Child
from ecg.media.info import MediaInfo
from ecg.media.pipe import LIMITS, Limits
from ecg.render.formats import SUFFIXES, Format, check_captions
from ecg.render.interfaces import (
    CheckCall,
    FontCall,
    PlanCall,
    Planned,
    Preview,
    PreviewCall,
    RenderCall,
    RenderEngine,
    RenderJob,
    RenderProgress,
    RenderResult,
    Still,
    StillCall,
    StillKind,
)

FONT_MEMORY = 512 << 20
FONT_SECONDS = 30.0
"""What reading a font may take: bytes of memory, and seconds."""


def open_engine(
    browser: Path, work_dir: Path | None = None, limits: Limits = LIMITS
) -> RenderEngine:
    """A render engine drawing with the Chromium at ``browser``; its child starts at the first
    render and stays warm until ``close``. Temporary files go under ``work_dir``."""
    return _ChildEngine(browser, work_dir, limits)


async def draw_preview(
    browser: Path, styles: Sequence[str], work_dir: Path | None = None, limits: Limits = LIMITS
) -> bytes:
    """A PNG with a strip of frames for each of the named styles, drawn by the render engine.

    Raises ``NotFound`` (no such style), ``Missing`` (no browser), ``EngineFailed``.
    """
    child = _child(work_dir, limits)
    try:
        call = PreviewCall(str(browser), tuple(styles))
        return (await child.call("preview", call, Preview)).png
    finally:
        await child.close()


async def read_font(data: bytes, work_dir: Path | None = None, limits: Limits = LIMITS) -> FontFace:
    """What a stranger's font file says of itself, read in a child of its own. Raises
    ``MediaRefused``."""
    bounded = msgspec.structs.replace(
        limits, memory=FONT_MEMORY, stall=FONT_SECONDS, processor=round(FONT_SECONDS)
    )
    child = Child("ecg.render.engine.font", limits=bounded, environment={}, work_dir=work_dir)
    try:
        return await child.call("read", FontCall(data), FontFace)
    except EngineFailed:
        raise MediaRefused(
            "this font takes more to read than any font should; it is damaged"
        ) from None
    finally:
        await child.close()


def _child(work_dir: Path | None, limits: Limits) -> Child:
    return Child("ecg.render.engine", limits=limits, environment={}, work_dir=work_dir)


class _ChildEngine:
    def __init__(self, browser: Path, work_dir: Path | None, limits: Limits) -> None:
        self._browser = browser
        self._child = _child(work_dir, limits)

    async def check(self, source: Path) -> MediaInfo:
        call = CheckCall(str(self._browser), str(source.absolute()))  # noqa: ASYNC240 - a name, nothing is read
        return await self._child.call("check", call, MediaInfo)

    async def segments(self, job: RenderJob, source: Path) -> list[str]:
        check_choice(job.scenario.style)
        call = PlanCall(job, str(source.absolute()))  # noqa: ASYNC240 - a name, nothing is read
        return (await self._child.call("plan", call, Planned)).names

    async def run(  # noqa: PLR0913, PLR0917 - what is drawn, from where to where, and two ways to hear of it
        self,
        job: RenderJob,
        source: Path,
        output: Path,
        on_progress: Callable[[RenderProgress], None],
        on_alive: Callable[[], None] | None = None,
        segments: Path | None = None,
    ) -> RenderResult:
        check_output(source, output, job.format)
        check_captions(job.captions, job.format, job.height, job.fps)
        check_choice(job.scenario.style)
        target = output.absolute()  # noqa: ASYNC240 - a name, nothing is read
        part = target.with_name(f".ecg-{new_id()}.part")
        kept = str(segments.absolute()) if segments else ""  # noqa: ASYNC240
        call = RenderCall(job, str(self._browser), str(source.absolute()), str(part), kept)  # noqa: ASYNC240
        try:
            part.touch(exist_ok=False)
            result = await self._child.call(
                "render", call, RenderResult, RenderProgress, on_progress, on_alive
            )
            part.replace(target)
        except OSError as error:
            raise InputRefused(f"{output}: cannot be written: {error.strerror}") from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return result

    async def still(self, scenario: Scenario, video: Path, kind: StillKind) -> bytes:
        call = StillCall(scenario, str(video.absolute()), kind)  # noqa: ASYNC240 - a name, nothing is read
        return (await self._child.call("still", call, Still)).data

    async def close(self) -> None:
        await self._child.close()


def check_output(source: Path, output: Path, form: Format = "mp4") -> None:
    """Refuses an output whose name does not end as the format's do, that is the input (through links too) or a folder, or
    whose folder does not exist. Raises ``InputRefused``."""
    folder = output.absolute().parent
    if output.is_dir():
        raise InputRefused(
            f"{output}: is a folder; name the file to write, {output}/captioned{SUFFIXES[form]}"
        )
    if output.suffix.lower() != SUFFIXES[form]:
        other = next((one for one, end in SUFFIXES.items() if end == output.suffix.lower()), None)
        instead = f", or the format be {other}" if other else ""
        raise InputRefused(
            f"{output}: the result is {form}, so its name must end in {SUFFIXES[form]}{instead}"
        )
    if output.exists() and source.exists() and output.samefile(source):
        raise InputRefused(f"{output}: is the input itself, which is never written over")
    if not folder.is_dir():
        raise InputRefused(f"{output}: the folder {folder} does not exist; make it first")
