"""What is heard under music and where nobody speaks, how loud, and how high."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.speech.hearing import (
    MEDIA,
    alone,
    analyse,
    ecg,
    error_rate,
    fixture,
    in_noise,
    plain,
    scratch,
    written,
)
from bench.speech.table import Row
from ecg.analysis.engine.decode import RATE
from ecg.analysis.engine.pitch import LEAST
from ecg.captions.transcript import Speaker, Transcript, Word

JFK = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for "
    "your country"
)
RAISED = 9.0
"""dB by which one word is made louder."""
PITCH_BOUND = 0.03
WIDE = (60.0, 600.0)
"""Hz: every voice there is, and what Praat's first pass searches."""
NARROWER = (0.75, 1.5)
"""Floor and ceiling of its second pass, in quartiles of the speaker's voiced frames in the first."""


def words_rows() -> list[Row]:
    speech, music = fixture("jfk"), fixture("synthetic_music24")
    found = [_wer("jfk, WER", MEDIA / "jfk.flac", 0.0, "0 %")]
    with scratch() as folder:
        path = written(Path(folder), "music", in_noise(speech, 10, music))
        found.append(_wer("jfk under music at 10 dB, WER", path, 0.05, "≤5 %"))
    for name in ("synthetic_music24", "pinknoise5", "silence5"):
        ours, theirs = (len(hear(MEDIA / f"{name}.flac")) for hear in (ecg, alone))
        found.append(Row(f"{name}, words", str(ours), str(theirs), "none", ours == 0))
    return found


def _wer(line: str, path: Path, most: float, bound: str) -> Row:
    ours, theirs = (error_rate(JFK.split(), plain(hear(path))) for hear in (ecg, alone))
    return Row(line, f"{ours:.1%}", f"{theirs:.1%}", bound, ours <= most)


def loudness_rows() -> list[Row]:
    usual = analyse(MEDIA / "conv_mf2.flac")
    before = [word for one in usual.segments for word in one.words]
    index = max(range(len(before) // 4), key=lambda at: before[at].end - before[at].start)
    word, sound = before[index], fixture("conv_mf2").copy()
    span = slice(round(word.start * RATE), round(word.end * RATE))
    sound *= np.float32(0.3)  # room for the louder word
    sound[span] *= np.float32(10 ** (RAISED / 20))
    with scratch() as folder:
        after = analyse(written(Path(folder), "raised", sound))
    raised = [word for one in after.segments for word in one.words][index]
    was, now = word.loudness or 0.0, raised.loudness or 0.0
    met = raised.text == word.text and abs(now - was - RAISED) <= 1
    return [Row(f'"{word.text}" raised by 9 dB', f"{now - was:+.1f} dB", "", "9 ± 1 dB", met)]


def pitch_rows() -> list[Row]:
    """Medians over each speaker's words, by ours and by Praat's voiced frames in the same words;
    beside them how far the median word is off, of those that both know.

    In the whole range Praat takes harmonics for the voice in some words, so it is asked twice, as
    Hirst advises ("The analysis by synthesis of speech melody", 2011): floor and ceiling of the second
    time are 0.75 of the first quartile and 1.5 of the third. What the first time gives stands beside.
    """
    try:
        import parselmouth as praat  # noqa: PLC0415 - GPL, and only where someone installed it
    except ImportError:
        return [Row("pitch: not compared, Praat is not installed (pip: praat-parselmouth)", "")]
    rows: list[Row] = []
    for name in ("jfk", "tts_flite_slt_16", "conv_mf2", "conv_m3"):
        sound = praat.Sound(fixture(name).astype(float), RATE)
        heard = analyse(MEDIA / f"{name}.flac")
        rows += [_pitch(name, sound, heard, speaker) for speaker in heard.speakers]
    return rows


def _pitch(name: str, sound: Any, heard: Transcript, speaker: Speaker) -> Row:
    words = [word for one in heard.segments if one.speaker == speaker.id for word in one.words]
    once = _voiced(sound, WIDE, words)
    quartiles = np.quantile(np.concatenate(once), (0.25, 0.75))
    low, high = (float(factor * at) for factor, at in zip(NARROWER, quartiles, strict=True))
    one, other = (
        [float(np.median(own)) if len(own) >= LEAST else None for own in found]
        for found in (once, _voiced(sound, (low, high), words))
    )
    ours = speaker.pitch_hz or 0.0
    away, at_first = (
        ours / float(np.median([hz for hz in known if hz])) - 1 for known in (other, one)
    )
    apart = [
        12 * math.log2(ours / praats) + word.pitch
        for word, praats in zip(words, other, strict=True)
        if praats and word.pitch is not None
    ]
    told = f"{ours:.1f} Hz; Praat from {low:.0f} to {high:.0f} Hz: {away:+.1%}, the median word"
    told += f" {2 ** (float(np.median(apart)) / 12) - 1:+.1%}; from 60 to 600 Hz: {at_first:+.1%}"
    return Row(f"pitch of {name}, {speaker.id}", told, "", "±3 %", abs(away) <= PITCH_BOUND)


def _voiced(
    sound: Any, bounds: tuple[float, float], words: list[Word]
) -> list[NDArray[np.float64]]:
    """F0 in Hz of the frames of each word that Praat calls voiced."""
    pitch = sound.to_pitch(0.01, pitch_floor=bounds[0], pitch_ceiling=bounds[1])
    times, hertz = pitch.xs(), pitch.selected_array["frequency"]
    return [hertz[(times >= w.start) & (times < w.end) & (hertz > 0)] for w in words]
