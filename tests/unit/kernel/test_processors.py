"""How many processors a process may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ecg.kernel.processors import processors


@pytest.mark.parametrize(
    ("quota", "expected"), [("50000 100000\n", 1), ("150000 100000\n", 2), ("400000 100000", 4)]
)
def test_no_more_than_the_containers_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)), raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    assert processors(tmp_path / "cpu.max") == expected


@pytest.mark.parametrize("quota", ["max 100000\n", "", "one two"])
def test_as_many_as_it_is_bound_to_without_a_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {1, 3, 5}, raising=False)
    (tmp_path / "cpu.max").write_text(quota)
    assert processors(tmp_path / "cpu.max") == 3
    assert processors(tmp_path / "none") == 3
