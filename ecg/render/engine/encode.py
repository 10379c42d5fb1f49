"""Reading the source's frames, and encoding a span of them into a segment."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.codec
import av.container
import av.error
import av.video.frame

from ecg.render.engine.plan import FrameTimes
from ecg.render.interfaces import Quality

Frame = av.video.frame.VideoFrame

_X264: dict[Quality, tuple[str, str]] = {
    "draft": ("superfast", "23"),
    "standard": ("veryfast", "20"),
    "high": ("medium", "18"),
}
_NVENC: dict[Quality, tuple[str, str]] = {
    "draft": ("p1", "25"),
    "standard": ("p4", "22"),
    "high": ("p6", "20"),
}
_NVENC_FORMATS = {"yuv420p"}


class SegmentWriter:
    """A segment being encoded into ``path``: an MP4 of the picture alone whose time 0 is
    ``start``, in units of the source's time base. Close it, whatever happens."""

    def __init__(
        self, path: Path, source: av.VideoStream, start: int, encoder: str, quality: Quality
    ) -> None:
        self._source = source
        self._start = start
        self._encoder = encoder
        self._quality: Quality = quality
        self._output: Any = av.open(str(path), "w", format="mp4")
        self._stream: Any = None

    def add(self, frame: Frame) -> None:
        """Encodes ``frame`` at its own time."""
        if self._stream is None:
            self._stream = self._opened(frame)
        frame.pict_type = 0
        frame.pts = (frame.pts or 0) - self._start
        self._output.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Drains the encoder and closes the file, which is whole then."""
        self._output.mux(self._stream.encode(None))
        self._output.close()

    def close(self) -> None:
        """Leaves the file as it is."""
        self._output.close()

    def _opened(self, frame: Frame) -> Any:
        source = self._source
        rate = source.average_rate or source.guessed_rate or Fraction(25)
        # few NVENC generations encode fields
        name = "libx264" if frame.interlaced_frame else self._encoder
        stream = self._output.add_stream(name, rate=rate)
        context = stream.codec_context
        context.width, context.height = frame.width, frame.height
        context.pix_fmt = frame.format.name
        context.time_base = source.time_base
        context.thread_type = "FRAME"  # sliced, PyAV's own default, would wait for each frame
        context.color_range = frame.color_range
        context.color_primaries = frame.color_primaries
        context.color_trc = frame.color_trc
        context.colorspace = frame.colorspace
        if source.sample_aspect_ratio:
            context.sample_aspect_ratio = source.sample_aspect_ratio
        context.options = encoder_options(name, self._quality)
        if frame.interlaced_frame:
            context.options = {**context.options, "flags": "+ildct+ilme"}
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            stream.set_display_matrix(struct.unpack("<9i", bytes(matrix)[:36]))
        return stream


def encoder_options(encoder: str, quality: Quality) -> dict[str, str]:
    """Options of ``libx264`` or ``h264_nvenc`` for a quality."""
    if encoder == "h264_nvenc":
        preset, level = _NVENC[quality]
        return {"preset": preset, "rc": "vbr", "cq": level, "b": "0"}
    preset, level = _X264[quality]
    return {"preset": preset, "crf": level}


def choose_encoder(pixel_format: str) -> str:
    """``h264_nvenc`` where one frame can be encoded with it here and now, else ``libx264``."""
    if pixel_format not in _NVENC_FORMATS:
        return "libx264"
    try:
        context = cast(Any, av.codec.CodecContext.create("h264_nvenc", "w"))
        context.width, context.height, context.pix_fmt = 320, 240, pixel_format
        context.time_base = Fraction(1, 25)
        frame = Frame(320, 240, pixel_format)
        context.encode(frame)
        context.encode(None)
    except (av.error.FFmpegError, ValueError, RuntimeError):
        return "libx264"
    return "h264_nvenc"


def decoded(
    source: av.container.InputContainer, picture: av.VideoStream, times: FrameTimes, first: int
) -> Iterator[Frame]:
    """The frames of ``picture`` in order, from number ``first`` on. ``source`` must be freshly
    opened."""
    picture.thread_type = "AUTO"
    start = times.pts[first]
    frames = source.decode(picture)
    if first:
        source.seek(start, stream=picture)
        opening = next(frames, None)
        if opening is None or _pts(opening) > start:  # an index that leads astray
            source.seek(times.pts[0], stream=picture)
        elif _pts(opening) == start:
            yield opening
    yield from (frame for frame in frames if _pts(frame) >= start)


def _pts(frame: Frame) -> int:
    return frame.pts or 0
