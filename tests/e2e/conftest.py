from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from tests.e2e.api_routes import FONT, LOOK, WINDOW, Known, Owned, read_routes
from tests.e2e.client import Client
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


def write_video(
    target: Path, sound: Path | None, size: tuple[int, int] = SMALL, seconds: float = 2.0
) -> None:
    """A dark moving gradient at 25 fps with ``sound`` under it, else ``seconds`` without."""
    with av.open(str(target), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        (video.width, video.height), video.pix_fmt = size, "yuv420p"
        if sound is None:
            _draw(out, video, seconds)
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
    x = np.linspace(30, 70, video.width).astype(np.uint8)
    planes = np.full((video.height * 3 // 2, video.width), 128, np.uint8)
    for number in range(round(seconds * 25)):
        planes[: video.height] = np.roll(x, number * 2)
        frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
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
    """Long enough that something can happen while it is heard."""
    return with_picture(FIXTURES / "conv_mf2.flac", (320, 180))


@pytest.fixture(scope="session")
def large_speech(with_picture: Callable[..., Path]) -> Path:
    """Large enough that something can happen while it is drawn."""
    return with_picture(FIXTURES / "jfk.flac", (1280, 720))


LONG = 10.0
"""Seconds of ``long_silent``."""


@pytest.fixture(scope="session")
def long_silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The like without sound: ready to draw on as soon as it is uploaded."""
    path = tmp_path_factory.mktemp("media") / "long.mp4"
    write_video(path, None, (1280, 720), LONG)
    return path


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


LIFTED = {f"ECG_LIMITS__{name}_PER_MINUTE": "100000" for name in ("REQUESTS", "RENDERS", "LOGINS")}
"""No rate limit is met by tests that are about something else."""


@pytest.fixture(scope="session")
def server() -> Iterator[Process]:
    """The whole service in one process on stores of its own, as a developer runs it."""
    with reachable_folder() as folder:
        settings = environment(folder / "data", **LIFTED)
        process = Process(settings, folder / "serve.log").ready()
        yield process
        process.stop()


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """The three roles in processes of their own on ``ecg services``, as an operator runs them."""
    with reachable_folder() as folder, services(folder / "data") as settings:
        made = Deployment(settings, folder / "data", folder)
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def apart(deployment: Deployment) -> Deployment:
    """One running process of each role, whatever the test before did to them."""
    deployment.mend()
    return deployment


class Unbroken(msgspec.Struct, frozen=True):
    """What an account has that nothing was done to: the documents of ``heard``, and the digest
    of a draft of ``drawn``, each a video of its own. ``token``: its API key."""

    token: str
    heard: str
    drawn: str
    transcript: Any
    scenario: Any
    digest: str


@pytest.fixture(scope="session")
def unbroken(deployment: Deployment, long_speech: Path, long_silent: Path) -> Unbroken:
    deployment.mend()
    with Client(deployment.url).sign_up() as client:
        heard = client.upload(long_speech)
        drawn = client.captioned(long_silent, LONG)
        render = client.render(drawn, output={"quality": "draft"})
        assert client.ended(f"/renders/{render}")["state"] == "succeeded"
        assert client.ended(f"/videos/{heard}/analysis")["state"] == "succeeded"
        return Unbroken(
            token=client.make_key(),
            heard=heard,
            drawn=drawn,
            transcript=client.call("GET", f"/videos/{heard}/transcript"),
            scenario=client.call("GET", f"/videos/{heard}/scenario"),
            digest=hashlib.sha256(client.download(render)).hexdigest(),
        )


@pytest.fixture(scope="session")
def routes(server: Process) -> list[Known]:
    return read_routes(server)


@pytest.fixture(scope="session")
def owned(server: Process, speech: Path, silent_video: Path) -> Iterator[Owned]:
    with Client(server.url, "owner") as owner, Client(server.url, "stranger") as stranger:
        owner.sign_up()
        stranger.sign_up()
        silent = owner.upload(silent_video)
        video = owner.analysed(speech)
        failed = owner.ended(f"/videos/{silent}/analysis")
        assert failed["state"] == "failed"
        begun = {"filename": "a.mp4", "size": 1000, "content_type": "video/mp4"}
        # an address of the public net, where nothing ever happens that it would be told of
        hook = {"url": "https://8.8.8.8/hook", "events": ["render.failed"]}
        ids = {
            "video_id": video,
            "upload_id": owner.call("POST", "/uploads", begun)["id"],
            "render_id": owner.render(video, output={"quality": "draft"}),
            "realign_id": owner.call("POST", f"/videos/{video}/realign", WINDOW)["id"],
            "font_id": owner.call("POST", "/fonts", FONT)["id"],
            "look_id": owner.call("POST", "/looks", LOOK)["id"],
            "webhook_id": owner.call("POST", "/webhooks", hook)["id"],
            "key_id": owner.call("POST", "/auth/keys", {"name": "k", "scopes": ["read"]})["id"],
            "job_id": failed["id"],
        }
        owner.ended(f"/renders/{ids['render_id']}")
        yield Owned(owner, stranger, ids)
