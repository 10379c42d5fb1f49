"""How long one browser is kept, and what bounds it."""

import asyncio
import contextlib
import io
import resource
import time

import pytest

from ecg.media.processes import descendants
from ecg.media.served import Context
from ecg.render.engine.browser import Browser
from ecg.render.engine.camera import Camera
from ecg.render.engine.run import render
from ecg.render.engine.server import page_server
from ecg.render.interfaces import RenderJob
from tests.integration.render.videos import cue, scenario

pytestmark = pytest.mark.timed


@pytest.fixture
def start(chromium):
    with contextlib.ExitStack() as started:

        def make(**limits):
            browser = Browser(chromium, **limits)
            started.callback(browser.close)
            return browser

        yield make


def draw(browser, work=None):
    """Opens a page, runs ``work`` on it and closes it; the browser that it was in."""

    async def opened():
        async with page_server() as server, browser.page(server.origin, server.url) as page:
            if work:
                await work(page)
            return page.context.browser

    return browser.submit(opened())


def test_a_browser_is_kept_for_so_many_pages(start):
    browser = start(pages=2)
    before = descendants()
    used = [draw(browser).result(30) for _ in range(4)]
    assert used[0] is used[1] is not used[2] is used[3]
    assert not used[0].is_connected()
    assert gone(lambda: not descendants() - before)


def test_a_browser_that_holds_too_much_is_replaced_between_two_pages(start):
    browser = start(memory=1 << 62)
    used = draw(browser).result(30)
    assert 50 << 20 < browser.held < 600 << 20
    browser._memory = browser.held + (300 << 20)
    assert draw(browser).result(30) is used

    async def swell(page):
        # its context is still open when it is measured, as a page's leak would be
        other = await page.context.browser.new_page()
        await other.evaluate(
            "void (window.held = Array.from({length: 40}, () => new Uint8Array(1e7).fill(1)))"
        )

    assert draw(browser, swell).result(30) is used
    assert not used.is_connected()
    assert draw(browser).result(30) is not used


def test_a_browser_in_use_is_not_replaced(start):
    browser = start(pages=1)

    async def meanwhile(page):
        await asyncio.wrap_future(draw(browser))
        assert await page.evaluate("1 + 1") == 2

    used = draw(browser, meanwhile).result(30)
    assert not used.is_connected()


def test_a_browser_may_compute_for_longer_than_one_call(start):
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (100_000, hard))
    try:
        before = descendants()
        draw(start()).result(30)
        limits = {
            resource.prlimit(child, resource.RLIMIT_CPU)[0] for child in descendants() - before
        }
        assert limits == {hard}
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def lease(browser):
    """Takes a page and gives it back; which it was, and whether its link was there."""

    async def taken():
        async with browser.leased() as lease:
            return lease.page, lease.link.open

    return browser.submit(taken()).result(30)


def spare(browser):
    """The page that was opened ahead."""
    assert gone(lambda: browser._spare is not None and browser._spare.done(), 20)
    return browser._spare.result().page


def test_the_next_page_is_opened_while_nothing_is_drawn(start):
    browser = start()
    browser.warm()
    first = spare(browser)
    assert lease(browser) == (first, True)
    second = spare(browser)
    assert first.is_closed()
    assert second is not first
    assert lease(browser) == (second, True)


def test_a_page_that_was_lost_meanwhile_is_replaced(start):
    browser = start()
    browser.warm()
    lost = spare(browser)
    browser.submit(lost.close()).result(10)
    assert gone(lambda: not browser._spare.result().link.open)
    page, there = lease(browser)
    assert there
    assert page is not lost


def test_a_look_is_compared_once_in_each_browser(chromium, make_video, tmp_path, monkeypatch):
    compared = []
    disagreement = Camera.disagreement

    async def counted(self, scenario):
        compared.append(scenario.style.name)
        return await disagreement(self, scenario)

    monkeypatch.setattr(Camera, "disagreement", counted)
    source = make_video(rate=10)
    for turn in range(2):
        browser = Browser(chromium)
        for number, style in enumerate(("intention", "intention", "broadcast", "intention")):
            job = RenderJob(scenario(cue(1, 0.2, 0.8, ["hello"]), style=style), "draft")
            folder = tmp_path / f"{turn}{number}"
            folder.mkdir()
            output = folder / "out.mp4"
            result = render(browser, job, source, output, folder, Context(io.BytesIO()))
            assert result.states > 0
        browser.close()
    assert compared == ["intention", "broadcast"] * 2


def gone(check, seconds=5):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.05)
    return check()
