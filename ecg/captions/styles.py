"""The looks there are: one folder per style, ``style.json`` and ``style.css``."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import msgspec

from ecg.captions.document import decode
from ecg.captions.fonts import OWN, is_family
from ecg.captions.scenario import Color, StyleChoice
from ecg.kernel.errors import DocumentInvalid, NotFound


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person may set of a style. ``minimum`` and ``maximum`` bound a number."""

    type: Literal["number", "bool", "text"]
    title: str
    default: float | bool | str
    minimum: float | None = None
    maximum: float | None = None


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a style wants cues paged: ``words`` per cue at most (``None``: any number; not heeded
    where a language sets no space between words), ``lines`` of ``characters`` Latin letters
    each. Other scripts and narrower pictures scale from it."""

    words: int | None = None
    characters: int = 42
    lines: int = 2


class Type(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``style.css`` makes of the letters, told to what draws without a browser. ``size``: of
    the picture's height (less where it is narrow); ``line_height`` in em; ``weight`` 1..1000;
    ``louder`` and ``softer``: ratios of size of a word 12 dB louder and softer; ``curves``: the
    powers that loudness, 0..1 of 12 dB, is raised to before; ``label``: size of the speaker's name
    above the line, in em, or 1 where it stands in the line. ``upcoming``: colour of a word that is
    yet to be said; ``unseen``: it is not seen until then; ``passing``: only the word that is being
    said is coloured; ``plain``: no word changes while it is said."""

    size: float
    line_height: float
    weight: float
    louder: float = 1.0
    softer: float = 1.0
    curves: tuple[float, float] = (1.0, 1.0)
    label: float = 1.0
    upcoming: Color = "#ffffff"
    unseen: bool = False
    passing: bool = False
    plain: bool = False


class Face(msgspec.Struct, frozen=True):
    """A font file, as ``fonts/manifest.json`` lists it; ``range``: its characters in the notation of
    CSS unicode-range."""

    family: str
    range: str


class Style(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``style.json``, with ``name`` the folder's."""

    title: str
    description: str
    fonts: tuple[str, ...]
    position: Literal["bottom", "middle", "top"]
    paging: Paging
    parameters: dict[str, Parameter]
    type: Type
    name: str = ""


_DECODER = msgspec.json.Decoder(Style)


def list_styles() -> list[Style]:
    """Every style, by name."""
    folders = sorted(entry.name for entry in _folder().iterdir() if entry.is_dir())
    return [_read(name) for name in folders if (_folder() / name / "style.json").is_file()]


def load_style(name: str) -> Style:
    """Raises ``NotFound`` naming the styles there are."""
    for style in list_styles():
        if style.name == name:
            return style
    known = ", ".join(style.name for style in list_styles())
    raise NotFound(f'no style is called "{name}"; there are {known}')


def check_choice(choice: StyleChoice) -> Style:
    """The chosen style, once its parameters are seen to be ones it has, in their range, and the
    font to be a bundled one or one's own, which may be there or not.

    Raises ``DocumentInvalid`` with the path of what is wrong.
    """
    try:
        style = load_style(choice.name)
    except NotFound as error:
        raise DocumentInvalid(error.message, "$.style.name") from None
    for name, value in choice.parameters.items():
        path = f"$.style.parameters.{name}"
        if name not in style.parameters:
            known = ", ".join(style.parameters) or "none"
            raise DocumentInvalid(f"{style.name} has no such parameter; it has {known}", path)
        _check_value(style.parameters[name], value, path)
    font = choice.overrides.font
    if font is None or (font.startswith(OWN) and is_family(font.removeprefix(OWN))):
        return style
    if font not in (families := list_families()):
        known = ", ".join(families)
        raise DocumentInvalid(
            f'no font is called "{font}"; there are {known}', "$.style.overrides.font"
        )
    return style


def stands_behind(family: str) -> bool:
    """Whether a bundled font is there for what others have no letters of; no text is set in it alone."""
    return family.startswith(("Noto ", "ECG ")) and family != "Noto Sans JP Variable"


def list_families() -> list[str]:
    """The names of the bundled fonts."""
    return sorted({face.family for face in _faces()})


def _faces() -> list[Face]:
    manifest = (files("ecg.captions") / "fonts" / "manifest.json").read_bytes()
    return msgspec.json.decode(manifest, type=list[Face])


def missing_letters(text: str) -> str:
    """The characters of ``text``, each once, that no bundled font has: they are drawn as boxes."""
    seen = dict.fromkeys(char for char in text if unicodedata.category(char)[0] in "LNPSM")
    return "".join(char for char in seen if not _has_letter(ord(char)))


def _has_letter(code: int) -> bool:
    starts, ends = _drawn()
    at = bisect_right(starts, code) - 1
    return at >= 0 and code <= ends[at]


@lru_cache(maxsize=1)
def _drawn() -> tuple[list[int], list[int]]:
    """First and last characters of the spans that bundled fonts have, and of those that are not seen."""
    spans = list(_UNSEEN)
    for face in _faces():
        if face.family != _LAST_RESORT:
            for part in face.range.removeprefix("U+").split(",U+"):
                first, _, last = part.partition("-")
                spans.append((int(first, 16), int(last or first, 16)))
    merged: list[list[int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return [first for first, _ in merged], [last for _, last in merged]


_LAST_RESORT = "ECG Last Resort"
_UNSEEN = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
"""Variation selectors."""


def _check_value(parameter: Parameter, value: float | bool | str, path: str) -> None:
    kind = "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    if kind != parameter.type:
        raise DocumentInvalid(f"must be a {parameter.type}", path)
    low, high = parameter.minimum, parameter.maximum
    if isinstance(value, str) or low is None or high is None:
        return
    if not low <= value <= high:
        raise DocumentInvalid(f"is {value:g}, it must lie between {low:g} and {high:g}", path)


def _folder():  # noqa: ANN202 - the type of a package's folder is the library's own
    return files("ecg.captions") / "styles"


def _read(name: str) -> Style:
    style = decode((_folder() / name / "style.json").read_bytes(), _DECODER)
    return msgspec.structs.replace(style, name=name)
