"""Documents are read on threads: the first of a kind by several at once too."""

from __future__ import annotations

import subprocess
import sys

READ = """
import sys, threading
from ecg.captions.scenario import read_scenario
from ecg.captions.transcript import read_transcript

SCENARIO = '''{"version": 1, "style": {"name": "intention"}, "cues": [{"id": "c0", "kind": "speech",
 "start": 0, "end": 1, "speaker": "s1", "region": null, "words": [{"text": "Hi", "start": 0, "end": 1,
 "loudness": null, "pitch": null}]}], "speakers": {"s1": {"label": "A", "color": "#ffffff",
 "pitch_hz": null}}}'''
TRANSCRIPT = '''{"version": 1, "language": "und", "duration": 1, "speakers": [], "segments": [],
 "model": {"engine": "e", "name": "n"}}'''
sys.setswitchinterval(1e-6)
together = threading.Barrier(8)

def read():
    together.wait()
    read_scenario(SCENARIO)
    read_transcript(TRANSCRIPT)

threads = [threading.Thread(target=read) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_the_first_documents_may_be_read_by_several_threads_at_once() -> None:
    # one process ended by a signal in two when each thread made the type's decoder for itself
    for _ in range(8):
        done = subprocess.run([sys.executable, "-c", READ], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
