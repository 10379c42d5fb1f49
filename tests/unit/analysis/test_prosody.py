"""Rates and ends of words, on speech whose truth is made up."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.analysis.engine.assemble import Measured, assemble
from ecg.analysis.engine.contour import HEAD, packed, piece_levels
from ecg.analysis.engine.prosody import ending, rates
from ecg.analysis.engine.regions import Piece


def test_a_rate_does_not_tell_how_long_a_word_is() -> None:
    phones = [1, 9, 2, 12, 3, 1, 5]
    ends = np.cumsum([0.08 * count for count in phones]).tolist()
    words = list(zip([0.0, *ends[:-1]], ends, phones, strict=True))
    assert rates(words) == pytest.approx([1 / 0.08] * 7)


def test_a_rate_is_felt_at_the_neighbours_and_not_beyond() -> None:
    words = [(0.3 * i, 0.3 * i + 0.3, 3 if i != 4 else 6) for i in range(9)]
    found = [rate or 0 for rate in rates(words)]
    assert found[4] > found[3] > 10.001
    assert found[3] == pytest.approx(found[5])
    assert found[:3] + found[6:] == pytest.approx([10] * 6)
    # twice as fast, less what the neighbours take
    assert 16 < found[4] < 20


def test_pauses_have_no_rate() -> None:
    near = [(0.0, 0.3, 3), (0.3, 0.6, 3)]
    apart = [(0.0, 0.3, 3), (0.5, 0.8, 3)]
    assert rates(near) == pytest.approx(rates(apart))


def test_words_whose_sounds_are_not_known_have_no_rate() -> None:
    assert rates([(0.0, 0.3, 0), (0.3, 0.6, 3), (0.6, 0.6, 3)]) == [None, pytest.approx(10), None]
    assert rates([]) == []


def test_a_rate_is_told_against_the_speakers_own() -> None:
    words = [
        Measured("w", i, i + length, 1, "aligned", None, None, i, speaker, 4)
        for i, (speaker, length) in enumerate([(0, 0.4), (1, 0.1), (0, 0.4), (0, 0.8), (1, 0.2)])
    ]
    transcript = assemble(words, [], [], [1.0, 1.0], "en", 9, "base")
    shown = [word.rate for one in transcript.segments for word in one.words]
    assert shown == pytest.approx([1.0, 1.33, 1.0, 0.5, 0.67])


def level(*parts: tuple[int, float]) -> np.ndarray:
    """dBFS of 10 ms frames: so many of each."""
    return np.concatenate([np.full(frames, decibels) for frames, decibels in parts])


@pytest.mark.parametrize(
    ("parts", "ends"),
    [
        (((40, -20.0),), 0.40),  # spoken to its end
        (((20, -20.0), (20, -60.0)), 0.20),  # a pause after it
        (((20, -20.0), (17, -60.0), (3, -20.0)), 0.20),  # and the onset of the next
        (((20, -20.0), (12, -60.0), (8, -24.0)), 0.40),  # a closure within it
        (((40, -120.0),), 0.40),  # nothing sounds
    ],
)
def test_a_word_ends_where_its_pause_begins(
    parts: tuple[tuple[int, float], ...], ends: float
) -> None:
    assert ending(level((10, -20.0), *parts), 0.1, 0.5) == pytest.approx(0.1 + ends)


def test_a_contour_stays_on_the_files_clock() -> None:
    """Pieces that end amid a frame shift nothing, and what is measured past the end is left out."""
    sizes, start, pieces = [16_075, 24_083, 8_010], 0, []
    for size in sizes:
        pieces.append(Piece(start, np.full(size, 0.1, np.float32), []))
        start += size
    voiced = [(16_075, np.full(20, 123.44, np.float32)), (47_000, np.full(50, 300, np.float32))]
    data = packed([piece_levels(piece) for piece in pieces], voiced)
    *_, count, _ = HEAD.unpack_from(data)
    assert count == round(sum(sizes) / 160)
    f0 = np.frombuffer(data, "<u2", count, HEAD.size)
    assert np.flatnonzero(f0).tolist() == [*range(100, 120), *range(294, count)]
    assert set(f0[100:120].tolist()) == {1234}
    level = np.frombuffer(data, "<i2", count, HEAD.size + 2 * count)
    assert np.median(level) == -2000
    assert len(data) == HEAD.size + 4 * count
    assert packed([], [])[8:12] == bytes(4)
