"""The studio in a real browser against a real service, as its person meets it."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from ecg.render.browsers import find_browser
from tests.e2e.seen import Seen
from tests.e2e.service import Process, environment

ROOT = Path(__file__).resolve().parents[2]
AXE = (ROOT / "studio/node_modules/axe-core/axe.min.js").read_text()
PASSWORD = "correct horse battery"
SLOW = 16e6
"""Bytes a second that an upload is held to where something is to happen meanwhile."""


expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=find_browser(None), args=["--no-sandbox"]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def seen(server: Process) -> Iterator[Seen]:
    found = Seen()
    yield found
    assert not found.faults
    assert len(found.stored) == 1
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
def page(context: BrowserContext, server: Process) -> Page:
    """Signed up by the form, on the list of no videos."""
    opened = context.new_page()
    opened.goto(server.url)
    expect(opened.get_by_role("heading", name="Welcome back")).to_be_visible()
    check_access(opened)
    opened.get_by_role("button", name="Create account").click()
    opened.get_by_label("E-mail").fill(f"studio-{time.time_ns()}@example.org")
    opened.get_by_label("Password").fill(PASSWORD)
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("heading", name="Drop a video here")).to_be_visible()
    return opened


@pytest.fixture(scope="module")
def video(page: Page, speech: Path) -> str:
    """The id of a video that was dropped on the page and heard by a script."""
    check_access(page)
    page.get_by_role("button", name="I have a script").click()
    page.get_by_label("Script", exact=True).fill(f"{SAID} {UNSAID}")
    page.get_by_label("Names and terms").fill("a -> b -> c")
    expect(page.get_by_role("alert")).to_contain_text("“a -> b -> c” is no term")
    page.get_by_label("Names and terms").fill("Americans")
    check_access(page)
    with page.expect_file_chooser():
        page.get_by_role("button", name="Choose the video").click()
    expect(page.get_by_text("heard with your script")).to_be_visible()
    data = base64.b64encode(speech.read_bytes()).decode()
    page.evaluate(DROP, [data, speech.name])
    page.get_by_role("link", name=speech.stem).click()
    expect(page.get_by_role("heading", name="Listening to your video")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible(timeout=90_000)
    return page.url.rpartition("/")[2]


SAID = (
    "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country."
)
UNSAID = "Thank you all for coming here tonight and good evening."

DROP = """([data, name]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name, {type: "video/mp4"}));
  for (const kind of ["dragenter", "dragover", "drop"])
    window.dispatchEvent(new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}));
}"""


def check_access(page: Page) -> None:
    """No violation that axe finds, on the page as it stands, dark and light."""
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
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


def retype(page: Page, number: int, text: str) -> None:
    page.locator(".cue-words .word").nth(number).dblclick()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def saved(page: Page) -> None:
    expect(page.locator('.save-line[data-state="saved"]')).to_be_visible()


def test_the_types_of_the_client_are_the_apis_own(server: Process, tmp_path: Path) -> None:
    described = tmp_path / "openapi.json"
    described.write_bytes(httpx.get(f"{server.url}/api/v1/openapi.json").content)
    made = tmp_path / "schema.ts"
    script = ROOT / "scripts/client.sh"
    command = ["sh", script, Path(sys.executable).parent, described, made]
    subprocess.run(command, check=True, capture_output=True)
    kept = (ROOT / "studio/src/api/schema.ts").read_text()
    assert made.read_text() == kept, "run `make client`"


def test_the_page_may_load_nothing_of_others_and_is_small(server: Process) -> None:
    answer = httpx.get(server.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert answer.headers["cache-control"] == "no-cache"
    scripts = re.findall(r'src="(/assets/[^"]+\.js)"', answer.text)
    assert scripts
    every = sum(path.stat().st_size for path in (ROOT / "ecg/studio/static/assets").glob("*.js.gz"))
    assert every <= 200_000, "script of all pages, gzipped"
    for script in scripts:
        asset = httpx.get(server.url + script)
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-encoding"] == "gzip"
    for absent in ("/assets/nothing.js", "/assets/../app.py"):
        assert httpx.get(server.url + absent).status_code == 404


def test_an_edited_word_keeps_its_time_through_reload(
    page: Page, video: str, server: Process
) -> None:
    note = page.locator(".script-note")
    expect(note).to_contain_text("not heard and left out")
    expect(note).to_contain_text(UNSAID)
    check_access(page)
    note.get_by_role("button", name="Dismiss").click()
    expect(note).to_have_count(0)
    cues = asked(page, server, f"/videos/{video}/scenario").json()["cues"]
    assert " ".join(word["text"] for cue in cues for word in cue["words"]) == SAID
    before = cues[0]["words"][1]
    retype(page, 1, "Zebras")
    page.reload()  # before it can have been saved
    expect(page.locator(".cue-words .word").nth(1)).to_have_text("Zebras")
    saved(page)
    after = asked(page, server, f"/videos/{video}/scenario").json()["cues"][0]["words"][1]
    assert after == {**before, "text": "Zebras"}


def test_what_is_done_again_while_its_undoing_is_saved_is_saved_too(
    page: Page, video: str, server: Process
) -> None:
    there = f"/videos/{video}/scenario"
    word = page.locator(".cue-words .word").nth(1)
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(f"**{there}", hold_the_first)
    page.keyboard.press("Control+z")
    expect(word).not_to_have_text("Zebras")
    while not held:
        page.wait_for_timeout(50)
    page.keyboard.press("Control+Shift+z")
    expect(word).to_have_text("Zebras")
    held[0].continue_()
    saved(page)
    page.unroute(f"**{there}")
    assert asked(page, server, there).json()["cues"][0]["words"][1]["text"] == "Zebras"


def test_words_are_merged_split_timed_and_hidden_by_keys(
    page: Page, video: str, server: Process
) -> None:
    """What was merged and is split again has its times by the sound, not by its letters."""
    words = page.locator(".cue-words .word")
    count = words.count()
    before = words_of(page, server, video)
    first, second = before[AT], before[AT + 1]
    letters = len(first["text"]), len(second["text"])
    shared = first["start"] + (second["end"] - first["start"]) * letters[0] / sum(letters)
    assert abs(shared - second["start"]) > 0.06, "the sound and the letters tell the same here"
    words.nth(AT + 1).click()
    page.keyboard.press("m")
    expect(words).to_have_count(count - 1)
    page.keyboard.press("Enter")
    page.keyboard.press("Home")
    for _ in first["text"]:
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(words).to_have_count(count)
    expect(page.locator('.retiming[data-is="done"]')).to_be_visible()
    page.keyboard.press("h")
    saved(page)
    after = words_of(page, server, video)
    assert [word["text"] for word in after] == [word["text"] for word in before]
    assert abs(after[AT + 1]["start"] - second["start"]) <= 0.06
    assert abs(after[AT + 1]["loudness"] - second["loudness"]) <= 1
    assert after[AT + 1]["style"] == {"hidden": True}
    page.keyboard.press("h")
    saved(page)


AT = 5
"""The number of a word in the middle of what is said."""


def words_of(page: Page, server: Process, video: str) -> list[dict[str, Any]]:
    cues = asked(page, server, f"/videos/{video}/scenario").json()["cues"]
    return [word for cue in cues for word in cue["words"]]


def test_a_style_cuts_captions_anew_and_keeps_what_was_edited(page: Page, video: str) -> None:
    assert video in page.url
    cues = page.locator(".cue-words")
    whole = cues.count()
    page.get_by_text("Pop", exact=True).click()
    expect(cues).not_to_have_count(whole)
    expect(cues.first).to_contain_text("Zebras")
    shown = page.locator(".cue-words").all_inner_texts()
    assert max(len(text.split()) for text in shown) <= 3
    page.get_by_text("Intention", exact=True).click()
    expect(page.locator(".cue-words .word").nth(1)).to_have_text("Zebras")
    expect(cues).to_have_count(whole)
    page.get_by_label("Size").fill("1.3")
    saved(page)


def test_two_tabs_see_their_conflict(
    page: Page, video: str, context: BrowserContext, server: Process
) -> None:
    other = context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name="Transcript")).to_be_visible()
    retype(other, 2, "theirs")
    saved(other)
    retype(page, 2, "mine")
    choice = page.get_by_role("dialog", name="Edited in another place too")
    expect(choice).to_contain_text("theirs")
    expect(choice).to_contain_text("mine")
    check_access(page)
    choice.get_by_role("button", name="Keep mine").click()
    saved(page)
    cues = asked(page, server, f"/videos/{video}/scenario").json()["cues"]
    assert [word["text"] for cue in cues for word in cue["words"]][2] == "mine"
    other.close()


def test_the_export_shows_what_the_preview_showed(
    page: Page, video: str, server: Process, speech: Path
) -> None:
    page.locator(".cue-words .word").nth(1).click()
    page.keyboard.press("e")
    page.get_by_role("radio", name="Draft").check()
    check_access(page)
    with page.expect_response(lambda answer: answer.url.endswith("/renders")):
        page.get_by_role("button", name="Export", exact=True).click()
    page.reload()  # the export goes on, and is found again
    page.get_by_role("button", name="Export video").click()
    link = page.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=90_000)
    with page.expect_download() as begun:
        link.click()
    assert begun.value.suggested_filename == f"{speech.stem}-captioned.mp4"
    made = begun.value.path()
    assert packets(made) == packets(speech)

    cues = asked(page, server, f"/videos/{video}/scenario").json()["cues"]
    word = cues[0]["words"][1]
    number = round((word["start"] + word["end"]) / 2 * 25)
    frame = frame_at(made, number)
    page.evaluate("document.querySelector('video')?.remove()")
    page.locator(".film-seek").fill(str(number / 25 + 0.001))
    page.wait_for_timeout(300)
    shown = preview(page)
    inside = shown.max(axis=2) > 60  # letters, on the box that is black in both
    rows = np.flatnonzero(inside.any(axis=1))
    columns = np.flatnonzero(inside.any(axis=0))
    part = np.s_[rows[0] : rows[-1], columns[0] : columns[-1]]
    difference = np.abs(frame[part].astype(int) - shown[part])
    assert inside.sum() > 1500
    assert difference.mean() < 12
    # the measure tells other words from these
    moved = np.abs(np.roll(frame, 12, axis=1)[part].astype(int) - shown[part])
    assert moved.mean() > 2 * difference.mean()
    page.keyboard.press("Escape")


def packets(path: Path) -> tuple[int, list[bytes]]:
    """The number of pictures, and every packet of sound."""
    with av.open(str(path)) as opened:
        sound = [bytes(one) for one in opened.demux(audio=0) if one.size]
    with av.open(str(path)) as opened:
        return sum(1 for _ in opened.decode(video=0)), sound


def frame_at(path: Path, number: int) -> np.ndarray:
    with av.open(str(path)) as opened:
        for index, frame in enumerate(opened.decode(video=0)):
            if index == number:
                return frame.to_ndarray(format="rgb24")
    raise AssertionError("no such frame")


def preview(page: Page) -> np.ndarray:
    """The captions of the film as they stand, at the export's own size, on black."""
    page.evaluate(
        """() => {
          const frame = document.querySelector('.film-frame');
          Object.assign(frame.style, {position: 'fixed', left: 0, top: 0, width: '640px', zIndex: 99, borderRadius: 0});
        }"""
    )
    page.wait_for_timeout(300)
    taken = page.screenshot(clip={"x": 0, "y": 0, "width": 640, "height": 360})
    return np.asarray(Image.open(io.BytesIO(taken)).convert("RGB")).astype(int)


def test_the_other_pages_and_dialogs_have_no_barrier(
    page: Page, video: str, server: Process
) -> None:
    page.goto(f"{server.url}/videos/{video}")
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    check_access(page)
    page.keyboard.press("Escape")
    for tab in ("Speakers", "Readability"):
        page.get_by_role("tab", name=tab).click()
        check_access(page)
    page.goto(f"{server.url}/account")
    expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    check_access(page)
    page.get_by_label("Name of a new key").fill("nightly")
    page.get_by_role("button", name="Make key").click()
    key = page.locator(".made-key code").inner_text()
    bearer = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{server.url}/api/v1/usage", headers=bearer).status_code == 200
    check_access(page)
    page.get_by_role("button", name="Delete the key “nightly”").click()
    expect(page.get_by_text("nightly")).to_have_count(0)
    assert httpx.get(f"{server.url}/api/v1/usage", headers=bearer).status_code == 401
    page.get_by_role("radio", name="한국어").check()
    expect(page.get_by_role("heading", name="사용량")).to_be_visible()
    page.get_by_role("radio", name="English").check()
    page.goto(server.url)
    expect(page.get_by_role("link").filter(has_text="jfk")).to_be_visible()
    check_access(page)


@pytest.fixture
def padded(silent_video: Path, tmp_path: Path) -> Path:
    """A film of five parts: most of it a box that every reader skips."""
    path = tmp_path / "long.mp4"
    size = 40_000_000
    path.write_bytes(silent_video.read_bytes() + size.to_bytes(4) + b"free" + bytes(size - 8))
    return path


def test_an_upload_goes_on_after_a_reload(
    page: Page, padded: Path, server: Process, context: BrowserContext
) -> None:
    page.goto(server.url)
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW,
    })  # fmt: skip
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


def note(numbers: list[int], request: Request) -> None:
    """Adds the number of the part that ``request`` brings to the store."""
    found = re.search(r"partNumber=(\d+)", request.url)
    if found and request.method == "PUT":
        numbers.append(int(found.group(1)))


def until(page: Page, done: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def test_what_is_no_video_is_refused_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    page.get_by_test_id("picker").set_input_files(notes)
    expect(page.get_by_role("alert")).to_contain_text("“notes.txt” is not a video")


def test_an_unsigned_post_changes_nothing(page: Page, server: Process) -> None:
    """The cookies alone do not write: another site's form would come to nothing."""
    held = {one["name"]: one["value"] for one in page.context.cookies(f"{server.url}/api/v1/")}
    answer = httpx.post(f"{server.url}/api/v1/uploads", cookies=held, content=json.dumps({}))
    assert answer.status_code == 401


def test_an_admin_sees_every_job_and_runs_a_failed_one_again(page: Page, server: Process) -> None:
    email = asked(page, server, "/auth/me").json()["email"]
    command = [sys.executable, "-m", "ecg", "users", "admin", email]
    settings = environment(server.data)
    subprocess.run(command, check=True, capture_output=True, env=settings)
    page.goto(f"{server.url}/admin")
    page.get_by_label("State").select_option("failed")
    job = page.locator(".job").filter(has_text=email).first
    expect(job).to_contain_text("no sound")
    check_access(page)
    job.get_by_role("button", name="Run again").click()
    expect(job).to_contain_text("attempt 2")
    expect(page.locator(".account").filter(has_text=email)).to_contain_text("1 of 200")
