"""Decoding and speech regions: everything stays on the file's own clock."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ecg.analysis.engine.decode import RATE, Sound, decode
from ecg.analysis.engine.regions import BLOCK, pieces
from ecg.kernel.errors import MediaRefused

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"


def tone_file(path: Path, tones: list[tuple[float, float]], begin: float = 0.0) -> Path:
    """A Matroska file whose picture begins at ``begin`` and whose sound is a tone in each
    (start, end) of ``tones``, nothing at all in between."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            frame.pts, frame.time_base = number + round(begin * 25), Fraction(1, 25)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start, end in tones:
            for at in range(round(start * RATE), round(end * RATE), 1600):
                wave = 8000 * np.sin(np.arange(1600) * 0.4)
                piece = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], "s16", "mono")
                piece.sample_rate, piece.pts, piece.time_base = RATE, at, Fraction(1, RATE)
                out.mux(audio.encode(piece))
    return path


def sounding(sound: Sound) -> list[tuple[float, float]]:
    """Spans of a tone in seconds, to 10 ms."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    loud = np.concatenate(([False], np.abs(frames).max(axis=1) > 0.05, [False]))
    edges = np.flatnonzero(np.diff(loud.astype(int)))
    return [(start / 100, end / 100) for start, end in edges.reshape(-1, 2)]


@pytest.mark.parametrize("begin", [0.0, 5.0])
def test_late_sound_and_holes_keep_their_times(tmp_path: Path, begin: float) -> None:
    spans = [(0.5, 0.9), (1.4, 1.8)]
    path = tone_file(tmp_path / "holes.mkv", [(a + begin, b + begin) for a, b in spans], begin)
    found = sounding(np.concatenate(list(decode(path, 0))))
    assert len(found) == 2
    for one, other in zip(found, spans, strict=True):
        assert one == pytest.approx(other, abs=0.021)


def test_every_container_gives_the_same_sound() -> None:
    one = np.concatenate(list(decode(MEDIA / "jfk.flac", 0)))
    other = np.concatenate(list(decode(MEDIA / "jfk_720p30.mp4", 0)))
    size = min(len(one), len(other))
    assert abs(len(one) - len(other)) < RATE // 10
    assert np.corrcoef(one[:size], other[:size])[0, 1] > 0.99


def test_a_file_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        out.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        out.mux(video.encode(None))
    with pytest.raises(MediaRefused, match=r"talk\.mp4: has no sound track"):
        list(decode(path, 0))


def test_a_sound_track_that_does_not_exist_is_refused() -> None:
    with pytest.raises(MediaRefused, match="only one sound track, numbered from 0; sound track 2"):
        list(decode(MEDIA / "jfk_720p30.mp4", 2))


def test_a_long_file_is_cut_only_where_it_is_silent() -> None:
    speech = np.concatenate(list(decode(MEDIA / "jfk.flac", 0)))
    times = 3 * BLOCK // len(speech)
    steps = list(pieces(speech for _ in range(times)))
    found = [window for piece in steps for window in piece.windows]
    assert len(steps) > 2
    assert steps[-1].end == times * len(speech)
    assert all(one.end == other.start for one, other in itertools.pairwise(steps))
    assert all(len(window.sound) <= 30 * RATE for window in found)
    regions = [(w.start + a, w.start + b) for w in found for a, b in w.regions]
    assert regions == sorted(regions)
    alone = np.zeros(len(speech), bool)
    for window in next(pieces([speech])).windows:
        for start, end in window.regions:
            alone[window.start + start : window.start + end] = True
    together = np.zeros(times * len(speech), bool)
    for start, end in regions:
        together[start:end] = True
    same = together.reshape(times, -1) == alone
    assert same.mean() > 0.97


def test_pauses_are_all_that_is_no_speech() -> None:
    sound = np.concatenate(list(decode(MEDIA / "jfk.flac", 0)))
    piece = next(pieces([sound]))
    spoken = np.zeros(len(sound), bool)
    for window in piece.windows:
        for start, end in window.regions:
            spoken[window.start + start : window.start + end] = True
    for start, end in piece.pauses(1):
        assert not spoken[start:end].any()
        spoken[start:end] = True
    assert spoken.all()
    assert all(end - start >= RATE for start, end in piece.pauses(RATE))


def test_windows_do_not_depend_on_how_sound_arrives() -> None:
    speech = np.concatenate(list(decode(MEDIA / "jfk.flac", 0)))
    whole = next(pieces([speech])).windows
    split = next(pieces(np.array_split(speech, 37))).windows
    assert [w.regions for w in whole] == [w.regions for w in split]


@pytest.mark.parametrize("blocks", [[], [np.zeros(0, np.float32)], [np.zeros(100, np.float32)]])
def test_next_to_nothing_is_no_speech(blocks: list[Sound]) -> None:
    assert [piece.windows for piece in pieces(blocks)] == [[]]


def test_sound_that_changes_its_form_on_the_way_is_heard_on(tmp_path: Path) -> None:
    path = tmp_path / "broadcast.ts"
    parts = [tmp_path / "stereo.ts", tmp_path / "mono.ts"]
    for part, (rate, layout), begin in zip(
        parts, [(48000, "stereo"), (32000, "mono")], [0, 1], strict=True
    ):
        with av.open(str(part), "w") as out:
            audio = out.add_stream("mp2", rate=rate, layout=layout)
            for at in range(0, rate, 1000):
                wave = (8000 * np.sin(np.arange(1000) * 0.2)).astype(np.int16)
                channels = audio.codec_context.channels
                sound = np.repeat(wave, channels)[None]
                piece = av.AudioFrame.from_ndarray(sound, "s16", layout)
                piece.sample_rate, piece.pts = rate, begin * rate + at
                piece.time_base = Fraction(1, rate)
                out.mux(audio.encode(piece))
            out.mux(audio.encode(None))
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    blocks = list(decode(path, 0))
    (span,) = sounding(np.concatenate(blocks))
    assert span == pytest.approx((0.0, 2.0), abs=0.1)
