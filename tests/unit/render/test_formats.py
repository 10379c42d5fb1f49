from fractions import Fraction

import pytest

from ecg.kernel.errors import InputRefused
from ecg.render.formats import check_height, frame_rate, size_at


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ("25", Fraction(25)),
        ("30000/1001", Fraction(30000, 1001)),
        ("23.976", Fraction(2997, 125)),
        ("23.976024", Fraction(24000, 1001)),
        (29.97002997, Fraction(30000, 1001)),
        (12.5, Fraction(25, 2)),
        (1, Fraction(1)),
        ("240", Fraction(240)),
    ],
)
def test_a_rate_is_a_number_or_a_fraction(given, rate):
    assert frame_rate(given) == rate
    assert frame_rate(str(rate)) == rate


@pytest.mark.parametrize(
    "given", ["0", "-25", "25/0", "241", "0.5", "1e2", "nan", "", "fast", "25fps", "1/2/3", 1e300]
)
def test_anything_else_is_refused_with_what_is_allowed(given):
    with pytest.raises(InputRefused, match="from 1 to 240, as 25 or 30000/1001"):
        frame_rate(given)


def test_heights_are_even_and_within_bounds():
    assert [check_height(given) for given in ("64", 720, "4096")] == [64, 720, 4096]
    for given in (0, -2, 62, 721, 4098, "tall", "720p", "", "7²"):
        with pytest.raises(InputRefused, match="an even number of pixels from 64 to 4096"):
            check_height(given)


def test_the_width_keeps_the_shape_and_both_sides_are_bounded():
    assert size_at(720, (1920, 1080), 4096) == (1280, 720)
    assert size_at(480, (1920, 1080), 4096) == (854, 480)
    assert size_at(1280, (1080, 1920), 4096) == (720, 1280)
    assert size_at(64, (2, 4000), 4096) == (2, 64)
    with pytest.raises(InputRefused, match=r"picture 4266 x 2400; .* at most 4096"):
        size_at(2400, (1920, 1080), 4096)
