"""What WhisperX gives, as words. The first answer was recorded of WhisperX 3.8.7 on jfk.flac, the second
has the form of its aligner's, which gives some words no time."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ecg.analysis.engine.align import align
from ecg.analysis.engine.batched import choose, words_of
from ecg.analysis.engine.decode import RATE, decode
from ecg.kernel.errors import Missing

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"
HEARD = {
    "text": " And so my fellow Americans, ask not what your country can do for you, ask what you can"
    " do for your country.",
    "start": 0.301,
    "end": 10.983,
    "avg_logprob": -0.07479806932119223,
}
ALIGNED = {
    "text": "In 2014 it cost $43,000.",
    "start": 1.0,
    "end": 4.0,
    "words": [
        {"word": "In", "start": 1.1, "end": 1.3, "score": 0.9},
        {"word": "2014"},
        {"word": "it", "start": 2.3, "end": 2.4, "score": 0.8},
        {"word": "cost", "start": 2.5, "end": 2.9, "score": 0.7},
        {"word": "$43,000."},
    ],
}


def test_words_without_times_are_spread_and_then_timed_by_their_sounds() -> None:
    words = words_of([HEARD], 0.0, "en")
    assert len(words) == 22
    assert (words[0].start, words[-1].end) == pytest.approx((0.301, 10.983))
    assert {word.timing for word in words} == {"interpolated"}
    assert words[0].confidence == pytest.approx(0.928, abs=0.001)
    sound = np.concatenate(list(decode(MEDIA / "jfk.flac", 0)))
    timed = align(sound, words, "en")
    starts = [timed[at].start for at in (5, 7, 14)]
    assert {time.timing for time in timed} == {"aligned"}
    assert starts == pytest.approx([3.29, 5.41, 8.19], abs=0.06)


def test_words_that_were_aligned_keep_their_times_and_the_others_share_the_gaps() -> None:
    words = words_of([ALIGNED], 0.5, "en")
    assert [word.timing for word in words] == [
        "aligned", "interpolated", "aligned", "aligned", "interpolated",
    ]  # fmt: skip
    assert [word.start for word in words] == pytest.approx([0.6, 0.8, 1.8, 2.0, 2.4])
    assert [word.confidence for word in words][:3] == [0.9, 1.0, 0.8]
    assert [time.start for time in align(np.zeros(RATE, np.float32), words, "en")] == [
        word.start for word in words
    ]


def test_a_sentence_is_a_phrase_and_signs_are_words_where_no_spaces_are_written() -> None:
    said = {"text": " One. Two three.", "start": 0.0, "end": 2.0, "avg_logprob": -0.1}
    assert [word.phrase for word in words_of([said], 0, "en")] == [0, 1, 1]
    signs = words_of([{**said, "text": "\u65e5\u672c\u3002\u4eba"}], 0, "ja")
    assert [(word.text, word.phrase) for word in signs] == [("日", 0), ("本。", 0), ("人", 1)]


@pytest.mark.skipif(find_spec("whisperx") is not None, reason="WhisperX is installed")
def test_an_engine_that_is_not_installed_is_refused_and_never_chosen() -> None:
    assert choose("auto") == choose("faster-whisper") == "faster-whisper"
    with pytest.raises(Missing, match=r"requirements/whisperx\.txt"):
        choose("whisperx")
