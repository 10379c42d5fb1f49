from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg.analysis.engine.align import Timed, interpolated
from ecg.analysis.engine.assemble import Measured, assemble, in_order
from ecg.captions.transcript import check_transcript

seconds = st.floats(0, 20)
levels = st.none() | st.floats(-80, 0)
pitches = st.none() | st.floats(60, 600)


@given(
    st.lists(
        st.tuples(seconds, seconds, levels, pitches, st.integers(0, 3), st.integers(0, 2)),
        max_size=12,
    )
)
def test_whatever_was_measured_the_transcript_holds(
    drawn: list[tuple[float, float, float | None, float | None, int, int]],
) -> None:
    phrases = sorted(phrase for *_, phrase, _ in drawn)
    words = [
        Measured("word", start, end, 0.5, "estimated", level, pitch, phrase, speaker)
        for (start, end, level, pitch, _, speaker), phrase in zip(drawn, phrases, strict=True)
    ]
    transcript = assemble(words, [], [], [0.5] * 3, "en", 15.0, "base")
    check_transcript(transcript)
    assert sum(len(segment.words) for segment in transcript.segments) == len(words)


def test_loudness_is_measured_from_the_median() -> None:
    words = [
        Measured("word", i, i + 0.5, 1, "aligned", level, None, i)
        for i, level in enumerate([-30.0, -20.0, None, -17.0])
    ]
    transcript = assemble(words, [], [], [1.0], "en", 9, "base")
    assert [s.words[0].loudness for s in transcript.segments] == [-10.0, 0.0, None, 3.0]
    assert transcript.speakers[0].loudness_db == -20.0


def test_segments_in_which_two_speak_are_flagged() -> None:
    words = [Measured("word", i, i + 0.9, 1, "aligned", None, None, i) for i in range(3)]
    transcript = assemble(words, [], [], [1.0], "en", 3, "base", [(0.8, 1.4), (2.89, 3.0)])
    assert [segment.overlap for segment in transcript.segments] == [False, True, False]
    assert [(note.code, note.start, note.end) for note in transcript.notes] == [
        ("overlap", 0.8, 1.4), ("overlap", 2.89, 3.0),
    ]  # fmt: skip


def test_each_speaker_is_measured_from_their_own_medians() -> None:
    said = [
        (0, -30.0, 100.0),
        (0, -20.0, 200.0),
        (1, -6.0, 400.0),
        (0, -10.0, 200.0),
        (1, -6.0, None),
    ]
    words = [
        Measured("word", i, i + 0.5, 1, "aligned", level, pitch, 0, speaker)
        for i, (speaker, level, pitch) in enumerate(said)
    ]
    transcript = assemble(words, [], [], [0.9, 0.456], "en", 9, "base")
    assert [
        (one.id, one.pitch_hz, one.loudness_db, one.confidence) for one in transcript.speakers
    ] == [
        ("s1", 200.0, -20.0, 0.9),
        ("s2", 400.0, -6.0, 0.46),
    ]
    # one phrase of the recogniser is a segment for each who speaks in it
    assert [one.speaker for one in transcript.segments] == ["s1", "s2", "s1", "s2"]
    spoken = [word for one in transcript.segments for word in one.words]
    assert [word.pitch for word in spoken] == [-12.0, 0.0, 0.0, 0.0, None]
    assert [word.loudness for word in spoken] == [-10.0, 0.0, 0.0, 10.0, 0.0]


def test_words_without_a_sound_share_the_gap_and_are_flagged() -> None:
    here = Timed(1.0, 1.5, "aligned")
    timed = interpolated([None, here, None, None, Timed(1.9, 2.0, "aligned"), None], 0.0, 2.2)
    assert [time.timing[0] for time in timed] == list("iaiiai")
    assert [round(time.start, 3) for time in timed] == [0.0, 1.0, 1.5, 1.7, 1.9, 2.0]
    assert all(
        a.end <= b.start + 1e-9 and math.isfinite(a.end) for a, b in itertools.pairwise(timed)
    )
    assert timed[-1].end <= 2.2


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        # from the silence after it, else from that before it
        ([(0.0, 1.0), (1.0, 1.0), (2.0, 3.0)], [(0.0, 1.0), (1.0, 1.03), (2.0, 3.0)]),
        ([(0.0, 1.0), (2.0, 2.0), (2.0, 3.0)], [(0.0, 1.0), (1.97, 2.0), (2.0, 3.0)]),
        # from the word before it, then from the one after it
        ([(0.0, 2.0), (2.0, 2.0), (2.0, 3.0)], [(0.0, 1.97), (1.97, 2.0), (2.0, 3.0)]),
        ([(2.0, 2.0), (2.0, 2.0), (2.0, 3.0)], [(1.94, 1.97), (1.97, 2.0), (2.0, 3.0)]),
        ([(0.0, 0.0), (0.0, 3.0)], [(0.0, 0.03), (0.03, 3.0)]),
        # at the end of the file
        ([(0.0, 2.9), (3.2, 3.4)], [(0.0, 2.9), (2.97, 3.0)]),
        # one that begins before the last has ended
        ([(0.0, 2.0), (1.0, 1.5), (2.0, 3.0)], [(0.0, 1.97), (1.97, 2.0), (2.0, 3.0)]),
    ],
)
def test_every_word_takes_some_time(
    spans: list[tuple[float, float]], expected: list[tuple[float, float]]
) -> None:
    found = in_order(spans, 3.0)
    assert np.array(found) == pytest.approx(np.array(expected))


def test_words_are_in_order_whatever_their_times() -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        spans = [tuple(sorted(rng.integers(0, 40, 2) / 10)) for _ in range(rng.integers(1, 12))]
        found = np.array(in_order(spans, 3.0))
        assert (np.diff(found.ravel()) >= -1e-9).all()
        assert found.min() >= 0
        assert found.max() <= 3.0 + 1e-9
