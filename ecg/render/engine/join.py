"""Putting the result together: the segments' packets, and the source's other tracks."""

from __future__ import annotations

import heapq
import math
import struct
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.error

from ecg.kernel.errors import EngineFailed, MediaRefused
from ecg.media.opened import name_of, sounds
from ecg.render.engine.encode import writing
from ecg.render.engine.soft import Track, add_track
from ecg.render.engine.tracks import (
    COPIED_PICTURES,
    Piece,
    add_tracks,
    carry_metadata,
    describe,
)

_MOST_TICKS = 1 << 31


def join(  # noqa: PLR0913, PLR0917 - all that a result is made of
    output: Path,
    container: str,
    segments: Sequence[tuple[Path, Sequence[int]]],
    source: av.container.InputContainer,
    picture: av.VideoStream,
    time_base: Fraction,
    step: int,
    track: Track | None = None,
) -> None:
    """Writes ``output``, a file of FFmpeg's ``container``, from ``segments``, which hold what
    ``picture`` becomes: each with the times of its frames in units of ``time_base`` seconds, of
    which a frame usually takes ``step``. Into MP4 go the other tracks of ``source``, too, and
    ``track``. Raises ``EngineFailed``."""
    whole = container == "mp4"
    units = [time_base, *(sound.time_base or Fraction(1) for sound in sounds(source))]
    with open_output(output, container, _ticks(units if whole else units[:1])) as target:
        carry_metadata(target, source)
        with _segment(segments[0][0]) as first:
            video = _video_output(target, first, picture)
        others = add_tracks(target, source) if whole else []
        if track:
            others.append(add_track(target, track))
        if whole:
            frames = _packets(segments, video, time_base)
        else:
            frames = _in_order(segments, video, time_base, step)
        for _, packet in heapq.merge(frames, *others, key=lambda piece: piece[0]):
            with writing(output):
                target.mux(packet)


def copy(
    output: Path, source: av.container.InputContainer, picture: av.VideoStream, track: Track
) -> None:
    """Writes the MP4 ``output``: ``source`` with its ``picture`` as it is, and ``track``.
    Raises ``MediaRefused`` where MP4 does not hold such a picture, and ``EngineFailed``."""
    codec = picture.codec_context.codec.canonical_name
    if codec not in COPIED_PICTURES or source.format.name == "avi":
        what = "an AVI, whose pictures have no times" if codec in COPIED_PICTURES else codec
        raise MediaRefused(
            f"{name_of(source)}: its picture is {what}, which MP4 cannot hold as it is; draw the "
            "captions, or convert it to H.264 in MP4 first"
        )
    units = [stream.time_base or Fraction(1) for stream in (picture, *sounds(source))]
    with open_output(output, "mp4", _ticks(units)) as target:
        carry_metadata(target, source)
        pieces = [*add_tracks(target, source, picture), add_track(target, track)]
        for _, packet in heapq.merge(*pieces, key=lambda piece: piece[0]):
            with writing(output):
                target.mux(packet)


@contextmanager
def open_output(path: Path, container: str = "mp4", ticks: int = 1000) -> Generator[Any]:
    """A file of FFmpeg's ``container``. MP4 and QuickTime have their index in front and tracks
    that begin on whole ``ticks`` of a second. Raises ``EngineFailed`` where writing fails."""
    options = {"movflags": "+faststart", "movie_timescale": str(ticks)}
    if container == "webm":
        options = {"fflags": "+bitexact"}  # no random names inside
    with writing(path):
        output = av.open(str(path), "w", format=container, options=options)
    try:
        yield output
    except BaseException:
        with suppress(av.error.FFmpegError):
            output.close()
        raise
    with writing(path):
        output.close()


def _ticks(time_bases: Sequence[Fraction]) -> int:
    """As many to the second as let a stream of each time base begin at its own time."""
    units = [unit.denominator for unit in time_bases]
    exact = math.lcm(*units)
    return exact if 1000 <= exact < _MOST_TICKS else units[0] * math.ceil(1000 / units[0])


def _in_order(
    segments: Sequence[tuple[Path, Sequence[int]]], video: Any, time_base: Fraction, step: int
) -> Iterator[Piece]:
    """All packets of a picture whose encoder reorders none and that lacks none. WebM counts in
    milliseconds, so a segment's own times are not exact."""
    for path, times in segments:
        packets = _read(path)
        if len(packets) != len(times):
            raise _damaged(path, f"{len(packets)} of {len(times)} frames")
        for packet, time in zip(packets, times, strict=True):
            packet.time_base, packet.stream = time_base, video
            packet.pts = packet.dts = time
            packet.duration = step
            yield time * time_base, packet


def _packets(
    segments: Sequence[tuple[Path, Sequence[int]]], video: Any, time_base: Fraction
) -> Iterator[Piece]:
    """All packets of the picture at the source's own times. An encoder numbers the decoding
    times of its segment from before its start; they are laid anew over the whole, each packet
    due as many frames early as the encoder reorders."""
    waiting: deque[int] | None = None
    for path, times in segments:
        packets = _read(path)
        for packet in packets:
            shift = round(times[0] * time_base / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        shown = sorted(packet.pts for packet in packets)
        if waiting is None:
            waiting = deque(packet.dts for packet in packets if packet.dts < shown[0])
        waiting.extend(shown)
        for packet in packets:
            packet.dts = waiting.popleft()
            packet.stream = video
            yield packet.dts * packet.time_base, packet


def _read(path: Path) -> list[Any]:
    """All packets of a segment. Raises ``EngineFailed``."""
    with _segment(path) as segment:
        return [packet for packet in segment.demux(video=0) if packet.size]


@contextmanager
def _segment(path: Path) -> Generator[av.container.InputContainer]:
    """A segment, open. One that is damaged is thrown away: raises ``EngineFailed``."""
    try:
        with av.open(str(path)) as segment:
            yield segment
    except av.error.FFmpegError as error:
        raise _damaged(path, str(error.strerror)) from error


def _damaged(path: Path, how: str) -> EngineFailed:
    path.unlink(missing_ok=True)
    return EngineFailed(
        f"a kept part of an earlier render is damaged ({how}) and was thrown away; render again"
    )


def _video_output(
    output: Any, segment: av.container.InputContainer, picture: av.VideoStream
) -> Any:
    made = segment.streams.video[0]
    stream = output.add_stream_from_template(made)
    stream.codec_context.codec_tag = made.codec_context.codec_tag
    stream.time_base = made.time_base
    matrix = next(segment.decode(made)).side_data.get("DISPLAYMATRIX")
    if matrix is not None:
        stream.set_display_matrix(struct.unpack("<9i", bytes(matrix)[:36]))
    describe(stream, picture)
    if "alpha_mode" in made.metadata:
        stream.metadata["alpha_mode"] = made.metadata["alpha_mode"]
    return stream
