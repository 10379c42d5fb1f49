"""What the styles look like: one strip of frames for each, drawn as a render draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, cast

import av
import av.codec
import numpy as np
from numpy.typing import NDArray

from ecg.captions.scenario import (
    Cue,
    CueWord,
    Overrides,
    Point,
    Scenario,
    SpeakerLook,
    StyleChoice,
)
from ecg.captions.styles import Style, load_style
from ecg.render.engine.browser import Browser
from ecg.render.engine.capture import Drawing
from ecg.render.engine.pixels import Bytes
from ecg.render.engine.plan import FrameTimes, Span
from ecg.render.engine.run import captured

WIDTH, HEIGHT = 480, 216
"""Pixels of one frame. A strip has three, side by side."""

_WORD = 0.5
_LASTS = 5.0
"""Seconds that a word and a line of talk take."""


class Line(NamedTuple):
    """One line of talk: words with their loudness (dB) and pitch (semitones), the number of the
    word that is being said, the speaker's colour, and what it stands on: the picture's lower
    and upper colour and that of lights in it (RGB)."""

    words: tuple[tuple[str, float, float], ...]
    said: int
    color: str
    ground: tuple[int, int, int]
    sky: tuple[int, int, int]
    lights: tuple[int, int, int]


LINES = (
    Line(
        (("They", -2, 0), ("said", 0, 2), ("it", -3, -1), ("could", 1, 1), ("never", 8, 5),
         ("work", 0, -4)),
        4, "#f5b14b", (14, 22, 38), (52, 66, 92), (236, 178, 110),
    ),
    Line(
        (("그런데", 0, 1), ("우리가", -3, -2), ("정말", 8, 5), ("해냈어요", 2, -3), ("🎉", 4, 0)),
        2, "#56b4e9", (96, 42, 50), (214, 148, 110), (255, 226, 160),
    ),
    Line(
        (("قالوا", 0, 1), ("إنه", -3, -2), ("مستحيل", 7, 5), ("تماماً", 1, -3)),
        2, "#7bd88f", (198, 206, 200), (240, 238, 228), (255, 255, 255),
    ),
)  # fmt: skip
"""Loud and soft, high and low, in three scripts, on a dark, a busy and a light picture."""


def preview(browser: Browser, names: Sequence[str], check: Callable[[], None]) -> Bytes:
    """Strips of the named styles below one another, each with its title: RGB,
    ``len(names)`` · ``HEIGHT`` × 3 · ``WIDTH``. ``check`` may raise meanwhile.

    Raises ``NotFound`` for an unknown style, ``EngineFailed``.
    """
    styles = [load_style(name) for name in names]
    titles = _captions(browser, _titles(styles), [n + 0.5 for n in range(len(styles))], check)
    pictures = [_picture(line) for line in LINES]
    strips: list[Bytes] = []
    for style, title in zip(styles, titles, strict=True):
        drawn = _captions(browser, _talk(style), _moments(), check)
        frames = [_over(picture, shown) for picture, shown in zip(pictures, drawn, strict=True)]
        frames[0] = _over(frames[0], title)
        strips.append(np.hstack(frames))
    return np.vstack(strips)


def encode_png(rgb: Bytes) -> bytes:
    """Rows × columns × 3 RGB → PNG file."""
    encoder = cast(Any, av.codec.CodecContext.create("png", "w"))
    encoder.height, encoder.width = rgb.shape[:2]
    encoder.pix_fmt, encoder.time_base = "rgb24", Fraction(1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _moments() -> list[float]:
    """A third into the word that is being said: in full swing, in every style."""
    return [n * _LASTS + line.said * _WORD + 0.33 * _WORD for n, line in enumerate(LINES)]


def _talk(style: Style) -> Scenario:
    """The lines one after another; of each as many words at a time as the style shows."""
    cues: list[Cue] = []
    for number, line in enumerate(LINES):
        most = style.paging.words or len(line.words)
        first = line.said // most * most
        words = tuple(
            _word(number * _LASTS + place * _WORD, *line.words[place])
            for place in range(first, min(first + most, len(line.words)))
        )
        cues.append(
            Cue(
                id=f"c{number}", kind="speech", start=words[0].start, end=words[-1].end,
                speaker=f"s{number}", region=None, words=words,
            )
        )  # fmt: skip
    return Scenario(
        version=1,
        style=StyleChoice(style.name, overrides=Overrides(size=2, position="middle")),
        speakers={f"s{n}": SpeakerLook("", line.color, 160) for n, line in enumerate(LINES)},
        cues=tuple(cues),
    )


def _word(start: float, text: str, loudness: float, pitch: float) -> CueWord:
    return CueWord(text=text, start=start, end=start + 0.92 * _WORD, loudness=loudness, pitch=pitch)


def _titles(styles: Sequence[Style]) -> Scenario:
    """The title of each style in the corner for a second."""
    corner = Point(0.03, 0.06, "top-left")
    cues = tuple(
        Cue(
            id=f"c{n}", kind="speech", start=n, end=n + 1, speaker=None, region=corner,
            words=(_word(n, style.title, 0, 0),),
        )
        for n, style in enumerate(styles)
    )  # fmt: skip
    choice = StyleChoice("broadcast", overrides=Overrides(size=1.4, box=0))
    return Scenario(version=1, style=choice, speakers={}, cues=cues)


def _captions(
    browser: Browser, scenario: Scenario, seconds: Sequence[float], check: Callable[[], None]
) -> list[Bytes]:
    """What is shown at each of the ``seconds``: rows × columns × 4 RGBA."""
    pts = tuple(round(moment * 1000) for moment in seconds)
    drawing = Drawing(
        scenario, WIDTH, WIDTH, HEIGHT, FrameTimes(pts, Fraction(1, 1000), Fraction(0))
    )
    shown = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    pictures: list[Bytes] = []
    with captured(browser, drawing, [Span(0, len(pts))], check) as drawn:
        while len(pictures) < len(pts):
            patch = drawn.patch()
            if not patch.changed.empty:
                shown[patch.changed.window] = patch.pixels
            pictures += [shown.copy()] * (patch.until - patch.first)
    return pictures


def _picture(line: Line) -> Bytes:
    """A scene out of focus: light from above, discs of light around the middle."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) / HEIGHT
    lower, upper, light = (
        np.array(color, np.float32) for color in (line.ground, line.sky, line.lights)
    )
    scene = lower + (upper - lower) * ((1 - y) * (0.75 + 0.25 * np.sin(2.4 * x)))[..., None]
    for number in range(26):
        # the golden ratio spreads them without a pattern
        across = (number * 0.618034) % 1 * WIDTH / HEIGHT
        down = (number * 0.381966 + 0.17 * number**0.5) % 1
        radius = 0.05 + 0.11 * ((number * 0.7548777) % 1)
        away = np.hypot(x - across, y - down)
        inside = np.clip((radius - away) / 0.012, 0, 1)[..., None]
        scene += (light - scene) * inside * (0.10 + 0.16 * ((number * 0.5698403) % 1))
    return np.rint(scene).clip(0, 255).astype(np.uint8)


def _over(picture: Bytes, rgba: Bytes) -> Bytes:
    """Captions laid over a picture."""
    alpha: NDArray[np.floating] = rgba[..., 3:].astype(np.float32) / 255
    return np.rint(rgba[..., :3] * alpha + picture * (1 - alpha)).astype(np.uint8)
