"""What a person gets who gives the commands something they cannot use: one clear line."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

MEDIA = Path(__file__).resolve().parents[1] / "fixtures/media"
VIDEO = MEDIA / "jfk_720p30.mp4"

Ecg = Callable[..., subprocess.CompletedProcess[str]]


def check_refused(done: subprocess.CompletedProcess[str], *named: str, code: int = 1) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    assert last.lower().startswith("error:"), done.stderr
    for name in named:
        assert name in last, last


def no_file_left(folder: Path, *but: str) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(but)


def scenario(**changes: object) -> dict[str, object]:
    word = {"text": "Hello", "start": 0.0, "end": 0.5, "loudness": None, "pitch": None}
    cue = {
        "id": "c1", "kind": "speech", "start": 0.0, "end": 1.0,
        "speaker": None, "region": None, "words": [word],
    }  # fmt: skip
    style = {"name": "intention", "strength": 1, "parameters": {}, "overrides": {}}
    return {"version": 1, "style": style, "speakers": {}, "cues": [cue]} | changes


def with_cue(**changes: object) -> str:
    document = scenario()
    document["cues"][0].update(changes)  # type: ignore[index]
    return json.dumps(document)


def with_word(**changes: object) -> str:
    document = scenario()
    document["cues"][0]["words"][0].update(changes)  # type: ignore[index]
    return json.dumps(document)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        pytest.param(
            command,
            kind,
            marks=[] if command == "caption" or kind == "truncated" else pytest.mark.full,
        )
        for command in ("caption", "transcribe", "render")
        for kind in ("text", "empty", "truncated", "folder", "missing")
    ],
)
def test_what_is_no_video_is_refused(ecg: Ecg, tmp_path: Path, command: str, kind: str) -> None:
    source = tmp_path / "in put.mp4"
    if kind == "text":
        source.write_text("this is not a video\n" * 100)
    elif kind == "empty":
        source.touch()
    elif kind == "truncated":
        source.write_bytes(VIDEO.read_bytes()[:20_000])
    elif kind == "folder":
        source.mkdir()
    document = tmp_path / "scenario.json"
    document.write_text(json.dumps(scenario()))
    given = [source, document] if command == "render" else [source]
    out = tmp_path / ("out.json" if command == "transcribe" else "out.mp4")
    check_refused(ecg(command, *given, "-o", out), "in put.mp4")
    no_file_left(tmp_path, "scenario.json", *([source.name] if source.exists() else []))


def test_a_video_without_sound_is_refused(ecg: Ecg, tmp_path: Path, silent_video: Path) -> None:
    check_refused(ecg("caption", silent_video, "-o", tmp_path / "out.mp4"), "no sound track")


@pytest.mark.parametrize("sound", ["pinknoise5", pytest.param("silence5", marks=pytest.mark.full)])
def test_no_words_is_said_and_nothing_is_made(
    ecg: Ecg, tmp_path: Path, sound: str, with_picture: Callable[[Path], Path]
) -> None:
    video = with_picture(MEDIA / f"{sound}.flac")
    check_refused(ecg("caption", video, "-o", tmp_path / "out.mp4"), "no words were heard")
    no_file_left(tmp_path)
    done = ecg("transcribe", video)
    assert done.returncode == 0
    assert json.loads(done.stdout)["segments"] == []
    assert "no words were heard" in done.stderr


def test_what_cannot_be_drawn_on_is_refused_before_anyone_listens(
    ecg: Ecg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_MODELS_DIR", str(tmp_path))  # listening would miss its model
    check_refused(ecg("caption", MEDIA / "jfk.flac", "-o", tmp_path / "out.mp4"), "no picture")
    no_file_left(tmp_path)


def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    ecg: Ecg, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    check_refused(ecg("caption", VIDEO, "-o", tmp_path / "file/out.mp4"), "file/out.mp4")
    check_refused(ecg("caption", VIDEO, "-o", tmp_path / "no/such/out.mp4"), "no/such")
    check_refused(ecg("caption", VIDEO, "-o", "/proc/out.mp4"), "/proc")
    check_refused(ecg("caption", VIDEO, "-o", tmp_path / "out.txt"), ".mp4")


def test_the_input_is_never_written_over(ecg: Ecg, tmp_path: Path) -> None:
    video = tmp_path / "talk.mp4"
    shutil.copy(VIDEO, video)
    link = tmp_path / "link.mp4"
    link.symlink_to(video)
    before = video.read_bytes()
    check_refused(ecg("caption", video, "-o", video), "input")
    check_refused(ecg("caption", video, "-o", link), "input")
    check_refused(ecg("caption", video, "-o", f"{tmp_path}/"), "input")
    assert video.read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--style", "shouting", "intention"),
        ("--model", "enormous", "base"),
        ("--language", "klingon", "language"),
        ("--strength", "2", "strength"),
        ("--quality", "best", "draft"),
        ("--audio-track", "-1", "audio-track"),
        ("--format", "gif", "webm-alpha"),
        ("--height", "721", "an even number of pixels from 64 to 4096"),
        ("--fps", "25/0", "from 1 to 240, as 25 or 30000/1001"),
        ("--poster", "p.gif", ".jpg or .png"),
    ],
)
def test_an_unknown_value_is_wrong_usage(
    ecg: Ecg, tmp_path: Path, option: str, value: str, named: str
) -> None:
    done = ecg("caption", VIDEO, "-o", tmp_path / "out.mp4", option, value)
    check_refused(done, named, code=2)
    no_file_left(tmp_path)


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ("-o out.mp4 --format mov-alpha", 1, "must end in .mov, or the format be mp4"),
        ("-o out.webm", 1, "must end in .mp4, or the format be webm-alpha"),
        ("-o out.mp4 --height 4000", 1, "at most 4096 pixels (limits.video_pixels)"),
        ("-o out.mov --format mov-alpha --soft", 2, "goes into mp4"),
        ("-o out.mp4 --soft --fps 25", 2, "leave height and fps out"),
        ("-o out.mp4 --soft --quality high", 2, "--quality"),
        ("-o out.mp4 --soft --soft-beside", 2, "exclude each other"),
        ("-o out.mp4 --soft --poster p.png", 2, "--poster"),
        ("-o out.mov --format mov-alpha --poster p.jpg", 2, ".png"),
        ("-o out.mp4 --poster none/p.jpg", 2, "does not exist"),
    ],
)
def test_results_that_cannot_be_are_refused(
    ecg: Ecg, tmp_path: Path, options: str, code: int, named: str
) -> None:
    (tmp_path / "s.json").write_text(json.dumps(scenario()))
    given = [
        tmp_path / word if word.endswith((".mp4", ".mov", ".webm", ".png", ".jpg")) else word
        for word in options.split()
    ]
    check_refused(ecg("render", VIDEO, tmp_path / "s.json", *given), named, code=code)
    no_file_left(tmp_path, "s.json")


def test_a_sound_track_that_is_not_there_is_refused(ecg: Ecg, tmp_path: Path) -> None:
    check_refused(
        ecg("caption", VIDEO, "-o", tmp_path / "out.mp4", "--audio-track", "3"), "sound track 3"
    )


def test_a_model_that_is_not_here_says_how_to_get_it(
    ecg: Ecg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_MODELS_DIR", str(tmp_path))
    check_refused(ecg("transcribe", VIDEO), "ecg models pull base")
    no_file_left(tmp_path)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{", "JSON"),
        ("[]", "$"),
        (with_cue(start=-1), "$.cues[0].start"),
        (with_cue(end=0.2), "$.cues[0]"),
        (with_cue(start="soon"), "$.cues[0].start"),
        (with_cue(end=400.0), "$.cues[0].end"),
        (with_cue(speaker="nobody"), "$.cues[0].speaker"),
        (with_cue(ruby="x"), "ruby"),
        (with_cue(colour="#ffffff"), "colour"),
        (with_word(start=0.9, end=0.8), "$.cues[0].words[0]"),
        (with_word(end=9.0), "$.cues[0].words[0].end"),
        (with_word(loudness="loud"), "$.cues[0].words[0].loudness"),
        (with_word(start=float("nan")), "NaN"),
        (json.dumps(scenario(style={"name": "shouting"})), "intention"),
        (json.dumps(scenario(style={"name": "intention", "strength": 7})), "$.style.strength"),
        (json.dumps(scenario(version=2)), "$.version"),
    ],
)
def test_a_scenario_with_a_fault_is_refused_with_its_path(
    ecg: Ecg, tmp_path: Path, text: str, path: str
) -> None:
    document = tmp_path / "scenario.json"
    document.write_text(text)
    check_refused(ecg("render", VIDEO, document, "-o", tmp_path / "out.mp4"), path)
    no_file_left(tmp_path, "scenario.json")


def test_a_missing_measurement_is_refused(ecg: Ecg, tmp_path: Path) -> None:
    document = scenario()
    del document["cues"][0]["words"][0]["loudness"]  # type: ignore[index]
    (tmp_path / "scenario.json").write_text(json.dumps(document))
    check_refused(ecg("lint", tmp_path / "scenario.json"), "loudness")


def test_wrong_usage_exits_2(ecg: Ecg, tmp_path: Path) -> None:
    assert ecg("caption").returncode == 2
    assert ecg("caption", VIDEO).returncode == 2
    assert ecg("sing").returncode == 2
    assert ecg("export", tmp_path / "x.json", "-o", tmp_path / "x.pdf").returncode == 2
