"""The whole job as a user runs it: a talking video in, a captioned one out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

pytestmark = pytest.mark.timed

MEDIA = Path(__file__).resolve().parents[1] / "fixtures/media"
VIDEO = MEDIA / "jfk_720p30.mp4"
TEXT = (
    "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country."
)

Ecg = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, object]]:
    """jfk captioned once: (folder, MP4, the JSON result)."""
    folder = tmp_path_factory.mktemp("caption me")
    out = folder / "out put.mp4"
    done = subprocess.run(
        [sys.executable, "-m", "ecg", "caption", VIDEO, "-o", out, "--quality", "draft", "--json",
         "--save-transcript", folder / "t.json", "--save-scenario", folder / "s.json"],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for line in done.stderr.splitlines():
        assert json.loads(line)["event"] == "progress"
    return folder, out, json.loads(done.stdout)


def packets(path: Path, kind: str) -> list[tuple[int, bytes]]:
    with av.open(str(path)) as source:
        stream = source.streams.get({kind: 0})[0]
        return [(p.pts, bytes(p)) for p in source.demux(stream) if p.size]


def times(path: Path) -> list[float]:
    with av.open(str(path)) as source:
        return [float(frame.pts * frame.time_base) for frame in source.decode(video=0)]


def luma(path: Path, seconds: float) -> np.ndarray:
    with av.open(str(path)) as source:
        for frame in source.decode(video=0):
            if frame.time >= seconds - 1e-6:
                return frame.to_ndarray(format="gray").astype(np.int16)
    raise AssertionError(seconds)


def test_the_video_is_the_same_but_for_the_captions(
    captioned: tuple[Path, Path, dict[str, object]],
) -> None:
    folder, out, result = captioned
    assert result["output"] == str(out)
    assert sorted(path.name for path in folder.iterdir()) == ["out put.mp4", "s.json", "t.json"]
    assert times(out) == times(VIDEO)
    assert packets(out, "audio") == packets(VIDEO, "audio")
    above, below = np.s_[:360], np.s_[480:]
    changed = np.abs(luma(out, 5.6) - luma(VIDEO, 5.6))
    assert (changed[below] > 60).mean() > 0.02
    assert (changed[above] > 60).mean() == 0


def test_the_words_are_exact_and_measured(captioned: tuple[Path, Path, dict[str, object]]) -> None:
    transcript = json.loads((captioned[0] / "t.json").read_text())
    words = [word for segment in transcript["segments"] for word in segment["words"]]
    texts = [word["text"] for word in words]
    # one comma of Whisper's hangs on how a processor rounds
    assert [text.strip(",.") for text in texts] == [text.strip(",.") for text in TEXT.split()]
    assert len({word["loudness"] for word in words}) > len(words) // 2
    shown = json.loads((captioned[0] / "s.json").read_text())
    drawn = [word for cue in shown["cues"] for word in cue["words"]]
    assert [word["text"] for word in drawn] == texts
    assert [w.get("loudness") for w in drawn] == [w["loudness"] for w in words]


def test_documents_go_round(
    captioned: tuple[Path, Path, dict[str, object]], ecg: Ecg, tmp_path: Path
) -> None:
    folder = captioned[0]
    done = ecg("compose", folder / "t.json", "--style", "broadcast", "--strength", "0.5")
    assert json.loads(done.stdout)["style"]["name"] == "broadcast"
    assert ecg("lint", folder / "s.json", "--video", VIDEO).returncode == 0
    for name, marks in (("a.srt", "-->"), ("a.vtt", "WEBVTT"), ("a.json", '"cues"')):
        done = ecg("export", folder / "s.json", "-o", name)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == name
        assert marks in (tmp_path / name).read_text()
    assert ecg("export", folder / "t.json", "-o", "w.srt", "--words").returncode == 0


def said(scenario: dict[str, Any]) -> list[str]:
    return [word["text"] for cue in scenario["cues"] for word in cue["words"]]


def test_exported_files_hold_every_word(
    captioned: tuple[Path, Path, dict[str, object]], ecg: Ecg, tmp_path: Path
) -> None:
    for kind in ("srt", "vtt"):
        assert ecg("export", captioned[0] / "s.json", "-o", f"a.{kind}").returncode == 0
        text = " ".join((tmp_path / f"a.{kind}").read_text().split())
        for word in TEXT.split():
            assert word in text
    made = ecg("export", captioned[0] / "s.json", "-o", "a.ass", "--video", VIDEO)
    assert made.returncode == 0, made.stderr
    assert "{\\kf" in (tmp_path / "a.ass").read_text()
    back = json.loads(ecg("import", "a.ass").stdout)
    assert said(back) == said(json.loads((captioned[0] / "s.json").read_text()))


@pytest.mark.full
def test_several_videos_go_into_a_folder(
    ecg: Ecg, tmp_path: Path, with_picture: Callable[[Path], Path]
) -> None:
    spoken = with_picture(MEDIA / "tts_flite_slt_16.flac")
    done = ecg("caption", spoken, "-o", "made/", "--quality", "draft", "--style", "broadcast")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"made/{spoken.stem}.mp4"
    assert "Drawing: done" in done.stderr
    assert times(tmp_path / done.stdout.strip()) == times(spoken)


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found |= {int(entry.name)} | descendants(int(entry.name))
    return found


@pytest.mark.parametrize(
    "moment", [pytest.param("Hearing words", marks=pytest.mark.full), "Drawing"]
)
def test_ctrl_c_leaves_no_file_and_no_process(tmp_path: Path, moment: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ecg", "caption", VIDEO, "-o", tmp_path / "out.mp4", "--json",
         "--quality", "high"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if json.loads(line)["step"] == moment:
                break
        family = descendants(process.pid)
        assert family
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(10) == 130
    assert "Traceback" not in rest
    assert "interrupted" in rest
    assert list(tmp_path.iterdir()) == []
    deadline = time.monotonic() + 5
    while (alive := {pid for pid in family if _alive(pid)}) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_command_takes_its_children_along(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ecg", "caption", VIDEO, "-o", tmp_path / "out.mp4", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if json.loads(line)["step"] == "Drawing":
                break
        family = descendants(process.pid)
        os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while (alive := {pid for pid in family if _alive(pid)}) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive
