from fractions import Fraction

import numpy as np
import pytest

from ecg.captions.scenario import Cue, CueWord, Scenario, StyleChoice, check_within
from ecg.kernel.errors import DocumentInvalid, InputRefused
from ecg.render.app import check_output
from ecg.render.engine.camera import agreement
from ecg.render.engine.pixels import Rect
from ecg.render.engine.plan import FrameTimes, Span, split
from ecg.render.engine.server import read_patches

TIMES = FrameTimes((3000, 6003, 9000, 12000, 15015), Fraction(1, 90000), Fraction(3000, 90000))


def test_the_documents_begin_with_the_earliest_stream():
    assert TIMES.seconds()[0] == 0
    assert TIMES.seconds()[2] == float(Fraction(6000, 90000))


def test_spans_are_cut_by_the_sources_own_times():
    regular = FrameTimes(tuple(range(0, 45 * 512, 512)), Fraction(1, 512), Fraction(0))
    assert split(regular) == [Span(0, 20), Span(20, 40), Span(40, 45)]
    gap = FrameTimes((900, 1000, 95_000, 95_100), Fraction(1, 1000), Fraction(0))
    assert split(gap) == [Span(0, 2), Span(2, 4)]
    assert split(TIMES) == [Span(0, 5)]


def scenario(end):
    word = CueWord(text="a", start=0.0, end=end, loudness=None, pitch=None)
    cue = Cue(id="c", kind="speech", start=0.0, end=end, speaker=None, region=None, words=(word,))
    return Scenario(1, StyleChoice("intention"), {}, (cue,))


def test_a_cue_may_outlast_the_video_by_one_frame_only():
    check_within(scenario(2.04), 2.0, 0.04)
    with pytest.raises(DocumentInvalid, match=r"\$\.cues\[0\]\.end: ends at 2.1 s"):
        check_within(scenario(2.1), 2.0, 0.04)


def test_the_pages_message_is_read_as_it_was_sent():
    header = np.array([7, 9, 1, 2, 3, 2, 0, 0, 9, 9], "<i4").tobytes()
    still = np.array([9, 12, 0, 0, 0, 0, 0, 0, 9, 9], "<i4").tobytes()
    patch, other = read_patches(header + bytes(range(24)) + still)
    assert (patch.first, patch.until) == (7, 9)
    assert (patch.changed, patch.ink) == (Rect(1, 2, 3, 2), Rect(0, 0, 9, 9))
    assert patch.pixels[1, 2].tolist() == [20, 21, 22, 23]
    assert (other.first, other.until) == (9, 12)
    assert other.changed.empty


def letters(shift):
    picture = np.zeros((40, 120, 4), np.uint8)
    for column in range(10, 100, 12):
        picture[8:32, column + shift : column + shift + 4] = 255
    return picture


def test_the_check_sees_missing_letters_and_forgives_nothing_else_that_large():
    assert agreement(letters(0), letters(0)) == float("inf")
    assert agreement(letters(0), np.zeros_like(letters(0))) < 25
    assert agreement(letters(0), letters(1)) < 30
    assert agreement(np.zeros_like(letters(0)), np.zeros_like(letters(0))) == float("inf")


def test_outputs_are_refused_by_what_is_wrong_with_them(tmp_path):
    source = tmp_path / "in.mp4"
    source.touch()
    (tmp_path / "link.mp4").symlink_to(source)
    check_output(source, tmp_path / "out.mp4")
    for name, said in [
        ("in.mp4", "input itself"),
        ("link.mp4", "input itself"),
        ("", "is a folder"),
        ("no/out.mp4", "does not exist"),
        ("out.mkv", ".mp4"),
    ]:
        with pytest.raises(InputRefused, match=said):
            check_output(source, tmp_path / name)
