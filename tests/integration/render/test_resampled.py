"""Results of another height or at a constant rate."""

from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from ecg.kernel.errors import InputRefused
from ecg.media.probe import probe
from ecg.render.engine.run import prepare
from ecg.render.interfaces import RenderJob
from tests.integration.render.videos import (
    cue,
    decoded_planes,
    frame_times,
    matrix_of,
    picture,
    scenario,
    shown_frame,
    sound_packets,
)

VARIABLE = {
    "pts": [0, 3003, 6006, 12012, 13000, 21021, 24024, 30030, 60060, 63063, 88000],
    "time_base": Fraction(1, 90000),
}
RATES = [
    ({"rate": 25}, "50", 50),
    ({"rate": 25}, "10", 10),
    ({"rate": 24}, "30000/1001", 30),
    (VARIABLE, "25", 27),
    ({"rate": 10, "start": 0.52}, "30", 30),
    ({"rate": 25, "name": "source.mkv"}, "25", 25),
    ({"rate": 25, "name": "source.ts", "start": 1.4}, "24000/1001", 24),
]


@pytest.mark.parametrize(("options", "fps", "count"), RATES)
def test_a_constant_rate_is_exact_and_leaves_the_sound(
    options, fps, count, make_video, draw, short
):
    source = make_video(**options)
    result, output = draw(source, short, fps=fps)
    found = frame_times(output)
    assert result.frames == len(found) == count
    assert found == [frame_times(source)[0] + number / Fraction(fps) for number in range(count)]
    assert probe(output).video[0].rate == Fraction(fps)
    if source.suffix == ".mp4":
        assert sound_packets(output) == sound_packets(source)


@pytest.mark.parametrize(("options", "fps"), [(VARIABLE, "30"), ({"rate": 5}, "25")])
def test_each_frame_is_the_sources_that_stands_then(options, fps, make_video, given, short):
    source = make_video(**options)
    starts, originals = frame_times(source), list(decoded_planes(source).values())
    frames = list(given(source, short, fps=fps).values())
    drawn = []
    for number, planes in enumerate(frames):
        original = originals[bisect_right(starts, number / Fraction(fps)) - 1]
        assert all(np.array_equal(a[:40], b[:40]) for a, b in zip(planes, original, strict=True))
        drawn.append(not np.array_equal(planes[0], original[0]))
    # captions come and go at the result's own times
    assert drawn == [0.2 <= number / float(fps) < 0.8 for number in range(len(frames))]
    anew = given(source, short, reuse=False, fps=fps).values()
    assert all(
        np.array_equal(*pair)
        for one, other in zip(frames, anew, strict=True)
        for pair in zip(one, other, strict=True)
    )


def test_words_light_up_between_the_sources_frames(make_video, given):
    words = scenario(cue(1, 0.0, 0.9, ["one", "two"]))
    frames = list(given(make_video(rate=1, pts=[0]), words, fps="20").values())
    changes = [not np.array_equal(one[0], other[0]) for one, other in pairwise(frames)]
    assert changes[8]  # from 0.40 s to 0.45 s, where the second word begins
    assert not changes[6]


@pytest.mark.parametrize("height", [90, 360])
@pytest.mark.parametrize("form", ["yuv420p", "yuv422p10le", "yuv444p"])
def test_another_height_keeps_shape_times_and_picture(height, form, make_video, draw, short):
    source = make_video(pixel_format=form, rate=10)
    result, output = draw(source, short, height=height, quality="high")
    assert (result.width, result.height) == (height * 16 // 9, height)
    made = probe(output).video[0]
    assert (made.width, made.height, made.pixel_format) == (height * 16 // 9, height, form)
    assert made.color_space == "bt470bg"  # what the source's players took it for, now said
    assert frame_times(output) == frame_times(source)
    with av.open(str(output)) as file:
        first = next(file.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    wanted = picture(0, height * 16 // 9, height, "rgb24").to_ndarray().astype(int)
    assert np.abs(first - wanted).mean() < 3


def test_captions_grow_with_the_picture(make_video, draw, short):
    source = make_video(rate=10, brightness=0.2)
    boxes = {}
    for height in (90, 180, 360):
        _, output = draw(source, short, f"{height}.mp4", height=height, quality="high")
        lit = (shown_frame(output, 0.6).min(axis=2) > 75).nonzero()
        boxes[height] = [(side.min() / height, side.max() / height) for side in lit]
    assert np.allclose(boxes[90], boxes[180], atol=0.04)
    assert np.allclose(boxes[360], boxes[180], atol=0.04)


@pytest.mark.parametrize("turn", [90, 180])
def test_the_height_is_that_of_the_shown_picture(turn, make_video, draw, short):
    source = make_video(rate=10, rotation=turn)
    result, output = draw(source, short, height=200)
    assert (result.width, result.height) == ((112, 200) if turn == 90 else (356, 200))
    assert matrix_of(output) == matrix_of(source)
    assert shown_frame(output, 0.5).shape[:2] == (result.height, result.width)


def test_pixels_that_are_not_square_stay_as_wide(make_video, draw, short):
    source = make_video(rate=10, size=(180, 144), aspect=Fraction(16, 11))
    _, output = draw(source, short, height=288)
    made = probe(output).video[0]
    assert (made.width, made.height, made.sample_aspect) == (360, 288, "16/11")


def test_height_and_rate_together(make_video, draw, short):
    result, output = draw(make_video(rate=25), short, height=90, fps="12.5")
    assert (result.width, result.height, result.frames) == (160, 90, 13)
    assert frame_times(output) == [Fraction(2 * number, 25) for number in range(13)]


def test_what_cannot_be_is_refused_before_any_work(make_video, short):
    source = make_video(rate=10)
    interlaced = make_video(
        "fields.mp4", rate=10, options=[("flags", "+ildct+ilme"), ("x264-params", "tff=1")]
    )
    for path, job, said in [
        (source, {"height": 181}, "181 is no height"),
        (source, {"height": 0}, "0 is no height"),
        (source, {"height": 2400}, "picture 4266 x 2400; the longer side may have at most 4096"),
        (interlaced, {"height": 90}, "is interlaced"),
        (source, {"fps": "0"}, "0 is no frame rate"),
        (source, {"fps": "-5"}, "-5 is no frame rate"),
        (source, {"fps": "1000"}, "1000 is no frame rate"),
    ]:
        with pytest.raises(InputRefused, match=said):
            prepare(RenderJob(short, **job), path)
