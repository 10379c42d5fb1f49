"""Putting caption states onto decoded frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import av.video.frame
import msgspec
import numpy as np
from numpy.typing import NDArray

from ecg.render.engine.pixels import Bytes, PixelFormat, Rect, to_planes
from ecg.render.engine.plan import Span

Frame = av.video.frame.VideoFrame


class Patch(msgspec.Struct, frozen=True):
    """The caption state that stands from frame ``first`` up to frame ``until``, as what it
    changes in the one before it: ``pixels`` (rows × columns × 4 RGBA, not premultiplied) of the
    rectangle ``changed``. ``ink`` can hold anything visible. All in the shown picture's pixels.
    The first patch of a span changes a picture that holds nothing."""

    first: int
    until: int
    changed: Rect
    ink: Rect
    pixels: Bytes


class Overlay:
    """The caption state that is shown, in the frame's own format, orientation and range.

    ``width`` and ``height`` are those of the shown picture, ``rotation`` what a player turns
    the coded one by, clockwise.
    """

    def __init__(self, form: PixelFormat, width: int, height: int, rotation: int) -> None:
        self._form = form
        self._shown = (width, height)
        self._rotation = rotation
        columns, rows = (height, width) if rotation in (90, 270) else (width, height)
        self._rgba = np.zeros((rows, columns, 4), np.uint8)
        small = (rows >> form.shift_y, columns >> form.shift_x)
        wide = np.uint16 if form.bits == 8 else np.uint32
        self._behind = [np.full(size, 256, wide) for size in ((rows, columns), small, small)]
        self._caption = [np.zeros(size, wide) for size in ((rows, columns), small, small)]
        self._boxes: list[Rect] = []

    def clear(self) -> None:
        """Shows nothing again."""
        self._rgba.fill(0)
        for behind, caption in zip(self._behind, self._caption, strict=True):
            behind.fill(256)
            caption.fill(0)
        self._boxes = []

    def apply(self, patch: Patch) -> None:
        """Brings the overlay to the state of ``patch`` from the one before."""
        rect = patch.changed.turned(self._rotation, *self._shown)
        if not rect.empty:
            self._rgba[rect.window] = np.rot90(patch.pixels, self._rotation // 90)
            self._convert(self._aligned(rect))
        ink = self._aligned(patch.ink.turned(self._rotation, *self._shown))
        if ink.empty:
            self._boxes = []
        elif not self._still_holds(rect, ink):
            self._boxes = self._bands(ink)

    def _still_holds(self, changed: Rect, ink: Rect) -> bool:
        """Whether what is blended now holds all ink of the new state too, and little else."""
        within = all(ink.holds(box) for box in self._boxes)
        return within and any(box.holds(changed) for box in self._boxes)

    def draw(self, frame: Frame) -> None:
        """Blends the state into ``frame``; where there is no ink not a bit changes."""
        if not self._boxes:
            return
        frame.make_writable()
        for number, plane in enumerate(frame.planes[:3]):
            samples = np.frombuffer(cast(Any, plane), self._form.sample)
            rows = samples.reshape(plane.height, -1)
            for box in self._boxes:
                window = self._small(box).window if number else box.window
                _blend(rows[window], self._behind[number][window], self._caption[number][window])

    def _convert(self, rect: Rect) -> None:
        # one chroma sample more on each side, which the filter across them needs
        wider = self._aligned(Rect(rect.x - 2, rect.y, rect.width + 4, rect.height))
        skip = rect.x - wider.x
        for number, planes in enumerate(to_planes(self._rgba[wider.window], self._form)):
            target = self._small(rect) if number else rect
            first = skip >> self._form.shift_x if number else skip
            columns = slice(first, first + target.width)
            self._behind[number][target.window] = planes[0][:, columns]
            self._caption[number][target.window] = planes[1][:, columns]

    def _bands(self, ink: Rect) -> list[Rect]:
        """The rows of ``ink`` that hold any, as rectangles: two cues far apart are two."""
        # a pixel of no alpha has no colour either
        pixels = self._rgba.view(np.uint32)[..., 0][ink.window]
        rows = np.flatnonzero(pixels.max(axis=1)) & ~1
        if not len(rows):
            return []
        cuts = np.flatnonzero(np.diff(rows) > 16) + 1
        return [
            self._aligned(Rect(ink.x, ink.y + int(run[0]), ink.width, int(run[-1] - run[0]) + 2))
            for run in np.split(rows, cuts)
        ]

    def _aligned(self, rect: Rect) -> Rect:
        """Grown to whole chroma samples, with one more on each side for the filter's reach."""
        if rect.empty:
            return Rect()
        rows, columns = self._rgba.shape[:2]
        left, top = max(0, rect.x - 2) & ~1, max(0, rect.y) & ~1
        right = min(columns, (rect.x + rect.width + 3) & ~1)
        bottom = min(rows, (rect.y + rect.height + 1) & ~1)
        return Rect(left, top, right - left, bottom - top)

    def _small(self, rect: Rect) -> Rect:
        across, down = self._form.shift_x, self._form.shift_y
        return Rect(rect.x >> across, rect.y >> down, rect.width >> across, rect.height >> down)


def _blend(samples: NDArray[Any], behind: NDArray[Any], caption: NDArray[Any]) -> None:
    mixed = samples * behind
    mixed += caption
    mixed += 128
    mixed >>= 8
    samples[...] = mixed


def composited(
    frames: Iterable[tuple[int, Frame]], span: Span, patch: Callable[[], Patch], overlay: Overlay
) -> Iterator[tuple[Frame, bool]]:
    """The frames of ``span`` as the encoder gets them, each with whether its captions differ
    from those of the one before. ``patch`` waits for the next patch;
    what it still holds of an earlier span, whose frames were lost, is passed over."""
    until = span.first
    for number, frame in frames:
        changed = until <= number
        while until <= number:
            following = patch()
            if following.first == span.first:
                overlay.clear()
            overlay.apply(following)
            until = following.until
        overlay.draw(frame)
        yield frame, changed
