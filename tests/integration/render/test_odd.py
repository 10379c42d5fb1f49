"""Sources that are not plain, and browsers that cannot do what is asked."""

import re
import shutil
from fractions import Fraction

import av
import numpy as np
import pytest

from ecg.kernel.errors import MediaRefused
from ecg.media.probe import probe
from ecg.render.engine import browser as browsers
from ecg.render.engine.server import FOLDERS
from tests.integration.render.sources import (
    CC,
    SOURCES,
    beside,
    caption,
    captions,
    chapters,
    from_the_middle,
    second_sound,
    with_cea608,
)
from tests.integration.render.videos import (
    decoded_planes,
    frame_times,
    picture,
    shown_frame,
    sound_packets,
    write_video,
)


def test_frames_that_an_edit_list_hides_stay_hidden(make_video, draw, short, tmp_path):
    whole = make_video("whole.mp4", rate=25)
    source = tmp_path / "trimmed.mp4"
    with av.open(str(whole)) as file, av.open(str(source), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in file.streams}
        for packet in file.demux():
            if packet.size:
                packet.pts -= round(Fraction(1, 5) / packet.time_base)
                packet.dts -= round(Fraction(1, 5) / packet.time_base)
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    assert len(frame_times(source)) == 20
    result, output = draw(source, short)
    assert result.frames == 20
    assert frame_times(output) == frame_times(source)
    assert sound_packets(output) == sound_packets(source)


def test_every_sound_track_is_kept(make_video, draw, short, tmp_path):
    one = make_video("one.mp4")
    source = tmp_path / "two.mkv"
    with av.open(str(one)) as file, av.open(str(source), "w") as target:
        video, sound = file.streams.video[0], file.streams.audio[0]
        kept = target.add_stream_from_template(video)
        tracks = [target.add_stream_from_template(sound) for _ in range(2)]
        tracks[1].metadata["language"] = "kor"
        packets = [bytes(p) for p in file.demux(sound) if p.size]
        file.seek(0)
        for packet in file.demux(video):
            if packet.size:
                packet.stream = kept
                target.mux(packet)
        for track in tracks:
            for number, data in enumerate(packets):
                packet = av.Packet(data)
                packet.pts = packet.dts = number * 1024
                packet.time_base = Fraction(1, 48000)
                packet.stream = track
                target.mux(packet)
    _, output = draw(source, short)
    with av.open(str(output)) as file:
        assert [stream.language for stream in file.streams.audio] == ["und", "kor"]
        for track in (0, 1):
            file.seek(0)
            assert [bytes(p) for p in file.demux(audio=track) if p.size] == packets


def test_interlaced_stays_interlaced(make_video, draw, short):
    source = make_video(options=[("flags", "+ildct+ilme"), ("x264-params", "tff=1")])
    with av.open(str(source)) as file:
        assert next(file.decode(video=0)).interlaced_frame
    _, output = draw(source, short)
    with av.open(str(output)) as file:
        assert next(file.decode(video=0)).interlaced_frame


def test_frames_of_avi_are_counted_where_its_times_are_none(make_video, draw, short):
    # FFmpeg guesses 1, 4, 3, 5, 2 for what is shown as 0, 1, 2, 3, 4
    options = [("preset", "veryfast"), ("bf", "3")]
    source = make_video("b.avi", rate=10, audio="mp3", options=options)
    assert frame_times(source) != sorted(frame_times(source))
    result, output = draw(source, short, quality="high")
    assert result.frames == 10
    assert frame_times(output) == [Fraction(number, 10) for number in range(10)]
    for moment in (0.2, 0.7):
        number = round(moment * 10)
        wanted = picture(number, 320, 180, "yuv420p").to_ndarray(format="rgb24")
        shown = shown_frame(output, moment)
        assert np.abs(shown[:100].astype(int) - wanted[:100]).mean() < 6


def test_a_broadcast_begins_with_its_first_whole_picture(tmp_path, draw, short):
    source = from_the_middle(tmp_path)
    _, output = draw(source, short)
    with av.open(str(source)) as file:
        (first, *_) = [packet for packet in file.demux(video=0) if packet.is_keyframe]
        wanted = first.pts * first.time_base
    assert frame_times(output)[0] == wanted > 0


def test_tracks_that_begin_late_begin_as_late(make_video, draw, short):
    source = make_video("late.mkv", audio="pcm_s16le", start=0.377)
    _, output = draw(source, short)
    with av.open(str(source)) as one, av.open(str(output)) as other:
        for kind in ("video", "audio"):
            (given,), (made,) = getattr(one.streams, kind), getattr(other.streams, kind)
            late = made.start_time * made.time_base - given.start_time * given.time_base
            # AAC begins with 1024 samples that are not heard, MKV counts milliseconds
            assert abs(late) <= (Fraction(1024, 48000) + Fraction(1, 1000)) * (kind == "audio")


def test_captions_of_the_source_keep_words_and_times(tmp_path, draw, short):
    for name in ("SRT captions", "ASS captions", "WebVTT captions", "text captions of MP4"):
        source = SOURCES[name](tmp_path)
        _, output = draw(source, short)
        assert shown_captions(output) == [(0.0, 0.2, "one"), (0.3, 0.5, "two")], name


def test_overlapping_captions_stand_together(tmp_path, draw, short):
    source = beside("both.mkv", both)(tmp_path)
    _, output = draw(source, short)
    assert shown_captions(output) == [
        (0.0, 0.2, "one"), (0.2, 0.4, "one\ntwo"), (0.4, 0.6, "two"),
    ]  # fmt: skip


def both(file):
    first, *_ = captions("srt", "one")(file)
    first.duration = 400
    return [first, caption(first.stream, 200, 400, "two")]


def shown_captions(path):
    """(start, end, text) of the caption track, in seconds from the first picture on."""
    first = float(frame_times(path)[0])
    with av.open(str(path)) as file:
        (stream,) = file.streams.subtitles
        return [
            (
                round(float(packet.pts * packet.time_base) - first, 3),
                round(float((packet.pts + packet.duration) * packet.time_base) - first, 3),
                bytes(packet)[2 : 2 + int.from_bytes(bytes(packet)[:2])].decode(),
            )
            for packet in file.demux(stream)
            if len(bytes(packet)) > 2
        ]


def test_chapters_title_and_languages_are_carried(tmp_path, draw, short):
    source = beside("chapters.mkv", chapters, second_sound)(tmp_path)
    _, output = draw(source, short)
    with av.open(str(output)) as file:
        told = [
            (chapter["start"] * chapter["time_base"], chapter["metadata"]["title"])
            for chapter in file.chapters()
        ]
        assert told == [(0, "One"), (Fraction(1, 2), "Zwölf")]
        assert file.metadata["title"] == "A talk"
        assert [stream.language for stream in file.streams.audio] == ["und", "kor"]


def test_captions_inside_the_picture_are_the_same_bytes(tmp_path, draw, short):
    source = with_cea608(tmp_path)
    _, output = draw(source, short)
    assert inside(output) == inside(source) == [CC[-4:-1]] * 10


def inside(path):
    with av.open(str(path)) as file:
        return [bytes(frame.side_data["A53_CC"]) for frame in file.decode(video=0)]


@pytest.mark.parametrize("name", ["HDR, PQ", "HDR, HLG"])
def test_hdr_keeps_what_it_was_graded_on(name, tmp_path, draw, short):
    source = SOURCES[name](tmp_path)
    _, output = draw(source, short)
    told, kept = probe(source).video[0], probe(output).video[0]
    named = (
        "color_range",
        "color_space",
        "color_primaries",
        "color_trc",
        "mastering",
        "light_level",
    )
    for field in named:
        assert getattr(kept, field) == getattr(told, field) != ""
    assert kept.tag == "hvc1"


@pytest.mark.parametrize("rotation", [0, 90])
def test_odd_sides_get_their_last_lines_twice(rotation, make_video, given, short):
    source = make_video("odd.webm", codec="libvpx-vp9", size=(161, 91), rate=5, audio=None)
    if rotation:
        source = make_video("odd.mov", codec="prores_ks", size=(161, 91), rate=5,
                            pixel_format="yuv422p10le", rotation=90)  # fmt: skip
    frames, originals = given(source, short), decoded_planes(source)
    pts, planes = next(iter(frames.items()))  # before the first caption
    luma, original = planes[0], originals[pts][0]
    assert luma.shape == ((91, 162) if rotation else (92, 162))
    assert np.array_equal(luma[:91, :161], original)
    assert np.array_equal(luma[:91, 161], original[:, 160])
    assert np.array_equal(luma[-1], luma[90])


def test_a_name_in_another_encoding_is_no_reason_to_refuse(make_video, draw, short):
    source = make_video("old.avi", codec="mpeg4", audio="mp3", rate=10)
    data = source.read_bytes()
    at = data.index(b"Lavf")
    source.write_bytes(data[:at] + b"L\xe9\xffa" + data[at + 4 :])
    _, output = draw(source, short)
    assert len(frame_times(output)) == 10


@pytest.mark.parametrize(
    ("codec", "layout", "rate"),
    [("pcm_s16le", "mono", 8000), ("pcm_s24le", "5.1", 192000), ("pcm_f32le", "stereo", 44100)],
)
def test_sound_of_any_shape_becomes_aac(codec, layout, rate, tmp_path, draw, short):
    source = write_video(tmp_path / "sound.mkv", rate=10, audio=codec, layout=layout, sampling=rate)
    _, output = draw(source, short)
    with av.open(str(output)) as file:
        (sound,) = file.streams.audio
        assert sound.codec_context.name == "aac"
        assert (sound.layout.name, sound.rate) == (layout, min(rate, 96000))
        heard = sum(frame.samples for frame in file.decode(sound)) / sound.rate
    with av.open(str(source)) as file:
        said = sum(frame.samples for frame in file.decode(audio=0)) / rate
    assert abs(heard - said) <= 2048 / min(rate, 96000)


def test_sound_that_changes_its_form_on_the_way_goes_on(tmp_path, draw, short):
    shapes = [("stereo", 48000), ("mono", 32000)]
    parts = [
        write_video(
            tmp_path / f"{layout}.ts",
            rate=25,
            audio="mp2",
            layout=layout,
            sampling=rate,
            start=start,
        ).read_bytes()
        for start, (layout, rate) in enumerate(shapes)
    ]
    source = tmp_path / "broadcast.ts"
    source.write_bytes(b"".join(parts))
    result, output = draw(source, short)
    assert result.frames == 50
    with av.open(str(output)) as file:
        frames = list(file.decode(audio=0))
    assert {frame.sample_rate for frame in frames} == {48000}
    heard = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    assert heard.shape[1] / 48000 == pytest.approx(2, abs=0.1)
    for second in (0.5, 1.5):
        place = round(second * 48000)
        assert np.abs(heard[:, place : place + 4800]).max() > 0.1


def test_sound_that_runs_backwards_is_refused(tmp_path, draw, short):
    source = write_video(tmp_path / "back.mkv")
    data = bytearray(source.read_bytes())
    last = list(re.finditer(rb"\xa3(?:[\x80-\xff]|[\x40-\x7f].)\x82(?=..\x80)", data, re.DOTALL))[
        -1
    ]
    data[last.end() : last.end() + 2] = bytes(2)
    source.write_bytes(data)
    with pytest.raises(
        MediaRefused, match=r"its sound at -?0\.\d\d s comes after that at 0\.\d\d s"
    ):
        draw(source, short)


@pytest.fixture
def draw_anew(chromium, draw, monkeypatch):
    """Draws in a browser that has opened no page and trusts no canvas yet."""
    browser = browsers.Browser(chromium)
    render = draw.__globals__["render"]
    with monkeypatch.context() as patch:
        patch.setitem(draw.__globals__, "render", lambda _, *rest: render(browser, *rest))
        yield draw
    browser.close()


def test_chromium_without_html_in_canvas_draws_by_screenshots(
    make_video, draw_anew, short, monkeypatch
):
    plain = [flag for flag in browsers.FLAGS if "CanvasDrawElement" not in flag]
    monkeypatch.setattr(browsers, "FLAGS", tuple(plain))
    result, _ = draw_anew(make_video(rate=10), short)
    assert result.capture == "screenshot"
    assert "no HTML-in-Canvas" in result.capture_reason


@pytest.mark.parametrize(
    "fault",
    [
        "context.fillRect(0, 0, 9000, 9000);",
        "context.drawElementImage(element, 2, 0);",
        "context.globalAlpha = 0.5; context.drawElementImage(element, 0, 0);",
    ],
    ids=["a box", "two pixels aside", "half as strong"],
)
def test_a_canvas_that_draws_something_else_is_found_out(
    fault, make_video, draw_anew, short, tmp_path, monkeypatch
):
    page = tmp_path / "page"
    shutil.copytree(FOLDERS["page"], page)
    script = page / "capture.js"
    drawn = "context.drawElementImage(element, 0, 0);"
    assert drawn in script.read_text()
    script.write_text(script.read_text().replace(drawn, fault))
    monkeypatch.setitem(FOLDERS, "page", page)
    result, _ = draw_anew(make_video(rate=10), short)
    assert result.capture == "screenshot"
    assert "canvas and screenshot differ" in result.capture_reason
