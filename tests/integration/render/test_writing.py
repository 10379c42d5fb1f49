"""What cannot be written is no fault of what is read."""

import resource
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from ecg.kernel.errors import EngineFailed
from ecg.media.opened import open_media
from ecg.media.probe import probe
from ecg.render.engine.encode import SegmentWriter, choose_encoding
from ecg.render.engine.join import join

FULL = Path("/dev/full")
GROWING = """
import sys
from pathlib import Path
from tests.integration.render.test_writing import copied
copied(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def copied(source, target):
    """``source``'s picture in a segment at ``target``, as a render writes it."""
    picture = probe(source).video[0]
    with open_media(source) as container:
        writer = SegmentWriter(target, picture, 0, choose_encoding("mp4", picture, "high"))
        try:
            for frame in container.decode(video=0):
                frame.time_base = Fraction(1, 25)
                writer.add(frame)
            writer.finish()
        finally:
            writer.close()


def test_a_full_disk_is_told_by_a_segment(make_video):
    with pytest.raises(EngineFailed, match="No space left"):
        copied(make_video(audio=None), FULL)


def test_a_full_disk_is_told_by_the_result(make_video, tmp_path):
    source, segment = make_video(), tmp_path / "segment.mp4"
    copied(source, segment)
    with open_media(source) as container:
        picture = container.streams.video[0]
        unit = picture.time_base
        join(tmp_path / "out.mp4", "mp4", [(segment, [0])], container, picture, unit, 1)
        container.seek(0)
        with pytest.raises(EngineFailed, match="No space left"):
            join(FULL, "mp4", [(segment, [0])], container, picture, unit, 1)


def test_a_file_that_may_grow_no_further_is_told_from_a_damaged_source(make_video, tmp_path):
    def bound():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    command = [sys.executable, "-c", GROWING, make_video(audio=None), tmp_path / "out.mp4"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, preexec_fn=bound, check=False)
    assert "File too large" in done.stderr.splitlines()[-1]
    assert "MediaRefused" not in done.stderr
