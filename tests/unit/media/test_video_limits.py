"""How long and how large media may be, whatever they claim."""

import errno
import os
import struct
from fractions import Fraction

import av
import av.error
import numpy as np
import pytest

from ecg.analysis.engine.decode import RATE, decode
from ecg.kernel.errors import MediaRefused
from ecg.media.info import VideoLimits
from ecg.media.opened import open_media
from ecg.media.probe import probe
from ecg.media.served import at_limit
from ecg.render.engine.run import prepare
from ecg.render.interfaces import RenderJob
from tests.integration.render.videos import cue, scenario, write_video


@pytest.fixture
def second(tmp_path):
    """One second of 160 x 90."""
    return write_video(tmp_path / "second.mp4", size=(160, 90), rate=10)


def test_a_video_that_is_too_long_is_refused(second):
    probe(second, VideoLimits(seconds=1.1))
    with pytest.raises(MediaRefused) as caught:
        probe(second, VideoLimits(seconds=0.5))
    assert caught.value.message == (
        f"{second}: is 1.0 s long; at most 0.5 s is allowed (limits.video_seconds)"
    )


def test_a_picture_that_is_too_large_is_refused(second):
    probe(second, VideoLimits(pixels=160))
    with pytest.raises(MediaRefused) as caught:
        probe(second, VideoLimits(pixels=159))
    assert caught.value.message == (
        f"{second}: its picture is 160 x 90; the longer side may have at most 159 pixels "
        "(limits.video_pixels)"
    )


def test_a_picture_that_claims_gigapixels_is_never_made_room_for(tmp_path):
    path = write_video(
        tmp_path / "bomb.mkv",
        size=(64, 48),
        rate=5,
        codec="mjpeg",
        pixel_format="yuvj420p",
        audio=None,
    )
    data = path.read_bytes()
    frame = data.index(b"\xff\xc0") + 5
    size = data[frame : frame + 4]
    assert size == bytes((0, 48, 0, 64))
    path.write_bytes(
        data.replace(b"\xff\xc0\x00\x11\x08" + size, b"\xff\xc0\x00\x11\x08" + b"\xff\xdc" * 2)
    )
    with pytest.raises(MediaRefused, match=r"65500 x 65500|cannot be decoded"):
        probe(path)
    with pytest.raises(MediaRefused, match="damaged"), open_media(path) as container:
        next(container.decode(video=0))


def write_sound(path, starts):
    """Tenths of a second of tone that begin at ``starts`` (seconds)."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        for start in starts:
            frame = av.AudioFrame.from_ndarray(np.ones((1, 800), np.int16), "s16", "mono")
            frame.sample_rate, frame.time_base = 8000, Fraction(1, 8000)
            frame.pts = start * 8000
            file.mux(stream.encode(frame))
    return path


def test_a_hole_in_the_sound_is_filled_block_by_block(tmp_path):
    path = write_sound(tmp_path / "hole.mkv", [0, 600])
    blocks = list(decode(path, 0))
    assert max(len(block) for block in blocks) <= 60 * RATE
    assert sum(len(block) for block in blocks) == pytest.approx(600.1 * RATE, abs=RATE / 25)


def test_a_hole_of_a_day_is_refused_before_it_is_filled(tmp_path):
    path = write_sound(tmp_path / "day.mkv", [0, 86_400])
    blocks = decode(path, 0)
    assert len(next(blocks)) < RATE
    with pytest.raises(MediaRefused, match=r"is 8640\d\.. s long; at most 14400 s"):
        next(blocks)


def test_frames_far_beyond_the_length_that_a_header_claims_are_refused(tmp_path):
    pts = [*range(9), 86_400 * 10]
    path = write_video(tmp_path / "day.mkv", size=(64, 48), rate=10, pts=pts, audio=None)
    data = path.read_bytes()
    claim = data.index(b"\x44\x89\x88") + 3
    path.write_bytes(data[:claim] + struct.pack(">d", 1000) + data[claim + 8 :])
    assert probe(path).duration == pytest.approx(1)
    with pytest.raises(MediaRefused, match=r"is 86400\.1 s long; at most 14400 s"):
        prepare(RenderJob(scenario(cue(1, 0.1, 0.5, ["word"]))), path)


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (MemoryError(), True),
        (np._core._exceptions._ArrayMemoryError((1,), np.dtype("u1")), True),
        (OSError(errno.EFBIG, os.strerror(errno.EFBIG)), True),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), False),
        (av.error.InvalidDataError(errno.EINVAL, "broken"), False),
        (ValueError("no"), False),
    ],
)
def test_an_error_is_told_from_a_limit(error, limit):
    assert at_limit(error) is limit


def test_a_file_that_asks_for_too_much_memory_is_refused(second):
    with (
        pytest.raises(MediaRefused, match="asks for more memory than there is"),
        open_media(second),
    ):
        av.error.err_check(-errno.ENOMEM)


def test_a_file_that_grows_too_large_is_no_fault_of_the_one_that_is_read(second):
    with pytest.raises(av.error.FFmpegError) as caught, open_media(second):
        av.error.err_check(-errno.EFBIG)
    assert at_limit(caught.value)
