"""Word times and cost of the speech engine against faster-whisper alone, in one run.

    python bench/speech.py [--rounds N]

Word starts are compared with the synthesiser's own times (mean / median / 95th percentile,
ms) and with the ends of the real pauses in the speech of 1961. Cost is the median of N rounds
taken in turn, as processor seconds per second of sound, which a busy machine distorts least.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np

from ecg.analysis.catalogue import find_model, find_voices
from ecg.analysis.engine.run import run
from ecg.analysis.engine.transcribe import load
from ecg.analysis.interfaces import EngineJob
from ecg.kernel.settings import load_settings

MEDIA = Path(__file__).resolve().parents[1] / "tests/fixtures/media"
PAUSE_ENDS = {"ask (3.29)": (5, 3.29), "what (5.41)": (7, 5.41), "ask (8.19)": (14, 8.19)}

Said = list[tuple[str, float]]
"""Words with their starts in seconds."""


def known(name: str) -> Said:
    words = json.loads((MEDIA / f"{name}.truth.json").read_text())["words"]
    return [(word["word"].lower(), word["start"]) for word in words]


def off(truth: Said, heard: Said) -> np.ndarray:
    """Errors in ms of the words that were heard right."""
    said = [word.lower().strip(" .,?!¿") for word, _ in heard]
    matcher = SequenceMatcher(None, [word for word, _ in truth], said, autojunk=False)
    return np.array(
        [
            1000 * (heard[block.b + k][1] - truth[block.a + k][1])
            for block in matcher.get_matching_blocks()
            for k in range(block.size)
        ]
    )


def told(errors: np.ndarray) -> str:
    far = np.abs(errors)
    return f"{far.mean():6.0f} {np.median(far):6.0f} {np.quantile(far, 0.95):6.0f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    models = load_settings().settings.models_folder
    folder, voices = find_model("base", models), str(find_voices(models))
    whisper = load(folder, 0)

    def alone(name: str) -> Said:
        segments, _ = whisper.transcribe(
            str(MEDIA / name), word_timestamps=True, vad_filter=True, beam_size=5,
            condition_on_previous_text=False,
        )  # fmt: skip
        return [(word.word, word.start) for segment in segments for word in segment.words]

    def ours(name: str) -> Said:
        job = EngineJob(str(MEDIA / name), "base", str(folder), voices, None, None, 0, 0)
        transcript = run(job, lambda _progress: None).transcript
        return [(word.text, word.start) for s in transcript.segments for word in s.words]

    ways: dict[str, Callable[[str], Said]] = {"faster-whisper": alone, "ECG": ours}
    print(f"{'word starts off by, ms':<28}{'':<16}  mean median    p95   words")
    for name in ("tts_flite_slt_16", "tts_espeak_es_16"):
        truth = known(name)
        for way, hear in ways.items():
            errors = off(truth, hear(f"{name}.flac"))
            print(f"{name:<28}{way:<16}{told(errors)}  {len(errors)}/{len(truth)}")
    for way, hear in ways.items():
        heard = hear("jfk.flac")
        shown = (f"{at} {1000 * (heard[i][1] - end):+.0f}" for at, (i, end) in PAUSE_ENDS.items())
        print(f"{'jfk, after pauses':<28}{way:<16}  {'  '.join(shown)}")

    print(f"\n{'CPU seconds per second':<28}{'faster-whisper':>16}{'ECG':>8}{'ratio':>8}")
    for name, seconds in (("jfk", 11.0), ("tts_flite_slt_16", 18.16), ("conv_mf2", 34.9)):
        spent: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, hear in ways.items():
                begin = time.process_time()
                hear(f"{name}.flac")
                spent[way].append(time.process_time() - begin)
        one, other = (statistics.median(spent[way]) / seconds for way in ways)
        print(f"{name:<28}{one:16.3f}{other:8.3f}{other / one:8.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this process, two models loaded: {peak:.0f} MB")


if __name__ == "__main__":
    main()
