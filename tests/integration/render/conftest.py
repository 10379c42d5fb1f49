"""Real Chromium, and small videos made here."""

import io

import av
import pytest

from ecg.media.served import Context
from ecg.render.browsers import find_browser
from ecg.render.engine.browser import Browser
from ecg.render.engine.composite import composited
from ecg.render.engine.encode import decoded
from ecg.render.engine.run import captured, prepare, render
from ecg.render.interfaces import RenderJob
from tests.integration.render.videos import cue, planes, scenario, write_video


@pytest.fixture(scope="session")
def chromium():
    return find_browser(None)


@pytest.fixture(scope="session")
def browser(chromium):
    browser = Browser(chromium)
    yield browser
    browser.close()


@pytest.fixture
def make_video(tmp_path):
    def make(name="source.mp4", **options):
        return write_video(tmp_path / name, **options)

    return make


@pytest.fixture
def short():
    """Two words from 0.2 s to 0.8 s."""
    return scenario(cue(1, 0.2, 0.8, ["hello", "world"]))


@pytest.fixture
def draw(browser, tmp_path):
    """Renders in this process; gives (result, path)."""

    def draw(source, scenario, name="out.mp4", **job):
        output = tmp_path / name
        output.unlink(missing_ok=True)
        job = RenderJob(scenario, **{"quality": "draft", **job})
        return render(browser, job, source, output, Context(io.BytesIO())), output

    return draw


@pytest.fixture
def given(browser):
    """The frames that the encoder would be given, as copies of their planes, by pts."""

    def given(source, scenario, **job):
        task = prepare(RenderJob(scenario, **job), source)
        with captured(browser, task.drawing, lambda: None) as states, av.open(str(source)) as file:
            frames = decoded(file, task.video.index, lambda _: None)
            return {f.pts: planes(f) for f in composited(frames, states, task.overlay)}

    return given
