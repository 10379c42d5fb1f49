"""What is in a media file, with PyAV."""

from __future__ import annotations

import struct
from collections.abc import Container, Generator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import av.container
import av.error
import av.stream
import av.video.frame
import av.video.reformatter

from ecg.kernel.errors import MediaRefused
from ecg.media.info import (
    VIDEO_LIMITS,
    AudioStream,
    MediaInfo,
    OtherStream,
    VideoLimits,
    VideoStream,
    check_duration,
    check_picture,
)
from ecg.media.opened import has_alpha_stream, has_decoder, is_still, open_media, pictures, sounds

_MATRICES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    11: "smpte2085",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
    15: "ipt-c2",
    16: "ycgco-re",
    17: "ycgco-ro",
}
"""FFmpeg's names of the matrices in ITU-T H.273, table 4; 2 is "unspecified"."""
_RANGES = {1: "tv", 2: "pc"}
_UNCARRIED = {
    "SPHERICAL": "that it is a 360-degree picture",
    "STEREO3D": "which eye sees what",
    "DYNAMIC_HDR_PLUS": "the light of each scene (HDR10+)",
    "DOVI_METADATA": "Dolby Vision's own layer",
}
"""Side data of frames, by FFmpeg's name, that PyAV cannot write."""
_KINDS: dict[str, Literal["captions", "data", "attachment", "video", "audio"]] = {
    "subtitle": "captions",
    "attachment": "attachment",
    "video": "video",
    "audio": "audio",
}


def probe(path: Path, limits: VideoLimits = VIDEO_LIMITS) -> MediaInfo:
    """Facts of a media file; decodes at most one frame of each picture, for its rotation.

    Raises ``MediaRefused`` as ``open_media`` does, where no stream can be decoded, and for what
    is beyond ``limits``.
    """
    with open_media(path) as container:
        decodable = [*pictures(container), *sounds(container)]
        others = tuple(_others(container, {stream.index for stream in decodable}))
        if not decodable:
            raise MediaRefused(f"{path}: {_nothing(others)}")
        for stream in pictures(container):
            context = stream.codec_context
            check_picture(context.width, context.height, limits, str(path))
        ends = _ends(container)
        video = tuple(_video(container, stream, ends, path) for stream in pictures(container))
        audio = tuple(_audio(stream, ends) for stream in sounds(container))
        first = min(stream.start_time for stream in (*video, *audio))
        last = max(stream.start_time + stream.duration for stream in (*video, *audio))
        check_duration(last - first, limits, str(path))
        for stream in video:
            check_picture(stream.width, stream.height, limits, str(path))
        return MediaInfo(
            container=container.format.name,
            duration=last - first,
            size=path.stat().st_size,
            video=video,
            audio=audio,
            others=others,
        )


def _others(
    container: av.container.InputContainer, known: Container[int]
) -> Generator[OtherStream]:
    for stream in container.streams:
        if stream.index not in known and not _holds_chapters(stream, container):
            kind = "cover" if is_still(stream) else _KINDS.get(stream.type, "data")
            codec = stream.codec_context.codec.canonical_name if has_decoder(stream) else ""
            yield OtherStream(stream.index, kind, codec, stream.language or "")


def _holds_chapters(stream: av.stream.Stream, container: av.container.InputContainer) -> bool:
    """Whether this is the track in which MP4 keeps the titles of its chapters."""
    return stream.type == "data" and stream.name == "bin_data" and bool(container.chapters())


def _nothing(others: Sequence[OtherStream]) -> str:
    if all(stream.kind == "cover" for stream in others):
        return "holds only a still picture, neither video nor sound"
    return (
        "its picture is encrypted or in a codec that is not known here; convert it to H.264 first"
    )


def _ends(container: av.container.InputContainer) -> dict[int, float]:
    """Stream index → its end in seconds; packets are read only where the header is silent."""
    ends: dict[int, float] = {}
    for stream in (*pictures(container), *sounds(container)):
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
    frame = first_frame(container, stream, path)
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
        tag=context.codec_tag if context.codec_tag.isprintable() else "",
        interlaced=bool(frame.interlaced_frame),
        mirrored=_is_mirrored(frame),
        alpha=_has_alpha(frame, stream),
        mastering=_mastering(frame),
        light_level=_light_level(frame),
        uncarried=tuple(what for kind, what in _UNCARRIED.items() if frame.side_data.get(kind)),
    )


def _is_mirrored(frame: av.video.frame.VideoFrame) -> bool:
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return False
    a, b, _, c, d = struct.unpack_from("=5i", bytes(matrix))
    return a * d - b * c < 0


def _has_alpha(frame: av.video.frame.VideoFrame, stream: av.VideoStream) -> bool:
    return has_alpha_stream(stream) or any(part.is_alpha for part in frame.format.components)


def _mastering(frame: av.video.frame.VideoFrame) -> str:
    """FFmpeg's AVMasteringDisplayMetadata in x265's words."""
    data = frame.side_data.get("MASTERING_DISPLAY_METADATA")
    if data is None:
        return ""
    *numbers, has_primaries, has_luminance = struct.unpack_from("=22i", bytes(data))
    if not has_primaries or not has_luminance:
        return ""
    values = [Fraction(*numbers[at : at + 2]) for at in range(0, 20, 2)]
    rx, ry, gx, gy, bx, by, wx, wy = (round(value * 50000) for value in values[:8])
    low, high = (round(value * 10000) for value in values[8:])
    return f"G({gx},{gy})B({bx},{by})R({rx},{ry})WP({wx},{wy})L({high},{low})"


def _light_level(frame: av.video.frame.VideoFrame) -> str:
    data = frame.side_data.get("CONTENT_LIGHT_LEVEL")
    return "" if data is None else "{},{}".format(*struct.unpack_from("=2I", bytes(data)))


def _named(
    kind: type[av.video.reformatter.ColorPrimaries | av.video.reformatter.ColorTrc],
    value: int,
) -> str:
    try:
        name = kind(value).name
    except ValueError:
        return ""
    return "" if name == "UNSPECIFIED" else name.lower().replace("_", "-")


def first_frame(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> av.video.frame.VideoFrame:
    """The first frame that can be decoded; then rewinds. Raises ``MediaRefused``."""
    frame = next(_decodable(container, stream), None)
    if frame is None:
        raise MediaRefused(
            f"{path}: its {stream.codec_context.name} picture cannot be decoded; "
            "the file is damaged or cut short"
        )
    container.seek(0)
    return frame


def _decodable(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Generator[av.video.frame.VideoFrame]:
    """The frames that are whole; a broadcast recorded from somewhere on begins with others."""
    for packet in container.demux(stream):
        with suppress(av.error.InvalidDataError):
            yield from packet.decode()


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
