"""What rendering costs, as ratios measured in one run: ``python -m bench.render [PAIRS]``.

Pairs alternate, so that a machine that slows down slows both; medians are printed.
"""

import asyncio
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

import av

from ecg.captions.scenario import Cue, CueWord, Scenario, SpeakerLook, StyleChoice
from ecg.media.opened import open_media
from ecg.media.served import Context
from ecg.render.browsers import find_browser
from ecg.render.engine import capture as capturing
from ecg.render.engine.browser import Browser
from ecg.render.engine.encode import Writer, decoded, open_output
from ecg.render.engine.plan import make_plan
from ecg.render.engine.run import render
from ecg.render.engine.server import page_server
from ecg.render.interfaces import RenderJob

SOURCE = Path(__file__).parents[1] / "tests/fixtures/media/jfk_720p30.mp4"
WORDS = [
    "And",
    "so",
    "my",
    "fellow",
    "Americans",
    "ask",
    "not",
    "what",
    "your",
    "country",
    "can",
    "do",
]
BLOCK = 10
"""Frames drawn one way before the other has its turn."""
BLOCKS = 10


def script(seconds):
    """Three words a second in the intention style, seven to a cue."""
    cues = []
    for number in range(int(seconds * 3 / 7)):
        first = number * 7 / 3
        words = tuple(
            CueWord(
                text=WORDS[(number * 7 + index) % len(WORDS)],
                start=first + index / 3,
                end=first + index / 3 + 0.3,
                loudness=(-4.0, 0.0, 6.0)[index % 3],
                pitch=0.0,
            )
            for index in range(7)
        )
        end = first + 7 / 3
        cue = Cue(
            id=f"c{number}",
            kind="speech",
            start=first,
            end=end,
            speaker="s1",
            region=None,
            words=words,
        )
        cues.append(cue)
    look = SpeakerLook(label="Speaker", color="#ffd23f", pitch_hz=120.0)
    return Scenario(1, StyleChoice("intention"), {"s1": look}, tuple(cues))


async def changed_frame(browser, scenario, size):
    """Milliseconds for one changed frame: (canvas, screenshot), for each block of frames."""
    opening = {"scenario": scenario, "width": size[0], "height": size[1], "pixelWidth": size[0]}
    found = []
    async with (
        page_server() as one,
        page_server() as two,
        browser.page(one.origin, one.url) as _,
        browser.page(two.origin, two.url) as seen,
    ):
        links = [await one.link(), await two.link()]
        for link in links:
            await link.ask("open", **opening)
        await links[0].ask("canvas")
        await seen.set_viewport_size({"width": size[0], "height": size[1]})
        await links[0].tell("more", states=BLOCK * BLOCKS)
        for block in range(BLOCKS):
            moments = [1 + (block * BLOCK + number) / 30 for number in range(BLOCK)]
            begun = time.perf_counter()
            await links[0].tell("capture", times=moments)
            while await links[0].patch() is not None:
                pass
            drawn = time.perf_counter()
            for moment in moments:
                answer = await links[1].ask("show", time=moment)
                await seen.screenshot(clip=answer["ink"], omit_background=True)
            ended = time.perf_counter()
            found.append((1e3 * (drawn - begun) / BLOCK, 1e3 * (ended - drawn) / BLOCK))
    return found[1:]


def timed(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def transcode(source, output):
    """The floor: decoding and encoding alone, with the render's own settings."""
    with open_media(source) as container, open_output(output) as target:
        writer = Writer(target, container, 0, "standard", "libx264")
        for frame in decoded(container, 0, writer.add_sound):
            writer.add_frame(frame)
        writer.finish()


def frame_by_frame(browser, job, output):
    """The pipe that takes a screenshot of every frame, of this same engine."""
    capturing.make_plan = lambda times, seconds, _: make_plan(times, seconds, range(len(seconds)))
    try:
        render(browser, job, SOURCE, output, Context(io.BytesIO()))
    finally:
        capturing.make_plan = make_plan


def main(pairs):
    browser = Browser(find_browser(None))
    with av.open(str(SOURCE)) as file:
        frames, rate = file.streams.video[0].frames, file.streams.video[0].average_rate
    scenario = script(float(frames / rate))
    try:
        print("| changed frame | canvas, ms | page.screenshot, ms | ratio |\n|---|---|---|---|")
        for size in ((1280, 720), (1920, 1080), (1080, 1920)):
            both = asyncio.run_coroutine_threadsafe(
                changed_frame(browser, scenario, size), browser.loop
            ).result(300)
            canvas, shot = (statistics.median(values) for values in zip(*both, strict=True))
            print(f"| {size[0]} x {size[1]} | {canvas:.1f} | {shot:.1f} | 1/{shot / canvas:.1f} |")
        with tempfile.TemporaryDirectory() as folder:
            totals(browser, scenario, frames, pairs, Path(folder))
    finally:
        browser.close()


def totals(browser, scenario, frames, pairs, folder):
    ours, floor, pipe = [], [], []
    job = RenderJob(scenario)
    shots = RenderJob(scenario, capture="screenshot")
    for number in range(pairs + 1):
        output = folder / f"{number}.mp4"
        results = [
            timed(lambda path=output: render(browser, job, SOURCE, path, Context(io.BytesIO()))),
            timed(lambda path=output: transcode(path, folder / "floor.mp4")),
        ]
        if number:  # the first pair warms browser and caches
            ours.append(results[0])
            floor.append(results[1])
    pipe.append(timed(lambda: frame_by_frame(browser, shots, folder / "pipe.mp4")))
    total, least, slow = (statistics.median(values) for values in (ours, floor, pipe))
    cost, slow_cost = 1e3 * (total - least) / frames, 1e3 * (slow - least) / frames
    print(f"\n| {frames} frames of 1280 x 720 | seconds | ÷ floor | captions, ms per frame |")
    print("|---|---|---|---|")
    print(f"| floor (decode and encode alone) | {least:.2f} | 1.00 | 0 |")
    print(f"| ECG, warm | {total:.2f} | {total / least:.2f} | {cost:.1f} |")
    print(f"| a screenshot of every frame | {slow:.2f} | {slow / least:.2f} | {slow_cost:.1f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
