"""Drawing the caption states of one render in the browser, ahead of the compositor."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import queue
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import av
import av.codec
import msgspec
import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from websockets.exceptions import ConnectionClosed

from ecg.captions.scenario import Scenario
from ecg.kernel.errors import EcgError, EngineFailed
from ecg.render.engine.browser import SMALL_VIEW, Browser
from ecg.render.engine.composite import Patch
from ecg.render.engine.pixels import Bytes, Rect
from ecg.render.engine.plan import FrameTimes, Plan, make_plan
from ecg.render.engine.server import FOLDERS, STATES_AHEAD, PageLink, PageServer, page_server
from ecg.render.interfaces import Capture

_HEADER = np.dtype("<i4")
_HEADER_NUMBERS = 9
_START = 30.0
"""Seconds the page may take to load and its fonts to become ready."""
AGREEMENT = 34.0
"""PSNR in dB (``agreement``) below which canvas and screenshot are two different pictures."""


class Drawing(msgspec.Struct, frozen=True):
    """What to draw: ``stage`` is laid out in square pixels, the picture is ``width`` of its own
    pixels wide and has the stage's height. ``way`` forces a capture, ``None`` tries."""

    scenario: Scenario
    stage_width: int
    width: int
    height: int
    times: FrameTimes
    way: Capture | None = None


class Ready(msgspec.Struct, frozen=True):
    """The plan, and how the states will be captured (``reason``: why not by canvas)."""

    plan: Plan
    way: Capture
    reason: str = ""


class Feed:
    """Captured states on their way to the compositor; back-pressure by credit."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Ready | Patch | BaseException] = queue.SimpleQueue()
        self._credit: asyncio.Queue[int] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def put(self, item: Ready | Patch | BaseException) -> None:
        self._items.put(item)

    def get(self, seconds: float) -> Ready | Patch | None:
        """The next item, or ``None`` after ``seconds``; raises what the capture raised."""
        try:
            item = self._items.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(item, BaseException):
            raise item
        self._loop.call_soon_threadsafe(self._credit.put_nowait, 1)
        return item

    async def taken(self) -> None:
        """Waits until the compositor has taken one more item."""
        await self._credit.get()


async def capture(
    browser: Browser, drawing: Drawing, feed: Feed, folders: Mapping[str, Path] = FOLDERS
) -> None:
    """Puts one ``Ready`` and then every state's ``Patch`` into ``feed``; errors too."""
    try:
        async with (
            page_server(folders) as server,
            browser.page(server.origin, server.url) as page,
        ):
            link = await _linked(server)
            await _ask(link, "open", **_opening(drawing))
            await _run(page, link, drawing, feed)
            feed.put(EngineFailed("the caption page drew fewer states than were planned"))
    except EcgError as error:
        feed.put(error)
    except (ConnectionClosed, PlaywrightError) as error:
        why = str(error).splitlines()[0]
        feed.put(EngineFailed(f"the browser was lost while drawing captions: {why}"))
    except BaseException as error:
        feed.put(error)
        raise


async def _run(page: Page, link: PageLink, drawing: Drawing, feed: Feed) -> None:
    way, reason = await _chosen_canvas(link, drawing)
    seconds = drawing.times.seconds()
    answer = await _ask(link, "plan", times=seconds)
    plan = make_plan(drawing.times, seconds, answer["beginnings"])
    camera = _Camera(page, link, drawing)
    if way == "canvas" and drawing.way is None:
        reason = await camera.disagreement(plan)
        way = "screenshot" if reason else "canvas"
    feed.put(Ready(plan, way, reason))
    await feed.taken()
    if way == "canvas":
        await _stream(link, plan, feed)
    else:
        async for patch in camera.patches(plan):
            feed.put(patch)
            if patch.state >= STATES_AHEAD:
                await feed.taken()


async def _stream(link: PageLink, plan: Plan, feed: Feed) -> None:
    async def grant() -> None:
        await link.tell("more", states=STATES_AHEAD)
        while True:
            await feed.taken()
            await link.tell("more", states=1)

    await link.tell("capture", times=plan.seconds)
    granting = asyncio.create_task(grant())
    try:
        while (message := await link.pixels()) is not None:
            feed.put(read_patch(message))
    finally:
        granting.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
            await granting


def read_patch(message: bytes) -> Patch:
    """The page's binary message: nine int32, then RGBA rows."""
    state, *numbers = np.frombuffer(message, _HEADER, _HEADER_NUMBERS).tolist()
    changed, ink = Rect(*numbers[:4]), Rect(*numbers[4:])
    pixels = np.frombuffer(message, np.uint8, offset=4 * _HEADER_NUMBERS)
    return Patch(state, changed, ink, pixels.reshape(changed.height, changed.width, 4))


async def _linked(server: PageServer) -> PageLink:
    try:
        return await asyncio.wait_for(server.link(), _START)
    except TimeoutError:
        raise EngineFailed(f"the caption page did not load within {_START:g} s") from None


def _opening(drawing: Drawing) -> dict[str, Any]:
    return {
        "scenario": drawing.scenario,
        "width": drawing.stage_width,
        "height": drawing.height,
        "pixelWidth": drawing.width,
    }


async def _ask(link: PageLink, command: str, **arguments: Any) -> dict[str, Any]:
    try:
        return await asyncio.wait_for(link.ask(command, **arguments), _START)
    except TimeoutError:
        raise EngineFailed(f"the caption page took over {_START:g} s to {command}") from None


async def _chosen_canvas(link: PageLink, drawing: Drawing) -> tuple[Capture, str]:
    if drawing.way == "screenshot":
        return "screenshot", "asked for"
    try:
        await _ask(link, "canvas")
    except EngineFailed as error:
        if drawing.way == "canvas":
            raise
        return "screenshot", error.message
    return "canvas", ""


class _Camera:
    """Screenshots of the stage: the slow way that works in any Chromium, and the check."""

    def __init__(self, page: Page, link: PageLink, drawing: Drawing) -> None:
        self._page = page
        self._link = link
        self._size = {"width": drawing.width, "height": drawing.height}
        self._session: Any = None

    async def disagreement(self, plan: Plan) -> str:
        """Why the canvas is not to be trusted: one state drawn both ways; empty if it is."""
        for time in _likely(plan):
            try:
                await self._link.tell("draw", time=time)
                message = await asyncio.wait_for(self._link.pixels(), _START)
            except (TimeoutError, EngineFailed) as error:
                return f"drawing into a canvas failed: {error}"
            if message is None:
                return "drawing into a canvas gave no pixels"
            await asyncio.wait_for(self._link.pixels(), _START)
            drawn = read_patch(message)
            if drawn.ink.empty:
                continue
            ink, pixels = await self._shoot(time)
            await self._page.set_viewport_size(cast(Any, SMALL_VIEW))
            await _ask(self._link, "hide")
            box = drawn.changed.union(ink)
            found = agreement(_placed(drawn.pixels, drawn.changed, box), _placed(pixels, ink, box))
            return "" if found >= AGREEMENT else f"canvas and screenshot differ ({found:.1f} dB)"
        await _ask(self._link, "hide")
        return ""

    async def patches(self, plan: Plan) -> AsyncIterator[Patch]:
        before = Rect()
        for state, time in enumerate(plan.seconds):
            ink, pixels = await self._shoot(time)
            changed = before.union(ink)
            before = ink
            yield Patch(state, changed, ink, _placed(pixels, ink, changed))

    async def _shoot(self, time: float) -> tuple[Rect, Bytes]:
        if self._page.viewport_size != self._size:
            await self._page.set_viewport_size(cast(Any, self._size))
        if self._session is None:
            self._session = await self._page.context.new_cdp_session(self._page)
            clear = {"color": {"r": 0, "g": 0, "b": 0, "a": 0}}
            await self._session.send("Emulation.setDefaultBackgroundColorOverride", clear)
        answer = await _ask(self._link, "show", time=time)
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


def _likely(plan: Plan) -> list[float]:
    """States to look at, from the middle of the script outwards; most have ink."""
    middle = len(plan.seconds) // 2
    return sorted(plan.seconds, key=lambda time: abs(time - plan.seconds[middle]))[:20]


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
