"""Where things stand: bounds hold all ink, boxes stay in the safe area and apart."""

import numpy as np
import pytest

from tests.integration.stage.pages import STYLES, cue, each_with_some, scenario

SIZES = [(640, 360), (360, 640), (400, 400)]
TEXTS = {
    "latin": "They told me it was impossible, so we did it jjj anyway.",
    "korean": "그게 정말 가능하다고 생각했어요? 놀랍네요!",
    "mixed": "정말? Absolutely 대박 🎉🔥 gyp 👩‍👩‍👧‍👦 🇰🇷 yes!",
    "arabic": "قالوا لي إنه hello world مستحيلٌ، لكنّنا فعلناه!",
    "japanese": "それは 本当に 不可能だと 言われました。",
}
LOUD = (9, -8, 0, 12, 3, 0, 7, -12)


def opaque(picture):
    rows, columns = np.nonzero(picture[..., 3])
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


_REACH = 16


@pytest.mark.parametrize(("style", "size"), each_with_some(STYLES, SIZES))
@pytest.mark.parametrize("box", [pytest.param(0.9, marks=pytest.mark.full), 0.0])
def test_bounds_hold_all_ink(stage, style, size, box):
    cues = [
        cue(text, i, i + 1, speaker=("mina", "daniel")[i % 2], loudness=LOUD)
        for i, text in enumerate(TEXTS.values())
    ]
    cues.append(cue("soft piano music", 5, 6, kind="music"))
    stage.open(scenario(*cues, style=style, box=box), width=size[0], height=size[1])
    for t in np.arange(0.02, 6, 0.31 if box else 0.71):
        left, top, right, bottom = opaque(stage.picture(float(t)))
        bounds = stage.bounds()
        assert bounds["x"] <= left
        assert bounds["y"] <= top
        assert bounds["x"] + bounds["width"] >= right
        assert bounds["y"] + bounds["height"] >= bottom
        assert all(isinstance(value, int) for value in bounds.values())
        if box:
            ink = (right - left) * (bottom - top)
            # a shadow's whole reach is counted, whose last pixels nobody sees
            assert (bounds["width"] - _REACH) * (bounds["height"] - _REACH) < 1.3 * ink
        # nothing is cut off by the edge of the stage
        assert left > 0
        assert top > 0
        assert right < size[0]
        assert bottom < size[1]


def test_no_bounds_when_nothing_shows(stage):
    stage.open(scenario(cue("Hello there", 1, 2)))
    for t in (0, 2):
        stage.seek(t)
        assert stage.bounds() is None


@pytest.mark.parametrize("size", SIZES)
def test_whatever_is_said_stays_in_the_safe_area(stage, size):
    width, height = size
    side, above, below = (0.178, 0.15, 0.35) if height > width else (0.08, 0.07, 0.07)
    everything = [
        cue(" ".join(["impossible"] * 30), 0, 1, loudness=[12] * 30),
        cue("Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenfabrikant!", 1, 2),
        cue("no " * 60, 2, 3),
        cue("ab", 3, 4, loudness=(12,)),
    ]
    for position in ("bottom", "middle", "top"):
        stage.open(scenario(*everything, position=position), width=width, height=height)
        for t in (0.5, 1.5, 2.5, 3.5):
            stage.seek(t)
            x, y, w, h = stage.boxes(".cue")[0]
            assert x >= side * width - 1
            assert x + w <= (1 - side) * width + 1
            assert y >= above * height - 1
            assert y + h <= (1 - below) * height + 1
            for left, top, across, down in stage.boxes(".ink"):
                assert x <= left < left + across <= x + w, (position, t)
                assert y - 1 <= top < top + down <= y + h + 1, (position, t)


def test_text_without_spaces_breaks_between_words_but_never_before_a_comma(stage):
    said = "それは 本当に 不可能だと 言われました 、 私たちは とにかく やりました 。"
    stage.open(scenario(cue(said, 0, 1)), width=360, height=640).seek(0.5)
    places = stage.boxes(".word")
    lines = [round(y + h / 2) for _, y, _, h in places]
    assert len(set(lines)) >= 3
    assert lines[4] == lines[3]
    assert lines[8] == lines[7]
    assert places[1][0] == pytest.approx(places[0][0] + places[0][2], abs=0.1)


@pytest.mark.parametrize("style", STYLES)
def test_the_box_is_tight_and_even(stage, style):
    other = cue("Yes.", 2, 3, speaker="daniel")
    for text in (*TEXTS.values(), "So we did it anyway, with eleven people and a borrowed van."):
        shown = scenario(cue(text, 0, 1, loudness=LOUD), other, style=style)
        stage.open(shown, width=360, height=640).seek(0)
        x, _, w, _ = stage.boxes(".cue")[0]
        label = stage.boxes(".speaker") if style == "broadcast" else []
        words = stage.boxes(".word") + label
        left = min(word[0] for word in words) - x
        right = x + w - max(word[0] + word[2] for word in words)
        assert abs(left - right) <= 2
        assert left < 20


def apart(boxes):
    (_, a, _, tall), (_, b, _, high) = boxes
    return a + tall <= b or b + high <= a


@pytest.mark.parametrize("position", ["bottom", "middle", "top"])
@pytest.mark.parametrize("size", SIZES)
def test_two_at_once_stand_apart_and_hold_still(stage, position, size):
    first = cue("I said that we should never have come here at all", 0, 3)
    second = cue("but I never listened to you anyway", 1, 4, speaker="daniel", loudness=(9,))
    third = cue("and then", 3.2, 5)
    shown = scenario(first, second, third, position=position)
    stage.open(shown, width=size[0], height=size[1])
    places = {}
    for t in (0.5, 1.5, 2.9, 3.1, 3.5, 4.5):
        stage.seek(t)
        places[t] = stage.boxes(".cue")
    assert [len(boxes) for boxes in places.values()] == [1, 2, 2, 1, 2, 1]
    assert all(apart(boxes) for boxes in places.values() if len(boxes) == 2)
    assert places[0.5][0] == places[1.5][0] == places[2.9][0]
    assert places[1.5][1] == places[3.1][0] == places[3.5][0]
    if position == "bottom":
        assert places[1.5][1][1] < places[1.5][0][1]


@pytest.mark.parametrize(
    ("region", "where"),
    [
        ("top", (0.5, 0.0, 0.07)),
        ("bottom", (0.5, 1.0, 0.93)),
        ({"x": 0.3, "y": 0.4, "anchor": "center"}, (0.5, 0.5, 0.4)),
        ({"x": 0.9, "y": 0.9, "anchor": "bottom-right"}, (1.0, 1.0, 0.9)),
        ({"x": 0.1, "y": 0.2, "anchor": "top-left"}, (0.0, 0.0, 0.2)),
    ],
)
def test_a_cue_stands_where_its_region_says(stage, region, where):
    stage.open(scenario(cue("over here", 0, 1, region=region), position="middle"))
    stage.seek(0.5)
    x, y, w, h = stage.boxes(".cue")[0]
    across, down, height = where
    wanted = region["x"] if isinstance(region, dict) else 0.5
    assert x + across * w == pytest.approx(wanted * 640, abs=1)
    assert y + down * h == pytest.approx(height * 360, abs=1)


LAYOUT = """() => [...root.querySelectorAll(".cue, .word, .ink")]
  .map((one) => [one.offsetLeft, one.offsetTop, one.offsetWidth, one.offsetHeight])"""


def test_a_stage_shown_smaller_is_laid_out_the_same(stage):
    talk = scenario(*(cue(text, i, i + 1, loudness=LOUD) for i, text in enumerate(TEXTS.values())))
    seen = {}
    for scale in (1, 0.37, 1.5):
        stage.page.evaluate("s => { holder.style.transform = s === 1 ? '' : `scale(${s})` }", scale)
        stage.open(talk)
        seen[scale] = []
        for t in range(len(TEXTS)):
            stage.seek(t + 0.9)
            seen[scale].append((stage.page.evaluate(LAYOUT), stage.bounds()))
    stage.page.evaluate("() => { holder.style.transform = '' }")
    assert [places for places, _ in seen[0.37]] == [places for places, _ in seen[1]]
    assert seen[1.5] == seen[1]
