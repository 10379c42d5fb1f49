"""How long one browser is kept, and what bounds it."""

import asyncio
import contextlib
import resource
import time

import pytest

from ecg.media.processes import descendants
from ecg.render.engine.browser import Browser
from ecg.render.engine.server import page_server

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


def gone(check, seconds=5):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.05)
    return check()
