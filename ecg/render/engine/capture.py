"""Drawing the caption states of one render in the browser, ahead of the compositor."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from playwright.async_api import Error as PlaywrightError
from websockets.exceptions import ConnectionClosed

from ecg.captions.fonts import OWN
from ecg.captions.scenario import Scenario
from ecg.kernel.errors import EcgError, EngineFailed
from ecg.render.engine.browser import Browser, Lease
from ecg.render.engine.camera import Camera
from ecg.render.engine.composite import Patch
from ecg.render.engine.plan import FrameTimes, Span
from ecg.render.engine.server import STATES_AHEAD, PageLink
from ecg.render.interfaces import Capture, OwnFont


class Drawing(msgspec.Struct, frozen=True):
    """What to draw: ``stage`` is laid out in square pixels, the picture is ``width`` of its own
    pixels wide and has the stage's height. ``way`` forces a capture, ``None`` tries. ``fonts``: of
    the scenario's own family, which without one is not drawn in."""

    scenario: Scenario
    stage_width: int
    width: int
    height: int
    times: FrameTimes
    way: Capture | None = None
    fonts: tuple[OwnFont, ...] = ()


class Way(msgspec.Struct, frozen=True):
    """How the states will be captured (``reason``: why not by canvas). ``fontless``: the browser
    takes none of the fonts that it was given."""

    name: Capture
    reason: str = ""
    fontless: bool = False


class Feed:
    """Captured states on their way to the compositor; back-pressure by credit."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Way | Patch | BaseException] = queue.SimpleQueue()
        self._credit: asyncio.Queue[int] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def put(self, item: Way | Patch | BaseException) -> None:
        self._items.put(item)

    def get(self, seconds: float) -> Way | Patch | None:
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
    browser: Browser,
    drawing: Drawing,
    spans: Sequence[Span],
    feed: Feed,
) -> None:
    """Puts one ``Way`` and then every state's ``Patch`` of every span into ``feed``; errors too."""
    try:
        async with browser.leased() as lease:
            opening = await asyncio.to_thread(_opening, drawing)
            opened = await lease.link.ask("open", **opening)
            fontless = bool(opened["fontless"])
            await _run(browser.trusted, lease, drawing, spans, feed, fontless=fontless)
            feed.put(EngineFailed("the caption page drew fewer states than were needed"))
    except EcgError as error:
        feed.put(error)
    except (ConnectionClosed, PlaywrightError) as error:
        why = str(error).splitlines()[0]
        feed.put(EngineFailed(f"the browser was lost while drawing captions: {why}"))
    except BaseException as error:
        feed.put(error)
        raise


async def _run(  # noqa: PLR0913 - what is drawn, on what, and where it goes
    trusted: set[bytes],
    lease: Lease,
    drawing: Drawing,
    spans: Sequence[Span],
    feed: Feed,
    *,
    fontless: bool,
) -> None:
    link = lease.link
    way = await _way(link, drawing)
    seconds = drawing.times.seconds()
    camera = Camera(lease.page, link, drawing.width, drawing.height)
    look = _look(drawing)
    if way.name == "canvas" and drawing.way is None and look not in trusted:
        reason = await camera.disagreement(drawing.scenario)
        if reason:
            way = Way("screenshot", reason)
        elif reason is not None:
            trusted.add(look)
    feed.put(msgspec.structs.replace(way, fontless=fontless))
    await feed.taken()
    if way.name == "canvas":
        await _stream(link, spans, seconds, feed)
    else:
        await _shots(camera, spans, seconds, feed)


async def _stream(
    link: PageLink, spans: Sequence[Span], seconds: Sequence[float], feed: Feed
) -> None:
    granting = asyncio.create_task(_grant(link, feed))
    try:
        for span in spans:
            await link.tell("capture", first=span.first, times=seconds[span.first : span.end])
            while (patches := await link.patches()) is not None:
                for patch in patches:
                    feed.put(patch)
    finally:
        granting.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
            await granting


async def _shots(
    camera: Camera, spans: Sequence[Span], seconds: Sequence[float], feed: Feed
) -> None:
    ahead = 0
    for span in spans:
        async for patch in camera.patches(span.first, seconds[span.first : span.end]):
            feed.put(patch)
            ahead += 1
            if ahead > STATES_AHEAD:
                await feed.taken()


async def _grant(link: PageLink, feed: Feed) -> None:
    """Lets the page draw as many more states as were taken, half of what it may be ahead by at
    a time: a message costs about as much as a state."""
    await link.tell("more", states=STATES_AHEAD)
    half = STATES_AHEAD // 2
    while True:
        for _ in range(half):
            await feed.taken()
        await link.tell("more", states=half)


def _look(drawing: Drawing) -> bytes:
    """What the agreement of canvas and screenshot hangs on, in one Chromium."""
    return msgspec.json.encode(
        (
            drawing.scenario.style,
            drawing.stage_width,
            drawing.width,
            drawing.height,
            [font.sha256 for font in drawing.fonts],
        )
    )


def _opening(drawing: Drawing) -> dict[str, Any]:
    fonts = [
        msgspec.to_builtins(font.face)
        | {"family": OWN + font.face.family, "data": Path(font.file).read_bytes()}
        for font in drawing.fonts
    ]
    return {
        "fonts": fonts,
        "scenario": drawing.scenario,
        "width": drawing.stage_width,
        "height": drawing.height,
        "pixelWidth": drawing.width,
    }


async def _way(link: PageLink, drawing: Drawing) -> Way:
    if drawing.way == "screenshot":
        return Way("screenshot", "asked for")
    try:
        await link.ask("canvas")
    except EngineFailed as error:
        if drawing.way == "canvas":
            raise
        return Way("screenshot", error.message)
    return Way("canvas")
