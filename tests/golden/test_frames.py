"""Caption frames against kept pictures, named by style, text, shape and millisecond.

`make golden` draws them anew: look at every one that changed. The bands are wide enough for
another version of the browser and narrow enough that a moved, missing or restyled word falls
outside; the last tests hold them to that.
"""

import enum
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.integration.stage.pages import cue, scenario

FRAMES = Path(__file__).parent / "frames"
GREY = 118
SHAPES = {"wide": (640, 360), "tall": (360, 640)}
TEXTS = {
    "latin": [
        cue("They told me it was impossible.", 0, 2, speaker="daniel", loudness=(-3, 2, 0, 0, 0, 9)),
        cue("So you did it anyway?", 2, 4, loudness=(0, 4)),
    ],
    "korean": [cue("그게 정말 가능하다고 생각했어요? 놀랍네요!", 0, 4, loudness=(0, 8, 0, -6, 5))],
    "mixed": [cue("정말? Absolutely 대박 🎉 그래 🇰🇷 yes!", 0, 4, loudness=(2, 7, 0, 5, -4))],
    "arabic": [cue("قالوا لي إنه hello world مستحيل، لكننا فعلناه!", 0, 4, loudness=(0, 0, 0, 0, 0, 8))],
}  # fmt: skip
# before anything is said, in the middle of a word's motion, and with all said
MOMENTS = {"latin": (0.0, 1.7, 3.999), "korean": (1.65, 3.999), "mixed": (0.61,), "arabic": (2.9,)}
CASES = [
    (style, text, shape, t)
    for style in ("intention", "broadcast")
    for text, moments in MOMENTS.items()
    for shape in SHAPES
    for t in (moments if style == "intention" else moments[-1:])
]


class Band(enum.Enum):
    """How near two pictures are, as the largest difference (0..255) of any block of 4 × 4
    pixels over grey. On one machine it is 0; edges drawn a fifth of a pixel off give 15, a
    whole pixel 55."""

    OK = 16
    BAD = 48
    FAIL = 255


def band(seen, kept):
    """Compares two RGBA pictures. BAD passes, and says so: someone should look."""
    if seen.shape != kept.shape:
        return Band.FAIL, 255
    worst = float(np.abs(blocks(seen) - blocks(kept)).max())
    return next(one for one in Band if worst <= one.value), worst


def blocks(picture):
    alpha = picture[..., 3:].astype(float) / 255
    over = picture[..., :3] * alpha + GREY * (1 - alpha)
    height, width = over.shape[:2]
    return over.reshape(height // 4, 4, width // 4, 4, 3).mean(axis=(1, 3))


def draw(stage, style, text, shape, t, **changes):
    width, height = SHAPES[shape]
    shown = scenario(*TEXTS[text], style=style, **changes)
    return stage.open(shown, width=width, height=height).picture(t)


def kept(name):
    return np.asarray(Image.open(FRAMES / name).convert("RGBA"))


def name_of(style, text, shape, t):
    return f"{style}-{text}-{shape}-{round(t * 1000):04d}.png"


@pytest.mark.parametrize("case", CASES, ids=lambda case: name_of(*case))
def test_frame(request, stage, case):
    picture = draw(stage, *case)
    name = name_of(*case)
    if request.config.getoption("--golden-rewrite", default=False):
        FRAMES.mkdir(exist_ok=True)
        data = io.BytesIO()
        Image.fromarray(picture).save(data, "PNG", optimize=True)
        (FRAMES / name).write_bytes(data.getvalue())
        return
    found, worst = band(picture, kept(name))
    if found is not Band.OK:
        print(f"{name}: {found.name}, {worst:.1f}")
    assert found is not Band.FAIL, f"{name}: differs by {worst:.1f}; make golden, and look"


def test_every_kept_frame_is_drawn():
    assert {path.name for path in FRAMES.iterdir()} == {name_of(*case) for case in CASES}


@pytest.mark.parametrize("style", ["intention", "broadcast"])
@pytest.mark.parametrize(
    "css",
    [
        ".word:nth-of-type(2) { visibility: hidden }",
        ".ink { font-weight: 300 }",
        ".cue { margin-top: 3px }",
        ".cue { padding-inline: 3em }",
        ".ink { color: #ff8080 !important }",
        ".stage { font-family: 'Noto Sans JP Variable' !important }",
    ],
)
def test_a_change_of_the_look_falls_outside(stage, style, css):
    t = 3.999
    shown = scenario(*TEXTS["latin"], style=style)
    picture = stage.open(shown, css=css).picture(t)
    assert band(picture, kept(name_of(style, "latin", "wide", t)))[0] is Band.FAIL


def test_another_moment_falls_outside(stage):
    picture = draw(stage, "intention", "korean", "wide", 1.58)
    assert band(picture, kept(name_of("intention", "korean", "wide", 1.65)))[0] is Band.FAIL


@pytest.mark.parametrize("style", ["intention", "broadcast"])
def test_a_fifth_of_a_pixel_does_not(stage, style):
    t = 3.999
    css = ".stage { transform: translate(0.2px, 0.2px) }"
    picture = stage.open(scenario(*TEXTS["latin"], style=style), css=css).picture(t)
    found, worst = band(picture, kept(name_of(style, "latin", "wide", t)))
    assert found is not Band.FAIL
    assert worst > 0
