import numpy as np
import pytest

from ecg.render.engine.light import coded
from ecg.render.engine.pixels import PixelFormat, to_planes

SRGB = np.linspace(0, 1, 256, dtype=np.float32)[:, None].repeat(3, axis=1)


def eotf_of_pq(signal):
    """cd/m², from ITU-R BT.2100, table 4, in double precision."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = np.asarray(signal, float) ** (1 / m2)
    return 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def light_of_hlg(signal):
    """cd/m² on a screen of 1000 cd/m², from ITU-R BT.2100, table 5, in double precision."""
    signal = np.asarray(signal, float)
    a, b, c = 0.17883277, 1 - 4 * 0.17883277, 0.5 - 0.17883277 * np.log(4 * 0.17883277)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ [0.2627, 0.6780, 0.0593]
    return 1000 * luminance[..., None] ** 0.2 * scene


@pytest.mark.parametrize(
    ("transfer", "light_of"), [("smpte2084", eotf_of_pq), ("arib-std-b67", light_of_hlg)]
)
def test_grey_captions_shine_as_their_srgb_says_with_white_at_203(transfer, light_of):
    shown = light_of(coded(SRGB, transfer, "bt2020"))
    linear = np.where(SRGB <= 0.04045, SRGB / 12.92, ((SRGB + 0.055) / 1.055) ** 2.4)
    assert shown == pytest.approx(203 * linear, rel=5e-3, abs=0.02)


def test_white_is_where_the_report_puts_it():
    white = np.ones((1, 3), np.float32)
    # ITU-R BT.2408, table 1: 58 % PQ and 75 % HLG
    assert coded(white, "smpte2084", "bt2020") == pytest.approx(0.58, abs=2e-3)
    assert coded(white, "arib-std-b67", "bt2020") == pytest.approx(0.75, abs=2e-3)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_ten_bit_white_has_the_code_of_its_signal(transfer):
    form = PixelFormat("yuv420p10le", 10, 1, 1, 0.2627, 0.0593, False, transfer, "bt2020")
    white = np.full((4, 4, 4), 255, np.uint8)
    signal = float(coded(np.ones((1, 3), np.float32), transfer, "bt2020")[0, 0])
    codes = [int((caption[0, 0] + 128) >> 8) for _, caption in to_planes(white, form)]
    assert codes == [round(4 * (16 + 219 * signal)), 512, 512]


# linear light of BT.709's red and green in other primaries, by the CIE's matrices
RED = {"bt2020": (0.6274, 0.0691, 0.0164), "smpte432": (0.8225, 0.0332, 0.0171)}


@pytest.mark.parametrize("primaries", RED)
def test_colours_keep_their_look_in_wider_primaries(primaries):
    red = np.array([[1, 0, 0]], np.float32)
    light = eotf_of_pq(coded(red, "smpte2084", primaries)) / 203
    assert light[0] == pytest.approx(RED[primaries], rel=0.01)
    grey = np.full((1, 3), 0.5, np.float32)
    assert coded(grey, "bt709", primaries) == pytest.approx(0.5, abs=2e-3)


def test_ordinary_pictures_take_colours_as_they_are():
    assert coded(SRGB, "bt709", "bt709") is SRGB
