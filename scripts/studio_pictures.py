"""Photographs the studio for README and user guide: a real service, real films, real clicks."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ecg.render.browsers import find_browser
from tests.e2e.client import Client
from tests.e2e.service import Process, environment

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs/images"
SPEECH = ROOT / "examples/speech.mp4"
TALK = ROOT / "tests/fixtures/media/conv_mf2.flac"
WIDTH, HEIGHT = 1440, 900
LINE = 30_000
"""Bytes a second that an upload is held to, so that it is seen at work."""

expect.set_options(timeout=120_000)


def conversation(target: Path) -> None:
    """Two people heard over the example's picture in other colours."""
    with av.open(str(SPEECH)) as film, av.open(str(TALK)) as talk, av.open(str(target), "w") as out:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        video = out.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = "yuv420p"
        sound = out.add_stream("aac", rate=48_000, layout="mono")
        resampler = av.AudioResampler("fltp", "mono", 48_000, frame_size=1024)
        for heard in [*talk.decode(audio=0), None]:
            for piece in resampler.resample(heard):
                out.mux(sound.encode(piece))
        out.mux(sound.encode(None))
        wanted = round(float(talk.duration or 0) / av.time_base * 25)
        for number, picture in enumerate(islice(cycle(pictures), wanted)):
            frame = av.VideoFrame.from_ndarray(picture[..., [2, 1, 0]].copy(), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))


def silent(target: Path) -> None:
    """The example without its sound: what cannot be heard is told."""
    with av.open(str(SPEECH)) as film, av.open(str(target), "w") as out:
        copied = out.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(video=0):
            if packet.dts is not None:
                packet.stream = copied
                out.mux(packet)


@contextmanager
def served() -> Iterator[Process]:
    with tempfile.TemporaryDirectory(prefix="ecg-pictures-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        process = Process(environment(data), Path(folder) / "serve.log").ready()
        try:
            yield process
        finally:
            process.stop()


def signed_in(browser: Browser, url: str, account: Client, scheme: str) -> Page:
    page = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5, locale="en-GB", reduced_motion="reduce",
        color_scheme="light" if scheme == "light" else "dark",
    ).new_page()  # fmt: skip
    page.goto(url)
    page.get_by_label("E-mail").fill(account.email)
    page.get_by_label("Password").fill(account.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Videos")).to_be_visible()
    return page


def take(page: Page, name: str, height: int = HEIGHT) -> None:
    page.wait_for_timeout(1500)
    part = {"x": 0, "y": 0, "width": WIDTH, "height": height}
    with Image.open(io.BytesIO(page.screenshot(clip=part))) as taken:
        taken.convert("RGB").save(IMAGES / f"{name}.webp", quality=80, method=6)


def opened(page: Page, url: str, video: str, word: int) -> None:
    page.goto(f"{url}/videos/{video}")
    page.locator(".cue-words .word").nth(word).click()
    page.mouse.move(0, 0)


def main() -> None:
    with served() as process, sync_playwright() as playwright, Client(process.url) as account:
        media = process.data.parent
        talk, mute = media / "Town hall, part 2.mp4", media / "Harbour at dawn.mp4"
        first, late = media / "Inaugural address.mp4", media / "Interview, take 3.mp4"
        conversation(talk)
        silent(mute)
        for copy in (first, late):
            copy.write_bytes(SPEECH.read_bytes())
        account.sign_up()
        account.ended(f"/videos/{account.upload(mute)}/analysis")
        address = account.analysed(first)
        account.ended(f"/renders/{account.render(address)}")
        hall = account.analysed(talk)

        browser = playwright.chromium.launch(
            executable_path=find_browser(None), args=["--no-sandbox"]
        )
        dark = signed_in(browser, process.url, account, "dark")
        opened(dark, process.url, hall, 16)
        take(dark, "studio-editor")
        karaoke = dark.get_by_role("radio", name="Karaoke")
        dark.get_by_text("Karaoke", exact=True).click()
        expect(karaoke).to_be_checked()
        expect(dark.locator('.save-line[data-state="saved"]')).to_be_visible()
        opened(dark, process.url, hall, 16)
        expect(karaoke).to_be_checked()
        take(dark, "studio-look")
        light = signed_in(browser, process.url, account, "light")
        opened(light, process.url, address, 3)
        light.keyboard.press("e")
        expect(light.get_by_role("link", name="Download")).to_be_visible()
        take(light, "studio-export")
        dark.goto(process.url)
        line = dark.context.new_cdp_session(dark)
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", {
            "offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": LINE,
        })  # fmt: skip
        dark.get_by_test_id("picker").set_input_files(late)
        expect(dark.get_by_text("Uploading")).to_be_visible()
        dark.wait_for_timeout(6000)
        take(dark, "studio-list", 520)
        browser.close()


if __name__ == "__main__":
    main()
