"""The source's own frame times, and the spans in which they are rendered."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from itertools import pairwise
from typing import Any, cast

import av.container
import msgspec

from ecg.kernel.errors import MediaRefused
from ecg.media.opened import name_of, origin

SEGMENT = 20
"""Seconds of video that are encoded on their own, and kept."""


class FrameTimes(msgspec.Struct, frozen=True):
    """Presentation times of a picture stream: sorted, in units of ``time_base`` seconds.

    ``origin`` is the earliest start of any stream of the file in seconds: time 0 of the
    documents. ``counted``: only counting tells which frame has which of them.
    """

    pts: tuple[int, ...]
    time_base: Fraction
    origin: Fraction
    counted: bool = False

    def seconds(self) -> list[float]:
        """Each frame's time in the documents' own seconds."""
        return [float(pts * self.time_base - self.origin) for pts in self.pts]


class Span(msgspec.Struct, frozen=True):
    """The frames from number ``first`` up to ``end``, which is not one of them."""

    first: int
    end: int


def read_frame_times(container: av.container.InputContainer, index: int) -> FrameTimes:
    """Reads the packets of stream ``index`` without decoding, then rewinds.

    Pictures before the first that needs no other (a broadcast recorded from somewhere on) are
    not counted. Raises ``MediaRefused`` where the stream has no frame or a frame has no time.
    """
    stream = container.streams[index]
    name = name_of(container)
    # AVI numbers pictures as they are stored, which B-frames are not shown in
    counted = container.format.name == "avi" and bool(cast(Any, stream).has_b_frames)
    found: list[int] = []
    begun = False
    for packet in container.demux(stream):
        if packet.size and not packet.is_discard:
            time = packet.dts if counted or packet.pts is None else packet.pts
            if time is None:
                raise MediaRefused(f"{name}: its picture has no times; convert it to MP4 first")
            if packet.is_keyframe and not begun:
                found, begun = [], True
            found.append(time)
    if not found or stream.time_base is None:
        raise MediaRefused(f"{name}: its video stream holds no picture")
    container.seek(0)
    return FrameTimes(tuple(sorted(set(found))), stream.time_base, origin(container), counted)


def split(times: FrameTimes) -> list[Span]:
    """Spans of ``SEGMENT`` seconds each, the last one shorter; they depend on the source alone,
    so that an edited scenario finds the same ones again."""
    ticks = int(SEGMENT / times.time_base)
    cuts = range(times.pts[0], times.pts[-1] + 1, ticks)
    firsts = sorted({bisect_left(times.pts, cut) for cut in cuts})
    return [Span(*pair) for pair in pairwise([*firsts, len(times.pts)])]
