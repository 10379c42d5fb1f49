"""A constant frame rate: which frame of the source stands at each of the result's times."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av.filter
import av.video.frame
import msgspec

from ecg.render.engine.plan import FrameTimes

Frame = av.video.frame.VideoFrame

_FINE = 90_000
"""Units per second at least, in which the result's times are counted."""


_EARLY = Fraction(1, 1000)
"""Seconds at most; no more than half a unit of the source's clock."""


class Resampling(msgspec.Struct, frozen=True):
    """``times`` of the result's frames, and for each the number of the source's frame in it."""

    times: FrameTimes
    shown: tuple[int, ...]

    def shows(self, number: int) -> range:
        """The frames of the result that hold frame ``number`` of the source."""
        return range(bisect_left(self.shown, number), bisect_right(self.shown, number))


def resampling(source: FrameTimes, rate: Fraction, fps: Fraction) -> Resampling:
    """Frames at ``fps`` from the source's first on, until its last, which stands for
    1 / ``rate`` s, is over. Each holds the frame whose time has come.

    A clock that rounds may have made a frame late, so its time counts as come ``_EARLY`` before.
    """
    unit, first = source.time_base, source.pts[0]
    early = min(Fraction(1, 2), _EARLY / unit)
    length = (source.pts[-1] - first) * unit + 1 / rate
    count = max(math.ceil((length - early * unit) * fps), 1)
    # both in a unit so fine that all is whole
    finer = unit.numerator * fps.numerator
    begins = [((pts - first) * early.denominator - early.numerator) * finer for pts in source.pts]
    step = fps.denominator * unit.denominator * early.denominator
    shown = tuple(bisect_right(begins, number * step) - 1 for number in range(count))
    per_second = fps.numerator * math.ceil(Fraction(_FINE, fps.numerator))
    start, step = round(first * unit * per_second), int(per_second / fps)
    pts = tuple(start + number * step for number in range(count))
    return Resampling(FrameTimes(pts, Fraction(1, per_second), source.origin), shown)


def resampled(
    frames: Iterable[tuple[int, Frame]], to: Resampling, first: int
) -> Iterator[tuple[int, Frame]]:
    """The result's frames from number ``first`` on, with their numbers, of the source's. Each
    has a picture of its own, which may be drawn on. A frame of the source that is lost leaves
    a gap."""
    copy: _Copy | None = None
    for number, frame in frames:
        copy = copy or _Copy(frame)
        shows = to.shows(number)
        for at in range(max(shows.start, first), shows.stop):
            made = copy(frame)
            made.pts, made.time_base = to.times.pts[at], to.times.time_base
            yield at, made


class _Copy:
    """Copies of frames of one kind: a filter that does nothing shares the samples between both
    until one is written to."""

    def __init__(self, frame: Frame) -> None:
        graph = av.filter.Graph()
        self._in: Any = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base or Fraction(1),
        )
        self._out: Any = graph.add("buffersink")
        self._in.link_to(self._out)
        graph.configure()
        self._graph = graph

    def __call__(self, frame: Frame) -> Frame:
        self._in.push(frame)
        return self._out.pull()
