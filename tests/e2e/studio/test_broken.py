"""What becomes of work when the page, the connection or the session goes amid it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, Request, expect

from tests.e2e.client import Client
from tests.e2e.service import Process
from tests.e2e.studio.pages import (
    asked,
    check_access,
    opened,
    retype,
    saved,
    sign_in,
    until,
    words_of,
)
from tests.e2e.studio.seen import Seen

SLOW = 16e6
"""Bytes a second that an upload is held to where something is to happen meanwhile."""


@pytest.fixture
def line(context: BrowserContext, signed: Page) -> Iterator[CDPSession]:
    """The page's connection, to be slowed or broken."""
    made = context.new_cdp_session(signed)
    made.send("Network.enable")
    yield made
    made.detach()


def limit(line: CDPSession, **limits: float) -> None:
    line.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1, **limits,
    })  # fmt: skip


@contextlib.contextmanager
def offline(line: CDPSession, seen: Seen) -> Iterator[None]:
    with seen.expecting("ERR_INTERNET_DISCONNECTED"):
        limit(line, offline=True)
        yield
        limit(line)


@pytest.fixture
def padded(silent_video: Path, tmp_path: Path) -> Path:
    """A film of five parts: most of it a box that every reader skips."""
    path = tmp_path / "long.mp4"
    size = 40_000_000
    path.write_bytes(silent_video.read_bytes() + size.to_bytes(4) + b"free" + bytes(size - 8))
    return path


def test_an_upload_goes_on_after_a_reload(
    signed: Page, padded: Path, server: Process, line: CDPSession
) -> None:
    page = signed
    limit(line, uploadThroughput=SLOW)
    stored: list[int] = []
    sent: list[int] = []
    page.on("requestfinished", lambda one: note(stored, one))
    page.on("request", lambda one: note(sent, one))
    page.get_by_test_id("picker").set_input_files(padded)
    until(page, lambda: len(stored) >= 2)
    page.reload()
    held = set(stored)
    sent.clear()
    expect(page.get_by_text("Choose “long.mp4” again")).to_be_visible()
    check_access(page)
    page.get_by_test_id("again").set_input_files(padded)
    expect(page.get_by_text("No captions")).to_be_visible(timeout=60_000)
    assert sent
    assert not held & set(sent), "parts that the store held were sent again"
    listed = asked(page, server, "/videos").json()["items"][0]
    assert (listed["state"], listed["size"]) == ("ready", padded.stat().st_size)


def test_an_upload_goes_on_when_the_connection_is_back(
    signed: Page, padded: Path, server: Process, line: CDPSession, seen: Seen
) -> None:
    page = signed
    limit(line, uploadThroughput=SLOW)
    stored: list[int] = []
    page.on("requestfinished", lambda one: note(stored, one))
    page.get_by_test_id("picker").set_input_files(padded)
    until(page, lambda: len(stored) >= 1)
    with offline(line, seen):
        expect(page.get_by_text("The connection dropped")).to_be_visible()
        check_access(page)
    failed = page.get_by_role("heading", name="No captions could be made")
    with seen.expecting("404"):  # it has no scenario
        expect(failed).to_be_visible(timeout=60_000)
        page.goto(server.url)
    assert len(stored) == len(set(stored)), "parts that the store held were sent again"
    states = [one["state"] for one in asked(page, server, "/videos").json()["items"]]
    assert states == ["ready", "ready"]


def note(numbers: list[int], request: Request) -> None:
    """Adds the number of the part that ``request`` brings to the store."""
    found = re.search(r"partNumber=(\d+)", request.url)
    if found and request.method == "PUT":
        numbers.append(int(found.group(1)))


def test_what_is_no_video_is_refused_before_it_is_sent(signed: Page, tmp_path: Path) -> None:
    page = signed
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    page.get_by_test_id("picker").set_input_files(notes)
    expect(page.get_by_role("alert")).to_contain_text("“notes.txt” is not a video")


@pytest.fixture(scope="module")
def video(client: Client, silent_video: Path) -> str:
    return client.captioned(silent_video, 2)


def test_edits_are_saved_when_the_connection_is_back(
    signed: Page, video: str, server: Process, line: CDPSession, seen: Seen
) -> None:
    page = signed
    opened(page, server, video)
    with offline(line, seen):
        retype(page, 0, "Aloha")
        expect(page.get_by_text("Offline. Your edits are kept on this device.")).to_be_visible()
        page.keyboard.press("e")
        page.get_by_role("button", name="Export", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("No answer from the server")
        check_access(page)
    saved(page)
    assert words_of(page, server, video)[0]["text"] == "Aloha"


def test_an_ended_session_loses_no_edit(
    signed: Page, video: str, client: Client, server: Process, seen: Seen
) -> None:
    page = signed
    opened(page, server, video)
    with seen.expecting("401"):
        end_session(page, server)
        retype(page, 1, "Ciao")
        expect(page.get_by_text("Sign in to carry on; nothing is lost.")).to_be_visible()
        expect(page.get_by_label("E-mail")).to_have_value(client.email)
        expect(page.get_by_label("Password")).to_be_focused()
        check_access(page)
        sign_in(page, client)
        expect(page.locator(".cue-words .word").nth(1)).to_have_text("Ciao")
        saved(page)
    assert [one["text"] for one in words_of(page, server, video)[:2]] == ["Aloha", "Ciao"]


def end_session(page: Page, server: Process) -> None:
    """As from another device. Access tokens of it are refused within five seconds."""
    answer = httpx.post(f"{server.url}/api/v1/auth/logout", cookies=cookies(page, server))
    assert answer.status_code == 204
    until(page, lambda: asked(page, server, "/usage").status_code == 401)


def cookies(page: Page, server: Process) -> dict[str, str]:
    held = page.context.cookies(f"{server.url}/api/v1/auth/")
    return {one["name"]: one["value"] for one in held}


def test_pages_that_go_while_they_refresh_stay_signed_in(
    signed: Page, video: str, server: Process, context: BrowserContext, line: CDPSession
) -> None:
    page = signed
    answer = httpx.post(f"{server.url}/api/v1/auth/refresh", cookies=cookies(page, server))
    assert answer.status_code == 200, "an answer that the browser never sees"
    limit(line, latency=300)
    other = context.new_page()
    for _ in range(4):
        with page.expect_request("**/auth/refresh"):
            page.reload(wait_until="commit")
        other.goto(server.url, wait_until="commit")
    opened(page, server, video)
    expect(other.get_by_role("heading", name="Videos")).to_be_visible()
    other.close()
