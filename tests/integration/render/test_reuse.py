"""Reuse is never wrong: what one capture and its patches show on each frame is, to the pixel,
what is drawn where that frame is captured by itself, whatever was drawn before it."""

import hashlib
import itertools
import json
import random
from fractions import Fraction

import numpy as np
import pytest

from ecg.captions.scenario import read_scenario
from ecg.render.engine.capture import Drawing
from ecg.render.engine.plan import FrameTimes, Span
from ecg.render.engine.run import captured
from tests.golden.texts import SHAPES, TEXTS, shown
from tests.integration.stage.pages import STYLES, cue, scenario

RATE = 30


@pytest.fixture
def frames(browser):
    """Hashes of the whole caption picture on each frame, and how many states were drawn."""

    def frames(scenario, size, seconds, *, reuse):
        count = round(seconds * RATE)
        times = FrameTimes(tuple(range(count)), Fraction(1, RATE), Fraction(0))
        document = read_scenario(json.dumps(scenario))
        drawing = Drawing(document, size[0], *size, times, "canvas")
        spans = [Span(0, count)]
        if not reuse:
            spans = [Span(number, number + 1) for number in range(count)]
            random.Random(5).shuffle(spans)
        hashes, states = {}, 0
        with captured(browser, drawing, spans, lambda: None) as drawn:
            for span in spans:
                picture = np.zeros((size[1], size[0], 4), np.uint8)
                until = span.first
                while until < span.end:
                    patch = drawn.patch()
                    states += 1
                    assert patch.first == until
                    until = patch.until
                    if not patch.changed.empty:
                        picture[patch.changed.window] = patch.pixels
                    digest = hashlib.sha256(picture.tobytes()).digest()
                    hashes |= dict.fromkeys(range(patch.first, patch.until), digest)
        return [hashes[number] for number in range(count)], states

    return frames


# every style, script and shape; all of them with all in the long matrix. Those of old faults:
# descenders' shadows, corners of a box beside a word that grows (and past its edge), words that
# change nothing
SOME = {
    ("bounce", "arabic", "square"),
    ("broadcast", "mixed", "wide"),
    ("intention", "latin", "tall"),
    ("intention", "mixed", "square"),
    ("karaoke", "japanese", "wide"),
    ("pop", "korean", "square"),
}


@pytest.mark.parametrize(
    ("style", "text", "shape"),
    [
        pytest.param(
            style,
            text,
            shape,
            marks=[] if (style, text, shape) in SOME else pytest.mark.full,
        )
        for style in STYLES
        for text in TEXTS
        for shape in SHAPES
    ],
)
def test_every_frame_is_what_reuse_shows(frames, style, text, shape):
    talk, size = shown(style, text), SHAPES[shape]
    reused, few = frames(talk, size, 4.2, reuse=True)
    alone, many = frames(talk, size, 4.2, reuse=False)
    wrong = [number / RATE for number, pair in enumerate(zip(reused, alone, strict=True))
             if pair[0] != pair[1]]  # fmt: skip
    assert wrong == []
    assert few < many == len(alone)
    # and what is drawn anew is another picture: a still caption is drawn once
    kinds = 1 + sum(one != other for one, other in itertools.pairwise(reused))
    assert few <= 1.15 * kinds + 4


@pytest.mark.parametrize(
    "style",
    [
        pytest.param(style, marks=[] if style in {"bounce", "intention"} else pytest.mark.full)
        for style in STYLES
    ],
)
def test_two_at_once_with_sounds_and_weaker(frames, style):
    talk = scenario(
        cue("I said never again", 0.1, 1.5, loudness=(0, 5, 9), pitch=(2, -3, 6)),
        cue("yes 정말 그래", 0.6, 1.9, speaker="daniel", loudness=(6,)),
        cue("loud laughter", 1.2, 2.1, kind="sound"),
        style=style,
        strength=0.5,
    )
    reused, _ = frames(talk, (400, 300), 2.2, reuse=True)
    alone, _ = frames(talk, (400, 300), 2.2, reuse=False)
    assert reused == alone
