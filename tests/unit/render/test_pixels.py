import numpy as np
import pytest

from ecg.media.info import VideoStream
from ecg.render.engine.pixels import PixelFormat, Rect, pixel_format, to_planes


def stream(**more):
    facts = {
        "index": 0, "codec": "h264", "width": 64, "height": 48, "pixel_format": "yuv420p",
        "fps": "25", "start_time": 0.0, "duration": 1.0,
    }  # fmt: skip
    return VideoStream(**{**facts, **more})


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_rectangle_holds_the_turned_pixels(rotation):
    shown = np.arange(20 * 30).reshape(20, 30)
    rect = Rect(4, 3, 7, 5)
    coded = np.rot90(shown, rotation // 90)
    part = np.rot90(shown[rect.window], rotation // 90)
    assert np.array_equal(coded[rect.turned(rotation, 30, 20).window], part)


def test_a_union_holds_both_and_nothing_adds_nothing():
    one, other = Rect(1, 2, 3, 4), Rect(10, 0, 2, 2)
    assert one.union(other) == Rect(1, 0, 11, 6)
    assert one.union(Rect()) == Rect().union(one) == one


def test_an_untagged_stream_is_bt709_from_720_lines_and_bt601_below():
    assert pixel_format(stream(height=720)).red == 0.2126
    assert pixel_format(stream(height=576)).red == 0.299
    assert pixel_format(stream(height=720, color_space="smpte170m")).red == 0.299


@pytest.mark.parametrize(("name", "full"), [("yuv420p", False), ("yuvj420p", True)])
def test_range_comes_from_the_format_or_the_tag(name, full):
    assert pixel_format(stream(pixel_format=name)).full is full
    assert pixel_format(stream(pixel_format=name, color_range="pc")).full


# ITU-R BT.601 and BT.709 8-bit limited-range codes of saturated colours, Rec. tables
KNOWN = {
    (0.299, 0.114): {
        (255, 255, 255): (235, 128, 128),
        (0, 0, 0): (16, 128, 128),
        (255, 0, 0): (81, 90, 240),
        (0, 0, 255): (41, 240, 110),
    },
    (0.2126, 0.0722): {
        (255, 255, 255): (235, 128, 128),
        (255, 0, 0): (63, 102, 240),
        (0, 255, 0): (173, 42, 26),
    },
}


@pytest.mark.parametrize("matrix", KNOWN)
@pytest.mark.parametrize(("shift_x", "shift_y"), [(1, 1), (1, 0), (0, 0)])
def test_opaque_colours_become_the_standards_codes(matrix, shift_x, shift_y):
    form = PixelFormat("yuv", 8, shift_x, shift_y, *matrix, full=False)
    for colour, codes in KNOWN[matrix].items():
        rgba = np.full((4, 4, 4), 255, np.uint8)
        rgba[..., :3] = colour
        for (behind, caption), code in zip(to_planes(rgba, form), codes, strict=True):
            assert not behind.any()
            assert np.array_equal((caption + 128) >> 8, np.full_like(caption, code))


def test_ten_bits_are_four_times_eight():
    form = PixelFormat("yuv", 10, 0, 0, 0.2126, 0.0722, full=False)
    white = np.full((2, 2, 4), 255, np.uint8)
    codes = [int((caption[0, 0] + 128) >> 8) for _, caption in to_planes(white, form)]
    assert codes == [940, 512, 512]


@pytest.mark.parametrize("full", [True, False])
def test_weights_never_overflow_sixteen_bits(full):
    form = PixelFormat("yuv", 8, 1, 1, 0.299, 0.114, full=full)
    rgba = np.random.default_rng(7).integers(0, 256, (64, 64, 4), np.uint8)
    for behind, caption in to_planes(rgba, form):
        assert (255 * behind.astype(int) + caption + 128).max() < 1 << 16


def test_nothing_leaks_out_of_transparent_pixels():
    form = PixelFormat("yuv", 8, 1, 1, 0.299, 0.114, full=False)
    rgba = np.zeros((4, 8, 4), np.uint8)
    rgba[:, :4] = (255, 0, 0, 255)
    rgba[:, 4:, 1] = 255  # green that no one sees
    for behind, caption in to_planes(rgba, form)[1:]:
        assert behind[0, 3] == 256
        assert caption[0, 3] == 0
    behind, caption = to_planes(rgba, form)[2]
    seen = caption[0, 2] / (256 - behind[0, 2])
    assert seen == pytest.approx(240, abs=1.5)
