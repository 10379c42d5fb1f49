"""Posters, looked at through another library than the one that made them."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ecg.kernel.errors import MediaRefused
from ecg.media.poster import poster
from tests.integration.render.videos import write_video

MEDIA = Path("tests/fixtures/media")


def opened(path):
    return Image.open(io.BytesIO(poster(path)))


@pytest.mark.parametrize(
    ("video", "size"),
    [
        ({"size": (1280, 720)}, (640, 360)),
        ({"size": (320, 180)}, (320, 180)),
        ({"size": (1280, 720), "rotation": 90}, (640, 1138)),
        ({"size": (320, 180), "rotation": 270}, (180, 320)),
        ({"size": (720, 576), "aspect": Fraction(16, 15)}, (640, 480)),
        ({"size": (320, 180), "pixel_format": "yuv420p10le"}, (320, 180)),
    ],
)
def test_a_poster_is_as_a_viewer_sees_it_and_no_wider_than_640(tmp_path, video, size):
    write_video(tmp_path / "video.mp4", **video)
    assert opened(tmp_path / "video.mp4").size == size


def test_a_poster_is_turned_the_way_a_player_turns(tmp_path):
    write_video(tmp_path / "flat.mp4")
    write_video(tmp_path / "turned.mp4", rotation=90)
    flat = np.asarray(opened(tmp_path / "flat.mp4"), dtype=int)
    turned = np.asarray(opened(tmp_path / "turned.mp4"), dtype=int)
    clockwise, counter = np.rot90(flat, -1), np.rot90(flat, 1)
    assert np.abs(turned - clockwise).mean() < 4 < np.abs(turned - counter).mean()


def test_sound_without_picture_has_no_poster():
    with pytest.raises(MediaRefused, match="no picture"):
        poster(MEDIA / "silence5.flac")
