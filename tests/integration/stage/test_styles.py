"""What each style promises: its motion, room for it, and contrast on any picture."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from tests.integration.stage.pages import STYLES, cue, each_with_some, scenario, word
from tests.integration.stage.test_place import LOUD, SIZES, TEXTS

BLUE = np.array([0x5C, 0xC8, 0xE8])
PITCH = (0, 4, -3, 6, -6, 2, 0, 5)


def said(text, style, **more):
    """One cue of words of 1 s each."""
    count = len(text.split())
    return scenario(cue(text, 0, count, **more), style=style)


def near(picture, color):
    return (np.abs(picture[..., :3].astype(int) - color).max(axis=2) < 40) & (picture[..., 3] > 200)


def inside(picture, box):
    x, y, width, height = (round(value) for value in box)
    return picture[max(y, 0) : y + height, max(x, 0) : x + width]


def share(picture, box):
    """Part of the letters in ``box`` that have the speaker's colour."""
    part = inside(picture, box)
    blue, white = near(part, BLUE).sum(), near(part, np.array([255, 255, 255])).sum()
    return blue / max(1, blue + white)


@pytest.mark.parametrize(("text", "leftwards"), [("moon moon", False), ("قالوا قالوا", True)])
def test_a_word_fills_in_the_direction_in_which_it_is_read(stage, text, leftwards):
    stage.open(said(text, "karaoke"), width=1280, height=720)
    halves = {}
    for t in (0.0, 0.2, 0.4, 0.7, 0.95):
        picture = stage.picture(t)
        x, y, width, height = stage.boxes(".ink")[0]
        halves[t] = [share(picture, (x + at * width / 2, y, width / 2, height)) for at in (0, 1)]
        if leftwards:
            halves[t].reverse()
        assert share(picture, stage.boxes(".ink")[1]) == 0
    first, second = zip(*halves.values(), strict=True)
    assert 0 < first[0] < 0.3
    assert sorted(first) == list(first)
    assert sorted(second) == list(second)
    assert (first[2], second[2]) == (pytest.approx(1, abs=0.2), 0)
    assert second[4] == 1
    # what is filled stays so
    picture = stage.picture(1.999)
    assert share(picture, stage.boxes(".ink")[0]) == 1


def test_a_sweep_touches_its_word_alone_and_every_frame_of_it(stage):
    stage.open(said("moon river wide", "karaoke"), width=1280, height=720)
    frames = [stage.picture(1 + i / 30) for i in range(27)]
    x, y, width, height = stage.boxes(".ink")[1]
    for one, other in pairwise(frames):
        rows, columns = np.nonzero((one != other).any(axis=2))
        assert rows.size
        assert x - 2 <= columns.min() <= columns.max() <= x + width + 2
        assert y - 2 <= rows.min() <= rows.max() <= y + height + 2
        assert np.ptp(columns) < 0.25 * width
    assert stage.next_change(1.95) == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("text", ["big loud words", "عالم كبير جدا"])
def test_the_word_that_is_said_stands_on_the_plate(stage, text):
    stage.open(said(text, "pop"), width=1280, height=720)
    for index in range(3):
        for t in (index + 0.3, index + 0.97):  # and after its end, until the next one begins
            picture = stage.picture(t)
            boxes = stage.boxes(".ink")
            plates = [near(inside(picture, box), BLUE).mean() > 0.4 for box in boxes]
            assert plates == [at == index for at in range(3)]


@pytest.mark.parametrize("color", ["#ffe14d", "#20206a", "#ff3355"])
def test_the_word_on_the_plate_can_be_read_whatever_the_colour(stage, color):
    talk = said("big words", "pop")
    talk["speakers"]["mina"]["color"] = color
    picture = stage.open(talk, width=1280, height=720).picture(0.8)
    x, y, width, height = stage.boxes(".ink")[0]
    spare = 0.1 * height
    plate = inside(picture, (x + spare, y + spare, width - 2 * spare, height - 2 * spare))
    levels = luminance(plate[..., :3]).ravel()
    low, high = np.quantile(levels, [0.02, 0.98])
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_a_higher_voice_springs_higher_and_comes_to_rest(stage):
    heights = {}
    for pitch in (-6, 0, 6):
        stage.open(said("Hello there", "bounce", pitch=(pitch, 0)), width=1280, height=720)
        tops = []
        for t in np.arange(0, 0.7, 0.02):
            stage.seek(float(t))
            tops.append(stage.boxes(".ink")[0][1])
        heights[pitch] = tops[-1] - min(tops)
        assert tops[0] > tops[-1]
        assert tops[-1] == tops[-2]
    em = 0.066 * 720
    assert heights[-6] < heights[0] - 0.06 * em < heights[6] - 0.12 * em


@pytest.mark.parametrize("style", ["intention", "pop", "bounce"])
def test_a_word_that_stands_out_moves_further(stage, style):
    tops = {}
    for emphasis in (0.0, 1.0):
        talk = said("No there", style)
        talk["cues"][0]["words"][0]["emphasis"] = emphasis
        stage.open(talk, width=1280, height=720)
        found = []
        for t in np.arange(0, 0.5, 0.02):
            stage.seek(float(t))
            found.append(stage.boxes(".ink")[0][1])
        tops[emphasis] = min(found)
    assert tops[0.0] - tops[1.0] > 0.3


def test_what_is_yet_to_be_said_is_hidden_and_its_place_kept(stage):
    for strength, shown in ((1, 0), (0.5, 128), (0, 255)):
        talk = said("here there", "bounce")
        talk["style"]["strength"] = strength
        stage.open(talk, width=1280, height=720)
        picture = stage.picture(0.9)
        here, there = stage.boxes(".word")
        assert int(inside(picture, there)[..., 3].max()) == pytest.approx(shown, abs=2)
        assert inside(picture, here)[..., 3].max() == 255
        stage.seek(1.9)
        assert stage.boxes(".word") == [here, there]


def luminance(rgb):
    """Relative luminance (WCAG 2) of RGB 0..255."""
    part = np.asarray(rgb, float) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def grown(mask, by):
    padded = np.pad(mask, by)
    rows, columns = mask.shape
    shifts = [
        (dy, dx)
        for dy in range(2 * by + 1)
        for dx in range(2 * by + 1)
        if (dy - by) ** 2 + (dx - by) ** 2 <= by**2
    ]
    return np.any([padded[dy : dy + rows, dx : dx + columns] for dy, dx in shifts], axis=0)


BACKDROPS = {
    "light": np.full((1080, 1920, 3), 250),
    "dark": np.full((1080, 1920, 3), 8),
    "busy": np.random.default_rng(7).integers(0, 2, (270, 480, 1)).repeat(4, 0).repeat(4, 1)
    * np.full(3, 255),
}  # fmt: skip


@pytest.mark.parametrize("box", [None, 0.0])
@pytest.mark.parametrize("style", STYLES)
def test_letters_stand_out_on_any_picture(stage, style, box):
    overrides = {} if box is None else {"box": box}
    shown = scenario(cue("HELLO there", 0, 2), style=style, **overrides)
    whole = stage.open(shown, width=1920, height=1080).picture(1.9)
    x, y, width, height = stage.boxes(".ink")[0]
    window = (x - 9, y, width + 18, height)
    picture = inside(whole, window)
    alpha = picture[..., 3:] / 255
    # white, or the speaker's once it was said
    letters = near(picture, np.array([255, 255, 255])) | near(picture, BLUE)
    around = grown(letters, 3) & ~grown(letters, 1)
    for name, backdrop in BACKDROPS.items():
        levels = luminance(picture[..., :3] * alpha + inside(backdrop, window) * (1 - alpha))
        dimmest, brightest = np.quantile(levels[letters], 0.1), np.quantile(levels[around], 0.9)
        assert (dimmest + 0.05) / (brightest + 0.05) >= 4.5, name


PLACES = """(times) => times.map((t) => {
  stage.seek(t);
  const box = (one) => one.getBoundingClientRect();
  const sides = (r) => [r.x, r.y, r.right, r.bottom];
  const inks = [...root.querySelectorAll(".ink")];
  return {
    words: [...root.querySelectorAll(".word")].map(box).map(sides),
    inks: inks.filter((one) => getComputedStyle(one).opacity > 0).map(box).map(sides),
  };
})"""


@pytest.mark.parametrize(("style", "size"), each_with_some(STYLES, SIZES))
def test_words_keep_their_places_and_never_touch(stage, style, size):
    times = [i / 25 for i in range(50)]
    for text in TEXTS.values():
        loud = cue(text, 0, 2, loudness=LOUD, pitch=PITCH)
        stage.open(scenario(loud, style=style), width=size[0], height=size[1])
        states = stage.page.evaluate(PLACES, times)
        words = [state["words"] for state in states]
        assert all(np.allclose(places, words[0], atol=0.01) for places in words)
        for t, state in zip(times, states, strict=True):
            for a, b in combinations(state["inks"], 2):
                across = min(a[2], b[2]) - max(a[0], b[0])
                down = min(a[3], b[3]) - max(a[1], b[1])
                least = min(a[3] - a[1], b[3] - b[1])
                # where no space parts two words, their letters stand that far inside
                assert across < 0.1 * least + 1 or down < 0.25 * least, (text, t)


def test_a_word_of_its_own_colour_weight_and_size_in_every_style(stage):
    plain = word("HHH", 0.0, 1.0)
    for style in STYLES:
        drawn = {}
        for name, value in (("", None), ("color", "#ff0000"), ("weight", 300), ("scale", 1.5)):
            one = {**plain, "style": {name: value}} if name else plain
            stage.open(scenario({**cue("x", 0, 1), "words": [one]}, style=style))
            drawn[name] = stage.picture(0.99)
        red = near(drawn["color"], np.array([255, 0, 0])).sum()
        assert red > 50, style
        assert not np.array_equal(drawn["weight"], drawn[""]), style
        assert drawn["scale"].shape == drawn[""].shape
        assert (drawn["scale"][..., 3] > 0).sum() > (drawn[""][..., 3] > 0).sum(), style
