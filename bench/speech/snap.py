"""Three ways to tell when words begin, over every clip whose truth is known: Whisper's own times, those
moved to where the sound grows louder, and our alignment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.speech.hearing import MEDIA, Said, alone, ecg, known, off, scratch, written
from bench.speech.starts import PAUSE_ENDS
from bench.speech.synthesisers import FOREIGN, VOICES, missing, speak, speak_foreign
from bench.speech.table import Row
from ecg.analysis.engine.decode import decode
from ecg.analysis.engine.prosody import levels

REACH = 15
"""Frames of 10 ms around a word's start in which it may be moved."""
SPAN = 3
"""Frames over which loudness grows."""
RISE = 6.0
"""dB that it grows at least, else the start stays."""


def rows() -> list[Row]:
    found: list[Row] = []
    with scratch() as folder:
        for line, truth, path in _clips(Path(folder)):
            theirs = alone(path)
            moved = snapped(path, theirs)
            found.append(Row(line, _told(truth, ecg(path)), _told(truth, theirs)))
            found.append(Row("  moved to rises of energy", "", _told(truth, moved)))
    return [*found, *(Row(f"not measured: {name} is not installed", "") for name in missing())]


def snapped(path: Path, words: Said) -> Said:
    """Each word at the steepest rise of loudness near its start, in order; at its own time where
    there is none."""
    level = levels(np.concatenate(list(decode(path, 0))))
    level = np.maximum(level, level.max() - 60)
    rise = np.zeros(len(level))
    rise[SPAN:] = level[SPAN:] - level[:-SPAN]
    moved: Said = []
    for text, start in words:
        first = max(0, round(start * 100) - REACH)
        near = rise[first : round(start * 100) + REACH + 1]
        steepest = int(near.argmax()) if len(near) else 0
        grown = len(near) and near[steepest] >= RISE
        at = (first + steepest - SPAN + 1) / 100 if grown else start
        moved.append((text, max(at, moved[-1][1] if moved else 0.0)))
    return moved


def _clips(folder: Path) -> Iterator[tuple[str, Said, Path]]:
    for name in ("tts_flite_slt_16", "tts_espeak_es_16"):
        yield name, known(name), MEDIA / f"{name}.flac"
    lacking = missing()
    for voice in (*VOICES, *FOREIGN):
        if any(name.startswith(voice.split()[0]) for name in lacking):
            continue
        spoken = speak_foreign(voice, 160) if voice in FOREIGN else speak(voice, 160)
        path = written(folder, voice.replace(" ", "_"), spoken.sound, spoken.rate)
        yield voice, spoken.words, path
    yield "jfk, three words after pauses", _after_pauses(), MEDIA / "jfk.flac"


def _after_pauses() -> Said:
    """The words of jfk with the starts that are known, the others with none."""
    heard = alone(MEDIA / "jfk.flac")
    ends = dict(PAUSE_ENDS.values())
    return [(text, ends.get(index, np.nan)) for index, (text, _) in enumerate(heard)]


def _told(truth: Said, heard: Said) -> str:
    errors = np.abs(off(truth, heard))
    errors = errors[~np.isnan(errors)]
    if not len(errors):
        return "no word heard"
    return f"{errors.mean():.0f} / {np.quantile(errors, 0.95):.0f} ms of {len(errors)}"
