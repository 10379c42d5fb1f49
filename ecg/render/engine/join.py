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
import av.stream

from ecg.kernel.errors import EngineFailed
from ecg.media.opened import sounds
from ecg.render.engine.encode import writing
from ecg.render.engine.tracks import Piece, add_tracks, carry_metadata, describe

_MOST_TICKS = 1 << 31


def join(
    output: Path,
    segments: Sequence[tuple[Path, int]],
    source: av.container.InputContainer,
    picture: av.VideoStream,
) -> None:
    """Writes the MP4 ``output`` from ``segments`` (each with its start in units of the time base
    of ``picture``) and from the other tracks of ``source``. Raises ``EngineFailed``."""
    with open_output(output, _ticks(picture, *sounds(source))) as target:
        carry_metadata(target, source)
        with av.open(str(segments[0][0])) as first:
            video = _video_output(target, first, picture)
        others = add_tracks(target, source)
        frames = _packets(segments, video, picture.time_base or Fraction(1))
        for _, packet in heapq.merge(frames, *others, key=lambda piece: piece[0]):
            with writing(output):
                target.mux(packet)


@contextmanager
def open_output(path: Path, ticks: int = 1000) -> Generator[Any]:
    """An MP4 with its index in front, whose tracks begin on whole ``ticks`` of a second.
    Raises ``EngineFailed`` where writing fails."""
    options = {"movflags": "+faststart", "movie_timescale": str(ticks)}
    with writing(path):
        output = av.open(str(path), "w", format="mp4", options=options)
    try:
        yield output
    except BaseException:
        with suppress(av.error.FFmpegError):
            output.close()
        raise
    with writing(path):
        output.close()


def _ticks(*streams: av.stream.Stream) -> int:
    """As many to the second as let each stream begin at its own time."""
    units = [stream.time_base.denominator for stream in streams if stream.time_base]
    exact = math.lcm(*units)
    return exact if 1000 <= exact < _MOST_TICKS else units[0] * math.ceil(1000 / units[0])


def _packets(
    segments: Sequence[tuple[Path, int]], video: Any, time_base: Fraction
) -> Iterator[Piece]:
    """All packets of the picture at the source's own times. An encoder numbers the decoding
    times of its segment from before its start; they are laid anew over the whole, each packet
    due as many frames early as the encoder reorders."""
    waiting: deque[int] | None = None
    for path, start in segments:
        packets = _read(path)
        for packet in packets:
            shift = round(start * time_base / packet.time_base)
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
    """All packets of a segment. One that is damaged is thrown away: raises ``EngineFailed``."""
    try:
        with av.open(str(path)) as segment:
            return [packet for packet in segment.demux(video=0) if packet.size]
    except av.error.FFmpegError as error:
        path.unlink(missing_ok=True)
        raise EngineFailed(
            f"a kept part of an earlier render is damaged ({error.strerror}) and was thrown "
            "away; render again"
        ) from error


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
    return stream
