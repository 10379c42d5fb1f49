"""Segments: a render that was ended goes on, and an edit draws what it touches."""

import asyncio
import os
import signal
from fractions import Fraction

import av
import pytest

from ecg.kernel.errors import EngineFailed
from ecg.render.app import open_engine
from ecg.render.engine import plan
from ecg.render.interfaces import RenderJob
from tests.integration.render.videos import cue, frame_times, scenario, sound_packets, write_video

pytestmark = pytest.mark.timed

FIVE = [
    cue(1, 0.1, 0.9, ["zero", "one"]),
    cue(2, 1.1, 1.9, ["two", "three"]),
    cue(3, 2.6, 3.4, ["over", "the", "edge"]),
    cue(4, 3.6, 3.9, ["four"]),
]
EDITED = [FIVE[0], cue(2, 1.1, 1.9, ["two", "changed"]), *FIVE[2:]]


@pytest.fixture(autouse=True)
def _seconds(monkeypatch):
    """Segments of one second."""
    monkeypatch.setattr(plan, "SEGMENT", 1)


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Five seconds with B-frames, key frames where they please, and sound."""
    path = tmp_path_factory.mktemp("segments") / "talk.mp4"
    options = [("preset", "veryfast"), ("bf", "3"), ("g", "37")]
    return write_video(path, rate=20, pts=list(range(100)), options=options)


def packets(path):
    with av.open(str(path)) as file:
        return [
            (packet.pts, packet.dts, bytes(packet)) for packet in file.demux(video=0) if packet.size
        ]


SOURCES = {
    "b-frames": {"options": [("preset", "veryfast"), ("bf", "3")], "rate": 25},
    "variable": {
        "pts": [0, 3003, 6006, 12012, 13000, 21021, 24024, 90060, 91000, 150000, 180000, 185000],
        "time_base": Fraction(1, 90000),
        "options": [("preset", "veryfast"), ("bf", "3")],
    },
    "late start": {"start": 0.52, "rate": Fraction(30000, 1001)},
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("quality", ["draft", "standard"])
def test_joined_segments_keep_every_time(name, quality, make_video, draw):
    rate = Fraction(SOURCES[name].get("rate", 25))
    source = make_video(**{"pts": list(range(int(rate * 3))), **SOURCES[name]})
    result, output = draw(source, scenario(FIVE[0]), quality=quality)
    assert frame_times(output) == frame_times(source)
    assert result.frames == len(frame_times(source))
    assert sound_packets(output) == sound_packets(source)
    decoding = [dts for _, dts, _ in packets(output)]
    assert decoding == sorted(set(decoding))
    assert all(dts <= pts for pts, dts, _ in packets(output))


def test_what_is_kept_is_not_made_again(source, draw, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    first, output = draw(source, scenario(*FIVE), kept=kept)
    whole = output.read_bytes()
    made = sorted(kept.iterdir(), key=lambda path: path.stat().st_mtime)
    assert (first.kept, len(made)) == (0, 5)
    for path in made[1], made[3]:
        path.unlink()
    times = {path: path.stat().st_ino for path in kept.iterdir()}
    second, output = draw(source, scenario(*FIVE), "again.mp4", kept=kept)
    assert (second.kept, second.frames) == (60, 100)
    assert output.read_bytes() == whole
    assert {path: path.stat().st_ino for path in times} == times
    third, output = draw(source, scenario(*FIVE), "once more.mp4", kept=kept)
    assert (third.kept, third.states) == (100, 0)
    assert output.read_bytes() == whole


def test_a_changed_word_draws_its_own_segment_only(source, draw, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    _, before = draw(source, scenario(*FIVE), "before.mp4", kept=kept)
    result, after = draw(source, scenario(*EDITED), "after.mp4", kept=kept)
    assert result.kept == 80
    old, new = packets(before), packets(after)
    differing = {
        number // 20 for number, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]
    }
    assert differing == {1}
    _, anew = draw(source, scenario(*EDITED), "anew.mp4")
    assert anew.read_bytes() == after.read_bytes()


@pytest.mark.parametrize("change", ["style", "strength", "quality"])
def test_another_look_or_encoding_is_made_anew(change, source, draw, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    draw(source, scenario(*FIVE), kept=kept)
    words = scenario(
        *FIVE,
        style="broadcast" if change == "style" else "intention",
        strength=0.5 if change == "strength" else 1.0,
    )
    quality = "standard" if change == "quality" else "draft"
    result, _ = draw(source, words, kept=kept, quality=quality)
    assert result.kept == 0


def test_a_damaged_segment_is_thrown_away(source, draw, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    _, output = draw(source, scenario(*FIVE), kept=kept)
    whole = output.read_bytes()
    damaged = sorted(kept.iterdir())[2]
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(EngineFailed, match="render again"):
        draw(source, scenario(*FIVE), kept=kept)
    _, output = draw(source, scenario(*FIVE), kept=kept)
    assert output.read_bytes() == whole


async def test_a_killed_render_goes_on_from_its_last_whole_segment(chromium, tmp_path):
    source = write_video(tmp_path / "long.mp4", rate=25, pts=list(range(25 * 65)), audio=None)
    words = scenario(*(cue(n, n, n + 0.9, ["one", "two"]) for n in range(64)))
    job, kept = RenderJob(words, quality="standard"), tmp_path / "kept"
    engine = open_engine(chromium)
    try:
        await engine.run(job, source, tmp_path / "whole.mp4", lambda _: None)
        task = asyncio.create_task(
            engine.run(job, source, tmp_path / "out.mp4", lambda _: None, segments=kept)
        )
        while len(list(kept.glob("*.mp4"))) < 2:  # noqa: ASYNC110 - the child makes them
            await asyncio.sleep(0.01)
        os.kill(engine._child._process.pid, signal.SIGKILL)
        with pytest.raises(EngineFailed):
            await task
        result = await engine.run(job, source, tmp_path / "out.mp4", lambda _: None, segments=kept)
    finally:
        await engine.close()
    assert result.kept >= 1000
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
