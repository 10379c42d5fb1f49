"""Every output frame has its source's own time, and the sound is untouched."""

from fractions import Fraction
from itertools import pairwise

import av
import pytest

from tests.integration.render.videos import frame_times, sound_packets

CASES = {
    "film": {"rate": Fraction(24000, 1001)},
    "pal": {"rate": 25},
    "ntsc": {"rate": Fraction(30000, 1001)},
    "fifty": {"rate": 50},
    "sixty": {"rate": 60},
    "b-frames": {"rate": 30, "options": [("preset", "veryfast"), ("bf", "3")]},
    "variable": {
        "pts": [0, 3003, 6006, 12012, 13000, 21021, 24024, 30030, 60060, 63063, 88000],
        "time_base": Fraction(1, 90000),
    },
    "late start": {"start": 0.52},
    "no sound": {"audio": None},
}


@pytest.mark.parametrize("name", CASES)
def test_frames_keep_their_times_and_sound_its_bytes(name, make_video, draw, short):
    source = make_video(**CASES[name])
    result, output = draw(source, short)
    assert frame_times(output) == frame_times(source)
    assert result.frames == len(frame_times(source))
    one_frame = max(after - before for before, after in pairwise(frame_times(source)))
    assert abs(length(output) - length(source)) <= one_frame
    if CASES[name].get("audio", "aac"):
        assert sound_packets(output) == sound_packets(source)


def length(path):
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        return stream.duration * stream.time_base


@pytest.mark.parametrize("name", ["source.ts", "source.mkv", "source.mov", "source.avi"])
def test_other_containers_keep_the_spacing_of_frames(name, make_video, draw, short):
    source = make_video(name)
    _, output = draw(source, short)
    wanted, found = frame_times(source), frame_times(output)
    assert [t - found[0] for t in found] == [t - wanted[0] for t in wanted]


def test_transport_stream_keeps_its_start(make_video, draw, short):
    source = make_video("source.ts", start=1.4)
    _, output = draw(source, short)
    assert frame_times(source)[0] > 1
    assert frame_times(output) == frame_times(source)


def test_sound_that_mp4_players_do_not_expect_becomes_aac(make_video, draw, short):
    source = make_video("source.mkv", audio="pcm_s16le")
    _, output = draw(source, short)
    with av.open(str(output)) as file:
        assert file.streams.audio[0].codec_context.name == "aac"
        heard = sum(frame.samples for frame in file.decode(audio=0))
    with av.open(str(source)) as file:
        said = sum(frame.samples for frame in file.decode(audio=0))
    assert abs(heard - said) <= 2048
