"""Screenshots of the caption stage: the check of the canvas, and the way without it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any, cast

import av
import av.codec
import numpy as np
from numpy.typing import NDArray
from playwright import async_api

from ecg.captions.scenario import Scenario
from ecg.kernel.errors import EngineFailed
from ecg.render.engine.browser import SMALL_VIEW
from ecg.render.engine.composite import Patch
from ecg.render.engine.pixels import Bytes, Rect
from ecg.render.engine.server import PageLink

AGREEMENT = 34.0
"""PSNR in dB (``agreement``) below which canvas and screenshot are two different pictures."""


class Camera:
    """Screenshots of the stage: the slow way that works in any Chromium, and the check."""

    def __init__(self, page: async_api.Page, link: PageLink, width: int, height: int) -> None:
        self._page = page
        self._link = link
        self._size: async_api.ViewportSize = {"width": width, "height": height}
        self._session: Any = None

    async def disagreement(self, scenario: Scenario) -> str | None:
        """Why the canvas is not to be trusted: one state drawn both ways; empty if it is, and
        ``None`` where nothing was drawn to tell it by."""
        for time in _likely(scenario):
            try:
                drawn = await self._link.draw(time)
            except EngineFailed as error:
                return f"drawing into a canvas failed: {error.message}"
            if drawn.ink.empty:
                continue
            ink, pixels = await self._shoot(time)
            await self._page.set_viewport_size(SMALL_VIEW)
            await self._link.ask("hide")
            box = drawn.changed.union(ink)
            found = agreement(_placed(drawn.pixels, drawn.changed, box), _placed(pixels, ink, box))
            return "" if found >= AGREEMENT else f"canvas and screenshot differ ({found:.1f} dB)"
        return None

    async def patches(self, first: int, times: Sequence[float]) -> AsyncIterator[Patch]:
        """The states of a span that begins with frame ``first``, one screenshot each."""
        answer = await self._link.ask("beginnings", times=times)
        before = Rect()
        for begin, end in pairwise([*answer["beginnings"], len(times)]):
            ink, pixels = await self._shoot(times[begin])
            changed = before.union(ink)
            before = ink
            yield Patch(first + begin, first + end, changed, ink, _placed(pixels, ink, changed))

    async def _shoot(self, time: float) -> tuple[Rect, Bytes]:
        if self._page.viewport_size != self._size:
            await self._page.set_viewport_size(self._size)
        if self._session is None:
            self._session = await self._page.context.new_cdp_session(self._page)
            clear = {"color": {"r": 0, "g": 0, "b": 0, "a": 0}}
            await self._session.send("Emulation.setDefaultBackgroundColorOverride", clear)
        answer = await self._link.ask("show", time=time)
        ink = Rect(**answer["ink"]) if answer["ink"] else Rect()
        if ink.empty:
            return ink, np.zeros((0, 0, 4), np.uint8)
        clip = {"x": ink.x, "y": ink.y, "width": ink.width, "height": ink.height, "scale": 1}
        wanted: dict[str, Any] = {"format": "png", "clip": clip, "optimizeForSpeed": True}
        answer = await self._session.send("Page.captureScreenshot", wanted)
        return ink, decode_png(base64.b64decode(answer["data"]))


def _placed(pixels: Bytes, rect: Rect, box: Rect) -> Bytes:
    """``pixels`` of ``rect`` on nothing, as large as the ``box`` that holds it."""
    whole = np.zeros((box.height, box.width, 4), np.uint8)
    if not rect.empty:
        whole[Rect(rect.x - box.x, rect.y - box.y, rect.width, rect.height).window] = pixels
    return whole


def _likely(scenario: Scenario) -> list[float]:
    """Times at which something is shown: in the middle of cues, from the middle one outwards."""
    middle = len(scenario.cues) // 2
    near = sorted(range(len(scenario.cues)), key=lambda number: abs(number - middle))[:20]
    return [(scenario.cues[number].start + scenario.cues[number].end) / 2 for number in near]


def agreement(one: Bytes, other: Bytes) -> float:
    """PSNR in dB between two RGBA pictures laid over mid-grey, over the pixels either inks.

    Both are softened by 3 × 3 pixels first: Chromium puts a word that has yet to move on a
    layer of its own, whose text a screenshot shows shifted by less than a pixel.
    """
    inked = (one[..., 3] > 0) | (other[..., 3] > 0)
    if not inked.any():
        return float("inf")
    error = float(np.mean((_softened(one) - _softened(other))[inked] ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def _softened(rgba: Bytes) -> NDArray[np.floating]:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    laid = np.pad(rgba[..., :3] * alpha + 128 * (1 - alpha), ((1, 1), (1, 1), (0, 0)), "edge")
    across = laid[:, :-2] + laid[:, 1:-1] + laid[:, 2:]
    return (across[:-2] + across[1:-1] + across[2:]) / 9


def decode_png(data: bytes) -> Bytes:
    """PNG file → rows × columns × 4 RGBA."""
    decoder = av.codec.CodecContext.create("png", "r")
    (frame,) = cast(Any, decoder).decode(av.Packet(data))
    return cast(Bytes, frame.to_ndarray(format="rgba"))
