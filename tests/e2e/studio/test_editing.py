"""From a dropped file to the exported one, in a real browser against a real service."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect

from ecg.captions.scenario import read_scenario
from ecg.captions.styles import list_styles
from ecg.render.browsers import find_browser
from ecg.render.engine.browser import Browser as Engine
from ecg.render.engine.capture import Drawing
from ecg.render.engine.plan import FrameTimes, Span
from ecg.render.engine.run import captured
from tests.e2e.service import Process
from tests.e2e.studio.pages import asked, check_access, opened, retype, saved, until, words_of
from tests.golden.test_frames import Band, band

RATE = 25


@pytest.fixture(scope="module")
def page(context: BrowserContext, server: Process) -> Page:
    """Signed up by the form, on the list of no videos."""
    opened = context.new_page()
    opened.goto(server.url)
    expect(opened.get_by_role("heading", name="Welcome back")).to_be_visible()
    check_access(opened)
    opened.get_by_role("button", name="Create account").click()
    opened.get_by_label("E-mail").fill(f"studio-{time.time_ns()}@example.org")
    opened.get_by_label("Password").fill("correct horse battery")
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("heading", name="Drop a video here")).to_be_visible()
    return opened


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


@pytest.fixture(scope="module")
def video(page: Page, speech: Path, server: Process) -> str:
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
    listening = page.get_by_role("heading", name="Listening to your video")
    expect(listening).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    check_access(page)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider", name="Position")).not_to_have_value("0")
    made = page.url.rpartition("/")[2]
    before = asked(page, server, f"/videos/{made}/analysis").json()
    page.reload()
    expect(listening).to_be_visible()
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible(timeout=90_000)
    after = asked(page, server, f"/videos/{made}/analysis").json()
    assert before["finished_at"] is None
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])
    return made


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
    page.locator(".cue-words .word").nth(1).dblclick()
    page.keyboard.type("Zebras")
    page.reload()  # before it was confirmed, or can have been saved
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


def test_all_alike_are_replaced_at_once(page: Page, video: str, server: Process) -> None:
    page.get_by_role("button", name="Find and replace").click()
    find = page.get_by_role("textbox", name="Find")
    find.fill("country")
    expect(page.get_by_text("2 found")).to_be_visible()
    page.get_by_label("Replace with").fill("planet")
    check_access(page)
    page.get_by_role("button", name="Replace all").click()
    expect(page.get_by_text("2 replaced")).to_be_attached()
    find.press("Escape")
    expect(find).to_have_count(0)
    saved(page)
    heard = [one.replace("country", "planet") for one in SAID.split()]
    assert [word["text"] for word in words_of(page, server, video)][2:] == heard[2:]
    page.keyboard.press("Control+z")
    saved(page)
    assert not {"planet", "planet."} & {word["text"] for word in words_of(page, server, video)}


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
    page: Page, video: str, server: Process, speech: Path, engine: Engine
) -> None:
    page.locator(".cue-words .word").nth(1).click()
    page.keyboard.press("e")
    page.get_by_role("radio", name="Draft").check()
    check_access(page)
    with page.expect_response(lambda answer: answer.url.endswith("/renders")) as begun:
        page.get_by_role("button", name="Export", exact=True).click()
    render = begun.value.json()["id"]
    page.reload()  # the export goes on, and is found again
    page.get_by_role("button", name="Export video").click()
    row = page.locator(f"[data-render='{render}']")
    expect(row.get_by_role("progressbar")).to_be_visible()
    check_access(page)
    link = row.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=90_000)
    check_access(page)
    assert [one["id"] for one in asked(page, server, "/renders").json()["items"]] == [render]
    with page.expect_download() as got:
        link.click()
    assert got.value.suggested_filename == f"{speech.stem}-captioned.mp4"
    made = got.value.path()
    assert packets(made) == packets(speech)

    stands = asked(page, server, f"/videos/{video}/scenario")
    word = stands.json()["cues"][0]["words"][1]
    number = round((word["start"] + word["end"]) / 2 * RATE)
    frame = frame_at(made, number)
    (drawn,) = exported(engine, stands.content, [number])
    alone(page)
    shown = preview(page, number)
    inside = shown.max(axis=2) > 60  # letters, on the box that is black in both
    rows = np.flatnonzero(inside.any(axis=1))
    columns = np.flatnonzero(inside.any(axis=0))
    part = np.s_[rows[0] : rows[-1], columns[0] : columns[-1]]
    assert inside.sum() > 1500

    def away(pixels: float) -> float:
        """What is different where the frame is moved to the right."""
        whole = int(np.floor(pixels))
        left, right = np.roll(frame, whole, axis=1), np.roll(frame, whole + 1, axis=1)
        mixed = left + (pixels - whole) * (right.astype(float) - left)
        return float(np.abs(mixed[part] - shown[part]).mean())

    # the screen puts a layer of text on whole pixels, a canvas where it belongs
    difference = min(away(pixels) for pixels in (-0.5, -0.25, 0, 0.25, 0.5))
    assert difference < 12
    assert np.abs(frame - drawn)[part].mean() < 8, "of what is stored the frame is exact"
    assert away(12) > 2 * difference, "the measure tells other words from these"
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


def alone(page: Page) -> None:
    """Shows the captions of the film at the export's own size, on black and over all else."""
    page.evaluate(
        """() => {
          document.querySelector('video')?.remove();
          const frame = document.querySelector('.film-frame');
          Object.assign(frame.style, {position: 'fixed', left: 0, top: 0, width: '640px', zIndex: 99, borderRadius: 0});
        }"""
    )


def preview(page: Page, number: int) -> np.ndarray:
    """The captions on a frame of the film, as they are shown."""
    page.locator(".film-seek").fill(str(number / RATE))
    page.wait_for_timeout(200)
    taken = page.screenshot(clip={"x": 0, "y": 0, "width": 640, "height": 360})
    return np.asarray(Image.open(io.BytesIO(taken)).convert("RGB")).astype(float)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """What draws the captions of an export."""
    started = Engine(find_browser(None))
    yield started
    started.close()


def exported(engine: Engine, document: bytes, numbers: list[int]) -> list[np.ndarray]:
    """The captions on frames of the film, as they would be exported, on black."""
    times = FrameTimes(tuple(numbers), Fraction(1, RATE), Fraction(0))
    drawing = Drawing(read_scenario(document), 640, 640, 360, times)
    shown = np.zeros((360, 640, 4), np.uint8)
    pictures: list[np.ndarray] = []
    with captured(engine, drawing, [Span(0, len(numbers))], lambda: None) as drawn:
        while len(pictures) < len(numbers):
            patch = drawn.patch()
            if not patch.changed.empty:
                shown[patch.changed.window] = patch.pixels
            black = shown[..., :3] * (shown[..., 3:] / 255)
            pictures += [black] * (patch.until - patch.first)
    return pictures


def shows(page: Page, number: int, picture: np.ndarray) -> None:
    """Waits, as a new look is drawn beside the old one, until the film shows ``picture``:
    at most a quarter of a pixel off, as the screen is drawn in layers of their own."""
    assert picture.max() > 200, "nothing is drawn"
    until(page, lambda: band(preview(page, number), picture)[0] is not Band.FAIL, 20)


def stored(page: Page, server: Process, video: str, style: str) -> bytes:
    """The captions, once they are saved in ``style``."""
    there = f"/videos/{video}/scenario"
    until(page, lambda: asked(page, server, there).json()["style"]["name"] == style)
    saved(page)
    return asked(page, server, there).content


def test_every_style_is_shown_as_it_is_exported(
    page: Page, video: str, server: Process, engine: Engine
) -> None:
    """At the onset of a word, when it moves, and in the middle of a later one."""
    opened(page, server, video)
    page.get_by_label("Size").fill("1")
    said = words_of(page, server, video)
    moments = said[4]["start"] + 0.085, (said[9]["start"] + said[9]["end"]) / 2
    numbers = [round(moment * RATE) for moment in moments]
    for style in list_styles():
        page.get_by_text(style.title, exact=True).click()
        drawn = exported(engine, stored(page, server, video, style.name), numbers)
        alone(page)
        for number, picture in zip(numbers, drawn, strict=True):
            shows(page, number, picture)
        assert band(*drawn)[0] is Band.FAIL, "the measure tells moments apart"
