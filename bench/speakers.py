"""Who speaks, on seeded mixes of readers: ``python -m bench.speakers [MIXES]``.

Each mix has two to five readers of LibriSpeech, each up to 6 dB louder or softer, in turns of 1.5 s
and more that are cut between words, with pauses of 0.15 to 0.7 s. A word counts by its middle,
under the best naming of the speakers.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecg.analysis.catalogue import find_model, find_voices
from ecg.analysis.engine.decode import RATE, Sound, decode
from ecg.analysis.engine.regions import pieces
from ecg.analysis.engine.run import run
from ecg.analysis.engine.speakers import speakers_of, voiced
from ecg.analysis.engine.voices import load_voices
from ecg.analysis.interfaces import EngineJob
from ecg.kernel.settings import load_settings

READERS = Path(__file__).resolve().parents[1] / "tests/fixtures/media/librispeech"

Reader = tuple[Sound, list[tuple[float, float]]]
"""What one reads, and where each word of it is."""


def readers(models: Path) -> dict[str, Reader]:
    found: dict[str, Reader] = {}
    for path in sorted(READERS.glob("*.flac")):
        job = EngineJob(
            str(path),
            "base",
            str(find_model("base", models)),
            str(find_voices(models)),
            "en",
            1,
            0,
            0,
        )
        heard = run(job, lambda _progress: None).transcript
        words = [(word.start, word.end) for one in heard.segments for word in one.words]
        found[path.stem.partition("-")[0]] = np.concatenate(list(decode(path, 0))), words
    return found


def mix(
    seed: int, all_readers: dict[str, Reader]
) -> tuple[Sound, list[tuple[float, float]], list[str]]:
    """Sound, its words, and who says each."""
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 6))
    names = [str(name) for name in random.choice(sorted(all_readers), count, replace=False)]
    gains = {name: 10 ** (random.uniform(-6, 6) / 20) for name in names}
    parts, words, who = [np.zeros(RATE // 2, np.float32)], [], []
    clock, last = 0.5, ""
    for turn in range(int(random.integers(3 * count, 4 * count + 1))):
        others = [name for name in names if name != last]
        regular = names[turn % count]
        name = regular if turn < 2 * count and regular != last else str(random.choice(others))
        last = name
        sound, spoken = all_readers[name]
        said = _turn(spoken, random)
        start = max(0.0, said[0][0] - 0.03)
        part = sound[round(start * RATE) : round((said[-1][1] + 0.03) * RATE)]
        words += [(clock + a - start, clock + b - start) for a, b in said]
        who += [name] * len(said)
        pause = np.zeros(round(random.uniform(0.15, 0.7) * RATE), np.float32)
        parts += [part * np.float32(gains[name]), pause]
        clock += (len(part) + len(pause)) / RATE
    whole = np.concatenate(parts)
    return whole + np.float32(1e-4) * random.standard_normal(len(whole), np.float32), words, who


def _turn(
    spoken: list[tuple[float, float]], random: np.random.Generator
) -> list[tuple[float, float]]:
    wanted = random.uniform(1.5, 5.0)
    first = int(random.integers(0, len(spoken)))
    while first > 0 and spoken[-1][1] - spoken[first][0] < 1.5:
        first -= 1
    last = first
    while last < len(spoken) - 1 and spoken[last][1] - spoken[first][0] < wanted:
        last += 1
    return spoken[first : last + 1]


def right(who: list[str], found: list[int]) -> float:
    theirs, ours = sorted(set(who)), sorted(set(found))
    pairs = list(zip(who, found, strict=True))
    hits = np.array([[sum(pair == (a, b) for pair in pairs) for b in ours] for a in theirs])
    if len(theirs) > len(ours):
        hits = hits.T
    rows = range(len(hits))
    ways = itertools.permutations(range(hits.shape[1]), len(hits))
    return max(sum(hits[row, way[row]] for row in rows) for way in ways) / len(who)


class Found(NamedTuple):
    """Shares of words given to the right one, mixes whose number of speakers was right, and
    processor seconds for each second of sound."""

    mean: float
    worst: float
    counted: int
    cost: float
    minutes: float


def measured(mixes: int) -> Found:
    models = load_settings().settings.models_folder
    known, voices = readers(models), load_voices(find_voices(models))
    shares, counted, cost, seconds = [], 0, 0.0, 0.0
    for seed in range(mixes):
        sound, words, who = mix(seed, known)
        begun = time.process_time()
        windows = [
            heard
            for piece in pieces([sound])
            for window in piece.windows
            for heard in voiced(voices, window.sound, window.regions, window.start / RATE)
        ]
        found, _ = speakers_of(windows, words)
        cost += time.process_time() - begun
        seconds += len(sound) / RATE
        shares.append(right(who, found))
        counted += len(set(found)) == len(set(who))
    return Found(statistics.mean(shares), min(shares), counted, cost / seconds, seconds / 60)


def main() -> None:
    mixes = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    found = measured(mixes)
    print(f"{mixes} mixes of 2 to 5 readers, {found.minutes:.0f} minutes")
    print(f"words given to the right one: mean {found.mean:.1%}, worst {found.worst:.1%}")
    print(f"the right number of speakers: {found.counted} of {mixes}")
    print(f"CPU seconds for each second of sound, speech regions included: {found.cost:.3f}")


if __name__ == "__main__":
    main()
