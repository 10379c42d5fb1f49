"""Small frames of a video, beside what is known to be in it."""

from itertools import pairwise
from pathlib import Path

import pytest

from ecg.kernel.errors import MediaRefused
from ecg.media.backdrop import small_frames
from tests.integration.render.videos import write_video

MEDIA = Path("tests/fixtures/media")


@pytest.mark.parametrize(
    ("rotation", "size"), [(0, (64, 36)), (90, (36, 64))], ids=["wide", "turned"]
)
def test_frames_are_small_few_and_as_they_are_shown(tmp_path, rotation, size):
    write_video(tmp_path / "video.mp4", size=(320, 180), rotation=rotation)
    width, height, times, frames = small_frames(tmp_path / "video.mp4", 64, 2)
    assert (width, height) == size
    assert times[0] == 0
    assert all(later - sooner >= 0.5 for sooner, later in pairwise(times))
    assert {len(frame) for frame in frames} == {64 * 36 * 3}


def test_sound_alone_has_none():
    with pytest.raises(MediaRefused, match="no picture"):
        small_frames(MEDIA / "jfk.flac", 64, 2)
