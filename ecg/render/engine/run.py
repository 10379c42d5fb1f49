"""One render: probe, plan, capture ∥ decode → composite → encode, mux."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av.video.frame
import msgspec

from ecg.captions.scenario import check_within
from ecg.kernel.errors import EngineFailed, MediaRefused
from ecg.media.info import MediaInfo, VideoStream
from ecg.media.opened import open_media, probe
from ecg.media.served import Context
from ecg.render.engine.browser import Browser
from ecg.render.engine.capture import Drawing, Feed, Ready, capture
from ecg.render.engine.composite import Overlay, Patch, composited
from ecg.render.engine.encode import Writer, choose_encoder, decoded, open_output
from ecg.render.engine.pixels import PixelFormat, pixel_format
from ecg.render.engine.plan import FrameTimes, read_frame_times
from ecg.render.interfaces import RenderJob, RenderProgress, RenderResult

PROGRESS_EVERY = 0.5
"""Seconds between two reports."""
PATIENCE = 120.0
"""Seconds that the compositor waits for one caption state before it calls the page stuck."""
_POLL = 0.1

Frame = av.video.frame.VideoFrame


class Task(msgspec.Struct, frozen=True):
    """A checked job: the picture stream, the overlay its frames get, and what to draw."""

    video: VideoStream
    overlay: Overlay
    drawing: Drawing

    @property
    def duration(self) -> float:
        """Where the last frame ends, in the documents' seconds."""
        return _end(self.drawing.times, self.video)


class Captured:
    """The states of one capture, in order, as the compositor asks for them."""

    def __init__(self, feed: Feed, check: Callable[[], None]) -> None:
        self._feed = feed
        self._check = check
        self._ready: Ready | None = None

    @property
    def ready(self) -> Ready:
        """The plan; waits for it."""
        if self._ready is None:
            item = self._next()
            assert isinstance(item, Ready)
            self._ready = item
        return self._ready

    def state_at(self, pts: int) -> int:
        return self.ready.plan.state_at(pts)

    def patch(self) -> Patch:
        self.ready  # noqa: B018 - it comes first
        item = self._next()
        assert isinstance(item, Patch)
        return item

    def _next(self) -> Ready | Patch:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._check()
            item = self._feed.get(_POLL)
            if item is not None:
                return item
        raise EngineFailed(f"the caption page drew nothing for {PATIENCE:g} s; try again")


def render(
    browser: Browser, job: RenderJob, source: Path, output: Path, context: Context
) -> RenderResult:
    """Renders ``source`` to the file ``output``; on an error, what was written stays for the
    caller to remove. Raises as ``RenderEngine.run`` does."""
    started = time.monotonic()
    context.emit(RenderProgress("start"))
    task = prepare(job, source)
    encoder = choose_encoder(task.video.pixel_format)
    total = len(task.drawing.times.pts)
    with (
        captured(browser, task.drawing, context.check) as states,
        open_media(source) as container,
        open_output(output) as target,
    ):
        writer = Writer(target, container, task.video.index, job.quality, encoder)
        frames = decoded(container, task.video.index, writer.add_sound)
        count = 0
        for frame in _reported(composited(frames, states, task.overlay), total, task, context):
            context.check()
            writer.add_frame(frame)
            count += 1
        _refuse_early_end(count, total, source)
        context.emit(RenderProgress("finish", count, total))
        writer.finish()
        ready = states.ready
    width, height = task.video.shown_size
    return RenderResult(
        size=output.stat().st_size,
        duration=task.duration,
        width=width,
        height=height,
        frames=count,
        states=len(ready.plan.beginnings),
        seconds=time.monotonic() - started,
        capture=ready.way,
        capture_reason=ready.reason,
        encoder=writer.encoder,
    )


def prepare(job: RenderJob, source: Path) -> Task:
    """Looks at ``source`` and the scenario. Raises ``MediaRefused`` or ``DocumentInvalid``."""
    info, form = checked(source)
    video = info.video[0]
    with open_media(source) as container:
        times = read_frame_times(container, video.index)
    check_within(job.scenario, _end(times, video), 1 / float(video.rate))
    width, height = video.shown_size
    overlay = Overlay(form, width, height, video.rotation)
    return Task(
        video,
        overlay,
        Drawing(job.scenario, _stage_width(video), width, height, times, job.capture),
    )


def checked(source: Path) -> tuple[MediaInfo, PixelFormat]:
    """Facts of ``source`` and how its pictures are made of planes; decodes one frame at most.

    Raises ``MediaRefused`` where captions cannot be drawn on it.
    """
    info = probe(source)
    if not info.video:
        raise MediaRefused(f"{source}: has sound but no picture to put captions on")
    return info, pixel_format(info.video[0], str(source))


@contextmanager
def captured(browser: Browser, drawing: Drawing, check: Callable[[], None]) -> Generator[Captured]:
    """Captures ahead while the block runs; leaving it ends the capture."""
    feed = browser.run(_new_feed(), check)
    work = browser.submit(capture(browser, drawing, feed))
    try:
        yield Captured(feed, check)
    finally:
        work.cancel()


async def _new_feed() -> Feed:
    return Feed()


def _stage_width(video: VideoStream) -> int:
    """The shown picture's width in square pixels at its own height."""
    aspect = Fraction(video.sample_aspect)
    width, _ = video.shown_size
    return round(width * (aspect if video.rotation in (0, 180) else 1 / aspect))


def _end(times: FrameTimes, video: VideoStream) -> float:
    return float(times.pts[-1] * times.time_base - times.origin + 1 / video.rate)


def _refuse_early_end(count: int, total: int, source: Path) -> None:
    # a decoder may drop a damaged frame or two at an edge; a broken-off file loses far more
    if count < total * 0.98 - 2:
        raise MediaRefused(f"{source}: only {count} of {total} frames could be decoded")
    if count == 0:
        raise MediaRefused(f"{source}: holds no picture that can be decoded")


def _reported(frames: Iterable[Frame], total: int, task: Task, context: Context) -> Iterator[Frame]:
    started = said = time.monotonic()
    for number, frame in enumerate(frames, start=1):
        yield frame
        now = time.monotonic()
        if now - said >= PROGRESS_EVERY:
            said = now
            fps = number / (now - started)
            speed = fps / float(task.video.rate)
            eta = max(total - number, 0) / fps
            context.emit(RenderProgress("render", number, total, fps, speed, eta))
