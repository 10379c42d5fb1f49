"""Caption frames against kept pictures, named by style, text, shape, millisecond and strength.

`make golden` draws them anew: look at every one that changed. The bands are wide enough for
another version of the browser and narrow enough that a moved, missing or restyled word falls
outside; the last tests hold them to that.
"""

import enum
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.golden.texts import SHAPES, TEXTS, shown
from tests.integration.stage.pages import STYLES

FRAMES = Path(__file__).parent / "frames"
GREY = 118
STEP = 8
# the word that is being said; None: the last moment, with all said
MOMENTS = {
    "latin": (5, None),
    "korean": (1,),
    "mixed": (4,),
    "arabic": (5,),
    "japanese": (1,),
}


def moment(style, text, index):
    """Seconds: in the middle of a word's motion, or of its sweep."""
    if index is None:
        return 3.999
    said = TEXTS[text][0]["words"][index]
    part = 0.45 * (said["end"] - said["start"]) if style == "karaoke" else 0.085
    return round(said["start"] + part, 3)


def case(style, text, shape, index, strength=1.0):
    kept = strength == 1 and shape != "square" and text != "japanese"
    values = (style, text, shape, moment(style, text, index), strength)
    return pytest.param(*values, id=name_of(*values), marks=[] if kept else pytest.mark.full)


def name_of(style, text, shape, t, strength=1.0):
    weaker = "" if strength == 1 else f"-{strength:g}"
    return f"{style}-{text}-{shape}-{round(t * 1000):04d}{weaker}.webp"


CASES = [
    case(style, text, shape, index)
    for style in STYLES
    for text, indices in MOMENTS.items()
    for shape in SHAPES
    for index in indices[: None if text == "latin" and shape != "square" else 1]
] + [
    case(style, text, "wide", MOMENTS[text][0], strength)
    for style in STYLES
    for text in ("latin", "arabic")
    for strength in (0, 0.5)
]


class Band(enum.Enum):
    """How near two pictures are, as the largest difference (0..255) of any block of 4 × 4
    pixels. On one machine it is 4 at most, from the steps that keep the files small; edges drawn
    a fifth of a pixel off give 15, a whole pixel 55."""

    OK = 16
    BAD = 48
    FAIL = 255


def band(seen, kept):
    """Compares two pictures over grey. BAD passes, and says so: someone should look."""
    if seen.shape != kept.shape:
        return Band.FAIL, 255
    worst = float(np.abs(blocks(seen) - blocks(kept)).max())
    return next(one for one in Band if worst <= one.value), worst


def blocks(picture):
    height, width = picture.shape[:2]
    return picture.reshape(height // 4, 4, width // 4, 4, 3).mean(axis=(1, 3))


def over_grey(rgba):
    alpha = rgba[..., 3:].astype(float) / 255
    return rgba[..., :3] * alpha + GREY * (1 - alpha)


def draw(stage, style, text, shape, t, strength=1.0):
    width, height = SHAPES[shape]
    stage.open(shown(style, text, strength), width=width, height=height)
    return over_grey(stage.picture(t))


def kept(name):
    return np.asarray(Image.open(FRAMES / name).convert("RGB")).astype(float)


def keep(name, picture):
    FRAMES.mkdir(exist_ok=True)
    steps = (np.rint(picture / STEP) * STEP).clip(0, 255).astype(np.uint8)
    Image.fromarray(steps).save(FRAMES / name, lossless=True)


@pytest.mark.parametrize(("style", "text", "shape", "t", "strength"), CASES)
def test_frame(request, stage, style, text, shape, t, strength):
    picture = draw(stage, style, text, shape, t, strength)
    name = name_of(style, text, shape, t, strength)
    if request.config.getoption("--golden-rewrite", default=False):
        keep(name, picture)
        return
    found, worst = band(picture, kept(name))
    if found is not Band.OK:
        print(f"{name}: {found.name}, {worst:.1f}")
    assert found is not Band.FAIL, f"{name}: differs by {worst:.1f}; make golden, and look"


def test_every_kept_frame_is_drawn():
    assert {path.name for path in FRAMES.iterdir()} == {case.id for case in CASES}


LOOKS = [
    ".ink { font-weight: 300 !important }",
    ".cue { margin-top: 3px }",
    ".word:nth-of-type(2) { visibility: hidden }",
    ".cue { padding-inline: 3em }",
    ".ink { color: #ff8080 !important }",
    ".stage { font-family: 'Noto Sans JP Variable' !important }",
]


@pytest.mark.parametrize(
    ("style", "css"),
    [(style, css) for style in STYLES for css in LOOKS[: 6 if style == "intention" else 2]],
)
def test_a_change_of_the_look_falls_outside(stage, style, css):
    t = 3.999
    picture = over_grey(stage.open(shown(style, "latin"), css=css).picture(t))
    assert band(picture, kept(name_of(style, "latin", "wide", t)))[0] is Band.FAIL


@pytest.mark.parametrize("style", [style for style in STYLES if style != "broadcast"])
def test_another_moment_falls_outside(stage, style):
    t = moment(style, "korean", 1)
    picture = draw(stage, style, "korean", "wide", t - 0.07)
    assert band(picture, kept(name_of(style, "korean", "wide", t)))[0] is Band.FAIL


@pytest.mark.parametrize("style", ["intention", "broadcast"])
def test_a_fifth_of_a_pixel_does_not(stage, style):
    t = 3.999
    css = ".stage { transform: translate(0.2px, 0.2px) }"
    picture = over_grey(stage.open(shown(style, "latin"), css=css).picture(t))
    found, worst = band(picture, kept(name_of(style, "latin", "wide", t)))
    assert found is not Band.FAIL
    assert worst > 0
