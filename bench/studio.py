"""What the studio costs the browser: ``python -m bench.studio [SECONDS]``.

The script of a first load; the engine's time on the main thread for each frame, with 2,000 words
loaded; frames dropped in the editor against a bare ``<video>``, each played for ``SECONDS`` in turn.
Ends with 1 where a limit is missed.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Browser, Page, sync_playwright

from bench.render import clips
from bench.render.bench import CACHE, Section, table
from bench.render.report import TITLES, keep, write
from bench.render.script import scenario
from bench.service import running
from ecg.captions.document import encode
from ecg.captions.styles import list_styles
from ecg.render.browsers import find_browser
from tests.e2e.client import Client

SCRIPT, FRAME, DROPPED = 200.0, 4.0, 2.0
"""The limits: kB of gzipped script, ms of the engine a frame (p95), points of dropped frames."""
MINUTES = 12
LENGTH = 667
"""Seconds of captions: 2,001 words."""
FRAMES = 1800
TURNS = 2
ENGINE = """async ([scenario, frames]) => {
  const { createStage, loadStyle } = await import("/engine/index.js");
  const style = await loadStyle("/styles", scenario.style.name);
  const element = document.createElement("div");
  document.body.append(element);
  const stage = createStage(element, { style, scenario, width: 1920, height: 1080 });
  await stage.ready;
  const took = [];
  for (let frame = 0; frame < frames; frame += 1) {
    const begun = performance.now();
    stage.seek(300 + frame / 30);
    element.shadowRoot.firstChild.getBoundingClientRect(); // style and layout are its cost too
    took.push(performance.now() - begun);
    if (frame % 30 === 0) await new Promise(requestAnimationFrame);
  }
  element.remove();
  return took;
}"""
SCRIPTS = """() => performance.getEntriesByType("resource")
  .filter((one) => one.name.includes("/assets/") && one.name.endsWith(".js"))
  .reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000"""
PLAYED = """() => {
  const { totalVideoFrames, droppedVideoFrames } = document.querySelector("video").getVideoPlaybackQuality();
  return [totalVideoFrames, droppedVideoFrames];
}"""
BARE = """async (source) => {
  document.body.innerHTML = "<video muted playsinline width=960>";
  const video = document.querySelector("video");
  video.src = source;
  await video.play();
}"""


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15
    folder = CACHE / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    film = clips.longer(clips.clip(folder, 640, 360), MINUTES)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        command = [sys.executable, "-m", "ecg", "serve", "--port", "0"]
        with running(command, ECG_DATA_DIR=str(Path(scratch) / "data")) as (_, port):
            browser = playwright.chromium.launch(
                executable_path=find_browser(None), args=["--no-sandbox"]
            )
            section, kept = measured(browser, f"http://127.0.0.1:{port}", film, seconds)
            browser.close()
    print(f"\n## {TITLES['studio']}\n\n{section.text}", flush=True)
    keep("studio", section, TURNS)
    write()
    sys.exit(0 if kept else 1)


def measured(browser: Browser, url: str, film: Path, seconds: float) -> tuple[Section, bool]:
    """What was found, and whether all of it is within the limits."""
    with Client(url, "bench") as client:
        video = captioned(client.sign_up(), film)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_selector("form")
        first = page.evaluate(SCRIPTS)
        page.get_by_label("E-mail").fill(client.email)
        page.get_by_label("Password").fill(client.password)
        page.keyboard.press("Enter")
        page.wait_for_selector("main.page")
    frames = {style.name: engine_time(page, style.name) for style in list_styles()}
    shares: dict[str, list[float]] = {"bare": [], "editor": []}
    for _ in range(TURNS):
        for name, play in (("bare", play_bare), ("editor", play_edited)):
            play(page, url, video)
            shares[name].append(dropped(page, seconds))
    page.goto(f"{url}/videos/{video}")
    page.wait_for_selector(".editor")
    edited = page.evaluate(SCRIPTS)
    more = max(0.0, sum(shares["editor"]) / TURNS - sum(shares["bare"]) / TURNS)
    worst = max(percentile(times, 0.95) for times in frames.values())
    rows = [
        ["script of the first page, gzipped", f"**{first:.0f} kB**", f"{SCRIPT:.0f} kB"],
        ["script of the editor, gzipped", f"**{edited:.0f} kB**", f"{SCRIPT:.0f} kB"],
        *(
            [
                f"engine a frame, *{name}*",
                f"**{percentile(times, 0.95):.2f} ms** (median {percentile(times, 0.5):.2f}, most {max(times):.1f})",
                f"{FRAME:.0f} ms",
            ]
            for name, times in frames.items()
        ),
        ["frames dropped by a bare video", said(shares["bare"]), ""],
        ["frames dropped by the editor", f"{said(shares['editor'])}: **{more:.1f} points** more", f"{DROPPED:.0f} points"],
    ]  # fmt: skip
    about = (
        f"2,001 words. The engine: 95th percentile of {FRAMES} frames of 1920 × 1080, style and layout "
        f"with them. Films: {seconds:.0f} s of 640 × 360 in turn, on a screen that nobody sees."
    )
    text = f"{table(['', 'found', 'limit'], rows)}\n\n{about}"
    return Section(text), max(first, edited) <= SCRIPT and worst <= FRAME and more <= DROPPED


def captioned(client: Client, film: Path) -> str:
    """The film's id, with 2,001 words that nobody needs to hear."""
    video = client.upload(film)
    client.until(f"/videos/{video}", lambda one: one["state"] == "ready")
    client.ask("DELETE", f"/videos/{video}/analysis")
    document = msgspec.json.decode(encode(scenario("intention", LENGTH)))
    client.call("PUT", f"/videos/{video}/scenario", document)
    return video


def engine_time(page: Page, style: str) -> list[float]:
    document = msgspec.json.decode(encode(scenario(style, LENGTH)))
    return page.evaluate(ENGINE, [document, FRAMES])


def play_bare(page: Page, url: str, video: str) -> None:
    page.goto(f"{url}/sign-in")
    page.wait_for_selector("main.page")
    page.evaluate(BARE, f"/api/v1/videos/{video}/source")


def play_edited(page: Page, url: str, video: str) -> None:
    page.goto(f"{url}/videos/{video}")
    page.wait_for_selector(".film-stage > div")
    page.wait_for_function("document.querySelector('video').readyState > 3")
    page.keyboard.press("Space")


def dropped(page: Page, seconds: float) -> float:
    """Percent of the frames that were not shown, once it plays steadily."""
    page.wait_for_timeout(2000)
    before: list[int] = page.evaluate(PLAYED)
    page.wait_for_timeout(seconds * 1000)
    after: list[int] = page.evaluate(PLAYED)
    if after[0] <= before[0]:
        raise SystemExit("this browser does not play the film")
    return 100 * (after[1] - before[1]) / (after[0] - before[0])


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[math.ceil(part * len(values)) - 1]


def said(shares: list[Any]) -> str:
    return " and ".join(f"{share:.1f} %" for share in shares)


if __name__ == "__main__":
    main()
