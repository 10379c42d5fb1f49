"""Drawing the caption states of one render in the browser, ahead of the compositor."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from websockets.exceptions import ConnectionClosed

from ecg.captions.scenario import Scenario
from ecg.kernel.errors import EcgError, EngineFailed
from ecg.render.engine.browser import Browser
from ecg.render.engine.camera import Camera
from ecg.render.engine.composite import Patch
from ecg.render.engine.plan import FrameTimes, Plan, make_plan
from ecg.render.engine.server import FOLDERS, STATES_AHEAD, PageLink, page_server
from ecg.render.interfaces import Capture


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
            link = await server.link()
            await link.ask("open", **_opening(drawing))
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
    answer = await link.ask("plan", times=seconds)
    plan = make_plan(drawing.times, seconds, answer["beginnings"])
    camera = Camera(page, link, drawing.width, drawing.height)
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
        while (patch := await link.patch()) is not None:
            feed.put(patch)
    finally:
        granting.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
            await granting


def _opening(drawing: Drawing) -> dict[str, Any]:
    return {
        "scenario": drawing.scenario,
        "width": drawing.stage_width,
        "height": drawing.height,
        "pixelWidth": drawing.width,
    }


async def _chosen_canvas(link: PageLink, drawing: Drawing) -> tuple[Capture, str]:
    if drawing.way == "screenshot":
        return "screenshot", "asked for"
    try:
        await link.ask("canvas")
    except EngineFailed as error:
        if drawing.way == "canvas":
            raise
        return "screenshot", error.message
    return "canvas", ""
