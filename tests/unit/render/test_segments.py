import os
import time

from ecg.captions.scenario import Cue, CueWord, Scenario, StyleChoice
from ecg.render.engine import segments
from ecg.render.engine.plan import Span
from ecg.render.engine.segments import Segment, keep, runs, touching


def cue(name, start, end, speaker="ann"):
    word = CueWord(text=name, start=start, end=end, loudness=None, pitch=None)
    return Cue(
        id=name, kind="speech", start=start, end=end, speaker=speaker, region=None, words=(word,)
    )


SCENARIO = Scenario(
    1,
    StyleChoice("intention"),
    {},
    (cue("a", 0, 5), cue("b", 6, 12), cue("c", 11, 21), cue("d", 20, 25, "ben"), cue("e", 30, 31)),
)


def names(start, end):
    before, cues = touching(SCENARIO, start, end)
    return before, "".join(cue.id for cue in cues)


def test_a_span_depends_on_what_is_shown_what_that_overlaps_and_who_spoke_before():
    assert names(0, 4) == (None, "a")
    assert names(5, 5.9) == (None, "")
    assert names(7, 8) == ("ann", "bcd")
    assert names(24, 29) == ("ann", "bcd")
    assert names(30, 40) == ("ben", "e")
    assert names(24, 30) == ("ann", "bcde")


def at(folder, first, end):
    return Segment(Span(first, end), folder / f"{first}.mp4")


def test_adjacent_missing_segments_are_made_in_one_go(tmp_path):
    plan = [at(tmp_path, first, first + 10) for first in range(0, 50, 10)]
    plan[2].path.touch()
    assert [[one.span.first for one in run] for run in runs(plan)] == [[0, 10], [30, 40]]


def test_the_oldest_go_where_a_folder_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "KEPT_BYTES", 250)
    now = time.time()
    for number in range(5):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(bytes(100))
        os.utime(path, (now, now - 10_000 + number))
    keep([at(tmp_path, 0, 10)], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.mp4", "4.mp4"]


def test_a_folder_that_is_not_full_keeps_all(tmp_path):
    (tmp_path / "0.mp4").write_bytes(bytes(100))
    os.utime(tmp_path / "0.mp4", (0, 0))
    keep([], tmp_path)
    assert (tmp_path / "0.mp4").exists()
