"""Sources that are not plain, and browsers that cannot do what is asked."""

import shutil
from fractions import Fraction

import av
import pytest

from ecg.kernel.errors import MediaRefused
from ecg.render.engine import browser as browsers
from ecg.render.engine.server import FOLDERS
from tests.integration.render.videos import frame_times, sound_packets


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


@pytest.mark.parametrize(("codec", "name"), [("libvpx-vp9", "odd.webm"), ("mjpeg", "odd.mkv")])
def test_odd_sides_are_refused_by_name(codec, name, make_video, draw, short):
    form = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    source = make_video(name, codec=codec, size=(161, 91), pixel_format=form, rate=5, audio=None)
    with pytest.raises(MediaRefused, match="161 x 91"):
        draw(source, short)


def test_chromium_without_html_in_canvas_draws_by_screenshots(
    make_video, draw, short, chromium, monkeypatch
):
    plain = [flag for flag in browsers.FLAGS if "CanvasDrawElement" not in flag]
    monkeypatch.setattr(browsers, "FLAGS", tuple(plain))
    browser = browsers.Browser(chromium)
    monkeypatch.setitem(draw.__globals__, "render", with_browser(browser, draw))
    try:
        result, _ = draw(make_video(rate=10), short)
    finally:
        browser.close()
    assert result.capture == "screenshot"
    assert "no HTML-in-Canvas" in result.capture_reason


def with_browser(browser, draw):
    render = draw.__globals__["render"]
    return lambda _, *arguments: render(browser, *arguments)


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
    fault, make_video, draw, short, tmp_path, monkeypatch
):
    page = tmp_path / "page"
    shutil.copytree(FOLDERS["page"], page)
    script = page / "capture.js"
    drawn = "context.drawElementImage(element, 0, 0);"
    assert drawn in script.read_text()
    script.write_text(script.read_text().replace(drawn, fault))
    monkeypatch.setitem(FOLDERS, "page", page)
    result, _ = draw(make_video(rate=10), short)
    assert result.capture == "screenshot"
    assert "canvas and screenshot differ" in result.capture_reason
