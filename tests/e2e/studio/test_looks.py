"""What is set of a look in the studio, saved and put on again, in a real browser."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, expect

from tests.e2e.client import Client
from tests.e2e.service import Process
from tests.e2e.studio.pages import check_access, opened, saved, until
from tests.e2e.studio.seen import Seen
from tests.integration.own_fonts import block_font


@pytest.fixture(scope="module")
def video(client: Client, silent_video: Path) -> str:
    """Its two seconds have a caption of each of two people."""
    made = client.captioned(silent_video, 2)
    document = client.call("GET", f"/videos/{made}/scenario")
    document["speakers"] = {
        "s1": {"label": "Ada", "color": "#f5b14b"}, "s2": {"label": "Ben", "color": "#56b4e9"},
    }  # fmt: skip
    for number, cue in enumerate(document["cues"]):
        cue["speaker"] = f"s{number % 2 + 1}"
    etag = client.ask("GET", f"/videos/{made}/scenario").headers["etag"]
    client.call("PUT", f"/videos/{made}/scenario", document, **{"If-Match": etag})
    return made


@pytest.fixture(scope="module")
def page(signed: Page, video: str, server: Process) -> Page:
    """Its editor."""
    opened(signed, server, video)
    return signed


def style(client: Client, page: Page, video: str) -> Any:
    """Of the scenario as it is stored."""
    saved(page)
    return client.call("GET", f"/videos/{video}/scenario")["style"]


def choose(page: Page, group: str, name: str) -> None:
    page.get_by_role("group", name=group).get_by_role("radio", name=name, exact=True).press("Space")


def test_what_is_set_is_in_the_scenario_and_one_click_takes_it_back(
    page: Page, client: Client, video: str
) -> None:
    page.get_by_label("Strength").fill("0.6")
    choose(page, "Expression", "Plain")
    assert style(client, page, video)["strength"] == 0
    choose(page, "Expression", "Expressive")
    choose(page, "Font", "Noto Sans JP")
    choose(page, "Colours of speakers", "Bright")
    choose(page, "Position", "Free")
    page.get_by_label("Down").fill("0.3")
    page.get_by_role("tab", name="Speakers").click()
    page.get_by_label("Colour: Ben").fill("#ffffff")
    page.get_by_role("tab", name="Look").click()
    check_access(page)
    assert style(client, page, video) == {
        "name": "intention", "strength": 0.6, "parameters": {},
        "overrides": {
            "font": "Noto Sans JP Variable", "palette": ["#f9cc21", "#ffffff"],
            "position": {"x": 0.5, "y": 0.3, "anchor": "center"},
        },
    }  # fmt: skip
    choose(page, "Colours of speakers", "Their own")
    assert "palette" not in style(client, page, video)["overrides"]


def test_captions_are_dragged_to_where_they_are_let_go(
    page: Page, client: Client, video: str
) -> None:
    page.locator(".cue-words .word").first.click()
    grip = page.locator(".film-grip")
    free = page.get_by_test_id("free-area")
    expect(free).to_have_css("opacity", "0")
    before, film = grip.bounding_box(), page.get_by_test_id("film").bounding_box()
    assert before
    assert film
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y + 50, steps=3)
    expect(free).to_have_css("opacity", "1")
    page.mouse.up()
    place = style(client, page, video)["overrides"]["position"]
    assert abs(place["x"] - (x - 40 - film["x"]) / film["width"]) < 0.01
    assert abs(place["y"] - (y + 50 - film["y"]) / film["height"]) < 0.01
    page.wait_for_timeout(300)
    after = grip.bounding_box()
    assert after
    assert abs(after["x"] - before["x"] + 40) < 4
    assert abs(after["y"] - before["y"] - 50) < 4
    page.get_by_role("button", name="Show what players cover").click()
    expect(free).to_have_css("opacity", "1")


def test_a_look_is_saved_put_on_renamed_and_deleted(
    page: Page, client: Client, video: str, server: Process
) -> None:
    wanted = style(client, page, video)
    page.get_by_role("button", name="Save this look").click()
    page.keyboard.type("Interview")
    check_access(page)
    page.keyboard.press("Enter")
    card = page.get_by_role("button", name="Interview", exact=True)
    expect(card).to_have_attribute("aria-pressed", "true")
    page.get_by_text("Pop", exact=True).click()
    expect(card).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Reset to the style").click()
    until(page, lambda: style(client, page, video) == {**wanted, "name": "pop", "overrides": {}})
    card.click()
    expect(card).to_have_attribute("aria-pressed", "true")
    until(page, lambda: style(client, page, video) == wanted)
    page.keyboard.press("Control+z")
    until(page, lambda: style(client, page, video)["name"] == "pop")
    page.get_by_role("button", name="Save this look").click()
    page.keyboard.type("Interview")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("You have a look called “Interview”")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More about the look Interview").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.keyboard.type("Calm")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Calm", exact=True)).to_be_focused()

    page.goto(f"{server.url}/account")
    expect(page.get_by_text("Intention · 60%")).to_be_visible()
    check_access(page)
    page.get_by_role("button", name="Delete the look “Calm”").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert client.call("GET", "/looks")["items"] == []


def film(page: Page) -> bytes:
    """A picture of the film with a caption on it, once it stands still."""
    page.locator(".cue-words .word").first.click()
    taken = b""
    while taken != (taken := page.get_by_test_id("film").screenshot()):
        page.wait_for_timeout(300)
    return taken


def off(one: bytes, other: bytes) -> int:
    """How far two pictures are apart, of 255, where they are the most."""
    pictures = (Image.open(io.BytesIO(each)).convert("L") for each in (one, other))
    return ImageChops.difference(*pictures).getextrema()[1]


def pick(page: Page, name: str, data: bytes) -> None:
    file = {"name": name, "mimeType": "font/ttf", "buffer": data}
    page.get_by_test_id("font-file").set_input_files(files=[file])  # pyright: ignore[reportArgumentType]


def test_a_font_of_ones_own_is_brought_drawn_and_what_it_lacks_is_named(
    page: Page, client: Client, video: str, server: Process, seen: Seen, tmp_path: Path
) -> None:
    opened(page, server, video)
    usual = film(page)
    page.get_by_role("button", name="Add a font…").click()
    add = page.get_by_role("button", name="Add font", exact=True)
    pick(page, "notes.txt", b"no font")
    expect(page.get_by_role("alert")).to_contain_text("“notes.txt” is not a font")
    with seen.expecting("OTS parsing error", "Failed to decode"):
        pick(page, "notes.ttf", b"no font")
        expect(page.get_by_role("alert")).to_contain_text("“notes.ttf” is damaged")
    with (tmp_path / "large.ttf").open("wb") as large:
        large.truncate(25_000_001)
    page.get_by_test_id("font-file").set_input_files(large.name)
    expect(page.get_by_role("alert")).to_contain_text("“large.ttf” has 25 MB. A font may have")
    pick(page, "locked.ttf", block_font(rights=2))
    expect(add).to_be_disabled()
    page.get_by_role("checkbox", name="I hold a licence").press("Space")
    with seen.expecting("422"):
        add.click()
        expect(page.get_by_role("alert")).to_contain_text("forbids embedding it")
    pick(page, "Blocks.ttf", block_font(letters="Hel"))
    check_access(page)
    add.press("Enter")
    expect(page.get_by_role("radio", name="Blocks", exact=True)).to_be_checked()
    expect(page.get_by_text("Not in this font, drawn in a bundled one: o")).to_be_visible()
    check_access(page)
    assert style(client, page, video)["overrides"] == {"font": "own:Blocks"}
    assert off(film(page), usual) > 150
    render = client.ended(f"/renders/{client.render(video, output={'quality': 'draft'})}")
    assert render["result"]["notes"] == [
        'Its font "Blocks" lacks o; these are drawn in a bundled one.'
    ]
    page.get_by_role("button", name="Export video").click()
    expect(page.get_by_text('Its font "Blocks" lacks o')).to_be_visible()
    check_access(page)

    page.goto(f"{server.url}/account")
    expect(page.get_by_text("Blocks.ttf · weight 700 · no whole alphabet")).to_be_visible()
    expect(page.get_by_text("Licence confirmed on")).to_be_visible()
    check_access(page)
    page.get_by_role("button", name="Delete the font Blocks.ttf").click()
    check_access(page)
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    expect(page.get_by_text("Add the font of your brand")).to_be_visible()
    opened(page, server, video)
    expect(page.get_by_text("“Blocks” isn’t among your fonts any more")).to_be_visible()
    assert off(film(page), usual) < 100  # the screen may put text part of a pixel elsewhere
