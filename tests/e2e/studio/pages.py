"""What the tests of the studio do on its pages, and ask behind them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.client import Client
from tests.e2e.service import Process

ROOT = Path(__file__).resolve().parents[3]
AXE = (ROOT / "studio/node_modules/axe-core/axe.min.js").read_text()
LEAVE = {"exclude": ["[data-base-ui-focus-guard]"]}
"""At the ends of an open menu: they pass the focus on and never keep it."""
SCHEMES: tuple[tuple[Any, dict[str, Any]], ...] = (
    ("light", {"runOnly": ["color-contrast"]}),
    ("dark", {}),
)


def sign_in(page: Page, client: Client) -> None:
    """By the form that is shown."""
    page.get_by_label("E-mail").fill(client.email)
    page.get_by_label("Password").fill(client.password)
    page.keyboard.press("Enter")


def check_access(page: Page) -> None:
    """No violation that axe finds on the page as it stands: all of its rules in the dark, and
    of colours, the only ones that hang on it, in the light too."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    for scheme, options in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate(
            "([leave, options]) => axe.run(leave, {resultTypes: ['violations'], ...options})",
            [LEAVE, options],
        )
        told = [
            (fault["id"], node["target"], node["failureSummary"])
            for fault in found["violations"]
            for node in fault["nodes"]
        ]
        assert not told, f"{page.url} {scheme}: {told}"


def asked(page: Page, server: Process, path: str) -> httpx.Response:
    """What the API answers to a GET by the page's own session."""
    held = {one["name"]: one["value"] for one in page.context.cookies(f"{server.url}/api/v1/")}
    return httpx.get(f"{server.url}/api/v1{path}", cookies=held, follow_redirects=True)


def words_of(page: Page, server: Process, video: str) -> list[dict[str, Any]]:
    cues = asked(page, server, f"/videos/{video}/scenario").json()["cues"]
    return [word for cue in cues for word in cue["words"]]


def opened(page: Page, server: Process, video: str) -> None:
    """The editor of a video, loaded anew."""
    page.goto(f"{server.url}/videos/{video}")
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible()


def retype(page: Page, number: int, text: str) -> None:
    page.locator(".cue-words .word").nth(number).dblclick()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def saved(page: Page) -> None:
    expect(page.locator('.save-line[data-state="saved"]')).to_be_visible()


def until(page: Page, done: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
