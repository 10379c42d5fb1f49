"""One render: probe, then for each segment that is not kept: capture ∥ decode → composite →
encode; at last the segments and the sound are put together."""

from __future__ import annotations

import itertools
import os
import time
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.container
import msgspec

from ecg.captions.fonts import notes_of, unusable, without_own
from ecg.captions.scenario import check_within
from ecg.kernel.errors import EngineFailed, MediaRefused
from ecg.media.info import VIDEO_LIMITS, MediaInfo, VideoLimits, VideoStream, check_duration
from ecg.media.opened import open_media
from ecg.media.probe import probe
from ecg.media.served import Context
from ecg.render.engine import segments as kept
from ecg.render.engine.browser import Browser
from ecg.render.engine.capture import Drawing, Feed, Way, capture
from ecg.render.engine.composite import Frame, Overlay, Patch, composited
from ecg.render.engine.encode import Encoding, SegmentWriter, choose_encoding, decoded
from ecg.render.engine.join import copy, join
from ecg.render.engine.layer import Layer, transparent
from ecg.render.engine.meter import Meter
from ecg.render.engine.picture import conformed, drawable, resized, scaled
from ecg.render.engine.pixels import pixel_format
from ecg.render.engine.plan import FrameTimes, Span, read_frame_times
from ecg.render.engine.resample import Resampling, resampled, resampling
from ecg.render.engine.segments import Segment
from ecg.render.engine.soft import track_of
from ecg.render.engine.tracks import losses
from ecg.render.formats import SUFFIXES, frame_rate
from ecg.render.interfaces import RenderJob, RenderProgress, RenderResult

PATIENCE = 120.0
"""Seconds that the compositor waits for one caption state before it calls the page stuck."""
_POLL = 0.1


class Task(msgspec.Struct, frozen=True):
    """A checked job: the picture of the result, the overlay its frames get, what to draw, and
    what of the source or the look gets lost; the source's picture and its frames' times; and how these
    become a constant rate, where one is wanted."""

    video: VideoStream
    overlay: Overlay
    drawing: Drawing
    losses: tuple[str, ...]
    source: VideoStream
    times: FrameTimes
    resampling: Resampling | None

    @property
    def duration(self) -> float:
        """Where the last frame ends, in the documents' seconds."""
        return _end(self.drawing.times, self.video)

    def number(self, frame: Frame) -> int:
        """Which frame of the source this is; of one that no packet announced, the one before."""
        return max(bisect_right(self.times.pts, frame.pts or 0) - 1, 0)


class Captured:
    """The states of one capture, in order, as the compositor asks for them."""

    def __init__(self, feed: Feed, check: Callable[[], None]) -> None:
        self._feed = feed
        self._check = check
        self._way: Way | None = None
        self.count = 0

    @property
    def way(self) -> Way:
        """How the states are captured; waits for it."""
        if self._way is None:
            item = self._next()
            assert isinstance(item, Way)
            self._way = item
        return self._way

    def patch(self) -> Patch:
        self.way  # noqa: B018 - it comes first
        item = self._next()
        assert isinstance(item, Patch)
        self.count += 1
        return item

    def _next(self) -> Way | Patch:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._check()
            item = self._feed.get(_POLL)
            if item is not None:
                return item
        raise EngineFailed(f"the caption page drew nothing for {PATIENCE:g} s; try again")


def render(  # noqa: PLR0913, PLR0917 - as RenderEngine.run
    browser: Browser, job: RenderJob, source: Path, output: Path, folder: Path, context: Context
) -> RenderResult:
    """Renders ``source`` to the file ``output``, with segments kept in ``folder``; on an error,
    what was written stays for the caller to remove. Raises as ``RenderEngine.run`` does."""
    started = time.monotonic()
    context.emit(RenderProgress("start"))
    if job.captions == "soft":
        return _copied(job, source, output, context, started)
    task = prepare(job, source, context.limits.video)
    encoding = choose_encoding(job.format, task.video, job.quality)
    segments = _planned(task, job, encoding, source, folder)
    missing = [segment for segment in segments if segment.missing]
    total = len(task.drawing.times.pts)
    kept_frames = total - sum(segment.span.end - segment.span.first for segment in missing)
    meter = Meter(context, total, kept_frames, float(task.video.rate))
    states, way = 0, Way("canvas")
    if missing:
        spans = [segment.span for segment in missing]
        with captured(browser, task.drawing, spans, context.check) as drawn:
            for run in kept.runs(segments):
                with open_media(source) as container:
                    _encode(task, container, run, drawn, encoding, meter)
            states, way = drawn.count, drawn.way
    _refuse_early_end(kept_frames + meter.count, total, source)
    context.emit(RenderProgress("finish", total, total))
    with open_media(source) as container:
        pts, time_base = task.drawing.times.pts, task.drawing.times.time_base
        made = [
            (one.path, pts[one.span.first : one.span.end]) for one in segments if not one.missing
        ]
        step = round(1 / task.video.rate / time_base)
        picture = _picture(container, task)
        track = None
        if job.captions == "both":
            origin = task.times.origin
            track = track_of(job.scenario, job.language, origin)
        join(output, encoding.container, made, container, picture, time_base, step, track)
    kept.keep(segments, folder)
    width, height = task.video.shown_size
    return RenderResult(
        size=output.stat().st_size,
        duration=task.duration,
        width=width,
        height=height,
        frames=kept_frames + meter.count,
        states=states,
        seconds=time.monotonic() - started,
        kept=kept_frames,
        capture=way.name,
        capture_reason=way.reason,
        encoder=encoding.encoder,
        notes=task.losses + (unusable(job.scenario) if way.fontless else ()),
    )


def _copied(
    job: RenderJob, source: Path, output: Path, context: Context, started: float
) -> RenderResult:
    """The source with its captions as a track: nothing is drawn."""
    limits = context.limits.video
    info = probe(source, limits)
    if not info.video:
        raise MediaRefused(f"{source}: has sound but no picture to put captions on")
    video = info.video[0]
    times = _times(job, source, video, limits)
    total = len(times.pts)
    context.emit(RenderProgress("finish", total, total))
    with open_media(source) as container:
        picture = cast(av.VideoStream, container.streams[video.index])
        copy(
            output,
            container,
            picture,
            track_of(job.scenario, job.language, times.origin),
        )
    context.check()
    with open_media(output) as container:
        made = read_frame_times(container, container.streams.video[0].index)
    if [pts * made.time_base for pts in made.pts] != [pts * times.time_base for pts in times.pts]:
        raise MediaRefused(
            f"{source}: the times of its pictures cannot be copied as they are; draw the captions, "
            "or convert it to H.264 in MP4 first"
        )
    width, height = video.shown_size
    return RenderResult(
        size=output.stat().st_size,
        duration=_end(times, video),
        width=width,
        height=height,
        frames=total,
        states=0,
        seconds=time.monotonic() - started,
        capture="canvas",
        encoder="copied",
        notes=losses(info),
    )


def plan(
    job: RenderJob, source: Path, folder: Path, limits: VideoLimits = VIDEO_LIMITS
) -> list[Segment]:
    """The segments that a render would make or find in ``folder``. Raises as ``prepare``."""
    task = prepare(job, source, limits)
    encoding = choose_encoding(job.format, task.video, job.quality)
    return _planned(task, job, encoding, source, folder)


def _planned(
    task: Task, job: RenderJob, encoding: Encoding, source: Path, folder: Path
) -> list[Segment]:
    settings = f"{encoding} {task.video} {job.fps}"
    return kept.planned(task.drawing, source, settings, folder, SUFFIXES[job.format])


def _encode(  # noqa: PLR0913, PLR0917 - all that a segment depends on
    task: Task,
    container: av.container.InputContainer,
    run: Sequence[Segment],
    drawn: Captured,
    encoding: Encoding,
    meter: Meter,
) -> None:
    """Makes adjacent segments from one decoding. While one drains its encoder the next begins."""
    numbered = frames_of(container, task, run[0].span.first)
    wanted = itertools.takewhile(lambda pair: pair[0] < run[-1].span.end, numbered)
    firsts = [segment.span.first for segment in run]
    finishing: Future[None] | None = None
    with ThreadPoolExecutor(1) as pool:
        for place, group in itertools.groupby(
            wanted, key=lambda pair: bisect_right(firsts, pair[0]) - 1
        ):
            segment = run[place]
            part = segment.path.with_name(f".{segment.path.stem}.{os.getpid()}.part")
            start = task.drawing.times.pts[segment.span.first]
            writer = SegmentWriter(part, task.video, start, encoding)
            try:
                for frame, changed in composited(group, segment.span, drawn.patch, task.overlay):
                    writer.add(frame, changed)
                    meter.tick()
            except BaseException:
                writer.close()
                part.unlink(missing_ok=True)
                raise
            if finishing is not None:
                finishing.result()
            finishing = pool.submit(_finish, writer, part, segment.path)
        if finishing is not None:
            finishing.result()


def frames_of(
    container: av.container.InputContainer, task: Task, first: int
) -> Iterator[tuple[int, Frame]]:
    """The result's frames from number ``first`` on, with their numbers, without captions."""
    if isinstance(task.overlay, Layer):
        return _standing(task.overlay.frame, task.drawing.times, first)
    to = task.resampling
    begin = to.shown[first] if to else first
    frames = decoded(container, _picture(container, task), task.times, begin)
    if to:
        frames = (frame for frame in frames if to.shows(task.number(frame)))
    frames = conformed(frames, task.source)
    if task.video.shown_size != task.source.shown_size:
        frames = scaled(frames, task.video)
    numbered = ((task.number(frame), frame) for frame in frames)
    return resampled(numbered, to, first) if to else numbered


def _standing(frame: Frame, times: FrameTimes, first: int) -> Iterator[tuple[int, Frame]]:
    """One frame, which is drawn anew where captions change, at all times."""
    for number in range(first, len(times.pts)):
        frame.pts, frame.time_base = times.pts[number], times.time_base
        yield number, frame


def _finish(writer: SegmentWriter, part: Path, path: Path) -> None:
    writer.finish()
    part.replace(path)


def _picture(container: av.container.InputContainer, task: Task) -> av.VideoStream:
    return cast(av.VideoStream, container.streams[task.video.index])


def prepare(job: RenderJob, source: Path, limits: VideoLimits = VIDEO_LIMITS) -> Task:
    """Looks at ``source`` and the scenario. Raises ``MediaRefused``, ``DocumentInvalid``, or
    ``InputRefused`` for a height or a rate that cannot be."""
    info, picture = checked(source, limits)
    times = _times(job, source, picture, limits)
    video, to = picture, None
    alone = job.format != "mp4"
    if alone:
        video = transparent(picture, job.format)
    if job.height is not None:
        video = resized(video, job.height, limits.pixels)
    if job.fps is not None:
        fps = frame_rate(job.fps)
        to = resampling(times, picture.rate, fps)
        video = msgspec.structs.replace(video, fps=str(fps))
    width, height = video.shown_size
    shown = to.times if to else times
    faces = [font.face for font in job.fonts]
    scenario = job.scenario if faces else without_own(job.scenario)
    drawing = Drawing(scenario, _stage_width(video), width, height, shown, job.capture, job.fonts)
    form, turn = pixel_format(video), video.rotation
    return Task(
        video,
        Layer(form, width, height) if alone else Overlay(form, width, height, turn),
        drawing,
        notes_of(faces, job.scenario) + (() if alone else losses(info)),
        picture,
        times,
        to,
    )


def _times(job: RenderJob, source: Path, video: VideoStream, limits: VideoLimits) -> FrameTimes:
    """The frames' times, once length and scenario are seen to fit them."""
    with open_media(source) as container:
        times = read_frame_times(container, video.index)
    check_duration(_end(times, video), limits, str(source))
    check_within(job.scenario, _end(times, video), 1 / float(video.rate))
    return times


def checked(source: Path, limits: VideoLimits = VIDEO_LIMITS) -> tuple[MediaInfo, VideoStream]:
    """Facts of ``source``, and the picture that it becomes; decodes one frame at most.

    Raises ``MediaRefused`` where captions cannot be drawn on it.
    """
    info = probe(source, limits)
    if not info.video:
        raise MediaRefused(f"{source}: has sound but no picture to put captions on")
    return info, drawable(info.video[0], str(source))


@contextmanager
def captured(
    browser: Browser, drawing: Drawing, spans: Sequence[Span], check: Callable[[], None]
) -> Generator[Captured]:
    """Captures ahead while the block runs; leaving it ends the capture."""
    feed = browser.run(_new_feed(), check)
    work = browser.submit(capture(browser, drawing, spans, feed))
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
