"""Sound of a telephone's band, made wide for the aligner."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from ecg.analysis.engine.decode import RATE, Sound, decode
from ecg.analysis.engine.search import Step, entry, search, widened

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"
SAID = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for "
    "your country"
)


def through(sound: Sound, rate: int) -> Sound:
    """The sound as it is after having been sampled at ``rate``."""
    for hertz in (rate, RATE):
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = RATE if hertz == rate else rate
        resampler = av.AudioResampler(format="flt", layout="mono", rate=hertz)
        parts = [*resampler.resample(frame), *resampler.resample(None)]
        sound = np.concatenate([part.to_ndarray().ravel() for part in parts])
    return sound


@pytest.fixture(scope="module")
def jfk() -> Sound:
    return np.concatenate(list(decode(MEDIA / "jfk.flac", 0)))


def test_a_telephones_band_is_mirrored_and_a_full_one_left(jfk: Sound) -> None:
    assert np.array_equal(widened(jfk), jfk)
    narrow = through(jfk, 8000)
    wide = np.abs(np.fft.rfft(widened(narrow)[: 10 * RATE])) ** 2
    before = np.abs(np.fft.rfft(narrow[: 10 * RATE])) ** 2
    band = {kilo: slice(kilo * 10_000, (kilo + 1) * 10_000) for kilo in (2, 3, 4, 5)}
    assert wide[band[5]].sum() > 100 * before[band[5]].sum()
    for low, high in ((3, 4), (2, 5)):
        assert wide[band[high]].sum() == pytest.approx(0.04 * before[band[low]].sum(), rel=0.2)
    assert len(widened(np.zeros(100, np.float32))) == 100


def test_by_telephone_words_begin_where_their_pauses_end(jfk: Sound) -> None:
    steps = [Step((entry(word, english=True) or "",)) for word in SAID.split()]
    found = search(through(jfk, 8000), steps)
    starts = [found[index].spans[0][0] for index in (5, 7, 14)]
    assert starts == pytest.approx([3.29, 5.41, 8.19], abs=0.060)
