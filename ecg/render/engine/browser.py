"""The warm Chromium that draws captions, on an event loop of its own thread."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import TimeoutError as Waiting
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from playwright import async_api

from ecg.kernel.errors import EcgError, Missing
from ecg.media.processes import descendants, free_processor, held_memory
from ecg.render.engine.server import PageLink, page_server

T = TypeVar("T")

FLAGS = (
    "--enable-blink-features=CanvasDrawElement",
    "--disable-frame-rate-limit",
    "--disable-gpu-vsync",
    "--disable-gpu",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # as the headless shell calls it
)
SMALL_VIEW: async_api.ViewportSize = {"width": 320, "height": 180}
"""A window smaller than the stage: what is drawn into a canvas does not depend on it, and
Chromium does not compose the whole stage for a screen that nobody sees (8 against 44 ms per
state of a 1080p stage)."""
_NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: where all goes that is not for the page's own server."""
_POLL = 0.05
_LONGEST = 60
_IDLE = 1.0
"""Seconds after a page was given back until the next is opened: what comes sooner is at work, or
over."""


class Lease(msgspec.Struct, frozen=True):
    """A page on which nothing was drawn, and its link; ``held`` is what they stand on."""

    page: async_api.Page
    link: PageLink
    held: AsyncExitStack


class Browser:
    """Starts Chromium at the first page and keeps it for ``pages`` pages, or until its processes
    hold more than ``memory`` bytes together. Coroutines run on its own thread. ``trusted``: the
    looks whose canvas was seen to agree with a screenshot since this Chromium was started."""

    def __init__(self, executable: Path, *, pages: int = 100, memory: int = 1 << 30) -> None:
        self.loop = asyncio.new_event_loop()
        self._executable = executable
        self._pages = pages
        self._memory = memory
        self._driver: set[int] = set()
        self._open = 0
        self._drawn = 0
        self._spare: asyncio.Task[Lease | None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self.trusted: set[bytes] = set()
        self._playwright: async_api.Playwright | None = None
        self._chromium: async_api.Browser | None = None
        self._starting = asyncio.Lock()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Any:
        """Runs ``work`` on the browser's thread; a ``concurrent.futures.Future``."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T], check: Callable[[], None]) -> T:
        """Runs ``work`` to its end; ``check`` may raise meanwhile, which cancels it."""
        future = self.submit(work)
        while True:
            try:
                check()
                return future.result(_POLL)
            except Waiting:
                if future.done():
                    raise
            except BaseException:
                future.cancel()
                raise

    def warm(self) -> None:
        """Starts Chromium and opens a page ahead; what fails here is raised by ``leased``."""
        self.loop.call_soon_threadsafe(self._prepare)

    @asynccontextmanager
    async def leased(self) -> AsyncGenerator[Lease]:
        """A page of its own, which may have been opened ahead. Raises ``EngineFailed`` where it
        does not load, ``Missing`` where Chromium does not start."""
        lease = await self._ready()
        try:
            yield lease
        finally:
            await lease.held.aclose()
            self._idle = self.loop.call_later(_IDLE, self._prepare)

    async def _ready(self) -> Lease:
        if self._idle is not None:
            self._idle.cancel()
        spare, self._spare = self._spare, None
        lease = await spare if spare is not None else None
        if lease is not None and not lease.link.open:
            await lease.held.aclose()
            lease = None
        return lease or await self._lease()

    def _prepare(self) -> None:
        if self._spare is None and self._open == 0:
            self._spare = self.loop.create_task(self._ahead())

    async def _ahead(self) -> Lease | None:
        with suppress(EcgError, async_api.Error):
            return await self._lease()
        return None

    async def _lease(self) -> Lease:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(page_server())
            page = await stack.enter_async_context(self.page(server.origin, server.url))
            return Lease(page, await server.link(), stack.pop_all())

    @asynccontextmanager
    async def page(self, origin: str, url: str) -> AsyncGenerator[async_api.Page]:
        """A page of its own context at ``url`` that reaches nothing outside ``origin``."""
        chromium = await self._started()
        self._open += 1
        try:
            async with await chromium.new_context(
                viewport=SMALL_VIEW,
                device_scale_factor=1,
                proxy={"server": _NOWHERE, "bypass": urlsplit(origin).netloc},
                service_workers="block",
                accept_downloads=False,
                locale="en-US",
                timezone_id="UTC",
            ) as context:
                page = await context.new_page()
                await page.goto(url)
                yield page
        finally:
            self._open -= 1
            self._drawn += 1
            await self._replace_worn()

    @property
    def held(self) -> int:
        """Bytes of memory that Chromium and its driver hold together."""
        below = (descendants(process) for process in self._driver)
        return held_memory(self._driver.union(*below))

    def close(self) -> None:
        """Ends Chromium and the thread."""
        self.submit(self._wind_up()).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _wind_up(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        spare, self._spare = self._spare, None
        if spare is not None and not spare.cancel() and (lease := spare.result()) is not None:
            await lease.held.aclose()
        await self._stop()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _replace_worn(self) -> None:
        """Ends a browser that has drawn enough or grown too large; the next page starts another."""
        async with self._starting:
            worn = self._drawn >= self._pages or self.held > self._memory
            if worn and self._open == 0:
                await self._stop()

    async def _started(self) -> async_api.Browser:
        async with self._starting:
            return await self._running()

    async def _running(self) -> async_api.Browser:
        if self._chromium is not None and self._chromium.is_connected():
            return self._chromium
        await self._stop()
        self._drawn = 0
        before = descendants()
        self._playwright = await _driver()
        self._driver = descendants() - before
        free_processor(self._driver)
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            self._chromium = await self._playwright.chromium.launch(
                executable_path=self._executable,
                args=[*FLAGS, *as_root],
                env=_environment(),
                chromium_sandbox=not as_root,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except async_api.Error as error:
            why = _reason(error.message)
            raise Missing(f"{self._executable} does not start: {why}; run `ecg doctor`") from None
        return self._chromium

    async def _stop(self) -> None:
        self.trusted.clear()
        chromium, self._chromium = self._chromium, None
        playwright, self._playwright = self._playwright, None
        if chromium is not None:
            await chromium.close()
        if playwright is not None:
            await playwright.stop()


def _environment() -> dict[str, str | float | bool]:
    """The environment of this process, with a temporary folder short enough for Chromium's socket in it:
    a socket's path has at most 107 bytes."""
    environment: dict[str, str | float | bool] = dict(os.environ)
    folder = Path(tempfile.gettempdir())
    if sys.platform == "linux" and len(str(folder)) > _LONGEST and folder == Path.cwd():
        environment["TMPDIR"] = "/proc/self/cwd"
    return environment


def _reason(message: str) -> str:
    """The line of Chromium's own log that says why, else Playwright's first."""
    lines = message.strip().splitlines()
    said = [line.partition("[err]")[2].strip() for line in lines if "[err]" in line]
    named = [line for line in said if "ERROR" in line or "cannot" in line or "error" in line]
    return (named or lines)[0][:200]


async def _driver() -> async_api.Playwright:
    try:
        return await async_api.async_playwright().start()
    except Exception as error:  # noqa: BLE001 - Playwright has no name for a driver that dies
        why = _reason(str(error))
        raise Missing(f"Playwright's driver does not start: {why}; run `ecg doctor`") from None
