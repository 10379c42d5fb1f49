"""The engine as its users have it: a child process that leaves nothing behind."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ecg.kernel.errors import DocumentInvalid, EcgError, EngineFailed, InputRefused, MediaRefused
from ecg.render.app import open_engine
from ecg.render.engine.server import PageServer
from ecg.render.interfaces import RenderJob
from tests.integration.render.videos import cue, scenario, write_video

pytestmark = pytest.mark.timed


@pytest.fixture
async def engine(chromium, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    engine = open_engine(chromium, work)
    yield engine
    await engine.close()
    assert list(work.iterdir()) == []


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("source") / "talk.mp4", rate=25)


@pytest.fixture(scope="session")
def long(tmp_path_factory):
    """30 s that take a while to encode."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    return write_video(path, size=(640, 360), rate=25, pts=list(range(750)), audio=None)


def many_words():
    return scenario(*(cue(n, n * 1.0, n + 0.9, ["one", "two", "three"]) for n in range(29)))


def below(root):
    """Names of the processes below ``root``, and of itself, by process id."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:
            continue
        name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :]
        if rest[0] != "Z":
            parents[int(entry.parent.name)] = (int(rest.split()[1]), name)
    found, grown = {root} & parents.keys(), True
    while grown:
        more = {pid for pid, (parent, _) in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return {pid: parents[pid][1] for pid in found}


def alive(pids):
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and state(pid) not in "ZX"]


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return "X"


async def gone(pids, seconds=2.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end and alive(pids):  # noqa: ASYNC110 - they send no event
        await asyncio.sleep(0.05)
    return not alive(pids)


async def started(engine, source, output):
    """A running render, once frames are being encoded, and the processes of its engine, the
    child first. Other tests' servers live beside them, below the same parent."""
    seen = asyncio.Event()
    job = RenderJob(many_words(), quality="high")

    def heard(progress):
        if progress.stage == "render":
            seen.set()

    task = asyncio.create_task(engine.run(job, source, output, heard))
    async with asyncio.timeout(30):
        await seen.wait()
    child = engine._child._process.pid
    mine = below(child)
    assert len(mine) >= 3  # the child, Playwright's driver, Chromium
    return task, child, mine


async def test_render_reports_progress_and_writes_only_the_result(engine, source, tmp_path, short):
    said = []
    output = tmp_path / "film ütf.mp4"
    result = await engine.run(RenderJob(short), source, output, said.append)
    assert [said[0].stage, said[-1].stage] == ["start", "finish"]
    assert said[-1].frame == said[-1].total == result.frames == 25
    assert result.capture == "canvas", result.capture_reason
    assert result.size == output.stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film ütf.mp4", "work"]


async def test_cancel_leaves_no_process_and_no_file(engine, long, tmp_path):
    output = tmp_path / "out.mp4"
    task, _, mine = await started(engine, long, output)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(mine)
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


async def test_a_killed_child_is_one_clear_error(engine, long, source, tmp_path, short):
    output = tmp_path / "out.mp4"
    task, child, mine = await started(engine, long, output)
    os.kill(child, signal.SIGKILL)
    with pytest.raises(EngineFailed, match="SIGKILL"):
        await task
    assert await gone(mine)
    assert [path.name for path in tmp_path.iterdir()] == ["work"]
    await engine.run(RenderJob(short), source, output, lambda _: None)
    assert output.exists()


async def test_a_lost_browser_is_one_clear_error(engine, long, tmp_path):
    output = tmp_path / "out.mp4"
    task, _, mine = await started(engine, long, output)
    for pid, name in mine.items():
        if "chrom" in name:
            with suppress(ProcessLookupError):  # each that ends takes others along
                os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineFailed, match="browser was lost"):
        await task
    assert not output.exists()


def test_a_scenario_that_names_an_address_reaches_nothing(source, draw, monkeypatch):
    asked = []
    respond = PageServer.respond

    def heard(self, connection, request):
        asked.append(request.path)
        return respond(self, connection, request)

    monkeypatch.setattr(PageServer, "respond", heard)
    words = ["http://127.0.0.1:9/x.png", "url(http://a.example/)", "<img src=//b.example/y>"]
    document = scenario(cue(1, 0.1, 0.9, words, secondary={"language": "en", "text": "<b>x</b>"}))
    draw(source, document)
    kinds = {path.split("/")[2] for path in asked}
    assert kinds <= {"page", "engine", "styles", "fonts", "pixels"}


BAD_FILES = {
    "missing": "does not exist",
    "folder": "is a folder",
    "empty": "is empty",
    "text": "no video or sound file",
    "cut short": "cut short",
    "sound only": "no picture",
    "noise": "no video or sound file",
}


def bad_file(kind, folder, source):
    path = folder / "bad.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("This is not a video.\n" * 100)
    elif kind == "noise":
        path.write_bytes(bytes(range(7, 250)) * 400)
    elif kind == "cut short":
        path.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    elif kind == "sound only":
        return Path(__file__).parents[2] / "fixtures/media/silence5.flac"
    return path


@pytest.mark.parametrize("kind", BAD_FILES)
async def test_bad_input_is_one_clear_line(kind, engine, source, tmp_path, short):
    bad = bad_file(kind, tmp_path, source)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(MediaRefused, match=BAD_FILES[kind]) as caught:
        await engine.run(RenderJob(short), bad, tmp_path / "out.mp4", lambda _: None)
    assert "\n" not in caught.value.message
    assert str(bad) in caught.value.message
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("bad", ["end", "style"])
async def test_a_scenario_that_does_not_fit_is_refused(bad, engine, source, tmp_path):
    document = (
        scenario(cue(1, 0.1, 7.0, ["late"]))
        if bad == "end"
        else scenario(cue(1, 0.1, 0.5, ["hi"]), style="no-such-style")
    )
    with pytest.raises(EcgError) as caught:
        await engine.run(RenderJob(document), source, tmp_path / "out.mp4", lambda _: None)
    if bad == "end":
        assert isinstance(caught.value, DocumentInvalid)
        assert caught.value.message.startswith("$.cues[0].end: ends at 7 s")
    else:
        assert "no-such-style" in caught.value.message
    assert not (tmp_path / "out.mp4").exists()


async def test_outputs_that_cannot_be_are_refused_before_any_work(engine, source, tmp_path, short):
    link, hard = tmp_path / "link.mp4", tmp_path / "hard.mp4"
    link.symlink_to(source)
    os.link(source, hard)
    for output, why in [
        (source, "is the input"),
        (link, "is the input"),
        (hard, "is the input"),
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "out.mp4", "does not exist"),
        (Path("/proc/out.mp4"), "cannot be written"),
    ]:
        with pytest.raises(InputRefused, match=why) as caught:
            await engine.run(RenderJob(short), source, output, lambda _: None)
        assert "\n" not in caught.value.message
    assert engine._child._process is None
