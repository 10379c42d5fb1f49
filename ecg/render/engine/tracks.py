"""What a source holds beside its picture, on its way into the result: sound, captions, covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
import av.container
import av.error
import av.stream

from ecg.kernel.errors import MediaRefused
from ecg.media.info import MediaInfo, OtherStream
from ecg.media.opened import has_decoder, is_still, name_of, sounds
from ecg.render.engine.soft import PLAIN, Line, add_captions

COPIED_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Sound that players expect in MP4: its packets are copied. Anything else becomes AAC."""

TEXT_CAPTIONS = frozenset({"mov_text", "subrip", "ass", "webvtt", "text"})
"""Caption tracks that are kept, as ``mov_text``: the one kind of text that MP4 players read."""

COPIED_PICTURES = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video"})
"""Pictures that an MP4 can hold and players show in one."""

COVERS = frozenset({"mjpeg", "png", "bmp"})
"""Cover art that MP4 can hold."""

_OF_CONTAINER = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
"""What a file says of its own container."""

_AAC_RATE = 96_000
"""Bits per second and channel."""
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
_JITTER = Fraction(1, 25)
"""Seconds by which the times of decoded sound may stray before they count as a hole."""

Piece = tuple[Fraction, Any]
"""A packet, and the seconds at which it is due."""


def losses(info: MediaInfo) -> tuple[str, ...]:
    """What of a source its result will not have, one sentence each."""
    said = ["transparency is dropped"] if info.video[0].alpha else []
    said += [f"{what} is not carried over" for what in info.video[0].uncarried]
    if len(info.video) > 1:
        said.append(f"only the first of {len(info.video)} moving pictures is kept")
    for stream in info.others:
        if stream.kind == "data" or _is_kept(stream):
            continue
        what = stream.codec or "an unknown codec"
        language = f", {stream.language}" if stream.language else ""
        said.append(f"{stream.kind} track {stream.index} ({what}{language}) is dropped")
    if any(stream.kind == "data" for stream in info.others):
        said.append("data tracks are dropped")
    return tuple(said)


def add_tracks(
    output: Any, source: av.container.InputContainer, copied: av.VideoStream | None = None
) -> list[Iterator[Piece]]:
    """Adds to ``output`` (an MP4 that is not yet begun) what is kept of ``source`` beside its
    picture; before it the picture ``copied``, if one is given, packet by packet. Gives the packets,
    each iterator in order of time, which ``source`` is read for.

    Text captions come from a reading of their own, ahead of the rest.
    """
    name = name_of(source)
    tracks: dict[int, _Copied | _Aac] = {}
    if copied is not None:
        tracks[copied.index] = _Copied(output, copied, name)
    for sound in sounds(source):
        fits = sound.codec_context.codec.canonical_name in COPIED_SOUND
        tracks[sound.index] = _Copied(output, sound, name) if fits else _Aac(output, sound)
    captions: list[Iterator[Piece]] = []
    for stream in source.streams.subtitles:
        if _name(stream) == "mov_text":
            tracks[stream.index] = _Copied(output, stream, name)
        elif _name(stream) in TEXT_CAPTIONS:
            captions.append(_text(output, source, stream))
    for stream in source.streams.video:
        if is_still(stream) and _name(stream) in COVERS:
            tracks[stream.index] = _Copied(output, stream, name)
    return [_pieces(source, tracks), *captions]


def carry_metadata(output: Any, source: av.container.InputContainer) -> None:
    """Title, date, place and the like, and the chapters."""
    kept = {key: value for key, value in source.metadata.items() if key not in _OF_CONTAINER}
    output.metadata.update(kept)
    output.set_chapters(source.chapters())


def describe(target: Any, source: av.stream.Stream) -> None:
    """Language, title and role of a stream of the result, as its source has them."""
    kept = ("language", "title", "handler_name")
    target.metadata.update({key: source.metadata[key] for key in kept if key in source.metadata})
    target.disposition = source.disposition


class _Copied:
    """A stream whose packets are the source's own. Raises ``MediaRefused`` where their times run
    backwards; one that comes as late as the one before it, or a trifle earlier, is left out."""

    def __init__(self, output: Any, source: av.stream.Stream, name: str) -> None:
        self._target = output.add_stream_from_template(source, opaque=True)
        if _name(source) == "hevc":
            self._target.codec_context.codec_tag = "hvc1"  # Apple's players open no other
        self._name = name
        self._kind = {"audio": "sound", "video": "picture"}.get(source.type, "captions")
        self._last: Fraction | None = None
        describe(self._target, source)

    def packets(self, packet: Any) -> Iterator[Any]:
        # a picture needs every packet, and its times are looked at before
        if packet.size and (self._kind == "picture" or self._rises(packet)):
            packet.stream = self._target
            yield packet

    def _rises(self, packet: Any) -> bool:
        if packet.dts is None:
            return True
        due, last = packet.dts * packet.time_base, self._last
        if last is None or due > last:
            self._last = due
            return True
        if last - due > _JITTER:
            raise MediaRefused(
                f"{self._name}: its {self._kind} at {float(due):.2f} s comes after that at "
                f"{float(last):.2f} s; it is damaged or joined of several, convert it first"
            )
        return False

    def drained(self) -> Iterable[Any]:
        return ()


class _Aac:
    """Sound that becomes AAC. Its times run on without a gap but where the source has a hole."""

    def __init__(self, output: Any, source: av.AudioStream) -> None:
        rate = next((rate for rate in _AAC_RATES if rate <= source.rate), _AAC_RATES[-1])
        self._target = output.add_stream("aac", rate=rate)
        self._target.codec_context.layout = _LAYOUTS.get(source.channels, "stereo")
        self._target.codec_context.bit_rate = _AAC_RATE * self._target.codec_context.channels
        self._next: int | None = None
        self._form: tuple[str, str, int] | None = None
        self._resampler = self._new_resampler()
        describe(self._target, source)

    def packets(self, packet: Any) -> Iterator[Any]:
        for frame in _decoded(packet):
            form = (frame.format.name, frame.layout.name, frame.sample_rate)
            if form != self._form:  # a broadcast changes it between two programmes
                yield from self._encoded(None, None)
                self._form, self._resampler = form, self._new_resampler()
            due = None if frame.pts is None else frame.pts * frame.time_base
            yield from self._encoded(frame, due)

    def drained(self) -> Iterable[Any]:
        yield from self._encoded(None, None)
        yield from self._target.encode(None)

    def _new_resampler(self) -> av.AudioResampler:
        context = self._target.codec_context
        return av.AudioResampler(context.format, context.layout, context.sample_rate)

    def _encoded(self, frame: Any, due: Fraction | None) -> Iterator[Any]:
        """``frame`` (``None``: what is left of those before), which is due at ``due`` seconds."""
        if frame is None and self._form is None:
            return
        for piece in self._resampler.resample(frame):
            self._set_time(piece, due)
            due = None
            yield from self._target.encode(piece)

    def _set_time(self, piece: Any, due: Fraction | None) -> None:
        rate = piece.sample_rate
        ticks = (self._next or 0) if due is None else round(due * rate)
        if self._next is None or ticks - self._next > _JITTER * rate:
            self._next = ticks
        piece.pts, piece.time_base = self._next, Fraction(1, rate)
        self._next += piece.samples


def _decoded(packet: Any) -> list[Any]:
    """The sound in a packet; none where it is damaged, which leaves a hole."""
    try:
        return packet.decode() if packet.size else []
    except av.error.InvalidDataError:
        return []


def _pieces(
    source: av.container.InputContainer, tracks: dict[int, _Copied | _Aac]
) -> Iterator[Piece]:
    if not tracks:
        return
    due = Fraction(0)
    for packet in source.demux([source.streams[index] for index in tracks]):
        if packet.dts is not None:
            due = packet.dts * packet.time_base
        for made in tracks[packet.stream.index].packets(packet):
            yield due, made
    for track in tracks.values():
        for made in track.drained():
            yield due, made


def _text(output: Any, source: Any, stream: Any) -> Iterator[Piece]:
    """A caption track in another text format than MP4's."""
    lines = [line for packet in source.demux(stream) for line in _lines(stream, packet)]
    source.seek(0)
    header = stream.codec_context.subtitle_header or PLAIN
    target, packets = add_captions(output, lines, header)
    describe(target, stream)
    return ((packet.dts * packet.time_base, packet) for packet in packets)


def _lines(stream: Any, packet: Any) -> list[Line]:
    if not packet.size or packet.pts is None or not packet.duration:
        return []
    try:
        events = stream.decode2(packet)
    except av.error.FFmpegError:
        return []
    to_ms = packet.time_base * 1000
    start, end = round(packet.pts * to_ms), round((packet.pts + packet.duration) * to_ms)
    return [Line(start, end, _words(event)) for event in events or ()]


def _words(event: Any) -> str:
    """The text of an ASS event, behind the eight fields that lead it."""
    return event.ass.decode(errors="replace").split(",", 8)[-1]


def _name(stream: av.stream.Stream) -> str:
    return stream.codec_context.codec.canonical_name if has_decoder(stream) else ""


def _is_kept(stream: OtherStream) -> bool:
    kept = {"captions": TEXT_CAPTIONS, "cover": COVERS}.get(stream.kind, frozenset())
    return stream.codec in kept
