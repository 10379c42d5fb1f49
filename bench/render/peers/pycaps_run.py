"""``python pycaps_run.py VIDEO WORDS OUTPUT BROWSER``: the render as pycaps' users write it.

Runs in pycaps' own environment. ``WORDS`` is in the form of Whisper's JSON.
"""

import json
import sys
from pathlib import Path

from movielite.core import video_writer
from playwright.sync_api import sync_playwright
from pycaps import CapsPipelineBuilder, CssSubtitleRenderer

CSS = """
.word { font: 600 28px/1.22 sans-serif; color: #e6e6e6; padding: 2px 4px;
  -webkit-text-stroke: 4px rgb(0 0 0 / 0.9); paint-order: stroke; }
.word-being-narrated, .word-already-narrated { color: #ffd23f; }
.word-being-narrated { transform: scale(1.05); }
"""


def main(video: str, words: str, output: str, browser: str) -> None:
    video_writer._get_ffmpeg_libx264_crf = lambda _quality: "20"  # noqa: SLF001 - its presets have 19 and 21
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        pipeline = (
            CapsPipelineBuilder()
            .with_input_video(video)
            .with_output_video(output)
            .with_custom_subtitle_renderer(CssSubtitleRenderer(chromium))
            .with_transcription(json.loads(Path(words).read_text()), "whisper_json")
            .should_save_subtitle_data(False)
            .add_css_content(CSS)
            .build()
        )
        pipeline.run()


main(*sys.argv[1:])
