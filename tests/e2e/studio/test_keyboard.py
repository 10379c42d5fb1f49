"""From sign-in to the exported file by keys alone; whatever has the focus is seen to have it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.client import Client
from tests.e2e.service import Process
from tests.e2e.studio.pages import opened, saved
from tests.e2e.studio.seen import Seen

MOST = 40
"""Presses of the Tab key that anything is away at most."""

FOCUS = """() => {
  const held = document.activeElement;
  const around = [held, held.nextElementSibling, held.closest("label, .card")];
  const ringed = around.some((one) => {
    const look = one && getComputedStyle(one);
    return look && look.outlineStyle === "solid" && parseFloat(look.outlineWidth) >= 2;
  });
  const {x, y, width, height} = held.getBoundingClientRect();
  return {held: held.outerHTML.slice(0, 200), ringed, range: held.type === "range", box: {x, y, width, height}};
}"""
"""What has the focus, and whether it, what is drawn for it or what holds it has a ring."""


def picture(page: Page, box: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=box)))).astype(int)


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Presses Tab until ``wanted`` has the focus. Of a slider the thumb has the ring, which no
    style tells: it is seen to go with the focus."""
    slider = None
    for _ in range(MOST):
        page.keyboard.press(key)
        if slider:
            assert np.abs(slider[0] - picture(page, slider[1])).max() > 60, "a slider without ring"
        told = page.evaluate(FOCUS)
        slider = (picture(page, told["box"]), told["box"]) if told["range"] else None
        assert told["ringed"] or slider, f"no ring: {told['held']}"
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached")


@pytest.fixture(scope="module")
def video(client: Client, silent_video: Path) -> str:
    return client.captioned(silent_video, 2)


def enter(page: Page, client: Client, server: Process) -> None:
    """Through the door, at the second try."""
    keys = page.keyboard
    page.goto(server.url)
    expect(page.get_by_label("E-mail")).to_be_focused()
    keys.type(client.email)
    tab_to(page, page.get_by_label("Password"))
    keys.type("not the password")
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("the password is wrong")
    expect(page.get_by_label("Password")).to_be_focused()
    keys.press("Control+a")
    keys.type(client.password)
    keys.press("Enter")


def test_from_sign_in_to_the_export(
    context: BrowserContext,
    client: Client,
    video: str,
    silent_video: Path,
    server: Process,
    seen: Seen,
) -> None:
    page = context.new_page()
    keys = page.keyboard
    with seen.expecting("401"):
        enter(page, client, server)
    expect(page.get_by_role("heading", name="Videos")).to_be_visible()
    link = page.get_by_role("link", name=silent_video.stem)
    expect(link).to_be_visible()
    tab_to(page, link)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible()

    words = page.locator(".cue-words .word")
    tab_to(page, words.first)
    keys.press("ArrowRight")
    expect(words.nth(1)).to_be_focused()
    keys.press("Enter")
    keys.type("Bonjour")
    keys.press("Enter")
    expect(words.nth(1)).to_be_focused()
    expect(words.nth(1)).to_have_text("Bonjour")

    tab_to(page, page.get_by_role("radio", name="Intention"))
    keys.press("ArrowRight")
    chosen = page.locator(".gallery input:checked")
    expect(chosen).not_to_have_accessible_name("Intention")
    expect(chosen).to_be_focused()
    saved(page)
    document = client.call("GET", f"/videos/{video}/scenario")
    assert document["style"]["name"] != "intention"
    said = [word["text"] for cue in document["cues"] for word in cue["words"]]
    assert said == ["Hello", "Bonjour", "Hello", "Hello"]

    keys.press("e")
    expect(page.get_by_role("heading", name="Export", exact=True)).to_be_focused()
    tab_to(page, page.get_by_role("radio", name="Standard"))
    keys.press("ArrowLeft")
    expect(page.get_by_role("radio", name="Draft")).to_be_checked()
    begin = page.get_by_role("button", name="Export", exact=True)
    tab_to(page, begin)
    keys.press("Enter")
    download = page.get_by_role("link", name="Download")
    expect(download).to_be_visible()
    expect(begin).to_be_focused()
    tab_to(page, download)
    with page.expect_download() as begun:
        keys.press("Enter")
    assert begun.value.path().stat().st_size > 1000
    keys.press("Escape")
    expect(page.get_by_role("heading", name="Export", exact=True)).to_have_count(0)
    expect(chosen).to_be_focused()
    page.close()


def test_the_focus_is_kept_where_what_had_it_goes(
    context: BrowserContext, video: str, server: Process
) -> None:
    page = context.new_page()
    keys = page.keyboard
    opened(page, server, video)
    words = page.locator(".cue-words .word")
    tab_to(page, words.first)
    count = words.count()
    keys.press("Delete")
    expect(words).to_have_count(count - 1)
    expect(words.first).to_be_focused()
    keys.press("Control+z")
    expect(words).to_have_count(count)

    keys.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(words.first).to_be_focused()

    for part in ("Playback", "Look", "Timeline", "Transcript"):
        keys.press("F6")
        assert page.evaluate(FOCUS)["ringed"]
        assert page.evaluate("document.activeElement.ariaLabel") == part
    keys.press("Shift+F6")
    assert page.evaluate("document.activeElement.ariaLabel") == "Timeline"

    search = page.get_by_role("button", name="Find and replace")
    tab_to(page, search, "Shift+Tab")
    keys.press("Enter")
    expect(page.get_by_role("textbox", name="Find")).to_be_focused()
    keys.press("Escape")
    expect(search).to_be_focused()
    saved(page)
    page.close()
