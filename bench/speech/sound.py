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
from ecg.captions.transcript import Transcript

JFK = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for "
    "your country"
)
RAISED = 9.0
"""dB by which one word is made louder."""
PITCH_BOUND = 0.03
PRAAT_RANGE = (60.0, 600.0)
"""Hz."""


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
    beside them how far the median word is off, of those that both know."""
    try:
        import parselmouth as praat  # noqa: PLC0415 - GPL, and only where someone installed it
    except ImportError:
        return [Row("pitch: not compared, Praat is not installed (pip: praat-parselmouth)", "")]
    rows: list[Row] = []
    for name in ("jfk", "tts_flite_slt_16", "conv_mf2", "conv_m3"):
        pitch = praat.Sound(fixture(name).astype(float), RATE).to_pitch(
            0.01, pitch_floor=PRAAT_RANGE[0], pitch_ceiling=PRAAT_RANGE[1]
        )
        times, hertz = pitch.xs(), pitch.selected_array["frequency"]
        heard = analyse(MEDIA / f"{name}.flac")
        rows += [_pitch(name, heard, speaker.id, times, hertz) for speaker in heard.speakers]
    return rows


def _pitch(
    name: str, heard: Transcript, speaker: str, times: NDArray[Any], hertz: NDArray[Any]
) -> Row:
    words = [word for one in heard.segments if one.speaker == speaker for word in one.words]
    inside = [hertz[(times >= word.start) & (times < word.end)] for word in words]
    known = [float(np.median(own[own > 0])) if (own > 0).sum() >= 5 else None for own in inside]
    praats = float(np.median([one for one in known if one]))
    ours = next(one.pitch_hz for one in heard.speakers if one.id == speaker) or 0.0
    away = ours / praats - 1
    apart = [
        12 * math.log2(ours / praat) + word.pitch
        for word, praat in zip(words, known, strict=True)
        if praat and word.pitch is not None
    ]
    told = f"{ours:.1f} Hz, Praat {praats:.1f}: {away:+.1%}; the median word"
    told += f" {2 ** (float(np.median(apart)) / 12) - 1:+.1%}"
    return Row(f"pitch of {name}, {speaker}", told, "", "±3 %", abs(away) <= PITCH_BOUND)
