import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ecg.kernel.errors import MediaRefused
from ecg.media.opened import open_media
from ecg.media.probe import probe

MEDIA = Path(__file__).parents[2] / "fixtures/media"
FILM = MEDIA / "jfk_720p30.mp4"


def video(path, start=0, **options):
    """A second of grey, 64 x 48, from ``start`` tenths of a second on."""
    with av.open(str(path), "w", **options) as file:
        codec = "libvpx" if path.suffix == ".webm" else "libx264"
        stream = file.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            picture = np.full((48, 64, 3), number * 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = start + number, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def test_probe_tells_what_is_in_a_video():
    info = probe(FILM)
    (picture,), (sound,) = info.video, info.audio
    assert (picture.width, picture.height, picture.rate) == (1280, 720, 30)
    assert (picture.codec, picture.pixel_format, picture.frames) == ("h264", "yuv420p", 330)
    assert (picture.rotation, Fraction(picture.sample_aspect)) == (0, 1)
    assert (sound.codec, sound.channels, sound.sample_rate) == ("aac", 2, 48000)
    assert info.duration == pytest.approx(11.0)
    assert info.size == FILM.stat().st_size


def test_probe_tells_what_is_in_a_sound_file():
    info = probe(MEDIA / "jfk.flac")
    assert info.video == ()
    assert info.duration == pytest.approx(11.0, abs=0.01)


def test_a_header_without_duration_is_measured(tmp_path):
    path = video(tmp_path / "live.webm", options={"live": "1"})
    info = probe(path)
    assert info.duration == pytest.approx(1.0, abs=0.11)
    assert info.video[0].duration == pytest.approx(1.0, abs=0.11)


def test_a_late_start_adds_nothing_to_the_duration(tmp_path):
    info = probe(video(tmp_path / "late.ts", start=50))
    assert info.video[0].start_time > 4
    assert info.duration == pytest.approx(1.0, abs=0.11)


def test_a_colon_or_percent_in_the_name_is_only_a_name(tmp_path):
    path = tmp_path / "http:%03d é 한.mp4"
    shutil.copy(FILM, path)
    assert probe(path).video[0].frames == 330


def broken(kind, folder):
    path = folder / f"{kind}.mp4"
    film = FILM.read_bytes()
    contents = {
        "empty": b"",
        "text": b"Hello, this is a letter.\n" * 50,
        "noise": np.random.default_rng(1).bytes(50_000),
        "cut": film[: len(film) // 2],
        "header": film[:4000],
        "playlist": b"#EXTM3U\n#EXTINF:1,\n" + str(FILM).encode() + b"\n",
        "concat": b"ffconcat version 1.0\nfile " + str(FILM).encode() + b"\n",
        "script": b"<html><script>1</script></html>",
    }
    if kind == "folder":
        path.mkdir()
    elif kind == "still":
        picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24")
        path = folder / "still.png"
        picture.save(path)
    elif kind == "unfinished":
        data = video(folder / "whole.mp4").read_bytes()
        path.write_bytes(data[: data.rindex(b"moov") - 4])
    elif kind != "missing":
        path.write_bytes(contents[kind])
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "does not exist"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("text", "no video or sound file"),
        ("noise", "no video or sound file"),
        ("cut", r"cut short.*50%"),
        ("header", "cut short"),
        ("unfinished", "cut short"),
        ("playlist", "no video or sound file"),
        ("concat", "no video or sound file"),
        ("script", "no video or sound file"),
        ("still", "no video or sound file"),
    ],
)
def test_what_is_no_media_is_refused_in_one_line(kind, said, tmp_path):
    path = broken(kind, tmp_path)
    with pytest.raises(MediaRefused, match=said) as caught:
        probe(path)
    assert "\n" not in caught.value.message
    assert str(path) in caught.value.message


def test_a_pipe_is_refused_without_reading_from_it():
    with pytest.raises(MediaRefused, match="no ordinary file"):
        probe(Path("/dev/zero"))


def test_damage_met_while_reading_is_refused_too(tmp_path):
    path = video(tmp_path / "whole.mkv")
    with pytest.raises(MediaRefused, match="damaged"), open_media(path):
        raise av.error.InvalidDataError(1, "broken", str(path))
