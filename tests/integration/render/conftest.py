"""Real Chromium, and small videos made here."""

import io
import itertools
import tempfile
from pathlib import Path

import av
import pytest

from ecg.media.served import Context
from ecg.render.browsers import find_browser
from ecg.render.engine.browser import Browser
from ecg.render.engine.composite import composited
from ecg.render.engine.plan import Span
from ecg.render.engine.run import captured, frames_of, prepare, render
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
    """Renders in this process; gives (result, path). ``kept``: a folder of segments."""

    def draw(source, scenario, name="out.mp4", kept=None, **job):
        output = tmp_path / name
        output.unlink(missing_ok=True)
        job = RenderJob(scenario, **{"quality": "draft", **job})
        with tempfile.TemporaryDirectory() as folder:
            segments = kept or Path(folder)
            return render(browser, job, source, output, segments, Context(io.BytesIO())), output

    return draw


@pytest.fixture
def given(browser):
    """The frames that the encoder would be given, as copies of their planes, by pts.
    ``reuse`` false captures each frame by itself."""

    def given(source, scenario, reuse=True, **job):
        task = prepare(RenderJob(scenario, **job), source)
        number_of_frames = len(task.drawing.times.pts)
        spans = [Span(0, number_of_frames)]
        if not reuse:
            spans = [Span(number, number + 1) for number in range(number_of_frames)]
        found = {}
        with (
            captured(browser, task.drawing, spans, lambda: None) as drawn,
            av.open(str(source)) as file,
        ):
            numbered = frames_of(file, task, 0)
            for span in spans:
                own = itertools.islice(numbered, span.end - span.first)
                for frame, _ in composited(own, span, drawn.patch, task.overlay):
                    found[frame.pts] = planes(frame)
        return found

    return given
