"""What the encoder is given: the source bit for bit, and on it what the browser shows."""

from fractions import Fraction

import av
import numpy as np
import pytest

from ecg.render.engine.plan import Span
from ecg.render.engine.run import captured, prepare
from ecg.render.interfaces import RenderJob
from tests.integration.render.videos import cue, decoded_planes, matrix_of, scenario, shown_frame

FORMATS = ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"]
TURNED = {f"turned by {angle}": {"rotation": angle} for angle in (90, 180, 270)}
HDR = {
    name: {
        "codec": "libx265",
        "pixel_format": "yuv420p10le",
        "tags": {"color_range": 1, "colorspace": 9, "color_primaries": 9, "color_trc": transfer},
        "options": [("preset", "ultrafast"), ("x265-params", "log-level=error")],
    }
    for name, transfer in (("PQ", 16), ("HLG", 18))
}
FIELDS = {
    "interlaced": {
        "size": (480, 272),
        "options": [("flags", "+ildct+ilme"), ("x264-params", "tff=1")],
    }
}
CASES = {form: {"pixel_format": form} for form in FORMATS} | TURNED | HDR | FIELDS


def grown(mask, by):
    padded = np.pad(mask, by)
    rows, columns = mask.shape
    parts = [
        padded[y : y + rows, x : x + columns] for y in range(2 * by + 1) for x in range(2 * by + 1)
    ]
    return np.any(parts, axis=0)


def shots(browser, task):
    """What each state looks like in a screenshot: (first frame, frame after the last, RGBA of
    the shown picture)."""
    width, height = task.video.shown_size
    picture = np.zeros((height, width, 4), np.uint8)
    span = Span(0, len(task.drawing.times.pts))
    found = []
    with captured(browser, task.drawing, [span], lambda: None) as drawn:
        while not found or found[-1][1] < span.end:
            patch = drawn.patch()
            if not patch.changed.empty:
                picture[patch.changed.window] = patch.pixels
            found.append((patch.first, patch.until, picture.copy()))
    return found


def state_at(states, number):
    """Index of the state on frame ``number``."""
    return next(i for i, (first, until, _) in enumerate(states) if first <= number < until)


def luma_over(plane, rgba, form):
    """A reference in float64 that shares no code with the compositor."""
    alpha = rgba[..., 3] / 255
    red, green, blue = np.moveaxis(signal(rgba[..., :3] / 255, form.transfer), 2, 0)
    y = form.red * red + (1 - form.red - form.blue) * green + form.blue * blue
    top = (1 << form.bits) - 1
    scaled = y * top if form.full else (16 + 219 * y) * (1 << (form.bits - 8))
    return plane * (1 - alpha) + scaled * alpha


def signal(rgb, transfer):
    """sRGB as an HDR picture codes it (ITU-R BT.2100), white at 203 cd/m²."""
    if transfer not in {"smpte2084", "arib-std-b67"}:
        return rgb
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    wide = linear @ np.linalg.solve(to_xyz(BT2020), to_xyz(BT709)).T
    if transfer == "smpte2084":
        power = (np.maximum(wide, 0) * 203 / 10_000) ** 0.1593017578125
        return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    display = np.maximum(wide, 0) * 0.203
    luminance = display @ to_xyz(BT2020)[1]
    scene = display / np.maximum(luminance, 1e-12)[..., None] ** (0.2 / 1.2)
    curve = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-12)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), curve)


# chromaticities of red, green and blue; white is D65
BT709 = [(0.640, 0.330), (0.300, 0.600), (0.150, 0.060)]
BT2020 = [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)]


def to_xyz(primaries):
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return columns * np.linalg.solve(columns, white)


def psnr(a, b, mask, top):
    error = np.mean((a[mask].astype(float) - b[mask]) ** 2)
    return np.inf if error == 0 else 10 * np.log10(top**2 / error)


@pytest.mark.parametrize("name", CASES)
def test_outside_the_source_inside_the_screenshot(name, make_video, browser, given):
    source = make_video(**{"size": (480, 270), "rate": 10, **CASES[name]})
    # the second word is long spoken at the end, so nothing moves and the screenshot is exact
    words = scenario(cue(1, 0.1, 0.9, ["hello", ("you", 6.0)]), strength=0.7)
    task = prepare(RenderJob(words, capture="screenshot"), source)
    states = shots(browser, task)
    frames, originals = given(source, words), decoded_planes(source)
    assert frames.keys() == originals.keys()
    form = task.overlay._form
    top = (1 << form.bits) - 1
    checked = 0
    for pts, planes in frames.items():
        state = state_at(states, task.drawing.times.pts.index(pts))
        shot = np.rot90(states[state][2], task.video.rotation // 90)
        ink = shot[..., 3] > 0
        outside = ~grown(ink, 4)
        assert np.array_equal(planes[0][outside], originals[pts][0][outside])
        for chroma, original in zip(planes[1:], originals[pts][1:], strict=True):
            down, across = (np.array(ink.shape) // chroma.shape).tolist()
            clean = outside[::down, ::across]
            for y in range(down):
                for x in range(across):
                    clean = clean & outside[y::down, x::across]
            assert np.array_equal(chroma[clean], original[clean])
        if ink.any() and state == len(states) - 2:
            wanted = luma_over(originals[pts][0].astype(float), shot, form)
            assert psnr(planes[0], wanted, grown(ink, 2), top) >= 48
            checked += 1
    assert checked


def test_still_captions_match_their_screenshot_at_every_frame(make_video, browser, given):
    source = make_video(size=(640, 360), rate=10)
    words = scenario(
        cue(1, 0.1, 0.5, ["plain", "words"]), cue(2, 0.5, 0.9, ["and", "more"]), style="broadcast"
    )
    task = prepare(RenderJob(words, capture="screenshot"), source)
    states = shots(browser, task)
    frames, originals = given(source, words, capture="canvas"), decoded_planes(source)
    checked = 0
    for pts, planes in frames.items():
        shot = states[state_at(states, task.drawing.times.pts.index(pts))][2]
        if (shot[..., 3] > 0).any():
            wanted = luma_over(originals[pts][0].astype(float), shot, task.overlay._form)
            assert psnr(planes[0], wanted, grown(shot[..., 3] > 0, 2), 255) >= 48
            checked += 1
    assert checked >= 8


def test_colour_of_a_caption_survives_the_conversion(make_video, draw):
    tags = {"color_range": 1, "colorspace": 1, "color_primaries": 1, "color_trc": 1}
    source = make_video(size=(640, 360), rate=10, tags=tags)
    _, output = draw(source, scenario(cue(1, 0.0, 1.0, [("MMMM", 12.0)])), quality="high")
    shown = shown_frame(output, 0.8).reshape(-1, 3).astype(int)
    yellow = np.abs(shown - [0xFF, 0xD2, 0x3F]).max(axis=1) <= 12
    assert yellow.sum() > 200


def test_colour_tags_rotation_and_pixel_shape_are_carried(make_video, draw, short):
    tags = {"color_range": 1, "colorspace": 5, "color_primaries": 5, "color_trc": 6}
    source = make_video(rate=10, tags=tags, rotation=90, aspect=None)
    _, output = draw(source, short)
    assert matrix_of(output) == matrix_of(source) is not None
    with av.open(str(output)) as file:
        frame = next(file.decode(video=0))
        found = [int(getattr(frame, name)) for name in tags]
    assert found == list(tags.values())


def test_pixels_that_are_not_square_do_not_squeeze_letters(make_video, draw, browser):
    source = make_video(size=(360, 288), rate=10, aspect=Fraction(16, 11))
    words = scenario(cue(1, 0.0, 1.0, ["O"]), style="broadcast")
    task = prepare(RenderJob(words), source)
    assert task.drawing.stage_width == round(360 * 16 / 11)
    states = shots(browser, task)
    _, output = draw(source, words)
    with av.open(str(output)) as file:
        assert file.streams.video[0].sample_aspect_ratio == Fraction(16, 11)
    last = states[-1][2]
    bright = (last[..., :3].min(axis=2) > 200) & (last[..., 3] > 200)
    rows, columns = np.nonzero(bright)
    shape = (np.ptp(columns) + 1) * 16 / 11 / (np.ptp(rows) + 1)
    assert 0.75 < shape < 1.25


@pytest.mark.parametrize("style", ["intention", "broadcast"])
def test_reuse_shows_what_capturing_every_frame_would(style, make_video, given):
    source = make_video(size=(480, 270), rate=25)
    words = scenario(
        cue(1, 0.1, 0.5, ["one", ("two", 9.0)]), cue(2, 0.48, 0.95, ["three", "four"]), style=style
    )
    reused = given(source, words, capture="canvas")
    every = given(source, words, capture="canvas", reuse=False)
    assert reused.keys() == every.keys()
    for pts, planes in reused.items():
        for plane, other in zip(planes, every[pts], strict=True):
            assert np.array_equal(plane, other)


def test_two_runs_give_the_same_bytes(make_video, draw, short):
    source = make_video()
    _, one = draw(source, short, "one.mp4")
    _, two = draw(source, short, "two.mp4")
    assert one.read_bytes() == two.read_bytes()


def test_screenshots_give_the_picture_that_the_canvas_gives(make_video, given):
    source = make_video(size=(480, 270), rate=10)
    words = scenario(cue(1, 0.1, 0.9, ["same", "picture"]), style="broadcast")
    one, other = (given(source, words, capture=way) for way in ("canvas", "screenshot"))
    for pts, planes in one.items():
        for plane, second in zip(planes, other[pts], strict=True):
            assert np.abs(plane.astype(int) - second).max() <= 3
