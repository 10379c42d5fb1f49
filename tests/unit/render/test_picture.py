"""What pictures become, and that what needs no conversion keeps every bit."""

from fractions import Fraction

import av
import numpy as np
import pytest

from ecg.kernel.errors import MediaRefused
from ecg.media.info import VideoStream
from ecg.render.engine.picture import conformed, drawable

RANDOM = np.random.default_rng(5)


def stream(**more):
    facts = {
        "index": 0, "codec": "h264", "width": 64, "height": 48, "pixel_format": "yuv420p",
        "fps": "25", "start_time": 0.0, "duration": 1.0,
    }  # fmt: skip
    return VideoStream(**{**facts, **more})


def noise(pixel_format, bits=8, width=64, height=48):
    """A frame of noise; ``bits`` of each 16 are used, the upper ones where ``pixel_format``
    keeps them there."""
    frame = av.VideoFrame(width, height, pixel_format)
    for plane in frame.planes:
        if bits == 8:
            samples = np.frombuffer(plane, np.uint8)
            samples[:] = RANDOM.integers(0, 256, samples.size)
        else:
            samples = np.frombuffer(plane, np.uint16)
            shift = 6 if pixel_format.startswith(("p", "y2")) else 0
            samples[:] = RANDOM.integers(0, 1 << bits, samples.size) << shift
    frame.pts, frame.time_base = 7, Fraction(1, 25)
    return frame


def rows(frame, plane=0, kind=np.uint8):
    data = np.frombuffer(frame.planes[plane], kind)
    return data.reshape(frame.planes[plane].height, -1)


def conform(frame, **facts):
    picture = drawable(
        stream(pixel_format=frame.format.name, width=frame.width, height=frame.height, **facts),
        "film.mp4",
    )
    (made,) = conformed([frame], picture)
    assert (made.pts, made.time_base) == (7, Fraction(1, 25))
    assert (made.format.name, made.width, made.height) == (
        picture.pixel_format, picture.width, picture.height,
    )  # fmt: skip
    return made


def samples(frame):
    kind = np.uint16 if frame.format.name.endswith("10le") else np.uint8
    return [
        rows(frame, number, kind)[:, : plane.width] for number, plane in enumerate(frame.planes)
    ]


def taken_apart(frame):
    """Y, Cb and Cr of formats that keep them otherwise than in planes, by hand."""
    name, kind = frame.format.name, np.uint8
    shift = 0
    if name in {"p010le", "p210le", "y210le"}:
        kind, shift = np.uint16, 6
    wide = frame.width
    if name in {"yuyv422", "y210le"}:
        row = rows(frame, 0, kind)[:, : 2 * wide] >> shift
        return row[:, ::2], row[:, 1::4], row[:, 3::4]
    if name == "uyvy422":
        row = rows(frame)[:, : 2 * wide]
        return row[:, 1::2], row[:, ::4], row[:, 2::4]
    chroma = rows(frame, 1, kind)[:, :wide] >> shift
    first, second = (1, 0) if name == "nv21" else (0, 1)
    return rows(frame, 0, kind)[:, :wide] >> shift, chroma[:, first::2], chroma[:, second::2]


@pytest.mark.parametrize("color_range", ["", "tv", "pc"])
@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("nv12", "yuv420p"),
        ("nv21", "yuv420p"),
        ("nv16", "yuv422p"),
        ("yuyv422", "yuv422p"),
        ("uyvy422", "yuv422p"),
        ("p010le", "yuv420p10le"),
        ("p210le", "yuv422p10le"),
        ("y210le", "yuv422p10le"),
    ],
)
def test_other_arrangements_keep_every_sample(given, becomes, color_range):
    frame = noise(given, 10 if "10" in given else 8)
    frame.color_range = ["", "tv", "pc"].index(color_range)
    made = conform(frame, color_range=color_range)
    assert made.format.name == becomes
    assert made.color_range == frame.color_range
    for one, other in zip(samples(made), taken_apart(frame), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(("tagged", "becomes"), [("", 2), ("tv", 1), ("pc", 2)])
@pytest.mark.parametrize(("given", "bits"), [("gray", 8), ("gray10le", 10)])
def test_grey_keeps_every_sample_and_gets_neutral_chroma(given, bits, tagged, becomes):
    frame = noise(given, bits)
    frame.color_range = ["", "tv", "pc"].index(tagged)
    made = conform(frame, color_range=tagged)
    kind = np.uint16 if bits == 10 else np.uint8
    luma, *chroma = samples(made)
    assert np.array_equal(luma, rows(frame, 0, kind)[:, :64])
    assert all((plane == 1 << (bits - 1)).all() for plane in chroma)
    assert made.color_range == becomes


@pytest.mark.parametrize("given", ["yuva420p", "yuva444p"])
def test_transparency_goes_and_colour_stays(given):
    frame = noise(given)
    made = conform(frame)
    assert made.format.name == given.replace("a", "")
    for one, other in zip(samples(made), samples(frame)[:3], strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("given", ["yuv420p", "yuv422p", "yuv420p10le", "nv12"])
def test_an_odd_side_gets_its_last_line_twice(given):
    bits = 10 if "10" in given else 8
    frame = noise(given, bits, 63, 47)
    made = conform(frame)
    high = 47 if "422" in given else 48
    assert (made.width, made.height) == (64, high)
    luma = samples(made)[0]
    source = rows(frame, 0, np.uint16 if bits == 10 else np.uint8)[:, :63]
    assert np.array_equal(luma[:47, :63], source)
    assert np.array_equal(luma[:, 63], luma[:, 62])
    assert np.array_equal(luma[-1], luma[46])
    if given != "nv12":
        for one, other in zip(samples(made)[1:], samples(frame)[1:], strict=True):
            assert np.array_equal(one, other)


def test_each_field_has_whole_chroma_samples():
    picture = drawable(stream(height=46, interlaced=True), "film.mp4")
    assert picture.height == 48
    (made,) = conformed([noise("yuv420p", 8, 64, 46)], picture)
    assert made.height == 48


@pytest.mark.parametrize("given", ["rgb24", "gbrp", "bgra"])
def test_rgb_becomes_the_standards_codes(given):
    # ITU-R BT.709: red, green, blue, white, black
    codes = {(255, 0, 0): (63, 102, 240), (0, 255, 0): (173, 42, 26), (0, 0, 255): (32, 240, 118),
             (255, 255, 255): (235, 128, 128), (0, 0, 0): (16, 128, 128)}  # fmt: skip
    for colour, wanted in codes.items():
        painted = np.full((48, 64, 3), colour, np.uint8)
        frame = av.VideoFrame.from_ndarray(painted, "rgb24").reformat(format=given)
        frame.pts, frame.time_base = 7, Fraction(1, 25)
        made = conform(frame)
        assert made.format.name == "yuv444p"
        assert (made.colorspace, made.color_range) == (1, 1)
        found = [int(plane[20, 20]) for plane in samples(made)]
        assert found == pytest.approx(wanted, abs=1)


def test_more_than_ten_bits_are_rounded():
    frame = noise("yuv444p12le", 12)
    made = conform(frame)
    assert made.format.name == "yuv444p10le"
    for number, plane in enumerate(samples(made)):
        deeper = rows(frame, number, np.uint16)[:, :64]
        assert np.abs(plane - deeper / 4).max() < 1


def test_frames_of_another_size_are_scaled_to_the_first():
    picture = drawable(stream(), "film.mp4")
    made = list(conformed([noise("yuv420p"), noise("yuv420p", 8, 32, 24)], picture))
    assert [(frame.width, frame.height) for frame in made] == [(64, 48)] * 2


def test_what_fits_passes_untouched():
    frame = noise("yuvj420p")
    (made,) = conformed([frame], drawable(stream(pixel_format="yuvj420p"), "a"))
    assert made is frame


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"pixel_format": "bayer_rggb8"}, "bayer_rggb8"),
        ({"pixel_format": "gbrpf32le"}, "gbrpf32le"),
        ({"pixel_format": "xyz12le"}, "xyz12le"),
        ({"pixel_format": "cuda"}, "cuda"),
        ({"color_space": "ictcp"}, "ictcp"),
        ({"color_space": "bt2020c"}, "bt2020c"),
        ({"rotation": 45}, "turned by 45"),
        ({"rotation": 180, "mirrored": True}, "mirrored"),
        ({"tag": "dvh1", "codec": "hevc"}, "Dolby Vision"),
    ],
)
def test_what_cannot_be_captioned_is_refused_by_name(facts, said):
    with pytest.raises(MediaRefused, match=said) as caught:
        drawable(stream(**facts), "film.mp4")
    assert caught.value.message.startswith("film.mp4: ")
