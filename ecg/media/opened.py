"""Opening media files with PyAV, and refusing what is none in one clear line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.container
import av.error
import av.stream
import av.video.frame
import av.video.reformatter
import numpy as np
from av.stream import Disposition

from ecg.kernel.errors import MediaRefused
from ecg.media.info import AudioStream, MediaInfo, VideoStream

CONTAINERS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mxf,"
    "wav,w64,flac,mp3,aac,aiff,caf,amr,ac3,eac3"
)
"""FFmpeg demuxers in use. Play lists, picture sequences and text are left out: they name
other files, or turn any text into a picture."""

POSTER_WIDTH = 640
"""Pixels."""

POSTER_AT = 0.1
"""Where in the video its poster is taken, 0 to 1."""

_CUT_SHORT = "is cut short: it was copied or uploaded in part, or recording was broken off"
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
_RANGES = {1: "tv", 2: "pc"}


@contextmanager
def open_media(path: Path) -> Generator[av.container.InputContainer]:
    """Opens ``path`` for reading; only the file itself is ever read.

    Raises ``MediaRefused`` where it is missing, a folder, empty, no media or cut short, and
    where reading inside the ``with`` block meets damage.
    """
    try:
        with _opened(path) as container:
            if not container.streams.video and not container.streams.audio:
                raise MediaRefused(f"{path}: holds neither picture nor sound")
            _refuse_cut_short(container, path)
            yield container
    except av.error.FFmpegError as error:
        raise MediaRefused(f"{path}: is damaged or cut short ({error.strerror})") from None


def probe(path: Path) -> MediaInfo:
    """Facts of a media file; decodes at most one frame, for its rotation.

    Raises ``MediaRefused`` as ``open_media`` does.
    """
    with open_media(path) as container:
        ends = _ends(container)
        pictures = [stream for stream in container.streams.video if not _is_cover(stream)]
        video = tuple(_video(container, stream, ends, path) for stream in pictures)
        audio = tuple(_audio(stream, ends) for stream in container.streams.audio)
        if not video and not audio:
            raise MediaRefused(f"{path}: holds only a still picture, neither video nor sound")
        first = min(stream.start_time for stream in (*video, *audio))
        last = max(stream.start_time + stream.duration for stream in (*video, *audio))
        return MediaInfo(
            container=container.format.name,
            duration=last - first,
            size=path.stat().st_size,
            video=video,
            audio=audio,
        )


def poster(path: Path) -> bytes:
    """A JPEG of a frame a tenth into the file, turned as a player turns it, at most
    ``POSTER_WIDTH`` wide.

    Raises ``MediaRefused`` as ``open_media`` does, and where there is no picture.
    """
    with open_media(path) as container:
        stream = next((one for one in container.streams.video if not _is_cover(one)), None)
        if stream is None:
            raise MediaRefused(f"{path}: has no picture")
        length = (container.duration or 0) / av.time_base
        start = (container.start_time or 0) / av.time_base
        container.seek(int((start + length * POSTER_AT) * av.time_base))
        frame = next(container.decode(stream), None)
        if frame is None:
            container.seek(0)
            frame = _first_frame(container, stream, path)
        return _jpeg(frame, stream)


def _jpeg(frame: av.video.frame.VideoFrame, stream: av.VideoStream) -> bytes:
    turns = round(frame.rotation / 90) % 4
    width = float(frame.width * (stream.sample_aspect_ratio or 1))
    scale = min(1.0, POSTER_WIDTH / (frame.height if turns % 2 else width))
    size = (max(round(width * scale), 1), max(round(frame.height * scale), 1))
    pixels = frame.to_ndarray(width=size[0], height=size[1], format="rgb24")
    upright = np.ascontiguousarray(np.rot90(pixels, turns), dtype=np.uint8)
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = upright.shape[:2]
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1)
    encoder.options = {"qmin": "3", "qmax": "5"}
    picture = av.VideoFrame.from_ndarray(upright, format="rgb24")
    picture = picture.reformat(format="yuvj420p", dst_color_range="JPEG")
    picture.pts = 0
    packets = cast(list[Any], [*encoder.encode(picture), *encoder.encode(None)])  # pyright: ignore[reportUnknownMemberType]
    return b"".join(bytes(packet) for packet in packets)


def _opened(path: Path) -> av.container.InputContainer:
    if path.is_dir():
        raise MediaRefused(f"{path}: is a folder; name a video or sound file in it")
    if not path.is_file():
        what = "is no ordinary file" if path.exists() else "does not exist"
        raise MediaRefused(f"{path}: {what}; name a video or sound file")
    if path.stat().st_size == 0:
        raise MediaRefused(f"{path}: is empty")
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path.absolute()}", options=options)
    except PermissionError:
        raise MediaRefused(f"{path}: may not be read by this user") from None
    except (av.error.FFmpegError, OSError):
        what = (
            _CUT_SHORT if _is_unfinished_mp4(path) else "is no video or sound file that can be read"
        )
        raise MediaRefused(f"{path}: {what}") from None


def _is_unfinished_mp4(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] in (b"ftyp", b"wide", b"mdat")


def _refuse_cut_short(container: av.container.InputContainer, path: Path) -> None:
    if not container.format.name.startswith(("mov", "avi")):
        return
    for stream in container.streams:
        entries = stream.index_entries
        if len(entries) and entries[-1].pos + entries[-1].size > container.size:
            held = container.size / (entries[-1].pos + entries[-1].size)
            raise MediaRefused(f"{path}: {_CUT_SHORT} ({held:.0%} of the stream is there)")


def _is_cover(stream: av.stream.Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _ends(container: av.container.InputContainer) -> dict[int, float]:
    """Stream index → its end in seconds; packets are read only where the header is silent."""
    ends: dict[int, float] = {}
    for stream in (*container.streams.video, *container.streams.audio):
        start = _seconds(stream, stream.start_time)
        if stream.duration:
            ends[stream.index] = start + _seconds(stream, stream.duration)
        elif container.duration:
            ends[stream.index] = ((container.start_time or 0) + container.duration) / av.time_base
    if not ends:
        for packet in container.demux():
            if packet.pts is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                ends[packet.stream.index] = max(end, ends.get(packet.stream.index, 0.0))
        container.seek(0)
    return ends


def _seconds(stream: av.stream.Stream, ticks: int | None) -> float:
    return float(ticks * stream.time_base) if ticks and stream.time_base else 0.0


def _video(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    ends: dict[int, float],
    path: Path,
) -> VideoStream:
    context = stream.codec_context
    frame = _first_frame(container, stream, path)
    start = _seconds(stream, stream.start_time)
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate or 25
    return VideoStream(
        index=stream.index,
        codec=context.name,
        width=frame.width,
        height=frame.height,
        pixel_format=frame.format.name,
        fps=str(rate),
        start_time=start,
        duration=max(ends.get(stream.index, start) - start, 0.0),
        frames=stream.frames,
        rotation=round(-frame.rotation) % 360,
        sample_aspect=str(stream.sample_aspect_ratio or "1/1").replace(":", "/"),
        color_range=_RANGES.get(int(frame.color_range), ""),
        color_space=_MATRICES.get(int(frame.colorspace), ""),
        color_primaries=_named(av.video.reformatter.ColorPrimaries, int(frame.color_primaries)),
        color_trc=_named(av.video.reformatter.ColorTrc, int(frame.color_trc)),
    )


def _named(
    kind: type[av.video.reformatter.ColorPrimaries | av.video.reformatter.ColorTrc],
    value: int,
) -> str:
    try:
        name = kind(value).name
    except ValueError:
        return ""
    return "" if name == "UNSPECIFIED" else name.lower().replace("_", "-")


def _first_frame(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> av.video.frame.VideoFrame:
    try:
        frame = next(container.decode(stream), None)
    except av.error.FFmpegError:
        frame = None
    if frame is None:
        raise MediaRefused(
            f"{path}: its {stream.codec_context.name} picture cannot be decoded; "
            "the file is damaged or cut short"
        )
    container.seek(0)
    return frame


def _audio(stream: av.AudioStream, ends: dict[int, float]) -> AudioStream:
    start = _seconds(stream, stream.start_time)
    return AudioStream(
        index=stream.index,
        codec=stream.codec_context.name,
        channels=stream.channels,
        sample_rate=stream.rate,
        start_time=start,
        duration=max(ends.get(stream.index, start) - start, 0.0),
        language=stream.language or "",
    )
