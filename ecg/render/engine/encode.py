"""Reading the source's frames, and encoding a span of them into a segment."""

from __future__ import annotations

import errno
import functools
import struct
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.codec
import av.container
import av.error
import av.video.frame
import msgspec

from ecg.kernel.errors import EngineFailed, MediaRefused
from ecg.media.info import VideoStream
from ecg.media.opened import name_of
from ecg.render.engine.light import HDR
from ecg.render.engine.plan import FrameTimes
from ecg.render.formats import Format
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
_X265: dict[Quality, tuple[str, str]] = {
    "draft": ("superfast", "24"),
    "standard": ("veryfast", "21"),
    "high": ("medium", "18"),
}
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES})
PRORES = "prores_ks"
_PROCESSOR = Path("/proc/cpuinfo")
_WITHOUT_AVX512 = "SSE2Fast,LZCNT,SSE4.2,AVX,FMA3,BMI2,AVX2"
_NVENC_FORMATS = {"yuv420p"}


@contextmanager
def writing(path: Path) -> Generator[None]:
    """Raises ``EngineFailed`` where ``path`` cannot be written to. Whatever else FFmpeg refuses
    to encode or to write is the fault of what was read, and left to ``open_media``."""
    try:
        yield
    except av.error.FFmpegError as error:
        if error.errno not in _DISK:
            raise
        raise EngineFailed(f"writing into {path.parent} failed: {error.strerror}") from error


class Encoding(msgspec.Struct, frozen=True):
    """FFmpeg's names of container and encoder, and the encoder's options."""

    container: str
    encoder: str
    options: dict[str, str]


_ALONE: dict[Format, Encoding] = {
    # without loss, as what is nearly transparent would be a veil over the picture; hidden frames
    # (alt-ref), which cannot be transparent, are off
    "webm-alpha": Encoding(
        "webm",
        "libvpx-vp9",
        {
            "lossless": "1",
            "deadline": "realtime",
            "cpu-used": "8",
            "row-mt": "1",
            "auto-alt-ref": "0",
            "lag-in-frames": "0",
        },
    ),
    "mov-alpha": Encoding("mov", PRORES, {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"}),
}
"""Captions alone; no quality to choose."""


class SegmentWriter:
    """A segment being encoded into ``path``: a file of the picture alone whose time 0 is
    ``start``, in units of the source's time base. Close it, whatever happens."""

    def __init__(self, path: Path, picture: VideoStream, start: int, encoding: Encoding) -> None:
        self._path = path
        self._picture = picture
        self._start = start
        self._encoding = encoding
        with writing(path):
            self._output: Any = av.open(str(path), "w", format=encoding.container)
        self._stream: Any = None
        self._last: Any = None

    def add(self, frame: Frame, changed: bool = True) -> None:
        """Encodes ``frame`` at its own time; not ``changed``, it is the one before."""
        if self._stream is None:
            self._stream = self._opened(frame)
        frame.pict_type = 0
        frame.pts = (frame.pts or 0) - self._start
        packets = self._again(frame) if self._last and not changed else self._stream.encode(frame)
        if self._encoding.encoder == PRORES:
            (self._last,) = packets
        with writing(self._path):
            self._output.mux(packets)

    def _again(self, frame: Frame) -> list[Any]:
        """The last packet at another time: ProRes codes each frame for itself."""
        packet: Any = av.Packet(bytes(self._last))
        packet.pts = packet.dts = frame.pts
        packet.time_base, packet.stream = frame.time_base, self._stream
        packet.is_keyframe = True
        return [packet]

    def finish(self) -> None:
        """Drains the encoder and closes the file, which is whole then."""
        with writing(self._path):
            self._output.mux(self._stream.encode(None))
            self._output.close()

    def close(self) -> None:
        """Leaves the file as it is."""
        with suppress(av.error.FFmpegError):
            self._output.close()

    def _opened(self, frame: Frame) -> Any:
        picture = self._picture
        encoder = self._encoding.encoder
        stream = self._output.add_stream(encoder, rate=picture.rate)
        context = stream.codec_context
        context.width, context.height = frame.width, frame.height
        context.pix_fmt = frame.format.name
        context.time_base = frame.time_base
        # sliced, PyAV's own default, would wait for each frame
        context.thread_type = "SLICE" if encoder == PRORES else "FRAME"
        context.color_range = frame.color_range
        context.color_primaries = frame.color_primaries
        context.color_trc = frame.color_trc
        context.colorspace = frame.colorspace
        context.sample_aspect_ratio = Fraction(picture.sample_aspect)
        context.options = self._encoding.options
        if encoder == "libx265":
            context.codec_tag = "hvc1"  # Apple's players open no other
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            stream.set_display_matrix(struct.unpack("<9i", bytes(matrix)[:36]))
        return stream


def choose_encoding(form: Format, picture: VideoStream, quality: Quality) -> Encoding:
    """How the picture of a result is encoded on this machine."""
    if form != "mp4":
        return _ALONE[form]
    encoder = _choose_encoder(picture)
    return Encoding("mp4", encoder, _options(encoder, quality, picture))


def _options(encoder: str, quality: Quality, picture: VideoStream) -> dict[str, str]:
    if encoder == "h264_nvenc":
        preset, level = _NVENC[quality]
        return {"preset": preset, "rc": "vbr", "cq": level, "b": "0"}
    if encoder == "libx265":
        preset, level = _X265[quality]
        return {"preset": preset, "crf": level, "a53cc": "1", "x265-params": _x265(picture)}
    preset, level = _X264[quality]
    fields = {"flags": "+ildct+ilme"} if picture.interlaced else {}
    return {"preset": preset, "crf": level, **fields, **exact_x264()}


@functools.lru_cache(maxsize=1)
def exact_x264() -> dict[str, str]:
    """Options without which x264 does not encode alike twice on this processor: its AVX-512 code
    weighs macroblocks by numbers that nobody wrote (docs/decisions/0046). Every processor that has
    AVX-512 has what is named instead."""
    try:
        flags = _PROCESSOR.read_text()
    except OSError:
        return {}
    return {"x264-params": f"asm={_WITHOUT_AVX512}"} if " avx512f" in flags else {}


def _x265(picture: VideoStream) -> str:
    """What the picture was graded on, in x265's own options."""
    told = {"master-display": picture.mastering, "max-cll": picture.light_level}
    given = [f"{name}={value}" for name, value in told.items() if value]
    return ":".join(["log-level=error", "info=0", "open-gop=0", *given])


def _choose_encoder(picture: VideoStream) -> str:
    """``h264_nvenc`` where one frame can be encoded with it here and now, else ``libx264``;
    ``libx265`` for HDR, which players expect in HEVC."""
    if picture.color_trc in HDR:
        return "libx265"
    if picture.pixel_format not in _NVENC_FORMATS or picture.interlaced:
        return "libx264"  # few NVENC generations encode fields
    try:
        context = cast(Any, av.codec.CodecContext.create("h264_nvenc", "w"))
        context.width, context.height, context.pix_fmt = 320, 240, picture.pixel_format
        context.time_base = Fraction(1, 25)
        frame = Frame(320, 240, picture.pixel_format)
        context.encode(frame)
        context.encode(None)
    except (av.error.FFmpegError, ValueError, RuntimeError):
        return "libx264"
    return "h264_nvenc"


def decoded(
    source: av.container.InputContainer, picture: av.VideoStream, times: FrameTimes, first: int
) -> Iterator[Frame]:
    """The frames of ``picture`` in order, from number ``first`` on. ``source`` must be freshly
    opened. Raises ``MediaRefused`` where their times do not rise."""
    yield from _rising(_from(source, picture, times, first), name_of(source))


def _rising(frames: Iterable[Frame], name: str) -> Iterator[Frame]:
    last: int | None = None
    for frame in frames:
        pts, unit = _pts(frame), float(frame.time_base or 0)
        if last is not None and pts <= last:
            raise MediaRefused(
                f"{name}: the picture at {pts * unit:.2f} s comes after that at "
                f"{last * unit:.2f} s; it is damaged or joined of several, convert it first"
            )
        last = pts
        yield frame


def _from(
    source: av.container.InputContainer, picture: av.VideoStream, times: FrameTimes, first: int
) -> Iterator[Frame]:
    picture.thread_type = "AUTO"
    start = times.pts[first]
    frames = _frames(source, picture)
    if times.counted:
        frames = _timed(frames, times)
    elif first:
        source.seek(start, stream=picture)
        opening = next(frames, None)
        if opening is None or _pts(opening) > start:  # an index that leads astray
            source.seek(times.pts[0], stream=picture)
        elif _pts(opening) == start:
            yield opening
    yield from (frame for frame in frames if _pts(frame) >= start)


def _frames(source: Any, picture: av.VideoStream) -> Iterator[Frame]:
    """All frames; where data is damaged, those that are not."""
    for packet in source.demux(picture):
        with suppress(av.error.InvalidDataError):
            yield from packet.decode()


def _timed(frames: Iterable[Frame], times: FrameTimes) -> Iterator[Frame]:
    for frame, pts in zip(frames, times.pts, strict=False):
        frame.pts = pts
        yield frame


def _pts(frame: Frame) -> int:
    return frame.pts or 0
