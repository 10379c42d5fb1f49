"""Captions as a track of their own, instead of drawn ones or beside them."""

import av
import pytest

from ecg.kernel.errors import InputRefused, MediaRefused
from ecg.media.opened import origin
from ecg.render.app import open_engine
from ecg.render.interfaces import RenderJob
from tests.integration.render.sources import beside, captions, chapters
from tests.integration.render.videos import (
    cue,
    decoded_planes,
    frame_times,
    matrix_of,
    scenario,
    sound_packets,
)

WORDS = scenario(
    cue(1, 0.1, 0.4, ["hello", "{world}", "C:\\new"]),
    cue(2, 0.3, 0.6, ["two", "at", "once"]),
    cue(3, 0.7, 0.9, ["applause"], kind="sound"),
)
TOLD = [
    (0.1, 0.3, "hello {world} C:\\new"),
    (0.3, 0.4, "hello {world} C:\\new\ntwo at once"),
    (0.4, 0.6, "two at once"),
    (0.7, 0.9, "[applause]"),
]


def tracks(path):
    """Of each caption track: language, (start, end, text)s."""
    found = []
    with av.open(str(path)) as file:
        for stream in file.streams.subtitles:
            file.seek(0)
            found.append((stream.language, list(lines(file, stream))))
    return found


def lines(file, stream):
    for packet in file.demux(stream):
        data = bytes(packet)
        text = data[2 : 2 + int.from_bytes(data[:2])].decode().replace("\N{WORD JOINER}", "")
        if text:
            start = packet.pts * packet.time_base
            end = (packet.pts + packet.duration) * packet.time_base
            yield round(float(start), 3), round(float(end), 3), text


def picture_packets(path):
    with av.open(str(path)) as file:
        return [
            (packet.pts * packet.time_base, packet.dts * packet.time_base, bytes(packet))
            for packet in file.demux(video=0)
            if packet.size
        ]


SOURCES = {
    "plain": {},
    "b-frames": {"options": [("preset", "veryfast"), ("bf", "3")]},
    "turned": {"rotation": 90},
    "HEVC": {"codec": "libx265"},
    "late start": {"start": 0.5},
}


@pytest.mark.parametrize("name", SOURCES)
def test_instead_of_drawing_the_picture_is_copied_bit_for_bit(name, make_video, draw):
    source = make_video(rate=10, **SOURCES[name])
    result, output = draw(source, WORDS, captions="soft", language="en")
    assert picture_packets(output) == picture_packets(source)
    assert sound_packets(output) == sound_packets(source)
    assert frame_times(output) == frame_times(source)
    assert matrix_of(output) == matrix_of(source)
    with av.open(str(source)) as file:
        late = float(origin(file))  # the documents' time 0
    ((language, told),) = tracks(output)
    assert language == "eng"
    assert told == [
        (round(start + late, 3), round(end + late, 3), text) for start, end, text in TOLD
    ]
    assert (result.frames, result.states, result.encoder) == (10, 0, "copied")


def test_other_containers_are_copied_too(make_video, draw):
    for name in ("source.mkv", "source.mov", "source.ts"):
        source = make_video(name, rate=10)
        _, output = draw(source, WORDS, captions="soft", language="de")
        assert frame_times(output) == frame_times(source)
        shown = [list(decoded_planes(path).values()) for path in (source, output)]
        assert all(
            (one == other).all()
            for pair in zip(*shown, strict=True)
            for one, other in zip(*pair, strict=True)
        )
        ((language, told),) = tracks(output)
        assert language == "deu"
        assert [text for *_, text in told] == [text for *_, text in TOLD]


def test_beside_drawn_captions_the_picture_is_the_same_as_without(make_video, draw):
    source = make_video(rate=10)
    _, drawn = draw(source, WORDS, "drawn.mp4")
    _, both = draw(source, WORDS, "both.mp4", captions="both", language="ko")
    assert picture_packets(both) == picture_packets(drawn)
    assert tracks(both) == [("kor", TOLD)]


def test_the_sources_own_tracks_and_chapters_stay(tmp_path, draw):
    source = beside("more.mkv", captions("srt", "one", "two"), chapters)(tmp_path)
    _, output = draw(source, WORDS, captions="soft")
    assert [(language, [text for *_, text in told]) for language, told in tracks(output)] == [
        ("kor", ["one", "two"]),
        ("und", [text for *_, text in TOLD]),
    ]
    with av.open(str(output)) as file:
        assert len(file.chapters()) == 2


def test_letters_tell_the_language_where_one_alone_has_them(make_video, draw):
    words = scenario(cue(1, 0.1, 0.5, ["안녕하세요", "여러분"]))
    _, output = draw(make_video(rate=10), words, captions="soft")
    assert tracks(output) == [("kor", [(0.1, 0.5, "안녕하세요 여러분")])]


def test_a_picture_that_mp4_cannot_hold_is_refused_by_name(make_video, draw):
    for name, codec, audio, said in [
        ("vp8.webm", "libvpx", "libopus", "its picture is vp8"),
        ("prores.mov", "prores_ks", "aac", "its picture is prores"),
        ("h264.avi", "libx264", "mp3", "its picture is an AVI"),
    ]:
        form = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
        source = make_video(name, codec=codec, audio=audio, rate=10, pixel_format=form)
        with pytest.raises(MediaRefused, match=said):
            draw(source, WORDS, captions="soft")


async def test_what_contradicts_itself_is_refused_before_any_work(make_video, tmp_path, chromium):
    source, engine = make_video(rate=10), open_engine(chromium)
    for job, name, said in [
        ({"captions": "soft", "height": 90}, "out.mp4", "leave height and fps out"),
        ({"captions": "soft", "fps": "25"}, "out.mp4", "leave height and fps out"),
        ({"captions": "both", "format": "mov-alpha"}, "out.mov", "goes into mp4"),
        ({"format": "mov-alpha"}, "out.mp4", "must end in .mov, or the format be mp4"),
    ]:
        with pytest.raises(InputRefused, match=said):
            await engine.run(RenderJob(WORDS, **job), source, tmp_path / name, lambda _: None)
    assert engine._child._process is None
