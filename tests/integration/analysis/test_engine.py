"""The engine as roles use it: in a child process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest

from ecg.analysis.app import open_engine
from ecg.analysis.interfaces import AnalysisJob, AnalysisProgress, EngineName
from ecg.captions.transcript import Model, check_transcript
from ecg.kernel.errors import InputRefused, MediaRefused, Missing, NotFound

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"
JFK = MEDIA / "jfk_720p30.mp4"
SAID = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for "
    "your country"
)


@pytest.fixture(params=["faster-whisper", "whisperx"])
def name(request: pytest.FixtureRequest) -> EngineName:
    """Each engine that is installed, to be held to the same."""
    if request.param == "whisperx":
        pytest.importorskip("whisperx")
    return request.param


def children(folder: Path) -> list[int]:
    """Processes whose working folder lies in ``folder``."""
    found: list[int] = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if link.readlink().is_relative_to(folder):
                found.append(int(link.parent.name))
    return found


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_run_reports_its_way_and_leaves_nothing(
    models_dir: Path, tmp_path: Path, name: EngineName
) -> None:
    engine = open_engine(models_dir, tmp_path)
    seen: list[AnalysisProgress] = []
    try:
        result = await engine.run(AnalysisJob(engine=name), JFK, seen.append)
        assert len(children(tmp_path)) == 1
        again = await engine.probe(JFK)
    finally:
        await engine.close()
    assert children(tmp_path) == []
    assert left_in(tmp_path) == []
    check_transcript(result.transcript)
    assert result.transcript.model == Model(name, "base")
    words = [word for segment in result.transcript.segments for word in segment.words]
    assert [word.text.strip(".,").lower() for word in words] == SAID.split()
    assert {word.timing for word in words} == {"aligned"}
    for index, pause_ends in ((5, 3.29), (7, 5.41), (14, 8.19)):
        assert words[index].start == pytest.approx(pause_ends, abs=0.060)
    assert result.media == again
    assert result.media.video[0].width == 1280
    done = [event.done for event in seen]
    assert done == sorted(done)
    assert {event.total for event in seen} == {result.media.duration}
    assert done[-1] == pytest.approx(result.media.duration)
    # the contour, as a browser reads it
    magic, version, frame, count, _ = struct.unpack_from("<4sHHII", result.contour)
    assert (magic, version, frame) == (b"ECGC", 1, 10)
    assert count == pytest.approx(result.transcript.duration * 100, abs=1)
    assert len(result.contour) == 16 + 4 * count
    f0 = np.frombuffer(result.contour, "<u2", count, 16) / 10
    level = np.frombuffer(result.contour, "<i2", count, 16 + 2 * count) / 100
    assert np.median(f0[f0 > 0]) == pytest.approx(235.4, rel=0.03)
    assert not f0[430:530].any()  # a pause
    assert level[430:530].max() < level[325:365].max() - 15


async def test_a_cancelled_run_ends_its_process(
    models_dir: Path, tmp_path: Path, name: EngineName
) -> None:
    engine = open_engine(models_dir, tmp_path)
    hearing = asyncio.Event()

    def listen(event: AnalysisProgress) -> None:
        if event.stage == "transcribe":
            hearing.set()

    task = asyncio.create_task(
        engine.run(AnalysisJob(engine=name), MEDIA / "conv_mf2.flac", listen)
    )
    await asyncio.wait_for(hearing.wait(), 60)
    assert len(children(tmp_path)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children(tmp_path) == []
    assert left_in(tmp_path) == []
    assert await engine.probe(JFK)
    await engine.close()


async def test_an_idle_engine_frees_its_memory_and_works_again(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "models", tmp_path, idle_seconds=0.3)
    try:
        assert await engine.probe(JFK)
        assert len(children(tmp_path)) == 1
        for _ in range(600):
            await asyncio.sleep(0.05)
            if not children(tmp_path) and not left_in(tmp_path):
                break
        assert children(tmp_path) == []
        assert await engine.probe(JFK)
    finally:
        await engine.close()
    assert children(tmp_path) == []


@pytest.mark.parametrize(
    ("job", "kind", "message"),
    [
        (AnalysisJob(language="Klingon"), InputRefused, '"Klingon".*ISO 639-1.*af, am, ar'),
        (AnalysisJob(model="enormous"), NotFound, '"enormous".*base, tiny.en'),
        (AnalysisJob(audio_track=1), MediaRefused, "only one sound track"),
        (AnalysisJob(model="tiny.en", language="de"), InputRefused, '"tiny.en".*only en'),
    ],
)
async def test_what_cannot_be_done_is_refused_in_one_line(
    models_dir: Path, job: AnalysisJob, kind: type[Exception], message: str
) -> None:
    engine = open_engine(models_dir, None)
    with pytest.raises(kind, match=message) as refused:
        await engine.run(job, JFK, lambda _event: None)
    assert "\n" not in str(refused.value)
    await engine.close()


async def test_a_model_that_is_not_here_names_the_command(tmp_path: Path) -> None:
    engine = open_engine(tmp_path, None)
    with pytest.raises(Missing, match='"base" is not on this machine: run `ecg models pull base`'):
        await engine.run(AnalysisJob(), JFK, lambda _event: None)
    assert left_in(tmp_path) == []
    await engine.close()


async def test_a_language_may_be_named_in_english(models_dir: Path, name: EngineName) -> None:
    engine = open_engine(models_dir, None)
    job = AnalysisJob(language="English", engine=name)
    result = await engine.run(job, MEDIA / "silence5.flac", lambda _event: None)
    assert result.transcript.language == "und"
    await engine.close()
