"""What the encoder makes of the same frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from ecg.media.probe import probe
from ecg.render.engine.encode import SegmentWriter, choose_encoding
from tests.integration.render.videos import picture, write_video


def test_the_same_frames_are_encoded_alike(tmp_path: Path) -> None:
    """On processors with AVX-512, two of three were not."""
    source = write_video(tmp_path / "source.mp4", rate=25, pts=list(range(5)), audio=None)
    (stream,) = probe(source).video
    encoding = choose_encoding("mp4", stream, "standard")
    made: set[bytes] = set()
    for number in range(12):
        path = tmp_path / f"{number}.mp4"
        writer = SegmentWriter(path, stream, 0, encoding)
        for at in range(30):
            frame = picture(at, stream.width, stream.height, "yuv420p")
            frame.pts, frame.time_base = at, Fraction(1, 25)
            writer.add(frame)
        writer.finish()
        made.add(path.read_bytes())
    assert len(made) == 1
