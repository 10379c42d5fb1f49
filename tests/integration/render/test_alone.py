"""Captions alone on transparency: read back, they are what the burned video shows."""

from fractions import Fraction

import av
import numpy as np
import pytest

from ecg.kernel.errors import EngineFailed, InputRefused
from ecg.media.probe import probe
from ecg.render.engine import plan
from ecg.render.engine.run import prepare
from ecg.render.interfaces import RenderJob
from tests.integration.render.sources import beside, chapters
from tests.integration.render.videos import cue, decoded_planes, frame_times, scenario

FORMATS = {"webm-alpha": ".webm", "mov-alpha": ".mov"}
BT709 = {"color_range": 1, "colorspace": 1, "color_primaries": 1, "color_trc": 1}
WORDS = scenario(cue(1, 0.2, 0.6, ["hello", "world"]), style="broadcast")


def frames_of(path):
    """All frames with their transparency, which FFmpeg's own decoder of VP9 leaves out."""
    with av.open(str(path)) as file:
        picture = file.streams.video[0]
        if path.suffix == ".mov":
            yield from file.decode(picture)
            return
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        for packet in file.demux(picture):
            for frame in decoder.decode(packet):
                frame.time_base = picture.time_base
                yield frame


def samples(frame):
    """Y, Cb, Cr and A: samples of 8 bits' scale, and 0..1."""
    kind, scale = (np.uint16, 16) if "12le" in frame.format.name else (np.uint8, 1)
    *colours, alpha = [
        np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width].astype(float)
        for plane in frame.planes
    ]
    return [colour / scale for colour in colours], alpha / (256 * scale - 1)


def smaller(plane, like):
    """``plane`` in the size of a chroma plane: H.264's siting, weights 1-2-1 across."""
    if plane.shape == like.shape:
        return plane
    rows = (plane[::2] + plane[1::2]) / 2
    padded = np.pad(rows, ((0, 0), (1, 0)), "edge")
    return (padded[:, :-2:2] + 2 * padded[:, 1:-1:2] + padded[:, 2::2]) / 4


def laid(frame, behind):
    """The frame over the picture ``behind``, as an editor lays it."""
    colours, alpha = samples(frame)
    made = []
    for colour, under in zip(colours, behind, strict=True):
        here = smaller(colour, under)
        cover = smaller(alpha, under)
        made.append(here * cover + under * (1 - cover))
    return made


def decibels(one, other, where):
    error = np.mean((one[where] - other[where]) ** 2)
    return 10 * np.log10(255**2 / error) if error else 99.0


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("style", [pytest.param("intention", marks=pytest.mark.full), "broadcast"])
def test_over_the_source_it_is_the_burned_picture(form, style, make_video, draw, given):
    source = make_video(rate=10, size=(640, 360), tags=BT709)
    words = scenario(cue(1, 0.2, 0.6, ["hello", "world"]), style=style)
    originals, burned = decoded_planes(source), given(source, words)
    _, output = draw(source, words, f"out{FORMATS[form]}", format=form)
    found = {}
    for frame, original, wanted in zip(
        frames_of(output), originals.values(), burned.values(), strict=True
    ):
        drawn = laid(frame, original)
        ink = wanted[0] != original[0]
        if ink.any():
            found.setdefault("Y", []).append(decibels(drawn[0], wanted[0].astype(float), ink))
            chroma = wanted[1] != original[1]
            found.setdefault("C", []).append(decibels(drawn[1], wanted[1].astype(float), chroma))
        _, alpha = samples(frame)
        grown = np.pad(ink, 8)
        near = np.lib.stride_tricks.sliding_window_view(grown, (17, 17)).any(axis=(2, 3))
        assert alpha[~near].max() == 0
    assert min(found["Y"]) >= 55
    assert min(found["C"]) >= 51


TIMES = {
    "plain": {"rate": 25},
    "ntsc": {"rate": Fraction(30000, 1001)},
    "variable": {
        "pts": [0, 3003, 6006, 12012, 13000, 21021, 24024, 30030, 60060, 63063, 88000],
        "time_base": Fraction(1, 90000),
    },
    "late start": {"start": 0.52, "rate": 10},
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", TIMES)
def test_every_frame_has_its_sources_time(form, name, make_video, draw):
    source = make_video(**TIMES[name])
    result, output = draw(source, WORDS, f"out{FORMATS[form]}", format=form)
    wanted = frame_times(source)
    with av.open(str(output)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
    found = [frame.pts * frame.time_base for frame in frames_of(output)]
    # WebM counts in milliseconds
    most = Fraction(1, 2000) if form == "webm-alpha" else 0
    assert all(abs(one - other) <= most for one, other in zip(found, wanted, strict=True))
    assert result.frames == len(wanted)
    assert result.notes == ()


def test_the_files_are_what_editors_expect(make_video, draw):
    source = make_video(rate=10, rotation=90)
    for form, suffix in FORMATS.items():
        result, output = draw(source, WORDS, f"out{suffix}", format=form)
        made = probe(output).video[0]
        assert (made.width, made.height, made.rotation) == (180, 320, 0)
        assert (result.width, result.height) == (180, 320)
        assert (made.color_space, made.color_range, made.alpha) == ("bt709", "tv", True)
        with av.open(str(output)) as file:
            (picture,) = file.streams
            assert picture.codec_context.name == ("vp9" if form == "webm-alpha" else "prores")
            if form == "mov-alpha":
                assert (made.tag, picture.codec_context.profile) == ("ap4h", "4444")


@pytest.mark.parametrize("form", FORMATS)
def test_size_and_rate_can_differ_from_the_sources(form, make_video, draw):
    source = make_video(rate=10, options=[("flags", "+ildct+ilme"), ("x264-params", "tff=1")])
    result, output = draw(source, WORDS, f"out{FORMATS[form]}", format=form, height=360, fps="20")
    assert (result.width, result.height, result.frames) == (640, 360, 20)
    shown = [samples(frame)[1].max() > 0.5 for frame in frames_of(output)]
    assert shown == [0.2 <= number / 20 < 0.6 for number in range(20)]


@pytest.mark.parametrize("form", FORMATS)
def test_title_and_chapters_are_carried(form, tmp_path, draw):
    _, output = draw(beside("c.mkv", chapters)(tmp_path), WORDS, f"out{FORMATS[form]}", format=form)
    with av.open(str(output)) as file:
        assert file.metadata["title"] == "A talk"
        assert [chapter["metadata"]["title"] for chapter in file.chapters()] == ["One", "Zwölf"]


@pytest.mark.parametrize("form", FORMATS)
def test_segments_are_kept_by_format_size_and_rate(form, make_video, draw, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "SEGMENT", 1)
    source = make_video(rate=10, pts=list(range(25)), audio=None)
    kept = tmp_path / "kept"
    kept.mkdir()
    name, job = f"out{FORMATS[form]}", {"format": form, "kept": kept}
    first, output = draw(source, WORDS, name, **job)
    whole, made = output.read_bytes(), sorted(kept.iterdir())
    assert (first.kept, {path.suffix for path in made}) == (0, {FORMATS[form]})
    assert len(made) == 3
    made[1].unlink()
    second, output = draw(source, WORDS, name, **job)
    assert 0 < second.kept < 25
    assert output.read_bytes() == whole
    for other in ({"height": 90}, {"fps": "10"}, {"fps": "20"}, {"format": "mp4"}):
        assert draw(source, WORDS, "other", **{**job, **other})[0].kept == 0
    for path in kept.glob(f"*{FORMATS[form]}"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(EngineFailed, match="render again"):
        draw(source, WORDS, name, **job)


def test_the_source_is_never_decoded_for_it(make_video, draw, monkeypatch):
    monkeypatch.setattr("ecg.render.engine.run.decoded", None)
    result, _ = draw(make_video(rate=10), WORDS, "out.mov", format="mov-alpha")
    assert result.frames == 10


def test_what_cannot_be_is_refused(make_video):
    with pytest.raises(InputRefused, match="181 is no height"):
        prepare(RenderJob(WORDS, format="mov-alpha", height=181), make_video(rate=10))
