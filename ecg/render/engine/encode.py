"""Reading the source's frames, and writing the result with the source's own times."""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.codec
import av.container
import av.error
import av.packet
import av.video.frame
import av.video.stream

from ecg.kernel.errors import EngineFailed
from ecg.render.interfaces import Quality

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
COPIED_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Sound that players expect in MP4: its packets are copied. Anything else becomes AAC."""
_AAC_RATE = 192_000
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
_NVENC_FORMATS = {"yuv420p"}


class Writer:
    """An MP4 being written: frames in, packets interleaved with the source's sound.

    ``encoder`` is the name of the one in use."""

    def __init__(
        self,
        output: av.container.OutputContainer,
        source: av.container.InputContainer,
        video: int,
        quality: Quality,
        encoder: str,
    ) -> None:
        self._output: Any = output
        self._source = source
        self._template = source.streams[video]
        self._quality: Quality = quality
        self.encoder = encoder
        self._started = False
        self._video: Any = None
        self._audio: dict[int, tuple[Any, bool]] = {}
        self._waiting: list[av.packet.Packet[Any]] = []
        output.metadata.update(source.metadata)

    def add_frame(self, frame: av.video.frame.VideoFrame) -> None:
        """Encodes ``frame`` at its own time."""
        if not self._started:
            self._start(frame)
        frame.pict_type = 0
        self._output.mux(self._video.encode(frame))

    def add_sound(self, packet: av.packet.Packet[Any]) -> None:
        """Copies or re-encodes one packet of the source's sound."""
        if not self._started:
            self._waiting.append(packet)
            return
        target, copied = self._audio[packet.stream.index]
        if copied:
            if packet.size:
                packet.stream = target
                self._output.mux(packet)
            return
        for frame in packet.decode():
            self._output.mux(target.encode(frame))

    def finish(self) -> None:
        """Drains the encoders; the file is whole once its container is closed."""
        self._output.mux(self._video.encode(None))
        for target, copied in self._audio.values():
            if not copied:
                self._output.mux(target.encode(None))

    def _start(self, frame: av.video.frame.VideoFrame) -> None:
        # every stream must be there before the first packet, and only a frame tells all of it
        self._video = self._video_output(frame)
        for stream in self._source.streams.audio:
            self._audio[stream.index] = _audio_output(self._output, stream)
        self._started = True
        waiting, self._waiting = self._waiting, []
        for packet in waiting:
            self.add_sound(packet)

    def _video_output(self, frame: av.video.frame.VideoFrame) -> Any:
        source = cast(av.video.stream.VideoStream, self._template)
        rate = source.average_rate or source.guessed_rate or Fraction(25)
        if frame.interlaced_frame:
            self.encoder = "libx264"  # few NVENC generations encode fields
        stream = self._output.add_stream(self.encoder, rate=rate)
        context = stream.codec_context
        context.width, context.height = frame.width, frame.height
        context.pix_fmt = frame.format.name
        context.time_base = source.time_base
        context.color_range = frame.color_range
        context.color_primaries = frame.color_primaries
        context.color_trc = frame.color_trc
        context.colorspace = frame.colorspace
        if source.sample_aspect_ratio:
            context.sample_aspect_ratio = source.sample_aspect_ratio
        context.options = encoder_options(self.encoder, self._quality)
        if frame.interlaced_frame:
            context.options = {**context.options, "flags": "+ildct+ilme"}
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            stream.set_display_matrix(struct.unpack("<9i", bytes(matrix)[:36]))
        stream.metadata.update(_kept(source.metadata))
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
        frame = av.video.frame.VideoFrame(320, 240, pixel_format)
        context.encode(frame)
        context.encode(None)
    except (av.error.FFmpegError, ValueError, RuntimeError):
        return "libx264"
    return "h264_nvenc"


@contextmanager
def open_output(path: Path) -> Generator[av.container.OutputContainer]:
    """An MP4 with its index in front. Raises ``EngineFailed`` where writing fails."""
    options = {"movflags": "+faststart"}
    try:
        with av.open(str(path), "w", format="mp4", options=options) as output:
            yield output
    except av.error.FFmpegError as error:
        raise EngineFailed(f"writing into {path.parent} failed: {error.strerror}") from error


def decoded(
    source: av.container.InputContainer,
    video: int,
    on_sound: Callable[[av.packet.Packet[Any]], None],
) -> Iterator[av.video.frame.VideoFrame]:
    """The picture's frames in order; packets of sound met on the way go to ``on_sound``."""
    picture = cast(av.video.stream.VideoStream, source.streams[video])
    picture.thread_type = "AUTO"
    for packet in source.demux([picture, *source.streams.audio]):
        if packet.stream.index == video:
            yield from cast(Iterable[av.video.frame.VideoFrame], packet.decode())
        else:
            on_sound(packet)


def _audio_output(output: Any, source: av.AudioStream) -> tuple[Any, bool]:
    copied = source.codec_context.name in COPIED_AUDIO
    if copied:
        target = output.add_stream_from_template(source)
    else:
        target = output.add_stream("aac", rate=source.rate)
        target.codec_context.bit_rate = _AAC_RATE
        target.codec_context.layout = _LAYOUTS.get(source.channels, "stereo")
    target.metadata.update(_kept(source.metadata))
    return target, copied


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {key: metadata[key] for key in ("language", "title", "handler_name") if key in metadata}
