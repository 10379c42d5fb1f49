from fractions import Fraction

from ecg.render.engine.plan import FrameTimes
from ecg.render.engine.resample import resampling


def times(pts, unit=Fraction(1, 1000), origin=0):
    return FrameTimes(tuple(pts), unit, Fraction(origin))


def test_each_frame_shows_what_stands_at_its_time():
    made = resampling(times([0, 100, 150, 400, 900]), Fraction(10), Fraction(10))
    assert made.shown == (0, 1, 2, 2, 3, 3, 3, 3, 3, 4)
    assert made.times.seconds() == [number / 10 for number in range(10)]
    assert [list(made.shows(number)) for number in range(5)] == [
        [0], [1], [2, 3], [4, 5, 6, 7, 8], [9],
    ]  # fmt: skip


def test_a_clock_that_rounds_repeats_and_drops_nothing():
    for rate in (Fraction(30), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)):
        pts = [round(number / rate * 1000) for number in range(500)]
        made = resampling(times(pts), rate, rate)
        assert made.shown == tuple(range(500))


def test_a_start_is_kept_and_steps_are_all_equal():
    ntsc = Fraction(30000, 1001)
    made = resampling(times(range(126_000, 216_000, 3600), Fraction(1, 90_000)), Fraction(25), ntsc)
    first, *rest = made.times.pts
    assert first * made.times.time_base == Fraction(7, 5)
    assert [pts - first for pts in rest] == [3003 * number for number in range(1, 30)]
    assert made.times.time_base == Fraction(1, 90_000)


def test_half_and_twice_the_rate():
    fifty = times(range(50), Fraction(1, 50))
    assert resampling(fifty, Fraction(50), Fraction(25)).shown == tuple(range(0, 50, 2))
    doubled = resampling(fifty, Fraction(50), Fraction(100)).shown
    assert doubled == tuple(number // 2 for number in range(100))
    assert resampling(times([7]), Fraction(25), Fraction(1)).shown == (0,)
