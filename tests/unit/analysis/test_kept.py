"""What is found of a file comes back from disk as it was."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import pytest

from ecg.analysis.engine.assemble import Measured
from ecg.analysis.engine.kept import Said, Sounding, keep, kept
from ecg.analysis.engine.speakers import Voiced
from ecg.captions.transcript import Note

RNG = np.random.default_rng(0)


def sounding(start: int) -> Sounding:
    floats = RNG.random((4, 100), np.float32)
    voices = [Voiced(0.8, RNG.random(256, np.float32))]
    return Sounding(start, start + 16000, *floats[:2], floats[2:].T, voices, [(0.1, 0.5)])


def test_parts_come_back_in_their_order_and_leave_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    word = Measured("naïve", 0.1, 0.4, 0.9, "aligned", -20.5, None, 3)
    said = Said([word], [Note("hallucination_dropped", 1.0, 1.5)])
    sounds = [sounding(0), sounding(16000)]
    with TemporaryFile() as file:
        for part in (sounds[0], said, sounds[1], Said([], [])):
            keep(part, file)
        one, words, other, none = kept(file)
        assert list(tmp_path.iterdir()) == []
    assert (words, none) == (said, Said([], []))
    for back, was in zip((one, other), sounds, strict=True):
        assert isinstance(back, Sounding)
        assert (back.start, back.end, back.overlaps) == (was.start, was.end, was.overlaps)
        for name in ("level", "f0", "likely"):
            np.testing.assert_array_equal(getattr(back, name), getattr(was, name))
        np.testing.assert_array_equal(back.voices[0].voice, was.voices[0].voice)
