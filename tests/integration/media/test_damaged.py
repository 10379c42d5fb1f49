"""Three hundred damaged files: none brings the parent down or makes it wait, each is refused in
one clear sentence or comes out right. Sixty of them always, the others by ``--full``."""

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio

from ecg.analysis.app import open_engine as open_listener
from ecg.kernel.errors import EcgError, EngineCrashed, MediaRefused
from ecg.kernel.work import told
from ecg.media.child import Child
from ecg.media.pipe import Limits
from ecg.render.app import open_engine as open_drawer
from ecg.render.browsers import find_browser
from ecg.render.interfaces import RenderJob
from tests.integration.media.mutations import SOURCES, mutated, write_source
from tests.integration.media.reading_engine import Read, Source
from tests.integration.render.videos import cue, frame_times, scenario

LIMITS = Limits(memory=4 << 30, stall=30)
DEADLINE = 60
"""Seconds for all that is done with one file."""
BRIEF, FULL = 12, 300
FOUND = (422, 566, 938, 2315, 2855, 2919, 3502)
"""Further ones that were neither refused nor right once, out of four thousand."""
JOB = RenderJob(scenario(cue(1, 0.0, 0.04, ["word"])), "draft")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return {name: write_source(folder / f"whole.{name}").read_bytes() for name in SOURCES}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader():
    child = Child(
        "tests.integration.media.reading_engine",
        limits=LIMITS,
        environment={"PYTHONPATH": str(Path.cwd())},
        work_dir=None,
    )
    yield child
    await child.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drawer():
    engine = open_drawer(find_browser(None), None, LIMITS)
    yield engine
    await engine.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listener(tmp_path_factory):
    engine = open_listener(tmp_path_factory.mktemp("no models"), None, LIMITS)
    yield engine
    await engine.close()


def check_told(message, path):
    """One sentence that names the file, and no path but its, no library and no traceback."""
    assert "\n" not in message
    assert len(message) < 400
    plain = told(MediaRefused(message), path).message
    assert plain.startswith("the video: ")
    for strange in ("…", "/", "Traceback", "Error", "avcodec", "None"):
        assert strange not in plain.replace("'", ""), plain


async def test_the_same_damage_each_time(sources, tmp_path):
    again = {name: write_source(tmp_path / f"again.{name}").read_bytes() for name in SOURCES}
    assert again == sources
    assert [mutated(n, sources) for n in range(36)] == [mutated(n, again) for n in range(36)]
    assert len({mutated(n, sources)[:2] for n in range(36)}) == 36


@pytest.mark.parametrize("name", SOURCES)
async def test_an_undamaged_file_is_right(name, sources, reader, drawer, tmp_path):
    path = tmp_path / f"whole.{name}"
    path.write_bytes(sources[name])
    read = await reader.call("read", Source(str(path)), Read)
    assert (read.whole, read.refused) == (True, {})
    assert len(read.times) == 12
    await drawer.run(JOB, path, tmp_path / "out.mp4", lambda _: None)
    assert [str(time) for time in frame_times(tmp_path / "out.mp4")] == read.times


@pytest.mark.parametrize(
    "number",
    [*range(BRIEF), *FOUND, *(pytest.param(n, marks=pytest.mark.full) for n in range(BRIEF, FULL))],
)
async def test_a_damaged_file_is_refused_or_right(number, sources, reader, drawer, tmp_path):
    name, damage, data = mutated(number, sources)
    path, output = tmp_path / f"damaged.{name}", tmp_path / "out.mp4"
    path.write_bytes(data)
    async with asyncio.timeout(DEADLINE):
        read = await reader.call("read", Source(str(path)), Read)
        for message in read.refused.values():
            check_told(message, path)
        if "check" in read.refused and number % 10:
            return  # the engine's own check is the same; each tenth shows that
        refusal = await refused(drawer, path, output)
    if refusal is None:
        assert "check" not in read.refused
        assert (read.whole, read.times) == (True, [str(t) for t in frame_times(output)]), damage
    else:
        assert isinstance(refusal, MediaRefused | EngineCrashed), damage
        check_told(refusal.message, path)
        assert list(tmp_path.iterdir()) == [path]


async def refused(drawer, path, output):
    try:
        await drawer.run(JOB, path, output, lambda _: None)
    except EcgError as error:
        return error
    return None


async def test_engines_go_on_after_a_refused_file(sources, listener, drawer, tmp_path):
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    whole.write_bytes(sources["mp4"])
    cut.write_bytes(sources["mp4"][:2000])
    for _ in range(2):
        for ask in (drawer.check, listener.probe, listener.poster):
            with pytest.raises(MediaRefused, match="cut short"):
                await ask(cut)
        assert await drawer.check(whole) == await listener.probe(whole)
        assert (await listener.poster(whole)).data.startswith(b"\xff\xd8\xff")
