from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ecg.analysis.engine.overlap import read_archive
from ecg.analysis.engine.speakers import (
    MOST,
    Voiced,
    cluster,
    follow,
    speakers_of,
    unit,
)
from ecg.analysis.engine.voices import read_checkpoint
from ecg.kernel.errors import EngineFailed

RANDOM = np.random.default_rng(7)
VOICES = [unit(RANDOM.standard_normal(256).astype(np.float32)) for _ in range(4)]


def sayings(voice: int, count: int) -> np.ndarray:
    spread = RANDOM.standard_normal((count, 256)).astype(np.float32) * 0.02
    return np.stack([unit(VOICES[voice] + one) for one in spread])


def test_voices_that_are_alike_are_one() -> None:
    points = np.concatenate([sayings(0, 9), sayings(1, 5), sayings(2, 7)])
    labels = cluster(points)
    assert [len(set(part)) for part in np.split(labels, [9, 14])] == [1, 1, 1]
    assert len(set(labels)) == 3
    assert len(set(cluster(points, 2))) == 2


def test_a_long_file_is_clustered_in_parts_with_the_same_outcome() -> None:
    order = RANDOM.integers(0, 3, 2 * MOST + 50)
    points = np.concatenate([sayings(int(voice), 1) for voice in order])
    labels = cluster(points)
    assert len(set(labels)) == 3
    for voice in range(3):
        assert len(set(labels[order == voice])) == 1


def test_a_word_is_given_to_who_speaks_around_it() -> None:
    turns = [(0, 8), (1, 8), (0, 8)]
    voices = np.concatenate([sayings(voice, count) for voice, count in turns])
    windows = [Voiced(0.4 * n, voice) for n, voice in enumerate(voices)]
    words = [(0.4 * n - 0.1, 0.4 * n + 0.1) for n in range(24)]
    who, sure = speakers_of(windows, words)
    assert who == [0] * 8 + [1] * 8 + [0] * 8
    assert sure == [1.0, 1.0]
    assert speakers_of(windows, words, 1) == ([0] * 24, [1.0])
    assert speakers_of([], words) == ([0] * 24, [1.0])
    assert speakers_of(windows, []) == ([], [])


def test_who_speaks_changes_at_a_pause_rather_than_amid_a_phrase() -> None:
    # the third word could be either's
    like = np.array([[0.9, 0.5], [0.9, 0.5], [0.7, 0.72], [0.5, 0.9], [0.5, 0.9]])
    late = [(0.0, 0.3), (0.3, 0.6), (0.6, 0.9), (1.3, 1.6), (1.6, 1.9)]
    early = [(0.0, 0.3), (0.3, 0.6), (1.0, 1.3), (1.3, 1.6), (1.6, 1.9)]
    assert follow(like, late) == [0, 0, 0, 1, 1]
    assert follow(like, early) == [0, 0, 1, 1, 1]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("__import__('os').abort()",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a checkpoint",
        pickle.dumps(Evil()),
        b"".join(pickle.dumps(part, 2) for part in (1, 1001, {}, {"model_state": Evil()})),
        b"".join(pickle.dumps(part, 2) for part in (1, 1001, {}, {"other": 1})),
        b"".join(pickle.dumps(part, 2) for part in (1, 1001, {}, {"model_state": {}}, ["key"])),
    ],
)
def test_a_checkpoint_runs_no_code_and_a_wrong_one_is_named(data: bytes) -> None:
    with pytest.raises(EngineFailed, match="voice model is not what was expected"):
        read_checkpoint(data)


@pytest.mark.parametrize(
    "names", [{}, {"state_dict": Evil()}, {"state_dict": {"w": Evil()}}, Evil()]
)
def test_an_archive_runs_no_code_and_a_wrong_one_is_named(names: object, tmp_path: Path) -> None:
    path = tmp_path / "segmentation.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(names))
    with pytest.raises(EngineFailed, match="overlapping speech is not what was expected"):
        read_archive(path)
    path.write_bytes(b"no archive")
    with pytest.raises(EngineFailed, match="overlapping speech is not what was expected"):
        read_archive(path)
