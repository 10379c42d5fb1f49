"""Draws examples/speech.mp4: a stage microphone, moved by a public-domain speech.

The picture is drawn in Chromium frame by frame; sound: tests/fixtures/media/jfk.flac.
"""

from __future__ import annotations

import io
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SPEECH = ROOT / "tests/fixtures/media/jfk.flac"
TARGET = ROOT / "examples/speech.mp4"
FPS = 25


def main() -> None:
    with av.open(str(SPEECH)) as source:
        chunks = [frame.to_ndarray() for frame in source.decode(audio=0)]
        rate = source.streams.audio[0].rate
    sound = np.concatenate(chunks, axis=1)
    scale = np.iinfo(sound.dtype).max if sound.dtype.kind == "i" else 1
    sound = sound.astype(np.float32) / scale
    if sound.shape[0] == 1:
        sound = np.stack([sound[0, 0::2], sound[0, 1::2]])
    seconds = sound.shape[1] / rate
    levels = loudness(sound.mean(axis=0), rate, round(seconds * FPS))

    with av.open(str(TARGET), "w", options={"movflags": "faststart"}) as target:
        video = target.add_stream("libx264", rate=FPS, options={"crf": "22", "preset": "slow"})
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        video.codec_context.color_range = 1
        video.codec_context.colorspace = video.codec_context.color_primaries = 1
        video.codec_context.color_trc = 1
        audio = target.add_stream("aac", rate=48000, layout="stereo")
        audio.bit_rate = 128_000
        for number, picture in enumerate(pictures(levels)):
            frame = av.VideoFrame.from_image(picture).reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", "stereo")
        whole.rate, whole.pts, whole.time_base = rate, 0, Fraction(1, rate)
        resampler = av.AudioResampler("fltp", "stereo", 48000, frame_size=1024)
        for part in (whole, None):
            for piece in resampler.resample(part):
                target.mux(audio.encode(piece))
        target.mux(audio.encode(None))


def loudness(sound: np.ndarray, rate: int, frames: int) -> np.ndarray:
    """Smoothed level 0..1 of each frame."""
    step = rate / FPS
    rms = np.array(
        [
            np.sqrt(np.mean(sound[int(i * step) : int((i + 1) * step) + 1] ** 2))
            for i in range(frames)
        ]
    )
    level = np.clip((20 * np.log10(rms + 1e-6) + 48) / 36, 0, 1)
    smooth = np.zeros_like(level)
    for i, value in enumerate(level):
        before = smooth[i - 1] if i else 0.0
        smooth[i] = value * 0.6 + before * 0.4 if value > before else value * 0.25 + before * 0.75
    return smooth


def pictures(levels: np.ndarray):
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_content((ROOT / "scripts/example_clip.html").read_text())
        for number in range(len(levels)):
            past = [float(levels[max(number - back, 0)]) for back in range(28)]
            page.evaluate("([t, levels]) => draw(t, levels)", [number / FPS, past])
            yield Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        browser.close()


if __name__ == "__main__":
    main()
