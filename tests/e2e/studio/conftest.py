from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ecg.render.browsers import find_browser
from tests.e2e.client import Client
from tests.e2e.service import Process
from tests.e2e.studio.pages import sign_in
from tests.e2e.studio.seen import Seen
from tests.integration.stage.pages import FLAGS

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """As a render's, but for what only its own page needs."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=find_browser(None), args=["--no-sandbox", *FLAGS]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def seen(server: Process) -> Iterator[Seen]:
    found = Seen()
    yield found
    assert not found.faults
    assert len(found.stored) <= 1
    assert found.origins <= {server.url, *found.stored}


@pytest.fixture(scope="module")
def context(browser: Browser, seen: Seen) -> Iterator[BrowserContext]:
    made = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce",
        locale="en-GB",
    )  # fmt: skip
    made.set_default_timeout(30_000)
    made.on("page", seen.watch)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(server: Process) -> Iterator[Client]:
    """The account by the API."""
    with Client(server.url, "studio") as made:
        yield made.sign_up()


@pytest.fixture(scope="module")
def signed(context: BrowserContext, client: Client, server: Process) -> Page:
    """The same account in the browser, on its videos."""
    page = context.new_page()
    page.goto(server.url)
    sign_in(page, client)
    expect(page.get_by_role("heading", name="Drop a video here")).to_be_visible()
    return page
