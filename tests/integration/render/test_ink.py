"""From sound to ink, and scripts that must not be clipped."""

import numpy as np
import pytest

from tests.integration.render.videos import cue, scenario, shown_frame

SCRIPTS = {
    "korean": ["안녕하세요", "여러분", "오늘은", ("정말", 6.0), "좋은", "날입니다"],
    "mixed": ["Hello", "세계", ("🎉", 3.0), "très", "bien", "한국어👍"],
}


def ink_height(picture, before, columns):
    """Rows between the first and the last that got brighter by a caption's letters."""
    brighter = (picture.max(axis=2).astype(int) > 150) & (before.max(axis=2) < 100)
    rows = np.flatnonzero(brighter[:, columns].any(axis=1))
    return rows[-1] - rows[0] + 1


@pytest.fixture
def dark(make_video):
    """A video darker than any caption."""

    def make(size):
        return make_video(size=size, rate=10, tags={"color_range": 1}, brightness=0.2)

    return make


def test_a_word_nine_decibels_louder_is_drawn_larger(dark, draw):
    source = dark((640, 360))
    heights = {}
    for loudness in (0.0, 9.0):
        words = scenario(cue(1, 0.0, 1.0, [("HHH", loudness)]))
        _, output = draw(source, words, quality="high")
        picture = shown_frame(output, 0.8)
        heights[loudness] = ink_height(picture, shown_frame(source, 0.8), slice(None))
    # intention: 5 % of the height grows by 2.4 ** (0.75 ** 1.4) at full strength
    assert heights[9.0] / heights[0.0] == pytest.approx(2.4 ** (0.75**1.4), rel=0.1)


@pytest.mark.parametrize("size", [(640, 360), (360, 640)], ids=["wide", "upright"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_stay_whole_inside_the_picture(script, size, dark, given):
    source = dark(size)
    frames = given(source, scenario(cue(1, 0.1, 0.9, SCRIPTS[script])))
    untouched = frames[min(frames)]
    last = frames[sorted(frames)[-3]]
    changed = np.abs(last[0].astype(int) - untouched[0]) > 40
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert rows[0] > 0
    assert columns[0] > 0
    assert rows[-1] < size[1] - 1
    assert columns[-1] < size[0] - 1
