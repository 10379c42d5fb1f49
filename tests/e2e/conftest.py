from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.e2e.service import Deployment, Process, environment, services

Ecg = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ecg(tmp_path: Path) -> Ecg:
    """Runs the command line as a user does, in an empty folder."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ecg", *map(str, arguments)],
            capture_output=True, text=True, check=False, cwd=tmp_path, timeout=200,
        )  # fmt: skip

    return call


@pytest.fixture(autouse=True)
def _own_segments(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test goes on from what another has drawn."""
    monkeypatch.setenv("ECG_SEGMENTS_DIR", str(tmp_path_factory.mktemp("segments")))


SMALL = (320, 180)


def write_video(target: Path, sound: Path | None, size: tuple[int, int] = SMALL) -> None:
    """A dark moving gradient at 25 fps with ``sound`` under it, else 2 s without."""
    with av.open(str(target), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        (video.width, video.height), video.pix_fmt = size, "yuv420p"
        if sound is None:
            _draw(out, video, 2.0)
            return
        with av.open(str(sound)) as source:
            track = source.streams.audio[0]
            audio = out.add_stream("aac", rate=48000, layout="mono")
            resampler = av.AudioResampler("fltp", "mono", 48000, frame_size=1024)
            for frame in source.decode(track):
                for piece in resampler.resample(frame):
                    out.mux(audio.encode(piece))
            for piece in resampler.resample(None):
                out.mux(audio.encode(piece))
            out.mux(audio.encode(None))
            _draw(out, video, float(source.duration or 0) / 1e6)


def _draw(out: av.container.OutputContainer, video: av.VideoStream, seconds: float) -> None:
    x = np.linspace(20, 60, video.width, dtype=np.float32)
    for number in range(round(seconds * 25)):
        row = np.roll(x, number * 2).astype(np.uint8)
        picture = np.repeat(np.tile(row, (video.height, 1))[:, :, None], 3, axis=2)
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        out.mux(video.encode(frame))
    out.mux(video.encode(None))


@pytest.fixture(scope="session")
def silent_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "silent.mp4"
    write_video(path, None)
    return path


@pytest.fixture(scope="session")
def with_picture(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Puts a sound file under a small picture (or one of a given size); made once per sound."""
    folder = tmp_path_factory.mktemp("pictured")

    def make(sound: Path, size: tuple[int, int] = SMALL) -> Path:
        path = folder / f"{sound.stem}{size[0]}.mp4"
        if not path.exists():
            write_video(path, sound, size)
        return path

    return make


FIXTURES = Path(__file__).resolve().parents[1] / "fixtures/media"


@pytest.fixture(scope="session")
def speech(with_picture: Callable[..., Path]) -> Path:
    """Eleven seconds of a person speaking, 640x360."""
    return with_picture(FIXTURES / "jfk.flac", (640, 360))


@pytest.fixture(scope="session")
def long_speech(with_picture: Callable[..., Path]) -> Path:
    """Long enough that something can happen meanwhile."""
    return with_picture(FIXTURES / "conv_mf2.flac", (320, 180))


@pytest.fixture(scope="session")
def large_speech(with_picture: Callable[..., Path]) -> Path:
    """The same in a larger picture, which takes longer to draw."""
    return with_picture(FIXTURES / "conv_mf2.flac", (1280, 720))


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that every account may pass through. PostgreSQL has one of its own under root,
    and where it cannot reach the data folder its data stay outside, after the test too."""
    folder = Path(tempfile.mkdtemp(prefix="ecg-e2e-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="session")
def server() -> Iterator[Process]:
    """The whole service in one process on stores of its own, as a developer runs it."""
    with reachable_folder() as folder:
        process = Process(environment(folder / "data"), folder / "log")
        yield process
        process.stop()


@pytest.fixture
def apart(tmp_path: Path, data_dir: Path) -> Iterator[Deployment]:
    """The three roles in processes of their own, as an operator runs them."""
    with services(data_dir) as settings:
        deployment = Deployment(settings, tmp_path)
        try:
            for role in ("api", "audio", "render"):
                deployment.start(role)
            yield deployment
        finally:
            deployment.stop()
