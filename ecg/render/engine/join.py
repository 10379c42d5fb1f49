"""Putting the result together: the segments' packets, and the source's sound beside them."""

from __future__ import annotations

import heapq
import struct
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.container
import av.error

from ecg.kernel.errors import EngineFailed

COPIED_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Sound that players expect in MP4: its packets are copied. Anything else becomes AAC."""

_AAC_RATE = 192_000
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}

Piece = tuple[Fraction, int, Any]
"""A packet with the seconds at which it is due, and a number that tells equal times apart."""


class Sound:
    """The source's sound on its way into ``output``."""

    def __init__(self, output: Any, source: av.container.InputContainer) -> None:
        self._output = output
        self._source = source
        self._tracks = {
            stream.index: _audio_output(output, stream) for stream in source.streams.audio
        }

    def packets(self) -> Iterator[Piece]:
        """Packets of all tracks, in the source's order."""
        if not self._tracks:
            return
        due = Fraction(0)
        for number, packet in enumerate(self._source.demux(self._source.streams.audio)):
            if packet.dts is not None:
                due = packet.dts * packet.time_base
            yield due, number, packet

    def add(self, packet: Any) -> None:
        """Copies or re-encodes one packet."""
        target, copied = self._tracks[packet.stream.index]
        if copied:
            if packet.size:
                packet.stream = target
                self._output.mux(packet)
            return
        for frame in packet.decode():
            self._output.mux(target.encode(frame))

    def finish(self) -> None:
        for target, copied in self._tracks.values():
            if not copied:
                self._output.mux(target.encode(None))


def join(
    output: Path,
    segments: Sequence[tuple[Path, int]],
    source: av.container.InputContainer,
    picture: av.VideoStream,
) -> None:
    """Writes the MP4 ``output`` from ``segments`` (each with its start in units of the time base
    of ``picture``) and from the sound of ``source``. Raises ``EngineFailed``."""
    with open_output(output) as target:
        target.metadata.update(source.metadata)
        with av.open(str(segments[0][0])) as first:
            video = _video_output(target, first, picture)
        sound = Sound(target, source)
        frames = _packets(segments, picture.time_base or Fraction(1))
        for _, number, packet in heapq.merge(frames, sound.packets(), key=lambda piece: piece[0]):
            if number < 0:
                packet.stream = video
                cast(Any, target).mux(packet)
            else:
                sound.add(packet)
        sound.finish()


@contextmanager
def open_output(path: Path) -> Generator[av.container.OutputContainer]:
    """An MP4 with its index in front. Raises ``EngineFailed`` where writing fails."""
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as output:
            yield output
    except av.error.FFmpegError as error:
        raise EngineFailed(f"writing into {path.parent} failed: {error.strerror}") from error


def _packets(segments: Sequence[tuple[Path, int]], time_base: Fraction) -> Iterator[Piece]:
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
            yield packet.dts * packet.time_base, -1, packet


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
    stream.time_base = made.time_base
    matrix = next(segment.decode(made)).side_data.get("DISPLAYMATRIX")
    if matrix is not None:
        stream.set_display_matrix(struct.unpack("<9i", bytes(matrix)[:36]))
    stream.metadata.update(_kept(picture.metadata))
    return stream


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
