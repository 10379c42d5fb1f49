"""One render: probe, plan, capture ∥ decode → composite → encode, mux."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av.video.frame
import msgspec

from ecg.kernel.errors import EngineFailed, MediaRefused
from ecg.media.info import VideoStream
from ecg.media.opened import open_media, probe
from ecg.render.engine.browser import Browser
from ecg.render.engine.capture import Drawing, Feed, Ready, capture
from ecg.render.engine.composite import Overlay, Patch, composited
from ecg.render.engine.encode import Writer, choose_encoder, decoded, open_output
from ecg.render.engine.pixels import pixel_format
from ecg.render.engine.plan import FrameTimes, check_within, read_frame_times
from ecg.render.interfaces import Capture, RenderJob, RenderProgress, RenderResult

PROGRESS_EVERY = 0.5
"""Seconds between two reports."""
_POLL = 0.1

Check = Callable[[], None]
Report = Callable[[RenderProgress], None]
Frames = Iterator[av.video.frame.VideoFrame]


class _States:
    """The compositor's view of the capture."""

    def __init__(self, feed: Feed, check: Check) -> None:
        self._feed = feed
        self._check = check
        self._ready: Ready | None = None

    @property
    def ready(self) -> Ready:
        if self._ready is None:
            item = self._next()
            assert isinstance(item, Ready)
            self._ready = item
        return self._ready

    def state_at(self, pts: int) -> int:
        return self.ready.plan.state_at(pts)

    def patch(self) -> Patch:
        item = self._next()
        assert isinstance(item, Patch)
        return item

    def _next(self) -> Ready | Patch:
        while True:
            self._check()
            item = self._feed.get(_POLL)
            if item is not None:
                return item


def render(
    browser: Browser, job: RenderJob, source: Path, output: Path, report: Report, check: Check
) -> RenderResult:
    """Renders ``source`` to the file ``output``, which must not exist yet.

    ``check`` is called often and raises to stop. Raises as ``RenderEngine.run`` does; whoever
    called removes what was written.
    """
    started = time.monotonic()
    report(RenderProgress("start"))
    video = _picture(source)
    form = pixel_format(video, source.name)
    with open_media(source) as container:
        times = read_frame_times(container, video.index)
    check_within(job.scenario, _length(times, video), 1 / float(video.rate))
    width, height = video.shown_size
    drawing = Drawing(job.scenario, _stage_width(video), width, height, times, job.capture)
    with _capturing(browser, drawing, check) as states:
        encoder = choose_encoder(video.pixel_format)
        overlay = Overlay(form, width, height, video.rotation)
        with open_media(source) as container, open_output(output) as target:
            target.metadata.update(container.metadata)
            writer = Writer(target, container, video.index, job.quality, encoder)
            frames = composited(decoded(container, video.index, writer), states, overlay)
            total = len(times.pts)
            count = 0
            for count, frame in enumerate(_counted(frames, total, video, report), start=1):
                check()
                writer.add_frame(frame)
            report(RenderProgress("finish", count, total))
            writer.finish()
        ready = states.ready
    return RenderResult(
        size=output.stat().st_size,
        duration=_length(times, video),
        width=width,
        height=height,
        frames=count,
        states=len(ready.plan.beginnings),
        seconds=time.monotonic() - started,
        capture=ready.way,
        capture_reason=ready.reason,
        encoder=encoder,
    )


@contextmanager
def _capturing(browser: Browser, drawing: Drawing, check: Check) -> Iterator[_States]:
    async def feed_here() -> Feed:
        return Feed()

    feed = browser.run(feed_here(), check)
    work = browser.submit(capture(browser, drawing, feed))
    try:
        yield _States(feed, check)
    finally:
        work.cancel()


def _picture(source: Path) -> VideoStream:
    info = probe(source)
    if not info.video:
        raise MediaRefused(f"{source}: has sound but no picture to put captions on")
    return info.video[0]


def _stage_width(video: VideoStream) -> int:
    """The shown picture's width in square pixels at its own height."""
    aspect = Fraction(video.sample_aspect)
    width, _ = video.shown_size
    return round(width * (aspect if video.rotation in (0, 180) else 1 / aspect))


def _length(times: FrameTimes, video: VideoStream) -> float:
    """Where the last frame ends, in the documents' seconds."""
    return float(times.pts[-1] * times.time_base - times.origin + 1 / video.rate)


def _counted(
    frames: Iterable[av.video.frame.VideoFrame], total: int, video: VideoStream, report: Report
) -> Frames:
    started = said = time.monotonic()
    for number, frame in enumerate(frames, start=1):
        yield frame
        now = time.monotonic()
        if now - said >= PROGRESS_EVERY:
            said = now
            fps = number / (now - started)
            speed = fps / float(video.rate)
            eta = max(total - number, 0) / fps
            report(RenderProgress("render", number, total, fps, speed, eta))
