"""The pipe that every other tool is: a screenshot of every frame, of this same engine.

``python -m bench.render.pipe SOURCE STYLE SECONDS OUTPUT`` is one as a whole process.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from unittest import mock

from bench.render.script import scenario
from ecg.kernel.settings import load_settings
from ecg.media.served import Context
from ecg.render.browsers import find_browser
from ecg.render.engine.browser import Browser
from ecg.render.engine.camera import Camera, _placed
from ecg.render.engine.composite import Patch
from ecg.render.engine.pixels import Rect
from ecg.render.engine.run import render
from ecg.render.interfaces import RenderJob


def screenshot_pipe(source: Path, style: str, seconds: int, output: Path) -> None:
    """Renders with the captions' box captured by a screenshot for each frame (Chromium's own
    fastest, PNG for speed over its debugging protocol), laid over the picture as ever."""
    job = RenderJob(scenario(style, seconds), capture="screenshot")
    browser = Browser(find_browser(load_settings().settings.browser))
    try:
        with (
            mock.patch.object(Camera, "patches", _every_frame),
            tempfile.TemporaryDirectory() as segments,
        ):
            render(browser, job, source, output, Path(segments), Context(io.BytesIO()))
    finally:
        browser.close()


async def _every_frame(camera: Camera, first: int, times: Sequence[float]) -> AsyncIterator[Patch]:
    before = Rect()
    for number, time in enumerate(times, start=first):
        ink, pixels = await camera._shoot(time)  # noqa: SLF001 - the same picture, only more often
        box = before.union(ink)
        yield Patch(number, number + 1, box, ink, _placed(pixels, ink, box))
        before = ink


if __name__ == "__main__":
    screenshot_pipe(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
