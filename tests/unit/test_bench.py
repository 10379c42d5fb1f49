"""The parts of the benchmark that its figures stand on."""

import os
import subprocess
import sys
import time

import numpy as np

from bench.render.clips import _frames
from bench.render.floor import OPTIONS
from bench.render.processes import clocking, proportional_set, tree, watching, working
from bench.render.script import RATE, scenario
from ecg.media.info import VideoStream
from ecg.render.engine.encode import _options

PICTURE = VideoStream(0, "h264", 640, 360, "yuv420p", "30/1", 0.0, 1.0)
BUSY = "import time; held = bytearray(60_000_000)\nwhile time.process_time() < 0.6: pass"


def test_the_same_picture_is_made_each_time_and_every_frame_is_another():
    def pictures():
        return [frame.to_ndarray() for frame in _frames(128, 72, 3)]

    one, other = pictures(), pictures()
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(one[0], one[1])
    assert one[0][:72].std() > 15


def test_the_floor_encodes_as_a_render_does():
    assert _options("libx264", "standard", PICTURE) == OPTIONS


def test_one_changed_word_changes_one_cue():
    plain, changed = (scenario("intention", 60, word) for word in (None, 90))
    different = [a.id for a, b in zip(plain.cues, changed.cues, strict=True) if a != b]
    assert different == ["c12"]
    assert sum(len(cue.words) for cue in plain.cues) == 60 * RATE


def test_work_and_memory_of_processes_below_are_counted():
    with working(os.getpid(), 0.05) as work, watching(os.getpid(), 0.05) as peak:
        child = subprocess.Popen([sys.executable, "-c", BUSY])
        assert child.wait() == 0
    assert 0.4 < work.seconds < 3
    assert peak.greatest > proportional_set(os.getpid()) + 50_000_000


def test_a_thread_is_known_by_its_process():
    with clocking(os.getpid(), 0.05) as spent:
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            pass
    here = spent[os.getpid(), os.getpid()]
    assert here.first
    assert here.seconds > 0.1
    assert tree(os.getpid())[0] == os.getpid()
