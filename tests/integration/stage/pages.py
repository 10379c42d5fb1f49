"""A real browser with the caption engine on a page, and scenarios to draw."""

import io
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from ecg.captions.styles import list_styles
from ecg.render.browsers import find_browser

STYLES = [style.name for style in list_styles()]
CAPTIONS = Path(__file__).parents[3] / "ecg" / "captions"
FOLDERS = {"engine", "styles", "fonts"}
PAGE = b"""<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/fonts/fonts.css">
<style>body { margin: 0; overflow: hidden }</style><div id="holder"></div>"""
OPEN = """async ([scenario, style, width, height, extra]) => {
  window.engine = await import("/engine/index.js");
  const { createStage, loadStyle } = window.engine;
  const look = await loadStyle("/styles", style);
  window.stage?.destroy();
  const element = document.createElement("div");
  document.querySelector("#holder").replaceChildren(element);
  look.css += extra;
  window.stage = createStage(element, { style: look, scenario, width, height });
  await window.stage.ready;
  window.root = element.shadowRoot;
}"""
# Text at sub-pixel places, without hints, drawn by the CPU: the same on every machine, and not
# dependent on what a graphics cache held.
FLAGS = [
    "--disable-gpu",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--force-color-profile=srgb",
]


def each_with_some(styles, sizes):
    """Every style with one size, in turn; in the long matrix with every one."""
    return [
        pytest.param(style, size, marks=[] if at % len(sizes) == number else pytest.mark.full)
        for at, style in enumerate(styles)
        for number, size in enumerate(sizes)
    ]


@contextmanager
def open_site():
    """Serves the engine, styles and fonts on a loopback port; yields (address, paths asked)."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path != "/":
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            return self.wfile.write(PAGE)

        def translate_path(self, path):
            folder, _, rest = path.lstrip("/").partition("/")
            return str(CAPTIONS / folder / rest) if folder in FOLDERS else "/nonexistent"

        def guess_type(self, path):
            return "text/javascript" if path.endswith(".js") else super().guess_type(path)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Stage:
    """The engine on a page. Times in seconds, pictures as RGBA arrays (height, width, 4)."""

    page: Page
    asked: list[str]
    width: int = 0
    height: int = 0
    errors: list[str] = field(default_factory=list)

    def open(self, scenario, *, width=640, height=360, css=""):
        self.width, self.height = width, height
        self.page.set_viewport_size({"width": width, "height": height})
        style = scenario["style"]["name"]
        self.page.evaluate(OPEN, [scenario, style, width, height, css])
        return self

    def seek(self, t):
        self.page.evaluate("t => stage.seek(t)", t)

    def next_change(self, t):
        value = self.page.evaluate("t => String(stage.nextChange(t))", t)
        return float(value.replace("Infinity", "inf"))

    def bounds(self):
        return self.page.evaluate("() => stage.bounds()")

    def picture(self, t):
        self.seek(t)
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot(omit_background=True))))

    def boxes(self, selector):
        """Rectangles (x, y, width, height) of what is shown, in px of the stage."""
        return self.page.evaluate(
            """selector => [...root.querySelectorAll(".cue:not([hidden])")]
              .flatMap((cue) => [...(selector === ".cue" ? [cue] : cue.querySelectorAll(selector))])
              .map((one) => one.getBoundingClientRect()).map((r) => [r.x, r.y, r.width, r.height])""",
            selector,
        )


@contextmanager
def open_stage():
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with open_site() as (address, asked), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(None), args=flags)
        stage = Stage(browser.new_page(), asked)
        stage.page.on("pageerror", lambda error: stage.errors.append(str(error)))
        stage.page.goto(address)
        yield stage
        browser.close()


def word(text, start, end, **measured):
    return {"text": text, "start": start, "end": end, "loudness": 0.0, "pitch": None, **measured}


def cue(text, start, end, *, speaker="mina", loudness=(), pitch=(), kind="speech", **more):
    """A cue whose words share its time evenly; ``loudness`` in dB and ``pitch`` in semitones
    for the first words."""
    texts = text.split()
    step = (end - start) / len(texts)
    levels = [*loudness, *[0.0] * len(texts)]
    tones = [*pitch, *[None] * len(texts)]
    words = [
        word(one, start + i * step, start + (i + 0.9) * step, loudness=levels[i], pitch=tones[i])
        for i, one in enumerate(texts)
    ]
    return {
        "id": f"c{start:g}-{speaker}".replace(".", "_"),
        "kind": kind,
        "start": start,
        "end": end,
        "speaker": speaker if kind == "speech" else None,
        "region": None,
        "words": words,
        **more,
    }


def scenario(*cues, style="intention", strength=1.0, **overrides):
    return {
        "version": 1,
        "style": {
            "name": style,
            "strength": strength,
            "parameters": {},
            "overrides": overrides,
        },
        "speakers": {
            "mina": {"label": "Mina", "color": "#5cc8e8", "pitch_hz": 215.0},
            "daniel": {"label": "Daniel", "color": "#f5b759", "pitch_hz": 98.0},
        },
        "cues": list(cues),
    }


def ink_box(picture, color):
    """The rectangle (top, left, bottom, right) of the pixels near a colour #rrggbb."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
    near = np.abs(picture[..., :3].astype(int) - wanted).max(axis=2) < 60
    rows, columns = np.nonzero(near & (picture[..., 3] > 200))
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
