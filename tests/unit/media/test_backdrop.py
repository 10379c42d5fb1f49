"""Small frames of a video, beside what is known to be in it."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
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


def test_of_key_frames_alone_only_what_is_wanted_is_decoded(tmp_path):
    """Times and turns as a player has them, in a file that begins late and whose end is damaged."""
    path = write_video(
        tmp_path / "video.mp4",
        start=1.5,
        audio=None,
        pts=list(range(75)),
        options={"g": "1"}.items(),
    )
    whole = small_frames(path, 64, 2)
    assert whole[2] == [0, 0.52, 1.04, 1.56, 2.08, 2.6]
    with av.open(str(path)) as file:
        picked = {round(time * 25) for time in whole[2]}
        seen = [
            frame.reformat(64, 36, "rgb24")
            for n, frame in enumerate(file.decode(video=0))
            if n in picked
        ]
    for frame, pixels in zip(seen, whole[3], strict=True):
        off = np.frombuffer(pixels, np.uint8).astype(int) - frame.to_ndarray().ravel()
        assert np.abs(off).mean() < 2
    with av.open(str(path)) as file:
        at = [packet.pos for packet in file.demux(video=0) if packet.size][40]
    damaged = bytearray(path.read_bytes())
    damaged[at : at + 20_000] = b"\xff" * 20_000
    path.write_bytes(damaged)
    width, height, times, _ = small_frames(path, 64, 2)
    assert (width, height, times) == (64, 36, whole[2][: len(times)])
    assert len(times) >= 4


def test_sound_alone_has_none():
    with pytest.raises(MediaRefused, match="no picture"):
        small_frames(MEDIA / "jfk.flac", 64, 2)
